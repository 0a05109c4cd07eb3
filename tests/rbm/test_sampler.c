/* The ways to make a sweep, against float sums of the same numbers and against enumeration. */
#include "test.h"

#include "rbm/machines.h"

#include "num/logweights.h"
#include "rbm/ais.h"
#include "rbm/gibbs.h"
#include "rbm/sampler.h"

#include <string.h>

/* A few sweeps, up and down, with a base, with betas by chain, and plain ones. */
static void sweeps(const struct rbm *m, const struct kern *k, uint64_t *bits, double *track,
                   int64_t tiles, const float *base, const float *betas)
{
    struct gibbs g = { .beta = 0.8f, .base = base, .seed = 11, .stream = RNG_CHAIN };

    coins(bits, m->T.N * tiles);
    memset(track, 0, (size_t)tiles * KERN_LANES * sizeof *track);
    for (int64_t s = 0; s < 4; s++) {
        g.reverse = s % 2 == 1;
        g.betas = s < 2 ? NULL : betas;
        gibbs_sweep(&g, m, k, bits, track, (struct block){ 9, tiles }, s);
    }
    g = (struct gibbs){ .beta = 1.0f, .seed = 12, .stream = RNG_CHAIN };
    for (int64_t s = 4; s < 8; s++)
        gibbs_sweep(&g, m, k, bits, NULL, (struct block){ 9, tiles }, s);
}

/* Clamp every third unit and the last partition. */
static void clamp_some(struct rbm *m)
{
    uint8_t *which = mem_take(m->T.N, 1);

    for (int i = 0; i < m->T.N; i++) which[i] = i % 3 == 1 || i >= m->T.first[m->T.K - 1];
    rbm_hold(m, which);
    mem_free(which);
}

/* Float sums of the image's couplings are the twin of the kernels on a grid. */
static void compare(struct rbm *m, int64_t tiles, int wide)
{
    int64_t words = m->T.N * tiles, lanes = tiles * KERN_LANES;
    uint64_t *is = mem_take(words, sizeof *is), *want = mem_take(words, sizeof *want);
    double *track = mem_take(lanes, sizeof *track), *expected = mem_take(lanes, sizeof *track);
    float *base = mem_take(m->T.N, sizeof *base), *betas = mem_take(lanes, sizeof *betas);
    float *param = mem_take(m->table.total, sizeof *param);
    struct sampler s;
    struct err e = { "" };

    for (int i = 0; i < m->T.N; i++) base[i] = (float)(i % 7) * 0.125f - 0.375f;
    for (int64_t c = 0; c < lanes; c++) betas[c] = (float)(c % 9) * 0.125f;
    memcpy(param, m->param, (size_t)m->table.total * sizeof *param);
    assert_int_equal(sampler_init(&s, m, kern_best(), SAMPLER_ADD, SAMPLER_INT16, &e), 0);
    assert_int_equal(s.grid.wide, wide);
    for (int64_t k = 0; k < 2 * m->T.M; k++) m->weight[m->near_edge[k]] = s.grid.real_weight[k];
    memcpy(m->bias, s.grid.real, (size_t)m->T.N * sizeof *base);
    sampler_free(&s, m);
    rbm_prepare(m);
    sweeps(m, kern_best(), want, expected, tiles, base, betas);
    memcpy(m->param, param, (size_t)m->table.total * sizeof *param);
    rbm_prepare(m);
    for (int table = 0; table < kern_count(); table++)
        for (enum sampler_kind kind = SAMPLER_ADD; kind <= SAMPLER_LOOKUP; kind++) {
            assert_int_equal(sampler_init(&s, m, kern_at(table), kind, SAMPLER_INT16, &e), 0);
            sweeps(m, kern_at(table), is, track, tiles, base, betas);
            assert_memory_equal(is, want, (size_t)words * sizeof *is);
            /* whole multiples of 2^-s and of the base's 2^-3: any order gives the same sum */
            assert_memory_equal(track, expected, (size_t)lanes * sizeof *track);
            sampler_free(&s, m);
        }
    mem_free(is);
    mem_free(want);
    mem_free(track);
    mem_free(expected);
    mem_free(base);
    mem_free(betas);
    mem_free(param);
}

static void every_kernel_on_a_grid_draws_the_bits_of_its_float_twin(void **state)
{
    (void)state;
    static const int one[2] = { 1, 1 }, odd[3] = { 43, 85, 1 }, four[4] = { 302, 302, 302, 302 };
    static const int small[4] = { 30, 30, 31, 29 }, two[2] = { 31, 29 };
    struct rbm m;

    machine(&m, COMPLETE, 2, one, 0.5);
    compare(&m, 1, 0);
    rbm_free(&m);
    machine(&m, COMPLETE, 3, odd, 0.05);
    compare(&m, 3, 0);
    rbm_free(&m);
    machine(&m, COMPLETE, 3, odd, 2.0); /* sums beyond int16 */
    compare(&m, 7, 1);
    rbm_free(&m);
    machine(&m, COMPLETE, 4, four, 0.1);
    compare(&m, 1, 1);
    rbm_free(&m);
    for (int graph = ZEPHYR; graph < GRAPHS; graph++) {
        machine(&m, graph, graph == CHIMERA ? 2 : 4, graph == CHIMERA ? two : small, 0.5);
        compare(&m, 11, 0);
        clamp_some(&m);
        compare(&m, 2, 0);
        rbm_free(&m);
    }
}

/* Chi-square of the states of independent chains against enumeration. */
static void judge(struct rbm *m, const struct kern *k)
{
    enum { UNITS = 8, STATES = 1 << UNITS, ROW = 256, CHAINS = ROW * KERN_LANES };
    static uint64_t bits[UNITS * ROW];
    double p[STATES], z2 = 0.0, count[STATES] = { 0 };
    struct gibbs g = { .beta = 1.0f, .seed = 21, .stream = RNG_CHAIN };
    struct rbm image = *m;
    int cells = 0;

    const struct kern_net net = sampler_net(m);
    image.bias = mem_take(UNITS, sizeof *image.bias);
    image.weight = mem_take(m->T.M, sizeof *image.weight);
    memcpy(image.bias, net.bias, UNITS * sizeof *image.bias);
    for (int64_t a = 0; a < 2 * m->T.M; a++) image.weight[m->near_edge[a]] = net.weight[a];
    small_probabilities(&image, NULL, p);
    coins(bits, UNITS * ROW);
    for (int64_t s = 0; s < 40; s++) gibbs_sweep(&g, m, k, bits, NULL, (struct block){ 0, ROW }, s);
    for (int c = 0; c < CHAINS; c++) {
        int state = 0;
        for (int i = 0; i < UNITS; i++)
            state |= (int)(bits[i * ROW + c / KERN_LANES] >> c % KERN_LANES & 1) << i;
        count[state]++;
    }
    for (int i = 0; i < STATES; i++) {
        double n = p[i] * CHAINS;
        if (n < 5.0) continue;
        z2 += (count[i] - n) * (count[i] - n) / n;
        cells++;
    }
    assert_in_range(cells, 60, STATES);
    assert_true(z2 < cells + 3.5 * sqrt(2.0 * cells)); /* chi-square: mean, 3.5 sigma */
    mem_free(image.bias);
    mem_free(image.weight);
}

static void every_sampler_leaves_its_machine_as_it_is(void **state)
{
    (void)state;
    static const int size[3] = { 3, 3, 2 };
    struct sampler s;
    struct rbm m;
    struct err e = { "" };

    small_machine(&m, 3, size, -1, 0.9, 6);
    for (int table = 0; table < kern_count(); table++) {
        const struct kern *k = kern_at(table);
        assert_int_equal(sampler_init(&s, &m, k, SAMPLER_ADD, SAMPLER_FLOAT32, &e), 0);
        judge(&m, k);
        sampler_free(&s, &m);
        assert_int_equal(sampler_init(&s, &m, k, SAMPLER_ADD, SAMPLER_INT16, &e), 0);
        judge(&m, k);
        sampler_free(&s, &m);
        assert_int_equal(sampler_init(&s, &m, k, SAMPLER_LOOKUP, SAMPLER_INT16, &e), 0);
        judge(&m, k);
        sampler_free(&s, &m);
        assert_int_equal(sampler_init(&s, &m, k, SAMPLER_SGEMM, SAMPLER_FLOAT32, &e), 0);
        judge(&m, k);
        sampler_free(&s, &m);
    }
    rbm_free(&m);
}

/* Products of one size: what a chain does depends neither on its neighbours nor on the ranks. */
static void sgemm_draws_the_same_bits_in_any_company(void **state)
{
    (void)state;
    static const int size[3] = { 40, 35, 30 };
    enum { UNITS = 105, ROW = 7 };
    static uint64_t all[UNITS * ROW], some[UNITS * 3];
    struct gibbs g = { .beta = 1.0f, .seed = 5, .stream = RNG_CHAIN };
    struct sampler s;
    struct rbm m;
    struct err e = { "" };

    machine(&m, COMPLETE, 3, size, 0.2);
    assert_int_equal(sampler_init(&s, &m, kern_best(), SAMPLER_SGEMM, SAMPLER_FLOAT32, &e), 0);
    coins(all, UNITS * ROW);
    for (int i = 0; i < UNITS; i++) memcpy(some + 3 * i, all + ROW * i + 4, 3 * sizeof *some);
    for (int64_t n = 0; n < 3; n++) {
        gibbs_sweep(&g, &m, kern_best(), all, NULL, (struct block){ 0, ROW }, n);
        gibbs_sweep(&g, &m, kern_best(), some, NULL, (struct block){ 4, 3 }, n);
    }
    for (int i = 0; i < UNITS; i++)
        assert_memory_equal(some + 3 * i, all + ROW * i + 4, 3 * sizeof *some);
    sampler_free(&s, &m);
    rbm_free(&m);
}

static void what_a_sampler_cannot_do_is_refused(void **state)
{
    (void)state;
    static const int size[3] = { 4, 5, 6 }, small[4] = { 10, 10, 10, 10 };
    struct sampler s;
    struct rbm m;
    struct err e = { "" };

    machine(&m, COMPLETE, 3, size, 1.0);
    assert_int_equal(sampler_init(&s, &m, kern_best(), SAMPLER_LOOKUP, SAMPLER_INT16, &e), 0);
    m.weight[7] = -60.0f;
    rbm_prepare(&m);
    assert_int_equal(sampler_renew(&s, &m, &e), -1);
    assert_non_null(strstr(e.text, "is -60: int16 holds couplings up to 51.19"));
    e = (struct err){ "" };
    m.weight[7] = NAN;
    rbm_prepare(&m);
    assert_int_equal(sampler_renew(&s, &m, &e), -1);
    assert_non_null(strstr(e.text, "finite"));
    e = (struct err){ "" };
    m.weight[7] = 1.0f;
    m.bias[3] = 2e5f;
    rbm_prepare(&m);
    assert_int_equal(sampler_renew(&s, &m, &e), -1);
    assert_non_null(strstr(e.text, "int16 holds fields up to 1310"));
    e = (struct err){ "" };
    sampler_free(&s, &m);
    assert_int_equal(sampler_init(&s, &m, kern_best(), SAMPLER_LOOKUP, SAMPLER_FLOAT32, &e), -1);
    sampler_free(&s, &m);
    e = (struct err){ "" };
    assert_int_equal(sampler_init(&s, &m, kern_best(), SAMPLER_SGEMM, SAMPLER_INT16, &e), -1);
    sampler_free(&s, &m);
    rbm_free(&m);
    e = (struct err){ "" };
    machine(&m, ZEPHYR, 4, small, 1.0);
    assert_int_equal(sampler_init(&s, &m, kern_best(), SAMPLER_SGEMM, SAMPLER_FLOAT32, &e), -1);
    assert_non_null(strstr(e.text, "all coupled"));
    sampler_free(&s, &m);
    rbm_free(&m);
}

/* The fields that one sampler keeps of partition 1; floats of one precision are summed in one
 * order, products of matrices in another: 12 terms below 4, rounded by 2e-7 each. */
static void keep(struct rbm *m, const struct kern *k, enum sampler_kind kind,
                 enum sampler_precision precision)
{
    enum { TILES = 5, LANES = TILES * KERN_LANES };
    const int first = m->T.first[1], n = m->T.size[1];
    uint64_t *bits = mem_take(m->T.N * TILES, sizeof *bits);
    float *phi = mem_take((int64_t)n * LANES, sizeof *phi), want[LANES];
    struct gibbs g = { .beta = 0.8f, .seed = 11, .stream = RNG_CHAIN, .fields = phi };
    struct sampler s;
    struct err e = { "" };

    coins(bits, m->T.N * TILES);
    assert_int_equal(sampler_init(&s, m, k, kind, precision, &e), 0);
    const struct kern_net net = sampler_net(m);
    gibbs_partition(&g, m, k, bits, NULL, (struct block){ 9, TILES }, 0, 1);
    for (int i = 0; i < n; i++) {
        k->field(want, bits, TILES, &net, first + i);
        for (int c = 0; c < LANES; c++)
            assert_near(phi[i * LANES + c], want[c], kind == SAMPLER_SGEMM ? 1e-5 : 0.0);
    }
    sampler_free(&s, m);
    mem_free(bits);
    mem_free(phi);
}

static void what_units_are_drawn_from_can_be_kept(void **state)
{
    (void)state;
    static const int size[3] = { 5, 11, 7 };
    struct rbm m;

    for (int graph = COMPLETE; graph <= ZEPHYR; graph++) {
        machine(&m, graph, 3, size, 0.3);
        for (int i = 0; i < kern_count(); i++) {
            keep(&m, kern_at(i), SAMPLER_ADD, SAMPLER_FLOAT32);
            keep(&m, kern_at(i), SAMPLER_ADD, SAMPLER_INT16);
            keep(&m, kern_at(i), SAMPLER_LOOKUP, SAMPLER_INT16);
            if (graph == COMPLETE) keep(&m, kern_at(i), SAMPLER_SGEMM, SAMPLER_FLOAT32);
        }
        rbm_free(&m);
    }
}

/* Parameters that all lie half a step above the grid, which a unit that is always off makes coarse:
 * ln Z of the image is lower by 0.06, 20 errors of the estimates. */
static void annealing_through_the_image_ends_at_the_machine(void **state)
{
    (void)state;
    enum { UNITS = 13, ROW = 157, STEPS = 100 };
    static const int size[3] = { 4, 4, 5 };
    static uint64_t start[UNITS * ROW];
    double p[1 << UNITS], beta[STEPS + 1];
    float base[UNITS];
    struct sampler s;
    struct ais a;
    struct rbm m;
    struct err e = { "" };

    small_machine(&m, 3, size, -1, 0.6, 8);
    for (int64_t k = 0; k < m.table.total; k++)
        m.param[k] = (floorf(m.param[k] * 128.0f) + 0.49f) / 128.0f;
    m.bias[UNITS - 1] = -1e5f;
    for (int64_t k = 0; k < m.T.M; k++)
        if (m.T.edge[k][1] == UNITS - 1) m.weight[k] = 0.0f;
    rbm_prepare(&m);
    double log_z = small_probabilities(&m, NULL, p);
    small_starts(start, ROW, &m);
    ais_linear(beta, STEPS);
    ais_base(base, &m, AIS_BIASES, NULL, 0.0);
    assert_int_equal(sampler_init(&s, &m, kern_best(), SAMPLER_LOOKUP, SAMPLER_INT16, &e), 0);
    assert_int_equal(s.grid.s, GRID_COARSEST);
    for (int way = 0; way < 4; way++) {
        int reverse = way % 2;
        ais_init(&a, &m, kern_best(), (struct block){ 0, ROW }, reverse, STEPS, beta, 1, base,
                 start, 9);
        if (way >= 2) ais_marginal(&a, &m, ais_widest(&m));
        while (ais_advance(&a, &m, kern_best(), 7) > 0) continue;
        struct logweights w = logweights_of(a.log_w, ROW * KERN_LANES);
        double expected = reverse ? a.log_z0[0] - log_z : log_z - a.log_z0[0];
        assert_true(w.error < 0.003);
        assert_near(w.log_mean, expected, 4.0 * w.error);
        ais_free(&a);
    }
    sampler_free(&s, &m);
    rbm_free(&m);
}

TEST_MAIN(cmocka_unit_test(every_kernel_on_a_grid_draws_the_bits_of_its_float_twin),
          cmocka_unit_test(every_sampler_leaves_its_machine_as_it_is),
          cmocka_unit_test(sgemm_draws_the_same_bits_in_any_company),
          cmocka_unit_test(what_a_sampler_cannot_do_is_refused),
          cmocka_unit_test(what_units_are_drawn_from_can_be_kept),
          cmocka_unit_test(annealing_through_the_image_ends_at_the_machine))
