/* Judges: relative errors chosen beforehand, whose moments and quantiles are known. */
#include "test.h"

#include "base/mem.h"
#include "shower/paired.h"

#include <math.h>
#include <string.h>

enum { SHOWERS = 101, LAYERS = 2, VOXELS = 2 };

/* Shower i holds 10 and 20 MeV (layer 1 is empty in shower 0), is given back with the errors
 * (i - 50) / 100 in layer 0 and 0.1 in layer 1. Added in two blocks on each rank. */
static void errors_come_back_with_their_quantiles(void **state)
{
    (void)state;
    const struct par *P = test_par();
    struct block mine = block_of(SHOWERS, P->rank, P->size);
    struct paired p;
    paired_init(&p, LAYERS);
    for (int part = 0; part < 2; part++) {
        double e[2][SHOWERS], total[2][SHOWERS], layer[2][SHOWERS * LAYERS];
        float x[2][SHOWERS * VOXELS];
        int n = 0;
        for (int64_t i = mine.first + part; i < block_end(mine); i += 2, n++) {
            double real[LAYERS] = { 10, i ? 20 : 0 };
            double made[LAYERS] = { 10 * (1 + (double)(i - 50) / 100), 1.1 * real[1] };
            e[0][n] = e[1][n] = 100;
            for (int l = 0; l < LAYERS; l++) {
                layer[0][n * LAYERS + l] = real[l];
                layer[1][n * LAYERS + l] = made[l];
                x[0][n * VOXELS + l] = (float)real[l];
                x[1][n * VOXELS + l] = (float)(real[l] + 3);
            }
            total[0][n] = real[0] + real[1];
            total[1][n] = made[0] + made[1];
        }
        struct observables a = {
            .layers = LAYERS, .n = n, .energy = e[0], .total = total[0], .layer = layer[0]
        };
        struct observables b = {
            .layers = LAYERS, .n = n, .energy = e[1], .total = total[1], .layer = layer[1]
        };
        paired_add(&p, &a, x[0], &b, x[1], VOXELS);
    }
    paired_finish(&p, P);
    struct paired_error first = p.layer[0], second = p.layer[1], total = p.total;
    double rms = p.voxel_rms, relative = p.voxel_relative;
    paired_free(&p);
    assert_int_equal(first.n, SHOWERS);
    assert_near(first.mean, 0, 1e-14);
    /* whole numbers -50..50 over 100: n (n + 1) / 12 of them, n = 101 */
    assert_near(first.std, sqrt(101 * 102 / 12.0) / 100, 1e-14);
    assert_near(first.median, 0, 1e-14);
    assert_near(first.q05, -0.45, 1e-14);
    assert_near(first.q16, -0.34, 1e-14);
    assert_near(first.q84, 0.34, 1e-14);
    assert_near(first.q95, 0.45, 1e-14);
    assert_int_equal(second.n, SHOWERS - 1);
    assert_near(second.mean, 0.1, 1e-14);
    assert_near(second.std, 0, 1e-14);
    assert_int_equal(total.n, SHOWERS);
    /* (10 d + 2) / 30, summed over all but shower 0, whose 10 d / 10 = -0.5 */
    assert_near(total.mean, ((0.5 * 10 + 2.0 * 100) / 30 - 0.5) / SHOWERS, 1e-14);
    assert_near(rms, 3, 1e-6);
    assert_near(relative, 0.03, 1e-8);
}

TEST_MAIN(cmocka_unit_test(errors_come_back_with_their_quantiles))
