#include "cmd/annealconf.h"

#include "base/file.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_MOST = 64 << 20, UNUSED = 3 };

struct account_keys annealconf_account(const struct conf *c)
{
    return (struct account_keys){ .file = conf_text(c, "anneal.dwave_conf"),
                                  .profile = conf_text(c, "anneal.profile"),
                                  .endpoint = conf_text(c, "anneal.endpoint"),
                                  .region = conf_text(c, "anneal.region"),
                                  .solver = conf_text(c, "anneal.solver"),
                                  .proxy = conf_text(c, "anneal.proxy"),
                                  .ca_file = conf_text(c, "anneal.ca_file"),
                                  .client_cert = conf_text(c, "anneal.client_cert"),
                                  .client_key = conf_text(c, "anneal.client_key") };
}

/* A flat list t0 v0 t1 v1 ... */
static int read_course(double **x, int *points, const struct conf *c, const char *key,
                       struct err *e)
{
    int n = conf_count(c, key);

    if (n % 2 != 0)
        return err_set(e, "%s has %d numbers, expected pairs: time, value, time, value, ...", key,
                       n);
    *points = n / 2;
    if (n > 0) *x = mem_take(n, sizeof **x);
    for (int i = 0; i < n; i++) (*x)[i] = conf_real_at(c, key, i);
    return 0;
}

/* Lines "qubit value" into x [Q], where what is not named stays. */
static int read_list(double *x, int Q, const char *path, struct err *e)
{
    char *text = file_slurp(path, LIST_MOST, NULL, e), *rest = NULL;
    int line = 0, bad = text == NULL;

    for (char *at = bad ? NULL : strtok_r(text, "\n", &rest); at != NULL && !bad;
         at = strtok_r(NULL, "\n", &rest)) {
        char *end = at + strcspn(at, "#"), *number;
        line++;
        *end = '\0';
        if (at[strspn(at, " \t\r")] == '\0') continue;
        long q = strtol(at, &number, 10);
        double value = strtod(number, &end);
        if (number == at || end == number || end[strspn(end, " \t\r")] != '\0' || q < 0 || q >= Q ||
            !isfinite(value))
            bad = err_set(e, "%s, entry %d: expected \"qubit value\" with a qubit below %d", path,
                          line, Q);
        else
            x[q] = value;
    }
    mem_free(text);
    return bad ? -1 : 0;
}

/* A list by qubit, when its key names a file. */
static int list_of(double **x, struct params *p, const struct conf *c, const char *key,
                   const struct solver *s, struct err *e)
{
    const char *path = conf_text(c, key);

    if (path[0] == '\0') return 0;
    p->Q = s->Q;
    *x = mem_take(s->Q, sizeof **x);
    return read_list(*x, s->Q, path, e);
}

static int initial_of(struct params *p, const struct conf *c, const struct solver *s, struct err *e)
{
    const char *path = conf_text(c, "anneal.initial_state");

    if (path[0] == '\0') return 0;
    double *x = mem_take(s->Q, sizeof *x);
    for (int q = 0; q < s->Q; q++) x[q] = UNUSED;
    int bad = read_list(x, s->Q, path, e);
    p->Q = s->Q;
    p->initial = mem_take(s->Q, sizeof *p->initial);
    for (int q = 0; q < s->Q; q++) p->initial[q] = (int)x[q];
    mem_free(x);
    return bad;
}

/* A choice "default false true" as a flag. */
static int flag_of(const struct conf *c, const char *key)
{
    return conf_choice(c, key) - 1;
}

int annealconf_params(struct params *p, const struct conf *c, const struct solver *s, struct err *e)
{
    params_init(p);
    p->annealing_time = conf_real(c, "anneal.annealing_time");
    p->programming = conf_real(c, "anneal.programming_thermalization");
    p->readout = conf_real(c, "anneal.readout_thermalization");
    p->fast = conf_flag(c, "anneal.fast");
    p->histogram = conf_choice(c, "anneal.answer_mode") == 1;
    p->scale = conf_flag(c, "anneal.auto_scale");
    p->drift = flag_of(c, "anneal.drift_compensation");
    p->decorrelate = flag_of(c, "anneal.reduce_correlation");
    p->reinitialise = flag_of(c, "anneal.reinitialise");
    int bad = read_course(&p->schedule, &p->points, c, "anneal.schedule", e) ||
              read_course(&p->gain, &p->gains, c, "anneal.h_gain", e) ||
              list_of(&p->flux, p, c, "anneal.flux_biases", s, e) ||
              list_of(&p->offset, p, c, "anneal.offsets", s, e) || initial_of(p, c, s, e) ||
              params_check(p, s, e);
    if (bad) params_free(p);
    return bad ? -1 : 0;
}

struct annealer_options annealconf_options(const struct conf *c)
{
    return (struct annealer_options){
        .flights = (int)conf_int(c, "anneal.in_flight"),
        .most_reads = conf_int(c, "anneal.max_reads"),
        .most_access = conf_real(c, "anneal.max_access_time"),
        .most_problems = conf_int(c, "anneal.max_problems"),
        .cancel = conf_choice(c, "anneal.on_stop") == 1,
        .job = { .label_wait = conf_real(c, "anneal.label_wait"),
                 .deadline = conf_real(c, "anneal.deadline"),
                 .poll = (int)conf_int(c, "anneal.poll_wait"),
                 .stop = conf_choice(c, "anneal.unseen") == 1 },
    };
}
