#include "helper.h"

#include "io/progress.h"

#include <unistd.h>

static void the_line_has_share_rate_and_time_left(void **state)
{
    struct progress p;
    char text[PROGRESS_TEXT];

    (void)state;
    progress_start(&p, NULL, "train epoch 3", "steps", 200, 2700);
    progress_text(&p, p.start, text);
    assert_string_equal(text, "train epoch 3: 7% (200 of 2700 steps)");
    p.done = 1200; /* 1000 in 10 s: 100 a second, 1500 left are 15 s */
    progress_text(&p, p.start + 10.0, text);
    assert_string_equal(text, "train epoch 3: 44% (1200 of 2700 steps), 100 steps/s, 15 s left");
    progress_text(&p, p.start + 100.0, text);
    assert_string_equal(text,
                        "train epoch 3: 44% (1200 of 2700 steps), 10 steps/s, 2 min 30 s left");
    progress_text(&p, p.start + 1e4, text);
    assert_string_equal(text,
                        "train epoch 3: 44% (1200 of 2700 steps), 0.1 steps/s, 4 h 10 min left");
    progress_text(&p, p.start + 1e6, text);
    assert_string_equal(text,
                        "train epoch 3: 44% (1200 of 2700 steps), 0.001 steps/s, 17 d 8 h left");
    p.done = 2700;
    progress_text(&p, p.start + 50.0, text);
    assert_string_equal(text, "train epoch 3: 100% (2700 of 2700 steps), 50 steps/s, took 50 s");
    progress_start(&p, NULL, "synth", "showers", 0, 0);
    p.done = 1234567;
    progress_text(&p, p.start + 10.0, text);
    assert_string_equal(text, "synth: 1234567 showers, 1.23e+05 showers/s");
}

/* stderr of what follows goes to a file, until the next call. */
static void catch_stderr(int *kept, const char *path)
{
    fflush(stderr);
    if (path != NULL) {
        *kept = dup(2);
        if (freopen(path, "w", stderr) == NULL) die("cannot write %s", path);
    } else {
        dup2(*kept, 2);
        close(*kept);
    }
}

static int lines_in(const char *path, const char *needle)
{
    struct err e = { "" };
    char *text = file_slurp(path, 1 << 20, NULL, &e);
    int n = 0;

    for (const char *at = text; at != NULL && (at = strstr(at, needle)) != NULL; at++) n++;
    mem_free(text);
    return n;
}

/* Ten minutes of 100 steps a second. */
static void run(struct log *l, int64_t steps)
{
    struct progress p;

    progress_start(&p, l, "train", "steps", 0, steps);
    double start = p.start;
    for (int64_t i = 1; i <= steps; i++) progress_at(&p, i, start + 0.01 * (double)i, 0);
    progress_at(&p, steps, start + 0.01 * (double)steps, 1);
}

static void a_batch_log_gets_a_line_every_half_minute(void **state)
{
    const char *path = test_path("stderr");
    struct log l;
    int kept = -1, lines, ends, short_lines;

    (void)state;
    if (test_par()->rank > 0) return; /* local: one rank is enough, and one file */
    log_init(&l, 0);
    l.terminal = 0;
    catch_stderr(&kept, path);
    run(&l, 59000); /* 590 s: 19 lines, and the end */
    catch_stderr(&kept, NULL);
    lines = lines_in(path, "\n");
    ends = lines_in(path, "100%");
    catch_stderr(&kept, path);
    run(&l, 1000); /* 10 s: not worth a line */
    catch_stderr(&kept, NULL);
    short_lines = lines_in(path, "\n");
    log_free(&l);
    assert_int_equal(lines, 20);
    assert_int_equal(ends, 1);
    assert_int_equal(short_lines, 0);
}

static void a_terminal_gets_five_lines_a_second_in_one_place(void **state)
{
    const char *path = test_path("stderr");
    struct log l;
    int kept = -1, returns, newlines;

    (void)state;
    if (test_par()->rank > 0) return;
    log_init(&l, 0);
    l.terminal = 1;
    catch_stderr(&kept, path);
    run(&l, 1005); /* 10.05 s: 50 times, and the end */
    fflush(stderr);
    returns = lines_in(path, "\r");
    newlines = lines_in(path, "\n");
    log_free(&l);
    catch_stderr(&kept, NULL);
    /* times are sums of hundredths: a line may slip by one step of 0.01 s, so one line in 20 */
    assert_in_range(returns, 48, 51);
    assert_int_equal(newlines, 0);
}

static void a_quiet_log_says_nothing(void **state)
{
    const char *path = test_path("stderr");
    struct log l;
    int kept = -1, any;

    (void)state;
    if (test_par()->rank > 0) return;
    log_init(&l, 1);
    catch_stderr(&kept, path);
    run(&l, 59000);
    run(NULL, 59000);
    catch_stderr(&kept, NULL);
    any = lines_in(path, "train");
    log_free(&l);
    assert_int_equal(any, 0);
}

TEST_MAIN(cmocka_unit_test(the_line_has_share_rate_and_time_left),
          cmocka_unit_test(a_batch_log_gets_a_line_every_half_minute),
          cmocka_unit_test(a_terminal_gets_five_lines_a_second_in_one_place),
          cmocka_unit_test(a_quiet_log_says_nothing))
