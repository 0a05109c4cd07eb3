#include "shower/synth.h"

#include "base/err.h"
#include "base/mem.h"
#include "shower/gflash.h"
#include "shower/hadron.h"

#include <math.h>

/* Streams of one shower. */
enum { STEP_SHOWER, STEP_ENERGY };

struct synth_room {
    struct gflash flash;
    struct hadron hadron;
    struct spots spots;
    double *halo, *back; /* [layers] fractions of these spots */
};

void synth_init(struct synth *s, const struct geom *g, const struct synth_set *set)
{
    *s = (struct synth){ .geom = g, .set = *set, .room = mem_take(1, sizeof *s->room) };
    struct synth_room *m = s->room;
    gflash_init(&m->flash, g, &s->set);
    hadron_init(&m->hadron, g);
    spots_init(&m->spots, g);
    m->halo = mem_take(g->layers, sizeof(double));
    m->back = mem_take(g->layers, sizeof(double));
}

void synth_free(struct synth *s)
{
    struct synth_room *m = s->room;

    if (m != NULL) {
        gflash_free(&m->flash);
        hadron_free(&m->hadron);
        spots_free(&m->spots);
        mem_free(m->halo);
        mem_free(m->back);
        mem_free(m);
    }
    *s = (struct synth){ 0 };
}

double synth_energy(uint64_t seed, int64_t number, double min, double max)
{
    struct rng r = rng_at(seed, RNG_SYNTH, number, STEP_ENERGY);
    double e = min * exp(rng_uniform(&r) * log(max / min));

    return e < max ? e : max;
}

double synth_octave(uint64_t seed, int64_t number, double min, double max)
{
    struct rng r = rng_at(seed, RNG_SYNTH, number, STEP_ENERGY);
    int low = (int)ceil(log2(min) - 1e-9), high = (int)floor(log2(max) + 1e-9);

    return ldexp(1.0, low + (int)rng_below(&r, (uint64_t)(high - low + 1)));
}

/* A cloud of spots over all layers, by the fractions f [layers], that shares `energy`. */
static void cloud(struct synth *s, const double *f, double energy, double spots, struct rng *r)
{
    const struct geom *g = s->geom;
    struct spots *p = &s->room->spots;
    double total = 0.0, left = 1.0;

    for (int l = 0; l < g->layers; l++) {
        const struct geom_layer *layer = &g->layer[l];
        spots_rings(p, layer);
        spots_rings_add(p, layer, 1.0, layer->material->moliere * s->set.halo_radius);
        total += spots_fill(p, layer, spots * f[l], s->set.halo_weight, r);
        left -= f[l];
    }
    total += spots_lost(spots * fmax(left, 0.0), s->set.halo_weight, r);
    spots_share(p, 0, g->voxels, energy, total);
}

/* The primary's own deposits before it converts. */
static void track(struct synth *s, struct rng *r)
{
    const struct synth_set *c = &s->set;
    const double *depth = s->room->flash.depth;

    for (int l = 0; l < s->geom->layers; l++) {
        const struct geom_layer *layer = &s->geom->layer[l];
        double t = 0.5 * (depth[l] + depth[l + 1]);
        if (rng_uniform(r) >= exp(-t / c->track_depth)) continue;
        double e = c->track * exp(0.5 * rng_normal(r) - 0.125);
        double where = fabs(rng_normal(r)) * c->track_width;
        int a = (int)rng_below(r, (uint64_t)layer->n_alpha), i = 0;
        while (i < layer->n_r && where >= layer->edge[i + 1]) i++;
        if (i < layer->n_r && where >= layer->edge[0])
            s->room->spots.sum[layer->first + a * layer->n_r + i] += e;
    }
}

/* Back-scattering into the first layers; its share varies from shower to shower by a log-normal
 * factor of mean 1. */
static void back_scatter(struct synth *s, double energy, double E, struct rng *r)
{
    const struct synth_set *c = &s->set;
    struct synth_room *m = s->room;
    const double *depth = m->flash.depth;
    double spread = c->back_spread;
    double part = c->back * exp(spread * rng_normal(r) - 0.5 * spread * spread);
    double spots = c->halo > 0.0 ? c->back_spots * c->halo_spots * part / c->halo * E : 0.0;

    for (int l = 0; l < s->geom->layers; l++)
        m->back[l] = exp(-depth[l] / c->back_depth) - exp(-depth[l + 1] / c->back_depth);
    cloud(s, m->back, energy * part, spots, r);
}

/* An electron, or a photon, which starts where it converts. */
static void electromagnetic(struct synth *s, double E, double seen, struct rng *r)
{
    const struct synth_set *c = &s->set;
    struct synth_room *m = s->room;
    struct gflash_shape h = gflash_shape(&m->flash, E, r);
    double common = c->common * c->common / E;
    double start = c->kind == SYNTH_PHOTON ? -9.0 / 7.0 * log(rng_open(r)) : 0.0;

    seen *= common * rng_gamma(r, 1.0 / common);
    gflash_core(&m->flash, &m->spots, &h, seen * (1.0 - c->halo), start, r);
    gflash_profile(m->halo, m->flash.depth, s->geom->layers, 0.0, c->halo_depth,
                   c->halo_depth / (1.3 * h.T + 3.0));
    cloud(s, m->halo, seen * c->halo, c->halo_spots * E, r);
    back_scatter(s, seen, E, r);
    if (c->kind == SYNTH_ELECTRON) track(s, r);
}

void synth_shower(struct synth *s, uint64_t seed, int64_t number, double energy, float *x)
{
    const struct synth_set *c = &s->set;
    const struct geom *g = s->geom;
    struct synth_room *m = s->room;
    struct rng r = rng_at(seed, RNG_SYNTH, number, STEP_SHOWER);
    double E = 1e-3 * energy; /* GeV */
    double seen = energy * (c->response + c->slope * (log10(E) - 1.5));

    if (!(energy > 0.0) || isinf(energy)) die("a shower of %g MeV", energy);
    spots_clear(&m->spots);
    if (c->kind == SYNTH_PION)
        hadron_shower(&m->hadron, &m->flash, &m->spots, energy, seen, &r);
    else
        electromagnetic(s, E, seen, &r);
    for (int v = 0; v < g->voxels; v++) {
        float e = (float)m->spots.sum[v];
        x[v] = (double)e < g->threshold ? 0.0f : e;
    }
}
