/*
 * window.h - memory that the ranks of one node share: an MPI-3 window.
 *
 * Every rank brings a share, and reads the shares of all. What was written is seen by the others
 * after window_fence. Open MPI keeps windows in /dev/shm, which is small in many containers, and
 * hangs when it is full: where the shares do not fit there, every rank is left alone.
 */
#ifndef PAR_WINDOW_H
#define PAR_WINDOW_H

#include "par/par.h"

struct window {
    struct par node;  /* the ranks that share; one where a rank is alone, which gets no memory */
    struct err small; /* alone because of this: the shares do not fit in /dev/shm; else "" */
    int *place;       /* [P->size] which share is that rank's, -1 out of reach; owned */
    char **share;     /* [node.size] zero at first, aligned to 64 bytes; NULL when alone; owned */
    void *handle;     /* MPI_Win *, or NULL; owned */
};

/* A window with `bytes` of this rank. Collective over P, which must outlive it. */
void window_take(struct window *w, const struct par *P, int64_t bytes);

/* What any rank of the node wrote before is seen by all of them after. Collective over P. */
void window_fence(struct window *w);

void window_free(struct window *w); /* collective over P; accepts { 0 } and a second call */

#endif
