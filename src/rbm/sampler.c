#include "rbm/sampler.h"

#include "base/mem.h"
#include "num/blas.h"

#include <string.h>

/* Indices of more bytes than this leave the second cache; tables of more groups than this the
 * first, in which they serve one pair of tiles after the other. A look-up takes as long as a sum
 * and a half.
 */
enum { CACHE = 1 << 19, STRETCH = 64 };
static const double DEARER = 1.3, INDEXED = 2.2;

static const char *const KIND[] = { "auto", "add", "lookup", "sgemm" };
static const char *const PRECISION[] = { "float32", "int16" };

static int allowed(const struct rbm *m, enum sampler_kind kind, enum sampler_precision precision,
                   struct err *e)
{
    if (kind == SAMPLER_LOOKUP && precision != SAMPLER_INT16)
        return err_set(e, "sampler lookup in float32: expected int16");
    if (kind != SAMPLER_SGEMM) return 0;
    if (precision != SAMPLER_FLOAT32) return err_set(e, "sampler sgemm in int16: expected float32");
    if (m->T.kind != TOPOLOGY_COMPLETE)
        return err_set(e, "sampler sgemm: expected a machine whose partitions are all coupled");
    return 0;
}

/* The tables of a machine: what of them does not depend on the parameters. */
static void tables_init(struct sampler *s)
{
    const struct groups *g = &s->groups;
    int64_t row = (int64_t)g->n * KERN_LANES;
    int at_once = KERN_AT_ONCE;

    while (at_once > 2 && at_once * row * (int64_t)sizeof *s->index > CACHE) at_once /= 2;
    s->weight = mem_take(g->tables * KERN_GROUP, sizeof *s->weight);
    s->table = mem_take(g->tables * KERN_TABLE, sizeof *s->table);
    s->index = mem_take(at_once * row, sizeof *s->index);
    s->L = (struct kern_lookup){ .groups = g->n,
                                 .member = (const int32_t(*)[KERN_GROUP])g->member,
                                 .squad = g->squad,
                                 .list = g->list,
                                 .table = s->table,
                                 .at_once = at_once,
                                 .index = s->index };
}

int sampler_init(struct sampler *s, struct rbm *m, const struct kern *k, enum sampler_kind kind,
                 enum sampler_precision precision, struct err *e)
{
    int64_t N = m->T.N;

    *s = (struct sampler){ .kind = kind, .precision = precision, .k = k, .version = -1 };
    if (allowed(m, kind, precision, e)) return -1;
    if (kind == SAMPLER_AUTO) s->kind = SAMPLER_ADD;
    if (precision == SAMPLER_INT16) {
        grid_init(&s->grid, m);
        if (kind != SAMPLER_ADD) groups_init(&s->groups, m, k->group);
        if (kind == SAMPLER_AUTO &&
            DEARER * (double)s->groups.tables + INDEXED * (double)N < 2.0 * (double)m->T.M)
            s->kind = SAMPLER_LOOKUP;
        if (s->kind == SAMPLER_LOOKUP) tables_init(s);
    }
    if (kind == SAMPLER_SGEMM) {
        s->dense = mem_take(N * N, sizeof *s->dense);
        s->x = mem_take(N * SAMPLER_ROWS, sizeof *s->x);
        s->phi = mem_take(N * SAMPLER_ROWS, sizeof *s->phi);
    }
    m->how = s;
    return sampler_renew(s, m, e);
}

void sampler_free(struct sampler *s, struct rbm *m)
{
    grid_free(&s->grid);
    groups_free(&s->groups);
    mem_free(s->weight);
    mem_free(s->table);
    mem_free(s->index);
    mem_free(s->dense);
    mem_free(s->x);
    mem_free(s->phi);
    *s = (struct sampler){ 0 };
    m->how = NULL;
}

/* Do sums over n places of any list stay below 2^15 for every unit? */
static int reaches(const struct sampler *s, int squads, int n)
{
    for (int i = 0; i < squads; i++) {
        const struct kern_squad *q = s->groups.squad + i;
        int lists = q->last - q->first;
        for (int at = 0; at < lists * q->n; at++) {
            int u = at % q->n, k = at / q->n, sum = 0;
            if (k % n != 0) continue;
            for (int j = k; j < k + n && j < lists; j++) {
                const int16_t *w = s->weight + (q->table + (int64_t)j * q->n + u) * KERN_GROUP;
                for (int b = 0; b < KERN_GROUP; b++) sum += w[b] < 0 ? -w[b] : w[b];
            }
            if (sum > INT16_MAX) return 0;
        }
    }
    return 1;
}

static int fine(const struct grid *g)
{
    return g->wide ? -1 : g->s - GRID_FINE;
}

static void fill_tables(struct sampler *s, const struct rbm *m)
{
    const struct groups *g = &s->groups;
    int reach = STRETCH;

    for (int64_t k = 0; k < 2 * m->T.M; k++) s->weight[g->place[k]] = s->grid.weight[k];
    s->k->tables(s->table, s->weight, g->tables);
    /* where the grid is not wide, all sums fit */
    while (s->grid.wide && reach > 1 && !reaches(s, g->squad_first[g->K], reach)) reach /= 2;
    s->L.reach = reach;
    s->L.bias = s->grid.bias;
    s->L.step = s->grid.step;
    s->L.fine = fine(&s->grid);
}

static void fill_dense(struct sampler *s, const struct rbm *m)
{
    for (int i = 0; i < m->T.N; i++)
        for (int64_t k = m->near_first[i]; k < m->near_first[i + 1]; k++)
            s->dense[(int64_t)i * m->T.N + m->near[k]] = m->near_weight[k];
}

int sampler_renew(struct sampler *s, const struct rbm *m, struct err *e)
{
    if (s->version == m->version) return 0;
    if (s->precision == SAMPLER_INT16 && grid_round(&s->grid, m, e)) return -1;
    if (s->precision == SAMPLER_INT16 && s->kind == SAMPLER_ADD) s->span = grid_span(&s->grid, m);
    if (s->kind == SAMPLER_LOOKUP) fill_tables(s, m);
    if (s->kind == SAMPLER_SGEMM) fill_dense(s, m);
    s->version = m->version;
    return 0;
}

const char *sampler_name(const struct sampler *s)
{
    return KIND[s->kind];
}

const char *sampler_precision_name(const struct sampler *s)
{
    return PRECISION[s->precision];
}

/* What a sampler holds must be the machine of now. */
static const struct sampler *current(const struct rbm *m)
{
    struct err e = { "" };

    if (sampler_renew(m->how, m, &e)) die("a sweep of a machine that left the grid: %s", e.text);
    return m->how;
}

int sampler_is_image(const struct rbm *m)
{
    return m->how != NULL && m->how->precision == SAMPLER_INT16;
}

struct kern_net sampler_net(const struct rbm *m)
{
    if (!sampler_is_image(m)) return rbm_net(m);
    return grid_net(&current(m)->grid, m);
}

static void unpack(float *x, const uint64_t *row, int tiles)
{
    memset(x, 0, SAMPLER_ROWS * sizeof *x);
    for (int c = 0; c < tiles * KERN_LANES; c++)
        x[c] = (float)(row[c / KERN_LANES] >> c % KERN_LANES & 1);
}

/* phi [units of p, SAMPLER_ROWS] = bias + couplings to the units before and after p times x. */
static void multiply(const struct sampler *s, const struct rbm *m, int p)
{
    const int N = m->T.N, first = m->T.first[p], end = m->T.first[p + 1], rows = SAMPLER_ROWS;
    const float *W = s->dense + (int64_t)first * N;

    for (int i = first; i < end; i++)
        for (int c = 0; c < rows; c++) s->phi[(i - first) * rows + c] = m->bias[i];
    if (first > 0)
        blas_gemm_float(s->phi, rows, BLAS_PLAIN, BLAS_PLAIN, end - first, rows, first, 1.0f, W, N,
                        s->x, rows, 1.0f);
    if (end < N)
        blas_gemm_float(s->phi, rows, BLAS_PLAIN, BLAS_PLAIN, end - first, rows, N - end, 1.0f,
                        W + end, N, s->x + (int64_t)end * rows, rows, 1.0f);
}

static void draw_products(const struct sampler *s, const struct rbm *m, uint64_t *bits,
                          double *track, int64_t tiles, const struct kern_draw *d, int n,
                          const int *partition)
{
    enum { AT_ONCE = SAMPLER_ROWS / KERN_LANES };

    for (int64_t t = 0; t < tiles; t += AT_ONCE) {
        int mine = t + AT_ONCE < tiles ? AT_ONCE : (int)(tiles - t);
        struct kern_draw here = *d;
        here.counter[1] += (uint32_t)t;
        if (d->betas != NULL) here.betas += KERN_LANES * t;
        if (d->fields != NULL) here.fields += KERN_LANES * t;
        for (int i = 0; i < m->T.N; i++)
            unpack(s->x + (int64_t)i * SAMPLER_ROWS, bits + i * tiles + t, mine);
        for (int a = 0; a < n; a++) {
            int p = partition[a], first = m->T.first[p];
            multiply(s, m, p);
            for (int i = first; i < m->T.first[p + 1]; i++) {
                uint64_t *row = bits + i * tiles + t;
                if (rbm_is_held(m, i)) continue;
                s->k->draw(row, track == NULL ? NULL : track + KERN_LANES * t, mine,
                           s->phi + (i - first) * SAMPLER_ROWS, &here, i);
                unpack(s->x + (int64_t)i * SAMPLER_ROWS, row, mine);
            }
        }
    }
}

static void draw_sums(const struct sampler *s, const struct rbm *m, uint64_t *bits, double *track,
                      int64_t tiles, const struct kern_draw *d, int n, const int *partition)
{
    const struct kern_net net = rbm_net(m);
    const struct kern_grid grid = { .N = m->T.N,
                                    .first = m->near_first,
                                    .neighbour = m->near,
                                    .weight = s->grid.weight,
                                    .bias = s->grid.bias,
                                    .step = s->grid.step,
                                    .span = s->span,
                                    .fine = fine(&s->grid) };

    for (int a = 0; a < n; a++) {
        int end = m->T.first[partition[a] + 1], last;
        for (int i = m->T.first[partition[a]]; (i = rbm_run(m, i, end, &last)) < end; i = last) {
            if (s->precision == SAMPLER_INT16)
                s->k->grid(bits, track, tiles, &grid, d, i, last);
            else
                s->k->gibbs(bits, track, tiles, &net, d, i, last);
        }
    }
}

void sampler_draw(const struct rbm *m, uint64_t *bits, double *track, int64_t tiles,
                  const struct kern_draw *d, int n, const int *partition)
{
    const struct sampler *s = current(m);
    int32_t order[TOPOLOGY_PARTITIONS][2];

    if (s->kind == SAMPLER_SGEMM) {
        draw_products(s, m, bits, track, tiles, d, n, partition);
    } else if (s->kind == SAMPLER_ADD) {
        draw_sums(s, m, bits, track, tiles, d, n, partition);
    } else {
        for (int a = 0; a < n; a++) {
            order[a][0] = s->groups.squad_first[partition[a]];
            order[a][1] = s->groups.squad_first[partition[a] + 1];
        }
        s->k->lookup(bits, track, tiles, &s->L, d, n, (const int32_t(*)[2])order,
                     m->held > 0 ? m->is_held : NULL);
    }
}
