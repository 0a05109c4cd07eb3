#include "helper.h"

#include "io/h5.h"

#include <math.h>

enum { ROWS = 103, COLUMNS = 29 };

/* What is written: exact in every type but for uint8, where it stays below 101. */
static double cell(int64_t i, int64_t j)
{
    return (double)((i * 7 + j * 3) % 101);
}

static void store(void *x, enum h5_type type, int64_t k, double v)
{
    switch (type) {
    case H5_FLOAT:
        ((float *)x)[k] = (float)v;
        return;
    case H5_DOUBLE:
        ((double *)x)[k] = v;
        return;
    case H5_INT32:
        ((int32_t *)x)[k] = (int32_t)v;
        return;
    case H5_INT64:
        ((int64_t *)x)[k] = (int64_t)v;
        return;
    case H5_UINT8:
        ((uint8_t *)x)[k] = (uint8_t)v;
        return;
    case H5_UINT64:
        ((uint64_t *)x)[k] = (uint64_t)v;
        return;
    }
}

/* One way to write: the type in the file, the type in memory, chunks, gzip. */
struct way {
    const char *name;
    enum h5_type file, memory;
    int64_t chunk_rows;
    int gzip;
};

static const struct way ways[] = {
    { "f4", H5_FLOAT, H5_FLOAT, 0, 0 },
    { "f8", H5_DOUBLE, H5_DOUBLE, 0, 0 },
    { "i4", H5_INT32, H5_INT32, 0, 0 },
    { "i8", H5_INT64, H5_INT64, 0, 0 },
    { "u1", H5_UINT8, H5_UINT8, 0, 0 },
    { "u8", H5_UINT64, H5_UINT64, 0, 0 },
    { "chunks/f4", H5_FLOAT, H5_FLOAT, 16, 0 },
    { "chunks/f4_from_f8", H5_FLOAT, H5_DOUBLE, 7, 0 },
    { "chunks/long", H5_DOUBLE, H5_FLOAT, 100000, 0 },
    { "zip/f4", H5_FLOAT, H5_FLOAT, 16, 4 },
    { "zip/f4_from_f8", H5_FLOAT, H5_DOUBLE, 10, 1 },
    { "zip/i8_from_i4", H5_INT64, H5_INT32, 0, 9 },
};
enum { WAYS = sizeof ways / sizeof ways[0] };

/* Rows for each rank: uneven, and none for the last of three. */
static struct block share(const struct par *P)
{
    int64_t end = P->size == 1 ? ROWS : 41;

    if (P->rank == 0) return (struct block){ 0, end };
    if (P->rank == 1) return (struct block){ end, ROWS - end };
    return (struct block){ ROWS, 0 };
}

static int write_file(const struct par *P, const char *path, int zip, struct err *e)
{
    struct h5 f;
    struct h5_shape s = { 2, { ROWS, COLUMNS }, H5_FLOAT }, none = { 2, { 0, 5 }, H5_FLOAT };
    struct block mine = share(P);
    double *x = mem_take(ROWS * COLUMNS, sizeof *x);
    const float three[3] = { 1.5f, -2.0f, 0.25f };
    struct h5_shape line = { 1, { 3 }, H5_FLOAT };

    int bad = h5_create(&f, P, path, 0, e);
    for (int i = 0; i < WAYS && !bad; i++) {
        const struct way *w = &ways[i];
        if (w->gzip > 0 && !zip) continue;
        for (int64_t k = 0; k < mine.count * COLUMNS; k++)
            store(x, w->memory, k, cell(mine.first + k / COLUMNS, k % COLUMNS));
        s.type = w->file;
        bad = h5_define(&f, w->name, &s, w->chunk_rows, w->gzip, "MeV", "energy \u03b5", e) ||
              h5_write_rows(&f, w->name, w->memory, mine, x, e);
    }
    bad = bad || h5_define(&f, "none", &none, 3, 0, "", "no rows", e) ||
          h5_write_rows(&f, "none", H5_FLOAT, (struct block){ 0, 0 }, NULL, e) ||
          h5_write_all(&f, "g/h/three", &line, three, "1", "alike on all ranks", e) ||
          h5_write_text(&f, "config", "a: 1\nb: \u00b5\n", "as used", e) ||
          h5_write_text(&f, "silence", "", "no text", e) ||
          h5_put_text(&f, "/", "format", "first", e) ||
          h5_put_text(&f, "/", "format", "caloq-test", e) || h5_put_int(&f, "g", "version", 3, e) ||
          h5_put_real(&f, "g/h/three", "third", 1.0 / 3.0, e) || h5_commit(&f, e);
    h5_close(&f);
    mem_free(x);
    if (bad) print_error("%s\n", e->text);
    return bad ? -1 : 0;
}

static int holds_what_it_should(const char *path)
{
    struct h5 f;
    struct err e = { "" };
    struct h5_shape s;
    double *x = mem_take(ROWS * COLUMNS, sizeof *x), third = 0.0;
    int64_t version = 0;
    char text[40], *config = NULL, *silence = NULL;
    float three[3];
    int good = h5_open(&f, test_par(), path, &e) == 0;

    for (int i = 0; i < WAYS && good; i++) {
        good = h5_shape(&f, ways[i].name, &s, &e) == 0 && s.dims == 2 && s.n[0] == ROWS &&
               s.n[1] == COLUMNS && s.type == ways[i].file;
        good = good && h5_read_all(&f, ways[i].name, H5_DOUBLE, x, &e) == 0;
        for (int64_t k = 0; good && k < ROWS * COLUMNS; k++)
            good = x[k] == cell(k / COLUMNS, k % COLUMNS);
        good = good && h5_get_text(&f, ways[i].name, "units", text, sizeof text, &e) == 0;
        good = good && strcmp(text, "MeV") == 0;
        if (!good) print_error("%s: %s\n", ways[i].name, e.text);
    }
    good = good && h5_shape(&f, "none", &s, &e) == 0 && s.n[0] == 0 && s.n[1] == 5;
    good = good && h5_read_all(&f, "g/h/three", H5_FLOAT, three, &e) == 0 && three[2] == 0.25f;
    good = good && h5_read_text(&f, "config", &config, &e) == 0;
    good = good && strcmp(config, "a: 1\nb: \u00b5\n") == 0;
    good = good && h5_read_text(&f, "silence", &silence, &e) == 0 && silence[0] == '\0';
    good = good && h5_get_text(&f, "/", "format", text, sizeof text, &e) == 0;
    good = good && strcmp(text, "caloq-test") == 0;
    good = good && h5_get_int(&f, "g", "version", &version, &e) == 0 && version == 3;
    good = good && h5_get_real(&f, "g/h/three", "third", &third, &e) == 0 && third == 1.0 / 3.0;
    mem_free(config);
    mem_free(silence);
    mem_free(x);
    h5_close(&f);
    if (!good) print_error("%s\n", e.text);
    return good;
}

static void what_we_write_we_read(void **state)
{
    struct err e = { "" };

    (void)state;
    assert_true(test_agree(write_file(test_par(), test_path("ours.h5"), 1, &e) == 0));
    assert_true(test_agree(holds_what_it_should(test_path("ours.h5"))));
    assert_false(file_exists(test_path("ours.h5.tmp")));
}

static void h5py_reads_what_we_write(void **state)
{
    (void)state;
    assert_true(helper_python(
        "import sys, h5py, numpy as np\n"
        "x = (np.arange(103)[:, None] * 7 + np.arange(29)[None, :] * 3) % 101\n"
        "f = h5py.File(sys.argv[1] + '/ours.h5', 'r')\n"
        "types = {'f4': 'f4', 'f8': 'f8', 'i4': 'i4', 'i8': 'i8', 'u1': 'u1', 'u8': 'u8',\n"
        "         'chunks/f4': 'f4', 'chunks/f4_from_f8': 'f4', 'chunks/long': 'f8',\n"
        "         'zip/f4': 'f4', 'zip/f4_from_f8': 'f4', 'zip/i8_from_i4': 'i8'}\n"
        "for name, t in types.items():\n"
        "    d = f[name]\n"
        "    assert d.dtype == np.dtype(t) and d.shape == x.shape and (d[:] == x).all(), name\n"
        "    assert d.attrs['units'] == 'MeV' and d.attrs['description'] == 'energy \\u03b5', "
        "name\n"
        "    assert (d.compression == 'gzip') == name.startswith('zip'), name\n"
        "assert f['chunks/f4'].chunks == (16, 29) and f['f4'].chunks is None\n"
        "assert f['chunks/long'].chunks == (103, 29)\n"
        "assert f['zip/f4'].id.get_storage_size() < 103 * 29 * 4 / 2\n"
        "assert f['none'].shape == (0, 5) and f['g/h/three'][1] == -2 and f['g'].attrs['version'] "
        "== 3\n"
        "assert bytes(f['config'][:]).decode() == 'a: 1\\nb: \\u00b5\\n'\n"
        "assert f.attrs['format'] == 'caloq-test' and f['g/h/three'].attrs['third'] == 1 / 3\n"));
}

static int same_bytes(const char *a, const char *b)
{
    struct err e = { "" };
    int64_t n = 0, m = 0;
    char *x = file_slurp(a, 1 << 26, &n, &e), *y = file_slurp(b, 1 << 26, &m, &e);
    int same = x != NULL && y != NULL && n == m && memcmp(x, y, (size_t)n) == 0;

    mem_free(x);
    mem_free(y);
    return same;
}

/* Compressed chunks lie in another order; everything else is the same file, byte for byte. */
static void the_file_does_not_know_how_many_ranks_wrote_it(void **state)
{
    const struct par *P = test_par();
    struct par alone;
    struct err e = { "" };

    (void)state;
    if (P->size == 1) test_skip("needs more than one rank");
    int good = write_file(P, test_path("many.h5"), 0, &e) == 0;
    par_split(&alone, P, P->rank);
    if (P->rank == 0) good &= write_file(&alone, test_path("one.h5"), 0, &e) == 0;
    par_free(&alone);
    par_barrier(P);
    assert_true(test_agree(good && same_bytes(test_path("many.h5"), test_path("one.h5"))));
}

/* More than one call of 32 MB on one rank, none on another; chunks shared by ranks and calls. */
static void large_blocks_go_in_pieces(void **state)
{
    const struct par *P = test_par();
    const int64_t n = 70000, m = 256;
    struct block mine = { 0, 0 };
    struct h5_shape s = { 2, { n, m }, H5_FLOAT };
    struct err e = { "" };
    struct h5 f;
    int good = 1;

    (void)state;
    if (P->rank == 0) mine = (struct block){ 0, n };
    if (P->size > 1 && P->rank == 0) mine.count = n - 1000;
    if (P->size > 1 && P->rank == 1) mine = (struct block){ n - 1000, 1000 };
    float *x = mem_take(mine.count * m, sizeof *x);
    for (int64_t k = 0; k < mine.count * m; k++) x[k] = (float)(mine.first * m + k);
    good = h5_create(&f, P, test_path("large.h5"), 0, &e) == 0 &&
           h5_define(&f, "x", &s, 999, 0, "", "", &e) == 0 &&
           h5_write_rows(&f, "x", H5_FLOAT, mine, x, &e) == 0 && h5_commit(&f, &e) == 0;
    mem_free(x);
    assert_true(test_agree(good));
    assert_true(test_agree(h5_open(&f, P, test_path("large.h5"), &e) == 0));
    struct block other = block_of(n, P->size - 1 - P->rank, P->size);
    x = mem_take(other.count * m, sizeof *x);
    good = h5_read_rows(&f, "x", H5_FLOAT, other, x, &e) == 0;
    for (int64_t k = 0; k < other.count * m; k++) good &= x[k] == (float)(other.first * m + k);
    mem_free(x);
    h5_close(&f);
    assert_true(test_agree(good));
}

/* Ranks that give rows out of range, a name that is not defined, a name twice: all say the same,
 * and nothing appears. */
static void a_wrong_write_is_said_by_all_ranks_and_leaves_nothing(void **state)
{
    const struct par *P = test_par();
    int last = P->rank == P->size - 1;
    struct h5_shape s = { 2, { 4, 4 }, H5_FLOAT };
    const char *path = test_path("wrong.h5");
    const char *const part[] = { "'x' has 4 rows, 1 from row 4 on were", "no dataset 'y'",
                                 "'x' cannot be created", "" };
    float x[16] = { 0 };

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct err e = { "" }, late = { "" };
        struct h5 f;
        struct block rows = { last ? 4 : 0, last ? 1 : 0 };
        assert_true(test_agree(h5_create(&f, P, path, 0, &e) == 0));
        assert_true(test_agree(h5_define(&f, "x", &s, 0, 0, "", "", &e) == 0));
        if (i == 0) h5_write_rows(&f, "x", H5_FLOAT, rows, x, &e);
        if (i == 1) h5_write_rows(&f, "y", H5_FLOAT, rows, x, &e);
        if (i == 2) h5_define(&f, "x", &s, 0, 0, "", "", &e);
        if (i < 3) assert_true(helper_same_sentence(&e, part[i]));
        if (i < 3) h5_commit(&f, &late);
        if (i < 3) assert_true(helper_same_sentence(&late, "not written, something failed before"));
        h5_close(&f);
        assert_true(helper_nothing_left(path));
    }
}

static void where_no_file_can_be_is_said_by_all_ranks(void **state)
{
    struct h5 f;
    struct err e = { "" }, folder = { "" };

    (void)state;
    h5_create(&f, test_par(), test_path("absent/x.h5"), 0, &e);
    assert_true(helper_same_sentence(&e, "No such file or directory"));
    h5_create(&f, test_par(), test_dir(), 0, &folder);
    assert_true(helper_same_sentence(&folder, "a folder of this name is in the way"));
}

TEST_MAIN(cmocka_unit_test(what_we_write_we_read), cmocka_unit_test(h5py_reads_what_we_write),
          cmocka_unit_test(the_file_does_not_know_how_many_ranks_wrote_it),
          cmocka_unit_test(large_blocks_go_in_pieces),
          cmocka_unit_test(a_wrong_write_is_said_by_all_ranks_and_leaves_nothing),
          cmocka_unit_test(where_no_file_can_be_is_said_by_all_ranks))
