#include "qpu/local.h"

#include "base/mem.h"
#include "rbm/chains.h"
#include "rbm/spins.h"

/* bits [units, tiles] of a machine into states [rows, n] of the problem's spins. */
static void put_states(uint8_t *states, const struct chains *c, const int32_t *place, int n,
                       int64_t rows)
{
    for (int k = 0; k < n; k++) {
        const uint64_t *word = c->bits + (int64_t)place[k] * c->tiles.count;
        for (int64_t r = 0; r < rows; r++) states[r * n + k] = word[r / 64] >> (r % 64) & 1;
    }
}

int64_t local_draw(const struct local *l, const struct ising *g, int64_t call, int64_t reads,
                   struct block tiles, uint8_t *states, double *energy, struct err *e)
{
    int32_t *place = mem_take(g->n, sizeof *place);
    struct rbm m;
    struct chains c;
    int64_t rows = -1;

    if (ising_machine(&m, place, g, l->beta, e) == 0) {
        chains_init(&c, tiles, reads, &m, l->seed);
        c.stream = RNG_DEVICE;
        c.sweep = call * l->sweeps;
        chains_restart(&c, &m, call);
        chains_sweep(&c, &m, l->kern, l->sweeps);
        rows = chains_mine(&c);
        put_states(states, &c, place, g->n, rows);
        ising_energy(g, states, rows, energy);
        chains_free(&c);
        rbm_free(&m);
    }
    mem_free(place);
    return rows;
}
