#include "cmd/zreport.h"

#include "base/mem.h"

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

static double mean_of(const double *x, int64_t n)
{
    double sum = 0.0;

    for (int64_t i = 0; i < n; i++) sum += x[i];
    return sum / (double)n;
}

/* Mean log-likelihood of the data: -<E> - <ln Z(u)>, where the conditions stand for the data's. */
static void put_likelihood(const struct ztarget *t, double logz, double error)
{
    if (t->data.M == 0 || !(t->joint || t->drawn)) return;
    json_put_real(t->r->result, "log_likelihood", -t->mean_energy - logz);
    json_put_real(t->r->result, "log_likelihood_error", error);
}

void zreport_exact(const struct ztarget *t)
{
    struct json *j = t->r->result;
    double logz = mean_of(t->exact, t->Q), spread = 0.0;

    for (int64_t q = 0; q < t->Q; q++) spread += (t->exact[q] - logz) * (t->exact[q] - logz);
    double error = t->Q > 1 ? sqrt(spread / (double)(t->Q - 1) / (double)t->Q) : 0.0;
    json_put_real(j, "logz", logz);
    json_put_real(j, "error", 0.0);
    if (t->Q > 1) json_put_real(j, "energies_error", error);
    json_put_text(j, "oracle", oracle_name(&t->oracle));
    json_put_text(j, "verdict", "exact");
    put_likelihood(t, logz, error);
}

void zreport_runs(const struct ztarget *t, const struct zrun *z, int bar)
{
    struct logweights_bracket *b = mem_take(t->Q, sizeof *b);
    struct json *j = t->r->result, *list = json_list();
    char verdict[200];

    for (int64_t q = 0; q < t->Q; q++) {
        struct json *one = json_new();
        b[q] = zrun_bracket(z, q, bar);
        if (t->energy != NULL) json_put_real(one, "energy", t->energy[q]);
        put_bracket(one, &b[q]);
        if (t->exact != NULL) json_put_real(one, "exact", t->exact[q]);
        json_add(list, one);
    }
    struct logweights_mean mean = logweights_mean(b, t->Q);
    logweights_verdict(&mean, verdict, sizeof verdict);
    json_put_real(j, "logz", mean.logz);
    json_put_real(j, "error", mean.chains_error);
    if (t->Q > 1) json_put_real(j, "energies_error", mean.energies_error);
    json_put_real(j, "lower", mean.lower);
    json_put_real(j, "upper", mean.upper);
    json_put_real(j, "gap", mean.gap);
    json_put_real(j, "gap_error", mean.gap_error);
    json_put_int(j, "chains", z->chains);
    json_put_int(j, "betas", z->K);
    json_put_real(j, "ess", mean.ess);
    json_put_text(j, "verdict", verdict);
    if (t->exact != NULL) json_put_real(j, "exact", mean_of(t->exact, t->Q));
    if (t->exact != NULL) json_put_text(j, "oracle", oracle_name(&t->oracle));
    put_likelihood(t, mean.logz, t->Q > 1 ? mean.energies_error : mean.chains_error);
    json_put(j, "conditions", list);
    log_say(&t->r->log, "ln Z = %.4f +- %.4f, %s", mean.logz, mean.chains_error, verdict);
    mem_free(b);
}
