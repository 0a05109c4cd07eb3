/*
 * inflate.h - zlib's own speed, for comparison: a block as HDF5's gzip filter packs it, and back.
 */
#ifndef IO_INFLATE_H
#define IO_INFLATE_H

#include <stdint.h>

/* Bytes of x packed by deflate at this level, those of its numbers of `size` bytes shuffled before
 * (first all first bytes, ...). Returns the packed block, the caller's to mem_free; *n its bytes.
 */
void *inflate_pack(const void *x, int64_t bytes, int size, int level, int64_t *n);

/* Back to `bytes` bytes, still shuffled. A block that is not what inflate_pack made is a bug. */
void inflate_unpack(void *out, int64_t bytes, const void *packed, int64_t n);

#endif
