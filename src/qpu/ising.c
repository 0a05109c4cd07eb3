#include "qpu/ising.h"

#include "base/mem.h"

#include <string.h>

void ising_init(struct ising *g, const struct rbm *m, int clamped)
{
    const struct topology *T = &m->T;
    int held = 0;

    *g = (struct ising){ .n = clamped ? T->N - m->held : T->N, .N = T->N, .scale = 1.0 };
    g->unit = mem_take(g->n, sizeof *g->unit);
    g->qubit = mem_take(g->n, sizeof *g->qubit);
    g->h = mem_take(g->n, sizeof *g->h);
    g->spin = mem_take(T->N, sizeof *g->spin);
    for (int i = 0, k = 0; i < T->N; i++) {
        if (clamped && rbm_is_held(m, i)) {
            g->spin[i] = -1 - held++;
            continue;
        }
        g->spin[i] = k;
        g->unit[k] = i;
        g->qubit[k++] = T->qubit != NULL ? T->qubit[i] : i;
    }
    g->pair = mem_take(T->M, sizeof *g->pair);
    g->J = mem_take(T->M, sizeof *g->J);
    g->sign = mem_take((int64_t)g->n * ISING_TILE, sizeof *g->sign);
}

void ising_free(struct ising *g)
{
    mem_free(g->unit);
    mem_free(g->spin);
    mem_free(g->qubit);
    mem_free(g->h);
    mem_free(g->pair);
    mem_free(g->J);
    mem_free(g->sign);
    *g = (struct ising){ 0 };
}

/* The coupling of units a and b, of which at least one drops out; adds to the offset. */
static double drop_out(struct ising *g, int a, int b, double w, const uint8_t *u)
{
    int i = g->spin[a], j = g->spin[b];

    if (i < 0 && j < 0) return u[-1 - i] && u[-1 - j] ? -w : 0.0;
    if (!u[-1 - (i < 0 ? i : j)]) return 0.0;
    g->h[i < 0 ? j : i] -= w / 2.0;
    return -w / 2.0;
}

void ising_set(struct ising *g, const struct rbm *m, double scale, const uint8_t *u)
{
    const struct topology *T = &m->T;
    double offset = 0.0;

    g->scale = scale;
    g->m = 0;
    for (int a = 0; a < T->N; a++) {
        double b = (double)m->bias[a];
        if (g->spin[a] >= 0) {
            g->h[g->spin[a]] = -b / 2.0;
            offset -= b / 2.0;
        } else if (u[-1 - g->spin[a]]) {
            offset -= b;
        }
    }
    for (int64_t k = 0; k < T->M; k++) {
        int i = g->spin[T->edge[k][0]], j = g->spin[T->edge[k][1]];
        double w = (double)m->weight[k];
        if (i < 0 || j < 0) {
            offset += drop_out(g, T->edge[k][0], T->edge[k][1], w, u);
            continue;
        }
        g->pair[g->m][0] = i;
        g->pair[g->m][1] = j;
        g->J[g->m++] = -w / 4.0 / scale;
        g->h[i] -= w / 4.0;
        g->h[j] -= w / 4.0;
        offset -= w / 4.0;
    }
    for (int k = 0; k < g->n; k++) g->h[k] /= scale;
    g->offset = offset / scale;
}

void ising_rescale(struct ising *g, double scale)
{
    double ratio = g->scale / scale;

    for (int i = 0; i < g->n; i++) g->h[i] *= ratio;
    for (int64_t k = 0; k < g->m; k++) g->J[k] *= ratio;
    g->offset *= ratio;
    g->scale = scale;
}

void ising_take(struct ising *g, int n, int64_t m)
{
    *g = (struct ising){ .n = n, .N = n, .m = m, .scale = 1.0 };
    g->unit = mem_take(n, sizeof *g->unit);
    g->spin = mem_take(n, sizeof *g->spin);
    g->qubit = mem_take(n, sizeof *g->qubit);
    g->h = mem_take(n, sizeof *g->h);
    g->pair = mem_take(m, sizeof *g->pair);
    g->J = mem_take(m, sizeof *g->J);
    g->sign = mem_take((int64_t)n * ISING_TILE, sizeof *g->sign);
    for (int k = 0; k < n; k++) g->unit[k] = g->spin[k] = g->qubit[k] = k;
}

void ising_from(struct ising *g, int n, const int32_t *qubit, const double *b, int64_t m,
                const int32_t (*pair)[2], const double *W, double scale)
{
    ising_take(g, n, m);
    g->scale = scale;
    for (int k = 0; k < n; k++) {
        g->qubit[k] = qubit[k];
        g->h[k] = -b[k] / 2.0 / scale;
        g->offset -= b[k] / 2.0 / scale;
    }
    for (int64_t k = 0; k < m; k++) {
        double quarter = W[k] / 4.0 / scale;
        memcpy(g->pair[k], pair[k], sizeof pair[k]);
        g->J[k] = -quarter;
        g->h[pair[k][0]] -= quarter;
        g->h[pair[k][1]] -= quarter;
        g->offset -= quarter;
    }
}

/* s of ISING_TILE states, spin by spin; past the last of n states there are none, 0. */
static void spread(double *sign, const uint8_t *states, int spins, int64_t n)
{
    static const double of[2] = { -1.0, 1.0 };

    for (int k = 0; k < spins && n == ISING_TILE; k++)
        for (int t = 0; t < ISING_TILE; t++)
            sign[(int64_t)k * ISING_TILE + t] = of[states[(int64_t)t * spins + k] & 1];
    for (int k = 0; k < spins && n < ISING_TILE; k++)
        for (int t = 0; t < ISING_TILE; t++)
            sign[(int64_t)k * ISING_TILE + t] =
                t < n ? of[states[(int64_t)t * spins + k] & 1] : 0.0;
}

/* The states of a tile go together, each summed in the order of the definition. */
static void tile_energy(const struct ising *g, const double *restrict sign, double *restrict energy)
{
    double sum[ISING_TILE] = { 0.0 };

    for (int k = 0; k < g->n; k++)
        for (int t = 0; t < ISING_TILE; t++) sum[t] += g->h[k] * sign[(int64_t)k * ISING_TILE + t];
    for (int64_t k = 0; k < g->m; k++) {
        const double *a = sign + (int64_t)g->pair[k][0] * ISING_TILE;
        const double *b = sign + (int64_t)g->pair[k][1] * ISING_TILE;
        double J = g->J[k];
        for (int t = 0; t < ISING_TILE; t++) sum[t] += J * (a[t] * b[t]);
    }
    memcpy(energy, sum, sizeof sum);
}

void ising_energy(const struct ising *g, const uint8_t *states, int64_t n, double *energy)
{
    double tile[ISING_TILE];

    for (int64_t r = 0; r < n; r += ISING_TILE) {
        int64_t some = n - r < ISING_TILE ? n - r : ISING_TILE;
        spread(g->sign, states + r * g->n, g->n, some);
        tile_energy(g, g->sign, tile);
        memcpy(energy + r, tile, (size_t)some * sizeof *tile);
    }
}

/* Neighbours of every spin: first [n + 1], near [2m]. */
static void neighbours(const struct ising *g, int64_t *first, int32_t *near)
{
    for (int64_t k = 0; k < g->m; k++) {
        first[g->pair[k][0] + 1]++;
        first[g->pair[k][1] + 1]++;
    }
    for (int i = 0; i < g->n; i++) first[i + 1] += first[i];
    int64_t *next = mem_take(g->n, sizeof *next);
    memcpy(next, first, (size_t)g->n * sizeof *next);
    for (int64_t k = 0; k < g->m; k++) {
        near[next[g->pair[k][0]]++] = g->pair[k][1];
        near[next[g->pair[k][1]]++] = g->pair[k][0];
    }
    mem_free(next);
}

/* The least colour that no neighbour before it has: at most one more than the largest degree. */
static int colour_all(const struct ising *g, int *colour, int *size, struct err *e)
{
    int64_t *first = mem_take(g->n + 1, sizeof *first);
    int32_t *near = mem_take(2 * g->m, sizeof *near);
    int colours = 0, bad = 0;

    neighbours(g, first, near);
    for (int i = 0; i < g->n; i++) colour[i] = -1;
    for (int i = 0; i < g->n && !bad; i++) {
        uint64_t taken = 0;
        for (int64_t k = first[i]; k < first[i + 1]; k++)
            if (colour[near[k]] >= 0) taken |= UINT64_C(1) << colour[near[k]];
        int c = 0;
        while (c < TOPOLOGY_PARTITIONS && (taken >> c & 1)) c++;
        if (c == TOPOLOGY_PARTITIONS)
            bad = err_set(e, "a problem needs more than %d colours to be drawn by Gibbs sweeps",
                          TOPOLOGY_PARTITIONS);
        colour[i] = c;
        if (!bad) size[c]++;
        if (c >= colours) colours = c + 1;
    }
    mem_free(first);
    mem_free(near);
    return bad ? -1 : colours;
}

/* b and W of the machine whose -E is -beta H but for a constant. */
static void set_machine(struct rbm *m, const struct ising *g, const int32_t *place,
                        const int64_t *order, double beta)
{
    double *b = mem_take(g->n, sizeof *b);

    for (int k = 0; k < g->n; k++) b[k] = -2.0 * beta * g->h[k];
    for (int64_t k = 0; k < g->m; k++) {
        m->weight[order[k]] = (float)(-4.0 * beta * g->J[k]);
        b[g->pair[k][0]] += 2.0 * beta * g->J[k];
        b[g->pair[k][1]] += 2.0 * beta * g->J[k];
    }
    for (int k = 0; k < g->n; k++) m->bias[place[k]] = (float)b[k];
    mem_free(b);
    rbm_prepare(m);
}

int ising_machine(struct rbm *m, int32_t *place, const struct ising *g, double beta, struct err *e)
{
    int size[TOPOLOGY_PARTITIONS] = { 0 }, next[TOPOLOGY_PARTITIONS] = { 0 };
    int *colour = mem_take(g->n, sizeof *colour);
    int32_t(*edge)[2] = mem_take(g->m, sizeof *edge);
    int64_t *order = mem_take(g->m, sizeof *order);
    struct topology T = { 0 };

    *m = (struct rbm){ 0 };
    int K = colour_all(g, colour, size, e), bad = K < 0;
    for (int c = 1; c < K; c++) next[c] = next[c - 1] + size[c - 1];
    for (int i = 0; i < g->n && !bad; i++) place[i] = next[colour[i]]++;
    for (int64_t k = 0; k < g->m && !bad; k++) {
        edge[k][0] = place[g->pair[k][0]];
        edge[k][1] = place[g->pair[k][1]];
    }
    bad = bad || topology_list(&T, K, size, g->m, (const int32_t(*)[2])edge, order, e);
    if (!bad) {
        rbm_init(m, &T, -1);
        set_machine(m, g, place, order, beta);
    }
    mem_free(colour);
    mem_free(edge);
    mem_free(order);
    return bad ? -1 : 0;
}
