/*
 * logweights.h - what M log-weights of importance sampling say, and with what error.
 *
 * A weight w has E w = Z_1 / Z_0 (forward) or Z_0 / Z_1 (reverse). Everything stays in logarithms.
 * Sources: Neal, Stat. Comput. 11 (2001); Salakhutdinov and Murray, ICML 2008; Bennett, J. Comput.
 * Phys. 22 (1976).
 */
#ifndef NUM_LOGWEIGHTS_H
#define NUM_LOGWEIGHTS_H

#include <stddef.h>
#include <stdint.h>

enum { LOGWEIGHTS_ESS = 30 }; /* below it an interval is called unreliable */

struct logweights {
    int64_t n;
    double log_mean; /* log of the mean weight: the estimate of log(Z_1 / Z_0) */
    double error;    /* its standard error by the delta method; INFINITY when n = 1 */
    double ess;      /* (sum w)^2 / sum w^2 */
    double mean;     /* of log w */
    double variance; /* of log w, n - 1 below; 0 when n = 1 */
    double largest;  /* share of the largest weight, 1/n .. 1 */
};

/* n >= 1. A weight of NaN makes everything NaN; one of +INFINITY too. */
struct logweights logweights_of(const double *log_w, int64_t n);

/* Interval log_mean + log(1 +- z error) (Salakhutdinov and Murray); lower is -INFINITY where
 * z error >= 1. */
void logweights_interval(const struct logweights *s, double z, double *lower, double *upper);

/* Standard deviation of log_mean over `repeats` resamples; RNG_BOOTSTRAP, item. */
double logweights_bootstrap(const double *log_w, int64_t n, int repeats, uint64_t seed,
                            int64_t item);

/* Bennett's acceptance ratio: log(Z_1 / Z_0) from nf forward and nr reverse log-weights of paths
 * that are each other's reversal; *error (may be NULL) by the asymptotic variance. nf, nr >= 1. */
double logweights_bar(const double *forward, int64_t nf, const double *reverse, int64_t nr,
                      double *error);

/* One quantity measured both ways. log Z of a condition, or of the joint machine. */
struct logweights_bracket {
    int has_forward, has_reverse;
    struct logweights forward, reverse; /* of log w; reverse of the reverse log-weights */
    double log_z0;                      /* of the base */
    double logz, error;                 /* forward if there is one, else reverse */
    double lower, upper; /* AIS - 2 errors, RAIS + 2 errors; NAN where not measured */
    double ess;          /* the smaller of both */
    int64_t chains;      /* of the direction with that ess */
};

/* Either direction may be NULL with n = 0. */
struct logweights_bracket logweights_bracket(double log_z0, const double *forward, int64_t nf,
                                             const double *reverse, int64_t nr);

/* Mean over Q conditions. `chains_error`: from the finite chains of each, sqrt(sum error^2) / Q;
 * `energies_error`: from the finite number of conditions, sd(logz) / sqrt(Q), NAN for Q = 1 (the
 * spread also holds the chains' noise, so it is the whole error when conditions are draws). */
struct logweights_mean {
    int64_t n;
    double logz, chains_error, energies_error, spread; /* spread: sd of logz over conditions */
    double lower, upper; /* means of the AIS and RAIS estimates -+ 2 chains' errors */
    double ess;          /* the smallest */
    int64_t chains;
    double gap, gap_error; /* mean RAIS - mean AIS, and its error from chains; NAN when one-sided */
};
struct logweights_mean logweights_mean(const struct logweights_bracket *b, int64_t Q);

/* "bracketed within 0.07 nats", "not converged: ESS 4 of 100, order inverted by 3.0", ... into
 * text[size]. Converged: |gap| <= 3 gap errors, ESS >= 20; "(ESS 24 of 100: the interval is
 * unreliable)" is added below LOGWEIGHTS_ESS. Returns 1 when converged. */
int logweights_verdict(const struct logweights_mean *m, char *text, size_t size);

#endif
