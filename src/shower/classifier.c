#include "shower/classifier.h"

#include "base/mem.h"
#include "base/rng.h"
#include "nn/fit.h"
#include "nn/graph.h"
#include "num/isotonic.h"
#include "num/special.h"
#include "num/stats.h"

#include <math.h>
#include <string.h>

enum { GENERATED, REFERENCE, CLASSES };
enum part { TRAIN, CHOOSE, JUDGE, PARTS };
enum { FEATURES, ENERGY, VOXELS, INPUTS };

static const double CLIP = 1e-6;

struct school {
    const struct par *P;
    const struct classifier_options *o;
    const struct classifier_sample *sample[CLASSES];
    int64_t cut[CLASSES][PARTS + 1]; /* places of a class's permutation where parts begin */
    struct graph graph;
    struct tensors T;
    struct optim optim;
    struct reducer reducer;
    float *params, *grad, *best; /* [T.total] */
    float *row[INPUTS];          /* [batch, ...] this rank's rows of a batch */
    float *label;                /* [batch] */
    int rows;
    double accuracy;
    int epoch; /* of best, from 1 */
};

/* A class's rows, in the order that deals them to the parts. */
static int64_t row_number(const struct school *s, int class, int64_t place)
{
    return rng_permuted(s->o->seed, RNG_SPLIT, class, s->sample[class]->n, place);
}

/* Take row `place` of this part, counted through both classes, into the batch if it is ours. */
static void take(struct school *s, enum part part, int64_t place)
{
    const int d = s->o->d;
    const int64_t first = s->cut[GENERATED][part + 1] - s->cut[GENERATED][part];
    const int class = place < first ? GENERATED : REFERENCE;
    const struct classifier_sample *c = s->sample[class];
    int64_t at = s->cut[class][part] + (class == GENERATED ? place : place - first);
    int64_t row = row_number(s, class, at) - c->mine.first;

    if (row < 0 || row >= c->mine.count) return;
    const float *x = c->x + row * d;
    memcpy(s->row[FEATURES] + (int64_t)s->rows * d, x, (size_t)d * sizeof *x);
    memcpy(s->row[VOXELS] + (int64_t)s->rows * (d - 1), x + 1, (size_t)(d - 1) * sizeof *x);
    s->row[ENERGY][s->rows] = x[0];
    s->label[s->rows++] = (float)class;
}

static int64_t size_of(const struct school *s, enum part part)
{
    return s->cut[0][part + 1] - s->cut[0][part] + s->cut[1][part + 1] - s->cut[1][part];
}

/* Rows first .. first + batch - 1 of a part; `epoch` >= 0 shuffles them. */
static void gather(struct school *s, enum part part, int64_t epoch, int64_t first)
{
    const int64_t n = size_of(s, part);

    s->rows = 0;
    for (int64_t i = first; i < n && i < first + s->o->batch; i++)
        take(s, part, epoch < 0 ? i : rng_permuted(s->o->seed, RNG_SHUFFLE, epoch, n, i));
}

static int64_t learn(void *ctx, int64_t epoch, int64_t index, double *term, struct err *e)
{
    struct school *s = ctx;

    (void)e;
    gather(s, TRAIN, epoch, index * s->o->batch);
    graph_forward(&s->graph, s->params, s->rows, 1);
    const float *z = graph_output(&s->graph, 0);
    float *dz = graph_output_gradient(&s->graph, 0);
    for (int i = 0; i < s->rows; i++) {
        term[0] += special_softplus(z[i]) - (double)s->label[i] * z[i];
        dz[i] = (float)special_logistic(z[i]) - s->label[i];
    }
    graph_backward(&s->graph, s->params, s->grad, s->rows);
    return s->rows;
}

/* Scores z of a part under `params`, each class's own on every rank: z[class] [cut sizes]. */
static void score(struct school *s, enum part part, const float *params, double *z[CLASSES])
{
    int64_t n = size_of(s, part), have[CLASSES] = { 0 };
    double *mine[CLASSES];

    for (int c = 0; c < CLASSES; c++) mine[c] = mem_take(n, sizeof *mine[c]);
    for (int64_t first = 0; first < n; first += s->o->batch) {
        gather(s, part, -1, first);
        graph_forward(&s->graph, params, s->rows, 0);
        for (int i = 0; i < s->rows; i++) {
            int c = s->label[i] > 0.5f;
            mine[c][have[c]++] = graph_output(&s->graph, 0)[i];
        }
    }
    for (int c = 0; c < CLASSES; c++) {
        par_allgather(s->P, mine[c], have[c] * (int64_t)sizeof *mine[c], z[c]);
        stats_sort(z[c], s->cut[c][part + 1] - s->cut[c][part]); /* no trace of the ranks */
        mem_free(mine[c]);
    }
}

struct scores {
    int64_t n[CLASSES];
    double *z[CLASSES];
};

static struct scores scores_of(struct school *s, enum part part, const float *params)
{
    struct scores k;

    for (int c = 0; c < CLASSES; c++) {
        k.n[c] = s->cut[c][part + 1] - s->cut[c][part];
        k.z[c] = mem_take(k.n[c], sizeof *k.z[c]);
    }
    score(s, part, params, k.z);
    return k;
}

static void scores_free(struct scores *k)
{
    mem_free(k->z[0]);
    mem_free(k->z[1]);
}

/* After each epoch: the best accuracy on the second part is kept. */
static int choose(void *ctx, const struct fit_report *r, struct err *e)
{
    struct school *s = ctx;
    struct scores k = scores_of(s, CHOOSE, s->params);
    int64_t right = 0;

    (void)e;
    for (int c = 0; c < CLASSES; c++)
        for (int64_t i = 0; i < k.n[c]; i++) right += (k.z[c][i] > 0.0) == (c == REFERENCE);
    double accuracy = (double)right / (double)(k.n[0] + k.n[1]);
    scores_free(&k);
    if (accuracy > s->accuracy) {
        s->accuracy = accuracy;
        s->epoch = (int)r->epoch + 1;
        memcpy(s->best, s->params, (size_t)s->T.total * sizeof *s->best);
    }
    return s->accuracy >= 1.0; /* nothing is left to learn */
}

/* (ln 2 - BCE) / ln 2 of probabilities of being a reference shower. */
static double jsd(const struct scores *p)
{
    double bce = 0.0;

    for (int c = 0; c < CLASSES; c++)
        for (int64_t i = 0; i < p->n[c]; i++)
            bce -= log(c == REFERENCE ? p->z[c][i] : 1.0 - p->z[c][i]);
    return (log(2.0) - bce / (double)(p->n[0] + p->n[1])) / log(2.0);
}

static struct isotonic calibration(struct school *s)
{
    struct scores k = scores_of(s, CHOOSE, s->best);
    int64_t n = k.n[0] + k.n[1];
    double *x = mem_take(n, sizeof *x), *y = mem_take(n, sizeof *y);
    struct isotonic f;

    for (int c = 0, at = 0; c < CLASSES; c++)
        for (int64_t i = 0; i < k.n[c]; i++, at++) {
            x[at] = special_logistic(k.z[c][i]);
            y[at] = c;
        }
    isotonic_fit(&f, x, y, n, CLIP, 1.0 - CLIP);
    mem_free(x);
    mem_free(y);
    scores_free(&k);
    return f;
}

static void verdict(struct school *s, struct classifier *r)
{
    struct scores k = scores_of(s, JUDGE, s->best);
    struct isotonic f = calibration(s);

    r->auc_raw = stats_auc(k.z[REFERENCE], k.n[REFERENCE], k.z[GENERATED], k.n[GENERATED]);
    for (int c = 0; c < CLASSES; c++)
        for (int64_t i = 0; i < k.n[c]; i++)
            k.z[c][i] = fmin(fmax(special_logistic(k.z[c][i]), CLIP), 1.0 - CLIP);
    r->jsd_raw = jsd(&k);
    for (int c = 0; c < CLASSES; c++) /* stays in order: the calibration does not fall */
        for (int64_t i = 0; i < k.n[c]; i++) k.z[c][i] = isotonic_at(&f, k.z[c][i]);
    r->auc = stats_auc(k.z[REFERENCE], k.n[REFERENCE], k.z[GENERATED], k.n[GENERATED]);
    r->jsd = jsd(&k);
    isotonic_free(&f);
    scores_free(&k);
}

static int build(struct school *s, struct err *e)
{
    const struct classifier_options *o = s->o;
    struct shape voxels = o->voxels.c > 0 ? o->voxels : shape_units(o->d - 1);
    const struct graph_input input[INPUTS] = { { "features", shape_units(o->d), 0 },
                                               { "energy", shape_units(1), 0 },
                                               { "voxels", voxels, 0 } };
    const char *output = "score";
    const struct yaml *list = o->layers, *blocks = NULL;
    if (list->kind == YAML_MAP) {
        blocks = yaml_get(o->layers, "blocks");
        list = yaml_get(o->layers, "layers");
        if (list == NULL)
            return err_set(e, "%s: expected a list of layers, or 'layers' and 'blocks'", o->file);
    }
    struct graph_wish w = { .prefix = "classifier",
                            .blocks = blocks,
                            .input = input,
                            .inputs = INPUTS,
                            .output = &output,
                            .outputs = 1,
                            .batch = o->batch };
    struct optim_options adam = optim_default();

    if (shape_size(voxels) != o->d - 1) die("classifier: %d voxels", shape_size(voxels));
    if (graph_init(&s->graph, list, o->file, &w, &s->T, e)) return -1;
    if (shape_size(s->graph.value[s->graph.output[0]].shape) != 1)
        return err_set(e, "%s: the layer 'score' has %d units, expected 1", o->file,
                       shape_size(s->graph.value[s->graph.output[0]].shape));
    adam.rate = o->rate;
    optim_init(&s->optim, &adam, &s->T);
    s->params = mem_take(s->T.total, sizeof *s->params);
    s->grad = mem_take(s->T.total, sizeof *s->grad);
    s->best = mem_take(s->T.total, sizeof *s->best);
    const int width[INPUTS] = { o->d, 1, o->d - 1 };
    for (int i = 0; i < INPUTS; i++) {
        s->row[i] = mem_take((int64_t)o->batch * width[i], sizeof *s->row[i]);
        graph_bind(&s->graph, i, s->row[i], NULL);
    }
    s->label = mem_take(o->batch, sizeof *s->label);
    graph_reducer(&s->graph, &s->reducer);
    graph_moving(&s->graph, s->params);
    graph_start(&s->graph, &s->T, s->params, o->seed);
    return 0;
}

static void leave(struct school *s)
{
    graph_free(&s->graph);
    optim_free(&s->optim);
    tensors_free(&s->T);
    mem_free(s->params);
    mem_free(s->grad);
    mem_free(s->best);
    mem_free(s->label);
    for (int i = 0; i < INPUTS; i++) mem_free(s->row[i]);
}

static int teach(struct school *s, struct err *e)
{
    struct fit fit = { .params = s->params,
                       .grad = s->grad,
                       .n = s->T.total,
                       .optim = &s->optim,
                       .reducer = &s->reducer,
                       .terms = 1,
                       .steps = (size_of(s, TRAIN) + s->o->batch - 1) / s->o->batch,
                       .epochs = s->o->epochs,
                       .ctx = s,
                       .batch = learn,
                       .ended = choose };

    return fit_run(&fit, e) < 0 ? -1 : 0;
}

int classifier_train(struct classifier *r, const struct par *P,
                     const struct classifier_sample *reference,
                     const struct classifier_sample *generated, const struct classifier_options *o,
                     struct err *e)
{
    struct school s = { .P = P, .o = o, .sample = { generated, reference }, .accuracy = -1.0 };

    for (int c = 0; c < CLASSES; c++) {
        int64_t n = s.sample[c]->n;
        if (n < 10)
            return err_set(e, "a classifier of %lld %s showers: expected at least 10", (long long)n,
                           c == REFERENCE ? "reference" : "generated");
        s.cut[c][CHOOSE] = n * 3 / 5;
        s.cut[c][JUDGE] = n * 4 / 5;
        s.cut[c][PARTS] = n;
    }
    s.reducer = par_reducer(P);
    int bad = build(&s, e) || teach(&s, e);
    if (!bad) {
        verdict(&s, r);
        r->accuracy = s.accuracy;
        r->epoch = s.epoch;
        r->parameters = s.T.parameters;
    }
    leave(&s);
    return bad ? -1 : 0;
}
