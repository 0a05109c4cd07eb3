#include "cmd/errandprogram.h"

#include "base/mem.h"
#include "rbm/spins.h"

#include <string.h>

int errandprogram_wanted(const struct conf *c)
{
    return conf_choice(c, "anneal.embedding") != 0 || conf_int(c, "anneal.gauges") > 0 ||
           conf_choice(c, "anneal.range") != 0 || conf_choice(c, "anneal.condition") != 0;
}

int errandprogram_gauges(const struct conf *c)
{
    int64_t gauges = conf_int(c, "anneal.gauges");

    return gauges > 1 ? (int)gauges : 1;
}

int errandprogram_open(struct errandprogram *p, const struct run *r, const struct rbm *m,
                       struct ising *g, uint8_t *u, int slots, int C, const struct solver *s,
                       double flux_per_h, int local, struct err *e)
{
    *p = (struct errandprogram){ .slots = slots };
    p->model = mem_take(slots, sizeof *p->model);
    p->x = mem_take(slots, sizeof *p->x);
    for (int i = 0; i < slots; i++) {
        struct annealmodel *a = &p->model[i];
        *a = (struct annealmodel){ .N = m->T.N,
                                   .Q = C,
                                   .g = g + i * C,
                                   .u = m->held > 0 ? u + (int64_t)i * C * m->held : NULL,
                                   .placed = m->T.qubit != NULL };
        a->model.rbm = *m; /* its parameters change under it */
        if (annealprogram_open(&p->x[i], r, a, s, flux_per_h, local, e)) return -1;
    }
    return 0;
}

void errandprogram_free(struct errandprogram *p)
{
    for (int i = 0; i < p->slots && p->x != NULL; i++) annealprogram_free(&p->x[i]);
    mem_free(p->x);
    mem_free(p->model);
    *p = (struct errandprogram){ 0 };
}

int errandprogram_qubits(const struct errandprogram *p)
{
    const struct annealprogram *a = &p->x[0];

    if (a->o.embedding != NULL) return (int)a->chains.first[a->chains.n];
    return a->whole.n > 0 ? a->whole.n : a->m->g[0].n;
}

static int placed(const struct annealprogram *a)
{
    return a->m->placed || a->o.embedding != NULL;
}

/* What gauges and conditions have left of a problem, `got` of `reads`, filled up, with energies. */
static int complete(const struct ising *g, int64_t got, int64_t reads, uint8_t *states,
                    double *energy, struct err *e)
{
    if (got == 0)
        return err_set(e, "of no read of a step all held units have their bits and all chains are "
                          "whole: expected a greater anneal.condition_strength or "
                          "anneal.chain_strength");
    for (int64_t r = got; r < reads; r++)
        memcpy(states + r * g->n, states + (r - got) * g->n, (size_t)g->n);
    ising_energy(g, states, reads, energy);
    return 0;
}

int errandprogram_ask(struct errandprogram *p, int slot, int64_t step, const int64_t *of,
                      struct session *x, struct err *e)
{
    struct annealprogram *a = &p->x[slot];

    if (annealprogram_set(a, step, &x->params, e)) return -1;
    for (int q = 0; q < a->m->Q; q++)
        for (int k = 0; k < a->G; k++) {
            const struct ising *g = &a->x[q].problem[k];
            int64_t reads = block_of(of[q], k, a->G).count;
            if (reads > 0 &&
                (session_check(x, g, placed(a), e) ||
                 annealer_start_with(&x->annealer, (step * a->m->Q + q) * a->G + k, g, reads,
                                     annealprogram_params(a, q, k, &x->params), e) ||
                 annealer_poll(&x->annealer, 0.0, e)))
                return -1;
        }
    return 0;
}

/* Problem q in gauge k: states of its reads behind those that are there already. */
static int take_gauge(struct annealprogram *a, int q, int k, int64_t step, struct block share,
                      struct session *x, uint8_t *states, int64_t *got, struct err *e)
{
    struct program *g = &a->x[q];
    uint8_t *raw = mem_take(share.count * g->p.n, 1);
    double *H = mem_take(share.count, sizeof *H);
    int64_t rows = 0, request = (step * a->m->Q + q) * a->G + k;
    int bad = 0;

    while (!bad && !annealer_take(&x->annealer, request, raw, H, &rows))
        bad = annealer_poll(&x->annealer, 0.2, e);
    if (!bad && rows < share.count)
        bad = err_set(e,
                      "step %lld: the budget (anneal.max_access_time, anneal.max_problems) is "
                      "spent",
                      (long long)step);
    if (!bad) *got += program_decode(g, k, raw, rows, share.first, states + *got * g->g->n, NULL);
    mem_free(raw);
    mem_free(H);
    return bad;
}

int errandprogram_take(struct errandprogram *p, int slot, int64_t step, const int64_t *of,
                       struct session *x, uint8_t *states, double *energy, struct err *e)
{
    struct annealprogram *a = &p->x[slot];
    int64_t at = 0;

    for (int q = 0; q < a->m->Q; at += of[q++]) {
        const struct ising *g = &a->m->g[q];
        int64_t got = 0;
        for (int k = 0; k < a->G; k++) {
            struct block share = block_of(of[q], k, a->G);
            if (share.count > 0 && take_gauge(a, q, k, step, share, x, states + at * g->n, &got, e))
                return -1;
        }
        if (complete(g, got, of[q], states + at * g->n, energy + at, e)) return -1;
    }
    return 0;
}

/* A call of the device for `reads` of problem q in gauge k. */
static struct device_call call_of(const struct annealprogram *a, const struct annealdevice *d,
                                  int64_t step, int q, int k, int64_t reads)
{
    struct device_call c = annealdevice_call(d, (step * a->m->Q + q) * a->G + k, reads, placed(a));

    c.flux = program_flux(&a->x[q], k);
    return c;
}

/* Calls of the steps before: they leave time and heat. */
static int replay(struct annealprogram *a, int64_t before, const int64_t *of,
                  struct annealdevice *d, struct err *e)
{
    for (int64_t s = 0; s < before; s++)
        for (int q = 0; q < a->m->Q; q++)
            for (int k = 0; k < a->G; k++) {
                struct device_call c = call_of(a, d, s, q, k, block_of(of[q], k, a->G).count);
                if (c.reads > 0 && device_replay(&d->device, &a->x[q].problem[k], &c, 1, e))
                    return -1;
            }
    return 0;
}

static int draw_gauge(struct annealprogram *a, struct annealdevice *d, int64_t step, int q, int k,
                      struct block share, uint8_t *states, int64_t *got, double *us, struct err *e)
{
    struct program *g = &a->x[q];
    struct device_call c = call_of(a, d, step, q, k, share.count);
    struct block tiles = { 0, spins_tiles(share.count) };
    uint8_t *raw = mem_take(tiles.count * KERN_LANES * g->p.n, 1);
    double *H = mem_take(tiles.count * KERN_LANES, sizeof *H), access = 0.0;
    int64_t rows = device_draw(&d->device, &g->problem[k], &c, tiles, raw, H, &access, e);

    if (rows >= 0)
        *got += program_decode(g, k, raw, rows, share.first, states + *got * g->g->n, NULL);
    *us += access;
    mem_free(raw);
    mem_free(H);
    return rows < 0 ? -1 : 0;
}

int errandprogram_draw(struct errandprogram *p, int slot, int64_t step, int64_t before,
                       const int64_t *of, struct annealdevice *d, uint8_t *states, double *energy,
                       double *us, struct err *e)
{
    struct annealprogram *a = &p->x[slot];
    int64_t at = 0;

    if (annealprogram_set(a, step, NULL, e) || replay(a, before, of, d, e)) return -1;
    for (int q = 0; q < a->m->Q; at += of[q++]) {
        const struct ising *g = &a->m->g[q];
        int64_t got = 0;
        for (int k = 0; k < a->G; k++) {
            struct block share = block_of(of[q], k, a->G);
            if (share.count > 0 &&
                draw_gauge(a, d, step, q, k, share, states + at * g->n, &got, us, e))
                return -1;
        }
        if (complete(g, got, of[q], states + at * g->n, energy + at, e)) return -1;
    }
    return 0;
}
