/* The data set: files as h5py writes them and our own, at any number of ranks; bad files. */
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "io/h5.h"
#include "shower/dataset.h"
#include "shower/source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { V = 192, EVENTS = 21, DROPPED = 5 };

static const char *const files[] = { "tests/vectors/showers_f8.hdf5",
                                     "tests/vectors/showers_f4.hdf5" };

/* What tests/vectors/make_showers.py writes; event i of the files. */
static float voxel(int64_t i, int v)
{
    if (i == DROPPED && v == 17) return 5000.0f;
    return (i + v) % 3 == 0 ? (float)((7 * i + 3 * v) % 11) / 4.0f : 0.0f;
}

static double incident(int64_t i)
{
    return 1000.125 + 10.0 * (double)i;
}

/* File number of event i of the data set, in which DROPPED is missing. */
static int64_t file_number(int64_t i)
{
    return i < DROPPED ? i : i + 1;
}

static struct transform logit; /* outlives the data sets that come from files */

static void load(struct dataset *d, enum dataset_storage storage, int clip)
{
    struct dataset_options o = { .storage = storage, .clip = clip };
    struct err e = { 0 };

    logit = transform_logit();
    if (dataset_load(d, test_par(), files, 2, V, &logit, &o, &e) != 0) fail_msg("%s", e.text);
}

static int is_row(const struct dataset *d, int64_t i, float first)
{
    float x[V];

    shelf_row(&d->rows, test_par()->rank, i, x);
    return x[0] == first;
}

static int is_event(int64_t i, const float *x)
{
    for (int v = 0; v < V; v++)
        if (x[v] != voxel(file_number(i), v)) return 0;
    return 1;
}

static void events_keep_their_numbers_at_any_rank_count(void **state)
{
    (void)state;
    struct dataset d;

    load(&d, DATASET_DENSE, 0);
    int good = d.read == EVENTS && d.n == EVENTS - 1 && d.dropped == 1;
    good &= d.fault[TRANSFORM_ABOVE] == 1 && d.fault[TRANSFORM_FINE] == EVENTS - 1;
    good &= d.first[TRANSFORM_ABOVE] == DROPPED;
    for (int64_t i = 0; i < d.n; i++) good &= d.energy[i] == incident(file_number(i));
    for (int64_t i = 0; i < d.mine.count; i++) {
        float x[V];
        shelf_row(&d.rows, test_par()->rank, i, x);
        good &= is_event(d.mine.first + i, x);
    }
    good &= par_sum_one(test_par(), d.mine.count) == d.n;
    dataset_free(&d);
    dataset_free(&d);
    assert_true(test_agree(good));
}

/* Each rank asks for events of its own: none, all, some twice, in any order; twice over, so that
 * the buffers of the first time serve the second. */
static void any_batch(enum dataset_storage storage)
{
    const struct par *P = test_par();
    struct dataset d;
    struct err e = { 0 };
    float x[60 * V];
    double energy[60];
    int64_t index[60];
    int good = 1;

    load(&d, storage, 0);
    for (int step = 0; step < 6; step++) {
        struct rng r = rng_at(1, RNG_TEST, P->rank, step);
        int n = (17 * step + 23 * P->rank) % 61;
        for (int i = 0; i < n; i++) index[i] = (int64_t)rng_below(&r, (uint64_t)d.n);
        good &= dataset_fetch(&d, P, index, n, x, step == 3 ? NULL : energy, &e) == 0;
        for (int i = 0; i < n; i++) {
            good &= is_event(index[i], x + i * V);
            good &= step == 3 || energy[i] == incident(file_number(index[i]));
        }
    }
    dataset_free(&d);
    assert_true(test_agree(good));
}

static void any_batch_comes_from_its_owners(void **state)
{
    (void)state;
    any_batch(DATASET_DENSE);
}

static void hits_alone_are_as_good(void **state)
{
    (void)state;
    any_batch(DATASET_SPARSE);
}

static void so_are_the_files(void **state)
{
    (void)state;
    any_batch(DATASET_FILES);
}

/* A quarter of the voxels hit: 8 bytes a hit against 4 a voxel, and the same floats. */
static void sparse_rows_take_less_memory(void **state)
{
    (void)state;
    enum { W = 400, N = 3000 };
    struct store dense, sparse;
    float row[W], back[W];
    int good = 1;

    store_init(&dense, STORE_DENSE, W);
    store_init(&sparse, STORE_SPARSE, W);
    for (int i = 0; i < N; i++) {
        for (int v = 0; v < W; v++) row[v] = (v + i) % 4 == 0 ? (float)(i + 0.25 * v + 1) : 0.0f;
        store_add(&dense, row);
        store_add(&sparse, row);
    }
    for (int i = 0; i < N; i += 7) {
        store_row(&dense, i, row);
        store_row(&sparse, i, back);
        good &= memcmp(row, back, sizeof row) == 0;
    }
    /* both grow by half: at most 1.5 times what they need, at least that */
    int64_t d = store_bytes(&dense), s = store_bytes(&sparse);
    store_free(&dense);
    store_free(&sparse);
    store_free(&sparse);
    assert_true(good);
    assert_true(d >= 4 * W * N && d <= 6 * W * N);
    assert_true(s >= 2 * W * N && s <= 3 * W * N + 16 * N);
}

/* The one event that was dropped stays, its voxel equal to the incident energy, in memory and from
 * files alike. */
static void clipping_keeps_the_event(void **state)
{
    (void)state;
    const struct par *P = test_par();

    for (int storage = DATASET_DENSE; storage <= DATASET_FILES; storage++) {
        struct dataset d;
        struct err e = { 0 };
        float x[V], most = 0;
        int64_t index = DROPPED;
        load(&d, (enum dataset_storage)storage, 1);
        int good = d.n == EVENTS && d.dropped == 0 && d.clipped == 1;
        good &= dataset_fetch(&d, P, &index, 1, x, NULL, &e) == 0;
        for (int v = 0; v < V; v++) most = x[v] > most ? x[v] : most;
        good &= (double)most <= d.energy[DROPPED] && (double)most >= d.energy[DROPPED] * (1 - 1e-6);
        dataset_free(&d);
        assert_true(test_agree(good));
    }
}

/* Every run of equal energies gives one event: no gap in the ordered energies of the validation
 * events is wider than two runs, and every event is in one part. */
static void strata_are_alike_in_energy(void **state)
{
    (void)state;
    enum { N = 1003 };
    const struct par *P = test_par();
    struct block mine = block_of(N, P->rank, P->size);
    double energy[N];
    float x[N] = { 0 };
    int seen[N] = { 0 }, good = 1;
    struct dataset d;
    struct dataset_part train, held;

    for (int i = 0; i < N; i++) energy[i] = 1.0 + (i * 631) % N; /* 1..N in some order */
    dataset_of(&d, P, 1, N, energy, x + mine.first);
    int64_t *list = dataset_strata(&d, 0.1, 7, &train, &held);
    int64_t *other = dataset_strata(&d, 0.1, 8, &train, &held), differ = 0;
    assert_int_equal(held.count, 100);
    assert_int_equal(train.count, N - 100);
    for (int64_t i = 0; i < train.count; i++) seen[dataset_number(&train, i)]++;
    double last = 0;
    for (int64_t i = 0; i < held.count; i++) {
        int64_t n = dataset_number(&held, i);
        seen[n]++;
        good &= energy[n] > last && energy[n] - last < 22; /* runs of 10 or 11 */
        last = energy[n];
    }
    for (int i = 0; i < N; i++) good &= seen[i] == 1;
    for (int i = 0; i < N; i++) differ += list[i] != other[i];
    mem_free(list);
    mem_free(other);
    dataset_free(&d);
    assert_true(good && differ > 50);
}

/* More events than one piece holds, made by h5_write_rows; every 97th is dropped. */
static void many_pieces_are_one_table(void **state)
{
    (void)state;
    enum { N = 7001, W = 3 };
    const struct par *P = test_par();
    struct block mine = block_of(N, P->rank, P->size);
    struct h5_shape sx = { 2, { N, W }, H5_FLOAT }, se = { 2, { N, 1 }, H5_DOUBLE };
    struct transform t = transform_logit();
    struct dataset d;
    struct err e = { 0 };
    struct h5 f;
    float *x = mem_take(mine.count * W, sizeof *x);
    double *energy = mem_take(mine.count, sizeof *energy);
    const char *path = test_path("many.hdf5");

    for (int64_t i = 0; i < mine.count; i++) {
        int64_t number = mine.first + i;
        energy[i] = 2.0 * (double)number + 2.0;
        x[i * W] = (float)number;
        x[i * W + 1] = number % 97 == 50 ? 1e6f : 0.0f;
    }
    if (h5_create(&f, P, path, 0, &e) != 0 ||
        h5_define(&f, "showers", &sx, 100, 1, "MeV", "x", &e) != 0 ||
        h5_define(&f, "incident_energies", &se, 100, 0, "MeV", "E", &e) != 0 ||
        h5_write_rows(&f, "showers", H5_FLOAT, mine, x, &e) != 0 ||
        h5_write_rows(&f, "incident_energies", H5_DOUBLE, mine, energy, &e) != 0 ||
        h5_commit(&f, &e) != 0 ||
        dataset_load(&d, P, &path, 1, W, &t, &(struct dataset_options){ 0 }, &e) != 0)
        fail_msg("%s", e.text);
    int good = d.dropped == (N - 51) / 97 + 1 && d.first[TRANSFORM_ABOVE] == 50;
    for (int64_t i = 0, k = 0; i < N; i++) {
        if (i % 97 == 50) continue;
        good &= d.energy[k] == 2.0 * (double)i + 2.0;
        if (k >= d.mine.first && k < block_end(d.mine))
            good &= is_row(&d, k - d.mine.first, (float)i);
        k++;
    }
    dataset_free(&d);
    mem_free(x);
    mem_free(energy);
    assert_true(test_agree(good));
}

/* Pieces of a rank's own, over the boundary of the files. */
static void rows_come_in_pieces(void **state)
{
    (void)state;
    const struct par *P = test_par();
    struct source s;
    struct err e = { 0 };
    float x[EVENTS * V];
    int good = 1;

    if (source_open(&s, P, files, 2, V, &e) != 0) fail_msg("%s", e.text);
    good &= s.events == EVENTS && s.first[1] == 12 && s.energy[20] == incident(20);
    for (int step = 0; step < 4; step++) {
        struct block b = { 3 * P->rank + step, 15 - 7 * P->rank + step };
        if (b.count < 0) b.count = 0;
        if (source_rows(&s, b, x, &e) != 0) good = 0;
        for (int64_t i = 0; i < b.count; i++)
            for (int v = 0; v < V; v++) good &= x[i * V + v] == voxel(b.first + i, v);
    }
    source_close(&s);
    assert_true(test_agree(good));
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Training and validation share out 0..n-1; an epoch is a permutation, each its own; and the order
 * in pieces is the order in one. */
static void orders_are_permutations(void **state)
{
    (void)state;
    enum { N = 1000 };
    int64_t all[N], again[N], number[N];
    struct dataset_part train, test;

    for (int random = 0; random < 2; random++) {
        dataset_split(N, 0.2, random, 5, &train, &test);
        assert_int_equal(train.count, 800);
        assert_int_equal(test.count, 200);
        for (int i = 0; i < 800; i++) all[i] = dataset_number(&train, i);
        for (int i = 0; i < 200; i++) all[800 + i] = dataset_number(&test, i);
        if (!random)
            for (int i = 0; i < N; i++) assert_int_equal(all[i], i);
        qsort(all, N, sizeof all[0], compare);
        for (int i = 0; i < N; i++) assert_int_equal(all[i], i);
        int moved = 0;
        for (int epoch = 0; epoch < 3; epoch++) {
            dataset_order(&train, 9, epoch, 0, 800, all);
            for (int i = 0; i < 800; i += 50) dataset_order(&train, 9, epoch, i, 50, again + i);
            assert_memory_equal(all, again, 800 * sizeof all[0]);
            for (int i = 0; i < 800; i++) number[i] = dataset_number(&train, i);
            moved += epoch > 0 && memcmp(all, again + 800, 8) != 0;
            qsort(all, 800, sizeof all[0], compare);
            qsort(number, 800, sizeof number[0], compare);
            assert_memory_equal(all, number, 800 * sizeof all[0]);
            memcpy(again + 800, again, 200 * sizeof all[0]); /* to compare the next epoch with */
        }
        assert_true(moved > 0);
    }
    dataset_split(3, 0.01, 0, 1, &train, &test);
    assert_int_equal(test.count, 1);
    dataset_split(3, 0.99, 0, 1, &train, &test);
    assert_int_equal(train.count, 1);
    dataset_split(3, 0.0, 0, 1, &train, &test);
    assert_int_equal(test.count, 0);
    assert_int_equal(dataset_whole(7).count, 7);
}

/* A data set from memory is the same thing. */
static void memory_serves_as_a_file(void **state)
{
    (void)state;
    const struct par *P = test_par();
    struct block mine = block_of(10, P->rank, P->size);
    struct dataset d;
    float x[20], out[20];
    double energy[10];
    int64_t index[10];
    int good = 1;

    for (int i = 0; i < 10; i++) energy[i] = i + 1.0;
    for (int i = 0; i < 10; i++) index[i] = 9 - i;
    for (int64_t i = 0; i < 2 * mine.count; i++) x[i] = (float)(2 * mine.first + i);
    dataset_of(&d, P, 2, 10, energy, x);
    struct err e = { 0 };
    good &= dataset_fetch(&d, P, index, 10, out, NULL, &e) == 0;
    for (int i = 0; i < 20; i++) good &= out[i] == (float)(18 - 2 * (i / 2) + i % 2);
    dataset_free(&d);
    assert_true(test_agree(good));
}

/* A file of n rows of w voxels, of which `bad` stands at row 2 (no showers when w = 0), voxel 1. */
static const char *write_file(const char *name, int64_t n, int64_t w, double bad, int64_t energies,
                              double bad_energy)
{
    struct h5_shape sx = { 2, { n, w }, H5_DOUBLE }, se = { 2, { energies, 1 }, H5_DOUBLE };
    double *x = mem_take(n * w, sizeof *x), *energy = mem_take(energies, sizeof *energy);
    const char *path = test_path(name);
    struct err e = { 0 };
    struct h5 f;

    for (int64_t i = 0; i < energies; i++) energy[i] = 1000.0;
    if (w > 0 && n > 2) x[2 * w + 1] = bad;
    if (energies > 2) energy[2] = bad_energy;
    if (h5_create(&f, test_par(), path, 0, &e) != 0 ||
        (w > 0 && h5_write_all(&f, "showers", &sx, x, "MeV", "x", &e) != 0) ||
        (energies > 0 && h5_write_all(&f, "incident_energies", &se, energy, "MeV", "E", &e) != 0) ||
        h5_commit(&f, &e) != 0)
        fail_msg("%s", e.text);
    mem_free(x);
    mem_free(energy);
    return path;
}

/* Row 2 of the file cannot be transformed, clipped or not, and is dropped for this reason. */
static void dropped(const char *path, enum transform_fault why)
{
    struct transform t = transform_logit();
    struct err e = { 0 };
    int good = 1;

    for (int k = 0; k < 6; k++) {
        struct dataset_options o = { .storage = (enum dataset_storage)(k % 3), .clip = k > 2 };
        struct dataset d;
        if (dataset_load(&d, test_par(), &path, 1, 4, &t, &o, &e) != 0) fail_msg("%s", e.text);
        good &= d.n == 8 && d.dropped == 1 && d.fault[why] == 1 && d.first[why] == 2;
        good &= d.fault[TRANSFORM_FINE] == 8 && d.clipped == 0;
        for (int64_t i = 0; i < d.n; i++) good &= d.number[i] == i + (i >= 2);
        dataset_free(&d);
    }
    assert_true(test_agree(good));
}

static void events_that_are_no_numbers_are_dropped(void **state)
{
    (void)state;
    dropped(write_file("nan.hdf5", 9, 4, NAN, 9, 1000.0), TRANSFORM_NAN);
    dropped(write_file("huge.hdf5", 9, 4, 1e300, 9, 1000.0), TRANSFORM_NAN);
    dropped(write_file("negative.hdf5", 9, 4, -0.5, 9, 1000.0), TRANSFORM_NEGATIVE);
}

/* Loading fails with one sentence, the same on every rank, that names the file and says `what`. */
static void refused(const char *path, int64_t most, const char *what)
{
    struct transform t = transform_logit();
    struct dataset d;
    struct err e = { 0 }, zero;

    struct dataset_options o = { .most = most };
    int status = dataset_load(&d, test_par(), &path, 1, 4, &t, &o, &e);
    zero = e;
    par_bcast(test_par(), &zero, sizeof zero, 0);
    const char *base = strrchr(path, '/') + 1;
    int good = status == -1 && strcmp(zero.text, e.text) == 0 && strstr(e.text, base) != NULL &&
               strstr(e.text, what) != NULL && d.rows.of == NULL && d.energy == NULL;
    if (!good) print_error("status %d, '%s' does not say '%s'\n", status, e.text, what);
    assert_true(test_agree(good));
}

static void bad_files_are_one_sentence(void **state)
{
    (void)state;
    const int size = test_par()->size;

    refused("tests/vectors/nowhere.hdf5", 0, "nowhere");
    refused("tests/vectors/make_showers.py", 0, "make_showers.py");
    refused("tests/vectors/showers_f8.hdf5", 0, "192 voxels a row, expected 4");
    refused(write_file("none.hdf5", 9, 0, 0.0, 9, 1.0), 0, "no dataset 'showers'");
    refused(write_file("noenergy.hdf5", 9, 4, 0.0, 0, 1.0), 0, "no dataset 'incident_energies'");
    refused(write_file("rows.hdf5", 9, 4, 0.0, 8, 1.0), 0, "9 rows in 'showers' but 8 in");
    refused(write_file("energy.hdf5", 9, 4, 0.0, 9, -3.0), 0, "row 2 is -3");
    refused(write_file("zero.hdf5", 9, 4, 0.0, 9, 0.0), 0, "row 2 is 0");
    refused(write_file("nanenergy.hdf5", 9, 4, 0.0, 9, NAN), 0, "row 2 is nan");
    if (size > 1)
        refused(write_file("few.hdf5", 9, 4, 0.0, 9, 1.0), size - 1,
                "expected at least one a rank");
}

/* The first kilobyte of a good file. */
static void a_truncated_file_is_one_sentence(void **state)
{
    (void)state;
    const char *path = test_path("short.hdf5");
    struct err e = { 0 };
    int64_t n = 0;
    int good = 1;

    if (test_par()->rank == 0) {
        char *bytes = file_slurp(files[0], 1 << 20, &n, &e);
        good = bytes != NULL && n > 1000 && file_replace(path, bytes, 1000, &e) == 0;
        mem_free(bytes);
    }
    assert_true(test_agree(good));
    refused(path, 0, "short.hdf5");
}

TEST_MAIN(cmocka_unit_test(events_keep_their_numbers_at_any_rank_count),
          cmocka_unit_test(any_batch_comes_from_its_owners),
          cmocka_unit_test(hits_alone_are_as_good), cmocka_unit_test(so_are_the_files),
          cmocka_unit_test(sparse_rows_take_less_memory),
          cmocka_unit_test(clipping_keeps_the_event), cmocka_unit_test(strata_are_alike_in_energy),
          cmocka_unit_test(many_pieces_are_one_table), cmocka_unit_test(rows_come_in_pieces),
          cmocka_unit_test(orders_are_permutations), cmocka_unit_test(memory_serves_as_a_file),
          cmocka_unit_test(events_that_are_no_numbers_are_dropped),
          cmocka_unit_test(bad_files_are_one_sentence),
          cmocka_unit_test(a_truncated_file_is_one_sentence))
