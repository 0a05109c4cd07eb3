/*
 * wire.h - texts that grow, and what the solver protocol puts into them: base64, percent signs.
 */
#ifndef QPU_WIRE_H
#define QPU_WIRE_H

#include <stdint.h>

/* { 0 } is empty. Cleared and filled again it keeps its room, so that a loop takes none. */
struct wire {
    char *text; /* NUL-terminated once something was put; owned */
    int64_t n, room;
};

void wire_clear(struct wire *w);
void wire_free(struct wire *w); /* accepts { 0 } */

/* Room for n bytes more and a NUL; where they go. The caller then adds to w->n. */
char *wire_room(struct wire *w, int64_t n);

void wire_put(struct wire *w, const char *text);
void wire_put_bytes(struct wire *w, const void *bytes, int64_t n);

/* Standard alphabet, padded (RFC 4648, 4). */
void wire_put_base64(struct wire *w, const void *bytes, int64_t n);

/* What is not unreserved (RFC 3986, 2.3) as %XX. */
void wire_put_percent(struct wire *w, const char *text);

/* Bytes of a padded base64 text into out (room for 3 for each 4 characters); their number, or -1
 * for a text that is not base64. */
int64_t wire_unbase64(uint8_t *out, const char *text);

/* FNV-1a of n bytes, going on from `hash` (WIRE_HASH to begin with): tells torn or mixed-up
 * records, not forged ones. */
#define WIRE_HASH 14695981039346656037u
uint64_t wire_hash(uint64_t hash, const void *bytes, int64_t n);

#endif
