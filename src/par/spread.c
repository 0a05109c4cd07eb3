#include "par/spread.h"

#include "base/mem.h"

#include <string.h>

struct grid grid_of(const struct par *P, int rows, int columns)
{
    struct grid g = { .P = P, .rows = rows, .columns = columns, .row = -1, .column = -1 };

    if (rows == 0 && columns == 0) {
        g.rows = 1;
        for (int r = 2; r * r <= P->size; r++)
            if (P->size % r == 0) g.rows = r;
        g.columns = P->size / g.rows;
    }
    if (g.rows < 1 || g.columns < 1 || (int64_t)g.rows * g.columns > P->size)
        die("a grid of %d x %d over %d ranks", g.rows, g.columns, P->size);
    if (P->rank < g.rows * g.columns) {
        g.row = P->rank / g.columns;
        g.column = P->rank % g.columns;
    }
    return g;
}

int spread_share(int n, int nb, int p, int places)
{
    int blocks = n / nb, mine = blocks / places * nb, left = blocks % places;

    if (p < left) return mine + nb;
    return p == left ? mine + n % nb : mine;
}

void spread_init(struct spread *A, const struct grid *g, int m, int n, int nb)
{
    if (m < 0 || n < 0 || nb < 1) die("spread_init: %d x %d in blocks of %d", m, n, nb);
    *A = (struct spread){ .grid = *g, .m = m, .n = n, .nb = nb };
    if (g->row >= 0) {
        A->rows = spread_share(m, nb, g->row, g->rows);
        A->columns = spread_share(n, nb, g->column, g->columns);
    }
    A->ld = A->rows > 0 ? A->rows : 1;
    A->x = mem_take((int64_t)A->ld * A->columns, sizeof *A->x);
}

void spread_free(struct spread *A)
{
    mem_free(A->x);
    *A = (struct spread){ 0 };
}

int spread_row(const struct spread *A, int i)
{
    return (i / A->nb * A->grid.rows + A->grid.row) * A->nb + i % A->nb;
}

int spread_column(const struct spread *A, int j)
{
    return (j / A->nb * A->grid.columns + A->grid.column) * A->nb + j % A->nb;
}

/* How many of the rows first..end-1 are at place p of the grid's rows: the shares are prefix sums.
 */
static int rows_between(const struct spread *A, struct block b, int p)
{
    return spread_share((int)block_end(b), A->nb, p, A->grid.rows) -
           spread_share((int)b.first, A->nb, p, A->grid.rows);
}

/*
 * The two sides of a move between layouts, in bytes: with the rank that holds it by rows (held[r]:
 * what we have in blocks of rank r's rows) and by blocks (owed[r]: what rank r has in blocks of our
 * rows). Both sides go through a pair's elements row by row, each row's columns ascending.
 */
static void plan(const struct spread *A, int64_t *owed, int64_t *held)
{
    const struct grid *g = &A->grid;
    struct block mine = block_of(A->m, g->P->rank, g->P->size);

    for (int r = 0; r < g->P->size; r++) {
        struct block b = block_of(A->m, r, g->P->size);
        owed[r] = held[r] = 0;
        if (r < g->rows * g->columns)
            owed[r] = (int64_t)sizeof(double) * rows_between(A, mine, r / g->columns) *
                      spread_share(A->n, A->nb, r % g->columns, g->columns);
        if (g->row >= 0)
            held[r] = (int64_t)sizeof(double) * rows_between(A, b, g->row) * A->columns;
    }
}

/* Copy between our rows and the buffer that is ordered by the rank of the grid that has them. */
static void pack_rows(const struct spread *A, double *buffer, double *rows, int into_buffer)
{
    const struct grid *g = &A->grid;
    struct block mine = block_of(A->m, g->P->rank, g->P->size);

    for (int r = 0; r < g->rows * g->columns; r++)
        for (int64_t i = 0; i < mine.count; i++) {
            if ((mine.first + i) / A->nb % g->rows != r / g->columns) continue;
            for (int first = r % g->columns * A->nb; first < A->n; first += g->columns * A->nb) {
                int n = A->n - first < A->nb ? A->n - first : A->nb;
                double *at = rows + i * A->n + first;
                if (into_buffer)
                    memcpy(buffer, at, (size_t)n * sizeof *at);
                else
                    memcpy(at, buffer, (size_t)n * sizeof *at);
                buffer += n;
            }
        }
}

/* Copy between the local part and the buffer: local rows ascend, and so do the ranks that hold
 * them by rows. */
static void pack_blocks(const struct spread *A, double *buffer, int into_buffer)
{
    for (int i = 0; i < A->rows; i++)
        for (int j = 0; j < A->columns; j++, buffer++) {
            double *at = &A->x[(int64_t)j * A->ld + i];
            if (into_buffer)
                *buffer = *at;
            else
                *at = *buffer;
        }
}

static void move(const struct spread *A, double *rows, int to_rows)
{
    const struct par *P = A->grid.P;
    struct block mine = block_of(A->m, P->rank, P->size);
    double *by_rows = mem_take(mine.count * A->n, sizeof *by_rows);
    double *by_blocks = mem_take((int64_t)A->rows * A->columns, sizeof *by_blocks);
    int64_t *owed = mem_take(2 * (int64_t)P->size, sizeof *owed), *held = owed + P->size;

    plan(A, owed, held);
    if (to_rows) {
        pack_blocks(A, by_blocks, 1);
        par_exchange(P, by_blocks, held, by_rows, owed);
        pack_rows(A, by_rows, rows, 0);
    } else {
        pack_rows(A, by_rows, rows, 1);
        par_exchange(P, by_rows, owed, by_blocks, held);
        pack_blocks(A, by_blocks, 0);
    }
    mem_free(by_rows);
    mem_free(by_blocks);
    mem_free(owed);
}

void spread_from_rows(struct spread *A, const double *rows)
{
    move(A, (double *)(uintptr_t)rows, 0); /* only read */
}

void spread_to_rows(const struct spread *A, double *rows)
{
    move(A, rows, 1);
}

void spread_times(const struct spread *A, int transposed, const double *x, double *y)
{
    int n = transposed ? A->n : A->m;

    for (int i = 0; i < n; i++) y[i] = 0;
    for (int j = 0; j < A->columns; j++) {
        const double *column = A->x + (int64_t)j * A->ld;
        int at = spread_column(A, j);
        for (int i = 0; i < A->rows; i++) {
            int row = spread_row(A, i);
            if (transposed)
                y[at] += column[i] * x[row];
            else
                y[row] += column[i] * x[at];
        }
    }
    par_sum(A->grid.P, y, n);
}

double spread_squares(const struct spread *A)
{
    double sum = 0;

    for (int j = 0; j < A->columns; j++)
        for (int i = 0; i < A->rows; i++) {
            double x = A->x[(int64_t)j * A->ld + i];
            sum += x * x;
        }
    par_sum(A->grid.P, &sum, 1);
    return sum;
}
