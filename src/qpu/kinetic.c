#include "qpu/kinetic.h"

#include "base/mem.h"
#include "base/rng.h"
#include "qpu/bath.h"
#include "qpu/ranges.h"
#include "rbm/chip.h"
#include "rbm/spins.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 16 }; /* tiles that go together */

static const double BATH_ANNEAL = 20.0; /* us: where bath_strength is given */

/* --- what the device is ------------------------------------------------------------------------
 */

static int make_solver(struct kinetic *k, const char *size, const char *file, struct err *e)
{
    static const char *const kinds[] = { "chimera", "pegasus", "zephyr" };
    struct solver *s = &k->solver;
    struct lattice L = { 0 };
    int kind = 0;

    while (kind < 3 && strcmp(kinds[kind], k->sheet.topology) != 0) kind++;
    if (kind == 3)
        return err_set(e, "%s: topology is '%s', expected chimera, pegasus or zephyr", file,
                       k->sheet.topology);
    if (chip_make(&L, (enum chip_kind)kind, size, e)) return err_within(e, file);
    s->name = mem_text(k->sheet.name);
    s->topology = mem_text(k->sheet.topology);
    for (const char *at = size; s->shapes < SOLVER_SHAPE;) {
        char *end;
        long x = strtol(at, &end, 10);
        if (end == at) break;
        s->shape[s->shapes++] = (int)x;
        at = *end == ',' ? end + 1 : end;
    }
    s->online = s->qpu = 1;
    s->properties = json_clone(k->sheet.properties);
    s->Q = L.Q;
    s->qubit = mem_take(L.Q, sizeof *s->qubit);
    s->place = mem_take(L.Q, sizeof *s->place);
    for (int q = 0; q < L.Q; q++) {
        s->place[q] = L.class[q] >= 0 ? s->n : -1;
        if (L.class[q] >= 0) s->qubit[s->n++] = q;
    }
    s->m = L.M;
    s->coupler = mem_take(L.M, sizeof *s->coupler);
    s->sorted = mem_take(L.M, sizeof *s->sorted);
    for (int64_t i = 0; i < L.M; i++) {
        memcpy(s->coupler[i], L.joint[i], sizeof s->coupler[i]);
        s->sorted[i] = (struct solver_coupler){ L.joint[i][0], L.joint[i][1], i };
    }
    lattice_free(&L);
    return 0;
}

int kinetic_open(struct kinetic *k, const struct kinetic_keys *keys, struct err *e)
{
    *k = (struct kinetic){ .noise = keys->noise, .seed = keys->seed, .kern = keys->kern };
    if (datasheet_read(&k->sheet, keys->text, keys->file, e)) return -1;
    k->resolution = keys->resolution > 0.0 ? keys->resolution : k->sheet.resolution;
    return make_solver(k, keys->chip[0] != '\0' ? keys->chip : k->sheet.size, keys->file, e);
}

void kinetic_free(struct kinetic *k)
{
    solver_free(&k->solver);
    datasheet_free(&k->sheet);
    *k = (struct kinetic){ 0 };
}

int kinetic_remembers(const struct kinetic *k)
{
    return (k->noise & NOISE_BATH) && k->sheet.bath_strength > 0.0;
}

/* --- a call -------------------------------------------------------------------------------------
 */

struct plan {
    struct params none;
    const struct params *params;
    struct cost cost;
    double scale;  /* of auto_scale */
    int biased;    /* is there a flux bias? */
    int64_t reads; /* of the whole call */
    int64_t each;  /* of a part, but for the last */
};

static int check_places(const struct kinetic *k, const struct ising *g, struct err *e)
{
    const struct solver *s = &k->solver;

    for (int i = 0; i < g->n; i++)
        if (g->qubit[i] < 0 || g->qubit[i] >= s->Q || s->place[g->qubit[i]] < 0)
            return err_set(e, "device %s (%s %s) has no qubit %d: anneal.chip takes another size",
                           s->name, s->topology, k->sheet.size, g->qubit[i]);
    for (int64_t p = 0; p < g->m; p++) {
        int u = g->qubit[g->pair[p][0]], v = g->qubit[g->pair[p][1]];
        if (g->J[p] != 0.0 && solver_coupler(s, u, v) < 0)
            return err_set(e,
                           "device %s (%s) has no coupler between qubits %d and %d: anneal.chip "
                           "takes another size",
                           s->name, s->topology, u, v);
    }
    return 0;
}

static int is_biased(const struct ising *g, const struct device_call *c, const struct params *p)
{
    for (int i = 0; c->flux != NULL && i < g->n; i++)
        if (c->flux[i] != 0.0) return 1;
    for (int q = 0; p->flux != NULL && q < p->Q; q++)
        if (p->flux[q] != 0.0) return 1;
    return 0;
}

static int check_flux(const struct ising *g, const struct device_call *c, struct err *e)
{
    if (c->flux != NULL && c->params != NULL && c->params->scale)
        return err_set(e, "flux biases cannot be used with anneal.auto_scale");
    for (int i = 0; c->flux != NULL && i < g->n; i++)
        if (!isfinite(c->flux[i]))
            return err_set(e, "the flux bias of unit %d is %g, expected a finite number",
                           g->unit[i], c->flux[i]);
    return 0;
}

/* Everything that the device would refuse, and how the reads are shared out. */
static int make_plan(struct plan *x, const struct kinetic *k, const struct ising *g,
                     const struct device_call *c, struct err *e)
{
    struct solver s = k->solver; /* its groups of couplers are those of placed spins */
    const struct params *p = c->params;

    params_init(&x->none);
    if (p == NULL) p = &x->none;
    x->params = p;
    if (!c->placed) s.topology = NULL;
    if (params_check(p, &k->solver, e) || check_flux(g, c, e) ||
        (c->placed && check_places(k, g, e)) || ranges_check(p, &s, g, e))
        return -1;
    if (p->histogram)
        return err_set(e,
                       "anneal.answer_mode is histogram, device %s gives reads in the order of "
                       "time: raw",
                       s.name);
    x->scale = p->scale ? ranges_divisor(&s, g) : 1.0;
    x->biased = is_biased(g, c, p);
    cost_init(&x->cost, &k->solver, p, g->n);
    if (!x->cost.known)
        return err_set(e, "device %s: the section timing gives no readout time", s.name);
    int64_t most = cost_most_reads(&x->cost, &k->solver);
    x->reads = x->each = c->reads;
    if (c->reads > most) x->each = most / KERN_LANES * KERN_LANES;
    return x->each > 0
               ? 0
               : err_set(e,
                         "device %s: %lld reads do not fit into a problem of at most %g us, "
                         "nor does a tile of %d",
                         s.name, (long long)c->reads, x->cost.limit, KERN_LANES);
}

static double cooled(const struct kinetic *k, double excess, double us)
{
    return excess * exp(-1e-6 * us / k->sheet.decay);
}

/* A part is programmed; what is left of the warmth when its first read begins. */
static double program(struct kinetic *k, const struct plan *x)
{
    if (!(k->noise & NOISE_HEAT)) return 0.0;
    k->heat += k->sheet.programming + (x->biased ? k->sheet.biases : 0.0);
    return cooled(k, k->heat, x->cost.programming);
}

/* It has been read, and nothing happens until the next one. */
static double finish(struct kinetic *k, const struct plan *x, int64_t reads)
{
    double access = cost_access(&x->cost, reads), all = access + 1e6 * k->sheet.idle;

    k->heat = cooled(k, k->heat, all);
    k->time += all;
    return access;
}

void kinetic_wait(struct kinetic *k, double seconds)
{
    k->heat = cooled(k, k->heat, 1e6 * seconds);
    k->time += 1e6 * seconds;
}

/* us between two reads. */
static double period(const struct plan *x)
{
    return x->cost.anneal + x->cost.readout + x->cost.delay + x->cost.wait;
}

int kinetic_replay(struct kinetic *k, const struct ising *g, const struct device_call *c,
                   int64_t times, struct err *e)
{
    struct plan x;

    if (make_plan(&x, k, g, c, e)) return -1;
    for (int64_t i = 0; i < times; i++)
        for (int64_t at = 0; at < x.reads; at += x.each) {
            program(k, &x);
            finish(k, &x, x.reads - at < x.each ? x.reads - at : x.each);
        }
    return 0;
}

/* --- reads ---------------------------------------------------------------------------------------
 */

/* A part of a call: its number, its reads, and what is left of the warmth at the first of them. */
struct part {
    int64_t number, reads;
    double excess;
};

static uint64_t seed_of(const struct kinetic *k, int64_t number, int64_t part)
{
    struct rng r = rng_at(k->seed, RNG_DEVICE, number, part);
    uint64_t high = rng_word(&r);

    return high << 32 | rng_word(&r);
}

static int put_problem(struct onchip *o, const struct kinetic *k, const struct plan *x,
                       const struct ising *g, const struct device_call *c, const struct part *part,
                       const struct freezeout *f, struct err *e)
{
    const struct params *p = x->params;
    struct misprint m = { &k->sheet, k->noise, k->seed, 0, k->time, p->drift != 0 };
    double *flux = mem_take(g->n, sizeof *flux);

    m.programming = seed_of(k, c->number, part->number);
    for (int i = 0; i < g->n; i++)
        flux[i] = (c->flux != NULL ? c->flux[i] : 0.0) +
                  (p->flux != NULL && c->placed ? p->flux[g->qubit[i]] : 0.0);
    int bad = onchip_program(o, &m, g, x->scale, flux, f, e);
    mem_free(flux);
    return bad;
}

/* By how much reads `first` .. of a part are colder at freeze-out: factor [rows]. */
static void coolness(float *factor, const struct kinetic *k, const struct plan *x, double excess,
                     int64_t first, int64_t rows)
{
    for (int64_t r = 0; r < rows; r++) {
        double left = cooled(k, excess, ((double)(first + r) + 0.5) * period(x));
        factor[r] = (float)(1.0 / (1.0 + left / k->sheet.base));
    }
}

static void misread(const struct kinetic *k, uint64_t seed, int64_t first, int64_t rows, int n,
                    uint8_t *states)
{
    if (!(k->noise & NOISE_READOUT)) return;
    for (int64_t r = 0; r < rows; r++) {
        struct rng g = rng_at(seed, RNG_READOUT, first + r, 0);
        if (rng_uniform(&g) < k->sheet.readout)
            states[r * n + (int64_t)rng_below(&g, (uint64_t)n)] ^= 1;
    }
}

/* The tiles of a part; returns the rows. */
static int64_t read_tiles(struct onchip *o, const struct kinetic *k, const struct plan *x,
                          const struct freezeout *f, const struct part *part, struct block tiles,
                          uint8_t *states)
{
    int64_t lanes = tiles.count * KERN_LANES, first = tiles.first * KERN_LANES, rows = 0;
    float *factor = mem_take(lanes, sizeof *factor);

    coolness(factor, k, x, part->excess, first, lanes);
    if (kinetic_remembers(k)) {
        struct bath b = { .kick = k->sheet.bath_strength * sqrt(x->cost.anneal / BATH_ANNEAL),
                          .keep = exp(-period(x) / k->sheet.bath_time) };
        rows = bath_read(&b, o, f, k->kern, factor, part->reads, states);
    }
    for (int64_t t = 0; t < tiles.count && !kinetic_remembers(k); t += AT_ONCE) {
        int64_t n = tiles.count - t < AT_ONCE ? tiles.count - t : AT_ONCE;
        rows += onchip_read(o, f, k->kern, factor + t * KERN_LANES, part->reads,
                            (struct block){ tiles.first + t, n }, states + rows * o->g.n);
    }
    misread(k, o->seed, first, rows, o->g.n, states);
    mem_free(factor);
    return rows;
}

/* What two runs of tiles have in common, counted from the first of b. */
static struct block common(struct block a, struct block b)
{
    int64_t first = a.first > b.first ? a.first : b.first;
    int64_t end = block_end(a) < block_end(b) ? block_end(a) : block_end(b);

    return (struct block){ first - b.first, end > first ? end - first : 0 };
}

int64_t kinetic_draw(struct kinetic *k, const struct ising *g, const struct device_call *c,
                     struct block tiles, uint8_t *states, double *energy, double *access,
                     struct err *e)
{
    struct freezeout f = { 0 };
    struct onchip o = { 0 };
    struct plan x;
    double us = 0.0;
    int64_t rows = 0;

    int bad = make_plan(&x, k, g, c, e) ||
              freezeout_init(&f, &k->sheet, x.params, x.cost.anneal, k->resolution, e);
    if (!bad && tiles.count > 0) onchip_init(&o, g);
    for (int64_t at = 0; at < x.reads && !bad; at += x.each) {
        struct part part = { at / x.each, x.reads - at < x.each ? x.reads - at : x.each, 0.0 };
        struct block of = { at / KERN_LANES, spins_tiles(part.reads) }, mine = common(tiles, of);
        part.excess = program(k, &x);
        if (mine.count > 0) {
            bad = put_problem(&o, k, &x, g, c, &part, &f, e);
            if (!bad) rows += read_tiles(&o, k, &x, &f, &part, mine, states + rows * g->n);
        }
        us += finish(k, &x, part.reads);
    }
    if (!bad) ising_energy(g, states, rows, energy);
    if (access != NULL) *access = us;
    onchip_free(&o);
    freezeout_free(&f);
    return bad ? -1 : rows;
}
