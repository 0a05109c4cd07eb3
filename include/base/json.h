/*
 * json.h - JSON objects, built and read. The one home of jansson.
 *
 * Keys keep the order in which they were put. NaN and infinities become null: JSON has none.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/err.h"

#include <stdint.h>

struct json; /* an object or an array, opaque */

struct json *json_new(void);    /* {} */
struct json *json_list(void);   /* [] */
void json_drop(struct json *j); /* accepts NULL */

void json_put_int(struct json *j, const char *key, int64_t x);
void json_put_real(struct json *j, const char *key, double x);
void json_put_text(struct json *j, const char *key, const char *x);
void json_put_flag(struct json *j, const char *key, int x);
void json_put(struct json *j, const char *key, struct json *x); /* takes x over */
void json_add(struct json *list, struct json *x);               /* takes x over */
struct json *json_item(struct json *list, int64_t i);           /* borrowed; NULL beyond its end */
void json_add_int(struct json *list, int64_t x);
void json_add_real(struct json *list, double x);

/* One line, no newline; the caller frees it with mem_free. Reals keep 17 digits where needed. */
char *json_text(const struct json *j);

/* Parse text (at most 64 MiB); NULL with a sentence that starts with `file`. Duplicate keys are
 * refused. */
struct json *json_parse(const char *text, const char *file, struct err *e);

/* The same for n bytes from a stranger: refused before the parser sees them when they hold a NUL
 * or nest deeper than `depth`. */
struct json *json_parse_stranger(const char *text, int64_t n, int depth, const char *name,
                                 struct err *e);

/* Reading: 0, or -1 when the key is absent or of another kind (then *out is left alone). Texts and
 * members are borrowed. */
int json_get_int(const struct json *j, const char *key, int64_t *out);
int json_get_real(const struct json *j, const char *key, double *out);
int json_get_text(const struct json *j, const char *key, const char **out);
int json_get_flag(const struct json *j, const char *key, int *out);
const struct json *json_get(const struct json *j, const char *key); /* borrowed until json_drop */

/* Lists: how many entries (-1: no list), and entry i, borrowed; NULL past the end. */
int json_count(const struct json *list);
const struct json *json_at(const struct json *list, int i);

/* The name of member i of an object, borrowed; NULL past the end. */
const char *json_key(const struct json *object, int i);

/* A value by itself, such as an entry of a list: as json_get_int and its kin. */
int json_whole(const struct json *x, int64_t *out);
int json_number(const struct json *x, double *out);
int json_string_of(const struct json *x, const char **out);

/* A copy of its own, and taking a member out of one (absent: no error). */
struct json *json_clone(const struct json *j);
void json_remove(struct json *j, const char *key);

const char *json_version(void);

#endif
