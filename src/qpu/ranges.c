#include "qpu/ranges.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

static int refuse(const struct solver *s, const char *what, int unit, double x, const double r[2],
                  struct err *e)
{
    return err_set(e,
                   "%s of unit %d is %g, solver %s takes %g to %g: a larger anneal.scale makes it "
                   "smaller",
                   what, unit, x, s->name, r[0], r[1]);
}

static int check_fields(const struct params *p, const struct solver *s, const struct ising *g,
                        struct err *e)
{
    double r[2], gain = 1.0;

    for (int i = 0; i < p->gains; i++) gain = fmax(gain, fabs(p->gain[2 * i + 1]));
    if (solver_range(s, "h_range", r)) return 0;
    for (int k = 0; k < g->n; k++)
        if (g->h[k] * gain < r[0] || g->h[k] * gain > r[1])
            return refuse(s, "the field h", g->unit[k], g->h[k] * gain, r, e);
    return 0;
}

static int check_couplings(const struct solver *s, const struct ising *g, struct err *e)
{
    double r[2];

    if (solver_range(s, "extended_j_range", r) && solver_range(s, "j_range", r)) return 0;
    for (int64_t k = 0; k < g->m; k++)
        if (g->J[k] < r[0] || g->J[k] > r[1])
            return refuse(s, "a coupling J", g->unit[g->pair[k][0]], g->J[k], r, e);
    return 0;
}

/* Over all couplers of each spin: sum [n]. */
static void sums(const struct ising *g, double *sum)
{
    memset(sum, 0, (size_t)g->n * sizeof *sum);
    for (int64_t k = 0; k < g->m; k++) {
        sum[g->pair[k][0]] += g->J[k];
        sum[g->pair[k][1]] += g->J[k];
    }
}

/* Advantage. */
static int check_sums(const struct solver *s, const struct ising *g, double *sum, struct err *e)
{
    double r[2];

    if (solver_range(s, "per_qubit_coupling_range", r)) return 0;
    sums(g, sum);
    for (int k = 0; k < g->n; k++)
        if (sum[k] < r[0] || sum[k] > r[1])
            return refuse(s, "the sum of couplings J", g->unit[k], sum[k], r, e);
    return 0;
}

struct zephyr {
    int u, w, k, j, z;
};

static struct zephyr zephyr_of(int q, int m, int t)
{
    struct zephyr x;

    x.z = q % m, q /= m;
    x.j = q % 2, q /= 2;
    x.k = q % t, q /= t;
    x.w = q % (2 * m + 1), x.u = q / (2 * m + 1);
    return x;
}

int ranges_group(int qubit, int neighbour, int m, int t)
{
    struct zephyr a = zephyr_of(qubit, m, t), b = zephyr_of(neighbour, m, t);

    if (a.u != b.u) return b.w == 2 * a.z + a.j + 1 ? 0 : 1;
    if (a.j != b.j) return b.z == a.z + a.j ? 0 : 1;
    return b.z == a.z + 1 ? 0 : 1;
}

/* Has it a range for groups of couplers? */
static int has_groups(const struct solver *s, double r[2])
{
    return !solver_range(s, "per_group_coupling_range", r) && s->topology != NULL &&
           strcmp(s->topology, "zephyr") == 0 && s->shape[0] >= 1 &&
           (s->shapes < 2 || s->shape[1] >= 1);
}

/* Over both groups of each spin: sum [n, 2]. */
static void group_sums(const struct solver *s, const struct ising *g, double *sum)
{
    int m = s->shape[0], t = s->shapes > 1 ? s->shape[1] : 4;

    memset(sum, 0, 2 * (size_t)g->n * sizeof *sum);
    for (int64_t k = 0; k < g->m; k++) {
        int i = g->pair[k][0], j = g->pair[k][1];
        sum[2 * i + ranges_group(g->qubit[i], g->qubit[j], m, t)] += g->J[k];
        sum[2 * j + ranges_group(g->qubit[j], g->qubit[i], m, t)] += g->J[k];
    }
}

static int check_groups(const struct solver *s, const struct ising *g, double *sum, struct err *e)
{
    double r[2];

    if (!has_groups(s, r)) return 0;
    group_sums(s, g, sum);
    for (int k = 0; k < 2 * g->n; k++)
        if (sum[k] < r[0] || sum[k] > r[1])
            return refuse(s, "the sum of a group of couplings J", g->unit[k / 2], sum[k], r, e);
    return 0;
}

int ranges_check(const struct params *p, const struct solver *s, const struct ising *g,
                 struct err *e)
{
    for (int k = 0; k < g->n; k++)
        if (!isfinite(g->h[k]) || (p->fast && g->h[k] != 0.0))
            return err_set(e, "the field h of unit %d is %g, expected %s", g->unit[k], g->h[k],
                           p->fast ? "0 with anneal.fast" : "a finite number");
    for (int64_t k = 0; k < g->m; k++)
        if (!isfinite(g->J[k]))
            return err_set(e, "a coupling J of unit %d is %g, expected a finite number",
                           g->unit[g->pair[k][0]], g->J[k]);
    if (p->scale) return 0;
    double *sum = mem_take(2 * (int64_t)g->n, sizeof *sum);
    int bad = check_fields(p, s, g, e) || check_couplings(s, g, e) || check_sums(s, g, sum, e) ||
              check_groups(s, g, sum, e);
    mem_free(sum);
    return bad ? -1 : 0;
}

/* How often x is over the end of a range on its side. */
static double times_over(double x, const double r[2])
{
    double end = x > 0.0 ? r[1] : r[0];

    return end != 0.0 ? x / end : 0.0;
}

static double most_over(const double *x, int64_t n, const double r[2])
{
    double most = 0.0;

    for (int64_t k = 0; k < n; k++) most = fmax(most, times_over(x[k], r));
    return most;
}

double ranges_divisor(const struct solver *s, const struct ising *g)
{
    double r[2], most = 0.0, *sum = mem_take(2 * (int64_t)g->n, sizeof *sum);

    if (!solver_range(s, "h_range", r)) most = fmax(most, most_over(g->h, g->n, r));
    if (!solver_range(s, "extended_j_range", r) || !solver_range(s, "j_range", r))
        most = fmax(most, most_over(g->J, g->m, r));
    if (!solver_range(s, "per_qubit_coupling_range", r)) {
        sums(g, sum);
        most = fmax(most, most_over(sum, g->n, r));
    }
    if (has_groups(s, r)) {
        group_sums(s, g, sum);
        most = fmax(most, most_over(sum, 2 * (int64_t)g->n, r));
    }
    mem_free(sum);
    return most > 0.0 ? most : 1.0;
}
