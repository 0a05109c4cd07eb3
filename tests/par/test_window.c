#include "test.h"

#include "base/mem.h"
#include "par/window.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { MINE = 100003 }; /* bytes of rank 0's share, odd; each next rank has 7 more */

static int64_t bytes_of(int rank)
{
    return MINE + 7 * rank;
}

static char mark(int rank, int64_t i)
{
    return (char)((rank * 31 + i * 3 + i / 251) & 127);
}

/* Every share within reach holds what its rank wrote, is aligned, and began as zeros. */
static int shares_hold(struct window *w, const struct par *P)
{
    int ok = w->place[P->rank] == w->node.rank;

    if (w->share == NULL) return ok && w->node.size == 1;
    char *mine = w->share[w->node.rank];
    for (int64_t i = 0; i < bytes_of(P->rank); i++) {
        ok &= mine[i] == 0;
        mine[i] = mark(P->rank, i);
    }
    window_fence(w);
    for (int r = 0; r < P->size; r++) {
        const char *x = w->place[r] >= 0 ? w->share[w->place[r]] : NULL;
        ok &= (uintptr_t)x % 64 == 0;
        for (int64_t i = 0; x != NULL && i < bytes_of(r); i++) ok &= x[i] == mark(r, i);
    }
    return ok;
}

static void every_rank_reads_what_its_neighbours_wrote(void **state)
{
    (void)state;
    const struct par *P = test_par();
    struct window w;

    window_take(&w, P, bytes_of(P->rank));
    assert_true(test_agree(w.node.size == P->node_size));
    assert_true(test_agree(shares_hold(&w, P)));
    window_free(&w);
    window_free(&w);
}

static void nodes_can_be_made_smaller_for_tests(void **state)
{
    (void)state;
    struct par part;
    struct window w;

    setenv("CALOQ_NODE", "2", 1);
    par_split(&part, test_par(), 0);
    unsetenv("CALOQ_NODE");
    assert_true(test_agree(part.nodes == (part.size + 1) / 2 && part.node == part.rank / 2));
    assert_true(test_agree(part.node_rank == part.rank % 2));
    window_take(&w, &part, bytes_of(part.rank));
    assert_true(test_agree(w.node.size == part.node_size));
    for (int r = 0; r < part.size; r++)
        assert_true(test_agree((w.place[r] >= 0) == (r / 2 == part.node)));
    assert_true(test_agree(shares_hold(&w, &part)));
    window_free(&w);
    par_free(&part);
}

static void without_room_every_rank_is_alone(void **state)
{
    (void)state;
    const struct par *P = test_par();
    struct window w;

    if (P->size == 1) test_skip("needs more than one rank");
    window_take(&w, P, INT64_C(1) << 50);
    int good = strstr(w.small.text, "/dev/shm/window' needs") != NULL &&
               strstr(w.small.text, "its file system has room for") != NULL;
    assert_true(test_agree(good && w.node.size == 1 && w.share == NULL));
    window_free(&w);
}

/* Every rank's limit of files (ulimit -f) is below what the node asks for. */
static void a_limit_of_files_is_named(void **state)
{
    (void)state;
    const struct par *P = test_par();
    struct rlimit old, low;
    struct window w;

    if (P->size == 1) test_skip("needs more than one rank");
    getrlimit(RLIMIT_FSIZE, &old);
    low = old;
    low.rlim_cur = 1 << 16;
    setrlimit(RLIMIT_FSIZE, &low);
    window_take(&w, P, 1 << 16);
    setrlimit(RLIMIT_FSIZE, &old);
    int good = strstr(w.small.text, "the limit of a file (ulimit -f) is 0.066 MB") != NULL;
    assert_true(test_agree(good && w.node.size == 1 && w.share == NULL));
    window_free(&w);
}

TEST_MAIN(cmocka_unit_test(every_rank_reads_what_its_neighbours_wrote),
          cmocka_unit_test(nodes_can_be_made_smaller_for_tests),
          cmocka_unit_test(without_room_every_rank_is_alone),
          cmocka_unit_test(a_limit_of_files_is_named))
