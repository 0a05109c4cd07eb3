/*
 * Positional encodings (after Vaswani et al. 2017), none with parameters.
 *
 *   sinusoids        each number t of the input becomes `units` numbers sin(w_i t), cos(w_i t), ...
 *                    with w_i = pi longest^(i / pairs): an embedding of the energy. Odd units end
 *                    with a sine.
 *   latent_encoding  bits c_0 .. c_{M-1} to `units` numbers,
 *                      y_i = 1 / (4 sqrt M) sum_m cos(a) c_m + sin(a) (1 - c_m),  a = pi i m / M,
 *                    i = 1, 2, ...: y_1 is the number that the reference adds to every voxel (it
 *                    sums M / 4 terms, in all of which the frequency's index is left out).
 *   voxel_encoding   adds to every channel of a place amplitude times the mean of `modes` waves of
 *                    z, of r (sin and cos in turn, frequencies 10^(-4 i / modes)) and of phi (whole
 *                    numbers of waves around the circle).
 */
#include "nn/layers.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

/* --- sinusoids ------------------------------------------------------------------------------- */

enum { PER };     /* numbers: made of each input */
enum { LONGEST }; /* options */

static int build_sinusoids(struct layer *l, const struct layer_site *s, struct err *e)
{
    double longest;

    if (layer_int(s, "units", 16, 1, 4096, &l->number[PER], e) ||
        layer_real(s, "longest", 64.0, &longest, e))
        return -1;
    if (longest < 1.0) return layer_wrong(s, e, "longest: %g: expected at least 1", longest);
    l->option[LONGEST] = (float)longest;
    l->to = shape_units(shape_size(l->from[0]) * l->number[PER]);
    return 0;
}

/* Frequency of number i of `units`. */
static double frequency(const struct layer *l, int i)
{
    int pairs = (l->number[PER] + 1) / 2;

    return PI * pow((double)l->option[LONGEST], pairs > 1 ? (double)(i / 2) / (pairs - 1) : 0.0);
}

static void sinusoids_forward(const struct layer *l, const struct layer_call *c)
{
    int per = l->number[PER], n = c->B * shape_size(l->from[0]);

    for (int i = 0; i < per; i++) {
        double w = frequency(l, i);
        for (int k = 0; k < n; k++) {
            double t = w * (double)c->x[0][k];
            c->y[k * per + i] = (float)(i % 2 == 0 ? sin(t) : cos(t));
        }
    }
}

static void sinusoids_backward(const struct layer *l, const struct layer_call *c)
{
    int per = l->number[PER], n = c->B * shape_size(l->from[0]);

    if (c->dx[0] == NULL) return;
    if (!c->add[0]) memset(c->dx[0], 0, (size_t)n * sizeof *c->dx[0]);
    for (int i = 0; i < per; i++) {
        double w = frequency(l, i);
        for (int k = 0; k < n; k++) {
            double t = w * (double)c->x[0][k], slope = i % 2 == 0 ? cos(t) : -sin(t);
            c->dx[0][k] += c->dy[k * per + i] * (float)(w * slope);
        }
    }
}

/* --- latent_encoding ------------------------------------------------------------------------- */

static int build_latent(struct layer *l, const struct layer_site *s, struct err *e)
{
    int units;

    if (layer_int(s, "units", 1, 1, 4096, &units, e)) return -1;
    l->to = shape_units(units);
    return 0;
}

/* [units, M + 1]: what a bit that is on adds, and last what no bit at all gives. */
static void prepare_latent(struct layer *l, int batch)
{
    int M = shape_size(l->from[0]), units = l->to.c;
    float *table = mem_take((int64_t)units * (M + 1), sizeof *table);

    (void)batch;
    for (int i = 0; i < units; i++) {
        double none = 0.0, scale = 0.25 / sqrt((double)M);
        for (int m = 0; m < M; m++) {
            double a = PI * (i + 1) * m / M;
            table[i * (M + 1) + m] = (float)(scale * (cos(a) - sin(a)));
            none += scale * sin(a);
        }
        table[i * (M + 1) + M] = (float)none;
    }
    l->state = table;
}

static void drop_table(struct layer *l)
{
    mem_free(l->state);
    l->state = NULL;
}

static void latent_forward_encoding(const struct layer *l, const struct layer_call *c)
{
    int M = shape_size(l->from[0]), units = l->to.c;

    for (int b = 0; b < c->B; b++)
        for (int i = 0; i < units; i++) {
            const float *row = (const float *)l->state + i * (M + 1), *x = c->x[0] + b * M;
            double sum = (double)row[M];
            for (int m = 0; m < M; m++) sum += (double)(row[m] * x[m]);
            c->y[b * units + i] = (float)sum;
        }
}

static void latent_backward_encoding(const struct layer *l, const struct layer_call *c)
{
    int M = shape_size(l->from[0]), units = l->to.c;

    if (c->dx[0] == NULL) return;
    if (!c->add[0]) memset(c->dx[0], 0, (size_t)(c->B * M) * sizeof *c->dx[0]);
    for (int b = 0; b < c->B; b++)
        for (int i = 0; i < units; i++) {
            const float *row = (const float *)l->state + i * (M + 1);
            float dy = c->dy[b * units + i], *dx = c->dx[0] + b * M;
            for (int m = 0; m < M; m++) dx[m] += dy * row[m];
        }
}

/* --- voxel_encoding -------------------------------------------------------------------------- */

enum { MODES };     /* numbers */
enum { AMPLITUDE }; /* options */

static int build_voxel(struct layer *l, const struct layer_site *s, struct err *e)
{
    double amplitude;

    if (layer_int(s, "modes", 8, 1, 256, &l->number[MODES], e) ||
        layer_real(s, "amplitude", 1.0, &amplitude, e))
        return -1;
    l->option[AMPLITUDE] = (float)amplitude;
    l->to = l->from[0];
    return 0;
}

/* The waves of one coordinate at place u of n, their mean. */
static double waves(int modes, int u, int n, int circle)
{
    double sum = 0.0;

    for (int i = 0; i < modes; i++) {
        double a = circle ? 2.0 * PI * (i / 2 + 1) * u / n : u * pow(10.0, -4.0 * i / modes);
        sum += i % 2 == 0 ? sin(a) : cos(a);
    }
    return sum / modes;
}

static void prepare_voxel(struct layer *l, int batch)
{
    struct shape s = l->to;
    float *table = mem_take(shape_places(s), sizeof *table), *at = table;
    int modes = l->number[MODES];

    (void)batch;
    for (int z = 0; z < s.d; z++)
        for (int p = 0; p < s.h; p++)
            for (int r = 0; r < s.w; r++)
                *at++ = (float)((double)l->option[AMPLITUDE] / 3.0 *
                                (waves(modes, z, s.d, 0) + waves(modes, p, s.h, 1) +
                                 waves(modes, r, s.w, 0)));
    l->state = table;
}

static void voxel_forward(const struct layer *l, const struct layer_call *c)
{
    int C = l->to.c, places = shape_places(l->to);
    const float *table = l->state, *x = c->x[0];
    float *y = c->y;

    for (int i = 0; i < c->B * places; i++)
        for (int k = 0; k < C; k++) *y++ = *x++ + table[i % places];
}

const struct layer_kind layer_sinusoids = {
    .name = "sinusoids",
    .keys = " units longest ",
    .least = 1,
    .most = 1,
    .build = build_sinusoids,
    .forward = sinusoids_forward,
    .backward = sinusoids_backward,
    .spares = LAYER_SPARES_Y,
};

const struct layer_kind layer_latent_encoding = {
    .name = "latent_encoding",
    .keys = " units ",
    .least = 1,
    .most = 1,
    .build = build_latent,
    .forward = latent_forward_encoding,
    .backward = latent_backward_encoding,
    .prepare = prepare_latent,
    .drop = drop_table,
    .spares = LAYER_SPARES_Y,
};

const struct layer_kind layer_voxel_encoding = {
    .name = "voxel_encoding",
    .keys = " modes amplitude ",
    .least = 1,
    .most = 1,
    .build = build_voxel,
    .forward = voxel_forward,
    .backward = layer_copy_back,
    .prepare = prepare_voxel,
    .drop = drop_table,
    .spares = LAYER_SPARES_Y,
};
