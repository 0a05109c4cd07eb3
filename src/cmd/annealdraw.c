#include "cmd/annealdraw.h"

#include "base/clock.h"
#include "base/mem.h"
#include "rbm/spins.h"

#include <math.h>

int annealdraw_local(const struct par *P, const struct annealmodel *m, struct device *d,
                     const struct device_call *call, double wait, const int64_t *of, uint8_t *state,
                     double *energy, double *access, struct err *e)
{
    int64_t at = 0;
    int n = m->g[0].n;

    for (int q = 0; q < m->Q; q++) {
        if (of[q] == 0) continue;
        struct device_call c = *call;
        struct block tiles = device_share(d, of[q], P->rank, P->size);
        uint8_t *mine = mem_take(tiles.count * KERN_LANES * n, 1);
        double *H = mem_take(tiles.count * KERN_LANES, sizeof *H), us = 0.0;
        c.number = call->number * m->Q + q;
        c.reads = of[q];
        if (wait > 0.0) device_wait(d, wait);
        int64_t rows = device_draw(d, &m->g[q], &c, tiles, mine, H, &us, e);
        int bad = par_agree(P, e);
        if (!bad) {
            int root = P->rank == 0;
            par_gather(P, mine, rows * n, root ? state + at * n : NULL, 0);
            par_gather(P, H, rows * (int64_t)sizeof *H, root ? energy + at : NULL, 0);
        }
        mem_free(mine);
        mem_free(H);
        if (bad) return -1;
        at += of[q];
        *access += us;
    }
    return 0;
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
static int take(struct annealdraw *d, struct run *r, int64_t request, int64_t at, int n,
                int64_t *got, struct err *e)
{
    struct annealer *a = &d->session.annealer;

    while (!annealer_take(a, request, d->state + at * n, d->energy + at, got)) {
        int stop = run_should_stop(r);
        if (stop || annealer_poll(a, 0.2, e)) {
            annealer_stop(a);
            return stop ? RUN_STOPPED : -1;
        }
    }
    return 0;
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
    int64_t at = 0, request = d->sets * m->Q;
    int status = 0, n = m->g[0].n;

    for (int q = 0; q < m->Q && d->wait <= 0.0; q++)
        if (d->of[q] > 0 &&
            annealer_start(&d->session.annealer, request + q, &m->g[q], d->of[q], e))
            return -1;
    for (int q = 0; q < m->Q && !status; q++) {
        int64_t got = 0;
        d->first[q] = at;
        if (d->of[q] == 0) continue;
        if (d->wait > 0.0) {
            status = pause_for(d, r, e);
            if (!status && annealer_start(&d->session.annealer, request + q, &m->g[q], d->of[q], e))
                status = -1;
        }
        if (!status) status = take(d, r, request + q, at, n, &got, e);
        d->of[q] = got;
        at += got;
    }
    d->reads = at;
    return status;
}

/* Rank 0 alone. */
static int draw_service(struct annealdraw *d, struct run *r, const struct annealmodel *m,
                        struct err *e)
{
    struct session *x = &d->session;
    struct annealer *a = &x->annealer;

    for (int q = 0; q < m->Q; q++)
        if (session_check(x, &m->g[q], m->placed, e)) return -1;
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
    if (status == 0 && d->reads == 0)
        status = err_set(e, "the budget of %s allows no problem", d->spent);
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

int annealdraw_open(struct annealdraw *d, struct run *r, const struct annealmodel *m,
                    const struct kern *k, struct err *e)
{
    *d = (struct annealdraw){ .session = { .journal = { .lock = -1 } }, .start = clock_now() };
    params_init(&d->session.params);
    d->of = mem_take(m->Q, sizeof *d->of);
    d->first = mem_take(m->Q, sizeof *d->first);
    d->local = annealdevice_is_local(r->conf);
    if (d->local)
        annealdevice_open(&d->device, r, k, e);
    else if (r->P->rank == 0 && session_open(&d->session, r, m->Q, e) == 0)
        d->session.annealer.o.heed = 1;
    return par_agree(r->P, e);
}

int annealdraw_set(struct annealdraw *d, struct run *r, const struct annealmodel *m, int64_t reads,
                   int only, struct err *e)
{
    int status = 0;

    share_out(d, r, m, reads, only);
    if (d->local) {
        struct device_call call = annealdevice_call(&d->device, d->sets++, 0, m->placed);
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
    session_free(&d->session);
    annealdevice_free(&d->device);
    mem_free(d->of);
    mem_free(d->first);
    mem_free(d->state);
    mem_free(d->energy);
    *d = (struct annealdraw){ .session = { .journal = { .lock = -1 } } };
}
