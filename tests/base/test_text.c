/*
 * test_text.c - numbers that read back, UTF-8 by its definition (RFC 3629), edit distances by hand.
 */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reals_say(double x, const char *expected)
{
    char out[TEXT_REAL];

    assert_string_equal(text_real(out, x), expected);
}

static void reals_are_short_and_exact(void **state)
{
    (void)state;
    char out[TEXT_REAL];
    struct rng r = rng_at(1, RNG_TEST, 0, 0);

    reals_say(0.1, "0.1");
    reals_say(1.0, "1.0");
    reals_say(-0.0, "-0.0");
    reals_say(1e20, "1.0e+20");
    reals_say(1.5e-7, "1.5e-07");
    reals_say(123456789.0, "123456789.0");
    reals_say(0.1 + 0.2, "0.30000000000000004");
    reals_say(DBL_MAX, "1.7976931348623157e+308");
    reals_say(5e-324, "4.94065645841247e-324");
    for (int i = 0; i < 20000; i++) { /* any bits that are a finite number */
        uint64_t bits = (uint64_t)rng_word(&r) << 32 | rng_word(&r);
        double x;
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x)) continue;
        text_real(out, x);
        assert_true(strtod(out, NULL) == x);
        assert_non_null(strchr(out, '.'));
    }
}

/* The bytes of a code point by RFC 3629, section 3. */
static int encode(char *out, int32_t rune)
{
    static const unsigned char head[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    int n = rune < 0x80 ? 1 : rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;

    for (int i = n - 1; i > 0; i--, rune >>= 6) out[i] = (char)(0x80 | (rune & 0x3f));
    out[0] = (char)(head[n] | rune);
    out[n] = '\0';
    return n;
}

static void every_code_point_is_read(void **state)
{
    (void)state;
    char bytes[8];

    for (int32_t rune = 1; rune <= 0x10ffff; rune += rune < 0x3000 ? 1 : 37) {
        int n = encode(bytes, rune), surrogate = rune >= 0xd800 && rune <= 0xdfff;
        const char *p = bytes;
        assert_int_equal(text_rune(&p), surrogate ? -1 : rune);
        assert_int_equal(p - bytes, surrogate ? 1 : n);
    }
}

static void bad_bytes_are_one_by_one(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80", "\xc0\xaf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xff",
        "\xc3", "\xe2\x82", "\xc3x"
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *p = bad[i];
        assert_int_equal(text_rune(&p), -1);
        assert_int_equal(p - bad[i], 1);
    }
    char *clean = text_utf8("a\xff\xc3\xa9\xc3");
    assert_string_equal(clean, "a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd");
    mem_free(clean);
}

static void a_sentence_gets_a_short_clean_copy(void **state)
{
    (void)state;
    char *a = text_short("tab\tline\n\xff\x7f\xc3\xa9"), *b = text_short(""), *c, text[200];

    assert_string_equal(a, "tab?line???\xc3\xa9");
    assert_string_equal(b, "");
    memset(text, 'x', sizeof text);
    text[60] = '\0';
    c = text_short(text);
    assert_string_equal(c, text);
    mem_free(c);
    strcpy(text + 59, "\xc3\xa9");
    c = text_short(text); /* no character is cut in two */
    assert_int_equal(strlen(c), 62);
    assert_string_equal(c + 58, "x...");
    mem_free(a), mem_free(b), mem_free(c);
}

static void distances_count_edits(void **state)
{
    (void)state;
    assert_int_equal(text_distance("", ""), 0);
    assert_int_equal(text_distance("abc", ""), 3);
    assert_int_equal(text_distance("", "abc"), 3);
    assert_int_equal(text_distance("kitten", "sitting"), 3);
    assert_int_equal(text_distance("bacth", "batch"), 2);
    assert_int_equal(text_distance("Batch", "bATCH"), 0);
    assert_int_equal(text_distance("flaw", "lawn"), 2);
}

static void words_are_wrapped(void **state)
{
    (void)state;
    char text[200] = { 0 };
    FILE *f = tmpfile();

    assert_non_null(f);
    fputs("name ", f);
    text_wrap(f, "aaa bb  cccc\n\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 d a-word-that-is-too-long e", "#",
              5, 3, 11);
    rewind(f);
    assert_true(fread(text, 1, sizeof text - 1, f) > 0);
    fclose(f);
    assert_string_equal(text, "name aaa bb\n#  cccc\n#  \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 d\n"
                              "#  a-word-that-is-too-long\n#  e\n");
}

TEST_MAIN(cmocka_unit_test(reals_are_short_and_exact), cmocka_unit_test(every_code_point_is_read),
          cmocka_unit_test(bad_bytes_are_one_by_one),
          cmocka_unit_test(a_sentence_gets_a_short_clean_copy),
          cmocka_unit_test(distances_count_edits), cmocka_unit_test(words_are_wrapped))
