/*
 * dnnconv.h - 3-D convolutions by oneDNN's direct kernels, for a fixed number of rows at a time.
 *
 * Serves the 2.x and the 3.x C API. Tensors are channels last (see num/conv.h), which the library
 * reads as they are; weights are packed into the layout that it prefers, once a call. Kernels are
 * chosen when made, never in a call.
 */
#ifndef NUM_DNNCONV_H
#define NUM_DNNCONV_H

/* One convolution without padding: y [out] from x [in], out = (in - kernel) / stride + 1. */
struct conv_shape {
    int from, to;      /* channels of x and of y */
    int in[3], out[3]; /* positions of x and of y */
    int kernel[3], stride[3];
};

enum dnnconv_way {
    DNNCONV_FORWARD, /* y from x and weights */
    DNNCONV_ADJOINT, /* x from y and weights */
    DNNCONV_WEIGHTS, /* weights' gradient from x and y */
    DNNCONV_WAYS
};

struct dnnconv; /* opaque: oneDNN's objects */

/* Kernels of all three ways for exactly `rows` rows. NULL when the library has none that is fast
 * for this shape (its reference code, or products of columns, which num/conv does better). half:
 * x, y and weights are taken in bfloat16 where they are read; what is computed is float32. */
struct dnnconv *dnnconv_make(const struct conv_shape *s, int rows, int half);
void dnnconv_free(struct dnnconv *k); /* accepts NULL */

/* Take the weights [to, kernel, from] for calls of this way (not WEIGHTS), until taken anew. */
void dnnconv_pack(struct dnnconv *k, enum dnnconv_way way, const float *weights);

/* What is computed is overwritten: x [rows, in, from], y [rows, out, to], or for WEIGHTS dw [to,
 * kernel, from] (NULL otherwise). What is read of x and y is uint16_t with half, else float. */
void dnnconv_run(struct dnnconv *k, enum dnnconv_way way, void *x, void *y, float *dw);

#endif
