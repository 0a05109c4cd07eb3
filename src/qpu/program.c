#include "qpu/program.h"

#include "base/mem.h"
#include "base/rng.h"
#include "qpu/fragments.h"

#include <string.h>

static void copy(struct ising *to, const struct ising *g)
{
    ising_take(to, g->n, g->m);
    memcpy(to->unit, g->unit, (size_t)g->n * sizeof *g->unit);
    memcpy(to->qubit, g->qubit, (size_t)g->n * sizeof *g->qubit);
    memcpy(to->h, g->h, (size_t)g->n * sizeof *g->h);
    if (g->m == 0) return;
    memcpy(to->pair, g->pair, (size_t)g->m * sizeof *g->pair);
    memcpy(to->J, g->J, (size_t)g->m * sizeof *g->J);
}

/* The free units as g has them, then the held ones without fields; what two held units do to each
 * other is no matter. place [whole->n]: where a spin of whole is. */
static void arrange(struct ising *to, const struct ising *g, const struct ising *whole,
                    int32_t *place)
{
    int free = 0, held = g->n;

    ising_take(to, whole->n, whole->m);
    for (int k = 0; k < whole->n; k++) {
        int is_free = free < g->n && g->unit[free] == whole->unit[k];
        int at = is_free ? free++ : held++;
        place[k] = at;
        to->unit[at] = whole->unit[k];
        to->qubit[at] = whole->qubit[k];
        to->h[at] = is_free ? whole->h[k] : 0.0;
    }
    to->m = 0;
    for (int64_t k = 0; k < whole->m; k++) {
        int32_t a = place[whole->pair[k][0]], b = place[whole->pair[k][1]];
        if (a >= g->n && b >= g->n) continue;
        to->pair[to->m][0] = a < b ? a : b;
        to->pair[to->m][1] = a < b ? b : a;
        to->J[to->m++] = whole->J[k];
    }
}

/* Every unit of `all` on its own qubit, or on the chains of m. */
static int lay(struct program *x, const struct ising *all, const struct embedding *m, struct err *e)
{
    int n = x->g->n;

    x->first = mem_take(n + 1, sizeof *x->first);
    x->open = mem_take(n, sizeof *x->open);
    if (m == NULL) {
        copy(&x->p, all);
    } else {
        x->strength = chain_strength(x->o.rule, x->o.chain, x->g);
        if (chain_spread(&x->p, all, m, x->o.chip, x->strength, n, e)) return -1;
    }
    for (int i = 0; i < n; i++) x->first[i + 1] = m == NULL ? i + 1 : m->first[i + 1];
    x->member = mem_take(x->first[n], sizeof *x->member);
    for (int64_t k = 0; k < x->first[n]; k++) x->member[k] = (int32_t)k;
    return 0;
}

/* All spins of p behind those of the free units are held, at the bits of their units. */
static void hold(struct program *x, const struct ising *all, const uint8_t *u)
{
    const struct program_options *o = &x->o;
    int free = (int)x->first[x->g->n], c = 0;

    x->clamps = x->p.n - free;
    x->clamp = mem_take(x->clamps, sizeof *x->clamp);
    x->want = mem_take(x->clamps, 1);
    if (o->condition == CONDITION_FLUX) x->flux = mem_take(x->p.n, sizeof *x->flux);
    for (int k = 0; k < x->clamps; k++) {
        int s = free + k;
        while (all->unit[x->g->n + c] != x->p.unit[s]) c++; /* units of fragments ascend */
        x->clamp[k] = s;
        x->want[k] = u[c];
        if (o->condition == CONDITION_FLUX)
            x->flux[s] = condition_flux(o->strength, o->flux_per_h, u[c]);
        else
            x->p.h[s] = condition_field(o->strength, u[c]);
    }
}

static int build(struct program *x, const struct ising *whole, const uint8_t *u, struct err *e)
{
    const struct embedding *m = x->o.embedding;
    struct embedding more = { 0 };
    struct ising all = { 0 };

    if (x->o.condition == CONDITION_FOLD) return lay(x, x->g, m, e);
    int32_t *place = mem_take(whole->n, sizeof *place);
    arrange(&all, x->g, whole, place);
    int bad = m != NULL && fragments_find(&more, m, x->o.chip, &all, e);
    if (!bad) bad = lay(x, &all, m == NULL ? NULL : &more, e);
    if (!bad) hold(x, &all, u);
    embedding_free(&more);
    ising_free(&all);
    mem_free(place);
    return bad;
}

/* Signs by unit, so that chains and fragments of one unit have one. */
static void set_gauge(struct program *x, int k)
{
    struct ising *g = &x->problem[k];
    int8_t *sign = x->sign + (int64_t)k * x->p.n;
    int parties = 0;

    copy(g, &x->p);
    for (int i = 0; i < x->p.n; i++)
        if (x->p.unit[i] >= parties) parties = x->p.unit[i] + 1;
    int8_t *own = mem_take(parties, 1);
    reversal_draw(own, parties, x->o.seed, x->o.number, k);
    for (int i = 0; i < x->p.n; i++) sign[i] = x->o.gauges > 0 ? own[x->p.unit[i]] : 1;
    mem_free(own);
    reversal_apply(g, &x->p, sign);
    if (x->flux != NULL) reversal_turn(x->turned + (int64_t)k * x->p.n, x->flux, sign, x->p.n);
}

int program_init(struct program *x, const struct ising *g, const struct ising *whole,
                 const uint8_t *u, const struct program_options *o, struct err *e)
{
    *x = (struct program){ .g = g, .o = *o, .factor = 1.0 };
    if (build(x, whole, u, e)) {
        program_free(x);
        return -1;
    }
    x->G = o->gauges > 1 ? o->gauges : 1;
    x->problem = mem_take(x->G, sizeof *x->problem);
    x->sign = mem_take((int64_t)x->G * x->p.n, 1);
    if (x->flux != NULL) x->turned = mem_take((int64_t)x->G * x->p.n, sizeof *x->turned);
    for (int k = 0; k < x->G; k++) set_gauge(x, k);
    if (o->repair == CHAIN_MINIMISE) chain_net_init(&x->net, g);
    x->tally.broken = mem_take(g->n, sizeof *x->tally.broken);
    return 0;
}

void program_free(struct program *x)
{
    for (int k = 0; k < x->G && x->problem != NULL; k++) ising_free(&x->problem[k]);
    ising_free(&x->p);
    chain_net_free(&x->net);
    mem_free(x->problem);
    mem_free(x->flux);
    mem_free(x->first);
    mem_free(x->member);
    mem_free(x->clamp);
    mem_free(x->want);
    mem_free(x->sign);
    mem_free(x->turned);
    mem_free(x->open);
    mem_free(x->tally.broken);
    *x = (struct program){ 0 };
}

static void divide(struct ising *g, double factor)
{
    for (int i = 0; i < g->n; i++) g->h[i] /= factor;
    for (int64_t k = 0; k < g->m; k++) g->J[k] /= factor;
}

void program_scale(struct program *x, double factor)
{
    divide(&x->p, factor);
    for (int k = 0; k < x->G; k++) divide(&x->problem[k], factor);
    x->factor *= factor;
}

const double *program_flux(const struct program *x, int k)
{
    return x->turned == NULL ? NULL : x->turned + (int64_t)k * x->p.n;
}

/* Does every held unit have its bit? */
static int kept(const struct program *x, const uint8_t *read, const int8_t *sign)
{
    for (int k = 0; k < x->clamps; k++)
        if ((read[x->clamp[k]] ^ (sign[x->clamp[k]] < 0)) != x->want[k]) return 0;
    return 1;
}

/* One read as a state of g by majority; how many chains were broken, listed in open. */
static int vote(struct program *x, const uint8_t *read, const int8_t *sign, struct rng *r,
                uint8_t *state)
{
    int broken = 0;

    for (int i = 0; i < x->g->n; i++) {
        int64_t n = x->first[i + 1] - x->first[i], ones = 0;
        for (int64_t k = x->first[i]; k < x->first[i + 1]; k++)
            ones += read[x->member[k]] ^ (sign[x->member[k]] < 0);
        state[i] = 2 * ones == n ? (uint8_t)(rng_word(r) & 1) : 2 * ones > n;
        if (ones == 0 || ones == n) continue;
        x->open[broken++] = i;
        x->tally.broken[i]++;
    }
    return broken;
}

int64_t program_decode(struct program *x, int k, const uint8_t *reads, int64_t rows, int64_t read,
                       uint8_t *states, int32_t *chains)
{
    const int8_t *sign = x->sign + (int64_t)k * x->p.n;
    int64_t left = 0;

    for (int64_t row = 0; row < rows; row++) {
        const uint8_t *one = reads + row * x->p.n;
        struct rng r = rng_at(x->o.seed, RNG_UNEMBED, x->o.number * x->G + k, read + row);
        uint8_t *state = states + left * x->g->n;
        x->tally.reads++;
        if (!kept(x, one, sign)) {
            x->tally.lost++;
            continue;
        }
        int broken = vote(x, one, sign, &r, state);
        x->tally.clean += broken == 0;
        if (broken > 0 && x->o.repair == CHAIN_DISCARD) {
            x->tally.dropped++;
            continue;
        }
        if (broken > 0 && x->o.repair == CHAIN_MINIMISE)
            chain_minimise(&x->net, x->g, state, x->open, broken);
        if (chains != NULL) chains[left] = broken;
        left++;
    }
    return left;
}
