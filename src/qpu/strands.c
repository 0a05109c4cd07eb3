#include "qpu/strands.h"

#include "base/mem.h"
#include "rbm/pegasus.h"

#include <stdio.h>

enum { PEGASUS_LINES = 12 };

/* Where a qubit lies: direction, number of its line, its column or row, and what it spans. */
struct spot {
    int u, line, at, low, high;
};

struct shape {
    enum chip_kind kind;
    int m, n, t;
};

static struct shape shape_of(enum chip_kind kind, const char *size)
{
    struct shape s = { .kind = kind };
    int got = sscanf(size, "%d,%d,%d", &s.m, &s.n, &s.t);

    if (kind == CHIP_ZEPHYR) s.t = got > 1 ? s.n : 4;
    if (kind == CHIP_CHIMERA && got < 2) s.n = s.m;
    if (kind == CHIP_CHIMERA && got < 3) s.t = 4;
    return s;
}

static struct spot spot_chimera(const struct shape *s, int q)
{
    int k = q % s->t, u = q / s->t % 2, j = q / (2 * s->t) % s->n, i = q / (2 * s->t * s->n);
    int line = (u == 0 ? j : i) * s->t + k, low = (u == 0 ? i : j) * s->t;

    return (struct spot){ u, line, line, low, low + s->t - 1 };
}

static struct spot spot_pegasus(const struct shape *s, int q)
{
    int z = q % (s->m - 1), k = q / (s->m - 1) % PEGASUS_LINES;
    int w = q / ((s->m - 1) * PEGASUS_LINES) % s->m, u = q / ((s->m - 1) * PEGASUS_LINES * s->m);
    int line = PEGASUS_LINES * w + k, low = PEGASUS_LINES * z + pegasus_begin(u, k);

    return (struct spot){ u, line, line, low, low + PEGASUS_LINES - 1 };
}

static struct spot spot_zephyr(const struct shape *s, int q)
{
    int z = q % s->m, j = q / s->m % 2, k = q / (2 * s->m) % s->t;
    int w = q / (2 * s->m * s->t) % (2 * s->m + 1), u = q / (2 * s->m * s->t * (2 * s->m + 1));

    return (struct spot){ u, (w * s->t + k) * 2 + j, w, 2 * z + j, 2 * z + j + 1 };
}

static struct spot spot_of(const struct shape *s, int q)
{
    if (s->kind == CHIP_CHIMERA) return spot_chimera(s, q);
    return s->kind == CHIP_PEGASUS ? spot_pegasus(s, q) : spot_zephyr(s, q);
}

static void set_extents(struct strands *s, const struct shape *x)
{
    s->per = x->kind == CHIP_ZEPHYR ? 2 * x->t : 1;
    s->step = x->kind == CHIP_CHIMERA ? x->t : x->kind == CHIP_PEGASUS ? PEGASUS_LINES / 2 : 1;
    s->extent[0] = x->kind == CHIP_CHIMERA   ? x->n * x->t
                   : x->kind == CHIP_PEGASUS ? PEGASUS_LINES * x->m
                                             : 2 * x->m + 1;
    s->extent[1] = x->kind == CHIP_CHIMERA ? x->m * x->t : s->extent[0];
    for (int u = 0; u < 2; u++) s->lines[u] = s->extent[u] * s->per;
}

void strands_init(struct strands *s, const struct vicinity *v, enum chip_kind kind,
                  const char *size)
{
    struct shape x = shape_of(kind, size);

    *s = (struct strands){ .v = v };
    set_extents(s, &x);
    for (int u = 0; u < 2; u++) s->line[u] = mem_take(s->lines[u], sizeof *s->line[u]);
    for (int q = 0; q < v->Q; q++) {
        struct spot p = spot_of(&x, q);
        s->line[p.u][p.line].at = p.at;
        s->line[p.u][p.line].end += vicinity_works(v, q);
    }
    for (int u = 0; u < 2; u++) {
        int64_t sum = 0;
        for (int i = 0; i < s->lines[u]; i++) {
            int64_t n = s->line[u][i].end;
            s->line[u][i].first = s->line[u][i].end = sum;
            s->line[u][i].at = i / s->per; /* of a line without qubits too */
            sum += n;
        }
        s->part[u] = mem_take(sum, sizeof *s->part[u]);
    }
    for (int q = 0; q < v->Q; q++) { /* numbers of a line ascend along it */
        struct spot p = spot_of(&x, q);
        if (!vicinity_works(v, q)) continue;
        s->part[p.u][s->line[p.u][p.line].end++] = (struct stretch){ q, p.low, p.high };
    }
}

void strands_free(struct strands *s)
{
    for (int u = 0; u < 2; u++) {
        mem_free(s->line[u]);
        mem_free(s->part[u]);
    }
    *s = (struct strands){ 0 };
}

int64_t strands_at(const struct strands *s, int u, int i, int where)
{
    for (int64_t k = s->line[u][i].first; k < s->line[u][i].end; k++)
        if (s->part[u][k].low <= where && where <= s->part[u][k].high) return k;
    return -1;
}

/* Do stretches k and k + 1 of a line follow each other, coupled? */
static int follows(const struct strands *s, int u, int64_t k)
{
    const struct stretch *a = &s->part[u][k];

    return a[1].low == a[0].high + 1 && vicinity_joined(s->v, a[0].qubit, a[1].qubit);
}

int strands_reach(const struct strands *s, int u, int i, int from, int to)
{
    int64_t k = strands_at(s, u, i, from);

    if (to >= from) {
        if (k < 0) return from - 1;
        while (s->part[u][k].high < to && k + 1 < s->line[u][i].end && follows(s, u, k)) k++;
        return s->part[u][k].high < to ? s->part[u][k].high : to;
    }
    if (k < 0) return from + 1;
    while (s->part[u][k].low > to && k > s->line[u][i].first && follows(s, u, k - 1)) k--;
    return s->part[u][k].low > to ? s->part[u][k].low : to;
}

int strands_run(const struct strands *s, int u, int i, int low, int high, int64_t *first,
                int64_t *end)
{
    if (strands_reach(s, u, i, low, high) != high) return 0;
    *first = strands_at(s, u, i, low);
    *end = strands_at(s, u, i, high) + 1;
    return 1;
}

int strands_place(int k, int n)
{
    int middle = (n - 1) / 2;

    return k % 2 == 1 ? middle + (k + 1) / 2 : middle - k / 2;
}

int strands_cross(const struct strands *s, int a, int b)
{
    int64_t x = strands_at(s, 0, a, s->line[1][b].at), y = strands_at(s, 1, b, s->line[0][a].at);

    return x >= 0 && y >= 0 && vicinity_joined(s->v, s->part[0][x].qubit, s->part[1][y].qubit);
}
