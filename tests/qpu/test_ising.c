/* Machines as Ising problems: energies of every state, both ways, with clamped units; draws. */
#include "test.h"

#include "base/mem.h"
#include "qpu/beta.h"
#include "qpu/ising.h"
#include "qpu/local.h"
#include "rbm/small.h"

#include <math.h>
#include <string.h>

static const int SIZE[4] = { 3, 2, 2, 2 };
enum { N = 9, STATES = 1 << N };

/* E(x) = scale (offset + H(s)) for every state. Doubles of floats: rounding alone, 1e-12. */
static void every_state_has_the_energy_of_the_machine(void **state)
{
    (void)state;
    struct rbm m;
    struct ising g;
    uint8_t x[N];
    double E, H;

    small_machine(&m, 4, SIZE, -1, 1.5, 3);
    ising_init(&g, &m, 0);
    ising_set(&g, &m, 2.75, NULL);
    assert_int_equal(g.n, N);
    for (int64_t s = 0; s < STATES; s++) {
        small_state(x, N, s);
        rbm_energy_states(&m, x, 1, &E);
        ising_energy(&g, x, 1, &H);
        assert_near(g.scale * (g.offset + H), E, 1e-12);
    }
    ising_free(&g);
    rbm_free(&m);
}

/* Units of one partition and of several, clamped to every condition. */
static void clamped_units_drop_out(void **state)
{
    (void)state;
    static const int held[2][3] = { { 0, 1, 2 }, { 1, 4, 8 } };
    double E, H;

    for (int way = 0; way < 2; way++) {
        struct rbm m;
        struct ising g;
        uint8_t x[N], y[N], u[3];
        small_machine(&m, 4, SIZE, -1, 1.5, 4);
        small_hold(&m, held[way], 3);
        ising_init(&g, &m, 1);
        assert_int_equal(g.n, N - 3);
        for (int64_t s = 0; s < STATES; s++) {
            small_state(x, N, s);
            for (int i = 0; i < 3; i++) u[i] = x[held[way][i]];
            for (int k = 0; k < g.n; k++) y[k] = x[g.unit[k]];
            ising_set(&g, &m, 0.5, u);
            rbm_energy_states(&m, x, 1, &E);
            ising_energy(&g, y, 1, &H);
            assert_near(g.scale * (g.offset + H), E, 1e-12);
        }
        ising_free(&g);
        rbm_free(&m);
    }
}

/* -E of the machine at beta is -beta H but for one constant; its weights are floats: 1e-5. */
static void a_problem_becomes_a_machine_again(void **state)
{
    (void)state;
    struct rbm m, back;
    struct ising g;
    int32_t place[N];
    uint8_t x[N], y[N];
    struct err e = { "" };
    double E, H, gap = NAN;

    small_machine(&m, 4, SIZE, -1, 1.0, 5);
    ising_init(&g, &m, 0);
    ising_set(&g, &m, 1.5, NULL);
    assert_int_equal(ising_machine(&back, place, &g, 0.8, &e), 0);
    for (int64_t s = 0; s < STATES; s++) {
        small_state(x, N, s);
        for (int k = 0; k < N; k++) y[place[k]] = x[k];
        ising_energy(&g, x, 1, &H);
        rbm_energy_states(&back, y, 1, &E);
        if (s == 0) gap = E - 0.8 * H;
        assert_near(E - 0.8 * H, gap, 2e-5);
    }
    rbm_free(&back);
    ising_free(&g);
    rbm_free(&m);
}

enum { READS = 6400 };

/* Draws at inverse temperature 0.7: the mean of H within 5 standard errors of the enumeration, and
 * the pseudo-likelihood within 5 of its errors of 0.7. Fixed seed. */
static void draws_have_the_temperature_of_the_device(void **state)
{
    (void)state;
    struct rbm m;
    struct ising g;
    struct err e = { "" };
    struct local l = { .beta = 0.7, .sweeps = 60, .seed = 9, .kern = kern_best() };
    uint8_t *x = mem_take(READS * N, 1), s[N];
    double *H = mem_take(READS, sizeof *H), Z = 0.0, mean = 0.0, square = 0.0, got = 0.0, h;
    float *f = mem_take(READS * N, sizeof *f);

    small_machine(&m, 4, SIZE, -1, 0.8, 6);
    ising_init(&g, &m, 0);
    ising_set(&g, &m, 1.0, NULL);
    assert_int_equal(local_draw(&l, &g, 3, READS, (struct block){ 0, READS / 64 }, x, H, &e),
                     READS);
    for (int64_t i = 0; i < STATES; i++) {
        small_state(s, N, i);
        ising_energy(&g, s, 1, &h);
        Z += exp(-0.7 * h);
        mean += h * exp(-0.7 * h);
        square += h * h * exp(-0.7 * h);
    }
    mean /= Z;
    for (int i = 0; i < READS; i++) got += H[i] / READS;
    assert_near(got, mean, 5.0 * sqrt((square / Z - mean * mean) / READS));
    beta_fields(f, &g, x, READS);
    struct beta b = beta_find(f, READS, N);
    assert_true(b.error > 0.0 && b.error < 0.05);
    assert_near(b.beta, 0.7, 5.0 * b.error);
    mem_free(f);
    mem_free(x);
    mem_free(H);
    ising_free(&g);
    rbm_free(&m);
}

/* Two tiles drawn apart are the two tiles drawn together. */
static void a_share_of_the_reads_is_a_slice_of_all(void **state)
{
    (void)state;
    struct rbm m;
    struct ising g;
    struct err e = { "" };
    struct local l = { .beta = 1.0, .sweeps = 3, .seed = 9, .kern = kern_best() };
    static uint8_t all[128 * N], part[64 * N];
    double H[128];

    small_machine(&m, 4, SIZE, -1, 0.8, 6);
    ising_init(&g, &m, 0);
    ising_set(&g, &m, 1.0, NULL);
    assert_int_equal(local_draw(&l, &g, 0, 100, (struct block){ 0, 2 }, all, H, &e), 100);
    assert_int_equal(local_draw(&l, &g, 0, 100, (struct block){ 1, 1 }, part, H, &e), 36);
    assert_memory_equal(part, all + 64 * N, 36 * N);
    assert_int_equal(local_draw(&l, &g, 1, 100, (struct block){ 1, 1 }, part, H, &e), 36);
    assert_memory_not_equal(part, all + 64 * N, 36 * N);
    ising_free(&g);
    rbm_free(&m);
}

/* One spin in a field h: n up, the rest down; the root is atanh of the mean over -h, exactly. */
static void the_temperature_of_a_single_spin_is_known(void **state)
{
    (void)state;
    float f[10];
    double h = 0.3;

    for (int i = 0; i < 10; i++) f[i] = (float)(i < 2 ? 2.0 * h : -2.0 * h);
    struct beta b = beta_find(f, 10, 1);
    assert_near(b.beta, atanh(0.6) / h, 1e-5); /* fields are floats */
    assert_true(isinf(beta_find(f + 2, 8, 1).beta));
    assert_true(isnan(beta_find(f, 0, 1).beta));
}

TEST_MAIN(cmocka_unit_test(every_state_has_the_energy_of_the_machine),
          cmocka_unit_test(clamped_units_drop_out),
          cmocka_unit_test(a_problem_becomes_a_machine_again),
          cmocka_unit_test(draws_have_the_temperature_of_the_device),
          cmocka_unit_test(a_share_of_the_reads_is_a_slice_of_all),
          cmocka_unit_test(the_temperature_of_a_single_spin_is_known))
