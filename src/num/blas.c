#include "num/blas.h"

#include "base/mem.h"

#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <string.h>

/*
 * LAPACK has no C header everywhere; these are Fortran's own symbols, with the lengths of character
 * arguments that gfortran expects at the end. LAPACK is column-major: what it sees is our matrix
 * transposed, and every call below is written for that.
 */
void dsyevd_(const char *job, const char *uplo, const int *n, double *a, const int *lda, double *w,
             double *work, const int *lwork, int *iwork, const int *liwork, int *info, size_t,
             size_t);
void dgesdd_(const char *job, const int *m, const int *n, double *a, const int *lda, double *s,
             double *u, const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork,
             int *iwork, int *info, size_t);
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info, size_t);

void blas_init(int threads)
{
    if (threads < 1) die("blas_init: %d threads", threads);
    openblas_set_num_threads(threads);
}

const char *blas_core(void)
{
    return openblas_get_corename();
}

const char *blas_version(void)
{
    return openblas_get_config();
}

int blas_core_slow(void)
{
#if defined __x86_64__
    static const char *const wide[] = { "SkylakeX", "Cooperlake", "SapphireRapids", "Zen4",
                                        "Zen5" };

    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
        return 0;
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        if (strcmp(blas_core(), wide[i]) == 0) return 0;
    return 1;
#else
    return 0;
#endif
}

static enum CBLAS_TRANSPOSE form(enum blas_op t)
{
    return t == BLAS_TRANSPOSED ? CblasTrans : CblasNoTrans;
}

static void check(const char *call, int m, int n, int k, int shortest, int ld)
{
    if (m < 0 || n < 0 || k < 0) die("%s: a size below 0: %d %d %d", call, m, n, k);
    if (ld < shortest) die("%s: rows of %d numbers are %d apart", call, shortest, ld);
}

void blas_gemm_float(float *C, int ldc, enum blas_op ta, enum blas_op tb, int m, int n, int k,
                     float alpha, const float *A, int lda, const float *B, int ldb, float beta)
{
    check("blas_gemm_float", m, n, k, n, ldc);
    check("blas_gemm_float", m, n, k, ta == BLAS_TRANSPOSED ? m : k, lda);
    check("blas_gemm_float", m, n, k, tb == BLAS_TRANSPOSED ? k : n, ldb);
    if (m == 0 || n == 0) return;
    cblas_sgemm(CblasRowMajor, form(ta), form(tb), m, n, k, alpha, A, lda > 0 ? lda : 1, B,
                ldb > 0 ? ldb : 1, beta, C, ldc);
}

void blas_gemm(double *C, int ldc, enum blas_op ta, enum blas_op tb, int m, int n, int k,
               double alpha, const double *A, int lda, const double *B, int ldb, double beta)
{
    check("blas_gemm", m, n, k, n, ldc);
    check("blas_gemm", m, n, k, ta == BLAS_TRANSPOSED ? m : k, lda);
    check("blas_gemm", m, n, k, tb == BLAS_TRANSPOSED ? k : n, ldb);
    if (m == 0 || n == 0) return;
    cblas_dgemm(CblasRowMajor, form(ta), form(tb), m, n, k, alpha, A, lda > 0 ? lda : 1, B,
                ldb > 0 ? ldb : 1, beta, C, ldc);
}

void blas_syrk(double *C, int ldc, enum blas_op ta, int n, int k, double alpha, const double *A,
               int lda, double beta)
{
    check("blas_syrk", n, n, k, n, ldc);
    check("blas_syrk", n, n, k, ta == BLAS_TRANSPOSED ? n : k, lda);
    if (n == 0) return;
    cblas_dsyrk(CblasRowMajor, CblasLower, form(ta), n, k, alpha, A, lda > 0 ? lda : 1, beta, C,
                ldc);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i + 1; j < n; j++) C[i * ldc + j] = C[j * ldc + i];
}

void blas_work_free(struct blas_work *k)
{
    mem_free(k->real);
    mem_free(k->whole);
    *k = (struct blas_work){ 0 };
}

/* Room for at least this many numbers; what was there is lost. */
static void room(struct blas_work *k, int64_t reals, int64_t wholes)
{
    if (reals > k->reals) {
        mem_free(k->real);
        k->real = mem_take(reals, sizeof *k->real);
        k->reals = reals;
    }
    if (wholes > k->wholes) {
        mem_free(k->whole);
        k->whole = mem_take(wholes, sizeof *k->whole);
        k->wholes = wholes;
    }
}

/* LAPACK does not end well on a NaN (dsyevd) or reports it as an argument (dgesdd). */
static int finite_all(const double *A, int64_t rows, int64_t columns, const char *what,
                      struct err *e)
{
    for (int64_t i = 0; i < rows * columns; i++)
        if (!isfinite(A[i]))
            return err_set(e,
                           "the %lld x %lld matrix whose %s are asked for holds %g at [%lld,%lld]",
                           (long long)rows, (long long)columns, what, A[i],
                           (long long)(i / columns), (long long)(i % columns));
    return 0;
}

/* What a query call answered, as a count that fits an int. */
static int answer(double query, int n)
{
    if (!(query < (double)INT_MAX)) die("LAPACK: a workspace of %g numbers at size %d", query, n);
    return (int)query;
}

int blas_eigen(double *A, int n, double *w, int vectors, struct blas_work *k, struct err *e)
{
    const char *job = vectors ? "V" : "N";
    int info = 0, ask = -1, lwork, liwork, wholes;
    double reals;

    check("blas_eigen", n, n, n, n, n);
    if (n == 0) return 0;
    if (finite_all(A, n, n, "eigenvalues", e)) return -1;
    dsyevd_(job, "U", &n, A, &n, w, &reals, &ask, &wholes, &ask, &info, 1, 1);
    lwork = answer(vectors ? fmax(reals, 1 + 6.0 * n + 2.0 * n * n) : reals, n);
    liwork = wholes;
    room(k, lwork, liwork);
    dsyevd_(job, "U", &n, A, &n, w, k->real, &lwork, k->whole, &liwork, &info, 1, 1);
    if (info < 0) die("dsyevd: argument %d", -info);
    if (info > 0) return err_set(e, "dsyevd did not converge on a %d x %d matrix (%d)", n, n, info);
    return 0;
}

int blas_singular(double *A, int m, int n, double *s, double *U, double *Vt, struct blas_work *k,
                  struct err *e)
{
    const char *job = U ? "S" : "N";
    int r = m < n ? m : n, info = 0, ask = -1, lwork;
    double reals, none;

    check("blas_singular", m, n, r, n, n);
    if ((U == NULL) != (Vt == NULL)) die("blas_singular: U and Vt go together");
    if (r == 0) return 0;
    if (finite_all(A, m, n, "singular values", e)) return -1;
    /* LAPACK sees A^T = V diag(s) U^T: its U is our V, column by column our Vt, row by row */
    room(k, 1, 8 * (int64_t)r);
    dgesdd_(job, &n, &m, A, &n, s, Vt ? Vt : &none, &n, U ? U : &none, &r, &reals, &ask, k->whole,
            &info, 1);
    lwork = answer(reals, n);
    room(k, lwork, 8 * (int64_t)r);
    dgesdd_(job, &n, &m, A, &n, s, Vt ? Vt : &none, &n, U ? U : &none, &r, k->real, &lwork,
            k->whole, &info, 1);
    if (info < 0) die("dgesdd: argument %d", -info);
    if (info > 0) return err_set(e, "dgesdd did not converge on a %d x %d matrix (%d)", m, n, info);
    return 0;
}

int blas_cholesky(double *A, int n, struct err *e)
{
    int info = 0;

    check("blas_cholesky", n, n, n, n, n);
    if (n == 0) return 0;
    dpotrf_("U", &n, A, &n, &info, 1); /* its upper triangle is our lower one */
    if (info < 0) die("dpotrf: argument %d", -info);
    if (info > 0)
        return err_set(e,
                       "a %d x %d matrix is not positive definite (its leading minor of order %d)",
                       n, n, info);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i + 1; j < n; j++) A[i * n + j] = 0;
    return 0;
}
