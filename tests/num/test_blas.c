#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "num/blas.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int openblas_get_num_threads(void);

/* The larger of two; a NaN wins. */
static double most(double a, double x)
{
    return x > a || x != x ? x : a;
}

static double *random_matrix(int m, int n, int ld, int item)
{
    double *A = mem_take((int64_t)m * ld, sizeof *A);
    struct rng r = rng_at(11, RNG_TEST, item, 0);

    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) A[i * ld + j] = 2 * rng_uniform(&r) - 1;
    return A;
}

static double at(const double *A, int ld, enum blas_op t, int i, int j)
{
    return t == BLAS_TRANSPOSED ? A[j * ld + i] : A[i * ld + j];
}

/* The definition, in double: largest |C - want| over the matrix. Entries are within [-1, 1], so a
 * sum of k products in precision eps is off by at most about k (k |alpha|) eps. */
static void product(enum blas_op ta, enum blas_op tb, int m, int n, int k, double beta)
{
    enum { PAD = 3 };
    int lda = (ta ? m : k) + PAD, ldb = (tb ? k : n) + PAD, ldc = n + PAD;
    double *A = random_matrix(ta ? k : m, lda - PAD, lda, 1), alpha = 0.75;
    double *B = random_matrix(tb ? n : k, ldb - PAD, ldb, 2), *C = random_matrix(m, n, ldc, 3);
    float *a = mem_take((int64_t)(ta ? k : m) * lda, sizeof *a), *c = mem_take(m * ldc, sizeof *c);
    float *b = mem_take((int64_t)(tb ? n : k) * ldb, sizeof *b);
    double *want = mem_take(m * ldc, sizeof *want), worst = 0, worst_float = 0;

    for (int i = 0; i < (ta ? k : m) * lda; i++) A[i] = a[i] = (float)A[i];
    for (int i = 0; i < (tb ? n : k) * ldb; i++) B[i] = b[i] = (float)B[i];
    for (int i = 0; i < m * ldc; i++) C[i] = c[i] = (float)C[i];
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int l = 0; l < k; l++) sum += at(A, lda, ta, i, l) * at(B, ldb, tb, l, j);
            want[i * ldc + j] = alpha * sum + beta * C[i * ldc + j];
            if (beta == 0) C[i * ldc + j] = c[i * ldc + j] = NAN; /* must not be read */
        }
    blas_gemm(C, ldc, ta, tb, m, n, k, alpha, A, lda, B, ldb, beta);
    blas_gemm_float(c, ldc, ta, tb, m, n, k, (float)alpha, a, lda, b, ldb, (float)beta);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < ldc; j++) { /* the padding stays 0 */
            worst = most(worst, fabs(C[i * ldc + j] - want[i * ldc + j]));
            worst_float = most(worst_float, fabs(c[i * ldc + j] - want[i * ldc + j]));
            assert_true(C[i * ldc + j] == C[i * ldc + j] && c[i * ldc + j] == c[i * ldc + j]);
        }
    assert_near(worst, 0, (k + 2) * (k + 2) * DBL_EPSILON);
    assert_near(worst_float, 0, (k + 2) * (k + 2) * (double)FLT_EPSILON);
    mem_free(A);
    mem_free(B);
    mem_free(C);
    mem_free(a);
    mem_free(b);
    mem_free(c);
    mem_free(want);
}

static void products_are_those_of_the_definition(void **state)
{
    (void)state;
    int size[][3] = { { 1, 1, 1 }, { 3, 5, 7 }, { 17, 2, 33 }, { 40, 31, 1 }, { 4, 6, 0 } };

    for (int s = 0; s < 5; s++)
        for (int t = 0; t < 4; t++)
            for (int b = 0; b < 2; b++)
                product(t & 1 ? BLAS_TRANSPOSED : BLAS_PLAIN, t & 2 ? BLAS_TRANSPOSED : BLAS_PLAIN,
                        size[s][0], size[s][1], size[s][2], b ? 0.5 : 0);
}

static void a_gram_matrix_is_symmetric_and_a_product(void **state)
{
    (void)state;
    enum { N = 13, K = 29 };

    for (int t = 0; t < 2; t++) {
        int rows = t ? K : N, columns = t ? N : K;
        enum blas_op plain = t ? BLAS_TRANSPOSED : BLAS_PLAIN;
        double *A = random_matrix(rows, columns, columns, 4), C[N * N], D[N * N];
        for (int i = 0; i < N * N; i++) C[i] = D[i] = i % N + i / N; /* symmetric */
        blas_syrk(C, N, plain, N, K, 2, A, columns, 0.25);
        blas_gemm(D, N, plain, t ? BLAS_PLAIN : BLAS_TRANSPOSED, N, N, K, 2, A, columns, A, columns,
                  0.25);
        for (int i = 0; i < N * N; i++) {
            assert_near(C[i], D[i], 2 * K * K * DBL_EPSILON + 2 * N * DBL_EPSILON);
            assert_true(C[i] == C[i % N * N + i / N]);
        }
        mem_free(A);
    }
}

enum kind { RANDOM, DEGENERATE, ONES, ZERO, LAPLACE, KINDS };

/* A symmetric matrix, and its eigenvalues where they are known. */
static int fill(double *A, int n, enum kind kind, double *w)
{
    double *R = random_matrix(n, n, n, n);

    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
            double x = kind == RANDOM ? R[i * n + j] + R[j * n + i] : kind == ONES;
            if (kind == DEGENERATE) x = i == j ? 1 + i % 3 : 0;
            if (kind == LAPLACE) x = i == j ? 2 : abs(i - j) == 1 ? -1 : 0;
            A[i * n + j] = x;
        }
        if (kind == LAPLACE)
            w[i] = 2 - 2 * cos((i + 1) * acos(-1) / (n + 1));
        else if (kind == DEGENERATE)
            w[i] = i < (n + 2) / 3 ? 1 : i < (n + 2) / 3 + (n + 1) / 3 ? 2 : 3;
        else
            w[i] = kind == ONES && i == n - 1 ? n : 0;
    }
    mem_free(R);
    return kind != RANDOM;
}

/* max |A z - w z| and max |Z Z^T - 1|: backward stable, so within c n eps max|w| and c n eps;
 * c = 10 leaves room for LAPACK's modest constants. */
static void eigen_of(int n, enum kind kind, struct blas_work *k)
{
    double *A = mem_take(n * n, sizeof *A), *Z = mem_take(n * n, sizeof *Z),
           *v = mem_take(n, sizeof(double));
    double *w = mem_take(n, sizeof *w), *known = mem_take(n, sizeof *known), top = 0, off = 0;
    double residual = 0, skew = 0, change = 0;
    struct err e = { "" };

    int is_known = fill(A, n, kind, known);
    memcpy(Z, A, (size_t)(n * n) * sizeof *A);
    int status = blas_eigen(Z, n, w, 1, k, &e);
    for (int i = 0; i < n; i++) top = most(top, fabs(w[i]));
    for (int j = 0; j < n; j++) {
        for (int i = 0; i < n; i++) {
            double r = -w[j] * Z[j * n + i], dot = -(i == j);
            for (int l = 0; l < n; l++) {
                r += A[i * n + l] * Z[j * n + l];
                dot += Z[i * n + l] * Z[j * n + l];
            }
            residual = most(residual, fabs(r));
            skew = most(skew, fabs(dot));
        }
        if (is_known) off = most(off, fabs(w[j] - known[j]));
        if (j > 0) assert_true(w[j] >= w[j - 1]);
    }
    status |= blas_eigen(A, n, v, 0, k, &e);
    for (int i = 0; i < n; i++) change = most(change, fabs(v[i] - w[i]));
    assert_int_equal(status, 0);
    assert_near(residual, 0, 10 * n * DBL_EPSILON * top);
    assert_near(skew, 0, 10 * n * DBL_EPSILON);
    assert_near(off, 0, 10 * n * DBL_EPSILON * top);
    assert_near(change, 0, 10 * n * DBL_EPSILON * top);
    mem_free(A);
    mem_free(Z);
    mem_free(w);
    mem_free(v);
    mem_free(known);
}

static void eigenvectors_have_no_residual_and_are_orthogonal(void **state)
{
    (void)state;
    int sizes[] = { 1, 2, 3, 7, 30, 64, 90 };
    struct blas_work k = { 0 };

    for (int s = 0; s < 7; s++)
        for (int kind = 0; kind < KINDS; kind++) eigen_of(sizes[s], (enum kind)kind, &k);
    blas_work_free(&k);
    blas_work_free(&k);
}

/* A = U diag(s) V^T again, U and V orthogonal, s falling, and the sum of squares is that of A. */
static void singular_of(int m, int n, struct blas_work *k)
{
    int r = m < n ? m : n;
    double *A = random_matrix(m, n, n, m * 100 + n), *B = mem_take(m * n, sizeof *B), squares = 0;
    double *s = mem_take(r, sizeof *s), *t = mem_take(r, sizeof *t),
           *U = mem_take(m * r, sizeof *U);
    double *Vt = mem_take(r * n, sizeof *Vt), *G = mem_take(r * r, sizeof *G);
    double tolerance = 10 * (m + n) * DBL_EPSILON;
    struct err e = { "" };

    memcpy(B, A, (size_t)(m * n) * sizeof *A);
    assert_int_equal(blas_singular(B, m, n, s, U, Vt, k, &e), 0);
    memcpy(B, A, (size_t)(m * n) * sizeof *A);
    assert_int_equal(blas_singular(B, m, n, t, NULL, NULL, k, &e), 0);
    for (int i = 0; i < r; i++) {
        assert_near(s[i], t[i], tolerance * s[0]);
        assert_true(s[i] >= 0 && (i == 0 || s[i] <= s[i - 1]));
    }
    for (int i = 0; i < m * n; i++) {
        double x = 0;
        for (int l = 0; l < r; l++) x += U[i / n * r + l] * s[l] * Vt[l * n + i % n];
        assert_near(x, A[i], tolerance * s[0]);
        squares += A[i] * A[i];
    }
    for (int i = 0; i < r; i++) squares -= s[i] * s[i];
    assert_near(squares, 0, tolerance * r * s[0] * s[0]);
    blas_syrk(G, r, BLAS_TRANSPOSED, r, m, 1, U, r, 0);
    for (int i = 0; i < r * r; i++) assert_near(G[i], i / r == i % r, tolerance);
    blas_syrk(G, r, BLAS_PLAIN, r, n, 1, Vt, n, 0);
    for (int i = 0; i < r * r; i++) assert_near(G[i], i / r == i % r, tolerance);
    mem_free(A);
    mem_free(B);
    mem_free(s);
    mem_free(t);
    mem_free(U);
    mem_free(Vt);
    mem_free(G);
}

static void singular_vectors_give_the_matrix_back(void **state)
{
    (void)state;
    int size[][2] = { { 1, 1 }, { 5, 1 }, { 1, 6 }, { 20, 7 }, { 7, 20 }, { 40, 40 } };
    struct blas_work k = { 0 };

    for (int i = 0; i < 6; i++) singular_of(size[i][0], size[i][1], &k);
    blas_work_free(&k);
}

static void a_second_call_takes_no_memory(void **state)
{
    (void)state;
    enum { N = 24 };
    struct blas_work k = { 0 };
    struct err e = { "" };
    double *A = random_matrix(N, N, N, 9), w[N], U[N * N], Vt[N * N];

    blas_eigen(A, N, w, 1, &k, &e);
    blas_singular(A, N, N, w, U, Vt, &k, &e);
    double *real = k.real;
    int *whole = k.whole;
    for (int i = 0; i < 3; i++) {
        blas_eigen(A, N - i, w, 1, &k, &e);
        blas_singular(A, N, N - i, w, U, Vt, &k, &e);
    }
    assert_true(k.real == real && k.whole == whole);
    blas_work_free(&k);
    mem_free(A);
}

static void a_cholesky_factor_squares_to_the_matrix(void **state)
{
    (void)state;
    enum { N = 19 };
    struct err e = { "" };
    double *R = random_matrix(N, N, N, 8), A[N * N], L[N * N], C[N * N];

    blas_syrk(A, N, BLAS_PLAIN, N, N, 1, R, N, 0);
    for (int i = 0; i < N; i++) A[i * N + i] += 1;
    memcpy(L, A, sizeof A);
    assert_int_equal(blas_cholesky(L, N, &e), 0);
    for (int i = 0; i < N; i++)
        for (int j = i + 1; j < N; j++) assert_true(L[i * N + j] == 0);
    blas_syrk(C, N, BLAS_PLAIN, N, N, 1, L, N, 0);
    for (int i = 0; i < N * N; i++) assert_near(C[i], A[i], 10 * N * DBL_EPSILON * 2 * N);
    A[5 * N + 5] = -1; /* the 6th minor is the first without a root */
    assert_int_equal(blas_cholesky(A, N, &e), -1);
    assert_string_equal(e.text,
                        "a 19 x 19 matrix is not positive definite (its leading minor of order 6)");
    mem_free(R);
}

static void a_matrix_with_a_nan_is_refused(void **state)
{
    (void)state;
    struct blas_work k = { 0 };
    struct err e = { "" }, f = { "" };
    double A[] = { 1, 0, 0, 2, NAN, 0, 0, INFINITY, 4 }, w[3];

    assert_int_equal(blas_eigen(A, 3, w, 1, &k, &e), -1);
    assert_string_equal(e.text,
                        "the 3 x 3 matrix whose eigenvalues are asked for holds nan at [1,1]");
    A[4] = 1;
    assert_int_equal(blas_singular(A, 3, 3, w, NULL, NULL, &k, &f), -1);
    assert_string_equal(f.text,
                        "the 3 x 3 matrix whose singular values are asked for holds inf at [2,1]");
    blas_work_free(&k);
}

static void the_library_says_what_it_is(void **state)
{
    (void)state;
    blas_init(2);
    assert_int_equal(openblas_get_num_threads(), 2);
    blas_init(1);
    assert_int_equal(openblas_get_num_threads(), 1);
    assert_true(strlen(blas_core()) > 1);
    assert_non_null(strstr(blas_version(), "OpenBLAS"));
    if (strcmp(blas_core(), "SkylakeX") == 0) assert_false(blas_core_slow());
}

TEST_MAIN(cmocka_unit_test(products_are_those_of_the_definition),
          cmocka_unit_test(a_gram_matrix_is_symmetric_and_a_product),
          cmocka_unit_test(eigenvectors_have_no_residual_and_are_orthogonal),
          cmocka_unit_test(singular_vectors_give_the_matrix_back),
          cmocka_unit_test(a_second_call_takes_no_memory),
          cmocka_unit_test(a_cholesky_factor_squares_to_the_matrix),
          cmocka_unit_test(a_matrix_with_a_nan_is_refused),
          cmocka_unit_test(the_library_says_what_it_is))
