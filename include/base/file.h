/*
 * file.h - files that are whole or not there. Local: no MPI.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/err.h"

#include <stdint.h>

/* The whole file with a NUL behind it; the caller frees. A folder, a missing or unreadable file, or
 * more than `most` bytes: NULL and a sentence. bytes = NULL asks for text, in which a NUL byte is
 * an error too (what follows it would never be seen). */
char *file_slurp(const char *path, int64_t most, int64_t *bytes, struct err *e);

/* The n bytes from `at` on into bytes; how many of them there are, 0 when it cannot be read. */
int64_t file_piece(const char *path, int64_t at, void *bytes, int64_t n);

/* Replace path by these bytes: written aside (path.tmp), fsynced, renamed, folder fsynced. On an
 * error nothing changes and no temporary file stays. */
int file_replace(const char *path, const void *bytes, int64_t n, struct err *e);

/* The last two steps for a file that someone else has written: fsync aside, rename it to path,
 * fsync the folder. On an error `aside` is removed. */
int file_commit(const char *aside, const char *path, struct err *e);

/* Append bytes; with sync != 0 also fsync. On an error what was there stays, without half a record.
 * One writer at a time. */
int file_append(const char *path, const void *bytes, int64_t n, int sync, struct err *e);

/* mkdir -p; an existing folder is fine; it must be writable. */
int file_folder(const char *path, struct err *e);

/* Is there enough room for `bytes` more in the folder of path, below RLIMIT_FSIZE, and may we write
 * there? One sentence if not. */
int file_room(const char *path, int64_t bytes, struct err *e);

int file_exists(const char *path); /* any kind of file */
int file_is_folder(const char *path);
void file_remove(const char *path); /* no error when absent */

/* folder/name; the caller frees. */
char *file_join(const char *folder, const char *name);

/* Names in a folder that match prefix*suffix, sorted; *names is the caller's (each and the list).
 * Returns their count; 0 when the folder is absent. */
int file_list(const char *folder, const char *prefix, const char *suffix, char ***names);

#endif
