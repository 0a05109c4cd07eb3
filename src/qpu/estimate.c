#include "qpu/estimate.h"

#include "base/mem.h"
#include "num/quality.h"
#include "num/series.h"
#include "qpu/beta.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { STEPS = 200 };

void estimate_fail(struct estimate *x, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(x->why, sizeof x->why, format, list);
    va_end(list);
    x->converged = 0;
}

/* Score of a read and minus its slope, at beta. */
typedef void score_rule(double *score, double *curve, const float *f, int n, double beta);

static void pseudo(double *score, double *curve, const float *f, int n, double beta)
{
    double g = 0.0, c = 0.0;

    for (int k = 0; k < n; k++) {
        double x = (double)f[k], p = 1.0 / (1.0 + exp(-beta * x));
        g -= x * p;
        c += x * x * p * (1.0 - p);
    }
    *score = g;
    *curve = c;
}

static void stein(double *score, double *curve, const float *f, int n, double beta)
{
    double g = 0.0, c = 0.0;

    for (int k = 0; k < n; k++) {
        double x = (double)f[k], up = exp(beta * x);
        g -= x * (1.0 + up);
        c += x * x * up;
    }
    *score = g;
    *curve = c;
}

/* Root of the sum of scores, which falls with beta, from above: NAN when it does not end. */
static double find_root(score_rule *rule, const float *f, int64_t reads, int n)
{
    double low = -1e6, high = 1e6, beta = 0.0;

    for (int k = 0; k < STEPS; k++) {
        double slope = 0.0, curve = 0.0, g, c;
        for (int64_t r = 0; r < reads; r++) {
            rule(&g, &c, f + r * n, n, beta);
            slope += g;
            curve += c;
        }
        if (slope > 0.0)
            low = beta;
        else
            high = beta;
        double next = beta + slope / curve;
        if (!(next > low && next < high)) next = 0.5 * (low + high);
        if (fabs(next - beta) <= 1e-12 * fmax(1.0, fabs(beta))) return next;
        beta = next;
    }
    return NAN;
}

/* Error and influences at the root. */
static void judge(struct estimate *x, score_rule *rule, const float *f, int64_t reads, int n,
                  uint64_t seed, int64_t item, double *influence)
{
    double *score = mem_take(reads, sizeof *score), *curve = mem_take(reads, sizeof *curve);
    int64_t *place = mem_take(reads, sizeof *place);
    double total = 0.0;

    for (int64_t r = 0; r < reads; r++) {
        rule(&score[r], &curve[r], f + r * n, n, x->beta);
        total += curve[r];
    }
    x->block = series_block(score, reads);
    x->error =
        series_ratio_error(score, curve, reads, x->block, ESTIMATE_REPEATS, seed, item, place);
    for (int64_t r = 0; r < reads && influence != NULL; r++) influence[r] = score[r] / total;
    mem_free(score);
    mem_free(curve);
    mem_free(place);
}

/* Spins against their field and along it. */
static void count(const float *f, int64_t all, int64_t *against, int64_t *along)
{
    *against = *along = 0;
    for (int64_t k = 0; k < all; k++) {
        *against += f[k] > 0.0f;
        *along += f[k] < 0.0f;
    }
}

static int solve(struct estimate *x, score_rule *rule, const float *f, int64_t reads, int n,
                 uint64_t seed, int64_t item, double *influence)
{
    int64_t against, along;

    *x = (struct estimate){ .beta = NAN, .error = NAN, .pareto = NAN };
    count(f, reads * n, &against, &along);
    if (reads < 2 || against + along == 0) {
        estimate_fail(x, "%lld reads with a field, expected two at least", (long long)reads);
        return -1;
    }
    if (against == 0 || along == 0) {
        x->beta = along > 0 ? INFINITY : -INFINITY;
        estimate_fail(x, "in %lld reads no spin stands %s its field: the temperature has no bound",
                      (long long)reads, along > 0 ? "against" : "along");
        return -1;
    }
    x->beta = find_root(rule, f, reads, n);
    if (isnan(x->beta)) {
        estimate_fail(x, "its equation has no root that %d steps find", STEPS);
        return -1;
    }
    judge(x, rule, f, reads, n, seed, item, influence);
    x->converged = 1;
    return 0;
}

void estimate_pseudo(struct estimate *x, const float *f, int64_t reads, int n, uint64_t seed,
                     int64_t item, double *influence)
{
    solve(x, pseudo, f, reads, n, seed, item, influence);
}

void estimate_stein(struct estimate *x, const float *f, int64_t reads, int n, uint64_t seed,
                    int64_t item, double *influence)
{
    if (solve(x, stein, f, reads, n, seed, item, influence)) return;
    double *term = mem_take(reads, sizeof *term); /* logarithms of the parts with a heavy tail */
    int64_t m = 0;
    for (int64_t r = 0; r < reads; r++) {
        double sum = 0.0;
        for (int k = 0; k < n; k++) {
            double y = (double)f[r * n + k];
            if (y > 0.0) sum += y * exp(x->beta * y);
        }
        if (sum > 0.0) term[m++] = log(sum);
    }
    x->pareto = quality_pareto(term, m);
    if (!(x->pareto <= QUALITY_PARETO_MOST))
        estimate_fail(x,
                      "few of %lld reads carry Stein's sum (Pareto's k %.2f, at most %.1f is "
                      "sound): value and error are not to be trusted",
                      (long long)reads, x->pareto, QUALITY_PARETO_MOST);
    mem_free(term);
}

int estimate_columns(float *to, const float *f, int64_t reads, int n, const uint8_t *pick)
{
    int m = 0;

    for (int k = 0; k < n; k++) m += pick[k] != 0;
    for (int64_t r = 0; r < reads; r++)
        for (int k = 0; k < n; k++)
            if (pick[k]) *to++ = f[r * n + k];
    return m;
}
