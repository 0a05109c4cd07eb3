#include "qpu/device.h"

#include "base/mem.h"
#include "rbm/spins.h"

/* Of an Advantage at freeze-out (spec of the flux-bias conversion): what a gibbs device, which has
 * no hardware, takes for its own. */
static const double GIBBS_FLUX_PER_H = 7.07e-4;

int device_open(struct device *d, const struct device_keys *k, struct err *e)
{
    (void)e;
    *d = (struct device){
        .kind = k->kind,
        .name = "gibbs",
        .flux_per_h = GIBBS_FLUX_PER_H,
        .local = { .beta = k->beta, .sweeps = k->sweeps, .seed = k->seed, .kern = k->kern }
    };
    return 0;
}

void device_free(struct device *d)
{
    *d = (struct device){ 0 };
}

struct block device_share(const struct device *d, int64_t reads, int rank, int size)
{
    (void)d;
    return block_of(spins_tiles(reads), rank, size);
}

/* The same problem with other fields: everything but h is g's. */
static int64_t draw_fluxed(struct device *d, const struct ising *g, const struct device_call *c,
                           struct block tiles, uint8_t *states, double *energy, struct err *e)
{
    struct ising other = *g;

    other.h = mem_take(g->n, sizeof *other.h);
    for (int i = 0; i < g->n; i++) other.h[i] = g->h[i] - c->flux[i] / d->flux_per_h;
    int64_t rows = local_draw(&d->local, &other, c->number, c->reads, tiles, states, energy, e);
    if (rows >= 0) ising_energy(g, states, rows, energy);
    mem_free(other.h);
    return rows;
}

int64_t device_draw(struct device *d, const struct ising *g, const struct device_call *c,
                    struct block tiles, uint8_t *states, double *energy, double *access,
                    struct err *e)
{
    if (access != NULL) *access = 0.0;
    return c->flux != NULL
               ? draw_fluxed(d, g, c, tiles, states, energy, e)
               : local_draw(&d->local, g, c->number, c->reads, tiles, states, energy, e);
}

void device_wait(struct device *d, double seconds)
{
    d->time += 1e6 * seconds;
}

int device_replay(struct device *d, const struct ising *g, const struct device_call *c,
                  int64_t times, struct err *e)
{
    (void)d, (void)g, (void)c, (void)times, (void)e; /* gibbs: no call knows of another */
    return 0;
}
