#include "rbm/gibbs.h"

static const int64_t MOST_TILES = (int64_t)1 << 32;

void gibbs_sweep(const struct gibbs *g, const struct rbm *m, const struct kern *k, uint64_t *bits,
                 double *track, struct block tiles, int64_t step)
{
    const struct topology *T = &m->T;
    struct kern_net net = rbm_net(m);
    struct kern_draw d = { .beta = g->beta,
                           .betas = g->betas,
                           .base = g->base,
                           .key = { (uint32_t)g->seed, (uint32_t)(g->seed >> 32) } };

    if (block_end(tiles) > MOST_TILES) die("tile %lld of chains", (long long)block_end(tiles));
    rng_counter(d.counter, g->stream, tiles.first, step);
    for (int n = 0; n < T->K; n++) {
        int p = g->reverse ? T->K - 1 - n : n;
        if (p < g->first || !rbm_is_free(m, p)) continue;
        k->gibbs(bits, track, tiles.count, &net, &d, T->first[p], T->first[p + 1]);
    }
}
