/*
 * ckpt.h - checkpoints: HDF5 files that are whole, checked, and never in each other's way.
 *
 * A checkpoint is an HDF5 file behind a userblock of 512 bytes that says
 *
 *   caloq-checkpoint 1
 *   bytes N            everything behind the userblock
 *   checksum X         64 bits, of these N bytes (see digest.h)
 *
 * h5py opens it as any other. It is written aside, flushed to the disk, checksummed by all ranks,
 * and renamed last: a job killed at any moment leaves the old one or the new one, never half of
 * one. Callers put their own datasets between ckpt_create and ckpt_commit: /model, /optimizer,
 * /rbm, /chains, /progress, /config.
 *
 * Every function is collective unless it says "local", and agrees on its errors.
 */
#ifndef IO_CKPT_H
#define IO_CKPT_H

#include "base/err.h"
#include "base/log.h"
#include "io/h5.h"
#include "par/par.h"

#include <stdint.h>

enum { CKPT_USERBLOCK = 512 };

/* folder/checkpoint-EPOCH.h5, not padded; the caller frees. Local. */
char *ckpt_name(const char *folder, int64_t epoch);

/* The epoch in the last part of a path, or -1 when it is not a checkpoint's name. Local. */
int64_t ckpt_epoch(const char *path);

/* Begin a checkpoint; path is its final name. Then h5_define, h5_write_rows, ..., ckpt_commit. */
int ckpt_create(struct h5 *f, const struct par *P, const char *path, struct err *e);

/* Close, fsync, checksum, rename. On an error nothing appears, what was there stays, and the
 * temporary file is removed. f is closed either way. */
int ckpt_commit(struct h5 *f, struct err *e);

/* Is the file whole? Every bit of it counts: the userblock too. */
int ckpt_verify(const struct par *P, const char *path, struct err *e);

/* Verify, then open for reading; h5_close as ever. */
int ckpt_open(struct h5 *f, const struct par *P, const char *path, struct err *e);

/* Open any HDF5 file for reading. One that is a checkpoint, by its first line or by its attribute
 * `format`, must be whole: HDF5 is not asked to read a damaged one. */
int ckpt_open_any(struct h5 *f, const struct par *P, const char *path, struct err *e);

/* The newest whole checkpoint of a run folder, opened. A damaged one is named in a warning (l may
 * be NULL) and the one before is taken. Returns 0: opened, *epoch is its number; 1: the folder
 * holds none; -1: there are some and all are damaged (f is closed in the last two cases). */
int ckpt_open_newest(struct h5 *f, const struct par *P, const char *folder, int64_t *epoch,
                     struct log *l, struct err *e);

/* Let folder/best.h5 be the checkpoint of this epoch (a second name of the same file, or a copy
 * where links are not to be had); in one step, so best.h5 is always whole. */
int ckpt_best(const struct par *P, const char *folder, int64_t epoch, struct err *e);

/* Remove all checkpoints of a folder and best.h5: another run begins in it. */
int ckpt_forget(const struct par *P, const char *folder, struct err *e);

/* Remove all but the newest `keep` >= 1 checkpoints, and what killed jobs left half-written.
 * best.h5 stays. */
int ckpt_prune(const struct par *P, const char *folder, int keep, struct err *e);

#endif
