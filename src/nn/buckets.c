#include "nn/buckets.h"

#include "base/err.h"
#include "base/mem.h"

#include <string.h>

/* Floats that block and tensor have in common. */
static int64_t common(struct block p, const struct tensor *t)
{
    int64_t first = p.first > t->first ? p.first : t->first;
    int64_t end = block_end(p) < t->first + t->count ? block_end(p) : t->first + t->count;

    return end > first ? end - first : 0;
}

/* Cut [first, end) from its end; place may be NULL: only count. */
static int cut(struct block *place, int n, int64_t first, int64_t end, int64_t floats)
{
    for (; end > first; end -= floats, n++) {
        int64_t at = end - first > floats ? end - floats : first;
        if (place != NULL) place[n] = (struct block){ at, end - at };
    }
    return n;
}

/* Runs of tensors that are not fixed, last one first. */
static int cut_all(struct block *place, const struct tensors *T, int64_t floats)
{
    int64_t end = T->total, first = T->total;
    int n = 0;

    for (int i = T->n - 1; i >= 0; i--) {
        if (T->t[i].fixed) {
            n = cut(place, n, first, end, floats);
            end = T->t[i].first;
        }
        first = T->t[i].first;
    }
    return cut(place, n, first, end, floats);
}

void buckets_init(struct buckets *b, const struct tensors *T, int64_t floats)
{
    *b = (struct buckets){ .T = T, .n = cut_all(NULL, T, floats) };
    if (b->n > REDUCER_SLOTS) die("%d buckets, at most %d are possible", b->n, REDUCER_SLOTS);
    b->place = mem_take(b->n, sizeof *b->place);
    b->left = mem_take(b->n, sizeof *b->left);
    b->gone = mem_take(b->n, sizeof *b->gone);
    cut_all(b->place, T, floats);
}

void buckets_free(struct buckets *b)
{
    mem_free(b->place);
    mem_free(b->left);
    mem_free(b->gone);
    *b = (struct buckets){ 0 };
}

void buckets_begin(struct buckets *b)
{
    memset(b->gone, 0, (size_t)b->n);
    for (int k = 0; k < b->n; k++) {
        b->left[k] = 0;
        for (int i = 0; i < b->T->n; i++) b->left[k] += common(b->place[k], &b->T->t[i]);
    }
}

static void go(struct buckets *b, int k)
{
    b->reducer->start(b->reducer->ctx, b->grad + b->place[k].first, b->place[k].count, k);
    b->gone[k] = 1;
}

void buckets_ready(struct buckets *b, int tensor)
{
    for (int k = 0; b->live && k < b->n; k++) {
        int64_t n = common(b->place[k], &b->T->t[tensor]);
        b->left[k] -= n;
        if (n > 0 && b->left[k] == 0) go(b, k);
    }
}

void buckets_poll(const struct buckets *b)
{
    if (b->live) b->reducer->poll(b->reducer->ctx);
}

static void wait_all(const struct buckets *b, void (*wait)(void *ctx, int slot))
{
    for (int k = 0; k < b->n; k++) wait(b->reducer->ctx, k);
}

void buckets_wait(struct buckets *b)
{
    const struct sharing *s = b->reducer->sharing;

    for (int k = 0; k < b->n; k++)
        if (!b->gone[k]) go(b, k);
    wait_all(b, s != NULL ? s->scatter : b->reducer->wait);
}

void buckets_own(const struct buckets *b, struct block *out)
{
    for (int k = 0; k < b->n; k++) {
        out[k] = b->place[k];
        if (b->reducer->sharing == NULL) continue;
        out[k] = b->reducer->sharing->share(b->reducer->ctx, b->place[k].count);
        out[k].first += b->place[k].first;
    }
}

void buckets_spread(struct buckets *b, float *params)
{
    const struct sharing *s = b->reducer->sharing;

    for (int k = 0; s != NULL && k < b->n; k++)
        s->spread(b->reducer->ctx, params + b->place[k].first, k);
    if (s != NULL) wait_all(b, s->gather);
    buckets_end(b);
}

void buckets_end(struct buckets *b)
{
    wait_all(b, b->reducer->wait);
}
