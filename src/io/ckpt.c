#include "io/ckpt.h"

#include "base/file.h"
#include "base/mem.h"
#include "io/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char format[] = "caloq-checkpoint";

/* What the userblock says. A newline at its end, so that `head -3` reads well. */
static void head(char text[CKPT_USERBLOCK], int64_t bytes, uint64_t sum)
{
    memset(text, 0, CKPT_USERBLOCK);
    snprintf(text, CKPT_USERBLOCK, "caloq-checkpoint 1\nbytes %lld\nchecksum %016llx\n",
             (long long)bytes, (unsigned long long)sum);
}

char *ckpt_name(const char *folder, int64_t epoch)
{
    char name[64];

    snprintf(name, sizeof name, "checkpoint-%lld.h5", (long long)epoch);
    return file_join(folder, name);
}

int64_t ckpt_epoch(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    static const char front[] = "checkpoint-";

    if (strncmp(name, front, sizeof front - 1) != 0) return -1;
    name += sizeof front - 1;
    size_t digits = strspn(name, "0123456789");
    if (digits < 1 || digits > 18 || strcmp(name + digits, ".h5") != 0) return -1;
    return strtoll(name, NULL, 10);
}

int ckpt_create(struct h5 *f, const struct par *P, const char *path, struct err *e)
{
    if (h5_create(f, P, path, CKPT_USERBLOCK, e)) return -1;
    if (h5_put_text(f, "/", "format", format, e) || h5_put_int(f, "/", "version", 1, e)) {
        h5_close(f);
        return -1;
    }
    return 0;
}

/* The userblock, last; file_commit makes it durable. */
static int sign(const char *path, int64_t bytes, uint64_t sum, struct err *e)
{
    char text[CKPT_USERBLOCK];
    int fd = open(path, O_WRONLY);

    head(text, bytes, sum);
    if (fd < 0 || pwrite(fd, text, sizeof text, 0) != (ssize_t)sizeof text)
        err_set(e, "'%s' cannot be signed: %s", path, strerror(errno));
    if (fd >= 0 && close(fd) != 0) err_set(e, "'%s' cannot be signed: %s", path, strerror(errno));
    return err_is(e) ? -1 : 0;
}

int ckpt_commit(struct h5 *f, struct err *e)
{
    uint64_t sum;
    int64_t bytes;

    if (h5_finish(f, e)) return -1;
    if (digest_file(f->P, f->aside, CKPT_USERBLOCK, &sum, &bytes, e) == 0) {
        if (f->P->rank == 0) sign(f->aside, bytes, sum, e);
        if (par_agree(f->P, e) == 0) return h5_commit(f, e);
    }
    h5_close(f);
    return -1;
}

/* The userblock as it should be against the one that is there: every bit of it. */
static int compare(const char *path, int64_t bytes, uint64_t sum, struct err *e)
{
    char want[CKPT_USERBLOCK], is[CKPT_USERBLOCK] = { 0 };
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : pread(fd, is, sizeof is, 0);

    if (fd >= 0) close(fd);
    head(want, bytes, sum);
    if (n != (ssize_t)sizeof is) return err_set(e, "'%s' cannot be read", path);
    if (memcmp(is, want, sizeof is) == 0) return 0;
    if (strncmp(is, want, strcspn(want, "\n")) != 0)
        return err_set(e, "'%s' is not a checkpoint of caloq (its first line should be '%.*s')",
                       path, (int)strcspn(want, "\n"), want);
    return err_set(e,
                   "'%s' is damaged: its %lld bytes do not have the checksum and the length in "
                   "its first lines",
                   path, (long long)bytes);
}

int ckpt_verify(const struct par *P, const char *path, struct err *e)
{
    uint64_t sum;
    int64_t bytes;

    par_fault(P, "ckpt_verify", e);
    if (par_agree(P, e) || digest_file(P, path, CKPT_USERBLOCK, &sum, &bytes, e)) return -1;
    if (P->rank == 0) compare(path, bytes, sum, e);
    return par_agree(P, e);
}

int ckpt_open(struct h5 *f, const struct par *P, const char *path, struct err *e)
{
    *f = (struct h5){ 0 };
    if (ckpt_verify(P, path, e)) return -1;
    return h5_open(f, P, path, e);
}

/* Does the file begin as a checkpoint? The same answer on every rank. */
static int begins(const struct par *P, const char *path)
{
    char first[sizeof format] = "";
    int fd = P->rank == 0 ? open(path, O_RDONLY) : -1, yes = 0;

    if (fd >= 0) {
        yes = read(fd, first, sizeof first - 1) > 0 && strcmp(first, format) == 0;
        close(fd);
    }
    par_bcast(P, &yes, sizeof yes, 0);
    return yes;
}

int ckpt_open_any(struct h5 *f, const struct par *P, const char *path, struct err *e)
{
    char name[64];
    struct err none = { "" };

    *f = (struct h5){ 0 };
    if (begins(P, path)) return ckpt_open(f, P, path, e);
    if (h5_open(f, P, path, e)) return -1;
    if (h5_get_text(f, "/", "format", name, (int)sizeof name, &none) || strcmp(name, format) != 0)
        return 0;
    if (ckpt_verify(P, path, e) == 0) return 0;
    h5_close(f);
    return -1;
}

static int newest_first(const void *a, const void *b)
{
    const int64_t *p = a, *q = b;

    return (*p < *q) - (*p > *q);
}

/* The epochs of a folder's checkpoints, the newest first; the same on every rank. The caller frees.
 */
static int64_t *epochs_in(const struct par *P, const char *folder, int64_t *n)
{
    char **name = NULL;
    int64_t *epoch = NULL;

    *n = 0;
    if (P->rank == 0) {
        int names = file_list(folder, "checkpoint-", ".h5", &name);
        epoch = mem_take(names, sizeof *epoch);
        for (int i = 0; i < names; i++) {
            int64_t number = ckpt_epoch(name[i]);
            char *ours = ckpt_name("", number);
            if (number >= 0 && strcmp(ours, name[i]) == 0) epoch[(*n)++] = number;
            mem_free(ours);
            mem_free(name[i]);
        }
        mem_free(name);
        if (*n > 1) qsort(epoch, (size_t)*n, sizeof *epoch, newest_first);
    }
    par_bcast(P, n, sizeof *n, 0);
    if (P->rank != 0) epoch = mem_take(*n, sizeof *epoch);
    par_bcast(P, epoch, *n * (int64_t)sizeof *epoch, 0);
    return epoch;
}

int ckpt_open_newest(struct h5 *f, const struct par *P, const char *folder, int64_t *epoch,
                     struct log *l, struct err *e)
{
    int64_t n, *all = epochs_in(P, folder, &n);
    struct err first = { "" };
    int found = 0;

    *f = (struct h5){ 0 };
    for (int64_t i = 0; i < n && !found; i++) {
        struct err why = { "" };
        char *path = ckpt_name(folder, all[i]);
        found = ckpt_open(f, P, path, &why) == 0;
        if (found) *epoch = all[i];
        if (!found && i == 0) first = why;
        if (!found && i + 1 < n && l != NULL)
            log_warn(l, "%s; going back to the checkpoint before it", why.text);
        mem_free(path);
    }
    mem_free(all);
    if (found) return 0;
    if (n == 0) return 1;
    return err_set(e, "no checkpoint in '%s' can be used: %.800s", folder, first.text);
}

/* On rank 0: without a trace. */
static void take_away(char *path, struct err *e)
{
    file_remove(path);
    if (file_exists(path)) err_set(e, "'%s' cannot be removed", path);
    mem_free(path);
}

/* A second name for a file, or a copy of it. */
static int twin(const char *from, const char *to, struct err *e)
{
    int64_t bytes;

    file_remove(to);
    if (link(from, to) == 0) return 0;
    char *all = file_slurp(from, INT64_MAX / 2, &bytes, e);
    if (all == NULL) return -1;
    int failed = file_replace(to, all, bytes, e);
    mem_free(all);
    return failed;
}

int ckpt_best(const struct par *P, const char *folder, int64_t epoch, struct err *e)
{
    if (P->rank == 0) {
        char *from = ckpt_name(folder, epoch), *to = file_join(folder, "best.h5");
        char *aside = file_join(folder, "best.h5.tmp");
        if (twin(from, aside, e) == 0) file_commit(aside, to, e);
        file_remove(aside); /* rename leaves both names when they are one file already */
        mem_free(from);
        mem_free(to);
        mem_free(aside);
    }
    return par_agree(P, e);
}

int ckpt_prune(const struct par *P, const char *folder, int keep, struct err *e)
{
    int64_t n, *all = epochs_in(P, folder, &n);

    if (keep < 1) die("ckpt_prune is asked to keep %d checkpoints", keep);
    for (int64_t i = keep; i < n && P->rank == 0; i++) take_away(ckpt_name(folder, all[i]), e);
    mem_free(all);
    if (P->rank == 0) {
        char **name;
        int names = file_list(folder, "checkpoint-", ".h5.tmp", &name);
        for (int i = 0; i < names; i++) {
            char *path = file_join(folder, name[i]);
            file_remove(path);
            mem_free(path);
            mem_free(name[i]);
        }
        mem_free(name);
    }
    return par_agree(P, e);
}

int ckpt_forget(const struct par *P, const char *folder, struct err *e)
{
    int64_t n, *all = epochs_in(P, folder, &n);

    for (int64_t i = 0; i < n && P->rank == 0; i++) take_away(ckpt_name(folder, all[i]), e);
    if (P->rank == 0) take_away(file_join(folder, "best.h5"), e);
    mem_free(all);
    return par_agree(P, e);
}
