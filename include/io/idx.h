/*
 * idx.h - idx files as MNIST's, plain or gzip. The one home of zlib.
 *
 *   2 bytes 0, the type of a number, the number of dimensions d; d sizes, 32 bits each, big endian;
 *   then the numbers, last dimension fastest. Only bytes (type 0x08) are read.
 *
 * Source: LeCun, Cortes and Burges, THE MNIST DATABASE, "The IDX file format".
 */
#ifndef IO_IDX_H
#define IO_IDX_H

#include "base/err.h"

#include <stdint.h>

struct idx {
    int64_t rows;  /* first dimension */
    int64_t cells; /* of a row: the product of the others */
    uint8_t *x;    /* [rows, cells]; owned */
};

/* The first `most` rows (0: all). A file without the magic number, of another type, shorter or
 * longer than its sizes say, or with broken gzip data: a sentence, and d is { 0 }. Local. */
int idx_read(struct idx *d, const char *path, int64_t most, struct err *e);
void idx_free(struct idx *d); /* accepts { 0 } */

#endif
