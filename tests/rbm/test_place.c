/* Machines on chips: which qubits, which couplers. */
#include "test.h"

#include "base/mem.h"
#include "rbm/chimera.h"
#include "rbm/chip.h"
#include "rbm/pegasus.h"
#include "rbm/place.h"
#include "rbm/zephyr.h"

#include <stdio.h>
#include <string.h>

/* The definition: the units are distinct working qubits of the classes their partitions may have,
 * in order; two of them are joined exactly when the chip has their coupler. */
static void expect_machine(const struct topology *T, const struct lattice *L, int K,
                           const int *size)
{
    int *unit = mem_take(L->Q, sizeof *unit);
    int64_t n = 0;

    assert_int_equal(T->kind, TOPOLOGY_LIST);
    assert_int_equal(T->K, K);
    assert_memory_equal(T->size, size, (size_t)K * sizeof *size);
    for (int q = 0; q < L->Q; q++) unit[q] = -1;
    for (int i = 0; i < T->N; i++) {
        int q = T->qubit[i], p = topology_of(T, i);
        assert_true(q >= 0 && q < L->Q && unit[q] == -1);
        assert_int_equal(L->class[q], K == 2 && L->classes == 4 ? 2 * p : p % L->classes);
        if (i > T->first[p]) assert_true(T->qubit[i - 1] < q);
        unit[q] = i;
    }
    for (int64_t m = 0; m < L->M; m++) {
        int i = unit[L->joint[m][0]], j = unit[L->joint[m][1]];
        if (i < 0 || j < 0) continue;
        assert_true(topology_find(T, i, j) >= 0);
        n++;
    }
    assert_int_equal(T->M, n);
    mem_free(unit);
}

/* No swap of a chosen and a free qubit of one class keeps more couplers. */
static void expect_no_better_swap(const struct topology *T, const struct lattice *L)
{
    int *kept = mem_take(L->Q, sizeof *kept);
    uint8_t *in = mem_take(L->Q, 1);

    for (int i = 0; i < T->N; i++) in[T->qubit[i]] = 1;
    for (int64_t m = 0; m < L->M; m++)
        for (int end = 0; end < 2; end++) kept[L->joint[m][end]] += in[L->joint[m][!end]];
    for (int k = 0; k < L->classes; k++) {
        int least = INT32_MAX, most = -1;
        for (int q = 0; q < L->Q; q++) {
            if (L->class[q] != k) continue;
            if (in[q] && kept[q] < least) least = kept[q];
            if (!in[q] && kept[q] > most) most = kept[q];
        }
        assert_true(most <= least);
    }
    mem_free(in);
    mem_free(kept);
}

/* The couplers that issue 3 asks for on the ideal Zephyr chip of 12 x 12. Nearest the centre: to
 * the coupler what CaloQuVAE's rule gives with zephyr_layout, counted by a program of its own. */
static void zephyr_12_keeps_the_couplers_it_should(void **state)
{
    (void)state;
    static const struct {
        int N;
        int64_t before, after;
    } want[] = { { 302, 11060, 11100 }, { 512, 19128, 19200 } };
    struct lattice L;
    struct err e = { "" };

    zephyr_make(&L, 12, 4);
    for (int i = 0; i < 2; i++) {
        int N = want[i].N, size[4] = { N, N, N, N };
        struct topology T;
        struct place found;
        assert_int_equal(place_choose(&T, &L, 4, size, &found, &e), 0);
        assert_int_equal(found.before, want[i].before);
        assert_true(found.after >= want[i].after);
        assert_int_equal(found.after, T.M);
        expect_machine(&T, &L, 4, size);
        expect_no_better_swap(&T, &L);
        topology_free(&T);
    }
    lattice_free(&L);
}

static void every_kind_takes_partitions_of_different_sizes(void **state)
{
    (void)state;
    static const int size[6] = { 57, 31, 90, 1, 20, 20 };
    struct lattice L[3];

    chimera_make(&L[0], 8, 8, 4);
    pegasus_make(&L[1], 5, PEGASUS_FABRIC);
    zephyr_make(&L[2], 4, 4);
    for (int i = 0; i < 3; i++) {
        for (int K = 2; K <= 6; K++) {
            struct topology T, U;
            struct place found;
            struct err e = { "" };
            assert_int_equal(place_choose(&T, &L[i], K, size, &found, &e), 0);
            expect_machine(&T, &L[i], K, size);
            assert_true(found.before <= found.after && found.after == T.M && T.M > 0);
            if (K >= L[i].classes) expect_no_better_swap(&T, &L[i]);
            assert_int_equal(place_choose(&U, &L[i], K, size, NULL, &e), 0);
            assert_true(topology_same(&T, &U));
            assert_memory_equal(T.qubit, U.qubit, (size_t)T.N * sizeof *T.qubit);
            topology_free(&U);
            topology_copy(&U, &T);
            assert_memory_equal(T.qubit, U.qubit, (size_t)T.N * sizeof *T.qubit);
            U.edge[0][1] ^= 1;
            assert_false(topology_same(&T, &U));
            topology_free(&T);
            topology_free(&U);
        }
        lattice_free(&L[i]);
    }
}

/* Four units of each class of a Chimera chip have at most 16 couplers, those of a cell; on a chip
 * of 5 x 5 cells there is one at the centre. */
static void the_best_machine_of_4_and_4_units_is_a_cell(void **state)
{
    (void)state;
    static const int size[2] = { 4, 4 };
    struct lattice L;
    struct topology T;
    struct err e = { "" };

    chimera_make(&L, 5, 5, 4);
    assert_int_equal(place_choose(&T, &L, 2, size, NULL, &e), 0);
    assert_int_equal(T.M, 16);
    topology_free(&T);
    lattice_free(&L);
}

/* Dead qubits are not taken, and a class may be taken whole; one more is a sentence. */
static void a_worn_chip_gives_what_it_has_and_no_more(void **state)
{
    (void)state;
    struct lattice L;
    struct topology T;
    struct place found;
    struct err e = { "" };
    int size[4];

    zephyr_make(&L, 3, 4);
    assert_int_equal(chip_dead(&L, "168\n3\n200\n7 10\n170\n6", "d", &e), 0);
    lattice_settle(&L);
    for (int k = 0; k < 4; k++) size[k] = lattice_count(&L, k);
    assert_int_equal(size[0] + size[1] + size[2] + size[3], 336 - 5);
    assert_int_equal(place_choose(&T, &L, 4, size, &found, &e), 0);
    expect_machine(&T, &L, 4, size);
    assert_int_equal(T.M, L.M); /* all of it */
    assert_int_equal(found.swaps, 0);
    topology_free(&T);
    for (int k = 0; k < 4; k++) {
        char want[96];
        size[k]++;
        snprintf(want, sizeof want,
                 "partition %d: %d units of class %d, the chip has %d working qubits", k, size[k],
                 k, size[k] - 1);
        e.text[0] = '\0';
        assert_int_equal(place_choose(&T, &L, 4, size, NULL, &e), -1);
        if (strncmp(e.text, want, strlen(want)) != 0) fail_msg("%s", e.text);
        assert_null(T.edge);
        size[k]--;
    }
    const int two[5] = { 50, 10, 10, 10, 50 };
    e.text[0] = '\0';
    assert_int_equal(place_choose(&T, &L, 5, two, NULL, &e), -1);
    assert_non_null(strstr(e.text, "partition 0 and others: 100 units of class 0"));
    lattice_free(&L);
}

TEST_MAIN(cmocka_unit_test(zephyr_12_keeps_the_couplers_it_should),
          cmocka_unit_test(every_kind_takes_partitions_of_different_sizes),
          cmocka_unit_test(the_best_machine_of_4_and_4_units_is_a_cell),
          cmocka_unit_test(a_worn_chip_gives_what_it_has_and_no_more))
