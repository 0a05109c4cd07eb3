#include "shower/spots.h"

#include "base/mem.h"

#include <string.h>

void spots_init(struct spots *s, const struct geom *g)
{
    int rings = 0, sectors = 0;

    *s = (struct spots){ .g = g };
    for (int l = 0; l < g->layers; l++) {
        if (g->layer[l].n_r > rings) rings = g->layer[l].n_r;
        if (g->layer[l].n_alpha > sectors) sectors = g->layer[l].n_alpha;
    }
    s->ring = mem_take(rings + 1, sizeof *s->ring);
    s->weight = mem_take(g->voxels, sizeof *s->weight);
    s->sum = mem_take(g->voxels, sizeof *s->sum);
    s->count = mem_take(sectors, sizeof *s->count);
}

void spots_free(struct spots *s)
{
    mem_free(s->ring);
    mem_free(s->weight);
    mem_free(s->sum);
    mem_free(s->count);
    *s = (struct spots){ 0 };
}

void spots_clear(struct spots *s)
{
    memset(s->sum, 0, (size_t)s->g->voxels * sizeof *s->sum);
}

void spots_rings(struct spots *s, const struct geom_layer *layer)
{
    memset(s->ring, 0, (size_t)(layer->n_r + 1) * sizeof *s->ring);
}

void spots_rings_add(struct spots *s, const struct geom_layer *layer, double p, double R)
{
    double R2 = R * R, below = 0.0, *ring = s->ring;

    for (int i = 0; i <= layer->n_r; i++) {
        double r2 = layer->edge[i] * layer->edge[i], next = r2 / (r2 + R2);
        if (i == 0)
            ring[layer->n_r] += p * next; /* a hole on the axis */
        else
            ring[i - 1] += p * (next - below);
        below = next;
    }
    ring[layer->n_r] += p * (1.0 - below);
}

/* The weight of k spots. */
static double weigh(struct rng *r, int64_t k, double shape)
{
    return k > 0 ? rng_gamma(r, (double)k * shape) : 0.0;
}

/* Poisson(mean) spots evenly into the sectors of a ring: their weights are put to w[0], w[stride],
 * ...; returns the sum. Few spots are thrown one by one, many are counted sector by sector. */
static double fill_ring(struct rng *r, double mean, double shape, int sectors, int stride,
                        int *count, double *w)
{
    double sum = 0.0;

    if (mean < 12.0 * sectors) {
        int64_t k = rng_poisson(r, mean);
        if (k == 0) return 0.0;
        memset(count, 0, (size_t)sectors * sizeof *count);
        for (int64_t i = 0; i < k; i++) count[(uint64_t)rng_word(r) * (uint64_t)sectors >> 32]++;
    } else {
        for (int a = 0; a < sectors; a++) count[a] = (int)rng_poisson(r, mean / sectors);
    }
    for (int a = 0; a < sectors; a++)
        if (count[a] > 0) sum += w[a * stride] = weigh(r, count[a], shape);
    return sum;
}

double spots_fill(struct spots *s, const struct geom_layer *layer, double mean, double shape,
                  struct rng *r)
{
    double sum = spots_lost(mean * s->ring[layer->n_r], shape, r);

    for (int i = 0; i < layer->n_r; i++)
        sum += fill_ring(r, mean * s->ring[i], shape, layer->n_alpha, layer->n_r, s->count,
                         s->weight + layer->first + i);
    return sum;
}

double spots_lost(double mean, double shape, struct rng *r)
{
    return weigh(r, rng_poisson(r, mean), shape);
}

void spots_share(struct spots *s, int first, int count, double energy, double total)
{
    double unit = total > 0.0 ? energy / total : 0.0;

    for (int v = first; v < first + count; v++) {
        s->sum[v] += s->weight[v] * unit;
        s->weight[v] = 0.0;
    }
}
