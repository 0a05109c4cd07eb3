#include "cmd/zreport.h"

#include "base/mem.h"
#include "num/special.h"
#include "num/stats.h"

#include <math.h>

static void put_bracket(struct json *j, const struct logweights_bracket *b)
{
    json_put_real(j, "logz", b->logz);
    json_put_real(j, "error", b->error);
    json_put_real(j, "lower", b->lower);
    json_put_real(j, "upper", b->upper);
    json_put_real(j, "ess", b->ess);
    if (b->has_forward) json_put_real(j, "ais", b->log_z0 + b->forward.log_mean);
    if (b->has_forward) json_put_real(j, "ais_error", b->forward.error);
    if (b->has_reverse) json_put_real(j, "rais", b->log_z0 - b->reverse.log_mean);
    if (b->has_reverse) json_put_real(j, "rais_error", b->reverse.error);
}

void zreport_likelihood(const struct ztarget *t, double logz, double error)
{
    if (t->data.M == 0 || !(t->joint || t->drawn)) return;
    json_put_real(t->r->result, "log_likelihood", -t->mean_energy - logz);
    json_put_real(t->r->result, "log_likelihood_error", error);
}

void zreport_exact(const struct ztarget *t)
{
    struct json *j = t->r->result;
    double logz = stats_mean(t->exact, t->Q), spread = 0.0;

    for (int64_t q = 0; q < t->Q; q++) spread += (t->exact[q] - logz) * (t->exact[q] - logz);
    double error = t->Q > 1 ? sqrt(spread / (double)(t->Q - 1) / (double)t->Q) : 0.0;
    json_put_real(j, "logz", logz);
    json_put_real(j, "error", 0.0);
    if (t->Q > 1) json_put_real(j, "energies_error", error);
    json_put_text(j, "oracle", oracle_name(&t->oracle));
    json_put_text(j, "verdict", "exact");
    zreport_likelihood(t, logz, error);
}

/* What a reader should know of a method's figures. */
static const char *note_of(enum zmethod method)
{
    switch (method) {
    case ZMETHOD_STEPPING:
        return "product of the means of the steps' weights, what the reference code calls AIS: "
               "biased where chains lag behind the path";
    case ZMETHOD_TI:
        return "integral of the mean derivative over beta: biased where chains lag behind the path";
    case ZMETHOD_RAISE:
        return "log_likelihood is a lower bound, in expectation, on that of what annealing "
               "generates, "
               "which tends to the machine as betas grow; logz is the ln Z that it implies";
    case ZMETHOD_POPULATION:
        return "ess counts families of chains";
    default:
        return NULL;
    }
}

/* Relative error of the mean over islands, from their spread; their number. */
static void put_islands(struct json *j, const struct zweights *w)
{
    enum { WIDE = ZPLAN_ISLAND * KERN_LANES };
    int64_t n = zweights_chains(w), islands = n / WIDE;
    double *x = mem_take(n, sizeof *x), error = 0.0;
    double *mean = mem_take(islands + 1, sizeof *mean);

    for (int64_t q = 0; q < w->Q && islands > 1; q++) {
        zweights_of(w, ZRUN_UP, q, x);
        for (int64_t i = 0; i < islands; i++) mean[i] = special_log_sum_exp(x + i * WIDE, WIDE);
        struct logweights l = logweights_of(mean, islands);
        error += l.error * l.error;
    }
    json_put_int(j, "islands", (n + WIDE - 1) / WIDE);
    if (islands > 1) json_put_real(j, "islands_error", sqrt(error) / (double)w->Q);
    mem_free(mean);
    mem_free(x);
}

struct logweights_mean zreport_mean(const struct zweights *w, const struct zplan *plan,
                                    const struct zpath *path, const struct ztarget *t,
                                    struct json *list)
{
    struct logweights_bracket *b = mem_take(w->Q, sizeof *b);

    for (int64_t q = 0; q < w->Q; q++) {
        b[q] = zweights_bracket(w, plan, path, q);
        if (list == NULL) continue;
        struct json *one = json_new();
        if (t->energy != NULL) json_put_real(one, "energy", t->energy[q]);
        put_bracket(one, &b[q]);
        if (t->exact != NULL) json_put_real(one, "exact", t->exact[q]);
        json_add(list, one);
    }
    struct logweights_mean mean = logweights_mean(b, w->Q);
    mem_free(b);
    return mean;
}

/* Where conditions are drawn the spread of ln Z over them is part of the error, and holds what the
 * chains add to it. */
static double put_errors(struct json *j, const struct ztarget *t, const struct logweights_mean *m)
{
    double own = m->chains_error, all = t->drawn && t->Q > 1 ? m->energies_error : own;

    json_put_real(j, "error", all);
    if (t->Q > 1) json_put_real(j, "energies_error", m->energies_error);
    if (t->drawn && t->Q > 1) {
        json_put_real(j, "estimator_error", own);
        json_put_real(j, "drawing_error", sqrt(fmax(all * all - own * own, 0.0)));
    }
    return all;
}

struct logweights_mean zreport_runs(const struct ztarget *t, const struct zplan *plan,
                                    const struct zpath *path, const struct zweights *w,
                                    const struct zquality *quality)
{
    struct json *j = t->r->result, *list = json_list();
    const char *note = note_of(plan->method);
    char verdict[200];

    struct logweights_mean mean = zreport_mean(w, plan, path, t, list);
    logweights_verdict(&mean, verdict, sizeof verdict);
    zquality_put(t->r, list, plan, w, quality);
    json_put_real(j, "logz", mean.logz);
    double error = put_errors(j, t, &mean);
    json_put_real(j, "lower", mean.lower);
    json_put_real(j, "upper", mean.upper);
    json_put_real(j, "gap", mean.gap);
    json_put_real(j, "gap_error", mean.gap_error);
    json_put_int(j, "chains", zweights_chains(w));
    json_put_int(j, "betas", path->K);
    json_put_int(j, "marginal", plan->marginal);
    json_put_real(j, "ess", mean.ess);
    json_put_text(j, "verdict", verdict);
    if (note != NULL) json_put_text(j, "note", note);
    if (plan->method == ZMETHOD_POPULATION) put_islands(j, w);
    if (t->exact != NULL) json_put_real(j, "exact", stats_mean(t->exact, t->Q));
    if (t->exact != NULL) json_put_text(j, "oracle", oracle_name(&t->oracle));
    zreport_likelihood(t, mean.logz, error);
    json_put(j, "conditions", list);
    log_say(&t->r->log, "ln Z = %.4f +- %.4f, %s", mean.logz, error, verdict);
    return mean;
}
