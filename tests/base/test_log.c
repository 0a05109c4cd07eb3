/*
 * test_log.c - what a person sees, on a terminal (a pty) and in the log of a batch job (a file).
 */
#define _XOPEN_SOURCE 700 /* posix_openpt */
#include "test.h"

#include "base/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static char *own_path(const char *name)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/%s.%d", test_dir(), name, test_par()->rank);
    return path;
}

/* What `speaks` writes to stderr while that is fd. */
static void speak_to(int fd, void (*speaks)(struct log *l), int quiet)
{
    struct log l;

    fflush(stderr);
    int old = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    log_init(&l, quiet);
    speaks(&l);
    log_free(&l);
    fflush(stderr);
    dup2(old, STDERR_FILENO);
    close(old);
}

/* Up to the end: of a file, or of a terminal whose other side is closed (EIO). */
static void read_text(int fd, char *text, size_t room)
{
    size_t have = 0;
    ssize_t n;

    while ((n = read(fd, text + have, room - 1 - have)) > 0) have += (size_t)n;
    text[have] = '\0';
}

static void on_file(void (*speaks)(struct log *l), int quiet, char *text, size_t room)
{
    int fd = open(own_path("stderr"), O_RDWR | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    speak_to(fd, speaks, quiet);
    lseek(fd, 0, SEEK_SET);
    read_text(fd, text, room);
    close(fd);
}

static void on_terminal(void (*speaks)(struct log *l), const char *term, int columns, char *text,
                        size_t room)
{
    struct winsize w = { .ws_row = 25, .ws_col = (unsigned short)columns };
    int master = posix_openpt(O_RDWR | O_NOCTTY);

    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    ioctl(master, TIOCSWINSZ, &w);
    setenv("TERM", term, 1);
    speak_to(slave, speaks, 0);
    close(slave);
    read_text(master, text, room);
    close(master);
}

static void progress_then_a_line(struct log *l)
{
    log_progress(l, "epoch 1");
    log_progress(l, "epoch 2");
    log_say(l, "saved %d", 7);
    log_warn(l, "slow");
    log_progress(l, "epoch 3");
}

static void a_long_line(struct log *l)
{
    log_progress(l, "\xc3\xa9 is one column, and so on");
}

/* A terminal writes \r\n for our \n. */
static void progress_overwrites_itself_on_a_terminal(void **state)
{
    (void)state;
    char text[1000];

    on_terminal(progress_then_a_line, "xterm", 80, text, sizeof text);
    assert_string_equal(text, "\repoch 1\033[K\repoch 2\033[K\r\033[Ksaved 7\r\n"
                              "caloq: warning: slow\r\n\repoch 3\033[K\r\n");
    on_terminal(a_long_line, "xterm", 10, text, sizeof text);
    assert_string_equal(text, "\r\xc3\xa9 is one \033[K\r\n"); /* 9 of 10 columns */
    on_terminal(progress_then_a_line, "dumb", 80, text, sizeof text);
    assert_null(strchr(text, '\033'));
}

static void progress_is_plain_lines_in_a_batch_log(void **state)
{
    (void)state;
    char text[1000];

    on_file(progress_then_a_line, 0, text, sizeof text);
    assert_string_equal(text, "epoch 1\nepoch 2\nsaved 7\ncaloq: warning: slow\nepoch 3\n");
    on_file(progress_then_a_line, 1, text, sizeof text);
    assert_string_equal(text, "");
}

static void into_log_txt(struct log *l)
{
    struct err e = { "" };

    log_open(l, own_path("log.txt"), &e);
    progress_then_a_line(l);
    log_open(l, own_path("log.txt"), &e); /* a second time: appends */
    log_say(l, "again");
}

static void into_a_full_disk(struct log *l)
{
    struct err e = { "" };

    if (log_open(l, "/dev/full", &e) != -1 || l->file != NULL) log_say(l, "opened");
    log_say(l, "%s", e.text);
    l->file = fopen("/dev/full", "a"); /* filled up later */
    log_say(l, "one");
    log_say(l, "two");
}

/* The log holds what was said with its time, not the progress. */
static void the_log_file_keeps_what_was_said(void **state)
{
    (void)state;
    char text[1000], line[200];
    static const char *const ends[] = { " UTC", "s] saved 7", "s] caloq: warning: slow", " UTC",
                                        "s] again" };
    int n = 0;

    on_file(into_log_txt, 1, text, sizeof text);
    assert_int_equal(access(own_path("log.txt"), F_OK), -1); /* a quiet log makes none */
    on_file(into_log_txt, 0, text, sizeof text);
    FILE *f = fopen(own_path("log.txt"), "r");
    assert_non_null(f);
    for (; fgets(line, sizeof line, f) != NULL; n++) {
        assert_true(n < 5);
        line[strcspn(line, "\n")] = '\0';
        assert_string_equal(line + strlen(line) - strlen(ends[n]), ends[n]);
    }
    fclose(f);
    assert_int_equal(n, 5);
}

static void a_full_disk_costs_the_log_and_not_the_run(void **state)
{
    (void)state;
    char text[1000];

    on_file(into_a_full_disk, 0, text, sizeof text);
    assert_string_equal(text, "cannot write '/dev/full': No space left on device\none\n"
                              "caloq: warning: the log cannot be written (No space left on "
                              "device), going on without\ntwo\n");
}

TEST_MAIN(cmocka_unit_test(progress_overwrites_itself_on_a_terminal),
          cmocka_unit_test(progress_is_plain_lines_in_a_batch_log),
          cmocka_unit_test(the_log_file_keeps_what_was_said),
          cmocka_unit_test(a_full_disk_costs_the_log_and_not_the_run))
