#include "base/file.h"

#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Read up to `most` + 1 bytes into a block that ends in a NUL. */
static char *read_all(int fd, int64_t guess, int64_t most, int64_t *bytes)
{
    int64_t room = guess + 1, n = 0;
    char *text = mem_take(room + 1, 1);

    for (;;) {
        ssize_t got = read(fd, text + n, (size_t)(room - n));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            mem_free(text);
            return NULL;
        }
        n += got;
        text[n] = '\0';
        if (got == 0 || n > most) break;
        if (n == room) {
            room = 2 * room + 4096;
            text = mem_grow(text, room + 1, 1);
        }
    }
    *bytes = n;
    return text;
}

/* A file that says how long it is is not read when it is too long; a pipe stops past `most`. */
static char *slurp_open(int fd, const char *path, int64_t most, int64_t *bytes, struct err *e)
{
    struct stat s;
    char *text = NULL;

    if (fstat(fd, &s) != 0) {
        err_set(e, "cannot read '%s': %s", path, strerror(errno));
        return NULL;
    }
    if (S_ISDIR(s.st_mode)) {
        err_set(e, "'%s' is a folder, expected a file", path);
        return NULL;
    }
    *bytes = S_ISREG(s.st_mode) ? s.st_size : 0;
    if (*bytes <= most) {
        text = read_all(fd, *bytes, most, bytes);
        if (text == NULL) {
            err_set(e, "cannot read '%s': %s", path, strerror(errno));
            return NULL;
        }
    }
    if (*bytes <= most) return text;
    err_set(e, "'%s' is longer than %lld bytes, the most that is read", path, (long long)most);
    mem_free(text);
    return NULL;
}

char *file_slurp(const char *path, int64_t most, int64_t *bytes, struct err *e)
{
    int64_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        err_set(e, "cannot open '%s': %s", path, strerror(errno));
        return NULL;
    }
    char *text = slurp_open(fd, path, most, &n, e);
    close(fd);
    if (text != NULL && bytes == NULL && strlen(text) != (size_t)n) {
        err_set(e, "'%s' holds a NUL byte after %zu bytes, expected text", path, strlen(text));
        mem_free(text);
        return NULL;
    }
    if (bytes != NULL) *bytes = n;
    return text;
}

/* 0, or -1 with errno. */
static int write_all(int fd, const char *bytes, int64_t n)
{
    while (n > 0) {
        size_t piece = n < 1 << 30 ? (size_t)n : (size_t)1 << 30;
        ssize_t put = write(fd, bytes, piece);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return -1;
        if (put == 0) {
            errno = ENOSPC;
            return -1;
        }
        bytes += put;
        n -= put;
    }
    return 0;
}

/* fsync, where the file system knows it; a pipe or a terminal does not. */
static int sync_fd(int fd)
{
    return fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS ? 0 : -1;
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL) return mem_text(".");
    if (slash == path) return mem_text("/");
    char *folder = mem_text(path);
    folder[slash - path] = '\0';
    return folder;
}

/* A rename lasts only once its folder is on disk. A folder that cannot be opened for reading cannot
 * be synced either: then the file system decides. */
static int sync_folder(const char *path, struct err *e)
{
    char *folder = folder_of(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), bad = 0;

    if (fd >= 0 && sync_fd(fd) != 0)
        bad = err_set(e, "cannot sync the folder '%s': %s", folder, strerror(errno));
    if (fd >= 0) close(fd);
    mem_free(folder);
    return bad;
}

int file_commit(const char *aside, const char *path, struct err *e)
{
    int fd = open(aside, O_RDONLY | O_CLOEXEC);

    if (fd < 0) return err_set(e, "cannot open '%s': %s", aside, strerror(errno));
    int bad = sync_fd(fd) != 0;
    if (close(fd) != 0) bad = 1;
    if (bad) err_set(e, "cannot write '%s': %s", aside, strerror(errno));
    if (!bad && rename(aside, path) != 0)
        bad = err_set(e, "cannot rename '%s' to '%s': %s", aside, path, strerror(errno));
    if (bad) {
        unlink(aside);
        return -1;
    }
    return sync_folder(path, e);
}

int file_replace(const char *path, const void *bytes, int64_t n, struct err *e)
{
    char *aside = mem_print("%s.tmp", path);
    int bad;

    unlink(aside); /* what a killed run left, or a link that would lead elsewhere */
    int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        bad = err_set(e, "cannot write '%s': %s", aside, strerror(errno));
    } else {
        bad = write_all(fd, bytes, n) != 0;
        int why = errno;
        if (close(fd) != 0 && !bad) bad = 1, why = errno;
        if (bad) {
            bad = err_set(e, "cannot write '%s': %s", path, strerror(why));
            unlink(aside);
        } else {
            bad = file_commit(aside, path, e);
        }
    }
    mem_free(aside);
    return bad ? -1 : 0;
}

int file_append(const char *path, const void *bytes, int64_t n, int sync, struct err *e)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);

    if (fd < 0) return err_set(e, "cannot append to '%s': %s", path, strerror(errno));
    off_t before = lseek(fd, 0, SEEK_END);
    int bad = write_all(fd, bytes, n) != 0 || (sync && sync_fd(fd) != 0), why = errno;
    /* no half record stays; a pipe has no position and cannot be cut */
    if (bad && before >= 0 && ftruncate(fd, before) != 0) bad = 2;
    if (close(fd) != 0 && !bad) bad = 1, why = errno;
    if (!bad) return 0;
    return err_set(e, "cannot append to '%s': %s%s", path, strerror(why),
                   bad == 2 ? " (its last line may be torn)" : "");
}

int64_t file_piece(const char *path, int64_t at, void *bytes, int64_t n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int64_t got = 0;

    while (fd >= 0 && got < n) {
        ssize_t more = pread(fd, (char *)bytes + got, (size_t)(n - got), at + got);
        if (more < 0 && errno == EINTR) continue;
        if (more <= 0) break;
        got += more;
    }
    if (fd >= 0) close(fd);
    return got;
}

/* One level; an existing folder is fine. */
static int make_one(const char *path, struct err *e)
{
    if (mkdir(path, 0777) == 0) return 0;
    int why = errno;
    if (file_is_folder(path)) return 0;
    if (why == EEXIST) return err_set(e, "'%s' is a file, expected a folder", path);
    return err_set(e, "cannot make the folder '%s': %s", path, strerror(why));
}

int file_folder(const char *path, struct err *e)
{
    char *part = mem_text(path);
    int bad = 0;

    if (path[0] == '\0') bad = err_set(e, "the name of a folder is empty");
    for (char *p = part; !bad && *p != '\0'; p++) {
        if (p == part || *p != '/' || p[-1] == '/') continue;
        *p = '\0';
        bad = make_one(part, e);
        *p = '/';
    }
    if (!bad) bad = make_one(part, e);
    if (!bad && access(path, W_OK | X_OK) != 0)
        bad = err_set(e, "cannot write in the folder '%s': %s", path, strerror(errno));
    mem_free(part);
    return bad;
}

/* Both in MB, rounded so that neither looks like enough. */
static int too_little(const char *path, double need, double have, const char *where, struct err *e)
{
    return err_set(e, "'%s' needs %.3f MB, but %s %.3f MB", path, need / 1e6, where, have / 1e6);
}

int file_room(const char *path, int64_t bytes, struct err *e)
{
    char *folder = folder_of(path);
    struct statvfs v;
    struct rlimit limit;
    int bad = 0;

    if (!file_is_folder(folder)) {
        bad = err_set(e, "'%s' cannot be written: '%s' is not a folder", path, folder);
    } else if (access(folder, W_OK | X_OK) != 0) {
        bad = err_set(e, "cannot write in the folder '%s': %s", folder, strerror(errno));
    } else if (statvfs(folder, &v) == 0 && v.f_blocks > 0) { /* some systems do not count */
        double have = (double)v.f_bavail * (double)v.f_frsize;
        if ((double)bytes > have)
            bad = too_little(path, (double)bytes, have, "its file system has room for", e);
        else if (v.f_files > 0 && v.f_favail == 0)
            bad = err_set(e, "'%s': its file system has no room for another file", path);
    }
    if (!bad && getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        (uint64_t)bytes > limit.rlim_cur)
        bad = too_little(path, (double)bytes, (double)limit.rlim_cur,
                         "the limit of a file (ulimit -f) is", e);
    mem_free(folder);
    return bad;
}

int file_exists(const char *path)
{
    struct stat s;

    return stat(path, &s) == 0;
}

int file_is_folder(const char *path)
{
    struct stat s;

    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

void file_remove(const char *path)
{
    unlink(path);
}

char *file_join(const char *folder, const char *name)
{
    size_t n = strlen(folder);

    return mem_print("%s%s%s", folder, n > 0 && folder[n - 1] != '/' ? "/" : "", name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int fits(const char *name, const char *prefix, const char *suffix)
{
    size_t n = strlen(name), p = strlen(prefix), s = strlen(suffix);

    return n >= p + s && strncmp(name, prefix, p) == 0 && strcmp(name + n - s, suffix) == 0;
}

int file_list(const char *folder, const char *prefix, const char *suffix, char ***names)
{
    DIR *d = opendir(folder);
    int n = 0, room = 0;

    *names = NULL;
    if (d == NULL) return 0;
    for (struct dirent *f = readdir(d); f != NULL; f = readdir(d)) {
        if (!fits(f->d_name, prefix, suffix)) continue;
        if (strcmp(f->d_name, ".") == 0 || strcmp(f->d_name, "..") == 0) continue;
        if (n == room) {
            room = 2 * room + 16;
            *names = mem_grow(*names, room, sizeof **names);
        }
        (*names)[n++] = mem_text(f->d_name);
    }
    closedir(d);
    if (n > 1) qsort(*names, (size_t)n, sizeof **names, by_name);
    return n;
}
