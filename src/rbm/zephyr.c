#include "rbm/zephyr.h"

/* Every horizontal qubit in rows s and s + 1 that spans column w, where s = 2z + j of vertical q:
 * such a one begins at column w or w - 1. */
static void cross(struct lattice *L, int m, int t, int q, int w, int s)
{
    for (int row = s; row <= s + 1; row++)
        for (int column = w - 1; column <= w; column++) {
            if (column < 0 || column >= 2 * m) continue;
            for (int k = 0; k < t; k++)
                lattice_join(L, q, (((2 * m + 1 + row) * t + k) * 2 + column % 2) * m + column / 2);
        }
}

void zephyr_make(struct lattice *L, int m, int t)
{
    int lines = 2 * m + 1;

    lattice_init(L, 4 * t * m * lines, 4);
    for (int q = 0; q < L->Q; q++) {
        int z = q % m, j = q / m % 2, k = q / (2 * m) % t, w = q / (2 * m * t) % lines;
        int u = q / (2 * m * t * lines);
        double line = 2 * t * w + 2 * k + 0.625 * j + 0.125;
        double middle = (2 * z + j + 1) * 2 * t - 0.5;
        lattice_qubit(L, q, (2 * u + w + 2 * z + j) & 3, u == 0 ? line : middle,
                      u == 0 ? middle : line);
        if (z + 1 < m) lattice_join(L, q, q + 1);
        if (j == 0) lattice_join(L, q, q + m);
        if (j == 0 && z > 0) lattice_join(L, q, q + m - 1);
        if (u == 0) cross(L, m, t, q, w, 2 * z + j);
    }
    lattice_settle(L);
}
