#include "rbm/topology.h"

#include "base/mem.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int64_t MOST_UNITS = (int64_t)1 << 27, MOST_EDGES = (int64_t)1 << 30;

static int partitions(struct topology *T, enum topology_kind kind, int K, const int *size,
                      struct err *e)
{
    int64_t N = 0;

    *T = (struct topology){ .kind = kind };
    if (K < 1 || K > TOPOLOGY_PARTITIONS)
        return err_set(e, "%d partitions: expected 1 to %d", K, TOPOLOGY_PARTITIONS);
    for (int p = 0; p < K; p++) {
        if (size[p] < 1)
            return err_set(e, "partition %d of %d units: expected at least 1", p, size[p]);
        N += size[p];
    }
    if (N >= MOST_UNITS)
        return err_set(e, "%lld units: expected fewer than %lld", (long long)N,
                       (long long)MOST_UNITS);
    T->N = (int)N;
    T->K = K;
    for (int p = 0; p < K; p++) {
        T->size[p] = size[p];
        T->first[p + 1] = T->first[p] + size[p];
    }
    return 0;
}

static int room_for(const struct topology *T, int64_t M, struct err *e)
{
    (void)T;
    if (M < MOST_EDGES) return 0;
    return err_set(e, "%lld edges: expected fewer than %lld", (long long)M, (long long)MOST_EDGES);
}

int topology_none(struct topology *T, int K, const int *size, struct err *e)
{
    if (partitions(T, TOPOLOGY_NONE, K, size, e)) return -1;
    T->edge = mem_take(0, sizeof T->edge[0]);
    T->row = mem_take(T->N + 1, sizeof T->row[0]);
    return 0;
}

int topology_complete(struct topology *T, int K, const int *size, struct err *e)
{
    if (partitions(T, TOPOLOGY_COMPLETE, K, size, e)) return -1;
    for (int p = 0; p < K; p++) T->M += (int64_t)size[p] * (T->N - T->first[p + 1]);
    if (room_for(T, T->M, e)) {
        *T = (struct topology){ 0 };
        return -1;
    }
    T->edge = mem_take(T->M, sizeof T->edge[0]);
    T->row = mem_take(T->N + 1, sizeof T->row[0]);
    int64_t m = 0;
    for (int p = 0; p < K; p++) {
        for (int i = T->first[p]; i < T->first[p + 1]; i++) {
            T->row[i] = m;
            for (int j = T->first[p + 1]; j < T->N; j++, m++) {
                T->edge[m][0] = i;
                T->edge[m][1] = j;
            }
        }
    }
    T->row[T->N] = m;
    return 0;
}

int topology_of(const struct topology *T, int unit)
{
    int low = 0, high = T->K;

    if (unit < 0 || unit >= T->N) die("unit %d of %d", unit, T->N);
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (T->first[middle] <= unit)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* An edge and the place where it was given. */
struct given {
    int32_t i, j;
    int64_t place;
};

static int by_ends(const void *a, const void *b)
{
    const struct given *x = a, *y = b;

    if (x->i != y->i) return x->i < y->i ? -1 : 1;
    if (x->j != y->j) return x->j < y->j ? -1 : 1;
    return x->place < y->place ? -1 : 1;
}

/* The first edge that may not be, or n; why into e. */
static int64_t check(const struct topology *T, int64_t n, const int32_t (*edge)[2], struct err *e)
{
    for (int64_t m = 0; m < n; m++) {
        int i = edge[m][0], j = edge[m][1];
        for (int end = 0; end < 2; end++) {
            if (edge[m][end] >= 0 && edge[m][end] < T->N) continue;
            err_set(e, "unit %d: expected 0 to %d", edge[m][end], T->N - 1);
            return m;
        }
        if (topology_of(T, i) != topology_of(T, j)) continue;
        err_set(e, "units %d and %d are both in partition %d: expected two partitions", i, j,
                topology_of(T, i));
        return m;
    }
    return n;
}

/* Sort into T; the second of two equal edges, or -1. */
static int64_t settle(struct topology *T, int64_t n, const int32_t (*edge)[2], int64_t *order)
{
    struct given *g = mem_take(n, sizeof *g);
    int64_t twice = -1;

    for (int64_t m = 0; m < n; m++) {
        int32_t i = edge[m][0], j = edge[m][1];
        g[m] = (struct given){ i < j ? i : j, i < j ? j : i, m };
    }
    qsort(g, (size_t)n, sizeof *g, by_ends);
    T->M = n;
    T->edge = mem_take(n, sizeof T->edge[0]);
    T->row = mem_take(T->N + 1, sizeof T->row[0]);
    for (int64_t m = 0; m < n; m++) {
        T->edge[m][0] = g[m].i;
        T->edge[m][1] = g[m].j;
        T->row[g[m].i + 1]++;
        if (order != NULL) order[g[m].place] = m;
        if (m > 0 && g[m].i == g[m - 1].i && g[m].j == g[m - 1].j) twice = g[m].place;
    }
    for (int i = 0; i < T->N; i++) T->row[i + 1] += T->row[i];
    mem_free(g);
    return twice;
}

/* As topology_list; *wrong is the edge at fault or -1, and e does not name it. */
static int list(struct topology *T, int K, const int *size, int64_t n, const int32_t (*edge)[2],
                int64_t *order, int64_t *wrong, struct err *e)
{
    *wrong = -1;
    if (partitions(T, TOPOLOGY_LIST, K, size, e) || room_for(T, n, e)) return -1;
    int64_t bad = check(T, n, edge, e);
    if (bad == n) {
        bad = settle(T, n, edge, order);
        if (bad < 0) return 0;
        err_set(e, "units %d and %d are joined twice", edge[bad][0], edge[bad][1]);
    }
    *wrong = bad;
    topology_free(T);
    return -1;
}

int topology_list(struct topology *T, int K, const int *size, int64_t n, const int32_t (*edge)[2],
                  int64_t *order, struct err *e)
{
    int64_t wrong;

    if (list(T, K, size, n, edge, order, &wrong, e) == 0) return 0;
    return wrong < 0 ? -1 : err_within(e, "edge %lld", (long long)wrong);
}

/* The edges of a text as they come. */
struct reading {
    int64_t n, room;
    int32_t (*edge)[2];
    float *weight;
    int64_t *line;
    int weighted; /* -1: not known yet */
};

static void drop(struct reading *r)
{
    mem_free(r->edge);
    mem_free(r->weight);
    mem_free(r->line);
}

/* One line without its comment: 0 when it is empty or an edge. */
static int read_line(struct reading *r, char *text, int64_t line, const char *name, struct err *e)
{
    char *word[4] = { 0 }, *rest = NULL, *end;
    int n = 0;

    for (char *w = strtok_r(text, " \t\r,;", &rest); w != NULL && n < 4;
         w = strtok_r(NULL, " \t\r,;", &rest))
        word[n++] = w;
    if (n == 0) return 0;
    if (n == 1 || n == 4)
        return err_set(e, "%s:%lld: expected 'i j' or 'i j weight'", name, (long long)line);
    if (r->n == r->room) {
        r->room = r->room ? 2 * r->room : 64;
        r->edge = mem_grow(r->edge, r->room, sizeof r->edge[0]);
        r->weight = mem_grow(r->weight, r->room, sizeof r->weight[0]);
        r->line = mem_grow(r->line, r->room, sizeof r->line[0]);
    }
    for (int k = 0; k < 2; k++) {
        errno = 0;
        long long x = strtoll(word[k], &end, 10);
        if (*end != '\0' || errno != 0 || x < 0 || x >= MOST_UNITS)
            return err_set(e, "%s:%lld: '%s': expected the number of a unit", name, (long long)line,
                           word[k]);
        r->edge[r->n][k] = (int32_t)x;
    }
    if (r->weighted >= 0 && r->weighted != (n == 3))
        return err_set(e, "%s:%lld: %s a weight: expected the same on every line", name,
                       (long long)line, n == 3 ? "has" : "lacks");
    r->weighted = n == 3;
    if (n == 3) {
        float w = strtof(word[2], &end);
        if (*end != '\0' || !isfinite(w))
            return err_set(e, "%s:%lld: '%s': expected a finite weight", name, (long long)line,
                           word[2]);
        r->weight[r->n] = w;
    }
    r->line[r->n++] = line;
    return 0;
}

static int read_lines(struct reading *r, char *text, const char *name, struct err *e)
{
    int64_t line = 1;

    for (char *at = text; at != NULL; line++) {
        char *next = strchr(at, '\n');
        if (next != NULL) *next++ = '\0';
        at[strcspn(at, "#")] = '\0';
        if (read_line(r, at, line, name, e)) return -1;
        at = next;
    }
    return 0;
}

int topology_parse(struct topology *T, int K, const int *size, const char *text, const char *name,
                   float **weight, struct err *e)
{
    struct reading r = { .weighted = -1 };
    char *copy = mem_text(text);
    int64_t *order = NULL, wrong;
    int status = -1;

    *T = (struct topology){ 0 };
    if (weight != NULL) *weight = NULL;
    if (read_lines(&r, copy, name, e)) goto done;
    order = mem_take(r.n, sizeof *order);
    if (list(T, K, size, r.n, (const int32_t(*)[2])r.edge, order, &wrong, e)) {
        if (wrong < 0)
            err_within(e, "%s", name);
        else
            err_within(e, "%s:%lld", name, (long long)r.line[wrong]);
        goto done;
    }
    if (weight != NULL && r.weighted == 1) {
        *weight = mem_take(r.n, sizeof **weight);
        for (int64_t m = 0; m < r.n; m++) (*weight)[order[m]] = r.weight[m];
    }
    status = 0;
done:
    mem_free(order);
    mem_free(copy);
    drop(&r);
    return status;
}

void topology_copy(struct topology *to, const struct topology *from)
{
    *to = *from;
    to->edge = mem_take(from->M, sizeof to->edge[0]);
    to->row = mem_take(from->N + 1, sizeof to->row[0]);
    if (from->edge != NULL) memcpy(to->edge, from->edge, (size_t)from->M * sizeof to->edge[0]);
    if (from->row != NULL) memcpy(to->row, from->row, ((size_t)from->N + 1) * sizeof to->row[0]);
    if (from->qubit == NULL) return;
    to->qubit = mem_take(from->N, sizeof to->qubit[0]);
    memcpy(to->qubit, from->qubit, (size_t)from->N * sizeof to->qubit[0]);
}

void topology_free(struct topology *T)
{
    mem_free(T->edge);
    mem_free(T->row);
    mem_free(T->qubit);
    *T = (struct topology){ 0 };
}

int topology_same(const struct topology *a, const struct topology *b)
{
    return a->K == b->K && a->M == b->M &&
           memcmp(a->size, b->size, (size_t)a->K * sizeof a->size[0]) == 0 &&
           memcmp(a->edge, b->edge, (size_t)a->M * sizeof a->edge[0]) == 0;
}

int64_t topology_find(const struct topology *T, int i, int j)
{
    int a = i < j ? i : j, b = i < j ? j : i;

    if (a < 0 || b >= T->N) die("edge of units %d and %d of %d", i, j, T->N);
    int64_t low = T->row[a], high = T->row[a + 1];
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (T->edge[middle][1] < b)
            low = middle + 1;
        else
            high = middle;
    }
    return low < T->row[a + 1] && T->edge[low][1] == b ? low : -1;
}
