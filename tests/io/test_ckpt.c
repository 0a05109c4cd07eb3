#include "ckpt_helper.h"

#include <fcntl.h>
#include <unistd.h>

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

TEST_MAIN(cmocka_unit_test(names_and_epochs_go_both_ways), cmocka_unit_test(the_newest_is_opened),
          cmocka_unit_test(h5py_opens_a_checkpoint),
          cmocka_unit_test(any_flipped_bit_and_any_cut_is_found),
          cmocka_unit_test(a_damaged_one_gives_way_to_the_one_before),
          cmocka_unit_test(the_warning_names_the_damaged_file),
          cmocka_unit_test(pruning_keeps_the_newest_and_the_best),
          cmocka_unit_test(the_file_does_not_know_how_many_ranks_wrote_it))
