/* Paths that sum a partition out, and RAISE; against enumeration and transition matrices. */
#include "test.h"

#include "num/logweights.h"
#include "rbm/hidden.h"
#include "rbm/stage.h"

enum { TILES = STAGE_TILES, N = STAGE_UNITS, LANES = STAGE_LANES };

/* 10,048 runs of 5 steps, both ways, each partition summed in turn: weights stay unbiased, and
 * spread less than those of the joint path. */
static void summed_partitions_leave_weights_unbiased(void **state)
{
    (void)state;
    static struct stage s;
    struct block tiles = { 0, TILES };
    struct ais a;
    double error, plain[2] = { 0.0 };

    stage_build(&s, 0.7);
    for (int p = -1; p < 4; p++)
        for (int reverse = 0; reverse < 2; reverse++) {
            stage_set_out(&a, &s, tiles, reverse, 5, s.start);
            ais_marginal(&a, &s.m, p);
            assert_int_equal(ais_advance(&a, &s.m, kern_best(), 5), 0);
            double ratio = reverse ? a.log_z0[0] - s.log_z : s.log_z - a.log_z0[0];
            double w = stage_mean_weight(a.log_w, LANES, ratio, &error);
            assert_true(error < 0.1);
            assert_near(w, 1.0, 4.0 * error);
            struct logweights l = logweights_of(a.log_w, LANES);
            assert_true(l.mean < ratio);
            if (p < 0) plain[reverse] = l.variance;
            /* a variance from 10,048 draws is known to 2 to 4% */
            if (p >= 0) assert_true(l.variance < 1.04 * plain[reverse]);
            if (p == 0) assert_true(l.variance < 0.9 * plain[reverse]);
            ais_free(&a);
        }
    rbm_free(&s.m);
}

/* In an RBM whose base is the hidden biases, summing the hidden units leaves the formula of
 * Salakhutdinov and Murray; with one step it can be written down: log f_1(v) - log f_0(v). */
static void one_step_is_the_free_energy(void **state)
{
    (void)state;
    const int size[2] = { 5, 7 };
    struct stage s;
    struct ais a;

    small_machine(&s.m, 2, size, -1, 1.0, 62);
    ais_base(s.base, &s.m, AIS_UNIFORM, NULL, 0.0);
    stage_set_out(&a, &s, (struct block){ 0, 1 }, 0, 1, NULL);
    ais_marginal(&a, &s.m, ais_widest(&s.m));
    uint64_t v[5];
    memcpy(v, a.bits, sizeof v);
    ais_advance(&a, &s.m, kern_best(), 1);
    for (int c = 0; c < 64; c++) {
        double gain = 0.0;
        for (int i = 0; i < 5; i++) gain += v[i] >> c & 1 ? (double)s.m.bias[i] : 0.0;
        for (int j = 5; j < 12; j++) {
            double phi = (double)s.m.bias[j];
            for (int i = 0; i < 5; i++) phi += v[i] >> c & 1 ? (double)rbm_weight(&s.m, i, j) : 0.0;
            gain += log1p(exp(phi)) - log(2.0);
        }
        assert_near(a.log_w[c], gain, 2e-5);
    }
    ais_free(&a);
    rbm_free(&s.m);
}

/* RAISE of exact samples: E of exp(log p_raise(v) - log p(v)) over the machine is the mass that
 * annealing gives, 1; and the mean of log p_raise lies below that of log p. */
static void raise_bounds_the_likelihood_from_below(void **state)
{
    (void)state;
    static struct stage s;
    struct ais a;
    double error;

    stage_build(&s, 0.7);
    for (int p = -1; p < 2; p++) {
        stage_set_out(&a, &s, (struct block){ 0, TILES }, 1, 10, s.start);
        ais_marginal(&a, &s.m, p);
        ais_raise(&a, &s.m, kern_best());
        assert_int_equal(ais_advance(&a, &s.m, kern_best(), 10), 0);
        /* log p_raise(v) - log p(v) = log w + ln Z - log Z_0 */
        double ratio = a.log_z0[0] - s.log_z, w = stage_mean_weight(a.log_w, LANES, ratio, &error);
        assert_true(error < 0.1);
        assert_near(w, 1.0, 4.0 * error);
        struct logweights l = logweights_of(a.log_w, LANES);
        assert_true(l.mean + 3.0 * sqrt(l.variance / LANES) < ratio);
        ais_free(&a);
    }
    rbm_free(&s.m);
}

/* Distribution over the 16 states of two pairs of units after forward sweeps at beta_1 .. beta_K,
 * by transition matrices: partition `lead` first, then the other. */
static void annealed(double *p, const struct stage *s, const double *beta, int K, int lead)
{
    double f[16], next[16];
    uint8_t x[4];

    for (int k = 0; k <= K; k++) {
        double z = 0.0;
        for (int i = 0; i < 16; i++) {
            double energy, base = 0.0;
            small_state(x, 4, i);
            rbm_energy_states(&s->m, x, 1, &energy);
            for (int u = 0; u < 4; u++) base += x[u] ? (double)s->base[u] : 0.0;
            f[i] = exp((1.0 - beta[k]) * base - beta[k] * energy);
            z += f[i];
        }
        if (k == 0)
            for (int i = 0; i < 16; i++) p[i] = f[i] / z;
        for (int turn = 0; turn < 2 && k > 0; turn++) {
            int drawn = (lead == turn) ? 3 : 12; /* bits of partition 0 or 1 */
            memset(next, 0, sizeof next);
            for (int i = 0; i < 16; i++) {
                double sum = 0.0;
                for (int j = 0; j < 16; j++)
                    if ((i & ~drawn) == (j & ~drawn)) sum += f[j];
                for (int j = 0; j < 16; j++)
                    if ((i & ~drawn) == (j & ~drawn)) next[j] += p[i] * f[j] / sum;
            }
            memcpy(p, next, sizeof next);
        }
    }
}

/* RAISE of each state: its mean weight is the probability with which annealing, sweep for sweep,
 * generates the state. This knows the order of every partition both ways. */
static void raise_estimates_what_annealing_generates(void **state)
{
    (void)state;
    enum { EACH = 40, K = 2 };
    const int size[2] = { 2, 2 };
    const double beta[K + 1] = { 0.0, 0.4, 1.0 };
    static uint64_t start[4 * 16 * EACH];
    struct stage s;
    struct ais a;
    double p[16], error, energy[16];
    uint8_t x[4];

    small_machine(&s.m, 2, size, -1, 2.0, 64);
    ais_base(s.base, &s.m, AIS_UNIFORM, NULL, 0.0);
    for (int i = 0; i < 4; i++) s.base[i] = 0.3f * (float)i;
    for (int t = 0; t < 16 * EACH; t++)
        for (int i = 0; i < 4; i++) start[i * 16 * EACH + t] = t / EACH >> i & 1 ? ~(uint64_t)0 : 0;
    for (int summed = -1; summed < 2; summed++) {
        annealed(p, &s, beta, K, summed == 1 ? 1 : 0);
        ais_init(&a, &s.m, kern_best(), (struct block){ 0, 16 * EACH }, 1, K, beta, 1, s.base,
                 start, 8);
        ais_marginal(&a, &s.m, summed);
        ais_raise(&a, &s.m, kern_best());
        assert_int_equal(ais_advance(&a, &s.m, kern_best(), K), 0);
        for (int v = 0; v < 16; v++) {
            int other = summed == 0 ? 3 : summed == 1 ? 12 : 0;
            double expected = 0.0;
            for (int i = 0; i < 16; i++) expected += (i & ~other) == (v & ~other) ? p[i] : 0.0;
            small_state(x, 4, v);
            if (summed < 0)
                rbm_energy_states(&s.m, x, 1, &energy[v]);
            else
                hidden_summed(&s.m, (uint64_t)1 << summed, x, 1, &energy[v], NULL);
            double shift = energy[v] + a.log_z0[0] + log(expected);
            double w = stage_mean_weight(a.log_w + v * EACH * 64, EACH * 64, shift, &error);
            assert_true(error < 0.1);
            assert_near(w, 1.0,
                        4.5 * error + 1e-6); /* 48 means: odds of 3e-4, and the seed is fixed */
        }
        ais_free(&a);
    }
    rbm_free(&s.m);
}

/* x -> 1 - x with biases and couplings to match is the same machine: ln Z shifts by a constant. */
static void flipped_machines_have_the_ln_z_that_flipping_says(void **state)
{
    (void)state;
    static struct stage s;
    struct stage f;
    struct ais a, b;
    double shift = 0.0;

    stage_build(&s, 0.7);
    const int size[4] = { 4, 3, 3, 2 };
    small_machine(&f.m, 4, size, -1, 0.0, 61);
    for (int i = 0; i < N; i++) {
        f.m.bias[i] = -s.m.bias[i];
        shift += (double)s.m.bias[i];
        f.base[i] = -s.base[i];
    }
    for (int64_t k = 0; k < s.m.T.M; k++) {
        float w = s.m.weight[k];
        f.m.weight[k] = w;
        for (int end = 0; end < 2; end++) f.m.bias[s.m.T.edge[k][end]] -= w;
        shift += (double)w;
    }
    rbm_prepare(&f.m);
    for (int p = -1; p < 4; p++) {
        stage_set_out(&a, &s, (struct block){ 0, TILES }, 0, 40, NULL);
        stage_set_out(&b, &f, (struct block){ 0, TILES }, 0, 40, NULL);
        ais_marginal(&a, &s.m, p);
        ais_marginal(&b, &f.m, p);
        ais_advance(&a, &s.m, kern_best(), 40);
        ais_advance(&b, &f.m, kern_best(), 40);
        struct logweights x = logweights_of(a.log_w, LANES), y = logweights_of(b.log_w, LANES);
        double plain = a.log_z0[0] + x.log_mean, flipped = b.log_z0[0] + y.log_mean + shift;
        assert_near(plain, flipped, 4.0 * sqrt(x.error * x.error + y.error * y.error));
        assert_near(plain, s.log_z, 4.0 * x.error);
        ais_free(&a);
        ais_free(&b);
    }
    rbm_free(&s.m);
    rbm_free(&f.m);
}

TEST_MAIN(cmocka_unit_test(summed_partitions_leave_weights_unbiased),
          cmocka_unit_test(one_step_is_the_free_energy),
          cmocka_unit_test(raise_bounds_the_likelihood_from_below),
          cmocka_unit_test(raise_estimates_what_annealing_generates),
          cmocka_unit_test(flipped_machines_have_the_ln_z_that_flipping_says))
