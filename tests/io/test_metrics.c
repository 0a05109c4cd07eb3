#include "helper.h"

#include "io/metrics.h"

#include <math.h>

static struct metrics m;

static int opened(const char *folder, int64_t last_step)
{
    struct err e = { "" };
    struct log l;

    log_init(&l, 1);
    int bad = metrics_open(&m, test_par(), folder, last_step, &l, &e);
    log_free(&l);
    if (bad) print_error("%s\n", e.text);
    return test_agree(bad == 0);
}

static int wrote(int64_t step, int64_t epoch, double loss)
{
    struct err e = { "" };
    struct json *line = metrics_line(&m, step, epoch, "vae");

    json_put_real(line, "loss", loss);
    return test_agree(metrics_write(&m, line, &e) == 0);
}

/* The text of the history as rank 0 finds it; the caller frees. */
static char *history(const char *folder)
{
    struct err e = { "" };
    char *path = mem_print("%s/metrics.jsonl", folder);

    par_barrier(test_par());
    char *text = file_slurp(path, 1 << 20, NULL, &e);
    mem_free(path);
    par_barrier(test_par());
    return text != NULL ? text : mem_text("");
}

/* Line i of a history without its time. */
static int line_says(const char *text, int i, int64_t step, int64_t epoch, double loss,
                     double *time)
{
    struct err e = { "" };
    int64_t s = -1, p = -1;
    double l = 0.0;
    const char *phase = "";

    for (; i > 0 && text != NULL; i--) text = strchr(text, '\n') + 1;
    char *line = mem_text(text);
    line[strcspn(line, "\n")] = '\0';
    struct json *j = json_parse(line, "line", &e);
    int good = j != NULL && strncmp(line, "{\"step\"", 7) == 0 &&
               json_get_int(j, "step", &s) == 0 && json_get_int(j, "epoch", &p) == 0 &&
               json_get_text(j, "phase", &phase) == 0 && json_get_real(j, "loss", &l) == 0 &&
               json_get_real(j, "time", time) == 0;
    good = good && s == step && p == epoch && l == loss && strcmp(phase, "vae") == 0;
    json_drop(j);
    mem_free(line);
    return good;
}

static int count_lines(const char *text)
{
    int n = 0;

    for (; *text != '\0'; text++) n += *text == '\n';
    return n;
}

static void a_history_cut_and_continued_is_as_if_never_stopped(void **state)
{
    const char *folder = test_dir();
    struct err e = { "" };
    double time, before = -1.0;

    (void)state;
    assert_true(opened(folder, -1));
    for (int s = 1; s <= 6; s++) assert_true(wrote(s, s / 3, 1.0 / s));
    assert_true(test_agree(metrics_sync(&m, &e) == 0));
    metrics_close(&m);
    /* killed in the middle of a line; the checkpoint was at step 4 */
    if (test_par()->rank == 0)
        file_append(test_path("metrics.jsonl"), "{\"step\": 7, \"ep", 15, 0, &e);
    par_barrier(test_par());
    assert_true(opened(folder, 4));
    assert_int_equal(m.kept, 4);
    assert_int_equal(m.cut, 3);
    for (int s = 5; s <= 8; s++) assert_true(wrote(s, s / 3, 1.0 / s));
    metrics_close(&m);
    metrics_close(&m);
    char *text = history(folder);
    int good = count_lines(text) == 8;
    for (int s = 1; s <= 8 && good; s++) {
        good = line_says(text, s - 1, s, s / 3, 1.0 / s, &time) && time >= before;
        before = time;
    }
    mem_free(text);
    assert_true(test_agree(good));
    assert_true(test_agree(!file_exists(test_path("metrics.jsonl.tmp"))));
}

/* Bytes that need not go stay untouched, foreign keys too. */
static void what_is_kept_is_kept_byte_for_byte(void **state)
{
    struct err e = { "" };
    static const char old[] =
        "{\"step\": 1, \"time\": 1e3, \"x\": [1,  2], \"who\": \"m\\u00fc\"}\n"
        "{\"step\":2}\n";

    (void)state;
    if (test_par()->rank == 0) file_replace(test_path("metrics.jsonl"), old, sizeof old - 1, &e);
    par_barrier(test_par());
    assert_true(opened(test_dir(), 2));
    assert_int_equal(m.kept, 2);
    assert_int_equal(m.cut, 0);
    struct json *line = metrics_line(&m, 3, 0, "vae");
    double time = 0.0;
    json_get_real(line, "time", &time);
    json_drop(line);
    metrics_close(&m);
    assert_true(test_agree(time >= 1000.0 && time < 1060.0)); /* goes on from the last line */
    char *text = history(test_dir());
    assert_true(test_agree(strcmp(text, old) == 0));
    mem_free(text);
}

static void lines_that_are_none_go_and_the_rest_stays(void **state)
{
    struct err e = { "" };
    static const char old[] = "{\"step\": 1}\nnot json\n{\"epoch\": 2}\n\n[3]\n{\"step\": 2}\n";

    (void)state;
    if (test_par()->rank == 0) file_replace(test_path("metrics.jsonl"), old, sizeof old - 1, &e);
    par_barrier(test_par());
    assert_true(opened(test_dir(), 99));
    assert_int_equal(m.kept, 2);
    assert_int_equal(m.cut, 4);
    metrics_close(&m);
    char *text = history(test_dir());
    assert_true(test_agree(strcmp(text, "{\"step\": 1}\n{\"step\": 2}\n") == 0));
    mem_free(text);
}

static void a_new_run_starts_with_nothing(void **state)
{
    (void)state;
    assert_true(opened(test_dir(), -1));
    assert_int_equal(m.kept, 0);
    metrics_close(&m);
    char *text = history(test_dir());
    assert_true(test_agree(text[0] == '\0'));
    mem_free(text);
}

static void numbers_that_are_none_become_null(void **state)
{
    (void)state;
    assert_true(opened(test_dir(), -1));
    assert_true(wrote(1, 0, (double)NAN));
    metrics_close(&m);
    char *text = history(test_dir());
    assert_true(test_agree(strstr(text, "null") != NULL));
    mem_free(text);
}

static void a_history_that_cannot_be_written_is_said_by_all_ranks(void **state)
{
    struct err absent = { "" }, full = { "" };

    (void)state;
    metrics_open(&m, test_par(), test_path("absent"), -1, NULL, &absent);
    metrics_close(&m);
    assert_true(helper_same_sentence(&absent, "absent/metrics.jsonl"));
    assert_true(opened(test_dir(), -1));
    assert_true(wrote(1, 0, 1.0));
    helper_limit(100);
    struct json *line = metrics_line(&m, 2, 0, "vae");
    metrics_write(&m, line, &full);
    helper_limit(RLIM_INFINITY);
    assert_true(helper_same_sentence(&full, "File too large"));
    assert_true(wrote(3, 0, 0.5));
    metrics_close(&m);
    char *text = history(test_dir());
    double time;
    int good = count_lines(text) == 2 && line_says(text, 1, 3, 0, 0.5, &time);
    mem_free(text);
    assert_true(test_agree(good)); /* without half a line in between */
}

TEST_MAIN(cmocka_unit_test(a_history_cut_and_continued_is_as_if_never_stopped),
          cmocka_unit_test(what_is_kept_is_kept_byte_for_byte),
          cmocka_unit_test(lines_that_are_none_go_and_the_rest_stays),
          cmocka_unit_test(a_new_run_starts_with_nothing),
          cmocka_unit_test(numbers_that_are_none_become_null),
          cmocka_unit_test(a_history_that_cannot_be_written_is_said_by_all_ranks))
