#include "rbm/spectrum.h"

#include "base/mem.h"
#include "num/blas.h"

void spectrum_values(const struct rbm *m, int a, int b, double *s)
{
    const struct topology *T = &m->T;
    int rows = T->size[a], columns = T->size[b];
    double *W = mem_take((int64_t)rows * columns, sizeof *W);
    struct blas_work work = { 0 };
    struct err e = { "" };

    for (int i = 0; i < rows; i++) {
        int unit = T->first[a] + i;
        for (int64_t k = T->row[unit]; k < T->row[unit + 1]; k++) {
            int other = T->edge[k][1] - T->first[b];
            if (other >= 0 && other < columns)
                W[(int64_t)i * columns + other] = (double)m->weight[k];
        }
    }
    if (blas_singular(W, rows, columns, s, NULL, NULL, &work, &e)) die("couplings: %s", e.text);
    blas_work_free(&work);
    mem_free(W);
}

double spectrum_largest(const struct rbm *m, int a, int b)
{
    int n = m->T.size[a] < m->T.size[b] ? m->T.size[a] : m->T.size[b];
    double *s = mem_take(n, sizeof *s), largest;

    spectrum_values(m, a, b, s);
    largest = s[0];
    mem_free(s);
    return largest;
}
