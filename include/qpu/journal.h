/*
 * journal.h - what was asked of a solver, on disk before it can cost anything.
 *
 * A folder with
 *   journal   one record a line, "HASH JSON": begun (label, digest of the problem), named (id),
 *             answered (where its reads lie), failed, closed; only ever appended to
 *   answers   the reads of all problems, one after another
 *   problem-DIGEST.json  what was sent
 *   lock      held by the one process that works with it
 *
 * A label is on the disk (fsync) before the problem is sent. A start after kill -9 finds each
 * problem that was begun: it has an id, or its label tells whether the service has it. A line torn
 * by the end of the process is cut off; damage elsewhere is refused. Problems are found again by
 * their request, part and digest, so a new start that asks for the same gets what is paid for.
 */
#ifndef QPU_JOURNAL_H
#define QPU_JOURNAL_H

#include "base/err.h"

#include <stdint.h>

enum { JOURNAL_ID = 72, JOURNAL_LABEL = 80 };

enum journal_state { JOURNAL_BEGUN, JOURNAL_NAMED, JOURNAL_ANSWERED, JOURNAL_FAILED };

struct journal_entry {
    int64_t request, part; /* which of the caller's requests, which part of its reads */
    uint64_t digest;       /* of the problem and its parameters */
    enum journal_state state;
    char id[JOURNAL_ID]; /* of the service, "" until named */
    int64_t offset, bytes;
    uint64_t hash; /* of the reads */
    double access; /* us that it cost, or was predicted to */
};

struct journal {
    char *folder, *path, *answers; /* owned */
    char session[33];              /* random, so that no two runs share a label */
    int lock;
    int64_t n, room;
    struct journal_entry *entry; /* [n] by number; owned */
    int closed;                  /* everything in it is used */
    double access;               /* us of all that was answered */
    int64_t end;                 /* bytes of answers */
};

/* Make the folder or take up what is there. fresh: begin anew; what is there is set aside as
 * journal.old when it holds problems without an answer.
 * On an error j is { 0 }, with lock -1. */
int journal_open(struct journal *j, const char *folder, int fresh, struct err *e);
void journal_free(struct journal *j); /* accepts { .lock = -1 } */

/* Before a new problem: a journal that was closed begins anew, unless this run has used some of it.
 */
int journal_reopen(struct journal *j, int used, struct err *e);

/* The newest problem of this kind that has not failed, or -1. */
int64_t journal_find(const struct journal *j, int64_t request, int64_t part, uint64_t digest);

/* Problems that cost something or may yet: all that have not failed. */
int64_t journal_problems(const struct journal *j);

/* Problems begun or named that have no answer. */
int64_t journal_open_problems(const struct journal *j);

/* Keep what was sent, once for each digest; durable. */
int journal_problem(struct journal *j, uint64_t digest, const char *text, int64_t n, struct err *e);

/* The text of journal_problem is needed no more. */
void journal_forget(struct journal *j, uint64_t digest);

/* Has another answered problem of the kind of `number` these reads? */
int journal_has_reads(const struct journal *j, int64_t number, const void *reads, int64_t bytes);

/* A new problem, durable; its number, or -1. */
int64_t journal_begin(struct journal *j, int64_t request, int64_t part, uint64_t digest, int reads,
                      struct err *e);

/* "caloq-SESSION-NUMBER" */
void journal_label(const struct journal *j, int64_t number, char label[JOURNAL_LABEL]);

int journal_named(struct journal *j, int64_t number, const char *id, struct err *e);
int journal_answered(struct journal *j, int64_t number, const void *reads, int64_t bytes,
                     double access, struct err *e);
int journal_failed(struct journal *j, int64_t number, const char *why, struct err *e);

/* The reads of an answered problem into bytes. */
int journal_reads(const struct journal *j, int64_t number, void *bytes, struct err *e);

/* Everything is used: a start that asks for the same gets it again, any other begins anew. */
int journal_close(struct journal *j, struct err *e);

#endif
