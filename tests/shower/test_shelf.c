/* One copy of the showers on each node: shelves, and data sets on pretended nodes. */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "io/h5.h"
#include "shower/dataset.h"

#include <math.h>
#include <string.h>

enum { V = 24, EVENTS = 4000, BATCH = 70 };

/* Voxel v of event i: a third of them hit; event 1000 cannot be transformed. */
static float voxel(int64_t i, int v)
{
    if (i == 1000 && v == 3) return 1e9f;
    return (i * 7 + v * v) % 3 == 0 ? (float)(i % 977) + (float)v / 32.0f : 0.0f;
}

static int is_row(int64_t i, const float *x)
{
    int good = 1;

    for (int v = 0; v < V; v++) good &= x[v] == voxel(i, v);
    return good;
}

/* More than two parts on each rank; rows of all ranks of the node, and the memory of one copy. */
static void a_node_reads_what_its_ranks_added(void **state)
{
    (void)state;
    enum { ROWS = 2 * SHELF_PART + 100 };
    int good = 1;

    for (int most = 0; most <= 2; most++)
        for (int kind = STORE_DENSE; kind <= STORE_SPARSE; kind++) {
            struct par P = test_nodes(most);
            struct shelf s;
            float x[V];
            const int spare = most == 0 ? 5 : 0; /* rows fewer than there is room for */
            int64_t hits = 0;
            shelf_open(&s, &P, (enum store_kind)kind, V, ROWS + P.rank);
            for (int64_t i = 0; i < ROWS + P.rank - spare; i++) {
                for (int v = 0; v < V; v++) hits += (x[v] = voxel(i * 5 + P.rank, v)) > 0;
                shelf_add(&s, x);
            }
            shelf_close(&s, &P);
            for (int r = 0; r < P.size; r++) {
                good &= shelf_reaches(&s, r) == (most == 0 || r / most == P.rank / most);
                for (int64_t i = 0; shelf_reaches(&s, r) && i < ROWS + r - spare; i += 13) {
                    shelf_row(&s, r, i, x);
                    good &= is_row(i * 5 + r, x);
                }
            }
            int64_t rows = ROWS + P.rank - (kind == STORE_SPARSE ? spare : 0);
            int64_t need = kind == STORE_SPARSE ? 8 * (hits + rows + 3) : 4 * V * rows;
            good &= shelf_bytes(&s) == need; /* three parts: three offsets more */
            shelf_free(&s);
            shelf_free(&s);
            par_free(&P);
        }
    assert_true(test_agree(good));
}

static void write_file(const char *path)
{
    const struct par *P = test_par();
    struct block mine = block_of(EVENTS, P->rank, P->size);
    struct h5_shape sx = { 2, { EVENTS, V }, H5_FLOAT }, se = { 2, { EVENTS, 1 }, H5_DOUBLE };
    float *x = mem_take(mine.count * V, sizeof *x);
    double *energy = mem_take(mine.count, sizeof *energy);
    struct err e = { 0 };
    struct h5 f;

    for (int64_t i = 0; i < mine.count; i++) {
        energy[i] = 2000.0 + (double)(mine.first + i);
        for (int v = 0; v < V; v++) x[i * V + v] = voxel(mine.first + i, v);
    }
    if (h5_create(&f, P, path, 0, &e) != 0 ||
        h5_define(&f, "showers", &sx, 100, 0, "MeV", "x", &e) != 0 ||
        h5_define(&f, "incident_energies", &se, 100, 0, "MeV", "E", &e) != 0 ||
        h5_write_rows(&f, "showers", H5_FLOAT, mine, x, &e) != 0 ||
        h5_write_rows(&f, "incident_energies", H5_DOUBLE, mine, energy, &e) != 0 ||
        h5_commit(&f, &e) != 0)
        fail_msg("%s", e.text);
    mem_free(x);
    mem_free(energy);
}

/* The batches of two epochs, shared out over the ranks: every one holds the events that the seed
 * says, on any nodes and in any storage. */
static int right_batches(const struct par *P, const char *path, enum dataset_storage storage)
{
    struct transform t = transform_logit();
    struct dataset_options o = { .storage = storage };
    struct dataset_part train, held;
    struct dataset d;
    struct err e = { 0 };
    int64_t number[BATCH];
    float x[BATCH * V];
    double energy[BATCH];
    int good = 1;

    if (dataset_load(&d, P, &path, 1, V, &t, &o, &e) != 0) fail_msg("%s", e.text);
    dataset_split(d.n, 0.1, 1, 3, &train, &held);
    for (int64_t epoch = 0; epoch < 2; epoch++)
        for (int64_t first = 0; first + BATCH <= train.count; first += 8 * BATCH) {
            dataset_order(&train, 3, epoch, first, BATCH, number);
            struct block b = block_of(BATCH, P->rank, P->size);
            good &= dataset_fetch(&d, P, number + b.first, (int)b.count, x, energy, &e) == 0;
            for (int64_t i = 0; i < b.count; i++) {
                int64_t event = number[b.first + i] + (number[b.first + i] >= 1000);
                good &= is_row(event, x + i * V) && energy[i] == 2000.0 + (double)event;
            }
        }
    dataset_free(&d);
    return good;
}

static void batches_do_not_know_the_nodes(void **state)
{
    (void)state;
    const char *path = test_path("nodes.hdf5");
    int good = 1;

    write_file(path);
    for (int most = 0; most <= 2; most++)
        for (int storage = DATASET_DENSE; storage <= DATASET_FILES; storage++) {
            struct par P = test_nodes(most);
            good &= right_batches(&P, path, (enum dataset_storage)storage);
            par_free(&P);
        }
    assert_true(test_agree(good));
}

TEST_MAIN(cmocka_unit_test(a_node_reads_what_its_ranks_added),
          cmocka_unit_test(batches_do_not_know_the_nodes))
