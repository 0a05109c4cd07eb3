#include "test.h"

#include "base/mem.h"
#include "par/nodesum.h"

#include <stdlib.h>
#include <string.h>

enum { PARTS = 5, MOST = 70001 };

/* Odd, small, empty; the sum of their lengths is N. */
static const int64_t part[PARTS] = { 1, MOST, 0, 17, 4099 };
enum { N = 1 + MOST + 17 + 4099 };

/* Thirds, so that the order of additions shows in the last bits. */
static float number(int rank, int64_t i, int round)
{
    return (float)((i * 7 + rank * 13 + round * 5) % 1001) / 3.0f;
}

static void fill(struct nodesum *s, int rank, int round)
{
    for (int64_t i = 0; i < N; i++) s->x[i] = number(rank, i, round);
}

/* Sums in rank order within each node, then over nodes: with two terms at most on either floor the
 * order does not matter, so that this is what must come out bit for bit; with three on a floor it
 * is rank order in a node. */
static float expected(const struct par *P, int64_t i, int round, int node)
{
    float all = 0.0f;

    for (int first = 0; first < P->size; first += node) {
        float sum = number(first, i, round);
        for (int r = first + 1; r < P->size && r < first + node; r++) sum += number(r, i, round);
        all = first == 0 ? sum : all + sum;
    }
    return all;
}

static void start_all(struct reducer *r, struct nodesum *s)
{
    int64_t at = N;

    for (int k = PARTS - 1; k >= 0; k--) {
        at -= part[k];
        r->start(r->ctx, s->x + at, part[k], (3 * k) % PARTS);
    }
}

static int sums_are_right(const struct par *P, int node)
{
    struct nodesum s;
    int ok = 1;

    nodesum_take(&s, P, N, PARTS);
    struct reducer r = nodesum_reducer(&s, 0);
    for (int round = 0; round < 3; round++) { /* slots can be used again */
        fill(&s, P->rank, round);
        start_all(&r, &s);
        for (int i = 0; i < 20 * round; i++) r.poll(r.ctx);
        for (int k = 0; k < PARTS; k++) r.wait(r.ctx, k);
        r.wait(r.ctx, 0); /* nothing under way */
        for (int64_t i = 0; i < N; i++) ok &= s.x[i] == expected(P, i, round, node);
    }
    nodesum_free(&s);
    return ok;
}

/* The share of each part is the sum; twice it comes back to all. */
static int shares_come_back(const struct par *P, int node)
{
    struct nodesum s;
    float *y = mem_take(N, sizeof *y);
    double held = 0.0;
    int ok = 1;

    nodesum_take(&s, P, N, PARTS);
    struct reducer r = nodesum_reducer(&s, 1);
    if ((r.sharing == NULL) != (s.holders == 1)) ok = 0;
    for (int round = 0; round < 2 && r.sharing != NULL; round++) {
        int64_t at = N;
        fill(&s, P->rank, round);
        start_all(&r, &s);
        for (int k = PARTS - 1; k >= 0; k--) {
            int slot = (3 * k) % PARTS;
            struct block b = r.sharing->share(r.ctx, part[k]);
            at -= part[k];
            r.sharing->scatter(r.ctx, slot);
            for (int64_t i = at + b.first; i < at + block_end(b); i++) {
                ok &= s.x[i] == expected(P, i, round, node);
                y[i] = 2.0f * s.x[i];
            }
            held += (double)b.count;
            r.sharing->spread(r.ctx, y + at, slot);
        }
        for (int k = 0; k < PARTS; k++) r.sharing->gather(r.ctx, k);
        for (int k = 0; k < PARTS; k++) r.wait(r.ctx, k);
        for (int64_t i = 0; i < N; i++) ok &= y[i] == 2.0f * expected(P, i, round, node);
    }
    if (r.sharing != NULL) {
        r.sharing->sum(r.ctx, &held, 1);
        ok &= held == 2.0 * N; /* every float has one holder */
    }
    nodesum_free(&s);
    mem_free(y);
    return ok;
}

static void sums_on_one_node_are_those_in_rank_order(void **state)
{
    (void)state;
    const struct par *P = test_par();

    assert_true(test_agree(sums_are_right(P, P->size)));
    assert_true(test_agree(shares_come_back(P, P->size)));
}

static void sums_over_nodes_are_sums_of_nodes(void **state)
{
    (void)state;

    for (int most = 1; most <= 2; most++) {
        struct par part_of_world;
        setenv("CALOQ_NODE", most == 1 ? "1" : "2", 1);
        par_split(&part_of_world, test_par(), 0);
        unsetenv("CALOQ_NODE");
        /* with nodes of one each MPI adds three ranks in an order of its own */
        if (most == 2 || test_par()->size < 3) {
            int right = sums_are_right(&part_of_world, most);
            assert_true(test_agree(right));
            right = shares_come_back(&part_of_world, most);
            assert_true(test_agree(right));
        }
        par_free(&part_of_world);
    }
}

TEST_MAIN(cmocka_unit_test(sums_on_one_node_are_those_in_rank_order),
          cmocka_unit_test(sums_over_nodes_are_sums_of_nodes))
