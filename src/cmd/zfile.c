#include "cmd/zfile.h"

#include "base/mem.h"
#include "io/digest.h"
#include "io/h5.h"

#include <stdio.h>
#include <string.h>

enum { LANES = KERN_LANES };

static const char *const group[ZRUN_DIRECTIONS] = { "up", "down" };

int64_t zfile_identity(const struct zsubject *s)
{
    const struct rbm *m = s->m;
    int64_t bytes = m->table.total * (int64_t)sizeof *m->param;
    uint64_t sum = digest_bytes(m->param, bytes, (uint64_t)m->T.M);

    sum = digest_bytes(m->T.edge, m->T.M * (int64_t)sizeof m->T.edge[0], sum);
    if (m->held > 0) sum = digest_bytes(m->hold, m->held * (int64_t)sizeof *m->hold, sum);
    if (s->u != NULL) sum = digest_bytes(s->u, s->Q * m->held, sum);
    if (s->state != NULL) sum = digest_bytes(s->state, s->Q * m->T.N, sum);
    return (int64_t)(sum >> 1);
}

/* What chains must have in common to be merged, beside path and machine. */
static int64_t kind(const struct zplan *p)
{
    return p->traced ? 1 : p->method == ZMETHOD_RAISE ? 2 : p->method == ZMETHOD_POPULATION ? 3 : 0;
}

/* Columns of a row for each chain: direction, condition, chain. */
struct rows {
    int64_t n;
    double *w;
    int64_t *chain;
    int32_t *condition, *direction;
};

static void rows_init(struct rows *r, int64_t n)
{
    *r = (struct rows){ .n = n };
    r->w = mem_take(n, sizeof *r->w);
    r->chain = mem_take(n, sizeof *r->chain);
    r->condition = mem_take(n, sizeof *r->condition);
    r->direction = mem_take(n, sizeof *r->direction);
}

static void rows_free(struct rows *r)
{
    mem_free(r->w);
    mem_free(r->chain);
    mem_free(r->condition);
    mem_free(r->direction);
}

/* The rows of w, in order; into them, or from their weights back. */
static void rows_fill(struct rows *r, const struct zweights *w, int back)
{
    int64_t n = 0;

    for (int d = 0; d < ZRUN_DIRECTIONS; d++)
        for (int64_t q = 0; w->has[d] && q < w->Q; q++)
            for (int64_t j = 0; j < w->n * LANES; j++) {
                int64_t entry = j / LANES, lane = j % LANES;
                double *x = &w->log_w[d][(entry * w->Q + q) * LANES + lane];
                if (!(w->live[entry] >> lane & 1)) continue;
                if (back)
                    *x = r->w[n];
                else
                    r->w[n] = *x;
                r->chain[n] = w->tile[entry] * LANES + lane;
                r->condition[n] = (int32_t)q;
                r->direction[n++] = d;
            }
}

static int put_trace(struct h5 *f, const struct zweights *w, int d, struct err *e)
{
    struct h5_shape point = { 2, { w->n * w->Q, (w->K + 1) * TRACE_FIGURES }, H5_DOUBLE };
    struct h5_shape lane = { 2, { w->n * w->Q, LANES * TRACE_LANE }, H5_DOUBLE };
    char name[2][32];

    if (!w->has[d] || !w->traced) return 0;
    snprintf(name[0], sizeof name[0], "%s/point", group[d]);
    snprintf(name[1], sizeof name[1], "%s/lane", group[d]);
    return h5_write_all(f, name[0], &point, w->point[d], "1",
                        "a row a tile and condition: of each point log sum exp of the step, mean "
                        "and squares of the derivative, products with the point before, "
                        "log sums of the weights and of their squares on arrival",
                        e) ||
           h5_write_all(f, name[1], &lane, w->lane[d], "1",
                        "a row a tile and condition: of each chain influence, integral, last "
                        "derivative",
                        e);
}

int zfile_put(struct h5 *f, const struct zweights *w, struct err *e)
{
    int64_t n = (w->has[ZRUN_UP] + w->has[ZRUN_DOWN]) * w->Q * zweights_chains(w);
    struct h5_shape real = { 1, { n }, H5_DOUBLE }, wide = { 1, { n }, H5_INT64 };
    struct h5_shape narrow = { 1, { n }, H5_INT32 }, conditions = { 1, { w->Q }, H5_DOUBLE };
    struct rows r;

    rows_init(&r, n);
    rows_fill(&r, w, 0);
    int bad =
        h5_write_all(f, "log_weights", &real, r.w, "1", "one for each chain", e) ||
        h5_write_all(f, "chain", &wide, r.chain, "1", "number of the chain in its condition", e) ||
        h5_write_all(f, "condition", &narrow, r.condition, "1", "row of /conditions", e) ||
        h5_write_all(f, "direction", &narrow, r.direction, "1", "0 up (AIS), 1 down (RAIS)", e) ||
        h5_write_all(f, "log_z0", &conditions, w->log_z0, "1", "ln Z of the base", e) ||
        put_trace(f, w, ZRUN_UP, e) || put_trace(f, w, ZRUN_DOWN, e);
    rows_free(&r);
    return bad ? -1 : 0;
}

/* New entries for the n chains of a condition. */
static void add_entries(struct zweights *w, const int64_t *chain, int64_t n)
{
    int64_t tiles = 0, at = w->n - 1;

    for (int64_t i = 0; i < n; i++) tiles += i == 0 || chain[i] / LANES != chain[i - 1] / LANES;
    zweights_grow(w, tiles);
    for (int64_t i = 0; i < n; i++) {
        int64_t t = chain[i] / LANES;
        if (i == 0 || t != chain[i - 1] / LANES) w->tile[++at] = t;
        w->live[at] |= (uint64_t)1 << chain[i] % LANES;
    }
}

static int get_trace(struct h5 *f, struct zweights *w, int64_t at, int d, struct err *e)
{
    int64_t rows = (w->n - at) * w->Q, points = (int64_t)(w->K + 1) * TRACE_FIGURES;
    char name[2][32];
    struct h5_shape s[2];

    if (!w->has[d] || !w->traced) return 0;
    snprintf(name[0], sizeof name[0], "%s/point", group[d]);
    snprintf(name[1], sizeof name[1], "%s/lane", group[d]);
    if (h5_shape(f, name[0], &s[0], e) || h5_shape(f, name[1], &s[1], e)) return -1;
    if (s[0].dims != 2 || s[0].n[0] != rows || s[0].n[1] != points || s[1].dims != 2 ||
        s[1].n[0] != rows || s[1].n[1] != LANES * TRACE_LANE)
        return err_set(e, "%s: /%s has %lld rows, expected %lld", f->path, name[0],
                       (long long)s[0].n[0], (long long)rows);
    return h5_read_all(f, name[0], H5_DOUBLE, w->point[d] + at * w->Q * points, e) ||
           h5_read_all(f, name[1], H5_DOUBLE, w->lane[d] + at * w->Q * LANES * TRACE_LANE, e);
}

/* Are the rows of the file those that chains of these numbers have? */
static int known(const struct rows *r, const struct rows *expected)
{
    size_t n = (size_t)r->n;

    return memcmp(r->chain, expected->chain, n * sizeof *r->chain) == 0 &&
           memcmp(r->condition, expected->condition, n * sizeof *r->condition) == 0 &&
           memcmp(r->direction, expected->direction, n * sizeof *r->direction) == 0;
}

/* The rows into new entries of w from `at` on. */
static int take_rows(struct zweights *w, int64_t at, struct rows *r, const char *path,
                     struct err *e)
{
    struct zweights more = *w;
    struct rows expected;
    int64_t chains = r->n / ((w->has[ZRUN_UP] + w->has[ZRUN_DOWN]) * w->Q);

    for (int64_t i = 0; i < chains; i++)
        if (r->chain[i] < 0 || (i > 0 && r->chain[i] <= r->chain[i - 1]))
            return err_set(e, "%s: /chain does not rise, expected the rows of caloq logz", path);
    add_entries(w, r->chain, chains);
    more = *w; /* a view of the new entries */
    more.n = w->n - at;
    more.tile += at;
    more.live += at;
    for (int d = 0; d < ZRUN_DIRECTIONS; d++)
        if (more.has[d]) more.log_w[d] += at * w->Q * LANES;
    rows_init(&expected, r->n);
    memcpy(expected.w, r->w, (size_t)r->n * sizeof *r->w);
    if (chains * (w->has[ZRUN_UP] + w->has[ZRUN_DOWN]) * w->Q == r->n)
        rows_fill(&expected, &more, 1);
    int bad = !known(r, &expected);
    rows_free(&expected);
    if (bad)
        err_set(e, "%s: /condition and /direction are not those of %lld conditions and the method",
                path, (long long)w->Q);
    return bad ? -1 : 0;
}

int zfile_get(struct h5 *f, struct zweights *w, struct err *e)
{
    struct h5_shape s;
    struct rows r;
    int64_t at = w->n;

    if (h5_shape(f, "log_weights", &s, e)) return -1;
    rows_init(&r, s.n[0]);
    int bad = h5_read_exact(f, "log_weights", 1, r.n, 0, H5_DOUBLE, r.w, e) ||
              h5_read_exact(f, "chain", 1, r.n, 0, H5_INT64, r.chain, e) ||
              h5_read_exact(f, "condition", 1, r.n, 0, H5_INT32, r.condition, e) ||
              h5_read_exact(f, "direction", 1, r.n, 0, H5_INT32, r.direction, e) ||
              h5_read_exact(f, "log_z0", 1, w->Q, 0, H5_DOUBLE, w->log_z0, e) ||
              take_rows(w, at, &r, f->path, e) || get_trace(f, w, at, ZRUN_UP, e) ||
              get_trace(f, w, at, ZRUN_DOWN, e);
    rows_free(&r);
    return bad ? -1 : 0;
}

int zfile_write(const struct zsubject *s, const struct zplan *plan, const struct zpath *path,
                const struct zweights *w, const struct zquality *quality, const double *energy,
                const char *name, struct err *e)
{
    struct h5_shape betas = { 1, { path->K + 1 }, H5_DOUBLE },
                    base = { 1, { s->m->T.N }, H5_FLOAT };
    struct h5_shape conditions = { 1, { s->Q }, H5_DOUBLE };
    struct h5 f = { 0 };
    int bad =
        h5_create(&f, s->r->P, name, 0, e) || h5_put_text(&f, "/", "format", "caloq-logz", e) ||
        h5_put_int(&f, "/", "version", 1, e) ||
        h5_put_int(&f, "/", "seed", (int64_t)s->r->seed, e) ||
        h5_put_int(&f, "/", "sweeps", plan->sweeps, e) ||
        h5_put_int(&f, "/", "marginal", plan->marginal, e) ||
        h5_put_int(&f, "/", "kind", kind(plan), e) ||
        h5_put_int(&f, "/", "start", plan->down ? (int)plan->start : -1, e) ||
        h5_put_int(&f, "/", "burn", plan->down ? plan->burn : -1, e) ||
        h5_put_int(&f, "/", "identity", zfile_identity(s), e) || zfile_put(&f, w, e) ||
        zquality_write(&f, quality, s->Q, e) ||
        h5_write_all(&f, "betas", &betas, path->beta, "1", "the path, from 0 to 1", e) ||
        h5_write_all(&f, "base", &base, path->base, "1", "fields of the base", e) ||
        (energy != NULL &&
         h5_write_all(&f, "conditions", &conditions, energy, "MeV", "incident energies", e)) ||
        h5_commit(&f, e);

    h5_close(&f);
    return bad ? -1 : 0;
}

/* Is an attribute what this run would write? */
static int same_number(const struct h5 *f, const char *key, int64_t expected, const char *what,
                       struct err *e)
{
    int64_t x;

    if (h5_get_int(f, "/", key, &x, e)) return -1;
    if (x == expected) return 0;
    return err_set(e, "%s: is of another %s, expected chains that differ in their numbers alone",
                   f->path, what);
}

static int same_path(const struct h5 *f, const struct zpath *path, int N, struct err *e)
{
    struct h5_shape s, b;

    if (h5_shape(f, "betas", &s, e) || h5_shape(f, "base", &b, e)) return -1;
    if (s.dims != 1 || b.dims != 1)
        return err_set(e, "%s: /betas or /base is no list of numbers", f->path);
    double *beta = mem_take(s.n[0], sizeof *beta);
    float *base = mem_take(b.n[0], sizeof *base);
    int bad =
        h5_read_all(f, "betas", H5_DOUBLE, beta, e) || h5_read_all(f, "base", H5_FLOAT, base, e);
    int betas = !bad && s.n[0] == path->K + 1 &&
                memcmp(beta, path->beta, (size_t)s.n[0] * sizeof *beta) == 0;
    int bases = !bad && b.n[0] == N && memcmp(base, path->base, (size_t)N * sizeof *base) == 0;
    mem_free(base);
    mem_free(beta);
    if (bad) return -1;
    if (betas && bases) return 0;
    return err_set(e, "%s: has other %s, expected chains that differ in their numbers alone",
                   f->path, betas ? "base fields" : "betas");
}

int zfile_read(const struct zsubject *s, const struct zplan *plan, const struct zpath *path,
               struct zweights *w, const char *name, struct err *e)
{
    char format[32] = "";
    struct h5 f = { 0 };
    int bad = h5_open(&f, s->r->P, name, e);

    if (!bad && (h5_get_text(&f, "/", "format", format, sizeof format, e) ||
                 strcmp(format, "caloq-logz") != 0))
        bad = err_set(e, "%s: holds no log-weights of caloq logz", name);
    if (!bad)
        bad =
            same_number(&f, "identity", zfile_identity(s), "machine or other conditions", e) ||
            same_number(&f, "seed", (int64_t)s->r->seed, "seed", e) ||
            same_number(&f, "kind", kind(plan), "method", e) ||
            same_number(&f, "marginal", plan->marginal, "summed partition", e) ||
            same_number(&f, "sweeps", plan->sweeps, "number of sweeps", e) ||
            (plan->down && (same_number(&f, "start", plan->start, "kind of start", e) ||
                            same_number(&f, "burn", plan->burn, "number of sweeps to begin", e))) ||
            same_path(&f, path, s->m->T.N, e) || zfile_get(&f, w, e);
    h5_close(&f);
    return bad ? -1 : 0;
}
