/* Every source of noise of the kinetic device, alone: what it moves, by how much, and nothing else;
 * data sheets that are not as they should be. */
#include "qpu/sheets.h"

#include "qpu/beta.h"
#include "rbm/spins.h"

#include "qpu/misprint.h"

#include <math.h>
#include <string.h>

#define SHEET_A2 "advantage2_system1"

enum { SPINS = 2000, READS = 3200 };

/* A text with another number; the caller frees. */
static char *with(const char *text, const char *old, const char *new)
{
    const char *at = strstr(text, old);
    size_t room = strlen(text) + strlen(new) + 1;
    char *out = mem_take((int64_t)room, 1);

    if (at == NULL) fail_msg("no '%s' in the sheet", old);
    snprintf(out, room, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
    return out;
}

/* Advantage2_system1 with one line changed (old NULL: none), and one source of noise. */
static void open_with(struct device *d, const char *sheet, const char *old, const char *new,
                      unsigned noise)
{
    char *text = sheet_text(sheet), *other = old == NULL ? NULL : with(text, old, new);

    sheet_open_text(d, other != NULL ? other : text, noise, 0.0);
    mem_free(other);
    mem_free(text);
}

static void draw(struct device *d, const struct ising *g, const struct device_call *c, uint8_t *x)
{
    struct err e = { "" };
    struct block all = { 0, spins_tiles(c->reads) };
    double *H = mem_take(all.count * 64, sizeof *H);

    if (device_draw(d, g, c, all, x, H, NULL, &e) != c->reads) fail_msg("%s", e.text);
    mem_free(H);
}

/* Triangles: h 0.3 on the first spin of each, J = 0.5, -0.2, 0.1. */
static void triangles(struct ising *g, int n)
{
    static const int edge[3][2] = { { 0, 1 }, { 1, 2 }, { 0, 2 } };
    static const double J[3] = { 0.5, -0.2, 0.1 };

    ising_take(g, 3 * n, 3 * (int64_t)n);
    for (int t = 0; t < n; t++) {
        g->h[3 * t] = 0.3;
        for (int k = 0; k < 3; k++) {
            g->pair[3 * t + k][0] = 3 * t + edge[k][0];
            g->pair[3 * t + k][1] = 3 * t + edge[k][1];
            g->J[3 * t + k] = J[k];
        }
    }
}

/* What a programming made of triangles: errors of h and J, and the flux. */
struct made {
    struct ising asked, got;
    double *flux;
};

static void make(struct made *m, const struct datasheet *s, unsigned noise, uint64_t programming,
                 double time, int compensated)
{
    struct misprint p = { s, noise, 7, programming, time, compensated };

    triangles(&m->asked, SPINS / 3);
    triangles(&m->got, SPINS / 3);
    m->flux = mem_take(m->asked.n, sizeof *m->flux);
    misprint_make(&p, &m->got, m->flux);
}

static void made_free(struct made *m)
{
    ising_free(&m->asked);
    ising_free(&m->got);
    mem_free(m->flux);
}

/* Root mean square of a - b; b NULL: 0. */
static double rms(const double *a, const double *b, int64_t n)
{
    double sum = 0.0;

    for (int64_t i = 0; i < n; i++)
        sum += (a[i] - (b == NULL ? 0.0 : b[i])) * (a[i] - (b == NULL ? 0.0 : b[i]));
    return sqrt(sum / (double)n);
}

static void each_source_touches_its_own_and_nothing_else(void **state)
{
    (void)state;
    enum { LOST = 2 }; /* a spin that may have had no field */
    static const struct {
        unsigned noise;
        int h, J, flux;
    } want[] = { { 0, 0, 0, 0 },
                 { NOISE_HEAT, 0, 0, 0 },
                 { NOISE_ICE, 1, 1, 0 },
                 { NOISE_SCALE, 1, 0, 0 },
                 { NOISE_DAC, 1, 1, 0 },
                 { NOISE_FLUX, 0, 0, 1 },
                 { NOISE_DRIFT, 0, 0, 1 },
                 { NOISE_SUSCEPTIBILITY, 1, 1, 0 },
                 { NOISE_READOUT, 0, 0, 0 },
                 { NOISE_BATH, 0, 0, 0 },
                 { NOISE_FAILURE, LOST, 1, 0 },
                 { NOISE_ALL, 1, 1, 1 } };
    struct device d;
    struct made m;

    open_with(&d, SHEET_A2, "failure: 0 ", "failure: 1 ", 0);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        make(&m, &d.kinetic.sheet, want[i].noise, 3, 5e6, 1);
        double dh = rms(m.got.h, m.asked.h, m.got.n);
        if (want[i].h != LOST) assert_int_equal(dh > 0.0, want[i].h);
        assert_int_equal(rms(m.got.J, m.asked.J, m.got.m) > 0.0, want[i].J);
        assert_int_equal(rms(m.flux, NULL, m.got.n) > 0.0, want[i].flux);
        made_free(&m);
    }
    device_free(&d);
}

/* Errors of 2,000 fields and couplings: rms and mean to 10% (2,000 normal deviates: 1.6%). */
static void static_errors_are_new_in_each_programming(void **state)
{
    (void)state;
    struct device d;
    struct made a, b;
    double mean = 0.0;

    sheet_open(&d, SHEET_A2, 0);
    make(&a, &d.kinetic.sheet, NOISE_ICE, 1, 0.0, 1);
    make(&b, &d.kinetic.sheet, NOISE_ICE, 2, 0.0, 1);
    for (int i = 0; i < a.got.n; i++) mean += (a.got.h[i] - a.asked.h[i]) / a.got.n;
    assert_near(mean, -0.013, 0.001);
    assert_near(rms(a.got.h, b.got.h, a.got.n), sqrt(2.0) * 0.01, 0.0014);
    assert_near(rms(a.got.J, a.asked.J, a.got.m), 0.01, 0.001);
    assert_near(rms(a.got.J, b.got.J, a.got.m), sqrt(2.0) * 0.01, 0.0014);
    made_free(&a);
    made_free(&b);
    device_free(&d);
}

/* Scales and levels are the chip's own: the same in all programmings. */
static void scales_and_levels_stay(void **state)
{
    (void)state;
    struct device d;
    struct made a, b;
    double scale = 0.0;

    open_with(&d, SHEET_A2, "dac_h: [0.0019, -0.00049, 2.0e-5]", "dac_h: [0.05, 0, 0]", 0);
    make(&a, &d.kinetic.sheet, NOISE_SCALE, 1, 0.0, 1);
    make(&b, &d.kinetic.sheet, NOISE_SCALE, 2, 1e9, 1);
    assert_memory_equal(a.got.h, b.got.h, (size_t)a.got.n * sizeof *a.got.h);
    for (int i = 0; i < a.got.n; i += 3) scale += pow(a.got.h[i] / 0.3 - 1.0, 2) / (a.got.n / 3);
    assert_near(sqrt(scale), 0.01, 0.001);
    made_free(&a);
    made_free(&b);
    make(&a, &d.kinetic.sheet, NOISE_DAC, 1, 0.0, 1);
    make(&b, &d.kinetic.sheet, NOISE_DAC, 2, 1e9, 1);
    assert_memory_equal(a.got.h, b.got.h, (size_t)a.got.n * sizeof *a.got.h);
    /* steps of 0.1: the error is uniform within half of one, rms 0.05 / sqrt(3) */
    assert_near(rms(a.got.h, a.asked.h, a.got.n), 0.05 / sqrt(3.0), 0.001);
    for (int i = 0; i < a.got.n; i++) assert_true(fabs(a.got.h[i] - a.asked.h[i]) <= 0.05 + 1e-12);
    made_free(&a);
    made_free(&b);
    device_free(&d);
}

/* The formula on a triangle: h of neighbours, and J through the third spin. */
static void susceptibility_is_its_formula(void **state)
{
    (void)state;
    struct device d;
    struct made m;

    sheet_open(&d, SHEET_A2, 0);
    double chi = d.kinetic.sheet.susceptibility;
    make(&m, &d.kinetic.sheet, NOISE_SUSCEPTIBILITY, 1, 0.0, 1);
    assert_near(chi, -0.0093, 1e-12);
    for (int t = 0; t < m.got.n / 3; t++) {
        assert_near(m.got.h[3 * t], 0.3, 1e-12);
        assert_near(m.got.h[3 * t + 1], chi * 0.5 * 0.3, 1e-12);
        assert_near(m.got.h[3 * t + 2], chi * 0.1 * 0.3, 1e-12);
        assert_near(m.got.J[3 * t], 0.5 + chi * -0.2 * 0.1, 1e-12);
        assert_near(m.got.J[3 * t + 1], -0.2 + chi * 0.5 * 0.1, 1e-12);
        assert_near(m.got.J[3 * t + 2], 0.1 + chi * 0.5 * -0.2, 1e-12);
    }
    made_free(&m);
    device_free(&d);
}

/* Flux noise: its rms at any time, alike after a millisecond, another after 10,000 s; drift: it
 * grows in a straight line, and a correction ends it. 2,000 qubits: 1.6% of each rms. */
static void flux_noise_is_pink_and_drift_is_corrected(void **state)
{
    (void)state;
    struct device d;
    struct made a, b;
    const double later[2] = { 1e3, 1e10 }, alike[2] = { 0.1, sqrt(2.0) };

    sheet_open(&d, SHEET_A2, 0);
    for (int k = 0; k < 2; k++) {
        make(&a, &d.kinetic.sheet, NOISE_FLUX, 1, 777e6, 1);
        make(&b, &d.kinetic.sheet, NOISE_FLUX, 2, 777e6 + later[k], 1);
        assert_near(rms(a.flux, NULL, a.got.n), 1e-5, 1e-6);
        if (k == 0) assert_true(rms(a.flux, b.flux, a.got.n) < alike[0] * 1e-5 * sqrt(20.0));
        if (k == 1) assert_near(rms(a.flux, b.flux, a.got.n), alike[1] * 1e-5, 1e-6);
        made_free(&a);
        made_free(&b);
    }
    for (int compensated = 0; compensated < 2; compensated++) {
        make(&a, &d.kinetic.sheet, NOISE_DRIFT, 1, 1800e6, compensated);
        make(&b, &d.kinetic.sheet, NOISE_DRIFT, 2, 3 * 3600e6 + 1.0, compensated);
        assert_near(rms(a.flux, NULL, a.got.n), 0.5e-5, 0.5e-6);
        assert_near(rms(b.flux, NULL, b.got.n), compensated ? 0.0 : sqrt(3.0) * 1e-5, 2e-6);
        made_free(&a);
        made_free(&b);
    }
    device_free(&d);
}

/* The temperature of 200 lone spins in weak fields, from calls of 320 reads. */
static double warmth(struct device *d, int64_t number, const double *flux)
{
    enum { N = 200, FEW = 320 };
    struct ising g;
    struct device_call c = { .number = number, .reads = FEW, .flux = flux };
    static uint8_t x[FEW * N];
    static float f[FEW * N];

    ising_take(&g, N, 0);
    for (int i = 0; i < N; i++) g.h[i] = ((i + 0.5) / N - 0.5) / 3.05;
    draw(d, &g, &c, x);
    beta_fields(f, &g, x, FEW);
    struct beta b = beta_find(f, FEW, N);
    ising_free(&g);
    return 1.0 / b.beta;
}

/*
 * 10 mK a programming on 20 mK, time constant 1 s: T of call k is T_0 (1 + x_k / 20 mK), x_k the
 * sum of what is left of all programmings at the middle of the reads. A call takes some 0.1 s, and
 * 0.3 s pass between two. 320 x 200 spins give T to 1%; asked: 4%. Flux biases of 0 do not heat,
 * others do.
 */
static void programming_warms_and_time_cools(void **state)
{
    (void)state;
    enum { N = 200 };
    struct device d;
    double flux[N] = { 0.0 }, cold, excess = 0.0;

    open_with(&d, SHEET_A2, "programming: 0.4 ", "programming: 10 ", NOISE_HEAT);
    const struct datasheet *s = &d.kinetic.sheet;
    for (int k = 0; k < 4; k++) {
        double before = d.time, T = warmth(&d, k, k == 2 ? flux : NULL);
        double call = 1e-6 * (d.time - before) - s->idle;
        double programmed = 33600e-6 + 1000e-6, reading = call - programmed;
        excess += 10.0;
        double then = excess * exp(-programmed) * (1.0 - exp(-reading)) / reading;
        assert_near(T, s->temperature * (1.0 + then / s->base), 0.04 * T);
        excess *= exp(-call - s->idle);
        assert_near(d.kinetic.heat, excess, 1e-9);
    }
    flux[0] = 1e-9;
    double heat = d.kinetic.heat, before = d.time;
    warmth(&d, 5, flux);
    assert_near(d.kinetic.heat, (heat + 10.4) * exp(-1e-6 * (d.time - before)), 1e-9);
    device_wait(&d, 30.0);
    assert_true(d.kinetic.heat < 1e-9);
    device_free(&d);
    sheet_open(&d, SHEET_A2, NOISE_ALL & ~NOISE_HEAT & ~NOISE_ICE);
    cold = warmth(&d, 0, NULL);
    assert_true(d.kinetic.heat == 0.0);
    assert_near(cold, s->temperature, 0.04 * cold);
    device_free(&d);
}

/* Spins that the field holds (P(down) < 1e-30): a zero is a wrong bit, one in a read at most. */
static void readout_errors_are_single_wrong_bits(void **state)
{
    (void)state;
    enum { N = 20 };
    struct ising g;
    struct device d;
    struct device_call c = { .number = 2, .reads = READS };
    static uint8_t x[READS * N];

    ising_take(&g, N, 0);
    for (int i = 0; i < N; i++) g.h[i] = -4.0;
    for (int on = 0; on < 2; on++) {
        int wrong = 0;
        open_with(&d, SHEET_A2, "readout: 0.001", "readout: 0.25", on ? NOISE_READOUT : 0);
        draw(&d, &g, &c, x);
        for (int r = 0; r < READS; r++) {
            int zeros = 0;
            for (int i = 0; i < N; i++) zeros += !x[r * N + i];
            assert_true(zeros <= 1);
            wrong += zeros;
        }
        assert_near(wrong, on ? 0.25 * READS : 0.0, on ? 5.0 * sqrt(READS * 0.1875) : 0.0);
        device_free(&d);
    }
    ising_free(&g);
}

/*
 * A bath: given the reads before, a lone spin is up with mean tanh(b / T) of the b that they left.
 * Recomputed from the reads, sum b (s - tanh(b / T)) is 0 within 5 of its standard errors, and
 * sum b s is not. After waits of 10,000 us, twenty times its time, nothing is left. Without the
 * source, reads go in tiles and are shared.
 */
static double memory(struct device *d, const struct params *p, double keep, double kick,
                     double *pull)
{
    enum { N = 200, FEW = 64 };
    struct ising g;
    struct device_call c = { .number = 3, .reads = FEW, .params = p };
    double b[N] = { 0.0 }, gap = 0.0, square = 0.0, T = d->kinetic.sheet.temperature;
    uint8_t x[FEW * N];

    *pull = 0.0;
    ising_take(&g, N, 0);
    draw(d, &g, &c, x);
    for (int r = 0; r < FEW; r++)
        for (int i = 0; i < N; i++) {
            double s = x[r * N + i] ? 1.0 : -1.0, m = tanh(b[i] / T);
            gap += b[i] * (s - m);
            square += b[i] * b[i] * (1.0 - m * m);
            *pull += b[i] * s;
            b[i] = keep * (b[i] + kick * s);
        }
    ising_free(&g);
    *pull /= sqrt(square);
    return gap / sqrt(square);
}

static void a_bath_remembers_the_read_before(void **state)
{
    (void)state;
    struct device d;
    struct params p;
    double pull,
        each = 20.0 + 20.5 + pow(10.0, 1.25527 + (2.23805 - 1.25527) * log10(200) / log10(5640));

    params_init(&p);
    open_with(&d, "advantage_system6", "bath_strength: 0.005", "bath_strength: 0.03", NOISE_BATH);
    assert_true(fabs(memory(&d, &p, exp(-each / 500.0), 0.03, &pull)) < 5.0);
    assert_true(pull > 20.0);
    p.readout = 10000.0;
    memory(&d, &p, exp(-each / 500.0), 0.03, &pull);
    assert_true(fabs(pull) < 5.0);
    p.readout = -1.0;
    p.decorrelate = 1; /* 500 us and more */
    double gap = memory(&d, &p, exp(-(each + 595.0) / 500.0), 0.03, &pull);
    assert_true(fabs(gap) < 5.0 && pull > 2.0 && pull < 10.0);
    assert_int_equal(device_share(&d, 640, 1, 2).count, 0);
    device_free(&d);
    open_with(&d, "advantage_system6", "bath_strength: 0.005", "bath_strength: 0.03",
              NOISE_ALL & ~NOISE_BATH & ~NOISE_ICE & ~NOISE_FLUX);
    assert_int_equal(device_share(&d, 640, 1, 2).count, 5);
    memory(&d, NULL, exp(-each / 500.0), 0.03, &pull);
    assert_true(fabs(pull) < 5.0);
    device_free(&d);
}

/* Reads one after the other and reads in tiles have one distribution: the mean energy of a ring of
 * 12 with a bath that leaves nothing. 3,200 reads each: 5 standard errors of the difference. */
static void reads_in_a_row_are_like_reads_in_tiles(void **state)
{
    (void)state;
    enum { N = 12, EDGES = 12 };
    struct ising g;
    struct device_call c = { .number = 4, .reads = READS };
    static uint8_t x[READS * N];
    double mean[2] = { 0.0 }, square[2] = { 0.0 }, H[READS];

    ising_take(&g, N, EDGES);
    for (int i = 0; i < N; i++) {
        g.h[i] = 0.02 * i - 0.1;
        g.pair[i][0] = i < N - 1 ? i : 0;
        g.pair[i][1] = i < N - 1 ? i + 1 : N - 1;
        g.J[i] = i % 3 == 0 ? 0.2 : -0.15;
    }
    for (int row = 0; row < 2; row++) {
        struct device d;
        open_with(&d, "advantage_system6", "bath_strength: 0.005", "bath_strength: 1e-30",
                  row ? NOISE_BATH : 0);
        draw(&d, &g, &c, x);
        ising_energy(&g, x, READS, H);
        for (int r = 0; r < READS; r++) {
            mean[row] += H[r] / READS;
            square[row] += H[r] * H[r] / READS;
        }
        device_free(&d);
    }
    double error = sqrt((square[0] - mean[0] * mean[0] + square[1] - mean[1] * mean[1]) / READS);
    assert_near(mean[0], mean[1], 5.0 * error);
    assert_true(error < 0.01 * fabs(mean[0]));
    ising_free(&g);
}

/* A lost qubit has neither field nor coupling: a fair coin among spins that the field holds. */
static void a_failed_programming_loses_a_qubit(void **state)
{
    (void)state;
    enum { N = 20, FEW = 640 };
    struct ising g;
    struct device d;
    struct device_call c = { .number = 2, .reads = FEW };
    uint8_t x[FEW * N];
    int coins = 0;

    ising_take(&g, N, 0);
    for (int i = 0; i < N; i++) g.h[i] = -4.0;
    open_with(&d, SHEET_A2, "failure: 0 ", "failure: 1 ", NOISE_FAILURE);
    draw(&d, &g, &c, x);
    for (int i = 0; i < N; i++) {
        int up = 0;
        for (int r = 0; r < FEW; r++) up += x[r * N + i];
        if (up == FEW) continue;
        coins++;
        assert_near(up, FEW / 2, 5.0 * sqrt(FEW / 4.0));
    }
    assert_int_equal(coins, 1);
    device_free(&d);
    ising_free(&g);
}

/* One sentence with the file, the line and the key. */
static void bad_data_sheets_are_told_where(void **state)
{
    (void)state;
    static const struct {
        const char *old, *new, *words;
    } bad[] = {
        { "heat: ", "heta: ", "unknown key 'heta' in a device" },
        { "  h_sigma: 0.01 ", "  h_sgima: 0.01 ", "unknown key 'h_sgima' in the section 'noise'" },
        { "  readout: 0.001 ", "  readout: 1.5 ", "readout is 1.5, expected 0 to 1" },
        { "  drift_period: 3600 ", "  # ", "'drift_period' is missing in the section 'noise'" },
        { "[1, 3.3e-07, 14.73]", "[0.95, 3.3e-07, 14.73]", "expected s that rises from 0 to 1" },
        { "[0.5, 0.372, 5.04]", "[0.5, -0.372, 5.04]", "A > 0 and B > 0" },
        { "[0.5, 0.372, 5.04]", "[0.5, 0.372]", "expected a list of 3 numbers for 'schedule'" },
        { "  temperature: 0.112 ", "  temperature: cold ", "cold" },
        { "  h_range: [-4, 4]", "  h_range: [-4]", "expected a list of two numbers for 'h_range'" },
        { "topology: zephyr", "topology: torus", "topology is 'torus'" },
        { "size: 12", "size: 0", "such as 12" },
    };
    char *text = sheet_text(SHEET_A2);

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *other = with(text, bad[i].old, bad[i].new);
        struct device_keys k = { .kind = DEVICE_KINETIC, .text = other, .file = "the sheet" };
        struct device d;
        struct err e = { "" };
        assert_int_equal(device_open(&d, &k, &e), -1);
        if (strstr(e.text, bad[i].words) == NULL || strstr(e.text, "the sheet") != e.text)
            fail_msg("'%s' does not say '%s'", e.text, bad[i].words);
        device_free(&d);
        mem_free(other);
    }
    mem_free(text);
}

TEST_MAIN(cmocka_unit_test(each_source_touches_its_own_and_nothing_else),
          cmocka_unit_test(static_errors_are_new_in_each_programming),
          cmocka_unit_test(scales_and_levels_stay), cmocka_unit_test(susceptibility_is_its_formula),
          cmocka_unit_test(flux_noise_is_pink_and_drift_is_corrected),
          cmocka_unit_test(programming_warms_and_time_cools),
          cmocka_unit_test(readout_errors_are_single_wrong_bits),
          cmocka_unit_test(a_bath_remembers_the_read_before),
          cmocka_unit_test(reads_in_a_row_are_like_reads_in_tiles),
          cmocka_unit_test(a_failed_programming_loses_a_qubit),
          cmocka_unit_test(bad_data_sheets_are_told_where))
