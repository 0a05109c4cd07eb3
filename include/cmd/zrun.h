/*
 * zrun.h - AIS and reverse AIS of a machine for a list of conditions, over all ranks.
 *
 * Every condition has its own chains, padded to whole tiles: tile t belongs to condition
 * t / tiles_each. Tiles are shared out over ranks; nothing is sent until the weights are gathered.
 */
#ifndef CMD_ZRUN_H
#define CMD_ZRUN_H

#include "cmd/run.h"
#include "num/logweights.h"
#include "rbm/ais.h"
#include "rbm/rbm.h"

enum { ZRUN_UP, ZRUN_DOWN, ZRUN_DIRECTIONS };

struct zrun {
    struct run *r;           /* borrowed */
    const struct rbm *m;     /* borrowed */
    const struct kern *kern; /* borrowed */
    int64_t Q;               /* conditions; 1 for the joint machine */
    int64_t chains;          /* of each condition and direction */
    int64_t tiles_each;
    struct block tiles; /* this rank's */
    uint8_t *u;         /* [Q, n_0], NULL for the joint machine; borrowed */
    uint64_t *start;    /* [N, tiles.count] equilibrated states; owned */
    double *mean;       /* [N] of the base; owned */
    int K, sweeps;
    double *beta; /* [K + 1]; owned */
    float *base;  /* [N]; owned */
    struct ais ais[ZRUN_DIRECTIONS];
    double *log_w[ZRUN_DIRECTIONS]; /* [Q, chains] on every rank after the run; owned */
    double *log_z0;                 /* [Q] of the base; owned */
};

/* Equilibrate `burn` sweeps under the conditions, fix the base (data_mean [N] or NULL: the chains'
 * own means), prepare the path. Collective. */
void zrun_init(struct zrun *z, struct run *r, const struct rbm *m, const struct kern *k, int64_t Q,
               uint8_t *u, const double *data_mean);
void zrun_free(struct zrun *z); /* accepts { 0 } */

/* Set out to go up and / or down: no step is made. Local. */
void zrun_begin(struct zrun *z, int up, int down);

/* Steps that are left, of both directions; make at most `steps` of them. Local. */
int64_t zrun_left(const struct zrun *z);
void zrun_advance(struct zrun *z, int steps);

/* All steps are made: gather the weights. Collective. */
void zrun_end(struct zrun *z);

/* What the weights of condition q say; with bar != 0 the estimate joins both directions. */
struct logweights_bracket zrun_bracket(const struct zrun *z, int64_t q, int bar);

/* Log-weights, chains, conditions, directions, betas to an HDF5 file. Collective. */
int zrun_write(const struct zrun *z, const char *path, const double *energy, struct err *e);

#endif
