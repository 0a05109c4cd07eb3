#include "test.h"

#include "base/mem.h"
#include "base/yaml.h"
#include "nn/graph.h"
#include "nn/fit.h"
#include "par/nodesum.h"

#include <math.h>
#include <string.h>

enum { ROWS = 7, IN = 13, FLOATS = 64 };

/* Odd sizes, a fixed tensor in the middle (moving averages), tensors longer than a bucket, and of
 * two layers. */
static const char text[] = "- {name: one, kind: linear, units: 13}\n"
                           "- {kind: linear, units: 13, weights: one}\n"
                           "- {kind: linear, units: 29}\n"
                           "- {kind: batch_norm, local: true}\n"
                           "- {kind: prelu}\n"
                           "- {kind: linear, units: 3}\n"
                           "- {kind: linear, units: 1, name: out}\n";

struct net {
    struct tensors T;
    struct graph g;
    float *params, *grad, *x;
};

static void init(struct net *n)
{
    const struct graph_input input = { "x", { IN, 1, 1, 1 }, 0 };
    const char *output = "out";
    struct graph_wish w = { .prefix = "net",
                            .input = &input,
                            .inputs = 1,
                            .output = &output,
                            .outputs = 1,
                            .batch = ROWS };
    struct err e = { "" };
    struct yaml *y = yaml_parse(text, "net.yaml", &e);

    memset(n, 0, sizeof *n);
    if (y == NULL || graph_init(&n->g, y, "net.yaml", &w, &n->T, &e)) die("%s", e.text);
    yaml_drop(y);
    n->params = mem_take(n->T.total, sizeof(float));
    n->grad = mem_take(n->T.total, sizeof(float));
    n->x = mem_take(ROWS * IN, sizeof(float));
    graph_start(&n->g, &n->T, n->params, 5);
    graph_bind(&n->g, 0, n->x, NULL);
}

static void drop(struct net *n)
{
    graph_free(&n->g);
    tensors_free(&n->T);
    mem_free(n->params);
    mem_free(n->grad);
    mem_free(n->x);
}

/* Forward and backward of B rows that depend on rank and round: loss = sum of squares / 2. */
static void backward(struct net *n, int rank, int round, int B, float *grad)
{
    for (int i = 0; i < ROWS * IN; i++)
        n->x[i] = (float)((i * 17 + rank * 29 + round * 7) % 101) / 50.0f - 1.0f;
    graph_forward(&n->g, n->params, B, 1);
    for (int i = 0; i < B; i++) graph_output_gradient(&n->g, 0)[i] = graph_output(&n->g, 0)[i];
    graph_backward(&n->g, n->params, grad, B);
}

/* Rows of a rank: the last of three has none. */
static int rows(const struct par *P)
{
    return P->rank == 2 ? 0 : ROWS - P->rank;
}

static int started(const struct buckets *b)
{
    int n = 0;

    for (int k = 0; k < b->n; k++) n += b->gone[k];
    return n;
}

static void buckets_cover_every_parameter_once(void **state)
{
    (void)state;
    struct net n;
    struct buckets b;
    int64_t covered = 0;
    int ok = 1;

    init(&n);
    buckets_init(&b, &n.T, FLOATS);
    unsigned char *seen = mem_take(n.T.total, 1);
    for (int k = 0; k < b.n; k++) {
        ok &= b.place[k].count > 0 && b.place[k].count <= FLOATS && b.place[k].first % 16 == 0;
        if (k > 0) ok &= block_end(b.place[k]) <= b.place[k - 1].first; /* from the end */
        for (int64_t i = b.place[k].first; i < block_end(b.place[k]); i++) seen[i]++;
    }
    for (int i = 0; i < n.T.n; i++)
        for (int64_t k = 0; k < n.T.t[i].count; k++, covered++)
            ok &= seen[n.T.t[i].first + k] == !n.T.t[i].fixed;
    assert_true(ok && covered > n.T.parameters);
    mem_free(seen);
    buckets_free(&b);
    drop(&n);
}

/*
 * Two micro-batches, of which the second is live: its sums begin in backward, and come to the sum
 * of the gradients over ranks. Float sums of at most three terms in another order: 4 units in the
 * last place of the largest intermediate sum.
 */
static void sums_begun_in_backward_are_the_sums_of_gradients(void **state)
{
    (void)state;
    const struct par *P = test_par();
    struct nodesum sums;
    struct net n;
    struct buckets b;
    int ok = 1;

    init(&n);
    buckets_init(&b, &n.T, FLOATS);
    nodesum_take(&sums, P, n.T.total, b.n);
    struct reducer r = nodesum_reducer(&sums, 0);
    float *whole = mem_take(n.T.total, sizeof *whole), *size = mem_take(n.T.total, sizeof *size);
    b.grad = sums.x;
    b.reducer = &r;
    graph_buckets(&n.g, &b);
    for (int round = 0; round < 2; round++) {
        memset(whole, 0, (size_t)n.T.total * sizeof *whole);
        memset(sums.x, 0, (size_t)n.T.total * sizeof *whole);
        b.live = 0;
        buckets_begin(&b);
        backward(&n, P->rank, round, rows(P), sums.x);
        ok &= started(&b) == 0; /* not the last micro-batch */
        memcpy(whole, sums.x, (size_t)n.T.total * sizeof *whole);
        b.live = 1;
        backward(&n, P->rank, round + 10, rows(P), sums.x);
        ok &= started(&b) == b.n; /* all of them before the end of backward */
        graph_buckets(&n.g, NULL);
        backward(&n, P->rank, round + 10, rows(P), whole);
        graph_buckets(&n.g, &b);
        buckets_wait(&b);
        buckets_spread(&b, n.params);
        for (int64_t i = 0; i < n.T.total; i++) size[i] = fabsf(whole[i]);
        par_sum_float(P, whole, n.T.total);
        par_sum_float(P, size, n.T.total);
        for (int64_t i = 0; i < n.T.total; i++)
            ok &= fabsf(sums.x[i] - whole[i]) <= 4.0f * 6e-8f * size[i];
    }
    assert_true(test_agree(ok));
    mem_free(whole);
    mem_free(size);
    nodesum_free(&sums);
    buckets_free(&b);
    drop(&n);
}

/* The batch callback of fit for the net. */
struct school {
    struct net n;
    struct buckets b;
    struct nodesum sums;
    struct optim optim;
    const struct par *P;
    int bad; /* a step in which the gradient of one rank is not finite, or -1 */
};

static int64_t batch(void *ctx, int64_t epoch, int64_t index, double *term, struct err *e)
{
    struct school *s = ctx;
    int B = rows(s->P);

    (void)epoch, (void)e;
    s->b.live = 1;
    backward(&s->n, s->P->rank, (int)index, B, s->sums.x);
    for (int i = 0; i < B; i++) term[0] += (double)graph_output(&s->n.g, 0)[i];
    if (index == s->bad && s->P->rank == 0) term[0] = NAN;
    return B;
}

/* Parameters after some steps of AdamW, updated by shares or whole; returns fit_run's status. */
static int learn(float *params, int shares, double clip, int bad, struct err *e)
{
    struct school s = { .P = test_par(), .bad = bad };
    struct optim_options o = optim_default();

    init(&s.n);
    buckets_init(&s.b, &s.n.T, FLOATS);
    nodesum_take(&s.sums, s.P, s.n.T.total, s.b.n);
    struct reducer r = nodesum_reducer(&s.sums, shares);
    struct block *own = mem_take(s.b.n, sizeof *own);
    s.b.grad = s.sums.x;
    s.b.reducer = &r;
    graph_buckets(&s.n.g, &s.b);
    buckets_own(&s.b, own);
    o.kind = OPTIM_ADAMW;
    o.decay = 0.01;
    o.clip = clip;
    optim_init_own(&s.optim, &o, &s.n.T, own, s.b.n);
    struct fit f = { .params = s.n.params,
                     .grad = s.sums.x,
                     .n = s.n.T.total,
                     .optim = &s.optim,
                     .reducer = &r,
                     .buckets = &s.b,
                     .terms = 1,
                     .steps = 5,
                     .epochs = 1,
                     .ctx = &s,
                     .batch = batch };
    int status = fit_run(&f, e);
    memcpy(params, s.n.params, (size_t)s.n.T.total * sizeof *params);
    graph_buckets(&s.n.g, NULL);
    optim_free(&s.optim);
    mem_free(own);
    nodesum_free(&s.sums);
    buckets_free(&s.b);
    drop(&s.n);
    return status;
}

/*
 * Without clipping an update by shares is the same arithmetic on the same sums: bit for bit, on all
 * ranks. With it the norm is added in another order, so that a step differs by rounding: 5 steps of
 * 1e-3, each off by a few units of 6e-8 of itself.
 */
static void an_update_by_shares_is_the_whole_update(void **state)
{
    (void)state;
    struct net n;
    struct err e = { "" };

    init(&n);
    float *a = mem_take(n.T.total, sizeof *a), *b = mem_take(n.T.total, sizeof *b);
    int ok = learn(a, 0, 0.0, -1, &e) == 0 && learn(b, 1, 0.0, -1, &e) == 0;
    ok &= memcmp(a, b, (size_t)n.T.total * sizeof *a) == 0;
    ok &= memcmp(a, n.params, (size_t)n.T.total * sizeof *a) != 0; /* and it moved */
    ok &= learn(a, 0, 0.5, -1, &e) == 0 && learn(b, 1, 0.5, -1, &e) == 0;
    for (int64_t i = 0; i < n.T.total; i++) ok &= fabsf(a[i] - b[i]) <= 5e-9f + 6e-8f * fabsf(a[i]);
    memcpy(b, a, (size_t)n.T.total * sizeof *a);
    par_bcast(test_par(), b, n.T.total * (int64_t)sizeof *b, 0);
    for (int i = 0; i < n.T.n; i++) /* the fixed ones are each rank's own, with local statistics */
        ok &= n.T.t[i].fixed || memcmp(a + n.T.t[i].first, b + n.T.t[i].first,
                                       (size_t)n.T.t[i].count * sizeof *a) == 0;
    assert_true(test_agree(ok));
    mem_free(a);
    mem_free(b);
    drop(&n);
}

static void a_bad_loss_ends_all_sums_under_way(void **state)
{
    (void)state;
    struct net n;
    struct err e = { "" };

    init(&n);
    float *a = mem_take(n.T.total, sizeof *a);
    int ok = learn(a, 1, 0.0, 3, &e) == -1 && strstr(e.text, "not finite on 1 rank(s)") != NULL;
    assert_true(test_agree(ok));
    mem_free(a);
    drop(&n);
}

TEST_MAIN(cmocka_unit_test(buckets_cover_every_parameter_once),
          cmocka_unit_test(sums_begun_in_backward_are_the_sums_of_gradients),
          cmocka_unit_test(an_update_by_shares_is_the_whole_update),
          cmocka_unit_test(a_bad_loss_ends_all_sums_under_way))
