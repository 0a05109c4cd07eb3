#include "par/window.h"

#include "base/file.h"
#include "base/mem.h"

#include <mpi.h>
#include <string.h>

enum { LINE = 64 }; /* bytes: shares do not meet in a cache line */

/* Is there room for the node's window, and a tenth to spare? The same verdict on all ranks. */
static int fits(const struct par *P, const struct par *node, int64_t bytes, struct err *why)
{
    int64_t all = par_sum_one(node, bytes);

    if (node->rank == 0 && node->size > 1) file_room("/dev/shm/window", all + all / 10, why);
    return par_agree(P, why) == 0;
}

/* Which ranks of P are on this node, and where. */
static void find_places(struct window *w, const struct par *P)
{
    int *rank = mem_take(w->node.size, sizeof *rank);

    par_allgather(&w->node, &P->rank, sizeof P->rank, rank);
    w->place = mem_take(P->size, sizeof *w->place);
    for (int r = 0; r < P->size; r++) w->place[r] = -1;
    for (int i = 0; i < w->node.size; i++) w->place[rank[i]] = i;
    mem_free(rank);
}

static void share(struct window *w, int64_t bytes)
{
    MPI_Win win;
    char *mine;

    MPI_Win_allocate_shared(bytes + LINE, 1, MPI_INFO_NULL, *(MPI_Comm *)w->node.comm, &mine, &win);
    MPI_Win_lock_all(MPI_MODE_NOCHECK, win);
    w->share = mem_take(w->node.size, sizeof *w->share);
    for (int r = 0; r < w->node.size; r++) {
        MPI_Aint size;
        int unit;
        MPI_Win_shared_query(win, r, &size, &unit, &w->share[r]);
        w->share[r] += (LINE - (uintptr_t)w->share[r] % LINE) % LINE;
    }
    w->handle = mem_take(1, sizeof win);
    memcpy(w->handle, &win, sizeof win);
}

void window_take(struct window *w, const struct par *P, int64_t bytes)
{
    *w = (struct window){ 0 };
    par_split(&w->node, P, P->node);
    if (!fits(P, &w->node, bytes, &w->small)) {
        par_free(&w->node);
        par_split(&w->node, P, P->rank);
    }
    find_places(w, P);
    if (w->node.size > 1) share(w, bytes);
    window_fence(w);
}

void window_fence(struct window *w)
{
    if (w->handle == NULL) return;
    MPI_Win_sync(*(MPI_Win *)w->handle);
    par_barrier(&w->node);
    MPI_Win_sync(*(MPI_Win *)w->handle);
}

void window_free(struct window *w)
{
    if (w->handle != NULL) {
        MPI_Win_unlock_all(*(MPI_Win *)w->handle);
        MPI_Win_free((MPI_Win *)w->handle);
    }
    mem_free(w->handle);
    mem_free(w->share);
    mem_free(w->place);
    par_free(&w->node);
    *w = (struct window){ 0 };
}
