#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int lock_take(const char *path, int *fd, struct err *e)
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET }, holder = whole;

    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*fd < 0) return err_set(e, "cannot open '%s': %s", path, strerror(errno));
    if (fcntl(*fd, F_SETLK, &whole) == 0) return 0;
    int why = errno;
    if ((why == EACCES || why == EAGAIN) && fcntl(*fd, F_GETLK, &holder) == 0 &&
        holder.l_type != F_UNLCK)
        err_set(e, "'%s' is held by process %ld, expected one process at a time", path,
                (long)holder.l_pid);
    else
        err_set(e, "cannot lock '%s': %s", path, strerror(why));
    lock_drop(fd);
    return -1;
}

void lock_drop(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}
