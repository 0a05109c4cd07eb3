#include "cmd/session.h"

#include "base/mem.h"
#include "qpu/ranges.h"

#include <string.h>

static void say_line(void *ctx, const char *text)
{
    struct run *r = ctx;

    log_say(&r->log, "%s", text);
}

int session_check(const struct session *x, const struct ising *g, int placed, struct err *e)
{
    if (!placed)
        return err_set(e, "the units of this machine have no qubits: train it on a chip "
                          "(rbm.topology zephyr, pegasus or chimera)");
    return ranges_check(&x->params, &x->service.solver, g, e);
}

static int open_journal(struct session *x, struct run *r, struct err *e)
{
    enum { AUTO, NEVER, MUST };
    int resume = conf_choice(r->conf, "run.resume");
    const char *named = conf_text(r->conf, "anneal.journal");
    char *folder = named[0] != '\0' ? mem_text(named) : run_path(r, "journal");
    struct journal *j = &x->journal;
    int bad = journal_open(j, folder, resume == NEVER, e);

    if (!bad && resume == MUST && j->n == 0 && strcmp(r->command, "anneal") == 0)
        bad = err_set(e, "run.resume is must, but '%s' holds no problem", folder);
    if (!bad && j->n > 0)
        log_say(&r->log, "journal %s: %lld problems, %lld of them without an answer, %.0f us paid",
                folder, (long long)j->n, (long long)journal_open_problems(j), j->access);
    mem_free(folder);
    return bad;
}

int session_open(struct session *x, struct run *r, int requests, struct err *e)
{
    struct annealer_options o = annealconf_options(r->conf);

    *x = (struct session){ .journal = { .lock = -1 } };
    params_init(&x->params);
    o.requests = requests;
    o.say = say_line;
    o.ctx = r;
    if (service_open(&x->service, r, o.flights, e) || service_choose(&x->service, r, e) ||
        annealconf_params(&x->params, r->conf, &x->service.solver, e) || open_journal(x, r, e))
        return -1;
    annealer_init(&x->annealer, &x->service.sapi, &x->service.solver, &x->params, &x->journal, &o);
    x->open = 1;
    return 0;
}

void session_free(struct session *x)
{
    annealer_free(&x->annealer);
    params_free(&x->params);
    journal_free(&x->journal);
    service_free(&x->service);
    *x = (struct session){ .journal = { .lock = -1 } };
}
