#include "base/mem.h"

#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 64 };

/* In front of every block, in a cache line of its own. */
struct head {
    size_t bytes;
};

static struct {
    int64_t blocks, bytes, peak;
} count;

static struct head *head_of(void *p)
{
    return (struct head *)((char *)p - ALIGN);
}

void *mem_take(int64_t n, size_t size)
{
    if (n < 0 || (size > 0 && (uint64_t)n > (SIZE_MAX / 2) / size))
        die("memory for %lld things of %zu bytes was asked for", (long long)n, size);
    size_t bytes = (size_t)n * size;
    size_t whole = (bytes + 2 * ALIGN - 1) / ALIGN * ALIGN;
    char *raw = aligned_alloc(ALIGN, whole);
    if (raw == NULL) die("no memory for %zu bytes (%lld held)", bytes, (long long)count.bytes);
    memset(raw, 0, whole);
    ((struct head *)raw)->bytes = bytes;
    count.blocks++;
    count.bytes += (int64_t)bytes;
    if (count.bytes > count.peak) count.peak = count.bytes;
    return raw + ALIGN;
}

void *mem_grow(void *p, int64_t n, size_t size)
{
    void *q = mem_take(n, size);

    if (p != NULL) {
        size_t old = head_of(p)->bytes, now = head_of(q)->bytes;
        memcpy(q, p, old < now ? old : now);
        mem_free(p);
    }
    return q;
}

char *mem_text(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = mem_take((int64_t)n, 1);

    memcpy(copy, text, n);
    return copy;
}

char *mem_print(const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0) die("the format '%s' cannot be printed", format);
    char *text = mem_take((int64_t)n + 1, 1);
    vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    return text;
}

void mem_free(void *p)
{
    if (p == NULL) return;
    struct head *h = head_of(p);
    count.blocks--;
    count.bytes -= (int64_t)h->bytes;
    free(h);
}

int64_t mem_blocks(void)
{
    return count.blocks;
}

int64_t mem_bytes(void)
{
    return count.bytes;
}

int64_t mem_peak(void)
{
    return count.peak;
}
