#include "shower/prdc.h"

#include "base/mem.h"
#include "num/blas.h"

#include <math.h>
#include <string.h>

/* One sample on its way: squared norms, and for each row the k least squared distances so far. */
struct side {
    const float *x;
    int64_t n, tiles;
    struct block mine; /* rows */
    double *norm;      /* [n] */
    float *near;       /* [n, k], ascending */
    float *radius;     /* [n] squared rho_k */
};

struct desk {
    const struct par *P;
    int d, k;
    float *tile; /* [PRDC_TILE, d] a tile that was sent round */
    float *dist; /* [PRDC_TILE, PRDC_TILE] */
};

static int64_t tiles_of(int64_t n)
{
    return (n + PRDC_TILE - 1) / PRDC_TILE;
}

static struct block rows_of(int64_t n, int rank, int size)
{
    struct block t = block_of(tiles_of(n), rank, size);
    int64_t first = t.first * PRDC_TILE, end = block_end(t) * PRDC_TILE;

    if (first > n) first = n;
    return (struct block){ first, (end < n ? end : n) - first };
}

struct block prdc_rows(int64_t n, const struct par *P)
{
    return rows_of(n, P->rank, P->size);
}

void prdc_features(float *x, int64_t numbers, double threshold)
{
    for (int64_t i = 0; i < numbers; i++)
        x[i] = x[i] > 0.0f && x[i] >= threshold ? log10f(x[i]) + 1.0f : 0.0f;
}

static void begin(struct side *s, const struct prdc_sample *S, const struct desk *w)
{
    *s = (struct side){ .x = S->x, .n = S->n, .tiles = tiles_of(S->n) };
    s->mine = prdc_rows(S->n, w->P);
    s->norm = mem_take(S->n, sizeof *s->norm);
    s->near = mem_take(S->n * w->k, sizeof *s->near);
    s->radius = mem_take(S->n, sizeof *s->radius);
    for (int64_t i = 0; i < S->n * w->k; i++) s->near[i] = INFINITY;
}

static void end(struct side *s)
{
    mem_free(s->norm);
    mem_free(s->near);
    mem_free(s->radius);
}

/* Squared norms of all rows on every rank; -1 when one is not finite. Collective. */
static int measure(struct side *s, const struct desk *w, const char *name, struct err *e)
{
    double *own = mem_take(s->mine.count, sizeof *own);

    for (int64_t i = 0; i < s->mine.count; i++)
        for (int j = 0; j < w->d; j++) own[i] += (double)s->x[i * w->d + j] * s->x[i * w->d + j];
    par_allgather(w->P, own, s->mine.count * (int64_t)sizeof *own, s->norm);
    mem_free(own);
    for (int64_t i = 0; i < s->n; i++)
        if (!isfinite(s->norm[i]))
            return err_set(e,
                           "%s shower %lld has a voxel that is not finite, so it has no distance "
                           "to its neighbours",
                           name, (long long)i);
    return 0;
}

static int height(const struct side *s, int64_t tile)
{
    int64_t left = s->n - tile * PRDC_TILE;

    return (int)(left < PRDC_TILE ? left : PRDC_TILE);
}

static int owns(const struct side *s, int64_t tile)
{
    return tile * PRDC_TILE >= s->mine.first && tile * PRDC_TILE < block_end(s->mine);
}

static const float *rows(const struct side *s, const struct desk *w, int64_t tile)
{
    return s->x + (tile * PRDC_TILE - s->mine.first) * w->d;
}

/* Tile t of s to every rank; its address. Collective. */
static const float *send_round(const struct side *s, struct desk *w, int64_t t)
{
    int owner = 0;

    while (block_end(block_of(s->tiles, owner, w->P->size)) <= t) owner++;
    if (owner == w->P->rank)
        memcpy(w->tile, rows(s, w, t), (size_t)height(s, t) * (size_t)w->d * sizeof(float));
    par_bcast(w->P, w->tile, (int64_t)height(s, t) * w->d * (int64_t)sizeof(float), owner);
    return w->tile;
}

/* dist [na, nb] = squared distances of tile a of A (rows xa) to tile b of B (rows xb). */
static void distances(struct desk *w, const struct side *A, int64_t a, const float *xa,
                      const struct side *B, int64_t b, const float *xb)
{
    const int na = height(A, a), nb = height(B, b);
    const double *pa = A->norm + a * PRDC_TILE, *pb = B->norm + b * PRDC_TILE;

    blas_gemm_float(w->dist, nb, BLAS_PLAIN, BLAS_TRANSPOSED, na, nb, w->d, -2.0f, xa, w->d, xb,
                    w->d, 0.0f);
    for (int i = 0; i < na; i++)
        for (int j = 0; j < nb; j++) {
            float *x = w->dist + (int64_t)i * nb + j;
            *x = fmaxf((float)(pa[i] + pb[j] + *x), 0.0f);
        }
}

/* Let x into the ascending list of the k least. */
static void let_in(float *near, int k, float x)
{
    int i = k - 1;

    if (!(x < near[i])) return;
    for (; i > 0 && near[i - 1] > x; i--) near[i] = near[i - 1];
    near[i] = x;
}

static void meet(struct side *s, const struct desk *w, int64_t a, int64_t b)
{
    const int na = height(s, a), nb = height(s, b), k = w->k;
    float *ka = s->near + a * PRDC_TILE * k, *kb = s->near + b * PRDC_TILE * k;

    for (int i = 0; i < na; i++)
        for (int j = a == b ? i + 1 : 0; j < nb; j++) {
            float x = w->dist[(int64_t)i * nb + j];
            let_in(ka + i * k, k, x);
            let_in(kb + j * k, k, x);
        }
}

/* Every rank has met its share of the pairs: join the lists at the rows' owners, then tell all. */
static void join(struct side *s, const struct desk *w)
{
    const struct par *P = w->P;
    const int64_t row = w->k * (int64_t)sizeof(float);
    int64_t *send = mem_take(P->size, sizeof *send), *get = mem_take(P->size, sizeof *get);
    float *all = mem_take(P->size * s->mine.count * w->k, sizeof *all);
    float *own = mem_take(s->mine.count, sizeof *own);

    for (int r = 0; r < P->size; r++) {
        send[r] = rows_of(s->n, r, P->size).count * row;
        get[r] = s->mine.count * row;
    }
    par_exchange(P, s->near, send, all, get);
    for (int64_t i = 0; i < s->mine.count; i++) {
        float *near = all + i * w->k;
        for (int r = 1; r < P->size; r++)
            for (int j = 0; j < w->k; j++)
                let_in(near, w->k, all[(r * s->mine.count + i) * w->k + j]);
        own[i] = near[w->k - 1];
    }
    par_allgather(P, own, s->mine.count * (int64_t)sizeof *own, s->radius);
    mem_free(own);
    mem_free(all);
    mem_free(get);
    mem_free(send);
}

/* Squared rho_k of every row. A pair of tiles a < b is met once: by the owner of a where a + b is
 * even, else by that of b, always as (a, b). Collective. */
static void neighbours(struct side *s, struct desk *w)
{
    for (int64_t t = 0; t < s->tiles; t++) {
        const float *other = send_round(s, w, t);
        for (int64_t u = s->mine.first / PRDC_TILE; u < s->tiles && owns(s, u); u++) {
            int odd = (int)((t + u) & 1);
            if (u <= t && !odd)
                distances(w, s, u, rows(s, w, u), s, t, other);
            else if (u > t && odd)
                distances(w, s, t, other, s, u, rows(s, w, u));
            else
                continue;
            meet(s, w, u < t ? u : t, u < t ? t : u);
        }
    }
    join(s, w);
}

/* What the pairs of a reference and a generated row come to. */
struct counts {
    int64_t *balls; /* [m] reference balls that hold generated row j */
    int64_t recalled, covered;
};

static void cross_tile(const struct side *X, const struct side *Y, const struct desk *w, int64_t a,
                       int64_t b, struct counts *c, uint8_t *recalled, uint8_t *covered)
{
    const int na = height(X, a), nb = height(Y, b);
    const float *rx = X->radius + a * PRDC_TILE, *ry = Y->radius + b * PRDC_TILE;
    int64_t *balls = c->balls + b * PRDC_TILE;

    for (int i = 0; i < na; i++)
        for (int j = 0; j < nb; j++) {
            float x = w->dist[(int64_t)i * nb + j];
            int inside = x < rx[i];
            balls[j] += inside;
            covered[i] |= (uint8_t)inside;
            recalled[i] |= x < ry[j];
        }
}

static void cross(const struct side *X, const struct side *Y, struct desk *w, struct counts *c)
{
    uint8_t *recalled = mem_take(X->mine.count, 1), *covered = mem_take(X->mine.count, 1);

    for (int64_t b = 0; b < Y->tiles; b++) {
        const float *other = send_round(Y, w, b);
        for (int64_t a = X->mine.first / PRDC_TILE; a < X->tiles && owns(X, a); a++) {
            int64_t at = a * PRDC_TILE - X->mine.first;
            distances(w, X, a, rows(X, w, a), Y, b, other);
            cross_tile(X, Y, w, a, b, c, recalled + at, covered + at);
        }
    }
    for (int64_t i = 0; i < X->mine.count; i++) {
        c->recalled += recalled[i];
        c->covered += covered[i];
    }
    par_sum_int(w->P, c->balls, Y->n);
    c->recalled = par_sum_one(w->P, c->recalled);
    c->covered = par_sum_one(w->P, c->covered);
    mem_free(recalled);
    mem_free(covered);
}

static void sum_up(struct prdc *r, const struct side *X, const struct side *Y, struct desk *w)
{
    struct counts c = { .balls = mem_take(Y->n, sizeof *c.balls) };
    int64_t inside = 0, all = 0;

    cross(X, Y, w, &c);
    for (int64_t j = 0; j < Y->n; j++) {
        inside += c.balls[j] > 0;
        all += c.balls[j];
    }
    r->precision = (double)inside / (double)Y->n;
    r->density = (double)all / ((double)w->k * (double)Y->n);
    r->recall = (double)c.recalled / (double)X->n;
    r->coverage = (double)c.covered / (double)X->n;
    mem_free(c.balls);
}

int prdc_of(struct prdc *r, const struct par *P, const struct prdc_sample *X,
            const struct prdc_sample *Y, int d, int k, struct err *e)
{
    struct desk w = { .P = P, .d = d, .k = k };
    struct side x, y;
    int64_t least = X->n < Y->n ? X->n : Y->n;

    if (least <= k)
        return err_set(e,
                       "a sample of %lld showers has no %d-th nearest neighbour; expected at "
                       "least %d",
                       (long long)least, k, k + 1);
    w.tile = mem_take((int64_t)PRDC_TILE * d, sizeof *w.tile);
    w.dist = mem_take(PRDC_TILE * PRDC_TILE, sizeof *w.dist);
    begin(&x, X, &w);
    begin(&y, Y, &w);
    int bad = measure(&x, &w, "reference", e) || measure(&y, &w, "generated", e);
    if (!bad) {
        neighbours(&x, &w);
        neighbours(&y, &w);
        sum_up(r, &x, &y, &w);
    }
    end(&x);
    end(&y);
    mem_free(w.tile);
    mem_free(w.dist);
    return bad ? -1 : 0;
}
