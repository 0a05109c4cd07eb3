/*
 * test_mem.c - counted memory, the sentence of an error, and the end of a bug.
 */
#include "test.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int is_zero(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != 0) return 0;
    return 1;
}

static void blocks_are_zero_aligned_and_counted(void **state)
{
    (void)state;
    static const int64_t sizes[] = { 0, 1, 63, 64, 65, 127, 128, 1000 };
    int64_t blocks = mem_blocks(), bytes = mem_bytes();
    char *p[8];

    for (int i = 0; i < 8; i++) {
        p[i] = mem_take(sizes[i], 3);
        assert_true((uintptr_t)p[i] % 64 == 0);
        assert_true(is_zero(p[i], 3 * (size_t)sizes[i]));
        memset(p[i], 1, 3 * (size_t)sizes[i]);
        bytes += 3 * sizes[i];
        assert_int_equal(mem_blocks(), blocks + i + 1);
        assert_int_equal(mem_bytes(), bytes);
        assert_true(mem_peak() >= bytes);
        for (int j = 0; j < i; j++) assert_true(p[j] != p[i]); /* those of no bytes too */
    }
    int64_t peak = mem_peak();
    for (int i = 0; i < 8; i++) mem_free(p[i]);
    mem_free(NULL);
    assert_int_equal(mem_blocks(), blocks);
    assert_true(mem_peak() == peak);
}

static void grown_blocks_keep_the_old_and_zero_the_new(void **state)
{
    (void)state;
    int32_t *p = mem_grow(NULL, 2, sizeof *p);

    p[0] = 5, p[1] = 6;
    p = mem_grow(p, 1000, sizeof *p);
    assert_true(p[0] == 5 && p[1] == 6);
    assert_true(is_zero((char *)(p + 2), 998 * sizeof *p));
    p = mem_grow(p, 1, sizeof *p);
    assert_int_equal(p[0], 5);
    mem_free(p);
}

static void texts_are_copied_and_printed(void **state)
{
    (void)state;
    char *a = mem_text(""), *b = mem_text("abc"), *c = mem_print("%s-%05d", b, 42);

    assert_string_equal(a, "");
    assert_string_equal(b, "abc");
    assert_string_equal(c, "abc-00042");
    mem_free(a), mem_free(b), mem_free(c);
}

static void the_first_sentence_stays(void **state)
{
    (void)state;
    struct err e = { "" }, none = { "" };

    assert_false(err_is(&e));
    assert_int_equal(err_set(&e, "'%s' is %d", "x", 3), -1);
    assert_int_equal(err_set(&e, "later"), -1);
    assert_string_equal(e.text, "'x' is 3");
    assert_int_equal(err_within(&e, "file %d", 7), -1);
    assert_string_equal(e.text, "file 7: 'x' is 3");
    assert_int_equal(err_within(&none, "file"), -1);
    assert_string_equal(none.text, "");
    assert_int_equal(err_set(&none, "%s", ""), -1);
    assert_true(err_is(&none)); /* an error without words is an error still */
}

static void long_sentences_are_cut(void **state)
{
    (void)state;
    struct err e = { "" };
    char *longer = mem_take(3 * ERR_TEXT, 1);

    memset(longer, 'a', 3 * ERR_TEXT - 1);
    err_set(&e, "%s", longer);
    assert_int_equal(strlen(e.text), ERR_TEXT - 1);
    err_within(&e, "in");
    assert_int_equal(strlen(e.text), ERR_TEXT - 1);
    assert_int_equal(strncmp(e.text, "in: aaa", 7), 0);
    err_within(&e, "%s", longer);
    assert_int_equal(strlen(e.text), ERR_TEXT - 1);
    mem_free(longer);
}

static void leave(void)
{
    _exit(17);
}

/* A child does it; what it says is read from a pipe. */
static void dies(void (*bug)(void), const char *says)
{
    int ends[2], status = 0;
    char text[400] = { 0 };

    fflush(NULL);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        err_on_die(leave);
        bug();
        _exit(0);
    }
    close(ends[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    close(ends[0]);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 17);
    assert_int_equal(strncmp(text, "caloq: bug: ", 12), 0);
    if (strstr(text, says) == NULL) print_error("%s\n", text);
    assert_non_null(strstr(text, says));
}

static void too_much(void)
{
    mem_take(INT64_MAX, 16);
}

static void less_than_nothing(void)
{
    mem_take(-1, 1);
}

static void more_than_there_is(void)
{
    mem_take((int64_t)1 << 56, 1);
}

static void a_bug(void)
{
    die("entry %d", 9);
}

static void a_bug_ends_with_its_sentence(void **state)
{
    (void)state;
    dies(a_bug, "entry 9");
    dies(too_much, "9223372036854775807 things of 16 bytes");
    dies(less_than_nothing, "-1 things");
#ifndef __SANITIZE_ADDRESS__ /* which ends the process itself */
    dies(more_than_there_is, "no memory for 72057594037927936 bytes");
#else
    (void)more_than_there_is;
#endif
}

TEST_MAIN(cmocka_unit_test(blocks_are_zero_aligned_and_counted),
          cmocka_unit_test(grown_blocks_keep_the_old_and_zero_the_new),
          cmocka_unit_test(texts_are_copied_and_printed),
          cmocka_unit_test(the_first_sentence_stays), cmocka_unit_test(long_sentences_are_cut),
          cmocka_unit_test(a_bug_ends_with_its_sentence))
