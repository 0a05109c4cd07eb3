#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "num/dnn.h"

#include <math.h>
#include <string.h>

enum { PAD = 3 }; /* floats behind each row that must stay as they are */

static float *filled(int rows, int columns, int64_t item)
{
    struct rng r = rng_at(1, RNG_TEST, item, 0);
    float *x = mem_take((int64_t)rows * columns, sizeof *x);

    for (int i = 0; i < rows * columns; i++) x[i] = 2.0f * rng_float(&r) - 1.0f;
    return x;
}

/* All four forms against the sum itself in double. A float sum of K products of numbers in [-1, 1]
 * is off by at most K * K * 2^-24 in any order. */
static void check(char ta, char tb, int M, int N, int K, float alpha, float beta)
{
    int lda = (ta == 'N' ? K : M) + PAD, ldb = (tb == 'N' ? N : K) + PAD, ldc = N + PAD;
    float *A = filled(ta == 'N' ? M : K, lda, 1), *B = filled(tb == 'N' ? K : N, ldb, 2);
    float *C = filled(M, ldc, 3), *old = filled(M, ldc, 3);

    if (beta == 0.0f) C[0] = NAN; /* must not be read */
    dnn_gemm(ta, tb, M, N, K, alpha, A, lda, B, ldb, beta, C, ldc);
    for (int m = 0; m < M; m++) {
        for (int n = 0; n < N; n++) {
            double sum = 0.0;
            for (int k = 0; k < K; k++)
                sum += (double)(ta == 'N' ? A[m * lda + k] : A[k * lda + m]) *
                       (double)(tb == 'N' ? B[k * ldb + n] : B[n * ldb + k]);
            sum *= (double)alpha;
            if (beta != 0.0f) sum += (double)beta * (double)old[m * ldc + n];
            assert_near((double)C[m * ldc + n], sum, (K + 2.0) * (K + 2.0) * 0x1p-24);
        }
        for (int n = N; n < ldc; n++) assert_true(C[m * ldc + n] == old[m * ldc + n]);
    }
    mem_free(A);
    mem_free(B);
    mem_free(C);
    mem_free(old);
}

static void products_are_the_sums_they_stand_for(void **state)
{
    (void)state;
    const int size[][3] = { { 1, 1, 1 }, { 5, 7, 9 }, { 64, 33, 17 }, { 3, 129, 65 } };

    dnn_init(1);
    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
        for (int form = 0; form < 4; form++) {
            char ta = form & 1 ? 'T' : 'N', tb = form & 2 ? 'T' : 'N';
            check(ta, tb, size[i][0], size[i][1], size[i][2], 1.0f, 0.0f);
            check(ta, tb, size[i][0], size[i][1], size[i][2], 0.5f, 1.0f);
        }
    }
}

static void the_version_says_its_name(void **state)
{
    (void)state;
    char text[64];

    dnn_version(text, sizeof text);
    assert_memory_equal(text, "oneDNN ", 7);
    assert_true(text[7] >= '1' && text[7] <= '9');
}

TEST_MAIN(cmocka_unit_test(products_are_the_sums_they_stand_for),
          cmocka_unit_test(the_version_says_its_name))
