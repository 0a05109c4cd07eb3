/*
 * test_file.c - files are whole or not there, whatever runs out. Each rank works in a folder of its
 * own.
 */
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/signal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

/* This rank's folder, made new. */
static char *place(const char *name)
{
    struct err e = { "" };
    char *own = mem_print("%s/rank%d.files/%s", test_dir(), test_par()->rank, name);

    if (file_folder(own, &e)) print_error("%s\n", e.text);
    assert_false(err_is(&e));
    return own;
}

static void holds(const char *path, const char *expected)
{
    struct err e = { "" };
    int64_t n = -1;
    char *text = file_slurp(path, 1 << 20, &n, &e);

    assert_non_null(text);
    assert_string_equal(text, expected);
    assert_int_equal(n, strlen(expected));
    mem_free(text);
}

/* How many files there are, of any name. */
static int files_in(const char *folder)
{
    char **names;
    int n = file_list(folder, "", "", &names);

    for (int i = 0; i < n; i++) mem_free(names[i]);
    mem_free(names);
    return n;
}

static void refused(int status, const struct err *e, const char *part)
{
    assert_int_equal(status, -1);
    if (strstr(e->text, part) == NULL) print_error("'%s' says nothing of '%s'\n", e->text, part);
    assert_non_null(strstr(e->text, part));
}

static void slurp_refused(const char *path, int64_t most, const char *part)
{
    struct err e = { "" };
    char *text = file_slurp(path, most, NULL, &e);

    refused(text == NULL ? -1 : 0, &e, part);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    struct err e = { "" };
    char *folder = place("plain"), *path = file_join(folder, "a.txt");

    assert_int_equal(file_replace(path, "one\n", 4, &e), 0);
    holds(path, "one\n");
    assert_int_equal(file_replace(path, "", 0, &e), 0);
    holds(path, "");
    assert_int_equal(file_append(path, "two\n", 4, 0, &e), 0);
    assert_int_equal(file_append(path, "three\n", 6, 1, &e), 0);
    holds(path, "two\nthree\n");
    assert_int_equal(files_in(folder), 1);
    char piece[8] = "";
    assert_int_equal(file_piece(path, 2, piece, 4), 4);
    assert_string_equal(piece, "o\nth");
    assert_int_equal(file_piece(path, 8, piece, 4), 2);
    assert_int_equal(file_piece(path, 11, piece, 4), 0);
    file_remove(path);
    assert_int_equal(file_piece(path, 0, piece, 4), 0);
    file_remove(path);
    assert_false(file_exists(path));
    assert_true(file_is_folder(folder));
    mem_free(path);
    mem_free(folder);
}

static void what_cannot_be_read_is_said(void **state)
{
    (void)state;
    struct err e = { "" };
    char *folder = place("slurp"), *path = file_join(folder, "a.txt");

    slurp_refused(path, 100, "No such file");
    slurp_refused(folder, 100, "is a folder");
    assert_int_equal(file_replace(path, "ab\0cd", 5, &e), 0);
    slurp_refused(path, 4, "longer than 4 bytes");
    slurp_refused(path, 5, "NUL byte after 2 bytes");
    slurp_refused("/dev/zero", 1000, "longer than 1000 bytes"); /* says 0 bytes, has no end */
    int64_t n = 0;
    char *bytes = file_slurp(path, 5, &n, &e);
    assert_non_null(bytes);
    assert_int_equal(n, 5);
    assert_memory_equal(bytes, "ab\0cd", 6);
    mem_free(bytes);
    mem_free(path);
    mem_free(folder);
}

static void folders_are_made_to_any_depth(void **state)
{
    (void)state;
    struct err e = { "" }, f = { "" }, g = { "" }, h = { "" };
    char *folder = place("deep"), *path = file_join(folder, "x//y/z/"),
         *file = file_join(folder, "file"), *below = file_join(file, "sub");

    assert_int_equal(file_folder(path, &e), 0);
    assert_int_equal(file_folder(path, &e), 0);
    assert_true(file_is_folder(path));
    assert_int_equal(file_replace(file, "x", 1, &e), 0);
    refused(file_folder(file, &f), &f, "is a file, expected a folder");
    refused(file_folder(below, &g), &g, "is a file, expected a folder");
    refused(file_folder("", &h), &h, "is empty");
    mem_free(path);
    mem_free(file);
    mem_free(below);
    mem_free(folder);
}

static void names_are_listed_in_order(void **state)
{
    (void)state;
    struct err e = { "" };
    static const char *const names[] = {
        "c-10.h5", "c-2.h5", "c-.h5", "c.h5", "d-1.h5", "c-1.h5x"
    };
    char *folder = place("list"), **found = NULL;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = file_join(folder, names[i]);
        assert_int_equal(file_replace(path, "", 0, &e), 0);
        mem_free(path);
    }
    assert_int_equal(file_list(folder, "c-", ".h5", &found), 3);
    assert_string_equal(found[0], "c-.h5");
    assert_string_equal(found[1], "c-10.h5");
    assert_string_equal(found[2], "c-2.h5");
    for (int i = 0; i < 3; i++) mem_free(found[i]);
    mem_free(found);
    assert_int_equal(file_list("/nowhere/at/all", "", "", &found), 0);
    assert_null(found);
    char *root = file_join("/", "x"), *bare = file_join("", "x");
    assert_string_equal(root, "/x");
    assert_string_equal(bare, "x");
    mem_free(root);
    mem_free(bare);
    mem_free(folder);
}

/* A failed write leaves the old file and nothing else. */
static void a_file_at_its_limit_leaves_no_trace(void **state)
{
    (void)state;
    struct rlimit old, small;
    struct err e = { "" }, f = { "" }, g = { "" };
    char *folder = place("limit"), *path = file_join(folder, "a"), *big = mem_take(MIB, 1);

    signal_watch(); /* SIGXFSZ would end the process */
    assert_int_equal(file_replace(path, "old\n", 4, &e), 0);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 100000;
    setrlimit(RLIMIT_FSIZE, &small);
    int replaced = file_replace(path, big, MIB, &e), appended = file_append(path, big, MIB, 1, &f);
    int room = file_room(path, MIB, &g);
    setrlimit(RLIMIT_FSIZE, &old);
    refused(replaced, &e, "File too large");
    refused(appended, &f, "File too large");
    refused(room, &g, "ulimit -f");
    holds(path, "old\n");
    assert_int_equal(files_in(folder), 1);
    mem_free(path);
    mem_free(folder);
    mem_free(big);
}

/* Everything is tried before anything is asserted: an assert would leave the mount behind. */
static void a_full_disk_leaves_no_trace(void **state)
{
    (void)state;
    struct err e[5] = { { "" } };
    char *folder = place("full"), *path = file_join(folder, "a"), *other = file_join(folder, "b");
    char *big = mem_take(2 * MIB, 1);
    int64_t n = 0;

    int mounted = mount("caloq", folder, "tmpfs", 0, "size=1m") == 0;
    if (!test_agree(mounted)) {
        if (mounted) umount(folder);
        mem_free(path), mem_free(other), mem_free(folder), mem_free(big);
        test_skip("mount of a small tmpfs is not permitted");
    }
    int wrote = file_replace(path, "old\n", 4, &e[0]);
    int replaced = file_replace(path, big, 2 * MIB, &e[1]);
    int appended = file_append(path, big, 2 * MIB, 0, &e[2]);
    int room = file_room(other, 2 * MIB, &e[3]), small = file_room(other, 1000, &e[4]);
    char *text = file_slurp(path, 100, &n, &e[4]);
    int files = files_in(folder);
    int unmounted = umount(folder);
    assert_int_equal(wrote, 0);
    refused(replaced, &e[1], "No space left");
    refused(appended, &e[2], "No space left");
    refused(room, &e[3], "its file system has room for");
    assert_int_equal(small, 0);
    assert_string_equal(text, "old\n");
    assert_int_equal(files, 1);
    assert_int_equal(unmounted, 0);
    mem_free(text), mem_free(path), mem_free(other), mem_free(folder), mem_free(big);
}

static void what_cannot_be_replaced_stays(void **state)
{
    (void)state;
    struct err e[6] = { { "" } };
    char *folder = place("stays"), *path = file_join(folder, "taken"),
         *in = file_join(path, "inside"), *aside = file_join(folder, "aside");

    assert_int_equal(file_folder(path, &e[0]), 0); /* a folder where the file should go */
    assert_int_equal(file_replace(in, "x", 1, &e[0]), 0);
    refused(file_replace(path, "y", 1, &e[1]), &e[1], "Is a directory");
    assert_int_equal(files_in(folder), 1);
    assert_int_equal(file_replace(aside, "y", 1, &e[0]), 0);
    refused(file_commit(aside, path, &e[2]), &e[2], "cannot rename");
    assert_false(file_exists(aside));
    refused(file_commit(aside, path, &e[3]), &e[3], "No such file");
    refused(file_replace("/nowhere/at/all", "y", 1, &e[4]), &e[4], "No such file");
    refused(file_room("/nowhere/at/all", 1, &e[5]), &e[5], "is not a folder");
    holds(in, "x");
    mem_free(path), mem_free(in), mem_free(aside), mem_free(folder);
}

/* Root may write anywhere but where the kernel itself says no. */
static void a_folder_that_takes_no_files_is_said(void **state)
{
    (void)state;
    struct err e[4] = { { "" } };
    char *folder = place("read-only"), *path = file_join(folder, "a");
    int as_root = geteuid() == 0;

    if (as_root) {
        refused(file_replace("/proc/caloq", "x", 1, &e[0]), &e[0],
                "cannot write '/proc/caloq.tmp'");
        refused(file_append("/proc/caloq", "x", 1, 0, &e[1]), &e[1], "cannot append");
    } else {
        assert_int_equal(chmod(folder, 0555), 0);
        refused(file_replace(path, "x", 1, &e[0]), &e[0], "Permission denied");
        refused(file_append(path, "x", 1, 0, &e[1]), &e[1], "Permission denied");
        refused(file_folder(folder, &e[2]), &e[2], "Permission denied");
        refused(file_room(path, 1, &e[3]), &e[3], "Permission denied");
        assert_int_equal(chmod(folder, 0755), 0);
    }
    assert_int_equal(files_in(folder), 0);
    mem_free(path);
    mem_free(folder);
}

/* A temporary left by a killed run, or a link in its place, neither stops nor misleads the next. */
static void an_old_temporary_is_replaced(void **state)
{
    (void)state;
    struct err e = { "" };
    char *folder = place("left"), *path = file_join(folder, "a"),
         *left = file_join(folder, "a.tmp"), *victim = file_join(folder, "victim");

    assert_int_equal(file_append(left, "half", 4, 0, &e), 0);
    assert_int_equal(file_replace(path, "one", 3, &e), 0);
    holds(path, "one");
    assert_false(file_exists(left));
    assert_int_equal(file_append(victim, "mine", 4, 0, &e), 0);
    assert_int_equal(symlink("victim", left), 0);
    assert_int_equal(file_replace(path, "two", 3, &e), 0);
    holds(path, "two");
    holds(victim, "mine");
    assert_int_equal(files_in(folder), 2);
    mem_free(path), mem_free(left), mem_free(victim), mem_free(folder);
}

TEST_MAIN(cmocka_unit_test(what_was_written_is_read), cmocka_unit_test(what_cannot_be_read_is_said),
          cmocka_unit_test(folders_are_made_to_any_depth),
          cmocka_unit_test(names_are_listed_in_order),
          cmocka_unit_test(a_file_at_its_limit_leaves_no_trace),
          cmocka_unit_test(a_full_disk_leaves_no_trace),
          cmocka_unit_test(what_cannot_be_replaced_stays),
          cmocka_unit_test(a_folder_that_takes_no_files_is_said),
          cmocka_unit_test(an_old_temporary_is_replaced))
