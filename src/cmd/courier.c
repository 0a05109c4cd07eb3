#include "cmd/courier.h"

#include "base/mem.h"
#include "rbm/spins.h"

#include <string.h>

enum message { OPEN, ASK, TAKE, END, DONE };

int courier_apart(const struct run *r)
{
    return conf_choice(r->conf, "rbm.method") == 4 && conf_choice(r->conf, "anneal.rank") == 1 &&
           r->all->size > 1;
}

/* To a driver apart. */
static void tell(const struct par *all, enum message what, int64_t step)
{
    int64_t word[2] = { what, step };

    par_bcast(all, word, sizeof word, 0);
}

/* The machine's shape from rank 0 to the driver apart: all couplings as a list. */
static void share_machine(struct courier *c)
{
    struct topology T = { 0 };
    struct err none = { "" };
    const struct topology *from = c->drives ? &T : &c->m->T;
    int64_t n[4] = { from->K, from->M, from->qubit != NULL, c->steps };
    int size[TOPOLOGY_PARTITIONS] = { 0 };

    if (!c->drives) memcpy(size, from->size, sizeof size);
    par_bcast(c->all, n, sizeof n, 0);
    par_bcast(c->all, size, sizeof size, 0);
    int32_t(*edge)[2] = mem_take(n[1], sizeof *edge);
    if (!c->drives) memcpy(edge, from->edge, (size_t)n[1] * sizeof *edge);
    par_bcast(c->all, edge, n[1] * (int64_t)sizeof *edge, 0);
    if (c->drives &&
        topology_list(&T, (int)n[0], size, n[1], (const int32_t(*)[2])edge, NULL, &none))
        die("a machine sent to the driver: %s", none.text);
    mem_free(edge);
    if (c->drives && n[2]) T.qubit = mem_take(T.N, sizeof *T.qubit);
    if (n[2])
        par_bcast(c->all, c->drives ? T.qubit : c->m->T.qubit,
                  (c->drives ? T.N : c->m->T.N) * (int64_t)sizeof *T.qubit, 0);
    if (!c->drives) return;
    c->steps = n[3];
    rbm_init(&c->own, &T, -1);
    c->m = &c->own;
}

/* What the driver needs; a sentence stays in c->failed. */
static void open_driver(struct courier *c, const struct kern *k)
{
    struct run *r = c->r;
    int N = c->m->T.N, quiet = r->log.quiet;

    c->g = mem_take(c->delay + 1, sizeof *c->g);
    for (int i = 0; i <= c->delay; i++) ising_init(&c->g[i], c->m, 0);
    c->energy = mem_take(spins_tiles(c->reads) * KERN_LANES, sizeof *c->energy);
    c->spread = mem_take(spins_tiles(c->reads) * KERN_LANES * N, 1);
    if (annealdevice_is_local(r->conf)) {
        annealdevice_open(&c->device, r, k, &c->failed);
        if (device_share(&c->device.device, c->reads, 0, 2).count == spins_tiles(c->reads))
            c->together = 0;
        return;
    }
    r->log.quiet = 0; /* what the service says is said by the rank that hears it */
    session_open(&c->session, r, c->delay + 1, &c->failed);
    r->log.quiet = quiet;
}

/* All ranks of `all`, each for itself; those who train know m. */
static int open_all(struct courier *c, struct run *r, const struct rbm *m, const struct kern *k,
                    int64_t steps, struct err *e)
{
    *c = (struct courier){ .r = r, .all = r->all, .P = r->P, .m = m, .steps = steps };
    c->session.journal.lock = -1;
    c->apart = courier_apart(r);
    c->driver = r->all->size - 1;
    c->drives = r->all->rank == c->driver;
    c->delay = (int)conf_int(r->conf, "anneal.delay");
    c->reads = conf_int(r->conf, "anneal.reads");
    c->first = c->held = -1;
    if (c->apart) share_machine(c);
    int64_t tiles = spins_tiles(c->reads);
    c->bits = mem_take(c->m->T.N * tiles, sizeof *c->bits);
    c->mine = block_of(tiles, c->apart && c->drives ? 0 : c->P->rank, c->P->size);
    c->part = mem_take(c->m->T.N * c->mine.count, sizeof *c->part);
    c->live = mem_take(c->mine.count, sizeof *c->live);
    spins_live(c->live, c->mine, c->reads);
    c->together = !c->apart && annealdevice_is_local(r->conf);
    if (c->drives || c->together) open_driver(c, k);
    *e = c->failed;
    c->failed = (struct err){ "" };
    return par_agree(c->all, e);
}

int courier_open(struct courier *c, struct run *r, const struct rbm *m, const struct kern *k,
                 int64_t steps, struct err *e)
{
    if (m->held > 0)
        return err_set(e,
                       "rbm.method is annealer and %d units are clamped, expected "
                       "rbm.clamped: -1",
                       m->held);
    if (courier_apart(r)) tell(r->all, OPEN, 0);
    if (open_all(c, r, m, k, steps, e)) return -1;
    const char *backend = conf_text(r->conf, "anneal.backend");
    if (c->together)
        log_say(&r->log,
                "annealer (%s): %lld reads a step, used %d steps later; each rank draws its share",
                backend, (long long)c->reads, c->delay);
    else
        log_say(&r->log,
                "annealer (%s): %lld reads a step, used %d steps later; rank %d asks for "
                "them%s",
                backend, (long long)c->reads, c->delay, c->driver,
                c->apart ? " and does nothing else" : "");
    return 0;
}

void courier_free(struct courier *c)
{
    if (c->r == NULL) return;
    session_free(&c->session);
    annealdevice_free(&c->device);
    for (int i = 0; i <= c->delay && c->g != NULL; i++) ising_free(&c->g[i]);
    mem_free(c->g);
    mem_free(c->spread);
    mem_free(c->energy);
    mem_free(c->bits);
    mem_free(c->part);
    mem_free(c->live);
    rbm_free(&c->own);
    *c = (struct courier){ 0 };
}

static struct ising *problem(const struct courier *c, int64_t step)
{
    return &c->g[step % (c->delay + 1)];
}

/* The driver: ask for reads of the machine as it is; a failure waits for the next take. */
static void driver_ask(struct courier *c, int64_t step)
{
    struct ising *g = problem(c, step);
    struct err *e = &c->failed;

    if (err_is(e)) return;
    ising_set(g, c->m, conf_real(c->r->conf, "anneal.scale"), NULL);
    if (annealdevice_is_local(c->r->conf)) return;
    if (session_check(&c->session, g, c->m->T.qubit != NULL, e) == 0 &&
        annealer_start(&c->session.annealer, step, g, c->reads, e) == 0)
        annealer_poll(&c->session.annealer, 0.0, e);
}

/* Draw the reads of a step from a local device: this rank's share into part, or all into bits. The
 * calls that a run made before it was stopped pass first. */
static void take_local(struct courier *c, int64_t step)
{
    struct device *d = &c->device.device;
    struct ising *g = problem(c, step);
    struct block tiles = c->together ? c->mine : device_share(d, c->reads, 0, 1);
    struct device_call call = annealdevice_call(&c->device, step, c->reads, c->m->T.qubit != NULL);

    if (!c->drawn && device_replay(d, g, &call, step, &c->failed)) return;
    c->drawn = 1;
    int64_t got = device_draw(d, g, &call, tiles, c->spread, c->energy, NULL, &c->failed);
    if (got >= 0) spins_pack(c->together ? c->part : c->bits, c->spread, got, c->m->T.N);
}

/* The driver: wait for the reads of a step, and pack them into bits. */
static void driver_take(struct courier *c, int64_t step)
{
    struct annealer *a = &c->session.annealer;
    struct err *e = &c->failed;
    int64_t got = 0;

    if (err_is(e)) return;
    if (annealdevice_is_local(c->r->conf)) {
        take_local(c, step);
        return;
    }
    while (!annealer_take(a, step, c->spread, c->energy, &got))
        if (annealer_poll(a, 0.2, e)) return;
    if (got < c->reads)
        err_set(e,
                "step %lld: the budget (anneal.max_access_time, anneal.max_problems) is "
                "spent",
                (long long)step);
    if (!err_is(e)) spins_pack(c->bits, c->spread, c->reads, c->m->T.N);
}

static void ask(struct courier *c, int64_t step)
{
    if (step >= c->steps) return;
    if (c->first < 0) c->first = step;
    if (c->apart) {
        tell(c->all, ASK, step);
        par_bcast(c->all, c->m->param, c->m->table.total * (int64_t)sizeof *c->m->param, 0);
    }
    if (c->drives || c->together) driver_ask(c, step);
}

/* The reads from the driver to all, unless each has its own. */
static int spread(struct courier *c, struct err *e)
{
    int64_t tiles = spins_tiles(c->reads);

    *e = c->failed;
    if (par_agree(c->all, e)) return -1;
    if (c->together) return 0;
    par_bcast(c->all, c->bits, c->m->T.N * tiles * (int64_t)sizeof *c->bits, c->driver);
    return 0;
}

int courier_take(struct courier *c, int64_t step, struct err *e)
{
    int64_t tiles = spins_tiles(c->reads), want;

    if (c->first < 0) ask(c, step);
    want = step - c->delay > c->first ? step - c->delay : c->first;
    if (want == c->held) return 0;
    if (c->apart) tell(c->all, TAKE, want);
    if (c->drives || c->together) driver_take(c, want);
    if (spread(c, e)) return -1;
    c->held = want;
    for (int i = 0; i < c->m->T.N && !c->together; i++)
        memcpy(c->part + i * c->mine.count, c->bits + i * tiles + c->mine.first,
               (size_t)c->mine.count * sizeof *c->part);
    return 0;
}

void courier_ahead(struct courier *c, int64_t step)
{
    if (step + c->delay < c->steps) ask(c, step);
}

/* A finished run's problems are used; an unfinished one's stay for the next start. */
static void leave(struct courier *c, int done)
{
    struct err none = { "" };

    if (!c->drives || !c->session.open) return;
    annealer_stop(&c->session.annealer);
    if (done) journal_close(&c->session.journal, &none);
}

void courier_end(const struct run *r, struct courier *c, int done)
{
    if (c->r != NULL) leave(c, done);
    if (courier_apart(r)) tell(r->all, done ? DONE : END, 0);
}

void courier_serve(struct run *r)
{
    struct courier c = { 0 };
    struct err e = { "" };
    int64_t word[2];

    for (;;) {
        par_bcast(r->all, word, sizeof word, 0);
        if (word[0] == OPEN) {
            open_all(&c, r, NULL, kern_best(), 0, &e); /* all kernels give the same bits */
        } else if (word[0] == ASK) {
            par_bcast(r->all, c.own.param, c.own.table.total * (int64_t)sizeof *c.own.param, 0);
            driver_ask(&c, word[1]);
        } else if (word[0] == TAKE) {
            driver_take(&c, word[1]);
            spread(&c, &e);
        } else {
            break;
        }
    }
    if (c.r != NULL) leave(&c, word[0] == DONE);
    courier_free(&c);
}
