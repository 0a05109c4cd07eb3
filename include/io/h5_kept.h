/*
 * h5_kept.h - datasets kept open between calls, each with its chunk cache. Inner to io/h5*.
 *
 * A dataset that is read a few rows at a time must not decompress its chunks anew at every call: so
 * the last few stay open, with a cache that holds one row of chunks. Local: no communication.
 */
#ifndef IO_H5_KEPT_H
#define IO_H5_KEPT_H

#include <stdint.h>

enum { H5_KEPT = 4 };

struct h5_kept {
    int next;            /* the slot that is given up next */
    int64_t id[H5_KEPT]; /* hid_t of the dataset, 0: free */
    char *name[H5_KEPT]; /* owned */
};

/* Does the object exist, and every group on the way to it? */
int h5_kept_exists(int64_t file, const char *name);

/* The dataset of an open file, borrowed: k closes it. -1: there is none of this name. */
int64_t h5_kept_open(struct h5_kept *k, int64_t file, const char *name);

void h5_kept_close(struct h5_kept *k);

#endif
