#include "rbm/chimera.h"

void chimera_make(struct lattice *L, int m, int n, int t)
{
    lattice_init(L, 2 * m * n * t, 2);
    for (int q = 0; q < L->Q; q++) {
        int k = q % t, u = q / t % 2, j = q / (2 * t) % n, i = q / (2 * t * n);
        double along = (k + 0.5) / t; /* qubits of a side lie next to each other in the cell */
        lattice_qubit(L, q, (i ^ j ^ u) & 1, j + (u == 0 ? along : 0.5),
                      i + (u == 0 ? 0.5 : along));
        for (int l = 0; l < t && u == 0; l++) lattice_join(L, q, q - k + t + l);
        if (u == 0 && i + 1 < m) lattice_join(L, q, q + 2 * t * n);
        if (u == 1 && j + 1 < n) lattice_join(L, q, q + 2 * t);
    }
    lattice_settle(L);
}
