#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/graphs.h"
#include "cmd/rbmfile.h"
#include "cmd/rbmsfile.h"
#include "io/ckpt.h"

#include <stdio.h>
#include <string.h>

static const char *const type_name[] = {
    "float32", "float64", "int32", "int64", "uint8", "uint64"
};

/* "float32 [2000, 6480]" */
static void shape_text(const struct h5_shape *s, char *text, size_t n)
{
    int used = snprintf(text, n, "%s [", type_name[s->type]);

    for (int d = 0; d < s->dims && used > 0 && (size_t)used < n; d++)
        used +=
            snprintf(text + used, n - (size_t)used, d > 0 ? ", %lld" : "%lld", (long long)s->n[d]);
    if (used > 0 && (size_t)used < n) snprintf(text + used, n - (size_t)used, "]");
}

/* A line for a dataset, and its shape into `sizes`. */
static void say_dataset(struct run *r, const struct h5 *f, const char *name, struct json *sizes)
{
    struct err ignored = { "" };
    char shape[160], units[64] = "";
    struct h5_shape s;

    if (h5_shape(f, name, &s, &ignored)) return;
    shape_text(&s, shape, sizeof shape);
    if (h5_get_text(f, name, "units", units, (int)sizeof units, &ignored)) units[0] = '\0';
    log_say(&r->log, "  %-40s %-28s %s", name, shape, units);
    struct json *n = json_list();
    for (int d = 0; d < s.dims; d++) json_add_real(n, (double)s.n[d]);
    json_put(sizes, name, n);
}

/* All datasets below a group. A member is a group when it has no shape. */
static int walk(struct run *r, const struct h5 *f, const char *group, struct json *sizes, int depth,
                struct err *e)
{
    char **name;
    int n, bad = 0;

    if (depth > 16) return err_set(e, "%s: groups are nested deeper than 16", f->path);
    if (h5_members(f, group, &name, &n, e)) return -1;
    for (int i = 0; i < n; i++) {
        struct err no_shape = { "" };
        struct h5_shape s;
        char *path = mem_print("%s%s%s", group, strcmp(group, "/") == 0 ? "" : "/", name[i]);
        if (h5_shape(f, path, &s, &no_shape) == 0)
            say_dataset(r, f, path, sizes);
        else if (!bad)
            bad = walk(r, f, path, sizes, depth + 1, e);
        mem_free(path);
    }
    for (int i = 0; i < n; i++) mem_free(name[i]);
    mem_free(name);
    return bad;
}

/* What kind of file it is, from what it holds. */
static void judge(const struct h5 *f, char *format, int n)
{
    struct err none = { "" };

    if (h5_get_text(f, "/", "format", format, n, &none) == 0) return;
    if (h5_has(f, "showers"))
        snprintf(format, (size_t)n, "showers");
    else if (h5_has(f, "states"))
        snprintf(format, (size_t)n, "caloq-bits");
    else
        snprintf(format, (size_t)n, "hdf5");
}

/* The machine in a file of ours or of rbms. */
static int say_machine(struct run *r, const struct h5 *f, struct err *e)
{
    struct rbm m;
    int theirs = rbmsfile_is(f), inside = h5_has(f, "rbm/partition_sizes");

    if (!theirs && !inside && !h5_has(f, "partition_sizes")) return 0;
    if (theirs ? rbmsfile_read(f, &m, e) : rbmfile_read(f, inside ? "/rbm" : "/", &m, e)) return -1;
    graphs_machine(r, &m.T);
    json_put_int(r->result, "clamped_units", m.held);
    rbm_free(&m);
    return 0;
}

/* Does the config ask for a topology? */
static int asks(const struct conf *c)
{
    return conf_given(c, "rbm.topology") || conf_given(c, "rbm.chip") ||
           conf_given(c, "rbm.partitions") || conf_given(c, "rbm.nodes");
}

int cmd_info(struct run *r, struct err *e)
{
    const char *path = conf_text(r->conf, "info.file");
    char format[64];
    struct h5 f;

    if (path[0] == '\0' && asks(r->conf)) return graphs_asked(r, e);
    if (path[0] == '\0')
        return err_set(e, "info.file is empty, expected the HDF5 file to look at, or rbm.topology");
    if (ckpt_open_any(&f, r->P, path, e)) return -1;
    judge(&f, format, (int)sizeof format);
    log_say(&r->log, "%s: %s", path, format);
    struct json *sizes = json_new();
    int bad = walk(r, &f, "/", sizes, 0, e);
    if (!bad) bad = say_machine(r, &f, e);
    json_put_text(r->result, "command", "info");
    json_put_text(r->result, "format", format);
    json_put_text(r->result, "path", path);
    json_put(r->result, "sizes", sizes);
    h5_close(&f);
    return bad ? -1 : RUN_DONE;
}
