/*
 * mem.h - memory that is counted.
 *
 * Every block is zeroed and aligned to 64 bytes (a cache line, an AVX-512 register).
 * No memory is a bug's end: die(). An unbalanced count at exit is a failed run.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

/* n things of `size` bytes, all zero; never NULL (n = 0 gives a block of its own). */
void *mem_take(int64_t n, size_t size);

/* As realloc: the old contents are kept, what is new is zero. `p` may be NULL. */
void *mem_grow(void *p, int64_t n, size_t size);

/* A copy of a string. */
char *mem_text(const char *text);

/* printf into a block of its own. */
char *mem_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

void mem_free(void *p); /* accepts NULL */

int64_t mem_blocks(void); /* blocks taken and not freed */
int64_t mem_bytes(void);  /* bytes in them */
int64_t mem_peak(void);   /* the most bytes at one time */

#endif
