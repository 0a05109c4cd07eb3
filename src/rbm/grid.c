#include "rbm/grid.h"

#include "base/mem.h"

#include <math.h>

static const double NARROW = 32767.0, REAL = 16777215.0; /* the largest int16; 2^24 - 1 */

void grid_init(struct grid *g, const struct rbm *m)
{
    *g = (struct grid){ 0 };
    g->weight = mem_take(2 * m->T.M, sizeof g->weight[0]);
    g->bias = mem_take(m->T.N, sizeof g->bias[0]);
    g->real_weight = mem_take(2 * m->T.M, sizeof g->real_weight[0]);
    g->real = mem_take(m->T.N, sizeof g->real[0]);
}

void grid_free(struct grid *g)
{
    mem_free(g->weight);
    mem_free(g->bias);
    mem_free(g->real_weight);
    mem_free(g->real);
    *g = (struct grid){ 0 };
}

/* The largest |b_i| + sum_j |w_ij| and the largest coupling, whose place is *at. */
static double largest(const struct rbm *m, double *weight, int64_t *at)
{
    double field = 0.0;

    *weight = 0.0;
    *at = 0;
    for (int i = 0; i < m->T.N; i++) {
        double sum = fabs((double)m->bias[i]);
        for (int64_t k = m->near_first[i]; k < m->near_first[i + 1]; k++) {
            double w = fabs((double)m->near_weight[k]);
            sum += w;
            if (w > *weight) {
                *weight = w;
                *at = m->near_edge[k];
            }
        }
        field = fmax(field, sum);
    }
    return field;
}

static int most_near(const struct rbm *m)
{
    int64_t most = 0;

    for (int i = 0; i < m->T.N; i++) {
        int64_t n = m->near_first[i + 1] - m->near_first[i];
        if (n > most) most = n;
    }
    return (int)most;
}

/* Each of n numbers that sum up to x may be rounded up by half a step. */
static int fits(double x, int n, int s, double limit)
{
    return ldexp(x, s) + 0.5 * n <= limit;
}

static int choose(struct grid *g, const struct rbm *m, struct err *e)
{
    int64_t at;
    double weight, field = largest(m, &weight, &at);
    int n = most_near(m) + 1;

    g->wide = 0;
    for (int s = GRID_FINEST; s >= GRID_FINE; s--)
        if (fits(field, n, s, NARROW)) return s;
    g->wide = 1;
    for (int s = GRID_FINE; s >= GRID_COARSEST; s--)
        if (fits(KERN_GROUP * weight, KERN_GROUP, s, NARROW) && fits(field, n, s, REAL)) return s;
    if (!fits(KERN_GROUP * weight, KERN_GROUP, GRID_COARSEST, NARROW))
        return err_set(
            e,
            "weight of units %d and %d is %g: int16 holds couplings up to %.4g (sample in "
            "float32)",
            m->T.edge[at][0], m->T.edge[at][1], (double)m->weight[at],
            ldexp(NARROW / KERN_GROUP - 0.5, -GRID_COARSEST));
    return err_set(
        e,
        "biases and weights of a unit sum up to %g: int16 holds fields up to %.6g (sample "
        "in float32)",
        field, ldexp(REAL - 0.5 * n, -GRID_COARSEST));
}

int grid_round(struct grid *g, const struct rbm *m, struct err *e)
{
    double square = 0.0, step;
    int s = rbm_check(m, e) ? -1 : choose(g, m, e);

    if (s < 0) return -1;
    step = ldexp(1.0, -s);
    g->s = s;
    g->step = (float)step;
    g->most = 0.0;
    for (int i = 0; i < m->T.N; i++) {
        double n = rint((double)m->bias[i] / step), error = fabs((double)m->bias[i] - n * step);
        g->bias[i] = (int32_t)n;
        g->real[i] = (float)(n * step);
        g->most += error;
        square += error * error / 4.0;
        for (int64_t k = m->near_first[i]; k < m->near_first[i + 1]; k++) {
            n = rint((double)m->near_weight[k] / step);
            g->weight[k] = (int16_t)n;
            g->real_weight[k] = (float)(n * step);
            if (m->near[k] < i) continue;
            error = fabs((double)m->near_weight[k] - n * step);
            g->most += error;
            square += error * error * 3.0 / 16.0;
        }
    }
    g->usual = sqrt(square);
    return 0;
}

struct kern_net grid_net(const struct grid *g, const struct rbm *m)
{
    return (struct kern_net){ .N = m->T.N,
                              .first = m->near_first,
                              .neighbour = m->near,
                              .weight = g->real_weight,
                              .bias = g->real };
}

/* Do all stretches of n neighbours stay below 2^15? */
static int all_fit(const struct grid *g, const struct rbm *m, int64_t n)
{
    for (int i = 0; i < m->T.N; i++) {
        int64_t last = m->near_first[i + 1];
        for (int64_t k = m->near_first[i]; k < last; k += n) {
            int64_t sum = 0, end = k + n < last ? k + n : last;
            for (int64_t j = k; j < end; j++)
                sum += g->weight[j] < 0 ? -g->weight[j] : g->weight[j];
            if (sum > INT16_MAX) return 0;
        }
    }
    return 1;
}

int grid_span(const struct grid *g, const struct rbm *m)
{
    int n = most_near(m);

    while (n > 1 && !all_fit(g, m, n)) n = (n + 1) / 2;
    return n > 1 ? n : 1;
}
