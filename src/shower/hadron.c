#include "shower/hadron.h"

#include "base/mem.h"

#include <math.h>

static const double H_OVER_E = 0.7;   /* response to the hadronic part */
static const double SPOTS = 4.0;      /* a GeV of hadronic energy */
static const double SPOT_SHAPE = 0.7; /* gamma shape of their weights */
static const double CORE = 0.12;      /* radius of half of them, interaction lengths */
static const double WIDE = 0.5;       /* of the others */
static const double EM_SPREAD = 1.4;  /* of the electromagnetic share's logit, over E^0.15 */

void hadron_init(struct hadron *h, const struct geom *g)
{
    h->length = mem_take(g->layers + 1, sizeof *h->length);
    h->fraction = mem_take(g->layers, sizeof *h->fraction);
    for (int l = 0; l < g->layers; l++)
        h->length[l + 1] = h->length[l] + g->layer[l].thickness / g->layer[l].material->length;
}

void hadron_free(struct hadron *h)
{
    mem_free(h->length);
    mem_free(h->fraction);
    *h = (struct hadron){ 0 };
}

/* The depth in X0 at `at` interaction lengths. */
static double depth(const struct hadron *h, const struct gflash *f, double at)
{
    int last = f->g->layers, l = 0;

    if (at >= h->length[last]) return f->depth[last] + 1e6;
    while (at >= h->length[l + 1]) l++;
    double part = (at - h->length[l]) / (h->length[l + 1] - h->length[l]);
    return f->depth[l] + part * (f->depth[l + 1] - f->depth[l]);
}

/* A minimum ionising track up to `end` interaction lengths: the critical energy a radiation length,
 * with a log-normal factor in each layer. */
static void track(const struct hadron *h, const struct gflash *f, struct spots *s, double end,
                  struct rng *r)
{
    for (int l = 0; l < f->g->layers && h->length[l] < end; l++) {
        const struct geom_layer *layer = &f->g->layer[l];
        double part = fmin((end - h->length[l]) / (h->length[l + 1] - h->length[l]), 1.0);
        double mean =
            part * layer->thickness * 1e3 * layer->material->critical / layer->material->x0;
        double e = f->set->response * mean * exp(0.3 * rng_normal(r) - 0.045);
        int a = (int)rng_below(r, (uint64_t)layer->n_alpha);
        if (layer->edge[0] <= 0.0) s->sum[layer->first + a * layer->n_r] += e;
    }
}

/* The share of the energy in neutral pions: a normal deviate in its logit. */
static double electromagnetic(double E, struct rng *r)
{
    double mean = fmin(fmax(1.0 - pow(E / 0.96, -0.17), 0.1), 0.95);
    double logit = log(mean / (1.0 - mean)) + EM_SPREAD * pow(E, -0.15) * rng_normal(r);

    return 1.0 / (1.0 + exp(-logit));
}

static void rest(struct hadron *h, const struct gflash *f, struct spots *s, double E, double energy,
                 double start, struct rng *r)
{
    const struct geom *g = f->g;
    const double lnE = fmax(log(E), 0.0), spots = SPOTS * E;
    double total = 0.0, left = 1.0;

    gflash_profile(h->fraction, h->length, g->layers, start, 0.62 + 0.32 * lnE,
                   fmax(0.91 - 0.024 * lnE, 0.3));
    for (int l = 0; l < g->layers; l++) {
        const struct geom_layer *layer = &g->layer[l];
        spots_rings(s, layer);
        spots_rings_add(s, layer, 0.5, CORE * layer->material->length);
        spots_rings_add(s, layer, 0.5, WIDE * layer->material->length);
        total += spots_fill(s, layer, spots * h->fraction[l], SPOT_SHAPE, r);
        left -= h->fraction[l];
    }
    total += spots_lost(spots * fmax(left, 0.0), SPOT_SHAPE, r); /* behind the last layer */
    spots_share(s, 0, g->voxels, energy, total);
}

void hadron_shower(struct hadron *h, struct gflash *f, struct spots *s, double energy, double seen,
                   struct rng *r)
{
    double E = 1e-3 * energy, start = -log(rng_open(r)), share = electromagnetic(E, r);
    struct gflash_shape core = gflash_shape(f, fmax(E * share, 0.05), r);

    track(h, f, s, start, r);
    gflash_core(f, s, &core, seen * share, depth(h, f, start), r);
    rest(h, f, s, E, seen * (1.0 - share) * H_OVER_E, start, r);
}
