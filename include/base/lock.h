/*
 * lock.h - one process at a time: a lock on a file, held until it is let go or the process ends.
 *
 * A POSIX record lock, which network file systems know; it belongs to the process, so the file must
 * not be opened otherwise. Local: no MPI.
 */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include "base/err.h"

/* Make the file if need be and lock it; *fd is the lock. When another process holds it, a sentence
 * with its number. */
int lock_take(const char *path, int *fd, struct err *e);

void lock_drop(int *fd); /* accepts -1; the file stays */

#endif
