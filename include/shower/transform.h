/*
 * transform.h - voxel energies in MeV to what networks eat, and back.
 *
 * Logit (Calo4pQVAE): with eps = x / E, y = R + (1 - 2R) eps, R = 1e-7,
 *   u = ln[ y (1-R) / (R (1-y)) ] / scale  =  log1p[ (1-2R) eps / (R (1-y)) ] / scale,
 *   eps = R (1-R) expm1(u) / [ (1-2R) (1 - R + R e^u) ],
 * both without cancellation: u(0) = 0 exactly, 0 <= u <= 32.24, and the way there and back keeps
 * 1e-5 relative from 1e-9 E to E in float32.
 * Log1p: u = log1p(eps / R) / scale. GeV: u = x / 1000 / scale. Either may be standardised.
 */
#ifndef SHOWER_TRANSFORM_H
#define SHOWER_TRANSFORM_H

#include "shower/standard.h"

#include <stdint.h>

enum transform_kind { TRANSFORM_LOGIT, TRANSFORM_LOG1P, TRANSFORM_GEV };

struct transform {
    enum transform_kind kind;
    double r;                        /* R, without dimension; 1e-7 for the logit */
    double scale;                    /* divisor of u; 1 */
    double threshold;                /* MeV: voxels below it are 0 on both ways; 0: none */
    const struct standard *standard; /* the last step, by voxel; NULL: none; borrowed */
};

/* The logit with R = 1e-7, no scale, no threshold. */
struct transform transform_logit(void);

/* Why an event cannot be transformed; the first reason in this order. */
enum transform_fault {
    TRANSFORM_FINE,
    TRANSFORM_ENERGY,   /* incident energy not finite or not above 0 */
    TRANSFORM_NAN,      /* a voxel is not finite */
    TRANSFORM_NEGATIVE, /* a voxel is below 0 */
    TRANSFORM_ABOVE,    /* a voxel is above the incident energy (logit alone) */
    TRANSFORM_FAULTS
};

enum transform_fault transform_judge(const struct transform *t, int V, double energy,
                                     const float *x);

/* What clipping can mend: voxels above the incident energy become equal to it. Returns the fault
 * that is left. */
enum transform_fault transform_clip(const struct transform *t, int V, double energy, float *x);

/* "a voxel above the incident energy", ... */
const char *transform_reason(enum transform_fault f);

/* x [B,V] MeV and energy [B] MeV to u [B,V]; x may be u. Events must be fine. */
void transform_forward(const struct transform *t, int B, int V, const double *energy,
                       const float *x, float *u);

/* u [B,V] to x [B,V] MeV; u <= 0 (or NaN) gives x = 0, large u at most the incident energy.
 * hit [B,V] or NULL: where it is 0, x = 0. x may be u. */
void transform_inverse(const struct transform *t, int B, int V, const double *energy,
                       const float *u, const float *hit, float *x);

/* hit[i] = 1 where u[i] > 0, else 0; n numbers. */
void transform_hits(int64_t n, const float *u, float *hit);

/* Add normal noise of this sigma to the hits of event `item` (u [V], as it is for `step`): |u +
 * noise|, so that hits stay hits, and what was none stays 0. A function of (seed, RNG_BLUR, item,
 * step). */
void transform_blur(float *u, int V, double sigma, uint64_t seed, int64_t item, int64_t step);

/* The incident energy as a channel: (ln E - a) / (b - a) s, E in MeV; CaloChallenge a, b, s = 6,
 * 14, 1. */
double transform_energy(double energy, double a, double b, double s);

#endif
