#include "io/h5_space.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* SLACK: always free, for what HDF5 keeps besides the data. STEP: taken at once, so that a hundred
 * small datasets are not a hundred calls. */
enum { SLACK = 1 << 20, STEP = 1 << 20 };

/* Each rank has a limit of its own: a job may span nodes. */
static int within_limit(const char *path, int64_t bytes, struct err *e)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
        (uint64_t)bytes <= (uint64_t)limit.rlim_cur)
        return 0;
    return err_set(e, "%s: needs %lld bytes, and RLIMIT_FSIZE (ulimit -f) allows files of %lld",
                   path, (long long)bytes, (long long)limit.rlim_cur);
}

/* Bytes [from, to) of the file. They hold no data yet, so a file system without fallocate, where
 * the C library writes zeros instead, loses nothing. */
static int take(const char *path, int64_t from, int64_t to, struct err *e)
{
    if (file_room(path, to - from, e)) return -1; /* in good words, where it is easy to know */
    int fd = open(path, O_RDWR);
    if (fd < 0) return err_set(e, "%s: cannot be opened again: %s", path, strerror(errno));
    int failed;
    do /* SIGUSR1 asks for a checkpoint: it must not spoil this one */
        failed = posix_fallocate(fd, from, to - from);
    while (failed == EINTR);
    close(fd);
    if (failed == 0) return 0;
    return err_set(e, "%s: no room for %lld bytes more: %s", path, (long long)(to - from),
                   strerror(failed));
}

int h5_space_reserve(const struct par *P, const char *path, int64_t *used, int64_t *reserved,
                     int64_t more, struct err *e)
{
    int64_t need = *used + more + SLACK;

    if (need > *reserved) {
        need += STEP;
        if (within_limit(path, need, e) == 0 && P->rank == 0) take(path, *reserved, need, e);
        if (par_agree(P, e)) return -1;
        *reserved = need;
    }
    *used += more;
    return 0;
}
