#include "test.h"

#include "base/mem.h"
#include "num/tensors.h"

#include <stdio.h>
#include <string.h>

static void every_tensor_starts_on_a_cache_line_and_none_overlap(void **state)
{
    (void)state;
    struct tensors T = { 0 };
    char name[TENSOR_NAME];
    int64_t sum = 0, end = 0;

    for (int i = 0; i < 40; i++) {
        int64_t n[TENSOR_DIMS] = { 1 + i, 1 + i % 3, 1, 2, 1 };
        snprintf(name, sizeof name, "part/%d/weight", i);
        int dims = 1 + i % TENSOR_DIMS;
        int64_t count = 1;
        for (int d = 0; d < dims; d++) count *= n[d];
        assert_int_equal(tensors_add(&T, name, dims, n), i);
        assert_int_equal(T.t[i].count, count);
        assert_int_equal(T.t[i].first % 16, 0);
        assert_true(T.t[i].first >= end && T.t[i].first < end + 16);
        end = T.t[i].first + count;
        sum += count;
    }
    assert_int_equal(T.parameters, sum);
    assert_true(T.total >= end && T.total % 16 == 0);
    tensors_free(&T);
    tensors_free(&T);
}

static void a_tensor_is_found_by_its_whole_name(void **state)
{
    (void)state;
    struct tensors T = { 0 };

    tensors_add(&T, "a/b", 1, (int64_t[]){ 3 });
    tensors_add(&T, "a/bc", 2, (int64_t[]){ 3, 5 });
    assert_int_equal(tensors_find(&T, "a/bc"), 1);
    assert_int_equal(tensors_find(&T, "a/b"), 0);
    assert_int_equal(tensors_find(&T, "a"), -1);
    tensors_free(&T);
}

TEST_MAIN(cmocka_unit_test(every_tensor_starts_on_a_cache_line_and_none_overlap),
          cmocka_unit_test(a_tensor_is_found_by_its_whole_name))
