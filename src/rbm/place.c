#include "rbm/place.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { PASS_MOST = 256, PASSES = 64, CLASSES = 4 };

/* The choice while it is being made; all arrays by hardware number. */
struct choice {
    const struct lattice *L;
    int64_t *first; /* [Q + 1] neighbours of q: near[first[q]] .. */
    int32_t *near;  /* [2M] */
    double *far;    /* [Q] square of the distance to the centre */
    uint8_t *in;    /* [Q] chosen? */
    uint8_t *still; /* [Q] moved in this pass? */
    int *kept;      /* [Q] chosen neighbours */
};

static void join(struct choice *c)
{
    const struct lattice *L = c->L;
    int64_t *fill = mem_take(L->Q + 1, sizeof *fill);

    for (int64_t m = 0; m < L->M; m++)
        for (int end = 0; end < 2; end++) c->first[L->joint[m][end] + 1]++;
    for (int q = 0; q < L->Q; q++) c->first[q + 1] += c->first[q];
    memcpy(fill, c->first, ((size_t)L->Q + 1) * sizeof *fill);
    for (int64_t m = 0; m < L->M; m++)
        for (int end = 0; end < 2; end++) c->near[fill[L->joint[m][end]]++] = L->joint[m][!end];
    mem_free(fill);
}

static void begin(struct choice *c, const struct lattice *L)
{
    c->L = L;
    c->first = mem_take(L->Q + 1, sizeof *c->first);
    c->near = mem_take(2 * L->M, sizeof *c->near);
    c->far = mem_take(L->Q, sizeof *c->far);
    c->in = mem_take(L->Q, 1);
    c->still = mem_take(L->Q, 1);
    c->kept = mem_take(L->Q, sizeof *c->kept);
    for (int q = 0; q < L->Q; q++) {
        double x = L->at[q][0] - L->centre[0], y = L->at[q][1] - L->centre[1];
        c->far[q] = x * x + y * y;
    }
    join(c);
}

static void end(struct choice *c)
{
    mem_free(c->first);
    mem_free(c->near);
    mem_free(c->far);
    mem_free(c->in);
    mem_free(c->still);
    mem_free(c->kept);
}

struct spot {
    double far;
    int q;
};

static int by_distance(const void *a, const void *b)
{
    const struct spot *x = a, *y = b;

    if (x->far != y->far) return x->far < y->far ? -1 : 1;
    return x->q < y->q ? -1 : 1;
}

/* Qubits of a class from the centre outwards, all or the chosen ones; the caller frees. */
static struct spot *outwards(const struct choice *c, int class, int chosen, int *n)
{
    struct spot *spot = mem_take(c->L->Q, sizeof *spot);

    *n = 0;
    for (int q = 0; q < c->L->Q; q++)
        if (c->L->class[q] == class && (!chosen || c->in[q]))
            spot[(*n)++] = (struct spot){ c->far[q], q };
    qsort(spot, (size_t)*n, sizeof *spot, by_distance);
    return spot;
}

static int class_of(const struct lattice *L, int K, int p)
{
    return K == 2 && L->classes == 4 ? 2 * p : p % L->classes;
}

/* The qubits nearest the centre. */
static int nearest(struct choice *c, int K, const int *size, struct err *e)
{
    for (int class = 0; class < c->L->classes; class ++) {
        int64_t wanted = 0;
        int n, partition = -1;
        for (int p = K - 1; p >= 0; p--) {
            if (class_of(c->L, K, p) != class) continue;
            wanted += size[p];
            partition = p;
        }
        struct spot *spot = outwards(c, class, 0, &n);
        for (int i = 0; i < n && i < wanted; i++) c->in[spot[i].q] = 1;
        mem_free(spot);
        if (wanted > n)
            return err_set(e,
                           "partition %d%s: %lld units of class %d, the chip has %d working qubits "
                           "of this class",
                           partition, wanted > size[partition] ? " and others" : "",
                           (long long)wanted, class, n);
    }
    return 0;
}

/* Chosen neighbours of every qubit; returns the couplers kept. */
static int64_t count_kept(struct choice *c)
{
    int64_t sum = 0;

    for (int q = 0; q < c->L->Q; q++) {
        c->kept[q] = 0;
        for (int64_t m = c->first[q]; m < c->first[q + 1]; m++) c->kept[q] += c->in[c->near[m]];
        if (c->in[q]) sum += c->kept[q];
    }
    return sum / 2;
}

struct swap {
    int out, in, gain;
};

/* Put qubit q in or out. */
static void put(struct choice *c, int q, int in)
{
    c->in[q] = (uint8_t)in;
    for (int64_t m = c->first[q]; m < c->first[q + 1]; m++) c->kept[c->near[m]] += in ? 1 : -1;
}

/* The best swap of two qubits of one class that have not moved; gain INT32_MIN: there is none. Two
 * of one class are not coupled, so their gains add. Ties: leave from the rim, enter at the centre,
 * then the smaller number. */
static struct swap best_swap(const struct choice *c)
{
    struct swap best = { -1, -1, INT32_MIN };
    int out[CLASSES], in[CLASSES];

    for (int k = 0; k < c->L->classes; k++) out[k] = in[k] = -1;
    for (int q = 0; q < c->L->Q; q++) {
        int k = c->L->class[q];
        if (k < 0 || c->still[q]) continue;
        int *at = c->in[q] ? &out[k] : &in[k], sign = c->in[q] ? -1 : 1;
        int more = *at < 0 ? 1 : sign * (c->kept[q] - c->kept[*at]);
        if (more > 0 || (more == 0 && sign * (c->far[q] - c->far[*at]) < 0)) *at = q;
    }
    for (int k = 0; k < c->L->classes; k++) {
        if (out[k] < 0 || in[k] < 0) continue;
        int gain = c->kept[in[k]] - c->kept[out[k]];
        if (gain > best.gain) best = (struct swap){ out[k], in[k], gain };
    }
    return best;
}

/* A pass: swaps that each move two qubits for good, of which the best beginning stays. Returns the
 * couplers won. */
static int64_t pass(struct choice *c, int *swaps)
{
    struct swap made[PASS_MOST];
    int n = 0, good = 0;
    int64_t won = 0, most = 0;

    memset(c->still, 0, (size_t)c->L->Q);
    for (; n < PASS_MOST; n++) {
        struct swap s = best_swap(c);
        if (s.gain == INT32_MIN) break;
        put(c, s.out, 0);
        put(c, s.in, 1);
        c->still[s.out] = c->still[s.in] = 1;
        made[n] = s;
        won += s.gain;
        if (won > most) {
            most = won;
            good = n + 1;
        }
    }
    while (n-- > good) {
        put(c, made[n].in, 0);
        put(c, made[n].out, 1);
    }
    *swaps += good;
    return most;
}

/* Deal the chosen qubits of a class to its partitions, each the share of its size: partition[q]. */
static void deal(const struct choice *c, int class, int K, const int *size, int *partition)
{
    int n, given[TOPOLOGY_PARTITIONS] = { 0 };
    struct spot *spot = outwards(c, class, 1, &n);

    for (int i = 0; i < n; i++) {
        int to = -1;
        for (int p = 0; p < K; p++) {
            if (class_of(c->L, K, p) != class || given[p] == size[p]) continue;
            if (to < 0 || (int64_t)given[p] * size[to] < (int64_t)given[to] * size[p]) to = p;
        }
        given[to]++;
        partition[spot[i].q] = to;
    }
    mem_free(spot);
}

/* The machine of the chosen qubits. */
static int build(struct topology *T, const struct choice *c, int K, const int *size, struct err *e)
{
    const struct lattice *L = c->L;
    int *partition = mem_take(L->Q, sizeof *partition), *unit = mem_take(L->Q, sizeof *unit), N = 0;
    int32_t *qubit, (*edge)[2] = mem_take(L->M, sizeof *edge);
    int64_t n = 0;

    for (int k = 0; k < L->classes; k++) deal(c, k, K, size, partition);
    for (int p = 0; p < K; p++) N += size[p];
    qubit = mem_take(N, sizeof *qubit);
    for (int p = 0, next = 0; p < K; p++)
        for (int q = 0; q < L->Q; q++) {
            if (!c->in[q] || partition[q] != p) continue;
            qubit[next] = q;
            unit[q] = next++;
        }
    for (int64_t m = 0; m < L->M; m++) {
        int u = L->joint[m][0], v = L->joint[m][1];
        if (!c->in[u] || !c->in[v]) continue;
        edge[n][0] = unit[u];
        edge[n++][1] = unit[v];
    }
    int bad = topology_list(T, K, size, n, (const int32_t(*)[2])edge, NULL, e);
    if (bad)
        mem_free(qubit);
    else
        T->qubit = qubit;
    mem_free(edge);
    mem_free(partition);
    mem_free(unit);
    return bad;
}

int place_choose(struct topology *T, const struct lattice *L, int K, const int *size,
                 struct place *found, struct err *e)
{
    struct choice c = { 0 };
    struct place mine = { 0 };

    *T = (struct topology){ 0 };
    if (K < 1 || K > TOPOLOGY_PARTITIONS)
        return err_set(e, "%d partitions: expected 1 to %d", K, TOPOLOGY_PARTITIONS);
    for (int p = 0; p < K; p++)
        if (size[p] < 1)
            return err_set(e, "partition %d of %d units: expected at least 1", p, size[p]);
    if (L->classes > CLASSES) die("%d classes", L->classes);
    begin(&c, L);
    int bad = nearest(&c, K, size, e);
    if (!bad) {
        int64_t won = 1;
        mine.before = mine.after = count_kept(&c);
        for (int i = 0; i < PASSES && won > 0; i++) mine.after += won = pass(&c, &mine.swaps);
        bad = build(T, &c, K, size, e);
    }
    if (!bad && found != NULL) *found = mine;
    end(&c);
    return bad;
}
