/*
 * blas.h - dense products and factorisations in our words, row-major. The one home of OpenBLAS.
 *
 * All matrices are row-major: row i of A starts at A + i * lda. Sizes are ints because BLAS's are.
 * A call with wrong sizes is a bug: die(). Not for rows that must be bit for bit the same whatever
 * travels with them: how a row of a product is rounded depends on how many rows there are.
 */
#ifndef NUM_BLAS_H
#define NUM_BLAS_H

#include "base/err.h"

#include <stdint.h>

/* Threads for every BLAS and LAPACK call of this process, ScaLAPACK's included. Call it at start:
 * the environment is not enough (an openmp build of OpenBLAS ignores OPENBLAS_NUM_THREADS, and
 * ranks that share cores then spin). */
void blas_init(int threads);

/* "SkylakeX", "Haswell", "Zen", ...: the kernels that OpenBLAS chose. Borrowed, for ever. */
const char *blas_core(void);

/* "OpenBLAS 0.3.21 ...", borrowed. */
const char *blas_version(void);

/* True when the CPU has AVX-512 but the kernels do not use it (an OPENBLAS_CORETYPE that was
 * inherited, or an old library): products then run at about half speed. Worth one warning. */
int blas_core_slow(void);

enum blas_op { BLAS_PLAIN, BLAS_TRANSPOSED };

/*
 * C = alpha op(A) op(B) + beta C
 *
 *   C [m, n], op(A) [m, k], op(B) [k, n]; A is stored [k, m] when transposed, B [n, k]
 *   beta = 0 writes C without reading it
 */
void blas_gemm_float(float *C, int ldc, enum blas_op ta, enum blas_op tb, int m, int n, int k,
                     float alpha, const float *A, int lda, const float *B, int ldb, float beta);
void blas_gemm(double *C, int ldc, enum blas_op ta, enum blas_op tb, int m, int n, int k,
               double alpha, const double *A, int lda, const double *B, int ldb, double beta);

/* C = alpha op(A) op(A)^T + beta C, C [n, n]: the lower triangle is read, both are written;
 * op(A) [n, k]: BLAS_TRANSPOSED with A [k, n] gives the Gram matrix A^T A. */
void blas_syrk(double *C, int ldc, enum blas_op ta, int n, int k, double alpha, const double *A,
               int lda, double beta);

/* Workspace that grows to the largest problem it has seen, so that repeated calls do not allocate.
 * Start from { 0 }. */
struct blas_work {
    double *real; /* [reals]; owned */
    int *whole;   /* [wholes]; owned */
    int64_t reals, wholes;
};

void blas_work_free(struct blas_work *k); /* accepts { 0 } */

/*
 * Eigenvalues and eigenvectors of a symmetric matrix (LAPACK dsyevd).
 *
 *   A [n, n]  in: symmetric (one triangle is read); out: row j is the eigenvector of w[j], or
 *             rubbish when vectors = 0
 *   w [n]     eigenvalues, ascending
 *
 * A NaN or an infinity in A, or no convergence, is a sentence.
 */
int blas_eigen(double *A, int n, double *w, int vectors, struct blas_work *k, struct err *e);

/*
 * Singular values, and vectors if asked: A = U diag(s) V^T (LAPACK dgesdd).
 *
 *   A [m, n]   destroyed
 *   s [r]      descending, r = min(m, n)
 *   U [m, r], Vt [r, n]   both NULL: values alone
 */
int blas_singular(double *A, int m, int n, double *s, double *U, double *Vt, struct blas_work *k,
                  struct err *e);

/* A = L L^T for a symmetric positive definite A [n, n]; L replaces the lower triangle, the upper
 * one becomes 0. A matrix that is not positive definite is a sentence that names the minor. */
int blas_cholesky(double *A, int n, struct err *e);

#endif
