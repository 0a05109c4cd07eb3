/*
 * helper.h - what the tests of io share: Python scripts, and sentences that all ranks must share.
 */
#ifndef TESTS_IO_HELPER_H
#define TESTS_IO_HELPER_H

#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/signal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Runs a script (its argv[1] is test_dir()) on rank 0 with a Python that has h5py: the first of
 * $PYTHON, python3, /usr/bin/python3. True on every rank when its exit code is 0. */
static inline int helper_python(const char *script)
{
    struct err e = { "" };
    int good = 1;

    if (test_par()->rank == 0) {
        const char *path = test_path("script.py");
        char *command = mem_print("for p in \"$PYTHON\" python3 /usr/bin/python3; do "
                                  "[ -n \"$p\" ] && \"$p\" -c 'import h5py' 2>/dev/null && "
                                  "exec \"$p\" %s %s; done; echo no Python has h5py; exit 9",
                                  path, test_dir());
        good = file_replace(path, script, (int64_t)strlen(script), &e) == 0 && system(command) == 0;
        mem_free(command);
    }
    return test_agree(good);
}

/* Every rank has a sentence, the same one, and `part` is in it. */
static inline int helper_same_sentence(const struct err *e, const char *part)
{
    struct err zero = *e;

    par_bcast(test_par(), &zero, sizeof zero, 0);
    int good = err_is(e) && strcmp(zero.text, e->text) == 0 && strstr(e->text, part) != NULL;
    if (!good)
        print_error("sentence \"%s\" (rank 0: \"%s\") lacks \"%s\"\n", e->text, zero.text, part);
    return test_agree(good);
}

/* Neither the file nor its temporary is there. */
static inline int helper_nothing_left(const char *path)
{
    char *aside = mem_print("%s.tmp", path);
    int good = !file_exists(path) && !file_exists(aside);

    mem_free(aside);
    return test_agree(good);
}

/* Files of at most so many bytes; RLIM_INFINITY: no limit. SIGXFSZ is ignored, as the program
 * does. */
static inline void helper_limit(rlim_t bytes)
{
    struct rlimit limit;

    signal_watch();
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
}

/* A file system of 8 MB in test_dir()/small; 0 where it cannot be mounted. */
static inline int helper_mount(void)
{
    int good = 1;

    if (test_par()->rank == 0) {
        char *command = mem_print("mkdir -p %s/small && mount -t tmpfs -o size=8m caloq-test "
                                  "%s/small 2>/dev/null",
                                  test_dir(), test_dir());
        good = system(command) == 0;
        mem_free(command);
    }
    return test_agree(good);
}

/* After every test that may have mounted it, failed or not. */
static inline int helper_unmount(void **state)
{
    (void)state;
    par_barrier(test_par());
    if (test_par()->rank == 0) {
        char *command = mem_print("if mountpoint -q %s/small; then umount -l %s/small; fi",
                                  test_dir(), test_dir());
        if (system(command) != 0) die("cannot unmount %s/small", test_dir());
        mem_free(command);
    }
    par_barrier(test_par());
    return 0;
}

/* All but `left` bytes of the small file system are taken. */
static inline void helper_fill(const char *path, int64_t left)
{
    struct statvfs v;

    if (test_par()->rank == 0) {
        file_remove(path);
        int fd = open(path, O_RDWR | O_CREAT, 0600);
        if (fd < 0 || statvfs(path, &v) != 0) die("cannot fill %s", path);
        int64_t bytes = (int64_t)(v.f_bavail * v.f_frsize) - left;
        if (bytes > 0 && posix_fallocate(fd, 0, bytes) != 0) die("cannot fill %s", path);
        close(fd);
    }
    par_barrier(test_par());
}

#endif
