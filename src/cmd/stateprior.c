#include "cmd/stateprior.h"

#include "base/mem.h"

#include <stdio.h>

enum { NAME = 64 };

/* Two partitions of the machine as others write them: "01", or "1_12" with more than ten. */
static char *pair_name(const char *what, int K, int a, int b)
{
    return mem_print(K > 10 ? "/prior/%s.%d_%d" : "/prior/%s.%d%d", what, a, b);
}

/* The block [n_a, n_b] of weights and of where couplings are. */
static void block_of_pair(const struct rbm *m, int a, int b, float *weight, float *mask)
{
    const struct topology *T = &m->T;

    for (int64_t k = 0; k < T->M; k++) {
        int i = T->edge[k][0], j = T->edge[k][1];
        if (topology_of(T, i) != a || topology_of(T, j) != b) continue;
        int64_t at = (int64_t)(i - T->first[a]) * T->size[b] + j - T->first[b];
        weight[at] = m->weight[k];
        mask[at] = 1.0f;
    }
}

static int write_pair(struct h5 *f, const struct rbm *m, int a, int b, struct err *e)
{
    const struct topology *T = &m->T;
    struct h5_shape s = { 2, { T->size[a], T->size[b] }, H5_FLOAT };
    int64_t n = (int64_t)T->size[a] * T->size[b];
    float *weight = mem_take(n, sizeof *weight), *mask = mem_take(n, sizeof *mask);
    char *w = pair_name("_weight_dict", T->K, a, b),
         *k = pair_name("_weight_mask_dict", T->K, a, b);

    block_of_pair(m, a, b, weight, mask);
    int bad = h5_write_all(f, w, &s, weight, "1", "couplings W of x_a and x_b", e) ||
              h5_write_all(f, k, &s, mask, "1", "1 where there is a coupling", e);
    mem_free(k);
    mem_free(w);
    mem_free(mask);
    mem_free(weight);
    return bad;
}

int stateprior_write(struct h5 *f, const struct rbm *m, struct err *e)
{
    const struct topology *T = &m->T;
    int bad = 0;

    for (int a = 0; a < T->K && !bad; a++) {
        struct h5_shape s = { 1, { T->size[a] }, H5_FLOAT };
        char *name = mem_print("/prior/_bias_dict.%d", a);
        bad = h5_write_all(f, name, &s, m->bias + T->first[a], "1", "biases", e);
        mem_free(name);
        for (int b = a + 1; b < T->K && !bad; b++) bad = write_pair(f, m, a, b, e);
    }
    return bad;
}

/* Sizes of the partitions: as many as there are biases. */
static int partitions(const struct h5 *f, const char *bias, int size[TOPOLOGY_PARTITIONS],
                      struct err *e)
{
    struct h5_shape s;
    char name[NAME];
    int K = 0;

    for (;; K++) {
        snprintf(name, sizeof name, "/prior/%s.%d", bias, K);
        if (K == TOPOLOGY_PARTITIONS || !h5_has(f, name)) break;
        if (h5_shape(f, name, &s, e)) return -1;
        if (s.dims != 1 || s.n[0] < 1 || s.n[0] > 1 << 24)
            return err_set(e, "%s: %s is no list of biases", f->path, name);
        size[K] = (int)s.n[0];
    }
    if (K >= 2) return K;
    return err_set(e, "%s: /prior has %d partitions (%s.0, %s.1, ...), expected two and more",
                   f->path, K, bias, bias);
}

/* Couplings of one pair into edge and weight from `at` on; returns their number, or -1. */
static int64_t read_pair(const struct h5 *f, int K, const int *size, int a, int b, int pair,
                         int list, const int *first, int32_t (*edge)[2], float *weight,
                         struct err *e)
{
    int64_t n = (int64_t)size[a] * size[b], found = 0;
    float *w = mem_take(n, sizeof *w), *mask = mem_take(n, sizeof *mask);
    char *name =
        list ? mem_print("/prior/_weight_params.%d", pair) : pair_name("_weight_dict", K, a, b);
    char *where = pair_name("_weight_mask_dict", K, a, b);
    int bad = h5_read_exact(f, name, 2, size[a], size[b], H5_FLOAT, w, e);

    for (int64_t i = 0; i < n; i++) mask[i] = 1.0f;
    if (!bad && h5_has(f, where))
        bad = h5_read_exact(f, where, 2, size[a], size[b], H5_FLOAT, mask, e);
    for (int64_t i = 0; i < n && !bad; i++) {
        if (mask[i] == 0.0f) continue;
        edge[found][0] = (int32_t)(first[a] + i / size[b]);
        edge[found][1] = (int32_t)(first[b] + i % size[b]);
        weight[found++] = w[i];
    }
    mem_free(where);
    mem_free(name);
    mem_free(mask);
    mem_free(w);
    return bad ? -1 : found;
}

static int read_biases(const struct h5 *f, const char *bias, struct rbm *m, struct err *e)
{
    char name[NAME];

    for (int k = 0; k < m->T.K; k++) {
        snprintf(name, sizeof name, "/prior/%s.%d", bias, k);
        if (h5_read_exact(f, name, 1, m->T.size[k], 0, H5_FLOAT, m->bias + m->T.first[k], e))
            return -1;
    }
    return 0;
}

/* All couplings of the file, listed: M of them at most. */
static int couplings(const struct h5 *f, int list, struct rbm *m, int K, const int *size, int64_t M,
                     struct err *e)
{
    int first[TOPOLOGY_PARTITIONS + 1] = { 0 };
    int32_t(*edge)[2] = mem_take(M, sizeof *edge);
    float *weight = mem_take(M, sizeof *weight);
    int64_t n = 0;
    struct topology T = { 0 };
    int pair = 0, bad = 0;

    for (int k = 0; k < K; k++) first[k + 1] = first[k] + size[k];
    for (int a = 0; a < K && !bad; a++)
        for (int b = a + 1; b < K && !bad; b++, pair++) {
            int64_t more = read_pair(f, K, size, a, b, pair, list, first, edge + n, weight + n, e);
            bad = more < 0;
            n += bad ? 0 : more;
        }
    if (!bad)
        bad = n == M ? topology_complete(&T, K, size, e)
                     : topology_list(&T, K, size, n, (const int32_t(*)[2])edge, NULL, e);
    if (!bad) {
        rbm_init(m, &T, -1);
        for (int64_t k = 0; k < n; k++)
            m->weight[topology_find(&m->T, edge[k][0], edge[k][1])] = weight[k];
    }
    mem_free(weight);
    mem_free(edge);
    return bad;
}

int stateprior_read(const struct h5 *f, struct rbm *m, struct err *e)
{
    int size[TOPOLOGY_PARTITIONS], list = h5_has(f, "/prior/_weight_params.0");
    const char *bias = h5_has(f, "/prior/_bias_params.0") ? "_bias_params" : "_bias_dict";
    int K = partitions(f, bias, size, e);
    int64_t M = 0;

    *m = (struct rbm){ 0 };
    if (K < 0) return -1;
    for (int a = 0; a < K; a++)
        for (int b = a + 1; b < K; b++) M += (int64_t)size[a] * size[b];
    if (couplings(f, list, m, K, size, M, e)) return -1;
    if (read_biases(f, bias, m, e) || (rbm_check(m, e) && err_within(e, "%s", f->path))) {
        rbm_free(m);
        return -1;
    }
    rbm_prepare(m);
    return 0;
}
