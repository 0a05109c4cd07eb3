#include "vae/loss.h"

#include "num/vec.h"

#include <math.h>
#include <stddef.h>

enum { LANES = 16 };               /* numbers worked on together; their sums are in double */
static const float smooth = 60.0f; /* the reference's output_smoothing_fct */

struct loss_options loss_default(void)
{
    return (struct loss_options){ .weight = { 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0 },
                                  .c = 0.01,
                                  .w = 0.5,
                                  .mask = 1,
                                  .exact_entropy = 0 };
}

const char *loss_name(int term)
{
    static const char *const name[LOSS_TERMS] = {
        "ae", "hit", "entropy", "positive", "negative", "spread", "logit_distance", "layer_energy"
    };

    return name[term];
}

/* What one lane of voxels needs. */
struct voxels {
    float c, w, slope, weight_ae, weight_hit;
};

/* ae and hit of n <= LANES voxels under the true mask, with their gradients. */
static inline void masked(double *restrict ae, double *restrict hit, float *restrict da,
                          float *restrict dh, const float *restrict u, const float *restrict a,
                          const float *restrict h, int n, struct voxels o)
{
    for (int i = 0; i < n; i++) {
        float on = u[i] > 0.0f ? 1.0f : 0.0f;
        float slope = a[i] > 0.0f ? 1.0f : o.slope;
        float off = on * slope * a[i] - u[i], weight = o.c * vec_exp(o.w * u[i]);
        float size = vec_abs(h[i]), e = vec_exp(-size);
        float p = (h[i] > 0.0f ? 1.0f : e) / (1.0f + e);
        ae[i] += (double)(weight * off * off);
        hit[i] += (double)(0.5f * (h[i] + size) - on * h[i] + vec_log(1.0f + e));
        da[i] = o.weight_ae * 2.0f * weight * off * on * slope;
        dh[i] = o.weight_hit * (p - on);
    }
}

/* The same with the smooth mask sigma(60 (h + noise)), through which h gets a share of ae. */
static inline void smooth_mask(double *restrict ae, double *restrict hit, float *restrict da,
                               float *restrict dh, const float *restrict u, const float *restrict a,
                               const float *restrict h, const float *restrict noise, int n,
                               struct voxels o)
{
    for (int i = 0; i < n; i++) {
        float on = u[i] > 0.0f ? 1.0f : 0.0f;
        float slope = a[i] > 0.0f ? 1.0f : o.slope;
        float m = vec_sigmoid(smooth * (h[i] + noise[i]));
        float off = slope * a[i] * m - u[i], weight = o.c * vec_exp(o.w * u[i]);
        float d = o.weight_ae * 2.0f * weight * off;
        ae[i] += (double)(weight * off * off);
        hit[i] += (double)(vec_softplus(h[i]) - on * h[i]);
        da[i] = d * slope * m;
        dh[i] =
            o.weight_hit * (vec_sigmoid(h[i]) - on) + d * slope * a[i] * smooth * m * (1.0f - m);
    }
}

/* n <= LANES voxels; with a constant n the loops have a constant length. */
static inline void lanes(double *ae, double *hit, float *da, float *dh, const float *u,
                         const float *a, const float *h, const float *noise, int n, struct voxels v)
{
    if (noise == NULL)
        masked(ae, hit, da, dh, u, a, h, n, v);
    else
        smooth_mask(ae, hit, da, dh, u, a, h, noise, n, v);
}

void loss_showers(double sum[LOSS_TERMS], float *da, float *dh, const float *u, const float *a,
                  const float *h, const float *noise, int B, int V, double slope,
                  const struct loss_options *o)
{
    struct voxels v = { .c = (float)o->c,
                        .w = (float)o->w,
                        .slope = (float)slope,
                        .weight_ae = (float)o->weight[LOSS_AE],
                        .weight_hit = (float)o->weight[LOSS_HIT] };
    double ae[LANES] = { 0.0 }, hit[LANES] = { 0.0 };
    float no_a[LANES], no_h[LANES];
    int64_t all = (int64_t)B * V, whole = all - all % LANES;

    if (o->mask) noise = NULL;
    for (int64_t i = 0; i < all; i += LANES) {
        float *ga = da != NULL ? da + i : no_a, *gh = dh != NULL ? dh + i : no_h;
        const float *extra = noise != NULL ? noise + i : NULL;
        if (i < whole)
            lanes(ae, hit, ga, gh, u + i, a + i, h + i, extra, LANES, v);
        else
            lanes(ae, hit, ga, gh, u + i, a + i, h + i, extra, (int)(all - i), v);
    }
    for (int i = 0; i < LANES; i++) {
        sum[LOSS_AE] += ae[i];
        sum[LOSS_HIT] += hit[i];
    }
}

static inline float kept(float s)
{
    float x = s < -8.0f ? -8.0f : s;

    return x > 2.0f ? 2.0f : x;
}

float loss_variance(float s)
{
    return vec_exp(kept(s));
}

void loss_spread(double sum[LOSS_TERMS], float *ds, const float *u, const float *a, const float *s,
                 int B, int V, const struct loss_options *o)
{
    const float least = 0.1f, most = 8.0f; /* of v; of r, while v is far off early in training */
    float weight = (float)o->weight[LOSS_SPREAD];
    size_t n = (size_t)V;

    for (size_t b = 0; b < (size_t)B; b++) {
        const float *restrict x = u + b * n, *restrict v = a + b * n, *restrict w = s + b * n;
        float *restrict d = ds != NULL ? ds + b * n : NULL;
        double total[LANES] = { 0.0 };
        for (size_t i = 0; i < n; i++) {
            if (x[i] <= 0.0f) {
                if (d != NULL) d[i] = 0.0f;
                continue;
            }
            float r = (vec_exp(x[i]) - 1.0f) / (vec_exp(v[i] > least ? v[i] : least) - 1.0f);
            float off = (r < most ? r : most) - 1.0f, log_q = kept(w[i]);
            float ratio = off * off * vec_exp(-log_q);
            total[i % LANES] += 0.5 * (double)(ratio + log_q);
            if (d != NULL) d[i] = w[i] == log_q ? 0.5f * weight * (1.0f - ratio) : 0.0f;
        }
        for (int k = 0; k < LANES; k++) sum[LOSS_SPREAD] += total[k];
    }
}

void loss_entropy(double sum[LOSS_TERMS], float *dlogit, float *dz, const float *logit,
                  const float *z, int B, int F, int L, const struct loss_options *o)
{
    float weight = (float)o->weight[LOSS_ENTROPY];

    for (size_t b = 0; b < (size_t)B; b++) {
        const float *l = logit + b * (size_t)F, *s = z + b * (size_t)L + (L - F);
        for (int j = 0; j < F; j++) {
            float p = vec_sigmoid(l[j]), q = o->exact_entropy ? p : s[j];
            sum[LOSS_ENTROPY] += (double)(q * l[j]) - (double)vec_softplus(l[j]);
        }
        if (dlogit == NULL) continue;
        float *dl = dlogit + b * (size_t)F, *ds = dz + b * (size_t)L + (L - F);
        for (int j = 0; j < F; j++) {
            float p = vec_sigmoid(l[j]);
            /* sampled: d/dl = zeta - p, d/dzeta = l; exact: d/dl = p (1 - p) l */
            if (o->exact_entropy) {
                dl[j] += weight * p * (1.0f - p) * l[j];
            } else {
                dl[j] += weight * (s[j] - p);
                ds[j] += weight * l[j];
            }
        }
    }
}

/* Of one layer, voxels first .. last - 1 of a row. */
static double layer(float *da, const float *u, const float *a, int first, int last, float weight)
{
    const float most = 20.0f; /* of u and v: e^20 is above every energy */
    double x = 1.0, y = 1.0;

    for (int i = first; i < last; i++) {
        if (u[i] <= 0.0f) continue;
        x += (double)vec_exp(u[i] < most ? u[i] : most) - 1.0;
        if (a[i] > 0.0f) y += (double)vec_exp(a[i] < most ? a[i] : most) - 1.0;
    }
    double off = log(x) - log(y);
    for (int i = first; i < last && da != NULL; i++)
        if (u[i] > 0.0f && a[i] > 0.0f && a[i] < most)
            da[i] -= weight * 2.0f * (float)(off / y) * vec_exp(a[i]);
    return off * off;
}

void loss_layers(double sum[LOSS_TERMS], float *da, const float *u, const float *a, int B, int V,
                 const struct loss_options *o)
{
    float weight = (float)o->weight[LOSS_LAYER];

    for (int b = 0; b < B; b++) {
        int64_t row = (int64_t)b * V;
        for (int first = 0, last; first < V; first = last) {
            last = first + 1;
            while (last < V && o->layer_of[last] == o->layer_of[first]) last++;
            sum[LOSS_LAYER] +=
                layer(da != NULL ? da + row : NULL, u + row, a + row, first, last, weight);
        }
    }
}

void loss_logit(double sum[LOSS_TERMS], float *dlogit, const float *logit, const float *slope,
                int B, int F, int L, const struct loss_options *o)
{
    float weight = (float)o->weight[LOSS_LOGIT] / (float)F;

    for (int b = 0; b < B; b++)
        for (int j = 0; j < F; j++) {
            float off = logit[(int64_t)b * F + j] + slope[(int64_t)b * L + (L - F) + j];
            sum[LOSS_LOGIT] += (double)off * (double)off / F;
            if (dlogit != NULL) dlogit[(int64_t)b * F + j] += 2.0f * weight * off;
        }
}
