#include "cmd/service.h"

#include "base/mem.h"
#include "qpu/wish.h"

#include <string.h>

enum { SOLVERS_MOST = 256 };
static const double PATIENCE = 120.0; /* s for a list of solvers */

int service_open(struct service *v, struct run *r, int slots, struct err *e)
{
    struct account_keys keys = annealconf_account(r->conf);
    struct account *p = &v->account;

    *v = (struct service){ 0 };
    if (account_find(p, &keys, e)) return -1;
    if (p->warning != NULL) log_warn(&r->log, "%s", p->warning);
    log_say(&r->log, "endpoint %s (from %s)", p->endpoint.text, p->endpoint.source);
    if (p->token.source != NULL) log_say(&r->log, "API token from %s", p->token.source);
    if (p->proxy.text != NULL) {
        char *shown = account_redact(p, p->proxy.text, 200);
        log_say(&r->log, "proxy %s (from %s)", shown, p->proxy.source);
        mem_free(shown);
    }
    if (p->permissive) log_warn(&r->log, "permissive_ssl of dwave.conf: certificates do not count");
    return sapi_open(&v->sapi, p, slots, conf_real(r->conf, "anneal.time_scale"), r->seed, e);
}

void service_free(struct service *v)
{
    solver_free(&v->solver);
    sapi_close(&v->sapi);
    account_free(&v->account);
    *v = (struct service){ 0 };
}

/* "solvers/remote/NAME?filter=..." */
static char *path_of(const char *name, const char *filter)
{
    struct wire w = { 0 };

    wire_put(&w, "solvers/remote/");
    wire_put_percent(&w, name);
    wire_put(&w, "?filter=");
    wire_put_percent(&w, filter);
    return w.text;
}

int service_list(struct service *v, struct solver **s, int *n, struct err *e)
{
    char *path = path_of("", "all,-properties.couplers");
    struct json *list = NULL;
    int bad = sapi_get(&v->sapi, path, "solver-definition-list", PATIENCE, &list, e);

    *s = NULL;
    *n = 0;
    mem_free(path);
    if (bad) return -1;
    int count = json_count(list);
    if (count < 0 || count > SOLVERS_MOST)
        bad = err_set(e, "%s gives no list of solvers", v->account.endpoint.text);
    *s = mem_take(count < 1 ? 1 : count, sizeof **s);
    for (int i = 0; i < count && !bad; i++) {
        bad = solver_read(&(*s)[i], json_at(list, i), e);
        *n += !bad;
    }
    json_drop(list);
    if (!bad) return 0;
    for (int i = 0; i < *n; i++) solver_free(&(*s)[i]);
    mem_free(*s);
    *s = NULL;
    return -1;
}

/* One solver by its name, whole or (filter) in part. */
static int fetch(struct service *v, struct solver *s, const char *name, const char *filter,
                 struct err *e)
{
    char *path = path_of(name, filter);
    struct json *j = NULL;
    int bad = sapi_get(&v->sapi, path, "solver-definition", PATIENCE, &j, e);

    mem_free(path);
    if (bad) return -1;
    bad = solver_read(s, j, e);
    json_drop(j);
    if (!bad && strcmp(s->name, name) != 0) {
        bad = err_set(e, "asked for solver %s, the service answers with %s", name, s->name);
        solver_free(s);
    }
    return bad;
}

/* The name of the best solver that fits; the caller frees. */
static char *best(struct service *v, const struct wish *w, struct err *e)
{
    struct solver *s;
    int n;

    if (service_list(v, &s, &n, e)) return NULL;
    int i = wish_choose(w, s, n, e);
    char *name = i < 0 ? NULL : mem_text(s[i].name);
    for (int k = 0; k < n; k++) solver_free(&s[k]);
    mem_free(s);
    return name;
}

static int choose(struct service *v, const struct wish *w, struct err *e)
{
    char *name = w->name != NULL ? mem_text(w->name) : best(v, w, e);
    int bad = name == NULL || fetch(v, &v->solver, name, "all", e);
    struct solver *s = &v->solver;

    mem_free(name);
    if (bad) return -1;
    if (!s->online) return err_set(e, "solver %s is offline", s->name);
    if (w->graph_id != NULL && (s->graph_id == NULL || strcmp(s->graph_id, w->graph_id) != 0))
        return err_set(e, "solver %s has the working graph %s, expected graph_id %s", s->name,
                       s->graph_id != NULL ? s->graph_id : "(none)", w->graph_id);
    if (s->n < 0 || s->m < 0)
        return err_set(e, "solver %s does not tell its qubits and couplers", s->name);
    return 0;
}

int service_choose(struct service *v, struct run *r, struct err *e)
{
    struct wish w;

    if (wish_read(&w, v->account.solver.text, e)) return -1;
    int bad = choose(v, &w, e);
    wish_free(&w);
    if (bad) return -1;
    log_say(&r->log, "solver %s%s%s: %d qubits, %lld couplers", v->solver.name,
            v->solver.graph_id != NULL ? ", graph_id " : "",
            v->solver.graph_id != NULL ? v->solver.graph_id : "", v->solver.n,
            (long long)v->solver.m);
    return 0;
}

int service_check_graph(struct service *v, struct err *e)
{
    struct solver now;

    if (v->solver.graph_id == NULL) return 0;
    if (fetch(v, &now, v->solver.name, "none,+identity,+status", e)) return -1;
    int bad = now.graph_id == NULL || strcmp(now.graph_id, v->solver.graph_id) != 0;
    if (bad)
        err_set(e,
                "solver %s had the working graph %s before and has %s after: the reads cannot "
                "be trusted",
                now.name, v->solver.graph_id, now.graph_id != NULL ? now.graph_id : "(none)");
    solver_free(&now);
    return bad ? -1 : 0;
}
