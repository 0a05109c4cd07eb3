#include "test.h"

#include "base/mem.h"
#include "base/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONG = (40 << 20) + 13 }; /* three pieces of bytes, the last one odd */

/* A byte that depends on who sends, who gets, and where it stands. */
static char mark(int from, int to, int64_t i)
{
    return (char)((from * 31 + to * 7 + i * 3 + i / 251) & 127);
}

static int64_t amount(int from, int to)
{
    return (from * 5 + to * 3 + 2) % 4 * 1001; /* some are 0 */
}

/* The bits of x on rank 0 and here: equal on every rank? */
static int same_everywhere(const void *x, int64_t bytes)
{
    char *first = mem_take(bytes, 1);
    memcpy(first, x, (size_t)bytes);
    par_bcast(test_par(), first, bytes, 0);
    int same = memcmp(first, x, (size_t)bytes) == 0;
    mem_free(first);
    return test_agree(same);
}

static void sums_of_integers_are_exact(void **state)
{
    (void)state;
    const struct par *P = test_par();
    int64_t big = (INT64_C(1) << 53) + P->rank, size = P->size;
    int64_t sizes[] = { 0, 1, 7, PAR_ORDERED, PAR_ORDERED + 1, 1100000 }; /* last: pieces */
    int ok = 1;

    assert_int_equal(par_sum_one(P, big), size * (INT64_C(1) << 53) + size * (size - 1) / 2);
    for (int k = 0; k < 6; k++) {
        int64_t n = sizes[k], *a = mem_take(n, sizeof *a);
        double *b = mem_take(n, sizeof *b);
        float *c = mem_take(n, sizeof *c);
        for (int64_t i = 0; i < n; i++) {
            a[i] = (i + P->rank) * 1000003;
            b[i] = (double)(i + P->rank);
            c[i] = (float)(i + P->rank);
        }
        par_sum_int(P, a, n);
        par_sum(P, b, n);
        par_sum_float(P, c, n);
        for (int64_t i = 0; i < n; i++) {
            int64_t sum = i * size + size * (size - 1) / 2; /* < 2^24: exact in a float */
            ok &= a[i] == sum * 1000003 && b[i] == (double)sum && c[i] == (float)sum;
        }
        mem_free(a);
        mem_free(b);
        mem_free(c);
    }
    assert_true(test_agree(ok));
}

/* The definition: ((x_0 + x_1) + x_2) + ..., to the last bit. */
static void short_sums_are_added_in_rank_order(void **state)
{
    (void)state;
    const struct par *P = test_par();
    int sizes[] = { 1, 2, 3, 5, 100, PAR_ORDERED };
    int ok = 1;

    for (int k = 0; k < 6; k++) {
        int n = sizes[k];
        double *x = mem_take(n, sizeof *x), *want = mem_take(n, sizeof *want);
        for (int r = 0; r < P->size; r++) {
            struct rng g = rng_at(5, RNG_TEST, r, n);
            for (int i = 0; i < n; i++) {
                double v = rng_normal(&g) * (i % 3 ? 1.0 : 1e12);
                want[i] = r == 0 ? v : want[i] + v;
                if (r == P->rank) x[i] = v;
            }
        }
        par_sum(P, x, n);
        ok &= memcmp(x, want, (size_t)n * sizeof *x) == 0;
        mem_free(x);
        mem_free(want);
    }
    assert_true(test_agree(ok));
}

static void long_sums_are_the_same_on_every_rank_and_in_every_run(void **state)
{
    (void)state;
    const struct par *P = test_par();
    enum { N = 700001 };
    double *x = mem_take(N, sizeof *x), *y = mem_take(N, sizeof *y);
    float *f = mem_take(N, sizeof *f), *g = mem_take(N, sizeof *g);
    struct rng r = rng_at(6, RNG_TEST, P->rank, 0);

    for (int i = 0; i < N; i++) {
        x[i] = y[i] = rng_normal(&r);
        f[i] = g[i] = (float)x[i];
    }
    par_sum(P, x, N);
    par_sum(P, y, N);
    par_sum_float(P, f, N);
    par_sum_float(P, g, N);
    int ok =
        same_everywhere(x, N * (int64_t)sizeof *x) && same_everywhere(f, N * (int64_t)sizeof *f);
    ok &= memcmp(x, y, N * sizeof *x) == 0 && memcmp(f, g, N * sizeof *f) == 0;
    mem_free(x);
    mem_free(y);
    mem_free(f);
    mem_free(g);
    assert_true(test_agree(ok));
}

static void largest_and_smallest_are_over_all_ranks(void **state)
{
    (void)state;
    const struct par *P = test_par();
    double x[] = { P->rank, -P->rank }, y[] = { P->rank, -P->rank };

    par_max(P, x, 2);
    par_min(P, y, 2);
    assert_near(x[0], P->size - 1, 0);
    assert_near(x[1], 0, 0);
    assert_near(y[0], 0, 0);
    assert_near(y[1], 1 - P->size, 0);
}

static void a_scan_is_the_sum_of_those_before(void **state)
{
    (void)state;
    int64_t rank = test_par()->rank;

    assert_int_equal(par_scan(test_par(), rank + 1), rank * (rank + 1) / 2);
}

static void all_ranks_leave_with_the_sentence_of_the_lowest(void **state)
{
    (void)state;
    const struct par *P = test_par();
    struct err e = { "" };

    assert_int_equal(par_agree(P, &e), 0);
    assert_string_equal(e.text, "");
    for (int lowest = 0; lowest < P->size; lowest++) {
        char want[64];
        struct err mine = { "" };
        snprintf(want, sizeof want, "rank %d has no hay", lowest);
        if (P->rank >= lowest) err_set(&mine, "rank %d has no hay", P->rank);
        int status = par_agree(P, &mine);
        assert_true(test_agree(status == -1 && strcmp(mine.text, want) == 0));
    }
}

static void an_injected_fault_reaches_every_rank(void **state)
{
    (void)state;
    const struct par *P = test_par();
    int last = P->size - 1;
    struct err e = { "" }, other = { "" };
    char fault[64], want[128];

    snprintf(fault, sizeof fault, "barn_door:%d", last);
    snprintf(want, sizeof want, "fault injected at barn_door on rank %d (CALOQ_FAULT)", last);
    assert_int_equal(setenv("CALOQ_FAULT", fault, 1), 0);
    int local = par_fault(P, "barn_door", &e), elsewhere = par_fault(P, "barn", &other);
    unsetenv("CALOQ_FAULT");
    int status = par_agree(P, &e), off = par_fault(P, "barn_door", &other);
    assert_true(test_agree(local == (P->rank == last ? -1 : 0)));
    assert_true(test_agree(elsewhere == 0 && off == 0 && !err_is(&other)));
    assert_true(test_agree(status == -1 && strcmp(e.text, want) == 0));
}

static void a_long_broadcast_arrives_whole(void **state)
{
    (void)state;
    const struct par *P = test_par();
    int root = P->size - 1, ok = 1;
    char *x = mem_take(LONG, 1);

    if (P->rank == root)
        for (int64_t i = 0; i < LONG; i++) x[i] = mark(1, 2, i);
    par_bcast(P, x, LONG, root);
    for (int64_t i = 0; i < LONG; i++) ok &= x[i] == mark(1, 2, i);
    mem_free(x);
    assert_true(test_agree(ok));
}

static void blocks_are_gathered_in_rank_order(void **state)
{
    (void)state;
    const struct par *P = test_par();
    int64_t total = 0, n = amount(P->rank, 0);
    int root = P->size / 2, ok = 1;

    for (int r = 0; r < P->size; r++) total += amount(r, 0);
    char *mine = mem_take(n, 1), *all = mem_take(total, 1), *one = mem_take(total, 1), *want = one;
    for (int64_t i = 0; i < n; i++) mine[i] = mark(P->rank, 0, i);
    par_allgather(P, mine, n, all);
    par_gather(P, mine, n, P->rank == root ? one : NULL, root);
    int64_t at = 0;
    for (int r = 0; r < P->size; r++)
        for (int64_t i = 0; i < amount(r, 0); i++, at++) {
            ok &= all[at] == mark(r, 0, i);
            ok &= P->rank != root || want[at] == mark(r, 0, i);
        }
    mem_free(mine);
    mem_free(all);
    mem_free(one);
    assert_true(test_agree(ok));
}

/* A block above one piece takes the other road through par_allgather. */
static void a_long_block_is_gathered_too(void **state)
{
    (void)state;
    const struct par *P = test_par();
    enum { HEAD = 5 };
    int64_t n = P->rank == P->size - 1 ? LONG / 2 : HEAD, total = LONG / 2 + HEAD * (P->size - 1);
    char *mine = mem_take(n, 1), *all = mem_take(total, 1);
    int ok = 1;

    for (int64_t i = 0; i < n; i++) mine[i] = mark(P->rank, 0, i);
    par_allgather(P, mine, n, all);
    for (int64_t i = 0; i < total; i++) {
        int r = i / HEAD < P->size - 1 ? (int)(i / HEAD) : P->size - 1;
        ok &= all[i] == mark(r, 0, i - r * HEAD);
    }
    mem_free(mine);
    mem_free(all);
    assert_true(test_agree(ok));
}

static int64_t sum_of(const int64_t *n, int count)
{
    int64_t sum = 0;
    for (int i = 0; i < count; i++) sum += n[i];
    return sum;
}

/* Each byte says where it should be; sent back the same way, all is as before. `extra` makes the
 * message from rank 0 to the last rank long. */
static void exchange_and_back(int64_t extra)
{
    const struct par *P = test_par();
    int last = P->size - 1, ok = 1;
    int64_t *out = mem_take(P->size, sizeof *out), *in = mem_take(P->size, sizeof *in), at = 0;

    for (int r = 0; r < P->size; r++) {
        out[r] = amount(P->rank, r) + (P->rank == 0 && r == last ? extra : 0);
        in[r] = amount(r, P->rank) + (r == 0 && P->rank == last ? extra : 0);
    }
    int64_t sent = sum_of(out, P->size), got = sum_of(in, P->size);
    char *a = mem_take(sent, 1), *b = mem_take(got, 1), *c = mem_take(sent, 1);
    for (int r = 0; r < P->size; r++)
        for (int64_t i = 0; i < out[r]; i++) a[at++] = mark(P->rank, r, i);
    par_exchange(P, a, out, b, in);
    at = 0;
    for (int r = 0; r < P->size; r++)
        for (int64_t i = 0; i < in[r]; i++) ok &= b[at++] == mark(r, P->rank, i);
    par_exchange(P, b, in, c, out);
    ok &= memcmp(a, c, (size_t)sent) == 0;
    mem_free(a);
    mem_free(b);
    mem_free(c);
    mem_free(out);
    mem_free(in);
    assert_true(test_agree(ok));
}

static void an_exchange_and_its_reverse_are_the_identity(void **state)
{
    (void)state;
    exchange_and_back(0);
    exchange_and_back(LONG);
}

static void parts_work_on_their_own(void **state)
{
    (void)state;
    const struct par *P = test_par();
    struct par part = { 0 };

    par_split(&part, P, P->rank % 2);
    for (int i = 0; i <= P->rank % 2; i++) par_barrier(&part); /* unequal counts are fine */
    int64_t sum = par_sum_one(&part, P->rank), want = 0;
    for (int r = P->rank % 2; r < P->size; r += 2) want += r;
    int ok = part.size == (P->size + 1 - P->rank % 2) / 2 && part.rank == P->rank / 2;
    par_free(&part);
    par_free(&part); /* a second call is fine */
    assert_true(test_agree(ok && sum == want));
}

static void node_ranks_number_the_ranks_of_a_node(void **state)
{
    (void)state;
    const struct par *P = test_par();

    assert_true(test_agree(0 <= P->node_rank && P->node_rank < P->node_size));
    assert_true(par_sum_one(P, P->node_rank == 0) >= 1);
    double share = 1.0 / P->node_size, nodes = share;
    par_sum(P, &nodes, 1);
    assert_near(nodes, (double)par_sum_one(P, P->node_rank == 0), 1e-12);
}

/* Integers below 2^24 are exact in a float, so any order of additions gives the same. */
static void the_reducer_sums_like_par_sum(void **state)
{
    (void)state;
    const struct par *P = test_par();
    enum { N = 2500001, SMALL = 1000, SLOTS = 63 };
    struct reducer r = par_reducer(P);
    float *x = mem_take(N, sizeof *x), *y = mem_take(SMALL, sizeof *y);
    double d = P->rank + 0.5;
    int64_t n = P->rank + 1;
    int ok = 1, size = P->size, ranks = size * (size - 1) / 2;

    for (int round = 0; round < 2; round++) { /* a slot can be used again */
        for (int i = 0; i < N; i++) x[i] = (float)(i + P->rank);
        for (int i = 0; i < SMALL; i++) y[i] = (float)(i * P->rank);
        r.start(r.ctx, x, N, 0);
        r.poll(r.ctx);
        r.start(r.ctx, y, SMALL, SLOTS);
        for (int i = 0; i < 50 * round; i++) r.poll(r.ctx);
        r.wait(r.ctx, SLOTS);
        r.wait(r.ctx, 0);
        r.wait(r.ctx, 0); /* nothing under way */
        for (int i = 0; i < N; i++) ok &= x[i] == (float)(i * size + ranks);
        for (int i = 0; i < SMALL; i++) ok &= y[i] == (float)(i * ranks);
    }
    r.sum(r.ctx, &d, 1);
    r.count(r.ctx, &n, 1);
    ok &= d == 0.5 * size + ranks && n == size + ranks;
    mem_free(x);
    mem_free(y);
    assert_true(test_agree(ok));
}

static void mpi_says_its_name_and_version(void **state)
{
    (void)state;
    char text[64] = "";

    par_version(text, sizeof text);
    assert_true(strlen(text) > 3 && strpbrk(text, "0123456789") != NULL);
}

TEST_MAIN(cmocka_unit_test(sums_of_integers_are_exact),
          cmocka_unit_test(short_sums_are_added_in_rank_order),
          cmocka_unit_test(long_sums_are_the_same_on_every_rank_and_in_every_run),
          cmocka_unit_test(largest_and_smallest_are_over_all_ranks),
          cmocka_unit_test(a_scan_is_the_sum_of_those_before),
          cmocka_unit_test(all_ranks_leave_with_the_sentence_of_the_lowest),
          cmocka_unit_test(an_injected_fault_reaches_every_rank),
          cmocka_unit_test(a_long_broadcast_arrives_whole),
          cmocka_unit_test(blocks_are_gathered_in_rank_order),
          cmocka_unit_test(a_long_block_is_gathered_too),
          cmocka_unit_test(an_exchange_and_its_reverse_are_the_identity),
          cmocka_unit_test(parts_work_on_their_own),
          cmocka_unit_test(node_ranks_number_the_ranks_of_a_node),
          cmocka_unit_test(the_reducer_sums_like_par_sum),
          cmocka_unit_test(mpi_says_its_name_and_version))
