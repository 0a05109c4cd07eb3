#include "nn/critic.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

enum { SHOWERS, ENERGY, INPUTS };

/* Kinds of which a tangent is what forward makes of it without biases; and those with a kink. */
static int is_linear(const struct layer_kind *k)
{
    return k == &layer_linear || k == &layer_conv3d || k == &layer_reshape ||
           k == &layer_transpose || k == &layer_pad_cylinder || k == &layer_pad_zeros ||
           k == &layer_concat || k == &layer_slice || k == &layer_add || k == &layer_mean_pool;
}

static int is_kinked(const struct layer_kind *k)
{
    return k == &layer_leaky_relu || k == &layer_relu;
}

static int check(const struct critic *c, const struct critic_plan *p, struct err *e)
{
    const struct graph *g = &c->g;
    char text[48];

    for (int i = 0; i < g->layers; i++)
        if (!is_linear(g->layer[i].kind) && !is_kinked(g->layer[i].kind))
            return err_set(e,
                           "%s:%d: %s: a critic's penalty wants layers that are linear or have a "
                           "kink: linear, conv3d, leaky_relu, relu, reshape, transpose, slice, "
                           "pad_cylinder, pad_zeros, mean_pool, concat, add",
                           p->file, g->layer[i].line, g->layer[i].kind->name);
    struct shape made = g->value[g->output[0]].shape;
    if (shape_size(made) == 1) return 0;
    return err_set(e, "%s:%d: 'score' is %s, expected one unit", p->file,
                   g->layer[g->output[0] - g->inputs].line, layer_shape(made, text));
}

static int is_bias(const struct tensor *t)
{
    size_t n = strlen(t->name);

    return n >= 5 && strcmp(t->name + n - 5, "/bias") == 0;
}

/* Rows of every value, three times, and of what layers keep. */
static void take_memory(struct critic *c)
{
    struct graph *g = &c->g;
    int64_t row = 0, scratch = 0, B = c->batch;

    for (int v = 0; v < g->values; v++) row += 3 * (int64_t)shape_size(g->value[v].shape);
    for (int i = 0; i < g->layers; i++) {
        struct layer *l = &g->layer[i];
        if (l->kind->prepare != NULL) l->kind->prepare(l, c->batch);
        if (l->scratch > scratch) scratch = l->scratch;
        row += l->kept;
    }
    c->memory = mem_take(B * row, sizeof *c->memory);
    c->scratch = mem_take(scratch, sizeof *c->scratch);
    c->point = mem_take(B * c->n, sizeof *c->point);
    c->x = mem_take(g->values, sizeof *c->x);
    c->d = mem_take(g->values, sizeof *c->d);
    c->t = mem_take(g->values, sizeof *c->t);
    c->keep = mem_take(g->layers, sizeof *c->keep);
    c->seen = mem_take(g->values, sizeof *c->seen);
    float *at = c->memory;
    for (int v = 0; v < g->values; v++) {
        float **place[] = { &c->x[v], &c->d[v], &c->t[v] };
        for (int k = 0; k < 3; k++, at += B * shape_size(g->value[v].shape)) *place[k] = at;
    }
    for (int i = 0; i < g->layers; i++) {
        c->keep[i] = at;
        at += B * g->layer[i].kept;
    }
}

int critic_init(struct critic *c, const struct critic_plan *p, uint64_t seed, struct err *e)
{
    const char *output = "score";
    const struct graph_input input[INPUTS] = { { "showers", shape_units(p->units), 1 },
                                               { "energy", shape_units(1), 0 } };
    const struct layer_size size = { "voxels", p->units };
    struct graph_wish w = { .prefix = "critic",
                            .input = input,
                            .inputs = INPUTS,
                            .size = &size,
                            .sizes = 1,
                            .output = &output,
                            .outputs = 1,
                            .width = p->width };

    *c = (struct critic){ .n = p->units, .batch = p->batch };
    if (graph_init(&c->g, p->list, p->file, &w, &c->T, e) || check(c, p, e)) {
        critic_free(c);
        return -1;
    }
    c->params = mem_take(c->T.total, sizeof *c->params);
    c->plain = mem_take(c->T.total, sizeof *c->plain);
    c->grad = mem_take(c->T.total, sizeof *c->grad);
    c->waste = mem_take(c->T.total, sizeof *c->waste);
    take_memory(c);
    graph_start(&c->g, &c->T, c->params, seed);
    return 0;
}

void critic_free(struct critic *c)
{
    void *block[] = { c->params, c->grad, c->plain,   c->waste, c->memory, c->x,
                      c->d,      c->t,    c->scratch, c->keep,  c->point,  c->seen };

    graph_free(&c->g);
    tensors_free(&c->T);
    for (size_t i = 0; i < sizeof block / sizeof block[0]; i++) mem_free(block[i]);
    *c = (struct critic){ 0 };
}

/* What layer i works on, with values x. */
static struct layer_call call_of(struct critic *c, int i, float *const *x, const float *params,
                                 int B)
{
    const struct layer *l = &c->g.layer[i];
    struct layer_call k = { .B = B,
                            .training = 1,
                            .params = params,
                            .y = x[l->out],
                            .keep = c->keep[i],
                            .scratch = c->scratch };

    for (int j = 0; j < l->ins; j++) k.x[j] = x[l->in[j]];
    return k;
}

static void forward(struct critic *c, const float *x, const float *t, int B)
{
    memcpy(c->x[SHOWERS], x, (size_t)B * (size_t)c->n * sizeof *x);
    memcpy(c->x[ENERGY], t, (size_t)B * sizeof *t);
    for (int i = 0; i < c->g.layers; i++) {
        struct layer_call k = call_of(c, i, c->x, c->params, B);
        c->g.layer[i].kind->forward(&c->g.layer[i], &k);
    }
}

/* Signals d of all values from `start` at each row's score; gradients of parameters into grad. */
static void backward(struct critic *c, int B, float start, float *grad)
{
    const struct graph *g = &c->g;

    for (int b = 0; b < B; b++) c->d[g->output[0]][b] = start;
    memset(c->seen, 0, (size_t)g->values * sizeof *c->seen);
    for (int i = g->layers - 1; i >= 0; i--) {
        const struct layer *l = &g->layer[i];
        struct layer_call k = call_of(c, i, c->x, c->params, B);
        k.dy = c->d[l->out];
        k.grad = grad;
        for (int j = 0; j < l->ins; j++) {
            k.dx[j] = c->d[l->in[j]];
            k.add[j] = c->seen[l->in[j]];
            c->seen[l->in[j]] = 1;
        }
        l->kind->backward(l, &k);
    }
}

/* Tangents of all values from that of the showers, which stands in t. */
static void tangents(struct critic *c, int B)
{
    memset(c->t[ENERGY], 0, (size_t)B * sizeof *c->t[ENERGY]);
    memcpy(c->plain, c->params, (size_t)c->T.total * sizeof *c->plain);
    for (int i = 0; i < c->T.n; i++)
        if (is_bias(&c->T.t[i]))
            memset(c->plain + c->T.t[i].first, 0, (size_t)c->T.t[i].count * sizeof *c->plain);
    for (int i = 0; i < c->g.layers; i++) {
        const struct layer *l = &c->g.layer[i];
        int kinked = is_kinked(l->kind);
        struct layer_call k = call_of(c, i, kinked ? c->x : c->t, c->plain, B);
        if (kinked) {
            k.dy = c->t[l->in[0]];
            k.dx[0] = c->t[l->out];
            l->kind->backward(l, &k);
        } else {
            l->kind->forward(l, &k);
        }
    }
}

/* Each weight's share: signal at its layer's output times tangent at its input. */
static void shares(struct critic *c, int B)
{
    memset(c->waste, 0, (size_t)c->T.total * sizeof *c->waste);
    for (int i = 0; i < c->g.layers; i++) {
        const struct layer *l = &c->g.layer[i];
        struct layer_call k = call_of(c, i, c->t, c->plain, B);
        if (l->tensors == 0) continue;
        k.dy = c->d[l->out];
        k.grad = c->waste;
        l->kind->backward(l, &k);
    }
    for (int i = 0; i < c->T.n; i++) {
        const struct tensor *t = &c->T.t[i];
        for (int64_t j = t->first; j < t->first + t->count && !is_bias(t); j++)
            c->grad[j] += c->waste[j];
    }
}

static double sum_of(const struct critic *c, int B)
{
    double sum = 0.0;

    for (int b = 0; b < B; b++) sum += (double)c->x[c->g.output[0]][b];
    return sum;
}

double critic_score(struct critic *c, const float *x, const float *t, int B, double times,
                    float *dx)
{
    forward(c, x, t, B);
    if (dx == NULL) return sum_of(c, B);
    backward(c, B, (float)times, c->waste);
    for (int64_t i = 0; i < (int64_t)B * c->n; i++) dx[i] += c->d[SHOWERS][i];
    return sum_of(c, B);
}

/* Tangent of the showers: dP / dg, times the penalty's weight. Returns the sum of P. */
static double pull(struct critic *c, int B, double penalty)
{
    double all = 0.0;

    for (int b = 0; b < B; b++) {
        const float *g = c->d[SHOWERS] + (int64_t)b * c->n;
        float *v = c->t[SHOWERS] + (int64_t)b * c->n;
        double square = 0.0;
        for (int i = 0; i < c->n; i++) square += (double)g[i] * (double)g[i];
        double norm = sqrt(square), off = norm - 1.0;
        float times = norm > 0.0 ? (float)(2.0 * penalty * off / norm) : 0.0f;
        for (int i = 0; i < c->n; i++) v[i] = times * g[i];
        all += off * off;
    }
    return all;
}

void critic_learn(struct critic *c, const float *real, const float *fake, const float *t,
                  const float *r, int B, double penalty, double out[2])
{
    forward(c, fake, t, B);
    out[0] += sum_of(c, B);
    backward(c, B, 1.0f, c->grad);
    forward(c, real, t, B);
    out[0] -= sum_of(c, B);
    backward(c, B, -1.0f, c->grad);
    for (int b = 0; b < B; b++)
        for (int64_t i = (int64_t)b * c->n; i < (int64_t)(b + 1) * c->n; i++)
            c->point[i] = real[i] + r[b] * (fake[i] - real[i]);
    forward(c, c->point, t, B);
    backward(c, B, 1.0f, c->waste);
    out[1] += pull(c, B, penalty);
    tangents(c, B);
    shares(c, B);
}
