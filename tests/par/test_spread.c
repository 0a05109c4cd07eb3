#include "test.h"

#include "base/mem.h"
#include "par/spread.h"

#include <math.h>

static double element(int64_t i, int64_t j)
{
    return (double)(i * 1009 + j);
}

/* Calls f for every grid that this many ranks can make, sub-grids too. */
static void on_every_grid(void (*f)(const struct grid *g))
{
    const struct par *P = test_par();

    for (int rows = 1; rows <= P->size; rows++)
        for (int columns = 1; rows * columns <= P->size; columns++) {
            struct grid g = grid_of(P, rows, columns);
            f(&g);
        }
}

/* Every element arrives where its local indices say, and comes back. */
static int there_and_back(const struct grid *g, int m, int n, int nb)
{
    const struct par *P = test_par();
    struct block mine = block_of(m, P->rank, P->size);
    double *rows = mem_take(mine.count * n, sizeof *rows);
    double *again = mem_take(mine.count * n, sizeof *again);
    struct spread A;
    int ok = 1;

    spread_init(&A, g, m, n, nb);
    for (int64_t i = 0; i < mine.count; i++)
        for (int j = 0; j < n; j++) rows[i * n + j] = element(mine.first + i, j);
    spread_from_rows(&A, rows);
    for (int j = 0; j < A.columns; j++)
        for (int i = 0; i < A.rows; i++)
            ok &= A.x[(int64_t)j * A.ld + i] == element(spread_row(&A, i), spread_column(&A, j));
    spread_to_rows(&A, again);
    for (int64_t i = 0; i < mine.count * n; i++) ok &= again[i] == rows[i];
    ok &= par_sum_one(P, (int64_t)A.rows * A.columns) == (int64_t)m * n;
    spread_free(&A);
    spread_free(&A);
    mem_free(rows);
    mem_free(again);
    return ok;
}

static void several_shapes(const struct grid *g)
{
    int shape[][3] = { { 0, 0, 2 },   { 1, 1, 1 },   { 1, 9, 2 },   { 9, 1, 4 },  { 7, 5, 1 },
                       { 16, 16, 4 }, { 33, 20, 3 }, { 20, 61, 8 }, { 5, 5, 64 }, { 130, 70, 32 } };
    int ok = 1;

    for (int s = 0; s < 10; s++) ok &= there_and_back(g, shape[s][0], shape[s][1], shape[s][2]);
    assert_true(test_agree(ok));
}

static void every_element_arrives_where_its_indices_say(void **state)
{
    (void)state;
    on_every_grid(several_shapes);
}

/* Against the definition: count the indices whose block belongs to the place. */
static void shares_are_those_of_block_cyclic_rows(void **state)
{
    (void)state;
    for (int n = 0; n < 40; n++)
        for (int nb = 1; nb < 9; nb += 2)
            for (int places = 1; places < 6; places++)
                for (int p = 0; p < places; p++) {
                    int count = 0;
                    for (int i = 0; i < n; i++) count += i / nb % places == p;
                    assert_int_equal(spread_share(n, nb, p, places), count);
                }
}

/* Small integers: sums are exact whatever the order. */
static void products_with_a_vector(const struct grid *g)
{
    enum { M = 23, N = 17 };
    struct block mine = block_of(M, test_par()->rank, test_par()->size);
    double *rows = mem_take(mine.count * N, sizeof *rows), x[M], y[M], squares = 0;
    struct spread A;
    int ok = 1;

    for (int64_t i = 0; i < mine.count * N; i++) rows[i] = element(mine.first + i / N, i % N);
    spread_init(&A, g, M, N, 4);
    spread_from_rows(&A, rows);
    for (int t = 0; t < 2; t++) {
        for (int i = 0; i < M; i++) x[i] = i % 5 - 2;
        spread_times(&A, t, x, y);
        for (int i = 0; i < (t ? N : M); i++) {
            double want = 0;
            for (int j = 0; j < (t ? M : N); j++)
                want += (t ? element(j, i) : element(i, j)) * x[j];
            ok &= y[i] == want;
        }
    }
    for (int i = 0; i < M * N; i++) squares += element(i / N, i % N) * element(i / N, i % N);
    ok &= spread_squares(&A) == squares; /* integers below 2^53 */
    spread_free(&A);
    mem_free(rows);
    assert_true(test_agree(ok));
}

static void a_vector_is_multiplied_as_by_the_whole_matrix(void **state)
{
    (void)state;
    on_every_grid(products_with_a_vector);
}

static void the_squarest_grid_uses_every_rank(void **state)
{
    (void)state;
    struct par P = { 0 };
    int want[][3] = { { 1, 1, 1 }, { 2, 1, 2 }, { 3, 1, 3 },  { 4, 2, 2 },
                      { 6, 2, 3 }, { 7, 1, 7 }, { 12, 3, 4 }, { 512, 16, 32 } };

    for (int i = 0; i < 8; i++) {
        P.size = want[i][0];
        P.rank = P.size - 1;
        struct grid g = grid_of(&P, 0, 0);
        assert_int_equal(g.rows, want[i][1]);
        assert_int_equal(g.columns, want[i][2]);
        assert_int_equal(g.row, g.rows - 1);
        assert_int_equal(g.column, g.columns - 1);
    }
}

TEST_MAIN(cmocka_unit_test(every_element_arrives_where_its_indices_say),
          cmocka_unit_test(shares_are_those_of_block_cyclic_rows),
          cmocka_unit_test(a_vector_is_multiplied_as_by_the_whole_matrix),
          cmocka_unit_test(the_squarest_grid_uses_every_rank))
