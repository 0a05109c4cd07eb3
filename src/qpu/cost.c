#include "qpu/cost.h"

#include <math.h>
#include <string.h>

static double number(const struct json *j, const char *key, double none)
{
    double x;

    return j == NULL || json_get_real(j, key, &x) || !isfinite(x) ? none : x;
}

/* A piecewise linear function through points (x_i, y_i): the list holds all x, then all y. */
static double through(const struct json *points, double x)
{
    int n = json_count(points) / 2;
    double x0 = 0.0, y0 = 0.0, x1, y1;

    for (int i = 0; i < n; i++) {
        if (json_number(json_at(points, i), &x1) || json_number(json_at(points, n + i), &y1))
            return NAN;
        if (x <= x1) return i == 0 || x1 == x0 ? y1 : y0 + (y1 - y0) * (x - x0) / (x1 - x0);
        x0 = x1, y0 = y1;
    }
    return n > 0 ? y0 : NAN;
}

static double readout_time(const struct json *t, int n)
{
    const struct json *points = json_get(t, "readout_time_model_parameters");
    const char *model;

    if (points == NULL || json_get_text(t, "readout_time_model", &model)) return NAN;
    if (strcmp(model, "pwl_log_log") == 0) return pow(10.0, through(points, log10(n)));
    return strcmp(model, "pwl_linear") == 0 ? through(points, n) : NAN;
}

static double anneal_time(const struct params *p, const struct json *properties,
                          const struct json *timing)
{
    if (p->points > 0) return p->schedule[2 * p->points - 2];
    if (p->annealing_time > 0.0) return p->annealing_time;
    return number(properties, "default_annealing_time",
                  number(timing, "default_annealing_time", 20.0));
}

static double decorrelation(const struct params *p, const struct json *t, double anneal)
{
    const struct json *range = json_get(t, "decorrelation_time_range");
    double m = number(t, "decorrelation_max_nominal_anneal_time", NAN), r0 = NAN, r1 = NAN;

    if (p->decorrelate != 1 || json_number(json_at(range, 0), &r0) ||
        json_number(json_at(range, 1), &r1) || !(m > 0.0))
        return 0.0;
    return anneal / m * (r1 - r0) + r0;
}

void cost_init(struct cost *c, const struct solver *s, const struct params *p, int n)
{
    const struct json *all = s->properties, *t = all ? json_get(all, "problem_timing_data") : NULL;
    double range[2];

    *c = (struct cost){ .limit = INFINITY };
    c->anneal = anneal_time(p, all, t);
    c->thermal[0] = p->programming >= 0.0
                        ? p->programming
                        : number(all, "default_programming_thermalization", 1000.0);
    c->thermal[1] =
        p->readout >= 0.0 ? p->readout : number(all, "default_readout_thermalization", 0.0);
    if (!solver_range(s, "problem_run_duration_range", range)) c->limit = range[1];
    if (t == NULL) return;
    c->readout = readout_time(t, n);
    double typical = number(t, "typical_programming_time", NAN);
    c->delay = number(t, "qpu_delay_time_per_sample", NAN);
    c->known = isfinite(c->readout) && isfinite(typical) && isfinite(c->delay);
    if (!c->known) c->readout = 0.0;
    c->programming = typical + c->thermal[0];
    if (params_reverse(p)) {
        int again = p->reinitialise != 0;
        c->programming += number(t,
                                 again ? "reverse_annealing_with_reinit_prog_time_delta"
                                       : "reverse_annealing_without_reinit_prog_time_delta",
                                 0.0);
        c->delay += number(t,
                           again ? "reverse_annealing_with_reinit_delay_time_delta"
                                 : "reverse_annealing_without_reinit_delay_time_delta",
                           0.0);
    }
    c->wait = fmax(c->thermal[1], decorrelation(p, t, c->anneal));
}

double cost_access(const struct cost *c, int64_t reads)
{
    if (!c->known) return NAN;
    return c->programming + (double)reads * (c->anneal + c->readout + c->delay + c->wait);
}

int64_t cost_most_reads(const struct cost *c, const struct solver *s)
{
    double range[2], each = c->anneal + c->thermal[1] + c->readout, most = 1e9;

    if (!solver_range(s, "num_reads_range", range)) most = range[1];
    if (isfinite(c->limit) && each > 0.0)
        most = fmin(most, floor((c->limit - c->thermal[0]) / each * (1.0 + 1e-12)));
    return most < 1.0 ? 0 : (int64_t)most;
}
