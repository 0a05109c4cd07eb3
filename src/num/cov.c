#include "num/cov.h"

#include "base/mem.h"
#include "num/blas.h"

#include <math.h>
#include <string.h>

void cov_init(struct cov *c, int d, const double *centre, const double *scale)
{
    *c = (struct cov){ .d = d };
    c->centre = mem_take(d, sizeof *c->centre);
    c->scale = mem_take(d, sizeof *c->scale);
    c->sum = mem_take(d, sizeof *c->sum);
    c->outer = mem_take((int64_t)d * d, sizeof *c->outer);
    c->rows = mem_take((int64_t)COV_ROWS * d, sizeof *c->rows);
    memcpy(c->centre, centre, (size_t)d * sizeof *centre);
    memcpy(c->scale, scale, (size_t)d * sizeof *scale);
}

void cov_free(struct cov *c)
{
    mem_free(c->centre);
    mem_free(c->scale);
    mem_free(c->sum);
    mem_free(c->outer);
    mem_free(c->rows);
    *c = (struct cov){ 0 };
}

void cov_clear(struct cov *c)
{
    c->fill = 0;
    c->weight = 0;
    memset(c->sum, 0, (size_t)c->d * sizeof *c->sum);
    memset(c->outer, 0, (size_t)c->d * (size_t)c->d * sizeof *c->outer);
}

static void flush(struct cov *c)
{
    if (c->fill) blas_syrk(c->outer, c->d, BLAS_TRANSPOSED, c->d, c->fill, 1, c->rows, c->d, 1);
    c->fill = 0;
}

/* One row, `weight` times; z sqrt(weight) goes to the buffer. */
static void put(struct cov *c, const double *restrict x, double weight)
{
    double root = sqrt(weight);
    double *restrict row = c->rows + (int64_t)c->fill * c->d, *restrict sum = c->sum;
    for (int j = 0; j < c->d; j++) {
        double z = (x[j] - c->centre[j]) * c->scale[j];
        sum[j] += weight * z;
        row[j] = root * z;
    }
    c->weight += weight;
    if (++c->fill == COV_ROWS) flush(c);
}

void cov_add(struct cov *c, const double *x, const int32_t *weight, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!weight || weight[i]) put(c, x + i * c->d, weight ? weight[i] : 1);
}

int64_t cov_size(int d)
{
    return 1 + d + (int64_t)d * (d + 1) / 2;
}

void cov_pack(struct cov *c, double *packed)
{
    flush(c);
    *packed++ = c->weight;
    memcpy(packed, c->sum, (size_t)c->d * sizeof *packed);
    packed += c->d;
    for (int i = 0; i < c->d; i++)
        for (int j = 0; j <= i; j++) *packed++ = c->outer[(int64_t)i * c->d + j];
}

void cov_solve(int d, const double *packed, int ddof, double *mean, double *sigma)
{
    double weight = *packed++;
    const double *outer = packed + d;
    for (int i = 0; i < d; i++) mean[i] = packed[i] / weight;
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j <= i; j++) {
            double s = (*outer++ - weight * mean[i] * mean[j]) / (weight - ddof);
            sigma[i * d + j] = sigma[j * d + i] = s;
        }
}
