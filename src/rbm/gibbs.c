#include "rbm/gibbs.h"

static const int64_t MOST_TILES = (int64_t)1 << 32;

struct kern_draw gibbs_draw(const struct gibbs *g, struct block tiles, int64_t step)
{
    struct kern_draw d = { .beta = g->beta,
                           .betas = g->betas,
                           .base = g->base,
                           .key = { (uint32_t)g->seed, (uint32_t)(g->seed >> 32) } };

    if (block_end(tiles) > MOST_TILES) die("tile %lld of chains", (long long)block_end(tiles));
    rng_counter(d.counter, g->stream, tiles.first, step);
    return d;
}

void gibbs_partition(const struct gibbs *g, const struct rbm *m, const struct kern *k,
                     uint64_t *bits, double *track, struct block tiles, int64_t step, int p)
{
    const struct topology *T = &m->T;
    struct kern_net net = rbm_net(m);
    struct kern_draw d = gibbs_draw(g, tiles, step);
    int end = T->first[p + 1], last;

    if (p < g->first) return;
    for (int i = T->first[p]; (i = rbm_run(m, i, end, &last)) < end; i = last)
        k->gibbs(bits, track, tiles.count, &net, &d, i, last);
}

void gibbs_sweep(const struct gibbs *g, const struct rbm *m, const struct kern *k, uint64_t *bits,
                 double *track, struct block tiles, int64_t step)
{
    for (int n = 0; n < m->T.K; n++)
        gibbs_partition(g, m, k, bits, track, tiles, step, g->reverse ? m->T.K - 1 - n : n);
}
