#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "num/dnn.h"
#include "num/dnnhalf.h"
#include "num/kern.h"
#include "num/loops.h"

#include <math.h>
#include <string.h>

static float widened(uint16_t h)
{
    uint32_t bits = (uint32_t)h << 16;
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static float of_bits(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Every instruction set's copy: no neighbour is nearer, and of two as near the even one is taken.
 */
static void rounding_goes_to_the_nearest(void **state)
{
    (void)state;
    enum { N = 4099 };
    float x[N];
    uint16_t y[N];
    struct rng r = rng_at(1, RNG_TEST, 0, 0);

    for (int k = 0; k < kern_count(); k++) {
        for (int i = 0; i < N; i++) x[i] = (2.0f * rng_float(&r) - 1.0f) * exp2f((float)(i % 60));
        for (uint32_t i = 0; i < 64; i++) x[i] = of_bits(0x3f800000u + i * 0x4000u); /* ties */
        loops_at(k)->half(y, x, N);
        for (int i = 0; i < N; i++) {
            double off = fabs((double)widened(y[i]) - (double)x[i]);
            double below = fabs((double)widened((uint16_t)(y[i] - 1)) - (double)x[i]);
            double above = fabs((double)widened((uint16_t)(y[i] + 1)) - (double)x[i]);
            assert_true(off <= below && off <= above);
            if (off == below || off == above) assert_int_equal(y[i] & 1, 0);
        }
        const float odd[] = { 0.0f,
                              -0.0f,
                              INFINITY,
                              -INFINITY,
                              3.4e38f,
                              NAN,
                              of_bits(0x7f800001u),
                              of_bits(0xffffffffu) };
        loops_at(k)->half(y, odd, 8);
        assert_int_equal(y[0], 0);
        assert_int_equal(y[1], 0x8000);
        assert_true(widened(y[2]) == INFINITY && widened(y[3]) == -INFINITY);
        assert_true(widened(y[4]) == INFINITY); /* above the largest, 3.39e38 */
        for (int i = 5; i < 8; i++) assert_true(isnan(widened(y[i])));
    }
}

static float element(const float *x, char t, int ld, int i, int k)
{
    uint16_t h;

    dnnhalf_round(&h, t == 'T' ? &x[(int64_t)k * ld + i] : &x[(int64_t)i * ld + k], 1);
    return widened(h);
}

/* Operands are rounded, sums are float32: K products of numbers in [-1, 1] and their sum, each
 * rounded, are within (K + 1) K 2^-24; 16 (K + 1) 2^-24 is never met. */
static void check(struct dnnhalf *h, char ta, char tb, int M, int N, int K, float beta)
{
    int lda = (ta == 'T' ? M : K) + 3, ldb = (tb == 'T' ? K : N) + 1, ldc = N + 2;
    int64_t na = (int64_t)(ta == 'T' ? K : M) * lda, nb = (int64_t)(tb == 'T' ? N : K) * ldb;
    int64_t room = dnnhalf_scratch(M, N, K);
    float *A = mem_take(na, sizeof *A), *B = mem_take(nb, sizeof *B);
    float *C = mem_take((int64_t)M * ldc, sizeof *C), *scratch = mem_take(room + 1, sizeof *C);
    struct rng r = rng_at(2, RNG_TEST, M * 100 + N, K);

    for (int64_t i = 0; i < na; i++) A[i] = 2.0f * rng_float(&r) - 1.0f;
    for (int64_t i = 0; i < nb; i++) B[i] = 2.0f * rng_float(&r) - 1.0f;
    for (int64_t i = 0; i < (int64_t)M * ldc; i++) C[i] = beta > 0.0f ? 0.5f : NAN;
    scratch[room] = 7.0f;
    dnnhalf_gemm(h, ta, tb, M, N, K, A, lda, B, ldb, beta, C, ldc, scratch);
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            double sum = beta > 0.0f ? 0.5 : 0.0;
            for (int k = 0; k < K; k++)
                sum += (double)element(A, ta, lda, i, k) *
                       (double)element(B, tb == 'T' ? 'N' : 'T', ldb, j, k);
            assert_near((double)C[i * ldc + j], sum, 16.0 * (K + 1) * 0x1p-24);
        }
    assert_true(scratch[room] == 7.0f);
    for (int i = 0; i < M && beta == 0.0f; i++) assert_true(isnan(C[i * ldc + N])); /* not ours */
    mem_free(A);
    mem_free(B);
    mem_free(C);
    mem_free(scratch);
}

static void products_are_those_of_rounded_numbers(void **state)
{
    (void)state;
    static const char form[] = { 'N', 'T' };

    if (!dnnhalf_here()) test_skip("this processor has no bfloat16 arithmetic");
    dnn_init(1);
    struct dnnhalf *h = dnnhalf_make();
    for (int round = 0; round < 2; round++)
        for (int f = 0; f < 8; f++)
            check(h, form[f & 1], form[f >> 1 & 1], 5, 33, 129, (float)(f >> 2));
    for (int K = 1; K < 70; K++) check(h, 'N', 'T', 2, 3, K, 0.0f); /* more kinds than are kept */
    check(h, 'T', 'N', 5, 33, 129, 1.0f);
    check(h, 'N', 'N', 1, 1, 302, 0.0f);
    check(h, 'T', 'N', 3, 5, 0, 0.0f); /* a rank without rows */
    check(h, 'T', 'N', 3, 5, 0, 1.0f);
    dnnhalf_free(h);
}

TEST_MAIN(cmocka_unit_test(rounding_goes_to_the_nearest),
          cmocka_unit_test(products_are_those_of_rounded_numbers))
