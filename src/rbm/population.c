#include "rbm/population.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

enum { LANES = KERN_LANES };
static const double LEAST_SHARE = 0.5; /* of chains that the weights must be worth */

void population_init(struct population *p, const struct ais *a, int each, const uint64_t *live)
{
    int64_t tiles = a->tiles.count, lanes = each * LANES;

    if (a->tiles.first % each != 0) die("tile %lld begins no island", (long long)a->tiles.first);
    *p = (struct population){ .each = each, .islands = (tiles + each - 1) / each, .live = live };
    p->log_z = mem_take(p->islands, sizeof p->log_z[0]);
    p->family = mem_take(tiles * LANES, sizeof p->family[0]);
    p->bits = mem_take(each, sizeof p->bits[0]);
    p->u = mem_take(lanes, sizeof p->u[0]);
    p->log_w = mem_take(lanes, sizeof p->log_w[0]);
    p->from = mem_take(lanes, sizeof p->from[0]);
    for (int64_t c = 0; c < tiles * LANES; c++) p->family[c] = (int32_t)(c % lanes);
}

void population_free(struct population *p)
{
    mem_free(p->log_z);
    mem_free(p->family);
    mem_free(p->bits);
    mem_free(p->u);
    mem_free(p->log_w);
    mem_free(p->from);
    *p = (struct population){ 0 };
}

/* The lanes of an island, by number within the rank. */
static struct block island(const struct population *p, const struct ais *a, int64_t i)
{
    int64_t first = i * p->each * LANES, all = a->tiles.count * LANES;
    int64_t end = first + p->each * LANES;

    return (struct block){ first, (end < all ? end : all) - first };
}

static int is_live(const struct population *p, int64_t lane)
{
    return (int)(p->live[lane / LANES] >> lane % LANES & 1);
}

/* Weights against the largest into w [lanes], 0 for lanes that do not count; their sum. */
static double weights(const struct population *p, const struct ais *a, struct block lanes,
                      double *w, double *most, double *ess, int64_t *n)
{
    double sum = 0.0, squares = 0.0;

    *most = -INFINITY;
    *n = 0;
    for (int64_t c = 0; c < lanes.count; c++)
        if (is_live(p, lanes.first + c)) *most = fmax(*most, a->log_w[lanes.first + c]);
    for (int64_t c = 0; c < lanes.count; c++) {
        int counts = is_live(p, lanes.first + c);
        w[c] = counts ? exp(a->log_w[lanes.first + c] - *most) : 0.0;
        sum += w[c];
        squares += w[c] * w[c];
        *n += counts;
    }
    *ess = sum * sum / squares;
    return sum;
}

/* from[c]: the parent of each lane that counts; the j-th of them takes the place where the sum of
 * weights passes (j + v) / n. */
static void parents(struct population *p, const struct ais *a, struct block lanes, int64_t number,
                    double sum, int64_t n)
{
    struct rng g = rng_at(a->seed, RNG_RESAMPLE, number, a->step);
    double v = rng_uniform(&g), reached = p->log_w[0];
    int64_t at = 0, j = 0;

    for (int64_t c = 0; c < lanes.count; c++) {
        p->from[c] = (int32_t)c;
        if (!is_live(p, lanes.first + c)) continue;
        while (reached <= ((double)j + v) * sum / (double)n && at + 1 < lanes.count)
            reached += p->log_w[++at];
        while (p->log_w[at] == 0.0) at--; /* rounding of the sum, at its end */
        p->from[c] = (int32_t)at;
        j++;
    }
}

/* Every lane becomes a copy of its parent. */
static void copy(struct population *p, struct ais *a, struct block lanes, int N)
{
    int64_t tiles = lanes.count / LANES, first = lanes.first / LANES;
    int32_t *family = p->family + lanes.first;

    for (int i = 0; i < N; i++) {
        uint64_t *row = a->bits + i * a->tiles.count + first;
        memset(p->bits, 0, (size_t)p->each * sizeof p->bits[0]);
        for (int64_t c = 0; c < lanes.count; c++)
            p->bits[c / LANES] |= (row[p->from[c] / LANES] >> p->from[c] % LANES & 1) << c % LANES;
        memcpy(row, p->bits, (size_t)tiles * sizeof row[0]);
    }
    memcpy(p->u, a->u + lanes.first, (size_t)lanes.count * sizeof p->u[0]);
    for (int64_t c = 0; c < lanes.count; c++) a->u[lanes.first + c] = p->u[p->from[c]];
    for (int64_t c = 0; c < lanes.count; c++) p->u[c] = family[p->from[c]];
    for (int64_t c = 0; c < lanes.count; c++) family[c] = (int32_t)p->u[c];
}

void population_step(struct population *p, struct ais *a, int N)
{
    for (int64_t i = 0; i < p->islands; i++) {
        struct block lanes = island(p, a, i);
        double most, ess, sum;
        int64_t n;
        sum = weights(p, a, lanes, p->log_w, &most, &ess, &n);
        if (n == 0 || !(ess < LEAST_SHARE * (double)n)) continue;
        parents(p, a, lanes, a->tiles.first / p->each + i, sum, n);
        copy(p, a, lanes, N);
        p->log_z[i] += most + log(sum / (double)n);
        memset(a->log_w + lanes.first, 0, (size_t)lanes.count * sizeof a->log_w[0]);
        p->resamplings++;
    }
}

void population_end(struct population *p, struct ais *a)
{
    for (int64_t i = 0; i < p->islands; i++) {
        struct block lanes = island(p, a, i);
        double most, ess;
        int64_t n;
        weights(p, a, lanes, p->u, &most, &ess, &n);
        memset(p->log_w, 0, (size_t)(p->each * LANES) * sizeof p->log_w[0]);
        for (int64_t c = 0; c < lanes.count; c++)
            if (is_live(p, lanes.first + c)) p->log_w[p->family[lanes.first + c]] += p->u[c];
        for (int64_t c = 0; c < lanes.count; c++)
            a->log_w[lanes.first + c] = p->log_z[i] + most + log(p->log_w[c]);
    }
}
