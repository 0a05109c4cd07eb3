#include "base/mem.h"
#include "cmd/annealcompare.h"
#include "cmd/annealdraw.h"
#include "cmd/annealserve.h"
#include "cmd/bits.h"
#include "cmd/commands.h"
#include "num/stats.h"
#include "qpu/beta.h"

#include <math.h>
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

/* What anneal.reads of the model would cost. */
static int predict(struct run *r, struct service *v, const struct annealmodel *m, struct err *e)
{
    struct params p;
    struct cost c;

    if (annealconf_params(&p, r->conf, &v->solver, e)) return -1;
    cost_init(&c, &v->solver, &p, m->g[0].n);
    int64_t most = cost_most_reads(&c, &v->solver), limit = conf_int(r->conf, "anneal.max_reads");
    double us = 0.0;
    int64_t problems = 0;
    if (limit > 0 && limit < most) most = limit;
    for (int q = 0; q < m->Q && most > 0; q++) {
        int64_t reads = block_of(conf_int(r->conf, "anneal.reads"), q, m->Q).count;
        int64_t parts = (reads + most - 1) / most;
        problems += parts;
        us += (double)parts * cost_access(&c, 0) + cost_access(&c, reads) - cost_access(&c, 0);
    }
    params_free(&p);
    if (most == 0)
        return err_set(e, "one read takes longer than a problem may run: %g us", c.limit);
    if (!c.known)
        return err_set(e, "solver %s does not tell its timing (problem_timing_data)",
                       v->solver.name);
    json_put_int(r->result, "reads", conf_int(r->conf, "anneal.reads"));
    json_put_int(r->result, "problems", problems);
    json_put_int(r->result, "most_reads", most);
    json_put_real(r->result, "access_time_us", us);
    log_say(&r->log, "%lld problems of at most %lld reads, access time %.3f s", (long long)problems,
            (long long)most, us * 1e-6);
    return 0;
}

static int ask(struct run *r, int what, struct err *e)
{
    struct annealmodel m = { 0 };
    struct service v = { 0 };

    if (what == ANNEAL_COST && annealmodel_load(&m, r, e)) return -1;
    json_put_text(r->result, "command", "anneal");
    if (r->P->rank == 0 && service_open(&v, r, 1, e) == 0) {
        json_put_text(r->result, "endpoint", v.account.endpoint.text);
        if (what == ANNEAL_SOLVERS)
            list_solvers(r, &v, e);
        else if (service_choose(&v, r, e) == 0 && what == ANNEAL_SOLVER)
            show_solver(r, &v.solver);
        else if (!err_is(e)) {
            json_put_text(r->result, "solver", v.solver.name);
            predict(r, &v, &m, e);
        }
    }
    service_free(&v);
    annealmodel_free(&m);
    return par_agree(r->P, e) ? -1 : RUN_DONE;
}

/* --- reads -------------------------------------------------------------------------------------
 */

/* Inverse temperature of the reads, from all problems. */
static struct beta find_beta(const struct annealmodel *m, const struct annealdraw *d)
{
    int n = m->g[0].n;
    float *f = mem_take(d->reads * n, sizeof *f);

    for (int q = 0; q < m->Q; q++)
        beta_fields(f + d->first[q] * n, &m->g[q], d->state + d->first[q] * n, d->of[q]);
    struct beta b = beta_find(f, d->reads, n);
    mem_free(f);
    return b;
}

/* The Bits file; all rows are rank 0's. */
static int write_bits(struct run *r, const struct annealmodel *m, const struct annealdraw *d,
                      struct err *e)
{
    const char *path = conf_text(r->conf, "anneal.output");
    struct block rows = { r->P->rank == 0 ? 0 : d->reads, r->P->rank == 0 ? d->reads : 0 };
    struct bits b;

    bits_init(&b, rows, d->reads, m->N, 0, 1, m->incident != NULL);
    for (int q = 0; q < m->Q && rows.count > 0; q++) {
        const struct ising *g = &m->g[q];
        int64_t first = d->first[q];
        annealmodel_expand(m, q, d->state + first * g->n, d->of[q], b.state + first * m->N);
        for (int64_t i = first; i < first + d->of[q]; i++) {
            b.energy[i] = g->scale * (g->offset + d->energy[i]);
            if (m->incident != NULL) b.incident[i] = m->incident[q];
        }
    }
    if (rows.count > 0) {
        json_put_real(r->result, "energy_mean", stats_mean(b.energy, d->reads));
        json_put_real(r->result, "energy_error",
                      stats_std(b.energy, d->reads, d->reads > 1) / sqrt((double)d->reads));
    }
    int bad = bits_write(&b, r->P, path, e);
    bits_free(&b);
    return bad;
}

static void tell_service(struct run *r, const struct annealdraw *d)
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
        log_warn(&r->log, "%s ended it: %lld of %lld reads", d->spent, (long long)d->reads,
                 (long long)conf_int(r->conf, "anneal.reads"));
    }
}

static void tell(struct run *r, const struct annealmodel *m, const struct annealdraw *d)
{
    struct beta b = find_beta(m, d);
    int gibbs = conf_choice(r->conf, "anneal.backend") == ANNEAL_GIBBS;

    json_put_text(r->result, "command", "anneal");
    json_put_text(r->result, "backend", conf_text(r->conf, "anneal.backend"));
    json_put_int(r->result, "reads", d->reads);
    json_put_real(r->result, "beta", b.beta);
    json_put_real(r->result, "beta_error", b.error);
    json_put_real(r->result, "scale", conf_real(r->conf, "anneal.scale"));
    json_put_real(r->result, "access_time_us", d->access);
    if (gibbs)
        json_put_text(r->result, "solver", "gibbs");
    else
        tell_service(r, d);
    json_put_text(r->result, "path", conf_text(r->conf, "anneal.output"));
    log_say(&r->log, "%lld reads at inverse temperature %.4f +- %.4f, access time %.0f us",
            (long long)d->reads, b.beta, b.error, d->access);
}

/* Everything is on the disk: the journal's problems are used. */
static int close_journal(struct run *r, struct annealdraw *d, struct err *e)
{
    if (r->P->rank == 0 && d->session.journal.lock >= 0) journal_close(&d->session.journal, e);
    return par_agree(r->P, e);
}

static int sample(struct run *r, struct err *e)
{
    const struct kern *k = kern_named(conf_text(r->conf, "run.kernels"), e);
    struct annealmodel m;
    struct annealdraw d;

    if (par_agree(r->P, e) || run_output(r, conf_text(r->conf, "anneal.output"), e) ||
        annealmodel_load(&m, r, e))
        return -1;
    int status = annealdraw_open(&d, r, &m, k, e);
    if (!status) status = annealdraw_set(&d, r, &m, conf_int(r->conf, "anneal.reads"), e);
    if (status == 0) {
        if (r->P->rank == 0) tell(r, &m, &d);
        status = write_bits(r, &m, &d, e);
        if (!status && conf_int(r->conf, "anneal.compare") > 0)
            status = annealcompare_run(r, &m, &d, k, e);
        if (!status) status = close_journal(r, &d, e);
    }
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
