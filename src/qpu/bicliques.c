#include "qpu/bicliques.h"

#include "base/mem.h"

#include <string.h>

/* Lines of both directions that are whole over a rectangle. */
struct rectangle {
    const struct strands *s;
    int low[2], high[2]; /* columns, rows */
    int n[2];
    int *line[2];  /* [n] owned */
    int *lacks[2]; /* [n] couplers that are missing; owned */
};

static void rectangle_take(struct rectangle *r, const struct strands *s)
{
    *r = (struct rectangle){ .s = s };
    for (int u = 0; u < 2; u++) {
        r->line[u] = mem_take(s->lines[u], sizeof *r->line[u]);
        r->lacks[u] = mem_take(s->lines[u], sizeof *r->lacks[u]);
    }
}

static void rectangle_free(struct rectangle *r)
{
    for (int u = 0; u < 2; u++) {
        mem_free(r->line[u]);
        mem_free(r->lacks[u]);
    }
}

/* The lines that are whole; 0 when they are fewer than wanted. */
static int collect(struct rectangle *r, const int want[2])
{
    int per = r->s->per;

    for (int u = 0; u < 2; u++) {
        r->n[u] = 0;
        int end = (r->high[u] + 1) * per;
        for (int i = r->low[u] * per; i < end && r->n[u] + end - i >= want[u]; i++)
            if (strands_reach(r->s, u, i, r->low[1 - u], r->high[1 - u]) == r->high[1 - u])
                r->line[u][r->n[u]++] = i;
        if (r->n[u] < want[u]) return 0;
    }
    return 1;
}

static void count_lacks(struct rectangle *r)
{
    for (int u = 0; u < 2; u++) memset(r->lacks[u], 0, (size_t)r->n[u] * sizeof **r->lacks);
    for (int a = 0; a < r->n[0]; a++)
        for (int b = 0; b < r->n[1]; b++) {
            int lacks = !strands_cross(r->s, r->line[0][a], r->line[1][b]);
            r->lacks[0][a] += lacks;
            r->lacks[1][b] += lacks;
        }
}

/* Without the lines that lack the most couplers, as far as there are more than wanted: 1 when none
 * lacks one. */
static int weed(struct rectangle *r, const int want[2])
{
    for (;;) {
        int most = 0, spare = 0, from = 0, worst = 0;
        count_lacks(r);
        for (int u = 0; u < 2; u++)
            for (int i = 0; i < r->n[u]; i++) {
                most = r->lacks[u][i] > most ? r->lacks[u][i] : most;
                if (r->n[u] > want[u] && r->lacks[u][i] > spare)
                    spare = r->lacks[u][i], from = u, worst = i;
            }
        if (most == 0) return 1;
        if (spare == 0) return 0;
        r->n[from]--;
        memmove(r->line[from] + worst, r->line[from] + worst + 1,
                (size_t)(r->n[from] - worst) * sizeof **r->line);
    }
}

/* Rectangles of this many columns and rows, everywhere: 1 when one has enough. */
static int try_size(struct rectangle *r, int width, int height, const int want[2])
{
    const struct strands *s = r->s;

    int columns = (s->extent[0] - width) / s->step + 1,
        rows = (s->extent[1] - height) / s->step + 1;

    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            r->low[0] = strands_place(j, columns) * s->step;
            r->low[1] = strands_place(i, rows) * s->step;
            r->high[0] = r->low[0] + width - 1;
            r->high[1] = r->low[1] + height - 1;
            if (collect(r, want) && weed(r, want)) return 1;
        }
    return 0;
}

/* Smallest first: total is how much wider and higher than the least it is in all. */
static int search(struct rectangle *r, const int want[2])
{
    const struct strands *s = r->s;
    int grow = s->per > 1 ? 1 : s->step;
    int least[2] = { (want[0] + s->per - 1) / s->per, (want[1] + s->per - 1) / s->per };
    int most = (s->extent[0] - least[0]) / grow + (s->extent[1] - least[1]) / grow;

    for (int total = 0; total <= most; total++)
        for (int wider = 0; wider <= total; wider++) {
            int width = least[0] + wider * grow, height = least[1] + (total - wider) * grow;
            if (width > s->extent[0] || height > s->extent[1]) continue;
            if (try_size(r, width, height, want)) return 1;
        }
    return 0;
}

/* The first n of one direction and the first m of the other, no longer than they need to be. */
static void put_chains(struct embedding *b, const struct rectangle *r, const int want[2])
{
    const struct strands *s = r->s;
    int64_t at = 0, first, end;

    embedding_take(b, want[0] + want[1],
                   (int64_t)want[0] * s->extent[1] + (int64_t)want[1] * s->extent[0]);
    for (int u = 0, chain = 0; u < 2; u++)
        for (int i = 0; i < want[u]; i++, chain++) {
            int low = s->line[1 - u][r->line[1 - u][0]].at;
            int high = s->line[1 - u][r->line[1 - u][want[1 - u] - 1]].at;
            if (!strands_run(s, u, r->line[u][i], low, high, &first, &end))
                die("a line of a biclique is broken");
            for (int64_t k = first; k < end; k++) b->qubit[at++] = s->part[u][k].qubit;
            b->first[chain + 1] = at;
        }
}

int bicliques_complete(struct embedding *b, const struct strands *s, int n, int m, struct err *e)
{
    const int want[2] = { n, m };
    struct rectangle r;

    *b = (struct embedding){ 0 };
    rectangle_take(&r, s);
    int found = search(&r, want);
    if (found)
        put_chains(b, &r, want);
    else
        err_set(e, "no biclique of %d and %d chains fits on what works of the chip", n, m);
    rectangle_free(&r);
    return found ? 0 : -1;
}

int bicliques_sides(const struct ising *g, uint8_t *side, struct err *e)
{
    enum { NONE = 2 };
    int count[2] = { 0, 0 }, bad = 0;

    memset(side, NONE, (size_t)g->n);
    for (int start = 0; start < g->n && !bad; start++) {
        if (side[start] != NONE) continue;
        int coupled = 0;
        for (int64_t k = 0; k < g->m && !coupled; k++)
            coupled = g->pair[k][0] == start || g->pair[k][1] == start;
        if (!coupled) continue;
        side[start] = 0;
        for (int grew = 1; grew && !bad;) { /* all that hangs together with it */
            grew = 0;
            for (int64_t k = 0; k < g->m && !bad; k++) {
                uint8_t *a = &side[g->pair[k][0]], *b = &side[g->pair[k][1]];
                if (*a == *b && *a != NONE)
                    bad = err_set(e,
                                  "units %d and %d are coupled and on one side: the machine is "
                                  "not bipartite, expected anneal.embedding: clique",
                                  g->unit[g->pair[k][0]], g->unit[g->pair[k][1]]);
                if ((*a == NONE) == (*b == NONE)) continue;
                if (*a == NONE)
                    *a = 1 - *b;
                else
                    *b = 1 - *a;
                grew = 1;
            }
        }
    }
    if (bad) return -1;
    for (int i = 0; i < g->n; i++)
        if (side[i] != NONE) count[side[i]]++;
    for (int i = 0; i < g->n; i++)
        if (side[i] == NONE) count[side[i] = count[1] < count[0]]++;
    return 0;
}
