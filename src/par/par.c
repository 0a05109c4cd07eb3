#include "par/par.h"

#include "base/mem.h"

#include <limits.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * MPI-3 counts are ints: whatever is longer goes in pieces. Sums go in pieces of 4 MB because that
 * is also faster (caches, and MPI's own buffers), bytes in pieces of 16 MB.
 */
enum { SLOTS = REDUCER_SLOTS, PIECES = 16, SUM_BYTES = 4 << 20, BYTE_PIECE = 16 << 20, TAG = 7 };

/* What P owns besides its communicator. */
struct wires {
    int world;       /* par_init made it: MPI ends with it */
    double *scratch; /* [2 * (PAR_ORDERED + size)] for sums in rank order */
    struct {
        MPI_Request request[PIECES];
        int busy; /* requests under way */
    } slot[SLOTS];
};

static MPI_Comm comm_of(const struct par *P)
{
    return *(MPI_Comm *)P->comm;
}

static int piece(int64_t left, int64_t most)
{
    return (int)(left < most ? left : most);
}

static void abort_all(void)
{
    MPI_Abort(MPI_COMM_WORLD, 1);
}

/* Who shares memory with whom; nodes are numbered by their first ranks. */
static void find_nodes(struct par *P, MPI_Comm comm)
{
    const char *text = getenv("CALOQ_NODE");
    const long most = text ? strtol(text, NULL, 10) : 0;
    MPI_Comm node;
    int first, before = 0;

    MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, P->rank, MPI_INFO_NULL, &node);
    MPI_Comm_rank(node, &P->node_rank);
    MPI_Comm_size(node, &P->node_size);
    if (most > 0) {
        MPI_Comm part;
        MPI_Comm_split(node, P->node_rank / (int)most, P->rank, &part);
        MPI_Comm_free(&node);
        node = part;
        MPI_Comm_rank(node, &P->node_rank);
        MPI_Comm_size(node, &P->node_size);
    }
    first = P->node_rank == 0;
    MPI_Exscan(&first, &before, 1, MPI_INT, MPI_SUM, comm);
    P->node = P->rank == 0 ? 0 : before;
    MPI_Bcast(&P->node, 1, MPI_INT, 0, node);
    MPI_Allreduce(&first, &P->nodes, 1, MPI_INT, MPI_SUM, comm);
    MPI_Comm_free(&node);
}

/* Fill P for a communicator that it takes over. */
static void adopt(struct par *P, MPI_Comm comm, int world)
{
    struct wires *w = mem_take(1, sizeof *w);

    MPI_Comm_set_errhandler(comm, MPI_ERRORS_ARE_FATAL);
    MPI_Comm_rank(comm, &P->rank);
    MPI_Comm_size(comm, &P->size);
    find_nodes(P, comm);
    w->world = world;
    w->scratch = mem_take(2 * (PAR_ORDERED + (int64_t)P->size), sizeof *w->scratch);
    P->wires = w;
    P->comm = mem_take(1, sizeof comm);
    memcpy(P->comm, &comm, sizeof comm);
}

void par_init(struct par *P, int *argc, char ***argv)
{
    MPI_Comm comm;

    MPI_Init(argc, argv);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
    err_on_die(abort_all);
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    adopt(P, comm, 1);
}

void par_split(struct par *part, const struct par *P, int colour)
{
    MPI_Comm comm;

    MPI_Comm_split(comm_of(P), colour, P->rank, &comm);
    adopt(part, comm, 0);
}

void par_free(struct par *P)
{
    struct wires *w = P->wires;

    if (!P->comm) return;
    for (int i = 0; i < SLOTS; i++)
        if (w->slot[i].busy) die("par_free: a sum is still under way in slot %d", i);
    MPI_Comm_free((MPI_Comm *)P->comm);
    if (w->world) {
        err_on_die(NULL);
        MPI_Finalize();
    }
    mem_free(w->scratch);
    mem_free(w);
    mem_free(P->comm);
    *P = (struct par){ 0 };
}

int par_agree(const struct par *P, struct err *e)
{
    int lowest = err_is(e) ? P->rank : P->size;

    MPI_Allreduce(MPI_IN_PLACE, &lowest, 1, MPI_INT, MPI_MIN, comm_of(P));
    if (lowest == P->size) return 0;
    MPI_Bcast(e->text, ERR_TEXT, MPI_CHAR, lowest, comm_of(P));
    return -1;
}

int par_fault(const struct par *P, const char *where, struct err *e)
{
    const char *fault = getenv("CALOQ_FAULT");
    size_t n = strlen(where);
    char *end;

    if (!fault || strncmp(fault, where, n) != 0 || fault[n] != ':') return 0;
    long rank = strtol(fault + n + 1, &end, 10);
    if (end == fault + n + 1 || *end || rank != P->rank) return 0;
    return err_set(e, "fault injected at %s on rank %d (CALOQ_FAULT)", where, P->rank);
}

void par_barrier(const struct par *P)
{
    MPI_Barrier(comm_of(P));
}

void par_bcast(const struct par *P, void *x, int64_t bytes, int root)
{
    for (int64_t i = 0; i < bytes; i += BYTE_PIECE)
        MPI_Bcast((char *)x + i, piece(bytes - i, BYTE_PIECE), MPI_BYTE, root, comm_of(P));
}

/* One operation over the ranks, in place, in pieces. */
static void reduce(const struct par *P, void *x, int64_t n, size_t size, MPI_Datatype type,
                   MPI_Op op)
{
    int64_t most = SUM_BYTES / (int64_t)size;

    for (int64_t i = 0; i < n; i += most)
        MPI_Allreduce(MPI_IN_PLACE, (char *)x + i * (int64_t)size, piece(n - i, most), type, op,
                      comm_of(P));
}

/* n <= PAR_ORDERED: rank r gets slice r of every rank's numbers, adds them in rank order, and
 * hands its sums to all. */
static void sum_ordered(const struct par *P, double *x, int n)
{
    int slice = (n + P->size - 1) / P->size, total = slice * P->size;
    double *out = ((struct wires *)P->wires)->scratch, *in = out + PAR_ORDERED + P->size;

    memcpy(out, x, (size_t)n * sizeof *x);
    memset(out + n, 0, (size_t)(total - n) * sizeof *x);
    MPI_Alltoall(out, slice, MPI_DOUBLE, in, slice, MPI_DOUBLE, comm_of(P));
    for (int r = 1; r < P->size; r++)
        for (int i = 0; i < slice; i++) in[i] += in[r * slice + i];
    MPI_Allgather(in, slice, MPI_DOUBLE, out, slice, MPI_DOUBLE, comm_of(P));
    memcpy(x, out, (size_t)n * sizeof *x);
}

void par_sum(const struct par *P, double *x, int64_t n)
{
    if (n <= PAR_ORDERED)
        sum_ordered(P, x, (int)n);
    else
        reduce(P, x, n, sizeof *x, MPI_DOUBLE, MPI_SUM);
}

void par_sum_float(const struct par *P, float *x, int64_t n)
{
    reduce(P, x, n, sizeof *x, MPI_FLOAT, MPI_SUM);
}

void par_sum_int(const struct par *P, int64_t *x, int64_t n)
{
    reduce(P, x, n, sizeof *x, MPI_INT64_T, MPI_SUM);
}

void par_max(const struct par *P, double *x, int64_t n)
{
    reduce(P, x, n, sizeof *x, MPI_DOUBLE, MPI_MAX);
}

void par_min(const struct par *P, double *x, int64_t n)
{
    reduce(P, x, n, sizeof *x, MPI_DOUBLE, MPI_MIN);
}

int64_t par_sum_one(const struct par *P, int64_t x)
{
    par_sum_int(P, &x, 1);
    return x;
}

int64_t par_scan(const struct par *P, int64_t x)
{
    int64_t before = 0;

    MPI_Exscan(&x, &before, 1, MPI_INT64_T, MPI_SUM, comm_of(P));
    return P->rank == 0 ? 0 : before;
}

/* Send n bytes to `to` while m come from `from`, piece by piece; a side that has no more talks to
 * nobody. Both ends of a pair count the same pieces, so no rank waits for one that never comes. */
static void swap(const struct par *P, const char *out, int64_t n, int to, char *in, int64_t m,
                 int from)
{
    for (int64_t i = 0; i < n || i < m; i += BYTE_PIECE) {
        int sends = i < n ? piece(n - i, BYTE_PIECE) : 0;
        int gets = i < m ? piece(m - i, BYTE_PIECE) : 0;
        MPI_Sendrecv(sends ? out + i : NULL, sends, MPI_BYTE, sends ? to : MPI_PROC_NULL, TAG,
                     gets ? in + i : NULL, gets, MPI_BYTE, gets ? from : MPI_PROC_NULL, TAG,
                     comm_of(P), MPI_STATUS_IGNORE);
    }
}

static int64_t before(const int64_t *bytes, int rank)
{
    int64_t sum = 0;
    for (int r = 0; r < rank; r++) sum += bytes[r];
    return sum;
}

void par_exchange(const struct par *P, const void *send, const int64_t *send_bytes, void *recv,
                  const int64_t *recv_bytes)
{
    for (int shift = 0; shift < P->size; shift++) {
        int to = (P->rank + shift) % P->size, from = (P->rank - shift + P->size) % P->size;
        const char *out = send_bytes[to] ? (const char *)send + before(send_bytes, to) : NULL;
        char *in = recv_bytes[from] ? (char *)recv + before(recv_bytes, from) : NULL;

        if (send_bytes[to] < 0 || recv_bytes[from] < 0) die("par_exchange: a negative count");
        if (shift > 0) {
            swap(P, out, send_bytes[to], to, in, recv_bytes[from], from);
        } else {
            if (send_bytes[to] != recv_bytes[to]) die("par_exchange: our own part has two sizes");
            if (out) memcpy(in, out, (size_t)send_bytes[to]);
        }
    }
}

/* Every rank's byte count; the caller frees. */
static int64_t *all_counts(const struct par *P, int64_t bytes)
{
    int64_t *counts = mem_take(P->size, sizeof *counts);
    if (bytes < 0) die("par: a negative count of bytes");
    MPI_Allgather(&bytes, 1, MPI_INT64_T, counts, 1, MPI_INT64_T, comm_of(P));
    return counts;
}

void par_gather(const struct par *P, const void *mine, int64_t bytes, void *all, int root)
{
    int64_t *recv = all_counts(P, bytes), *send = mem_take(P->size, sizeof *send);

    send[root] = bytes;
    if (P->rank != root) memset(recv, 0, (size_t)P->size * sizeof *recv);
    par_exchange(P, mine, send, all, recv);
    mem_free(send);
    mem_free(recv);
}

/* Small blocks in one call; long ones as one broadcast after another. */
void par_allgather(const struct par *P, const void *mine, int64_t bytes, void *all)
{
    int64_t *counts = all_counts(P, bytes), total = before(counts, P->size);

    if (total <= BYTE_PIECE) {
        int *n = mem_take(2 * (int64_t)P->size, sizeof *n), *first = n + P->size;
        for (int r = 0; r < P->size; r++) {
            n[r] = (int)counts[r];
            first[r] = (int)before(counts, r);
        }
        MPI_Allgatherv(mine, (int)bytes, MPI_BYTE, all, n, first, MPI_BYTE, comm_of(P));
        mem_free(n);
    } else {
        char *at = all;
        for (int r = 0; r < P->size; at += counts[r++]) {
            if (r == P->rank && bytes) memcpy(at, mine, (size_t)bytes);
            par_bcast(P, at, counts[r], r);
        }
    }
    mem_free(counts);
}

static void reducer_sum(void *ctx, double *x, int n)
{
    par_sum(ctx, x, n);
}

static void reducer_count(void *ctx, int64_t *x, int64_t n)
{
    par_sum_int(ctx, x, n);
}

static void reducer_start(void *ctx, float *x, int64_t n, int slot)
{
    const struct par *P = ctx;
    struct wires *w = P->wires;
    int64_t most = SUM_BYTES / (int64_t)sizeof *x;

    if (slot < 0 || slot >= SLOTS) die("reducer: slot %d is not in 0..%d", slot, SLOTS - 1);
    if (w->slot[slot].busy) die("reducer: slot %d is still under way", slot);
    if (n > most * PIECES) most = (n + PIECES - 1) / PIECES;
    if (n < 0 || most > INT_MAX) die("reducer: %lld floats in one sum", (long long)n);
    for (int64_t i = 0; i < n; i += most)
        MPI_Iallreduce(MPI_IN_PLACE, x + i, piece(n - i, most), MPI_FLOAT, MPI_SUM, comm_of(P),
                       &w->slot[slot].request[w->slot[slot].busy++]);
}

static void reducer_wait(void *ctx, int slot)
{
    struct wires *w = ((const struct par *)ctx)->wires;

    if (slot < 0 || slot >= SLOTS) die("reducer: slot %d is not in 0..%d", slot, SLOTS - 1);
    MPI_Waitall(w->slot[slot].busy, w->slot[slot].request, MPI_STATUSES_IGNORE);
    w->slot[slot].busy = 0;
}

static void reducer_poll(void *ctx)
{
    struct wires *w = ((const struct par *)ctx)->wires;

    for (int i = 0; i < SLOTS; i++) {
        int done = 0;
        if (!w->slot[i].busy) continue;
        MPI_Testall(w->slot[i].busy, w->slot[i].request, &done, MPI_STATUSES_IGNORE);
        if (done) w->slot[i].busy = 0;
    }
}

struct reducer par_reducer(const struct par *P)
{
    return (struct reducer){ .sum = reducer_sum,
                             .count = reducer_count,
                             .start = reducer_start,
                             .wait = reducer_wait,
                             .poll = reducer_poll,
                             .ctx = (void *)(uintptr_t)P };
}

void par_version(char *text, size_t n)
{
    char library[MPI_MAX_LIBRARY_VERSION_STRING];
    int length, major = 0, minor = 0, patch = 0;

    MPI_Get_library_version(library, &length);
    if (sscanf(library, "Open MPI v%d.%d.%d", &major, &minor, &patch) == 3)
        snprintf(text, n, "Open MPI %d.%d.%d", major, minor, patch);
    else
        snprintf(text, n, "%.*s", (int)strcspn(library, ",\n"), library);
}
