#include "qpu/iterate.h"

#include "base/mem.h"
#include "num/series.h"
#include "num/stats.h"

#include <math.h>

static const double CLIP = 0.7, CLOSE = 1.5;

const char *iterate_name(enum iterate_rule rule)
{
    static const char *const name[ITERATE_RULES] = { "newton", "method1", "method2", "variance",
                                                     "kl" };
    return name[rule];
}

struct iterate_side iterate_side(const double *energy, int64_t n)
{
    struct iterate_side s = { .n = n, .mean = stats_mean(energy, n) };
    double *square = mem_take(n, sizeof *square), cube = 0.0;

    for (int64_t i = 0; i < n; i++) {
        double d = energy[i] - s.mean;
        square[i] = d * d;
        cube += d * d * d;
    }
    s.variance = n > 1 ? stats_mean(square, n) * (double)n / (double)(n - 1) : 0.0;
    s.third = cube / (double)n;
    s.mean_error = series_error(energy, n);
    s.variance_error = series_error(square, n);
    mem_free(square);
    return s;
}

void iterate_begin(struct iterate *x, enum iterate_rule rule, double value, double scale, int most)
{
    *x = (struct iterate){
        .rule = rule, .value = value, .scale = scale, .least = value, .largest = value
    };
    x->most = most < ITERATE_MOST ? most : ITERATE_MOST;
    x->result = (struct estimate){ .beta = NAN, .error = NAN, .pareto = NAN };
}

/* Where the rule goes from here; NAN where it has no step. */
static double follow(const struct iterate *x, const struct iterate_side *q,
                     const struct iterate_side *r)
{
    double gap = q->mean - r->mean, v = x->value;

    if (x->rule == ITERATE_NEWTON) return v * exp(fmax(-CLIP, fmin(CLIP, -gap / q->variance)));
    if (x->rule == ITERATE_KL) return v * exp(fmax(-CLIP, fmin(CLIP, -gap / (v * r->variance))));
    if (x->rule == ITERATE_METHOD1) return v - fmax(0.01, v * v / q->variance) * gap;
    if (x->rule == ITERATE_METHOD2)
        return q->mean * r->mean > 0.0
                   ? v * pow(q->mean / r->mean, fmax(2.0, fabs(q->mean) / q->variance))
                   : NAN;
    double wide = q->variance - r->variance;
    return v - fmin(0.5, fmax(0.01, 0.1 / fabs(wide))) * wide;
}

/* The difference within which both sides agree. */
static double tolerance(const struct iterate *x, const struct iterate_side *q,
                        const struct iterate_side *r)
{
    double s = sqrt(q->variance), t = sqrt(r->variance);

    if (x->rule == ITERATE_VARIANCE) return CLOSE * hypot(q->variance_error, r->variance_error);
    if (x->rule == ITERATE_KL) /* drawn with the same numbers, so that it converges; a last step
                                  mends the rest */
        return 0.25 * hypot(q->mean_error, r->mean_error);
    return CLOSE * 2.0 * s * t / (sqrt((double)q->n) * (s + t));
}

/* Are both sides as near as their noise lets one tell? */
static int agree(const struct iterate *x, const struct iterate_side *q,
                 const struct iterate_side *r)
{
    double gap = x->rule == ITERATE_VARIANCE ? q->variance - r->variance : q->mean - r->mean;

    return fabs(gap) < tolerance(x, q, r);
}

/* The values agree at x->value: beta and its error, from the slope of what was matched. */
static void settle(struct iterate *x, const struct iterate_side *q, const struct iterate_side *r)
{
    double noise = hypot(q->mean_error, r->mean_error), v = x->value;
    struct estimate *e = &x->result;

    e->converged = 1;
    e->beta = v;
    if (x->rule == ITERATE_NEWTON) {
        e->beta = v * exp(fmax(-CLIP, fmin(CLIP, (r->mean - q->mean) / q->variance)));
        e->error = v * noise / q->variance;
    } else if (x->rule == ITERATE_KL) {
        e->beta = x->scale * (v + (r->mean - q->mean) / r->variance);
        e->error = x->scale * noise / r->variance;
    } else if (x->rule == ITERATE_VARIANCE) {
        double third = 0.5 * (q->third + r->third);
        noise = hypot(q->variance_error, r->variance_error);
        e->error = v * hypot(noise, tolerance(x, q, r)) / fabs(third);
        if (third <= 0.0)
            estimate_fail(e,
                          "variances agree, but the third cumulant of the energy is %.3g: the rule "
                          "goes away from the root there",
                          third);
    } else {
        e->error = v * hypot(noise, tolerance(x, q, r)) / q->variance;
    }
}

/* All sets are drawn and nothing agrees, or there is no step. */
static void give_up(struct iterate *x, const struct iterate_side *q, const struct iterate_side *r)
{
    struct estimate *e = &x->result;

    e->beta = x->value;
    if (x->rule == ITERATE_METHOD2 && !(q->mean * r->mean > 0.0))
        estimate_fail(e, "mean energies %.3g of the reads and %.3g of the chains have no ratio",
                      q->mean, r->mean);
    else if (x->rule == ITERATE_METHOD1)
        estimate_fail(e,
                      "its step is too long by the factor beta: after %d sets it jumps between "
                      "%.3g and %.3g (%d steps were cut to a factor %g)",
                      x->step, x->least, x->largest, x->cut, ITERATE_FACTOR);
    else
        estimate_fail(e,
                      "no agreement after %d sets between %.3g and %.3g (%d steps were cut to a "
                      "factor %g)",
                      x->step, x->least, x->largest, x->cut, ITERATE_FACTOR);
}

/* Least and largest value of the second half of the way. */
static void survey(struct iterate *x)
{
    int from = x->step / 2;

    x->least = x->largest = x->history[from];
    for (int k = from; k < x->step; k++) {
        x->least = fmin(x->least, x->history[k]);
        x->largest = fmax(x->largest, x->history[k]);
    }
}

int iterate_step(struct iterate *x, const struct iterate_side *reads,
                 const struct iterate_side *chains)
{
    x->history[x->step++] = x->value;
    x->result.draws = x->step;
    survey(x);
    if (agree(x, reads, chains)) {
        settle(x, reads, chains);
        return 0;
    }
    double next = follow(x, reads, chains), low = x->value / ITERATE_FACTOR,
           high = x->value * ITERATE_FACTOR;
    if (x->step >= x->most || isnan(next)) {
        give_up(x, reads, chains);
        return 0;
    }
    if (next < low || next > high) x->cut++;
    x->value = fmax(low, fmin(high, next));
    return 1;
}
