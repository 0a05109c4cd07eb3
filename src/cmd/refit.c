#include "cmd/refit.h"

#include "base/mem.h"
#include "base/rng.h"
#include "cmd/annealbeta.h"
#include "num/logweights.h"
#include "qpu/beta.h"

#include <math.h>
#include <string.h>

int refit_wanted(const struct conf *c)
{
    return conf_int(c, "anneal.beta_every") > 0 || conf_flag(c, "anneal.reweigh");
}

int refit_init(struct refit *x, const struct run *r, int64_t *of, int problems, int spins,
               struct err *e)
{
    int which = conf_choice(r->conf, "anneal.estimator");

    *x = (struct refit){ .every = conf_int(r->conf, "anneal.beta_every"),
                         .stein = which == BETA_STEIN,
                         .reweigh = conf_flag(r->conf, "anneal.reweigh"),
                         .seed = r->seed,
                         .reads = conf_int(r->conf, "anneal.reads"),
                         .spins = spins,
                         .problems = problems,
                         .of = of };
    if (which != BETA_MPL && which != BETA_STEIN)
        return err_set(e,
                       "anneal.estimator is %s, which asks for reads of its own: rbm.method: "
                       "annealer expects mpl or stein",
                       conf_text(r->conf, "anneal.estimator"));
    x->f = mem_take(x->reads * spins, sizeof *x->f);
    x->state = mem_take(x->reads * spins, sizeof *x->state);
    x->w = mem_take(x->reads, sizeof *x->w);
    return 0;
}

void refit_free(struct refit *x)
{
    mem_free(x->f);
    mem_free(x->state);
    mem_free(x->w);
    *x = (struct refit){ 0 };
}

static void estimate(const struct refit *x, struct refit_state *s, const struct ising *g,
                     const uint8_t *states, int64_t step)
{
    struct estimate found;
    int64_t at = 0;

    for (int q = 0; q < x->problems; at += x->of[q++])
        beta_fields(x->f + at * x->spins, &g[q], states + at * x->spins, x->of[q]);
    (x->stein ? estimate_stein : estimate_pseudo)(&found, x->f, x->reads, x->spins, x->seed, step,
                                                  NULL);
    if (!found.converged || !(found.beta > 0.0)) {
        s->failed++;
        return;
    }
    s->beta = found.beta;
    s->error = found.error;
}

/* Rows of one problem anew: row k is the one in whose share of the weights (k + u) / n lies. */
static void resample(const struct refit *x, const double *w, uint8_t *states, int64_t n,
                     double uniform)
{
    int64_t from = 0;
    double sum = w[0];

    memcpy(x->state, states, (size_t)(n * x->spins));
    for (int64_t k = 0; k < n; k++) {
        double place = ((double)k + uniform) / (double)n;
        while (sum <= place && from + 1 < n) sum += w[++from];
        memcpy(states + k * x->spins, x->state + from * x->spins, (size_t)x->spins);
    }
}

static void weigh(const struct refit *x, struct refit_state *s, const struct ising *g,
                  uint8_t *states, const double *H, int64_t step)
{
    int64_t at = 0;
    double ess = 0.0;

    for (int q = 0; q < x->problems; at += x->of[q++]) {
        int64_t n = x->of[q];
        struct rng r = rng_at(x->seed, RNG_RESAMPLE, q, step);
        if (n == 0) continue;
        for (int64_t i = 0; i < n; i++) x->w[i] = (s->beta - g[q].scale) * H[at + i];
        struct logweights all = logweights_of(x->w, n);
        ess += all.ess;
        for (int64_t i = 0; i < n; i++) x->w[i] = exp(x->w[i] - all.log_mean) / (double)n;
        resample(x, x->w, states + at * x->spins, n, rng_uniform(&r));
    }
    s->ess = ess / (double)x->reads;
}

void refit_take(const struct refit *x, struct refit_state *s, const struct ising *g,
                uint8_t *states, const double *H, int64_t step)
{
    if (x->every > 0 ? step % x->every == 0 || isnan(s->beta) : x->reweigh)
        estimate(x, s, g, states, step);
    if (isnan(s->beta)) return;
    if (x->reweigh) weigh(x, s, g, states, H, step);
    if (x->every > 0) s->scale = fmax(s->scale / 4.0, fmin(4.0 * s->scale, s->beta));
}
