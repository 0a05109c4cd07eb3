/*
 * source.h - one or many CaloChallenge files as one long table of showers, read in pieces.
 *
 * A file holds `showers` (N, V) and `incident_energies` (N, 1) or (N), MeV, float32 or float64,
 * compressed or not; the older spelling `incidence energy` is read too. Events are numbered
 * through all files in the order of the paths. Everything wrong is one sentence that names file,
 * dataset and row.
 */
#ifndef SHOWER_SOURCE_H
#define SHOWER_SOURCE_H

#include "base/block.h"
#include "base/err.h"
#include "io/h5.h"
#include "par/par.h"

struct source {
    const struct par *P; /* borrowed */
    int n_files, V;
    struct h5 *file; /* [n_files], open; owned */
    int64_t *first;  /* [n_files + 1] number of the first event of each file; owned */
    int64_t events;  /* in all files: first[n_files] */
    double *energy;  /* [events] incident energies, MeV, on every rank; owned */
};

/* Open, compare shapes with V voxels, read and check all incident energies (finite, above 0).
 * Collective. On an error s is { 0 }. */
int source_open(struct source *s, const struct par *P, const char *const *paths, int n_paths, int V,
                struct err *e);
void source_close(struct source *s); /* collective; accepts { 0 } and a second call */

/* Least and largest incident energy, MeV. Local. */
void source_range(const struct source *s, double *least, double *most);

/* This rank's events [rows.first, rows.first + rows.count), which may be none, to x [count, V] in
 * float32, checked: finite, not negative. Collective: as many calls on every rank. */
int source_rows(const struct source *s, struct block rows, float *x, struct err *e);

/* The same as they stand in the files, for who judges them (transform_judge). */
int source_unchecked(const struct source *s, struct block rows, float *x, struct err *e);

/* Any of this rank's choosing: event[0..n-1], in any order, repeated or not, to x [n, V].
 * Collective; n may differ between ranks and be 0. */
int source_picked(const struct source *s, const int64_t *event, int64_t n, float *x, struct err *e);

#endif
