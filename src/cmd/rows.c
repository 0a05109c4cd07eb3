#include "cmd/rows.h"

#include "base/mem.h"
#include "base/rng.h"
#include "cmd/bits.h"
#include "io/h5.h"
#include "io/idx.h"

#include <math.h>
#include <string.h>

enum { STOCHASTIC, THRESHOLD, NONE };                 /* choices of data.binarise */
enum { CALOCHALLENGE, KIND_BITS, KIND_IDX, KIND_H5 }; /* choices of data.kind */
enum { TOP = 65535, UNITS = 1 << 24 };

static int most_units(int64_t V, const char *path, struct err *e)
{
    if (V >= 1 && V <= UNITS) return 0;
    return err_set(e, "%s: rows of %lld units, expected 1 to %d", path, (long long)V, UNITS);
}

/* Room for rows that are packed, or for their levels. */
static void begin(struct rows *r, int64_t n, int64_t V, int how)
{
    r->n = n;
    r->V = (int)V;
    r->words = (r->V + 63) / 64;
    if (how == STOCHASTIC)
        r->level = mem_take(n * V, sizeof *r->level);
    else
        r->packed = mem_take(n * r->words, sizeof *r->packed);
}

static void set_bit(struct rows *r, int64_t row, int j, int bit)
{
    r->packed[row * r->words + j / 64] |= (uint64_t)(bit != 0) << j % 64;
}

/* One number of a file; -1 when data.binarise does not take it. */
static int put(struct rows *r, int64_t row, int j, double x, int how)
{
    if (how == STOCHASTIC) {
        if (!(x >= 0.0 && x <= 1.0)) return -1;
        r->level[row * r->V + j] = (uint16_t)(x * TOP + 0.5);
        return 0;
    }
    if (how == NONE && x != 0.0 && x != 1.0 && x != -1.0) return -1;
    if (isnan(x)) return -1;
    set_bit(r, row, j, x > 0.5);
    return 0;
}

static int refuse(const char *path, int64_t row, int64_t j, double x, int how, struct err *e)
{
    return err_set(e, "%s: row %lld, unit %lld is %g: data.binarise %s expects %s", path,
                   (long long)row, (long long)j, x,
                   how == NONE         ? "none"
                   : how == STOCHASTIC ? "stochastic"
                                       : "threshold",
                   how == NONE         ? "0 or 1"
                   : how == STOCHASTIC ? "0 to 1"
                                       : "numbers");
}

/* Bytes as grey: 255 is 1; where bits are expected, 1 is 1 too. */
static double grey(uint8_t x, int how)
{
    return how == NONE && x == 1 ? 1.0 : x / 255.0;
}

/* One idx file behind another; every rank has the bytes. */
static int add_idx(struct rows *r, const struct idx *d, int64_t at, const char *path, int how,
                   struct err *e)
{
    for (int64_t i = 0; i < d->rows; i++)
        for (int j = 0; j < r->V; j++) {
            uint8_t x = d->x[i * r->V + j];
            if (put(r, at + i, j, grey(x, how), how)) return refuse(path, i, j, x, how, e);
        }
    return 0;
}

/* Read on rank 0, the bytes to everyone. */
static int share_idx(struct idx *d, const struct par *P, const char *path, int64_t most,
                     struct err *e)
{
    int64_t size[2] = { 0, 0 };

    *d = (struct idx){ 0 };
    if (P->rank == 0 && idx_read(d, path, most, e) == 0) {
        size[0] = d->rows;
        size[1] = d->cells;
    }
    if (par_agree(P, e)) return -1;
    par_bcast(P, size, sizeof size, 0);
    if (P->rank != 0) *d = (struct idx){ size[0], size[1], mem_take(size[0] * size[1], 1) };
    par_bcast(P, d->x, size[0] * size[1], 0);
    return 0;
}

static int open_idx(struct rows *r, const struct run *run, int how, struct err *e)
{
    const struct conf *c = run->conf;
    int files = conf_count(c, "data.train"), bad = 0;
    int64_t most = conf_int(c, "data.most"), all = 0, at = 0;
    struct idx *d = mem_take(files, sizeof *d);

    for (int i = 0; i < files && !bad && (most == 0 || all < most); i++) {
        const char *path = conf_text_at(c, "data.train", i);
        bad = share_idx(&d[i], run->P, path, most > 0 ? most - all : 0, e) ||
              most_units(d[i].cells, path, e);
        if (!bad && d[i].cells != d[0].cells)
            bad = err_set(e, "%s: rows of %lld units, expected %lld as in %s", path,
                          (long long)d[i].cells, (long long)d[0].cells,
                          conf_text_at(c, "data.train", 0));
        all += d[i].rows;
    }
    if (!bad) begin(r, all, d[0].cells, how);
    for (int i = 0; i < files; i++) {
        if (!bad) bad = add_idx(r, &d[i], at, conf_text_at(c, "data.train", i), how, e);
        at += d[i].rows;
        idx_free(&d[i]);
    }
    mem_free(d);
    return bad;
}

/* Any dataset [rows, units] of numbers; every rank reads its rows and gets those of the others. */
static int open_h5(struct rows *r, const struct run *run, int how, struct err *e)
{
    const struct par *P = run->P;
    const char *path = conf_text_at(run->conf, "data.train", 0);
    const char *name = conf_text(run->conf, "data.dataset");
    int64_t most = conf_int(run->conf, "data.most");
    struct h5_shape s;
    struct h5 f;

    if (h5_open(&f, P, path, e)) return -1;
    int bad = h5_shape(&f, name, &s, e);
    if (!bad && (s.dims != 2 || s.n[0] < 1))
        bad = err_set(e, "%s: data.dataset %s has %d dimensions, expected rows x units", path, name,
                      s.dims);
    if (!bad) bad = most_units(s.n[1], path, e);
    if (!bad) {
        int64_t n = most > 0 && most < s.n[0] ? most : s.n[0];
        struct block mine = block_of(n, P->rank, P->size);
        struct rows own = { 0 };
        float *x = mem_take(mine.count * s.n[1], sizeof *x);
        begin(r, n, s.n[1], how);
        begin(&own, mine.count, s.n[1], how);
        bad = h5_read_rows(&f, name, H5_FLOAT, mine, x, e);
        for (int64_t i = 0; i < mine.count * s.n[1] && !bad; i++)
            if (put(&own, i / s.n[1], (int)(i % s.n[1]), (double)x[i], how))
                bad = refuse(path, mine.first + i / s.n[1], i % s.n[1], (double)x[i], how, e);
        bad = par_agree(P, e);
        if (!bad && how == STOCHASTIC)
            par_allgather(P, own.level, mine.count * s.n[1] * (int64_t)sizeof *own.level, r->level);
        else if (!bad)
            par_allgather(P, own.packed, mine.count * r->words * (int64_t)sizeof *own.packed,
                          r->packed);
        mem_free(x);
        rows_free(&own);
    }
    h5_close(&f);
    return bad;
}

/* Pack this rank's states and let every rank have all of them. */
static void share_bits(struct rows *r, const struct bits *b, const struct par *P)
{
    int64_t mine = b->rows.count;
    struct rows own = { 0 };

    begin(r, b->M, b->N, NONE);
    begin(&own, mine, b->N, NONE);
    for (int64_t i = 0; i < mine; i++)
        for (int j = 0; j < b->N; j++) set_bit(&own, i, j, b->state[i * b->N + j]);
    par_allgather(P, own.packed, mine * own.words * (int64_t)sizeof *own.packed, r->packed);
    if (b->incident != NULL) {
        r->incident = mem_take(b->M, sizeof *r->incident);
        par_allgather(P, b->incident, mine * (int64_t)sizeof *b->incident, r->incident);
    }
    rows_free(&own);
}

static int open_bits(struct rows *r, const struct run *run, struct err *e)
{
    int64_t most = conf_int(run->conf, "data.most");
    struct bits b = { 0 };

    if (bits_read(&b, run->P, conf_text_at(run->conf, "data.train", 0), e)) return -1;
    share_bits(r, &b, run->P);
    if (most > 0 && most < r->n) r->n = most;
    bits_free(&b);
    return 0;
}

int rows_open(struct rows *r, const struct run *run, struct err *e)
{
    const struct conf *c = run->conf;
    int kind = conf_choice(c, "data.kind"), how = conf_choice(c, "data.binarise"), bad;
    int n = conf_count(c, "data.train");

    *r = (struct rows){ .seed = run->seed };
    if (n < 1 || (n > 1 && kind != KIND_IDX))
        return err_set(e, "data.train lists %d files, expected one %s file", n,
                       kind == KIND_H5    ? "HDF5"
                       : kind == KIND_IDX ? "idx"
                                          : "Bits");
    if (kind == KIND_IDX)
        bad = open_idx(r, run, how, e);
    else if (kind == KIND_H5)
        bad = open_h5(r, run, how, e);
    else
        bad = open_bits(r, run, e);
    if (bad) rows_free(r);
    return bad ? -1 : 0;
}

void rows_free(struct rows *r)
{
    mem_free(r->packed);
    mem_free(r->level);
    mem_free(r->incident);
    *r = (struct rows){ 0 };
}

void rows_get(const struct rows *r, int64_t i, int64_t epoch, uint8_t *state)
{
    if (r->level != NULL) {
        struct rng g = rng_at(r->seed, RNG_BINARISE, i, epoch);
        const uint16_t *level = r->level + i * r->V;
        for (int j = 0; j < r->V; j++) state[j] = (uint64_t)rng_word(&g) * TOP >> 32 < level[j];
        return;
    }
    const uint64_t *row = r->packed + i * r->words;
    for (int j = 0; j < r->V; j++) state[j] = row[j / 64] >> j % 64 & 1;
}

void rows_means(const struct rows *r, double *mean)
{
    for (int j = 0; j < r->V; j++) {
        double sum = 0.0;
        for (int64_t i = 0; i < r->n; i++)
            sum += r->level != NULL ? (double)r->level[i * r->V + j] / TOP
                                    : (double)(r->packed[i * r->words + j / 64] >> j % 64 & 1);
        mean[j] = sum / (double)r->n;
    }
}
