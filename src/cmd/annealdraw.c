#include "cmd/annealdraw.h"

#include "base/clock.h"
#include "base/mem.h"
#include "rbm/spins.h"

#include <math.h>

/* One problem, its rows gathered on rank 0. */
static int draw_one(const struct par *P, struct device *d, const struct ising *g,
                    const struct device_call *call, uint8_t *state, double *energy, double *access,
                    struct err *e)
{
    struct block tiles = device_share(d, call->reads, P->rank, P->size);
    uint8_t *mine = mem_take(tiles.count * KERN_LANES * g->n, 1);
    double *H = mem_take(tiles.count * KERN_LANES, sizeof *H), us = 0.0;
    int64_t rows = device_draw(d, g, call, tiles, mine, H, &us, e);
    int bad = par_agree(P, e);

    if (!bad) {
        par_gather(P, mine, rows * g->n, P->rank == 0 ? state : NULL, 0);
        par_gather(P, H, rows * (int64_t)sizeof *H, P->rank == 0 ? energy : NULL, 0);
    }
    mem_free(mine);
    mem_free(H);
    *access += us;
    return bad ? -1 : 0;
}

int annealdraw_local(const struct par *P, const struct annealmodel *m, struct device *d,
                     const struct device_call *call, double wait, const int64_t *of, uint8_t *state,
                     double *energy, double *access, struct err *e)
{
    int64_t at = 0;
    int n = m->g[0].n;

    for (int q = 0; q < m->Q; q++) {
        if (of[q] == 0) continue;
        struct device_call c = *call;
        c.number = call->number * m->Q + q;
        c.reads = of[q];
        if (wait > 0.0) device_wait(d, wait);
        if (draw_one(P, d, &m->g[q], &c, state + at * n, energy + at, access, e)) return -1;
        at += of[q];
    }
    return 0;
}

/* Problem q in all its gauges: *got states from row `at` on, on rank 0. */
static int draw_gauges(struct annealdraw *d, const struct par *P, const struct device_call *call,
                       int q, int64_t at, int64_t *got, struct err *e)
{
    struct program *x = &d->program.x[q];
    int n = x->g->n, root = P->rank == 0, bad = 0;

    *got = 0;
    for (int k = 0; k < x->G && !bad; k++) {
        struct block share = block_of(d->of[q], k, x->G);
        struct device_call c = *call;
        if (share.count == 0) continue;
        c.number = (call->number * d->program.m->Q + q) * x->G + k;
        c.reads = share.count;
        c.flux = program_flux(x, k);
        c.placed |= x->o.embedding != NULL;
        uint8_t *raw = mem_take(root ? share.count * x->p.n : 0, 1);
        double *H = mem_take(root ? share.count : 0, sizeof *H);
        if (d->wait > 0.0) device_wait(&d->device.device, d->wait);
        bad = draw_one(P, &d->device.device, &x->problem[k], &c, raw, H, &d->access, e);
        d->programmings += k > 0;
        if (!bad && root)
            *got += program_decode(x, k, raw, share.count, share.first, d->state + (at + *got) * n,
                                   NULL);
        mem_free(raw);
        mem_free(H);
    }
    if (root && !bad) ising_energy(x->g, d->state + at * n, *got, d->energy + at);
    if (!bad) par_bcast(P, got, sizeof *got, 0);
    return bad;
}

/* Reads that are left after decoding, problem after problem. */
static int none_left(const struct annealdraw *d, struct err *e)
{
    if (d->reads > 0) return 0;
    return err_set(e, "of no read all held units have their bits and all chains are whole: "
                      "expected a greater anneal.condition_strength or anneal.chain_strength");
}

static int draw_programs(struct annealdraw *d, const struct par *P, const struct device_call *call,
                         struct err *e)
{
    int64_t at = 0, got;

    annealprogram_set(&d->program, call->number, NULL, e);
    if (par_agree(P, e)) return -1;
    for (int q = 0; q < d->program.m->Q; q++) {
        d->first[q] = at;
        if (d->of[q] == 0) continue;
        if (draw_gauges(d, P, call, q, at, &got, e)) return -1;
        d->of[q] = got;
        at += got;
    }
    d->reads = at;
    return none_left(d, e);
}

int annealdraw_gibbs(const struct par *P, const struct annealmodel *m, const struct kern *k,
                     double beta, int sweeps, uint64_t seed, int64_t stream, const int64_t *of,
                     uint8_t *state, double *energy, struct err *e)
{
    struct device_keys keys = {
        .kind = DEVICE_GIBBS, .beta = beta, .sweeps = sweeps, .seed = ~seed, .kern = k
    };
    struct device_call call = { .number = stream, .placed = m->placed };
    struct device d = { 0 };
    double access = 0.0;

    int bad = device_open(&d, &keys, e) ||
              annealdraw_local(P, m, &d, &call, 0.0, of, state, energy, &access, e);
    device_free(&d);
    return bad ? -1 : 0;
}

/* Wait for the reads of a request and take them: 0, RUN_STOPPED or -1. */
static int take(struct annealdraw *d, struct run *r, int64_t request, uint8_t *state,
                double *energy, int64_t *got, struct err *e)
{
    struct annealer *a = &d->session.annealer;

    while (!annealer_take(a, request, state, energy, got)) {
        int stop = run_should_stop(r);
        if (stop || annealer_poll(a, 0.2, e)) {
            annealer_stop(a);
            return stop ? RUN_STOPPED : -1;
        }
    }
    return 0;
}

/* Ask for the reads of problem q, in all its gauges. */
static int start_problem(struct annealdraw *d, const struct annealmodel *m, int q, struct err *e)
{
    struct annealer *a = &d->session.annealer;
    struct annealprogram *p = &d->program;
    int64_t request = (d->sets * m->Q + q) * p->G;

    if (!p->used) return annealer_start(a, request, &m->g[q], d->of[q], e);
    for (int k = 0; k < p->G; k++) {
        int64_t reads = block_of(d->of[q], k, p->G).count;
        if (reads > 0 && annealer_start_with(a, request + k, &p->x[q].problem[k], reads,
                                             annealprogram_params(p, q, k, &d->session.params), e))
            return -1;
        d->programmings += k > 0 && reads > 0;
    }
    return 0;
}

/* Take them: *got states from row `at` on. */
static int take_problem(struct annealdraw *d, struct run *r, const struct annealmodel *m, int q,
                        int64_t at, int64_t *got, struct err *e)
{
    struct annealprogram *p = &d->program;
    int64_t request = (d->sets * m->Q + q) * p->G, rows = 0;
    int n = m->g[0].n, status = 0;

    if (!p->used) return take(d, r, request, d->state + at * n, d->energy + at, got, e);
    for (int k = 0; k < p->G && !status; k++) {
        struct block share = block_of(d->of[q], k, p->G);
        if (share.count == 0) continue;
        uint8_t *raw = mem_take(share.count * p->x[q].p.n, 1);
        double *H = mem_take(share.count, sizeof *H);
        status = take(d, r, request + k, raw, H, &rows, e);
        if (!status)
            *got += program_decode(&p->x[q], k, raw, rows, share.first, d->state + (at + *got) * n,
                                   NULL);
        mem_free(raw);
        mem_free(H);
    }
    ising_energy(&m->g[q], d->state + at * n, *got, d->energy + at);
    return status;
}

/* Seconds in which nothing is asked for. */
static int pause_for(struct annealdraw *d, const struct run *r, struct err *e)
{
    double end = clock_now() + d->wait;

    while (clock_now() < end) {
        if (run_should_stop(r)) return RUN_STOPPED;
        if (annealer_poll(&d->session.annealer, fmin(0.2, end - clock_now()), e)) return -1;
    }
    return 0;
}

/* Ask for all problems, wait, take; with a wait, one after another: 0, RUN_STOPPED or -1. */
static int drive(struct annealdraw *d, struct run *r, const struct annealmodel *m, struct err *e)
{
    int64_t at = 0;
    int status = 0;

    for (int q = 0; q < m->Q && d->wait <= 0.0; q++)
        if (d->of[q] > 0 && start_problem(d, m, q, e)) return -1;
    for (int q = 0; q < m->Q && !status; q++) {
        int64_t got = 0;
        d->first[q] = at;
        if (d->of[q] == 0) continue;
        if (d->wait > 0.0) {
            status = pause_for(d, r, e);
            if (!status && start_problem(d, m, q, e)) status = -1;
        }
        if (!status) status = take_problem(d, r, m, q, at, &got, e);
        d->of[q] = got;
        at += got;
    }
    d->reads = at;
    return status;
}

/* Does everything that will be programmed fit? */
static int check_all(struct annealdraw *d, const struct annealmodel *m, struct err *e)
{
    struct annealprogram *p = &d->program;

    if (p->used && annealprogram_set(p, d->sets, &d->session.params, e)) return -1;
    for (int q = 0; q < m->Q; q++)
        for (int k = 0; k < p->G; k++)
            if (session_check(&d->session, p->used ? &p->x[q].problem[k] : &m->g[q],
                              m->placed || p->o.embedding != NULL, e))
                return -1;
    return 0;
}

/* Rank 0 alone. */
static int draw_service(struct annealdraw *d, struct run *r, const struct annealmodel *m,
                        struct err *e)
{
    struct session *x = &d->session;
    struct annealer *a = &x->annealer;

    if (check_all(d, m, e)) return -1;
    double wall = clock_now(), cpu = clock_cpu(), server = x->service.sapi.server;
    int status = drive(d, r, m, e);
    d->wall += clock_now() - wall;
    d->cpu += clock_cpu() - cpu;
    d->server += x->service.sapi.server - server;
    d->access = x->journal.access;
    d->problems = journal_problems(&x->journal);
    d->kept = a->kept;
    d->sent = a->sent;
    if (a->spent != ANNEALER_RICH)
        d->spent = a->spent == ANNEALER_ACCESS ? "anneal.max_access_time" : "anneal.max_problems";
    if (status == 0 && d->reads == 0 && d->spent != NULL)
        status = err_set(e, "the budget of %s allows no problem", d->spent);
    if (status == 0) status = none_left(d, e);
    return status == 0 ? service_check_graph(&x->service, e) : status;
}

/* Room and shares of so many reads. */
static void share_out(struct annealdraw *d, const struct run *r, const struct annealmodel *m,
                      int64_t reads, int only)
{
    int root = r->P->rank == 0;

    d->reads = reads;
    for (int q = 0; q < m->Q; q++) {
        struct block share = block_of(reads, q, m->Q);
        if (only >= 0) share = (struct block){ q <= only ? 0 : reads, q == only ? reads : 0 };
        d->of[q] = share.count;
        d->first[q] = share.first;
        d->programmings += share.count > 0;
    }
    if (!root || reads <= d->room) return;
    d->room = reads;
    d->state = mem_grow(d->state, reads * m->g[0].n, 1);
    d->energy = mem_grow(d->energy, reads, sizeof *d->energy);
}

static void open_service(struct annealdraw *d, struct run *r, const struct annealmodel *m,
                         struct err *e)
{
    const struct solver *s = &d->session.service.solver;
    int gauges = (int)conf_int(r->conf, "anneal.gauges");

    if (session_open(&d->session, r, m->Q * (gauges > 1 ? gauges : 1), e)) return;
    d->session.annealer.o.heed = 1;
    annealprogram_open(&d->program, r, m, s, condition_flux_per_h(s->name), 0, e);
}

int annealdraw_open(struct annealdraw *d, struct run *r, const struct annealmodel *m,
                    const struct kern *k, struct err *e)
{
    *d = (struct annealdraw){ .session = { .journal = { .lock = -1 } }, .start = clock_now() };
    params_init(&d->session.params);
    d->of = mem_take(m->Q, sizeof *d->of);
    d->first = mem_take(m->Q, sizeof *d->first);
    d->local = annealdevice_is_local(r->conf);
    if (d->local) {
        annealdevice_open(&d->device, r, k, e);
        if (par_agree(r->P, e)) return -1;
        annealprogram_open(&d->program, r, m, device_solver(&d->device.device),
                           d->device.device.flux_per_h, 1, e);
    } else if (r->P->rank == 0) {
        open_service(d, r, m, e);
    }
    return par_agree(r->P, e);
}

int annealdraw_set(struct annealdraw *d, struct run *r, const struct annealmodel *m, int64_t reads,
                   int only, struct err *e)
{
    int status = 0;

    share_out(d, r, m, reads, only);
    if (d->local) {
        struct device_call call = annealdevice_call(&d->device, d->sets++, 0, m->placed);
        if (d->program.used) return draw_programs(d, r->P, &call, e);
        return annealdraw_local(r->P, m, &d->device.device, &call, d->wait, d->of, d->state,
                                d->energy, &d->access, e);
    }
    if (r->P->rank == 0) status = draw_service(d, r, m, e);
    d->sets++;
    if (par_agree(r->P, e)) return -1;
    par_bcast(r->P, &status, sizeof status, 0);
    par_bcast(r->P, &d->reads, sizeof d->reads, 0);
    par_bcast(r->P, d->of, m->Q * (int64_t)sizeof *d->of, 0);
    par_bcast(r->P, d->first, m->Q * (int64_t)sizeof *d->first, 0);
    return status;
}

double annealdraw_time(const struct annealdraw *d)
{
    return d->local ? d->device.device.time : 1e6 * (clock_now() - d->start);
}

void annealdraw_free(struct annealdraw *d)
{
    annealprogram_free(&d->program);
    session_free(&d->session);
    annealdevice_free(&d->device);
    mem_free(d->of);
    mem_free(d->first);
    mem_free(d->state);
    mem_free(d->energy);
    *d = (struct annealdraw){ .session = { .journal = { .lock = -1 } } };
}
