/*
 * test_signal.c - a signal becomes a flag; broken pipes and file limits become error codes.
 * Children do it, because a flag that stands does not fall again.
 */
#include "test.h"

#include "base/signal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void came(int first, int second)
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        signal_watch();
        int before = signal_came();
        raise(first);
        raise(second);
        _exit(before == 0 && signal_came() == first ? 17 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 17);
}

static void the_first_signal_is_remembered(void **state)
{
    (void)state;
    came(SIGUSR1, SIGTERM);
    came(SIGTERM, SIGUSR1);
    came(SIGINT, SIGINT);
    came(SIGXCPU, SIGUSR1);
}

/* A write past the limit, into a pipe without a reader: EFBIG and EPIPE, and alive. */
static void a_write_that_fails_ends_nobody(void **state)
{
    (void)state;
    char name[512];
    int ends[2];

    snprintf(name, sizeof name, "%s/limit.%d", test_dir(), test_par()->rank);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit small = { 10, 10 };
        signal_watch();
        int fd = open(name, O_WRONLY | O_CREAT, 0600);
        if (setrlimit(RLIMIT_FSIZE, &small) != 0 || write(fd, "0123456789", 10) != 10) _exit(1);
        if (write(fd, "x", 1) != -1 || errno != EFBIG) _exit(2);
        if (pipe(ends) != 0 || close(ends[0]) != 0) _exit(3);
        if (write(ends[1], "x", 1) != -1 || errno != EPIPE) _exit(4);
        _exit(signal_came() == 0 ? 17 : 5);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 17);
}

static void signals_have_names(void **state)
{
    (void)state;
    assert_string_equal(signal_name(SIGUSR1), "SIGUSR1");
    assert_string_equal(signal_name(SIGTERM), "SIGTERM");
    assert_string_equal(signal_name(SIGINT), "SIGINT");
    assert_string_equal(signal_name(SIGXCPU), "SIGXCPU");
    assert_string_equal(signal_name(0), "another signal");
}

TEST_MAIN(cmocka_unit_test(the_first_signal_is_remembered),
          cmocka_unit_test(a_write_that_fails_ends_nobody), cmocka_unit_test(signals_have_names))
