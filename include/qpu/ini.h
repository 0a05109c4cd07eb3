/*
 * ini.h - files of sections, keys and values, as Python's configparser reads them (dwave.conf).
 *
 *   [section]
 *   key = value        "=" or ":", the first of them; keys in small letters
 *     and its next line (indented), joined by a newline
 *   # or ; begins a comment at the start of a line only
 *
 * "%%" stands for "%"; a lone "%" is taken as it is, where configparser fails.
 */
#ifndef QPU_INI_H
#define QPU_INI_H

#include "base/err.h"

struct ini_entry {
    char *section, *key, *value; /* owned */
    char *file;                  /* that gave the value; owned */
};

struct ini {
    int n;
    struct ini_entry *entry; /* [n] sections in the order of their first appearance; owned */
};

/* Add what text says: a key that is there already takes the new value. Sentences begin
 * "name:line: " and quote no value. On an error what was read before stays. */
int ini_read(struct ini *t, const char *text, const char *name, struct err *e);

void ini_free(struct ini *t); /* accepts { 0 } */

/* NULL: there is none. An empty value counts as none. */
const char *ini_get(const struct ini *t, const char *section, const char *key);

/* The file that gave the value; NULL as ini_get. */
const char *ini_file(const struct ini *t, const char *section, const char *key);

int ini_has(const struct ini *t, const char *section);

/* The first section that is not `but`, or NULL. */
const char *ini_first(const struct ini *t, const char *but);

#endif
