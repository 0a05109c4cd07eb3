/*
 * digest.h - 64 bits that stand for a file: XXH64 (Collet, xxHash specification 0.1.1).
 *
 * Not for adversaries; a flipped bit, a torn write, a cut end are found with certainty or with
 * odds of 2^-64 against.
 */
#ifndef IO_DIGEST_H
#define IO_DIGEST_H

#include "base/err.h"
#include "par/par.h"

#include <stdint.h>

/* XXH64 of n bytes. Local. */
uint64_t digest_bytes(const void *x, int64_t n, uint64_t seed);

/* Of the bytes of a file from `first` to its end: XXH64 of each MiB (seed: its number), then XXH64
 * of these numbers, in order and little endian (seed: the count of bytes). Shared out over the
 * ranks; the same for any number of them. *bytes: how many there are behind `first`. Collective. */
int digest_file(const struct par *P, const char *path, int64_t first, uint64_t *sum, int64_t *bytes,
                struct err *e);

#endif
