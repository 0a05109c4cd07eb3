/*
 * up_sample: the same picture on more places. factor (z, phi, r; 2) or size: [z, phi, r];
 * mode: nearest or trilinear; periodic: phi goes around (false).
 *
 * Place o of n' reads the old axis of n at (o + 1/2) n / n' - 1/2 (nearest: at floor(o n / n')),
 * beyond the ends at the ends, or around the circle: PyTorch's interpolate without align_corners.
 */
#include "nn/layers.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

enum { MODE, PERIODIC }; /* numbers */
enum { NEAREST, TRILINEAR };
enum { NEAR = 8 }; /* old places that a new one reads, at most */

/* What one new place reads; weights of 0 are left out. */
struct reads {
    int n, from[NEAR];
    float weight[NEAR];
};

static int build(struct layer *l, const struct layer_site *s, struct err *e)
{
    struct shape f = l->from[0];
    int factor[3], size[3], given = yaml_get(s->at, "size") != NULL;
    char text[48];

    if (layer_choice(s, "mode", " nearest trilinear ", &l->number[MODE], e) ||
        layer_flag(s, "periodic", 0, &l->number[PERIODIC], e) ||
        layer_triple(s, "factor", 2, factor, e))
        return -1;
    if (given && yaml_get(s->at, "factor") != NULL)
        return layer_wrong(s, e, "up_sample: one of factor and size, not both");
    if (given && layer_triple(s, "size", 0, size, e)) return -1;
    l->to = given ? (struct shape){ f.c, size[0], size[1], size[2] }
                  : (struct shape){ f.c, f.d * factor[0], f.h * factor[1], f.w * factor[2] };
    if (l->to.d >= f.d && l->to.h >= f.h && l->to.w >= f.w) return 0;
    return layer_wrong(s, e, "up_sample: %d x %d x %d places are fewer than those of %s", l->to.d,
                       l->to.h, l->to.w, layer_shape(f, text));
}

/* The two old places of `old` that place o of `wide` lies between, and the share of the second. */
static void between(int o, int old, int wide, int around, int mode, int at[2], double *share)
{
    double x = (o + 0.5) * old / wide - 0.5;
    int low = (int)floor(x);

    at[0] = at[1] = (int)((int64_t)o * old / wide);
    *share = 0.0;
    if (mode == NEAREST) return;
    *share = x - low;
    at[0] = around ? (low + old) % old : low < 0 ? 0 : low;
    at[1] = around ? (low + 1) % old : low + 1 >= old ? old - 1 : low + 1;
}

static void read_place(const struct layer *l, int z, int p, int r, struct reads *w)
{
    struct shape f = l->from[0], t = l->to;
    int at[3][2], mode = l->number[MODE];
    double share[3];

    between(z, f.d, t.d, 0, mode, at[0], &share[0]);
    between(p, f.h, t.h, l->number[PERIODIC], mode, at[1], &share[1]);
    between(r, f.w, t.w, 0, mode, at[2], &share[2]);
    w->n = 0;
    for (int k = 0; k < NEAR; k++) {
        double weight = 1.0;
        for (int a = 0; a < 3; a++) weight *= k >> a & 1 ? share[a] : 1.0 - share[a];
        if (weight <= 0.0) continue;
        w->from[w->n] = (at[0][k & 1] * f.h + at[1][k >> 1 & 1]) * f.w + at[2][k >> 2 & 1];
        w->weight[w->n++] = (float)weight;
    }
}

static void prepare(struct layer *l, int batch)
{
    struct reads *w = mem_take(shape_places(l->to), sizeof *w), *at = w;

    (void)batch;
    for (int z = 0; z < l->to.d; z++)
        for (int p = 0; p < l->to.h; p++)
            for (int r = 0; r < l->to.w; r++) read_place(l, z, p, r, at++);
    l->state = w;
}

static void drop(struct layer *l)
{
    mem_free(l->state);
    l->state = NULL;
}

static void forward(const struct layer *l, const struct layer_call *c)
{
    size_t C = (size_t)l->to.c, old = (size_t)shape_size(l->from[0]);
    int places = shape_places(l->to);
    float *y = c->y;

    for (size_t b = 0; b < (size_t)c->B; b++) {
        const struct reads *w = l->state;
        for (int i = 0; i < places; i++, w++, y += C)
            for (int k = 0; k < w->n; k++) {
                const float *restrict x = c->x[0] + b * old + (size_t)w->from[k] * C;
                float *restrict to = y, weight = w->weight[k];
                if (k == 0)
                    for (size_t j = 0; j < C; j++) to[j] = weight * x[j];
                else
                    for (size_t j = 0; j < C; j++) to[j] += weight * x[j];
            }
    }
}

static void backward(const struct layer *l, const struct layer_call *c)
{
    size_t C = (size_t)l->to.c, old = (size_t)shape_size(l->from[0]);
    int places = shape_places(l->to);
    const float *dy = c->dy;

    if (c->dx[0] == NULL) return;
    if (!c->add[0]) memset(c->dx[0], 0, (size_t)c->B * old * sizeof(float));
    for (size_t b = 0; b < (size_t)c->B; b++) {
        const struct reads *w = l->state;
        for (int i = 0; i < places; i++, w++, dy += C)
            for (int k = 0; k < w->n; k++) {
                float *restrict dx = c->dx[0] + b * old + (size_t)w->from[k] * C;
                const float *restrict from = dy;
                float weight = w->weight[k];
                for (size_t j = 0; j < C; j++) dx[j] += weight * from[j];
            }
    }
}

const struct layer_kind layer_up_sample = {
    .name = "up_sample",
    .keys = " factor size mode periodic ",
    .least = 1,
    .most = 1,
    .build = build,
    .forward = forward,
    .backward = backward,
    .prepare = prepare,
    .drop = drop,
};
