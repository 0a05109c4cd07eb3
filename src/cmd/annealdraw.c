#include "cmd/annealdraw.h"

#include "base/clock.h"
#include "base/mem.h"
#include "qpu/local.h"
#include "qpu/ranges.h"
#include "rbm/spins.h"

#include <string.h>

int annealdraw_gibbs(const struct par *P, const struct annealmodel *m, const struct kern *k,
                     double beta, int sweeps, uint64_t seed, int64_t stream, const int64_t *of,
                     uint8_t *state, double *energy, struct err *e)
{
    struct local l = { .beta = beta, .sweeps = sweeps, .seed = seed, .kern = k };
    int64_t at = 0;
    int n = m->g[0].n;

    for (int q = 0; q < m->Q; q++) {
        struct block tiles = block_of(spins_tiles(of[q]), P->rank, P->size);
        uint8_t *mine = mem_take(tiles.count * KERN_LANES * n, 1);
        double *H = mem_take(tiles.count * KERN_LANES, sizeof *H);
        int64_t rows = local_draw(&l, &m->g[q], stream * m->Q + q, of[q], tiles, mine, H, e);
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
    }
    return 0;
}

static void say_line(void *ctx, const char *text)
{
    struct run *r = ctx;

    log_say(&r->log, "%s", text);
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

static int check_problems(struct annealdraw *d, const struct annealmodel *m, struct err *e)
{
    if (!m->placed)
        return err_set(e, "the units of this machine have no qubits: train it on a chip "
                          "(rbm.topology zephyr, pegasus or chimera)");
    for (int q = 0; q < m->Q; q++)
        if (ranges_check(&d->params, &d->service.solver, &m->g[q], e)) return -1;
    return 0;
}

static char *journal_folder(const struct run *r)
{
    const char *folder = conf_text(r->conf, "anneal.journal");

    return folder[0] != '\0' ? mem_text(folder) : run_path(r, "journal");
}

static int open_all(struct annealdraw *d, struct run *r, const struct annealmodel *m, int flights,
                    struct err *e)
{
    enum { AUTO, NEVER, MUST };
    int resume = conf_choice(r->conf, "run.resume");

    if (service_open(&d->service, r, flights, e) || service_choose(&d->service, r, e) ||
        annealconf_params(&d->params, r->conf, &d->service.solver, e) || check_problems(d, m, e))
        return -1;
    char *folder = journal_folder(r);
    int bad = journal_open(&d->journal, folder, resume == NEVER, e);
    if (!bad && resume == MUST && d->journal.n == 0)
        bad = err_set(e, "run.resume is must, but '%s' holds no problem", folder);
    if (!bad && d->journal.n > 0)
        log_say(&r->log, "journal %s: %lld problems, %lld of them without an answer, %.0f us paid",
                folder, (long long)d->journal.n, (long long)journal_open_problems(&d->journal),
                d->journal.access);
    mem_free(folder);
    return bad;
}

/* Rank 0 alone. */
static int draw_service(struct annealdraw *d, struct run *r, const struct annealmodel *m,
                        struct err *e)
{
    struct annealer_options o = annealconf_options(r->conf);
    struct annealer a;

    o.requests = m->Q;
    o.say = say_line;
    o.ctx = r;
    if (open_all(d, r, m, o.flights, e)) return -1;
    annealer_init(&a, &d->service.sapi, &d->service.solver, &d->params, &d->journal, &o);
    double wall = clock_now(), cpu = clock_cpu(), server = d->service.sapi.server;
    int status = drive(d, r, m, &a, e);
    d->wall = clock_now() - wall;
    d->cpu = clock_cpu() - cpu;
    d->server = d->service.sapi.server - server;
    d->access = d->journal.access;
    d->problems = d->journal.n - a.broken;
    d->kept = a.kept;
    d->sent = a.sent;
    if (a.spent != ANNEALER_RICH)
        d->spent = a.spent == ANNEALER_ACCESS ? "anneal.max_access_time" : "anneal.max_problems";
    annealer_free(&a);
    if (status == 0 && d->reads == 0)
        status = err_set(e, "the budget of %s allows no problem", d->spent);
    return status == 0 ? service_check_graph(&d->service, e) : status;
}

int annealdraw_run(struct annealdraw *d, struct run *r, const struct annealmodel *m,
                   const struct kern *k, struct err *e)
{
    int root = r->P->rank == 0, n = m->g[0].n, status = 0;

    *d = (struct annealdraw){ .reads = conf_int(r->conf, "anneal.reads"),
                              .journal = { .lock = -1 } };
    params_init(&d->params);
    d->of = mem_take(m->Q, sizeof *d->of);
    d->first = mem_take(m->Q, sizeof *d->first);
    for (int q = 0; q < m->Q; q++) {
        struct block share = block_of(d->reads, q, m->Q);
        d->of[q] = share.count;
        d->first[q] = share.first;
    }
    d->state = mem_take(root ? d->reads * n : 0, 1);
    d->energy = mem_take(root ? d->reads : 0, sizeof *d->energy);
    if (conf_choice(r->conf, "anneal.backend") == ANNEAL_GIBBS)
        return annealdraw_gibbs(r->P, m, k, conf_real(r->conf, "anneal.beta"),
                                (int)conf_int(r->conf, "anneal.sweeps"), r->seed, 0, d->of,
                                d->state, d->energy, e);
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
    params_free(&d->params);
    journal_free(&d->journal);
    service_free(&d->service);
    mem_free(d->of);
    mem_free(d->first);
    mem_free(d->state);
    mem_free(d->energy);
    *d = (struct annealdraw){ .journal = { .lock = -1 } };
}
