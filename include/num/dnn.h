/*
 * dnn.h - oneDNN in our words, its one home. Serves the 2.x and the 3.x C API.
 *
 * All matrices are row-major float32.
 */
#ifndef NUM_DNN_H
#define NUM_DNN_H

#include <stddef.h>

/* Threads of oneDNN's pool (>= 1); to be called once, before the first product. Without it an
 * OpenMP build takes every core it sees, whatever the other ranks do. */
void dnn_init(int threads);

/* C [M, N] = alpha op(A) op(B) + beta C, op(A) [M, K], op(B) [K, N].
 * ta, tb: 'N' as stored, 'T' transposed; lda, ldb, ldc: floats from one stored row to the next.
 * beta = 0 never reads C. A row of C may depend, in its last bits, on how many rows travel with it.
 */
void dnn_gemm(char ta, char tb, int M, int N, int K, float alpha, const float *A, int lda,
              const float *B, int ldb, float beta, float *C, int ldc);

/* "oneDNN 2.6.3", for --version; into text[n]. */
void dnn_version(char *text, size_t n);

#endif
