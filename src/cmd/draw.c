#include "cmd/draw.h"

#include "base/mem.h"
#include "rbm/spins.h"

#include <string.h>

/* The rows of a rank's tiles. */
static struct block rows_of(struct block tiles, int64_t n)
{
    int64_t first = tiles.first * 64, end = block_end(tiles) * 64;

    if (first > n) first = n;
    if (end > n) end = n;
    return (struct block){ first, end - first };
}

/* Every chain its own energy; padded lanes take the last one. */
static void condition(struct chains *c, const struct model *m, const double *energy, int64_t n)
{
    int n0 = m->rbm.held;
    int64_t tiles = c->tiles.count;
    uint64_t *rows = mem_take(n0 * tiles, sizeof *rows);
    uint8_t *u = mem_take(64 * n0, sizeof *u);

    for (int64_t t = 0; t < tiles; t++)
        for (int lane = 0; lane < 64; lane++) {
            int64_t q = (c->tiles.first + t) * 64 + lane;
            model_condition(m, energy + (q < n ? q : n - 1), 1, u);
            for (int j = 0; j < n0; j++) rows[j * tiles + t] |= (uint64_t)u[j] << lane;
        }
    chains_condition(c, &m->rbm, rows);
    mem_free(rows);
    mem_free(u);
}

/* The machine with its couplings set to 0. */
static void uncouple(struct rbm *to, const struct rbm *from)
{
    struct topology T;
    struct err none = { "" };

    if (topology_none(&T, from->T.K, from->T.size, &none)) die("uncoupled machine: %s", none.text);
    rbm_init(to, &T, rbm_clamped(from));
    memcpy(to->bias, from->bias, (size_t)from->T.N * sizeof *to->bias);
    rbm_prepare(to);
}

void draw_states(struct bits *b, const struct par *P, const struct model *m, const struct kern *k,
                 enum draw_prior prior, const struct temper_options *how, uint64_t seed,
                 const double *energy, int64_t n)
{
    struct block tiles = block_of(spins_tiles(n), P->rank, P->size);
    struct block rows = rows_of(tiles, n);
    struct chains c;
    struct rbm alone = { 0 };

    bits_init(b, rows, n, m->rbm.T.N, 0, 1, 1);
    chains_init(&c, tiles, n, &m->rbm, seed);
    condition(&c, m, energy, n);
    if (prior == DRAW_RBM) temper_start(c.bits, tiles, &m->rbm, k, how, seed);
    if (prior == DRAW_UNCOUPLED) {
        uncouple(&alone, &m->rbm);
        chains_sweep(&c, &alone, k, 1); /* independent units: one sweep is exact */
    }
    spins_unpack(b->state, c.bits, tiles.count, rows.count, b->N);
    rbm_energy_states(&m->rbm, b->state, rows.count, b->energy);
    memcpy(b->incident, energy + rows.first, (size_t)rows.count * sizeof *energy);
    rbm_free(&alone);
    chains_free(&c);
}
