/*
 * test_json.c - JSON against its grammar (RFC 8259), and values against themselves read back.
 */
#include "test.h"

#include "base/json.h"
#include "base/mem.h"

#include <float.h>
#include <math.h>
#include <string.h>

static void one_line_holds_everything_in_order(void **state)
{
    (void)state;
    struct json *j = json_new(), *list = json_list(), *inner = json_new();

    json_put_int(j, "z", -9223372036854775807 - 1);
    json_put_real(j, "a", 0.1);
    json_put_real(j, "whole", 3.0);
    json_put_text(j, "text", "say \"\xc3\xa9\"\n\x01\\ \xff.");
    json_put_flag(j, "yes", 2);
    json_put_flag(j, "no", 0);
    json_put_real(j, "nan", NAN);
    json_put_real(j, "inf", -INFINITY);
    json_add_real(list, 1e300);
    json_add_real(list, NAN);
    json_add_int(list, INT64_MIN);
    json_put_int(inner, "k", 1);
    json_add(list, inner);
    json_put(j, "list", list);
    json_put(j, "empty", json_list());
    json_put_int(j, "z", 5); /* again: the place stays, the value is new */
    char *text = json_text(j);
    assert_string_equal(
        text, "{\"z\": 5, \"a\": 0.1, \"whole\": 3.0, "
              "\"text\": \"say \\\"\xc3\xa9\\\"\\n\\u0001\\\\ \xef\xbf\xbd.\", "
              "\"yes\": true, \"no\": false, \"nan\": null, \"inf\": null, "
              "\"list\": [1.0e+300, null, -9223372036854775808, {\"k\": 1}], \"empty\": []}");
    mem_free(text);
    json_drop(j);
    json_drop(NULL);
}

static void numbers_come_back_to_the_bit(void **state)
{
    (void)state;
    static const double reals[] = {
        0.1,        1.0 / 3.0,         DBL_MAX, DBL_MIN, 5e-324, -0.0,  1e22, 123456.0, 2.5e-308,
        0x1p53 + 2, 3.141592653589793, 1e15,    -1e-100, 0.3,    100.0, 1e16, 1e17,     4e-320
    };
    static const int64_t whole[] = { 0, -1, INT64_MAX, INT64_MIN };
    struct err e = { "" };

    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
        struct json *j = json_new();
        json_put_real(j, "x", reals[i]);
        json_put_int(j, "n", whole[i % 4]);
        char *text = json_text(j);
        struct json *again = json_parse(text, "text", &e);
        double x = 7.0;
        int64_t n = 7;
        assert_non_null(again);
        assert_int_equal(json_get_real(again, "x", &x), 0);
        assert_memory_equal(&x, &reals[i], sizeof x);
        assert_int_equal(json_get_int(again, "x", &n), -1); /* written as a real, it stays one */
        assert_int_equal(json_get_int(again, "n", &n), 0);
        assert_true(n == whole[i % 4]);
        char *second = json_text(again);
        assert_string_equal(text, second);
        mem_free(text);
        mem_free(second);
        json_drop(j);
        json_drop(again);
    }
}

static void a_key_of_another_kind_is_not_there(void **state)
{
    (void)state;
    struct err e = { "" };
    struct json *j = json_parse("{\"n\": 3, \"x\": 2.5, \"t\": \"a\", \"null\": null, "
                                "\"o\": {\"in\": 4}, \"l\": [1]}",
                                "f", &e);
    int64_t n = 9;
    double x = 9.0;
    const char *t = "old";

    assert_non_null(j);
    assert_int_equal(json_get_real(j, "n", &x), 0); /* an integer is a number */
    assert_true(x == 3.0);
    assert_int_equal(json_get_int(j, "x", &n), -1);
    assert_int_equal(json_get_int(j, "absent", &n), -1);
    assert_int_equal(json_get_int(j, "t", &n), -1);
    assert_int_equal(json_get_real(j, "null", &x), -1);
    assert_int_equal(json_get_text(j, "n", &t), -1);
    assert_true(n == 9 && x == 3.0);
    assert_string_equal(t, "old");
    assert_int_equal(json_get_text(j, "t", &t), 0);
    assert_string_equal(t, "a");
    assert_null(json_get(j, "absent"));
    assert_int_equal(json_get_int(json_get(j, "o"), "in", &n), 0);
    assert_int_equal(n, 4);
    assert_int_equal(json_get_int(json_get(j, "l"), "in", &n), -1); /* a list has no keys */
    json_drop(j);
}

static void refused(const char *text, const char *begins, const char *says)
{
    struct err e = { "" };
    struct json *j = json_parse(text, "f.json", &e);

    assert_null(j);
    if (strncmp(e.text, begins, strlen(begins)) != 0 || strstr(e.text, says) == NULL)
        print_error("%s\n", e.text);
    assert_int_equal(strncmp(e.text, begins, strlen(begins)), 0);
    assert_non_null(strstr(e.text, says));
}

static void bad_text_is_refused_with_its_line(void **state)
{
    (void)state;
    refused("{\"a\": 1,\n \"b\": 2,\n \"a\": 3}", "f.json:3: ", "duplicate");
    refused("{\"a\": 1}\n{}", "f.json:2: ", "end of file expected");
    refused("", "f.json:1: ", "expected");
    refused("3", "f.json:1: ", "expected");
    refused("{\"a\": nan}", "f.json:1: ", "invalid token");
    refused("{\"a\": 1e999}", "f.json:1: ", "overflow");
    refused("{\"a\": 9223372036854775808}", "f.json:1: ", "too big");
    refused("{\"a\": \"\xff\"}", "f.json:1: ", "decode byte 0xff");
    refused("{\"a\": \"\\u0000\"}", "f.json:1: ", "\\u0000");
    refused("{\"a\": [1, 2", "f.json:1: ", "end of file");
    refused("{'a': 1}", "f.json:1: ", "expected");
    refused("[1,]", "f.json:1: ", "unexpected");
}

static void hostile_text_is_refused_soon(void **state)
{
    (void)state;
    enum { DEEP = 100000, LONG = (64 << 20) + 1 };
    char *text = mem_take(DEEP + 1, 1);

    memset(text, '[', DEEP);
    refused(text, "f.json:1: ", "depth");
    mem_free(text);
    text = mem_take(LONG + 1, 1);
    memset(text, ' ', LONG);
    refused(text, "f.json: ", "more than 64 MiB");
    mem_free(text);
}

TEST_MAIN(cmocka_unit_test(one_line_holds_everything_in_order),
          cmocka_unit_test(numbers_come_back_to_the_bit),
          cmocka_unit_test(a_key_of_another_kind_is_not_there),
          cmocka_unit_test(bad_text_is_refused_with_its_line),
          cmocka_unit_test(hostile_text_is_refused_soon))
