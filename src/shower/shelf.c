#include "shower/shelf.h"

#include "base/err.h"
#include "base/mem.h"

/* A share begins with its number of rows, of parts, and of hits in each part; the parts follow. */
enum { ROWS, PARTS, HEAD };

static int64_t head_bytes(int parts)
{
    return (int64_t)(HEAD + parts) * (int64_t)sizeof(int64_t) / 64 * 64 + 64;
}

static int shared(const struct shelf *s)
{
    return s->window.share != NULL;
}

static char *own_share(const struct shelf *s)
{
    return s->window.share[s->window.node.rank];
}

void shelf_open(struct shelf *s, const struct par *P, enum store_kind kind, int V, int64_t room)
{
    *s = (struct shelf){ .kind = kind, .V = V, .rank = P->rank, .room = room };
    if (kind == STORE_SPARSE) {
        store_init(&s->one, kind, V);
        return;
    }
    int64_t bytes = store_size(kind, V, room, 0);
    window_take(&s->window, P, head_bytes(1) + bytes);
    s->memory = mem_take(1, sizeof *s->memory);
    if (!shared(s)) s->memory[0] = mem_take(bytes, 1);
    store_place(&s->one, kind, V, room, 0, shared(s) ? own_share(s) + head_bytes(1) : s->memory[0]);
    s->parts = 1;
}

void shelf_free(struct shelf *s)
{
    for (int r = 0; s->of != NULL && r < s->window.node.size; r++) mem_free(s->of[r]);
    mem_free(s->of);
    for (int k = 0; k < s->parts; k++) mem_free(s->memory[k]);
    mem_free(s->memory);
    mem_free(s->part);
    store_free(&s->one);
    window_free(&s->window);
    *s = (struct shelf){ 0 };
}

/* The rows of `one` become a part, in a block of just their size. */
static void seal(struct shelf *s)
{
    const int64_t n = s->one.n, hits = store_hits(&s->one);
    const int k = s->parts++;

    s->memory = mem_grow(s->memory, s->parts, sizeof *s->memory);
    s->part = mem_grow(s->part, s->parts, sizeof *s->part);
    s->memory[k] = mem_take(store_size(s->kind, s->V, n, hits), 1);
    store_place(&s->part[k], s->kind, s->V, n, hits, s->memory[k]);
    store_append(&s->part[k], &s->one);
    store_empty(&s->one);
}

void shelf_add(struct shelf *s, const float *row)
{
    if (s->n == s->room) die("a shelf for %lld rows is full", (long long)s->room);
    store_add(&s->one, row);
    s->n++;
    if (s->kind == STORE_SPARSE && s->one.n == SHELF_PART) seal(s);
}

/* The parts go to the window one by one, and free their own memory. */
static void move_parts(struct shelf *s, const struct par *P)
{
    int64_t bytes = head_bytes(s->parts);

    for (int k = 0; k < s->parts; k++)
        bytes += store_size(s->kind, s->V, s->part[k].n, store_hits(&s->part[k]));
    window_take(&s->window, P, bytes);
    if (!shared(s)) return;
    char *at = own_share(s) + head_bytes(s->parts);
    for (int k = 0; k < s->parts; k++) {
        struct store *from = &s->part[k], to;
        int64_t hits = store_hits(from);
        store_place(&to, s->kind, s->V, from->n, hits, at);
        store_append(&to, from);
        at += store_size(s->kind, s->V, from->n, hits);
        mem_free(s->memory[k]);
        s->memory[k] = NULL;
        *from = to;
    }
}

static void write_head(struct shelf *s)
{
    int64_t *head = (int64_t *)(void *)own_share(s);

    head[ROWS] = s->n;
    head[PARTS] = s->parts;
    for (int k = 0; k < s->parts; k++) head[HEAD + k] = store_hits(&s->part[k]);
}

/* The parts of one rank of the node, as its share says. */
static struct store *read_head(const struct shelf *s, char *share)
{
    const int64_t *head = (const int64_t *)(void *)share;
    const int parts = (int)head[PARTS];
    struct store *of = mem_take(parts, sizeof *of);
    char *at = share + head_bytes(parts);

    for (int k = 0; k < parts; k++) {
        int64_t left = head[ROWS] - (int64_t)k * SHELF_PART, hits = head[HEAD + k];
        int64_t n = s->kind == STORE_DENSE || left < SHELF_PART ? left : SHELF_PART;
        store_place(&of[k], s->kind, s->V, n, hits, at);
        of[k].n = n;
        at += store_size(s->kind, s->V, n, hits);
    }
    return of;
}

void shelf_close(struct shelf *s, const struct par *P)
{
    if (s->kind == STORE_SPARSE) {
        if (s->one.n > 0) seal(s);
        store_free(&s->one);
        move_parts(s, P);
    } else {
        s->part = mem_take(1, sizeof *s->part);
        s->part[0] = s->one;
    }
    s->of = mem_take(s->window.node.size, sizeof *s->of);
    if (shared(s)) {
        write_head(s);
        window_fence(&s->window);
        for (int r = 0; r < s->window.node.size; r++) s->of[r] = read_head(s, s->window.share[r]);
    } else {
        s->of[0] = s->part;
        s->part = NULL;
    }
}

int shelf_reaches(const struct shelf *s, int r)
{
    return s->window.place[r] >= 0;
}

void shelf_row(const struct shelf *s, int r, int64_t i, float *row)
{
    const struct store *of = s->of[s->window.place[r]];
    const int64_t k = s->kind == STORE_SPARSE ? i / SHELF_PART : 0;

    store_row(&of[k], i - k * SHELF_PART, row);
}

int64_t shelf_bytes(const struct shelf *s)
{
    int64_t bytes = 0;

    if (s->of == NULL) return 0;
    if (s->kind == STORE_DENSE) return store_bytes(&s->one);
    const struct store *mine = s->of[s->window.node.rank];
    for (int k = 0; k < s->parts; k++) bytes += store_bytes(&mine[k]);
    return bytes;
}
