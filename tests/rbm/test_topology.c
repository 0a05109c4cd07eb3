/* Partitions and edges: complete, none, lists and texts. */
#include "test.h"

#include "base/mem.h"
#include "rbm/topology.h"

#include <string.h>

static const int SIZE[3] = { 2, 3, 2 };

static void complete_means_every_pair_of_partitions(void **state)
{
    (void)state;
    struct topology T, U;
    struct err e = { "" };
    int64_t m = 0;

    assert_int_equal(topology_complete(&T, 3, SIZE, &e), 0);
    assert_int_equal(T.N, 7);
    assert_int_equal(T.M, 2 * 3 + 2 * 2 + 3 * 2);
    for (int i = 0; i < T.N; i++) {
        for (int j = i + 1; j < T.N; j++) {
            int joined = topology_of(&T, i) != topology_of(&T, j);
            assert_int_equal(topology_find(&T, j, i), joined ? m : -1);
            if (!joined) continue;
            assert_int_equal(T.edge[m][0], i);
            assert_int_equal(T.edge[m][1], j);
            assert_true(T.row[i] <= m && m < T.row[i + 1]);
            m++;
        }
    }
    assert_int_equal(m, T.M);
    topology_copy(&U, &T);
    assert_memory_equal(U.edge, T.edge, (size_t)T.M * sizeof T.edge[0]);
    assert_memory_equal(U.row, T.row, 8 * sizeof T.row[0]);
    topology_free(&U);
    topology_free(&T);
    topology_free(&T);
    assert_int_equal(topology_none(&T, 1, SIZE, &e), 0);
    assert_int_equal(T.M, 0);
    assert_int_equal(topology_of(&T, 1), 0);
    topology_free(&T);
}

static void a_list_is_sorted_and_remembers_where_each_edge_came_from(void **state)
{
    (void)state;
    const int32_t edge[4][2] = { { 6, 0 }, { 1, 2 }, { 5, 3 }, { 0, 4 } };
    int64_t order[4];
    struct topology T;
    struct err e = { "" };

    assert_int_equal(topology_list(&T, 3, SIZE, 4, edge, order, &e), 0);
    assert_int_equal(T.M, 4);
    for (int m = 0; m < 4; m++)
        assert_int_equal(topology_find(&T, edge[m][0], edge[m][1]), order[m]);
    for (int m = 1; m < 4; m++) assert_true(T.edge[m - 1][0] <= T.edge[m][0]);
    assert_int_equal(topology_find(&T, 0, 5), -1);
    topology_free(&T);
}

static void a_text_may_carry_weights_and_comments(void **state)
{
    (void)state;
    struct topology T;
    struct err e = { "" };
    float *weight;

    assert_int_equal(topology_parse(&T, 3, SIZE, "# chip\n0 2 0.5\n\n 5\t1  -2e1 # strong\r\n3 6 1",
                                    "c.txt", &weight, &e),
                     0);
    assert_int_equal(T.M, 3);
    assert_true(weight[topology_find(&T, 0, 2)] == 0.5f);
    assert_true(weight[topology_find(&T, 1, 5)] == -20.0f);
    assert_true(weight[topology_find(&T, 3, 6)] == 1.0f);
    mem_free(weight);
    topology_free(&T);
    assert_int_equal(topology_parse(&T, 3, SIZE, "0 2\n0 3\n", "c.txt", &weight, &e), 0);
    assert_null(weight);
    topology_free(&T);
    assert_int_equal(topology_parse(&T, 3, SIZE, "", "c.txt", NULL, &e), 0);
    assert_int_equal(T.M, 0);
    topology_free(&T);
}

/* Text, what the sentence must contain. */
static void bad_edges_are_named_with_their_line(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        { "0 2\n0 7\n", "c.txt:2: unit 7: expected 0 to 6" },
        { "0 2\n\n0 1\n", "c.txt:3: units 0 and 1 are both in partition 0" },
        { "0 2\n3 6\n2 0\n", "c.txt:3: units 2 and 0 are joined twice" },
        { "0 2\n3\n", "c.txt:2: expected 'i j' or 'i j weight'" },
        { "0 2 1 1\n", "c.txt:1: expected 'i j'" },
        { "0 x\n", "c.txt:1: 'x': expected the number of a unit" },
        { "0 -1\n", "c.txt:1: '-1'" },
        { "0 99999999999999999999\n", "c.txt:1: '99999999999999999999'" },
        { "0 2 nan\n", "c.txt:1: 'nan': expected a finite weight" },
        { "0 2 1\n0 3\n", "c.txt:2: lacks a weight" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct topology T;
        struct err e = { "" };
        float *weight;
        assert_int_equal(topology_parse(&T, 3, SIZE, bad[i][0], "c.txt", &weight, &e), -1);
        if (strncmp(e.text, bad[i][1], strlen(bad[i][1])) != 0) fail_msg("%s", e.text);
        assert_null(T.edge);
        assert_null(weight);
    }
    const int wrong[2] = { 3, 0 };
    struct topology T;
    struct err e = { "" };
    assert_int_equal(topology_complete(&T, 2, wrong, &e), -1);
    assert_non_null(strstr(e.text, "partition 1 of 0 units"));
    const int32_t twice[2][2] = { { 0, 2 }, { 0, 2 } };
    e.text[0] = '\0';
    assert_int_equal(topology_list(&T, 3, SIZE, 2, twice, NULL, &e), -1);
    assert_non_null(strstr(e.text, "edge 1: "));
    const int huge[2] = { 1 << 17, 1 << 17 };
    e.text[0] = '\0';
    assert_int_equal(topology_complete(&T, 2, huge, &e), -1);
    assert_non_null(strstr(e.text, "17179869184 edges"));
}

TEST_MAIN(cmocka_unit_test(complete_means_every_pair_of_partitions),
          cmocka_unit_test(a_list_is_sorted_and_remembers_where_each_edge_came_from),
          cmocka_unit_test(a_text_may_carry_weights_and_comments),
          cmocka_unit_test(bad_edges_are_named_with_their_line))
