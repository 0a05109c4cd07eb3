#include "cmd/rbmfile.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 128 };

static const char *place(char name[NAME], const char *group, const char *what)
{
    snprintf(name, NAME, "%s%s%s", strcmp(group, "/") == 0 ? "" : group, "/", what);
    return name;
}

static const char *block_name(char name[NAME], const char *group, int K, int a, int b)
{
    char what[32];

    snprintf(what, sizeof what, K > 10 ? "weight_%d_%d" : "weight_%d%d", a, b);
    return place(name, group, what);
}

/* The couplings of unit i of partition a with partition b lie together: where they begin. */
static float *run_of(const struct rbm *m, int a, int i, int b)
{
    const struct topology *T = &m->T;

    return m->weight + T->row[T->first[a] + i] + T->first[b] - T->first[a + 1];
}

static int write_blocks(struct h5 *f, const char *group, const struct rbm *m, struct err *e)
{
    const struct topology *T = &m->T;
    char name[NAME];

    for (int a = 0; a < T->K; a++)
        for (int b = a + 1; b < T->K; b++) {
            struct h5_shape s = { 2, { T->size[a], T->size[b] }, H5_FLOAT };
            float *block = mem_take((int64_t)T->size[a] * T->size[b], sizeof *block);
            for (int i = 0; i < T->size[a]; i++)
                memcpy(block + (int64_t)i * T->size[b], run_of(m, a, i, b),
                       (size_t)T->size[b] * sizeof *block);
            int bad = h5_write_all(f, block_name(name, group, T->K, a, b), &s, block, "1",
                                   "couplings of two partitions", e);
            mem_free(block);
            if (bad) return -1;
        }
    return 0;
}

static int write_edges(struct h5 *f, const char *group, const struct rbm *m, struct err *e)
{
    struct h5_shape edges = { 2, { m->T.M, 2 }, H5_INT32 }, weight = { 1, { m->T.M }, H5_FLOAT };
    char name[NAME];

    if (m->T.M == 0) return 0;
    return h5_write_all(f, place(name, group, "edges"), &edges, m->T.edge, "1",
                        "global unit numbers i < j", e) ||
                   h5_write_all(f, place(name, group, "weight"), &weight, m->weight, "1",
                                "couplings, in the order of the edges", e)
               ? -1
               : 0;
}

/* One whole partition by its number; other clamped units one by one. */
static int write_clamped(struct h5 *f, const char *group, const struct rbm *m, struct err *e)
{
    struct h5_shape one = { 1, { 1 }, H5_INT32 }, all = { 1, { m->held }, H5_INT32 };
    int32_t clamped = rbm_clamped(m);
    int listed = m->held > 0 && clamped < 0;
    char name[NAME];

    return h5_put_int(f, group, "version", listed ? 2 : 1, e) ||
           h5_write_all(f, place(name, group, "clamped"), &one, &clamped, "1",
                        "the partition that is a condition, or -1", e) ||
           (listed && h5_write_all(f, place(name, group, "clamped_units"), &all, m->hold, "1",
                                   "the units that are a condition", e));
}

static int write_hidden(struct h5 *f, const char *group, const struct rbm *m, struct err *e)
{
    struct h5_shape s = { 1, { m->T.K }, H5_INT32 };
    int32_t hidden[TOPOLOGY_PARTITIONS];
    char name[NAME];

    for (int k = 0; k < m->T.K; k++) hidden[k] = m->hidden >> k & 1;
    return m->hidden != 0 && h5_write_all(f, place(name, group, "hidden"), &s, hidden, "1",
                                          "1: a partition that no data show", e);
}

int rbmfile_write(struct h5 *f, const char *group, const struct rbm *m, struct err *e)
{
    struct h5_shape sizes = { 1, { m->T.K }, H5_INT32 };
    struct h5_shape bias = { 1, { m->T.N }, H5_FLOAT };
    int32_t size[TOPOLOGY_PARTITIONS];
    char name[NAME];

    for (int k = 0; k < m->T.K; k++) size[k] = m->T.size[k];
    if (h5_write_all(f, place(name, group, "partition_sizes"), &sizes, size, "units",
                     "units of each partition", e) ||
        h5_put_text(f, group, "format", "caloq-rbm", e) || write_clamped(f, group, m, e) ||
        write_hidden(f, group, m, e) ||
        h5_write_all(f, place(name, group, "bias"), &bias, m->bias, "1", "biases, all partitions",
                     e))
        return -1;
    struct h5_shape units = { 1, { m->T.N }, H5_INT32 };
    if (m->T.qubit != NULL && h5_write_all(f, place(name, group, "qubits"), &units, m->T.qubit, "1",
                                           "hardware number of each unit", e))
        return -1;
    return m->T.kind == TOPOLOGY_COMPLETE ? write_blocks(f, group, m, e)
                                          : write_edges(f, group, m, e);
}

static int read_blocks(const struct h5 *f, const char *group, struct rbm *m, struct err *e)
{
    const struct topology *T = &m->T;
    char name[NAME];
    int bad = 0;

    for (int a = 0; a < T->K && !bad; a++)
        for (int b = a + 1; b < T->K && !bad; b++) {
            float *block = mem_take((int64_t)T->size[a] * T->size[b], sizeof *block);
            bad = h5_read_exact(f, block_name(name, group, T->K, a, b), 2, T->size[a], T->size[b],
                                H5_FLOAT, block, e);
            for (int i = 0; i < T->size[a] && !bad; i++)
                memcpy(run_of(m, a, i, b), block + (int64_t)i * T->size[b],
                       (size_t)T->size[b] * sizeof *block);
            mem_free(block);
        }
    return bad;
}

/* Partition sizes, then the couplings' topology: T and, for a list, the order of its weights. */
static int read_topology(const struct h5 *f, const char *group, struct topology *T, int64_t **order,
                         struct err *e)
{
    int32_t size32[TOPOLOGY_PARTITIONS];
    int size[TOPOLOGY_PARTITIONS];
    struct h5_shape s;
    char name[NAME];

    place(name, group, "partition_sizes");
    if (h5_shape(f, name, &s, e)) return -1;
    if (s.dims != 1 || s.n[0] < 1 || s.n[0] > TOPOLOGY_PARTITIONS)
        return err_set(e, "%s: %s has %lld entries, expected 1 to %d partitions", f->path, name,
                       (long long)s.n[0], TOPOLOGY_PARTITIONS);
    int K = (int)s.n[0];
    if (h5_read_all(f, name, H5_INT32, size32, e)) return -1;
    for (int k = 0; k < K; k++) size[k] = size32[k];
    if (h5_has(f, block_name(name, group, K, 0, 1))) return topology_complete(T, K, size, e);
    if (!h5_has(f, place(name, group, "edges"))) return topology_none(T, K, size, e);
    if (h5_shape(f, name, &s, e)) return -1;
    int32_t(*edge)[2] = mem_take(s.n[0], sizeof *edge);
    *order = mem_take(s.n[0], sizeof **order);
    int bad = h5_read_exact(f, name, 2, s.n[0], 2, H5_INT32, edge, e) ||
              topology_list(T, K, size, s.n[0], (const int32_t(*)[2])edge, *order, e);
    mem_free(edge);
    return bad ? err_within(e, "%s: %s", f->path, group) : 0;
}

static int by_number(const void *a, const void *b)
{
    const int32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Hardware numbers, where the file has them: T->qubit. */
static int read_qubits(const struct h5 *f, const char *group, struct topology *T, struct err *e)
{
    char name[NAME];

    if (!h5_has(f, place(name, group, "qubits"))) return 0;
    T->qubit = mem_take(T->N, sizeof *T->qubit);
    if (h5_read_exact(f, name, 1, T->N, 0, H5_INT32, T->qubit, e)) return -1;
    int32_t *sorted = mem_take(T->N, sizeof *sorted), twice = -1;
    memcpy(sorted, T->qubit, (size_t)T->N * sizeof *sorted);
    qsort(sorted, (size_t)T->N, sizeof *sorted, by_number);
    int32_t least = sorted[0];
    for (int i = 1; i < T->N; i++)
        if (sorted[i] == sorted[i - 1]) twice = sorted[i];
    mem_free(sorted);
    if (least < 0)
        return err_set(e, "%s: %s holds %d, expected hardware numbers from 0", f->path, name,
                       (int)least);
    if (twice >= 0)
        return err_set(e, "%s: %s holds %d twice, expected a qubit of its own for each unit",
                       f->path, name, (int)twice);
    return 0;
}

static int read_list(const struct h5 *f, const char *group, struct rbm *m, const int64_t *order,
                     struct err *e)
{
    char name[NAME];
    float *weight = mem_take(m->T.M, sizeof *weight);
    int bad = h5_read_exact(f, place(name, group, "weight"), 1, m->T.M, 0, H5_FLOAT, weight, e);

    for (int64_t i = 0; i < m->T.M && !bad; i++) m->weight[order[i]] = weight[i];
    mem_free(weight);
    return bad;
}

/* which [N]: the units of clamped, or of clamped_units. */
static int read_clamped(const struct h5 *f, const char *group, const struct topology *T,
                        uint8_t *which, struct err *e)
{
    int32_t p = -1;
    char name[NAME];
    struct h5_shape s;

    if (h5_has(f, place(name, group, "clamped")) &&
        h5_read_exact(f, name, 1, 1, 0, H5_INT32, &p, e))
        return -1;
    if (p < -1 || p >= T->K)
        return err_set(e, "%s: %s is %d, expected -1 or a partition below %d", f->path, name,
                       (int)p, T->K);
    if (p >= 0) memset(which + T->first[p], 1, (size_t)T->size[p]);
    if (!h5_has(f, place(name, group, "clamped_units"))) return 0;
    if (h5_shape(f, name, &s, e)) return -1;
    int32_t *unit = mem_take(s.n[0], sizeof *unit);
    int bad = h5_read_exact(f, name, 1, s.n[0], 0, H5_INT32, unit, e);
    for (int64_t j = 0; j < s.n[0] && !bad; j++) {
        if (unit[j] < 0 || unit[j] >= T->N || (j > 0 && unit[j] <= unit[j - 1]))
            bad = err_set(e, "%s: %s holds %d, expected rising unit numbers below %d", f->path,
                          name, (int)unit[j], T->N);
        else
            which[unit[j]] = 1;
    }
    mem_free(unit);
    return bad;
}

/* Flags of partitions; the condition is seen, and so is one partition at least. */
static int read_hidden(const struct h5 *f, const char *group, struct rbm *m, struct err *e)
{
    int32_t hidden[TOPOLOGY_PARTITIONS];
    const struct topology *T = &m->T;
    char name[NAME];
    int seen = 0;

    if (!h5_has(f, place(name, group, "hidden"))) return 0;
    if (h5_read_exact(f, name, 1, T->K, 0, H5_INT32, hidden, e)) return -1;
    for (int k = 0; k < T->K; k++) {
        if (hidden[k] != 0 && hidden[k] != 1)
            return err_set(e, "%s: %s holds %d, expected 0 or 1", f->path, name, (int)hidden[k]);
        if (hidden[k] && rbm_free_units(m, T->first[k], T->first[k + 1]) < T->size[k])
            return err_set(e, "%s: %s: partition %d is hidden and has clamped units", f->path, name,
                           k);
        m->hidden |= (uint64_t)hidden[k] << k;
        seen += !hidden[k];
    }
    return seen > 0 ? 0 : err_set(e, "%s: %s: all partitions are hidden", f->path, name);
}

int rbmfile_read(const struct h5 *f, const char *group, struct rbm *m, struct err *e)
{
    struct topology T = { 0 };
    int64_t *order = NULL;
    uint8_t *which = NULL;
    char name[NAME];

    *m = (struct rbm){ 0 };
    int bad = read_topology(f, group, &T, &order, e) || read_qubits(f, group, &T, e);
    if (!bad) {
        which = mem_take(T.N, 1);
        bad = read_clamped(f, group, &T, which, e);
    }
    if (!bad && memchr(which, 0, (size_t)T.N) == NULL)
        bad = err_set(e, "%s: %s: all %d units are clamped, expected one or more to be free",
                      f->path, group, T.N);
    if (!bad) {
        rbm_init(m, &T, -1);
        rbm_hold(m, which);
        bad = read_hidden(f, group, m, e) ||
              h5_read_exact(f, place(name, group, "bias"), 1, m->T.N, 0, H5_FLOAT, m->bias, e);
        if (!bad && m->T.kind == TOPOLOGY_COMPLETE) bad = read_blocks(f, group, m, e);
        if (!bad && m->T.kind == TOPOLOGY_LIST) bad = read_list(f, group, m, order, e);
        if (!bad && rbm_check(m, e)) bad = err_within(e, "%s: %s", f->path, group);
    }
    mem_free(order);
    mem_free(which);
    topology_free(&T);
    if (bad)
        rbm_free(m);
    else
        rbm_prepare(m);
    return bad ? -1 : 0;
}
