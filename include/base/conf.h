/*
 * conf.h - the configuration: one table of keys, one YAML file, overrides on the command line.
 *
 * The table (src/cmd/keys.c) gives every key its type, unit, range, default and help; `caloq help`
 * prints it. A key that is not in the table is an error that names its nearest neighbour. The file
 * is read first, then the overrides `section.key=value` go through the same setter. What was used,
 * defaults too, can be written back as YAML. The rows of the table are struct conf_key (value.h).
 *
 * No secret is a key: a name with "token", "password" or "secret" in it is refused, and its value
 * is never quoted.
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include "base/err.h"
#include "base/value.h"

#include <stdint.h>
#include <stdio.h>

struct conf; /* opaque, owned */

/* Defaults alone. The table must outlive it; a default that its own row refuses is a bug: die(). */
struct conf *conf_new(const struct conf_key *table, int n);
void conf_free(struct conf *c); /* accepts NULL */

/* Set keys from YAML text; `file` is what error sentences call it ("file:line: ..."). */
int conf_read(struct conf *c, const char *text, const char *file, struct err *e);

/* Other defaults: set from YAML text the keys that nothing has set yet; `origin` is what sentences
 * call the text. */
int conf_fill(struct conf *c, const char *text, const char *origin, struct err *e);

/* Set one key from "section.key=value", the value in YAML (so [1, 2] is a list). */
int conf_override(struct conf *c, const char *assignment, struct err *e);

/* Values. A name that is not in the table, or is of another type, is a bug: die(). Pointers are
 * borrowed from c and hold until the key is set again. */
int64_t conf_int(const struct conf *c, const char *name);
double conf_real(const struct conf *c, const char *name);
int conf_flag(const struct conf *c, const char *name);
const char *conf_text(const struct conf *c, const char *name); /* TEXT or CHOICE; never NULL */
int conf_choice(const struct conf *c, const char *name);       /* index among the choices */
int conf_count(const struct conf *c, const char *name);        /* entries of a list */
int64_t conf_int_at(const struct conf *c, const char *name, int i);
double conf_real_at(const struct conf *c, const char *name, int i);
const char *conf_text_at(const struct conf *c, const char *name, int i);

/* Entry i of the CONF_LIST `name` ("training.phases"): its key `member` ("mode"). */
int64_t conf_item_int(const struct conf *c, const char *name, int i, const char *member);
double conf_item_real(const struct conf *c, const char *name, int i, const char *member);
int conf_item_flag(const struct conf *c, const char *name, int i, const char *member);
const char *conf_item_text(const struct conf *c, const char *name, int i, const char *member);

/* Was it set by the file, the command line or conf_fill (and not left at its default)? */
int conf_given(const struct conf *c, const char *name);

/* "train.yaml:12", "command line" or "default": for sentences about a value. */
const char *conf_origin(const struct conf *c, const char *name);

/* All values as YAML, by section, each with its help and unit as a comment; the caller frees. */
char *conf_dump(const struct conf *c);

/* The rows of the given sections ("run", "data", ...; n of them), for `caloq help COMMAND`. */
void conf_help(FILE *out, const struct conf_key *table, int n, const char *const *sections,
               int n_sections);

/* The first of `names` (separated by spaces) whose value differs between a and b, or NULL: a
 * resumed run must not change what shapes the model. */
const char *conf_differs(const struct conf *a, const struct conf *b, const char *names);

#endif
