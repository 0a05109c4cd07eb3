#include "cmd/oracle.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "io/ckpt.h"
#include "io/digest.h"
#include "io/progress.h"
#include "num/special.h"

#include <math.h>

enum { CHUNKS = 1 << 16, LEAST_PARTS = 16 };

/* Seconds between two looks whether to stop; ns of a state, of a unit in it, of an entry. */
static const double TURN = 0.25, STATE = 5.0, UNIT = 0.1, ENTRY = 8.0;

static double cost_of_states(const struct exact *x)
{
    return ldexp(STATE + UNIT * x->walk.size, x->n);
}

/* Chunks by the size of the problem alone: what is summed first never depends on ranks. */
static void cut(struct oracle *o)
{
    int64_t most = CHUNKS / o->Q;

    o->parts = o->exact.parts < LEAST_PARTS ? o->exact.parts : LEAST_PARTS;
    while (o->parts < o->exact.parts && o->exact.parts / o->parts > most) o->parts *= 2;
    o->chunks = o->exact.parts / o->parts;
    o->sum = mem_take(o->Q * o->chunks, sizeof *o->sum);
    o->done = mem_take(o->Q * o->chunks, sizeof *o->done);
}

static void tell(const struct oracle *o)
{
    const struct order *w = &o->eliminate.order;

    if (o->kind == ORACLE_ENUMERATION)
        log_say(&o->r->log, "exact ln Z by enumeration: 2^%d states, %d units summed in each",
                o->exact.n, o->exact.walk.size);
    else if (o->kind == ORACLE_ELIMINATION)
        log_say(&o->r->log,
                "exact ln Z by elimination: width %d, %.3g entries of tables, %.3g MB at a time",
                w->width, w->entries, w->bytes * 1e-6);
}

int oracle_plan(struct oracle *o, struct run *r, const struct rbm *m, int joint, int64_t Q,
                const uint8_t *u, int must, struct err *e)
{
    int most = (int)conf_int(r->conf, "logz.exact_most");
    int width = (int)conf_int(r->conf, "logz.exact_width");
    struct err why[2] = { { "" }, { "" } };
    const struct kern *k = kern_named(conf_text(r->conf, "run.kernels"), e);

    *o = (struct oracle){ .r = r, .m = m, .joint = joint, .Q = Q, .u = joint ? NULL : u };
    if (k == NULL) return -1;
    int walks = exact_plan(&o->exact, m, joint, most, &why[0]) == 0;
    int sums = eliminate_plan(&o->eliminate, m, joint, width, &why[1]) == 0;
    if (!walks && !sums)
        return must ? err_set(e, "logz.exact_most: %s; logz.exact_width: %s", why[0].text,
                              why[1].text)
                    : 0;
    o->kind = !sums                           ? ORACLE_ENUMERATION
              : o->eliminate.order.width == 0 ? ORACLE_CLOSED
              : !walks                        ? ORACLE_ELIMINATION
              : cost_of_states(&o->exact) <= ENTRY * o->eliminate.order.entries
                  ? ORACLE_ENUMERATION
                  : ORACLE_ELIMINATION;
    o->log_z = mem_take(Q, sizeof *o->log_z);
    o->exact.walk.kern = o->eliminate.kern = k;
    if (o->kind == ORACLE_ENUMERATION) cut(o);
    tell(o);
    return 0;
}

void oracle_free(struct oracle *o)
{
    exact_free(&o->exact);
    eliminate_free(&o->eliminate);
    mem_free(o->log_z);
    mem_free(o->sum);
    mem_free(o->done);
    *o = (struct oracle){ 0 };
}

const char *oracle_name(const struct oracle *o)
{
    static const char *const name[] = { "none", "closed form", "enumeration", "elimination" };

    return name[o->kind];
}

static const uint8_t *condition(const struct oracle *o, int64_t q)
{
    return o->u == NULL ? NULL : o->u + q * o->m->held;
}

/* A rank's share of the conditions. */
static void eliminate(struct oracle *o)
{
    const struct par *P = o->r->P;
    struct block mine = block_of(o->Q, P->rank, P->size);

    for (int64_t q = mine.first; q < block_end(mine); q++)
        o->log_z[q] = eliminate_log_z(&o->eliminate, o->m, condition(o, q));
    par_sum(P, o->log_z, o->Q); /* numbers and zeros: exact */
}

static char *state_path(const struct oracle *o)
{
    return run_named(o->r, "exact.h5");
}

/* A number that stands for the machine, the conditions and the chunks. */
static int64_t identity(const struct oracle *o)
{
    const struct topology *T = &o->m->T;
    int64_t bytes = o->m->table.total * (int64_t)sizeof *o->m->param;
    uint64_t sum = digest_bytes(o->m->param, bytes, (uint64_t)o->chunks);

    sum = digest_bytes(T->size, T->K * (int64_t)sizeof *T->size, sum);
    sum = digest_bytes(T->edge, T->M * (int64_t)sizeof *T->edge, sum);
    if (o->m->held > 0)
        sum = digest_bytes(o->m->hold, o->m->held * (int64_t)sizeof *o->m->hold, sum);
    if (o->u != NULL) sum = digest_bytes(o->u, o->Q * o->m->held, sum);
    return (int64_t)(sum >> 1);
}

/* Sums of all ranks on every rank: each chunk was summed by one of them. */
static void share(struct oracle *o)
{
    par_sum(o->r->P, o->sum, o->Q * o->chunks);
    par_sum_int(o->r->P, o->done, o->Q * o->chunks);
}

static int save(struct oracle *o, struct err *e)
{
    int64_t n = o->Q * o->chunks;
    struct h5_shape real = { 1, { n }, H5_DOUBLE }, whole = { 1, { n }, H5_INT64 };
    char *path = state_path(o);
    struct h5 f = { 0 };
    int bad = ckpt_create(&f, o->r->P, path, e) ||
              h5_put_int(&f, "/", "identity", identity(o), e) ||
              h5_write_all(&f, "sums", &real, o->sum, "1", "log-sum of each chunk", e) ||
              h5_write_all(&f, "done", &whole, o->done, "1", "1 where it is known", e) ||
              ckpt_commit(&f, e);

    h5_close(&f);
    if (!bad) log_say(&o->r->log, "stopped, sums in %s; run it again to go on", path);
    mem_free(path);
    return bad ? -1 : 0;
}

/* 1: gone on from; 0: from the start; -1. */
static int load(struct oracle *o, const char *path, struct err *e)
{
    struct err damage = { "" };
    struct h5 f = { 0 };
    int64_t was = 0;

    if (ckpt_open(&f, o->r->P, path, &damage)) {
        log_warn(&o->r->log, "%s; starting anew", damage.text);
        return 0;
    }
    int bad = h5_get_int(&f, "/", "identity", &was, e);
    int mine = !bad && was == identity(o);
    if (mine)
        bad = h5_read_exact(&f, "sums", 1, o->Q * o->chunks, 0, H5_DOUBLE, o->sum, e) ||
              h5_read_exact(&f, "done", 1, o->Q * o->chunks, 0, H5_INT64, o->done, e);
    h5_close(&f);
    if (!bad) log_say(&o->r->log, mine ? "going on from %s" : "%s is of another machine", path);
    return bad ? -1 : mine;
}

static int resume(struct oracle *o, struct err *e)
{
    const struct par *P = o->r->P;
    int how = conf_choice(o->r->conf, "run.resume"), status = 0;
    char *path = state_path(o);
    int there = P->rank == 0 && file_exists(path);

    par_bcast(P, &there, sizeof there, 0);
    if (there && how != RESUME_NEVER) status = load(o, path, e);
    mem_free(path);
    return status < 0 ? -1 : 0;
}

/* Chunks that nobody has summed, in order; the caller frees. */
static int64_t *left_of(const struct oracle *o, int64_t *n)
{
    int64_t *left = mem_take(o->Q * o->chunks, sizeof *left);

    *n = 0;
    for (int64_t i = 0; i < o->Q * o->chunks; i++)
        if (!o->done[i]) left[(*n)++] = i;
    return left;
}

static void sum_chunk(struct oracle *o, int64_t i)
{
    struct block parts = { i % o->chunks * o->parts, o->parts };

    o->sum[i] = exact_sum(&o->exact, o->m, condition(o, i / o->chunks), parts);
    o->done[i] = 1;
}

/* This rank's chunks in turns of a quarter of a second; between them all ranks look for a signal.
 */
static int walk(struct oracle *o, struct progress *progress)
{
    const struct par *P = o->r->P;
    int64_t n, *left = left_of(o, &n), all = o->Q * o->chunks, before = all - n;
    struct block mine = block_of(n, P->rank, P->size);
    int64_t at = mine.first, states = o->parts << o->exact.walk.low;
    int stopped = 0;

    if (before > 0 && P->rank > 0) /* those of the file are counted once */
        for (int64_t i = 0; i < all; i++) {
            o->sum[i] = 0.0;
            o->done[i] = 0;
        }
    progress_start(progress, &o->r->log, "exact", "states", before * states, all * states);
    while (n > 0 && !stopped) {
        double start = clock_now();
        do /* at least one: however short its turns, a run ends */
            if (at < block_end(mine)) sum_chunk(o, left[at++]);
        while (at < block_end(mine) && clock_now() - start < TURN && !run_should_stop(o->r));
        n = par_sum_one(P, block_end(mine) - at);
        progress_step(progress, (all - n) * states);
        stopped = n > 0 && run_stops(o->r);
    }
    progress_end(progress);
    mem_free(left);
    share(o);
    return stopped;
}

static int enumerate(struct oracle *o, struct err *e)
{
    struct progress progress;
    char *path;

    if (resume(o, e)) return -1;
    if (walk(o, &progress)) return save(o, e) ? -1 : RUN_STOPPED;
    for (int64_t q = 0; q < o->Q; q++)
        o->log_z[q] = special_log_sum_exp(o->sum + q * o->chunks, o->chunks);
    path = state_path(o);
    if (o->r->P->rank == 0) file_remove(path);
    mem_free(path);
    return RUN_DONE;
}

int oracle_run(struct oracle *o, struct err *e)
{
    if (o->kind == ORACLE_ENUMERATION) return enumerate(o, e);
    if (o->kind != ORACLE_NONE) eliminate(o);
    return RUN_DONE;
}
