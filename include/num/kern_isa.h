/*
 * kern_isa.h - the functions of one compiled copy of src/num/kern_*.c.
 *
 * Included by those files alone: KERN_ISA comes from the compiler's command line, and KERN(gibbs)
 * is gibbs_v4 and so on. What each does is told in kern.h.
 */
#ifndef NUM_KERN_ISA_H
#define NUM_KERN_ISA_H

#include "num/kern.h"

#define KERN_GLUE(a, b) a##_##b
#define KERN_NAME(a, b) KERN_GLUE(a, b)
#define KERN(function) KERN_NAME(function, KERN_ISA)
#define KERN_QUOTE(a) #a
#define KERN_TEXT(a) KERN_QUOTE(a)

void KERN(gibbs)(uint64_t *bits, double *track, int64_t tiles, const struct kern_net *net,
                 const struct kern_draw *d, int first, int last);
void KERN(grid)(uint64_t *bits, double *track, int64_t tiles, const struct kern_grid *g,
                const struct kern_draw *d, int first, int last);
void KERN(lookup)(uint64_t *bits, double *track, int64_t tiles, const struct kern_lookup *L,
                  const struct kern_draw *d, int ranges, const int32_t (*order)[2],
                  const uint8_t *still);
void KERN(tables)(int16_t *table, const int16_t *weight, int64_t n);
void KERN(draw)(uint64_t *row, double *track, int64_t tiles, const float *phi,
                const struct kern_draw *d, int unit);
void KERN(score)(double *out, const uint64_t *bits, int64_t tiles, const struct kern_net *net,
                 const float *base);
void KERN(field)(float *phi, const uint64_t *bits, int64_t tiles, const struct kern_net *net,
                 int unit);
void KERN(gains)(double *gain, double *slope, const uint64_t *row, const float *phi, int64_t tiles,
                 float base, float from, float beta);
void KERN(sums)(int64_t *count, const uint64_t *bits, int64_t tiles, const uint64_t *live, int N);
void KERN(pairs)(int64_t *count, const uint64_t *bits, int64_t tiles, const uint64_t *live,
                 const int32_t (*edge)[2], const int64_t *row, int N);

int64_t KERN(walk)(double *f, int64_t *scratch, double *y, const double *score,
                   const struct kern_walk *w);
void KERN(meet)(double *sum, double *total, double *y, const double *p, const struct kern_walk *w);
void KERN(merge)(double *r, const double *a, const double *b, int n);

extern const struct kern KERN(kern);

#endif
