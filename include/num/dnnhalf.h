/*
 * dnnhalf.h - products of matrices in bfloat16: 8 bits of exponent and 8 of precision, as the upper
 * half of a float32. Operands are rounded to it, sums are float32.
 *
 * Serves the 2.x and the 3.x C API of oneDNN. All matrices given are row-major float32.
 */
#ifndef NUM_DNNHALF_H
#define NUM_DNNHALF_H

#include <stdint.h>

/* Has this processor instructions for it? */
int dnnhalf_here(void);

struct dnnhalf; /* opaque: oneDNN's objects, one for each kind of product met so far */

struct dnnhalf *dnnhalf_make(void);
void dnnhalf_free(struct dnnhalf *h); /* accepts NULL */

/* Floats of scratch that a product of these sizes needs. */
int64_t dnnhalf_scratch(int64_t M, int64_t N, int64_t K);

/* C [M, N] = op(A) op(B) + beta C, with beta 0 or 1; otherwise as dnn_gemm. */
void dnnhalf_gemm(struct dnnhalf *h, char ta, char tb, int M, int N, int K, const float *A, int lda,
                  const float *B, int ldb, float beta, float *C, int ldc, float *scratch);

/* n numbers rounded to bfloat16, ties to even; NaN stays NaN. */
void dnnhalf_round(uint16_t *y, const float *x, int64_t n);

#endif
