/* The format qp against the protocol's own examples, and against answers that are wrong. */
#include "test.h"

#include "base/mem.h"
#include "qpu/qp.h"
#include "qpu/solver.h"
#include "qpu/solvers.h"

#include <math.h>

/* Units on qubits 4, 1, 0: couplings {4,1} and {1,0} of the solver; coupler {0,4} has both ends
 * active and no coupling. */
static void make(struct ising *g)
{
    static const int32_t qubit[3] = { 4, 1, 0 }, pair[2][2] = { { 0, 1 }, { 1, 2 } };
    const double b[3] = { 1.0, 0.0, -2.0 }, W[2] = { 2.0, -1.0 };

    ising_from(g, 3, qubit, b, 2, pair, W, 1.0);
}

static const char NAN3[] =
    "AAAAAAAA+H8AAAAAAAD4fwAAAAAAAPh/"; /* three qubits that are not active */

static void a_problem_is_written_in_the_order_of_the_solver(void **state)
{
    (void)state;
    struct solver s;
    struct ising g;
    struct qp q;
    struct err e = { "" };
    uint8_t raw[64];
    double x[8];

    assert_int_equal(read_solver(&s, small_solver, &e), 0);
    make(&g);
    assert_int_equal(qp_init(&q, &s, &g, &e), 0);
    qp_encode(&q, &g);
    assert_int_equal(wire_unbase64(raw, q.lin.text), 48);
    memcpy(x, raw, 48); /* this test runs on a little-endian machine, as its vectors do */
    /* h = -(b/2 + sum W/4): qubits 0, 1, 4 at places 0, 1, 3 */
    assert_near(x[0], 1.25, 0.0);
    assert_near(x[1], -0.25, 0.0);
    assert_true(isnan(x[2]) && isnan(x[4]) && isnan(x[5]));
    assert_near(x[3], -1.0, 0.0);
    assert_non_null(strstr(q.lin.text, "APh/"));
    assert_int_equal(wire_unbase64(raw, q.quad.text), 24); /* {0,1}, {0,4}, {1,4} in that order */
    memcpy(x, raw, 24);
    assert_near(x[0], 0.25, 0.0);
    assert_near(x[1], 0.0, 0.0);
    assert_near(x[2], -0.5, 0.0);
    qp_free(&q);
    ising_free(&g);
    solver_free(&s);
}

static void idle_qubits_are_the_not_a_number_of_the_protocol(void **state)
{
    (void)state;
    struct wire bytes = { 0 }, text = { 0 };
    const double x[3] = { NAN, NAN, NAN };

    qp_put_doubles(&bytes, x, 3);
    wire_put_base64(&text, bytes.text, bytes.n);
    assert_string_equal(text.text, NAN3);
    wire_free(&bytes);
    wire_free(&text);
}

static void put(struct json *j, const char *key, const void *bytes, int64_t n)
{
    struct wire w = { 0 };

    wire_put_base64(&w, bytes, n);
    json_put_text(j, key, w.text);
    wire_free(&w);
}

/* Two reads of `make`: active 0, 1, 4; 101 and 010. */
static struct json *answer(const struct ising *g, const uint8_t *rows, int times)
{
    const int32_t active[3] = { 0, 1, 4 }, often[2] = { 1, 2 };
    const uint8_t x[2][3] = { { 1, 0, 1 }, { 0, 1, 0 } }; /* spins on 4, 1, 0 */
    double H[2];
    struct json *j = json_new();

    ising_energy(g, x[0], 2, H);
    json_put_text(j, "format", "qp");
    json_put_int(j, "num_variables", 8);
    put(j, "active_variables", active, sizeof active);
    put(j, "energies", H, sizeof H);
    put(j, "solutions", rows, 2);
    if (times) put(j, "num_occurrences", often, sizeof often);
    return j;
}

static void answers_are_read_most_significant_bit_first(void **state)
{
    (void)state;
    struct solver s;
    struct ising g;
    struct qp q;
    struct err e = { "" };
    uint8_t x[9];
    double H[3];

    assert_int_equal(read_solver(&s, small_solver, &e), 0);
    make(&g);
    assert_int_equal(qp_init(&q, &s, &g, &e), 0);
    qp_encode(&q, &g);
    struct json *j = answer(&g, (const uint8_t[]){ 0xa0, 0x40 }, 0);
    assert_int_equal(qp_decode(&q, &g, j, 2, x, H, &e), 0);
    assert_memory_equal(x, ((const uint8_t[]){ 1, 0, 1, 0, 1, 0 }), 6);
    json_drop(j);
    j = answer(&g, (const uint8_t[]){ 0xa0, 0x40 }, 1); /* a histogram: the second row twice */
    assert_int_equal(qp_decode(&q, &g, j, 3, x, H, &e), 0);
    assert_memory_equal(x, ((const uint8_t[]){ 1, 0, 1, 0, 1, 0, 0, 1, 0 }), 9);
    assert_near(H[2], H[1], 0.0);
    assert_int_equal(qp_decode(&q, &g, j, 2, x, H, &e), -1);
    json_drop(j);
    qp_free(&q);
    ising_free(&g);
    solver_free(&s);
}

/* Bits in the other order, a swapped row, too few bytes, other qubits, no numbers. */
static void an_answer_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    const uint8_t rows[3][2] = { { 0x05, 0x02 }, { 0x40, 0xa0 }, { 0x20, 0x40 } };
    const char *const broken[] = { "format", "active_variables", "energies", "solutions" };
    struct solver s;
    struct ising g;
    struct qp q;
    uint8_t x[6];
    double H[2];
    struct err e = { "" };

    assert_int_equal(read_solver(&s, small_solver, &e), 0);
    make(&g);
    assert_int_equal(qp_init(&q, &s, &g, &e), 0);
    qp_encode(&q, &g);
    for (int i = 0; i < 3; i++) {
        struct json *j = answer(&g, rows[i], 0);
        e.text[0] = '\0';
        assert_int_equal(qp_decode(&q, &g, j, 2, x, H, &e), -1);
        assert_non_null(strstr(e.text, "energy"));
        json_drop(j);
    }
    for (int i = 0; i < 4; i++)
        for (int way = 0; way < 3; way++) {
            struct json *j = answer(&g, (const uint8_t[]){ 0xa0, 0x40 }, 0);
            if (way == 0) json_remove(j, broken[i]);
            if (way == 1) json_put_text(j, broken[i], "AAA");
            if (way == 2) json_put_text(j, broken[i], "AAAAAAAAAAA=");
            e.text[0] = '\0';
            assert_int_equal(qp_decode(&q, &g, j, 2, x, H, &e), -1);
            assert_true(err_is(&e));
            json_drop(j);
        }
    qp_free(&q);
    ising_free(&g);
    solver_free(&s);
}

static void a_problem_that_the_chip_lacks_is_refused(void **state)
{
    (void)state;
    static const int32_t qubit[3][2] = { { 3, 4 }, { 0, 2 }, { 0, 99 } }, pair[1][2] = { { 0, 1 } };
    const double b[2] = { 0.0, 0.0 }, W[1] = { 1.0 };
    struct solver s;
    struct qp q;
    struct err none = { "" };

    assert_int_equal(read_solver(&s, small_solver, &none), 0);
    for (int i = 0; i < 3; i++) { /* a dead qubit, no coupler, no such number */
        struct ising g;
        struct err e = { "" };
        ising_from(&g, 2, qubit[i], b, 1, pair, W, 1.0);
        assert_int_equal(qp_init(&q, &s, &g, &e), -1);
        assert_true(err_is(&e));
        ising_free(&g);
    }
    solver_free(&s);
}

TEST_MAIN(cmocka_unit_test(a_problem_is_written_in_the_order_of_the_solver),
          cmocka_unit_test(idle_qubits_are_the_not_a_number_of_the_protocol),
          cmocka_unit_test(answers_are_read_most_significant_bit_first),
          cmocka_unit_test(an_answer_that_does_not_fit_is_refused),
          cmocka_unit_test(a_problem_that_the_chip_lacks_is_refused))
