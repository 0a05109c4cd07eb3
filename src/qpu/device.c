#include "qpu/device.h"

#include "base/mem.h"
#include "rbm/spins.h"

/* Of an Advantage at freeze-out (spec of the flux-bias conversion): what a gibbs device, which has
 * no hardware, takes for its own. */
static const double GIBBS_FLUX_PER_H = 7.07e-4;

static int open_kinetic(struct device *d, const struct device_keys *k, struct err *e)
{
    struct kinetic_keys keys = { .text = k->text,
                                 .file = k->file,
                                 .chip = k->chip != NULL ? k->chip : "",
                                 .noise = k->noise,
                                 .resolution = k->resolution,
                                 .seed = k->seed,
                                 .kern = k->kern };

    if (kinetic_open(&d->kinetic, &keys, e)) return -1;
    d->name = d->kinetic.solver.name;
    d->flux_per_h = datasheet_flux_per_h(&d->kinetic.sheet);
    return 0;
}

int device_open(struct device *d, const struct device_keys *k, struct err *e)
{
    *d = (struct device){
        .kind = k->kind,
        .name = "gibbs",
        .flux_per_h = GIBBS_FLUX_PER_H,
        .local = { .beta = k->beta, .sweeps = k->sweeps, .seed = k->seed, .kern = k->kern }
    };
    return k->kind == DEVICE_KINETIC ? open_kinetic(d, k, e) : 0;
}

void device_free(struct device *d)
{
    kinetic_free(&d->kinetic);
    *d = (struct device){ 0 };
}

const struct solver *device_solver(const struct device *d)
{
    static const struct solver gibbs = { .name = "gibbs", .n = -1, .m = -1 };

    return d->kind == DEVICE_KINETIC ? &d->kinetic.solver : &gibbs;
}

struct block device_share(const struct device *d, int64_t reads, int rank, int size)
{
    if (d->kind == DEVICE_KINETIC && kinetic_remembers(&d->kinetic))
        return (struct block){ 0, rank == 0 ? spins_tiles(reads) : 0 };
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
    int64_t rows;

    if (d->kind == DEVICE_KINETIC) {
        rows = kinetic_draw(&d->kinetic, g, c, tiles, states, energy, access, e);
        d->time = d->kinetic.time;
        return rows;
    }
    if (access != NULL) *access = 0.0;
    return c->flux != NULL
               ? draw_fluxed(d, g, c, tiles, states, energy, e)
               : local_draw(&d->local, g, c->number, c->reads, tiles, states, energy, e);
}

void device_wait(struct device *d, double seconds)
{
    d->time += 1e6 * seconds;
    if (d->kind == DEVICE_KINETIC) kinetic_wait(&d->kinetic, seconds);
}

int device_replay(struct device *d, const struct ising *g, const struct device_call *c,
                  int64_t times, struct err *e)
{
    if (d->kind != DEVICE_KINETIC) return 0; /* no call knows of another */
    int bad = kinetic_replay(&d->kinetic, g, c, times, e);
    d->time = d->kinetic.time;
    return bad;
}
