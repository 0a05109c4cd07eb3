/*
 * value.h - one value of the configuration: what a row of the table allows, and what was given.
 */
#ifndef BASE_VALUE_H
#define BASE_VALUE_H

#include "base/err.h"
#include "base/yaml.h"

#include <stdint.h>

enum conf_type {
    CONF_INT,    /* 64-bit integer */
    CONF_REAL,   /* finite double */
    CONF_FLAG,   /* true or false */
    CONF_TEXT,   /* any text, may be empty */
    CONF_CHOICE, /* one of the words in `choices` */
    CONF_INTS,   /* a list of integers; one integer is a list of one */
    CONF_REALS,  /* a list of doubles; one number is a list of one */
    CONF_TEXTS,  /* a list of texts; one text is a list of one */
    CONF_LIST    /* a list of mappings; their keys are rows named "section.key[].name" */
};

/* A row of the table. */
struct conf_key {
    const char *name; /* "section.key"; "training.phases[].mode" inside a CONF_LIST */
    enum conf_type type;
    const char *preset;  /* the default, as it would stand in the file */
    double min, max;     /* closed range of each number; both 0: no limit */
    const char *unit;    /* "MeV", "s", or "" */
    const char *choices; /* CONF_CHOICE: "one two three" */
    const char *help;    /* one sentence */
};

struct value {
    int n;              /* entries; 1 unless a list */
    int64_t *whole;     /* [n] INT, INTS, FLAG; CHOICE: its index; owned */
    double *real;       /* [n] REAL, REALS; owned */
    char **text;        /* [n] TEXT, TEXTS, CHOICE; owned, each too */
    int members;        /* LIST: keys that an entry may have */
    struct value *item; /* [n, members] LIST; owned */
};

/* Set v (free or set before) as row k allows; not for CONF_LIST. `name` is what the sentence calls
 * the key; file = NULL stands for the command line. On an error v keeps its old value. */
int value_set(struct value *v, const struct conf_key *k, const struct yaml *y, const char *name,
              const char *file, struct err *e);

/* The sentence "name is FOUND, expected KIND", with its place in front; returns -1. */
int value_refuse(const struct conf_key *k, const struct yaml *y, const char *name, const char *file,
                 struct err *e);

/* Put "file:line: ", or "command line: " when file is NULL, before the sentence; returns -1. */
int value_place(struct err *e, const char *file, int line);

void value_free(struct value *v); /* accepts { 0 } and a second call */
void value_copy(struct value *to, const struct value *from);
int value_same(const struct value *a, const struct value *b);

/* "an integer from 1 to 1048576 (showers)"; the caller frees. */
char *value_kind(const struct conf_key *k);

/* As it would stand in a YAML file, on one line; v is a value of row k, no CONF_LIST; the caller
 * frees. */
char *value_text(const struct value *v, const struct conf_key *k);

#endif
