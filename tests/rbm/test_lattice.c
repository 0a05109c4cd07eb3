/* The graphs of D-Wave's chips against facts made with dwave-networkx: numbers, couplers, classes.
 */
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "rbm/chimera.h"
#include "rbm/pegasus.h"
#include "rbm/zephyr.h"
#include "sha256.h"

#include <math.h>
#include <stdlib.h>

static void make(struct lattice *L, const char *kind, int size)
{
    if (strcmp(kind, "chimera") == 0)
        chimera_make(L, size, size, 4);
    else if (strcmp(kind, "pegasus_fabric") == 0)
        pegasus_make(L, size, PEGASUS_FABRIC);
    else if (strcmp(kind, "pegasus_full") == 0)
        pegasus_make(L, size, PEGASUS_FULL);
    else if (strcmp(kind, "pegasus_nice") == 0)
        pegasus_make(L, size, PEGASUS_NICE);
    else
        zephyr_make(L, size, 4);
}

enum { NODES, EDGES, COLOURS };

static void expect_hash(const struct lattice *L, int what, const char *hash)
{
    struct sha256 s;
    char line[64], text[65];

    sha256_init(&s);
    for (int64_t i = 0; i < (what == EDGES ? L->M : L->Q); i++) {
        int n;
        if (what == EDGES)
            n = snprintf(line, sizeof line, "%d %d\n", L->joint[i][0], L->joint[i][1]);
        else if (L->class[i] < 0)
            continue;
        else if (what == NODES)
            n = snprintf(line, sizeof line, "%d\n", (int)i);
        else
            n = snprintf(line, sizeof line, "%d %d\n", (int)i, L->class[i]);
        sha256_add(&s, line, (size_t)n);
    }
    assert_string_equal(sha256_text(&s, text), hash);
}

/* "degree:qubits ..." */
static void expect_degrees(const struct lattice *L, const char *fact)
{
    int *degree = mem_take(L->Q, sizeof *degree), many[32] = { 0 };
    char text[256] = "";

    for (int64_t m = 0; m < L->M; m++)
        for (int end = 0; end < 2; end++) degree[L->joint[m][end]]++;
    for (int q = 0; q < L->Q; q++)
        if (L->class[q] >= 0) many[degree[q]]++;
    for (int d = 0, at = 0; d < 32; d++)
        if (many[d] > 0)
            at +=
                snprintf(text + at, sizeof text - (size_t)at, at ? " %d:%d" : "%d:%d", d, many[d]);
    assert_string_equal(text, fact);
    mem_free(degree);
}

static void expect_classes(const struct lattice *L, const char *fact)
{
    char text[128] = "";

    for (int c = 0, at = 0; c < L->classes; c++)
        at += snprintf(text + at, sizeof text - (size_t)at, c ? " %d" : "%d", lattice_count(L, c));
    assert_string_equal(text, fact);
}

static void expect_numbers(const struct lattice *L, const char *fact)
{
    char text[128];
    int least = 0, greatest = L->Q - 1;

    while (L->class[least] < 0) least++;
    while (L->class[greatest] < 0) greatest--;
    snprintf(text, sizeof text, "%d %lld %d %d", lattice_count(L, -1), (long long)L->M, least,
             greatest);
    assert_string_equal(text, fact);
}

/* The 76 chips of topologies.txt; the work is shared out over the ranks, line by line. */
static void chips_are_those_of_the_reference_generators(void **state)
{
    (void)state;
    struct err e = { "" };
    char *text = file_slurp("tests/vectors/topologies.txt", 1 << 20, NULL, &e);
    int lines = 0;

    assert_non_null(text);
    for (char *at = text, *next; *at != '\0'; at = next) {
        char kind[32], *field[7] = { at };
        int size;
        next = strchr(at, '\n');
        *next++ = '\0';
        if (*at == '#' || lines++ % test_par()->size != test_par()->rank) continue;
        for (int f = 1; f < 7; f++) {
            field[f] = strstr(field[f - 1], " | ");
            assert_non_null(field[f]);
            *field[f] = '\0';
            field[f] += 3;
        }
        assert_int_equal(sscanf(at, "%31s %d", kind, &size), 2);
        struct lattice L;
        make(&L, kind, size);
        expect_numbers(&L, field[1]);
        expect_degrees(&L, field[2]);
        if (strcmp(field[3], "-") != 0) expect_classes(&L, field[3]);
        expect_hash(&L, NODES, field[4]);
        expect_hash(&L, EDGES, field[5]);
        if (strcmp(field[6], "-") != 0) expect_hash(&L, COLOURS, field[6]);
        lattice_free(&L);
    }
    assert_int_equal(lines, 76);
    mem_free(text);
}

/* The sum itself: FIPS 180-4's example "abc". */
static void the_sums_are_sha256(void **state)
{
    (void)state;
    struct sha256 s;
    char text[65];

    sha256_init(&s);
    sha256_add(&s, "abc", 3);
    assert_string_equal(sha256_text(&s, text),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* A mirror maps each kind of line onto itself, so the centre is the mean over all qubits, to the
 * rounding of a sum of 1e4 terms below 1e3. zephyr_layout alone sets the middles of its lines 1/16
 * off the middle of the columns, half of it in the mean. */
static void the_centre_is_the_mean_of_all_qubits(void **state)
{
    (void)state;
    static const char *const kind[] = { "chimera", "pegasus_full", "zephyr" };

    for (int i = 0; i < 3; i++) {
        struct lattice L;
        make(&L, kind[i], 5);
        for (int d = 0; d < 2; d++) {
            double sum = 0;
            for (int q = 0; q < L.Q; q++) sum += L.at[q][d];
            assert_near(sum / L.Q, L.centre[d], i == 2 ? 1.0 / 32 + 1e-9 : 1e-9);
        }
        lattice_free(&L);
    }
}

static void couplers_are_found_in_either_order(void **state)
{
    (void)state;
    struct lattice L;

    zephyr_make(&L, 2, 3);
    for (int64_t m = 0; m < L.M; m++) {
        assert_int_equal(lattice_find(&L, L.joint[m][0], L.joint[m][1]), m);
        assert_int_equal(lattice_find(&L, L.joint[m][1], L.joint[m][0]), m);
    }
    assert_int_equal(lattice_find(&L, 0, L.Q - 1), -1);
    lattice_free(&L);
    lattice_free(&L);
}

TEST_MAIN(cmocka_unit_test(the_sums_are_sha256),
          cmocka_unit_test(chips_are_those_of_the_reference_generators),
          cmocka_unit_test(the_centre_is_the_mean_of_all_qubits),
          cmocka_unit_test(couplers_are_found_in_either_order))
