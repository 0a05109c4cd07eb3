#include "io/h5.h"

#include "base/file.h"
#include "base/mem.h"
#include "io/h5_kept.h"
#include "io/h5_space.h"

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 64 }; /* bytes of a superblock that are looked at */

static const unsigned char signature[8] = { 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n' };

static uint64_t little_endian(const unsigned char *x, int bytes)
{
    uint64_t v = 0;

    for (int i = bytes - 1; i >= 0; i--) v = v << 8 | x[i];
    return v;
}

/* The end of the file as its superblock has it (HDF5 File Format Specification 3.0, II.A); with a
 * userblock, the library counts from the front of the file. 0: not understood. */
static uint64_t stated_end(const unsigned char h[HEAD])
{
    int version = h[8];

    if (version <= 1) {
        int wide = h[13], at = version == 0 ? 24 : 28;
        return wide == 8 ? little_endian(h + at + 2 * wide, wide) : 0;
    }
    int wide = h[9];
    return wide == 8 ? little_endian(h + 12 + 2 * wide, wide) : 0;
}

/* What stands at the front of something that is no HDF5 file. */
static int foreign(const char *path, const char *front, struct err *e)
{
    if (strncmp(front, "version https://git-lfs", 23) == 0)
        return err_set(e, "%s: a Git LFS pointer stands where the data should be (git lfs pull)",
                       path);
    return err_set(e, "%s: not an HDF5 file (its signature was expected at the front)", path);
}

static int inspect(int fd, const char *path, struct err *e)
{
    struct stat s;
    unsigned char h[HEAD] = { 0 }, front[HEAD] = { 0 };

    if (fstat(fd, &s) != 0) return err_set(e, "%s: %s", path, strerror(errno));
    if (S_ISDIR(s.st_mode)) return err_set(e, "%s: a folder, an HDF5 file was expected", path);
    if (s.st_size == 0) return err_set(e, "%s: empty, an HDF5 file was expected", path);
    if (pread(fd, front, sizeof front - 1, 0) < 0)
        return err_set(e, "%s: cannot be read: %s", path, strerror(errno));
    for (int64_t at = 0; at < s.st_size; at = at == 0 ? 512 : 2 * at) {
        if (pread(fd, h, sizeof h, at) < (ssize_t)sizeof signature) break;
        if (memcmp(h, signature, sizeof signature) != 0) continue;
        uint64_t end = stated_end(h);
        if (end > (uint64_t)s.st_size && end != UINT64_MAX)
            return err_set(e, "%s: truncated, %lld bytes are there and its head says %llu", path,
                           (long long)s.st_size, (unsigned long long)end);
        return 0;
    }
    return foreign(path, (const char *)front, e);
}

/* Is this an HDF5 file that looks whole? On one rank, without HDF5. */
static int examine(const char *path, struct err *e)
{
    int fd = open(path, O_RDONLY);

    if (fd < 0 && errno == ENOENT) return err_set(e, "%s: no such file", path);
    if (fd < 0) return err_set(e, "%s: cannot be opened: %s", path, strerror(errno));
    int failed = inspect(fd, path, e);
    close(fd);
    return failed;
}

/* An access list for these ranks. H5Fclose closes whatever is still open in the file. */
static hid_t access_list(const struct par *P)
{
    hid_t list = H5Pcreate(H5P_FILE_ACCESS);

    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5Pset_fapl_mpio(list, *(MPI_Comm *)P->comm, MPI_INFO_NULL);
    H5Pset_fclose_degree(list, H5F_CLOSE_STRONG);
    return list;
}

static void begin(struct h5 *f, const struct par *P, const char *path)
{
    *f = (struct h5){ .P = P, .path = mem_text(path) };
    f->kept = mem_take(1, sizeof *f->kept);
}

int h5_open(struct h5 *f, const struct par *P, const char *path, struct err *e)
{
    begin(f, P, path);
    if (par_fault(P, "h5_open", e) == 0 && P->rank == 0) examine(path, e);
    if (par_agree(P, e) == 0) {
        hid_t list = access_list(P);
        hid_t id = H5Fopen(path, H5F_ACC_RDONLY, list);
        H5Pclose(list);
        if (id < 0)
            err_set(e, "%s: HDF5 cannot open it, its structure is damaged or of a newer format",
                    path);
        else
            f->id = id;
    }
    if (par_agree(P, e) == 0) return 0;
    h5_close(f);
    return -1;
}

/* A new, empty file on the disk: may we write here? */
static int start_file(const char *path, struct err *e)
{
    unlink(path); /* what a killed run left, or a link that would lead elsewhere */
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0666);
    if (fd < 0) return err_set(e, "%s: cannot be written: %s", path, strerror(errno));
    close(fd);
    return 0;
}

/* The bytes of an HDF5 file without content, those behind its userblock; made in memory. */
static void *blank(int userblock, size_t *bytes)
{
    hid_t how = H5Pcreate(H5P_FILE_CREATE), memory = H5Pcreate(H5P_FILE_ACCESS);

    H5Pset_userblock(how, (hsize_t)userblock);
    H5Pset_fapl_core(memory, 1 << 16, 0);
    hid_t id = H5Fcreate("blank", H5F_ACC_TRUNC, how, memory);
    H5Fflush(id, H5F_SCOPE_GLOBAL);
    ssize_t n = H5Fget_file_image(id, NULL, 0);
    if (n <= 0) die("HDF5 makes no empty file in memory");
    void *image = mem_take((int64_t)n, 1);
    H5Fget_file_image(id, image, (size_t)n);
    H5Fclose(id);
    H5Pclose(memory);
    H5Pclose(how);
    *bytes = (size_t)n;
    return image;
}

static int put_blank(const char *path, int userblock, struct err *e)
{
    size_t bytes;
    void *image = blank(userblock, &bytes);
    int fd = open(path, O_WRONLY);

    if (fd < 0 || pwrite(fd, image, bytes, userblock) != (ssize_t)bytes)
        err_set(e, "%s: cannot be written: %s", path, strerror(errno));
    if (fd >= 0) close(fd);
    mem_free(image);
    return err_is(e) ? -1 : 0;
}

/* H5Fcreate would empty the file, and crashes at MPI's end when its few bytes find no room: so the
 * room is taken first, an empty HDF5 file laid into it, and that one opened. */
static int lay_out(struct h5 *f, int userblock, struct err *e)
{
    const struct par *P = f->P;

    if (P->rank == 0) start_file(f->aside, e);
    if (par_agree(P, e) || h5_space_reserve(P, f->aside, &f->used, &f->reserved, userblock, e))
        return -1;
    if (P->rank == 0) put_blank(f->aside, userblock, e);
    if (par_agree(P, e)) return -1;
    hid_t list = access_list(P), id = H5Fopen(f->aside, H5F_ACC_RDWR, list);
    H5Pclose(list);
    if (id < 0) return err_set(e, "%s: HDF5 cannot write it", f->aside);
    f->id = id;
    return 0;
}

int h5_create(struct h5 *f, const struct par *P, const char *path, int userblock, struct err *e)
{
    begin(f, P, path);
    if (par_fault(P, "h5_create", e) == 0 && P->rank == 0 && file_is_folder(path))
        err_set(e, "%s: a folder of this name is in the way", path);
    if (par_agree(P, e) == 0) {
        f->aside = mem_print("%s.tmp", path);
        lay_out(f, userblock, e);
    }
    if (par_agree(P, e) == 0) return 0;
    h5_close(f);
    return -1;
}

/* The data of all ranks are on the disk, and what is there is what HDF5 says. */
static int settle(struct h5 *f, struct err *e)
{
    struct stat s;

    h5_kept_close(f->kept);
    /* The flush is the one call that makes every rank fsync; close may return 0 after a failed
     * write, which the reservation makes impossible and examine() looks at once more. */
    if (H5Fflush((hid_t)f->id, H5F_SCOPE_GLOBAL) < 0)
        err_set(e, "%s: cannot be flushed to the disk", f->aside);
    if (H5Fclose((hid_t)f->id) < 0) err_set(e, "%s: cannot be closed", f->aside);
    f->id = 0;
    if (par_agree(f->P, e)) return -1;
    if (f->P->rank == 0 && examine(f->aside, e) == 0 && stat(f->aside, &s) == 0 &&
        s.st_size > f->reserved)
        err_set(e, "%s: grew to %lld bytes, %lld were reserved", f->aside, (long long)s.st_size,
                (long long)f->reserved);
    return par_agree(f->P, e);
}

int h5_finish(struct h5 *f, struct err *e)
{
    if (f->aside == NULL) die("h5_finish of a file that is not being written");
    if (f->failed) err_set(e, "%s: not written, something failed before", f->path);
    par_fault(f->P, "h5_finish", e);
    if (par_agree(f->P, e) || (f->id > 0 && settle(f, e))) {
        h5_close(f);
        return -1;
    }
    return 0;
}

int h5_commit(struct h5 *f, struct err *e)
{
    if (h5_finish(f, e)) return -1;
    par_fault(f->P, "h5_commit", e);
    if (par_agree(f->P, e) == 0) {
        if (f->P->rank == 0) file_commit(f->aside, f->path, e);
        if (par_agree(f->P, e) == 0) {
            mem_free(f->aside); /* it has its name now */
            f->aside = NULL;
        }
    }
    h5_close(f);
    return err_is(e) ? -1 : 0;
}

void h5_close(struct h5 *f)
{
    if (f->kept != NULL) h5_kept_close(f->kept);
    if (f->id > 0) H5Fclose((hid_t)f->id);
    if (f->aside != NULL) {
        par_barrier(f->P); /* nobody writes to it any more */
        if (f->P->rank == 0) file_remove(f->aside);
        par_barrier(f->P); /* nobody leaves before it is gone */
    }
    mem_free(f->path);
    mem_free(f->aside);
    mem_free(f->kept);
    *f = (struct h5){ 0 };
}

void h5_version(char *text, int n)
{
    unsigned major = 0, minor = 0, release = 0;

    H5get_libversion(&major, &minor, &release);
    snprintf(text, (size_t)n, "HDF5 %u.%u.%u", major, minor, release);
}
