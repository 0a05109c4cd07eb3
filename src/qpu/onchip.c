#include "qpu/onchip.h"

#include "base/mem.h"
#include "rbm/chains.h"
#include "rbm/spins.h"

#include <string.h>

void onchip_init(struct onchip *c, const struct ising *g)
{
    *c = (struct onchip){ 0 };
    ising_take(&c->g, g->n, g->m);
    memcpy(c->g.qubit, g->qubit, (size_t)g->n * sizeof *g->qubit);
    memcpy(c->g.pair, g->pair, (size_t)g->m * sizeof *g->pair);
    c->place = mem_take(g->n, sizeof *c->place);
    c->flux = mem_take(g->n, sizeof *c->flux);
    c->stop = mem_take(g->n, sizeof *c->stop);
    c->still = mem_take(g->n, 1);
    for (int k = 0; k < 3; k++) c->part[k] = mem_take(g->n, sizeof *c->part[k]);
}

void onchip_free(struct onchip *c)
{
    rbm_free(&c->m);
    ising_free(&c->g);
    mem_free(c->place);
    mem_free(c->flux);
    mem_free(c->stop);
    mem_free(c->still);
    for (int k = 0; k < 3; k++) mem_free(c->part[k]);
    *c = (struct onchip){ 0 };
}

/* 1 + v / w^2 of each unit, from couplings as they were asked for. */
static void put_stops(struct onchip *c, const struct ising *g, double scale, double width)
{
    double one = width > 0.0 ? 1.0 / (scale * scale * width * width) : 0.0;

    for (int i = 0; i < g->n; i++) c->stop[i] = 1.0;
    for (int64_t k = 0; k < g->m; k++)
        for (int end = 0; end < 2; end++)
            c->stop[c->place[g->pair[k][end]]] += one * g->J[k] * g->J[k];
}

int onchip_program(struct onchip *c, const struct misprint *p, const struct ising *g, double scale,
                   const double *flux, const struct freezeout *f, struct err *e)
{
    double per_h = datasheet_flux_per_h(p->sheet);
    int n = g->n;

    for (int i = 0; i < n; i++) c->g.h[i] = g->h[i] / scale;
    for (int64_t k = 0; k < g->m; k++) c->g.J[k] = g->J[k] / scale;
    memcpy(c->flux, flux, (size_t)n * sizeof *flux);
    misprint_make(p, &c->g, c->flux);
    c->seed = p->programming;
    c->moves = f->gained;
    rbm_free(&c->m);
    if (ising_machine(&c->m, c->place, &c->g, 1.0, e)) return -1;
    put_stops(c, g, scale, p->sheet->line_width);
    memset(c->still, 0, (size_t)n);
    for (int i = 0; i < n; i++) {
        int unit = c->place[i];
        c->part[0][unit] = (float)((double)c->m.bias[unit] + 2.0 * c->g.h[i]);
        c->part[1][unit] = (float)(-2.0 * c->g.h[i]);
        c->part[2][unit] = (float)(2.0 * c->flux[i] / per_h);
        if (c->flux[i] != 0.0) c->moves = 1;
    }
    return 0;
}

void onchip_biases(struct onchip *c, const struct freezeout *f, int sweep)
{
    const float *restrict rest = c->part[0], *restrict h = c->part[1], *restrict flux = c->part[2];
    float gain = (float)f->gain[sweep], worth = (float)f->flux[sweep], *restrict bias = c->m.bias;

    for (int i = 0; i < c->g.n && c->moves; i++) bias[i] = rest[i] + gain * h[i] + worth * flux[i];
}

int onchip_freeze(struct onchip *c, const struct freezeout *f, int sweep)
{
    int live = 0, changed = 0;

    for (int u = 0; u < c->g.n; u++) {
        uint8_t still = c->stop[u] > f->left[sweep] + 0.5; /* of two sweeps the nearer one */
        changed |= still != c->still[u];
        c->still[u] = still;
        live += !still;
    }
    if (changed && live > 0) rbm_hold(&c->m, c->still);
    return live;
}

int64_t onchip_read(struct onchip *c, const struct freezeout *f, const struct kern *k,
                    const float *factor, int64_t reads, struct block tiles, uint8_t *states)
{
    int64_t lanes = tiles.count * KERN_LANES;
    float *betas = mem_take(lanes, sizeof *betas);
    struct gibbs how = { .betas = betas, .seed = c->seed, .stream = RNG_DEVICE };
    struct chains x;

    chains_init(&x, tiles, reads, &c->m, c->seed);
    for (int s = 0; s < f->n; s++) {
        float beta = (float)f->beta[s];
        for (int64_t l = 0; l < lanes; l++) betas[l] = beta * factor[l];
        onchip_biases(c, f, s);
        if (onchip_freeze(c, f, s) == 0) break;
        gibbs_sweep(&how, &c->m, k, x.bits, NULL, tiles, s);
    }
    int64_t rows = chains_mine(&x);
    for (int i = 0; i < c->g.n; i++) {
        const uint64_t *word = x.bits + (int64_t)c->place[i] * tiles.count;
        for (int64_t r = 0; r < rows; r++)
            states[r * c->g.n + i] = word[r / KERN_LANES] >> (r % KERN_LANES) & 1;
    }
    chains_free(&x);
    mem_free(betas);
    return rows;
}
