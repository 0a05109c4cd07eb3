/*
 * scalapack.h - eigenvalues, singular values and Gram matrices of matrices that are spread over the
 * ranks. The one home of ScaLAPACK.
 *
 * ScaLAPACK 2.2.1 has traps; these are closed here:
 * - pdsyevd's answer to a workspace query forgets pdormtr: for small n the eigenvectors are then
 *   wrong with info = 0. We give it what pdormtr needs.
 * - Given only what a rank without rows asks for, pdsyevd writes past its workspace there (n = 2,
 *   nb = 1 on 3 x 1). Every rank gets the most that any rank asks for, and some slack.
 * - pdgesvd says info = min(m, n) + 1 ("the ranks disagree") with good factors: no failure.
 * - Every result is checked against the matrix by a vector of signs and the sum of squares, at a
 *   cost of order n^2: a wrong answer is a sentence, never a result.
 *
 * All collective over grid.P, ranks outside the grid included. Set the threads first (blas_init).
 * A NaN, no convergence, a wrong answer, a workspace beyond 2^31 numbers: a sentence on every rank.
 */
#ifndef PAR_SCALAPACK_H
#define PAR_SCALAPACK_H

#include "base/err.h"
#include "par/spread.h"

/*
 * A = Z diag(w) Z^T (pdsyevd; Tisseur and Dongarra, SIAM J. Sci. Comput. 20 (1999) 2223).
 *
 *   A [n, n]  symmetric, both triangles stored; destroyed
 *   w [n]     out: eigenvalues, ascending, whole on every rank
 *   Z [n, n]  out: eigenvectors in columns; same grid and nb as A
 */
int scalapack_eigen(struct spread *A, double *w, struct spread *Z, struct err *e);

/*
 * A = U diag(s) V^T (pdgesvd).
 *
 *   A [m, n]   destroyed
 *   s [r]      out: singular values, descending, r = min(m, n), whole on every rank
 *   U [m, r], Vt [r, n]   out: same grid and nb; both NULL: values alone
 *
 * Values alone take 0.15 s for n = 1024 on one core; with vectors pdgesvd takes 12 s, 30 times as
 * long as LAPACK. Where small singular values do not matter, the eigenvectors of the Gram matrix
 * are as good and quick: they square the condition number, so values below 1e-8 of the largest are
 * noise.
 */
int scalapack_singular(struct spread *A, double *s, struct spread *U, struct spread *Vt,
                       struct err *e);

/* The lower triangle of C += A^T A (pdsyrk): C [n, n], A [m, n], same grid and nb. What lies above
 * the diagonal of C is not touched, except inside blocks on the diagonal, where it may be. */
void scalapack_gram(struct spread *C, const struct spread *A);

#endif
