#include "qpu/campaign.h"

/* `times` problems of so many reads, in parts. */
static void add(struct campaign_bill *b, const struct campaign *x, const struct cost *c,
                int64_t times, int64_t reads)
{
    int64_t parts = x->most > 0 ? (reads + x->most - 1) / x->most : 1;
    double each = cost_access(c, reads) - cost_access(c, 0);

    b->problems += times * parts;
    b->reads += times * reads;
    b->access += (double)times * ((double)parts * cost_access(c, 0) + each);
}

struct campaign_bill campaign_predict(const struct campaign *x, const struct cost *c)
{
    struct campaign_bill b = { 0, 0, 0.0 };
    int64_t steps = x->epochs * x->steps;

    add(&b, x, c, steps * x->problems, x->reads);
    if (x->every > 0)
        add(&b, x, c, (steps + x->every - 1) / x->every * x->estimates, x->estimate_reads);
    return b;
}
