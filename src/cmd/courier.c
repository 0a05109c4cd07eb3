#include "cmd/courier.h"

#include "base/mem.h"
#include "base/rng.h"
#include "rbm/spins.h"

#include <math.h>
#include <stdio.h>
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
    int64_t n[5] = { from->K, from->M, from->qubit != NULL, c->steps, c->drives ? 0 : c->m->held };
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
    int units = c->drives ? T.N : c->m->T.N;
    uint8_t *held = mem_take(units, 1);
    if (!c->drives && n[4] > 0) memcpy(held, c->m->is_held, (size_t)units);
    par_bcast(c->all, held, units, 0);
    if (c->drives) {
        c->steps = n[3];
        rbm_init(&c->own, &T, -1);
        if (n[4] > 0) rbm_hold(&c->own, held);
        c->m = &c->own;
    }
    mem_free(held);
}

/* All ranks of `all`, each for itself; those who train know m. */
static int open_all(struct courier *c, struct run *r, const struct rbm *m, const struct feed *f,
                    const struct kern *k, int64_t steps, struct err *e)
{
    *c = (struct courier){ .r = r, .all = r->all, .P = r->P, .m = m, .feed = f, .steps = steps };
    c->x.session.journal.lock = -1;
    c->apart = courier_apart(r);
    c->driver = r->all->size - 1;
    c->drives = r->all->rank == c->driver;
    c->first = c->held = -1;
    if (c->apart) share_machine(c);
    errand_init(&c->x, r, c->m, c->steps);
    if (f != NULL && c->m->held > 0) c->order = feed_by_condition(f);
    int64_t tiles = spins_tiles(c->x.reads);
    c->bits = mem_take(c->m->T.N * tiles, sizeof *c->bits);
    c->mine = block_of(tiles, c->apart && c->drives ? 0 : c->P->rank, c->P->size);
    c->part = mem_take(c->m->T.N * c->mine.count, sizeof *c->part);
    c->live = mem_take(c->mine.count, sizeof *c->live);
    spins_live(c->live, c->mine, c->x.reads);
    int local = !c->apart && annealdevice_is_local(r->conf);
    if (c->drives || local) errand_open(&c->x, k, &c->failed);
    c->together = local && !err_is(&c->failed) && errand_shares(&c->x);
    if (c->drives && !err_is(&c->failed)) c->bill = errand_predict(&c->x);
    par_bcast(c->all, &c->bill, sizeof c->bill, c->driver);
    *e = c->failed;
    c->failed = (struct err){ "" };
    return par_agree(c->all, e);
}

/* Before the first step: who draws, and what it will cost. */
static void announce(const struct courier *c)
{
    struct log *l = &c->r->log;
    char who[80];

    if (c->together)
        snprintf(who, sizeof who, "each rank draws its share");
    else
        snprintf(who, sizeof who, "rank %d asks for them%s", c->driver,
                 c->apart ? " and does nothing else" : "");
    log_say(l, "annealer (%s): %lld reads a step, used %d steps later; %s",
            conf_text(c->r->conf, "anneal.backend"), (long long)c->x.reads, c->x.delay, who);
    if (c->x.C > 1) log_say(l, "of %d conditions in every step", c->x.C);
    if (c->bill.access > 0.0)
        log_say(l, "%lld problems with %lld reads: %.3g h of access time predicted",
                (long long)c->bill.problems, (long long)c->bill.reads, c->bill.access / 3.6e9);
}

int courier_open(struct courier *c, struct run *r, const struct rbm *m, const struct feed *f,
                 const struct kern *k, int64_t steps, struct err *e)
{
    if (courier_apart(r)) tell(r->all, OPEN, 0);
    if (open_all(c, r, m, f, k, steps, e)) return -1;
    announce(c);
    return 0;
}

void courier_free(struct courier *c)
{
    if (c->r == NULL) return;
    errand_free(&c->x);
    mem_free(c->order);
    mem_free(c->bits);
    mem_free(c->part);
    mem_free(c->live);
    rbm_free(&c->own);
    *c = (struct courier){ 0 };
}

/* The conditions of a step: of an event of each of C parts of all events in the order of their
 * conditions, a function of (seed, step). Those who train, each for itself. */
static void choose(struct courier *c, int64_t step)
{
    int64_t events = c->m->held > 0 ? c->feed->train.count : 0;

    for (int q = 0; q < c->x.C && events > 0; q++) {
        struct rng g = rng_at(c->r->seed, RNG_ENERGY, q, step + 1);
        int64_t at = (int64_t)(((double)q + rng_uniform(&g)) / c->x.C * (double)events);
        feed_condition_of(c->feed, c->order[at < events ? at : events - 1],
                          errand_condition(&c->x, step, q));
    }
}

/* The driver, or each rank: a failure waits for the next take. */
static void driver_ask(struct courier *c, int64_t step)
{
    if (!err_is(&c->failed)) errand_ask(&c->x, step, &c->failed);
}

/* The reads of a step, as bits: all of them, or this rank's share. */
static void driver_take(struct courier *c, int64_t step)
{
    if (err_is(&c->failed)) return;
    int64_t rows = errand_take(&c->x, step, c->together ? &c->mine : NULL, &c->failed);
    if (rows >= 0) spins_pack(c->together ? c->part : c->bits, c->x.whole, rows, c->m->T.N);
}

/* What a driver apart has to know of a step: the machine, its conditions, the scale. */
static void share_question(struct courier *c, int64_t step)
{
    float *param = c->drives ? c->own.param : c->m->param;

    par_bcast(c->all, param, c->m->table.total * (int64_t)sizeof *param, 0);
    par_bcast(c->all, errand_condition(&c->x, step, 0), (int64_t)c->x.C * c->m->held, 0);
    par_bcast(c->all, &c->x.book, sizeof c->x.book, 0);
}

static void ask(struct courier *c, int64_t step)
{
    if (step >= c->steps) return;
    if (c->first < 0) c->first = step;
    choose(c, step);
    if (c->apart) {
        tell(c->all, ASK, step);
        share_question(c, step);
    }
    if (c->drives || c->together) driver_ask(c, step);
}

/* The reads from the driver to all, unless each has its own. */
static int spread(struct courier *c, struct err *e)
{
    int64_t tiles = spins_tiles(c->x.reads);

    *e = c->failed;
    if (par_agree(c->all, e)) return -1;
    par_bcast(c->all, &c->x.book, sizeof c->x.book, c->driver);
    if (c->together) return 0;
    par_bcast(c->all, c->bits, c->m->T.N * tiles * (int64_t)sizeof *c->bits, c->driver);
    return 0;
}

int courier_take(struct courier *c, int64_t step, struct err *e)
{
    int64_t tiles = spins_tiles(c->x.reads), want;

    if (c->first < 0) ask(c, step);
    want = step - c->x.delay > c->first ? step - c->x.delay : c->first;
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
    if (step + c->x.delay < c->steps) ask(c, step);
}

void courier_account(const struct courier *c, struct json *j)
{
    struct json *own = json_new();

    json_put_int(own, "problems_predicted", c->bill.problems);
    json_put_int(own, "reads_predicted", c->bill.reads);
    json_put_real(own, "access_time_us_predicted", c->bill.access);
    json_put_real(own, "access_time_us", c->x.book.access);
    json_put_real(own, "scale", c->x.book.at.scale);
    json_put_real(own, "beta", c->x.book.at.beta);
    json_put_real(own, "beta_error", c->x.book.at.error);
    json_put(j, "annealer", own);
}

/* A finished run's problems are used; an unfinished one's stay for the next start. */
static void leave(struct courier *c, int done)
{
    struct err none = { "" };

    if (!c->drives || !c->x.session.open) return;
    annealer_stop(&c->x.session.annealer);
    if (done) journal_close(&c->x.session.journal, &none);
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
            open_all(&c, r, NULL, NULL, kern_best(), 0, &e); /* all kernels give the same bits */
        } else if (word[0] == ASK) {
            share_question(&c, word[1]);
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
