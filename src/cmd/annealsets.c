#include "cmd/annealsets.h"

#include "base/file.h"
#include "base/mem.h"
#include "io/metrics.h"
#include "num/series.h"
#include "num/stats.h"

#include <math.h>

static const char *const NAME[] = { "none", "before", "once", "waits", "single" };

void annealsets_free(struct annealsets *s)
{
    mem_free(s->scale);
    mem_free(s->time);
    mem_free(s->programmings);
    mem_free(s->window);
    mem_free(s->influence);
    mem_free(s->of);
    annealrows_free(&s->rows);
    *s = (struct annealsets){ 0 };
}

/* The sets themselves; 0, RUN_STOPPED or -1. */
static int draw_sets(struct annealsets *s, struct annealbeta *b, struct annealrows *rows,
                     struct err *e)
{
    const struct conf *c = b->r->conf;
    enum annealbeta_name which = (enum annealbeta_name)conf_choice(c, "anneal.estimator");
    int64_t reads = conf_int(c, "anneal.reads");

    for (int64_t k = 0; k < s->sets; k++) {
        int64_t share = block_of(reads, (int)k, (int)s->sets).count;
        if (s->protocol == SETS_BEFORE || (s->protocol != SETS_NONE && k == 0)) {
            int status = annealbeta_find(b, which, &s->last, e);
            if (status) return status;
            log_say(&b->r->log, "set %lld: scale %.4f +- %.4f after %d sets of reads%s%s",
                    (long long)k, b->m->g[0].scale, s->last.error, s->last.draws,
                    s->last.converged ? "" : "; ", s->last.why);
        }
        int status = annealbeta_draw(b, rows, share, (int32_t)k, e);
        if (status) return status;
        s->scale[k] = b->m->g[0].scale;
        s->time[k] = annealdraw_time(b->d);
        s->programmings[k] = b->d->programmings;
    }
    return 0;
}

/* Which sets make a window: as many in a row as hold `least` reads. place [sets]. */
static int windows_of(int32_t *place, const struct annealsets *s, int64_t reads, int64_t least)
{
    int64_t held = 0, left = reads;
    int k = 0;

    for (int64_t i = 0; i < s->sets; i++) {
        int64_t share = block_of(reads, (int)i, (int)s->sets).count;
        place[i] = k;
        held += share;
        left -= share;
        if (held < least || (left < least && left > 0)) continue; /* the rest joins the last one */
        held = 0;
        k += left > 0;
    }
    return k + 1;
}

/* Rows of a window gathered, estimated, and their influences put back. */
static void estimate_window(struct annealsets *s, const struct annealbeta *b, const float *F, int k)
{
    struct annealwindow *w = &s->of[k];
    int n = s->rows.spins;
    float *part = mem_take(w->reads * n, sizeof *part);
    double *E = mem_take(w->reads, sizeof *E), *influence = mem_take(w->reads, sizeof *influence);
    int64_t m = 0;

    for (int64_t i = 0; i < s->rows.n; i++) {
        if (s->window[i] != k) continue;
        for (int j = 0; j < n; j++) part[m * n + j] = F[i * n + j];
        E[m++] = s->rows.E[i];
    }
    estimate_pseudo(&w->u, part, m, n, b->r->seed, k, influence);
    w->energy = stats_mean(E, m);
    w->energy_error = series_error(E, m);
    m = 0;
    for (int64_t i = 0; i < s->rows.n; i++)
        if (s->window[i] == k) s->influence[i] = influence[m++];
    mem_free(part);
    mem_free(E);
    mem_free(influence);
}

static void estimate_windows(struct annealsets *s, const struct annealbeta *b)
{
    int64_t n = s->rows.n;
    int32_t *place = mem_take(s->sets, sizeof *place);

    s->windows = windows_of(place, s, conf_int(b->r->conf, "anneal.reads"),
                            conf_int(b->r->conf, "anneal.beta_reads"));
    s->of = mem_take(s->windows, sizeof *s->of);
    for (int64_t i = 0; i < s->sets; i++) {
        struct annealwindow *w = &s->of[place[i]];
        w->time = s->time[i];
        w->scale = s->scale[i];
        w->programmings = s->programmings[i];
    }
    if (b->r->P->rank == 0) {
        float *F = mem_take(n * s->rows.spins, sizeof *F);
        s->window = mem_take(n, sizeof *s->window);
        s->influence = mem_take(n, sizeof *s->influence);
        for (int64_t i = 0; i < n; i++) {
            s->window[i] = place[s->rows.set[i]];
            s->of[s->window[i]].reads++;
        }
        annealrows_fields(F, &s->rows, b->m);
        for (int k = 0; k < s->windows; k++) estimate_window(s, b, F, k);
        for (int64_t i = 0; i < n; i++) /* as programmed */
            for (int j = 0; j < s->rows.spins; j++)
                F[i * s->rows.spins + j] /= (float)s->scale[s->rows.set[i]];
        estimate_pseudo(&s->all, F, n, s->rows.spins, b->r->seed, s->windows, NULL);
        mem_free(F);
    }
    par_bcast(b->r->P, s->of, s->windows * (int64_t)sizeof *s->of, 0);
    mem_free(place);
}

/* A line of metrics for each window. */
static int write_metrics(const struct annealsets *s, const struct run *r, struct err *e)
{
    const char *name = conf_text(r->conf, "run.name");
    char *folder = run_path(r, name[0] != '\0' ? name : "anneal");
    char *path = file_join(folder, "metrics.jsonl");
    struct metrics m = { 0 };
    int bad = run_output(r, path, e) || metrics_open(&m, r->P, folder, -1, NULL, e);

    for (int k = 0; k < s->windows && !bad; k++) {
        const struct annealwindow *w = &s->of[k];
        struct json *line = metrics_line(&m, k, 0, "anneal");
        json_put_real(line, "device_time_us", w->time);
        json_put_int(line, "programmings", w->programmings);
        json_put_int(line, "reads", w->reads);
        json_put_real(line, "scale", w->scale);
        json_put_real(line, "beta", w->u.beta * w->scale);
        json_put_real(line, "beta_error", w->u.error * w->scale);
        json_put_real(line, "energy_mean", w->energy);
        json_put_real(line, "energy_error", w->energy_error);
        bad = metrics_write(&m, line, e);
    }
    if (!bad) bad = metrics_sync(&m, e);
    metrics_close(&m);
    mem_free(path);
    mem_free(folder);
    return bad ? -1 : 0;
}

int annealsets_run(struct annealsets *s, struct annealbeta *b, struct err *e)
{
    const struct conf *c = b->r->conf;

    *s = (struct annealsets){ .protocol =
                                  (enum annealsets_protocol)conf_choice(c, "anneal.protocol") };
    s->sets = s->protocol == SETS_NONE ? 1 : conf_int(c, "anneal.sets");
    if (s->sets > conf_int(c, "anneal.reads")) s->sets = conf_int(c, "anneal.reads");
    s->scale = mem_take(s->sets, sizeof *s->scale);
    s->time = mem_take(s->sets, sizeof *s->time);
    s->programmings = mem_take(s->sets, sizeof *s->programmings);
    annealrows_init(&s->rows, b->r->P, b->m);
    b->single = s->protocol == SETS_SINGLE;
    b->d->wait = s->protocol == SETS_WAITS ? conf_real(c, "anneal.wait") : 0.0;
    int status = draw_sets(s, b, &s->rows, e);
    if (status) return status;
    annealrows_sort(&s->rows);
    estimate_windows(s, b);
    return s->protocol == SETS_NONE ? 0 : write_metrics(s, b->r, e);
}

void annealsets_predict(struct run *r, const struct cost *c, int Q, int64_t most)
{
    const struct conf *f = r->conf;
    enum annealsets_protocol how = (enum annealsets_protocol)conf_choice(f, "anneal.protocol");
    int64_t reads = conf_int(f, "anneal.reads"), sets = conf_int(f, "anneal.sets");
    int64_t finds = conf_int(f, "anneal.beta_reads"), steps = conf_int(f, "anneal.beta_steps");
    int single = how == SETS_SINGLE;
    struct campaign x = { .epochs = 1, .steps = single ? reads : sets, .most = most };

    if (how == SETS_NONE) return;
    x.problems = single ? 1 : Q;
    x.reads = single ? 1 : (reads + sets * Q - 1) / (sets * Q);
    x.every = how == SETS_BEFORE ? 1 : x.steps;
    x.estimates = single ? finds : Q;
    x.estimate_reads = single ? 1 : (finds + Q - 1) / Q;
    struct campaign_bill least = campaign_predict(&x, c);
    x.estimates *= steps;
    struct campaign_bill all = campaign_predict(&x, c);
    double wait = how == SETS_WAITS ? conf_real(f, "anneal.wait") * (double)all.problems : 0.0;
    struct json *j = json_new();
    json_put_text(j, "name", NAME[how]);
    json_put_int(j, "problems_least", least.problems);
    json_put_int(j, "problems_most", all.problems);
    json_put_real(j, "access_time_us_least", least.access);
    json_put_real(j, "access_time_us_most", all.access);
    json_put_real(j, "wait_s_most", wait);
    json_put(r->result, "protocol", j);
    log_say(&r->log, "with anneal.protocol %s: %lld to %lld problems, access time %.3f to %.3f s",
            NAME[how], (long long)least.problems, (long long)all.problems, least.access * 1e-6,
            all.access * 1e-6);
}

/* Line of beta over time, when there are windows enough. */
static void put_trend(const struct annealsets *s, struct json *j)
{
    double *t = mem_take(s->windows, sizeof *t), *y = mem_take(s->windows, sizeof *y);

    for (int k = 0; k < s->windows; k++) {
        t[k] = 1e-6 * s->of[k].time;
        y[k] = s->of[k].u.beta * s->of[k].scale;
    }
    json_put_real(j, "beta_mean", stats_mean(y, s->windows));
    if (s->windows > 1)
        json_put_real(j, "beta_mean_error", stats_std(y, s->windows, 1) / sqrt((double)s->windows));
    if (s->windows > 2 && t[s->windows - 1] > t[0])
        json_put_real(j, "beta_per_second", stats_line(t, y, s->windows).b);
    mem_free(t);
    mem_free(y);
}

void annealsets_put(const struct annealsets *s, struct run *r)
{
    struct json *j = json_new(), *list = json_list();

    if (s->protocol == SETS_NONE) {
        json_drop(j);
        json_drop(list);
        return;
    }
    json_put_text(j, "name", NAME[s->protocol]);
    json_put_int(j, "sets", s->sets);
    json_put_int(j, "programmings", s->programmings[s->sets - 1]);
    json_put_flag(j, "scale_found", s->last.converged);
    if (s->last.why[0] != '\0') json_put_text(j, "why", s->last.why);
    put_trend(s, j);
    for (int k = 0; k < s->windows; k++) {
        const struct annealwindow *w = &s->of[k];
        struct json *one = json_new();
        json_put_real(one, "time_us", w->time);
        json_put_int(one, "programmings", w->programmings);
        json_put_int(one, "reads", w->reads);
        json_put_real(one, "scale", w->scale);
        json_put_real(one, "beta", w->u.beta * w->scale);
        json_put_real(one, "beta_error", w->u.error * w->scale);
        json_put_real(one, "energy_mean", w->energy);
        json_add(list, one);
    }
    json_put(j, "windows", list);
    json_put(r->result, "protocol", j);
}
