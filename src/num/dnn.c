#include "num/dnn.h"

#include "base/err.h"

#include <oneapi/dnnl/dnnl.h>

#include <dlfcn.h>
#include <stdio.h>

/* oneDNN has no call for its number of threads: it takes OpenMP's. We are not compiled with OpenMP
 * and must not ask for a second runtime, so the one that came with the library is looked up; a
 * build without OpenMP (sequential, TBB) has none. */
void dnn_init(int threads)
{
    void (*set)(int) = NULL;
    void *self = dlopen(NULL, RTLD_NOW);

    if (threads < 1) die("oneDNN with %d threads", threads);
    if (self == NULL) return;
    *(void **)&set = dlsym(self, "omp_set_num_threads");
    if (set != NULL) set(threads);
    dlclose(self);
}

void dnn_gemm(char ta, char tb, int M, int N, int K, float alpha, const float *A, int lda,
              const float *B, int ldb, float beta, float *C, int ldc)
{
    if (M == 0 || N == 0 || (K == 0 && beta == 1.0f)) return;
    dnnl_status_t status = dnnl_sgemm(ta, tb, M, N, K, alpha, A, lda, B, ldb, beta, C, ldc);
    if (status != dnnl_success)
        die("dnnl_sgemm %c%c %d x %d x %d: status %d", ta, tb, M, N, K, (int)status);
}

void dnn_version(char *text, size_t n)
{
    const dnnl_version_t *v = dnnl_version();

    snprintf(text, n, "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
}
