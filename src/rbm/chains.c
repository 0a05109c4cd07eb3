#include "rbm/chains.h"

#include "base/mem.h"
#include "rbm/spins.h"

#include <string.h>

/* Coins for all units, those of clamped ones drawn and left where m is given. */
static void toss(struct chains *c, int N, const struct rbm *m, int64_t step)
{
    for (int64_t t = 0; t < c->tiles.count; t++) {
        struct rng r = rng_at(c->seed, RNG_CHAIN_START, c->tiles.first + t, step);
        for (int i = 0; i < N; i++) {
            uint64_t high = rng_word(&r), low = rng_word(&r);
            if (m == NULL || !rbm_is_held(m, i)) c->bits[i * c->tiles.count + t] = high << 32 | low;
        }
    }
}

void chains_init(struct chains *c, struct block tiles, int64_t n, const struct rbm *m,
                 uint64_t seed)
{
    if (n < 0 || block_end(tiles) > spins_tiles(n))
        die("tiles up to %lld of %lld chains", (long long)block_end(tiles), (long long)n);
    *c = (struct chains){ .tiles = tiles, .n = n, .seed = seed, .stream = RNG_CHAIN };
    c->bits = mem_take(m->T.N * tiles.count, sizeof c->bits[0]);
    c->live = mem_take(tiles.count, sizeof c->live[0]);
    spins_live(c->live, tiles, n);
    toss(c, m->T.N, NULL, 0);
}

void chains_restart(struct chains *c, const struct rbm *m, int64_t step)
{
    toss(c, m->T.N, m, step);
}

void chains_free(struct chains *c)
{
    mem_free(c->bits);
    mem_free(c->live);
    *c = (struct chains){ 0 };
}

int64_t chains_mine(const struct chains *c)
{
    int64_t first = c->tiles.first * KERN_LANES, last = block_end(c->tiles) * KERN_LANES;

    if (last > c->n) last = c->n;
    return c->tiles.count == 0 ? 0 : last - first;
}

void chains_condition(struct chains *c, const struct rbm *m, const uint64_t *rows)
{
    if (m->held == 0) die("a condition for a machine without clamped units");
    spins_put(c->bits, rows, m->hold, m->held, c->tiles.count);
}

void chains_sweep(struct chains *c, const struct rbm *m, const struct kern *k, int n)
{
    struct gibbs g = { .beta = 1.0f, .seed = c->seed, .stream = c->stream };

    for (int s = 0; s < n; s++) {
        c->sweep++;
        gibbs_sweep(&g, m, k, c->bits, NULL, c->tiles, c->sweep);
    }
}
