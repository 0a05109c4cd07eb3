#include "helper.h"

#include "io/h5.h"

#include <hdf5.h>

/* What h5py writes below: row i, column j of every dataset, exact in all types that are used. */
static double cell(int64_t i, int64_t j)
{
    return (double)((i * 7 + j * 3) % 101);
}

static const char *const fixtures =
    "import sys, h5py, numpy as np\n"
    "d = sys.argv[1]\n"
    "def cells(n, m): return (np.arange(n)[:, None] * 7 + np.arange(m)[None, :] * 3) % 101\n"
    "with h5py.File(d + '/theirs.h5', 'w') as f:\n"
    "    x = cells(203, 37)\n"
    "    for t in ['f2', 'f4', 'f8', '>f4', '>f8', 'i1', 'u1', 'i2', 'u2', 'i4', 'u4', 'i8', 'u8',"
    " '>i4']:\n"
    "        f.create_dataset('plain_' + t, data=x.astype(t))\n"
    "    for t in ['f4', 'f8', 'i4']:\n"
    "        v = x.astype(t)\n"
    "        f.create_dataset('gzip_' + t, data=v, compression='gzip')\n"
    "        f.create_dataset('rows_' + t, data=v, chunks=(16, 37), compression='gzip',"
    " shuffle=True)\n"
    "        f.create_dataset('odd_' + t, data=v, chunks=(7, 5), fletcher32=True)\n"
    "        f.create_dataset('loose_' + t, data=v, chunks=(50, 11), maxshape=(None, 37))\n"
    "    g = f.create_group('deep/er')\n"
    "    g.create_dataset('cube', data=cells(24, 30).reshape(24, 5, 6).astype('f8'))\n"
    "    f.create_dataset('line', data=cells(57, 1)[:, 0].astype('f4'))\n"
    "    f.create_dataset('scalar', data=2.5)\n"
    "    f.create_dataset('none', shape=(0, 37), dtype='f4')\n"
    "    f.create_dataset('flags', data=np.array([True, False, True]))\n"
    "    f.create_dataset('words', data='a: 1\\nb: \\u00b5')\n"
    "    f.create_dataset('six', shape=(1, 1, 1, 1, 1, 1), dtype='f4')\n"
    "    f.create_dataset('null', data=h5py.Empty('f4'))\n"
    "    f.attrs['text'] = 'MeV \\u00b5'\n"
    "    f.attrs['fixed'] = np.bytes_(b'GeV')\n"
    "    f.attrs['whole'] = np.int16(-7)\n"
    "    f.attrs['part'] = np.float32(0.25)\n"
    "    f.attrs['many'] = [1, 2]\n"
    "with h5py.File(d + '/behind.h5', 'w', userblock_size=1024) as f:\n"
    "    f['x'] = cells(5, 4)\n"
    "with h5py.File(d + '/latest.h5', 'w', libver='latest') as f:\n"
    "    f.create_dataset('x', data=cells(5, 4), chunks=(2, 4))\n"
    "with h5py.File(d + '/flipped.h5', 'w') as f:\n"
    "    x = f.create_dataset('x', data=np.ones((64, 64)), chunks=(8, 64), fletcher32=True)\n"
    "    at = x.id.get_chunk_info(5).byte_offset\n"
    "    f.create_dataset('z', data=np.ones((64, 64)), chunks=(8, 64), compression='gzip')\n"
    "    bad = f['z'].id.get_chunk_info(2).byte_offset\n"
    "b = bytearray(open(d + '/flipped.h5', 'rb').read())\n"
    "b[at + 77] ^= 16; b[bad + 2] ^= 255; b[bad + 9] ^= 255\n"
    "open(d + '/flipped.h5', 'wb').write(b)\n"
    "open(d + '/empty.h5', 'w')\n"
    "open(d + '/text.h5', 'w').write('incident_energies,showers\\n' * 100)\n"
    "open(d + '/lfs.h5', 'w').write('version https://git-lfs.github.com/spec/v1\\noid 1\\n')\n"
    "whole = open(d + '/theirs.h5', 'rb').read()\n"
    "for k in [1, 7, 8, 40, 95, 96, 600, 5000, len(whole) // 2, len(whole) - 1]:\n"
    "    open(d + '/cut%d.h5' % k, 'wb').write(whole[:k])\n"
    "open(d + '/cuts', 'w').write(' '.join(map(str, [len(whole) // 2, len(whole) - 1])))\n";

static int opened(struct h5 *f, const char *name)
{
    struct err e = { "" };
    int bad = h5_open(f, test_par(), test_path(name), &e);

    if (bad) print_error("%s\n", e.text);
    return bad == 0;
}

/* Do rows [first, first + n) of a dataset with m columns, read as `type`, hold what they should? */
static int right(const void *x, enum h5_type type, int64_t first, int64_t n, int64_t m)
{
    for (int64_t k = 0; k < n * m; k++) {
        double v = type == H5_FLOAT    ? (double)((const float *)x)[k]
                   : type == H5_DOUBLE ? ((const double *)x)[k]
                                       : (double)((const int64_t *)x)[k];
        if (v != cell(first + k / m, k % m)) return 0;
    }
    return 1;
}

static int read_every_way(const struct h5 *f, const char *name, enum h5_type type)
{
    const struct par *P = test_par();
    struct err e = { "" };
    struct h5_shape s;
    int good = h5_shape(f, name, &s, &e) == 0 && s.dims == 2 && s.n[0] == 203 && s.n[1] == 37;
    double *x = mem_take(203 * 37, sizeof *x);

    /* shares of 203 rows; then of 2 rows, so that a rank has none */
    for (int64_t n = 203; n > 0; n = n == 203 ? 2 : 0) {
        struct block mine = block_of(n, P->rank, P->size);
        good = good && h5_read_rows(f, name, type, mine, x, &e) == 0;
        good = good && right(x, type, mine.first, mine.count, 37);
    }
    /* rows of this rank's choosing, in any order, some twice; rank 2 wants none */
    int64_t row[40], n = P->rank == 2 ? 0 : 40 - P->rank;
    for (int64_t i = 0; i < n; i++) row[i] = i < 5 ? 100 + i : (i * 61 + P->rank) % 203;
    if (n > 0) row[n - 1] = row[7];
    good = good && h5_read_picked(f, name, type, row, n, x, &e) == 0;
    size_t wide = type == H5_FLOAT ? sizeof(float) : sizeof(double);
    for (int64_t i = 0; good && i < n; i++)
        good = right((char *)x + (size_t)(i * 37) * wide, type, row[i], 1, 37);
    good = good && h5_read_all(f, name, type, x, &e) == 0 && right(x, type, 0, 203, 37);
    mem_free(x);
    if (!good) print_error("%s as %d: %s\n", name, (int)type, e.text);
    return good;
}

static void what_h5py_writes_is_read_exactly(void **state)
{
    struct h5 f;
    struct err e = { "" };
    char **name;
    int n, good, seen = 0;

    (void)state;
    assert_true(helper_python(fixtures));
    assert_true(test_agree(opened(&f, "theirs.h5")));
    good = h5_members(&f, "/", &name, &n, &e) == 0;
    for (int i = 0; i < n; i++) {
        int ours = strchr(name[i], '_') != NULL;
        seen += ours;
        for (int t = 0; ours && t < 3; t++) {
            const enum h5_type as[] = { H5_FLOAT, H5_DOUBLE, H5_INT64 };
            good &= read_every_way(&f, name[i], as[t]);
        }
        mem_free(name[i]);
    }
    mem_free(name);
    h5_close(&f);
    assert_true(test_agree(good));
    assert_int_equal(seen, 14 + 3 * 4);
}

static void other_shapes_are_read_too(void **state)
{
    const struct par *P = test_par();
    struct h5 f;
    struct err e = { "" };
    struct h5_shape s;
    double x[24 * 30] = { 0 };
    uint8_t flag[3] = { 9, 9, 9 };
    float line[57];

    (void)state;
    assert_true(test_agree(opened(&f, "theirs.h5")));
    struct block mine = block_of(24, P->rank, P->size);
    int good = h5_shape(&f, "/deep/er/cube", &s, &e) == 0 && s.dims == 3 && s.n[2] == 6;
    good &= s.type == H5_DOUBLE;
    good &= h5_read_rows(&f, "deep/er/cube", H5_DOUBLE, mine, x, &e) == 0;
    good &= right(x, H5_DOUBLE, mine.first, mine.count, 30);
    good &= h5_read_all(&f, "line", H5_FLOAT, line, &e) == 0 && right(line, H5_FLOAT, 0, 57, 1);
    good &= h5_shape(&f, "scalar", &s, &e) == 0 && s.dims == 0;
    good &= h5_read_all(&f, "scalar", H5_DOUBLE, x, &e) == 0 && x[0] == 2.5;
    good &= h5_shape(&f, "none", &s, &e) == 0 && s.n[0] == 0 && s.n[1] == 37;
    good &= h5_read_rows(&f, "none", H5_FLOAT, (struct block){ 0, 0 }, line, &e) == 0;
    good &= h5_read_all(&f, "flags", H5_UINT8, flag, &e) == 0;
    good &= flag[0] == 1 && flag[1] == 0 && flag[2] == 1;
    good &= h5_has(&f, "deep/er") && h5_has(&f, "/deep/er/cube") && h5_has(&f, "/");
    good &= !h5_has(&f, "deep/or/cube") && !h5_has(&f, "deeper") && !h5_has(&f, "line/x");
    h5_close(&f);
    good &= opened(&f, "behind.h5") && h5_read_all(&f, "x", H5_DOUBLE, x, &e) == 0;
    good &= right(x, H5_DOUBLE, 0, 5, 4);
    h5_close(&f);
    good &= opened(&f, "latest.h5") && h5_read_all(&f, "x", H5_DOUBLE, x, &e) == 0;
    good &= right(x, H5_DOUBLE, 0, 5, 4);
    h5_close(&f);
    h5_close(&f);
    if (err_is(&e)) print_error("%s\n", e.text);
    assert_true(test_agree(good));
}

static void attributes_and_texts_of_h5py_are_read(void **state)
{
    struct h5 f;
    struct err e = { "" };
    char text[32], *words = NULL;
    int64_t whole = 0;
    double part = 0.0;

    (void)state;
    assert_true(test_agree(opened(&f, "theirs.h5")));
    int good = h5_get_text(&f, "/", "text", text, sizeof text, &e) == 0;
    good &= strcmp(text, "MeV \u00b5") == 0;
    good &= h5_get_text(&f, "/", "fixed", text, sizeof text, &e) == 0 && strcmp(text, "GeV") == 0;
    good &= h5_get_int(&f, "/", "whole", &whole, &e) == 0 && whole == -7;
    good &= h5_get_real(&f, "/", "part", &part, &e) == 0 && part == 0.25;
    good &= h5_read_text(&f, "words", &words, &e) == 0;
    good &= words != NULL && strcmp(words, "a: 1\nb: \u00b5") == 0;
    mem_free(words);
    assert_true(test_agree(good));
    struct err few = { "" }, none = { "" }, many = { "" }, number = { "" };
    h5_get_text(&f, "/", "text", text, 4, &few);
    h5_get_int(&f, "/", "absent", &whole, &none);
    h5_get_int(&f, "/", "many", &whole, &many);
    h5_get_text(&f, "/", "whole", text, sizeof text, &number);
    h5_close(&f);
    assert_true(helper_same_sentence(&few, "has 6 characters"));
    assert_true(helper_same_sentence(&none, "no attribute 'absent'"));
    assert_true(helper_same_sentence(&many, "'many' of '/' is not one number"));
    assert_true(helper_same_sentence(&number, "'whole' of '/' is not a text"));
}

static void no_file(const char *name, const char *part)
{
    struct h5 f;
    struct err e = { "" };

    assert_true(test_agree(h5_open(&f, test_par(), test_path(name), &e) == -1));
    h5_close(&f);
    assert_true(helper_same_sentence(&e, part));
}

static void what_is_no_hdf5_file_is_named_for_what_it_is(void **state)
{
    int half = 0, last = 0;
    char name[40];

    (void)state;
    no_file("absent.h5", "absent.h5: no such file");
    no_file("empty.h5", "empty, an HDF5 file was expected");
    no_file("text.h5", "not an HDF5 file");
    no_file("lfs.h5", "Git LFS pointer");
    no_file("", "a folder");
    no_file("cut1.h5", "not an HDF5 file");
    no_file("cut7.h5", "not an HDF5 file");
    for (int k = 0; k < 6; k++) {
        const int cut[] = { 8, 40, 95, 96, 600, 5000 };
        snprintf(name, sizeof name, "cut%d.h5", cut[k]);
        no_file(name, cut[k] < 48 ? "" : "truncated");
    }
    FILE *f = fopen(test_path("cuts"), "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%d %d", &half, &last), 2);
    fclose(f);
    snprintf(name, sizeof name, "cut%d.h5", half);
    no_file(name, "truncated");
    snprintf(name, sizeof name, "cut%d.h5", last);
    no_file(name, "truncated");
}

/* One sentence on every rank, though one rank alone asks for what is not there. */
static void what_is_not_in_the_file_is_said_by_all_ranks(void **state)
{
    const struct par *P = test_par();
    int last = P->rank == P->size - 1;
    struct err e[10] = { { "" } };
    struct h5_shape s;
    struct h5 f;
    double x[2 * 37];
    int64_t row[2] = { 3, last ? 203 : 4 };

    (void)state;
    assert_true(test_agree(opened(&f, "theirs.h5")));
    h5_read_rows(&f, last ? "showers" : "plain_f4", H5_DOUBLE, (struct block){ 0, 1 }, x, &e[0]);
    h5_read_rows(&f, "plain_f4", H5_DOUBLE, (struct block){ last ? 202 : 0, 2 }, x, &e[1]);
    h5_read_picked(&f, "plain_f4", H5_DOUBLE, row, 2, x, &e[2]);
    h5_shape(&f, "deep/er/ball", &s, &e[3]);
    h5_shape(&f, "deep", &s, &e[4]);
    h5_shape(&f, "six", &s, &e[5]);
    h5_shape(&f, "words", &s, &e[6]);
    h5_shape(&f, "null", &s, &e[7]);
    h5_read_rows(&f, "scalar", H5_DOUBLE, (struct block){ 0, 1 }, x, &e[8]);
    h5_read_rows(&f, "plain_f4", H5_DOUBLE, (struct block){ INT64_MAX - 1, 2 }, x, &e[9]);
    h5_close(&f);
    assert_true(helper_same_sentence(&e[0], "no dataset 'showers' in it; its top holds deep"));
    assert_true(helper_same_sentence(&e[1], "'plain_f4' has 203 rows, 2 from row 202 on were"));
    assert_true(helper_same_sentence(&e[2], "has 203 rows, 1 from row 203 on"));
    assert_true(helper_same_sentence(&e[3], "no dataset 'deep/er/ball' in it; its group /deep/er"));
    assert_true(helper_same_sentence(&e[4], "'deep' is not a dataset"));
    assert_true(helper_same_sentence(&e[5], "'six' has 6 dimensions, at most 5"));
    assert_true(helper_same_sentence(&e[6], "'words' holds no numbers"));
    assert_true(helper_same_sentence(&e[7], "'null' is an empty space"));
    assert_true(helper_same_sentence(&e[8], "'scalar' is a single number"));
    assert_true(helper_same_sentence(&e[9], "has 203 rows"));
}

/* A chunk belongs to one rank: the others must hear of it (platform notes 3). */
static void a_damaged_chunk_is_found_and_said_by_all_ranks(void **state)
{
    const struct par *P = test_par();
    struct block mine = block_of(64, P->rank, P->size);
    struct err sum = { "" }, zip = { "" };
    struct h5 f;
    double *x = mem_take(64 * 64, sizeof *x);

    (void)state;
    assert_true(test_agree(opened(&f, "flipped.h5")));
    h5_read_rows(&f, "x", H5_DOUBLE, mine, x, &sum);
    h5_read_rows(&f, "z", H5_DOUBLE, mine, x, &zip);
    h5_close(&f);
    mem_free(x);
    assert_true(helper_same_sentence(&sum, "checksum does not match"));
    assert_true(helper_same_sentence(&zip, "compressed data are damaged"));
}

/* Bytes of this process in memory. */
static int64_t resident(void)
{
    long long pages = 0, all = 0;
    FILE *f = fopen("/proc/self/statm", "r");

    if (f == NULL || fscanf(f, "%lld %lld", &all, &pages) != 2) pages = 0;
    if (f != NULL) fclose(f);
    return (int64_t)pages * 4096;
}

/* A row here and a row there, out of 32 MB that compress well, in chunks of parts of rows: the
 * cache holds one row of chunks (4 MB), not the dataset. (An address sanitizer keeps what is freed,
 * so it would see no difference.) */
static void the_chunk_cache_stays_small(void **state)
{
    struct err e = { "" };
    struct h5 f;
    float *x = mem_take(1000, sizeof *x);
    int good = 1;

    (void)state;
    assert_true(helper_python(
        "import sys, h5py, numpy as np\n"
        "f = h5py.File(sys.argv[1] + '/wide.h5', 'w')\n"
        "d = f.create_dataset('x', data=np.repeat(np.arange(4000.), 1000).reshape(4000, 1000),"
        " chunks=(500, 100), compression='gzip')\n"));
    assert_true(test_agree(opened(&f, "wide.h5")));
    int64_t row = 3;
    h5_read_picked(&f, "x", H5_FLOAT, &row, 1, x, &e);
    int64_t before = resident();
    for (row = 0; row < 4000 && good; row += 100)
        good = h5_read_picked(&f, "x", H5_FLOAT, &row, 1, x, &e) == 0 && x[999] == (float)row;
    int64_t grown = resident() - before;
    h5_close(&f);
    mem_free(x);
#ifdef __SANITIZE_ADDRESS__
    grown = 0;
#endif
    if (grown > 16 << 20) print_error("grew by %lld bytes\n", (long long)grown);
    assert_true(test_agree(good && grown <= 16 << 20));
}

/* Spaces, types, lists, attributes, datasets, files: as many ids as before a first use of each. */
static hsize_t ids_in_use(void)
{
    const H5I_type_t kind[] = { H5I_FILE,    H5I_GROUP, H5I_DATATYPE,   H5I_DATASPACE,
                                H5I_DATASET, H5I_ATTR,  H5I_GENPROP_LST };
    hsize_t all = 0, n;

    for (size_t i = 0; i < sizeof kind / sizeof kind[0]; i++)
        if (H5Inmembers(kind[i], &n) >= 0) all += n;
    return all;
}

static void nothing_of_hdf5_stays_open(void **state)
{
    (void)state;
    hsize_t before = ids_in_use();
    other_shapes_are_read_too(state);
    attributes_and_texts_of_h5py_are_read(state);
    what_is_not_in_the_file_is_said_by_all_ranks(state);
    a_damaged_chunk_is_found_and_said_by_all_ranks(state);
    assert_int_equal(ids_in_use(), before);
}

TEST_MAIN(cmocka_unit_test(what_h5py_writes_is_read_exactly),
          cmocka_unit_test(other_shapes_are_read_too),
          cmocka_unit_test(attributes_and_texts_of_h5py_are_read),
          cmocka_unit_test(what_is_no_hdf5_file_is_named_for_what_it_is),
          cmocka_unit_test(what_is_not_in_the_file_is_said_by_all_ranks),
          cmocka_unit_test(a_damaged_chunk_is_found_and_said_by_all_ranks),
          cmocka_unit_test(the_chunk_cache_stays_small),
          cmocka_unit_test(nothing_of_hdf5_stays_open))
