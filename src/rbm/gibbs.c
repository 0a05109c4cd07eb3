#include "rbm/gibbs.h"

#include "rbm/sampler.h"

#include <stddef.h>

static const int64_t MOST_TILES = (int64_t)1 << 32;

static struct kern_draw how(const struct gibbs *g, struct block tiles, int64_t step)
{
    struct kern_draw d = { .beta = g->beta,
                           .betas = g->betas,
                           .base = g->base,
                           .key = { (uint32_t)g->seed, (uint32_t)(g->seed >> 32) },
                           .fields = g->fields,
                           .fields_stride = tiles.count * KERN_LANES };

    if (block_end(tiles) > MOST_TILES) die("tile %lld of chains", (long long)block_end(tiles));
    rng_counter(d.counter, g->stream, tiles.first, step);
    return d;
}

/* n partitions in turn, without those before g->first. */
static void draw(const struct gibbs *g, const struct rbm *m, const struct kern *k, uint64_t *bits,
                 double *track, struct block tiles, int64_t step, int n, int *order)
{
    const struct kern_net net = rbm_net(m);
    struct kern_draw d = how(g, tiles, step);
    int left = 0, last;

    for (int i = 0; i < n; i++)
        if (order[i] >= g->first) order[left++] = order[i];
    if (g->fields != NULL && left != 1) die("fields of %d partitions", left);
    if (g->fields != NULL) d.fields_from = m->T.first[order[0]];
    if (m->how != NULL) {
        sampler_draw(m, bits, track, tiles.count, &d, left, order);
        return;
    }
    for (int p = 0; p < left; p++) {
        int end = m->T.first[order[p] + 1];
        for (int i = m->T.first[order[p]]; (i = rbm_run(m, i, end, &last)) < end; i = last)
            k->gibbs(bits, track, tiles.count, &net, &d, i, last);
    }
}

void gibbs_partition(const struct gibbs *g, const struct rbm *m, const struct kern *k,
                     uint64_t *bits, double *track, struct block tiles, int64_t step, int p)
{
    draw(g, m, k, bits, track, tiles, step, 1, &p);
}

void gibbs_sweep(const struct gibbs *g, const struct rbm *m, const struct kern *k, uint64_t *bits,
                 double *track, struct block tiles, int64_t step)
{
    int order[TOPOLOGY_PARTITIONS];

    for (int n = 0; n < m->T.K; n++) order[n] = g->reverse ? m->T.K - 1 - n : n;
    draw(g, m, k, bits, track, tiles, step, m->T.K, order);
}
