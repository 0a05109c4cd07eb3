#include "shower/dataset.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 1024 }; /* events read at a time */

/* Buffers of dataset_fetch: what we ask of each rank, and what each asks of us. */
struct dataset_post {
    int64_t *asks, *asked;                  /* [size] events */
    int64_t *one, *ask_bytes, *asked_bytes; /* [size] */
    int64_t *ask, *wanted;                  /* [events] numbers, by rank */
    int *place;                             /* [events] where an event we ask for goes */
    float *sent, *got;                      /* [events, V] */
    int64_t ask_room, wanted_room;          /* events there is room for */
};

static struct dataset_post *post_new(int size)
{
    struct dataset_post *p = mem_take(1, sizeof *p);

    p->asks = mem_take(size, sizeof(int64_t));
    p->asked = mem_take(size, sizeof(int64_t));
    p->one = mem_take(size, sizeof(int64_t));
    p->ask_bytes = mem_take(size, sizeof(int64_t));
    p->asked_bytes = mem_take(size, sizeof(int64_t));
    for (int r = 0; r < size; r++) p->one[r] = sizeof(int64_t);
    return p;
}

static void post_free(struct dataset_post *p)
{
    if (p == NULL) return;
    mem_free(p->asks);
    mem_free(p->asked);
    mem_free(p->one);
    mem_free(p->ask_bytes);
    mem_free(p->asked_bytes);
    mem_free(p->ask);
    mem_free(p->wanted);
    mem_free(p->place);
    mem_free(p->sent);
    mem_free(p->got);
    mem_free(p);
}

/* Judge one event, clip it if that is asked for, and keep it if it can be transformed; why not. */
static enum transform_fault take_in(struct dataset *d, const struct dataset_options *o,
                                    const struct transform *t, double energy, float *row)
{
    enum transform_fault why = transform_judge(t, d->V, energy, row);

    if (o->clip && why != TRANSFORM_FINE) {
        why = transform_clip(t, d->V, energy, row);
        d->clipped += why == TRANSFORM_FINE;
    }
    if (why != TRANSFORM_FINE) return why;
    if (o->storage != DATASET_FILES) shelf_add(&d->rows, row);
    d->mine.count++;
    return why;
}

/* Read this rank's block piece by piece; why[] holds the faults of its events. As many pieces on
 * every rank. */
static int read_block(struct dataset *d, const struct dataset_options *o, const struct source *s,
                      struct block all, const struct transform *t, unsigned char *why,
                      struct err *e)
{
    int64_t most = block_of(d->read, 0, s->P->size).count;
    float *x = mem_take((most < PIECE ? most : PIECE) * d->V, sizeof *x);
    int bad = 0;

    if (o->storage != DATASET_FILES)
        shelf_open(&d->rows, s->P, o->storage == DATASET_SPARSE ? STORE_SPARSE : STORE_DENSE, d->V,
                   all.count);
    for (int64_t done = 0; done < most && !bad; done += PIECE) {
        int64_t first = done < all.count ? done : all.count, left = all.count - first;
        struct block piece = { all.first + first, left < PIECE ? left : PIECE };
        bad = source_unchecked(s, piece, x, e);
        for (int64_t i = 0; i < piece.count && !bad; i++)
            why[first + i] =
                (unsigned char)take_in(d, o, t, s->energy[piece.first + i], x + i * d->V);
    }
    if (!bad && o->storage != DATASET_FILES) shelf_close(&d->rows, s->P);
    mem_free(x);
    return bad ? -1 : 0;
}

/* Number what was kept: energies of all, the blocks of all ranks. */
static void number(struct dataset *d, const struct par *P, const struct source *s, struct block all,
                   const unsigned char *why)
{
    unsigned char *of = mem_take(d->read, 1); /* the fault of each event */

    par_allgather(P, why, all.count, of);
    d->clipped = par_sum_one(P, d->clipped);
    d->energy = mem_take(d->read, sizeof *d->energy);
    d->number = mem_take(d->read, sizeof *d->number);
    for (int64_t i = 0; i < d->read; i++) {
        if (d->fault[of[i]]++ == 0) d->first[of[i]] = i;
        if (of[i] != TRANSFORM_FINE) continue;
        d->number[d->n] = i;
        d->energy[d->n++] = s->energy[i];
    }
    d->dropped = d->read - d->n;
    d->bound = mem_take(P->size + 1, sizeof *d->bound);
    par_allgather(P, &d->mine.count, sizeof d->mine.count, d->bound + 1);
    for (int r = 0; r < P->size; r++) d->bound[r + 1] += d->bound[r];
    d->mine.first = d->bound[P->rank];
    mem_free(of);
}

static int enough(int64_t n, const struct par *P, const char *path, struct err *e)
{
    if (n >= P->size) return 0;
    return err_set(e, "%lld showers in '%s' for %d ranks, expected at least one a rank",
                   (long long)n, path, P->size);
}

static int load(struct dataset *d, const struct par *P, const struct source *s,
                const struct transform *t, const struct dataset_options *o, struct err *e)
{
    const char *path = s->file[0].path;
    struct block all = block_of(d->read, P->rank, P->size);

    if (enough(d->read, P, path, e) != 0) return -1;
    unsigned char *why = mem_take(all.count, 1);
    int status = read_block(d, o, s, all, t, why, e);
    if (status == 0) number(d, P, s, all, why);
    mem_free(why);
    if (status == 0) status = enough(d->n, P, path, e);
    d->post = post_new(P->size);
    return status;
}

int dataset_load(struct dataset *d, const struct par *P, const char *const *paths, int n_paths,
                 int V, const struct transform *t, const struct dataset_options *o, struct err *e)
{
    struct source s;

    *d = (struct dataset){ .V = V, .clip = o->clip ? t : NULL };
    if (source_open(&s, P, paths, n_paths, V, e) != 0) return -1;
    d->read = o->most > 0 && o->most < s.events ? o->most : s.events;
    int status = load(d, P, &s, t, o, e);
    if (status == 0 && o->storage == DATASET_FILES) {
        d->files = mem_take(1, sizeof *d->files);
        *d->files = s;
    } else {
        source_close(&s);
    }
    if (status != 0) dataset_free(d);
    return status;
}

void dataset_of(struct dataset *d, const struct par *P, int V, int64_t n, const double *energy,
                const float *x)
{
    *d = (struct dataset){ .V = V, .n = n, .read = n };
    d->fault[TRANSFORM_FINE] = n;
    d->mine = block_of(n, P->rank, P->size);
    d->energy = mem_take(n, sizeof *d->energy);
    memcpy(d->energy, energy, (size_t)n * sizeof *energy);
    shelf_open(&d->rows, P, STORE_DENSE, V, d->mine.count);
    for (int64_t i = 0; i < d->mine.count; i++) shelf_add(&d->rows, x + i * V);
    shelf_close(&d->rows, P);
    d->bound = mem_take(P->size + 1, sizeof *d->bound);
    for (int r = 0; r < P->size; r++) d->bound[r + 1] = block_end(block_of(n, r, P->size));
    d->post = post_new(P->size);
}

void dataset_free(struct dataset *d)
{
    if (d->files != NULL) source_close(d->files);
    mem_free(d->files);
    mem_free(d->number);
    mem_free(d->energy);
    shelf_free(&d->rows);
    mem_free(d->bound);
    post_free(d->post);
    *d = (struct dataset){ 0 };
}

/* The rank that holds event i: bound[r] <= i < bound[r + 1]. */
static int owner(const struct dataset *d, int size, int64_t i)
{
    int low = 0, high = size;

    if (i < 0 || i >= d->n) die("event %lld of %lld", (long long)i, (long long)d->n);
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (d->bound[middle] <= i)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Sort what we want by owner: ask[] and place[]; what our node has goes to out at once. */
static void sort_asks(struct dataset *d, const struct par *P, const int64_t *index, int n,
                      float *out)
{
    struct dataset_post *p = d->post;
    int64_t at = 0;

    if (n > p->ask_room) {
        p->ask = mem_grow(p->ask, n, sizeof *p->ask);
        p->place = mem_grow(p->place, n, sizeof *p->place);
        p->got = mem_grow(p->got, (int64_t)n * d->V, sizeof *p->got);
        p->ask_room = n;
    }
    memset(p->asks, 0, (size_t)P->size * sizeof *p->asks);
    for (int i = 0; i < n; i++) {
        int r = owner(d, P->size, index[i]);
        if (shelf_reaches(&d->rows, r))
            shelf_row(&d->rows, r, index[i] - d->bound[r], out + (int64_t)i * d->V);
        else
            p->asks[r]++;
    }
    for (int r = 0; r < P->size;
         r++) { /* ask_bytes serves meanwhile as the place where the part of rank r goes on */
        p->ask_bytes[r] = at;
        at += p->asks[r];
    }
    for (int i = 0; i < n; i++) {
        int r = owner(d, P->size, index[i]);
        if (shelf_reaches(&d->rows, r)) continue;
        int64_t k = p->ask_bytes[r]++;
        p->ask[k] = index[i];
        p->place[k] = i;
    }
}

/* Bytes that go with each rank's events. */
static int64_t bytes_of(const struct par *P, const int64_t *events, int64_t each, int64_t *bytes)
{
    int64_t n = 0;

    for (int r = 0; r < P->size; r++) {
        bytes[r] = events[r] * each;
        n += events[r];
    }
    return n;
}

/* From their owners. Collective. */
static void exchange(struct dataset *d, const struct par *P, const int64_t *index, int n,
                     float *out)
{
    struct dataset_post *p = d->post;
    const int64_t row = d->V * (int64_t)sizeof(float);

    sort_asks(d, P, index, n, out);
    if (d->rows.window.node.size == P->size) return;
    par_exchange(P, p->asks, p->one, p->asked, p->one);
    int64_t mine = bytes_of(P, p->asks, sizeof(int64_t), p->ask_bytes);
    int64_t theirs = bytes_of(P, p->asked, sizeof(int64_t), p->asked_bytes);
    if (theirs > p->wanted_room) {
        p->wanted = mem_grow(p->wanted, theirs, sizeof *p->wanted);
        p->sent = mem_grow(p->sent, theirs * d->V, sizeof *p->sent);
        p->wanted_room = theirs;
    }
    par_exchange(P, p->ask, p->ask_bytes, p->wanted, p->asked_bytes);
    for (int64_t k = 0; k < theirs; k++)
        shelf_row(&d->rows, d->rows.rank, p->wanted[k] - d->mine.first, p->sent + k * d->V);
    bytes_of(P, p->asks, row, p->ask_bytes);
    bytes_of(P, p->asked, row, p->asked_bytes);
    par_exchange(P, p->sent, p->asked_bytes, p->got, p->ask_bytes);
    for (int64_t k = 0; k < mine; k++)
        memcpy(out + (int64_t)p->place[k] * d->V, p->got + k * d->V, (size_t)row);
}

/* From the files. Collective. */
static int read_picked(struct dataset *d, const int64_t *index, int n, float *out, struct err *e)
{
    int64_t *number = mem_take(n, sizeof *number);

    for (int i = 0; i < n; i++) number[i] = d->number[index[i]];
    int bad = source_picked(d->files, number, n, out, e);
    for (int64_t i = 0; i < n && !bad && d->clip != NULL; i++)
        transform_clip(d->clip, d->V, d->energy[index[i]], out + i * d->V);
    mem_free(number);
    return bad ? -1 : 0;
}

int dataset_fetch(struct dataset *d, const struct par *P, const int64_t *index, int n, float *out,
                  double *energy, struct err *e)
{
    for (int i = 0; energy != NULL && i < n; i++) energy[i] = d->energy[index[i]];
    if (d->files != NULL) return read_picked(d, index, n, out, e);
    exchange(d, P, index, n, out);
    return 0;
}

struct dataset_part dataset_whole(int64_t n)
{
    return (struct dataset_part){ .all = n, .count = n };
}

void dataset_split(int64_t n, double fraction, int random, uint64_t seed,
                   struct dataset_part *train, struct dataset_part *validation)
{
    int64_t last = (int64_t)floor(fraction * (double)n + 0.5);

    if (fraction > 0.0 && fraction < 1.0 && n > 1)
        last = last < 1 ? 1 : last > n - 1 ? n - 1 : last;
    *train = (struct dataset_part){ .all = n, .count = n - last, .random = random, .seed = seed };
    *validation = *train;
    validation->first = n - last;
    validation->count = last;
}

struct by_energy {
    double energy;
    int64_t event;
};

static int rising(const void *a, const void *b)
{
    const struct by_energy *x = a, *y = b;

    if (x->energy != y->energy) return x->energy < y->energy ? -1 : 1;
    return (x->event > y->event) - (x->event < y->event);
}

int64_t *dataset_strata(const struct dataset *d, double fraction, uint64_t seed,
                        struct dataset_part *train, struct dataset_part *validation)
{
    struct by_energy *all = mem_take(d->n, sizeof *all);
    int64_t *list = mem_take(d->n, sizeof *list), rest = 0, run = 0;

    dataset_split(d->n, fraction, 0, seed, train, validation);
    for (int64_t i = 0; i < d->n; i++) all[i] = (struct by_energy){ d->energy[i], i };
    qsort(all, (size_t)d->n, sizeof *all, rising);
    for (int64_t k = 0; k < validation->count; k++) {
        struct block b = block_of(d->n, (int)k, (int)validation->count);
        struct rng r = rng_at(seed, RNG_SPLIT, k, 1);
        int64_t chosen = b.first + (int64_t)rng_below(&r, (uint64_t)b.count);
        for (; run < block_end(b); run++)
            if (run != chosen) list[rest++] = all[run].event;
        list[train->count + k] = all[chosen].event;
    }
    for (; run < d->n; run++) list[rest++] = all[run].event; /* no validation at all */
    train->list = validation->list = list;
    mem_free(all);
    return list;
}

int64_t dataset_number(const struct dataset_part *p, int64_t i)
{
    if (i < 0 || i >= p->count) die("event %lld of %lld", (long long)i, (long long)p->count);
    if (p->list != NULL) return p->list[p->first + i];
    return p->random ? rng_permuted(p->seed, RNG_SPLIT, 0, p->all, p->first + i) : p->first + i;
}

void dataset_order(const struct dataset_part *p, uint64_t seed, int64_t epoch, int64_t first, int n,
                   int64_t *index)
{
    for (int i = 0; i < n; i++)
        index[i] = dataset_number(p, rng_permuted(seed, RNG_SHUFFLE, epoch, p->count, first + i));
}
