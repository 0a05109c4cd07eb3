#include "cmd/zplan.h"

#include "rbm/temper.h"

#include <stdlib.h>
#include <string.h>

/* The partition that data do not show, when it is one alone; -1. */
static int hidden_of(const struct rbm *m)
{
    for (int p = 0; p < m->T.K; p++)
        if (m->hidden == (uint64_t)1 << p) return p;
    return -1;
}

/* auto: the largest free partition; RAISE bounds the likelihood of all bits that data show, so
 * none there, or the hidden one. */
static int set_marginal(struct zplan *p, const char *text, const struct rbm *m, struct err *e)
{
    char *end;
    long q = strtol(text, &end, 10);

    if (strcmp(text, "none") == 0 || strcmp(text, "auto") == 0) {
        p->marginal = *text == 'n' ? -1 : p->method == ZMETHOD_RAISE ? hidden_of(m) : ais_widest(m);
        return 0;
    }
    if (end == text || *end != '\0' || q < 0 || q >= m->T.K)
        return err_set(e, "logz.marginal is \"%s\", expected auto, none, or a partition below %d",
                       text, m->T.K);
    if (rbm_free_units(m, m->T.first[q], m->T.first[q + 1]) < m->T.size[q])
        return err_set(
            e, "logz.marginal: partition %ld is clamped, expected a free one to sum over", q);
    if (p->method == ZMETHOD_RAISE && m->hidden != 0 && q != hidden_of(m))
        return err_set(e, "logz.marginal: data do not show the hidden partitions, expected auto");
    p->marginal = (int)q;
    return 0;
}

int zplan_of(struct zplan *p, const struct conf *c, const struct rbm *m, struct err *e)
{
    enum zmethod method = (enum zmethod)conf_choice(c, "logz.method");

    *p = (struct zplan){ .method = method,
                         .first = conf_int(c, "logz.first_chain"),
                         .chains = conf_int(c, "logz.chains"),
                         .betas = (int)conf_int(c, "logz.betas"),
                         .sweeps = (int)conf_int(c, "logz.sweeps"),
                         .burn = (int)conf_int(c, "logz.burn"),
                         .rungs = (int)conf_int(c, "logz.tempering"),
                         .start = (enum zstart)conf_choice(c, "logz.start"),
                         .base = (enum ais_base)conf_choice(c, "logz.base"),
                         .schedule = conf_text(c, "logz.schedule") };
    p->up = method != ZMETHOD_RAIS && method != ZMETHOD_RAISE;
    p->down = method != ZMETHOD_AIS && method != ZMETHOD_POPULATION;
    p->traced = method == ZMETHOD_STEPPING || method == ZMETHOD_TI ||
                (conf_flag(c, "logz.trace") && method <= ZMETHOD_BAR);
    p->island = method == ZMETHOD_POPULATION ? ZPLAN_ISLAND : 1;
    int64_t whole = p->traced || p->island > 1 ? p->island * KERN_LANES : 1;
    if (p->first % whole != 0)
        return err_set(e,
                       "logz.first_chain is %lld, expected a multiple of %lld: logz.method: %s%s "
                       "keeps figures of so many chains together",
                       (long long)p->first, (long long)whole, conf_text(c, "logz.method"),
                       conf_flag(c, "logz.trace") ? " with logz.trace" : "");
    if (p->down && p->start == ZSTART_TEMPERED && temper_check(p->rungs, e))
        return err_within(e, "logz.tempering");
    return set_marginal(p, conf_text(c, "logz.marginal"), m, e);
}
