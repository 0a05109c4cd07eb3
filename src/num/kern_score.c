#include "num/kern_isa.h"

#include <stddef.h>

enum { HALF = KERN_LANES / 2 };

/* Bit c of 64, c < 32. */
static const uint64_t BIT[HALF] = {
    1u << 0,  1u << 1,  1u << 2,  1u << 3,  1u << 4,  1u << 5,  1u << 6,  1u << 7,
    1u << 8,  1u << 9,  1u << 10, 1u << 11, 1u << 12, 1u << 13, 1u << 14, 1u << 15,
    1u << 16, 1u << 17, 1u << 18, 1u << 19, 1u << 20, 1u << 21, 1u << 22, 1u << 23,
    1u << 24, 1u << 25, 1u << 26, 1u << 27, 1u << 28, 1u << 29, 1u << 30, 1u << 31,
};

/* out += x_i (start + sum_{j<i} w_ij x_j) in one tile; two loops of 32 lanes, as in kern_gibbs.c.
 */
static inline void add_unit(double *restrict out, const uint64_t *restrict bits, int64_t stride,
                            const struct kern_net *net, int unit, double start)
{
    double low[HALF], high[HALF];
    uint64_t own = bits[unit * stride];

    for (int c = 0; c < HALF; c++) low[c] = high[c] = start;
    for (int64_t k = net->first[unit]; k < net->first[unit + 1] && net->neighbour[k] < unit; k++) {
        uint64_t w0 = bits[net->neighbour[k] * stride], w1 = w0 >> 32;
        double w = net->weight[k];
        for (int c = 0; c < HALF; c++) low[c] = (w0 & BIT[c]) != 0 ? low[c] + w : low[c];
        for (int c = 0; c < HALF; c++) high[c] = (w1 & BIT[c]) != 0 ? high[c] + w : high[c];
    }
    for (int c = 0; c < HALF; c++) out[c] += (own & BIT[c]) != 0 ? low[c] : 0.0;
    own >>= 32;
    for (int c = 0; c < HALF; c++) out[HALF + c] += (own & BIT[c]) != 0 ? high[c] : 0.0;
}

void KERN(score)(double *out, const uint64_t *bits, int64_t tiles, const struct kern_net *net,
                 const float *base)
{
    for (int64_t c = 0; c < tiles * KERN_LANES; c++) out[c] = 0.0;
    for (int unit = 0; unit < net->N; unit++) {
        double start = net->bias[unit];
        if (base != NULL) start -= (double)base[unit];
        for (int64_t t = 0; t < tiles; t++)
            add_unit(out + KERN_LANES * t, bits + t, tiles, net, unit, start);
    }
}
