/* Devices behind one interface: signs of flux biases, shares of the reads. */
#include "test.h"

#include "base/mem.h"
#include "qpu/device.h"

#include <math.h>
#include <string.h>

enum { READS = 6400, TILES = READS / 64 };

/* n spins in a field h each, without couplings. */
static void lone_spins(struct ising *g, int n, double h)
{
    ising_take(g, n, 0);
    for (int i = 0; i < n; i++) g->h[i] = h;
}

/* The mean of spin i over the reads. */
static double mean_spin(const uint8_t *x, int64_t reads, int n, int i)
{
    int64_t up = 0;

    for (int64_t r = 0; r < reads; r++) up += x[r * n + i];
    return 2.0 * (double)up / (double)reads - 1.0;
}

/* A flux bias of phi does what a field of -phi / flux_per_h does: one spin with either has mean
 * tanh(beta phi / flux_per_h), within 5 standard errors of 6,400 reads. H is that of the problem as
 * it was asked for: 0 without fields. */
static void a_positive_flux_bias_favours_up(void **state)
{
    (void)state;
    struct device_keys keys = { .kind = DEVICE_GIBBS, .beta = 2.0, .sweeps = 2, .seed = 4 };
    struct device d;
    struct ising g;
    struct err e = { "" };
    static uint8_t x[2 * READS];
    static double H[READS];
    double flux[2];

    keys.kern = kern_best();
    assert_int_equal(device_open(&d, &keys, &e), 0);
    lone_spins(&g, 2, 0.0);
    flux[0] = 0.3 * d.flux_per_h;
    flux[1] = -0.1 * d.flux_per_h;
    struct device_call c = { .number = 3, .reads = READS, .flux = flux };
    assert_int_equal(device_draw(&d, &g, &c, (struct block){ 0, TILES }, x, H, NULL, &e), READS);
    assert_near(mean_spin(x, READS, 2, 0), tanh(0.6), 5.0 / 80.0);
    assert_near(mean_spin(x, READS, 2, 1), tanh(-0.2), 5.0 / 80.0);
    for (int r = 0; r < READS; r++) assert_true(H[r] == 0.0);
    ising_free(&g);
    device_free(&d);
}

TEST_MAIN(cmocka_unit_test(a_positive_flux_bias_favours_up))
