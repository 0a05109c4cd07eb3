/*
 * loops.h - the loops of networks over plain floats, compiled once per instruction set.
 *
 * Rows of C channels lie one behind the other, n numbers in all (a multiple of C). Every copy gives
 * the same bits: no FMA, sums in a fixed order. `add`: += instead of =. Outputs overlap no input
 * unless it says so.
 */
#ifndef NUM_LOOPS_H
#define NUM_LOOPS_H

#include <stddef.h>
#include <stdint.h>

struct loops_adam {
    float rate, factor, l2, keep; /* step size; of the gradient; decay in it; decoupled decay */
    float beta1, beta2, epsilon;
};

struct loops {
    /* y = x times_k + plus_k */
    void (*affine)(float *y, const float *x, const float *times, const float *plus, size_t C,
                   size_t n);
    /* y = a_k d + b_k x + c_k */
    void (*affine2)(float *y, const float *d, const float *x, const float *a, const float *b,
                    const float *c, size_t C, size_t n, int add);
    /* sum_k = sum of d, product_k = sum of d x */
    void (*sums)(float *sum, float *product, const float *d, const float *x, size_t C, size_t n);
    /* y = x for x > 0, else slope_k x */
    void (*prelu)(float *y, const float *x, const float *slope, size_t C, size_t n);
    /* dx from dy; dslope_k += sum of dy x where x <= 0. dx may be NULL */
    void (*prelu_back)(float *dx, float *dslope, const float *dy, const float *x,
                       const float *slope, size_t C, size_t n, int add);
    /* y = x sigma(x) */
    void (*silu)(float *y, const float *x, size_t n);
    void (*silu_back)(float *dx, const float *dy, const float *x, size_t n, int add);
    /* rows of d numbers, `stride` floats apart: softmax, times `times`, in place */
    void (*soften)(float *x, int rows, int d, int stride, float times);
    /* in place: dy of such a softmax y to dx */
    void (*harden)(float *dy, const float *y, int rows, int d, int stride, float times);
    /* the same for each of the d columns; scratch [2 d] */
    void (*soften_columns)(float *x, int rows, int d, int stride, float *scratch);
    void (*harden_columns)(float *dy, const float *y, int rows, int d, int stride, float *scratch);
    /* y = x rounded to bfloat16, its upper half: ties to even, NaN stays one */
    void (*half)(uint16_t *y, const float *x, size_t n);
    /* one update of nn/optim's Adam: x, first and second move */
    void (*adam)(float *x, const float *g, float *first, float *second, int64_t n,
                 const struct loops_adam *m);
};

/* For the best instruction set of this processor; all there are, i = 0 the plainest. */
const struct loops *loops_best(void);
const struct loops *loops_at(int i); /* i < kern_count() */

#endif
