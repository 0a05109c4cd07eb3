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
    mem_free(s->first);
    mem_free(s->voxel);
    mem_free(s->value);
    *s = (struct store){ 0 };
}

/* Half as much again: memory is then copied a few times in all. */
static int64_t larger(int64_t room, int64_t least)
{
    return room + room / 2 > least ? room + room / 2 : least;
}

static void add_sparse(struct store *s, const float *row)
{
    int64_t at = s->first[s->n];

    if (at + s->V > s->hit_room) {
        s->hit_room = larger(s->hit_room, at + s->V);
        s->voxel = mem_grow(s->voxel, s->hit_room, sizeof *s->voxel);
        s->value = mem_grow(s->value, s->hit_room, sizeof *s->value);
    }
    for (int v = 0; v < s->V; v++) {
        if (row[v] == 0.0f) continue;
        s->voxel[at] = v;
        s->value[at++] = row[v];
    }
    s->first[s->n + 1] = at;
}

void store_add(struct store *s, const float *row)
{
    if (s->n == s->room) {
        s->room = larger(s->room, s->n + 64);
        if (s->kind == STORE_SPARSE)
            s->first = mem_grow(s->first, s->room + 1, sizeof *s->first);
        else
            s->value = mem_grow(s->value, s->room * s->V, sizeof *s->value);
    }
    if (s->kind == STORE_SPARSE)
        add_sparse(s, row);
    else
        memcpy(s->value + s->n * s->V, row, (size_t)s->V * sizeof *row);
    s->n++;
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
