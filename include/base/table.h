/*
 * table.h - the table of configuration keys: looking a name up, saying what is wrong with one,
 * printing the table.
 *
 * A name is "section.key", or "section.key[].member" for what an entry of a CONF_LIST holds.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/err.h"
#include "base/value.h"

#include <stddef.h>
#include <stdio.h>

struct table {
    const struct conf_key *row; /* [n], borrowed */
    int n;
};

/* A table with a name twice, an empty range, a member without its list or a secret: die(). */
void table_check(const struct table *t);

int table_find(const struct table *t, const char *name); /* -1: there is none */
int table_is_member(const struct conf_key *k);
int table_in_section(const struct conf_key *k, const char *section);

/* The row of a member of `list`, and in *at its number among the members; when there is none, -1
 * and the number of members. */
int table_member(const struct table *t, const char *list, const char *member, int *at);

/* Members in the order of the table: the row of the first after row i, or -1. Start with i = -1. */
int table_next_member(const struct table *t, const char *list, int i);

/* Is this the name of a secret? It has "token", "password" or "secret" in it. */
int table_is_secret(const char *name);

/* Sentences; all return -1. file = NULL stands for the command line. A secret's value is not
 * quoted: sentences end up in logs. `list` is NULL for a key of a section. */
int table_refuse_secret(const char *name, const char *file, int line, struct err *e);
int table_refuse_section(const struct table *t, const char *name, const char *file, int line,
                         struct err *e);
int table_refuse_key(const struct table *t, const char *name, const char *list, const char *member,
                     const char *file, int line, struct err *e);

/* The rows of n sections: name, type, range, unit, default, help; names in one column, lines of at
 * most 100. */
void table_help(FILE *out, const struct table *t, const char *const *sections, int n);

/* Does this section stand for the first time in the row? */
int table_opens(const struct table *t, int row, const char *section);

/* One key with its value as it stands in a file, below its section, its help in a comment. A member
 * prints nothing: its list does. */
void table_dump(FILE *out, const struct table *t, int row, const struct value *v);

#endif
