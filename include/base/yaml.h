/*
 * yaml.h - a YAML document as a tree with line numbers. The one home of libyaml.
 *
 * Strict: one document, no duplicate keys, no aliases, no tags, depth <= 64, text <= 16 MiB,
 * valid UTF-8 without NUL. Numbers are not guessed at: a scalar is its text.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "base/err.h"

#include <stdint.h>

enum yaml_kind { YAML_NULL, YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml {
    enum yaml_kind kind;
    int line;           /* from 1 */
    int quoted;         /* a scalar in quotes: never null, never a number's text by chance */
    char *text;         /* scalar; owned */
    int n;              /* entries of a list or a map */
    struct yaml *entry; /* [n], owned: list entries or map values, in the order of the file */
    char **key;         /* [n] of a map, owned */
    int *key_line;      /* [n] of a map, owned */
};

/* Parse text; `file` is what sentences call it. The tree is the caller's to free. An empty document
 * is YAML_NULL. Returns NULL with a sentence "file:line: ..." on bad input. */
struct yaml *yaml_parse(const char *text, const char *file, struct err *e);
void yaml_drop(struct yaml *y); /* accepts NULL; libyaml itself exports a yaml_free */

/* The value of a key of a map, or NULL. */
const struct yaml *yaml_get(const struct yaml *map, const char *key);

/* Strict conversions: the whole text, decimal, in range, finite. The sentence says "file:line: ".
 */
int yaml_int(const struct yaml *y, const char *file, int64_t *out, struct err *e);
int yaml_real(const struct yaml *y, const char *file, double *out, struct err *e);
int yaml_flag(const struct yaml *y, const char *file, int *out, struct err *e);

/* libyaml's version. */
const char *yaml_version(void);

#endif
