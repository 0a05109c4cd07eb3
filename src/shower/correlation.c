#include "shower/correlation.h"

#include "base/mem.h"
#include "par/scalapack.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 64 };

static const double SOFT = 1e-8; /* added to every standard deviation */

void correlation_init(struct correlation *c, const struct par *P, int d, int room)
{
    struct grid g = grid_of(P, 0, 0);

    *c = (struct correlation){ .P = P, .d = d, .room = room };
    c->sum = mem_take(1 + 2 * (int64_t)d, sizeof *c->sum);
    c->mean = mem_take(d, sizeof *c->mean);
    c->scale = mem_take(d, sizeof *c->scale);
    c->piece = mem_take((int64_t)room * d, sizeof *c->piece);
    spread_init(&c->C, &g, d, d, BLOCK);
    spread_init(&c->rows, &g, P->size * room, d, BLOCK);
}

void correlation_free(struct correlation *c)
{
    mem_free(c->sum);
    mem_free(c->mean);
    mem_free(c->scale);
    mem_free(c->piece);
    spread_free(&c->C);
    spread_free(&c->rows);
    *c = (struct correlation){ 0 };
}

void correlation_look(struct correlation *c, const float *x, int n)
{
    double *first = c->sum + 1, *second = first + c->d;

    c->sum[0] += n;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < c->d; j++) {
            double v = x[(int64_t)i * c->d + j];
            first[j] += v;
            second[j] += v * v;
        }
}

void correlation_know(struct correlation *c)
{
    par_sum(c->P, c->sum, 1 + 2 * (int64_t)c->d);
    c->n = c->sum[0];
    for (int j = 0; j < c->d; j++) {
        double mean = c->sum[1 + j] / c->n, square = c->sum[1 + c->d + j] / c->n - mean * mean;
        c->mean[j] = mean;
        c->scale[j] = 1.0 / (sqrt(fmax(square, 0.0) * c->n / (c->n - 1.0)) + SOFT);
    }
}

void correlation_add(struct correlation *c, const float *x, int n)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < c->d; j++) {
            int64_t k = (int64_t)i * c->d + j;
            c->piece[k] = (x[k] - c->mean[j]) * c->scale[j];
        }
    memset(c->piece + (int64_t)n * c->d, 0,
           (size_t)(c->room - n) * (size_t)c->d * sizeof *c->piece);
    spread_from_rows(&c->rows, c->piece);
    scalapack_gram(&c->C, &c->rows);
}

void correlation_finish(struct correlation *c)
{
    int64_t numbers = (int64_t)c->C.ld * c->C.columns;

    for (int64_t i = 0; i < numbers; i++) c->C.x[i] /= c->n - 1.0;
}

double correlation_distance(const struct correlation *a, const struct correlation *b)
{
    const struct spread *A = &a->C, *B = &b->C;
    double sum = 0.0;

    if (a->d != b->d) die("correlation_distance of %d and %d columns", a->d, b->d);
    for (int j = 0; j < A->columns; j++) {
        int column = spread_column(A, j);
        for (int i = 0; i < A->rows; i++) {
            int row = spread_row(A, i);
            int64_t k = (int64_t)j * A->ld + i;
            double off = A->x[k] - B->x[k];
            if (row >= column) sum += off * off * (row > column ? 2 : 1);
        }
    }
    par_sum(a->P, &sum, 1);
    return sqrt(sum);
}
