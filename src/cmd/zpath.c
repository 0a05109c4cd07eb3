#include "cmd/zpath.h"

#include "base/mem.h"
#include "cmd/ztiles.h"
#include "io/h5.h"
#include "rbm/chains.h"
#include "rbm/schedule.h"
#include "rbm/spins.h"

#include <limits.h>
#include <string.h>

/* Conditions of the pilot's tiles, spread over those asked for: bytes [ZPATH_PILOT, n_0]. */
static uint8_t *conditions(const struct zsubject *s, int held)
{
    uint8_t *u = mem_take(ZPATH_PILOT * held, 1);

    for (int64_t t = 0; t < ZPATH_PILOT; t++) {
        int64_t q = s->Q > ZPATH_PILOT ? t * s->Q / ZPATH_PILOT : t % s->Q;
        memcpy(u + t * held, s->u + q * held, (size_t)held);
    }
    return u;
}

/* This rank's pilot chains after `burn` sweeps. */
static void pilot(struct chains *c, const struct zsubject *s, int burn)
{
    const struct rbm *m = s->m;
    struct block mine = block_of(ZPATH_PILOT, s->r->P->rank, s->r->P->size);
    struct block tiles = { ZTILES_MOST + mine.first, mine.count };

    chains_init(c, tiles, (ZTILES_MOST + ZPATH_PILOT) * KERN_LANES, m, s->r->seed);
    if (s->u != NULL) {
        int held = m->held;
        uint8_t *u = conditions(s, held);
        uint64_t *rows = mem_take(held * mine.count, sizeof *rows);
        spins_conditions(rows, u, ZPATH_PILOT, held, mine, 1);
        chains_condition(c, m, rows);
        mem_free(rows);
        mem_free(u);
    }
    chains_sweep(c, m, s->kern, burn);
}

/* Means of the pilot's chains: exact counts, so the same for any number of ranks. */
static void means(double *mean, const struct chains *c, const struct zsubject *s)
{
    int N = s->m->T.N;
    int64_t *count = mem_take(N, sizeof *count);

    s->kern->sums(count, c->bits, c->tiles.count, c->live, N);
    par_sum_int(s->r->P, count, N);
    for (int i = 0; i < N; i++) mean[i] = (double)count[i] / (ZPATH_PILOT * KERN_LANES);
    mem_free(count);
}

/* Equal thermodynamic length, by what a forward run of the pilot's chains says. */
static void adapt(struct zpath *p, const struct chains *c, const struct zsubject *s,
                  const struct zplan *plan)
{
    enum { POINTS = ZPATH_POINTS + 1, FIGURES = POINTS * TRACE_FIGURES };
    double at[POINTS], variance[POINTS], correlation[POINTS];
    uint64_t live[ZPATH_PILOT];
    double *all = mem_take(ZPATH_PILOT * FIGURES, sizeof *all);
    struct trace trace;
    struct ais a;

    memset(live, 0xff, sizeof live);
    ais_linear(at, ZPATH_POINTS);
    ais_init(&a, s->m, s->kern, c->tiles, 0, ZPATH_POINTS, at, plan->sweeps, p->base, c->bits,
             s->r->seed);
    ais_marginal(&a, s->m, plan->marginal);
    trace_init(&trace, c->tiles.count, ZPATH_POINTS, live);
    a.trace = &trace;
    ais_advance(&a, s->m, s->kern, ZPATH_POINTS);
    par_allgather(s->r->P, trace.point, c->tiles.count * FIGURES * (int64_t)sizeof *all, all);
    trace_spread(ZPATH_PILOT, ZPATH_POINTS, all, live, variance, correlation);
    schedule_place(p->beta, p->K, ZPATH_POINTS, at, variance, correlation);
    trace_free(&trace);
    ais_free(&a);
    mem_free(all);
}

/* Betas of a text file, or of the log-weights of an earlier run. */
static int read_schedule(struct zpath *p, const struct zsubject *s, const char *path, struct err *e)
{
    const struct par *P = s->r->P;
    size_t n = strlen(path);
    struct h5_shape shape;
    struct h5 f = { 0 };

    if (n < 3 || strcmp(path + n - 3, ".h5") != 0) {
        char *text = run_text(P, path, e);
        p->K = text == NULL ? -1 : schedule_parse(&p->beta, text, path, e);
        mem_free(text);
        return p->K < 0 ? -1 : 0;
    }
    int bad = h5_open(&f, P, path, e) || h5_shape(&f, "betas", &shape, e);
    if (!bad && (shape.dims != 1 || shape.n[0] < 2 || shape.n[0] > INT_MAX))
        bad = err_set(e, "%s: /betas is no list of two and more numbers", path);
    if (!bad) {
        p->K = (int)shape.n[0] - 1;
        p->beta = mem_take(shape.n[0], sizeof *p->beta);
        bad = h5_read_all(&f, "betas", H5_DOUBLE, p->beta, e) ||
              schedule_check(p->beta, p->K, path, e);
    }
    h5_close(&f);
    return bad ? -1 : 0;
}

static int set_schedule(struct zpath *p, const struct zsubject *s, const struct zplan *plan,
                        struct err *e)
{
    int named = strcmp(plan->schedule, "salakhutdinov") == 0;
    int even = strcmp(plan->schedule, "linear") == 0 || strcmp(plan->schedule, "adaptive") == 0;
    int geometric = strcmp(plan->schedule, "geometric") == 0;

    if (!named && !even && !geometric) return read_schedule(p, s, plan->schedule, e);
    p->K = named ? SCHEDULE_SALAKHUTDINOV : plan->betas;
    p->beta = mem_take(p->K + 1, sizeof *p->beta);
    if (named)
        schedule_salakhutdinov(p->beta);
    else if (geometric)
        schedule_geometric(p->beta, p->K);
    else
        ais_linear(p->beta, p->K);
    return 0;
}

int zpath_init(struct zpath *p, const struct zsubject *s, const struct zplan *plan, struct err *e)
{
    int adaptive = strcmp(plan->schedule, "adaptive") == 0, N = s->m->T.N;
    int unknown = plan->base == AIS_DATA && s->mean == NULL;
    double *mean = mem_take(N, sizeof *mean);
    struct chains c = { 0 };

    *p = (struct zpath){ .base = mem_take(N, sizeof *p->base) };
    int bad = set_schedule(p, s, plan, e);
    if (!bad && (unknown || adaptive)) pilot(&c, s, unknown ? plan->burn : 0);
    if (!bad && unknown) means(mean, &c, s);
    if (!bad) ais_base(p->base, s->m, plan->base, s->mean != NULL ? s->mean : mean, 0.01);
    if (!bad && adaptive) adapt(p, &c, s, plan);
    chains_free(&c);
    mem_free(mean);
    return bad ? -1 : 0;
}

void zpath_free(struct zpath *p)
{
    mem_free(p->beta);
    mem_free(p->base);
    *p = (struct zpath){ 0 };
}
