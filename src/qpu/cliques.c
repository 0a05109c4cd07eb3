#include "qpu/cliques.h"

#include "base/mem.h"

#include <string.h>

/* One square, seen so that chains begin at its first row and end at its last column: dx, dy of +1
 * or -1 turn it. */
struct square {
    const struct strands *s;
    int x0, x1, y0, y1; /* first and last column and row, in the order of dx and dy */
    int dx, dy;
    int lines;         /* of either direction */
    int *column, *row; /* [lines] lines in that order */
    int *reach_x;      /* [lines] of a row's line: the first column from which it goes to x1 */
    int *reach_y;      /* [lines] of a column's line: the last row to which it goes from y0 */
    int16_t *best;     /* [(lines + 1)^2] */
    int *vertical, *horizontal; /* [lines] the pairs that were found */
    int pairs;
};

static void square_take(struct square *q, const struct strands *s)
{
    int most = s->lines[0] > s->lines[1] ? s->lines[0] : s->lines[1];

    *q = (struct square){ .s = s };
    q->column = mem_take(most, sizeof *q->column);
    q->row = mem_take(most, sizeof *q->row);
    q->reach_x = mem_take(most, sizeof *q->reach_x);
    q->reach_y = mem_take(most, sizeof *q->reach_y);
    q->best = mem_take((int64_t)(most + 1) * (most + 1), sizeof *q->best);
    q->vertical = mem_take(most, sizeof *q->vertical);
    q->horizontal = mem_take(most, sizeof *q->horizontal);
}

static void square_free(struct square *q)
{
    mem_free(q->column);
    mem_free(q->row);
    mem_free(q->reach_x);
    mem_free(q->reach_y);
    mem_free(q->best);
    mem_free(q->vertical);
    mem_free(q->horizontal);
}

/* The lines of a square of `width` columns and rows at (x, y), and how far they go. */
static void look(struct square *q, int x, int y, int width, int turn)
{
    int per = q->s->per;

    q->dx = turn & 1 ? -1 : 1;
    q->dy = turn & 2 ? -1 : 1;
    q->x0 = q->dx > 0 ? x : x + width - 1;
    q->x1 = q->dx > 0 ? x + width - 1 : x;
    q->y0 = q->dy > 0 ? y : y + width - 1;
    q->y1 = q->dy > 0 ? y + width - 1 : y;
    q->lines = width * per;
    for (int i = 0; i < q->lines; i++) {
        q->column[i] = (q->x0 + q->dx * (i / per)) * per + i % per;
        q->row[i] = (q->y0 + q->dy * (i / per)) * per + i % per;
        q->reach_y[i] = strands_reach(q->s, 0, q->column[i], q->y0, q->y1);
        q->reach_x[i] = strands_reach(q->s, 1, q->row[i], q->x1, q->x0);
    }
}

/* May column line a and row line b make a chain? */
static int fits(const struct square *q, int a, int b)
{
    int x = q->s->line[0][q->column[a]].at, y = q->s->line[1][q->row[b]].at;

    return q->dy * (q->reach_y[a] - y) >= 0 && q->dx * (x - q->reach_x[b]) >= 0 &&
           strands_cross(q->s, q->column[a], q->row[b]);
}

/* The most pairs that ascend in both orders, into vertical and horizontal. */
static void pair_up(struct square *q)
{
    int w = q->lines + 1;
    int16_t *f = q->best;

    memset(f, 0, (size_t)w * sizeof *f);
    for (int a = 0; a < q->lines; a++) {
        f[(a + 1) * w] = 0;
        for (int b = 0; b < q->lines; b++) {
            int16_t up = f[a * w + b + 1], left = f[(a + 1) * w + b], both = f[a * w + b];
            int16_t most = up > left ? up : left;
            if (both >= most && fits(q, a, b)) most = (int16_t)(both + 1);
            f[(a + 1) * w + b + 1] = most;
        }
    }
    q->pairs = f[q->lines * w + q->lines];
    for (int a = q->lines, b = q->lines, k = q->pairs; k > 0;) {
        if (f[a * w + b] == f[(a - 1) * w + b]) {
            a--;
        } else if (f[a * w + b] == f[a * w + b - 1]) {
            b--;
        } else {
            q->vertical[--k] = q->column[--a];
            q->horizontal[k] = q->row[--b];
        }
    }
}

static int coupled(const struct square *q, int i, int j)
{
    return i < j ? strands_cross(q->s, q->vertical[j], q->horizontal[i])
                 : strands_cross(q->s, q->vertical[i], q->horizontal[j]);
}

/* Without the chains that lack couplers to the most others, until none lacks one or fewer than n
 * are left. */
static void weed(struct square *q, int n)
{
    while (q->pairs >= n) {
        int worst = 0, most = 0;
        for (int i = 0; i < q->pairs; i++) {
            int lacks = 0;
            for (int j = 0; j < q->pairs; j++) lacks += j != i && !coupled(q, i, j);
            if (lacks > most) most = lacks, worst = i;
        }
        if (most == 0) return;
        q->pairs--;
        memmove(q->vertical + worst, q->vertical + worst + 1,
                (size_t)(q->pairs - worst) * sizeof *q->vertical);
        memmove(q->horizontal + worst, q->horizontal + worst + 1,
                (size_t)(q->pairs - worst) * sizeof *q->horizontal);
    }
}

/* The stretches of line i of direction u from a to b, in either order, onto the chain. */
static void put_run(struct embedding *m, const struct strands *s, int u, int i, int a, int b,
                    int64_t *at)
{
    int64_t first, end;

    if (!strands_run(s, u, i, a < b ? a : b, a < b ? b : a, &first, &end))
        die("a line of a clique is broken");
    for (int64_t k = first; k < end; k++) m->qubit[(*at)++] = s->part[u][k].qubit;
}

static void put_chains(struct embedding *m, const struct square *q, int n)
{
    const struct strands *s = q->s;
    int top = s->line[1][q->horizontal[0]].at, end = s->line[0][q->vertical[n - 1]].at;
    int64_t at = 0;

    embedding_take(m, n, (int64_t)n * (s->extent[0] + s->extent[1]));
    for (int i = 0; i < n; i++) {
        int x = s->line[0][q->vertical[i]].at, y = s->line[1][q->horizontal[i]].at;
        put_run(m, s, 0, q->vertical[i], top, y, &at);
        put_run(m, s, 1, q->horizontal[i], x, end, &at);
        m->first[i + 1] = at;
    }
}

/* All places and turns of a square of this width: 1 when n chains were found. */
static int try_width(struct square *q, int width, int n)
{
    const struct strands *s = q->s;

    int columns = (s->extent[0] - width) / s->step + 1, rows = (s->extent[1] - width) / s->step + 1;

    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            for (int turn = 0; turn < 4; turn++) {
                look(q, strands_place(j, columns) * s->step, strands_place(i, rows) * s->step,
                     width, turn);
                pair_up(q);
                if (q->pairs >= n) weed(q, n);
                if (q->pairs >= n) return 1;
            }
    return 0;
}

int cliques_complete(struct embedding *m, const struct strands *s, int n, struct err *e)
{
    int most = s->extent[0] < s->extent[1] ? s->extent[0] : s->extent[1], found = 0;
    struct square q;

    *m = (struct embedding){ 0 };
    square_take(&q, s);
    int width = (n + s->per - 1) / s->per;
    for (int grow = s->per > 1 ? 1 : s->step; width <= most && !found; width += grow)
        found = try_width(&q, width, n);
    if (found)
        put_chains(m, &q, n);
    else
        err_set(e, "no clique of %d chains fits on what works of the chip", n);
    square_free(&q);
    return found ? 0 : -1;
}
