#include "cmd/statefile.h"

#include "base/mem.h"
#include "cmd/stateprior.h"

#include <stdio.h>
#include <string.h>

static const char *name_of(const struct tensor *t)
{
    return t->published[0] != '\0' ? t->published : t->name;
}

/* Kernels [A, z, phi, r, B] are [A, B, z, phi, r] there. */
static struct h5_shape shape_of(const struct tensor *t)
{
    struct h5_shape s = { .dims = t->dims, .type = H5_FLOAT };

    for (int d = 0; d < t->dims; d++) s.n[d] = t->n[d];
    if (t->dims != 5) return s;
    s.n[1] = t->n[4];
    for (int d = 1; d < 4; d++) s.n[d + 1] = t->n[d];
    return s;
}

/* Ours into theirs, or back. */
static void turn(const struct tensor *t, float *ours, float *theirs, int back)
{
    int kernel = t->dims == 5;
    int64_t A = kernel ? t->n[0] : 1, B = kernel ? t->n[4] : 1, places = t->count / A / B;

    for (int64_t a = 0; a < A; a++)
        for (int64_t p = 0; p < places; p++)
            for (int64_t b = 0; b < B; b++) {
                float *x = ours + (a * places + p) * B + b, *y = theirs + (a * B + b) * places + p;
                if (back)
                    *x = *y;
                else
                    *y = *x;
            }
}

static int ends(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n >= m && strcmp(name + n - m, end) == 0;
}

/* The counter of a batch norm stands beside its running variance. */
static int write_counter(struct h5 *f, const char *variance, struct err *e)
{
    static const char part[] = "running_var";
    struct h5_shape one = { 1, { 1 }, H5_INT64 };
    int64_t zero = 0;

    if (!ends(variance, part)) return 0;
    char *name =
        mem_print("/%.*snum_batches_tracked", (int)(strlen(variance) - strlen(part)), variance);
    int bad = h5_write_all(f, name, &one, &zero, "1", "batches seen; not counted", e);
    mem_free(name);
    return bad;
}

static int write_networks(struct h5 *f, const struct vae *v, struct err *e)
{
    int bad = 0;

    for (int i = 0; i < v->T.n && !bad; i++) {
        const struct tensor *t = &v->T.t[i];
        struct h5_shape s = shape_of(t);
        char *path = mem_print("/%s", name_of(t));
        float *x = mem_take(t->count, sizeof *x);
        turn(t, v->params + t->first, x, 0);
        bad = h5_write_all(f, path, &s, x, "1", t->fixed ? "no parameter" : "parameters", e) ||
              write_counter(f, t->published, e);
        mem_free(x);
        mem_free(path);
    }
    return bad;
}

int statefile_write(struct h5 *f, const struct model *m, struct err *e)
{
    if (h5_put_text(f, "/", "format", "caloq-state", e) || h5_put_int(f, "/", "version", 1, e) ||
        (m->networks && write_networks(f, &m->vae, e)) || stateprior_write(f, &m->rbm, e))
        return -1;
    return 0;
}

static int same_shape(const struct h5 *f, const char *path, const struct h5_shape *want,
                      struct err *e)
{
    struct h5_shape got;
    char text[2][96] = { "", "" };

    if (h5_shape(f, path, &got, e)) return -1;
    int same = got.dims == want->dims;
    for (int d = 0; d < want->dims && same; d++) same = got.n[d] == want->n[d];
    if (same) return 0;
    for (int k = 0; k < 2; k++) {
        const struct h5_shape *s = k == 0 ? &got : want;
        size_t at = 0;
        for (int d = 0; d < s->dims; d++)
            at += (size_t)snprintf(text[k] + at, sizeof text[k] - at, "%s%lld", d > 0 ? ", " : "",
                                   (long long)s->n[d]);
    }
    return err_set(e, "%s: %s has shape (%s), the architecture says (%s)", f->path, path, text[0],
                   text[1]);
}

static int read_tensor(const struct h5 *f, struct vae *v, const struct tensor *t, struct err *e)
{
    struct h5_shape s = shape_of(t);
    char *path = mem_print("/%s", name_of(t));
    float *x = mem_take(t->count, sizeof *x);
    int bad = !h5_has(f, path)
                  ? err_set(e, "%s: has no %s, which the architecture asks for", f->path, path)
                  : same_shape(f, path, &s, e) || h5_read_all(f, path, H5_FLOAT, x, e);

    if (!bad) turn(t, v->params + t->first, x, 1);
    mem_free(x);
    mem_free(path);
    return bad;
}

/* What a group holds beside the architecture's tensors is of another network. */
static int nothing_else(const struct h5 *f, const struct vae *v, const char *group, struct err *e)
{
    char **name;
    int n, bad = 0;

    if (!h5_has(f, group)) return 0;
    if (h5_members(f, group, &name, &n, e)) return -1;
    for (int i = 0; i < n; i++) {
        char *full = mem_print("%s/%s", group, name[i]);
        size_t length = strlen(full);
        int known = ends(full, "num_batches_tracked");
        for (int k = 0; k < v->T.n && !known; k++) {
            const char *t = name_of(&v->T.t[k]);
            known = strncmp(t, full, length) == 0 && (t[length] == '\0' || t[length] == '/');
        }
        if (!known && !bad)
            bad = err_set(e, "%s: /%s is no tensor of this architecture", f->path, full);
        mem_free(full);
        mem_free(name[i]);
    }
    mem_free(name);
    return bad;
}

int statefile_networks(const struct h5 *f, struct vae *v, struct err *e)
{
    for (int i = 0; i < v->T.n; i++)
        if (read_tensor(f, v, &v->T.t[i], e)) return -1;
    if (nothing_else(f, v, "encoder", e) || nothing_else(f, v, "decoder", e)) return -1;
    for (int64_t i = 0; i < v->T.total; i++)
        if (!(v->params[i] - v->params[i] == 0.0f))
            return err_set(e, "%s: holds a parameter that is not finite", f->path);
    return 0;
}
