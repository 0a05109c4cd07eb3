/*
 * course.h - ln Z of the machine along a run's training (rbm/trajectory.h), from chains of its own.
 *
 * rbm.trajectory chains, whole tiles of 64. The chains begin in the machine that training starts
 * from, by a bridge of a hundred steps from its biases alone. In a conditional machine a tile has
 * the condition of one event, drawn once as a stratified sample of all events, whatever
 * rbm.chain_condition says; logz is then the mean of ln Z(u) over the tiles.
 *
 * In a checkpoint, group /trajectory:
 *
 *   state        uint64 [tiles, N]    a row a tile of 64 chains, a word a unit
 *   log_weights  float64 [tiles, 64]  since the tile was last resampled
 *   log_z        float64 [tiles]      ln Z_0 and the means of the weights that were resampled: ln Z
 *                                     of a tile is log_z + log mean exp log_weights
 *   attributes   chains, step, resamplings, conditional (0 or 1), logz, error, ess
 */
#ifndef CMD_COURSE_H
#define CMD_COURSE_H

#include "base/json.h"
#include "cmd/feed.h"
#include "cmd/run.h"
#include "io/h5.h"
#include "rbm/trajectory.h"

struct course {
    const struct par *P;     /* borrowed */
    const struct rbm *m;     /* borrowed */
    const struct kern *kern; /* borrowed */
    const struct feed *feed; /* borrowed */
    int64_t tiles;           /* of all ranks; 0: no trajectory is asked for */
    struct trajectory t;
    struct trajectory_estimate now; /* of the last course_take */
};

/* From rbm.trajectory and rbm.trajectory_sweeps. Local. */
void course_init(struct course *c, const struct run *r, const struct rbm *m, const struct kern *k,
                 const struct feed *f);
void course_free(struct course *c); /* accepts { 0 } */

/* Before the first update; after each of them. Local. */
void course_start(struct course *c);
void course_step(struct course *c);

/* The estimate of the moment, into now. Collective; nothing without a trajectory. */
void course_take(struct course *c);

/* lnz_trajectory, lnz_trajectory_error, lnz_trajectory_ess. Local. */
void course_put(const struct course *c, struct json *line);

/* Collective. */
int course_write(struct h5 *f, const struct course *c, struct err *e);
int course_read(const struct h5 *f, struct course *c, struct err *e);

#endif
