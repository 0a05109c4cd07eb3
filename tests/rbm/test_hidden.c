/* Hidden partitions summed over by hand against the sum over their states. */
#include "test.h"

#include "rbm/hidden.h"
#include "rbm/small.h"

#include <string.h>

enum { N = 9, STATES = 1 << N };
static const int SIZE[4] = { 2, 3, 2, 2 };

/* Partitions 0 and 2 are visible; 1 and 3 hidden, not coupled to each other. */
static void one_layer(struct rbm *m)
{
    struct topology T;
    struct err e = { "" };
    int32_t edge[N * N][2];
    int n = 0;

    for (int i = 0; i < N; i++)
        for (int j = i + 1; j < N; j++) {
            int a = i < 2   ? 0
                    : i < 5 ? 1
                    : i < 7 ? 2
                            : 3,
                b = j < 2   ? 0
                    : j < 5 ? 1
                    : j < 7 ? 2
                            : 3;
            if (a == b || (a == 1 && b == 3)) continue;
            edge[n][0] = i;
            edge[n++][1] = j;
        }
    assert_int_equal(topology_list(&T, 4, SIZE, n, (const int32_t(*)[2])edge, NULL, &e), 0);
    rbm_init(m, &T, -1);
    rbm_random(m, 1.3, 61);
    for (int i = 0; i < N; i++) m->bias[i] = 0.3f * (float)(i % 4) - 0.4f;
    rbm_prepare(m);
    m->hidden = 2 | 8;
}

static void free_energies_sum_over_hidden_states(void **state)
{
    (void)state;
    const int seen[4] = { 0, 1, 5, 6 };
    struct rbm m;
    struct err e = { "" };
    uint8_t x[N], rows[4], full[N];
    double got, energy;

    one_layer(&m);
    assert_int_equal(hidden_check(&m, &e), 0);
    assert_int_equal(hidden_visible(&m), 4);
    for (int v = 0; v < 16; v++) {
        double sum = 0.0, mean[N] = { 0 }, want[N] = { 0 };
        for (int s = 0; s < STATES; s++) {
            int same = 1;
            small_state(x, N, s);
            for (int j = 0; j < 4; j++) same &= x[seen[j]] == (v >> j & 1);
            if (!same) continue;
            rbm_energy_states(&m, x, 1, &energy);
            sum += exp(-energy);
            for (int i = 0; i < N; i++) want[i] += x[i] * exp(-energy);
        }
        for (int j = 0; j < 4; j++) rows[j] = v >> j & 1;
        hidden_spread(full, &m, rows, 1);
        for (int i = 2; i < 5; i++) assert_int_equal(full[i], 0);
        for (int fill = 0; fill < 2; fill++) { /* hidden bits are not read */
            hidden_energy(&m, full, 1, &got, fill ? mean : NULL);
            assert_near(got, -log(sum), 1e-12);
            full[3] = full[8] = 1;
        }
        for (int i = 0; i < N; i++) assert_near(mean[i], want[i] / sum, 1e-6); /* in steps */
    }
    m.hidden = 0;
    hidden_energy(&m, x, 1, &got, NULL);
    rbm_energy_states(&m, x, 1, &energy);
    assert_near(got, energy, 0.0);
    rbm_free(&m);
}

static void coupled_hidden_partitions_are_refused(void **state)
{
    (void)state;
    struct rbm m;
    struct err e = { "" };

    small_machine(&m, 4, SIZE, -1, 1.0, 62);
    assert_int_equal(hidden_check(&m, &e), 0);
    m.hidden = 8;
    assert_int_equal(hidden_check(&m, &e), 0);
    m.hidden = 2 | 8;
    assert_int_equal(hidden_check(&m, &e), -1);
    assert_string_equal(e.text,
                        "partitions 1 and 3 are hidden and coupled, so that a free energy has no "
                        "closed form: expected hidden partitions without couplings between them");
    rbm_free(&m);
}

TEST_MAIN(cmocka_unit_test(free_energies_sum_over_hidden_states),
          cmocka_unit_test(coupled_hidden_partitions_are_refused))
