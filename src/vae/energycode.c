#include "vae/energycode.h"

#include <math.h>

enum { LINEAR = 24, ROOT = 14, LOG = 19 }; /* bits of the fields */

static const double log_scale = 22026.465794806718; /* e^10: 2^19 suffices up to 21 TeV */
static const double least = 1.0, most = 1e7;        /* MeV */

int energycode_fits(int n, struct err *e)
{
    if (n >= ENERGYCODE_BITS) return 0;
    return err_set(e, "rbm.nodes: partition 0 has %d units, the energy code needs at least %d", n,
                   ENERGYCODE_BITS);
}

int energycode_range(double E, struct err *e)
{
    if (E >= least && E <= most) return 0;
    return err_set(e, "incident energy %g MeV: expected 1 MeV to 10 TeV", E);
}

static uint64_t field(double x, int bits, int place)
{
    return ((uint64_t)x & (((uint64_t)1 << bits) - 1)) << place;
}

static uint64_t word_of(double E)
{
    return field(E, LINEAR, 0) | field(sqrt(10.0 * E), ROOT, LINEAR) |
           field(log_scale * log(E), LOG, LINEAR + ROOT);
}

void energycode_encode(float *bits, int n, double E)
{
    if (!(E >= least && E <= most)) die("energy code of %g MeV", E);
    uint64_t word = word_of(E);
    int used = n / ENERGYCODE_BITS * ENERGYCODE_BITS;

    for (int i = 0; i < n; i++)
        bits[i] = i < used && (word >> i % ENERGYCODE_BITS & 1) ? 1.0f : 0.0f;
}

/* Narrow [low, high) to the values a field allows. */
static void narrow(double *low, double *high, double from, double to)
{
    if (from > *low) *low = from;
    if (to < *high) *high = to;
}

int energycode_decode(double *E, const float *bits, int n, struct err *e)
{
    int times = n / ENERGYCODE_BITS;
    uint64_t word = 0;

    if (energycode_fits(n, e)) return -1;
    for (int k = 0; k < ENERGYCODE_BITS; k++) {
        int votes = 0;
        for (int t = 0; t < times; t++) votes += bits[t * ENERGYCODE_BITS + k] > 0.5f;
        if (2 * votes >= times) word |= (uint64_t)1 << k;
    }
    double linear = (double)(word & ((1u << LINEAR) - 1));
    double root = (double)(word >> LINEAR & ((1u << ROOT) - 1));
    double logarithm = (double)(word >> (LINEAR + ROOT));

    /* each field is an interval; a hair of slack for the roundings of sqrt and log */
    const double slack = 1e-9;
    double low = least, high = most * (1.0 + slack);
    narrow(&low, &high, linear, linear + 1.0);
    narrow(&low, &high, root * root / 10.0 * (1.0 - slack),
           (root + 1.0) * (root + 1.0) / 10.0 * (1.0 + slack));
    narrow(&low, &high, exp(logarithm / log_scale) * (1.0 - slack),
           exp((logarithm + 1.0) / log_scale) * (1.0 + slack));
    *E = 0.5 * (low + high);
    if (low <= high) return 0;
    return err_set(
        e,
        "the bits of partition 0 are no energy code: floor(E) = %.0f, floor(sqrt(10 E)) = "
        "%.0f and floor(e^10 ln E) = %.0f contradict each other",
        linear, root, logarithm);
}
