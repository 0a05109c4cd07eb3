#include "io/idx.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

enum { BYTES = 0x08, DIMS = 8, PIECE = 1 << 24 };

/* No gzip file grows by more than this (deflate: 258 bytes from 2 bits). */
static const int64_t GROWTH = 1032;

static int64_t file_bytes(const char *path, struct err *e)
{
    struct stat s;

    if (stat(path, &s)) return err_set(e, "%s: %s, expected an idx file", path, strerror(errno));
    if (!S_ISREG(s.st_mode)) return err_set(e, "%s: is not a file, expected an idx file", path);
    return (int64_t)s.st_size;
}

/* Exactly n bytes, or a sentence. */
static int take(gzFile f, const char *path, uint8_t *to, int64_t n, const char *what, struct err *e)
{
    for (int64_t at = 0; at < n;) {
        int code, want = n - at < PIECE ? (int)(n - at) : PIECE;
        int got = gzread(f, to + at, (unsigned)want);
        if (got > 0) at += got;
        if (got == want) continue;
        const char *why = gzerror(f, &code);
        if (got < 0 && code != Z_BUF_ERROR)
            return err_set(e, "%s: the gzip data are broken (%s)", path, why);
        if (got <= 0 || code == Z_BUF_ERROR || gzeof(f))
            return err_set(e, "%s: is truncated: %lld bytes of %s, expected %lld", path,
                           (long long)at, what, (long long)n);
    }
    return 0;
}

static int64_t number(const uint8_t *x)
{
    return (int64_t)x[0] << 24 | (int64_t)x[1] << 16 | (int64_t)x[2] << 8 | (int64_t)x[3];
}

/* Sizes into d; no product of them can be larger than `largest`, what the file may unpack to. */
static int read_sizes(gzFile f, struct idx *d, const char *path, int64_t largest, struct err *e)
{
    uint8_t magic[4], size[4 * DIMS];

    if (take(f, path, magic, 4, "the magic number", e)) return -1;
    if (magic[0] != 0 || magic[1] != 0 || magic[3] < 1)
        return err_set(e, "%s: begins with %02x %02x %02x %02x, expected 00 00 08 and dimensions",
                       path, magic[0], magic[1], magic[2], magic[3]);
    if (magic[2] != BYTES || magic[3] > DIMS)
        return err_set(e,
                       "%s: holds numbers of type 0x%02x in %d dimensions, expected bytes (0x08) "
                       "in at most %d",
                       path, magic[2], magic[3], DIMS);
    if (take(f, path, size, 4 * magic[3], "sizes", e)) return -1;
    d->rows = number(size);
    d->cells = 1;
    for (int i = 1; i < magic[3]; i++) {
        int64_t n = number(size + 4 * i);
        if (n < 1 || d->cells > largest / n)
            return err_set(e, "%s: is truncated or its size %d (dimension %d) is wrong", path,
                           (int)n, i);
        d->cells *= n;
    }
    if (d->rows < 1 || d->rows > largest / d->cells)
        return err_set(e,
                       "%s: is truncated: its sizes say %lld rows of %lld, the file is too "
                       "short for them",
                       path, (long long)d->rows, (long long)d->cells);
    return 0;
}

/* Behind the last row the file ends; only then is the checksum of gzip compared. */
static int at_end(gzFile f, const char *path, struct err *e)
{
    uint8_t more;
    int code, got = gzread(f, &more, 1);

    if (got > 0) return err_set(e, "%s: goes on behind the rows that its sizes announce", path);
    const char *why = gzerror(f, &code);
    if (code == Z_BUF_ERROR) return err_set(e, "%s: is truncated: the gzip data have no end", path);
    return got < 0 ? err_set(e, "%s: the gzip data are broken (%s)", path, why) : 0;
}

int idx_read(struct idx *d, const char *path, int64_t most, struct err *e)
{
    int64_t bytes = file_bytes(path, e);

    *d = (struct idx){ 0 };
    if (bytes < 0) return -1;
    gzFile f = gzopen(path, "rb");
    if (f == NULL) return err_set(e, "%s: %s", path, strerror(errno));
    int bad = read_sizes(f, d, path, bytes * GROWTH, e);
    int part = !bad && most > 0 && most < d->rows;
    if (!bad) {
        if (part) d->rows = most;
        d->x = mem_take(d->rows * d->cells, 1);
        bad =
            take(f, path, d->x, d->rows * d->cells, "numbers", e) || (!part && at_end(f, path, e));
    }
    gzclose(f);
    if (bad) idx_free(d);
    return bad ? -1 : 0;
}

void idx_free(struct idx *d)
{
    mem_free(d->x);
    *d = (struct idx){ 0 };
}
