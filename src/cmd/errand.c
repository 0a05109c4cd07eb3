#include "cmd/errand.h"

#include "base/mem.h"
#include "rbm/spins.h"

#include <math.h>
#include <string.h>

void errand_init(struct errand *x, struct run *r, const struct rbm *m, int64_t steps)
{
    *x = (struct errand){ .r = r, .m = m, .steps = steps };
    x->session.journal.lock = -1;
    x->delay = (int)conf_int(r->conf, "anneal.delay");
    x->reads = conf_int(r->conf, "anneal.reads");
    x->book.at = (struct refit_state){
        .scale = conf_real(r->conf, "anneal.scale"), .beta = NAN, .error = NAN, .ess = NAN
    };
    x->C = m->held > 0 ? (int)conf_int(r->conf, "anneal.conditions") : 1;
    if (x->C > x->reads) x->C = (int)x->reads;
    x->of = mem_take(x->C, sizeof *x->of);
    for (int q = 0; q < x->C; q++) x->of[q] = block_of(x->reads, q, x->C).count;
    x->u = mem_take((int64_t)(x->delay + 1) * x->C * m->held, 1);
}

static int open_programs(struct errand *x, struct err *e)
{
    int local = annealdevice_is_local(x->r->conf);
    const struct device *d = &x->device.device;
    const struct solver *s = local ? device_solver(d) : &x->session.service.solver;

    if (!x->programs) return 0;
    return errandprogram_open(&x->program, x->r, x->m, x->g, x->u, x->delay + 1, x->C, s,
                              local ? d->flux_per_h : condition_flux_per_h(s->name), local, e);
}

int errand_open(struct errand *x, const struct kern *k, struct err *e)
{
    struct run *r = x->r;
    int all = (x->delay + 1) * x->C, quiet = r->log.quiet;
    int64_t room = (spins_tiles(x->reads) + 1) * KERN_LANES;

    x->g = mem_take(all, sizeof *x->g);
    for (int i = 0; i < all; i++) ising_init(&x->g[i], x->m, x->m->held > 0);
    x->energy = mem_take(room, sizeof *x->energy);
    x->state = mem_take(room * x->g[0].n, 1);
    x->whole = mem_take(room * x->m->T.N, 1);
    if (refit_init(&x->refit, r, x->of, x->C, x->g[0].n, e)) return -1;
    x->programs = errandprogram_wanted(r->conf);
    if (annealdevice_is_local(r->conf))
        return annealdevice_open(&x->device, r, k, e) || open_programs(x, e) ? -1 : 0;
    r->log.quiet = 0; /* what the service says is said by the rank that hears it */
    int bad =
        session_open(&x->session, r, all * errandprogram_gauges(r->conf), e) || open_programs(x, e);
    r->log.quiet = quiet;
    return bad ? -1 : 0;
}

int errand_shares(const struct errand *x)
{
    return annealdevice_is_local(x->r->conf) && x->C == 1 && !x->programs &&
           !refit_wanted(x->r->conf) &&
           device_share(&x->device.device, x->reads, 0, 2).count < spins_tiles(x->reads);
}

void errand_free(struct errand *x)
{
    if (x->r == NULL) return;
    session_free(&x->session);
    annealdevice_free(&x->device);
    errandprogram_free(&x->program);
    refit_free(&x->refit);
    for (int i = 0; i < (x->delay + 1) * x->C && x->g != NULL; i++) ising_free(&x->g[i]);
    mem_free(x->g);
    mem_free(x->of);
    mem_free(x->u);
    mem_free(x->state);
    mem_free(x->whole);
    mem_free(x->energy);
    *x = (struct errand){ 0 };
}

struct campaign_bill errand_predict(const struct errand *x)
{
    int local = annealdevice_is_local(x->r->conf);
    const struct solver *s = local ? device_solver(&x->device.device) : &x->session.service.solver;
    int gauges = errandprogram_gauges(x->r->conf);
    struct campaign plan = {
        .epochs = 1, .steps = x->steps, .problems = x->C * gauges, .reads = x->of[0] / gauges
    };
    struct cost cost;

    cost_init(&cost, s, local ? &x->device.params : &x->session.params,
              x->programs ? errandprogram_qubits(&x->program) : x->g[0].n);
    plan.most = local ? 0 : cost_most_reads(&cost, s);
    return campaign_predict(&plan, &cost);
}

static int slot_of(const struct errand *x, int64_t step)
{
    return (int)(step % (x->delay + 1));
}

static int64_t place_of(const struct errand *x, int64_t step)
{
    return (int64_t)slot_of(x, step) * x->C;
}

uint8_t *errand_condition(const struct errand *x, int64_t step, int q)
{
    return x->u + (place_of(x, step) + q) * x->m->held;
}

int errand_ask(struct errand *x, int64_t step, struct err *e)
{
    int local = annealdevice_is_local(x->r->conf);

    for (int q = 0; q < x->C; q++) {
        struct ising *g = &x->g[place_of(x, step) + q];
        ising_set(g, x->m, x->book.at.scale, x->m->held > 0 ? errand_condition(x, step, q) : NULL);
        if (!local && !x->programs &&
            (session_check(&x->session, g, x->m->T.qubit != NULL, e) ||
             annealer_start(&x->session.annealer, step * x->C + q, g, x->of[q], e) ||
             annealer_poll(&x->session.annealer, 0.0, e)))
            return -1;
    }
    return x->programs && !local
               ? errandprogram_ask(&x->program, slot_of(x, step), step, x->of, &x->session, e)
               : 0;
}

/* From a local device: these tiles of the only problem, or all of all. The calls that a run made
 * before it was stopped pass first. */
static int64_t draw_local(struct errand *x, int64_t step, const struct block *tiles, struct err *e)
{
    struct device *d = &x->device.device;
    struct ising *g = &x->g[place_of(x, step)];
    int64_t rows = 0;

    for (int q = 0; q < x->C; q++) {
        struct device_call call =
            annealdevice_call(&x->device, step * x->C + q, x->of[q], x->m->T.qubit != NULL);
        struct block mine = tiles != NULL ? *tiles : device_share(d, x->of[q], 0, 1);
        double us = 0.0;
        if (!x->drawn && device_replay(d, g, &call, step * x->C, e)) return -1;
        x->drawn = 1;
        int64_t got =
            device_draw(d, &g[q], &call, mine, x->state + rows * g->n, x->energy + rows, &us, e);
        if (got < 0) return -1;
        x->book.access += us;
        rows += got;
    }
    return rows;
}

static int64_t draw_service(struct errand *x, int64_t step, struct err *e)
{
    struct annealer *a = &x->session.annealer;
    int64_t rows = 0, got;
    int n = x->g[0].n;

    for (int q = 0; q < x->C; q++) {
        while (!annealer_take(a, step * x->C + q, x->state + rows * n, x->energy + rows, &got))
            if (annealer_poll(a, 0.2, e)) return -1;
        if (got < x->of[q])
            return err_set(e,
                           "step %lld: the budget (anneal.max_access_time, anneal.max_problems) "
                           "is spent",
                           (long long)step);
        rows += got;
    }
    x->book.access = x->session.journal.access;
    return rows;
}

/* All reads of a step, decoded. */
static int64_t draw_programs(struct errand *x, int64_t step, struct err *e)
{
    int slot = slot_of(x, step);

    if (annealdevice_is_local(x->r->conf)) {
        int64_t before = x->drawn ? 0 : step;
        x->drawn = 1;
        return errandprogram_draw(&x->program, slot, step, before, x->of, &x->device, x->state,
                                  x->energy, &x->book.access, e)
                   ? -1
                   : x->reads;
    }
    if (errandprogram_take(&x->program, slot, step, x->of, &x->session, x->state, x->energy, e))
        return -1;
    x->book.access = x->session.journal.access;
    return x->reads;
}

/* Rows of spins as rows of all units. */
static void expand(struct errand *x, int64_t step, int64_t rows)
{
    int64_t end = x->of[0];
    int q = 0, N = x->m->T.N;

    for (int64_t r = 0; r < rows; r++) {
        while (q + 1 < x->C && r >= end) end += x->of[++q];
        const struct ising *g = &x->g[place_of(x, step) + q];
        const uint8_t *u = errand_condition(x, step, q);
        for (int i = 0; i < N; i++)
            x->whole[r * N + i] =
                g->spin[i] >= 0 ? x->state[r * g->n + g->spin[i]] : u[-1 - g->spin[i]];
    }
}

int64_t errand_take(struct errand *x, int64_t step, const struct block *tiles, struct err *e)
{
    int local = annealdevice_is_local(x->r->conf);
    int64_t rows = x->programs ? draw_programs(x, step, e)
                   : local     ? draw_local(x, step, tiles, e)
                               : draw_service(x, step, e);

    if (rows < 0) return -1;
    if (refit_wanted(x->r->conf))
        refit_take(&x->refit, &x->book.at, &x->g[place_of(x, step)], x->state, x->energy, step);
    expand(x, step, rows);
    return rows;
}

void errand_put(const struct errand *x, struct json *j)
{
    const struct refit_state *s = &x->book.at;

    json_put_real(j, "anneal_scale", s->scale);
    if (isfinite(s->beta)) {
        json_put_real(j, "anneal_beta", s->beta);
        json_put_real(j, "anneal_beta_error", s->error);
        json_put_int(j, "anneal_beta_failed", s->failed);
    }
    if (isfinite(s->ess)) json_put_real(j, "anneal_ess", s->ess);
    json_put_real(j, "anneal_access_us", x->book.access);
}
