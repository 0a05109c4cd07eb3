#include "cmd/pace.h"

#include <stdint.h>

struct pace pace_from(const struct conf *c, int64_t updates)
{
    return (struct pace){ .updates = updates,
                          .sweeps = (int)conf_int(c, "rbm.sweeps"),
                          .every = conf_int(c, "rbm.sweeps_every"),
                          .most = (int)conf_int(c, "rbm.sweeps_most"),
                          .divide = conf_flag(c, "rbm.rate_per_sweep"),
                          .momentum = conf_real(c, "rbm.momentum"),
                          .momentum_start = conf_real(c, "rbm.momentum_start"),
                          .momentum_epochs = conf_int(c, "rbm.momentum_epochs") };
}

int pace_sweeps(const struct pace *p, int64_t step)
{
    int64_t most = p->most > 0 ? p->most : INT32_MAX, epoch = step / p->updates;
    int64_t times = p->every > 0 ? 1 + epoch / p->every : 1;

    return (int)(times < most / p->sweeps + 1 && times * p->sweeps < most ? times * p->sweeps
                                                                          : most);
}

int pace_set(const struct pace *p, struct update *u)
{
    int sweeps = pace_sweeps(p, u->step);

    u->momentum = u->step / p->updates < p->momentum_epochs ? p->momentum_start : p->momentum;
    u->share = p->divide ? 1.0 / sweeps : 1.0;
    return sweeps;
}
