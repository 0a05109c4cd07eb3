#include "cmd/annealdraw.h"

#include "base/clock.h"
#include "base/mem.h"
#include "rbm/spins.h"

#include <string.h>

int annealdraw_local(const struct par *P, const struct annealmodel *m, struct device *d,
                     const struct device_call *call, const int64_t *of, uint8_t *state,
                     double *energy, double *access, struct err *e)
{
    int64_t at = 0;
    int n = m->g[0].n;

    for (int q = 0; q < m->Q; q++) {
        struct device_call c = *call;
        struct block tiles = device_share(d, of[q], P->rank, P->size);
        uint8_t *mine = mem_take(tiles.count * KERN_LANES * n, 1);
        double *H = mem_take(tiles.count * KERN_LANES, sizeof *H), us = 0.0;
        c.number = call->number * m->Q + q;
        c.reads = of[q];
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
        .kind = DEVICE_GIBBS, .beta = beta, .sweeps = sweeps, .seed = seed, .kern = k
    };
    struct device_call call = { .number = stream, .placed = m->placed };
    struct device d = { 0 };
    double access = 0.0;

    int bad = device_open(&d, &keys, e) ||
              annealdraw_local(P, m, &d, &call, of, state, energy, &access, e);
    device_free(&d);
    return bad ? -1 : 0;
}

/* The device that the keys name, opened on every rank. */
static int draw_local(struct annealdraw *d, struct run *r, const struct annealmodel *m,
                      const struct kern *k, struct err *e)
{
    struct annealdevice x = { 0 };

    annealdevice_open(&x, r, k, e);
    int bad = par_agree(r->P, e);
    if (!bad) {
        struct device_call call = annealdevice_call(&x, 0, 0, m->placed);
        bad =
            annealdraw_local(r->P, m, &x.device, &call, d->of, d->state, d->energy, &d->access, e);
    }
    annealdevice_free(&x);
    return bad ? -1 : 0;
}

/* Ask for all problems, wait, take: 0, RUN_STOPPED or -1. */
static int drive(struct annealdraw *d, struct run *r, const struct annealmodel *m,
                 struct annealer *a, struct err *e)
{
    int64_t at = 0;
    int n = m->g[0].n;

    for (int q = 0; q < m->Q; q++)
        if (d->of[q] > 0 && annealer_start(a, q, &m->g[q], d->of[q], e)) return -1;
    for (int q = 0; q < m->Q; q++) {
        int64_t got = 0;
        d->first[q] = at;
        if (d->of[q] == 0) continue;
        while (!annealer_take(a, q, d->state + at * n, d->energy + at, &got)) {
            if (run_should_stop(r)) {
                annealer_stop(a);
                return RUN_STOPPED;
            }
            if (annealer_poll(a, 0.2, e)) {
                annealer_stop(a);
                return -1;
            }
        }
        d->of[q] = got;
        at += got;
    }
    d->reads = at;
    return 0;
}

static int open_all(struct annealdraw *d, struct run *r, const struct annealmodel *m, struct err *e)
{
    if (session_open(&d->session, r, m->Q, e)) return -1;
    for (int q = 0; q < m->Q; q++)
        if (session_check(&d->session, &m->g[q], m->placed, e)) return -1;
    return 0;
}

/* Rank 0 alone. */
static int draw_service(struct annealdraw *d, struct run *r, const struct annealmodel *m,
                        struct err *e)
{
    struct session *x = &d->session;
    struct annealer *a = &x->annealer;

    if (open_all(d, r, m, e)) return -1;
    a->o.heed = 1;
    double wall = clock_now(), cpu = clock_cpu(), server = x->service.sapi.server;
    int status = drive(d, r, m, a, e);
    d->wall = clock_now() - wall;
    d->cpu = clock_cpu() - cpu;
    d->server = x->service.sapi.server - server;
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

int annealdraw_run(struct annealdraw *d, struct run *r, const struct annealmodel *m,
                   const struct kern *k, struct err *e)
{
    int root = r->P->rank == 0, n = m->g[0].n, status = 0;

    *d = (struct annealdraw){ .reads = conf_int(r->conf, "anneal.reads"),
                              .session = { .journal = { .lock = -1 } } };
    params_init(&d->session.params);
    d->of = mem_take(m->Q, sizeof *d->of);
    d->first = mem_take(m->Q, sizeof *d->first);
    for (int q = 0; q < m->Q; q++) {
        struct block share = block_of(d->reads, q, m->Q);
        d->of[q] = share.count;
        d->first[q] = share.first;
    }
    d->state = mem_take(root ? d->reads * n : 0, 1);
    d->energy = mem_take(root ? d->reads : 0, sizeof *d->energy);
    if (annealdevice_is_local(r->conf)) return draw_local(d, r, m, k, e);
    if (root) status = draw_service(d, r, m, e);
    if (par_agree(r->P, e)) return -1;
    par_bcast(r->P, &status, sizeof status, 0);
    par_bcast(r->P, &d->reads, sizeof d->reads, 0);
    par_bcast(r->P, d->of, m->Q * (int64_t)sizeof *d->of, 0);
    par_bcast(r->P, d->first, m->Q * (int64_t)sizeof *d->first, 0);
    return status;
}

void annealdraw_free(struct annealdraw *d)
{
    session_free(&d->session);
    mem_free(d->of);
    mem_free(d->first);
    mem_free(d->state);
    mem_free(d->energy);
    *d = (struct annealdraw){ .session = { .journal = { .lock = -1 } } };
}
