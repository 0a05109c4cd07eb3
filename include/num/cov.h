/*
 * cov.h - means and covariances of bootstrap samples, gathered block by block.
 *
 * A row x counts as z = (x - centre) * scale, `weight` times (how often a bootstrap drew it). Rows
 * of weight 0 cost nothing; the others are scaled by sqrt(weight) into a small buffer, and each
 * full buffer is one rank-k update. The sums add up over blocks and over ranks.
 */
#ifndef NUM_COV_H
#define NUM_COV_H

#include <stdint.h>

enum { COV_ROWS = 1024 };

struct cov {
    int d;          /* columns */
    int fill;       /* rows in the buffer */
    double weight;  /* sum of weights */
    double *centre; /* [d]; near the mean, so that nothing large is squared; owned */
    double *scale;  /* [d]; owned */
    double *sum;    /* [d] sum of weight z; owned */
    double *outer;  /* [d, d] sum of weight z z'; owned */
    double *rows;   /* [COV_ROWS, d] the buffer; owned */
};

void cov_init(struct cov *c, int d, const double *centre, const double *scale); /* copies */
void cov_free(struct cov *c);  /* accepts { 0 } and a second call */
void cov_clear(struct cov *c); /* back to no rows */

/* Rows x [n, d]; weight [n] >= 0, or NULL for 1 each. */
void cov_add(struct cov *c, const double *x, const int32_t *weight, int64_t n);

/* The sums as cov_size(d) doubles that may be added over ranks: weight, sum, lower triangle. */
int64_t cov_size(int d);
void cov_pack(struct cov *c, double *packed);

/* From packed sums: mean [d] of z, and its covariance sigma [d, d] (both triangles), divided by
 * weight - ddof. */
void cov_solve(int d, const double *packed, int ddof, double *mean, double *sigma);

#endif
