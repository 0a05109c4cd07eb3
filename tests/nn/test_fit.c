#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "nn/fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/*
 * A small problem: fit w [4] to y = w* . x by least squares. Shower k of a step is a function of
 * (step, k); the ranks share a step's ROWS showers unevenly.
 */
enum { N = 4, ROWS = 7, STEPS = 6, EPOCHS = 4 };

struct problem {
    struct tensors T;
    struct fit fit;
    struct optim optim;
    struct reducer reducer;
    const float *w; /* parameters */
    float *params, *grad;
    struct block mine;
    int stop_after, steps, ended; /* counts */
    int bad_epoch;                /* a NaN on one rank in this epoch, or -1 */
    int rank;
    double last; /* mean loss of the last epoch's end */
    int64_t showers;
};

static void shower(double x[N], double *y, int64_t epoch, int64_t index, int64_t k)
{
    struct rng r = rng_at(4, RNG_TEST, k, epoch * STEPS + index);

    *y = 0.0;
    for (int i = 0; i < N; i++) {
        x[i] = rng_normal(&r);
        *y += (i + 1) * x[i];
    }
}

static int64_t batch(void *ctx, int64_t epoch, int64_t index, double *term, struct err *e)
{
    struct problem *p = ctx;

    (void)e;
    for (int64_t k = p->mine.first; k < block_end(p->mine); k++) {
        double x[N], y;
        shower(x, &y, epoch, index, k);
        for (int i = 0; i < N; i++) y -= (double)p->params[i] * x[i];
        for (int i = 0; i < N; i++) p->grad[i] -= (float)(2.0 * y * x[i]);
        term[0] += y * y;
        term[1] += 1.0;
    }
    if (epoch == p->bad_epoch && p->rank == 0) term[0] = NAN;
    return p->mine.count;
}

static int stepped(void *ctx, const struct fit_report *r, struct err *e)
{
    struct problem *p = ctx;

    (void)e;
    p->steps++;
    p->showers += r->showers;
    return 0;
}

static int ended(void *ctx, const struct fit_report *r, struct err *e)
{
    struct problem *p = ctx;

    (void)e;
    p->ended++;
    p->last = r->term[0];
    return 0;
}

static int stop(void *ctx)
{
    const struct problem *p = ctx;

    return p->steps == p->stop_after;
}

static void begin(struct problem *p, struct block mine, struct reducer reducer)
{
    struct optim_options o = optim_default();

    memset(p, 0, sizeof *p);
    tensors_add(&p->T, "w", 1, (int64_t[]){ N });
    o.rate = 0.2;
    optim_init(&p->optim, &o, &p->T);
    p->params = mem_take(p->T.total, sizeof(float));
    p->grad = mem_take(p->T.total, sizeof(float));
    p->reducer = reducer;
    p->mine = mine;
    p->stop_after = p->bad_epoch = -1;
    p->fit = (struct fit){ .params = p->params,
                           .grad = p->grad,
                           .n = p->T.total,
                           .optim = &p->optim,
                           .reducer = &p->reducer,
                           .terms = 2,
                           .steps = STEPS,
                           .epochs = EPOCHS,
                           .ctx = p,
                           .batch = batch,
                           .stepped = stepped,
                           .ended = ended,
                           .stop = stop };
}

static void finish(struct problem *p)
{
    optim_free(&p->optim);
    tensors_free(&p->T);
    mem_free(p->params);
    mem_free(p->grad);
}

static void a_fit_reaches_the_solution(void **state)
{
    (void)state;
    struct problem p;
    struct err e = { "" };

    begin(&p, block_of(ROWS, 0, 1), reducer_serial());
    p.fit.epochs = 40;
    assert_int_equal(fit_run(&p.fit, &e), 0);
    assert_int_equal(p.steps, 40 * STEPS);
    assert_int_equal(p.ended, 40);
    assert_int_equal(p.showers, 40 * STEPS * ROWS);
    for (int i = 0; i < N; i++) assert_near((double)p.params[i], i + 1.0, 1e-2);
    assert_true(p.last < 1e-3);
    finish(&p);
}

/* The first rank has most of the showers: the mean is over the true number. */
static void uneven_shares_give_the_fit_of_one_rank(void **state)
{
    (void)state;
    const struct par *P = test_par();
    struct problem one, all;
    struct err e = { "" };
    struct block mine = { P->rank == 0 ? 0 : P->rank + 4, P->rank == 0 ? 5 : 1 };

    if (P->size == 1) mine = (struct block){ 0, ROWS };
    if (P->size == 2 && P->rank == 1) mine.count = 2;
    begin(&one, block_of(ROWS, 0, 1), reducer_serial());
    begin(&all, mine, par_reducer(P));
    int ok = fit_run(&one.fit, &e) == 0;
    ok = fit_run(&all.fit, &e) == 0 && ok;
    /* 24 steps of sums in another order: rounding of 2^-24 of a gradient, grown by Adam's rate */
    for (int i = 0; i < N; i++) ok = ok && fabsf(one.params[i] - all.params[i]) < 1e-5f;
    ok = ok && fabs(one.last - all.last) < 1e-4 * one.last && all.showers == one.showers;
    finish(&one);
    finish(&all);
    assert_true(test_agree(ok));
}

static void stopped_and_started_again_is_never_stopped_bit_for_bit(void **state)
{
    (void)state;
    for (int stop_after = 1; stop_after < STEPS * EPOCHS; stop_after += 5) {
        struct problem whole, first, second;
        struct err e = { "" };
        begin(&whole, block_of(ROWS, 0, 1), reducer_serial());
        begin(&first, block_of(ROWS, 0, 1), reducer_serial());
        begin(&second, block_of(ROWS, 0, 1), reducer_serial());
        assert_int_equal(fit_run(&whole.fit, &e), 0);
        first.stop_after = stop_after;
        assert_int_equal(fit_run(&first.fit, &e), 1);
        assert_int_equal(first.steps, stop_after);
        /* what a checkpoint holds */
        second.fit.epoch = first.fit.epoch;
        second.fit.index = first.fit.index;
        memcpy(second.fit.sum, first.fit.sum, sizeof second.fit.sum);
        memcpy(second.params, first.params, (size_t)first.fit.n * sizeof(float));
        memcpy(second.optim.state, first.optim.state, (size_t)first.optim.state_n * sizeof(float));
        second.optim.step = first.optim.step;
        assert_int_equal(fit_run(&second.fit, &e), 0);
        assert_memory_equal(second.params, whole.params, (size_t)whole.fit.n * sizeof(float));
        assert_true(second.last == whole.last);
        finish(&whole);
        finish(&first);
        finish(&second);
    }
}

static int bad_place(void *ctx)
{
    struct problem *p = ctx;

    return p->rank == 0 ? 2 : p->rank == 1 ? 3 : -1;
}

static void place_name(void *ctx, int place, char *text, size_t n)
{
    (void)ctx;
    snprintf(text, n, "place %d", place);
}

static void a_loss_that_is_not_finite_stops_every_rank_before_the_update(void **state)
{
    (void)state;
    const struct par *P = test_par();
    struct problem p;
    struct err e = { "" };

    begin(&p, block_of(ROWS, P->rank, P->size), par_reducer(P));
    p.bad_epoch = 1;
    p.rank = P->rank;
    p.fit.places = 5;
    p.fit.bad_place = bad_place;
    p.fit.place_name = place_name;
    int ok = fit_run(&p.fit, &e) == -1 && p.steps == STEPS && p.optim.step == STEPS;
    ok = ok && strstr(e.text, "not finite on 1 rank(s) at epoch 1, step 0") != NULL;
    ok = ok && strstr(e.text, "; the first value that is not: place 2;") != NULL;
    finish(&p);
    assert_true(test_agree(ok));
}

static void without_an_optimiser_only_the_losses_are_summed(void **state)
{
    (void)state;
    struct problem p;
    struct err e = { "" };

    begin(&p, block_of(ROWS, 0, 1), reducer_serial());
    p.fit.optim = NULL;
    p.fit.epochs = 1;
    assert_int_equal(fit_run(&p.fit, &e), 0);
    /* w = 0: the loss is the mean of (w* . x)^2, about 1 + 4 + 9 + 16 */
    assert_true(p.last > 10.0 && p.last < 80.0);
    for (int i = 0; i < N; i++) assert_true(p.params[i] == 0.0f);
    finish(&p);
}

TEST_MAIN(cmocka_unit_test(a_fit_reaches_the_solution),
          cmocka_unit_test(uneven_shares_give_the_fit_of_one_rank),
          cmocka_unit_test(stopped_and_started_again_is_never_stopped_bit_for_bit),
          cmocka_unit_test(a_loss_that_is_not_finite_stops_every_rank_before_the_update),
          cmocka_unit_test(without_an_optimiser_only_the_losses_are_summed))
