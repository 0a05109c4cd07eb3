#include "num/isotonic.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

struct point {
    double x, y, weight;
    int64_t first, last; /* of the points that were pooled into it */
};

static int rising(const void *a, const void *b)
{
    double x = ((const struct point *)a)->x, y = ((const struct point *)b)->x;

    return (x > y) - (x < y);
}

static void pool(struct point *into, const struct point *other)
{
    double weight = into->weight + other->weight;

    into->y = (into->y * into->weight + other->y * other->weight) / weight;
    into->weight = weight;
    into->last = other->last;
}

/* Points sorted, those of equal x averaged; returns how many are left. */
static int64_t gather(struct point *p, const double *x, const double *y, int64_t n)
{
    int64_t m = 0;

    for (int64_t i = 0; i < n; i++) p[i] = (struct point){ .x = x[i], .y = y[i], .weight = 1.0 };
    qsort(p, (size_t)n, sizeof *p, rising);
    for (int64_t i = 0; i < n; i++) {
        if (m > 0 && p[m - 1].x == p[i].x)
            pool(&p[m - 1], &p[i]);
        else
            p[m++] = p[i];
    }
    return m;
}

void isotonic_fit(struct isotonic *f, const double *x, const double *y, int64_t n, double low,
                  double high)
{
    struct point *p = mem_take(n, sizeof *p), *step = mem_take(n, sizeof *step);
    int64_t m = gather(p, x, y, n), steps = 0;

    for (int64_t i = 0; i < m; i++) {
        step[steps] = p[i];
        step[steps].first = step[steps].last = i;
        steps++;
        while (steps > 1 && step[steps - 2].y >= step[steps - 1].y) {
            pool(&step[steps - 2], &step[steps - 1]);
            steps--;
        }
    }
    *f = (struct isotonic){ 0 };
    f->x = mem_take(2 * steps, sizeof *f->x);
    f->y = mem_take(2 * steps, sizeof *f->y);
    for (int64_t i = 0; i < steps; i++) { /* both ends of a step, once when they are one point */
        double value = fmin(fmax(step[i].y, low), high);
        f->x[f->n] = p[step[i].first].x;
        f->y[f->n++] = value;
        if (step[i].last == step[i].first) continue;
        f->x[f->n] = p[step[i].last].x;
        f->y[f->n++] = value;
    }
    mem_free(step);
    mem_free(p);
}

double isotonic_at(const struct isotonic *f, double x)
{
    int64_t low = 0, high = f->n - 1;

    if (!(x > f->x[low])) return f->y[low];
    if (x >= f->x[high]) return f->y[high];
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (f->x[middle] <= x)
            low = middle;
        else
            high = middle;
    }
    return f->y[low] + (f->y[high] - f->y[low]) * (x - f->x[low]) / (f->x[high] - f->x[low]);
}

void isotonic_free(struct isotonic *f)
{
    mem_free(f->x);
    mem_free(f->y);
    *f = (struct isotonic){ 0 };
}
