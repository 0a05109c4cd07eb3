#include "num/kern_isa.h"
#include "num/loops.h"
#include "num/vec.h"

#include <math.h>

enum { LANES = 16 };

static void affine(float *restrict y, const float *restrict x, const float *restrict times,
                   const float *restrict plus, size_t C, size_t n)
{
    for (size_t at = 0; at < n; at += C)
        for (size_t k = 0; k < C; k++) y[at + k] = x[at + k] * times[k] + plus[k];
}

static void affine2(float *restrict y, const float *restrict d, const float *restrict x,
                    const float *restrict a, const float *restrict b, const float *restrict c,
                    size_t C, size_t n, int add)
{
    if (add)
        for (size_t at = 0; at < n; at += C)
            for (size_t k = 0; k < C; k++)
                y[at + k] += a[k] * d[at + k] + (b[k] * x[at + k] + c[k]);
    else
        for (size_t at = 0; at < n; at += C)
            for (size_t k = 0; k < C; k++) y[at + k] = a[k] * d[at + k] + (b[k] * x[at + k] + c[k]);
}

static void sums(float *restrict sum, float *restrict product, const float *d, const float *x,
                 size_t C, size_t n)
{
    for (size_t k = 0; k < C; k++) sum[k] = product[k] = 0.0f;
    for (size_t at = 0; at < n; at += C)
        for (size_t k = 0; k < C; k++) {
            sum[k] += d[at + k];
            product[k] += d[at + k] * x[at + k];
        }
}

static void prelu(float *restrict y, const float *restrict x, const float *restrict slope, size_t C,
                  size_t n)
{
    float one = slope[0];

    if (C == 1)
        for (size_t i = 0; i < n; i++) y[i] = x[i] > 0.0f ? x[i] : one * x[i];
    else
        for (size_t at = 0; at < n; at += C)
            for (size_t k = 0; k < C; k++)
                y[at + k] = x[at + k] > 0.0f ? x[at + k] : slope[k] * x[at + k];
}

/* Of one channel: the lanes' sums are joined at the end. */
static void prelu_back_one(float *restrict dx, float *restrict dslope, const float *restrict dy,
                           const float *restrict x, float slope, size_t n, int add)
{
    float sum[LANES] = { 0.0f };

    for (size_t i = 0; i < n; i++) sum[i % LANES] += x[i] > 0.0f ? 0.0f : dy[i] * x[i];
    for (int k = 0; k < LANES; k++) dslope[0] += sum[k];
    if (dx == NULL) return;
    if (add)
        for (size_t i = 0; i < n; i++) dx[i] += x[i] > 0.0f ? dy[i] : slope * dy[i];
    else
        for (size_t i = 0; i < n; i++) dx[i] = x[i] > 0.0f ? dy[i] : slope * dy[i];
}

static void prelu_back(float *restrict dx, float *restrict dslope, const float *restrict dy,
                       const float *restrict x, const float *restrict slope, size_t C, size_t n,
                       int add)
{
    if (C == 1) {
        prelu_back_one(dx, dslope, dy, x, slope[0], n, add);
        return;
    }
    for (size_t at = 0; at < n; at += C) {
        for (size_t k = 0; k < C; k++)
            dslope[k] += x[at + k] > 0.0f ? 0.0f : dy[at + k] * x[at + k];
        if (dx == NULL) continue;
        if (add)
            for (size_t k = 0; k < C; k++)
                dx[at + k] += x[at + k] > 0.0f ? dy[at + k] : slope[k] * dy[at + k];
        else
            for (size_t k = 0; k < C; k++)
                dx[at + k] = x[at + k] > 0.0f ? dy[at + k] : slope[k] * dy[at + k];
    }
}

static void silu(float *restrict y, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] = x[i] * vec_sigmoid(x[i]);
}

static inline float silu_slope(float x)
{
    float s = vec_sigmoid(x);

    return s * (1.0f + x * (1.0f - s));
}

static void silu_back(float *restrict dx, const float *restrict dy, const float *restrict x,
                      size_t n, int add)
{
    if (add)
        for (size_t i = 0; i < n; i++) dx[i] += dy[i] * silu_slope(x[i]);
    else
        for (size_t i = 0; i < n; i++) dx[i] = dy[i] * silu_slope(x[i]);
}

/* Sum of d numbers, and of their products with others, in lanes. */
static inline float lane_sum(const float *restrict x, const float *restrict y, int d)
{
    float lane[LANES] = { 0.0f }, sum = 0.0f;
    int whole = d - d % LANES;

    for (int i = 0; i < whole; i += LANES)
        for (int k = 0; k < LANES; k++) lane[k] += y != NULL ? x[i + k] * y[i + k] : x[i + k];
    for (int k = 0; k < LANES; k++) sum += lane[k];
    for (int i = whole; i < d; i++) sum += y != NULL ? x[i] * y[i] : x[i];
    return sum;
}

static inline float greatest(const float *x, int d)
{
    float lane[LANES], top = x[0];
    int whole = d - d % LANES;

    for (int k = 0; k < LANES; k++) lane[k] = x[0];
    for (int i = 0; i < whole; i += LANES)
        for (int k = 0; k < LANES; k++) lane[k] = x[i + k] > lane[k] ? x[i + k] : lane[k];
    for (int k = 0; k < LANES; k++) top = lane[k] > top ? lane[k] : top;
    for (int i = whole; i < d; i++) top = x[i] > top ? x[i] : top;
    return top;
}

static void soften(float *all, int rows, int d, int stride, float times)
{
    for (int r = 0; r < rows; r++) {
        float *restrict x = all + (int64_t)r * stride;
        float top = greatest(x, d);
        for (int k = 0; k < d; k++) x[k] = vec_exp(x[k] - top);
        float scale = times / lane_sum(x, NULL, d);
        for (int k = 0; k < d; k++) x[k] *= scale;
    }
}

/* dx = y (dy - sum(dy y) / times) */
static void harden(float *all, const float *softened, int rows, int d, int stride, float times)
{
    for (int r = 0; r < rows; r++) {
        float *restrict dy = all + (int64_t)r * stride;
        const float *restrict y = softened + (int64_t)r * stride;
        float sum = lane_sum(dy, y, d) / times;
        for (int k = 0; k < d; k++) dy[k] = y[k] * (dy[k] - sum);
    }
}

static void soften_columns(float *restrict x, int rows, int d, int stride, float *restrict scratch)
{
    float *restrict top = scratch, *restrict sum = scratch + d;

    for (int k = 0; k < d; k++) {
        top[k] = x[k];
        sum[k] = 0.0f;
    }
    for (int64_t at = stride; at < (int64_t)rows * stride; at += stride)
        for (int k = 0; k < d; k++) top[k] = x[at + k] > top[k] ? x[at + k] : top[k];
    for (int64_t at = 0; at < (int64_t)rows * stride; at += stride)
        for (int k = 0; k < d; k++) {
            float e = vec_exp(x[at + k] - top[k]);
            x[at + k] = e;
            sum[k] += e;
        }
    for (int k = 0; k < d; k++) sum[k] = 1.0f / sum[k];
    for (int64_t at = 0; at < (int64_t)rows * stride; at += stride)
        for (int k = 0; k < d; k++) x[at + k] *= sum[k];
}

static void harden_columns(float *restrict dy, const float *restrict y, int rows, int d, int stride,
                           float *restrict sum)
{
    for (int k = 0; k < d; k++) sum[k] = 0.0f;
    for (int64_t at = 0; at < (int64_t)rows * stride; at += stride)
        for (int k = 0; k < d; k++) sum[k] += dy[at + k] * y[at + k];
    for (int64_t at = 0; at < (int64_t)rows * stride; at += stride)
        for (int k = 0; k < d; k++) dy[at + k] = y[at + k] * (dy[at + k] - sum[k]);
}

static void adam(float *restrict x, const float *restrict g, float *restrict first,
                 float *restrict second, int64_t n, const struct loops_adam *m)
{
    const struct loops_adam o = *m;

    for (int64_t i = 0; i < n; i++) {
        float d = o.factor * g[i] + o.l2 * x[i];
        float a = o.beta1 * first[i] + (1.0f - o.beta1) * d;
        float b = o.beta2 * second[i] + (1.0f - o.beta2) * d * d;
        first[i] = a;
        second[i] = b;
        x[i] = o.keep * x[i] - o.rate * a / (sqrtf(b) + o.epsilon);
    }
}

static void half(uint16_t *restrict y, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        union {
            float x;
            uint32_t bits;
        } u = { .x = x[i] };
        uint32_t near = u.bits + 0x7fffu + (u.bits >> 16 & 1u);
        near = (u.bits & 0x7fffffffu) > 0x7f800000u ? u.bits | 0x400000u : near;
        y[i] = (uint16_t)(near >> 16);
    }
}

extern const struct loops KERN(loops);

const struct loops KERN(loops) = {
    .affine = affine,
    .affine2 = affine2,
    .sums = sums,
    .prelu = prelu,
    .prelu_back = prelu_back,
    .silu = silu,
    .silu_back = silu_back,
    .soften = soften,
    .harden = harden,
    .soften_columns = soften_columns,
    .harden_columns = harden_columns,
    .half = half,
    .adam = adam,
};
