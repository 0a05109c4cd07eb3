/*
 * err.h - the two kinds of errors.
 *
 * A bug, no memory, an MPI error: die(), on every rank at once.
 * The world's fault (a file, a config, a server): one sentence in struct err,
 * return -1, and par_agree() makes all ranks leave by the same door.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum { ERR_TEXT = 1024 };

struct err {
    char text[ERR_TEXT]; /* "" while all is well */
};

/* Write the sentence (the first one stays) and return -1. It quotes the thing at fault and says
 * what was expected; no full stop, no newline. */
int err_set(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Put "prefix: " before a sentence that stands; returns -1. */
int err_within(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* True when a sentence stands. */
int err_is(const struct err *e);

/* Print "caloq: bug: ..." and end the process (all ranks when par has set its hook). */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What die() calls instead of abort(); par sets MPI_Abort here. */
void err_on_die(void (*hook)(void));

#endif
