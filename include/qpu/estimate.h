/*
 * estimate.h - the inverse temperature of reads from the reads alone, with its error.
 *
 * f = 2 s_i (h_i + sum_j J_ij s_j) of every read and spin (qpu/beta.h): p(flipped) / p = e^{beta
 * f}. Both are roots of a sum over reads, sum_r g_r(beta) = 0:
 *
 *   pseudo-likelihood  g_r = - sum_i f / (1 + e^{-beta f})
 *   Stein's identity   g_r = - sum_i f (1 + e^{beta f}): the discrete Stein operator at the test
 *                      functions f_i. It needs no bounded weights, and pays for it: its terms
 *                      have the tail of e^{beta f}, so that few reads carry it where fields are
 *                      strong
 *
 * An error is the spread of the root over circular block resamples of the reads, each a Newton step
 * from the root; the blocks are as long as the g_r remember. Stein's estimate is said not to have
 * converged when Pareto's k of its terms is above QUALITY_PARETO_MOST.
 *
 * Sources: Besag, J. R. Stat. Soc. B 36, 192 (1974); Yang, Liu, Rao and Neville, Goodness-of-fit
 * testing for discrete distributions via Stein discrepancy, ICML 2018, theorem 2; Raymond,
 * Yarkoni and Andriyash, Front. ICT 3, 23 (2016); Davidson and MacKinnon, J. Econometrics 90
 * (1999) (one-step resamples).
 */
#ifndef QPU_ESTIMATE_H
#define QPU_ESTIMATE_H

#include <stdint.h>

enum { ESTIMATE_WORDS = 240, ESTIMATE_REPEATS = 400 };

struct estimate {
    double beta, error;       /* NAN where there is none */
    int converged;            /* are they to be believed? */
    int draws;                /* sets of reads that were drawn for it alone */
    int64_t block;            /* reads of a block of the resamples; 0: none were made */
    double pareto;            /* k of Stein's terms; NAN else */
    char why[ESTIMATE_WORDS]; /* a sentence when not converged, else "" */
};

/* A sentence, and not converged. */
void estimate_fail(struct estimate *x, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* f [reads, n]. influence [reads] or NULL: what each read moves beta by, so that beta - truth is
 * about their sum. Resamples: RNG_BOOTSTRAP, item. */
void estimate_pseudo(struct estimate *x, const float *f, int64_t reads, int n, uint64_t seed,
                     int64_t item, double *influence);
void estimate_stein(struct estimate *x, const float *f, int64_t reads, int n, uint64_t seed,
                    int64_t item, double *influence);

/* The columns of f [reads, n] that pick [n] names, into to [reads, their number]; the number. */
int estimate_columns(float *to, const float *f, int64_t reads, int n, const uint8_t *pick);

#endif
