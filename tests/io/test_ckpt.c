#include "helper.h"

#include "io/ckpt.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

enum { ROWS = 211, COLUMNS = 17 };

static double cell(int64_t epoch, int64_t k)
{
    return 1.0 / (double)(epoch * 100003 + k + 1);
}

/* A small checkpoint: a share of rows, what all hold alike, a text, an attribute. */
static int fill(struct h5 *f, const struct par *P, int64_t epoch, struct err *e)
{
    struct block mine = block_of(ROWS, P->rank, P->size);
    struct h5_shape s = { 2, { ROWS, COLUMNS }, H5_DOUBLE };
    double *x = mem_take(mine.count * COLUMNS, sizeof *x);

    for (int64_t k = 0; k < mine.count * COLUMNS; k++) x[k] = cell(epoch, mine.first * COLUMNS + k);
    int bad = h5_define(f, "chains/state", &s, 0, 0, "1", "of the test", e) ||
              h5_write_rows(f, "chains/state", H5_DOUBLE, mine, x, e) ||
              h5_write_text(f, "config", "run:\n  seed: 1\n", "the configuration as used", e) ||
              h5_put_int(f, "/chains", "epoch", epoch, e);
    mem_free(x);
    return bad ? -1 : 0;
}

static int save(const struct par *P, const char *folder, int64_t epoch, struct err *e)
{
    struct h5 f;
    char *path = ckpt_name(folder, epoch);
    int bad = ckpt_create(&f, P, path, e) || fill(&f, P, epoch, e) || ckpt_commit(&f, e);

    h5_close(&f);
    mem_free(path);
    return bad ? -1 : 0;
}

/* Is what was opened the checkpoint of this epoch? */
static int holds(const struct h5 *f, int64_t epoch)
{
    struct err e = { "" };
    double *x = mem_take(ROWS * COLUMNS, sizeof *x);
    int64_t number = -1;
    int good = h5_read_all(f, "chains/state", H5_DOUBLE, x, &e) == 0 &&
               h5_get_int(f, "chains", "epoch", &number, &e) == 0 && number == epoch;

    for (int64_t k = 0; good && k < ROWS * COLUMNS; k++) good = x[k] == cell(epoch, k);
    mem_free(x);
    return good;
}

/* A folder of this name with checkpoints of epochs 1..n; its path, until the next call. */
static const char *run_folder(const char *name, int n)
{
    static char folder[512]; /* test_path's own would be gone after eight more */
    struct err e = { "" };

    snprintf(folder, sizeof folder, "%s", test_path(name));
    int bad = test_par()->rank == 0 && file_folder(folder, &e);
    par_barrier(test_par());
    for (int i = 1; i <= n; i++) bad = bad || save(test_par(), folder, i, &e);
    if (bad) print_error("%s\n", e.text);
    assert_true(test_agree(!bad));
    return folder;
}

/* The newest that opens, or -1 (all damaged), 0 (none). */
static int64_t newest(const char *folder, struct err *e)
{
    struct h5 f;
    struct log l;
    int64_t epoch = -1;

    log_init(&l, 1);
    int got = ckpt_open_newest(&f, test_par(), folder, &epoch, &l, e);
    int good = got != 0 || holds(&f, epoch);
    h5_close(&f);
    log_free(&l);
    if (!test_agree(good)) return -2;
    return got == 0 ? epoch : got == 1 ? 0 : -1;
}

/* On the calling rank. */
static void flip_here(const char *path, int64_t at, int bit)
{
    char c;
    int fd = open(path, O_RDWR);

    if (pread(fd, &c, 1, at) != 1) die("cannot read %s", path);
    c = (char)(c ^ (1 << bit));
    if (pwrite(fd, &c, 1, at) != 1) die("cannot write %s", path);
    close(fd);
}

static void flip(const char *path, int64_t at, int bit)
{
    if (test_par()->rank == 0) flip_here(path, at, bit);
    par_barrier(test_par());
}

static int files_in(const char *folder, const char *suffix)
{
    char **name;
    int n = file_list(folder, "", suffix, &name);

    for (int i = 0; i < n; i++) mem_free(name[i]);
    mem_free(name);
    return n;
}

static void names_and_epochs_go_both_ways(void **state)
{
    char *name = ckpt_name("run", 12);

    (void)state;
    assert_string_equal(name, "run/checkpoint-12.h5");
    assert_int_equal(ckpt_epoch(name), 12);
    mem_free(name);
    assert_int_equal(ckpt_epoch("checkpoint-0.h5"), 0);
    assert_int_equal(ckpt_epoch("run/best.h5"), -1);
    assert_int_equal(ckpt_epoch("checkpoint-.h5"), -1);
    assert_int_equal(ckpt_epoch("checkpoint-1.h5.tmp"), -1);
    assert_int_equal(ckpt_epoch("checkpoint--1.h5"), -1);
    assert_int_equal(ckpt_epoch("checkpoint-99999999999999999999.h5"), -1);
    assert_int_equal(ckpt_epoch("checkpoint-3.h5/x"), -1);
}

/* 11 is newer than 2: numbers, not letters. */
static void the_newest_is_opened(void **state)
{
    struct err e = { "" };

    (void)state;
    const char *folder = run_folder("newest", 0);
    assert_int_equal(newest(folder, &e), 0);
    assert_int_equal(newest("/nowhere/at/all", &e), 0);
    folder = run_folder("newest", 2);
    assert_int_equal(save(test_par(), folder, 11, &e), 0);
    if (test_par()->rank == 0) {
        file_append(test_path("newest/checkpoint-099.h5"), "x", 1, 0, &e); /* not a name of ours */
        file_append(test_path("newest/checkpoint-50.h5.tmp"), "x", 1, 0, &e);
    }
    par_barrier(test_par());
    assert_int_equal(newest(folder, &e), 11);
}

static void h5py_opens_a_checkpoint(void **state)
{
    (void)state;
    assert_true(helper_python(
        "import sys, h5py\n"
        "p = sys.argv[1] + '/newest/checkpoint-2.h5'\n"
        "f = h5py.File(p, 'r')\n"
        "assert f.userblock_size == 512 and f.attrs['format'] == 'caloq-checkpoint'\n"
        "x = f['chains/state'][:].ravel()\n"
        "assert all(x[k] == 1 / (2 * 100003 + k + 1) for k in range(x.size)) and x.size == 3587\n"
        "assert bytes(f['config'][:]).decode().startswith('run:')\n"
        "for name in ['chains/state', 'config']:\n"
        "    assert f[name].attrs['units'] and f[name].attrs['description']\n"
        "head = open(p, 'rb').read(512).split(b'\\0')[0].decode().splitlines()\n"
        "import os\n"
        "assert head[0] == 'caloq-checkpoint 1' and head[1] == 'bytes %d' % (os.path.getsize(p) - "
        "512)\n"
        "assert len(head) == 3 and head[2].startswith('checksum ') and len(head[2]) == 25\n"));
}

/* 200 places: the userblock, the head, and all over the file; then the end cut off at 20. On one
 * rank, because test_digest.c says that any number of ranks sees the same. */
static int found_on(const struct par *alone, const char *path)
{
    struct err e = { "" };
    int64_t n = 0;
    char *all = file_slurp(path, 1 << 24, &n, &e);
    int found = 0;

    for (int i = 0; i < 200; i++) {
        struct err why = { "" };
        int64_t at = i < 60 ? i * 9 : i < 100 ? 512 + i - 60 : n - 1 - (n - 552) * (i - 100) / 100;
        flip_here(path, at, i % 8);
        found += ckpt_verify(alone, path, &why) == -1;
        flip_here(path, at, i % 8);
    }
    for (int i = 0; i < 20; i++) {
        struct err why = { "" };
        if (truncate(path, n * i / 20) != 0) die("cannot cut %s", path);
        found += ckpt_verify(alone, path, &why) == -1;
        if (file_replace(path, all, n, &e) != 0) die("%s", e.text);
    }
    mem_free(all);
    return found;
}

static void any_flipped_bit_and_any_cut_is_found(void **state)
{
    const struct par *P = test_par();
    struct par alone;
    struct err e = { "" };
    int good = 1;

    (void)state;
    run_folder("flip", 1);
    const char *path = test_path("flip/checkpoint-1.h5");
    par_split(&alone, P, P->rank);
    if (P->rank == 0) good = found_on(&alone, path) == 220;
    par_free(&alone);
    assert_true(test_agree(good));
    assert_true(test_agree(ckpt_verify(P, path, &e) == 0)); /* as it was */
}

static void a_damaged_one_gives_way_to_the_one_before(void **state)
{
    struct err e = { "" }, one = { "" };
    struct h5 f;

    (void)state;
    const char *folder = run_folder("damaged", 3);
    flip(test_path("damaged/checkpoint-3.h5"), 9000, 3);
    assert_int_equal(newest(folder, &e), 2);
    assert_false(err_is(&e));
    ckpt_open(&f, test_par(), test_path("damaged/checkpoint-3.h5"), &one);
    h5_close(&f);
    assert_true(helper_same_sentence(&one, "damaged/checkpoint-3.h5' is damaged"));
    if (test_par()->rank == 0 && truncate(test_path("damaged/checkpoint-2.h5"), 100) != 0)
        die("cannot cut");
    par_barrier(test_par());
    assert_int_equal(newest(folder, &e), 1);
    flip(test_path("damaged/checkpoint-1.h5"), 3, 0);
    assert_int_equal(newest(folder, &e), -1);
    assert_true(helper_same_sentence(&e, "can be used: '"));
    struct err foreign = { "" };
    ckpt_open(&f, test_par(), test_path("damaged/checkpoint-1.h5"), &foreign);
    h5_close(&f);
    assert_true(helper_same_sentence(&foreign, "is not a checkpoint of caloq"));
}

/* The warning names the file. */
static void the_warning_names_the_damaged_file(void **state)
{
    const struct par *P = test_par();
    struct err e = { "" };
    struct log l;
    struct h5 f;
    int64_t epoch;

    (void)state;
    const char *folder = run_folder("warned", 2);
    flip(test_path("warned/checkpoint-2.h5"), 7000, 0);
    const char *path = test_path("warned.txt");
    log_init(&l, P->rank > 0);
    int bad = log_open(&l, path, &e);
    bad = bad || ckpt_open_newest(&f, P, folder, &epoch, &l, &e) != 0 || epoch != 1;
    h5_close(&f);
    log_free(&l);
    par_barrier(P);
    char *text = file_slurp(path, 1 << 20, NULL, &e);
    int named = text != NULL && strstr(text, "warned/checkpoint-2.h5' is damaged") != NULL;
    mem_free(text);
    assert_true(test_agree(!bad && named));
}

static void pruning_keeps_the_newest_and_the_best(void **state)
{
    const struct par *P = test_par();
    struct err e = { "" }, none = { "" };
    struct h5 f;

    (void)state;
    const char *folder = run_folder("prune", 5);
    if (P->rank == 0) file_append(test_path("prune/checkpoint-9.h5.tmp"), "x", 1, 0, &e);
    assert_true(test_agree(ckpt_best(P, folder, 1, &e) == 0));
    assert_true(test_agree(ckpt_best(P, folder, 2, &e) == 0));
    assert_true(test_agree(ckpt_best(P, folder, 2, &e) == 0)); /* the same again */
    assert_true(test_agree(ckpt_prune(P, folder, 2, &e) == 0));
    assert_int_equal(newest(folder, &e), 5);
    assert_int_equal(files_in(folder, ".h5"), 3);
    assert_int_equal(files_in(folder, ".tmp"), 0);
    int good = ckpt_open(&f, P, test_path("prune/best.h5"), &e) == 0 && holds(&f, 2);
    h5_close(&f);
    assert_true(test_agree(good));
    ckpt_best(P, folder, 77, &none);
    assert_true(helper_same_sentence(&none, "checkpoint-77.h5"));
    assert_int_equal(files_in(folder, ".tmp"), 0);
}

static void the_file_does_not_know_how_many_ranks_wrote_it(void **state)
{
    const struct par *P = test_par();
    struct par alone;
    struct err e = { "" };
    int64_t n = 0, m = 0;

    (void)state;
    if (P->size == 1) test_skip("needs more than one rank");
    run_folder("many", 1);
    const char *one = run_folder("one", 0);
    int good = 1;
    par_split(&alone, P, P->rank);
    if (P->rank == 0) good = save(&alone, one, 1, &e) == 0;
    par_free(&alone);
    par_barrier(P);
    char *x = file_slurp(test_path("many/checkpoint-1.h5"), 1 << 24, &n, &e);
    char *y = file_slurp(test_path("one/checkpoint-1.h5"), 1 << 24, &m, &e);
    good = good && x != NULL && y != NULL && n == m && memcmp(x, y, (size_t)n) == 0;
    mem_free(x);
    mem_free(y);
    assert_true(test_agree(good));
}

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
        cmocka_unit_test(names_and_epochs_go_both_ways),
        cmocka_unit_test(the_newest_is_opened),
        cmocka_unit_test(h5py_opens_a_checkpoint),
        cmocka_unit_test(any_flipped_bit_and_any_cut_is_found),
        cmocka_unit_test(a_damaged_one_gives_way_to_the_one_before),
        cmocka_unit_test(the_warning_names_the_damaged_file),
        cmocka_unit_test(pruning_keeps_the_newest_and_the_best),
        cmocka_unit_test(the_file_does_not_know_how_many_ranks_wrote_it),
        cmocka_unit_test(a_full_disk_leaves_the_old_checkpoint),
        cmocka_unit_test(a_fault_on_any_rank_reaches_all),
        cmocka_unit_test(a_fault_in_reading_reaches_all),
        cmocka_unit_test(a_killed_writer_leaves_the_old_or_the_new),
    };

    if (argc == 4 && strcmp(argv[1], "dying") == 0) return dying(argc, argv);
    return test_main(__FILE__, tests, sizeof tests / sizeof tests[0], &argc, &argv);
}
