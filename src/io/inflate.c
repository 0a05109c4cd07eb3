#include "io/inflate.h"

#include "base/err.h"
#include "base/mem.h"

#include <zlib.h>

void *inflate_pack(const void *x, int64_t bytes, int size, int level, int64_t *n)
{
    const unsigned char *from = x;
    const int64_t count = bytes / size;
    unsigned char *shuffled = mem_take(bytes, 1);
    uLongf room = compressBound((uLong)bytes);
    void *out = mem_take((int64_t)room, 1);

    for (int64_t i = 0; i < count; i++)
        for (int b = 0; b < size; b++) shuffled[b * count + i] = from[i * size + b];
    if (compress2(out, &room, shuffled, (uLong)bytes, level) != Z_OK) die("zlib cannot pack");
    mem_free(shuffled);
    *n = (int64_t)room;
    return out;
}

void inflate_unpack(void *out, int64_t bytes, const void *packed, int64_t n)
{
    uLongf room = (uLong)bytes;

    if (uncompress(out, &room, packed, (uLong)n) != Z_OK || (int64_t)room != bytes)
        die("zlib cannot unpack its own block");
}
