#include "cmd/annealdevice.h"

int annealdevice_is_local(const struct conf *c)
{
    return conf_choice(c, "anneal.backend") != ANNEAL_SAPI;
}

int annealdevice_open(struct annealdevice *x, const struct run *r, const struct kern *k,
                      struct err *e)
{
    struct device_keys keys = { .kind = DEVICE_GIBBS,
                                .beta = conf_real(r->conf, "anneal.beta"),
                                .sweeps = (int)conf_int(r->conf, "anneal.sweeps"),
                                .seed = r->seed,
                                .kern = k };

    return device_open(&x->device, &keys, e);
}

void annealdevice_free(struct annealdevice *x)
{
    device_free(&x->device);
}

struct device_call annealdevice_call(const struct annealdevice *x, int64_t number, int64_t reads,
                                     int placed)
{
    (void)x;
    return (struct device_call){ .number = number, .reads = reads, .placed = placed };
}
