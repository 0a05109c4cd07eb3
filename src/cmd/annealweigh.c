#include "cmd/annealweigh.h"

#include "base/mem.h"
#include "num/quality.h"

#include <math.h>

int annealweigh_init(struct annealweigh *w, const struct annealsets *s, struct err *e)
{
    const struct annealrows *x = &s->rows;

    *w = (struct annealweigh){ .Q = x->Q, .sets = s };
    w->of = mem_take(w->Q, sizeof *w->of);
    w->u = mem_take(s->windows, sizeof *w->u);
    w->log_w = mem_take(x->n, sizeof *w->log_w);
    for (int k = 0; k < s->windows; k++) {
        if (!s->of[k].u.converged)
            return err_set(e, "anneal.reweigh: %lld reads up to %.0f us have no temperature: %s",
                           (long long)s->of[k].reads, s->of[k].time, s->of[k].u.why);
        w->u[k] = s->of[k].u.beta;
    }
    for (int q = 0; q < w->Q; q++) {
        int64_t from = x->first[q];
        if (x->of[q] == 0) continue;
        reweigh_init(&w->of[q], x->E + from, x->of[q], s->window + from, w->u, s->windows,
                     s->influence + from);
        for (int64_t i = 0; i < x->of[q]; i++) w->log_w[from + i] = w->of[q].log_w[i];
    }
    return 0;
}

void annealweigh_free(struct annealweigh *w)
{
    for (int q = 0; q < w->Q && w->of != NULL; q++) reweigh_free(&w->of[q]);
    mem_free(w->of);
    mem_free(w->u);
    mem_free(w->log_w);
    *w = (struct annealweigh){ 0 };
}

void annealweigh_put(struct annealweigh *w, struct run *r)
{
    const struct annealrows *x = &w->sets->rows;
    struct json *j = json_new();
    double ess = 0.0, least = INFINITY, k = -INFINITY, largest = 0.0, mean = 0.0, square = 0.0;

    for (int q = 0; q < w->Q; q++) {
        if (x->of[q] == 0) continue;
        struct reweigh_mean y = reweigh_of(&w->of[q], x->E + x->first[q]);
        double share = (double)x->of[q] / (double)x->n;
        mean += share * y.mean;
        square += share * share * y.error * y.error;
        ess += w->of[q].ess;
        least = fmin(least, w->of[q].ess);
        largest = fmax(largest, w->of[q].largest);
        k = fmax(k, w->of[q].pareto);
    }
    json_put_real(j, "ess", ess);
    json_put_real(j, "ess_least", least);
    json_put_real(j, "pareto_k", k);
    json_put_real(j, "largest", largest);
    json_put_real(j, "energy_mean", mean);
    json_put_real(j, "energy_error", sqrt(square));
    json_put(r->result, "reweighed", j);
    log_say(&r->log, "weighed as states of the machine: energy %.4f +- %.4f, ESS %.0f of %lld",
            mean, sqrt(square), ess, (long long)x->n);
    if (k > QUALITY_PARETO_MOST)
        log_warn(&r->log,
                 "weights of the reads: Pareto's k is %.2f, above %.1f: their error says "
                 "little",
                 k, QUALITY_PARETO_MOST);
}
