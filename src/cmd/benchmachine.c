#include "cmd/benchmachine.h"

#include "rbm/chip.h"
#include "rbm/place.h"

#include <stddef.h>

const char *const benchmachine_name[] = { "complete 784x500", "complete 4x302", "zephyr 4x302" };

static int zephyr(struct topology *T, int K, const int *size, struct err *e)
{
    struct lattice chip;

    if (chip_make(&chip, CHIP_ZEPHYR, "12", e)) return -1;
    int bad = place_choose(T, &chip, K, size, NULL, e);
    lattice_free(&chip);
    return bad;
}

void benchmachine_make(struct rbm *m, enum benchmachine which)
{
    const int digits[2] = { 784, 500 }, four[4] = { 302, 302, 302, 302 };
    struct err e = { "" };
    struct topology T;

    if (which == BENCH_DIGITS     ? topology_complete(&T, 2, digits, &e)
        : which == BENCH_COMPLETE ? topology_complete(&T, 4, four, &e)
                                  : zephyr(&T, 4, four, &e))
        die("bench: %s", e.text);
    rbm_init(m, &T, -1);
    rbm_random(m, 0.05, 1);
}
