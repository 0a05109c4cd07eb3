#include "rbm/pegasus.h"

enum { LINES = 12 }; /* side by side in a cell, and cells that a qubit spans */

/* Where the lines begin: [u][k]. */
static const int begin[2][LINES] = { { 2, 2, 2, 2, 10, 10, 10, 10, 6, 6, 6, 6 },
                                     { 6, 6, 6, 6, 2, 2, 2, 2, 10, 10, 10, 10 } };

int pegasus_begin(int u, int k)
{
    return begin[u][k];
}

/* The outermost lines cross nothing: 2 at either end, as 2 is the least and 12 - 10 the most that a
 * line of the other direction begins off its cell. */
static int in_fabric(int m, int w, int k)
{
    return !(w == 0 && k < 2) && !(w == m - 1 && k >= LINES - 2);
}

/* Nice coordinates (t, y, x, u, k) count w from y + 1 or x + 1 in two of the three layers t. */
static int is_nice(int m, int u, int w, int k)
{
    int t = (5 - u - (2 * u - 1) * (k / 4)) % 3;
    int shifted = u == 1 ? t != 2 : t == 2;

    return shifted ? w >= 1 : w < m - 1;
}

static int has(enum pegasus_part part, int m, int u, int w, int k)
{
    if (part == PEGASUS_NICE) return is_nice(m, u, w, k);
    return part == PEGASUS_FULL || in_fabric(m, w, k);
}

static int number(int m, int u, int w, int k, int z)
{
    return ((u * m + w) * LINES + k) * (m - 1) + z;
}

/* All crossings of a vertical line. */
static void cross(struct lattice *L, int m, int w, int k, int z)
{
    for (int other = 0; other < LINES; other++) {
        int w1 = z + (other < begin[0][k]), z1 = w - (k < begin[1][other]);
        if (z1 >= 0 && z1 < m - 1)
            lattice_join(L, number(m, 0, w, k, z), number(m, 1, w1, other, z1));
    }
}

void pegasus_make(struct lattice *L, int m, enum pegasus_part part)
{
    lattice_init(L, 2 * LINES * m * (m - 1), 4);
    for (int q = 0; q < L->Q; q++) {
        int z = q % (m - 1), k = q / (m - 1) % LINES, w = q / ((m - 1) * LINES) % m;
        int u = q / ((m - 1) * LINES * m);
        double line = LINES * w + k, middle = LINES * z + begin[u][k] + (LINES - 1) / 2.0;
        if (has(part, m, u, w, k))
            lattice_qubit(L, q, 2 * u + ((k ^ z) & 1), u == 0 ? line : middle,
                          u == 0 ? middle : line);
        if (z + 1 < m - 1) lattice_join(L, q, q + 1);
        if (k % 2 == 0) lattice_join(L, q, number(m, u, w, k + 1, z));
        if (u == 0) cross(L, m, w, k, z);
    }
    lattice_settle(L);
}
