#include "cmd/benchgraph.h"

#include "base/mem.h"
#include "base/rng.h"
#include "rbm/chip.h"
#include "rbm/place.h"

enum { UNITS = 302, PARTS = 4, DEGREE = 20 };

const char *const benchgraph_name[BENCH_GRAPHS] = { "complete 4x302", "zephyr 4x302",
                                                    "pegasus 4x302", "chimera 2x604",
                                                    "random degree 20" };

/* Every unit draws ten partners in other partitions. */
static void scatter(struct topology *T, const int *size, struct err *e)
{
    enum { N = PARTS * UNITS };
    int32_t(*edge)[2] = mem_take(N * DEGREE / 2, sizeof *edge);
    uint8_t *taken = mem_take((int64_t)N * N, 1);
    struct rng g = rng_at(1, RNG_TEST, 0, 0);

    for (int m = 0; m < N * DEGREE / 2;) {
        int i = m / (DEGREE / 2), j = (int)(rng_word(&g) % N);
        if (i / UNITS == j / UNITS || taken[i * N + j]) continue;
        taken[i * N + j] = taken[j * N + i] = 1;
        edge[m][0] = i;
        edge[m++][1] = j;
    }
    topology_list(T, PARTS, size, N * DEGREE / 2, (const int32_t(*)[2])edge, NULL, e);
    mem_free(edge);
    mem_free(taken);
}

static void place(struct topology *T, enum bench_graph graph, struct err *e)
{
    static const enum chip_kind kind[BENCH_GRAPHS] = { 0, CHIP_ZEPHYR, CHIP_PEGASUS, CHIP_CHIMERA,
                                                       0 };
    const int four[PARTS] = { UNITS, UNITS, UNITS, UNITS }, two[2] = { 2 * UNITS, 2 * UNITS };
    int K = graph == BENCH_CHIMERA ? 2 : PARTS;
    struct lattice L;

    if (chip_make(&L, kind[graph], graph == BENCH_ZEPHYR ? "12" : "16", e)) return;
    lattice_settle(&L);
    place_choose(T, &L, K, K == 2 ? two : four, NULL, e);
    lattice_free(&L);
}

void benchgraph_init(struct rbm *m, enum bench_graph graph)
{
    const int size[PARTS] = { UNITS, UNITS, UNITS, UNITS };
    struct err e = { "" };
    struct topology T;

    if (graph == BENCH_COMPLETE)
        topology_complete(&T, PARTS, size, &e);
    else if (graph == BENCH_RANDOM)
        scatter(&T, size, &e);
    else
        place(&T, graph, &e);
    if (err_is(&e)) die("bench: %s", e.text);
    rbm_init(m, &T, -1);
    rbm_random(m, 0.05, 1);
}
