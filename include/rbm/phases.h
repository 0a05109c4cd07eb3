/*
 * phases.h - the gradient of the mean log-likelihood, from integer counts.
 *
 * Both phases count set units and edges whose ends are both set, in int64: their sum over ranks is
 * exact, so that training does not depend on the number of ranks. With d, m the means over data and
 * chains, C their second moments, mu offsets:
 *
 *   g_ij = C^d_ij - C^m_ij - mu_i (d_j - m_j) - mu_j (d_i - m_i)
 *   g_i  = d_i - m_i - sum_j g_ij mu_j
 *
 * plain: mu = 0. data-centred: mu = d. enhanced (Cho, Raiko and Ilin): mu = (d + m) / 2, which
 * makes g_ij the difference of covariances. Source: Melchior, Fischer and Wiskott, JMLR 17(99),
 * 2016.
 */
#ifndef RBM_PHASES_H
#define RBM_PHASES_H

#include "base/reducer.h"
#include "rbm/rbm.h"

enum phases_kind { PHASES_PLAIN, PHASES_DATA, PHASES_ENHANCED };

struct phases {
    int N;
    int64_t M;
    int64_t total;  /* int64 in count */
    int64_t *count; /* [total] one buffer for one reduction; owned; the six below lie in it */
    int64_t *data_n, *data_unit, *data_pair;    /* [1], [N], [M] */
    int64_t *chain_n, *chain_unit, *chain_pair; /* [1], [N], [M] */
    double *offset;                             /* [N] moving mu; state, saved with chains; owned */
    int64_t offsets_seen;                       /* updates of offset so far; state */
    double *slope, *sum;                        /* [N] each, scratch; owned */
    float *gradient;                            /* [table.total] of the machine; owned */
};

void phases_init(struct phases *p, const struct rbm *m);
void phases_free(struct phases *p); /* accepts { 0 } */

/* Forget all counts. */
void phases_clear(struct phases *p);

/* Add bit states [N, tiles]; live [tiles] tells the lanes that count. */
void phases_data(struct phases *p, const struct rbm *m, const struct kern *k, const uint64_t *bits,
                 int64_t tiles, const uint64_t *live);
void phases_chains(struct phases *p, const struct rbm *m, const struct kern *k,
                   const uint64_t *bits, int64_t tiles, const uint64_t *live);

/* The same with units in [0, 1], z [n, N]: relaxed bits or probabilities, in fixed point of
 * PHASES_POINT bits, so that sums stay exact. A phase is fed by one kind of call alone. */
enum { PHASES_POINT = 22, PHASES_EXACT_POINT = 40 };
void phases_data_floats(struct phases *p, const struct rbm *m, const float *z, int64_t n);
void phases_chains_floats(struct phases *p, const struct rbm *m, const float *z, int64_t n);

/* Means [N] and second moments [M] in place of chains, PHASES_EXACT_POINT bits; once a condition.
 */
void phases_chains_exact(struct phases *p, const struct rbm *m, const double *mean,
                         const double *pair);

/* Bit states as floats z [64, N] for the calls above: tile t of bits [N, tiles], its last
 * partition replaced by P(x_i = 1 | the rest) (Rao and Blackwell). one [N] is scratch. */
void phases_soften(float *z, const struct rbm *m, const struct kern *k, const uint64_t *bits,
                   int64_t tiles, int64_t t, uint64_t *one);

/* Sum the counts over ranks; exact. */
void phases_reduce(struct phases *p, const struct reducer *r);

/* Fill gradient (of the log-likelihood: uphill) from the counts. rate: offsets follow
 * mu <- (1 - rate) mu + rate mu_now, from the first mu_now on; 1 = mu_now. Biases of clamped
 * units and couplings between two of them get 0: P(x | u) does not depend on them. Both phases must
 * have been counted. */
void phases_gradient(struct phases *p, const struct rbm *m, enum phases_kind kind, double rate);

/* Means and second moments of the data or the chains: mean [N], pair [M]; either may be NULL. */
void phases_means(const struct phases *p, int chains, double *mean, double *pair);

#endif
