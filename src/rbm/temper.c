#include "rbm/temper.h"

#include "base/mem.h"
#include "rbm/sampler.h"

#include <math.h>
#include <string.h>

enum { LANES = KERN_LANES, PLACINGS = 8 };
enum { NOWHERE, FROM_TOP, FROM_BOTTOM }; /* heading */

/* Even steps, or what is given, into the first tile; then every tile is like it. */
static int set_betas(struct temper *t, double least, const double *beta, struct err *e)
{
    for (int r = 0; r < t->L; r++) {
        double even = least + (1.0 - least) * r / (t->L - 1);
        t->beta[r] = (float)(beta != NULL ? beta[r] : r == t->L - 1 ? 1.0 : even);
        if (!(t->beta[r] >= 0.0f) || (r > 0 && !(t->beta[r] > t->beta[r - 1])))
            return err_set(e, "beta %d of a ladder is %g, expected betas that rise from 0 or more",
                           r, (double)t->beta[r]);
    }
    if (t->beta[t->L - 1] != 1.0f)
        return err_set(e, "the last beta of a ladder is %g, expected 1", (double)t->beta[t->L - 1]);
    for (int64_t i = t->L; i < t->tiles * t->L; i++) t->beta[i] = t->beta[i - t->L];
    return 0;
}

int temper_check(int L, struct err *e)
{
    if (L >= 2 && L <= TEMPER_RUNGS && (L & (L - 1)) == 0) return 0;
    return err_set(e, "a ladder of %d temperatures, expected 2, 4, 8, 16, 32 or 64", L);
}

int temper_init(struct temper *t, const struct chains *c, int L, double least, const double *beta,
                struct err *e)
{
    int64_t tiles = c->tiles.count;

    *t = (struct temper){ 0 };
    if (temper_check(L, e)) return -1;
    *t = (struct temper){ .L = L, .tiles = tiles, .seed = c->seed };
    t->u = mem_take(tiles * LANES, sizeof *t->u);
    t->lane_beta = mem_take(tiles * LANES, sizeof *t->lane_beta);
    t->top = mem_take(tiles, sizeof *t->top);
    t->beta = mem_take((tiles + 1) * L, sizeof *t->beta); /* checked without tiles too */
    t->rung = mem_take(tiles * LANES, sizeof *t->rung);
    t->heading = mem_take(tiles * LANES, sizeof *t->heading);
    t->tried = mem_take(tiles * (L - 1), sizeof *t->tried);
    t->swapped = mem_take(tiles * (L - 1), sizeof *t->swapped);
    if (set_betas(t, least, beta, e)) {
        temper_free(t);
        return -1;
    }
    for (int64_t i = 0; i < tiles * LANES; i++) {
        t->rung[i] = (uint8_t)(i % L);
        t->heading[i] = i % L == L - 1 ? FROM_TOP : NOWHERE;
    }
    temper_settle(t);
    return 0;
}

void temper_free(struct temper *t)
{
    mem_free(t->u);
    mem_free(t->lane_beta);
    mem_free(t->top);
    mem_free(t->beta);
    mem_free(t->rung);
    mem_free(t->heading);
    mem_free(t->tried);
    mem_free(t->swapped);
    *t = (struct temper){ 0 };
}

void temper_settle(struct temper *t)
{
    memset(t->top, 0, (size_t)t->tiles * sizeof *t->top);
    for (int64_t i = 0; i < t->tiles * LANES; i++) {
        t->lane_beta[i] = t->beta[i / LANES * t->L + t->rung[i]];
        t->top[i / LANES] |= (uint64_t)(t->rung[i] == t->L - 1) << i % LANES;
    }
}

double temper_odds(double beta_a, double u_a, double beta_b, double u_b)
{
    return (beta_a - beta_b) * (u_b - u_a);
}

/* A lane has come to a rung: a trip ends where it is back at the top from the bottom. */
static void arrive(struct temper *t, int64_t lane, int rung)
{
    t->rung[lane] = (uint8_t)rung;
    if (rung == 0 && t->heading[lane] == FROM_TOP) t->heading[lane] = FROM_BOTTOM;
    if (rung < t->L - 1) return;
    t->trips += t->heading[lane] == FROM_BOTTOM;
    t->heading[lane] = FROM_TOP;
}

/* One ladder, lanes first .. first + L - 1 of a tile. */
static void swap_ladder(struct temper *t, int64_t tile, int64_t first, int odd, struct rng *draw)
{
    const float *beta = t->beta + tile * t->L;
    int64_t at[TEMPER_RUNGS], *tried = t->tried + tile * (t->L - 1);

    for (int64_t i = first; i < first + t->L; i++) at[t->rung[i]] = i;
    for (int r = odd; r + 1 < t->L; r += 2) {
        int64_t a = at[r], b = at[r + 1];
        double chance = log(rng_open(draw));
        tried[r]++;
        if (!(chance < temper_odds((double)beta[r], t->u[a], (double)beta[r + 1], t->u[b])))
            continue;
        t->swapped[tile * (t->L - 1) + r]++;
        arrive(t, a, r + 1);
        arrive(t, b, r);
    }
}

void temper_swap(struct temper *t, const struct chains *c)
{
    for (int64_t tile = 0; tile < t->tiles; tile++) {
        struct rng draw = rng_at(t->seed, RNG_SWAP, c->tiles.first + tile, c->sweep);
        for (int first = 0; first < LANES; first += t->L)
            swap_ladder(t, tile, tile * LANES + first, (int)(c->sweep & 1), &draw);
    }
    temper_settle(t);
}

void temper_sweep(struct temper *t, struct chains *c, const struct rbm *m, const struct kern *k,
                  int n)
{
    const struct kern_net net = sampler_net(m);
    struct gibbs g = { .betas = t->lane_beta, .seed = c->seed, .stream = c->stream };

    g.base = t->base;
    for (int s = 0; s < n; s++) {
        c->sweep++;
        gibbs_sweep(&g, m, k, c->bits, NULL, c->tiles, c->sweep);
        k->score(t->u, c->bits, c->tiles.count, &net, t->base);
        temper_swap(t, c);
        if (t->every > 0 && c->sweep % t->every == 0) temper_place(t);
    }
}

/* New betas of a tile: the communication barrier, the sum of rejections up to a beta, grows by
 * equal steps. Half a rejection more than were seen: a pair that was never refused has a length. */
static void place(float *beta, int L, const int64_t *tried, const int64_t *swapped)
{
    double sum[TEMPER_RUNGS] = { 0 }, old[TEMPER_RUNGS];

    for (int r = 0; r < L; r++) old[r] = (double)beta[r];
    for (int r = 0; r + 1 < L; r++)
        sum[r + 1] = sum[r] + ((double)(tried[r] - swapped[r]) + 0.5) / ((double)tried[r] + 1.0);
    for (int j = 1, r = 0; j + 1 < L; j++) {
        double want = sum[L - 1] * j / (L - 1);
        while (sum[r + 1] < want) r++;
        double part = (want - sum[r]) / (sum[r + 1] - sum[r]);
        beta[j] = (float)(old[r] + part * (old[r + 1] - old[r]));
    }
}

void temper_place(struct temper *t)
{
    int64_t pairs = t->L - 1;

    for (int64_t tile = 0; tile < t->tiles; tile++)
        place(t->beta + tile * t->L, t->L, t->tried + tile * pairs, t->swapped + tile * pairs);
    memset(t->tried, 0, (size_t)(t->tiles * pairs) * sizeof *t->tried);
    memset(t->swapped, 0, (size_t)(t->tiles * pairs) * sizeof *t->swapped);
    temper_settle(t);
}

void temper_collect(uint64_t *bits, const struct temper *t, const struct chains *c, int N)
{
    int64_t out = t->tiles / t->L;

    if (out * t->L != t->tiles) die("%lld tiles of %d rungs to collect", (long long)t->tiles, t->L);
    memset(bits, 0, (size_t)(N * out) * sizeof *bits);
    for (int64_t lane = 0; lane < t->tiles * LANES; lane++) {
        int64_t tile = lane / LANES, chain = lane / t->L;
        if (t->rung[lane] < t->L - 1) continue;
        for (int i = 0; i < N; i++)
            bits[i * out + chain / LANES] |= (c->bits[i * t->tiles + tile] >> lane % LANES & 1)
                                             << chain % LANES;
    }
}

void temper_count(const struct temper *t, int64_t *tried, int64_t *swapped)
{
    for (int64_t i = 0; i < t->tiles * (t->L - 1); i++) {
        tried[i % (t->L - 1)] += t->tried[i];
        swapped[i % (t->L - 1)] += t->swapped[i];
    }
}

/* Every chain's condition on all lanes of its ladder. */
static void share_conditions(struct chains *c, const uint64_t *bits, int64_t tiles,
                             const struct rbm *m, int L)
{
    uint64_t *rows = mem_take(m->held * c->tiles.count, sizeof *rows);

    for (int j = 0; j < m->held; j++)
        for (int64_t lane = 0; lane < c->tiles.count * LANES; lane++) {
            int64_t chain = lane / L;
            uint64_t bit = bits[m->hold[j] * tiles + chain / LANES] >> chain % LANES & 1;
            rows[j * c->tiles.count + lane / LANES] |= bit << lane % LANES;
        }
    if (m->held > 0) chains_condition(c, m, rows);
    mem_free(rows);
}

void temper_start(uint64_t *bits, struct block tiles, const struct rbm *m, const struct kern *k,
                  const struct temper_options *o, uint64_t seed)
{
    int L = o->rungs < 2 ? 1 : o->rungs;
    struct block own = { tiles.first * L, tiles.count * L };
    struct chains c;
    struct temper t;
    struct err e = { "" };

    chains_init(&c, own, block_end(own) * LANES, m, seed);
    share_conditions(&c, bits, tiles.count, m, L);
    if (L == 1) {
        chains_sweep(&c, m, k, o->sweeps);
        memcpy(bits, c.bits, (size_t)(m->T.N * tiles.count) * sizeof *bits);
        chains_free(&c);
        return;
    }
    if (temper_init(&t, &c, L, o->least, NULL, &e)) die("%s", e.text);
    t.base = o->base;
    t.every = o->sweeps / 2 / PLACINGS;
    temper_sweep(&t, &c, m, k, o->sweeps / 2);
    t.every = 0;
    temper_sweep(&t, &c, m, k, o->sweeps - o->sweeps / 2);
    temper_collect(bits, &t, &c, m->T.N);
    temper_free(&t);
    chains_free(&c);
}
