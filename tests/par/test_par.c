#include "test.h"

static void there_are_ranks(void **state)
{
    (void)state;
    assert_true(test_par()->rank < test_par()->size);
}

TEST_MAIN(cmocka_unit_test(there_are_ranks))
