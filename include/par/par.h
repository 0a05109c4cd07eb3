/*
 * par.h - the ranks, and what they do together. The one home of MPI.
 *
 * Every function that takes a `const struct par *` is collective unless its comment says "local":
 * all ranks call it, in the same order. An MPI error ends the job (fatal handler).
 */
#ifndef PAR_PAR_H
#define PAR_PAR_H

#include "base/block.h"
#include "base/err.h"
#include "base/reducer.h"

#include <stddef.h>
#include <stdint.h>

struct par {
    int rank, size;
    int node_rank, node_size; /* among the ranks that share memory */
    int node, nodes;          /* which group of them, by their first ranks; how many */
    void *comm;               /* MPI_Comm *, owned; for io/h5 and par/scalapack alone */
    void *wires;              /* scratch and the sums under way, owned (par.c) */
};

/* MPI_Init, fatal errors, die() -> MPI_Abort. For tests, CALOQ_NODE=2 in the environment takes
 * each two ranks that share memory for a node of their own. */
void par_init(struct par *P, int *argc, char ***argv);

/* The same ranks, regrouped: those with the same colour, in order of rank (MPI_Comm_split). */
void par_split(struct par *part, const struct par *P, int colour);

/* Ends MPI for the world, frees the communicator for a part. Accepts { 0 }. */
void par_free(struct par *P);

/* Has any rank a sentence? Then every rank gets the one of the lowest such rank, and -1. */
int par_agree(const struct par *P, struct err *e);

/* Fault injection for tests: with CALOQ_FAULT=where:rank in the environment, that rank of P gets a
 * sentence and -1; every other place and rank gets 0. Local: the caller goes on to its par_agree.
 */
int par_fault(const struct par *P, const char *where, struct err *e);

void par_barrier(const struct par *P);
void par_bcast(const struct par *P, void *x, int64_t bytes, int root);

/* In place, the same result on every rank. Sums of integers are exact. Up to PAR_ORDERED doubles
 * are added in rank order, so that a run can be repeated bit for bit; more doubles, and floats, go
 * through MPI_Allreduce in pieces of fixed size: the order of additions is MPI's, which for a given
 * library, number and placement of ranks does not change between runs (Open MPI and MPICH choose
 * the algorithm by size alone). max and min are of numbers: a NaN must travel in a sum. */
enum { PAR_ORDERED = 4096 };
void par_sum(const struct par *P, double *x, int64_t n);
void par_sum_float(const struct par *P, float *x, int64_t n);
void par_sum_int(const struct par *P, int64_t *x, int64_t n);
void par_max(const struct par *P, double *x, int64_t n);
void par_min(const struct par *P, double *x, int64_t n);
int64_t par_sum_one(const struct par *P, int64_t x);
int64_t par_scan(const struct par *P, int64_t x); /* sum over the ranks before this one */

/* Every rank's `bytes` (may differ), one after another in rank order; all = NULL off the root.
 * par_gather: to root alone; par_allgather: to everyone. */
void par_gather(const struct par *P, const void *mine, int64_t bytes, void *all, int root);
void par_allgather(const struct par *P, const void *mine, int64_t bytes, void *all);

/* Every rank sends send_bytes[r] bytes to each rank r and gets recv_bytes[r] from it; both buffers
 * hold their parts one after another in rank order, and do not overlap. What r expects from us must
 * be what we send to r. Any count: long messages go in pieces. */
void par_exchange(const struct par *P, const void *send, const int64_t *send_bytes, void *recv,
                  const int64_t *recv_bytes);

/* The sum over ranks for nn and rbm; ctx is P, which must outlive it. */
struct reducer par_reducer(const struct par *P);

/* "Open MPI 4.1.4", for --version. Local; into text[n]. */
void par_version(char *text, size_t n);

#endif
