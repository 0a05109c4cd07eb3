/*
 * test_block.c - every thing has one owner, by counting them all.
 */
#include "test.h"

#include "base/block.h"

static void blocks_cover_all_in_order_and_evenly(void **state)
{
    (void)state;
    for (int64_t n = 0; n < 50; n++) {
        for (int size = 1; size < 8; size++) {
            int64_t next = 0;
            for (int rank = 0; rank < size; rank++) {
                struct block b = block_of(n, rank, size);
                assert_int_equal(b.first, next);
                assert_int_equal(b.count, n / size + (rank < n % size)); /* the first hold more */
                assert_int_equal(block_end(b), b.first + b.count);
                next = block_end(b);
            }
            assert_int_equal(next, n);
        }
    }
}

static void the_owner_is_the_one_whose_block_holds_it(void **state)
{
    (void)state;
    for (int64_t n = 1; n < 50; n++) {
        for (int size = 1; size < 8; size++) {
            for (int64_t i = 0; i < n; i++) {
                int owner = block_owner(i, n, size);
                struct block b = block_of(n, owner, size);
                assert_true(owner >= 0 && owner < size);
                assert_true(b.first <= i && i < block_end(b));
            }
        }
    }
}

static void numbers_beyond_32_bits_are_shared_too(void **state)
{
    (void)state;
    const int64_t n = ((int64_t)1 << 62) + 5;
    struct block last = block_of(n, 511, 512);

    assert_true(block_end(last) == n);
    assert_int_equal(block_owner(n - 1, n, 512), 511);
    assert_int_equal(block_owner(last.first - 1, n, 512), 510);
}

TEST_MAIN(cmocka_unit_test(blocks_cover_all_in_order_and_evenly),
          cmocka_unit_test(the_owner_is_the_one_whose_block_holds_it),
          cmocka_unit_test(numbers_beyond_32_bits_are_shared_too))
