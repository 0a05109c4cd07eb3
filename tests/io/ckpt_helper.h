/*
 * ckpt_helper.h - small checkpoints that say who they are, for the tests of ckpt.
 */
#ifndef TESTS_IO_CKPT_HELPER_H
#define TESTS_IO_CKPT_HELPER_H

#include "helper.h"

#include "io/ckpt.h"

enum { ROWS = 211, COLUMNS = 17 };

static inline double cell(int64_t epoch, int64_t k)
{
    return 1.0 / (double)(epoch * 100003 + k + 1);
}

/* A small checkpoint: a share of rows, what all hold alike, a text, an attribute. */
static inline int fill(struct h5 *f, const struct par *P, int64_t epoch, struct err *e)
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

static inline int save(const struct par *P, const char *folder, int64_t epoch, struct err *e)
{
    struct h5 f;
    char *path = ckpt_name(folder, epoch);
    int bad = ckpt_create(&f, P, path, e) || fill(&f, P, epoch, e) || ckpt_commit(&f, e);

    h5_close(&f);
    mem_free(path);
    return bad ? -1 : 0;
}

/* Is what was opened the checkpoint of this epoch? */
static inline int holds(const struct h5 *f, int64_t epoch)
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
static inline const char *run_folder(const char *name, int n)
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
static inline int64_t newest(const char *folder, struct err *e)
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

/* Files of a folder whose names end so. */
static inline int files_in(const char *folder, const char *suffix)
{
    char **name;
    int n = file_list(folder, "", suffix, &name);

    for (int i = 0; i < n; i++) mem_free(name[i]);
    mem_free(name);
    return n;
}

#endif
