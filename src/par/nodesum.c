#include "par/nodesum.h"

#include "base/mem.h"

#include <limits.h>
#include <mpi.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

/* How far a rank is with a sum; in the window it is 8 x the sum's number + this. */
enum { IDLE, READY, CROSSING, SUMMED, PLACED, TAKEN, NUMBERS = 8 };

enum { LINE = 64, CHUNK = 2048, SPINS = 200, NAP = 20000 }; /* NAP: nanoseconds */

/* In the window, one line a slot and rank. */
struct flag {
    _Alignas(LINE) _Atomic int64_t phase;
    int64_t at, n; /* which floats: the same on all ranks */
};

struct nodesum_slot {
    int64_t number; /* sums begun in this slot */
    int phase;      /* ours */
    int64_t at, n;
    float *y; /* lent by spread, or x */
    MPI_Request request;
};

static float *floats(const struct nodesum *s, int rank)
{
    return s->window.share == NULL ? s->x : (float *)(void *)s->window.share[rank];
}

/* Flags stand behind the floats, in a line of their own. */
static int64_t flags_at(const struct nodesum *s)
{
    return (s->n * (int64_t)sizeof(float) + LINE - 1) / LINE * LINE;
}

static struct flag *flag_of(const struct nodesum *s, int rank, int slot)
{
    return (struct flag *)(void *)(s->window.share[rank] + flags_at(s)) + slot;
}

/* Rank r's share of n floats, whole lines. */
static struct block share_of(const struct nodesum *s, int rank, int64_t n)
{
    enum { FLOATS = LINE / sizeof(float) };
    struct block b = { 0, 0 };

    if (rank >= s->holders) return b;
    struct block lines = block_of((n + FLOATS - 1) / FLOATS, rank, s->holders);
    if (lines.count == 0) return b;
    b.first = lines.first * FLOATS;
    b.count = lines.count * FLOATS < n - b.first ? lines.count * FLOATS : n - b.first;
    return b;
}

static void tell(const struct nodesum *s, int slot, int phase)
{
    struct nodesum_slot *k = &s->slot[slot];

    k->phase = phase;
    if (s->window.share != NULL)
        atomic_store_explicit(&flag_of(s, s->window.node.rank, slot)->phase,
                              NUMBERS * k->number + phase, memory_order_release);
}

/* Is every rank of the node as far? */
static int all_at(const struct nodesum *s, int slot, int phase)
{
    for (int r = 0; r < s->window.node.size && s->window.share != NULL; r++)
        if (atomic_load_explicit(&flag_of(s, r, slot)->phase, memory_order_acquire) <
            NUMBERS * s->slot[slot].number + phase)
            return 0;
    return 1;
}

/* n floats from `at` on, for all ranks of the node: nobody else reads or writes these there. */
static void push(const struct nodesum *s, int64_t at, const float *x, int64_t n)
{
    for (int r = 0; r < s->window.node.size; r++)
        if (floats(s, r) + at != x) memcpy(floats(s, r) + at, x, (size_t)n * sizeof *x);
}

/* Add the ranks' floats of our share, in rank order; for all, unless other nodes' are to come or
 * updates go by shares. */
static void add(const struct nodesum *s, const struct nodesum_slot *k)
{
    struct block mine = share_of(s, s->window.node.rank, k->n);
    int all = s->cross.size == 1 && !s->shares;

    for (int64_t i = 0; i < mine.count; i += CHUNK) {
        float sum[CHUNK];
        int64_t n = mine.count - i < CHUNK ? mine.count - i : CHUNK, at = k->at + mine.first + i;
        memcpy(sum, floats(s, 0) + at, (size_t)n * sizeof *sum);
        for (int r = 1; r < s->window.node.size; r++) {
            const float *restrict x = floats(s, r) + at;
            for (int64_t j = 0; j < n; j++) sum[j] += x[j];
        }
        if (all)
            push(s, at, sum, n);
        else
            memcpy(s->x + at, sum, (size_t)n * sizeof *sum);
    }
}

static void check(const struct nodesum *s, int slot)
{
    for (int r = 0; r < s->window.node.size && s->window.share != NULL; r++) {
        const struct flag *f = flag_of(s, r, slot);
        if (f->at != s->slot[slot].at || f->n != s->slot[slot].n)
            die("nodesum: rank %d of the node sums other floats in slot %d", r, slot);
    }
}

/* Every rank has started the sum in this slot: do our share. */
static void sum_share(struct nodesum *s, int slot)
{
    struct nodesum_slot *k = &s->slot[slot];
    struct block mine = share_of(s, s->window.node.rank, k->n);

    check(s, slot);
    if (s->window.node.size > 1) add(s, k);
    k->phase = CROSSING;
    if (mine.count > 0 && s->cross.size > 1)
        MPI_Iallreduce(MPI_IN_PLACE, s->x + k->at + mine.first, (int)mine.count, MPI_FLOAT, MPI_SUM,
                       *(MPI_Comm *)s->cross.comm, &k->request);
}

/* The sum of our share stands in our floats, and with updates whole in all the node's. */
static void finish(struct nodesum *s, int slot)
{
    const struct nodesum_slot *k = &s->slot[slot];
    struct block mine = share_of(s, s->window.node.rank, k->n);

    if (s->cross.size > 1 && !s->shares)
        push(s, k->at + mine.first, s->x + k->at + mine.first, mine.count);
    tell(s, slot, SUMMED);
}

/* Go on as far as that goes without waiting. Shares are summed in the order of the starts, which
 * is the same on all ranks: so the ranks of one share call MPI_Iallreduce in one order. */
static void advance(struct nodesum *s)
{
    while (s->first < s->started && all_at(s, s->queue[s->first % s->slots], READY)) {
        sum_share(s, s->queue[s->first % s->slots]);
        s->first++;
    }
    for (int i = 0; i < s->slots; i++) {
        int done = 0;
        if (s->slot[i].phase != CROSSING) continue;
        MPI_Test(&s->slot[i].request, &done, MPI_STATUS_IGNORE);
        if (done) finish(s, i);
    }
}

/* Give the processor away: at first for a turn, later for some time. */
static void yield(int *turns)
{
    if ((*turns)++ < SPINS)
        sched_yield();
    else
        nanosleep(&(struct timespec){ .tv_nsec = NAP }, NULL);
}

static void until_all(struct nodesum *s, int slot, int phase)
{
    for (int turns = 0; !all_at(s, slot, phase); yield(&turns)) advance(s);
}

static struct nodesum_slot *slot_of(struct nodesum *s, int slot)
{
    if (slot < 0 || slot >= s->slots) die("nodesum: slot %d of %d", slot, s->slots);
    return &s->slot[slot];
}

static void start(void *ctx, float *x, int64_t n, int slot)
{
    struct nodesum *s = ctx;
    struct nodesum_slot *k = slot_of(s, slot);

    if (k->phase != IDLE) die("nodesum: slot %d is still under way", slot);
    if (x < s->x || n < 0 || n > INT_MAX || x - s->x + n > s->n)
        die("nodesum: what is summed is not in its memory");
    k->number++;
    k->at = x - s->x;
    k->n = n;
    k->y = x;
    k->request = MPI_REQUEST_NULL;
    if (s->window.share != NULL) {
        struct flag *f = flag_of(s, s->window.node.rank, slot);
        f->at = k->at;
        f->n = n;
    }
    s->queue[s->started++ % s->slots] = slot;
    tell(s, slot, READY);
    advance(s);
}

static void poll(void *ctx)
{
    advance(ctx);
}

static void scatter(void *ctx, int slot)
{
    struct nodesum *s = ctx;
    struct nodesum_slot *k = slot_of(s, slot);

    for (int turns = 0; k->phase == READY || k->phase == CROSSING; yield(&turns)) advance(s);
}

static void spread(void *ctx, float *y, int slot)
{
    struct nodesum *s = ctx;
    struct nodesum_slot *k = slot_of(s, slot);
    struct block mine = share_of(s, s->window.node.rank, k->n);

    if (k->phase != SUMMED) die("nodesum: slot %d has no sum to spread", slot);
    k->y = y;
    /* our share of our own floats is read by nobody else before we say so */
    if (y != s->x + k->at)
        memcpy(s->x + k->at + mine.first, y + mine.first, (size_t)mine.count * sizeof *y);
    tell(s, slot, PLACED);
}

static void gather(void *ctx, int slot)
{
    struct nodesum *s = ctx;
    struct nodesum_slot *k = slot_of(s, slot);

    until_all(s, slot, PLACED);
    for (int r = 0; r < s->holders; r++) {
        struct block b = share_of(s, r, k->n);
        if (r == s->window.node.rank) continue;
        memcpy(k->y + b.first, floats(s, r) + k->at + b.first, (size_t)b.count * sizeof *k->y);
    }
    tell(s, slot, TAKEN);
}

/* Back to IDLE: nobody reads our floats any more. */
static void wait(void *ctx, int slot)
{
    struct nodesum *s = ctx;
    struct nodesum_slot *k = slot_of(s, slot);

    if (k->phase == IDLE) return;
    scatter(ctx, slot);
    if (s->shares) {
        if (k->phase == SUMMED) spread(ctx, k->y, slot);
        if (k->phase == PLACED) gather(ctx, slot);
    }
    until_all(s, slot, s->shares ? TAKEN : SUMMED);
    k->phase = IDLE;
}

static struct block share(void *ctx, int64_t n)
{
    struct nodesum *s = ctx;

    return share_of(s, s->window.node.rank, n);
}

static void sum(void *ctx, double *x, int n)
{
    par_sum(((struct nodesum *)ctx)->P, x, n);
}

/* Nodes hold the same sums, so that one node's holders are all there are. */
static void sum_holders(void *ctx, double *x, int n)
{
    par_sum(&((struct nodesum *)ctx)->window.node, x, n);
}

static void count(void *ctx, int64_t *x, int64_t n)
{
    par_sum_int(((struct nodesum *)ctx)->P, x, n);
}

struct reducer nodesum_reducer(struct nodesum *s, int shares)
{
    static const struct sharing sharing = { share, scatter, spread, gather, sum_holders };

    s->shares = shares && s->holders > 1;
    return (struct reducer){ .sum = sum,
                             .count = count,
                             .start = start,
                             .wait = wait,
                             .poll = poll,
                             .ctx = s,
                             .sharing = s->shares ? &sharing : NULL };
}

void nodesum_take(struct nodesum *s, const struct par *P, int64_t n, int slots)
{
    double least;

    if (n < 0 || slots < 1) die("nodesum of %lld floats, %d slots", (long long)n, slots);
    *s = (struct nodesum){ .P = P, .n = n, .slots = slots };
    window_take(&s->window, P, flags_at(s) + slots * (int64_t)sizeof(struct flag));
    least = s->window.node.size;
    par_min(P, &least, 1);
    s->holders = (int)least;
    int mine = s->window.node.rank < s->holders ? s->window.node.rank : s->holders;
    par_split(&s->cross, P, mine);
    s->x = s->window.share != NULL ? floats(s, s->window.node.rank) : mem_take(n, sizeof *s->x);
    s->slot = mem_take(slots, sizeof *s->slot);
    s->queue = mem_take(slots, sizeof *s->queue);
}

int64_t nodesum_seen(const struct nodesum *s, int64_t *own)
{
    int64_t bytes = s->n * (int64_t)sizeof *s->x, seen = 0;

    *own = s->window.share != NULL ? bytes : 0;
    if (s->window.share == NULL || s->window.node.rank >= s->holders) return 0;
    /* our share of each neighbour's, and with updates by shares also what each has updated */
    seen = (s->window.node.size - 1) * bytes / s->holders;
    return s->shares ? seen + (s->holders - 1) * bytes / s->holders : seen;
}

void nodesum_free(struct nodesum *s)
{
    for (int i = 0; i < s->slots && s->slot != NULL; i++)
        if (s->slot[i].phase != IDLE) die("nodesum_free: slot %d is still under way", i);
    if (s->window.share == NULL) mem_free(s->x);
    mem_free(s->slot);
    mem_free(s->queue);
    par_free(&s->cross);
    window_free(&s->window);
    *s = (struct nodesum){ 0 };
}
