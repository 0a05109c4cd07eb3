/*
 * iterate.h - inverse temperatures from energies, by drawing again until two mean energies agree.
 *
 * E are energies of the machine, its own temperature being 1; reads of a device of inverse
 * temperature beta follow exp(-u E), u = beta / scale, where E / scale is what was programmed.
 * Chains of the machine at u = 1 stand for the model. Rules that program the device anew with
 * scale = value, and whose value tends to beta:
 *
 *   newton    ln value += clip(<E>_chains - <E>_reads) / Var_reads E, at most .7
 *   method1   value -= eta (<E>_reads - <E>_chains), eta = max(.01, value^2 / Var_reads E)
 *   method2   value *= (<E>_reads / <E>_chains)^delta, delta = max(2, |<E>_reads| / Var_reads E)
 *   variance  value -= eta (Var_reads E - Var_chains E), eta = min(.5, max(.01, .1 / |difference|))
 *
 * and one that draws the chains anew, at u = value, for the same reads; beta = u scale:
 *
 *   kl        ln value += clip(<E>_chains - <E>_reads) / (value Var_chains E): the maximum of the
 *             likelihood in beta, least Kullback-Leibler distance of the reads from exp(-u E),
 * where the mean energies match
 *
 * method1 and method2 are those of the reference, energies without their constant. Bounds on their
 * defects: no step changes the value by more than a factor ITERATE_FACTOR, and steps that were cut
 * are counted. Newton's step of method1 would be value / Var: its own is too long by the factor
 * value, and diverges above 2. method2 needs mean energies of one sign, away from 0. The variance
 * rule goes the right way only where the third cumulant of E is positive.
 *
 * newton, method1 and method2 stop when |<E>_reads - <E>_chains| < 1.5 2 s t / (sqrt(n) (s + t)), s
 * and t the widths; variance when the variances differ by less than 1.5 of their errors. newton
 * makes its last step too, which costs no reads; the others leave it undone, and their errors hold
 * the tolerance beside the noise.
 *
 * Sources: CaloQVAE and CaloQuVAE (find_beta); Raymond, Yarkoni and Andriyash, Front. ICT 3, 23
 * (2016); Wainwright and Jordan, Found. Trends Mach. Learn. 1 (2008), section 6.
 */
#ifndef QPU_ITERATE_H
#define QPU_ITERATE_H

#include "qpu/estimate.h"

enum iterate_rule {
    ITERATE_NEWTON,
    ITERATE_METHOD1,
    ITERATE_METHOD2,
    ITERATE_VARIANCE,
    ITERATE_KL,
    ITERATE_RULES
};

enum { ITERATE_MOST = 40 };

#define ITERATE_FACTOR 4.0

/* Energies of one side: moments with the errors that their memory leaves. */
struct iterate_side {
    int64_t n;
    double mean, mean_error;         /* sqrt(2 tau Var / n) */
    double variance, variance_error; /* sqrt(2 tau (m4 - Var^2) / n) */
    double third;                    /* third cumulant */
};

struct iterate {
    enum iterate_rule rule;
    double scale;                 /* of the reads at hand: kl alone */
    double value;                 /* where to draw next: scale of the reads, or u of the chains */
    int step, most;               /* steps made; allowed */
    int cut;                      /* of them by a bound */
    double least, largest;        /* values that were visited */
    double history[ITERATE_MOST]; /* [step] values at which sets were drawn */
    struct estimate result;       /* when iterate_step has returned 0 */
};

/* energy [n], without any constant. Local. */
struct iterate_side iterate_side(const double *energy, int64_t n);

/* Start at value (a scale; of kl: u, with the scale of its reads). most: sets at most. */
void iterate_begin(struct iterate *x, enum iterate_rule rule, double value, double scale, int most);

/* The set at x->value is drawn: 1 when another is wanted, at the new value; 0: result stands. */
int iterate_step(struct iterate *x, const struct iterate_side *reads,
                 const struct iterate_side *chains);

const char *iterate_name(enum iterate_rule rule);

#endif
