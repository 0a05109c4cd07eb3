#include "qpu/job.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { STRIKES = 5, ABSENCES = 6, LOOKS = 10, EMPTY = 2, LOOK_MOST = 1 << 20 };

static void go(struct job *b, enum job_state state, double when)
{
    b->state = state;
    b->next = when;
    b->tries = 0;
}

void job_post(struct job *b)
{
    b->begun = clock_now();
    b->doubt = JOB_NO_DOUBT;
    go(b, JOB_POST, 0.0);
}

void job_adopt(struct job *b, double scale, const char *id)
{
    b->begun = clock_now();
    b->doubt = JOB_SILENCE;
    b->look_until = b->begun + b->o->label_wait * scale;
    snprintf(b->id, sizeof b->id, "%s", id);
    go(b, id[0] != '\0' ? JOB_WAIT : JOB_LOOK, 0.0);
}

void job_free(struct job *b)
{
    wire_free(&b->body);
    wire_free(&b->path);
    json_drop(b->problem);
    *b = (struct job){ 0 };
}

/* End with a sentence that says which problem it is. */
static void fail(struct job *b, const char *why)
{
    b->state = JOB_FAILED;
    b->why = (struct err){ "" };
    err_set(&b->why, "problem %lld (label %s%s%s): %s", (long long)b->number, b->label,
            b->id[0] != '\0' ? ", id " : "", b->id, why);
}

static void fail_dead(struct job *b, enum job_death dead, const char *why)
{
    b->dead = dead;
    fail(b, why);
}

/* The service did not take this copy; one that was sent before may show up yet. */
static void refuse(struct job *b, const char *why)
{
    fail_dead(b, b->again ? JOB_MAYBE : JOB_REFUSED, why);
}

/* When is it next to be asked? Past the deadline it fails. */
static void wait_until(struct job *b, const struct sapi *s, double next, const char *why)
{
    b->next = next;
    if (next < b->begun + b->o->deadline * s->scale) return;
    int first = b->cause.text[0] != '\0' && strcmp(b->cause.text, why) != 0;
    char *text = mem_print("not done within %g s: %s%s%s", b->o->deadline * s->scale, why,
                           first ? "; before that: " : "", first ? b->cause.text : "");
    fail(b, text);
    mem_free(text);
}

static void retry(struct job *b, const struct sapi *s, double after, const char *why)
{
    wait_until(b, s, clock_now() + sapi_pause(s, b->number + 1, b->tries++, after), why);
}

static void doubt(struct job *b, const struct sapi *s, enum job_doubt d, const char *why)
{
    b->cause = (struct err){ "" };
    err_set(&b->cause, "%s", why);
    if (d > b->doubt) b->doubt = d;
    b->look_until = clock_now() + b->o->label_wait * s->scale;
    b->empty = 0;
    go(b, JOB_LOOK, 0.0);
}

/* An id is what may stand in a path and in our journal. */
static int fit_id(const char *id)
{
    size_t n = strlen(id);

    return n > 0 && n < JOURNAL_ID &&
           strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") == n &&
           strchr(id, '.') != id;
}

/* Is this status object about our problem? NULL when it is, else what speaks against it. */
static const char *stranger(struct job *b, const struct json *p)
{
    const struct json *solver = json_get(p, "solver");
    const struct json *version = solver == NULL ? NULL : json_get(solver, "version");
    const char *text;

    if (json_get_text(p, "id", &text) || !fit_id(text)) return "a reply without an id";
    if (b->id[0] != '\0' && strcmp(text, b->id) != 0) return "a reply about another id";
    if (!json_get_text(p, "label", &text) && strcmp(text, b->label) != 0)
        return "a reply about another label";
    if (!json_get_text(p, "type", &text) && strcmp(text, "ising") != 0)
        return "a reply about another type of problem";
    if (solver != NULL && !json_get_text(solver, "name", &text) && strcmp(text, b->o->solver) != 0)
        return "a reply about another solver";
    if (version != NULL && b->o->graph_id != NULL && !json_get_text(version, "graph_id", &text) &&
        strcmp(text, b->o->graph_id) != 0) {
        char *graph = text_short(text);
        snprintf(b->strange, sizeof b->strange, "a reply about another working graph, graph_id %s",
                 graph);
        mem_free(graph);
        return b->strange;
    }
    return NULL;
}

/* A status object of ours: done, failed, or to be asked again. Takes p over. */
static void take_status(struct job *b, struct sapi *s, struct json *p)
{
    const char *status = "", *text = "";

    json_get_text(p, "status", &status);
    if (b->state != JOB_WAIT) go(b, JOB_WAIT, 0.0);
    if (strcmp(status, "COMPLETED") == 0 && json_get(p, "answer") != NULL) {
        json_drop(b->problem);
        b->problem = p;
        if (b->again)
            go(b, JOB_CHECK, 0.0);
        else
            b->state = JOB_ENDED;
        return;
    }
    if (strcmp(status, "FAILED") == 0 || strcmp(status, "CANCELLED") == 0) {
        json_get_text(p, "error_message", &text);
        char *quote = account_redact(s->account, text, 200);
        char *why = mem_print(
            "the service says %s%s%s%s", status, *quote != '\0' ? ": " : "", quote,
            strstr(quote, "solver is offline") != NULL ? " (expected an online solver)" : "");
        fail_dead(b, b->again ? JOB_MAYBE : JOB_BROKEN, why);
        mem_free(why);
        mem_free(quote);
    } else if (strcmp(status, "PENDING") == 0 || strcmp(status, "IN_PROGRESS") == 0) {
        /* at once, unless the server does not keep polls waiting */
        double quick = clock_now() - b->asked < 0.01 ? 0.05 * s->scale : 0.0;
        b->tries = 0;
        wait_until(b, s, clock_now() + quick, "the solver has not come to it");
    } else {
        retry(b, s, -1.0,
              strcmp(status, "COMPLETED") == 0 ? "it is completed without an answer"
                                               : "its status is not known");
    }
    json_drop(p);
}

static void adopt(struct job *b, const char *id)
{
    snprintf(b->id, sizeof b->id, "%s", id);
    b->named = 1;
    b->asked = -1.0; /* no poll yet */
    go(b, JOB_WAIT, 0.0);
}

/* A reply to the POST with status 2xx: a list of one status object, which may hold an error. */
static void take_post(struct job *b, struct sapi *s, const struct json *list)
{
    const struct json *p = json_at(list, 0);
    const char *text = "";

    if (json_count(list) != 1) {
        doubt(b, s, JOB_TAKEN, "a reply to its POST with other than one problem");
    } else if (json_get(p, "error_code") != NULL && json_get(p, "id") == NULL) {
        json_get_text(p, "error_msg", &text);
        char *quote = account_redact(s->account, text, 200);
        char *why = mem_print("the service refuses it: %s", quote);
        refuse(b, why);
        mem_free(why);
        mem_free(quote);
    } else if (stranger(b, p) != NULL) {
        doubt(b, s, JOB_TAKEN, stranger(b, p));
    } else {
        json_get_text(p, "id", &text);
        adopt(b, text);
        take_status(b, s, json_clone(p));
    }
}

/* The label is not to be found, and the time for it has passed. */
static void absent(struct job *b)
{
    if (b->doubt == JOB_ERROR || (b->doubt == JOB_SILENCE && !b->o->stop)) {
        b->doubt = JOB_NO_DOUBT;
        b->again = 1;
        go(b, JOB_POST, 0.0);
        return;
    }
    fail(b, b->doubt == JOB_TAKEN
                ? "the service took it, but its label does not show up within anneal.label_wait; "
                  "it may still, so run again later"
                : "nobody knows whether the service took it: its label does not show up within "
                  "anneal.label_wait; run again later, or with anneal.unseen=resubmit to send it "
                  "once more");
}

/* What bears our label. */
static void take_look(struct job *b, struct sapi *s, const struct json *list)
{
    const char *id, *label, *found = b->state == JOB_CHECK ? b->id : NULL;
    int twice = 0, n = json_count(list);

    for (int i = 0; i < n; i++) {
        const struct json *p = json_at(list, i);
        if (json_get_text(p, "label", &label) || strcmp(label, b->label) != 0 ||
            json_get_text(p, "id", &id) || !fit_id(id))
            continue;
        if (found != NULL && strcmp(found, id) != 0) twice = 1;
        found = id;
    }
    if (n < 0) {
        retry(b, s, -1.0, "a look for its label gives no list");
    } else if (b->state == JOB_CHECK && !twice) {
        b->state = JOB_ENDED;
    } else if (twice) {
        fail(b, "two problems of the service bear its label, the first of which did not show up "
                "within anneal.label_wait: it may have been paid twice");
    } else if (found != NULL) {
        adopt(b, found);
    } else if (++b->empty >= EMPTY && b->asked >= b->look_until) {
        absent(b);
    } else {
        double now = clock_now(), wait = b->o->label_wait * s->scale / LOOKS;
        b->tries = 0;
        wait_until(b, s, now < b->look_until ? fmin(now + wait, b->look_until) : now + wait,
                   "its label does not show up");
    }
}

static void ask(struct job *b, struct sapi *s)
{
    wire_clear(&b->path);
    b->flying = 1;
    b->asked = clock_now();
    if (b->state == JOB_POST) {
        sapi_start(s, b->slot, "POST", "problems/", "problems", &b->body, 0.0, 0);
    } else if (b->state == JOB_LOOK || b->state == JOB_CHECK) {
        wire_put(&b->path, "problems/?label=");
        wire_put_percent(&b->path, b->label);
        wire_put(&b->path, "&max_results=10");
        sapi_start(s, b->slot, "GET", b->path.text, "problems", NULL, 0.0, LOOK_MOST);
    } else {
        char wait[32];
        snprintf(wait, sizeof wait, "/?timeout=%d", b->o->poll);
        wire_put(&b->path, "problems/");
        wire_put_percent(&b->path, b->id);
        wire_put(&b->path, wait);
        sapi_start(s, b->slot, "GET", b->path.text, "problem", NULL, b->o->poll, 0);
    }
}

static void hear_post(struct job *b, struct sapi *s, enum sapi_verdict v, const struct json *j,
                      double after, const char *why)
{
    if (v == SAPI_FINE)
        take_post(b, s, j);
    else if (v == SAPI_AGAIN)
        retry(b, s, after, why);
    else if (v == SAPI_SILENT)
        doubt(b, s, JOB_SILENCE, why);
    else if (v == SAPI_BROKEN)
        doubt(b, s, JOB_ERROR, why);
    else if (v == SAPI_GARBLED)
        doubt(b, s, JOB_TAKEN, why);
    else
        refuse(b, why);
}

/* Takes j over. */
static void hear_wait(struct job *b, struct sapi *s, enum sapi_verdict v, struct json *j,
                      double after, const char *why)
{
    const char *strange = v == SAPI_FINE ? stranger(b, j) : NULL;

    if (v == SAPI_FINE && strange == NULL) {
        take_status(b, s, j);
        return;
    }
    if (v == SAPI_REFUSED || (v == SAPI_ABSENT && b->tries >= ABSENCES))
        fail(b, why);
    else
        retry(b, s, after, strange != NULL ? strange : why);
    json_drop(j);
}

static int under_way(const struct job *b)
{
    return b->state == JOB_POST || b->state == JOB_LOOK || b->state == JOB_WAIT ||
           b->state == JOB_CHECK;
}

int job_step(struct job *b, struct sapi *s)
{
    struct json *j;
    struct err why;
    double after;
    int done;

    if (!under_way(b)) return 0;
    if (!b->flying) {
        if (clock_now() < b->next) return 0;
        ask(b, s);
        return 1;
    }
    const char *resource = b->state == JOB_WAIT ? "problem" : "problems";
    enum sapi_verdict v = sapi_reply(s, b->slot, resource, &done, &j, &after, &why);
    if (!done) return 0;
    b->flying = 0;
    if (b->state == JOB_WAIT) {
        hear_wait(b, s, v, j, after, why.text);
        return 1;
    }
    if (b->state == JOB_POST)
        hear_post(b, s, v, j, after, why.text);
    else if (v == SAPI_FINE)
        take_look(b, s, j);
    else if (v == SAPI_REFUSED)
        fail(b, why.text);
    else
        retry(b, s, after, why.text);
    json_drop(j);
    return 1;
}

void job_strike(struct job *b, struct sapi *s, const char *why)
{
    json_drop(b->problem);
    b->problem = NULL;
    b->state = JOB_WAIT;
    if (++b->strikes >= STRIKES) {
        fail(b, why);
        return;
    }
    b->tries = b->strikes;
    retry(b, s, -1.0, why);
}

double job_next(const struct job *b)
{
    return under_way(b) && !b->flying ? b->next : INFINITY;
}
