#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "num/blas.h"
#include "par/scalapack.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The sanitizers slow every message (they unwind the stack at each malloc of MPI's): fewer, smaller
 * sizes there. */
#if defined __SANITIZE_ADDRESS__
enum { LARGEST = 34, STEP = 11 };
#else
enum { LARGEST = 130, STEP = 1 };
#endif
enum kind { RANDOM, DEGENERATE, ONES, ZERO, LAPLACE, KINDS };

/* The judge's verdict over many problems: what went wrong first, and how far from right at most. */
struct verdict {
    int bad;
    double worst; /* largest error / its limit */
    char first[256];
};

static void judge(struct verdict *v, double error, double limit, const char *what,
                  const struct spread *A, enum kind kind)
{
    if (error > v->worst * limit) v->worst = error / limit;
    if (error <= limit) return;
    if (v->bad++ == 0)
        snprintf(v->first, sizeof v->first,
                 "%s is %g, at most %g: %d x %d, nb %d, grid %d x %d, "
                 "kind %d",
                 what, error, limit, A->m, A->n, A->nb, A->grid.rows, A->grid.columns, (int)kind);
}

static void pronounce(struct verdict *v)
{
    if (v->bad) print_error("%d wrong; the first: %s\n", v->bad, v->first);
    assert_true(test_agree(v->bad == 0));
}

/* A matrix [m, n], the same on every rank. */
static double *matrix(int m, int n, enum kind kind)
{
    double *A = mem_take((int64_t)m * n, sizeof *A);
    struct rng r = rng_at(3, RNG_TEST, m * 1000 + n, kind);

    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double x = kind == ONES;
            if (kind == DEGENERATE) x = i == j ? 1 + i % 3 : 0;
            if (kind == LAPLACE) x = i == j ? 2 : abs(i - j) == 1 ? -1 : 0;
            if (kind == RANDOM) x = 2 * rng_uniform(&r) - 1;
            A[(int64_t)i * n + j] = x;
        }
    if (kind == RANDOM && m == n)
        for (int i = 0; i < n; i++)
            for (int j = 0; j < i; j++) A[(int64_t)i * n + j] = A[(int64_t)j * n + i];
    return A;
}

static void spread_out(struct spread *S, const struct grid *g, const double *A, int m, int n,
                       int nb)
{
    spread_init(S, g, m, n, nb);
    spread_from_rows(S, A + block_of(m, g->P->rank, g->P->size).first * n);
}

/* The whole matrix on every rank; the caller frees. */
static double *collect(const struct spread *S)
{
    const struct par *P = S->grid.P;
    struct block mine = block_of(S->m, P->rank, P->size);
    double *rows = mem_take(mine.count * S->n, sizeof *rows);
    double *all = mem_take((int64_t)S->m * S->n, sizeof *all);

    spread_to_rows(S, rows);
    par_allgather(P, rows, mine.count * S->n * (int64_t)sizeof *rows, all);
    mem_free(rows);
    return all;
}

/* The largest |x|; a NaN wins. */
static double largest(const double *x, int64_t n)
{
    double top = 0;
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(x[i]) <= top)) top = fabs(x[i]);
    return top;
}

/* max |Q^T Q - 1| over the columns of Q [m, n] (or its rows). */
static double skew(const double *Q, int m, int n, enum blas_op columns_or_rows)
{
    int size = columns_or_rows == BLAS_TRANSPOSED ? n : m;
    double *G = mem_take((int64_t)size * size, sizeof *G);

    blas_syrk(G, size, columns_or_rows, size, m + n - size, 1, Q, n, 0);
    for (int i = 0; i < size; i++) G[(int64_t)i * size + i] -= 1;
    double top = largest(G, (int64_t)size * size);
    mem_free(G);
    return top;
}

/*
 * |A Z - Z W| <= c n eps |A| and |Z^T Z - 1| <= c n eps for a backward stable solver (Householder
 * and orthogonal divide and conquer), |A| the spectral norm and c = 10 for modest constants.
 * Eigenvalues: Weyl gives |w - w_LAPACK| <= twice the backward error.
 */
static void eigen_problem(struct verdict *v, const struct grid *g, int n, int nb, enum kind kind)
{
    double *A = matrix(n, n, kind), *R = mem_take((int64_t)n * n, sizeof *R);
    double *w = mem_take(2 * (int64_t)n, sizeof *w), *known = w + n;
    struct blas_work k = { 0 };
    struct spread S, T;
    struct err e = { "" };

    spread_out(&S, g, A, n, n, nb);
    spread_init(&T, g, n, n, nb);
    int status = scalapack_eigen(&S, w, &T, &e);
    if (status) print_error("%s\n", e.text);
    double *Z = collect(&T), norm = fmax(fabs(w[0]), fabs(w[n - 1])), limit = 10 * n * DBL_EPSILON;
    for (int64_t i = 0; i < (int64_t)n * n; i++) R[i] = Z[i] * w[i % n];
    blas_gemm(R, n, BLAS_PLAIN, BLAS_PLAIN, n, n, n, 1, A, n, Z, n, -1);
    judge(v, largest(R, (int64_t)n * n), limit * norm, "residual", &S, kind);
    judge(v, skew(Z, n, n, BLAS_TRANSPOSED), limit, "|Z^T Z - 1|", &S, kind);
    blas_eigen(A, n, known, 0, &k, &e);
    for (int i = 0; i < n; i++) known[i] -= w[i];
    judge(v, largest(known, n), 2 * limit * norm, "difference to dsyevd", &S, kind);
    judge(v, -status, 0, "status", &S, kind);
    spread_free(&S);
    spread_free(&T);
    blas_work_free(&k);
    mem_free(A);
    mem_free(R);
    mem_free(w);
    mem_free(Z);
}

/* As above for A = U diag(s) V^T; vectors = 0: values alone. */
static void singular_problem(struct verdict *v, const struct grid *g, int m, int n, int nb,
                             enum kind kind, int vectors)
{
    int r = m < n ? m : n;
    double *A = matrix(m, n, kind), *s = mem_take(2 * (int64_t)r, sizeof *s), *known = s + r;
    double limit = 10 * (m + n) * DBL_EPSILON;
    struct blas_work k = { 0 };
    struct spread S, U, Vt;
    struct err e = { "" };

    spread_out(&S, g, A, m, n, nb);
    spread_init(&U, g, m, r, nb);
    spread_init(&Vt, g, r, n, nb);
    int status = scalapack_singular(&S, s, vectors ? &U : NULL, vectors ? &Vt : NULL, &e);
    if (status) print_error("%s\n", e.text);
    if (vectors) {
        double *u = collect(&U), *t = collect(&Vt), *R = matrix(m, n, kind);
        judge(v, skew(u, m, r, BLAS_TRANSPOSED), limit, "|U^T U - 1|", &S, kind);
        judge(v, skew(t, r, n, BLAS_PLAIN), limit, "|V^T V - 1|", &S, kind);
        for (int64_t i = 0; i < (int64_t)m * r; i++) u[i] *= s[i % r];
        blas_gemm(R, n, BLAS_PLAIN, BLAS_PLAIN, m, n, r, -1, u, r, t, n, 1);
        judge(v, largest(R, (int64_t)m * n), limit * s[0], "residual", &S, kind);
        mem_free(u);
        mem_free(t);
        mem_free(R);
    }
    blas_singular(A, m, n, known, NULL, NULL, &k, &e);
    for (int i = 0; i < r; i++) known[i] -= s[i];
    judge(v, largest(known, r), 2 * limit * s[0], "difference to dgesdd", &S, kind);
    judge(v, -status, 0, "status", &S, kind);
    spread_free(&S);
    spread_free(&U);
    spread_free(&Vt);
    blas_work_free(&k);
    mem_free(A);
    mem_free(s);
}

/* Grids of 1 to 3 ranks; those that use every rank are the point of this rank count. */
static int grids(struct grid out[5], int all)
{
    static const int shape[][2] = { { 1, 1 }, { 1, 2 }, { 2, 1 }, { 1, 3 }, { 3, 1 } };
    const struct par *P = test_par();
    int n = 0;

    for (int i = 0; i < 5; i++) {
        int places = shape[i][0] * shape[i][1];
        if (places <= P->size && (places == P->size) == all)
            out[n++] = grid_of(P, shape[i][0], shape[i][1]);
    }
    return n;
}

/* Every size on 1 x 1, 1 x 2, 1 x 3 and 3 x 1; 2 x 1 shows nothing that 3 x 1 does not. */
static int step(const struct grid *g)
{
    return g->rows == 2 ? 11 : STEP;
}

/* Kinds take turns, so that neighbouring sizes see all of them. */
static void every_size_has_true_eigenvectors(void **state)
{
    (void)state;
    struct verdict v = { 0 };
    struct grid g[5];
    int count = grids(g, 1);

    for (int i = 0; i < count; i++)
        for (int n = 1; n <= LARGEST; n += step(&g[i]))
            eigen_problem(&v, &g[i], n, 8, (enum kind)(n % KINDS));
    pronounce(&v);
}

static void every_block_size_and_kind_has_true_eigenvectors(void **state)
{
    (void)state;
    static const int blocks[] = { 1, 3, 32, 64 }, sizes[] = { 1, 2, 3, 5, 9, 33, 66, 100 };
    struct verdict v = { 0 };
    struct grid g[5];
    int count = grids(g, 1);

    for (int i = 0; i < count; i++)
        for (int s = 0; s < 8; s++)
            for (int b = 0; b < 4; b++)
                for (int k = 0; k < KINDS; k++)
                    if (STEP == 1 ? sizes[s] < 20 || k == (s + b) % KINDS
                                  : sizes[s] <= LARGEST && k == s % KINDS)
                        eigen_problem(&v, &g[i], sizes[s], blocks[b], (enum kind)k);
    pronounce(&v);
}

static void ranks_outside_the_grid_get_the_eigenvalues_too(void **state)
{
    (void)state;
    struct verdict v = { 0 };
    struct grid g[5];
    int count = grids(g, 0);

    for (int i = 0; i < count; i++)
        for (int n = 1; n <= 41; n += 10) eigen_problem(&v, &g[i], n, 4, (enum kind)(n / 10));
    for (int i = 0; i < count; i++) singular_problem(&v, &g[i], 12, 17, 4, RANDOM, i % 2);
    pronounce(&v);
}

static void every_size_has_the_singular_values_of_lapack(void **state)
{
    (void)state;
    struct verdict v = { 0 };
    struct grid g[5];
    int count = grids(g, 1);

    for (int i = 0; i < count; i++)
        for (int n = 1; n <= LARGEST; n += step(&g[i]))
            singular_problem(&v, &g[i], n, n, 8, (enum kind)(n % KINDS), n % 16 == 2);
    pronounce(&v);
}

static void oblong_matrices_have_singular_vectors(void **state)
{
    (void)state;
    static const int shape[][3] = { { 1, 7, 1 },   { 7, 1, 2 },   { 2, 2, 1 },   { 5, 40, 3 },
                                    { 40, 5, 16 }, { 30, 31, 8 }, { 31, 30, 64 } };
    struct verdict v = { 0 };
    struct grid g[5];
    int count = grids(g, 1);

    for (int i = 0; i < count; i++)
        for (int s = 0; s < 7; s++)
            for (int k = 0; k < KINDS; k++)
                singular_problem(&v, &g[i], shape[s][0], shape[s][1], shape[s][2], (enum kind)k,
                                 k % 2 == 0);
    pronounce(&v);
}

static void a_nan_on_one_rank_is_a_sentence_on_all(void **state)
{
    (void)state;
    struct grid g = grid_of(test_par(), 0, 0);
    struct spread A, Z;
    struct err e = { "" }, f = { "" };
    double *a = matrix(9, 9, RANDOM), w[9];

    a[4 * 9 + 7] = NAN;
    spread_out(&A, &g, a, 9, 9, 2);
    spread_init(&Z, &g, 9, 9, 2);
    int status = scalapack_eigen(&A, w, &Z, &e) + scalapack_singular(&A, w, NULL, NULL, &f);
    spread_free(&A);
    spread_free(&Z);
    mem_free(a);
    assert_true(test_agree(status == -2));
    assert_string_equal(e.text,
                        "the 9 x 9 matrix whose eigenvalues are asked for holds nan at [4,7]");
    assert_string_equal(f.text,
                        "the 9 x 9 matrix whose singular values are asked for holds nan at [4,7]");
}

static void an_empty_matrix_has_no_values(void **state)
{
    (void)state;
    struct grid g = grid_of(test_par(), 0, 0);
    struct spread A, Z;
    struct err e = { "" };

    spread_init(&A, &g, 0, 0, 4);
    spread_init(&Z, &g, 0, 0, 4);
    assert_int_equal(scalapack_eigen(&A, NULL, &Z, &e), 0);
    assert_int_equal(scalapack_singular(&A, NULL, NULL, NULL, &e), 0);
    spread_free(&A);
    spread_free(&Z);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_has_true_eigenvectors),
        cmocka_unit_test(every_block_size_and_kind_has_true_eigenvectors),
        cmocka_unit_test(ranks_outside_the_grid_get_the_eigenvalues_too),
        cmocka_unit_test(every_size_has_the_singular_values_of_lapack),
        cmocka_unit_test(oblong_matrices_have_singular_vectors),
        cmocka_unit_test(a_nan_on_one_rank_is_a_sentence_on_all),
        cmocka_unit_test(an_empty_matrix_has_no_values),
    };

    blas_init(1);
    return test_main(__FILE__, tests, sizeof tests / sizeof tests[0], &argc, &argv);
}
