#include "rbm/rbm.h"

#include "num/blas.h"

#include <string.h>

/* field += z W over a complete topology. The rows of partition p in the list of edges are a matrix
 * [size of p, units after p], so one block serves all later partitions. */
static void fields_complete(const struct rbm *m, const float *z, int B, float *field)
{
    const struct topology *T = &m->T;

    for (int p = 0; p + 1 < T->K; p++) {
        int first = T->first[p], n = T->size[p], after = T->first[p + 1], rest = T->N - after;
        const float *W = m->weight + T->row[first];
        blas_gemm_float(field + after, T->N, BLAS_PLAIN, BLAS_PLAIN, B, rest, n, 1.0f, z + first,
                        T->N, W, rest, 1.0f);
        blas_gemm_float(field + first, T->N, BLAS_PLAIN, BLAS_TRANSPOSED, B, n, rest, 1.0f,
                        z + after, T->N, W, rest, 1.0f);
    }
}

static void fields_list(const struct rbm *m, const float *z, int B, float *field)
{
    const struct topology *T = &m->T;

    for (int b = 0; b < B; b++) {
        const float *x = z + (int64_t)b * T->N;
        float *f = field + (int64_t)b * T->N;
        for (int i = 0; i < T->N; i++)
            for (int64_t k = m->near_first[i]; k < m->near_first[i + 1]; k++)
                f[i] += m->near_weight[k] * x[m->near[k]];
    }
}

void rbm_relaxed(const struct rbm *m, const float *z, int B, double *energy, float *gradient,
                 float *work)
{
    const int N = m->T.N;

    memset(work, 0, (size_t)B * (size_t)N * sizeof work[0]);
    if (m->T.kind == TOPOLOGY_COMPLETE)
        fields_complete(m, z, B, work);
    else
        fields_list(m, z, B, work);
    for (int b = 0; b < B; b++) {
        int64_t at = (int64_t)b * N;
        double sum = 0.0;
        for (int i = 0; i < N; i++)
            sum += (double)z[at + i] * ((double)m->bias[i] + 0.5 * (double)work[at + i]);
        energy[b] = -sum;
        if (gradient == NULL) continue;
        for (int i = 0; i < N; i++) gradient[at + i] = -(m->bias[i] + work[at + i]);
    }
}
