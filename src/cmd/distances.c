#include "cmd/distances.h"

#include "base/mem.h"
#include "cmd/bits.h"
#include "cmd/showers.h"
#include "shower/correlation.h"
#include "shower/prdc.h"
#include "shower/wasserstein.h"

#include <string.h>

/* This rank's rows of the first n showers as PRDC wants them; owned by the caller. */
static int features(struct judge *j, const struct source *s, int64_t n, float **out, struct err *e)
{
    const int V = j->geom.voxels;
    struct block mine = prdc_rows(n, j->r->P);
    double most = (double)mine.count;

    par_max(j->r->P, &most, 1);
    *out = mem_take(mine.count * V, sizeof **out);
    for (int64_t first = 0; first < (int64_t)most; first += JUDGE_PIECE) {
        struct block rows = showers_piece(mine, first / JUDGE_PIECE, JUDGE_PIECE);
        if (source_rows(s, rows, *out + (rows.first - mine.first) * V, e)) return -1;
    }
    prdc_features(*out, mine.count * V, j->geom.threshold);
    return 0;
}

int distances_prdc(struct judge *j, const struct source *reference, const struct source *generated,
                   struct err *e)
{
    const struct conf *c = j->r->conf;
    const int64_t most = conf_int(c, "evaluate.prdc");
    struct prdc_sample X = { .n = reference->events }, Y = { .n = generated->events };
    struct json *out = j->r->result;
    float *x = NULL, *y = NULL;
    struct prdc r;

    if (most == 0) return 0;
    if (X.n > most) X.n = most;
    if (Y.n > most) Y.n = most;
    int bad = features(j, reference, X.n, &x, e) || features(j, generated, Y.n, &y, e);
    if (!bad) {
        X.x = x;
        Y.x = y;
        bad = prdc_of(&r, j->r->P, &X, &Y, j->geom.voxels, (int)conf_int(c, "evaluate.prdc_k"), e);
    }
    mem_free(x);
    mem_free(y);
    if (bad) return -1;
    json_put_real(out, "precision", r.precision);
    json_put_real(out, "recall", r.recall);
    json_put_real(out, "density", r.density);
    json_put_real(out, "coverage", r.coverage);
    json_put_int(out, "prdc_showers", X.n < Y.n ? X.n : Y.n);
    return 0;
}

/* Rows to correlate: this rank's are block_of(n); `rows` puts some of them into out [count, d]. */
struct table {
    int64_t n;
    int d;
    int (*rows)(const struct table *t, struct block rows, float *out, struct err *e);
    struct judge *j;
    const struct source *source;        /* voxels, hits */
    const struct features_of_sample *f; /* layers */
    const struct bits *bits;            /* latent bits */
};

static int voxels(const struct table *t, struct block rows, float *out, struct err *e)
{
    const double threshold = t->j->geom.threshold;

    if (source_rows(t->source, rows, out, e)) return -1;
    for (int64_t i = 0; i < rows.count * t->d; i++)
        if (out[i] < threshold) out[i] = 0.0f;
    return 0;
}

static int hits(const struct table *t, struct block rows, float *out, struct err *e)
{
    if (voxels(t, rows, out, e)) return -1;
    for (int64_t i = 0; i < rows.count * t->d; i++) out[i] = out[i] > 0.0f;
    return 0;
}

static int layers(const struct table *t, struct block rows, float *out, struct err *e)
{
    (void)e;
    memcpy(out, t->f->layer + (rows.first - t->f->s.mine.first) * t->d,
           (size_t)(rows.count * t->d) * sizeof *out);
    return 0;
}

static int latents(const struct table *t, struct block rows, float *out, struct err *e)
{
    const uint8_t *state = t->bits->state + (rows.first - t->bits->rows.first) * t->d;

    (void)e;
    for (int64_t i = 0; i < rows.count * t->d; i++) out[i] = state[i];
    return 0;
}

/* Two ways through all rows: moments, then products. */
static int correlate(struct correlation *c, const struct table *t, struct err *e)
{
    const struct par *P = t->j->r->P;
    const int64_t pieces = showers_pieces(P, t->n, JUDGE_PIECE);
    float *x = mem_take((int64_t)JUDGE_PIECE * t->d, sizeof *x);
    int bad = 0;

    correlation_init(c, P, t->d, JUDGE_PIECE);
    for (int64_t i = 0; i < 2 * pieces; i++) {
        struct block mine = block_of(t->n, P->rank, P->size);
        struct block rows = showers_piece(mine, i % pieces, JUDGE_PIECE);
        if ((bad = t->rows(t, rows, x, e)) != 0) break;
        if (i == pieces) correlation_know(c);
        if (i < pieces)
            correlation_look(c, x, (int)rows.count);
        else
            correlation_add(c, x, (int)rows.count);
    }
    if (!bad) correlation_finish(c);
    mem_free(x);
    return bad;
}

static int compare(struct judge *j, const char *key, const struct table *a, const struct table *b,
                   struct err *e)
{
    struct correlation ca = { 0 }, cb = { 0 };
    int bad = correlate(&ca, a, e) || correlate(&cb, b, e);

    if (!bad) json_put_real(j->r->result, key, correlation_distance(&ca, &cb));
    correlation_free(&ca);
    correlation_free(&cb);
    return bad ? -1 : 0;
}

int distances_correlation(struct judge *j, const struct source *reference,
                          const struct features_of_sample *x, const struct source *generated,
                          const struct features_of_sample *y, struct err *e)
{
    enum { NONE, LAYERS };
    const int wanted = conf_choice(j->r->conf, "evaluate.correlations");
    struct table a = { reference->events, j->geom.layers, layers, j, reference, x, NULL };
    struct table b = { generated->events, j->geom.layers, layers, j, generated, y, NULL };

    if (wanted == NONE) return 0;
    if (a.n < 2 || b.n < 2)
        return err_set(e, "evaluate.correlations: a sample of one shower has no correlations");
    if (compare(j, "correlation.layers", &a, &b, e)) return -1;
    if (wanted == LAYERS) return 0;
    a.d = b.d = j->geom.voxels;
    a.rows = b.rows = voxels;
    if (compare(j, "correlation.voxels", &a, &b, e)) return -1;
    a.rows = b.rows = hits;
    return compare(j, "correlation.hits", &a, &b, e);
}

static int read_latents(struct bits *b, const struct par *P, const char *path, struct err *e)
{
    if (bits_read(b, P, path, e)) return -1;
    if (b->M < 2)
        return err_set(e, "%s: one state has no correlations, expected two or more", path);
    return 0;
}

int distances_latents(struct judge *j, struct err *e)
{
    const struct conf *c = j->r->conf;
    const int n = conf_count(c, "evaluate.latents");
    struct bits a = { 0 }, b = { 0 };

    if (n == 0) return 0;
    if (n != 2)
        return err_set(e,
                       "evaluate.latents lists %d files, expected two: the reference's latent bits "
                       "and the generated ones",
                       n);
    const char *first = conf_text_at(c, "evaluate.latents", 0);
    const char *second = conf_text_at(c, "evaluate.latents", 1);
    int bad = read_latents(&a, j->r->P, first, e) || read_latents(&b, j->r->P, second, e);
    if (!bad && a.N != b.N)
        bad = err_set(e,
                      "evaluate.latents: states of %d bits in %s and of %d in %s, expected as many",
                      a.N, first, b.N, second);
    if (!bad) {
        struct table ta = { a.M, a.N, latents, j, NULL, NULL, &a };
        struct table tb = { b.M, b.N, latents, j, NULL, NULL, &b };
        bad = compare(j, "correlation.latents", &ta, &tb, e);
    }
    bits_free(&a);
    bits_free(&b);
    return bad ? -1 : 0;
}

/* The name of a column without its layer. */
static void group_of(char *text, int n, const struct judge *j, int column)
{
    features_name(text, n, &j->geom, j->kind, column);
    char *layer = strstr(text, "_layer_");
    if (layer != NULL) *layer = '\0';
}

void distances_wasserstein(struct judge *j, const struct features_of_sample *reference,
                           const struct features_of_sample *generated, double *w)
{
    char group[64], next[64];

    wasserstein_columns(w, j->r->P, &reference->s, &generated->s, j->d);
    for (int first = 0; first < j->d;) {
        double sum = 0.0;
        int last = first;
        group_of(group, sizeof group, j, first);
        do {
            sum += w[last++];
            if (last < j->d) group_of(next, sizeof next, j, last);
        } while (last < j->d && strcmp(group, next) == 0);
        char *key = mem_print("wasserstein.%s", group);
        json_put_real(j->r->result, key, sum / (last - first));
        mem_free(key);
        first = last;
    }
}

static struct json *bins(const struct resolution *r)
{
    struct json *list = json_list();

    for (int i = 0; i < RESOLUTION_BINS; i++) {
        const struct resolution_bin *b = &r->bin[i];
        if (b->n < RESOLUTION_LEAST) continue;
        struct json *one = json_new();
        json_put_int(one, "showers", b->n);
        json_put_real(one, "energy_gev", b->energy);
        json_put_real(one, "response", b->mean);
        json_put_real(one, "resolution", b->relative);
        json_put_real(one, "error", b->error);
        json_add(list, one);
    }
    return list;
}

void distances_resolution(struct judge *j, const char *sample, const struct source *s,
                          const struct features_of_sample *f, double least, double most)
{
    struct json *one = json_new();
    struct resolution r;

    resolution_init(&r, least, most);
    resolution_add(&r, s->energy + f->s.mine.first, f->total, (int)f->s.mine.count);
    resolution_finish(&r, j->r->P);
    if (r.fit.bins >= 3) {
        json_put_real(one, "stochastic_sqrt_gev", r.fit.a);
        json_put_real(one, "stochastic_error", r.fit.a_error);
        json_put_real(one, "constant", r.fit.b);
        json_put_real(one, "constant_error", r.fit.b_error);
        json_put_real(one, "noise_gev", r.fit.c);
        json_put_real(one, "noise_error", r.fit.c_error);
        json_put_real(one, "chi2", r.fit.chi2);
        json_put_int(one, "freedom", r.fit.freedom);
        json_put_real(one, "slope_per_decade", r.fit.slope);
        json_put_real(one, "slope_error", r.fit.slope_error);
    }
    json_put(one, "bins", bins(&r));
    char *key = mem_print("resolution.%s", sample);
    json_put(j->r->result, key, one);
    mem_free(key);
}
