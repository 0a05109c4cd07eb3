#include "shower/gflash.h"

#include "base/mem.h"
#include "num/special.h"

#include <math.h>
#include <string.h>

static const double MAXIMUM = 7.0; /* X0: near the maximum of most showers */

void gflash_init(struct gflash *f, const struct geom *g, const struct synth_set *set)
{
    *f = (struct gflash){ .g = g, .set = set, .main = g->layer[0].material };
    f->depth = mem_take(g->layers + 1, sizeof(double));
    f->energy = mem_take(g->layers, sizeof(double));
    f->spot = mem_take(g->layers, sizeof(double));
    for (int l = 0, run = 0; l < g->layers; l++) {
        const struct geom_layer *layer = &g->layer[l], *first = &g->layer[run];
        if (layer->material != first->material) run = l; /* sums begin anew, without rounding */
        first = &g->layer[run];
        f->depth[l + 1] =
            f->depth[run] + (layer->front - first->front + layer->thickness) / layer->material->x0;
        if (f->depth[l] < MAXIMUM) f->main = layer->material;
    }
}

void gflash_free(struct gflash *f)
{
    mem_free(f->depth);
    mem_free(f->energy);
    mem_free(f->spot);
    *f = (struct gflash){ 0 };
}

struct gflash_shape gflash_shape(const struct gflash *f, double E, struct rng *r)
{
    const struct synth_set *c = f->set;
    const struct material *m = f->main;
    double L = fmax(log(E / m->critical), 2.5), Z = m->z,
           lnE = log(E); /* formulas end at L = 2.5 */
    double T = L - 0.812 - 0.55 * m->one_by_f - 0.69 * m->missing + c->shift;
    double a = 0.81 + (0.458 + 2.26 / Z) * L - 0.476 * m->one_by_f;
    double sigma_t = c->sigma_t * fmin(0.5, 1.0 / fmax(-2.5 + 1.25 * L, 0.1));
    double sigma_a = c->sigma_a * fmin(0.5, 1.0 / fmax(-0.82 + 0.79 * L, 0.1));
    double rho = 0.784 - 0.023 * L, z1 = rng_normal(r), z2 = rng_normal(r);
    double plus = sqrt(0.5 * (1.0 + rho)) * z1, minus = sqrt(0.5 * (1.0 - rho)) * z2;
    struct gflash_shape s = { .E = E };

    s.T = T * exp(sigma_t * (plus + minus));
    s.alpha = fmax(a * exp(sigma_a * (plus - minus)), 1.05);
    s.beta = (s.alpha - 1.0) / s.T;
    s.stretch = s.beta / s.alpha * a / (a - 1.0);
    s.rc1 = 0.0251 + 0.00319 * lnE;
    s.rc2 = 0.1162 - 0.000381 * Z;
    s.k1 = 0.659 - 0.00309 * Z;
    s.k4 = 0.3585 + 0.0421 * lnE;
    s.p1 = 2.632 - 0.00094 * Z;
    s.p2 = 0.401 + 0.00187 * Z;
    s.p3 = 1.313 - 0.0686 * lnE;
    return s;
}

void gflash_profile(double *out, const double *edge, int layers, double start, double alpha,
                    double beta)
{
    double below = special_gamma_p(alpha, beta * fmax(edge[0] - start, 0.0));

    for (int l = 0; l < layers; l++) {
        double next = special_gamma_p(alpha, beta * fmax(edge[l + 1] - start, 0.0));
        out[l] = fmax(next - below, 0.0);
        below = next;
    }
}

/* GFLASH's radial profile at depth t (A.3, A.4): core and tail. */
static void rings(const struct gflash *f, struct spots *s, const struct gflash_shape *h,
                  const struct geom_layer *layer, double t)
{
    const struct material *m = f->main;
    const double moliere = layer->material->moliere;
    double tau = t * h->stretch, damp = exp(-tau), q = (h->p2 - tau) / h->p3;
    double rc = h->rc1 + h->rc2 * tau - 0.0203 * m->missing + 0.0397 * m->one_by_f * damp;
    double rt = h->k1 * (exp(-2.59 * (tau - 0.645)) + exp(h->k4 * (tau - 0.645)));
    double p = h->p1 * exp(q - exp(q));

    rt += -0.14 * m->missing - 0.495 * m->one_by_f * damp;
    p += m->missing * (0.348 - 0.642 * m->one_by_f * exp(-(tau - 1.0) * (tau - 1.0)));
    p = fmin(fmax(p, 0.0), 1.0);
    spots_rings(s, layer);
    spots_rings_add(s, layer, p, moliere * f->set->core_scale * fmax(rc, 0.005));
    spots_rings_add(s, layer, 1.0 - p, moliere * f->set->tail_scale * fmin(fmax(rt, 0.02), 100.0));
}

void gflash_core(struct gflash *f, struct spots *s, const struct gflash_shape *h, double energy,
                 double start, struct rng *r)
{
    const struct synth_set *c = f->set;
    const struct geom *g = f->g;
    double var = c->sampling * c->sampling; /* GeV */
    double T = h->T * (0.813 + 0.0019 * f->main->z);
    double alpha = fmax(h->alpha * (0.844 + 0.0026 * f->main->z), 1.05);
    double spots = c->spots * pow(h->E, c->spot_power);

    gflash_profile(f->energy, f->depth, g->layers, start, h->alpha, h->beta);
    gflash_profile(f->spot, f->depth, g->layers, start, alpha, (alpha - 1.0) / T);
    for (int l = 0; l < g->layers; l++) {
        const struct geom_layer *layer = &g->layer[l];
        double mean = 1e-3 * energy * f->energy[l]; /* GeV */
        if (mean < 1e-12) continue;
        double e = 1e3 * var * rng_gamma(r, mean / var);
        rings(f, s, h, layer, fmax(0.5 * (f->depth[l] + f->depth[l + 1]) - start, 0.0));
        double total = spots_fill(s, layer, spots * f->spot[l], c->spot_shape, r);
        spots_share(s, layer->first, layer->count, e, total);
    }
}
