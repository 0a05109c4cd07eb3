#include "cmd/distances.h"

#include "base/mem.h"
#include "cmd/bits.h"
#include "cmd/showers.h"
#include "shower/correlation.h"
#include "shower/prdc.h"
#include "shower/wasserstein.h"

#include <string.h>

enum kind { LAYERS, VOXELS, HITS, KINDS };

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

/* Columns of one piece of showers: x [rows, V] becomes what is asked for, in place or in small. */
static const float *columns(struct judge *j, enum kind kind, const double *energy, int rows,
                            float *small)
{
    const struct geom *g = &j->geom;
    int64_t n = (int64_t)rows * g->voxels;

    for (int64_t i = 0; i < n; i++) {
        int hit = j->x[i] > 0.0f && j->x[i] >= g->threshold;
        j->x[i] = kind == HITS ? (float)hit : hit ? j->x[i] : 0.0f;
    }
    if (kind != LAYERS) return j->x;
    observables_of(&j->ox, g, j->x, energy, rows, g->threshold);
    for (int64_t i = 0; i < (int64_t)rows * g->layers; i++) small[i] = (float)j->ox.layer[i];
    return small;
}

static int gather(struct judge *j, const struct source *s, enum kind kind, struct correlation *c,
                  struct err *e)
{
    const struct par *P = j->r->P;
    const int64_t pieces = showers_pieces(P, s->events, JUDGE_PIECE);
    float *small = mem_take((int64_t)JUDGE_PIECE * j->geom.layers, sizeof *small);
    int bad = 0;

    correlation_init(c, P, kind == LAYERS ? j->geom.layers : j->geom.voxels, JUDGE_PIECE);
    for (int64_t i = 0; i < 2 * pieces && !bad; i++) {
        struct block mine = block_of(s->events, P->rank, P->size);
        struct block rows = showers_piece(mine, i % pieces, JUDGE_PIECE);
        bad = source_rows(s, rows, j->x, e);
        if (bad) break;
        const float *x = columns(j, kind, s->energy + rows.first, (int)rows.count, small);
        if (i == pieces) correlation_know(c);
        if (i < pieces)
            correlation_look(c, x, (int)rows.count);
        else
            correlation_add(c, x, (int)rows.count);
    }
    if (!bad) correlation_finish(c);
    mem_free(small);
    return bad ? -1 : 0;
}

int distances_correlation(struct judge *j, const struct source *reference,
                          const struct source *generated, struct err *e)
{
    static const char *const key[KINDS] = { "correlation.layers", "correlation.voxels",
                                            "correlation.hits" };
    const int kinds[] = { 0, VOXELS, KINDS }; /* none, layers, all */
    const int wanted = kinds[conf_choice(j->r->conf, "evaluate.correlations")];

    if (wanted > 0 && (reference->events < 2 || generated->events < 2))
        return err_set(e, "evaluate.correlations: a sample of one shower has no correlations");
    for (int k = 0; k < wanted; k++) {
        struct correlation a = { 0 }, b = { 0 };
        int bad =
            gather(j, reference, (enum kind)k, &a, e) || gather(j, generated, (enum kind)k, &b, e);
        if (!bad) json_put_real(j->r->result, key[k], correlation_distance(&a, &b));
        correlation_free(&a);
        correlation_free(&b);
        if (bad) return -1;
    }
    return 0;
}

/* Correlations of the bits of a file. */
static void gather_bits(struct correlation *c, const struct par *P, const struct bits *b)
{
    const int64_t pieces = showers_pieces(P, b->M, JUDGE_PIECE);
    float *x = mem_take((int64_t)JUDGE_PIECE * b->N, sizeof *x);

    correlation_init(c, P, b->N, JUDGE_PIECE);
    for (int64_t i = 0; i < 2 * pieces; i++) {
        struct block rows = showers_piece(b->rows, i % pieces, JUDGE_PIECE);
        const uint8_t *state = b->state + (rows.first - b->rows.first) * b->N;
        for (int64_t k = 0; k < rows.count * b->N; k++) x[k] = state[k];
        if (i == pieces) correlation_know(c);
        if (i < pieces)
            correlation_look(c, x, (int)rows.count);
        else
            correlation_add(c, x, (int)rows.count);
    }
    correlation_finish(c);
    mem_free(x);
}

int distances_latents(struct judge *j, struct err *e)
{
    const struct par *P = j->r->P;
    const int n = conf_count(j->r->conf, "evaluate.latents");
    struct correlation c[2] = { { 0 }, { 0 } };
    struct bits b[2] = { { 0 }, { 0 } };
    int bad = 0;

    if (n == 0) return 0;
    if (n != 2)
        return err_set(e,
                       "evaluate.latents lists %d files, expected two: the reference's latent bits "
                       "and the generated ones",
                       n);
    const char *path[2];
    for (int i = 0; i < 2 && !bad; i++) {
        path[i] = conf_text_at(j->r->conf, "evaluate.latents", i);
        bad = bits_read(&b[i], P, path[i], e);
        if (!bad && b[i].M < 2)
            bad = err_set(e, "%s: one state has no correlations, expected two or more", path[i]);
    }
    if (!bad && b[0].N != b[1].N)
        bad = err_set(e,
                      "evaluate.latents: states of %d bits in %s and of %d in %s, expected as many",
                      b[0].N, path[0], b[1].N, path[1]);
    for (int i = 0; i < 2 && !bad; i++) gather_bits(&c[i], P, &b[i]);
    if (!bad)
        json_put_real(j->r->result, "correlation.latents", correlation_distance(&c[0], &c[1]));
    for (int i = 0; i < 2; i++) {
        correlation_free(&c[i]);
        bits_free(&b[i]);
    }
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
