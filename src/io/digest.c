#include "io/digest.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

/* The five primes of the specification. */
static const uint64_t p1 = 0x9E3779B185EBCA87U, p2 = 0xC2B2AE3D27D4EB4FU, p3 = 0x165667B19E3779F9U,
                      p4 = 0x85EBCA77C2B2AE63U, p5 = 0x27D4EB2F165667C5U;

static uint64_t turn(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

/* Little endian, wherever we are. */
static uint64_t word(const unsigned char *x, int bytes)
{
    uint64_t v = 0;

    for (int i = bytes - 1; i >= 0; i--) v = v << 8 | x[i];
    return v;
}

static uint64_t mix(uint64_t lane, uint64_t input)
{
    return turn(lane + input * p2, 31) * p1;
}

static uint64_t fold(uint64_t h, uint64_t lane)
{
    return (h ^ mix(0, lane)) * p1 + p4;
}

/* Steps 1 to 3: stripes of 32 bytes in four lanes. */
static uint64_t stripes(const unsigned char **x, int64_t *n, uint64_t seed)
{
    uint64_t a = seed + p1 + p2, b = seed + p2, c = seed, d = seed - p1;

    for (; *n >= 32; *x += 32, *n -= 32) {
        a = mix(a, word(*x, 8));
        b = mix(b, word(*x + 8, 8));
        c = mix(c, word(*x + 16, 8));
        d = mix(d, word(*x + 24, 8));
    }
    uint64_t h = turn(a, 1) + turn(b, 7) + turn(c, 12) + turn(d, 18);
    h = fold(h, a);
    h = fold(h, b);
    h = fold(h, c);
    return fold(h, d);
}

uint64_t digest_bytes(const void *bytes, int64_t n, uint64_t seed)
{
    const unsigned char *x = bytes;
    int64_t left = n;
    uint64_t h = left >= 32 ? stripes(&x, &left, seed) : seed + p5;

    h += (uint64_t)n;
    for (; left >= 8; x += 8, left -= 8) h = turn(h ^ mix(0, word(x, 8)), 27) * p1 + p4;
    for (; left >= 4; x += 4, left -= 4) h = turn(h ^ word(x, 4) * p1, 23) * p2 + p3;
    for (; left > 0; x++, left--) h = turn(h ^ *x * p5, 11) * p1;
    h = (h ^ h >> 33) * p2;
    h = (h ^ h >> 29) * p3;
    return h ^ h >> 32;
}

/* All n bytes, or -1. */
static int read_at(int fd, unsigned char *x, int64_t n, int64_t at)
{
    while (n > 0) {
        ssize_t got = pread(fd, x, (size_t)n, at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return -1;
        x += got;
        at += got;
        n -= got;
    }
    return 0;
}

/* The numbers of this rank's MiBs, each as eight bytes. */
static int pieces(const char *path, int64_t first, int64_t bytes, struct block mine,
                  unsigned char *out, struct err *e)
{
    int fd = open(path, O_RDONLY), failed = 0;
    unsigned char *x = mem_take(PIECE, 1);

    if (fd < 0) failed = err_set(e, "'%s' cannot be opened: %s", path, strerror(errno));
    for (int64_t i = mine.first; i < block_end(mine) && !failed; i++) {
        int64_t at = i * PIECE, n = bytes - at < PIECE ? bytes - at : PIECE;
        if (read_at(fd, x, n, first + at))
            failed = err_set(e, "'%s' cannot be read at byte %lld", path, (long long)(first + at));
        uint64_t h = digest_bytes(x, n, (uint64_t)i);
        for (int b = 0; b < 8; b++) *out++ = (unsigned char)(h >> 8 * b);
    }
    if (fd >= 0) close(fd);
    mem_free(x);
    return failed;
}

static int64_t length(const char *path, int64_t first, struct err *e)
{
    struct stat s;

    if (stat(path, &s) != 0) return err_set(e, "'%s': %s", path, strerror(errno));
    if (!S_ISREG(s.st_mode)) return err_set(e, "'%s' is not a file", path);
    if (s.st_size < first)
        return err_set(e, "'%s' is truncated: it has %lld bytes, at least %lld were expected", path,
                       (long long)s.st_size, (long long)first);
    return s.st_size - first;
}

int digest_file(const struct par *P, const char *path, int64_t first, uint64_t *sum, int64_t *bytes,
                struct err *e)
{
    if (P->rank == 0) *bytes = length(path, first, e);
    if (par_agree(P, e)) return -1;
    par_bcast(P, bytes, sizeof *bytes, 0);
    int64_t n = (*bytes + PIECE - 1) / PIECE;
    struct block mine = block_of(n, P->rank, P->size);
    unsigned char *own = mem_take(mine.count, 8), *all = mem_take(n, 8);
    pieces(path, first, *bytes, mine, own, e);
    if (par_agree(P, e) == 0) {
        par_allgather(P, own, 8 * mine.count, all);
        *sum = digest_bytes(all, 8 * n, (uint64_t)*bytes);
    }
    mem_free(own);
    mem_free(all);
    return err_is(e) ? -1 : 0;
}
