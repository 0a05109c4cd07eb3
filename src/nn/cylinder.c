/*
 * Padding on the cylinder, z x phi x r with r = 0 at its axis.
 *
 *   pad_cylinder   phi (planes on each side, 1), centre (rings within r = 0, 1): places first, then
 *                  the ring r = -1 - i is the ring r = i seen across the axis, phi + half a turn;
 *                  phi goes around. The outer r and z get nothing. outer (0): so many of those
 *                  rings behind the last one instead, where CaloQVAE's 3Dv2 encoder has them.
 *   fold_cylinder  its adjoint: what lies in the padding is added to the place it is a copy of.
 *                  After a transposed convolution it makes this the adjoint of a periodic one.
 */
#include "nn/layers.h"

#include "base/mem.h"

#include <string.h>

enum { PHI, CENTRE, OUTER }; /* numbers */

static int is_fold(const struct layer *l)
{
    return l->kind == &layer_fold_cylinder;
}

static struct shape bare(const struct layer *l)
{
    return is_fold(l) ? l->to : l->from[0];
}

static struct shape padded(const struct layer *l)
{
    return is_fold(l) ? l->from[0] : l->to;
}

static int build(struct layer *l, const struct layer_site *s, struct err *e)
{
    int *phi = &l->number[PHI], *centre = &l->number[CENTRE], sign = is_fold(l) ? -1 : 1;
    char shape[48];

    if (layer_int(s, "phi", 1, 0, 64, phi, e) ||
        layer_int(s, "outer", 0, 0, 64, &l->number[OUTER], e) ||
        layer_int(s, "centre", l->number[OUTER] == 0, 0, 64, centre, e))
        return -1;
    l->to = l->from[0];
    l->to.h += sign * 2 * *phi;
    l->to.w += sign * (*centre + l->number[OUTER]);
    if (l->to.h < 1 || l->to.w < 1 || *phi > bare(l).h || *centre > bare(l).w ||
        l->number[OUTER] > bare(l).w)
        return layer_wrong(s, e, "%s: %d planes of phi and %d rings do not fit %s", l->kind->name,
                           *phi, *centre, layer_shape(l->from[0], shape));
    return 0;
}

/* For each place of a padded plane of constant z, the place of the bare one that it copies. */
static void prepare(struct layer *l, int batch)
{
    struct shape b = bare(l), p = padded(l);
    int phi = l->number[PHI], centre = l->number[CENTRE];
    int *from = mem_take((int64_t)p.h * p.w, sizeof *from);

    (void)batch;
    for (int j = 0; j < p.h; j++)
        for (int k = 0; k < p.w; k++) {
            int turn = (j - phi + b.h) % b.h, ring = k - centre;
            if (ring < 0 || ring >= b.w) {
                ring = ring < 0 ? -1 - ring : ring - b.w;
                turn = (turn + b.h / 2) % b.h;
            }
            from[j * p.w + k] = turn * b.w + ring;
        }
    l->state = from;
}

static void drop(struct layer *l)
{
    mem_free(l->state);
    l->state = NULL;
}

/* padded = or += copies of bare; or (fold != 0) bare += padded. */
static void walk(const struct layer *l, int B, float *restrict wide, float *restrict narrow,
                 int fold, int add)
{
    struct shape b = bare(l), p = padded(l);
    size_t C = (size_t)b.c, plane = (size_t)(b.h * b.w) * C, places = (size_t)(p.h * p.w);
    const int *from = l->state;

    for (size_t z = 0; z < (size_t)B * (size_t)b.d; z++, narrow += plane)
        for (size_t i = 0; i < places; i++, wide += C) {
            float *at = narrow + (size_t)from[i] * C;
            if (!fold && !add) memcpy(wide, at, C * sizeof *wide);
            for (size_t k = 0; !fold && add && k < C; k++) wide[k] += at[k];
            for (size_t k = 0; fold && k < C; k++) at[k] += wide[k];
        }
}

static float *writable(const float *x)
{
    union {
        const float *read;
        float *x; /* walk() leaves alone what it only reads */
    } at = { .read = x };

    return at.x;
}

static void clear(float *x, int B, struct shape s)
{
    memset(x, 0, (size_t)B * (size_t)shape_size(s) * sizeof *x);
}

static void forward(const struct layer *l, const struct layer_call *c)
{
    if (is_fold(l)) {
        clear(c->y, c->B, l->to);
        walk(l, c->B, writable(c->x[0]), c->y, 1, 1);
    } else {
        walk(l, c->B, c->y, writable(c->x[0]), 0, 0);
    }
}

static void backward(const struct layer *l, const struct layer_call *c)
{
    if (c->dx[0] == NULL) return;
    if (is_fold(l)) {
        walk(l, c->B, c->dx[0], writable(c->dy), 0, c->add[0]);
    } else {
        if (!c->add[0]) clear(c->dx[0], c->B, l->from[0]);
        walk(l, c->B, writable(c->dy), c->dx[0], 1, 1);
    }
}

const struct layer_kind layer_pad_cylinder = {
    .name = "pad_cylinder",
    .keys = " phi centre outer ",
    .least = 1,
    .most = 1,
    .build = build,
    .forward = forward,
    .backward = backward,
    .prepare = prepare,
    .drop = drop,
    .spares = LAYER_SPARES_X | LAYER_SPARES_Y,
};

const struct layer_kind layer_fold_cylinder = {
    .name = "fold_cylinder",
    .keys = " phi centre outer ",
    .least = 1,
    .most = 1,
    .build = build,
    .forward = forward,
    .backward = backward,
    .prepare = prepare,
    .drop = drop,
    .spares = LAYER_SPARES_X | LAYER_SPARES_Y,
};
