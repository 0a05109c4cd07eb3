/* The pace of a machine's training against the schedule it was made for. */
#include "test.h"

#include "cmd/keys.h"
#include "cmd/pace.h"

#include <math.h>

static struct pace asked(const char *const *option, int64_t updates)
{
    struct err e = { "" };
    int n;
    const struct conf_key *keys = keys_table(&n);
    struct conf *c = conf_new(keys, n);

    for (int i = 0; option[i] != NULL; i++)
        if (conf_override(c, option[i], &e)) fail_msg("%s", e.text);
    struct pace p = pace_from(c, updates);
    conf_free(c);
    return p;
}

/* k = ceil(epoch / 10) up to 25, epsilon / k, momentum 0.5 up to epoch 5: epochs count from 1. */
static void salakhutdinov_and_murray(void **state)
{
    (void)state;
    const char *const option[] = { "rbm.sweeps=1",          "rbm.sweeps_every=10",
                                   "rbm.sweeps_most=25",    "rbm.rate_per_sweep=true",
                                   "rbm.momentum=0.9",      "rbm.momentum_start=0.5",
                                   "rbm.momentum_epochs=5", NULL };
    enum { UPDATES = 600 };
    struct pace p = asked(option, UPDATES);
    struct update u = { .rate = 0.05, .share = 1.0 };

    for (int epoch = 1; epoch <= 400; epoch++)
        for (int last = 0; last < 2; last++) {
            double k = fmin(ceil(epoch / 10.0), 25.0);
            u.step = (epoch - 1) * UPDATES + last * (UPDATES - 1);
            assert_int_equal(pace_set(&p, &u), (int)k);
            assert_near(update_rate(&u), 0.05 / k, 1e-15);
            assert_near(u.momentum, epoch > 5 ? 0.9 : 0.5, 0.0);
        }
}

static void a_steady_pace_stays(void **state)
{
    (void)state;
    const char *const option[] = { "rbm.sweeps=7", "rbm.momentum=0.3", NULL };
    const char *const growing[] = { "rbm.sweeps=1000000", "rbm.sweeps_every=1", NULL };
    struct pace p = asked(option, 3), q = asked(growing, 1);
    struct update u = { .rate = 0.05 };

    for (u.step = 0; u.step < 100; u.step++) {
        assert_int_equal(pace_set(&p, &u), 7);
        assert_near(u.momentum, 0.3, 0.0);
        assert_near(u.share, 1.0, 0.0);
    }
    assert_int_equal(pace_sweeps(&q, (int64_t)1 << 50), 2147483647); /* what an int holds */
}

TEST_MAIN(cmocka_unit_test(salakhutdinov_and_murray), cmocka_unit_test(a_steady_pace_stays))
