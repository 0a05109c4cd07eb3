/* The image of a machine on a grid, and the groups of its units. */
#include "test.h"

#include "rbm/machines.h"

#include "rbm/grid.h"
#include "rbm/groups.h"

/* The image: one number for both directions, whole steps, within half a step, error as stated. */
static void the_image_on_a_grid_is_a_symmetric_machine(void **state)
{
    (void)state;
    static const int size[3] = { 20, 25, 30 };
    struct rbm m;
    struct grid g;
    struct err e = { "" };

    for (int wide = 0; wide < 2; wide++) {
        machine(&m, COMPLETE, 3, size, wide ? 1.5 : 0.01);
        grid_init(&g, &m);
        assert_int_equal(grid_round(&g, &m, &e), 0);
        assert_int_equal(g.wide, wide);
        assert_in_range(g.s, GRID_COARSEST, wide ? GRID_FINE : GRID_FINEST);
        float *edge = mem_take(m.T.M, sizeof *edge);
        double most = 0.0, widest = 0.0;
        for (int i = 0; i < m.T.N; i++) {
            double field = fabs((double)g.bias[i]);
            most += fabs((double)m.bias[i] - (double)g.real[i]);
            assert_true(g.real[i] == (float)g.bias[i] * g.step);
            assert_true(fabsf(g.real[i] - m.bias[i]) <= 0.5f * g.step);
            for (int64_t k = m.near_first[i]; k < m.near_first[i + 1]; k++) {
                field += fabs((double)g.weight[k]);
                assert_true(g.real_weight[k] == (float)g.weight[k] * g.step);
                assert_true(fabsf(g.real_weight[k] - m.near_weight[k]) <= 0.5f * g.step);
                if (m.near[k] > i)
                    edge[m.near_edge[k]] = g.real_weight[k];
                else
                    assert_true(edge[m.near_edge[k]] == g.real_weight[k]);
            }
            widest = fmax(widest, field);
        }
        for (int64_t k = 0; k < m.T.M; k++) most += fabs((double)m.weight[k] - (double)edge[k]);
        assert_near(g.most, most, 1e-9);
        assert_true(g.usual > 0.0 && g.usual < g.most);
        if (!wide) assert_true(widest <= 32767.0 && widest > 8192.0); /* no finer grid would fit */
        mem_free(edge);
        grid_free(&g);
        rbm_free(&m);
    }
}

/* Every unit is in one group, every coupling has a place of its own; parallel qubits are found. */
static void groups_cover_the_graph(void **state)
{
    (void)state;
    static const int size[4] = { 60, 60, 60, 60 }, two[2] = { 60, 60 };
    static const double most[GRAPHS] = { 0.21, 0.55, 0.7, 0.55, 1.2 };
    struct rbm m;
    struct groups g;

    for (int graph = 0; graph < GRAPHS; graph++) {
        machine(&m, graph, graph == CHIMERA ? 2 : 4, graph == CHIMERA ? two : size, 0.1);
        groups_init(&g, &m, KERN_GROUP);
        int seen = 0, drawn = 0;
        for (int i = 0; i < g.n; i++)
            for (int b = 0; b < KERN_GROUP && g.member[i][b] >= 0; b++, seen++) {
                assert_int_equal(g.of[g.member[i][b]], i);
                assert_int_equal(g.slot[g.member[i][b]], b);
            }
        assert_int_equal(seen, m.T.N);
        for (int p = 0; p < m.T.K; p++)
            for (int q = g.squad_first[p]; q < g.squad_first[p + 1]; q++)
                for (int u = 0; u < g.squad[q].n; u++, drawn++)
                    assert_int_equal(topology_of(&m.T, g.squad[q].unit[u]), p);
        assert_int_equal(drawn, m.T.N);
        uint8_t *taken = mem_take(g.tables * KERN_GROUP, 1);
        for (int64_t k = 0; k < 2 * m.T.M; k++) {
            assert_in_range(g.place[k], 0, g.tables * KERN_GROUP - 1);
            assert_int_equal(taken[g.place[k]]++, 0);
        }
        assert_true((double)g.tables <= most[graph] * 2.0 * (double)m.T.M);
        mem_free(taken);
        groups_free(&g);
        rbm_free(&m);
    }
}

TEST_MAIN(cmocka_unit_test(the_image_on_a_grid_is_a_symmetric_machine),
          cmocka_unit_test(groups_cover_the_graph))
