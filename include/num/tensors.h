/*
 * tensors.h - one flat buffer of parameters and a table of names and shapes.
 *
 * Reduction, optimiser, checkpoint and tests are loops over the table.
 */
#ifndef NUM_TENSORS_H
#define NUM_TENSORS_H

#include <stdint.h>

enum { TENSOR_DIMS = 5, TENSOR_NAME = 64, TENSOR_PUBLISHED = 96 };

struct tensor {
    char name[TENSOR_NAME]; /* "decoder/hits/2/weight" */
    int dims;
    int64_t n[TENSOR_DIMS];
    int64_t first, count; /* place in the flat buffer; every tensor starts at a multiple of 16 */
    char published[TENSOR_PUBLISHED]; /* its name in files of others (nn/published.h), or "" */
    int fixed; /* saved with the others, but no parameter: no optimiser moves it */
};

struct tensors {
    int n, room;
    struct tensor *t;   /* [n]; owned */
    int64_t total;      /* floats of the flat buffer, gaps between tensors included (they stay 0) */
    int64_t parameters; /* floats that are parameters */
};

/* Add a row; returns its index. A name twice is a bug. */
int tensors_add(struct tensors *T, const char *name, int dims, const int64_t *n);
void tensors_fix(struct tensors *T, int i);                  /* row i is no parameter */
int tensors_find(const struct tensors *T, const char *name); /* -1 when absent */
void tensors_free(struct tensors *T);                        /* accepts { 0 } */

#endif
