#include "cmd/annealprogram.h"

#include "base/file.h"
#include "base/mem.h"
#include "qpu/bicliques.h"
#include "qpu/cliques.h"
#include "qpu/ranges.h"
#include "qpu/stretch.h"

#include <math.h>
#include <string.h>

enum { NATIVE, CLIQUE, BICLIQUE, FROM_FILE };
enum { EMBEDDING_MOST = 64 << 20 };

/* Chains of the two sides in the order of the spins. */
static int embed_sides(struct annealprogram *p, const struct ising *g, struct err *e)
{
    uint8_t *side = mem_take(g->n, 1);
    struct embedding b = { 0 };
    int count[2] = { 0, 0 }, bad = bicliques_sides(g, side, e);

    for (int i = 0; i < g->n && !bad; i++) count[side[i]]++;
    if (!bad) bad = bicliques_complete(&b, &p->chip.s, count[0], count[1], e);
    if (!bad) {
        int next[2] = { 0, count[0] };
        embedding_take(&p->chains, g->n, b.first[b.n]);
        for (int i = 0; i < g->n; i++) {
            int from = next[side[i]]++;
            int64_t n = b.first[from + 1] - b.first[from], at = p->chains.first[i];
            memcpy(p->chains.qubit + at, b.qubit + b.first[from], (size_t)n * sizeof *b.qubit);
            p->chains.first[i + 1] = at + n;
        }
    }
    embedding_free(&b);
    mem_free(side);
    return bad;
}

static int embed_file(struct annealprogram *p, const struct ising *g, const char *path,
                      struct err *e)
{
    char *text = file_slurp(path, EMBEDDING_MOST, NULL, e);
    int bad = text == NULL || embedding_read(&p->chains, g, text, path, e);

    mem_free(text);
    return bad ? -1 : 0;
}

static int write_chains(const struct annealprogram *p, const char *path, struct err *e)
{
    char *text = embedding_text(&p->chains, &p->m->g[0]);
    int bad = file_replace(path, text, (int64_t)strlen(text), e);

    mem_free(text);
    return bad;
}

/* Chains by construction go on until there are fragments for all units that are held. The last
 * sentence stays when they cannot. */
static int make_room(struct annealprogram *p, struct err *e)
{
    const struct annealmodel *m = p->m;
    struct program x;

    ising_set(&p->whole, &m->model.rbm, m->g[0].scale, NULL);
    for (;;) {
        struct err why = { "" };
        int bad = program_init(&x, &m->g[0], &p->whole, m->u, &p->o, &why);
        program_free(&x);
        if (!bad) return 0;
        if (stretch_chains(&p->chains, &p->chip.s) == 0) return err_set(e, "%s", why.text);
    }
}

static int embed(struct annealprogram *p, const struct run *r, const struct solver *s, int local,
                 struct err *e)
{
    const struct ising *g = &p->m->g[0];
    const char *out = conf_text(r->conf, "anneal.embedding_output");
    int how = conf_choice(r->conf, "anneal.embedding"), bad;

    if (how == NATIVE) return 0;
    if (annealchip_open(&p->chip, r, s, local, e)) return -1;
    if (how == FROM_FILE)
        bad = embed_file(p, g, conf_text(r->conf, "anneal.embedding_file"), e);
    else
        bad = how == CLIQUE ? cliques_complete(&p->chains, &p->chip.s, g->n, e)
                            : embed_sides(p, g, e);
    if (bad || embedding_check(&p->chains, &p->chip.v, g, e))
        return err_within(e, "anneal.embedding");
    p->o.embedding = &p->chains;
    p->o.chip = &p->chip.v;
    if (p->o.condition != CONDITION_FOLD && how != FROM_FILE && make_room(p, e)) return -1;
    return out[0] != '\0' && r->P->rank == 0 ? write_chains(p, out, e) : 0;
}

static int condition(struct annealprogram *p, const struct run *r, double flux_per_h, struct err *e)
{
    double own = conf_real(r->conf, "anneal.flux_per_h");

    p->o.condition = (enum condition_how)conf_choice(r->conf, "anneal.condition");
    p->o.strength = conf_real(r->conf, "anneal.condition_strength");
    p->o.flux_per_h = own > 0.0 ? own : flux_per_h;
    if (p->o.condition == CONDITION_FOLD) return 0;
    if (p->m->u == NULL)
        return err_set(e, "anneal.condition is %s, but nothing is held: expected anneal.energies",
                       conf_text(r->conf, "anneal.condition"));
    ising_init(&p->whole, &p->m->model.rbm, 0);
    if (p->o.condition != CONDITION_FLUX) return 0;
    if (!(p->o.flux_per_h > 0.0))
        return err_set(e,
                       "what a flux bias is worth on solver %s is not known, expected "
                       "anneal.flux_per_h",
                       p->solver->name);
    return condition_check_flux(&p->o.strength, p->o.flux_per_h, p->scales, e);
}

int annealprogram_open(struct annealprogram *p, const struct run *r, const struct annealmodel *m,
                       const struct solver *s, double flux_per_h, int local, struct err *e)
{
    const struct conf *c = r->conf;
    int gauges = (int)conf_int(c, "anneal.gauges");

    *p = (struct annealprogram){ .m = m, .solver = s, .factor = 1.0 };
    p->G = gauges > 1 ? gauges : 1;
    p->scales = conf_choice(c, "anneal.range") == 1;
    p->o = (struct program_options){
        .rule = (enum chain_rule)conf_choice(c, "anneal.chain_rule"),
        .chain = conf_real(c, "anneal.chain_strength"),
        .repair = (enum chain_repair)conf_choice(c, "anneal.unembed"),
        .gauges = gauges,
        .seed = r->seed,
    };
    if (condition(p, r, flux_per_h, e) || embed(p, r, s, local, e)) return -1;
    p->used = gauges > 0 || p->scales || p->o.embedding != NULL || p->o.condition != CONDITION_FOLD;
    p->x = mem_take(m->Q, sizeof *p->x);
    p->sum.broken = mem_take(m->g[0].n, sizeof *p->sum.broken);
    return 0;
}

/* Programs of a set that is drawn: their tallies are kept. */
static void retire(struct annealprogram *p)
{
    for (int q = 0; p->x != NULL && q < p->m->Q; q++) {
        const struct program_tally *t = &p->x[q].tally;
        p->sum.reads += t->reads;
        p->sum.lost += t->lost;
        p->sum.clean += t->clean;
        p->sum.dropped += t->dropped;
        for (int i = 0; t->broken != NULL && i < p->m->g[0].n; i++)
            p->sum.broken[i] += t->broken[i];
        program_free(&p->x[q]);
    }
    for (int k = 0; p->params != NULL && k < p->m->Q * p->G; k++) mem_free(p->params[k].flux);
    mem_free(p->params);
    p->params = NULL;
}

void annealprogram_free(struct annealprogram *p)
{
    if (p->x != NULL) retire(p);
    mem_free(p->x);
    mem_free(p->sum.broken);
    embedding_free(&p->chains);
    annealchip_free(&p->chip);
    ising_free(&p->whole);
    *p = (struct annealprogram){ 0 };
}

/* Base, with what each qubit's flux bias is besides. */
static void make_params(struct annealprogram *p, const struct params *base)
{
    int Q = p->solver->Q;

    p->params = mem_take((int64_t)p->m->Q * p->G, sizeof *p->params);
    for (int k = 0; k < p->m->Q * p->G; k++) {
        const struct program *x = &p->x[k / p->G];
        const double *flux = program_flux(x, k % p->G);
        struct params *own = &p->params[k];
        *own = *base;
        own->Q = Q;
        own->flux = mem_take(Q, sizeof *own->flux);
        for (int q = 0; base->flux != NULL && q < Q; q++) own->flux[q] = base->flux[q];
        for (int i = 0; i < x->p.n; i++)
            if (x->p.qubit[i] >= 0 && x->p.qubit[i] < Q) own->flux[x->p.qubit[i]] += flux[i];
    }
}

int annealprogram_set(struct annealprogram *p, int64_t set, const struct params *base,
                      struct err *e)
{
    const struct annealmodel *m = p->m;
    double factor = 1.0;

    retire(p);
    for (int q = 0; q < m->Q; q++) {
        const uint8_t *u = m->u == NULL ? NULL : m->u + (int64_t)q * m->model.rbm.held;
        if (p->whole.n > 0) ising_set(&p->whole, &m->model.rbm, m->g[q].scale, NULL);
        p->o.number = set * m->Q + q;
        if (program_init(&p->x[q], &m->g[q], &p->whole, u, &p->o, e)) return -1;
        for (int k = 0; k < p->G && p->scales; k++)
            factor = fmax(factor, ranges_divisor(p->solver, &p->x[q].problem[k]));
    }
    for (int q = 0; q < m->Q && factor > 1.0; q++) program_scale(&p->x[q], factor);
    p->factor = fmax(p->factor, factor);
    if (base != NULL && p->o.condition == CONDITION_FLUX) {
        if (base->scale)
            return err_set(e, "anneal.condition: flux cannot be used with anneal.auto_scale");
        make_params(p, base);
    }
    return 0;
}

const struct params *annealprogram_params(const struct annealprogram *p, int q, int k,
                                          const struct params *base)
{
    return p->params == NULL ? base : &p->params[q * p->G + k];
}

static void put_embedding(const struct annealprogram *p, struct json *j, struct run *r)
{
    int64_t kept = p->sum.reads - p->sum.lost, broken = 0;
    int n = p->m->g[0].n;

    for (int i = 0; i < n; i++) broken += p->sum.broken[i];
    double share = kept > 0 ? (double)broken / (double)kept / n : 0.0;
    json_put_text(j, "embedding", conf_text(r->conf, "anneal.embedding"));
    json_put_int(j, "qubits", p->chains.first[n]);
    json_put_real(j, "chain_mean", embedding_mean(&p->chains));
    json_put_int(j, "chain_longest", embedding_longest(&p->chains));
    json_put_real(j, "chain_strength", chain_strength(p->o.rule, p->o.chain, &p->m->g[0]));
    json_put_int(j, "clean", p->sum.clean);
    json_put_int(j, "dropped", p->sum.dropped);
    json_put_real(j, "broken_chains", share);
    log_say(&r->log,
            "embedding: %d chains of %.1f qubits, at most %d; %.4g of the chains broken, %lld of "
            "%lld reads without a broken one",
            n, embedding_mean(&p->chains), embedding_longest(&p->chains), share,
            (long long)p->sum.clean, (long long)kept);
}

void annealprogram_put(struct annealprogram *p, struct run *r)
{
    if (!p->used) return;
    retire(p);
    struct json *j = json_new();
    json_put_int(j, "gauges", p->o.gauges);
    json_put_text(j, "condition", conf_text(r->conf, "anneal.condition"));
    json_put_int(j, "reads", p->sum.reads);
    json_put_real(j, "range_factor", p->factor);
    if (p->o.condition != CONDITION_FOLD) {
        json_put_real(j, "condition_strength", p->o.strength);
        if (p->o.condition == CONDITION_FLUX) json_put_real(j, "flux_per_h", p->o.flux_per_h);
        json_put_int(j, "lost", p->sum.lost);
        log_say(&r->log, "condition by %s: %lld of %lld reads dropped for a held unit",
                conf_text(r->conf, "anneal.condition"), (long long)p->sum.lost,
                (long long)p->sum.reads);
    }
    if (p->o.embedding != NULL) put_embedding(p, j, r);
    if (p->factor > 1.0)
        log_warn(&r->log, "problems were divided by %.4g to fit into the device's ranges",
                 p->factor);
    json_put(r->result, "program", j);
}

double *annealprogram_breaks(const struct annealprogram *p)
{
    if (p->o.embedding == NULL) return NULL;
    int64_t kept = p->sum.reads - p->sum.lost;
    double *share = mem_take(p->m->N, sizeof *share);
    for (int i = 0; i < p->m->N; i++) share[i] = NAN;
    for (int i = 0; i < p->m->g[0].n && kept > 0; i++)
        share[p->m->g[0].unit[i]] = (double)p->sum.broken[i] / (double)kept;
    return share;
}
