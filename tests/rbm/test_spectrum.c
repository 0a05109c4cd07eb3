/* Singular values of the couplings between two partitions. */
#include "test.h"

#include "rbm/small.h"
#include "rbm/spectrum.h"

#include <math.h>
#include <string.h>

static const int SIZE[3] = { 5, 7, 4 };

static void machine(struct rbm *m)
{
    struct topology T;
    struct err e = { "" };

    assert_int_equal(topology_complete(&T, 3, SIZE, &e), 0);
    rbm_init(m, &T, -1);
    rbm_random(m, 0.5, 9);
}

/* Set the weight of unit i of partition a and unit j of partition b. */
static void couple(struct rbm *m, int a, int i, int b, int j, double w)
{
    m->weight[topology_find(&m->T, m->T.first[a] + i, m->T.first[b] + j)] = (float)w;
}

/* sigma u v^T with unit vectors has one singular value. Weights are floats: 2^-24 of them. */
static void a_product_of_two_vectors_has_one(void **state)
{
    struct rbm m;
    double u[5], v[4], s[4], norm_u = 0.0, norm_v = 0.0;

    (void)state;
    machine(&m);
    for (int i = 0; i < 5; i++) norm_u += pow(u[i] = 1.0 + i, 2);
    for (int j = 0; j < 4; j++) norm_v += pow(v[j] = 2.0 - j, 2);
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 4; j++)
            couple(&m, 0, i, 2, j, 3.0 * u[i] * v[j] / sqrt(norm_u * norm_v));
    spectrum_values(&m, 0, 2, s);
    assert_near(s[0], 3.0, 1e-6);
    for (int k = 1; k < 4; k++) assert_near(s[k], 0.0, 1e-6);
    assert_near(spectrum_largest(&m, 0, 2), s[0], 0.0);
    rbm_free(&m);
}

/* The sum of their squares is the sum of the squared weights of this block, and of no other; the
 * block seen from the other side has the same. */
static void their_squares_are_those_of_the_weights(void **state)
{
    struct rbm m;
    double s[5], sum = 0.0, squares = 0.0;

    (void)state;
    machine(&m);
    spectrum_values(&m, 0, 1, s);
    for (int k = 0; k < 5; k++) squares += s[k] * s[k];
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 7; j++)
            sum += pow((double)rbm_weight(&m, m.T.first[0] + i, m.T.first[1] + j), 2);
    assert_near(squares, sum, 1e-12 * sum);
    for (int k = 1; k < 5; k++) assert_true(s[k - 1] >= s[k] && s[k] >= 0.0);
    rbm_free(&m);
}

static void no_couplings_have_none(void **state)
{
    struct topology T;
    struct err e = { "" };
    struct rbm m;

    (void)state;
    assert_int_equal(topology_none(&T, 3, SIZE, &e), 0);
    rbm_init(&m, &T, -1);
    assert_near(spectrum_largest(&m, 0, 1), 0.0, 0.0);
    rbm_free(&m);
}

TEST_MAIN(cmocka_unit_test(a_product_of_two_vectors_has_one),
          cmocka_unit_test(their_squares_are_those_of_the_weights),
          cmocka_unit_test(no_couplings_have_none))
