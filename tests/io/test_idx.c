/* idx files: plain and gzip, MNIST's own, and broken ones. */
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "io/idx.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

/* 3 rows of 2 x 2 */
static const uint8_t good[] = { 0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0,  0,
                                0, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255 };
enum { GOOD = sizeof good, SIZES = 16 };

/* A file of this rank alone with n of these bytes; packed: as gzip. */
static const char *put(const uint8_t *x, int64_t n, int packed)
{
    struct err e = { "" };
    char name[32];
    snprintf(name, sizeof name, "idx-%d-%d", test_par()->rank, packed);
    const char *path = test_path(name);

    if (!packed) {
        assert_int_equal(file_replace(path, x, n, &e), 0);
        return path;
    }
    gzFile f = gzopen(path, "wb");
    assert_int_equal(gzwrite(f, x, (unsigned)n), n);
    assert_int_equal(gzclose(f), Z_OK);
    return path;
}

static void rows_are_read(void **state)
{
    (void)state;
    for (int packed = 0; packed < 2; packed++)
        for (int most = 0; most <= 4; most += 2) {
            struct err e = { "" };
            struct idx d;
            assert_int_equal(idx_read(&d, put(good, GOOD, packed), most, &e), 0);
            assert_int_equal(d.rows, most == 2 ? 2 : 3);
            assert_int_equal(d.cells, 4);
            assert_memory_equal(d.x, good + SIZES, (size_t)(d.rows * d.cells));
            idx_free(&d);
            idx_free(&d);
        }
}

static void expect(const char *path, const char *words)
{
    struct err e = { "" };
    struct idx d;

    assert_int_equal(idx_read(&d, path, 0, &e), -1);
    if (strstr(e.text, words) == NULL) fail_msg("'%s' lacks '%s'", e.text, words);
    assert_non_null(strstr(e.text, path));
    assert_null(d.x);
}

static void broken_files_are_refused(void **state)
{
    (void)state;
    uint8_t x[GOOD + 1];

    for (int packed = 0; packed < 2; packed++) {
        for (int64_t n = 0; n < GOOD; n++) expect(put(good, n, packed), "is truncated");
        memcpy(x, good, GOOD);
        expect(put(x, GOOD + 1, packed), "goes on behind the rows");
        x[0] = 1;
        expect(put(x, GOOD, packed), "begins with 01 00 08 03, expected 00 00 08");
        x[0] = 0;
        x[2] = 0x0d;
        expect(put(x, GOOD, packed), "numbers of type 0x0d in 3 dimensions, expected bytes");
        x[2] = 8;
        x[3] = 9;
        expect(put(x, GOOD, packed), "in 9 dimensions");
        x[3] = 3;
        memset(x + 4, 255, 12); /* sizes whose product leaves 64 bits */
        expect(put(x, GOOD, packed), "is truncated");
        memcpy(x + 4, good + 4, 12);
        x[11] = 0;
        expect(put(x, GOOD, packed), "size 0");
    }
    expect(test_path("absent"), "No such file");
    expect(test_dir(), "is not a file");
}

/* A flipped bit in the packed bytes is caught by their checksum. */
static void gzip_data_are_checked(void **state)
{
    (void)state;
    struct err e = { "" };
    int64_t n;
    const char *path = put(good, GOOD, 1);
    char *bytes = file_slurp(path, 1000, &n, &e);

    for (int64_t at = 10; at < n;
         at++) { /* header aside; the last byte of the stream has unused high bits */
        struct idx d;
        struct err why = { "" };
        bytes[at] ^= 0x01;
        assert_int_equal(file_replace(path, bytes, n, &e), 0);
        assert_int_equal(idx_read(&d, path, 0, &why), -1);
        bytes[at] ^= 0x01;
    }
    assert_int_equal(file_replace(path, bytes, n - 9, &e), 0); /* cut inside the stream */
    expect(path, "truncated");
    mem_free(bytes);
}

static void mnist_is_mnist(void **state)
{
    (void)state;
    const char *path = test_shared("data/mnist/t10k-images-idx3-ubyte.gz");
    struct err e = { "" };
    struct idx d;

    if (path == NULL) test_skip("MNIST is not at ../shared/data/mnist");
    assert_int_equal(idx_read(&d, path, 0, &e), 0);
    assert_int_equal(d.rows, 10000);
    assert_int_equal(d.cells, 784);
    int64_t sum = 0;
    for (int64_t i = 0; i < d.rows * d.cells; i++) sum += d.x[i];
    assert_near((double)sum / 7840000.0 / 255.0, 0.1325, 1e-4); /* its published mean */
    idx_free(&d);
}

TEST_MAIN(cmocka_unit_test(rows_are_read), cmocka_unit_test(broken_files_are_refused),
          cmocka_unit_test(gzip_data_are_checked), cmocka_unit_test(mnist_is_mnist))
