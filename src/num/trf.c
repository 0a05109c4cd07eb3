#include "num/trf.h"

#include "base/err.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { A, B, DIM, EVALUATIONS = 100 * DIM, ROOT_STEPS = 10 };

static const double tolerance = 1e-8;

struct data {
    int n;
    const double *x, *y;
};

/* The quadratic model around a point, in scaled ("hat") variables p_h = p / d:
 * q(p) = 1/2 |J p|^2 + 1/2 p' diag p + g' p, inside |p| <= delta. */
struct model {
    int n;
    double J[TRF_POINTS][DIM], diag[DIM], g[DIM], d[DIM];
    double s[DIM], V[DIM][DIM], uf[DIM]; /* singular values of [J; diag^1/2], U' [f; 0] */
    double delta, alpha, theta;
};

/* A step in both variables and what the model says it changes. */
struct move {
    double p[DIM], hat[DIM], value;
};

static double dot(const double *a, const double *b)
{
    return a[A] * b[A] + a[B] * b[B];
}

static double norm(const double *a)
{
    return sqrt(dot(a, a));
}

static double residuals(double *f, const struct data *D, const double *p)
{
    double sum = 0;
    for (int i = 0; i < D->n; i++) {
        f[i] = p[A] + p[B] * D->x[i] - D->y[i];
        sum += f[i] * f[i];
    }
    return sum / 2;
}

/* J' f of the rows (1, x). */
static void gradient_of(double *g, const struct data *D, const double *f)
{
    g[A] = g[B] = 0;
    for (int i = 0; i < D->n; i++) {
        g[A] += f[i];
        g[B] += D->x[i] * f[i];
    }
}

/* Singular values of two columns a [n] by one-sided rotations; a ends as U diag(s). */
static void singular(struct model *m, double a[][DIM], int n)
{
    memset(m->V, 0, sizeof m->V);
    m->V[A][A] = m->V[B][B] = 1;
    for (int sweep = 0; sweep < 30; sweep++) {
        double aa = 0, bb = 0, ab = 0;
        for (int i = 0; i < n; i++) {
            aa += a[i][A] * a[i][A];
            bb += a[i][B] * a[i][B];
            ab += a[i][A] * a[i][B];
        }
        m->s[A] = sqrt(aa);
        m->s[B] = sqrt(bb);
        if (fabs(ab) <= DBL_EPSILON * sqrt(aa * bb)) return;
        double z = (bb - aa) / (2 * ab), t = copysign(1, z) / (fabs(z) + sqrt(1 + z * z));
        double c = 1 / sqrt(1 + t * t), s = c * t;
        for (int i = 0; i < n + DIM; i++) {
            double *row = i < n ? a[i] : m->V[i - n], left = row[A];
            row[A] = c * left - s * row[B];
            row[B] = s * left + c * row[B];
        }
    }
}

/* Scale by the distance to the bounds (Coleman and Li) and take the model apart. Returns the norm
 * of the scaled gradient, the measure of convergence. */
static double build(struct model *m, const struct data *D, const double *f, const double *g,
                    const double *p)
{
    double a[TRF_POINTS + DIM][DIM] = { { 0 } }, most = 0;
    m->n = D->n;
    for (int k = 0; k < DIM; k++) {
        double v = g[k] > 0 ? p[k] : 1;
        most = fmax(most, fabs(g[k] * v));
        m->d[k] = sqrt(v);
        m->diag[k] = g[k] > 0 ? g[k] : 0;
        m->g[k] = m->d[k] * g[k];
        for (int i = 0; i < D->n; i++) a[i][k] = m->J[i][k] = (k == A ? 1 : D->x[i]) * m->d[k];
        a[D->n + k][k] = sqrt(m->diag[k]);
    }
    singular(m, a, D->n + DIM);
    for (int k = 0; k < DIM; k++) {
        m->uf[k] = 0;
        for (int i = 0; i < D->n; i++) m->uf[k] += m->s[k] > 0 ? a[i][k] * f[i] / m->s[k] : 0;
    }
    m->theta = fmax(0.995, 1 - most);
    return most;
}

/* p = -V diag(s / (s^2 + alpha)) U' f; returns |p|, and d|p|/d alpha in *slope. */
static double damped(double *p, const struct model *m, double alpha, double *slope)
{
    double q[DIM], change = 0;
    for (int k = 0; k < DIM; k++) {
        double deep = m->s[k] * m->s[k] + alpha, w = m->s[k] * m->uf[k];
        q[k] = w / deep;
        change += w * w / (deep * deep * deep);
    }
    for (int i = 0; i < DIM; i++) p[i] = -dot(m->V[i], q);
    *slope = -change / norm(q);
    return norm(q);
}

/* The step of least q inside the trust region (More 1977): p_h; updates m->alpha. */
static void trust_region(double *p, struct model *m)
{
    double slope, least = 0, small = fmin(m->s[A], m->s[B]), large = fmax(m->s[A], m->s[B]);
    int full = small > DBL_EPSILON * m->n * large;
    double w[DIM] = { m->s[A] * m->uf[A], m->s[B] * m->uf[B] };
    double upper = norm(w) / m->delta, alpha = m->alpha;
    if (full) {
        double length = damped(p, m, 0, &slope);
        m->alpha = 0;
        if (length <= m->delta) return;
        least = -(length - m->delta) / slope;
    } else if (alpha == 0) {
        alpha = fmax(0.001 * upper, sqrt(least * upper));
    }
    for (int i = 0; i < ROOT_STEPS; i++) {
        if (alpha < least || alpha > upper) alpha = fmax(0.001 * upper, sqrt(least * upper));
        double phi = damped(p, m, alpha, &slope) - m->delta;
        if (phi < 0) upper = alpha;
        least = fmax(least, alpha - phi / slope);
        alpha -= (phi + m->delta) * (phi / slope) / m->delta;
        if (fabs(phi) < 0.01 * m->delta) break;
    }
    m->alpha = alpha;
    double length = damped(p, m, alpha, &slope);
    for (int k = 0; k < DIM; k++) p[k] *= m->delta / length;
}

/* q along s0 + t s: a t^2 + b t + c. */
static void along(double q[3], const struct model *m, const double *s0, const double *s)
{
    q[0] = dot(m->g, s0);
    q[1] = dot(m->g, s);
    q[2] = 0;
    for (int i = 0; i < m->n; i++) {
        double u = dot(m->J[i], s0), v = dot(m->J[i], s);
        q[0] += u * u / 2;
        q[1] += u * v;
        q[2] += v * v / 2;
    }
    for (int k = 0; k < DIM; k++) {
        q[0] += s0[k] * s0[k] * m->diag[k] / 2;
        q[1] += s0[k] * s[k] * m->diag[k];
        q[2] += s[k] * s[k] * m->diag[k] / 2;
    }
}

/* The t in [low, high] where q is least; its value in *least. */
static double lowest(const double q[3], double low, double high, double *least)
{
    double t[3] = { low, high, q[2] != 0 ? -0.5 * q[1] / q[2] : low }, best = low;
    *least = INFINITY;
    for (int i = 0; i < 3; i++) {
        double value = t[i] * (q[2] * t[i] + q[1]) + q[0];
        if (t[i] < low || t[i] > high || value >= *least) continue;
        best = t[i];
        *least = value;
    }
    return best;
}

/* How far from x along s the nearest bound is; hits[k] tells which variables meet it. */
static double to_bound(const double *x, const double *s, int *hits)
{
    double step[DIM];
    for (int k = 0; k < DIM; k++) step[k] = s[k] < 0 ? -x[k] / s[k] : INFINITY;
    double least = fmin(step[A], step[B]);
    for (int k = 0; k < DIM; k++) hits[k] = s[k] != 0 && step[k] == least;
    return least;
}

static struct move scaled(const struct model *m, const double *hat, double t, double value)
{
    struct move r = { .value = value };
    for (int k = 0; k < DIM; k++) {
        r.hat[k] = t * hat[k];
        r.p[k] = m->d[k] * r.hat[k];
    }
    return r;
}

/* From the bound that `hat` reaches, on along its reflection. */
static struct move reflected(const struct model *m, const double *x, const double *hat,
                             const int *hits, double stride)
{
    int unused[DIM];
    double r[DIM], p[DIM], on[DIM], q[3], least;
    for (int k = 0; k < DIM; k++) {
        r[k] = hits[k] ? -hat[k] / stride : hat[k] / stride;
        p[k] = m->d[k] * r[k];
        on[k] = x[k] + m->d[k] * hat[k];
    }
    double a = dot(r, r), b = dot(hat, r), c = dot(hat, hat) - m->delta * m->delta;
    double edge = -(b + copysign(sqrt(fmax(0, b * b - a * c)), b));
    double region = fmax(edge / a, c / edge), wall = to_bound(on, p, unused);
    double reach = fmin(wall, region);
    double low = reach > 0 ? (1 - m->theta) * stride / reach : 0;
    double high = reach <= 0 ? -1 : reach == wall ? m->theta * wall : region;
    if (!(low <= high)) return (struct move){ .value = INFINITY };
    along(q, m, hat, r);
    double t = lowest(q, low, high, &least);
    for (int k = 0; k < DIM; k++) r[k] = t * r[k] + hat[k];
    return scaled(m, r, 1, least);
}

/* The best of: the trust-region step if it stays inside, else that step cut short, its reflection,
 * or the way of the gradient. */
static struct move choose(const struct model *m, const double *x, const double *hat)
{
    static const double zero[DIM] = { 0 };
    struct move whole = scaled(m, hat, 1, 0);
    double q[3], least, down[DIM], way[DIM];
    int hits[DIM];
    along(q, m, zero, hat);
    whole.value = q[2] + q[1];
    if (x[A] + whole.p[A] >= 0 && x[B] + whole.p[B] >= 0) return whole;
    double stride = to_bound(x, whole.p, hits), on[DIM] = { hat[A] * stride, hat[B] * stride };
    struct move back = reflected(m, x, on, hits, stride);
    double t = m->theta * stride;
    struct move cut = scaled(m, hat, t, t * (q[2] * t + q[1]));
    for (int k = 0; k < DIM; k++) {
        down[k] = -m->g[k];
        way[k] = m->d[k] * down[k];
    }
    double wall = to_bound(x, way, hits), region = m->delta / norm(down);
    along(q, m, zero, down);
    t = lowest(q, 0, wall < region ? m->theta * wall : region, &least);
    struct move gradient = scaled(m, down, t, least);
    if (cut.value < back.value && cut.value < gradient.value) return cut;
    return back.value < cut.value && back.value < gradient.value ? back : gradient;
}

/* Try steps from p until one lowers the cost or it is time to stop. Returns whether to stop; p, f
 * and cost move when the cost fell. */
static int advance(double *p, double *f, double *cost, struct model *m, const struct data *D,
                   int *evaluations)
{
    double hat[DIM], next[DIM], moved[TRF_POINTS], fall = -1;
    int stop = 0;
    while (fall <= 0 && *evaluations < EVALUATIONS && !stop) {
        trust_region(hat, m);
        struct move s = choose(m, p, hat);
        for (int k = 0; k < DIM; k++) {
            next[k] = p[k] + s.p[k];
            if (next[k] <= 0) next[k] = nextafter(0, 1);
        }
        double reached = residuals(moved, D, next), length = norm(s.hat), old = m->delta;
        fall = *cost - reached;
        ++*evaluations;
        double ratio = s.value < 0 ? fall / -s.value : s.value == 0 && fall == 0;
        stop = (fall < tolerance * *cost && ratio > 0.25) ||
               norm(s.p) < tolerance * (tolerance + norm(p));
        if (ratio < 0.25)
            m->delta = 0.25 * length;
        else if (ratio > 0.75 && length > 0.95 * old)
            m->delta *= 2;
        m->alpha *= old / m->delta;
        if (fall > 0) {
            *cost = reached;
            memcpy(p, next, sizeof next);
            memcpy(f, moved, (size_t)D->n * sizeof *f);
        }
    }
    return stop;
}

struct stats_line trf_line(const double *x, const double *y, int n)
{
    struct data D = { n, x, y };
    struct model m = { 0 };
    double p[DIM] = { 1, 1 }, g[DIM], f[TRF_POINTS];
    int evaluations = 1, stop = 0;
    if (n < 3 || n > TRF_POINTS) die("trf_line of %d points", n);
    double cost = residuals(f, &D, p);
    while (!stop && evaluations < EVALUATIONS) {
        gradient_of(g, &D, f);
        if (build(&m, &D, f, g, p) < tolerance) break;
        if (evaluations == 1) {
            /* where the region begins: |p / v^1/2| */
            double start[DIM] = { p[A] / m.d[A], p[B] / m.d[B] };
            m.delta = norm(start);
        }
        stop = advance(p, f, &cost, &m, &D, &evaluations);
    }
    double mean = stats_mean(x, n), spread = stats_variance(x, n, 0) * n;
    return (struct stats_line){ p[A], p[B], 2 * cost / (n - 2) * (1.0 / n + mean * mean / spread) };
}
