#include "qpu/params.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

void params_init(struct params *p)
{
    *p = (struct params){ .programming = -1.0,
                          .readout = -1.0,
                          .drift = PARAMS_DEFAULT,
                          .decorrelate = PARAMS_DEFAULT,
                          .reinitialise = PARAMS_DEFAULT };
}

void params_free(struct params *p)
{
    mem_free(p->schedule);
    mem_free(p->gain);
    mem_free(p->flux);
    mem_free(p->offset);
    mem_free(p->initial);
    params_init(p);
}

int params_reverse(const struct params *p)
{
    return p->points > 0 && p->schedule[1] == 1.0;
}

static int check_names(const struct params *p, const struct solver *s, struct err *e)
{
    const struct {
        const char *name;
        int used;
    } all[] = {
        { "num_reads", 1 },
        { "answer_mode", 1 },
        { "auto_scale", 1 },
        { "annealing_time", p->annealing_time > 0.0 },
        { "anneal_schedule", p->points > 0 },
        { "fast_anneal", p->fast },
        { "h_gain_schedule", p->gains > 0 },
        { "programming_thermalization", p->programming >= 0.0 },
        { "readout_thermalization", p->readout >= 0.0 },
        { "flux_biases", p->flux != NULL },
        { "flux_drift_compensation", p->drift != PARAMS_DEFAULT },
        { "reduce_intersample_correlation", p->decorrelate != PARAMS_DEFAULT },
        { "initial_state", p->initial != NULL },
        { "reinitialize_state", p->reinitialise != PARAMS_DEFAULT },
        { "anneal_offsets", p->offset != NULL },
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].used && !solver_takes(s, all[i].name))
            return err_set(e, "solver %s does not take the parameter %s", s->name, all[i].name);
    return 0;
}

static int in_range(const struct solver *s, const char *range, const char *what, double x,
                    struct err *e)
{
    double r[2];

    if (solver_range(s, range, r) || (x >= r[0] && x <= r[1])) return 0;
    return err_set(e, "%s is %g, expected %g to %g (%s of solver %s)", what, x, r[0], r[1], range,
                   s->name);
}

static int check_times(const struct params *p, const struct solver *s, struct err *e)
{
    const char *range = p->fast ? "fast_anneal_time_range" : "annealing_time_range";

    if (p->annealing_time > 0.0 && p->points > 0)
        return err_set(e, "anneal.annealing_time and anneal.schedule are given, expected one");
    if (p->annealing_time > 0.0 &&
        in_range(s, range, "anneal.annealing_time", p->annealing_time, e))
        return -1;
    if (p->programming >= 0.0 && in_range(s, "programming_thermalization_range",
                                          "anneal.programming_thermalization", p->programming, e))
        return -1;
    return p->readout >= 0.0 ? in_range(s, "readout_thermalization_range",
                                        "anneal.readout_thermalization", p->readout, e)
                             : 0;
}

/* Times rise from 0; no step is steeper than `slope`. */
static int check_course(const char *key, const double *x, int points, double slope, struct err *e)
{
    if (x[0] != 0.0) return err_set(e, "%s begins at %g us, expected 0", key, x[0]);
    for (int i = 1; i < points; i++) {
        double dt = x[2 * i] - x[2 * i - 2], ds = x[2 * i + 1] - x[2 * i - 1];
        if (!(dt > 0.0)) return err_set(e, "%s: point %d is not later than the one before", key, i);
        if (fabs(ds) / dt > slope * (1.0 + 1e-9) + 1e-10)
            return err_set(e, "%s: from point %d to %d it changes by %g a us, expected at most %g",
                           key, i - 1, i, fabs(ds) / dt, slope);
    }
    return 0;
}

static int check_schedule(const struct params *p, const struct solver *s, struct err *e)
{
    static const char key[] = "anneal.schedule";
    const double *x = p->schedule;
    double r[2] = { 0.0, INFINITY }, most;
    int reverse = params_reverse(p), last = p->points - 1;

    if (p->points == 0) return 0;
    solver_range(s, p->fast ? "fast_anneal_time_range" : "annealing_time_range", r);
    if (p->points < 2) return err_set(e, "%s has one point, expected at least two", key);
    if (p->fast && p->points != 2)
        return err_set(e, "%s has %d points, expected two with anneal.fast", key, p->points);
    if (s->properties != NULL &&
        !json_get_real(s->properties, "max_anneal_schedule_points", &most) &&
        p->points > most + reverse)
        return err_set(e, "%s has %d points, expected at most %g", key, p->points, most + reverse);
    if (!reverse && x[1] != 0.0)
        return err_set(e, "%s begins at s = %g, expected 0, or 1 for reverse annealing", key, x[1]);
    if (x[2 * last + 1] != 1.0)
        return err_set(e, "%s ends at s = %g, expected 1", key, x[2 * last + 1]);
    for (int i = 0; i < p->points; i++) {
        if (!(x[2 * i + 1] >= 0.0 && x[2 * i + 1] <= 1.0))
            return err_set(e, "%s: s is %g, expected 0 to 1", key, x[2 * i + 1]);
        if (i > 0 && !reverse && x[2 * i + 1] < x[2 * i - 1])
            return err_set(e, "%s: s falls at point %d, as only reverse annealing may", key, i);
    }
    if (x[2 * last] > r[1])
        return err_set(e, "%s takes %g us, expected at most %g", key, x[2 * last], r[1]);
    return check_course(key, x, p->points, r[0] > 0.0 ? 1.0 / r[0] : INFINITY, e);
}

static int check_gain(const struct params *p, const struct solver *s, struct err *e)
{
    static const char key[] = "anneal.h_gain";
    double r[2] = { -INFINITY, INFINITY }, most;

    if (p->gains == 0) return 0;
    if (p->gains < 2) return err_set(e, "%s has one point, expected at least two", key);
    if (s->properties != NULL &&
        !json_get_real(s->properties, "max_h_gain_schedule_points", &most) && p->gains > most)
        return err_set(e, "%s has %d points, expected at most %g", key, p->gains, most);
    for (int i = 0; i < p->gains; i++)
        if (in_range(s, "h_gain_schedule_range", key, p->gain[2 * i + 1], e)) return -1;
    double end = p->points > 0             ? p->schedule[2 * p->points - 2]
                 : p->annealing_time > 0.0 ? p->annealing_time
                                           : 0.0;
    if (end > 0.0 && p->gain[2 * p->gains - 2] != end)
        return err_set(e, "%s ends at %g us, expected the end of the anneal, %g", key,
                       p->gain[2 * p->gains - 2], end);
    solver_range(s, "h_gain_schedule_range", r);
    return check_course(key, p->gain, p->gains, (r[1] - r[0]) / 0.02, e);
}

static int check_together(const struct params *p, struct err *e)
{
    if (p->fast && (p->gains > 0 || p->initial != NULL || p->reinitialise != PARAMS_DEFAULT))
        return err_set(e, "anneal.fast goes with no h_gain, initial_state or reinitialise");
    if (p->flux != NULL && p->scale)
        return err_set(e, "anneal.flux_biases cannot be used with anneal.auto_scale");
    if (params_reverse(p) != (p->initial != NULL))
        return err_set(e, "a schedule that begins at s = 1 and anneal.initial_state go together");
    return 0;
}

static int check_lists(const struct params *p, const struct solver *s, struct err *e)
{
    const struct json *ranges =
        s->properties == NULL ? NULL : json_get(s->properties, "anneal_offset_ranges");

    if (p->Q != 0 && p->Q != s->Q)
        return err_set(e, "a list has %d entries, solver %s has %d qubits", p->Q, s->name, s->Q);
    for (int q = 0; p->offset != NULL && q < p->Q; q++) {
        const struct json *r = json_at(ranges, q);
        double low = 0.0, high = 0.0;
        if (json_count(r) != 2 || json_number(json_at(r, 0), &low) ||
            json_number(json_at(r, 1), &high))
            continue;
        if (p->offset[q] != 0.0 && (p->offset[q] < low || p->offset[q] > high))
            return err_set(e, "the anneal offset of qubit %d is %g, expected %g to %g", q,
                           p->offset[q], low, high);
    }
    for (int q = 0; p->initial != NULL && q < p->Q; q++)
        if ((s->place[q] >= 0) != (p->initial[q] == 1 || p->initial[q] == -1))
            return err_set(e, "the initial state of qubit %d is %d, expected %s", q, p->initial[q],
                           s->place[q] >= 0 ? "-1 or 1" : "3, as it does not work");
    return 0;
}

int params_check(const struct params *p, const struct solver *s, struct err *e)
{
    return check_names(p, s, e) || check_times(p, s, e) || check_schedule(p, s, e) ||
                   check_gain(p, s, e) || check_together(p, e) || check_lists(p, s, e)
               ? -1
               : 0;
}

static struct json *course(const double *x, int points)
{
    struct json *all = json_list();

    for (int i = 0; i < points; i++) {
        struct json *point = json_list();
        json_add_real(point, x[2 * i]);
        json_add_real(point, x[2 * i + 1]);
        json_add(all, point);
    }
    return all;
}

static struct json *reals(const double *x, int n)
{
    struct json *all = json_list();

    for (int i = 0; i < n; i++) json_add_real(all, x[i]);
    return all;
}

/* Times have a resolution of 0.01 us; fast anneals go below it. */
static double rounded(double us)
{
    return us < 1.0 ? us : round(us * 100.0) / 100.0;
}

struct json *params_json(const struct params *p, int reads)
{
    struct json *j = json_new();

    json_put_int(j, "num_reads", reads);
    json_put_text(j, "answer_mode", p->histogram ? "histogram" : "raw");
    json_put_flag(j, "auto_scale", p->scale);
    if (p->annealing_time > 0.0) json_put_real(j, "annealing_time", rounded(p->annealing_time));
    if (p->points > 0) json_put(j, "anneal_schedule", course(p->schedule, p->points));
    if (p->fast) json_put_flag(j, "fast_anneal", 1);
    if (p->gains > 0) json_put(j, "h_gain_schedule", course(p->gain, p->gains));
    if (p->programming >= 0.0)
        json_put_real(j, "programming_thermalization", rounded(p->programming));
    if (p->readout >= 0.0) json_put_real(j, "readout_thermalization", rounded(p->readout));
    if (p->flux != NULL) json_put(j, "flux_biases", reals(p->flux, p->Q));
    if (p->offset != NULL) json_put(j, "anneal_offsets", reals(p->offset, p->Q));
    if (p->drift != PARAMS_DEFAULT) json_put_flag(j, "flux_drift_compensation", p->drift);
    if (p->decorrelate != PARAMS_DEFAULT)
        json_put_flag(j, "reduce_intersample_correlation", p->decorrelate);
    if (p->reinitialise != PARAMS_DEFAULT) json_put_flag(j, "reinitialize_state", p->reinitialise);
    if (p->initial != NULL) {
        struct json *all = json_list();
        for (int q = 0; q < p->Q; q++) json_add_int(all, p->initial[q]);
        json_put(j, "initial_state", all);
    }
    return j;
}
