/* What a solver says of itself, what it takes, and what it will cost. */
#include "test.h"

#include "base/mem.h"
#include "qpu/cost.h"
#include "qpu/ranges.h"
#include "qpu/solvers.h"
#include "qpu/wish.h"
#include "rbm/chip.h"

#include <math.h>

static struct solver S;

static int open_solver(void **state)
{
    struct err e = { "" };

    (void)state;
    return read_solver(&S, small_solver, &e);
}

static int close_solver(void **state)
{
    (void)state;
    solver_free(&S);
    return 0;
}

static void a_solver_is_read_as_it_was_served(void **state)
{
    (void)state;
    double r[2];

    assert_string_equal(S.name, "S");
    assert_string_equal(S.graph_id, "01ab");
    assert_true(S.online && S.qpu && S.n == 6 && S.m == 7 && S.Q == 8 && S.shapes == 2);
    assert_int_equal(S.coupler[0][0], 4); /* not sorted */
    assert_int_equal(solver_coupler(&S, 7, 2), 4);
    assert_int_equal(solver_coupler(&S, 0, 2), -1);
    assert_int_equal(solver_range(&S, "extended_j_range", r), 0);
    assert_near(r[0], -2.0, 0.0);
    assert_true(solver_takes(&S, "flux_biases") && !solver_takes(&S, "anneal_offsets"));
}

/* The text with `from` replaced by `to`. */
static char *changed(const char *from, const char *to)
{
    const char *at = strstr(small_solver, from);

    return mem_print("%.*s%s%s", (int)(at - small_solver), small_solver, to, at + strlen(from));
}

static void a_solver_that_contradicts_itself_is_refused(void **state)
{
    (void)state;
    const char *const change[][2] = {
        { "\"name\": \"S\"", "\"name\": 3" },
        { "[0, 1, 2, 4", "[0, 2, 1, 4" },
        { "[0, 1, 2, 4", "[0, 1, -2, 4" },
        { "\"num_qubits\": 8", "\"num_qubits\": 5" },
        { "\"num_qubits\": 8", "\"n\": 8" },
        { "[[4, 5]", "[[5, 4]" },
        { "[[4, 5]", "[[3, 5]" },
        { "[[4, 5]", "[[0, 1]" },
        { "[[4, 5]", "[[4, 5, 6]" },
        { "\"qubits\": [0", "\"qubits\": [0.5" },
    };

    for (size_t i = 0; i < sizeof change / sizeof change[0]; i++) {
        char *text = changed(change[i][0], change[i][1]);
        struct solver s;
        struct err e = { "" };
        assert_int_equal(read_solver(&s, text, &e), -1);
        assert_true(err_is(&e));
        mem_free(text);
    }
}

static int wished(const char *text)
{
    struct wish w;
    struct err e = { "" };

    assert_int_equal(wish_read(&w, text, &e), 0);
    int fits = wish_fits(&w, &S);
    wish_free(&w);
    return fits;
}

static void wishes_are_names_graphs_and_features(void **state)
{
    (void)state;
    assert_true(wished("") && wished("S") && wished("S;graph_id=01ab") &&
                wished("%53;graph_id=01%61b"));
    assert_false(wished("T") || wished("S;graph_id=01ac"));
    assert_true(
        wished("{\"topology__type\": \"zephyr\", \"num_active_qubits__gte\": 6, \"qpu\": true}"));
    assert_false(wished("{\"num_active_qubits__gt\": 6}"));
    assert_true(
        wished("{\"avg_load__lt\": 0.3, \"num_qubits__in\": [7, 8], \"online__eq\": true}"));
    assert_false(wished("{\"no_such_property\": 1}"));
    struct wish w;
    struct err e = { "" };
    assert_int_equal(wish_read(&w, "S;version=3", &e), -1);
}

/* One change of the defaults at a time: what is right, and the word of the sentence when not. */
static void parameters_are_judged_before_the_solver_does(void **state)
{
    (void)state;
    static const double good[] = { 0, 0, 5, 0.4, 15, 0.4, 20, 1 };
    static const double steep[] = { 0, 0, 0.1, 1 }, falls[] = { 0, 0, 5, 0.6, 9, 0.5, 20, 1 };
    static const double late[] = { 1, 0, 20, 1 }, reverse[] = { 0, 1, 5, 0.4, 9, 1 };
    static const double gain[] = { 0, 1, 20, 4 }, other_end[] = { 0, 1, 19, 2 };
    for (int i = 0; i < 12; i++) {
        struct params p;
        struct err e = { "" };
        params_init(&p);
        const double *course = i == 1   ? good
                               : i == 2 ? steep
                               : i == 3 ? falls
                               : i == 4 ? late
                                        : reverse;
        if (i >= 1 && i <= 5) {
            p.points = i == 1 || i == 3 ? 4 : i == 5 ? 3 : 2;
            p.schedule = mem_take(8, sizeof(double));
            memcpy(p.schedule, course, (size_t)p.points * 2 * sizeof(double));
        }
        if (i == 6) p.annealing_time = 2001;
        if (i == 7) p.annealing_time = 0.01, p.fast = 1;
        if (i == 8) p.readout = 10001;
        if (i == 9) p.drift = 1; /* not among its parameters */
        if (i == 10 || i == 11) {
            p.gains = 2;
            p.annealing_time = 20;
            p.gain = mem_take(4, sizeof(double));
            memcpy(p.gain, i == 10 ? gain : other_end, 4 * sizeof(double));
        }
        int bad = params_check(&p, &S, &e);
        assert_int_equal(bad, i == 0 || i == 1 || i == 7 ? 0 : -1);
        assert_int_equal(err_is(&e), bad != 0);
        params_free(&p);
    }
}

static void what_is_not_given_is_not_sent(void **state)
{
    (void)state;
    struct params p;

    params_init(&p);
    struct json *j = params_json(&p, 7);
    char *text = json_text(j);
    assert_string_equal(text,
                        "{\"num_reads\": 7, \"answer_mode\": \"raw\", \"auto_scale\": false}");
    mem_free(text);
    json_drop(j);
    p.annealing_time = 12.3456;
    p.decorrelate = 0;
    j = params_json(&p, 1);
    text = json_text(j);
    assert_non_null(
        strstr(text, "\"annealing_time\": 12.35, \"reduce_intersample_correlation\": false"));
    mem_free(text);
    json_drop(j);
}

static void problems_out_of_range_are_refused(void **state)
{
    (void)state;
    static const int32_t qubit[4] = { 0, 1, 2, 4 }, pair[3][2] = { { 0, 1 }, { 1, 2 }, { 1, 3 } };
    /* J = -W / 4, h = -b / 2 - ...: all fit, h too large, J too large, the sum at qubit 1 too large
     */
    const double b[4][4] = { { 0 }, { 9, 0, 0, 0 }, { 0 }, { 0 } };
    const double W[4][3] = { { 8, 2, 2 }, { 0 }, { -4.2, 0, 0 }, { 5, 5, 5 } };
    const char *const word[4] = { "", "field", "coupling J", "sum" };
    struct params p;

    params_init(&p);
    for (int i = 0; i < 4; i++) {
        struct ising g;
        struct err e = { "" };
        ising_from(&g, 4, qubit, b[i], 3, pair, W[i], 1.0);
        assert_int_equal(ranges_check(&p, &S, &g, &e), i == 0 ? 0 : -1);
        if (i > 0) assert_non_null(strstr(e.text, word[i]));
        p.scale = 1;
        assert_int_equal(ranges_check(&p, &S, &g, &e), 0);
        p.scale = 0;
        ising_free(&g);
    }
}

/* A qubit in the middle of a Zephyr chip has two groups of 8 internal, one odd and one external
 * coupler each (4 (t = 4) along each of two crossing lines). */
static void a_group_holds_ten_couplers(void **state)
{
    (void)state;
    struct lattice L;
    struct err e = { "" };
    int middle = 0;

    assert_int_equal(chip_make(&L, CHIP_ZEPHYR, "4", &e), 0);
    int *group = mem_take(2 * (int64_t)L.Q, sizeof *group);
    for (int64_t k = 0; k < L.M; k++)
        for (int way = 0; way < 2; way++) {
            int q = L.joint[k][way], other = L.joint[k][1 - way];
            group[2 * q + ranges_group(q, other, 4, 4)]++;
        }
    for (int q = 0; q < L.Q; q++) {
        assert_true(group[2 * q] <= 10 && group[2 * q + 1] <= 10);
        middle += group[2 * q] == 10 && group[2 * q + 1] == 10;
    }
    assert_true(middle > L.Q / 3);
    mem_free(group);
    lattice_free(&L);
}

/* The computed values of the specification: 235 us of readout from 2,048 qubits on, 0.291 s for
 * 1,000 reads of 20 us, at most 3,913 reads in one submission; 512 qubits: 0.270 s, 4,254. */
static void the_cost_is_that_of_the_published_timing(void **state)
{
    (void)state;
    struct params p;
    struct cost c;

    params_init(&p);
    cost_init(&c, &S, &p, 2048);
    assert_near(c.readout, 235.0, 0.5);
    assert_near(cost_access(&c, 1000) * 1e-6, 0.291, 5e-4);
    assert_int_equal(cost_most_reads(&c, &S), 3913);
    cost_init(&c, &S, &p, 512);
    assert_near(cost_access(&c, 1000) * 1e-6, 0.270, 5e-4);
    assert_int_equal(cost_most_reads(&c, &S), 4254);
    cost_init(&c, &S, &p, 1);
    assert_near(c.readout, 34.6, 0.05);
    p.annealing_time = 2e6;
    cost_init(&c, &S, &p, 1);
    assert_int_equal(cost_most_reads(&c, &S), 0);
}

TEST_MAIN(
    cmocka_unit_test_setup_teardown(a_solver_is_read_as_it_was_served, open_solver, close_solver),
    cmocka_unit_test(a_solver_that_contradicts_itself_is_refused),
    cmocka_unit_test_setup_teardown(wishes_are_names_graphs_and_features, open_solver,
                                    close_solver),
    cmocka_unit_test_setup_teardown(parameters_are_judged_before_the_solver_does, open_solver,
                                    close_solver),
    cmocka_unit_test(what_is_not_given_is_not_sent), cmocka_unit_test(a_group_holds_ten_couplers),
    cmocka_unit_test_setup_teardown(problems_out_of_range_are_refused, open_solver, close_solver),
    cmocka_unit_test_setup_teardown(the_cost_is_that_of_the_published_timing, open_solver,
                                    close_solver))
