/*
 * kern.h - the inner loops on bit-packed spins, compiled once per instruction set.
 *
 * A tile is 64 chains. Spins lie unit-major: bits[i * tiles + t] holds unit i of tile t, bit c of
 * the word is chain c of the tile. A kernel works on lanes of chains: what a chain does never
 * depends on how many tiles travel together, and every instruction set gives the same bits (fixed
 * order of sums, no FMA, exp by a polynomial).
 *
 * src/num/kern_*.c is compiled with KERN_ISA = base, v3 (x86-64-v3: AVX2) and v4 (AVX-512); each
 * copy fills one struct kern. A fourth, v4x, has the AVX-512 extensions that count bits and permute
 * bytes (Ice Lake, Zen 4 and later).
 */
#ifndef NUM_KERN_H
#define NUM_KERN_H

#include "base/err.h"

#include <stdint.h>

enum { KERN_LANES = 64 };

/* Couplings in both directions, by unit; borrowed. Neighbours ascend within a unit. */
struct kern_net {
    int N;
    const int64_t *first;     /* [N + 1] place of a unit's first neighbour */
    const int32_t *neighbour; /* [2M] */
    const float *weight;      /* [2M] */
    const float *bias;        /* [N] */
};

/* How to draw: the local field is (1 - beta) base_i + beta (bias_i + sum_j w_ij x_j). Lanes of one
 * beta each draw what they would under that beta alone. */
struct kern_draw {
    float beta;
    const float *betas;  /* [tiles * 64] by chain, in place of beta; or NULL */
    const float *base;   /* [N], or NULL for 0 */
    uint32_t key[2];     /* of rng_at */
    uint32_t counter[4]; /* rng_counter(stream, number of the first tile, sweep); word 0 is ours */
    float *fields;       /* [units, tiles * 64] gets phi of the units drawn, the first of which is
                          * fields_from; or NULL */
    int fields_from;
    int64_t fields_stride; /* tiles * 64 */
};

/* Units of an enumeration: `bits` are walked, the columns are summed over. */
struct kern_walk {
    int bits;         /* 3 .. 12: state s has unit b set where bit b is */
    int size;         /* columns, a multiple of 8; what is over has y = 0 and factors 1 */
    const double *up; /* [bits, size] e^W, W the coupling of unit and column; aligned to 64 bytes */
    const double *down; /* [bits, size] e^-W */
    const double *same; /* [size] 1 */
    int cuts;
    const int *cut; /* [cuts + 1] multiples of 8 from 0 to size: between two of them, the eight
                       products of every eighth factor 1 + y stay below 2^1022 in all states */
};

/*
 * A machine on a grid: biases and couplings are whole numbers of steps, and the step is a power of
 * two. Where |bias_i| + sum_j |w_ij| < 2^24 every field is exact in float too: the kernels on a
 * grid draw, bit for bit, what gibbs draws from the same numbers as floats.
 */
struct kern_grid {
    int N;
    const int64_t *first;
    const int32_t *neighbour;
    const int16_t *weight; /* [2M] */
    const int32_t *bias;   /* [N] */
    float step;
    int span; /* sums of |w| over neighbours span k .. span (k + 1) - 1 of a unit are < 2^15 */
    int fine; /* log2 of steps in 2^-11 where all |bias_i| + sum_j |w_ij| < 2^15, else -1 */
};

/*
 * The same machine by groups of units. A group's bits in a chain are an index into the 32 sums of
 * their couplings to one unit. The units of a squad are of one group and one partition, and share
 * their list of groups: each index is loaded once for all of them.
 */
enum { KERN_GROUP = 5, KERN_TABLE = 32, KERN_AT_ONCE = 16 };

struct kern_squad {
    int32_t unit[KERN_GROUP], n;
    int32_t group;       /* to be indexed anew after a draw */
    int32_t first, last; /* its groups: L.list[first] .. L.list[last - 1] */
    int64_t table;       /* its tables: number table + (k - first) n + u, of list[k] and unit[u] */
};

struct kern_lookup {
    int groups;
    const int32_t (*member)[KERN_GROUP]; /* [groups] units, then -1: bit m of the index is unit m */
    const struct kern_squad *squad;
    const int32_t *list;
    const int16_t *table; /* [tables, KERN_TABLE] as `tables` writes them; 64-byte aligned */
    const int32_t *bias;  /* [N] in steps */
    float step;
    int reach;       /* sums of |w| over places reach k .. of any list are < 2^15 */
    int fine;        /* as in kern_grid */
    int at_once;     /* tiles that go together, even, <= KERN_AT_ONCE */
    uint16_t *index; /* [at_once, groups, 64] scratch, 64-byte aligned */
};

struct kern {
    const char *name; /* "base", "v3", "v4", "v4x" */

    /*
     * Gibbs update of units first <= i < last, one after another, in all tiles:
     *
     *   f = (1 - beta) base_i + beta phi_i,  phi_i = bias_i + sum_j w_ij x_j,  P(x_i = 1) = 1 / (1
     * + e^-f)
     *
     * phi in float, summed in the order of the neighbours. Exact 32-bit threshold: with e = e^-|f|
     * and u = (word + 1/2) 2^-32, x_i is the less likely value where u (1 + e) < e (relative error
     * 2e-6 in both tails, which end at 2^-33). Chain c takes word c / 16 of the Philox block with
     * counter[0] = 16 i + c % 16.
     *
     *   bits  [N, tiles] in and out
     *   track [tiles * 64] or NULL: += (new - old) (phi_i - base_i), so it follows
     *         U = -E(x) - base.x up to float rounding of phi
     *
     * The caller sees to it that tile numbers stay below 2^32 and 16 N too.
     */
    void (*gibbs)(uint64_t *bits, double *track, int64_t tiles, const struct kern_net *net,
                  const struct kern_draw *d, int first, int last);

    /* gibbs for a machine on a grid: int16 sums of masked weights. */
    void (*grid)(uint64_t *bits, double *track, int64_t tiles, const struct kern_grid *g,
                 const struct kern_draw *d, int first, int last);

    /* The same by look-up, for squads order[r][0] .. order[r][1] - 1 of one range r after the
     * other; units of still [N] (or NULL) keep their bits. Tiles go through all ranges in turn. */
    void (*lookup)(uint64_t *bits, double *track, int64_t tiles, const struct kern_lookup *L,
                   const struct kern_draw *d, int ranges, const int32_t (*order)[2],
                   const uint8_t *still);

    /* The tables of `lookup` from the couplings weight [n, KERN_GROUP] of group members to a unit;
     * places beyond a group's size hold 0. */
    void (*tables)(int16_t *table, const int16_t *weight, int64_t n);
    int group; /* the most members of a group, at most KERN_GROUP */

    /* Draws one unit whose phi [tiles * 64] is known: row [tiles] its bits. */
    void (*draw)(uint64_t *row, double *track, int64_t tiles, const float *phi,
                 const struct kern_draw *d, int unit);

    /* out[t * 64 + c] = sum_i x_i (bias_i - base_i + sum_{j<i} w_ij x_j) = -E - base.x, in double;
     * base NULL: 0. */
    void (*score)(double *out, const uint64_t *bits, int64_t tiles, const struct kern_net *net,
                  const float *base);

    /* phi [tiles * 64] of one unit, in the float order of gibbs. */
    void (*field)(float *phi, const uint64_t *bits, int64_t tiles, const struct kern_net *net,
                  int unit);

    /*
     * One unit of a partition that is summed over along a path (rbm/ais.h), in all tiles. With
     * y = (1 - from) base + from phi, h = (beta - from) (phi - base) and x its bit,
     *
     *   gain  += log((1 + e^(y + h)) / (1 + e^y)) - x h   beside the joint path's weight
     *   slope += (sigmoid(y) - x) (phi - base)            beside its derivative; NULL: not wanted
     *
     * in float, to 2e-7 of each term. row [tiles]: its bits; phi [tiles * 64].
     */
    void (*gains)(double *gain, double *slope, const uint64_t *row, const float *phi, int64_t tiles,
                  float base, float from, float beta);

    /* count[i] += number of set bits of unit i in the lanes of live [tiles], for all N units. */
    void (*sums)(int64_t *count, const uint64_t *bits, int64_t tiles, const uint64_t *live, int N);

    /* count[m] += number of live lanes where both ends of edge m are set. Unit i is the smaller end
     * of edges row[i] .. row[i + 1] - 1, their larger ends rise; row [N + 1]. Squares of 4 by 4
     * neighbouring units are counted together. */
    void (*pairs)(int64_t *count, const uint64_t *bits, int64_t tiles, const uint64_t *live,
                  const int32_t (*edge)[2], const int64_t *row, int N);

    /*
     * Sums over the columns h of a machine without couplings among them, in all 2^bits states:
     *
     *   f(s) 2^exponent = e^score(s) prod_h (1 + y_h(s)),   y_h = e^field of h in state s
     *
     * y [size] in: state 0; out: the state whose highest unit alone is set, with the rounding of
     * 2^bits / 8 products. Exponents are taken out at the cuts, so nothing overflows. All f share
     * the exponent that is returned; those below 2^-1000 of the largest are 0. The lowest three
     * units are taken in registers, the others in Gray order. scratch [2^bits].
     */
    int64_t (*walk)(double *f, int64_t *scratch, double *y, const double *score,
                    const struct kern_walk *w);

    /* sum[b * size + h] += sum over states with unit b set of p(s) y_h / (1 + y_h), and total[h] =
     * the sum over all states; y in and out as in walk. */
    void (*meet)(double *sum, double *total, double *y, const double *p, const struct kern_walk *w);

    /* r = log(e^a + e^b), n of them; relative error 1e-15. */
    void (*merge)(double *r, const double *a, const double *b, int n);
};

/* Tables that this processor can run, slowest first. */
int kern_count(void);
const struct kern *kern_at(int i);

/* The last of them. */
const struct kern *kern_best(void);

/* "auto" (the best) or a table by name; NULL with a sentence when absent or not for this processor.
 */
const struct kern *kern_named(const char *name, struct err *e);

#endif
