#include "cmd/classify.h"

#include "base/mem.h"
#include "cmd/showers.h"
#include "shower/classifier.h"

#include <math.h>
#include <string.h>

enum kind { LOW, LOW_NORMED, HIGH, RESNET, KINDS };

static const char *const NAME[KINDS] = { "low", "low_normed", "high", "resnet" };

static int width(const struct judge *j, enum kind kind)
{
    const int V = j->geom.voxels, L = j->geom.layers;
    const int d[KINDS] = { 1 + V, 1 + V + L, features_count(&j->geom, j->kind), 1 + V };

    return d[kind];
}

/* One shower's voxels, as they stand in the file, over the incident or its layer's energy. */
static void voxels(float *out, const struct judge *j, enum kind kind, const float *x, int i)
{
    const struct geom *g = &j->geom;
    const struct observables *o = &j->ox;

    *out++ = (float)log10(o->energy[i]);
    for (int v = 0; v < g->voxels; v++) {
        double layer = o->layer[(int64_t)i * g->layers + g->layer_of[v]];
        if (kind == LOW_NORMED)
            *out++ = (float)(x[v] / (layer + 1e-16));
        else
            *out++ = x[v] >= g->threshold ? (float)(x[v] / o->energy[i]) : 0.0f;
    }
    for (int l = 0; kind == LOW_NORMED && l < g->layers; l++)
        *out++ = (float)log10(o->layer[(int64_t)i * g->layers + l] + 1e-8);
}

static void piece(float *out, struct judge *j, enum kind kind, double *wide)
{
    const int d = width(j, kind);

    if (kind == HIGH) {
        features_of(wide, &j->ox, &j->geom, j->kind);
        for (int64_t i = 0; i < (int64_t)j->ox.n * d; i++) out[i] = (float)wide[i];
        return;
    }
    for (int i = 0; i < j->ox.n; i++)
        voxels(out + (int64_t)i * d, j, kind, j->x + (int64_t)i * j->geom.voxels, i);
}

/* All rows of this rank; x is owned by the caller. */
static int load(struct judge *j, const struct source *s, enum kind kind,
                struct classifier_sample *out, float **x, struct err *e)
{
    const struct par *P = j->r->P;
    const int64_t pieces = showers_pieces(P, s->events, JUDGE_PIECE);
    const int d = width(j, kind);
    double *wide = mem_take((int64_t)JUDGE_PIECE * d, sizeof *wide);
    int bad = 0;

    *out = (struct classifier_sample){ s->events, block_of(s->events, P->rank, P->size), NULL };
    out->x = *x = mem_take(out->mine.count * d, sizeof **x);
    for (int64_t i = 0; i < pieces && !bad; i++) {
        struct block rows = showers_piece(out->mine, i, JUDGE_PIECE);
        bad = source_rows(s, rows, j->x, e);
        if (bad) break;
        observables_of(&j->ox, &j->geom, j->x, s->energy + rows.first, (int)rows.count,
                       j->geom.threshold);
        piece(*x + (rows.first - out->mine.first) * d, j, kind, wide);
    }
    mem_free(wide);
    return bad ? -1 : 0;
}

static void put(struct json *j, const char *what, const char *name, double x)
{
    char *key = mem_print("%s_%s", what, name);

    json_put_real(j, key, x);
    mem_free(key);
}

static int classify(struct judge *j, const struct source *reference, const struct source *generated,
                    enum kind kind, const struct yaml *layers, struct err *e)
{
    const struct conf *c = j->r->conf;
    struct classifier_options o = { .layers = layers,
                                    .file = conf_text(c, "evaluate.classifier"),
                                    .d = width(j, kind),
                                    .epochs = (int)conf_int(c, "evaluate.classifier_epochs"),
                                    .batch = (int)conf_int(c, "evaluate.classifier_batch"),
                                    .rate = conf_real(c, "evaluate.classifier_rate"),
                                    .seed = j->r->seed };
    const struct geom_layer *first = &j->geom.layer[0];
    struct classifier_sample a, b;
    struct classifier r;

    if (kind == RESNET) {
        if (!geom_regular(&j->geom))
            return err_set(e,
                           "evaluate.classifiers: resnet wants layers of equal rings and sectors, "
                           "which %s has not",
                           j->geom.name);
        o.file = conf_text(c, "evaluate.classifier_resnet");
        o.voxels = (struct shape){ 1, j->geom.layers, first->n_alpha, first->n_r };
    }
    float *x = NULL, *y = NULL;
    int bad = load(j, reference, kind, &a, &x, e) || load(j, generated, kind, &b, &y, e) ||
              classifier_train(&r, j->r->P, &a, &b, &o, e);

    mem_free(x);
    mem_free(y);
    if (bad) return -1;
    put(j->r->result, "auc", NAME[kind], r.auc);
    put(j->r->result, "jsd", NAME[kind], r.jsd);
    put(j->r->result, "auc_raw", NAME[kind], r.auc_raw);
    put(j->r->result, "jsd_raw", NAME[kind], r.jsd_raw);
    put(j->r->result, "classifier_epoch", NAME[kind], r.epoch);
    log_say((struct log *)&j->r->log, "classifier %s: %lld parameters, AUC %.4f (epoch %d)",
            NAME[kind], (long long)r.parameters, r.auc, r.epoch);
    return 0;
}

static int kind_of(const char *name, struct err *e)
{
    for (int k = 0; k < KINDS; k++)
        if (strcmp(name, NAME[k]) == 0) return k;
    return err_set(e, "evaluate.classifiers: '%s', expected low, low_normed, high or resnet", name);
}

static struct yaml *network(const struct judge *j, enum kind kind, struct err *e)
{
    const char *path = conf_text(j->r->conf, kind == RESNET ? "evaluate.classifier_resnet"
                                                            : "evaluate.classifier");
    char *text = run_text(j->r->P, path, e);
    struct yaml *y = text == NULL ? NULL : yaml_parse(text, path, e);

    mem_free(text);
    return y;
}

int classify_all(struct judge *j, const struct source *reference, const struct source *generated,
                 struct err *e)
{
    const int n = conf_count(j->r->conf, "evaluate.classifiers");
    int bad = 0;

    if (n == 0) return 0;
    for (int i = 0; i < n; i++)
        if (kind_of(conf_text_at(j->r->conf, "evaluate.classifiers", i), e) < 0) return -1;
    for (int i = 0; i < n && !bad; i++) {
        int kind = kind_of(conf_text_at(j->r->conf, "evaluate.classifiers", i), e);
        struct yaml *layers = network(j, (enum kind)kind, e);
        bad = layers == NULL || classify(j, reference, generated, (enum kind)kind, layers, e);
        yaml_drop(layers);
    }
    return bad ? -1 : 0;
}
