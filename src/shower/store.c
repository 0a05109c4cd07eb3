#include "shower/store.h"

#include "base/err.h"
#include "base/mem.h"

#include <string.h>

void store_init(struct store *s, enum store_kind kind, int V)
{
    *s = (struct store){ .kind = kind, .V = V };
    if (kind == STORE_SPARSE) s->first = mem_take(1, sizeof *s->first);
}

void store_free(struct store *s)
{
    if (!s->fixed) {
        mem_free(s->first);
        mem_free(s->voxel);
        mem_free(s->value);
    }
    *s = (struct store){ 0 };
}

void store_empty(struct store *s)
{
    s->n = 0;
}

enum { LINE = 64 }; /* bytes; each array begins a line */

static int64_t lines(int64_t n, size_t size)
{
    return (n * (int64_t)size + LINE - 1) / LINE * LINE;
}

int64_t store_size(enum store_kind kind, int V, int64_t n, int64_t hits)
{
    if (kind == STORE_DENSE) return lines(n * V, sizeof(float));
    return lines(n + 1, sizeof(int64_t)) + lines(hits, sizeof(int32_t)) +
           lines(hits, sizeof(float));
}

void store_place(struct store *s, enum store_kind kind, int V, int64_t n, int64_t hits,
                 void *memory)
{
    char *at = memory;

    *s = (struct store){ .kind = kind, .V = V, .fixed = 1, .room = n, .hit_room = hits };
    if (kind == STORE_DENSE) {
        s->value = memory;
        return;
    }
    s->first = memory;
    s->voxel = (int32_t *)(void *)(at += lines(n + 1, sizeof *s->first));
    s->value = (float *)(void *)(at + lines(hits, sizeof *s->voxel));
}

/* Half as much again: memory is then copied a few times in all. */
static int64_t larger(int64_t room, int64_t least)
{
    return room + room / 2 > least ? room + room / 2 : least;
}

/* Room for n rows and so many hits in all. */
static void make_room(struct store *s, int64_t n, int64_t hits)
{
    int more = n > s->room, denser = s->kind == STORE_SPARSE && hits > s->hit_room;

    if (s->fixed && (more || denser))
        die("a store of %lld rows and %lld hits is full", (long long)s->room,
            (long long)s->hit_room);
    if (more) {
        s->room = larger(s->room, n + 63);
        if (s->kind == STORE_SPARSE)
            s->first = mem_grow(s->first, s->room + 1, sizeof *s->first);
        else
            s->value = mem_grow(s->value, s->room * s->V, sizeof *s->value);
    }
    if (denser) {
        s->hit_room = larger(s->hit_room, hits);
        s->voxel = mem_grow(s->voxel, s->hit_room, sizeof *s->voxel);
        s->value = mem_grow(s->value, s->hit_room, sizeof *s->value);
    }
}

static void add_sparse(struct store *s, const float *row)
{
    int64_t at = s->first[s->n];

    for (int v = 0; v < s->V; v++) {
        if (row[v] == 0.0f) continue;
        s->voxel[at] = v;
        s->value[at++] = row[v];
    }
    s->first[s->n + 1] = at;
}

void store_add(struct store *s, const float *row)
{
    make_room(s, s->n + 1, store_hits(s) + s->V);
    if (s->kind == STORE_SPARSE)
        add_sparse(s, row);
    else
        memcpy(s->value + s->n * s->V, row, (size_t)s->V * sizeof *row);
    s->n++;
}

void store_append(struct store *s, const struct store *from)
{
    const int64_t at = store_hits(s), hits = store_hits(from);

    make_room(s, s->n + from->n, at + hits);
    if (s->kind == STORE_SPARSE) {
        memcpy(s->voxel + at, from->voxel, (size_t)hits * sizeof *s->voxel);
        memcpy(s->value + at, from->value, (size_t)hits * sizeof *s->value);
        for (int64_t i = 1; i <= from->n; i++) s->first[s->n + i] = at + from->first[i];
    } else {
        memcpy(s->value + s->n * s->V, from->value, (size_t)(from->n * s->V) * sizeof *s->value);
    }
    s->n += from->n;
}

int64_t store_hits(const struct store *s)
{
    return s->kind == STORE_SPARSE ? s->first[s->n] : 0;
}

void store_row(const struct store *s, int64_t i, float *row)
{
    if (i < 0 || i >= s->n) die("row %lld of %lld", (long long)i, (long long)s->n);
    if (s->kind == STORE_DENSE) {
        memcpy(row, s->value + i * s->V, (size_t)s->V * sizeof *row);
        return;
    }
    memset(row, 0, (size_t)s->V * sizeof *row);
    for (int64_t k = s->first[i]; k < s->first[i + 1]; k++) row[s->voxel[k]] = s->value[k];
}

int64_t store_bytes(const struct store *s)
{
    if (s->kind == STORE_DENSE) return s->room * s->V * (int64_t)sizeof *s->value;
    return (s->room + 1) * (int64_t)sizeof *s->first +
           s->hit_room * (int64_t)(sizeof *s->voxel + sizeof *s->value);
}
