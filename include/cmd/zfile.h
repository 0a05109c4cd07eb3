/*
 * zfile.h - the HDF5 file of an estimate's log-weights: written, read back, and merged.
 *
 *   /log_weights f64, /chain i64, /condition i32, /direction i32 (0 up, 1 down)   a row a chain
 *   /betas f64 [K + 1], /base f32 [N], /log_z0 f64 [Q], /conditions f64 [Q] MeV
 *   /quality/up, /quality/down: figures of the weights (zquality.h)
 *   /up/point, /up/lane, /down/...   figures of the path's points (stepping, ti), a row a tile
 *
 * Chains of a condition are numbered; files with other chains of the same path join exactly.
 */
#ifndef CMD_ZFILE_H
#define CMD_ZFILE_H

#include "cmd/zquality.h"
#include "cmd/zweights.h"
#include "io/h5.h"

/* energy [Q] MeV or NULL. Collective. */
int zfile_write(const struct zsubject *s, const struct zplan *plan, const struct zpath *path,
                const struct zweights *w, const struct zquality *quality, const double *energy,
                const char *name, struct err *e);

/* Add the chains of a file to w; another machine, path, seed or method, or a chain that is there
 * already: a sentence. Collective. */
int zfile_read(const struct zsubject *s, const struct zplan *plan, const struct zpath *path,
               struct zweights *w, const char *name, struct err *e);

/* A number that stands for the machine and its conditions. Local. */
int64_t zfile_identity(const struct zsubject *s);

/* The lists of w in an open file, and back. Collective. */
int zfile_put(struct h5 *f, const struct zweights *w, struct err *e);
int zfile_get(struct h5 *f, struct zweights *w, struct err *e);

#endif
