#include "rbm/trajectory.h"

#include "base/mem.h"
#include "num/special.h"
#include "rbm/spins.h"

#include <math.h>
#include <string.h>

enum { LANES = KERN_LANES };

static const double LEAST_ESS = 32.0;

void trajectory_init(struct trajectory *t, struct block tiles, const struct rbm *m, int sweeps,
                     uint64_t seed)
{
    int64_t lanes = tiles.count * LANES;

    *t = (struct trajectory){ .tiles = tiles, .seed = seed, .sweeps = sweeps };
    t->u = mem_take(lanes, sizeof *t->u);
    t->bits = mem_take(m->T.N * tiles.count, sizeof *t->bits);
    t->log_w = mem_take(lanes, sizeof *t->log_w);
    t->log_z = mem_take(tiles.count, sizeof *t->log_z);
}

void trajectory_free(struct trajectory *t)
{
    mem_free(t->u);
    mem_free(t->bits);
    mem_free(t->log_w);
    mem_free(t->log_z);
    *t = (struct trajectory){ 0 };
}

/* ln sum w^2 of a tile. */
static double log_squares(const double *log_w)
{
    double square[LANES];

    for (int c = 0; c < LANES; c++) square[c] = 2.0 * log_w[c];
    return special_log_sum_exp(square, LANES);
}

/* Lane c of the tile becomes a copy of lane from[c]: as many copies as its share of the weights
 * says, up to one (systematic). */
static void choose(const double *log_w, double total, struct rng *draw, int from[LANES])
{
    double start = rng_uniform(draw), sum = 0.0;
    int c = 0;

    for (int i = 0; i < LANES; i++) {
        sum += LANES * exp(log_w[i] - total);
        while (c < LANES && start + c < sum) from[c++] = i;
    }
    while (c < LANES) from[c++] = LANES - 1; /* rounding of the last sum */
}

static void resample(struct trajectory *t, int64_t tile, int N)
{
    int64_t tiles = t->tiles.count;
    double *log_w = t->log_w + tile * LANES, total = special_log_sum_exp(log_w, LANES);
    int from[LANES];

    if (!(2.0 * total - log_squares(log_w) < log(LEAST_ESS))) return;
    struct rng draw = rng_at(t->seed, RNG_RESAMPLE, t->tiles.first + tile, t->step);
    choose(log_w, total, &draw, from);
    for (int i = 0; i < N; i++) {
        uint64_t old = t->bits[i * tiles + tile], new = 0;
        for (int c = 0; c < LANES; c++) new |= (old >> from[c] & 1) << c;
        t->bits[i * tiles + tile] = new;
    }
    t->log_z[tile] += total - log(LANES);
    memset(log_w, 0, LANES * sizeof *log_w);
    t->resamplings++;
}

/* Weights by d, resampling, sweeps of g; u of machine and path as they are now is the caller's. */
static void move(struct trajectory *t, const struct rbm *m, const struct kern *k,
                 const struct gibbs *g)
{
    for (int64_t tile = 0; tile < t->tiles.count; tile++) resample(t, tile, m->T.N);
    for (int s = 0; s < t->sweeps; s++)
        gibbs_sweep(g, m, k, t->bits, NULL, t->tiles, t->step * t->sweeps + s);
}

/* ln Z_0 of the free units' biases, and b.u. */
static void begin(struct trajectory *t, const struct rbm *m)
{
    double sum = 0.0;

    for (int i = 0; i < m->T.N; i++)
        if (!rbm_is_held(m, i)) sum += special_softplus((double)m->bias[i]);
    for (int64_t tile = 0; tile < t->tiles.count; tile++) {
        t->log_z[tile] = sum;
        for (int j = 0; j < m->held; j++)
            if (t->bits[m->hold[j] * t->tiles.count + tile] & 1)
                t->log_z[tile] += (double)m->bias[m->hold[j]];
    }
}

/* The machine sampled as it is, whatever its sampler (rbm/sampler.h): weights are for it. */
static struct rbm plain(const struct rbm *m)
{
    struct rbm p = *m;

    p.how = NULL;
    return p;
}

void trajectory_start(struct trajectory *t, const struct rbm *m, const struct kern *k, int bridge,
                      const uint64_t *rows)
{
    struct kern_net net = rbm_net(m);
    int64_t lanes = t->tiles.count * LANES;
    struct gibbs g = { .base = m->bias, .seed = t->seed, .stream = RNG_TRAJECTORY_START };

    if ((rows != NULL) != (m->held > 0)) die("a trajectory and conditions do not fit");
    if (rows != NULL) spins_put(t->bits, rows, m->hold, m->held, t->tiles.count);
    struct rbm own = plain(m);
    begin(t, m);
    gibbs_sweep(&g, &own, k, t->bits, NULL, t->tiles, 0); /* at beta = 0 an exact draw */
    g.stream = RNG_TRAJECTORY;
    for (int b = 1; b <= bridge; b++) {
        k->score(t->u, t->bits, t->tiles.count, &net, m->bias);
        for (int64_t c = 0; c < lanes; c++) t->log_w[c] += t->u[c] / bridge;
        g.beta = (float)b / (float)bridge;
        t->step++;
        move(t, &own, k, &g);
    }
    trajectory_settle(t, m, k);
}

void trajectory_step(struct trajectory *t, const struct rbm *m, const struct kern *k)
{
    struct kern_net net = rbm_net(m);
    int64_t lanes = t->tiles.count * LANES;
    struct gibbs g = { .beta = 1.0f, .seed = t->seed, .stream = RNG_TRAJECTORY };

    for (int64_t c = 0; c < lanes; c++) t->log_w[c] -= t->u[c];
    k->score(t->u, t->bits, t->tiles.count, &net, NULL);
    for (int64_t c = 0; c < lanes; c++) t->log_w[c] += t->u[c];
    struct rbm own = plain(m);
    t->step++;
    move(t, &own, k, &g);
    trajectory_settle(t, m, k);
}

void trajectory_settle(struct trajectory *t, const struct rbm *m, const struct kern *k)
{
    struct kern_net net = rbm_net(m);

    k->score(t->u, t->bits, t->tiles.count, &net, NULL);
}

void trajectory_sums(const struct trajectory *t, double *sums)
{
    for (int64_t i = 0; i < t->tiles.count; i++) {
        sums[2 * i] = t->log_z[i] + special_log_sum_exp(t->log_w + i * LANES, LANES);
        sums[2 * i + 1] = 2.0 * t->log_z[i] + log_squares(t->log_w + i * LANES);
    }
}

/* Standard error of the log of the mean of e^x (delta method), or of the mean of x. */
static double error_of(const double *x, int64_t n, double mean, int of_log)
{
    double sum = 0.0;

    for (int64_t i = 0; i < n; i++) {
        double d = of_log ? exp(x[i] - mean) - 1.0 : x[i] - mean;
        sum += d * d;
    }
    return n > 1 ? sqrt(sum / (double)(n - 1) / (double)n) : NAN;
}

struct trajectory_estimate trajectory_estimate(const double *sums, int64_t n, int conditional)
{
    struct trajectory_estimate s = { 0 };
    double *z = mem_take(n, sizeof *z), *square = mem_take(n, sizeof *square);

    for (int64_t i = 0; i < n; i++) {
        z[i] = sums[2 * i] - log(LANES);
        square[i] = sums[2 * i + 1];
        if (!conditional) continue;
        s.logz += z[i] / (double)n;
        s.ess += exp(2.0 * sums[2 * i] - square[i]);
    }
    if (!conditional) {
        s.logz = special_log_sum_exp(z, n) - log((double)n);
        s.ess = exp(2.0 * (s.logz + log((double)(n * LANES))) - special_log_sum_exp(square, n));
    }
    s.error = error_of(z, n, s.logz, !conditional);
    mem_free(z);
    mem_free(square);
    return s;
}
