/* Embeddings by construction on all chips, with and without dead qubits: valid, and the energies of
 * unbroken chains are those of the machine. The judge of an embedding is embedding_check, and of
 * embedding_check what it must refuse. */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "qpu/bicliques.h"
#include "qpu/chain.h"
#include "qpu/cliques.h"
#include "qpu/fragments.h"
#include "qpu/stretch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct chip {
    struct lattice L;
    struct vicinity v;
    struct strands s;
};

/* A chip on which a share of the qubits is dead, and every 50th coupler of the others. */
static void chip_take(struct chip *c, enum chip_kind kind, const char *size, double dead, int seed)
{
    struct err e = { "" };
    struct rng r = rng_at((uint64_t)seed, RNG_TEST, 0, 0);

    assert_int_equal(chip_make(&c->L, kind, size, &e), 0);
    for (int q = 0; q < c->L.Q; q++)
        if (c->L.class[q] >= 0 && rng_uniform(&r) < dead) c->L.class[q] = LATTICE_DEAD;
    for (int64_t m = 0; m < c->L.M && dead > 0.0; m++) c->L.cut[m] = rng_uniform(&r) < dead / 10.0;
    lattice_settle(&c->L);
    vicinity_init(&c->v, &c->L);
    strands_init(&c->s, &c->v, kind, size);
}

static void chip_drop(struct chip *c)
{
    strands_free(&c->s);
    vicinity_free(&c->v);
    lattice_free(&c->L);
}

/* All pairs of n spins, or (m > 0) of n with m; numbers at random. */
static void complete(struct ising *g, int n, int m)
{
    int N = n + m;

    ising_take(g, N, m > 0 ? (int64_t)n * m : (int64_t)n * (n - 1) / 2);
    int64_t k = 0;
    for (int i = 0; i < N; i++) {
        struct rng r = rng_at(3, RNG_TEST, i, 1);
        g->h[i] = rng_normal(&r);
        for (int j = i + 1; j < N; j++) {
            if (m > 0 && (i >= n || j < n)) continue;
            g->pair[k][0] = i;
            g->pair[k][1] = j;
            g->J[k++] = rng_normal(&r);
        }
    }
}

/* The lines of a chip are what their numbers say: every coupler between directions is a crossing,
 * and a whole line is a path. */
static void every_coupler_is_a_crossing_or_lies_along_lines(void **state)
{
    (void)state;
    static const struct {
        enum chip_kind kind;
        const char *size;
    } chip[] = { { CHIP_CHIMERA, "4" },      { CHIP_CHIMERA, "3,5,2" }, { CHIP_PEGASUS, "4" },
                 { CHIP_PEGASUS, "3,full" }, { CHIP_ZEPHYR, "3" },      { CHIP_ZEPHYR, "2,3" } };

    for (size_t i = 0; i < sizeof chip / sizeof chip[0]; i++) {
        struct chip c;
        int64_t crossings = 0, along = 0, want = 0;
        chip_take(&c, chip[i].kind, chip[i].size, 0.0, 0);
        for (int a = 0; a < c.s.lines[0]; a++)
            for (int b = 0; b < c.s.lines[1]; b++) crossings += strands_cross(&c.s, a, b);
        for (int u = 0; u < 2; u++)
            for (int a = 0; a < c.s.lines[u]; a++) {
                int64_t parts = c.s.line[u][a].end - c.s.line[u][a].first, first, end;
                if (parts == 0) continue;
                const struct stretch *p = &c.s.part[u][c.s.line[u][a].first];
                assert_int_equal(strands_run(&c.s, u, a, p[0].low, p[parts - 1].high, &first, &end),
                                 1);
                assert_int_equal(end - first, parts);
                along += parts - 1;
            }
        /* the rest are couplers of lines side by side ("odd"), within one direction */
        for (int64_t m = 0; m < c.L.M; m++) {
            int u = c.L.joint[m][0] >= c.L.Q / 2, v = c.L.joint[m][1] >= c.L.Q / 2;
            if (chip[i].kind != CHIP_CHIMERA) want += u != v;
        }
        if (chip[i].kind != CHIP_CHIMERA) assert_int_equal(crossings, want);
        if (chip[i].kind == CHIP_CHIMERA) assert_int_equal(crossings + along, c.L.M);
        chip_drop(&c);
    }
}

static void no_chain_broken(uint8_t *qubits, const struct embedding *m, const uint8_t *x)
{
    for (int i = 0; i < m->n; i++)
        for (int64_t k = m->first[i]; k < m->first[i + 1]; k++) qubits[k] = x[i];
}

/* Valid, and H(qubits) - H(units) is one number, -strength x couplers inside chains, for random
 * states: sums of some 10^4 numbers of size 1, rounding below 1e-10. */
static void judge(const struct chip *c, const struct embedding *m, const struct ising *g)
{
    struct err e = { "" };
    struct ising p;
    uint8_t *x = mem_take(g->n, 1), *y = mem_take(m->first[m->n], 1);
    double H, P, gap = 0.0, strength = 1.75;
    int64_t inside = 0;

    assert_int_equal(embedding_check(m, &c->v, g, &e), 0);
    assert_int_equal(chain_spread(&p, g, m, &c->v, strength, m->n, &e), 0);
    for (int64_t k = 0; k < p.m; k++) inside += p.J[k] == -strength;
    for (int t = 0; t < 20; t++) {
        struct rng r = rng_at(8, RNG_TEST, t, 2);
        for (int i = 0; i < g->n; i++) x[i] = rng_word(&r) & 1;
        no_chain_broken(y, m, x);
        ising_energy(g, x, 1, &H);
        ising_energy(&p, y, 1, &P);
        if (t == 0) gap = P - H;
        assert_near(P - H, gap, 1e-10);
    }
    assert_near(gap, -strength * (double)inside, 1e-9);
    ising_free(&p);
    mem_free(x);
    mem_free(y);
}

static const struct {
    enum chip_kind kind;
    const char *size;
    double dead;
    int clique, n, m; /* of a clique; of a biclique */
} CASE[] = {
    { CHIP_CHIMERA, "8", 0.0, 32, 32, 32 },  { CHIP_CHIMERA, "8", 0.03, 16, 12, 18 },
    { CHIP_PEGASUS, "6", 0.0, 48, 40, 50 },  { CHIP_PEGASUS, "6", 0.03, 36, 24, 30 },
    { CHIP_ZEPHYR, "4", 0.0, 56, 56, 56 },   { CHIP_ZEPHYR, "4", 0.04, 40, 30, 24 },
    { CHIP_ZEPHYR, "12", 0.05, 80, 75, 75 }, { CHIP_PEGASUS, "16", 0.02, 60, 40, 60 },
    { CHIP_ZEPHYR, "2,2", 0.0, 5, 3, 9 },    { CHIP_CHIMERA, "3,5,2", 0.0, 6, 8, 5 },
};

static void drop(struct chip *c, struct ising *g, struct embedding *m)
{
    embedding_free(m);
    ising_free(g);
    chip_drop(c);
}

/* The clique of n chains, or with m > 0 the biclique of n and m, on the chip of a case. */
static void case_is_valid(size_t i, int n, int m)
{
    struct err e = { "" };
    struct embedding b;
    struct ising g;
    struct chip c;

    chip_take(&c, CASE[i].kind, CASE[i].size, CASE[i].dead, (int)i + 1);
    complete(&g, n, m);
    if (m > 0 ? bicliques_complete(&b, &c.s, n, m, &e) : cliques_complete(&b, &c.s, n, &e))
        fail_msg("case %zu: %s", i, e.text);
    judge(&c, &b, &g);
    print_message("K_%d,%d on chip %d of %s, %g dead: chains of %.1f qubits, at most %d\n", n, m,
                  (int)CASE[i].kind, CASE[i].size, CASE[i].dead, embedding_mean(&b),
                  embedding_longest(&b));
    drop(&c, &g, &b);
}

static void cliques_are_valid_on_every_chip(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof CASE / sizeof CASE[0]; i++) case_is_valid(i, CASE[i].clique, 0);
}

static void bicliques_are_valid_on_every_chip(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof CASE / sizeof CASE[0]; i++)
        case_is_valid(i, CASE[i].n, CASE[i].m);
}

/* A chimera of m x m cells of 8 has the clique of 4 m chains of m + 1 qubits, and no lines for
 * more. */
static void chains_on_chimera_are_those_of_the_triangle(void **state)
{
    (void)state;
    struct err e = { "" };
    struct embedding m;
    struct chip c;

    chip_take(&c, CHIP_CHIMERA, "5", 0.0, 0);
    assert_int_equal(cliques_complete(&m, &c.s, 20, &e), 0);
    for (int i = 0; i < 20; i++) assert_int_equal(m.first[i + 1] - m.first[i], 6);
    embedding_free(&m);
    assert_int_equal(cliques_complete(&m, &c.s, 21, &e), -1);
    assert_non_null(strstr(e.text, "21 chains"));
    e = (struct err){ "" };
    assert_int_equal(bicliques_complete(&m, &c.s, 20, 21, &e), -1);
    assert_non_null(strstr(e.text, "20 and 21"));
    chip_drop(&c);
}

/* What embedding_check must see: each fault by itself, in a valid embedding. */
static void faults_of_an_embedding_are_told(void **state)
{
    (void)state;
    static const char *const word[] = { "no qubit", "lacks", "is in the chains of", "in pieces",
                                        "no coupler joins" };
    struct err e = { "" };
    struct ising g;
    struct chip c;

    chip_take(&c, CHIP_CHIMERA, "4", 0.0, 0);
    complete(&g, 8, 0);
    for (int way = 0; way < 5; way++) {
        struct embedding m;
        assert_int_equal(cliques_complete(&m, &c.s, 8, &e), 0);
        assert_int_equal(embedding_check(&m, &c.v, &g, &e), 0);
        if (way == 0) m.first[1] = 0;
        if (way == 1) m.qubit[3] = c.L.Q + 5;
        if (way == 2) m.qubit[m.first[3]] = m.qubit[0];
        if (way == 3) m.qubit[m.first[4] - 1] = c.L.Q - 1; /* far from the others */
        if (way == 4) m.qubit[m.first[7]] = 8 * 15, m.first[8] = m.first[7] + 1; /* far off */
        e = (struct err){ "" };
        assert_int_equal(embedding_check(&m, &c.v, &g, &e), -1);
        if (strstr(e.text, word[way]) == NULL) fail_msg("way %d: %s", way, e.text);
        e = (struct err){ "" };
        embedding_free(&m);
    }
    ising_free(&g);
    chip_drop(&c);
}

static void json_comes_back_as_it_was(void **state)
{
    (void)state;
    static const char *const bad[] = { "{\"0\": [1]}", "{\"0\": 5, \"1\": [1]}", "[",
                                       "{\"0\": [-1], \"1\": [2]}", "{\"0\": [], \"1\": [2]}" };
    struct err e = { "" };
    struct embedding m = { 0 }, back;
    struct ising g;

    ising_take(&g, 2, 0);
    g.unit[0] = 4, g.unit[1] = 17;
    embedding_take(&m, 2, 3);
    m.first[1] = 2, m.first[2] = 3;
    m.qubit[0] = 12, m.qubit[1] = 13, m.qubit[2] = 40;
    char *text = embedding_text(&m, &g);
    assert_string_equal(text, "{\"4\": [12, 13], \"17\": [40]}");
    assert_int_equal(embedding_read(&back, &g, text, "x", &e), 0);
    assert_memory_equal(back.qubit, m.qubit, 3 * sizeof *m.qubit);
    assert_memory_equal(back.first, m.first, 3 * sizeof *m.first);
    embedding_free(&back);
    g.unit[0] = 0, g.unit[1] = 1;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        e = (struct err){ "" };
        assert_int_equal(embedding_read(&back, &g, bad[i], "file.json", &e), -1);
        assert_memory_equal(e.text, "file.json", 9);
    }
    mem_free(text);
    embedding_free(&m);
    ising_free(&g);
}

static void sides_are_found_where_there_are_any(void **state)
{
    (void)state;
    struct err e = { "" };
    uint8_t side[9];
    struct ising g;

    complete(&g, 3, 5);
    assert_int_equal(bicliques_sides(&g, side, &e), 0);
    for (int i = 0; i < 8; i++) assert_int_equal(side[i], i >= 3);
    ising_free(&g);
    complete(&g, 3, 0);
    assert_int_equal(bicliques_sides(&g, side, &e), -1);
    assert_non_null(strstr(e.text, "bipartite"));
    ising_free(&g);
}

/* Two held units with couplings to all chains of a biclique: unused qubits, of one unit each, and
 * every chain is next to one of each unit. */
static void fragments_hit_every_chain(void **state)
{
    (void)state;
    enum { CHAINS = 20, HELD = 6 };
    struct err e = { "" };
    struct embedding m, all;
    struct chip c;
    struct ising g;
    int64_t at = 0;

    chip_take(&c, CHIP_ZEPHYR, "4", 0.03, 5);
    assert_int_equal(bicliques_complete(&m, &c.s, CHAINS / 2, CHAINS / 2, &e), 0);
    ising_take(&g, CHAINS + HELD, CHAINS * HELD);
    for (int i = 0; i < CHAINS; i++)
        for (int k = 0; k < HELD; k++, at++) {
            g.pair[at][0] = i;
            g.pair[at][1] = CHAINS + k;
            g.J[at] = 1.0;
        }
    assert_int_equal(fragments_find(&all, &m, &c.v, &g, &e), 0);
    uint8_t *used = mem_take(c.L.Q, 1);
    for (int64_t k = 0; k < all.first[all.n]; k++) assert_int_equal(used[all.qubit[k]]++, 0);
    for (int k = CHAINS; k < CHAINS + HELD; k++)
        for (int i = 0; i < CHAINS; i++) {
            int next = 0;
            for (int64_t a = all.first[k]; a < all.first[k + 1]; a++)
                for (int64_t b = all.first[i]; b < all.first[i + 1]; b++)
                    next |= vicinity_joined(&c.v, all.qubit[a], all.qubit[b]);
            assert_int_equal(next, 1);
        }
    mem_free(used);
    embedding_free(&all);
    g.n = CHAINS; /* nothing is held: the chains alone */
    g.m = 0;
    assert_int_equal(fragments_find(&all, &m, &c.v, &g, &e), 0);
    assert_int_equal(all.first[all.n], m.first[m.n]);
    embedding_free(&all);
    drop(&c, &g, &m);
}

/* A valid embedding stays one, only longer, until nothing is left to go on to; a chimera of 6 x 6
 * cells has lines of 6 qubits. */
static void chains_that_go_on_stay_valid(void **state)
{
    (void)state;
    struct err e = { "" };
    struct embedding m;
    struct chip c;
    struct ising g;
    int64_t more, turns = 0;

    chip_take(&c, CHIP_CHIMERA, "6", 0.02, 9);
    complete(&g, 6, 6);
    assert_int_equal(bicliques_complete(&m, &c.s, 6, 6, &e), 0);
    int before = embedding_longest(&m);
    do {
        more = stretch_chains(&m, &c.s);
        turns++;
        judge(&c, &m, &g);
    } while (more > 0);
    assert_true(turns > 2 && embedding_longest(&m) == 6 && before < 6);
    drop(&c, &g, &m);
}

/* J: 3, -4, 0 on three spins: max 4, rms 5 / sqrt 3, mean degree 2. */
static void the_rules_for_the_strength(void **state)
{
    (void)state;
    struct ising g;

    complete(&g, 3, 0);
    g.J[0] = 3.0, g.J[1] = -4.0, g.J[2] = 0.0;
    assert_near(chain_strength(CHAIN_FIXED, 1.5, &g), 1.5, 0.0);
    assert_near(chain_strength(CHAIN_MAX, 1.5, &g), 6.0, 1e-15);
    assert_near(chain_strength(CHAIN_TORQUE, 1.5, &g), 1.5 * 5.0 / sqrt(3.0) * sqrt(2.0), 1e-14);
    g.scale = 5.0;
    assert_near(chain_strength(CHAIN_THERMAL, 1.5, &g), 0.3 + 1.414 * 5.0 / sqrt(3.0) * sqrt(2.0),
                1e-14);
    ising_free(&g);
}

TEST_MAIN(cmocka_unit_test(every_coupler_is_a_crossing_or_lies_along_lines),
          cmocka_unit_test(cliques_are_valid_on_every_chip),
          cmocka_unit_test(bicliques_are_valid_on_every_chip),
          cmocka_unit_test(chains_on_chimera_are_those_of_the_triangle),
          cmocka_unit_test(faults_of_an_embedding_are_told),
          cmocka_unit_test(json_comes_back_as_it_was),
          cmocka_unit_test(sides_are_found_where_there_are_any),
          cmocka_unit_test(fragments_hit_every_chain),
          cmocka_unit_test(chains_that_go_on_stay_valid),
          cmocka_unit_test(the_rules_for_the_strength))
