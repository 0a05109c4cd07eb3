/*
 * trace.h - what the chains of an annealing path say at each of its points, beside their weights.
 *
 * Two estimates of log(Z_K / Z_0) that need every chain to be in equilibrium at every beta, for
 * comparison with AIS; both are biased where chains lag behind:
 *
 *   stepping:  sum_k log mean_c exp(d_kc), a product of the means of the steps' weights d (what the
 *              reference code calls AIS; "AISMean" in Shark)
 *   ti:        thermodynamic integration of <g>, g = d log f / d beta, by the trapezoid rule with
 *              derivative correction, sum_k D (<g>_k + <g>_k+1) / 2 - D^2 (Var_k+1 - Var_k) / 12
 *
 * Everything is kept by tile, so that sums over tiles in their order do not depend on ranks. The
 * errors are those of independent chains (delta method), from the spread within tiles.
 */
#ifndef RBM_TRACE_H
#define RBM_TRACE_H

#include <stdint.h>

/* Of the live lanes of a tile at a point: log sum exp of the d that begins there (the last point
 * has none), mean and squares of g about it, products with g of the point before; log sums of w and
 * of w^2, w the weights on arrival: the estimate of ln Z so far, and its effective sample size. */
enum {
    TRACE_LSE,
    TRACE_MEAN,
    TRACE_SQUARES,
    TRACE_CROSS,
    TRACE_ARRIVED,
    TRACE_SQUARED,
    TRACE_FIGURES
};

/* Of a lane: sum_k (exp(d_k) / mean - 1), the trapezoid's sum, g of the point before. */
enum { TRACE_INFLUENCE, TRACE_INTEGRAL, TRACE_BEFORE, TRACE_LANE };

struct trace {
    int64_t tiles;
    int K;                /* points 0..K in the order of the run */
    double *point;        /* [tiles, K + 1, TRACE_FIGURES]; owned */
    double *lane;         /* [tiles, 64, TRACE_LANE]; owned */
    const uint64_t *live; /* [tiles]; borrowed */
};

void trace_init(struct trace *t, int64_t tiles, int K, const uint64_t *live);
void trace_free(struct trace *t); /* accepts { 0 } */

/* Point k, `length` of beta (signed; 0 for k = 0) behind the one before; g and log_w on arrival
 * [tiles * 64], and d of the step that begins there, NULL at k = K. */
void trace_add(struct trace *t, int k, double length, const double *d, const double *g,
               const double *log_w);

/* The figures of some tiles (all those of one condition, in order, from any number of runs). Each
 * estimate is log(Z_K / Z_0) along the run's own direction. */
struct trace_sums {
    int64_t n; /* chains */
    double stepping, stepping_error;
    double ti, ti_error;
};

/* point[t] [K + 1, TRACE_FIGURES], lane[t] [64, TRACE_LANE], live[t]; beta [K + 1] in the order of
 * the run. */
struct trace_sums trace_sum(int64_t tiles, int K, const double *const *point,
                            const double *const *lane, const uint64_t *live, const double *beta);

/* Variance of g and its correlation with the point before, at each point, pooled over all tiles:
 * [K + 1]; the first correlation is 0. */
void trace_spread(int64_t tiles, int K, const double *point, const uint64_t *live, double *variance,
                  double *correlation);

#endif
