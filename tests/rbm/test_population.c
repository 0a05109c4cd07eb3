/* Population annealing in islands, against enumeration. */
#include "test.h"

#include "rbm/population.h"
#include "rbm/stage.h"

enum { N = STAGE_UNITS };

/* Islands of two tiles, 12 steps: every island's mean weight is unbiased, families and all; the
 * error by families is the spread of islands; and no share of the islands knows of another. */
static void islands_are_unbiased_and_know_nothing_of_each_other(void **state)
{
    (void)state;
    enum { EACH = 2, FEW = 156, K = 12 };
    static struct stage s;
    static uint64_t live[FEW];
    struct population p, q;
    struct ais a, b;
    double error, islands = 0.0, squares = 0.0;

    stage_build(&s, 2.0);
    ais_base(s.base, &s.m, AIS_UNIFORM, NULL, 0.0); /* far from the machine */
    memset(live, 0xff, sizeof live);
    stage_set_out(&a, &s, (struct block){ 0, FEW }, 0, K, NULL);
    population_init(&p, &a, EACH, live);
    while (ais_advance(&a, &s.m, kern_best(), 1) > 0) population_step(&p, &a, N);
    population_end(&p, &a);
    assert_true(p.resamplings > FEW / EACH);
    double ratio = s.log_z - a.log_z0[0];
    double w = stage_mean_weight(a.log_w, FEW * 64, ratio, &error);
    for (int i = 0; i < FEW / EACH; i++) {
        double unused, one = stage_mean_weight(a.log_w + i * EACH * 64, EACH * 64, ratio, &unused);
        islands += one * EACH / FEW;
        squares += one * one * EACH / FEW;
    }
    double spread = sqrt((squares - islands * islands) / (FEW / EACH - 1.0));
    assert_near(w, 1.0, 4.0 * spread);
    /* a deviation from 78 islands is known to 8%, families are cautious by some more */
    assert_true(error > 0.7 * spread && error < 1.6 * spread);
    for (int first = 0; first < FEW; first += 52) {
        stage_set_out(&b, &s, (struct block){ first, 52 }, 0, K, NULL);
        population_init(&q, &b, EACH, live);
        while (ais_advance(&b, &s.m, kern_best(), 1) > 0) population_step(&q, &b, N);
        population_end(&q, &b);
        assert_memory_equal(b.log_w, a.log_w + first * 64, 52 * 64 * sizeof *b.log_w);
        population_free(&q);
        ais_free(&b);
    }
    population_free(&p);
    population_free(&p);
    ais_free(&a);
    rbm_free(&s.m);
}

TEST_MAIN(cmocka_unit_test(islands_are_unbiased_and_know_nothing_of_each_other))
