/*
 * edgefile.h - machines as text: a line a coupling.
 *
 *   partitions 12 5     units of each partition, unless the caller says them
 *   clamped 0 3         units fixed by the condition
 *   hidden 1            partitions that no data show
 *   qubits 17 18 ...    hardware number of each unit
 *   0 12 -0.25          coupling of two units (topology.h); 0 where all of them lack it
 *   3 3 1.5             bias of unit 3; 0 where there is none
 *
 * '#' starts a comment. What is written reads back to the same machine, bit for bit. A file is
 * taken for one by its name: *.txt, *.edges,
 * *.coo.
 */
#ifndef CMD_EDGEFILE_H
#define CMD_EDGEFILE_H

#include "par/par.h"
#include "rbm/rbm.h"

struct edgefile {
    struct topology T; /* qubits in it; owned */
    float *weight;     /* [M] in the order of T.edge, or NULL; owned */
    float *bias;       /* [N], or NULL; owned */
    uint64_t hidden;   /* as rbm.hidden */
    uint8_t *which;    /* [N] 1: clamped, or NULL; owned */
};

/* Does the name end as an edge list's does? */
int edgefile_is(const char *path);

/* K = 0: the text must say its partitions; else they must be these. Sentences begin "name:line: ".
 * On an error f is { 0 }. */
int edgefile_parse(struct edgefile *f, int K, const int *size, const char *text, const char *name,
                   struct err *e);
void edgefile_free(struct edgefile *f); /* accepts { 0 } */

/* The machine of a text; m is prepared; on an error it is { 0 }. */
int edgefile_read(struct rbm *m, int K, const int *size, const char *text, const char *name,
                  struct err *e);

/* The text of a machine; the caller frees. */
char *edgefile_text(const struct rbm *m);

#endif
