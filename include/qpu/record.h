/*
 * record.h - lines of a file that is only appended to: "HASH JSON\n", 16 hexadecimal digits.
 *
 * The hash tells a line that was torn or damaged.
 */
#ifndef QPU_RECORD_H
#define QPU_RECORD_H

#include "base/json.h"

/* The line of an object, which is taken over; *n bytes with the newline. The caller frees. */
char *record_line(struct json *object, int64_t *n);

/* The object of a line without its newline, the caller's; NULL when the line is not whole. */
struct json *record_read(const char *line);

#endif
