#include "base/mem.h"
#include "cmd/annealcompare.h"
#include "cmd/annealparts.h"
#include "cmd/annealserve.h"
#include "cmd/bits.h"
#include "cmd/commands.h"
#include "num/series.h"
#include "num/stats.h"

#include <string.h>

/* --- what a service has to offer, asked by rank 0 --------------------------------------------- */

static int list_solvers(struct run *r, struct service *v, struct err *e)
{
    struct solver *s;
    int n;

    if (service_list(v, &s, &n, e)) return -1;
    struct json *all = json_list();
    for (int i = 0; i < n; i++) {
        struct json *one = json_new();
        json_put_text(one, "name", s[i].name);
        if (s[i].graph_id != NULL) json_put_text(one, "graph_id", s[i].graph_id);
        json_put_flag(one, "online", s[i].online);
        json_put_flag(one, "qpu", s[i].qpu);
        if (s[i].topology != NULL) json_put_text(one, "topology", s[i].topology);
        if (s[i].n >= 0) json_put_int(one, "qubits", s[i].n);
        json_put_real(one, "load", s[i].load);
        json_add(all, one);
        log_say(&r->log, "  %-32s %-8s %-8s %6d qubits  load %.2f", s[i].name,
                s[i].online ? "online" : "offline", s[i].topology != NULL ? s[i].topology : "-",
                s[i].n < 0 ? 0 : s[i].n, s[i].load);
        solver_free(&s[i]);
    }
    mem_free(s);
    json_put(r->result, "solvers", all);
    return 0;
}

static void show_solver(struct run *r, const struct solver *s)
{
    json_put_text(r->result, "solver", s->name);
    if (s->graph_id != NULL) json_put_text(r->result, "graph_id", s->graph_id);
    json_put_flag(r->result, "online", s->online);
    json_put_int(r->result, "qubits", s->n);
    json_put_int(r->result, "couplers", s->m);
    if (s->properties != NULL) json_put(r->result, "properties", json_clone(s->properties));
}

/* Access time of all problems, in their gauges, of at most *most reads each. */
static double add_up(struct run *r, const struct cost *c, int Q, int gauges, int64_t most,
                     int64_t *problems)
{
    double us = 0.0;

    for (int q = 0; q < Q * gauges; q++) {
        int64_t of = block_of(conf_int(r->conf, "anneal.reads"), q / gauges, Q).count;
        int64_t reads = block_of(of, q % gauges, gauges).count, parts = (reads + most - 1) / most;
        *problems += parts;
        us += (double)parts * cost_access(c, 0) + cost_access(c, reads) - cost_access(c, 0);
    }
    return us;
}

/* What anneal.reads of the model would cost, as it would be programmed. */
static int predict_program(struct run *r, const struct solver *s, const struct params *p,
                           struct annealprogram *x, struct err *e)
{
    struct cost c;
    int64_t limit = conf_int(r->conf, "anneal.max_reads"), problems = 0;

    if (x->used && annealprogram_set(x, 0, p, e)) return -1;
    int qubits = x->used ? x->x[0].p.n : x->m->g[0].n;
    cost_init(&c, s, p, qubits);
    int64_t most = cost_most_reads(&c, s);
    if (limit > 0 && limit < most) most = limit;
    if (most == 0)
        return err_set(e, "one read takes longer than a problem may run: %g us", c.limit);
    if (!c.known)
        return err_set(e, "solver %s does not tell its timing (problem_timing_data)", s->name);
    double us = add_up(r, &c, x->m->Q, x->G, most, &problems);
    json_put_int(r->result, "reads", conf_int(r->conf, "anneal.reads"));
    json_put_int(r->result, "problems", problems);
    json_put_int(r->result, "most_reads", most);
    json_put_int(r->result, "qubits", qubits);
    json_put_real(r->result, "access_time_us", us);
    log_say(&r->log, "%lld problems of %d qubits and at most %lld reads, access time %.3f s",
            (long long)problems, qubits, (long long)most, us * 1e-6);
    annealsets_predict(r, &c, x->m->Q, most);
    return 0;
}

static int predict(struct run *r, const struct solver *s, double flux_per_h,
                   const struct annealmodel *m, struct err *e)
{
    struct annealprogram x = { 0 };
    struct params p;

    if (annealconf_params(&p, r->conf, s, e)) return -1;
    int bad = annealprogram_open(&x, r, m, s, flux_per_h, 0, e) || predict_program(r, s, &p, &x, e);
    annealprogram_free(&x);
    params_free(&p);
    return bad ? -1 : 0;
}

static void show_or_predict(struct run *r, int what, const struct solver *s, double flux_per_h,
                            const struct annealmodel *m, struct err *e)
{
    if (what == ANNEAL_SOLVER) {
        show_solver(r, s);
        return;
    }
    json_put_text(r->result, "solver", s->name);
    predict(r, s, flux_per_h, m, e);
}

/* The kinetic device tells of itself as a service does. */
static void ask_kinetic(struct run *r, int what, const struct annealmodel *m, struct err *e)
{
    struct annealdevice x = { 0 };

    if (annealdevice_open(&x, r, kern_best(), e) == 0)
        show_or_predict(r, what, device_solver(&x.device), x.device.flux_per_h, m, e);
    annealdevice_free(&x);
}

static int ask(struct run *r, int what, struct err *e)
{
    int kinetic =
        conf_choice(r->conf, "anneal.backend") == ANNEAL_KINETIC && what != ANNEAL_SOLVERS;
    struct annealmodel m = { 0 };
    struct service v = { 0 };

    if (what == ANNEAL_COST && annealmodel_load(&m, r, e)) return -1;
    json_put_text(r->result, "command", "anneal");
    if (kinetic && r->P->rank == 0) {
        ask_kinetic(r, what, &m, e);
    } else if (r->P->rank == 0 && service_open(&v, r, 1, e) == 0) {
        json_put_text(r->result, "endpoint", v.account.endpoint.text);
        if (what == ANNEAL_SOLVERS)
            list_solvers(r, &v, e);
        else if (service_choose(&v, r, e) == 0)
            show_or_predict(r, what, &v.solver, condition_flux_per_h(v.solver.name), &m, e);
    }
    service_free(&v);
    annealmodel_free(&m);
    return par_agree(r->P, e) ? -1 : RUN_DONE;
}

/* --- reads -------------------------------------------------------------------------------------
 */

/* The Bits file; all rows are rank 0's. */
static int write_bits(struct run *r, const struct annealmodel *m, const struct annealsets *s,
                      const struct annealprogram *p, const struct annealweigh *w, struct err *e)
{
    const char *path = conf_text(r->conf, "anneal.output");
    const struct annealrows *x = &s->rows;
    struct block rows = { x->root ? 0 : x->n, x->root ? x->n : 0 };
    struct bits b;

    bits_init(&b, rows, x->n, m->N, 0, 1, m->incident != NULL);
    for (int q = 0; q < m->Q && x->root; q++) {
        int64_t first = x->first[q];
        annealmodel_expand(m, q, x->state + first * x->spins, x->of[q], b.state + first * m->N);
    }
    for (int64_t i = 0; i < rows.count; i++) {
        b.energy[i] = x->E[i];
        if (m->incident != NULL) b.incident[i] = m->incident[x->problem[i]];
    }
    if (x->root) {
        json_put_real(r->result, "energy_mean", stats_mean(b.energy, x->n));
        json_put_real(r->result, "energy_error", series_error(b.energy, x->n));
    }
    b.log_weight = conf_flag(r->conf, "anneal.reweigh") ? w->log_w : NULL;
    b.weighed = conf_flag(r->conf, "anneal.reweigh");
    double *breaks = x->root ? annealprogram_breaks(p) : NULL;
    b.chains = conf_choice(r->conf, "anneal.embedding") != 0;
    b.breaks = breaks;
    int bad = bits_write(&b, r->P, path, e);
    mem_free(breaks);
    bits_free(&b);
    return bad;
}

static void tell_service(struct run *r, const struct annealdraw *d, int64_t reads)
{
    const struct solver *s = &d->session.service.solver;
    double each = d->sent > 0 ? (double)d->sent : 1.0;

    json_put_text(r->result, "solver", s->name);
    if (s->graph_id != NULL) json_put_text(r->result, "graph_id", s->graph_id);
    json_put_text(r->result, "endpoint", d->session.service.account.endpoint.text);
    json_put_int(r->result, "problems", d->problems);
    json_put_int(r->result, "problems_sent", d->sent);
    json_put_int(r->result, "problems_paid_before", d->kept);
    json_put_real(r->result, "client_cpu_ms", 1000.0 * d->cpu / each);
    if (conf_int(r->conf, "anneal.in_flight") == 1)
        json_put_real(r->result, "client_ms", 1000.0 * (d->wall - d->server) / each);
    if (d->spent != NULL) {
        json_put_text(r->result, "stopped", d->spent);
        log_warn(&r->log, "%s ended it: %lld of %lld reads", d->spent, (long long)reads,
                 (long long)conf_int(r->conf, "anneal.reads"));
    }
}

static void tell(struct run *r, const struct annealmodel *m, const struct annealdraw *d,
                 struct annealprogram *program, const struct annealsets *s)
{
    double beta = s->all.beta, error = s->all.error;

    json_put_text(r->result, "command", "anneal");
    json_put_text(r->result, "backend", conf_text(r->conf, "anneal.backend"));
    json_put_int(r->result, "reads", s->rows.n);
    json_put_real(r->result, "beta", beta);
    json_put_real(r->result, "beta_error", error);
    if (s->all.why[0] != '\0') json_put_text(r->result, "beta_why", s->all.why);
    json_put_real(r->result, "scale", m->g[0].scale);
    json_put_real(r->result, "access_time_us", d->access);
    if (d->local)
        json_put_text(r->result, "solver", d->device.device.name);
    else
        tell_service(r, d, s->rows.n);
    json_put_text(r->result, "path", conf_text(r->conf, "anneal.output"));
    log_say(&r->log, "%lld reads at inverse temperature %.4f +- %.4f, access time %.0f us",
            (long long)s->rows.n, beta, error, d->access);
    annealsets_put(s, r);
    annealparts_put(s, m, r);
    annealprogram_put(program, r);
}

/* Everything is on the disk: the journal's problems are used. */
static int close_journal(struct run *r, struct annealdraw *d, struct err *e)
{
    if (r->P->rank == 0 && d->session.journal.lock >= 0) journal_close(&d->session.journal, e);
    return par_agree(r->P, e);
}

/* Rows are drawn: what they say, and the file. 0, RUN_STOPPED or -1. */
static int report(struct annealbeta *b, struct annealsets *s, struct err *e)
{
    struct run *r = b->r;
    struct annealweigh w = { 0 };
    int root = r->P->rank == 0, weighed = conf_flag(r->conf, "anneal.reweigh");

    if (root) tell(r, b->m, b->d, &b->d->program, s);
    if (root && weighed && annealweigh_init(&w, s, e) == 0) annealweigh_put(&w, r);
    int status = par_agree(r->P, e) || write_bits(r, b->m, s, &b->d->program, &w, e) ? -1 : 0;
    if (!status && conf_int(r->conf, "anneal.compare") > 0)
        status = annealcompare_run(r, b->m, &s->rows, weighed ? &w : NULL, b->kern, e);
    if (!status) status = annealbeta_put(b, &s->rows, e);
    annealweigh_free(&w);
    return status;
}

static int sample(struct run *r, struct err *e)
{
    const struct kern *k = kern_named(conf_text(r->conf, "run.kernels"), e);
    struct annealmodel m;
    struct annealdraw d;
    struct annealbeta b;
    struct annealsets s = { 0 };

    if (k != NULL) annealbeta_check(r, e);
    if (par_agree(r->P, e) || run_output(r, conf_text(r->conf, "anneal.output"), e) ||
        annealmodel_load(&m, r, e))
        return -1;
    int status = annealdraw_open(&d, r, &m, k, e);
    annealbeta_init(&b, r, &m, &d, k);
    if (!status) status = annealsets_run(&s, &b, e);
    if (!status) status = report(&b, &s, e);
    if (!status) status = close_journal(r, &d, e);
    annealsets_free(&s);
    annealbeta_free(&b);
    annealdraw_free(&d);
    annealmodel_free(&m);
    return status;
}

int cmd_anneal(struct run *r, struct err *e)
{
    int what = conf_choice(r->conf, "anneal.what");

    if (what == ANNEAL_SAMPLE) return sample(r, e);
    if (what == ANNEAL_SERVE) {
        const struct kern *k = kern_named(conf_text(r->conf, "run.kernels"), e);
        int status = k == NULL ? -1 : annealserve_run(r, k, e);
        return par_agree(r->P, e) ? -1 : status;
    }
    return ask(r, what, e);
}
