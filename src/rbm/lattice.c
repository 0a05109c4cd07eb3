#include "rbm/lattice.h"

#include "base/err.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

void lattice_init(struct lattice *L, int Q, int classes)
{
    *L = (struct lattice){ .Q = Q, .classes = classes, .centre = { NAN, NAN } };
    L->class = mem_take(Q, sizeof *L->class);
    L->at = mem_take(Q, sizeof *L->at);
    for (int q = 0; q < Q; q++) L->class[q] = LATTICE_NONE;
}

void lattice_free(struct lattice *L)
{
    mem_free(L->class);
    mem_free(L->at);
    mem_free(L->joint);
    mem_free(L->cut);
    *L = (struct lattice){ 0 };
}

void lattice_qubit(struct lattice *L, int q, int c, double x, double y)
{
    if (q < 0 || q >= L->Q || c < 0 || c >= L->classes)
        die("qubit %d of %d in class %d of %d", q, L->Q, c, L->classes);
    L->class[q] = c;
    L->at[q][0] = x;
    L->at[q][1] = y;
}

void lattice_join(struct lattice *L, int u, int v)
{
    if (u < 0 || v < 0 || u >= L->Q || v >= L->Q) die("coupler %d-%d of %d qubits", u, v, L->Q);
    if (L->M == L->room) {
        L->room = L->room ? 2 * L->room : 1024;
        L->joint = mem_grow(L->joint, L->room, sizeof *L->joint);
        L->cut = mem_grow(L->cut, L->room, sizeof *L->cut);
    }
    L->joint[L->M][0] = u < v ? u : v;
    L->joint[L->M++][1] = u < v ? v : u;
}

static int by_ends(const void *a, const void *b)
{
    const int32_t *x = a, *y = b;

    if (x[0] != y[0]) return x[0] < y[0] ? -1 : 1;
    return (x[1] > y[1]) - (x[1] < y[1]);
}

/* The middle of the box around all qubits. */
static void find_centre(struct lattice *L)
{
    for (int d = 0; d < 2; d++) {
        double low = INFINITY, high = -INFINITY;
        for (int q = 0; q < L->Q; q++) {
            if (L->class[q] < 0) continue;
            low = fmin(low, L->at[q][d]);
            high = fmax(high, L->at[q][d]);
        }
        L->centre[d] = (low + high) / 2;
    }
}

void lattice_settle(struct lattice *L)
{
    int64_t n = 0;

    for (int64_t m = 0; m < L->M; m++) {
        int u = L->joint[m][0], v = L->joint[m][1];
        int drop = L->cut[m] || L->class[u] < 0 || L->class[v] < 0;
        L->cut[m] = 0;
        if (drop) continue;
        if (L->class[u] == L->class[v]) die("coupler %d-%d inside class %d", u, v, L->class[u]);
        L->joint[n][0] = u;
        L->joint[n++][1] = v;
    }
    L->M = n;
    if (n > 0) qsort(L->joint, (size_t)n, sizeof *L->joint, by_ends);
    for (int64_t m = 1; m < n; m++)
        if (by_ends(L->joint[m - 1], L->joint[m]) == 0)
            die("coupler %d-%d twice", L->joint[m][0], L->joint[m][1]);
    if (isnan(L->centre[0])) find_centre(L);
}

int64_t lattice_find(const struct lattice *L, int u, int v)
{
    const int32_t key[2] = { u < v ? u : v, u < v ? v : u };

    if (L->M == 0) return -1;
    const int32_t(*found)[2] = bsearch(key, L->joint, (size_t)L->M, sizeof *L->joint, by_ends);
    return found == NULL ? -1 : found - (const int32_t(*)[2])L->joint;
}

int lattice_count(const struct lattice *L, int c)
{
    int n = 0;

    for (int q = 0; q < L->Q; q++) n += c < 0 ? L->class[q] >= 0 : L->class[q] == c;
    return n;
}
