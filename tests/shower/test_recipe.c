/* The recipe of synthetic showers against its slow twin, which throws every spot
 * (spec/evaluation.md 7.3 to 7.7): the means and mean squares of all voxels agree within their
 * errors. */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "shower/geom.h"
#include "shower/synth.h"

#include <math.h>
#include <string.h>

static const double x0 = 4.2193, moliere = 10.871;

/* The voxel at depth t (X0), radius r (mm) and angle (0..1 of a turn), or -1. */
static int find(const struct geom *g, double t, double r, double turn)
{
    for (int l = 0; l < g->layers; l++) {
        const struct geom_layer *y = &g->layer[l];
        if (t * x0 < y->front || t * x0 >= y->front + y->thickness) continue;
        for (int i = 0; i < y->n_r; i++)
            if (r >= y->edge[i] && r < y->edge[i + 1])
                return y->first + (int)(turn * y->n_alpha) * y->n_r + i;
    }
    return -1;
}

static double heavy(struct rng *r, double scale)
{
    double u = rng_uniform(r);

    return scale * sqrt(u / (1.0 - u));
}

/* What a shower of E GeV draws first. */
struct twin {
    double E, T, alpha, beta, ln_alpha;
};

static struct twin longitudinal(const struct synth_set *c, double E, struct rng *r)
{
    double Z = 72.49, F = 2.4820, ehat = 0.7042, L = log(E * 1e3 / 8.228);
    double lnT = log(L - 0.812 - 0.55 / F - 0.69 * (1.0 - ehat) + c->shift);
    double lna = log(0.81 + (0.458 + 2.26 / Z) * L - 0.476 / F);
    double sT = c->sigma_t / (-2.5 + 1.25 * L), sa = c->sigma_a / (-0.82 + 0.79 * L);
    double rho = 0.784 - 0.023 * L, z1 = rng_normal(r), z2 = rng_normal(r);
    double a = sqrt((1.0 + rho) / 2.0), b = sqrt((1.0 - rho) / 2.0);
    struct twin w = { .E = E, .ln_alpha = lna };

    w.T = exp(lnT + sT * (a * z1 + b * z2));
    w.alpha = exp(lna + sa * (a * z1 - b * z2));
    w.beta = (w.alpha - 1.0) / w.T;
    return w;
}

/* Radius of a spot of the core in the layer whose middle is at depth t. */
static double radius(const struct synth_set *c, const struct twin *w, double t, struct rng *r)
{
    double Z = 72.49, F = 2.4820, m = 1.0 - 0.7042, lnE = log(w->E), ea = exp(w->ln_alpha);
    double tau = t / (w->alpha / w->beta) * ea / (ea - 1.0);
    double rc = 0.0251 + 0.00319 * lnE + (0.1162 - 0.000381 * Z) * tau;
    double rt = (0.659 - 0.00309 * Z) *
                (exp(-2.59 * (tau - 0.645)) + exp((0.3585 + 0.0421 * lnE) * (tau - 0.645)));
    double q = (0.401 + 0.00187 * Z - tau) / (1.313 - 0.0686 * lnE);
    double p = (2.632 - 0.00094 * Z) * exp(q - exp(q));

    rc += -0.0203 * m + 0.0397 / F * exp(-tau);
    rt += -0.14 * m - 0.495 / F * exp(-tau);
    p += m * (0.348 - 0.642 / F * exp(-(tau - 1.0) * (tau - 1.0)));
    return rng_uniform(r) < p ? heavy(r, moliere * c->core_scale * rc)
                              : heavy(r, moliere * c->tail_scale * rt);
}

/* The core: energies of layers by Simpson's rule, depths of spots one by one: no incomplete gamma
 * function is shared with the fast twin. */
static void core(const struct geom *g, const struct synth_set *c, const struct twin *w,
                 double energy, double *x, struct rng *r)
{
    enum { MOST = 32 };
    double share[MOST] = { 0 }, total[MOST] = { 0 }, weight[8192];
    int layer[8192], where[8192];
    double Ts = w->T * (0.813 + 0.0019 * 72.49), as = w->alpha * (0.844 + 0.0026 * 72.49);
    double depth = g->layer[0].thickness / x0, width = c->sampling * c->sampling * 1e3;
    int64_t n = rng_poisson(r, c->spots * pow(w->E, c->spot_power));

    for (int l = 0; l < g->layers; l++) { /* Simpson's rule, 100 steps a layer */
        for (int k = 0; k <= 100; k++) {
            double t = depth * (l + k / 100.0), f = k == 0 || k == 100 ? 1.0 : k % 2 ? 4.0 : 2.0;
            if (t > 0.0)
                share[l] +=
                    f * depth / 300.0 * w->beta *
                    exp((w->alpha - 1.0) * log(w->beta * t) - w->beta * t - lgamma(w->alpha));
        }
        share[l] = width * rng_gamma(r, energy * share[l] / width);
    }
    for (int64_t i = 0; i < n; i++) {
        double t = rng_gamma(r, as) * Ts / (as - 1.0);
        layer[i] = (int)(t / depth);
        if (layer[i] >= g->layers) continue;
        double middle = depth * (layer[i] + 0.5), rho = radius(c, w, middle, r);
        where[i] = find(g, middle, rho, rng_uniform(r));
        total[layer[i]] += weight[i] = rng_gamma(r, c->spot_shape);
    }
    for (int64_t i = 0; i < n; i++)
        if (layer[i] < g->layers && where[i] >= 0)
            x[where[i]] += share[layer[i]] * weight[i] / total[layer[i]];
}

/* A cloud of spots with depths of a gamma law (shape, mean) that share an energy. */
static void cloud(const struct geom *g, const struct synth_set *c, double energy, double spots,
                  double shape, double mean, double *x, struct rng *r)
{
    double total = 0.0, weight[8192];
    int where[8192];
    int64_t n = rng_poisson(r, spots);

    for (int64_t i = 0; i < n; i++) {
        double t = rng_gamma(r, shape) * mean / shape, rho = heavy(r, moliere * c->halo_radius);
        where[i] = find(g, t, rho, rng_uniform(r));
        total += weight[i] = rng_gamma(r, c->halo_weight);
    }
    for (int64_t i = 0; i < n; i++)
        if (where[i] >= 0) x[where[i]] += energy * weight[i] / total;
}

static void shower(const struct geom *g, const struct synth_set *c, double energy, int64_t number,
                   double *x)
{
    struct rng r = rng_at(11, RNG_TEST, number, 0);
    double E = energy / 1e3, v = c->common * c->common / E, z;
    struct twin w = longitudinal(c, E, &r);
    double seen = energy * (c->response + c->slope * (log10(E) - 1.5)) * v * rng_gamma(&r, 1.0 / v);

    memset(x, 0, (size_t)g->voxels * sizeof *x);
    core(g, c, &w, seen * (1.0 - c->halo), x, &r);
    cloud(g, c, seen * c->halo, c->halo_spots * E, c->halo_depth, 1.3 * w.T + 3.0, x, &r);
    z = c->back * exp(c->back_spread * rng_normal(&r) - 0.5 * c->back_spread * c->back_spread);
    cloud(g, c, seen * z, c->back_spots * c->halo_spots * z / c->halo * E, 1.0, c->back_depth, x,
          &r);
    for (int l = 0; l < g->layers; l++) {
        double t = g->layer[0].thickness / x0 * (l + 0.5);
        if (rng_uniform(&r) > exp(-t / c->track_depth)) continue;
        double rho = fabs(rng_normal(&r)) * c->track_width;
        double e = c->track * exp(0.5 * rng_normal(&r) - 0.125);
        x[find(g, t, rho, rng_uniform(&r))] += e;
    }
    for (int i = 0; i < g->voxels; i++)
        if (x[i] < g->threshold) x[i] = 0.0;
}

/* Moments of one figure: sums of x to x^4, and how often it is above 0. */
enum { SUMS = 5 };

static void add(double *sum, double x)
{
    for (int k = 0; k < 4; k++) sum[k] += pow(x, k + 1);
    sum[4] += x > 0.0;
}

/* Figures of a whole shower, behind its voxels: energy, root sum of squares, sum of roots, hits.
 * They see what single voxels do not, such as the shape of a spot's weight. */
enum { WHOLE = 4 };

static void add_all(double *sum, const double *x, int voxels)
{
    double whole[WHOLE] = { 0 };

    for (int v = 0; v < voxels; v++) {
        add(sum + SUMS * v, x[v]);
        whole[0] += x[v];
        whole[1] += x[v] * x[v];
        whole[2] += sqrt(x[v]);
        whole[3] += x[v] > 0.0;
    }
    whole[1] = sqrt(whole[1]);
    for (int k = 0; k < WHOLE; k++) add(sum + SUMS * (voxels + k), whole[k]);
}

/* |difference| below 5 standard errors: with 600 comparisons a chance of 3e-4 of failing, and
 * seeds are fixed. */
static int agree(const char *what, int v, double a, double var_a, double b, double var_b, double n)
{
    double error = sqrt((var_a + var_b) / n) + 1e-9;

    if (fabs(a - b) <= 5.0 * error) return 1;
    print_error("%s of figure %d: %g, thrown %g, error %g\n", what, v, a, b, error);
    return 0;
}

/* Variance from moments about 0, and the variance of its estimate: m4 - m2^2 about the mean. */
static double central(const double *m, double *error)
{
    double u = m[0], m2 = m[1] - u * u;
    double m4 = m[3] - 4.0 * u * m[2] + 6.0 * u * u * m[1] - 3.0 * u * u * u * u;

    *error = fmax(m4 - m2 * m2, 0.0);
    return m2;
}

static int same_law(const double *a, const double *b, int v, double n)
{
    double wide_a, wide_b, var_a = central(a, &wide_a), var_b = central(b, &wide_b);

    return agree("mean", v, a[0], var_a, b[0], var_b, n) &
           agree("variance", v, var_a, wide_a, var_b, wide_b, n) &
           agree("hits", v, a[4], a[4] - a[4] * a[4], b[4], b[4] - b[4] * b[4], n);
}

static void voxels_drawn_at_once_have_the_law_of_spots(void **state)
{
    (void)state;
    const struct par *P = test_par();
    const double energy = 1e4, n = 1500.0;
    struct block mine = block_of((int64_t)n, P->rank, P->size);
    struct synth_set set = synth_calibrated();
    struct geom g;
    struct synth s;
    struct err e = { 0 };
    int good = 1;

    if (geom_load(&g, P, "configs/geometries/tiny.yaml", &e) != 0) fail_msg("%s", e.text);
    synth_init(&s, &g, &set);
    const int all = g.voxels + WHOLE;
    double *fast = mem_take(2 * all * SUMS, sizeof *fast), *slow = fast + all * SUMS;
    double *x = mem_take(g.voxels, sizeof *x);
    float *y = mem_take(g.voxels, sizeof *y);
    for (int64_t i = mine.first; i < block_end(mine); i++) {
        synth_shower(&s, 1, i, energy, y);
        for (int v = 0; v < g.voxels; v++) x[v] = (double)y[v];
        add_all(fast, x, g.voxels);
        shower(&g, &set, energy, i, x);
        add_all(slow, x, g.voxels);
    }
    par_sum(P, fast, 2 * all * SUMS);
    for (int k = 0; k < 2 * all * SUMS; k++) fast[k] /= n;
    for (int v = 0; v < all; v++) good &= same_law(fast + SUMS * v, slow + SUMS * v, v, n);
    mem_free(fast);
    mem_free(x);
    mem_free(y);
    synth_free(&s);
    geom_free(&g);
    assert_true(test_agree(good));
}

TEST_MAIN(cmocka_unit_test(voxels_drawn_at_once_have_the_law_of_spots))
