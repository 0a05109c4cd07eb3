/*
 * validator.h - the networks on the validation events, and by what an epoch is the best one.
 *
 * training.best, on all validation events of all ranks, lower is better:
 *
 *   ahep        AE + hit, in phases vae + entropy + positive energy
 *   ah          AE + hit
 *   validation  all terms with their weights
 *   ae+10chi2   AE + 10 chi2. For each of 15 bins of incident energy (centre 10^linspace(3, 6, 15)
 *               MeV, half an octave to both sides, so that they overlap) the sums of voxels over
 *               the incident energy, of events and of their reconstructions, fill 30 equal bins
 *               between the least and the largest; chi2 is the mean over the 15 of sum (p - q)^2 /
 *               (p + q) over counts. Not divided by their number: it depends on how many events
 *               there are, so only epochs of one run compare. Costs: a decoder's forward for each
 *               event.
 *   fpd         Frechet distance (shower/fpd, of whole samples: no bootstrap, so with the bias of
 *               their size, the same in every epoch) between the events and generated showers of
 *               the same incident energies, whose bits come from the machine by
 *               training.best_sweeps from fair coins; in phases ae, where the machine learns
 *               nothing, from the encoder. It judges phases of the machine alone too. Costs:
 *               sweeps and a decoder's forward for each event, two eigenvalue problems.
 *
 * Noise of validation is a function of (event, step); of fpd, of the event alone.
 */
#ifndef CMD_VALIDATOR_H
#define CMD_VALIDATOR_H

#include "base/json.h"
#include "cmd/feed.h"
#include "cmd/run.h"
#include "shower/fpd.h"
#include "shower/observables.h"

enum best { BEST_AHEP, BEST_AH, BEST_VALIDATION, BEST_CHI2, BEST_FPD }; /* of training.best */

struct validator {
    const struct run *r;     /* borrowed */
    const struct model *m;   /* borrowed */
    const struct kern *kern; /* borrowed */
    struct feed *feed;       /* borrowed */
    enum best how;
    int64_t every, epochs; /* training.best_every */
    int room;              /* rows of a call of the networks */
    float *u, *x;          /* [room, V] scratch; owned */
    /* ae+10chi2: E_tot / E_inc of this rank's events and of their reconstructions */
    int64_t n, most;
    double *energy, *ratio[2]; /* [most]; owned */
    /* fpd */
    struct observables o;
    int d;
    double *feature[2]; /* [rows, d] of events and generated showers; owned */
    struct sample events;
    double *incident; /* [validation.count] MeV, on every rank; owned */
    double *other;    /* [validation.count, others] of the condition, or NULL; owned */
    int said;         /* what it costs */
    double chi2, fpd; /* of the last epoch that was judged; NAN: not measured */
};

/* From training.best; the feed is open. A criterion that needs validation events and has none is a
 * sentence. Collective. */
int validator_init(struct validator *v, const struct run *r, const struct model *m,
                   const struct kern *k, struct feed *f, int room, struct err *e);
void validator_free(struct validator *v); /* accepts { 0 } */

/* Is this an epoch of a phase of `epochs` to work out what costs? Else its score is NAN. */
int validator_due(const struct validator *v, int64_t epoch, int64_t epochs);

/* Rows that just went through vae_forward with LATENT_BITS: for ae+10chi2, and fpd in phases ae.
 * Local. */
void validator_clear(struct validator *v);
void validator_rows(struct validator *v, struct vae *networks, const struct vae_batch *b);

/* chi2, or fpd: of the rows given (reconstructed != 0) or of generated showers. Collective. */
int validator_finish(struct validator *v, struct vae *networks, int reconstructed, struct err *e);

/* "chi2" and "fpd" of the epoch, where they were measured. Local. */
void validator_put(const struct validator *v, struct json *line);

#endif
