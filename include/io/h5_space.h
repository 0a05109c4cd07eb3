/*
 * h5_space.h - room on the disk before the first byte is written. Inner to io/h5*.
 *
 * HDF5 1.10 over MPI hangs when a collective write meets a full disk, and its flush and close
 * return success after a write that failed. So nothing is defined in a file before the file system
 * has set its bytes aside (posix_fallocate): HDF5 then writes into room that is there. HDF5 cuts
 * the file to its true length at the end.
 */
#ifndef IO_H5_SPACE_H
#define IO_H5_SPACE_H

#include "base/err.h"
#include "par/par.h"

#include <stdint.h>

/* Let `used` grow by `more` and the file `path` have room for that much and some metadata. On an
 * error (full disk, quota, RLIMIT_FSIZE of any rank) neither number moves. Collective; `more` >= 0
 * and the same everywhere. */
int h5_space_reserve(const struct par *P, const char *path, int64_t *used, int64_t *reserved,
                     int64_t more, struct err *e);

#endif
