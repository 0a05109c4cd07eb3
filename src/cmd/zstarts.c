#include "cmd/zstarts.h"

#include "base/mem.h"
#include "io/h5.h"
#include "rbm/chains.h"
#include "rbm/spins.h"
#include "rbm/temper.h"

#include <string.h>

/* Bytes [Q, n] of each condition as rows [n, tiles] of bits, one condition a tile. */
static void spread(uint64_t *rows, const struct ztiles *z, const uint8_t *bytes, int n)
{
    for (int64_t t = 0; t < z->mine.count; t++) {
        int64_t q = ztiles_condition(z, z->mine.first + t);
        for (int i = 0; i < n; i++)
            rows[i * z->mine.count + t] = bytes[q * n + i] ? ~(uint64_t)0 : 0;
    }
}

/* Persistent chain number c of the run for chain c of every condition. */
static void from_pool(uint64_t *bits, const struct ztiles *z, const struct zsubject *s)
{
    int64_t tiles = spins_tiles(s->pool_chains);

    for (int64_t t = 0; t < z->mine.count; t++) {
        int64_t from = ztiles_tile(z, z->mine.first + t);
        for (int i = 0; i < s->m->T.N; i++)
            bits[i * z->mine.count + t] = from < tiles ? s->pool[i * tiles + from] : 0;
    }
}

/* Row (c + q chains) mod M of the data for chain c of condition q. */
static int from_data(uint64_t *bits, const struct ztiles *z, const struct zsubject *s,
                     const struct zplan *plan, struct err *e)
{
    int64_t lanes = z->mine.count * KERN_LANES, N = s->m->T.N;
    int64_t *row = mem_take(lanes, sizeof *row);
    uint8_t *state = mem_take(lanes * N, 1);
    struct h5 f = { 0 };

    for (int64_t j = 0; j < lanes; j++) {
        int64_t tile = z->mine.first + j / KERN_LANES;
        int64_t c = ztiles_tile(z, tile) * KERN_LANES + j % KERN_LANES;
        row[j] = (c + ztiles_condition(z, tile) * plan->chains) % s->data_rows;
    }
    int bad = h5_open(&f, s->r->P, s->data, e) ||
              h5_read_picked(&f, "states", H5_UINT8, row, lanes, state, e);
    h5_close(&f);
    if (!bad) spins_pack(bits, state, lanes, (int)N);
    mem_free(state);
    mem_free(row);
    return bad ? -1 : 0;
}

static int check(const struct ztiles *z, const struct zsubject *s, const struct zplan *plan,
                 struct err *e)
{
    int64_t end = z->first + z->chains;

    if (plan->start == ZSTART_DATA && s->data == NULL)
        return err_set(e, "logz.start: data needs logz.data, a Bits file of whole states");
    if (plan->start == ZSTART_CHAINS && s->pool == NULL)
        return err_set(e, "logz.start: chains needs a logz.model with persistent chains, expected "
                          "a run folder or a checkpoint");
    if (plan->start == ZSTART_CHAINS && end > s->pool_chains)
        return err_set(e,
                       "logz.start: chains: the model has %lld persistent chains, expected at "
                       "least the %lld that logz.first_chain and logz.chains ask for",
                       (long long)s->pool_chains, (long long)end);
    return 0;
}

/* Sweeps at beta = 1, or ladders in place of what the chains hold. */
static void equilibrate(struct chains *c, const struct rbm *m, const struct zsubject *s,
                        const struct zplan *plan, const float *base)
{
    struct temper_options how = { plan->rungs, 0.0, base, plan->burn };

    if (plan->start == ZSTART_TEMPERED)
        temper_start(c->bits, c->tiles, m, s->kern, &how, s->r->seed);
    else
        chains_sweep(c, m, s->kern, plan->burn);
}

int zstarts_fill(uint64_t *start, const struct ztiles *z, const struct zsubject *s,
                 const struct zplan *plan, const float *base, struct err *e)
{
    const struct rbm *m = s->m;
    struct rbm itself = *m; /* and not what stands for it on the path */
    struct block numbers = ztiles_numbers(z);
    struct chains c;
    int bad = 0;

    itself.how = NULL;
    if (plan->method == ZMETHOD_RAISE) {
        spread(start, z, s->state, m->T.N);
        return 0;
    }
    if (plan->down && check(z, s, plan, e)) return -1;
    chains_init(&c, numbers, (block_end(numbers) + 1) * KERN_LANES, m, s->r->seed);
    if (plan->down && plan->start == ZSTART_CHAINS) from_pool(c.bits, z, s);
    if (plan->down && plan->start == ZSTART_DATA) bad = from_data(c.bits, z, s, plan, e);
    if (!bad && s->u != NULL) {
        uint64_t *rows = mem_take(m->held * numbers.count, sizeof *rows);
        spread(rows, z, s->u, m->held);
        chains_condition(&c, m, rows);
        mem_free(rows);
    }
    if (!bad && plan->down) equilibrate(&c, &itself, s, plan, base);
    memcpy(start, c.bits, (size_t)(m->T.N * numbers.count) * sizeof *start);
    chains_free(&c);
    return bad;
}
