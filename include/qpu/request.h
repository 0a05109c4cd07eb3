/*
 * request.h - reads that were asked for, as problems of the size that a solver takes.
 *
 * A request of R reads goes out in parts of at most `most` reads, as even as can be. Its states
 * lie in the order of the parts, so that the same request gives the same rows however often the
 * program was ended in between.
 */
#ifndef QPU_REQUEST_H
#define QPU_REQUEST_H

#include "qpu/params.h"
#include "qpu/qp.h"

struct request {
    int64_t number;              /* the caller's */
    int used;                    /* 0: a free place */
    const struct ising *g;       /* borrowed until the request is taken */
    const struct params *params; /* the same */
    uint64_t seed;               /* part of the digest: another seed asks for other reads */
    struct qp qp;
    uint64_t hash;          /* of the head and the seed */
    struct wire head, body; /* of the POST: up to the parameters; scratch */
    int64_t reads;
    int parts, next; /* problems in all; the next to be sent */
    int answered;    /* problems whose reads are here */
    uint8_t *states; /* [reads, g->n]; owned */
    double *energy;  /* [reads] H; owned */
    uint8_t *have;   /* [parts] is the part answered? owned */
};

/* A sentence when g does not fit on the solver; then r is { 0 }. most >= 1 reads a problem. */
int request_init(struct request *r, int64_t number, const struct solver *s, const struct ising *g,
                 const struct params *p, int64_t reads, int64_t most, uint64_t seed, struct err *e);
void request_free(struct request *r); /* accepts { 0 } */

/* Reads of a part, and the row where they begin. */
int request_reads(const struct request *r, int part, int64_t *first);

/* What part `part` says to the service, without its label, into r->body; returns its digest. */
uint64_t request_text(struct request *r, int part);

/* The body of the POST: the text of request_text's last call under a label. */
void request_post(const struct request *r, const char *label, struct wire *body);

/* The reads of parts that are answered, moved to the front of states and energy; their number. */
int64_t request_pack(struct request *r);

#endif
