/*
 * conv.h - 3-D convolution, its adjoint and its weights' gradient.
 *
 *   y[b, o, j] = sum_{c, k} W[j, k, c] x[b, o stride + k, c]
 *
 * Tensors are channels last: x [B, in, from], y [B, out, to], W [to, kernel, from], each place (z,
 * phi, r) with r the fastest; no padding (nn has layers for that), no bias. A transposed
 * convolution is the adjoint with x as its output: PyTorch's ConvTranspose3d(to, from). One set of
 * weights and three functions serve both.
 *
 * Two ways, chosen by the shape alone when made: oneDNN's direct kernels, and products of columns
 * (num/dnn), which are the faster ones for many channels on few places and for very few channels.
 * One channel with taps along z alone takes plain loops, in float32.
 */
#ifndef NUM_CONV_H
#define NUM_CONV_H

#include "num/dnnconv.h"

#include <stdint.h>

enum { CONV_ROWS = 16 }; /* that a direct kernel takes at a time */

struct conv {
    struct conv_shape s;
    int64_t x_row, y_row, columns; /* floats of a row of x, of y, and of its columns */
    int flat;                      /* a row of x is its own column matrix */
    int rows;                      /* that are made columns of at a time */
    struct dnnconv *many, *one;    /* of CONV_ROWS rows and of one; NULL: products; owned */
    int stack;                     /* one channel, taps along z alone: plain loops */
    int half;                      /* computes in bfloat16 */
    struct dnnhalf *products;      /* then; NULL with direct kernels; owned */
};

/* The positions of y, or -1 where the kernel does not fit. */
int conv_out(int in, int kernel, int stride);

/* s.out is worked out from the rest; sizes must fit. direct = 0: products in any case.
 * half: x, y and weights are rounded to bfloat16 where they are multiplied; sums are float32. */
void conv_init(struct conv *c, const struct conv_shape *s, int direct, int half);
void conv_free(struct conv *c); /* accepts { 0 } */

/* Floats of scratch that the three functions need for up to B rows. */
int64_t conv_scratch(const struct conv *c, int B);

/* add != 0: y += and x += instead of y = and x =. */
void conv_forward(const struct conv *c, float *y, const float *x, const float *W, int B, int add,
                  float *scratch);
void conv_adjoint(const struct conv *c, float *x, const float *y, const float *W, int B, int add,
                  float *scratch);

/* dW += */
void conv_weights(const struct conv *c, float *dW, const float *x, const float *y, int B,
                  float *scratch);

/* Multiplications and additions of one row, each of the three. */
double conv_flops(const struct conv_shape *s);

#endif
