#include "rbm/trace.h"

#include "base/mem.h"

#include <math.h>

enum { LANES = 64 };

void trace_init(struct trace *t, int64_t tiles, int K, const uint64_t *live)
{
    *t = (struct trace){ .tiles = tiles, .K = K, .live = live };
    t->point = mem_take(tiles * (K + 1) * TRACE_FIGURES, sizeof t->point[0]);
    t->lane = mem_take(tiles * LANES * TRACE_LANE, sizeof t->lane[0]);
}

void trace_free(struct trace *t)
{
    mem_free(t->point);
    mem_free(t->lane);
    *t = (struct trace){ 0 };
}

static int count_of(uint64_t live)
{
    int n = 0;

    for (; live != 0; live &= live - 1) n++;
    return n;
}

/* Log sum of exp(power x) over live lanes. */
static double log_sum_of(const double *x, uint64_t live, double power)
{
    double most = -INFINITY, sum = 0.0;

    for (int c = 0; c < LANES; c++)
        if (live >> c & 1) most = fmax(most, x[c]);
    for (int c = 0; c < LANES; c++)
        if (live >> c & 1) sum += exp(power * (x[c] - most));
    return power * most + log(sum);
}

/* The step that begins at a point: its log sum exp, and each lane's part in it. */
static double add_step(double *lane, uint64_t live, const double *d)
{
    double log_sum = log_sum_of(d, live, 1.0), log_mean = log_sum - log((double)count_of(live));
    for (int c = 0; c < LANES; c++)
        if (live >> c & 1) lane[c * TRACE_LANE + TRACE_INFLUENCE] += expm1(d[c] - log_mean);
    return log_sum;
}

static void add_tile(double *point, double *lane, uint64_t live, int first, double length,
                     const double *d, const double *g, const double *log_w)
{
    double mean = 0.0, before = 0.0, squares = 0.0, cross = 0.0, n = count_of(live);

    if (live == 0) return;
    if (d != NULL) point[TRACE_LSE] = add_step(lane, live, d);
    point[TRACE_ARRIVED] = log_sum_of(log_w, live, 1.0);
    point[TRACE_SQUARED] = log_sum_of(log_w, live, 2.0);
    for (int c = 0; c < LANES; c++) {
        if (!(live >> c & 1)) continue;
        mean += g[c] / n;
        before += lane[c * TRACE_LANE + TRACE_BEFORE] / n;
    }
    for (int c = 0; c < LANES; c++) {
        double *mine = lane + c * TRACE_LANE;
        if (!(live >> c & 1)) continue;
        squares += (g[c] - mean) * (g[c] - mean);
        if (first) continue;
        cross += (g[c] - mean) * (mine[TRACE_BEFORE] - before);
        mine[TRACE_INTEGRAL] += 0.5 * length * (g[c] + mine[TRACE_BEFORE]);
    }
    for (int c = 0; c < LANES; c++) lane[c * TRACE_LANE + TRACE_BEFORE] = g[c];
    point[TRACE_MEAN] = mean;
    point[TRACE_SQUARES] = squares;
    point[TRACE_CROSS] = cross;
}

void trace_add(struct trace *t, int k, double length, const double *d, const double *g,
               const double *log_w)
{
    for (int64_t i = 0; i < t->tiles; i++)
        add_tile(t->point + (i * (t->K + 1) + k) * TRACE_FIGURES, t->lane + i * LANES * TRACE_LANE,
                 t->live[i], k == 0, length, d == NULL ? NULL : d + i * LANES, g + i * LANES,
                 log_w + i * LANES);
}

/* Variance of g over all chains at point k: squares within tiles and between their means. */
static double variance_at(int64_t tiles, int k, const double *const *point, const uint64_t *live)
{
    double n = 0.0, mean = 0.0, squares = 0.0;

    for (int64_t t = 0; t < tiles; t++) {
        const double *p = point[t] + k * TRACE_FIGURES;
        double more = count_of(live[t]), step = p[TRACE_MEAN] - mean;
        if (more == 0.0) continue;
        squares += p[TRACE_SQUARES] + step * step * n * more / (n + more);
        mean += step * more / (n + more);
        n += more;
    }
    return n > 1.0 ? squares / (n - 1.0) : 0.0;
}

/* log sum exp over tiles of the steps that begin at point k. */
static double step_at(int64_t tiles, int k, const double *const *point, const uint64_t *live)
{
    double most = -INFINITY, sum = 0.0;

    for (int64_t t = 0; t < tiles; t++)
        if (live[t] != 0) most = fmax(most, point[t][k * TRACE_FIGURES + TRACE_LSE]);
    for (int64_t t = 0; t < tiles; t++)
        if (live[t] != 0) sum += exp(point[t][k * TRACE_FIGURES + TRACE_LSE] - most);
    return most + log(sum);
}

/* Error of the mean over n chains of a lane's figure, from its spread within tiles; *mean too. */
static double lane_error(int64_t tiles, const double *const *lane, const uint64_t *live, int figure,
                         int64_t n, double *mean)
{
    double squares = 0.0, freedom = 0.0, sum = 0.0;

    for (int64_t t = 0; t < tiles; t++) {
        double m = 0.0, in_tile = count_of(live[t]);
        for (int c = 0; c < LANES; c++)
            if (live[t] >> c & 1) m += lane[t][c * TRACE_LANE + figure];
        sum += m;
        m /= in_tile;
        for (int c = 0; c < LANES; c++) {
            double x = lane[t][c * TRACE_LANE + figure] - m;
            if (live[t] >> c & 1) squares += x * x;
        }
        if (in_tile > 0.0) freedom += in_tile - 1.0;
    }
    *mean = sum / (double)n;
    return freedom > 0.0 ? sqrt(squares / freedom / (double)n) : INFINITY;
}

struct trace_sums trace_sum(int64_t tiles, int K, const double *const *point,
                            const double *const *lane, const uint64_t *live, const double *beta)
{
    struct trace_sums s = { 0 };
    double unused, was = variance_at(tiles, 0, point, live);

    for (int64_t t = 0; t < tiles; t++) s.n += count_of(live[t]);
    s.stepping_error = lane_error(tiles, lane, live, TRACE_INFLUENCE, s.n, &unused);
    s.ti_error = lane_error(tiles, lane, live, TRACE_INTEGRAL, s.n, &s.ti);
    for (int k = 1; k <= K; k++) {
        double length = beta[k] - beta[k - 1], is = variance_at(tiles, k, point, live);
        s.stepping += step_at(tiles, k - 1, point, live) - log((double)s.n);
        s.ti -= length * length * (is - was) / 12.0;
        was = is;
    }
    return s;
}

void trace_spread(int64_t tiles, int K, const double *point, const uint64_t *live, double *variance,
                  double *correlation)
{
    double before = 0.0;

    for (int k = 0; k <= K; k++) {
        double squares = 0.0, cross = 0.0, freedom = 0.0;
        for (int64_t t = 0; t < tiles; t++) {
            const double *p = point + (t * (K + 1) + k) * TRACE_FIGURES;
            if (live[t] == 0) continue;
            squares += p[TRACE_SQUARES];
            cross += p[TRACE_CROSS];
            freedom += count_of(live[t]) - 1;
        }
        double scale = sqrt(squares * before);
        variance[k] = freedom > 0.0 ? squares / freedom : 0.0;
        correlation[k] = scale > 0.0 ? cross / scale : 0.0;
        before = squares;
    }
}
