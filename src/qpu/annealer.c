#include "qpu/annealer.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/signal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BROKEN_MOST = 3, CANCEL_MOST = 4, WHAT = 256, LINE = 320, SAME_BITS = 64, STOP_SECONDS = 5 };

void annealer_init(struct annealer *a, struct sapi *s, const struct solver *solver,
                   const struct params *p, struct journal *j, const struct annealer_options *o)
{
    *a = (struct annealer){ .o = *o, .sapi = s, .solver = solver, .params = p, .journal = j };
    a->first = j->n;
    a->o.job.solver = solver->name;
    a->o.job.graph_id = solver->graph_id;
    a->request = mem_take(o->requests, sizeof *a->request);
    a->job = mem_take(o->flights, sizeof *a->job);
    for (int i = 0; i < o->flights; i++) {
        a->job[i].slot = i;
        a->job[i].o = &a->o.job;
    }
}

void annealer_free(struct annealer *a)
{
    for (int i = 0; i < a->o.requests && a->request != NULL; i++) request_free(&a->request[i]);
    for (int i = 0; i < a->o.flights && a->job != NULL; i++) {
        if (a->job[i].flying) http_drop(a->sapi->http, a->job[i].slot);
        job_free(&a->job[i]);
    }
    mem_free(a->request);
    mem_free(a->job);
    wire_free(&a->packed);
    *a = (struct annealer){ 0 };
}

static struct request *find(struct annealer *a, int64_t number)
{
    for (int i = 0; i < a->o.requests; i++)
        if (a->request[i].used && a->request[i].number == number) return &a->request[i];
    return NULL;
}

int annealer_start(struct annealer *a, int64_t request, const struct ising *g, int64_t reads,
                   struct err *e)
{
    return annealer_start_with(a, request, g, reads, a->params, e);
}

int annealer_start_with(struct annealer *a, int64_t request, const struct ising *g, int64_t reads,
                        const struct params *p, struct err *e)
{
    struct cost c;
    int place = 0;

    while (place < a->o.requests && a->request[place].used) place++;
    if (place == a->o.requests) die("more than %d requests at a time", a->o.requests);
    cost_init(&c, a->solver, p, g->n);
    int64_t most = cost_most_reads(&c, a->solver);
    if (most < 1)
        return err_set(e, "one read takes longer than a problem may run on solver %s: %g us",
                       a->solver->name, c.limit);
    if (a->o.most_reads > 0 && most > a->o.most_reads) most = a->o.most_reads;
    return request_init(&a->request[place], request, a->solver, g, p, reads, most, a->sapi->seed,
                        e);
}

static void say(struct annealer *a, const struct job *b, const char *what)
{
    char line[LINE];

    snprintf(line, sizeof line, "problem %lld: %s", (long long)b->number, what);
    a->o.say(a->o.ctx, line);
}

/* What a problem will cost, us; 0 when the solver does not tell. */
static double predict(const struct annealer *a, const struct request *r, int part)
{
    struct cost c;
    int64_t first;

    cost_init(&c, a->solver, r->params, r->g->n);
    double us = cost_access(&c, request_reads(r, part, &first));
    return isfinite(us) ? us : 0.0;
}

static struct request *request_of(struct annealer *a, const struct job *b)
{
    struct request *r = find(a, b->request);

    if (r == NULL) die("a problem of no request");
    return r;
}

/* May one more problem be sent? */
static int affordable(struct annealer *a, const struct request *r, int part)
{
    double spent = a->journal->access + predict(a, r, part);
    int64_t problems = journal_problems(a->journal);

    for (int i = 0; i < a->o.flights; i++)
        if (a->job[i].state != JOB_FREE)
            spent += predict(a, request_of(a, &a->job[i]), (int)a->job[i].part);
    if (a->o.most_access > 0.0 && spent > a->o.most_access) a->spent = ANNEALER_ACCESS;
    if (a->o.most_problems > 0 && problems >= a->o.most_problems) a->spent = ANNEALER_PROBLEMS;
    return !a->spent;
}

/* Reads as the journal keeps them into their rows. */
static void unpack(struct request *r, int part, const uint8_t *bits)
{
    int64_t first, bytes = (r->g->n + 7) / 8;
    int n = r->g->n, reads = request_reads(r, part, &first);

    for (int i = 0; i < reads; i++)
        for (int k = 0; k < n; k++)
            r->states[(first + i) * n + k] = bits[i * bytes + k / 8] >> (7 - k % 8) & 1;
    ising_energy(r->g, r->states + first * n, reads, r->energy + first);
    r->have[part] = 1;
    r->answered++;
}

/* An answered problem of the journal: 1 when its reads are all there. */
static int reuse(struct annealer *a, struct request *r, int part, int64_t number)
{
    const struct journal_entry *x = &a->journal->entry[number];
    int64_t first, bytes = (int64_t)request_reads(r, part, &first) * ((r->g->n + 7) / 8);
    struct err why = { "" };

    if (x->state != JOURNAL_ANSWERED || x->bytes != bytes) return 0;
    wire_clear(&a->packed);
    if (journal_reads(a->journal, number, wire_room(&a->packed, bytes), &why)) return 0;
    unpack(r, part, (const uint8_t *)a->packed.text);
    a->kept++;
    return 1;
}

/* Begin part `part` on a free job, from the journal as far as it goes. -1: an error; 0: nothing to
 * do (kept, or the budget is spent); 1: under way. */
static int begin(struct annealer *a, struct request *r, int part, struct job *b, struct err *e)
{
    struct journal *j = a->journal;
    uint64_t digest = request_text(r, part);
    int64_t number = journal_find(j, r->number, part, digest), first;
    int reads = request_reads(r, part, &first), old = number >= 0;

    if (old && reuse(a, r, part, number)) return 0;
    if (!old) {
        if (journal_reopen(j, a->kept > 0, e)) return -1;
        if (a->first > j->n) a->first = j->n; /* begun anew */
        if (!affordable(a, r, part)) return 0;
        if (journal_problem(j, digest, r->body.text, r->body.n, e)) return -1;
        number = journal_begin(j, r->number, part, digest, reads, e);
        if (number < 0) return -1;
        a->sent++;
    }
    struct wire body = b->body, path = b->path;
    *b = (struct job){ .slot = b->slot,
                       .o = b->o,
                       .body = body,
                       .path = path,
                       .number = number,
                       .request = r->number,
                       .part = part,
                       .reads = reads };
    journal_label(j, number, b->label);
    request_post(r, b->label, &b->body);
    if (old)
        job_adopt(b, a->sapi->scale, j->entry[number].id);
    else
        job_post(b);
    if (old) say(a, b, b->id[0] != '\0' ? "taken up by its id" : "looked for by its label");
    return 1;
}

/* Give free jobs their work: requests in the order of their numbers, parts in order. */
static int fill(struct annealer *a, struct err *e)
{
    for (int i = 0; i < a->o.flights; i++) {
        struct job *b = &a->job[i];
        if (b->state != JOB_FREE) continue;
        for (int got = 0; got == 0;) {
            struct request *r = NULL;
            for (int k = 0; k < a->o.requests; k++) {
                struct request *x = &a->request[k];
                if (x->used && x->next < x->parts && (r == NULL || x->number < r->number)) r = x;
            }
            if (r == NULL) return 0;
            got = begin(a, r, r->next++, b, e);
            if (got < 0) return -1;
        }
    }
    return 0;
}

/* Access time that the service reports, or what was predicted. */
static double access_of(const struct annealer *a, const struct request *r, const struct job *b,
                        const struct json *answer)
{
    const struct json *timing = json_get(answer, "timing");
    double us;

    return timing != NULL && !json_get_real(timing, "qpu_access_time", &us) && us >= 0.0 &&
                   us < 1e12
               ? us
               : predict(a, r, (int)b->part);
}

/* An answer: judge it, keep it. */
static int take_answer(struct annealer *a, struct job *b, struct err *e)
{
    struct request *r = request_of(a, b);
    const struct json *answer = json_get(b->problem, "answer");
    struct err why = { "" };
    char line[WHAT];
    int64_t first;
    int n = r->g->n;

    request_reads(r, (int)b->part, &first);
    uint8_t *states = r->states + first * n;
    int bad = qp_decode(&r->qp, r->g, answer, b->reads, states, r->energy + first, &why);
    wire_clear(&a->packed);
    if (!bad) qp_pack(&a->packed, NULL, n, states, b->reads);
    if (!bad && (int64_t)n * b->reads > SAME_BITS &&
        journal_has_reads(a->journal, b->number, a->packed.text, a->packed.n))
        bad = err_set(&why, "the answer is that of another problem, bit by bit");
    if (bad) {
        job_strike(b, a->sapi, why.text);
        return 0;
    }
    double us = access_of(a, r, b, answer);
    if (journal_answered(a->journal, b->number, a->packed.text, a->packed.n, us, e)) return -1;
    r->have[b->part] = 1;
    r->answered++;
    json_drop(b->problem);
    b->problem = NULL;
    b->state = JOB_FREE;
    snprintf(line, sizeof line, "%d reads, access time %.0f us", b->reads, us);
    say(a, b, line);
    return 0;
}

/* A problem that failed: one that the service ended without an answer may be sent anew. */
static int take_failure(struct annealer *a, struct job *b, struct err *e)
{
    struct request *r = request_of(a, b);

    if (b->dead != JOB_MAYBE && journal_failed(a->journal, b->number, b->why.text, e)) return -1;
    int ours = b->number >= a->first;
    a->ended += b->dead == JOB_BROKEN && ours;
    if (b->dead != JOB_BROKEN || a->ended > BROKEN_MOST) return err_set(e, "%s", b->why.text);
    a->o.say(a->o.ctx, b->why.text);
    b->state = JOB_FREE;
    int got = begin(a, r, (int)b->part, b, e);
    return got < 0 ? -1 : 0;
}

/* Move one job on; 1 when something came of it. */
static int move(struct annealer *a, struct job *b, struct err *e)
{
    char line[WHAT];
    int moved = 0;

    while (job_step(b, a->sapi)) moved = 1;
    if (b->named) {
        b->named = 0;
        if (journal_named(a->journal, b->number, b->id, e)) return -1;
        snprintf(line, sizeof line, "has the id %s (label %s)", b->id, b->label);
        say(a, b, line);
    }
    if (b->state == JOB_ENDED && take_answer(a, b, e)) return -1;
    if (b->state == JOB_FAILED && take_failure(a, b, e)) return -1;
    return moved;
}

int annealer_poll(struct annealer *a, double seconds, struct err *e)
{
    double end = clock_now() + seconds;

    for (;;) {
        double next = end;
        int busy = 0, free = 0;
        if (fill(a, e)) return -1;
        for (int i = 0; i < a->o.flights; i++) {
            struct job *b = &a->job[i];
            if (b->state == JOB_FREE) continue;
            if (move(a, b, e) < 0) return -1;
            free += b->state == JOB_FREE;
            busy += b->state != JOB_FREE;
            next = fmin(next, job_next(b));
        }
        double now = clock_now();
        if (free > 0 || busy == 0 || now >= end || (a->o.heed && signal_came())) return 0;
        http_poll(a->sapi->http, fmin(fmax(next - now, 0.0), 0.2));
    }
}

/* Is any part of r under way? */
static int under_way(const struct annealer *a, const struct request *r)
{
    for (int i = 0; i < a->o.flights; i++)
        if (a->job[i].state != JOB_FREE && a->job[i].request == r->number) return 1;
    return 0;
}

int annealer_take(struct annealer *a, int64_t request, uint8_t *states, double *energy,
                  int64_t *got)
{
    struct request *r = find(a, request);

    if (r == NULL) die("request %lld was not started", (long long)request);
    if (r->answered < r->parts && (!a->spent || r->next < r->parts || under_way(a, r))) return 0;
    *got = request_pack(r);
    memcpy(states, r->states, (size_t)(*got * r->g->n));
    memcpy(energy, r->energy, (size_t)*got * sizeof *energy);
    for (int part = 0; part<r->parts; part += r->parts> 1 ? r->parts - 1 : 1)
        journal_forget(a->journal, request_text(r, part));
    request_free(r);
    return 1;
}

/* Ask the service to cancel a problem. */
static void cancel(struct annealer *a, struct job *b)
{
    wire_clear(&b->path);
    wire_put(&b->path, "problems/");
    wire_put_percent(&b->path, b->id);
    sapi_start(a->sapi, b->slot, "DELETE", b->path.text, "problem", NULL, 0.0, 0);
    b->flying = 1;
}

/* Its reply, if it is there: 1 when nothing more is to be done. A problem that is cancelled for
 * sure is done with; of any other the next start finds out. */
static int cancelled(struct annealer *a, struct job *b)
{
    struct json *j;
    struct err why, none = { "" };
    const char *status = "";
    double after;
    int done;

    if (!b->flying) return 1;
    enum sapi_verdict v = sapi_reply(a->sapi, b->slot, "problem", &done, &j, &after, &why);
    if (!done) return 0;
    b->flying = 0;
    if (v == SAPI_FINE) {
        json_get_text(j, "status", &status);
        if (strcmp(status, "CANCELLED") == 0)
            journal_failed(a->journal, b->number, "cancelled", &none);
        json_drop(j);
        say(a, b, status);
    } else if (v != SAPI_ABSENT && v != SAPI_REFUSED && ++b->tries < CANCEL_MOST) {
        cancel(a, b);
        return 0;
    }
    return 1;
}

void annealer_stop(struct annealer *a)
{
    double end = clock_now() + STOP_SECONDS * fmin(a->sapi->scale, 1.0) + 0.2;
    int waiting = 0;

    for (int i = 0; i < a->o.flights; i++) {
        struct job *b = &a->job[i];
        if (b->flying) http_drop(a->sapi->http, b->slot);
        b->flying = 0;
        if (b->state == JOB_FREE || b->id[0] == '\0' || !a->o.cancel) continue;
        b->tries = 0;
        cancel(a, b);
        waiting = 1;
    }
    while (waiting && clock_now() < end) {
        http_poll(a->sapi->http, 0.05);
        waiting = 0;
        for (int i = 0; i < a->o.flights; i++) waiting |= !cancelled(a, &a->job[i]);
    }
}
