/* Chips by kind and size, and what is dead on them. */
#include "test.h"

#include "rbm/chip.h"
#include "rbm/pegasus.h"
#include "rbm/zephyr.h"

#include <stdio.h>
#include <string.h>

static void expect_same(const struct lattice *a, const struct lattice *b)
{
    assert_int_equal(a->Q, b->Q);
    assert_int_equal(a->M, b->M);
    assert_memory_equal(a->class, b->class, (size_t)a->Q * sizeof *a->class);
    assert_memory_equal(a->joint, b->joint, (size_t)a->M * sizeof *a->joint);
}

static void a_size_is_the_shape_that_solvers_give(void **state)
{
    (void)state;
    struct lattice a, b;
    struct err e = { "" };

    /* 2 t m n qubits */
    assert_int_equal(chip_make(&a, CHIP_CHIMERA, "2,3,5", &e), 0);
    assert_int_equal(lattice_count(&a, -1), 60);
    lattice_free(&a);
    assert_int_equal(chip_make(&a, CHIP_CHIMERA, "2,3", &e), 0);
    assert_int_equal(lattice_count(&a, -1), 48);
    lattice_free(&a);
    /* 4 t m (2 m + 1) qubits, 2 t ((8 t + 8) m^2 - 2 m - 3) couplers */
    assert_int_equal(chip_make(&a, CHIP_ZEPHYR, "3,2", &e), 0);
    assert_int_equal(lattice_count(&a, -1), 4 * 2 * 3 * 7);
    assert_int_equal(a.M, 2 * 2 * (24 * 9 - 6 - 3));
    lattice_free(&a);
    assert_int_equal(chip_make(&a, CHIP_PEGASUS, "3", &e), 0);
    pegasus_make(&b, 3, PEGASUS_FABRIC);
    expect_same(&a, &b);
    lattice_free(&a);
    lattice_free(&b);
    assert_int_equal(chip_make(&a, CHIP_PEGASUS, "3,nice", &e), 0);
    assert_int_equal(lattice_count(&a, -1), 24 * 2 * 2);
    lattice_free(&a);
    assert_int_equal(chip_make(&a, CHIP_PEGASUS, "3,full", &e), 0);
    assert_int_equal(lattice_count(&a, -1), 24 * 3 * 2);
    lattice_free(&a);
}

static void other_sizes_are_refused(void **state)
{
    (void)state;
    static const struct {
        enum chip_kind kind;
        const char *size;
    } bad[] = {
        { CHIP_ZEPHYR, "" },         { CHIP_ZEPHYR, "0" },
        { CHIP_ZEPHYR, "-3" },       { CHIP_ZEPHYR, "65" },
        { CHIP_ZEPHYR, "3,17" },     { CHIP_ZEPHYR, "3," },
        { CHIP_ZEPHYR, "3,4,4" },    { CHIP_ZEPHYR, "3.5" },
        { CHIP_ZEPHYR, "chip.txt" }, { CHIP_PEGASUS, "1" },
        { CHIP_PEGASUS, "3,2" },     { CHIP_PEGASUS, "3,ugly" },
        { CHIP_PEGASUS, "1,nice" },  { CHIP_CHIMERA, "4,4,17" },
        { CHIP_CHIMERA, "4,4,4,4" }, { CHIP_CHIMERA, "4,x" },
        { CHIP_CHIMERA, "4x4" },     { CHIP_ZEPHYR, "99999999999999999999" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct lattice L;
        struct err e = { "" };
        char start[64];
        snprintf(start, sizeof start, "'%s': expected the size m", bad[i].size);
        assert_int_equal(chip_make(&L, bad[i].kind, bad[i].size, &e), -1);
        if (strncmp(e.text, start, strlen(start)) != 0) fail_msg("%s", e.text);
        assert_null(L.class);
    }
}

/* Qubits 5 and 40 and couplers 0-1 and 100-101 go, with the couplers of the qubits; the rest
 * stays. */
static void what_is_dead_goes_with_its_couplers(void **state)
{
    (void)state;
    struct lattice ideal, L;
    struct err e = { "" };
    int64_t stays = 0;

    zephyr_make(&ideal, 3, 4);
    zephyr_make(&L, 3, 4);
    assert_int_equal(chip_dead(&L, "# qubits\n5\n 40 # noisy\r\n\n0 1\n101-100\n5\n", "d.txt", &e),
                     0);
    assert_int_equal(chip_dead(&L, "40\n0-1\n5-4", "again", &e), 0);
    lattice_settle(&L);
    assert_int_equal(lattice_count(&L, -1), lattice_count(&ideal, -1) - 2);
    for (int64_t m = 0; m < ideal.M; m++) {
        int u = ideal.joint[m][0], v = ideal.joint[m][1];
        int dead =
            u == 5 || v == 5 || u == 40 || v == 40 || (u == 0 && v == 1) || (u == 100 && v == 101);
        assert_int_equal(lattice_find(&L, u, v) < 0, dead);
        stays += !dead;
    }
    assert_int_equal(L.M, stays);
    assert_true(L.centre[0] == ideal.centre[0] && L.centre[1] == ideal.centre[1]);
    lattice_free(&L);
    lattice_free(&ideal);
}

static void what_cannot_be_dead_is_named_with_its_line(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        { "7\n144", "d.txt:2: qubit 144: expected a number from 0 to 143" },
        { "0", "d.txt:1: the chip has no qubit 0" }, /* at the rim of a Pegasus chip */
        { "\n\n20 99999999999999999999", "d.txt:3: qubit 9223372036854775807: expected" },
        { "20 24", "d.txt:1: the chip has no coupler of qubits 20 and 24" },
        { "20 20", "d.txt:1: the chip has no coupler of qubits 20 and 20" },
        { "x", "d.txt:1: 'x': expected a qubit, or the two qubits of a coupler" },
        { "20, 21", "d.txt:1: '20, 21': expected a qubit" },
        { "20 21 22", "d.txt:1: '20 21 22': expected a qubit" },
        { "20 -", "d.txt:1: '20 -': expected a qubit" },
        { "-20", "d.txt:1: '-20': expected a qubit" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct lattice L;
        struct err e = { "" };
        pegasus_make(&L, 3, PEGASUS_FABRIC);
        assert_int_equal(chip_dead(&L, bad[i][0], "d.txt", &e), -1);
        if (strncmp(e.text, bad[i][1], strlen(bad[i][1])) != 0) fail_msg("%s", e.text);
        lattice_free(&L);
    }
}

TEST_MAIN(cmocka_unit_test(a_size_is_the_shape_that_solvers_give),
          cmocka_unit_test(other_sizes_are_refused),
          cmocka_unit_test(what_is_dead_goes_with_its_couplers),
          cmocka_unit_test(what_cannot_be_dead_is_named_with_its_line))
