#include "qpu/freezeout.h"

#include "base/mem.h"

#include <math.h>

enum { STEPS = 1024 }; /* of a straight piece of a schedule */

/* The mean of a function whose logarithm is straight between a and b. */
static double log_mean(double a, double b)
{
    double d = log(b / a);

    return fabs(d) < 1e-6 ? sqrt(a * b) : (b - a) / d;
}

/* The integral of A^2 over s from `from` to 1, GHz^2. */
static double tail(const struct datasheet *s, double from)
{
    double sum = 0.0, ds = (1.0 - from) / STEPS;

    for (int i = 0; i < STEPS; i++) {
        double a = datasheet_A(s, from + i * ds), b = datasheet_A(s, from + (i + 1) * ds);
        sum += log_mean(a * a, b * b) * ds;
    }
    return sum;
}

/* A piecewise straight course of points (t, value). */
static double through(const double *x, int points, double t)
{
    int i = 0;

    while (i < points - 2 && x[2 * i + 2] <= t) i++;
    return x[2 * i + 1] +
           (x[2 * i + 3] - x[2 * i + 1]) * (t - x[2 * i]) / (x[2 * i + 2] - x[2 * i]);
}

/* Times and attempts left on a grid of STEPS points a piece: t, R [n], R[n - 1] = 0. */
static int attempts(double **t, double **R, const struct datasheet *s, const double *course,
                    int points)
{
    int n = (points - 1) * STEPS + 1;
    double rate = 1.0 / (s->anneal_time * tail(s, s->s)); /* gamma_0 */

    *t = mem_take(n, sizeof **t);
    *R = mem_take(n, sizeof **R);
    for (int i = 0; i < n; i++) {
        int p = i == n - 1 ? points - 2 : i / STEPS;
        double part = (double)(i - p * STEPS) / STEPS;
        (*t)[i] = course[2 * p] + part * (course[2 * p + 2] - course[2 * p]);
    }
    for (int i = n - 2; i >= 0; i--) {
        double a = datasheet_A(s, through(course, points, (*t)[i]));
        double b = datasheet_A(s, through(course, points, (*t)[i + 1]));
        (*R)[i] = (*R)[i + 1] + rate * log_mean(a * a, b * b) * ((*t)[i + 1] - (*t)[i]);
    }
    return n;
}

static int count(double most, double resolution)
{
    double R = 1.0;
    int n = 0;

    while (R < most && n <= FREEZEOUT_MOST) {
        R += fmax(1.0, R / resolution);
        n++;
    }
    return n;
}

/* The time at which R attempts are left, between grid points by log R. *i falls as R rises. */
static double time_of(const double *t, const double *left, double R, int *i)
{
    while (*i > 0 && left[*i] < R) (*i)--;
    double a = log(left[*i]), b = log(fmax(left[*i + 1], 1e-12));
    return t[*i] + (t[*i + 1] - t[*i]) * (a - log(R)) / (a - b);
}

int freezeout_init(struct freezeout *f, const struct datasheet *s, const struct params *p,
                   double anneal, double resolution, struct err *e)
{
    const double standard[4] = { 0.0, 0.0, anneal, 1.0 };
    int given = p != NULL && p->points > 0, points = given ? p->points : 2;
    const double *course = given ? p->schedule : standard;
    double *t, *left, R = 1.0, frozen = datasheet_B(s, s->s);
    int grid = attempts(&t, &left, s, course, points), at = grid - 2;

    *f = (struct freezeout){ .n = count(left[0], resolution) };
    f->beta = mem_take(f->n, sizeof *f->beta);
    f->left = mem_take(f->n, sizeof *f->left);
    f->gain = mem_take(f->n, sizeof *f->gain);
    f->flux = mem_take(f->n, sizeof *f->flux);
    f->gained = p != NULL && p->gains > 0;
    for (int k = f->n - 1; k >= 0 && f->n <= FREEZEOUT_MOST; k--) {
        double now = time_of(t, left, R, &at), B = datasheet_B(s, through(course, points, now));
        f->beta[k] = B / frozen / s->temperature;
        f->left[k] = R;
        f->gain[k] = f->gained ? through(p->gain, p->gains, now) : 1.0;
        f->flux[k] = sqrt(frozen / B);
        R += fmax(1.0, R / resolution);
    }
    mem_free(t);
    mem_free(left);
    return f->n <= FREEZEOUT_MOST
               ? 0
               : err_set(e, "the anneal would take more than %d sweeps a read", FREEZEOUT_MOST);
}

void freezeout_free(struct freezeout *f)
{
    mem_free(f->beta);
    mem_free(f->left);
    mem_free(f->gain);
    mem_free(f->flux);
    *f = (struct freezeout){ 0 };
}
