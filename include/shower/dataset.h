/*
 * dataset.h - showers in memory, shared out over the ranks.
 *
 * Events are read from CaloChallenge files (source.h); those that cannot be transformed are counted
 * and dropped, and what stays is numbered 0..n-1 in the order of the files: no number depends on
 * how many ranks there are. Each rank reads the voxels of one run of events, dense or as their hits
 * alone, and shares them with the ranks of its node (shelf.h): each node has its shard once, there
 * is one copy in the whole job, and batches take from other nodes what is theirs. Or no rank holds
 * any, and batches are read from the files. Incident energies are everywhere.
 */
#ifndef SHOWER_DATASET_H
#define SHOWER_DATASET_H

#include "base/block.h"
#include "base/err.h"
#include "par/par.h"
#include "shower/shelf.h"
#include "shower/source.h"
#include "shower/transform.h"

#include <stdint.h>

struct dataset {
    int V;
    int64_t n;                       /* events kept, on all ranks together */
    int64_t read;                    /* events in the files (after `most`) */
    int64_t dropped;                 /* read - n */
    int64_t fault[TRANSFORM_FAULTS]; /* how many for which reason */
    int64_t first[TRANSFORM_FAULTS]; /* file number of the first for it */
    double *energy;                  /* [n] MeV, on every rank; owned */
    struct block mine;               /* events whose voxels this rank has read */
    int64_t clipped;                 /* events with voxels that were clipped */
    struct shelf rows;               /* [mine.count] of V voxels, MeV; none when from files */
    struct source *files;            /* open, when batches are read from them; owned */
    int64_t *number;                 /* [n] number in the files, or NULL; on every rank; owned */
    const struct transform *clip;    /* rows from files are clipped by it; borrowed, or NULL */
    int64_t *bound;                  /* [size + 1]: rank r holds bound[r]..bound[r+1]-1; owned */
    struct dataset_post *post;       /* buffers of dataset_fetch; owned */
};

enum dataset_storage { DATASET_DENSE, DATASET_SPARSE, DATASET_FILES };

struct dataset_options {
    int64_t most; /* the first so many events; 0: all */
    enum dataset_storage storage;
    int clip; /* voxels above the incident energy: clipped, not dropped with their event */
};

/* Load the events of the files. Fewer events than ranks is an error. t is borrowed when batches
 * come from files. Collective. On an error d is { 0 }. */
int dataset_load(struct dataset *d, const struct par *P, const char *const *paths, int n_paths,
                 int V, const struct transform *t, const struct dataset_options *o, struct err *e);

/* The same from memory, for tests and for the eyes of other commands: event i of n has
 * energy[i]; x [mine.count, V] holds block_of(n, rank, size). Copies. Collective. */
void dataset_of(struct dataset *d, const struct par *P, int V, int64_t n, const double *energy,
                const float *x);

void dataset_free(struct dataset *d); /* collective; accepts { 0 } and a second call */

/* Events index[0..n-1] (any, in any order, repeated or not; n may differ between ranks and be 0)
 * from this node, from others, or from the files, to out [n, V], MeV, and their energies to energy
 * [n] (may be NULL). Collective. Buffers grow with the largest batch and stay. A file that can no
 * longer be read is a sentence. */
int dataset_fetch(struct dataset *d, const struct par *P, const int64_t *index, int n, float *out,
                  double *energy, struct err *e);

/* A part of a data set: training or validation events. */
struct dataset_part {
    int64_t all;   /* events in the data set */
    int64_t first; /* in the order below */
    int64_t count; /* events in this part */
    int random;    /* 0: file order; 1: a permutation by seed */
    uint64_t seed;
    const int64_t *list; /* [all] the order instead, or NULL; borrowed */
};

/* Everything. */
struct dataset_part dataset_whole(int64_t n);

/* Keep round(fraction n) events for validation, at least one event on either side when 0 <
 * fraction < 1 and n > 1: the last ones (random = 0) or drawn by seed (stream RNG_SPLIT). */
void dataset_split(int64_t n, double fraction, int random, uint64_t seed,
                   struct dataset_part *train, struct dataset_part *validation);

/* The same, alike in energy: the events by incident energy are cut into as many runs as validation
 * gets events, and one of each run is drawn. Returns the list that both parts borrow; the caller's
 * to mem_free. */
int64_t *dataset_strata(const struct dataset *d, double fraction, uint64_t seed,
                        struct dataset_part *train, struct dataset_part *validation);

/* Data set number of event i of a part, 0 <= i < count. */
int64_t dataset_number(const struct dataset_part *p, int64_t i);

/* The events at places first .. first + n - 1 of the part's order in this epoch, as data set
 * numbers: a permutation that is a function of (seed, epoch) alone (stream RNG_SHUFFLE). Local. */
void dataset_order(const struct dataset_part *p, uint64_t seed, int64_t epoch, int64_t first, int n,
                   int64_t *index);

#endif
