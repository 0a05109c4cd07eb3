#include "helper.h"

#include "io/digest.h"

/* The generator of xxHash's own sanity check (cli/xsum_sanity_check.c). */
static void sanity_bytes(unsigned char *x, int n)
{
    uint64_t g = 2654435761u;

    for (int i = 0; i < n; i++) {
        x[i] = (unsigned char)(g >> 56);
        g *= 11400714785074694797u;
    }
}

/* Published answers: xxHash's sanity check, and its binding for Python's manual. */
static void xxh64_gives_the_published_answers(void **state)
{
    static const struct {
        int n;
        uint64_t seed, answer;
    } known[] = {
        { 0, 0, 0xEF46DB3751D8E999u },   { 0, 2654435761u, 0xAC75FDA2929B17EFu },
        { 1, 0, 0xE934A84ADB052768u },   { 1, 2654435761u, 0x5014607643A9B4C3u },
        { 14, 0, 0x8282DCC4994E35C8u },  { 14, 2654435761u, 0xC3BD6BF63DEB6DF0u },
        { 222, 0, 0xB641AE8CB691C174u }, { 222, 2654435761u, 0x20CB8AB7AE10C14Au },
    };
    unsigned char x[222];

    (void)state;
    sanity_bytes(x, 222);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_true(digest_bytes(x, known[i].n, known[i].seed) == known[i].answer);
    assert_true(digest_bytes("a", 1, 0) == 0xD24EC4F1A98C6E5Bu);
    assert_true(digest_bytes("abc", 3, 0) == 0x44BC2CF5AD770999u);
    assert_true(digest_bytes("Nobody inspects the spammish repetition", 39, 0) ==
                0xFBCEA83C8A378BF1u);
}

/* The definition in digest.h, on one rank and in one go. */
static uint64_t defined(const unsigned char *x, int64_t n)
{
    unsigned char numbers[8 * 8];
    int64_t pieces = 0;

    for (int64_t at = 0; at < n; at += 1 << 20, pieces++) {
        uint64_t h = digest_bytes(x + at, n - at < 1 << 20 ? n - at : 1 << 20, (uint64_t)pieces);
        for (int b = 0; b < 8; b++) numbers[8 * pieces + b] = (unsigned char)(h >> 8 * b);
    }
    return digest_bytes(numbers, 8 * pieces, (uint64_t)n);
}

static void a_file_has_the_same_digest_for_any_number_of_ranks(void **state)
{
    const struct par *P = test_par();
    const char *path = test_path("bytes");
    const int64_t length[] = { 0, 1, 511, 1 << 20, (1 << 20) + 1, 5 * (1 << 20) + 77 };
    unsigned char *x = mem_take(600 + length[5], 1);

    (void)state;
    for (int64_t i = 0; i < 600 + length[5]; i++) x[i] = (unsigned char)(i * i >> 7);
    for (int k = 0; k < 6; k++) {
        struct err e = { "" };
        uint64_t sum = 0;
        int64_t bytes = -1;
        if (P->rank == 0) file_replace(path, x, 600 + length[k], &e);
        assert_true(test_agree(!err_is(&e)));
        assert_true(test_agree(digest_file(P, path, 600, &sum, &bytes, &e) == 0));
        assert_int_equal(bytes, length[k]);
        assert_true(sum == defined(x + 600, length[k]));
        par_barrier(P);
    }
    mem_free(x);
}

static void what_cannot_be_read_is_said_by_all_ranks(void **state)
{
    struct err none = { "" }, few = { "" }, folder = { "" };
    uint64_t sum;
    int64_t bytes;

    (void)state;
    digest_file(test_par(), test_path("absent"), 0, &sum, &bytes, &none);
    assert_true(helper_same_sentence(&none, "No such file"));
    digest_file(test_par(), test_path("bytes"), (int64_t)1 << 40, &sum, &bytes, &few);
    assert_true(helper_same_sentence(&few, "is truncated"));
    digest_file(test_par(), test_dir(), 0, &sum, &bytes, &folder);
    assert_true(helper_same_sentence(&folder, "is not a file"));
}

TEST_MAIN(cmocka_unit_test(xxh64_gives_the_published_answers),
          cmocka_unit_test(a_file_has_the_same_digest_for_any_number_of_ranks),
          cmocka_unit_test(what_cannot_be_read_is_said_by_all_ranks))
