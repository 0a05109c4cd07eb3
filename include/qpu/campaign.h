/*
 * campaign.h - what training or generating with an annealer will cost, before it begins.
 *
 *   epochs x steps, each of which programs `problems` problems of `reads` reads; and before every
 *   `every` steps `estimates` problems of `estimate_reads` reads for the temperature
 *
 * A problem of more reads than `most` is programmed in parts. Source of the terms: qpu/cost.h; of
 * the figures that it is held to: tests/qpu/test_campaign.c.
 */
#ifndef QPU_CAMPAIGN_H
#define QPU_CAMPAIGN_H

#include "qpu/cost.h"

struct campaign {
    int64_t epochs, steps;
    int64_t problems, reads;           /* of a step: problems, and the reads of each */
    int64_t every;                     /* steps from one estimate to the next; 0: none */
    int64_t estimates, estimate_reads; /* of one */
    int64_t most;                      /* reads of a problem; 0: no limit */
};

struct campaign_bill {
    int64_t problems, reads; /* programmed; in all */
    double access;           /* us; NAN when the solver does not tell its timing */
};

struct campaign_bill campaign_predict(const struct campaign *x, const struct cost *c);

#endif
