#include "cmd/columns.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static const char list[] = "model.condition", ranges[] = "model.condition_ranges";

/* The declared range of a name. */
static int declared(struct conditions_range *r, const struct conf *c, const char *name,
                    struct err *e)
{
    for (int i = 0; i < conf_count(c, ranges); i++) {
        if (strcmp(conf_item_text(c, ranges, i, "name"), name) != 0) continue;
        r->low = conf_item_real(c, ranges, i, "low");
        r->high = conf_item_real(c, ranges, i, "high");
        r->log = strcmp(conf_item_text(c, ranges, i, "scale"), "log") == 0;
        return conditions_range_is(r, e) ? err_within(e, "%s", ranges) : 0;
    }
    return err_set(e,
                   "%s names %s, which %s does not have: expected {name: %s, low: ..., high: ...}",
                   list, name, ranges, name);
}

static int is_listed(const struct conf *c, const char *name)
{
    for (int i = 1; i < conf_count(c, list); i++)
        if (strcmp(conf_text_at(c, list, i), name) == 0) return 1;
    return 0;
}

int columns_asked(struct conditions_range *r, const struct conf *c, struct err *e)
{
    static const char *const taken[] = { "energy", "showers",  "incident_energies",
                                         "states", "energies", "logits" };
    int n = conf_count(c, list);

    if (n < 1 || strcmp(conf_text_at(c, list, 0), "energy") != 0)
        return err_set(e, "%s: expected energy as its first entry: partition 0 is its code", list);
    if (n - 1 > CONDITIONS_MOST)
        return err_set(e, "%s names %d numbers beside the energy, expected at most %d", list, n - 1,
                       CONDITIONS_MOST);
    for (int i = 1; i < n; i++) {
        const char *name = conf_text_at(c, list, i);
        int used = 0;
        for (int k = 0; k < 6; k++) used |= strcmp(name, taken[k]) == 0;
        for (int k = 1; k < i; k++) used |= strcmp(name, conf_text_at(c, list, k)) == 0;
        if (used || name[0] == '\0' || strlen(name) >= CONDITIONS_NAME || strpbrk(name, "/ ,"))
            return err_set(e,
                           "%s: '%s' is not the name of another dataset, expected one of at most "
                           "%d letters, once",
                           list, name, CONDITIONS_NAME - 1);
        snprintf(r[i - 1].name, sizeof r[i - 1].name, "%s", name);
        if (declared(&r[i - 1], c, name, e)) return -1;
    }
    for (int i = 0; i < conf_count(c, ranges); i++)
        if (!is_listed(c, conf_item_text(c, ranges, i, "name")))
            return err_set(e, "%s has %s, which %s does not name", ranges,
                           conf_item_text(c, ranges, i, "name"), list);
    return n - 1;
}

/* One column of one file, appended to all that is there: *x grows, *have rows so far. */
static int append(const struct par *P, const char *path, const char *name, double **x,
                  int64_t *have, struct err *e)
{
    struct h5_shape s;
    struct h5 f;

    if (h5_open(&f, P, path, e)) return -1;
    int bad = 0;
    if (!h5_has(&f, name))
        bad = err_set(e, "%s: has no dataset '%s' of the model's condition, expected (N, 1)", path,
                      name);
    if (!bad) bad = h5_shape(&f, name, &s, e);
    if (!bad && (s.dims > 2 || (s.dims == 2 && s.n[1] != 1)))
        bad = err_set(e, "%s: dataset '%s' has more than one number a shower, expected (N, 1)",
                      path, name);
    if (!bad) {
        *x = mem_grow(*x, *have + s.n[0], sizeof **x);
        bad = h5_read_all(&f, name, H5_DOUBLE, *x + *have, e);
        *have += s.n[0];
    }
    h5_close(&f);
    return bad ? -1 : 0;
}

/* Column k of the rows wanted. */
static int pick(double *out, const struct conditions_range *r, int n, int k, const double *x,
                int64_t have, const int64_t *number, int64_t rows, struct err *e)
{
    for (int64_t i = 0; i < rows; i++) {
        int64_t at = number != NULL ? number[i] : i;
        if (at >= have)
            return err_set(e, "%s has %lld rows, expected one for each shower", r[k].name,
                           (long long)have);
        if (conditions_within(&r[k], x[at], e)) return err_within(e, "event %lld", (long long)at);
        out[i * n + k] = x[at];
    }
    return 0;
}

double *columns_read(const struct conditions_range *r, int n, const struct par *P,
                     const char *const *paths, int n_paths, const int64_t *number, int64_t rows,
                     struct err *e)
{
    double *out = n > 0 ? mem_take(rows * n, sizeof *out) : NULL;
    int bad = 0;

    for (int k = 0; k < n && !bad; k++) {
        double *x = NULL;
        int64_t have = 0;
        for (int i = 0; i < n_paths && !bad; i++)
            bad = append(P, paths[i], r[k].name, &x, &have, e);
        if (!bad && pick(out, r, n, k, x, have, number, rows, e))
            bad = err_within(e, "%s", paths[0]); /* the same on every rank: all read all of it */
        mem_free(x);
    }
    if (!bad) return out;
    mem_free(out);
    return NULL;
}

int columns_write(struct h5 *f, const struct conditions_range *r, int n, int64_t M,
                  struct block rows, const double *x, struct err *e)
{
    struct h5_shape s = { 2, { M, 1 }, H5_DOUBLE };
    double *one = mem_take(rows.count, sizeof *one);
    int bad = 0;

    for (int k = 0; k < n && !bad; k++) {
        for (int64_t i = 0; i < rows.count; i++) one[i] = x[i * n + k];
        bad = h5_define(f, r[k].name, &s, 0, 0, "1", "a number of the model's condition", e) ||
              h5_write_rows(f, r[k].name, H5_DOUBLE, rows, one, e);
    }
    mem_free(one);
    return bad ? -1 : 0;
}

int columns_save(struct h5 *f, const struct conditions_range *r, int n, struct err *e)
{
    struct h5_shape s = { 2, { n, 3 }, H5_DOUBLE };
    char names[CONDITIONS_MOST * CONDITIONS_NAME] = "";
    double row[3 * CONDITIONS_MOST];

    if (n == 0) return 0;
    for (int k = 0; k < n; k++) {
        size_t at = strlen(names);
        snprintf(names + at, sizeof names - at, "%s%s", k > 0 ? " " : "", r[k].name);
        row[3 * k] = r[k].low;
        row[3 * k + 1] = r[k].high;
        row[3 * k + 2] = r[k].log;
    }
    return h5_write_all(f, "condition/ranges", &s, row, "1", "low, high, 1 where of logarithms",
                        e) ||
                   h5_put_text(f, "condition", "names", names, e)
               ? -1
               : 0;
}

int columns_load(const struct h5 *f, struct conditions_range *r, int *n, struct err *e)
{
    char names[CONDITIONS_MOST * CONDITIONS_NAME] = "";
    double row[3 * CONDITIONS_MOST];
    struct h5_shape s;

    *n = 0;
    if (!h5_has(f, "condition")) return 0;
    if (h5_shape(f, "condition/ranges", &s, e) ||
        h5_get_text(f, "condition", "names", names, (int)sizeof names, e))
        return -1;
    if (s.dims != 2 || s.n[0] < 1 || s.n[0] > CONDITIONS_MOST || s.n[1] != 3)
        return err_set(e, "%s: /condition/ranges has another shape than (numbers, 3)", f->path);
    if (h5_read_all(f, "condition/ranges", H5_DOUBLE, row, e)) return -1;
    const char *at = names;
    for (int k = 0; k < (int)s.n[0]; k++) {
        size_t length = strcspn(at, " ");
        if (length == 0 || length >= CONDITIONS_NAME)
            return err_set(e, "%s: /condition has not %lld names", f->path, (long long)s.n[0]);
        r[k] = (struct conditions_range){ "", row[3 * k], row[3 * k + 1], row[3 * k + 2] > 0.0 };
        memcpy(r[k].name, at, length);
        at += length + (at[length] == ' ');
        if (conditions_range_is(&r[k], e)) return err_within(e, "%s", f->path);
    }
    *n = (int)s.n[0];
    return 0;
}
