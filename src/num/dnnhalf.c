#include "num/dnnhalf.h"

#include "base/err.h"
#include "base/mem.h"
#include "num/loops.h"

#include <oneapi/dnnl/dnnl.h>

#include <string.h>

enum { KINDS = 64 };

/* A kind of product, and oneDNN's objects for it. */
struct kind {
    char ta, tb;
    int M, N, K, ldc, add;
    dnnl_primitive_t run; /* NULL: free */
    dnnl_memory_t a, b, c;
};

struct dnnhalf {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    struct kind kind[KINDS];
    int next; /* to be given up for a new one */
};

static void check(dnnl_status_t s, const char *what)
{
    if (s != dnnl_success) die("oneDNN: %s: status %d", what, (int)s);
}

/* --- where 2.x and 3.x differ ----------------------------------------------------------------- */

#if DNNL_VERSION_MAJOR >= 3
static void describe(dnnl_memory_desc_t *m, const dnnl_dims_t n, dnnl_data_type_t type,
                     const dnnl_dims_t strides)
{
    check(dnnl_memory_desc_create_with_strides(m, 2, n, type, strides), "a matrix");
}

static void undescribe(dnnl_memory_desc_t *m)
{
    dnnl_memory_desc_destroy(*m);
}

static void remember(dnnl_memory_t *out, const dnnl_memory_desc_t *m, dnnl_engine_t engine)
{
    check(dnnl_memory_create(out, *m, engine, DNNL_MEMORY_NONE), "a memory");
}

static void add_to(dnnl_post_ops_t after)
{
    check(dnnl_post_ops_append_sum(after, 1.0f, 0, dnnl_data_type_undef), "a sum");
}

static void choose(dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *a,
                   const dnnl_memory_desc_t *b, const dnnl_memory_desc_t *c,
                   dnnl_primitive_attr_t how)
{
    check(dnnl_matmul_primitive_desc_create(out, engine, *a, *b, NULL, *c, how), "a product");
}
#else
static void describe(dnnl_memory_desc_t *m, const dnnl_dims_t n, dnnl_data_type_t type,
                     const dnnl_dims_t strides)
{
    check(dnnl_memory_desc_init_by_strides(m, 2, n, type, strides), "a matrix");
}

static void undescribe(dnnl_memory_desc_t *m)
{
    (void)m;
}

static void remember(dnnl_memory_t *out, const dnnl_memory_desc_t *m, dnnl_engine_t engine)
{
    check(dnnl_memory_create(out, m, engine, DNNL_MEMORY_NONE), "a memory");
}

static void add_to(dnnl_post_ops_t after)
{
    check(dnnl_post_ops_append_sum(after, 1.0f), "a sum");
}

static void choose(dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *a,
                   const dnnl_memory_desc_t *b, const dnnl_memory_desc_t *c,
                   dnnl_primitive_attr_t how)
{
    dnnl_matmul_desc_t d;

    check(dnnl_matmul_desc_init(&d, a, b, NULL, c), "a product");
    check(dnnl_primitive_desc_create(out, &d, how, engine, NULL), "a product");
}
#endif

int dnnhalf_here(void)
{
    const int wanted = dnnl_cpu_isa_avx512_core_bf16;

    return ((int)dnnl_get_effective_cpu_isa() & wanted) == wanted;
}

struct dnnhalf *dnnhalf_make(void)
{
    struct dnnhalf *h = mem_take(1, sizeof *h);

    check(dnnl_engine_create(&h->engine, dnnl_cpu, 0), "an engine");
    check(dnnl_stream_create(&h->stream, h->engine, dnnl_stream_default_flags), "a stream");
    return h;
}

static void forget(struct kind *k)
{
    if (k->run == NULL) return;
    dnnl_primitive_destroy(k->run);
    dnnl_memory_destroy(k->a);
    dnnl_memory_destroy(k->b);
    dnnl_memory_destroy(k->c);
    *k = (struct kind){ 0 };
}

void dnnhalf_free(struct dnnhalf *h)
{
    if (h == NULL) return;
    for (int i = 0; i < KINDS; i++) forget(&h->kind[i]);
    dnnl_stream_destroy(h->stream);
    dnnl_engine_destroy(h->engine);
    mem_free(h);
}

/* The objects of a kind whose sizes are set. */
static void build(const struct dnnhalf *h, struct kind *k)
{
    const dnnl_dims_t na = { k->M, k->K }, nb = { k->K, k->N }, nc = { k->M, k->N };
    const dnnl_dims_t sa = { k->ta == 'T' ? 1 : k->K, k->ta == 'T' ? k->M : 1 };
    const dnnl_dims_t sb = { k->tb == 'T' ? 1 : k->N, k->tb == 'T' ? k->K : 1 };
    const dnnl_dims_t sc = { k->ldc, 1 };
    dnnl_memory_desc_t a, b, c;
    dnnl_primitive_attr_t how;
    dnnl_primitive_desc_t desc;
    dnnl_post_ops_t after;

    describe(&a, na, dnnl_bf16, sa);
    describe(&b, nb, dnnl_bf16, sb);
    describe(&c, nc, dnnl_f32, sc);
    check(dnnl_primitive_attr_create(&how), "attributes");
    check(dnnl_post_ops_create(&after), "attributes");
    if (k->add) add_to(after);
    check(dnnl_primitive_attr_set_post_ops(how, after), "attributes");
    choose(&desc, h->engine, &a, &b, &c, how);
    check(dnnl_primitive_create(&k->run, desc), "a product");
    remember(&k->a, &a, h->engine);
    remember(&k->b, &b, h->engine);
    remember(&k->c, &c, h->engine);
    dnnl_primitive_desc_destroy(desc);
    dnnl_post_ops_destroy(after);
    dnnl_primitive_attr_destroy(how);
    undescribe(&a);
    undescribe(&b);
    undescribe(&c);
}

static struct kind *find(struct dnnhalf *h, const struct kind *w)
{
    struct kind *k = h->kind;

    for (int i = 0; i < KINDS; i++, k++)
        if (k->run != NULL && k->ta == w->ta && k->tb == w->tb && k->M == w->M && k->N == w->N &&
            k->K == w->K && k->ldc == w->ldc && k->add == w->add)
            return k;
    k = &h->kind[h->next++ % KINDS];
    forget(k);
    *k = *w;
    build(h, k);
    return k;
}

void dnnhalf_round(uint16_t *y, const float *x, int64_t n)
{
    loops_best()->half(y, x, (size_t)n);
}

int64_t dnnhalf_scratch(int64_t M, int64_t N, int64_t K)
{
    return (M * K + 1) / 2 + 16 + (K * N + 1) / 2;
}

/* A matrix of rows that are ld apart, as rows side by side. */
static void pack(uint16_t *out, const float *x, int rows, int columns, int ld)
{
    if (ld == columns)
        dnnhalf_round(out, x, (int64_t)rows * columns);
    else
        for (int i = 0; i < rows; i++)
            dnnhalf_round(out + (int64_t)i * columns, x + (int64_t)i * ld, columns);
}

void dnnhalf_gemm(struct dnnhalf *h, char ta, char tb, int M, int N, int K, const float *A, int lda,
                  const float *B, int ldb, float beta, float *C, int ldc, float *scratch)
{
    struct kind wanted = {
        .ta = ta, .tb = tb, .M = M, .N = N, .K = K, .ldc = ldc, .add = beta > 0.0f
    };
    uint16_t *a = (uint16_t *)(void *)scratch;
    uint16_t *b = (uint16_t *)(void *)(scratch + ((int64_t)M * K + 1) / 2 + 16);

    if (M == 0 || N == 0) return;
    if (K == 0) { /* an empty sum */
        for (int i = 0; i < M && beta == 0.0f; i++)
            memset(C + (int64_t)i * ldc, 0, (size_t)N * sizeof *C);
        return;
    }
    struct kind *k = find(h, &wanted);
    pack(a, A, ta == 'T' ? K : M, ta == 'T' ? M : K, lda);
    pack(b, B, tb == 'T' ? N : K, tb == 'T' ? K : N, ldb);
    const dnnl_exec_arg_t arg[] = { { DNNL_ARG_SRC, k->a },
                                    { DNNL_ARG_WEIGHTS, k->b },
                                    { DNNL_ARG_DST, k->c } };
    check(dnnl_memory_set_data_handle(k->a, a), "A");
    check(dnnl_memory_set_data_handle(k->b, b), "B");
    check(dnnl_memory_set_data_handle(k->c, C), "C");
    check(dnnl_primitive_execute(k->run, h->stream, 3, arg), "a product");
}
