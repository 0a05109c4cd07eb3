#include "cmd/evalfiles.h"

#include "base/file.h"
#include "base/mem.h"
#include "io/h5.h"

#include <stdio.h>
#include <string.h>

enum { LINE = 256 };

/* /wasserstein [columns] with the columns' names, a line each. */
static int write_wasserstein(struct h5 *f, const struct judge *j, const double *w, struct err *e)
{
    const struct h5_shape shape = { 1, { j->d }, H5_DOUBLE };
    const int first = j->r->P->rank == 0;
    char *names = mem_text(""), name[64];

    for (int i = 0; i < j->d; i++) {
        features_name(name, sizeof name, &j->geom, j->kind, i);
        char *longer = mem_print("%s%s%s", names, i > 0 ? "\n" : "", name);
        mem_free(names);
        names = longer;
    }
    int bad =
        h5_define(f, "wasserstein", &shape, 0, 0, "standard deviations of the reference",
                  "Wasserstein's distance of each feature's two laws", e) ||
        h5_write_rows(f, "wasserstein", H5_DOUBLE, (struct block){ 0, first ? j->d : 0 }, w, e) ||
        h5_put_text(f, "wasserstein", "columns", names, e);
    mem_free(names);
    return bad ? -1 : 0;
}

/* /paired/incident, reference, generated [n]: MeV, shower by shower. */
static int write_pairs(struct h5 *f, const struct evalfiles_pairs *p, struct err *e)
{
    const char *name[] = { "paired/incident", "paired/reference", "paired/generated" };
    const char *what[] = { "incident energy", "total energy", "total energy of its pair" };
    const double *x[] = { p->incident, p->reference, p->generated };
    const struct h5_shape shape = { 1, { p->n }, H5_DOUBLE };

    for (int i = 0; i < 3 && p->n > 0; i++)
        if (h5_define(f, name[i], &shape, 0, 0, "MeV", what[i], e) ||
            h5_write_rows(f, name[i], H5_DOUBLE, p->mine, x[i], e))
            return -1;
    return 0;
}

static int write_h5(struct run *r, const char *path, const struct judge *j, const struct histos *H,
                    const struct profile *p, const double *wasserstein,
                    const struct evalfiles_pairs *pairs, struct err *e)
{
    struct h5 f = { 0 };
    int bad = run_output(r, path, e) || h5_create(&f, r->P, path, 0, e) || histos_write(&f, H, e) ||
              profile_write(&f, p, e) || write_wasserstein(&f, j, wasserstein, e) ||
              write_pairs(&f, pairs, e) || h5_put_text(&f, "/", "format", "caloq-evaluation", e) ||
              h5_commit(&f, e);

    h5_close(&f);
    return bad ? -1 : 0;
}

/* A line for every histogram, then one for every feature. */
static char *table(const struct judge *j, const struct histos *H, const double *wasserstein)
{
    char *text = mem_take((int64_t)(H->n + j->d + 1) * LINE, 1), *at = text, name[64];
    int freedom;

    at += snprintf(at, LINE,
                   "observable,family,layer,decade,separation,separation_floor,chi2,"
                   "freedom,wasserstein\n");
    for (int i = 0; i < H->n; i++) {
        const struct histo *h = &H->h[i];
        double chi2 = histo_chi2(h, &freedom);
        at += snprintf(at, LINE, "%s,%s,%d,%d,%.9g,%.9g,%.9g,%d,\n", h->name,
                       histo_family_name(h->family), h->layer < 0 ? -1 : j->geom.layer[h->layer].id,
                       h->decade, histo_separation(h), histo_floor(h), chi2, freedom);
    }
    for (int i = 0; i < j->d; i++) {
        features_name(name, sizeof name, &j->geom, j->kind, i);
        at += snprintf(at, LINE, "%s,feature,,,,,,,%.9g\n", name, wasserstein[i]);
    }
    return text;
}

static int write_csv(struct run *r, const char *path, const struct judge *j, const struct histos *H,
                     const double *wasserstein, struct err *e)
{
    if (run_output(r, path, e)) return -1;
    if (r->P->rank == 0) {
        char *text = table(j, H, wasserstein);
        file_replace(path, text, (int64_t)strlen(text), e);
        mem_free(text);
    }
    return par_agree(r->P, e);
}

int evalfiles_write(struct run *r, const struct judge *j, const struct histos *H,
                    const struct profile *p, const double *wasserstein,
                    const struct evalfiles_pairs *pairs, struct err *e)
{
    const char *output = conf_text(r->conf, "evaluate.output");
    char *path = output[0] != '\0' ? mem_text(output) : run_named(r, "h5");
    const size_t n = strlen(path);
    const int known = n > 3 && strcmp(path + n - 3, ".h5") == 0;
    char *csv = mem_print("%.*s.csv", (int)(known ? n - 3 : n), path);
    int bad = write_h5(r, path, j, H, p, wasserstein, pairs, e) ||
              write_csv(r, csv, j, H, wasserstein, e);

    if (!bad) {
        json_put_text(r->result, "path", path);
        json_put_text(r->result, "csv", csv);
    }
    mem_free(csv);
    mem_free(path);
    return bad ? -1 : 0;
}
