#include "cmd/zweights.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { LANES = KERN_LANES };

void zweights_init(struct zweights *w, int64_t Q, const struct zplan *plan, int K)
{
    *w = (struct zweights){ .Q = Q, .K = K, .traced = plan->traced };
    w->has[ZRUN_UP] = plan->up;
    w->has[ZRUN_DOWN] = plan->down;
    w->log_z0 = mem_take(Q, sizeof *w->log_z0);
}

void zweights_free(struct zweights *w)
{
    for (int d = 0; d < ZRUN_DIRECTIONS; d++) {
        mem_free(w->log_w[d]);
        mem_free(w->point[d]);
        mem_free(w->lane[d]);
    }
    mem_free(w->tile);
    mem_free(w->live);
    mem_free(w->log_z0);
    *w = (struct zweights){ 0 };
}

/* Doubles of an entry in each of the three lists. */
static int64_t width(const struct zweights *w, int list)
{
    const int64_t each[3] = { LANES, (int64_t)(w->K + 1) * TRACE_FIGURES, LANES * TRACE_LANE };

    return w->Q * each[list];
}

static double **list_of(struct zweights *w, int d, int list)
{
    return list == 0 ? &w->log_w[d] : list == 1 ? &w->point[d] : &w->lane[d];
}

/* Is the list kept for this direction? */
static int kept(const struct zweights *w, int d, int list)
{
    return w->has[d] && (list == 0 || w->traced);
}

static void *longer(void *x, int64_t n, int64_t more, size_t size)
{
    char *y = mem_take(n + more, size);

    if (x != NULL) memcpy(y, x, (size_t)n * size);
    mem_free(x);
    return y;
}

void zweights_grow(struct zweights *w, int64_t more)
{
    w->tile = longer(w->tile, w->n, more, sizeof *w->tile);
    w->live = longer(w->live, w->n, more, sizeof *w->live);
    for (int d = 0; d < ZRUN_DIRECTIONS; d++)
        for (int i = 0; i < 3; i++) {
            double **x = list_of(w, d, i);
            if (kept(w, d, i)) *x = longer(*x, w->n * width(w, i), more * width(w, i), sizeof **x);
        }
    w->n += more;
}

/* A rank's list of `each` doubles a tile, gathered into the entries from `at` on. */
static void gather(struct zweights *w, const struct zrun *z, const double *mine, int d, int list,
                   int64_t at)
{
    int64_t tiles = w->Q * z->tiles.each, each = width(w, list) / w->Q;
    double *all = mem_take(tiles * each, sizeof *all), *to = *list_of(w, d, list);

    par_allgather(z->s->r->P, mine, z->tiles.mine.count * each * (int64_t)sizeof *all, all);
    for (int64_t i = 0; i < tiles; i++) {
        int64_t entry = at + ztiles_tile(&z->tiles, i) - z->tiles.first_tile;
        memcpy(to + (entry * w->Q + ztiles_condition(&z->tiles, i)) * each, all + i * each,
               (size_t)each * sizeof *all);
    }
    mem_free(all);
}

static void gather_base(struct zweights *w, const struct zrun *z, const double *mine)
{
    int64_t tiles = w->Q * z->tiles.each;
    double *all = mem_take(tiles, sizeof *all);

    par_allgather(z->s->r->P, mine, z->tiles.mine.count * (int64_t)sizeof *all, all);
    for (int64_t i = 0; i < tiles; i++) w->log_z0[ztiles_condition(&z->tiles, i)] = all[i];
    mem_free(all);
}

void zweights_add(struct zweights *w, const struct zrun *z)
{
    int64_t at = w->n, tiles = w->Q * z->tiles.each;
    uint64_t *live = mem_take(tiles, sizeof *live);

    zweights_grow(w, z->tiles.each);
    par_allgather(z->s->r->P, z->live, z->tiles.mine.count * (int64_t)sizeof *live, live);
    for (int64_t i = 0; i < tiles; i++) {
        int64_t t = ztiles_tile(&z->tiles, i);
        w->tile[at + t - z->tiles.first_tile] = t;
        w->live[at + t - z->tiles.first_tile] = live[i];
    }
    mem_free(live);
    for (int d = 0; d < ZRUN_DIRECTIONS; d++) {
        if (!w->has[d]) continue;
        gather_base(w, z, z->ais[d].log_z0);
        gather(w, z, z->ais[d].log_w, d, 0, at);
        if (!w->traced) continue;
        gather(w, z, z->trace[d].point, d, 1, at);
        gather(w, z, z->trace[d].lane, d, 2, at);
    }
}

int64_t zweights_chains(const struct zweights *w)
{
    int64_t n = 0;

    for (int64_t i = 0; i < w->n; i++)
        for (int c = 0; c < LANES; c++) n += (int64_t)(w->live[i] >> c & 1);
    return n;
}

void zweights_of(const struct zweights *w, int direction, int64_t q, double *out)
{
    for (int64_t i = 0; i < w->n; i++)
        for (int c = 0; c < LANES; c++)
            if (w->live[i] >> c & 1) *out++ = w->log_w[direction][(i * w->Q + q) * LANES + c];
}

struct trace_sums zweights_trace(const struct zweights *w, int direction, int64_t q,
                                 const double *beta)
{
    const double **point = mem_take(w->n, sizeof *point), **lane = mem_take(w->n, sizeof *lane);
    double *along = mem_take(w->K + 1, sizeof *along);

    for (int64_t i = 0; i < w->n; i++) {
        point[i] = w->point[direction] + (i * w->Q + q) * (w->K + 1) * TRACE_FIGURES;
        lane[i] = w->lane[direction] + (i * w->Q + q) * LANES * TRACE_LANE;
    }
    for (int k = 0; k <= w->K; k++) along[k] = beta[direction == ZRUN_UP ? k : w->K - k];
    struct trace_sums s = trace_sum(w->n, w->K, point, lane, w->live, along);
    mem_free(point);
    mem_free(lane);
    mem_free(along);
    return s;
}

/* Stepping stones or integration in place of the mean weight. */
static void replace(struct logweights *l, const struct trace_sums *s, int ti)
{
    l->log_mean = ti ? s->ti : s->stepping;
    l->error = ti ? s->ti_error : s->stepping_error;
}

static void take_trace(struct logweights_bracket *b, const struct zweights *w,
                       const struct zpath *path, int64_t q, int ti)
{
    struct trace_sums up = zweights_trace(w, ZRUN_UP, q, path->beta);
    struct trace_sums down = zweights_trace(w, ZRUN_DOWN, q, path->beta);

    replace(&b->forward, &up, ti);
    replace(&b->reverse, &down, ti);
    b->logz = b->log_z0 + b->forward.log_mean;
    b->error = b->forward.error;
    b->lower = b->logz - 2.0 * b->error;
    b->upper = b->log_z0 - b->reverse.log_mean + 2.0 * b->reverse.error;
}

struct logweights_bracket zweights_bracket(const struct zweights *w, const struct zplan *plan,
                                           const struct zpath *path, int64_t q)
{
    int64_t n = zweights_chains(w), count[ZRUN_DIRECTIONS] = { 0 };
    double *x[ZRUN_DIRECTIONS] = { NULL };

    for (int d = 0; d < ZRUN_DIRECTIONS; d++) {
        if (!w->has[d]) continue;
        x[d] = mem_take(n, sizeof *x[d]);
        zweights_of(w, d, q, x[d]);
        count[d] = n;
    }
    struct logweights_bracket b = logweights_bracket(w->log_z0[q], x[ZRUN_UP], count[ZRUN_UP],
                                                     x[ZRUN_DOWN], count[ZRUN_DOWN]);
    if (plan->method == ZMETHOD_BAR)
        b.logz = b.log_z0 + logweights_bar(x[ZRUN_UP], n, x[ZRUN_DOWN], n, &b.error);
    if (plan->method == ZMETHOD_STEPPING || plan->method == ZMETHOD_TI)
        take_trace(&b, w, path, q, plan->method == ZMETHOD_TI);
    for (int d = 0; d < ZRUN_DIRECTIONS; d++) mem_free(x[d]);
    return b;
}

struct place {
    int64_t tile, lane, entry;
};

static int before(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    if (x->tile != y->tile) return x->tile < y->tile ? -1 : 1;
    return x->lane < y->lane ? -1 : x->lane > y->lane;
}

/* Entries of one list in a new order. */
static void reorder(void *x, const struct place *p, int64_t n, size_t size)
{
    char *from = mem_take(n, size), *to = x;

    memcpy(from, x, (size_t)n * size);
    for (int64_t i = 0; i < n; i++)
        memcpy(to + (size_t)i * size, from + (size_t)p[i].entry * size, size);
    mem_free(from);
}

static int lowest(uint64_t live)
{
    int c = 0;

    while (c < LANES && !(live >> c & 1)) c++;
    return c;
}

int zweights_sort(struct zweights *w, struct err *e)
{
    struct place *p = mem_take(w->n, sizeof *p);
    int bad = 0;

    for (int64_t i = 0; i < w->n; i++) p[i] = (struct place){ w->tile[i], lowest(w->live[i]), i };
    qsort(p, (size_t)w->n, sizeof *p, before);
    reorder(w->tile, p, w->n, sizeof *w->tile);
    reorder(w->live, p, w->n, sizeof *w->live);
    for (int d = 0; d < ZRUN_DIRECTIONS; d++)
        for (int i = 0; i < 3; i++)
            if (kept(w, d, i))
                reorder(*list_of(w, d, i), p, w->n, (size_t)width(w, i) * sizeof(double));
    mem_free(p);
    for (int64_t i = 1; i < w->n && !bad; i++) {
        uint64_t both = w->live[i] & w->live[i - 1];
        if (w->tile[i] != w->tile[i - 1]) continue;
        if (both != 0)
            bad = err_set(e, "logz.merge: chain %lld is in two of the files",
                          (long long)(w->tile[i] * LANES + lowest(both)));
        else if (w->traced)
            bad = err_set(e,
                          "logz.merge: chains of tile %lld are in two files, expected whole tiles "
                          "of 64 where the points of the path are kept",
                          (long long)w->tile[i]);
    }
    return bad;
}
