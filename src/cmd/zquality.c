#include "cmd/zquality.h"

#include "base/mem.h"
#include "num/quality.h"

#include <math.h>

/* Resampled weights of all conditions together; repeats of one. */
enum { DRAWS = 5000000, REPEATS = 1000, LEAST_REPEATS = 50 };

static const char *const way[ZRUN_DIRECTIONS] = { "up", "down" };

static int applies(const struct zplan *plan)
{
    return plan->method != ZMETHOD_RAISE && plan->method != ZMETHOD_POPULATION;
}

/* [Q, QUALITY_FIGURES] of a direction, or NULL; the caller frees. */
static double *figures(const struct zplan *plan, const struct zweights *w, int d, uint64_t seed)
{
    int64_t n = zweights_chains(w), repeats = DRAWS / (n * w->Q);

    if (!applies(plan) || !w->has[d]) return NULL;
    repeats = repeats > REPEATS ? REPEATS : repeats < LEAST_REPEATS ? LEAST_REPEATS : repeats;
    double *x = mem_take(w->Q * QUALITY_FIGURES, sizeof *x), *log_w = mem_take(n, sizeof *log_w);
    for (int64_t q = 0; q < w->Q; q++) {
        zweights_of(w, d, q, log_w);
        quality_of(x + q * QUALITY_FIGURES, log_w, n, (int)repeats, seed, 2 * q + d);
    }
    mem_free(log_w);
    return x;
}

void zquality_init(struct zquality *q, const struct zplan *plan, const struct zweights *w,
                   uint64_t seed)
{
    for (int d = 0; d < ZRUN_DIRECTIONS; d++) q->figure[d] = figures(plan, w, d, seed);
}

void zquality_free(struct zquality *q)
{
    for (int d = 0; d < ZRUN_DIRECTIONS; d++) mem_free(q->figure[d]);
    *q = (struct zquality){ 0 };
}

/* The largest of a figure over all conditions; a NAN is passed over. */
static double worst(const double *x, int64_t Q, enum quality_figure f)
{
    double most = NAN;

    for (int64_t q = 0; q < Q; q++) most = fmax(most, x[q * QUALITY_FIGURES + f]);
    return most;
}

static double least(const double *x, int64_t Q, enum quality_figure f)
{
    double low = NAN;

    for (int64_t q = 0; q < Q; q++) low = fmin(low, x[q * QUALITY_FIGURES + f]);
    return low;
}

/* Of the mean over conditions, from the direction whose estimate is the result's. */
static double bootstrap(const double *x, int64_t Q)
{
    double sum = 0.0;

    for (int64_t q = 0; q < Q; q++)
        sum +=
            x[q * QUALITY_FIGURES + QUALITY_BOOTSTRAP] * x[q * QUALITY_FIGURES + QUALITY_BOOTSTRAP];
    return sqrt(sum) / (double)Q;
}

/* The 95% interval of ln Z of a lone condition. */
static void put_interval(struct json *j, const double *x, int d, double log_z0)
{
    double low = x[QUALITY_LOW], high = x[QUALITY_HIGH];

    json_put_real(j, "low", log_z0 + (d == ZRUN_UP ? low : -high));
    json_put_real(j, "high", log_z0 + (d == ZRUN_UP ? high : -low));
}

void zquality_put(struct run *r, struct json *list, const struct zplan *plan,
                  const struct zweights *w, const struct zquality *quality)
{
    double variance = NAN, largest = NAN, k = NAN, ess = NAN;
    int own = w->has[ZRUN_UP] ? ZRUN_UP : ZRUN_DOWN;

    for (int d = 0; d < ZRUN_DIRECTIONS; d++) {
        const double *x = quality->figure[d];
        if (x == NULL) continue;
        for (int64_t q = 0; q < w->Q; q++) {
            struct json *one = json_new();
            for (int f = 0; f < QUALITY_FIGURES; f++)
                json_put_real(one, quality_name((enum quality_figure)f),
                              x[q * QUALITY_FIGURES + f]);
            json_put(json_item(list, q), way[d], one);
        }
        variance = fmax(variance, worst(x, w->Q, QUALITY_VARIANCE));
        largest = fmax(largest, worst(x, w->Q, QUALITY_LARGEST));
        k = fmax(k, worst(x, w->Q, QUALITY_PARETO_K));
        ess = fmin(ess, least(x, w->Q, QUALITY_ESS));
        if (d == own) json_put_real(r->result, "bootstrap_error", bootstrap(x, w->Q));
        if (d == own && w->Q == 1 && plan->method < ZMETHOD_BAR)
            put_interval(r->result, x, d, w->log_z0[0]);
    }
    if (!applies(plan)) return;
    json_put_real(r->result, "variance", variance);
    json_put_real(r->result, "largest", largest);
    json_put_real(r->result, "pareto_k", k);
    json_put_text(r->result, "interval", ess < LOGWEIGHTS_ESS ? "unreliable" : "reliable");
    if (!(k > QUALITY_PARETO_MOST)) return;
    log_warn(&r->log, "Pareto's k of the weights is %.2f, above %.1f: the errors are too small", k,
             QUALITY_PARETO_MOST);
}

int zquality_write(struct h5 *f, const struct zquality *quality, int64_t Q, struct err *e)
{
    struct h5_shape shape = { 1, { Q }, H5_DOUBLE };
    double *one = mem_take(Q, sizeof *one);
    int bad = 0;

    for (int d = 0; d < ZRUN_DIRECTIONS && !bad; d++) {
        const double *x = quality->figure[d];
        for (int k = 0; x != NULL && k < QUALITY_FIGURES && !bad; k++) {
            enum quality_figure figure = (enum quality_figure)k;
            char *name = mem_print("quality/%s/%s", way[d], quality_name(figure));
            for (int64_t q = 0; q < Q; q++) one[q] = x[q * QUALITY_FIGURES + k];
            bad = h5_write_all(f, name, &shape, one, "1", quality_text(figure), e);
            mem_free(name);
        }
    }
    mem_free(one);
    return bad ? -1 : 0;
}

void zquality_help(FILE *f)
{
    fprintf(f,
            "\nFigures of the log-weights, in each condition's \"up\" (AIS) and \"down\" (reverse "
            "AIS):\n");
    for (int k = 0; k < QUALITY_FIGURES; k++)
        fprintf(f, "  %-10s %s\n", quality_name((enum quality_figure)k),
                quality_text((enum quality_figure)k));
}
