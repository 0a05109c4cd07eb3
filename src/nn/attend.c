/*
 * attention: every place of the queries reads a mean of the values, weighted by how well their keys
 * fit (Vaswani et al. 2017).
 *
 *   y_i = sum_j softmax_j(q_i k_j / sqrt(d)) v_j       for each of `heads` groups of channels
 *
 * Inputs: queries [n, C], keys [m, C], values [m, D], or one input for all three; y [n, D]. Head h
 * has channels h C / heads .. of queries and keys, h D / heads .. of the values; d = C / heads. No
 * parameters: projections are convolutions of kernel 1 in front (without a bias as Linear has none
 * there), behind, or both.
 *
 * Nothing is kept: backward makes the weights anew, TILE queries at a time, so that the memory is
 * linear in the number of places.
 */
#include "nn/layers.h"

#include "num/dnn.h"
#include "num/loops.h"

#include <math.h>
#include <string.h>

enum { HEADS }; /* numbers */
enum { TILE = 64 };

/* Which input stands for the queries, the keys and the values. */
static int input_of(const struct layer *l, int role)
{
    return l->ins == 1 ? 0 : role;
}

static struct shape shape_of(const struct layer *l, int role)
{
    return l->from[input_of(l, role)];
}

static int build(struct layer *l, const struct layer_site *s, struct err *e)
{
    char one[48], other[48];

    if (layer_int(s, "heads", 1, 1, 4096, &l->number[HEADS], e)) return -1;
    if (l->ins == 2)
        return layer_wrong(s, e, "attention: 2 inputs, expected queries, keys and values, or one");
    struct shape q = shape_of(l, 0), k = shape_of(l, 1), v = shape_of(l, 2);
    if (q.c != k.c)
        return layer_wrong(s, e, "attention: the channels of queries %s and keys %s differ",
                           layer_shape(q, one), layer_shape(k, other));
    if (shape_places(k) != shape_places(v))
        return layer_wrong(s, e, "attention: the places of keys %s and values %s differ",
                           layer_shape(k, one), layer_shape(v, other));
    if (q.c % l->number[HEADS] != 0 || v.c % l->number[HEADS] != 0)
        return layer_wrong(s, e, "attention: %d heads do not divide the channels of %s and %s",
                           l->number[HEADS], layer_shape(q, one), layer_shape(v, other));
    l->to = (struct shape){ v.c, q.d, q.h, q.w };
    return 0;
}

static int tile_of(const struct layer *l)
{
    int n = shape_places(shape_of(l, 0));

    return n < TILE ? n : TILE;
}

static void prepare(struct layer *l, int batch)
{
    (void)batch;
    l->scratch = 2 * (int64_t)tile_of(l) * shape_places(shape_of(l, 1));
}

/* One head of one row: where it begins, how wide it is. */
struct head {
    int m, C, D, d, e; /* keys; channels of q, k and of v, y; of those this head's */
    float scale;
    const float *q, *k, *v;
};

static struct head head_of(const struct layer *l, const struct layer_call *c, size_t b, int h)
{
    struct shape q = shape_of(l, 0), k = shape_of(l, 1), v = shape_of(l, 2);
    int heads = l->number[HEADS];
    struct head t = {
        .m = shape_places(k), .C = q.c, .D = v.c, .d = q.c / heads, .e = v.c / heads
    };

    t.scale = 1.0f / sqrtf((float)t.d);
    t.q = c->x[input_of(l, 0)] + b * (size_t)shape_size(q) + h * t.d;
    t.k = c->x[input_of(l, 1)] + b * (size_t)shape_size(k) + h * t.d;
    t.v = c->x[input_of(l, 2)] + b * (size_t)shape_size(v) + h * t.e;
    return t;
}

/* Weights [n, m] of the queries from `first` on. */
static void weigh(const struct head *t, float *weight, int first, int n)
{
    dnn_gemm('N', 'T', n, t->m, t->d, t->scale, t->q + (size_t)first * (size_t)t->C, t->C, t->k,
             t->C, 0.0f, weight, t->m);
    loops_best()->soften(weight, n, t->m, t->m, 1.0f);
}

static void forward(const struct layer *l, const struct layer_call *c)
{
    int places = shape_places(l->to), tile = tile_of(l);
    size_t row = (size_t)shape_size(l->to);

    for (size_t b = 0; b < (size_t)c->B; b++)
        for (int h = 0; h < l->number[HEADS]; h++) {
            struct head t = head_of(l, c, b, h);
            for (int i = 0; i < places; i += tile) {
                int n = places - i < tile ? places - i : tile;
                weigh(&t, c->scratch, i, n);
                dnn_gemm('N', 'N', n, t.e, t.m, 1.0f, c->scratch, t.m, t.v, t.D, 0.0f,
                         c->y + b * row + (size_t)i * (size_t)t.D + h * t.e, t.D);
            }
        }
}

/* Gradients of one head's queries, keys and values (NULL: not wanted), each added to. */
struct moves {
    float *q, *k, *v;
};

static void back(const struct head *t, const struct moves *to, const float *dy, int first, int n,
                 float *weight, float *dweight)
{
    size_t at = (size_t)first * (size_t)t->C;

    dy += (size_t)first * (size_t)t->D;
    weigh(t, weight, first, n);
    if (to->v != NULL)
        dnn_gemm('T', 'N', t->m, t->e, n, 1.0f, weight, t->m, dy, t->D, 1.0f, to->v, t->D);
    if (to->q == NULL && to->k == NULL) return;
    dnn_gemm('N', 'T', n, t->m, t->e, 1.0f, dy, t->D, t->v, t->D, 0.0f, dweight, t->m);
    loops_best()->harden(dweight, weight, n, t->m, t->m, 1.0f);
    if (to->q != NULL)
        dnn_gemm('N', 'N', n, t->d, t->m, t->scale, dweight, t->m, t->k, t->C, 1.0f, to->q + at,
                 t->C);
    if (to->k != NULL)
        dnn_gemm('T', 'N', t->m, t->d, n, t->scale, dweight, t->m, t->q + at, t->C, 1.0f, to->k,
                 t->C);
}

static float *moved(const struct layer *l, const struct layer_call *c, int role, size_t b, int at)
{
    int i = input_of(l, role);

    return c->dx[i] == NULL ? NULL : c->dx[i] + b * (size_t)shape_size(l->from[i]) + at;
}

static void backward(const struct layer *l, const struct layer_call *c)
{
    int places = shape_places(l->to), tile = tile_of(l);
    size_t row = (size_t)shape_size(l->to);

    for (int i = 0; i < l->ins; i++)
        if (c->dx[i] != NULL && !c->add[i])
            memset(c->dx[i], 0, (size_t)c->B * (size_t)shape_size(l->from[i]) * sizeof(float));
    for (size_t b = 0; b < (size_t)c->B; b++)
        for (int h = 0; h < l->number[HEADS]; h++) {
            struct head t = head_of(l, c, b, h);
            struct moves to = { moved(l, c, 0, b, h * t.d), moved(l, c, 1, b, h * t.d),
                                moved(l, c, 2, b, h * t.e) };
            const float *dy = c->dy + b * row + h * t.e;
            for (int i = 0; i < places; i += tile)
                back(&t, &to, dy, i, places - i < tile ? places - i : tile, c->scratch,
                     c->scratch + (size_t)tile * (size_t)t.m);
        }
}

/* q k^T is shared by queries and keys: half to each, so that a step counts it three times. */
static double flops(const struct layer *l, int i)
{
    double pairs = (double)shape_places(l->to) * shape_places(shape_of(l, 1));
    double fit = 2.0 * pairs * shape_of(l, 0).c, mean = 2.0 * pairs * l->to.c;

    return l->ins == 1 ? fit + mean : i < 2 ? fit / 2.0 : mean;
}

const struct layer_kind layer_attention = {
    .name = "attention",
    .keys = " heads ",
    .least = 1,
    .most = 3,
    .build = build,
    .forward = forward,
    .backward = backward,
    .flops = flops,
    .prepare = prepare,
};
