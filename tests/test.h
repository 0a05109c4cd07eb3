/*
 * test.h - cmocka under MPI.
 *
 * A test file is one program; tests/run.sh runs it at 1, 2 and 3 ranks. Ranks above 0 write to a
 * log of their own, which is shown when that rank fails. No assert between two collective calls
 * unless all ranks agree on it (an assert jumps out): see test_agree().
 */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "par/par.h"

/* int main: TEST_MAIN(cmocka_unit_test(a), cmocka_unit_test(b)) */
#define TEST_MAIN(...)                                                                             \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        const struct CMUnitTest tests[] = { __VA_ARGS__ };                                         \
        return test_main(__FILE__, tests, sizeof tests / sizeof tests[0], &argc, &argv);           \
    }

int test_main(const char *file, const struct CMUnitTest *tests, size_t n, int *argc, char ***argv);

/* The ranks of this program. */
const struct par *test_par(void);

/* The ranks again, as if each `most` of them were a node (0: as they are); for par_free. */
struct par test_nodes(int most);

/* Same on every rank: a directory for this program's files, made new and emptied at the end. */
const char *test_dir(void);

/* dir/name; into a ring of 8 static buffers. */
const char *test_path(const char *name);

/* A file below ../shared (or $CALOQ_SHARED), or NULL where it is absent; then test_skip(). */
const char *test_shared(const char *name);

/* Skips this test on every rank and says why; a reason must be listed in tests/skips.txt. */
void test_skip(const char *reason);

/* Collective: true when `ok` is true on every rank. assert_true(test_agree(x)) leaves together. */
int test_agree(int ok);

/* |a - b| <= tolerance, with both numbers in the message; a NaN fails. */
#define assert_near(a, b, tolerance) test_near(a, b, tolerance, #a, __FILE__, __LINE__)
void test_near(double a, double b, double tolerance, const char *what, const char *file, int line);

#endif
