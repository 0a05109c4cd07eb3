#include "cmd/sampling.h"

int sampling_init(struct sampler *s, const struct run *r, struct rbm *m, const struct kern *k,
                  struct err *e)
{
    enum sampler_kind kind = (enum sampler_kind)conf_choice(r->conf, "rbm.sampler");
    enum sampler_precision precision =
        (enum sampler_precision)conf_choice(r->conf, "rbm.precision");

    if (sampler_init(s, m, k, kind, precision, e))
        return err_within(e, "rbm.precision, rbm.sampler");
    if (precision == SAMPLER_INT16)
        log_say(
            (struct log *)&r->log,
            "chains by %s in int16: steps of 2^-%d, energies off by %.3g (root mean square) and at "
            "most %.3g",
            sampler_name(s), s->grid.s, s->grid.usual, s->grid.most);
    return 0;
}
