/* Base64 against the vectors of RFC 4648, percent signs, records. */
#include "test.h"

#include "base/mem.h"
#include "qpu/record.h"
#include "qpu/wire.h"

#include <string.h>

static void base64_is_that_of_the_rfc(void **state)
{
    (void)state;
    const char *const pair[][2] = { { "", "" },
                                    { "f", "Zg==" },
                                    { "fo", "Zm8=" },
                                    { "foo", "Zm9v" },
                                    { "foob", "Zm9vYg==" },
                                    { "fooba", "Zm9vYmE=" },
                                    { "foobar", "Zm9vYmFy" } };
    uint8_t back[16];

    for (int i = 0; i < 7; i++) {
        struct wire w = { 0 };
        int64_t n = (int64_t)strlen(pair[i][0]);
        wire_put_base64(&w, pair[i][0], n);
        assert_string_equal(w.text, pair[i][1]);
        assert_int_equal(wire_unbase64(back, w.text), n);
        assert_memory_equal(back, pair[i][0], (size_t)n);
        wire_free(&w);
    }
}

static void what_is_no_base64_is_refused(void **state)
{
    (void)state;
    const char *const bad[] = { "Z",    "Zg=",  "Zg",        "Zh==",     "Zm9=",
                                "Z===", "====", "Zm9v\nZm9", "Zg==Zg==", "Zm-v" };
    uint8_t back[16];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(wire_unbase64(back, bad[i]), -1);
}

static void percent_signs_stand_for_what_is_reserved(void **state)
{
    (void)state;
    struct wire w = { 0 };

    wire_put_percent(&w, "all,+a b/%~_.-Z9");
    assert_string_equal(w.text, "all%2C%2Ba%20b%2F%25~_.-Z9");
    wire_free(&w);
}

static void a_record_reads_back_and_any_change_of_a_byte_is_seen(void **state)
{
    (void)state;
    struct json *j = json_new();
    int64_t n, x;

    json_put_int(j, "number", 17);
    char *line = record_line(j, &n);
    assert_int_equal(n, strlen(line));
    line[n - 1] = '\0';
    struct json *back = record_read(line);
    assert_non_null(back);
    assert_int_equal(json_get_int(back, "number", &x), 0);
    assert_int_equal(x, 17);
    json_drop(back);
    for (int64_t i = 0; i < n - 1; i++) {
        line[i] ^= 1;
        assert_null(record_read(line));
        line[i] ^= 1;
        char kept = line[i];
        line[i] = '\0'; /* torn here */
        assert_null(record_read(line));
        line[i] = kept;
    }
    mem_free(line);
}

TEST_MAIN(cmocka_unit_test(base64_is_that_of_the_rfc),
          cmocka_unit_test(what_is_no_base64_is_refused),
          cmocka_unit_test(percent_signs_stand_for_what_is_reserved),
          cmocka_unit_test(a_record_reads_back_and_any_change_of_a_byte_is_seen))
