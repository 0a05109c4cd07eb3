#include "num/conv.h"

#include "base/err.h"
#include "num/dnn.h"
#include "num/dnnhalf.h"

#include <string.h>

enum {
    COLUMNS = 1 << 20, /* floats of columns at a time: they stay in the cache */
    PAD = 16,          /* floats between parts of the scratch */
    LEAST = 16,
    MOST = 128 /* channels for which direct kernels are the faster ones */
};

int conv_out(int in, int kernel, int stride)
{
    return kernel < 1 || stride < 1 || in < kernel ? -1 : (in - kernel) / stride + 1;
}

static int64_t product(const int n[3])
{
    return (int64_t)n[0] * n[1] * n[2];
}

/* Narrow tensors pad the library's vectors, wide ones do better in a product. */
static int wants_direct(const struct conv_shape *s)
{
    return s->from >= LEAST && s->to >= LEAST && s->from <= MOST && s->to <= MOST &&
           product(s->kernel) > 1;
}

/* One channel, taps along z alone: y is a sum of taps times stretches of x, each shifted by a
 * plane: no columns are worth it. */
static int is_stack(const struct conv_shape *s)
{
    return s->from == 1 && s->to == 1 && s->kernel[1] == 1 && s->kernel[2] == 1 &&
           product(s->stride) == 1;
}

void conv_init(struct conv *c, const struct conv_shape *s, int direct, int half)
{
    *c = (struct conv){ .s = *s };
    for (int d = 0; d < 3; d++) {
        c->s.out[d] = conv_out(s->in[d], s->kernel[d], s->stride[d]);
        if (c->s.out[d] < 1)
            die("a kernel of %d, stride %d, on %d places", s->kernel[d], s->stride[d], s->in[d]);
    }
    int64_t places = product(c->s.out), taps = product(s->kernel);
    c->x_row = product(s->in) * s->from;
    c->y_row = places * s->to;
    c->columns = places * taps * s->from;
    c->flat = c->columns == c->x_row && (taps == 1 || places == 1);
    c->rows = c->columns < COLUMNS ? (int)(COLUMNS / c->columns) : 1;
    c->stack = direct && is_stack(&c->s);
    if (c->stack) return;
    c->half = half;
    if (direct && wants_direct(&c->s)) {
        c->many = dnnconv_make(&c->s, CONV_ROWS, half);
        c->one = c->many != NULL ? dnnconv_make(&c->s, 1, half) : NULL;
        if (c->one == NULL) {
            dnnconv_free(c->many);
            c->many = NULL;
        }
    }
    if (half && c->many == NULL) c->products = dnnhalf_make();
}

void conv_free(struct conv *c)
{
    dnnconv_free(c->many);
    dnnconv_free(c->one);
    dnnhalf_free(c->products);
    *c = (struct conv){ 0 };
}

int64_t conv_scratch(const struct conv *c, int B)
{
    if (c->stack) return 0;
    if (c->many != NULL) {
        int64_t weights = product(c->s.kernel) * c->s.from * c->s.to;
        int64_t rows = CONV_ROWS * (c->x_row > c->y_row ? c->x_row : c->y_row);
        int64_t rounded = c->half ? CONV_ROWS * (c->x_row + c->y_row) / 2 + 2 * PAD : 0;
        return (weights > rows ? weights : rows) + rounded;
    }
    int64_t n = B < c->rows ? B : c->rows, columns = c->flat ? 0 : n * c->columns;
    if (c->products == NULL) return columns;
    /* every product is of columns, y and weights, two of which it reads */
    int64_t K = product(c->s.kernel) * c->s.from, places = n * product(c->s.out);
    int64_t most = dnnhalf_scratch(places, c->s.to, K);
    if (dnnhalf_scratch(places, K, c->s.to) > most) most = dnnhalf_scratch(places, K, c->s.to);
    if (dnnhalf_scratch(c->s.to, K, places) > most) most = dnnhalf_scratch(c->s.to, K, places);
    return columns + PAD + most;
}

double conv_flops(const struct conv_shape *s)
{
    double places = 1.0;

    for (int d = 0; d < 3; d++)
        places *= (double)conv_out(s->in[d], s->kernel[d], s->stride[d]) * s->kernel[d];
    return 2.0 * places * s->from * s->to;
}

/* --- products of columns -----------------------------------------------------------------------*/

/* One row of x to its columns [out, kernel, from], or (back != 0) columns added to the row. The
 * taps of one kernel row lie side by side in both. */
static void columns(const struct conv_shape *s, float *restrict column, float *restrict x, int back)
{
    size_t run = (size_t)s->kernel[2] * (size_t)s->from;
    size_t line = (size_t)s->in[2] * (size_t)s->from, plane = line * (size_t)s->in[1];

    for (int z = 0; z < s->out[0]; z++)
        for (int p = 0; p < s->out[1]; p++)
            for (int r = 0; r < s->out[2]; r++) {
                float *at = x + (size_t)(z * s->stride[0]) * plane +
                            (size_t)(p * s->stride[1]) * line +
                            (size_t)(r * s->stride[2]) * (size_t)s->from;
                for (int i = 0; i < s->kernel[0]; i++)
                    for (int j = 0; j < s->kernel[1]; j++, column += run) {
                        float *from = at + (size_t)i * plane + (size_t)j * line;
                        if (!back) memcpy(column, from, run * sizeof *column);
                        for (size_t k = 0; back && k < run; k++) from[k] += column[k];
                    }
            }
}

/* oneDNN's handles and columns() are not const; what a way only reads it leaves alone. */
static float *writable(const float *x)
{
    union {
        const float *read;
        float *x;
    } at = { .read = x };

    return at.x;
}

/* Columns of `rows` rows; x itself where it is flat. */
static const float *gather(const struct conv *c, const float *x, int rows, float *scratch)
{
    if (c->flat) return x;
    for (int b = 0; b < rows; b++)
        columns(&c->s, scratch + b * c->columns, writable(x) + b * c->x_row, 0);
    return scratch;
}

/* As dnn_gemm with alpha = 1, in the precision asked for; rows: whose columns are in the scratch.
 */
static void multiply(const struct conv *c, char ta, char tb, int M, int N, int K, const float *A,
                     int lda, const float *B, int ldb, float beta, float *C, int ldc, int rows,
                     float *scratch)
{
    if (c->products == NULL)
        dnn_gemm(ta, tb, M, N, K, 1.0f, A, lda, B, ldb, beta, C, ldc);
    else
        dnnhalf_gemm(c->products, ta, tb, M, N, K, A, lda, B, ldb, beta, C, ldc,
                     scratch + (c->flat ? 0 : rows * c->columns) + PAD);
}

static int taps_of(const struct conv *c)
{
    return (int)product(c->s.kernel) * c->s.from;
}

static int places_of(const struct conv *c)
{
    return (int)product(c->s.out);
}

static void forward_products(const struct conv *c, float *y, const float *x, const float *W, int B,
                             int add, float *scratch)
{
    int K = taps_of(c), places = places_of(c);

    for (int b = 0, n; b < B; b += n) {
        n = B - b < c->rows ? B - b : c->rows;
        const float *column = gather(c, x + b * c->x_row, n, scratch);
        multiply(c, 'N', 'T', n * places, c->s.to, K, column, K, W, K, add ? 1.0f : 0.0f,
                 y + b * c->y_row, c->s.to, n, scratch);
    }
}

static void adjoint_products(const struct conv *c, float *x, const float *y, const float *W, int B,
                             int add, float *scratch)
{
    int K = taps_of(c), places = places_of(c), to = c->s.to;

    if (!add && !c->flat) memset(x, 0, (size_t)(B * c->x_row) * sizeof *x);
    for (int b = 0, n; b < B; b += n) {
        n = B - b < c->rows ? B - b : c->rows;
        float *row = x + b * c->x_row, *column = c->flat ? row : scratch;
        multiply(c, 'N', 'N', n * places, K, to, y + b * c->y_row, to, W, K,
                 c->flat && add ? 1.0f : 0.0f, column, K, n, scratch);
        for (int i = 0; i < n && !c->flat; i++)
            columns(&c->s, column + i * c->columns, row + i * c->x_row, 1);
    }
}

static void weights_products(const struct conv *c, float *dW, const float *x, const float *y, int B,
                             float *scratch)
{
    int K = taps_of(c), places = places_of(c), to = c->s.to;

    for (int b = 0, n; b < B; b += n) {
        n = B - b < c->rows ? B - b : c->rows;
        const float *column = gather(c, x + b * c->x_row, n, scratch);
        multiply(c, 'T', 'N', to, K, n * places, y + b * c->y_row, to, column, K, 1.0f, dW, K, n,
                 scratch);
    }
}

/* --- one channel, taps along z alone -----------------------------------------------------------*/

static void stack_forward(const struct conv *c, float *y, const float *x, const float *W, int B,
                          int add)
{
    int64_t plane = (int64_t)c->s.in[1] * c->s.in[2], n = c->y_row;

    if (!add) memset(y, 0, (size_t)(B * n) * sizeof *y);
    for (int b = 0; b < B; b++)
        for (int t = 0; t < c->s.kernel[0]; t++) {
            const float *restrict from = x + b * c->x_row + t * plane;
            float *restrict to = y + b * n, w = W[t];
            for (int64_t i = 0; i < n; i++) to[i] += w * from[i];
        }
}

static void stack_adjoint(const struct conv *c, float *x, const float *y, const float *W, int B,
                          int add)
{
    int64_t plane = (int64_t)c->s.in[1] * c->s.in[2], n = c->y_row;

    if (!add) memset(x, 0, (size_t)(B * c->x_row) * sizeof *x);
    for (int b = 0; b < B; b++)
        for (int t = 0; t < c->s.kernel[0]; t++) {
            const float *restrict from = y + b * n;
            float *restrict to = x + b * c->x_row + t * plane, w = W[t];
            for (int64_t i = 0; i < n; i++) to[i] += w * from[i];
        }
}

static void stack_weights(const struct conv *c, float *dW, const float *x, const float *y, int B)
{
    enum { LANES = 16 };
    int64_t plane = (int64_t)c->s.in[1] * c->s.in[2], n = c->y_row;

    for (int b = 0; b < B; b++)
        for (int t = 0; t < c->s.kernel[0]; t++) {
            const float *restrict p = x + b * c->x_row + t * plane, *restrict q = y + b * n;
            float sum[LANES] = { 0.0f };
            int64_t i = 0;
            for (; i + LANES <= n; i += LANES)
                for (int k = 0; k < LANES; k++) sum[k] += p[i + k] * q[i + k];
            for (; i < n; i++) sum[0] += p[i] * q[i];
            for (int k = 1; k < LANES; k++) sum[0] += sum[k];
            dW[t] += sum[0];
        }
}

/* --- direct kernels ----------------------------------------------------------------------------
 */

/* Where rows of x and y in bfloat16 stand in the scratch. */
static uint16_t *rounded(const struct conv *c, float *scratch)
{
    int64_t weights = (int64_t)taps_of(c) * c->s.to;
    int64_t rows = CONV_ROWS * (c->x_row > c->y_row ? c->x_row : c->y_row);

    return (uint16_t *)(void *)(scratch + (weights > rows ? weights : rows));
}

/* CONV_ROWS rows at a time, then one by one. Of x, y and dW one is written, what the way computes;
 * what is added goes through the scratch. */
static void direct(const struct conv *c, enum dnnconv_way way, float *x, float *y, const float *W,
                   float *dW, int B, int add, float *scratch)
{
    int whole = B - B % CONV_ROWS;
    int64_t row = way == DNNCONV_FORWARD ? c->y_row : c->x_row;

    if (way != DNNCONV_WEIGHTS && whole > 0) dnnconv_pack(c->many, way, W);
    if (way != DNNCONV_WEIGHTS && whole < B) dnnconv_pack(c->one, way, W);
    for (int b = 0, n; b < B; b += n) {
        float *rx = x + b * c->x_row, *ry = y + b * c->y_row;
        float *sum = way == DNNCONV_WEIGHTS ? dW : way == DNNCONV_FORWARD ? ry : rx;
        n = b < whole ? CONV_ROWS : 1;
        float *sx = add && way == DNNCONV_ADJOINT ? scratch : rx;
        float *sy = add && way == DNNCONV_FORWARD ? scratch : ry;
        int64_t many = way == DNNCONV_WEIGHTS ? (int64_t)taps_of(c) * c->s.to : n * row;
        uint16_t *hx = rounded(c, scratch), *hy = hx + n * c->x_row + PAD;
        if (c->half && way != DNNCONV_ADJOINT) dnnhalf_round(hx, rx, n * c->x_row);
        if (c->half && way != DNNCONV_FORWARD) dnnhalf_round(hy, ry, n * c->y_row);
        dnnconv_run(b < whole ? c->many : c->one, way,
                    c->half && way != DNNCONV_ADJOINT ? (void *)hx : sx,
                    c->half && way != DNNCONV_FORWARD ? (void *)hy : sy,
                    way == DNNCONV_WEIGHTS ? scratch : NULL);
        for (int64_t i = 0; add && i < many; i++) sum[i] += scratch[i];
    }
}

void conv_forward(const struct conv *c, float *y, const float *x, const float *W, int B, int add,
                  float *scratch)
{
    if (c->stack)
        stack_forward(c, y, x, W, B, add);
    else if (c->many != NULL)
        direct(c, DNNCONV_FORWARD, writable(x), y, W, NULL, B, add, scratch);
    else
        forward_products(c, y, x, W, B, add, scratch);
}

void conv_adjoint(const struct conv *c, float *x, const float *y, const float *W, int B, int add,
                  float *scratch)
{
    if (c->stack)
        stack_adjoint(c, x, y, W, B, add);
    else if (c->many != NULL)
        direct(c, DNNCONV_ADJOINT, x, writable(y), W, NULL, B, add, scratch);
    else
        adjoint_products(c, x, y, W, B, add, scratch);
}

void conv_weights(const struct conv *c, float *dW, const float *x, const float *y, int B,
                  float *scratch)
{
    if (c->stack)
        stack_weights(c, dW, x, y, B);
    else if (c->many != NULL)
        direct(c, DNNCONV_WEIGHTS, writable(x), writable(y), NULL, dW, B, 1, scratch);
    else
        weights_products(c, dW, x, y, B, scratch);
}
