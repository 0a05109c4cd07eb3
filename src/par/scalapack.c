#include "par/scalapack.h"

#include "base/mem.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <mpi.h>
#include <string.h>

/* ScaLAPACK and BLACS have no C header. Fortran's symbols end with the lengths of their character
 * arguments. */
int Csys2blacs_handle(MPI_Comm comm);
void Cfree_blacs_system_handle(int handle);
void Cblacs_gridinit(int *context, const char *order, int rows, int columns);
void Cblacs_gridexit(int context);
void pdsyevd_(const char *job, const char *uplo, const int *n, double *a, const int *ia,
              const int *ja, const int *desca, double *w, double *z, const int *iz, const int *jz,
              const int *descz, double *work, const int *lwork, int *iwork, const int *liwork,
              int *info, size_t, size_t);
void pdgesvd_(const char *jobu, const char *jobvt, const int *m, const int *n, double *a,
              const int *ia, const int *ja, const int *desca, double *s, double *u, const int *iu,
              const int *ju, const int *descu, double *vt, const int *ivt, const int *jvt,
              const int *descvt, double *work, const int *lwork, int *info, size_t, size_t);
void pdsyrk_(const char *uplo, const char *trans, const int *n, const int *k, const double *alpha,
             const double *a, const int *ia, const int *ja, const int *desca, const double *beta,
             double *c, const int *ic, const int *jc, const int *descc, size_t, size_t);

enum { SLACK = 4096, DESC = 9 }; /* numbers behind the workspace that we ask for; a descriptor */

/* A BLACS context over all of P; -1 on ranks outside the grid. */
struct context {
    int handle, id;
};

static struct context context_open(const struct grid *g)
{
    struct context c;

    c.handle = c.id = Csys2blacs_handle(*(MPI_Comm *)g->P->comm);
    Cblacs_gridinit(&c.id, "Row", g->rows, g->columns);
    if (g->row < 0) c.id = -1;
    return c;
}

static void context_close(struct context c)
{
    if (c.id >= 0) Cblacs_gridexit(c.id);
    Cfree_blacs_system_handle(c.handle);
}

static void describe(int desc[DESC], const struct spread *A, struct context c)
{
    const int d[DESC] = { 1, c.id, A->m, A->n, A->nb, A->nb, 0, 0, A->ld };
    memcpy(desc, d, sizeof d);
}

static void same_spread(const char *call, const struct spread *A, const struct spread *B, int m,
                        int n)
{
    if (B->m != m || B->n != n || B->nb != A->nb || B->grid.P != A->grid.P ||
        B->grid.rows != A->grid.rows || B->grid.columns != A->grid.columns)
        die("%s: a %d x %d result in blocks of %d where %d x %d in blocks of %d was expected", call,
            B->m, B->n, B->nb, m, n, A->nb);
}

/* A NaN makes the solvers spin or fail in their own ways. Collective. */
static int finite_all(const struct spread *A, const char *what, struct err *e)
{
    for (int j = 0; j < A->columns && !err_is(e); j++)
        for (int i = 0; i < A->rows; i++)
            if (!isfinite(A->x[(int64_t)j * A->ld + i])) {
                err_set(e, "the %d x %d matrix whose %s are asked for holds %g at [%d,%d]", A->m,
                        A->n, what, A->x[(int64_t)j * A->ld + i], spread_row(A, i),
                        spread_column(A, j));
                break;
            }
    return par_agree(A->grid.P, e);
}

/* The most that any rank asks for, as an int. Collective; the same on every rank. */
static int workspace(const struct spread *A, double numbers, int *out, struct err *e)
{
    par_max(A->grid.P, &numbers, 1);
    if (!(numbers + SLACK < (double)INT_MAX))
        return err_set(e,
                       "a %d x %d matrix on %d x %d ranks needs a workspace of %g numbers, and "
                       "ScaLAPACK counts to %d: use more ranks",
                       A->m, A->n, A->grid.rows, A->grid.columns, numbers, INT_MAX);
    *out = (int)numbers;
    return 0;
}

/* +1 or -1, as good as random: a wrong vector does not hide from it. */
static void signs(double *x, int n)
{
    uint32_t h = 12345;

    for (int i = 0; i < n; i++) {
        h = h * 1664525u + 1013904223u;
        x[i] = h >> 31 ? 1.0 : -1.0;
    }
}

/*
 * Is y = L diag(d) R^T x, for the y = A x of before? A backward stable solver leaves
 * |y - ...| <= c n eps |A|_F |x|, c of order 10; we allow 100 and look for answers that are simply
 * wrong.
 */
static void compare(const char *call, const struct spread *A, const double *y, const double *got,
                    double squares, struct err *e)
{
    double limit = 100 * (A->m + A->n) * DBL_EPSILON * sqrt(squares * A->n), off = 0;

    for (int i = 0; i < A->m; i++) off += (y[i] - got[i]) * (y[i] - got[i]);
    if (!(sqrt(off) <= limit))
        err_set(e,
                "%s gave wrong factors of a %d x %d matrix in blocks of %d on %d x %d ranks "
                "(residual %g, at most %g was expected)",
                call, A->m, A->n, A->nb, A->grid.rows, A->grid.columns, sqrt(off), limit);
}

static void eigen_call(struct spread *A, struct spread *Z, double *w, struct context c,
                       double *work, int lwork, int *iwork, int liwork, int *info)
{
    const int one = 1;
    int desca[DESC], descz[DESC];

    describe(desca, A, c);
    describe(descz, Z, c);
    pdsyevd_("V", "L", &A->n, A->x, &one, &one, desca, w, Z->x, &one, &one, descz, work, &lwork,
             iwork, &liwork, info, 1, 1);
    if (*info < 0) die("pdsyevd: argument %d", -*info);
}

/* What pdsyevd needs, which is more than what it says: 2n for its two tridiagonal vectors plus
 * pdormtr's workspace, for the rank that has most. */
static void eigen_room(struct spread *A, struct spread *Z, double *w, struct context c,
                       double *reals, double *wholes)
{
    double nb = A->nb, rows = spread_share(A->n, A->nb, 0, A->grid.rows);
    double columns = spread_share(A->n, A->nb, 0, A->grid.columns), query = 0;
    int whole = 0, info = 0;

    eigen_call(A, Z, w, c, &query, -1, &whole, -1, &info);
    *reals = fmax(query, 2.0 * A->n + fmax(nb * (nb - 1) / 2, (rows + columns) * nb) + nb * nb);
    *wholes = fmax(whole, 7.0 * A->n + 8.0 * A->grid.columns + 2);
}

/* The decomposition itself, on the ranks of the grid; collective over P. */
static int eigen_solve(struct spread *A, double *w, struct spread *Z, struct context c,
                       struct err *e)
{
    double reals = 0, wholes = 0;
    int inside = c.id >= 0, lwork = 0, liwork = 0, info = 0;

    if (inside) eigen_room(A, Z, w, c, &reals, &wholes);
    if (workspace(A, reals, &lwork, e) || workspace(A, wholes, &liwork, e)) return -1;
    if (inside) {
        double *work = mem_take((int64_t)lwork + SLACK, sizeof *work);
        int *iwork = mem_take((int64_t)liwork + SLACK, sizeof *iwork);
        eigen_call(A, Z, w, c, work, lwork, iwork, liwork, &info);
        mem_free(work);
        mem_free(iwork);
        if (info > 0)
            err_set(e, "pdsyevd did not converge on a %d x %d matrix (%d)", A->n, A->n, info);
    }
    if (par_agree(A->grid.P, e)) return -1;
    par_bcast(A->grid.P, w, A->n * (int64_t)sizeof *w, 0);
    return 0;
}

int scalapack_eigen(struct spread *A, double *w, struct spread *Z, struct err *e)
{
    int n = A->n, status;

    same_spread("scalapack_eigen", A, Z, n, n);
    if (A->m != n) die("scalapack_eigen: a matrix of %d x %d", A->m, n);
    if (n == 0) return 0;
    if (finite_all(A, "eigenvalues", e)) return -1;
    double *x = mem_take(4 * (int64_t)n, sizeof *x), *y = x + n, *t = y + n, *got = t + n;
    double squares = spread_squares(A);
    signs(x, n);
    spread_times(A, 0, x, y);
    struct context c = context_open(&A->grid);
    status = eigen_solve(A, w, Z, c, e);
    context_close(c);
    if (status == 0) {
        spread_times(Z, 1, x, t);
        for (int i = 0; i < n; i++) t[i] *= w[i];
        spread_times(Z, 0, t, got);
        compare("pdsyevd", Z, y, got, squares, e);
        status = par_agree(A->grid.P, e);
    }
    mem_free(x);
    return status;
}

static void singular_call(struct spread *A, double *s, struct spread *U, struct spread *Vt,
                          struct context c, double *work, int lwork, int *info)
{
    const char *job = U ? "V" : "N";
    const int one = 1;
    int desca[DESC], descu[DESC], descvt[DESC];

    describe(desca, A, c);
    describe(descu, U ? U : A, c);
    describe(descvt, Vt ? Vt : A, c);
    pdgesvd_(job, job, &A->m, &A->n, A->x, &one, &one, desca, s, U ? U->x : A->x, &one, &one, descu,
             Vt ? Vt->x : A->x, &one, &one, descvt, work, &lwork, info, 1, 1);
    if (*info < 0) die("pdgesvd: argument %d", -*info);
}

static int singular_solve(struct spread *A, double *s, struct spread *U, struct spread *Vt,
                          struct context c, struct err *e)
{
    int inside = c.id >= 0, r = A->m < A->n ? A->m : A->n, lwork = 0, info = 0;
    double query = 0;

    if (inside) singular_call(A, s, U, Vt, c, &query, -1, &info);
    if (workspace(A, query, &lwork, e)) return -1;
    if (inside) {
        double *work = mem_take((int64_t)lwork + SLACK, sizeof *work);
        singular_call(A, s, U, Vt, c, work, lwork, &info);
        mem_free(work);
        if (info > 0 && info != r + 1) /* r + 1: the ranks' values differ in the last bits */
            err_set(e, "pdgesvd did not converge on a %d x %d matrix (%d)", A->m, A->n, info);
    }
    if (par_agree(A->grid.P, e)) return -1;
    par_bcast(A->grid.P, s, r * (int64_t)sizeof *s, 0);
    return 0;
}

/* With vectors, by y = A x of before; always, by the sum of squares. */
static void singular_check(const struct spread *A, const double *s, const struct spread *U,
                           const struct spread *Vt, const double *x, const double *y,
                           double squares, struct err *e)
{
    int r = A->m < A->n ? A->m : A->n;
    double sum = 0, *t = mem_take((int64_t)r + A->m, sizeof *t), *got = t + r;

    for (int i = 0; i < r; i++) sum += s[i] * s[i];
    if (!(fabs(sum - squares) <= 100 * (A->m + A->n) * DBL_EPSILON * squares))
        err_set(e,
                "pdgesvd gave wrong singular values of a %d x %d matrix (their squares "
                "add up to %g, those of the elements to %g)",
                A->m, A->n, sum, squares);
    if (U && !err_is(e)) {
        spread_times(Vt, 0, x, t);
        for (int i = 0; i < r; i++) t[i] *= s[i];
        spread_times(U, 0, t, got);
        compare("pdgesvd", A, y, got, squares, e);
    }
    mem_free(t);
}

int scalapack_singular(struct spread *A, double *s, struct spread *U, struct spread *Vt,
                       struct err *e)
{
    int r = A->m < A->n ? A->m : A->n, status;

    if ((U == NULL) != (Vt == NULL)) die("scalapack_singular: U and Vt go together");
    if (U) same_spread("scalapack_singular", A, U, A->m, r);
    if (Vt) same_spread("scalapack_singular", A, Vt, r, A->n);
    if (r == 0) return 0;
    if (finite_all(A, "singular values", e)) return -1;
    double *x = mem_take((int64_t)A->n + A->m, sizeof *x), *y = x + A->n;
    double squares = spread_squares(A);
    signs(x, A->n);
    spread_times(A, 0, x, y);
    struct context c = context_open(&A->grid);
    status = singular_solve(A, s, U, Vt, c, e);
    context_close(c);
    if (status == 0) {
        singular_check(A, s, U, Vt, x, y, squares, e);
        status = par_agree(A->grid.P, e);
    }
    mem_free(x);
    return status;
}

void scalapack_gram(struct spread *C, const struct spread *A)
{
    const double one = 1.0;
    const int first = 1;
    int desc_a[DESC], desc_c[DESC];
    struct context c;

    same_spread("scalapack_gram", A, C, A->n, A->n);
    c = context_open(&A->grid);
    if (c.id >= 0) {
        describe(desc_a, A, c);
        describe(desc_c, C, c);
        pdsyrk_("L", "T", &A->n, &A->m, &one, A->x, &first, &first, desc_a, &one, C->x, &first,
                &first, desc_c, 1, 1);
    }
    context_close(c);
}
