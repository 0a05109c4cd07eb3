/* The cost table of the slides and of the reference's notebook (spec/model.md 7.5): anneal 20 us,
 * readout 136.18, delay 20.58 of a read, programming 15.927 ms. */
#include "test.h"

#include "qpu/campaign.h"

#include <math.h>

static const struct cost NOTEBOOK = {
    .known = 1, .programming = 15927.0, .anneal = 20.0, .readout = 136.18, .delay = 20.58
};

static double hours(const struct campaign *x, const struct cost *c)
{
    return campaign_predict(x, c).access / 3.6e9;
}

/* 0.17676 ms a read and 15.927 ms a programming; one sample is 16.1 ms. */
static void a_sample_takes_sixteen_milliseconds(void **state)
{
    (void)state;
    struct campaign x = { .epochs = 1, .steps = 1, .problems = 1, .reads = 1 };
    struct campaign_bill b = campaign_predict(&x, &NOTEBOOK);

    assert_near(b.access, 15927.0 + 176.76, 1e-9);
    assert_near(b.access * 1e-3, 16.1, 0.05);
    x.reads = 1000;
    assert_near(campaign_predict(&x, &NOTEBOOK).access, 15927.0 + 176760.0, 1e-6);
}

/* One read for each of 100,000 showers in 200 epochs: (20 ms)(100k)(200) = 111.1 h as the slides
 * round it, 89.5 h by the notebook's own 16.1 ms. */
static void training_with_every_shower_takes_111_hours(void **state)
{
    (void)state;
    struct campaign x = { .epochs = 200, .steps = 100000, .problems = 1, .reads = 1 };
    struct cost rounded = NOTEBOOK;

    rounded.programming = 20000.0 - 176.76;
    assert_near(hours(&x, &rounded), 111.1, 0.05);
    assert_near(hours(&x, &NOTEBOOK), 16.10376e-3 * 100e3 * 200 / 3600, 1e-9);
}

/* Five estimates of 256 reads before every conditioned sample: 7.16 h for an epoch of 80,000. */
static void estimates_before_every_sample_take_seven_hours_an_epoch(void **state)
{
    (void)state;
    struct campaign x = { .epochs = 1,
                          .steps = 80000,
                          .problems = 1,
                          .reads = 1,
                          .every = 1,
                          .estimates = 5,
                          .estimate_reads = 256 };
    struct campaign_bill b = campaign_predict(&x, &NOTEBOOK);

    assert_near(b.access / 3.6e9, 7.16, 0.01);
    assert_int_equal(b.problems, 6 * 80000);
    assert_int_equal(b.reads, 80000 * (5 * 256 + 1));
}

/* Parts: 2,500 reads in problems of 1,000 at most are three programmings; an estimate every 10 of
 * 25 steps is made three times; without timing nothing is known. */
static void parts_and_rare_estimates_are_counted(void **state)
{
    (void)state;
    struct campaign x = { .epochs = 5,
                          .steps = 5,
                          .problems = 2,
                          .reads = 2500,
                          .most = 1000,
                          .every = 10,
                          .estimates = 1,
                          .estimate_reads = 100 };
    struct campaign_bill b = campaign_predict(&x, &NOTEBOOK);

    assert_int_equal(b.problems, 25 * 2 * 3 + 3);
    assert_int_equal(b.reads, 25 * 2 * 2500 + 300);
    assert_near(b.access, 153 * 15927.0 + 176.76 * (double)b.reads, 1e-3);
    struct cost silent = { .known = 0 };
    assert_true(isnan(campaign_predict(&x, &silent).access));
}

TEST_MAIN(cmocka_unit_test(a_sample_takes_sixteen_milliseconds),
          cmocka_unit_test(training_with_every_shower_takes_111_hours),
          cmocka_unit_test(estimates_before_every_sample_take_seven_hours_an_epoch),
          cmocka_unit_test(parts_and_rare_estimates_are_counted))
