/*
 * reweigh.h - averages of the machine from reads of another temperature.
 *
 * Reads of window k follow exp(-u_k E), u_k = beta / scale; the machine follows exp(-E). With
 *
 *   w_r ~ exp(-E_r + u_k E_r),   sum w = 1,   <f> = sum w_r f_r
 *
 * the error holds the spread of the reads and that of u_k, which was estimated from the same reads:
 * what read r moves <f> by is
 *
 *   i_r = w_r (f_r - <f>) + C_k psi_r,   C_k = sum over window k of w_s (f_s - <f>) E_s
 *
 * psi_r its influence on u_k; the error is that of the sum of i_r with its memory (num/series.h).
 * Exact in the limit of many reads when the reads follow exp(-u E); else what it leaves is bias.
 *
 * Sources: Hesterberg, Technometrics 37 (1995) (self-normalised weights); Hampel, JASA 69 (1974)
 * (influence); Vehtari et al., JMLR 25 (2024) (Pareto's k).
 */
#ifndef QPU_REWEIGH_H
#define QPU_REWEIGH_H

#include <stdint.h>

struct reweigh {
    int64_t n;
    const double *E;         /* [n] borrowed */
    const int32_t *window;   /* [n] borrowed */
    const double *influence; /* [n] of a read on u of its window; borrowed */
    int windows;
    double *log_w;               /* [n] log(n w): mean weight 1; owned */
    double *w;                   /* [n] sum 1; owned */
    double *slope;               /* [windows] scratch; owned */
    double *term;                /* [n] scratch; owned */
    double ess, pareto, largest; /* (sum w)^2 / sum w^2; num/quality.h; share of the largest */
};

struct reweigh_mean {
    double mean, error;
};

/* u [windows]; n >= 1. */
void reweigh_init(struct reweigh *x, const double *E, int64_t n, const int32_t *window,
                  const double *u, int windows, const double *influence);
void reweigh_free(struct reweigh *x); /* accepts { 0 } */

/* f [n]. */
struct reweigh_mean reweigh_of(struct reweigh *x, const double *f);

#endif
