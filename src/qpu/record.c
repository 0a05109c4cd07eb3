#include "qpu/record.h"

#include "base/mem.h"
#include "qpu/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HASH = 16 };

char *record_line(struct json *object, int64_t *n)
{
    char *text = json_text(object);
    int64_t length = (int64_t)strlen(text);
    char *line = mem_print("%016" PRIx64 " %s\n", wire_hash(WIRE_HASH, text, length), text);

    *n = length + HASH + 2;
    mem_free(text);
    json_drop(object);
    return line;
}

struct json *record_read(const char *line)
{
    size_t n = strlen(line);
    struct err none = { "" };
    uint64_t hash;

    if (n < HASH + 2 || line[HASH] != ' ' || sscanf(line, "%16" SCNx64, &hash) != 1 ||
        wire_hash(WIRE_HASH, line + HASH + 1, (int64_t)n - HASH - 1) != hash)
        return NULL;
    return json_parse(line + HASH + 1, "record", &none);
}
