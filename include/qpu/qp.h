/*
 * qp.h - the format "qp": an Ising problem on a working graph, and the answer to it.
 *
 *   lin   base64 of little-endian doubles, one for each entry of the solver's qubits, NaN where it
 *         is not active; active are the problem's qubits
 *   quad  the same, one for each entry of couplers with both ends active, zeros too
 *   solutions  rows of ceil(n / 8) bytes; bit 7 - k % 8 of byte k / 8 is active variable k,
 *         1 for s = 1
 *
 * An answer is used only when its active variables, its lengths and the energy of every row agree
 * with the problem that was sent.
 */
#ifndef QPU_QP_H
#define QPU_QP_H

#include "qpu/ising.h"
#include "qpu/solver.h"
#include "qpu/wire.h"

struct qp {
    const struct solver *solver; /* borrowed */
    int n;                       /* active variables: spins of the problem */
    int32_t *spin;               /* [n] of the k-th active variable; owned */
    int32_t *qubit;              /* [n] ascending; owned */
    int64_t m, room;             /* entries of quad; pairs of the problem */
    int64_t *entry;              /* [room] entry of the problem's pair; owned */
    double *linear, *quadratic;  /* [solver->n], [m] scratch; owned */
    struct wire lin, quad;       /* base64 */
    double size;                 /* sum of |h| and |J| */
    struct wire raw;             /* scratch of decoding */
    uint8_t *row;                /* [n + 7] a row of bits as bytes; owned */
};

/* Where the spins of g lie on the solver. A qubit or a coupling that it lacks is a sentence; then q
 * is { 0 }. */
int qp_init(struct qp *q, const struct solver *s, const struct ising *g, struct err *e);
void qp_free(struct qp *q); /* accepts { 0 } */

/* lin and quad for the numbers of g as they are now. */
void qp_encode(struct qp *q, const struct ising *g);

/* An answer into states [reads, g->n] (bytes 0 and 1, in the order of g's spins) and H [reads];
 * rows of a histogram are repeated. What does not agree with g is a sentence, and then nothing of
 * it may be used. */
int qp_decode(struct qp *q, const struct ising *g, const struct json *answer, int reads,
              uint8_t *states, double *energy, struct err *e);

/* Little-endian doubles, whatever the machine. */
void qp_put_doubles(struct wire *to, const double *x, int64_t n);

/* states [reads, n] of g's spins as rows of bits in the order of q. */
void qp_pack(struct wire *to, const int32_t *spin, int n, const uint8_t *states, int64_t reads);

#endif
