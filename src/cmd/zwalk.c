#include "cmd/zwalk.h"

#include "base/clock.h"
#include "base/signal.h"
#include "cmd/zfile.h"
#include "cmd/zreport.h"
#include "cmd/zstate.h"
#include "io/progress.h"

#include <math.h>

enum { STEPS_AT_ONCE = 8 };

/* Of a batch under way. */
struct pace {
    struct progress progress;
    int64_t all;
    double written; /* when the state was last on disk */
    double every;   /* seconds between states */
    int chosen;     /* betas of logz.checkpoint_betas that are behind us */
};

/* Betas of the list that the direction at hand has passed, on every rank alike. */
static int passed(const struct zrun *z)
{
    const struct conf *c = z->s->r->conf;
    int n = conf_count(c, "logz.checkpoint_betas"), count = 0;

    for (int d = 0; d < ZRUN_DIRECTIONS; d++) {
        const struct ais *a = &z->ais[d];
        if (!zrun_walks(z, d)) continue;
        double done = a->reverse ? 1.0 - a->beta[a->K - a->step] : a->beta[a->step];
        for (int i = 0; i < n; i++) {
            double b = conf_real_at(c, "logz.checkpoint_betas", i);
            count += a->step > 0 && done >= (a->reverse ? 1.0 - b : b);
        }
    }
    return count;
}

/* Is it time for the state to be on disk? Collective. */
static int due(struct pace *p, const struct zrun *z)
{
    int chosen = passed(z), now = chosen > p->chosen;
    int64_t late = clock_now() - p->written >= p->every;

    par_bcast(z->s->r->P, &late, sizeof late, 0);
    p->chosen = chosen;
    return now || late;
}

/* All steps of a batch, or a stop with the state on disk: RUN_STOPPED. may_end: the wall time ends
 * the estimate with what is there, RUN_DONE with steps left. */
static int walk(struct zrun *z, const struct zweights *w, int may_end, struct err *e)
{
    struct run *r = z->s->r;
    struct pace p = { .all = (int64_t)(z->plan->up + z->plan->down) * z->path->K,
                      .written = clock_now(),
                      .every = conf_real(r->conf, "logz.checkpoint_seconds"),
                      .chosen = passed(z) };

    progress_start(&p.progress, &r->log, "logz", "steps", p.all - zrun_left(z), p.all);
    while (zrun_left(z) > 0) { /* some steps first: however short its turns, a run ends */
        zrun_advance(z, STEPS_AT_ONCE);
        progress_step(&p.progress, p.all - zrun_left(z));
        if (zrun_left(z) == 0) break;
        if (run_stops(r)) {
            if (may_end && par_sum_one(r->P, signal_came() != 0) == 0) return RUN_DONE;
            if (zstate_write(z, w, e)) return -1;
            log_say(&r->log, "stopped; run it again to go on");
            return RUN_STOPPED;
        }
        if (!due(&p, z)) continue;
        if (zstate_write(z, w, e)) return -1;
        p.written = clock_now();
    }
    progress_end(&p.progress);
    return RUN_DONE;
}

/* Is the estimate good enough, or the end of chains reached? */
static int enough(const struct zweights *w, const struct ztarget *t, const struct zplan *plan,
                  const struct zpath *path)
{
    const struct conf *c = t->r->conf;
    double target = conf_real(c, "logz.target_error");
    int64_t n = zweights_chains(w);

    if (target <= 0.0) return 1;
    struct logweights_mean mean = zreport_mean(w, plan, path, t, NULL);
    log_say(&t->r->log, "%lld chains: ln Z = %.4f +- %.4f", (long long)n, mean.logz,
            mean.chains_error);
    return mean.chains_error <= target || n + plan->chains > conf_int(c, "logz.most_chains");
}

int zwalk_run(struct zweights *w, const struct ztarget *t, const struct zsubject *s,
              const struct zplan *plan, const struct zpath *path, struct err *e)
{
    struct zrun z = { 0 };
    int status = zstate_read(&z, s, plan, path, w, e) < 0 ? -1 : RUN_DONE;

    while (status == RUN_DONE) {
        status = walk(&z, w, w->n > 0, e);
        if (status != RUN_DONE || zrun_left(&z) > 0) break;
        int64_t next = z.tiles.first + z.tiles.chains;
        zweights_add(w, &z);
        zrun_free(&z);
        if (enough(w, t, plan, path) || run_stops(s->r)) break;
        if (zrun_init(&z, s, plan, path, next, plan->chains, e)) status = -1;
    }
    zrun_free(&z);
    return status;
}

int zwalk_merge(struct zweights *w, const struct zsubject *s, const struct zplan *plan,
                const struct zpath *path, struct err *e)
{
    const struct conf *c = s->r->conf;

    for (int i = 0; i < conf_count(c, "logz.merge"); i++)
        if (zfile_read(s, plan, path, w, conf_text_at(c, "logz.merge", i), e)) return -1;
    return zweights_sort(w, e);
}
