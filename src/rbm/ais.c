#include "rbm/ais.h"

#include "base/mem.h"
#include "base/rng.h"
#include "num/special.h"
#include "rbm/gibbs.h"
#include "rbm/sampler.h"

#include <math.h>
#include <string.h>

/* U is followed flip by flip, in steps of float fields; every so many steps it is summed afresh. */
enum { FRESH = 64 };

void ais_linear(double *beta, int K)
{
    for (int k = 0; k <= K; k++) beta[k] = (double)k / (double)K;
}

void ais_base(float *base, const struct rbm *m, enum ais_base kind, const double *mean,
              double least)
{
    if (kind == AIS_DATA && mean == NULL) die("a base from data without their means");
    for (int i = 0; i < m->T.N; i++) {
        if (kind == AIS_DATA) {
            double p = fmin(fmax(mean[i], least), 1.0 - least);
            base[i] = (float)log(p / (1.0 - p));
        } else {
            base[i] = kind == AIS_BIASES ? m->bias[i] : 0.0f;
        }
    }
    for (int j = 0; j < m->held; j++) base[m->hold[j]] = m->bias[m->hold[j]];
}

/* Free units give log(1 + e^base), clamped ones base.u; all lanes of a tile share u. */
static void base_sums(struct ais *a, const struct rbm *m)
{
    double sum = 0.0;

    for (int i = 0; i < m->T.N; i++)
        if (!rbm_is_held(m, i)) sum += special_softplus((double)a->base[i]);
    for (int64_t t = 0; t < a->tiles.count; t++) {
        a->log_z0[t] = sum;
        for (int j = 0; j < m->held; j++)
            if (a->bits[m->hold[j] * a->tiles.count + t] & 1)
                a->log_z0[t] += (double)a->base[m->hold[j]];
    }
}

static struct gibbs path(const struct ais *a, double beta)
{
    return (struct gibbs){ .beta = (float)beta,
                           .base = a->base,
                           .reverse = a->reverse,
                           .seed = a->seed,
                           .stream = a->reverse ? RNG_RAIS : RNG_AIS };
}

static void begin(struct ais *a, const struct rbm *m, const struct kern *k, const uint64_t *start)
{
    int64_t tiles = a->tiles.count;

    if (a->reverse) {
        memcpy(a->bits, start, (size_t)(m->T.N * tiles) * sizeof a->bits[0]);
        return;
    }
    for (int j = 0; j < m->held; j++)
        memcpy(a->bits + m->hold[j] * tiles, start + m->hold[j] * tiles,
               (size_t)tiles * sizeof a->bits[0]);
    struct gibbs g = path(a, 0.0); /* at beta = 0 one sweep is an exact draw */
    g.stream = RNG_AIS_START;
    gibbs_sweep(&g, m, k, a->bits, NULL, a->tiles, 0);
}

void ais_init(struct ais *a, const struct rbm *m, const struct kern *k, struct block tiles,
              int reverse, int K, const double *beta, int sweeps, const float *base,
              const uint64_t *start, uint64_t seed)
{
    int64_t lanes = tiles.count * KERN_LANES;

    if (K < 1 || sweeps < 1 || beta[0] != 0.0 || beta[K] != 1.0)
        die("an annealing path of %d steps with %d sweeps from %g to %g", K, sweeps, beta[0],
            beta[K]);
    if (start == NULL && (reverse || m->held > 0)) die("annealing without start states");
    *a = (struct ais){
        .tiles = tiles, .seed = seed, .reverse = reverse, .K = K, .sweeps = sweeps, .marginal = -1
    };
    a->beta = mem_take(K + 1, sizeof a->beta[0]);
    for (int i = 0; i <= K; i++) {
        a->beta[i] = (double)(float)beta[i];
        if (i > 0 && !(a->beta[i] >= a->beta[i - 1])) die("beta %d of a path falls", i);
    }
    a->base = mem_take(m->T.N, sizeof a->base[0]);
    memcpy(a->base, base, (size_t)m->T.N * sizeof base[0]);
    a->log_z0 = mem_take(tiles.count, sizeof a->log_z0[0]);
    a->bits = mem_take(m->T.N * tiles.count, sizeof a->bits[0]);
    a->u = mem_take(lanes, sizeof a->u[0]);
    a->log_w = mem_take(lanes, sizeof a->log_w[0]);
    a->d = mem_take(lanes, sizeof a->d[0]);
    a->slope = mem_take(lanes, sizeof a->slope[0]);
    a->phi = mem_take(lanes, sizeof a->phi[0]);
    a->score = mem_take(lanes, sizeof a->score[0]);
    begin(a, m, k, start);
    base_sums(a, m);
}

void ais_free(struct ais *a)
{
    mem_free(a->beta);
    mem_free(a->base);
    mem_free(a->log_z0);
    mem_free(a->bits);
    mem_free(a->u);
    mem_free(a->log_w);
    mem_free(a->d);
    mem_free(a->slope);
    mem_free(a->phi);
    mem_free(a->was);
    mem_free(a->score);
    *a = (struct ais){ 0 };
}

/* Is no unit of partition p clamped? */
static int is_free(const struct rbm *m, int p)
{
    return rbm_free_units(m, m->T.first[p], m->T.first[p + 1]) == m->T.size[p];
}

void ais_marginal(struct ais *a, const struct rbm *m, int p)
{
    if (p >= 0 && (p >= m->T.K || !is_free(m, p))) die("partition %d is not free", p);
    a->marginal = p;
    if (p < 0) return;
    mem_free(a->phi);
    mem_free(a->was);
    a->phi = mem_take(m->T.size[p] * a->tiles.count * KERN_LANES, sizeof a->phi[0]);
    a->was = mem_take(m->T.size[p] * a->tiles.count, sizeof a->was[0]);
}

int ais_widest(const struct rbm *m)
{
    int widest = -1;

    for (int p = 0; p < m->T.K; p++)
        if (is_free(m, p) && (widest < 0 || m->T.size[p] > m->T.size[widest])) widest = p;
    return widest;
}

/* d and slope get what the summed partition adds to the step from -> to, if the chains weigh it;
 * its units are drawn at `to`. */
static void sum_out(struct ais *a, const struct rbm *m, const struct kern *k, double from,
                    double to, int64_t step)
{
    const int p = a->marginal, first = m->T.first[p], n = m->T.size[p];
    const int64_t tiles = a->tiles.count;
    struct gibbs g = path(a, to);

    memcpy(a->was, a->bits + first * tiles, (size_t)(n * tiles) * sizeof a->was[0]);
    g.fields = a->phi;
    gibbs_partition(&g, m, k, a->bits, a->u, a->tiles, step, p);
    for (int i = 0; i < n; i++)
        k->gains(a->d, a->trace == NULL ? NULL : a->slope, a->was + i * tiles,
                 a->phi + i * tiles * KERN_LANES, tiles, a->base[first + i], (float)from, g.beta);
}

/* Sweep number s at a beta; the summed partition leads, and may have been drawn already. */
static void sweep(struct ais *a, const struct rbm *m, const struct kern *k, double beta,
                  int64_t step, int led)
{
    struct gibbs g = path(a, beta);
    int K = m->T.K, p = a->marginal;

    if (p < 0) {
        gibbs_sweep(&g, m, k, a->bits, a->u, a->tiles, step);
        return;
    }
    if (!led) gibbs_partition(&g, m, k, a->bits, a->u, a->tiles, step, p);
    for (int n = 0; n < K; n++) {
        int q = a->reverse ? K - 1 - n : n;
        if (q != p) gibbs_partition(&g, m, k, a->bits, a->u, a->tiles, step, q);
    }
}

static void sweeps(struct ais *a, const struct rbm *m, const struct kern *k, int at, int led)
{
    for (int s = 0; s < a->sweeps; s++)
        sweep(a, m, k, a->beta[at], (int64_t)at * a->sweeps + s, led && s == 0);
}

void ais_raise(struct ais *a, const struct rbm *m, const struct kern *k)
{
    if (!a->reverse) die("RAISE going up");
    sweeps(a, m, k, a->K, 0);
}

/* d and slope of a step between two points of the path, in the states at hand. */
static void weigh(struct ais *a, const struct rbm *m, const struct kern *k, int from, int to)
{
    double rise = a->beta[to] - a->beta[from];
    int64_t lanes = a->tiles.count * KERN_LANES;

    if (a->step % FRESH == 0) {
        struct kern_net net = sampler_net(m);
        k->score(a->u, a->bits, a->tiles.count, &net, a->base);
    }
    for (int64_t c = 0; c < lanes; c++) a->d[c] = rise * a->u[c];
    memcpy(a->slope, a->u, (size_t)lanes * sizeof a->u[0]);
    if (a->marginal >= 0) sum_out(a, m, k, a->beta[from], a->beta[to], (int64_t)to * a->sweeps);
}

/* d += sign (log f - log f_q): from what the sweeps sample, the machine's image on a grid, to the
 * machine itself. A summed partition's units take their terms x phi back and give log(1 + e^phi).
 */
static void correct(struct ais *a, const struct rbm *m, const struct kern *k, double sign)
{
    const struct kern_net net[2] = { rbm_net(m), sampler_net(m) };
    int64_t tiles = a->tiles.count, lanes = tiles * KERN_LANES;
    double *score = a->score;

    for (int way = 0; way < 2; way++, sign = -sign) {
        k->score(score, a->bits, tiles, &net[way], NULL);
        for (int64_t c = 0; c < lanes; c++) a->d[c] += sign * score[c];
        if (a->marginal < 0) continue;
        for (int i = m->T.first[a->marginal]; i < m->T.first[a->marginal + 1]; i++) {
            k->field(a->phi, a->bits, tiles, &net[way], i);
            for (int64_t c = 0; c < lanes; c++) {
                double phi = (double)a->phi[c];
                int one = (int)(a->bits[i * tiles + c / KERN_LANES] >> c % KERN_LANES & 1);
                a->d[c] += sign * (special_softplus(phi) - (one ? phi : 0.0));
            }
        }
    }
}

/* Length of the step that ended where this one begins, for the trace. */
static double length_before(const struct ais *a, int step, int at)
{
    return step == 0 ? 0.0 : a->beta[at] - a->beta[a->reverse ? at + 1 : at - 1];
}

/* The path's last point is seen by the trace alone, after sweeps of its own. */
static void watch_end(struct ais *a, const struct rbm *m, const struct kern *k, int at)
{
    sweeps(a, m, k, at, a->marginal >= 0);
    weigh(a, m, k, at, at);
    trace_add(a->trace, a->K, length_before(a, a->K, at), NULL, a->slope, a->log_w);
}

/* Step s of 0..K-1 goes from beta index `from` to `to`. */
static void advance(struct ais *a, const struct rbm *m, const struct kern *k)
{
    int from = a->reverse ? a->K - a->step : a->step, to = a->reverse ? from - 1 : from + 1;
    int64_t lanes = a->tiles.count * KERN_LANES;

    weigh(a, m, k, from, to);
    if (sampler_is_image(m) && (from == a->K || to == a->K))
        correct(a, m, k, to == a->K ? 1.0 : -1.0);
    if (a->trace != NULL)
        trace_add(a->trace, a->step, length_before(a, a->step, from), a->d, a->slope, a->log_w);
    for (int64_t c = 0; c < lanes; c++) a->log_w[c] += a->d[c];
    a->step++;
    if (a->step < a->K)
        sweeps(a, m, k, to, a->marginal >= 0);
    else if (a->trace != NULL)
        watch_end(a, m, k, to);
}

int ais_advance(struct ais *a, const struct rbm *m, const struct kern *k, int n)
{
    for (int i = 0; i < n && a->step < a->K; i++) advance(a, m, k);
    return a->K - a->step;
}
