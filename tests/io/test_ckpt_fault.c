#include "ckpt_helper.h"

#include <signal.h>
#include <unistd.h>

static void a_full_disk_leaves_the_old_checkpoint(void **state)
{
    struct err e = { "" };

    (void)state;
    const char *folder = run_folder("full", 1);
    for (rlim_t limit = 1 << 15; limit < 3 << 20; limit += 700000) {
        struct err why = { "" };
        helper_limit(limit);
        int bad = save(test_par(), folder, 2, &why);
        helper_limit(RLIM_INFINITY);
        if (!bad) {
            assert_true(limit > 2 << 20); /* two MB are reserved before all */
            continue;
        }
        assert_true(helper_same_sentence(&why, "RLIMIT_FSIZE"));
        assert_true(helper_nothing_left(test_path("full/checkpoint-2.h5")));
        assert_int_equal(newest(folder, &e), 1);
    }
}

/* On a disk that holds one checkpoint and too little besides. */
static void a_really_full_disk_leaves_the_old_checkpoint(void **state)
{
    struct err e = { "" };
    char folder[512], filler[512];
    int written = 0;

    (void)state;
    if (!helper_mount()) test_skip("mount of a small tmpfs is not permitted");
    snprintf(folder, sizeof folder, "%s", test_path("small"));
    snprintf(filler, sizeof filler, "%s", test_path("small/filler"));
    assert_true(test_agree(save(test_par(), folder, 1, &e) == 0));
    for (int64_t left = 0; left < 5 << 20; left += 600000) {
        struct err why = { "" };
        helper_fill(filler, left);
        if (save(test_par(), folder, 2, &why)) {
            assert_true(helper_same_sentence(&why, "room for"));
            assert_true(helper_nothing_left(test_path("small/checkpoint-2.h5")));
            assert_int_equal(newest(folder, &e), 1);
        } else {
            written++;
            assert_int_equal(newest(folder, &e), 2);
            par_barrier(test_par());
            if (test_par()->rank == 0) file_remove(test_path("small/checkpoint-2.h5"));
            par_barrier(test_par());
        }
    }
    assert_in_range(written, 1, 6); /* two MB are reserved before all: 0 to 1.8 MB are too little */
}

/* A fault on any rank, at any place on the way: the same sentence everywhere, the old one stays. */
static void a_fault_on_any_rank_reaches_all(void **state)
{
    static const char *const place[] = { "h5_create", "h5_write", "h5_finish", "h5_commit" };
    struct err e = { "" };
    char fault[40], part[80];

    (void)state;
    const char *folder = run_folder("fault", 1);
    for (int i = 0; i < 4; i++) {
        for (int rank = 0; rank < test_par()->size; rank++) {
            struct err why = { "" };
            snprintf(fault, sizeof fault, "%s:%d", place[i], rank);
            snprintf(part, sizeof part, "fault injected at %s on rank %d", place[i], rank);
            setenv("CALOQ_FAULT", fault, 1);
            save(test_par(), folder, 2, &why);
            unsetenv("CALOQ_FAULT");
            assert_true(helper_same_sentence(&why, part));
            assert_true(helper_nothing_left(test_path("fault/checkpoint-2.h5")));
            assert_int_equal(newest(folder, &e), 1);
        }
    }
}

static void a_fault_in_reading_reaches_all(void **state)
{
    static const char *const place[] = { "ckpt_verify", "h5_open", "h5_read" };
    char fault[40], part[80];

    (void)state;
    for (int i = 0; i < 3; i++) {
        for (int rank = 0; rank < test_par()->size; rank++) {
            struct err why = { "" };
            struct h5 f;
            double x;
            snprintf(fault, sizeof fault, "%s:%d", place[i], rank);
            snprintf(part, sizeof part, "fault injected at %s on rank %d", place[i], rank);
            setenv("CALOQ_FAULT", fault, 1);
            if (ckpt_open(&f, test_par(), test_path("fault/checkpoint-1.h5"), &why) == 0)
                h5_read_rows(&f, "chains/state", H5_DOUBLE, (struct block){ 0, 0 }, &x, &why);
            h5_close(&f);
            unsetenv("CALOQ_FAULT");
            assert_true(helper_same_sentence(&why, part));
        }
    }
}

/* This program as one rank that dies while it writes epoch 2 of a folder. */
static int dying(int argc, char **argv)
{
    struct par P;
    struct err e = { "" };
    struct h5 f;
    const char *when = argv[2];

    par_init(&P, &argc, &argv);
    char *path = ckpt_name(argv[3], 2);
    if (ckpt_create(&f, &P, path, &e)) return 2;
    if (strcmp(when, "created") == 0) raise(SIGKILL);
    if (fill(&f, &P, 2, &e)) return 2;
    if (strcmp(when, "written") == 0) raise(SIGKILL);
    if (h5_finish(&f, &e)) return 2; /* all on the disk, the rename is all that is missing */
    if (strcmp(when, "finished") == 0) raise(SIGKILL);
    if (ckpt_commit(&f, &e)) return 2;
    raise(SIGKILL);
    return 3;
}

static int killed(const char *when, const char *folder)
{
    char self[400];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    if (n < 0) return 0;
    self[n] = '\0';
    char *command =
        mem_print("env -i PATH=\"$PATH\" TMPDIR=\"${TMPDIR:-/tmp}\" OMPI_ALLOW_RUN_AS_ROOT=1 "
                  "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_ess_singleton_isolated=1 "
                  "OMPI_MCA_btl=self ASAN_OPTIONS=detect_leaks=0 %s dying %s %s; test $? = 137",
                  self, when, folder);
    int good = system(command) == 0;
    mem_free(command);
    return good;
}

static void a_killed_writer_leaves_the_old_or_the_new(void **state)
{
    static const char *const when[] = { "created", "written", "finished", "renamed" };
    struct err e = { "" };

    (void)state;
    const char *folder = run_folder("killed", 1);
    for (int i = 0; i < 4; i++) {
        int good = test_par()->rank > 0 || killed(when[i], folder);
        assert_true(test_agree(good));
        assert_int_equal(newest(folder, &e), i < 3 ? 1 : 2);
    }
    assert_true(test_agree(ckpt_prune(test_par(), folder, 2, &e) == 0));
    assert_int_equal(files_in(folder, ".tmp"), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_leaves_the_old_checkpoint),
        cmocka_unit_test_teardown(a_really_full_disk_leaves_the_old_checkpoint, helper_unmount),
        cmocka_unit_test(a_fault_on_any_rank_reaches_all),
        cmocka_unit_test(a_fault_in_reading_reaches_all),
        cmocka_unit_test(a_killed_writer_leaves_the_old_or_the_new),
    };

    if (argc == 4 && strcmp(argv[1], "dying") == 0) return dying(argc, argv);
    return test_main(__FILE__, tests, sizeof tests / sizeof tests[0], &argc, &argv);
}
