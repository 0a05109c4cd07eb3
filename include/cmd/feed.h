/*
 * feed.h - what training eats: batches of showers, or of latent bits, the same for any rank count.
 *
 * A batch is a run of the epoch's global shuffle; each rank gets its block of it. Showers stay
 * where they were read and travel to the rank that wants them; bit rows (rows.h), 32 times smaller
 * than floats, are held by every rank, and a rank takes tiles of 64 of a batch: ranks behind the
 * last tile have none.
 */
#ifndef CMD_FEED_H
#define CMD_FEED_H

#include "cmd/model.h"
#include "cmd/rows.h"
#include "cmd/run.h"
#include "shower/dataset.h"

struct feed {
    const struct par *P;       /* borrowed */
    const struct model *model; /* borrowed */
    uint64_t seed;
    int bits;                        /* latent bits, not showers */
    struct dataset data, held;       /* training files; validation files if there are any */
    double *data_other, *held_other; /* [n, others] of the condition, or NULL; owned */
    struct dataset_part train, validation;
    struct dataset *validation_data; /* &data or &held; borrowed */
    struct rows rows;                /* of bits, in place of data and held */
    int visible;                     /* leading partitions that the rows fill; the rest is hidden */
    int B;                           /* showers of a batch, all ranks */
    int share;                       /* most of them on this rank */
    double noise;                    /* on hits of training events, network units */
    /* the batch at hand */
    int64_t epoch;
    int64_t *all;      /* [B] event numbers of the whole batch; owned */
    int n;             /* how many: the last batch of an epoch is shorter */
    struct block mine; /* this rank's part of the batch */
    int64_t *strata;   /* [events] the order of a split by energy, or NULL; owned */
    int64_t *item;     /* [share] global numbers for the noise; owned */
    double *E;         /* [share] MeV; owned */
    float *u;          /* [share, V] network units; owned */
    double *other;     /* [share, others] of the condition, or NULL; owned */
    uint8_t *state;    /* [share, N] bit rows, 0 in hidden partitions; owned */
};

/* Read the files that the config names. Events that cannot be transformed are counted, reported and
 * dropped. Collective. On an error f is { 0 }. */
int feed_open(struct feed *f, const struct run *r, const struct model *m, struct err *e);
void feed_close(struct feed *f); /* local; accepts { 0 } */

/* Does data.kind name rows of bits, not showers? Local. */
int feed_of_bits(const struct conf *c);

/* Batches of an epoch. Local. */
int64_t feed_steps(const struct feed *f);

/* Fill the batch `index` of an epoch. Collective. */
int feed_batch(struct feed *f, int64_t epoch, int64_t index, struct err *e);

/* Fill batch `index` of the validation events, in order; returns 1, 0 behind the last, -1 with a
 * sentence. Collective. */
int feed_validation(struct feed *f, int64_t index, struct err *e);

/* The numbers of the condition beside the energy of validation event i, out [others]. Local. */
void feed_validation_others(const struct feed *f, int64_t i, double *out);

/* Bytes [held] of the clamped units for event j of the whole batch (0 <= j < n). Local. */
void feed_condition(const struct feed *f, int j, uint8_t *u);

/* The same for any training event. Local. */
void feed_condition_of(const struct feed *f, int64_t event, uint8_t *u);

/* Numbers of all training events in the order of incident energy, or of the clamped units' bits
 * where rows have no energy; ties by number. [train.count], the caller's to mem_free. Local.
 */
int64_t *feed_by_condition(const struct feed *f);

/* Fit s, which is new, on the training events without noise. Collective. */
int feed_standard(struct feed *f, struct standard *s, struct err *e);

/* Means over the training events that start the networks near the data: four rows [V] in one
 * block, freed by the caller; NULL with a sentence. Collective. */
float *feed_means(struct feed *f, struct vae_data *means, struct err *e);

#endif
