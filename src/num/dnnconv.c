#include "num/dnnconv.h"

#include "base/err.h"
#include "base/mem.h"

#include <oneapi/dnnl/dnnl.h>

#include <string.h>

enum { DIMS = 5 };

/* --- where 2.x and 3.x differ ----------------------------------------------------------------- */

#if DNNL_VERSION_MAJOR >= 3
/* a description is a handle */
typedef const_dnnl_memory_desc_t md_ref;

static md_ref ref(const dnnl_memory_desc_t *m)
{
    return *m;
}

static dnnl_status_t describe(dnnl_memory_desc_t *m, const dnnl_dims_t n, dnnl_data_type_t type,
                              const dnnl_dims_t strides)
{
    return strides != NULL
               ? dnnl_memory_desc_create_with_strides(m, DIMS, n, type, strides)
               : dnnl_memory_desc_create_with_tag(m, DIMS, n, type, dnnl_format_tag_any);
}

static void undescribe(dnnl_memory_desc_t *m)
{
    dnnl_memory_desc_destroy(*m);
}

static dnnl_status_t choose(dnnl_primitive_desc_t *out, enum dnnconv_way way, dnnl_engine_t engine,
                            const dnnl_memory_desc_t *x, const dnnl_memory_desc_t *w,
                            const dnnl_memory_desc_t *y, const dnnl_dims_t stride,
                            dnnl_primitive_desc_t hint)
{
    const dnnl_dims_t none = { 0, 0, 0 };
    const dnnl_alg_kind_t direct = dnnl_convolution_direct;

    if (way == DNNCONV_FORWARD)
        return dnnl_convolution_forward_primitive_desc_create(out, engine, dnnl_forward_training,
                                                              direct, *x, *w, NULL, *y, stride,
                                                              none, none, none, NULL);
    if (way == DNNCONV_ADJOINT)
        return dnnl_convolution_backward_data_primitive_desc_create(
            out, engine, direct, *x, *w, *y, stride, none, none, none, hint, NULL);
    return dnnl_convolution_backward_weights_primitive_desc_create(
        out, engine, direct, *x, *w, NULL, *y, stride, none, none, none, hint, NULL);
}
#else
/* a description is a struct */
typedef const dnnl_memory_desc_t *md_ref;

static md_ref ref(const dnnl_memory_desc_t *m)
{
    return m;
}

static dnnl_status_t describe(dnnl_memory_desc_t *m, const dnnl_dims_t n, dnnl_data_type_t type,
                              const dnnl_dims_t strides)
{
    return strides != NULL ? dnnl_memory_desc_init_by_strides(m, DIMS, n, type, strides)
                           : dnnl_memory_desc_init_by_tag(m, DIMS, n, type, dnnl_format_tag_any);
}

static void undescribe(dnnl_memory_desc_t *m)
{
    (void)m;
}

static dnnl_status_t choose(dnnl_primitive_desc_t *out, enum dnnconv_way way, dnnl_engine_t engine,
                            const dnnl_memory_desc_t *x, const dnnl_memory_desc_t *w,
                            const dnnl_memory_desc_t *y, const dnnl_dims_t stride,
                            dnnl_primitive_desc_t hint)
{
    const dnnl_dims_t none = { 0, 0, 0 };
    const dnnl_alg_kind_t direct = dnnl_convolution_direct;
    dnnl_convolution_desc_t d;
    dnnl_status_t s;

    if (way == DNNCONV_FORWARD)
        s = dnnl_convolution_forward_desc_init(&d, dnnl_forward_training, direct, x, w, NULL, y,
                                               stride, none, none);
    else if (way == DNNCONV_ADJOINT)
        s = dnnl_convolution_backward_data_desc_init(&d, direct, x, w, y, stride, none, none);
    else
        s = dnnl_convolution_backward_weights_desc_init(&d, direct, x, w, NULL, y, stride, none,
                                                        none);
    return s != dnnl_success ? s : dnnl_primitive_desc_create(out, &d, NULL, engine, hint);
}
#endif

/* --- one way of one convolution ------------------------------------------------------------------
 */

struct way {
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t run, reorder; /* reorder: of the weights, towards the kernel's or back */
    dnnl_memory_t x, y, plain, packed;
    float *room; /* packed weights; owned */
};

struct dnnconv {
    int half;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    struct way way[DNNCONV_WAYS];
};

static void check(dnnl_status_t s, const char *what)
{
    if (s != dnnl_success) die("oneDNN: %s: status %d", what, (int)s);
}

/* [n, c, z, phi, r], channels last in memory. */
static dnnl_memory_desc_t last(int n, int c, const int at[3], dnnl_data_type_t type)
{
    const dnnl_dims_t dims = { n, c, at[0], at[1], at[2] };
    const dnnl_dim_t row = (dnnl_dim_t)at[2] * c, plane = row * at[1];
    const dnnl_dims_t strides = { plane * at[0], 1, plane, row, c };
    dnnl_memory_desc_t m;

    check(describe(&m, dims, type, strides), "a layout of channels last");
    return m;
}

static dnnl_memory_desc_t any_weights(const struct conv_shape *s, dnnl_data_type_t type)
{
    const dnnl_dims_t dims = { s->to, s->from, s->kernel[0], s->kernel[1], s->kernel[2] };
    dnnl_memory_desc_t m;

    check(describe(&m, dims, type, NULL), "a free layout of weights");
    return m;
}

static dnnl_memory_t memory_of(dnnl_engine_t engine, md_ref m, void *at)
{
    dnnl_memory_t memory;

    check(dnnl_memory_create(&memory, m, engine, at), "a memory");
    return memory;
}

static const char *name_of(dnnl_primitive_desc_t desc)
{
    const char *name = "";

    check(dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, &name), "a kernel's name");
    return name;
}

/* The kernel of one way into its desc; 0 when it is one of the slow ones or there is none. */
static int find(struct dnnconv *k, enum dnnconv_way way, const struct conv_shape *s, int rows,
                dnnl_primitive_desc_t hint)
{
    struct way *w = &k->way[way];
    /* what is read is in bfloat16 when asked for, what is computed never */
    const dnnl_data_type_t read = k->half ? dnnl_bf16 : dnnl_f32;
    dnnl_memory_desc_t x = last(rows, s->from, s->in, way == DNNCONV_ADJOINT ? dnnl_f32 : read);
    dnnl_memory_desc_t y = last(rows, s->to, s->out, way == DNNCONV_FORWARD ? dnnl_f32 : read);
    dnnl_memory_desc_t weights = any_weights(s, way == DNNCONV_WEIGHTS ? dnnl_f32 : read);
    const dnnl_dims_t stride = { s->stride[0], s->stride[1], s->stride[2] };
    dnnl_status_t found = choose(&w->desc, way, k->engine, &x, &weights, &y, stride, hint);

    if (found != dnnl_success) w->desc = NULL;
    if (found == dnnl_success) {
        w->x = memory_of(k->engine, ref(&x), DNNL_MEMORY_NONE);
        w->y = memory_of(k->engine, ref(&y), DNNL_MEMORY_NONE);
    }
    undescribe(&x);
    undescribe(&y);
    undescribe(&weights);
    return w->desc != NULL && strncmp(name_of(w->desc), "ref", 3) != 0 &&
           strstr(name_of(w->desc), "gemm") == NULL;
}

/* The kernel itself, room for its weights and the way between them and the plain ones. */
static void build(struct dnnconv *k, enum dnnconv_way way, const struct conv_shape *s)
{
    struct way *w = &k->way[way];
    dnnl_query_t what = way == DNNCONV_WEIGHTS ? dnnl_query_diff_weights_md : dnnl_query_weights_md;
    md_ref packed = dnnl_primitive_desc_query_md(w->desc, what, 0);
    const dnnl_dims_t dims = { s->to, s->from, s->kernel[0], s->kernel[1], s->kernel[2] };
    const dnnl_dim_t row = (dnnl_dim_t)s->kernel[2] * s->from, plane = row * s->kernel[1];
    const dnnl_dims_t strides = { plane * s->kernel[0], 1, plane, row, s->from };
    dnnl_memory_desc_t plain;
    dnnl_primitive_desc_t reorder;

    check(describe(&plain, dims, dnnl_f32, strides), "a layout of weights");
    w->room =
        mem_take((int64_t)(dnnl_memory_desc_get_size(packed) / sizeof(float)) + 1, sizeof *w->room);
    w->packed = memory_of(k->engine, packed, w->room);
    w->plain = memory_of(k->engine, ref(&plain), DNNL_MEMORY_NONE);
    md_ref from = way == DNNCONV_WEIGHTS ? packed : ref(&plain);
    md_ref to = way == DNNCONV_WEIGHTS ? ref(&plain) : packed;
    check(dnnl_reorder_primitive_desc_create(&reorder, from, k->engine, to, k->engine, NULL),
          "a reorder of weights");
    check(dnnl_primitive_create(&w->reorder, reorder), "a reorder of weights");
    dnnl_primitive_desc_destroy(reorder);
    check(dnnl_primitive_create(&w->run, w->desc), "a convolution");
    undescribe(&plain);
}

struct dnnconv *dnnconv_make(const struct conv_shape *s, int rows, int half)
{
    struct dnnconv *k = mem_take(1, sizeof *k);
    dnnl_primitive_desc_t hint = NULL;

    k->half = half;
    check(dnnl_engine_create(&k->engine, dnnl_cpu, 0), "an engine");
    check(dnnl_stream_create(&k->stream, k->engine, dnnl_stream_default_flags), "a stream");
    for (int i = 0; i < DNNCONV_WAYS; i++) {
        if (!find(k, (enum dnnconv_way)i, s, rows, hint)) {
            dnnconv_free(k);
            return NULL;
        }
        hint = k->way[DNNCONV_FORWARD].desc;
    }
    for (int i = 0; i < DNNCONV_WAYS; i++) build(k, (enum dnnconv_way)i, s);
    return k;
}

void dnnconv_free(struct dnnconv *k)
{
    if (k == NULL) return;
    for (int i = 0; i < DNNCONV_WAYS; i++) {
        struct way *w = &k->way[i];
        dnnl_memory_t memory[] = { w->x, w->y, w->plain, w->packed };
        for (int m = 0; m < 4; m++)
            if (memory[m] != NULL) dnnl_memory_destroy(memory[m]);
        if (w->run != NULL) dnnl_primitive_destroy(w->run);
        if (w->reorder != NULL) dnnl_primitive_destroy(w->reorder);
        if (w->desc != NULL) dnnl_primitive_desc_destroy(w->desc);
        mem_free(w->room);
    }
    dnnl_stream_destroy(k->stream);
    dnnl_engine_destroy(k->engine);
    mem_free(k);
}

static void reorder(const struct dnnconv *k, const struct way *w, dnnl_memory_t from,
                    dnnl_memory_t to)
{
    const dnnl_exec_arg_t arg[] = { { DNNL_ARG_FROM, from }, { DNNL_ARG_TO, to } };

    check(dnnl_primitive_execute(w->reorder, k->stream, 2, arg), "a reorder");
}

void dnnconv_pack(struct dnnconv *k, enum dnnconv_way way, const float *weights)
{
    struct way *w = &k->way[way];
    union {
        const float *read;
        void *handle;
    } at = { .read = weights }; /* oneDNN takes what it only reads without const */

    check(dnnl_memory_set_data_handle(w->plain, at.handle), "weights");
    reorder(k, w, w->plain, w->packed);
}

void dnnconv_run(struct dnnconv *k, enum dnnconv_way way, void *x, void *y, float *dw)
{
    static const int arg_x[] = { DNNL_ARG_SRC, DNNL_ARG_DIFF_SRC, DNNL_ARG_SRC };
    static const int arg_w[] = { DNNL_ARG_WEIGHTS, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_WEIGHTS };
    static const int arg_y[] = { DNNL_ARG_DST, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_DST };
    struct way *w = &k->way[way];
    const dnnl_exec_arg_t arg[] = { { arg_x[way], w->x },
                                    { arg_w[way], w->packed },
                                    { arg_y[way], w->y } };

    check(dnnl_memory_set_data_handle(w->x, x), "x");
    check(dnnl_memory_set_data_handle(w->y, y), "y");
    check(dnnl_primitive_execute(w->run, k->stream, 3, arg), "a convolution");
    if (way != DNNCONV_WEIGHTS) return;
    check(dnnl_memory_set_data_handle(w->plain, dw), "the weights' gradient");
    reorder(k, w, w->packed, w->plain);
}
