/*
 * test_yaml.c - YAML trees against the text, refusals with their lines, and 20,000 broken texts.
 */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/yaml.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
enum { LESS = 10 }; /* a sanitizer takes 20 us to note a block */
#else
enum { LESS = 1 };
#endif

static const char sample[] = "# a comment\n"
                             "run:\n"
                             "  dir: \"a b\"   # trailing\n"
                             "  seed: 7\n"
                             "list: [1, {x: y}, ~]\n"
                             "block:\n"
                             "  - a\n"
                             "  - - b\n"
                             "    - 'null'\n"
                             "  - k: |\n"
                             "      two\n"
                             "      lines\n"
                             "empty:\n";

static struct yaml *parsed(const char *text)
{
    struct err e = { "" };
    struct yaml *y = yaml_parse(text, "f.yaml", &e);

    if (y == NULL) print_error("%s\n", e.text);
    assert_non_null(y);
    assert_false(err_is(&e));
    return y;
}

static void the_tree_is_the_text(void **state)
{
    (void)state;
    struct yaml *y = parsed(sample);

    assert_int_equal(y->kind, YAML_MAP);
    assert_int_equal(y->n, 4);
    assert_string_equal(y->key[0], "run");
    assert_int_equal(y->key_line[0], 2);
    const struct yaml *dir = yaml_get(yaml_get(y, "run"), "dir");
    assert_string_equal(dir->text, "a b");
    assert_true(dir->quoted);
    assert_int_equal(dir->line, 3);
    const struct yaml *list = yaml_get(y, "list");
    assert_int_equal(list->kind, YAML_LIST);
    assert_int_equal(list->n, 3);
    assert_string_equal(list->entry[0].text, "1");
    assert_string_equal(yaml_get(&list->entry[1], "x")->text, "y");
    assert_int_equal(list->entry[2].kind, YAML_NULL);
    const struct yaml *block = yaml_get(y, "block");
    assert_int_equal(block->entry[1].entry[1].kind, YAML_SCALAR); /* 'null' in quotes is a text */
    assert_int_equal(block->entry[1].entry[1].line, 9);
    assert_string_equal(yaml_get(&block->entry[2], "k")->text, "two\nlines\n");
    assert_int_equal(yaml_get(y, "empty")->kind, YAML_NULL);
    assert_null(yaml_get(y, "absent"));
    assert_null(yaml_get(list, "x")); /* a list has no keys */
    yaml_drop(y);
    yaml_drop(NULL);
}

static void an_empty_document_is_null(void **state)
{
    (void)state;
    static const char *const texts[] = { "", "\n\n", "# only this\n", "---\n", "~", "---\n...\n" };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct yaml *y = parsed(texts[i]);
        assert_int_equal(y->kind, YAML_NULL);
        assert_null(yaml_get(y, "x"));
        yaml_drop(y);
    }
}

static void refused(const char *text, const char *begins, const char *says)
{
    struct err e = { "" };
    struct yaml *y = yaml_parse(text, "f.yaml", &e);
    int fits = strncmp(e.text, begins, strlen(begins)) == 0 && strstr(e.text, says) != NULL;

    if (!fits) print_error("%s\n", e.text);
    assert_null(y);
    assert_true(fits);
}

static void bad_text_is_refused_with_its_line(void **state)
{
    (void)state;
    refused("a: 1\nb: &x 2\n", "f.yaml:2: ", "the anchor 'x'");
    refused("a: 1\nb: *x\n", "f.yaml:2: ", "the alias 'x'");
    refused("a: !!int 3\n", "f.yaml:1: ", "the tag 'tag:yaml.org,2002:int'");
    refused("a:\n - 1\n - !x {}\n", "f.yaml:3: ", "the tag '!x'");
    refused("a: ! x\n", "f.yaml:1: ", "the tag");
    refused("&a a: 1\n", "f.yaml:1: ", "the anchor 'a'");
    refused("a: 1\nb: 2\na: 3\n", "f.yaml:3: ", "'a' stands on line 1 already");
    refused("x: {a: 1, b: 2, \"a\": 3}\n", "f.yaml:1: ", "'a' stands on line 1 already");
    refused("a:\n\tb: 1\n", "f.yaml:2: ", "begins with a tab, expected spaces");
    refused("a: 1\nb: [1,\n2\nc: 3\n", "f.yaml:", "that begins on line 2");
    refused("a: 1\nb: [1, 2\n", "f.yaml:3: ", "that begins on line 2");
    refused("a: 'x\n\n", "f.yaml:3: ", "scanning a quoted scalar that begins on line 1");
    refused("a: 1\n---\nb: 2\n", "f.yaml:2: ", "a second document begins");
    refused("a: 1\nb: \"x\\0y\"\n", "f.yaml:2: ", "holds a NUL");
    refused("\"x\\0y\": 1\n", "f.yaml:1: ", "holds a NUL");
    refused("a: 1\nb: x\xff\n", "f.yaml:2: ", "UTF-8");
    refused("a: 1\nb: \xc0\xaf\n", "f.yaml:2: ", "UTF-8");
    refused("a: \xed\xa0\x80\n", "f.yaml:1: ", "UTF-8");
    refused("a: 1\n\nb: \x01\n", "f.yaml:3: ", "control characters");
    refused("\xff\xfe"
            "aa",
            "f.yaml:1: ", "UTF-8"); /* UTF-16 with its mark, which libyaml would read */
    refused("[a, b]: 1\n", "f.yaml:1: ", "expected a word");
    refused("? {a: b}\n: 1\n", "f.yaml:1: ", "expected a word");
    refused("a: b: c\n", "f.yaml:1: ", "not allowed in this context");
    refused("a: @b\n", "f.yaml:1: ", "cannot start any token");
}

/* `n` times one text, then another n times. */
static char *repeated(const char *open, const char *middle, const char *close, int n)
{
    size_t a = strlen(open), m = strlen(middle), b = strlen(close);
    char *text = mem_take((int64_t)((a + b) * (size_t)n + m + 1), 1);

    for (int i = 0; i < n; i++) memcpy(text + a * (size_t)i, open, a);
    memcpy(text + a * (size_t)n, middle, m);
    for (int i = 0; i < n; i++) memcpy(text + a * (size_t)n + m + b * (size_t)i, close, b);
    return text;
}

static void hostile_text_is_refused_soon(void **state)
{
    (void)state;
    char *fits = repeated("[", "", "]", 64), *deep = repeated("[", "", "]", 65);
    char *flood = repeated("[", "", "", 20000), *maps = repeated("{a: ", "", "}", 65);
    char *many = repeated("- \n", "", "", 1000001), *huge = repeated(" ", "", "", (16 << 20) + 1);

    yaml_drop(parsed(fits));
    refused(deep, "f.yaml:1: ", "at most 64 levels");
    refused(maps, "f.yaml:1: ", "at most 64 levels");
    refused(flood, "f.yaml:1: ", "at most 64 levels");
    if (LESS == 1) refused(many, "f.yaml:", "at most 1000000");
    refused(huge, "f.yaml:1: ", "more than 16 MiB");
    mem_free(fits), mem_free(deep), mem_free(maps);
    mem_free(flood), mem_free(many), mem_free(huge);
}

/* 20,000 keys, all different, and then one of them again: quick, because the twins are sorted for.
 */
static void many_keys_are_no_trouble(void **state)
{
    (void)state;
    enum { KEYS = 20000 / LESS, WIDE = 16 };
    char *text = mem_take(KEYS * WIDE + 20, 1), *to = text;

    for (int i = 0; i < KEYS; i++) to += snprintf(to, WIDE, "k%d: %d\n", i, i);
    struct yaml *y = parsed(text);
    assert_int_equal(y->n, KEYS);
    yaml_drop(y);
    snprintf(to, WIDE, "k777: 0\n");
    refused(text, LESS == 1 ? "f.yaml:20001: " : "f.yaml:2001: ", "'k777' stands on line 778");
    mem_free(text);
}

static struct yaml word(char *text)
{
    return (struct yaml){ .kind = YAML_SCALAR, .line = 3, .text = text };
}

static void numbers_are_decimal_and_whole_texts(void **state)
{
    (void)state;
    static char *const whole[] = { "0", "-0", "+5", "9223372036854775807", "-9223372036854775808" };
    static const int64_t are[] = { 0, 0, 5, INT64_MAX, INT64_MIN };
    static char *const no_whole[] = { "",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "1e3",
                                      "0x10",
                                      "010",
                                      "1_000",
                                      "--1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "+",
                                      "٣" };
    static char *const real[] = { "0",     "-1.5",    ".5",       "5.",    "1e3",
                                  "1E-3",  "+2.5e+2", "4.9e-324", "0e999", "1.7976931348623157e308",
                                  "0.0000" };
    static const double equal[] = { 0, -1.5, .5, 5, 1e3, 1e-3, 2.5e2, 5e-324, 0, DBL_MAX, 0 };
    static char *const no_real[] = { "",     ".",     "e5",    "1e",       "1e+",    "nan",  "inf",
                                     ".inf", "0x1p3", "1e309", "-1e309",   "1e-400", "00.5", "01",
                                     "1.5 ", "1,5",   "1.5f",  "infinity", "1.5.2",  "0x10" };
    int64_t n;
    double x;

    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        struct err e = { "" };
        struct yaml y = word(whole[i]);
        assert_int_equal(yaml_int(&y, "f", &n, &e), 0);
        assert_true(n == are[i]);
    }
    for (size_t i = 0; i < sizeof real / sizeof real[0]; i++) {
        struct err e = { "" };
        struct yaml y = word(real[i]);
        assert_int_equal(yaml_real(&y, "f", &x, &e), 0);
        assert_true(x == equal[i]);
    }
    n = 77, x = 77;
    for (size_t i = 0; i < sizeof no_whole / sizeof no_whole[0]; i++) {
        struct err e = { "" };
        struct yaml y = word(no_whole[i]);
        assert_int_equal(yaml_int(&y, "f", &n, &e), -1);
        assert_int_equal(strncmp(e.text, "f:3: found '", 12), 0);
    }
    for (size_t i = 0; i < sizeof no_real / sizeof no_real[0]; i++) {
        struct err e = { "" };
        struct yaml y = word(no_real[i]);
        if (yaml_real(&y, "f", &x, &e) == 0) print_error("'%s' is a number?\n", no_real[i]);
        assert_int_equal(strncmp(e.text, "f:3: found '", 12), 0);
    }
    assert_true(n == 77 && x == 77);
}

static void flags_are_true_or_false_and_nothing_else(void **state)
{
    (void)state;
    static char *const no[] = { "yes", "True", "1", "on", "", "truee", "n" };
    struct err e = { "" };
    struct yaml y = word("true");
    int flag = 0;

    assert_int_equal(yaml_flag(&y, "f", &flag, &e), 0);
    assert_int_equal(flag, 1);
    y = word("false");
    assert_int_equal(yaml_flag(&y, "f", &flag, &e), 0);
    assert_int_equal(flag, 0);
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        struct err f = { "" };
        y = word(no[i]);
        assert_int_equal(yaml_flag(&y, "f", &flag, &f), -1);
    }
    y = word("true");
    y.quoted = 1;
    assert_int_equal(yaml_flag(&y, "f", &flag, &e), -1);
    assert_string_equal(e.text, "f:3: found 'true' in quotes, expected true or false");
}

/* The sample with some bytes struck, doubled or replaced: a tree or a sentence, no crash, no leak.
 */
static void twenty_thousand_broken_texts_do_no_harm(void **state)
{
    (void)state;
    static const char odd[] = "[]{}:,-\t\n'\"&*!|>#%@?~\\ \xff\xc3\xa9\x01"
                              "0a";
    enum { CASES = 20000 / LESS, MOST = sizeof sample + 16 };
    int64_t before = mem_blocks();
    int trees = 0, sentences = 0;

    for (int i = 0; i < CASES / test_par()->size; i++) {
        struct rng r = rng_at(5, RNG_TEST, test_par()->rank, i);
        struct err e = { "" };
        char text[MOST] = { 0 };
        size_t n = sizeof sample - 1;
        memcpy(text, sample, n);
        for (uint64_t k = 1 + rng_below(&r, 4); k > 0; k--) {
            size_t at = (size_t)rng_below(&r, n), what = (size_t)rng_below(&r, 4);
            if (what == 0) text[at] = odd[rng_below(&r, sizeof odd - 1)];
            if (what == 1) memmove(text + at, text + at + 1, n-- - at);
            if (what == 2) memmove(text + at + 1, text + at, ++n - at);
            if (what == 3 && rng_below(&r, 8) == 0) memset(text + at + 1, 0, MOST - at - 1);
            n = strlen(text);
            if (n == 0) break;
        }
        struct yaml *y = yaml_parse(text, "f.yaml", &e);
        trees += y != NULL;
        sentences += err_is(&e);
        assert_int_equal(y == NULL, err_is(&e));
        if (y == NULL) assert_int_equal(strncmp(e.text, "f.yaml:", 7), 0);
        yaml_drop(y);
        assert_int_equal(mem_blocks(), before);
    }
    assert_true(trees > 50 && sentences > 50); /* both ways were gone */
}

TEST_MAIN(cmocka_unit_test(the_tree_is_the_text), cmocka_unit_test(an_empty_document_is_null),
          cmocka_unit_test(bad_text_is_refused_with_its_line),
          cmocka_unit_test(hostile_text_is_refused_soon),
          cmocka_unit_test(many_keys_are_no_trouble),
          cmocka_unit_test(numbers_are_decimal_and_whole_texts),
          cmocka_unit_test(flags_are_true_or_false_and_nothing_else),
          cmocka_unit_test(twenty_thousand_broken_texts_do_no_harm))
