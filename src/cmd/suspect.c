#include "cmd/suspect.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

static const double GEV_MOST = 5e3; /* no public set ends below: data set 1 goes on to 4 TeV */

/* FNV-1a over the bytes of a feature vector. */
static uint64_t hash(const double *x, int d)
{
    const unsigned char *bytes = (const unsigned char *)x;
    uint64_t h = 14695981039346656037u;

    for (size_t i = 0; i < (size_t)d * sizeof *x; i++) h = (h ^ bytes[i]) * 1099511628211u;
    return h;
}

static int rising(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Showers whose features another one before them has too: 8 bytes a shower on every rank. Features
 * begin with the incident energy, so two showers of one law do not agree by chance. */
static int64_t copies(const struct par *P, const struct features_of_sample *f, int d)
{
    uint64_t *mine = mem_take(f->s.mine.count, sizeof *mine), *all = mem_take(f->s.n, sizeof *all);
    int64_t n = 0;

    for (int64_t i = 0; i < f->s.mine.count; i++) mine[i] = hash(f->x + i * d, d);
    par_allgather(P, mine, f->s.mine.count * (int64_t)sizeof *mine, all);
    qsort(all, (size_t)f->s.n, sizeof *all, rising);
    for (int64_t i = 1; i < f->s.n; i++) n += all[i] == all[i - 1];
    mem_free(mine);
    mem_free(all);
    return n;
}

static void put(struct run *r, const char *what, const char *sample, int64_t n)
{
    char *key = mem_print("%s.%s", what, sample);

    json_put_int(r->result, key, n);
    mem_free(key);
}

void suspect_energies(struct log *log, const char *what, const double *energy, int64_t n)
{
    double least = INFINITY, most = 0.0;

    for (int64_t i = 0; i < n; i++) {
        least = fmin(least, energy[i]);
        most = fmax(most, energy[i]);
    }
    if (n > 0 && most < GEV_MOST)
        log_warn(log,
                 "%s: incident energies lie between %.4g and %.4g; if these are GeV, multiply them "
                 "by 1000, MeV are expected",
                 what, least, most);
}

void suspect_faults(struct log *log, const char *what, const struct dataset *d)
{
    for (int i = TRANSFORM_FINE + 1; i < TRANSFORM_FAULTS; i++)
        if (d->fault[i] > 0)
            log_warn(log,
                     "%s: %lld of %lld showers cannot be transformed and are dropped (%s), the "
                     "first is number %lld",
                     what, (long long)d->fault[i], (long long)d->read,
                     transform_reason((enum transform_fault)i), (long long)d->first[i]);
    if (d->clipped > 0)
        log_warn(log,
                 "%s: %lld of %lld showers had voxels above the incident energy, now equal to it",
                 what, (long long)d->clipped, (long long)d->read);
}

/* Incident energies and responses as files in other units would have them. */
static void units(struct run *r, const char *path, const struct source *s, double response)
{
    suspect_energies(&r->log, path, s->energy, s->events);
    if (response > 0.0 && (response < 0.02 || response > 20.0))
        log_warn(&r->log,
                 "%s: showers hold %.3g of their incident energy in the mean; are voxels and "
                 "incident energies both in MeV?",
                 path, response);
}

void suspect(struct run *r, const struct judge *j, const char *sample, const struct source *s,
             const struct features_of_sample *f)
{
    const char *path = s->file[0].path;
    double sum[2] = { 0 };

    for (int64_t i = 0; i < f->s.mine.count; i++) {
        sum[0] += f->total[i] / s->energy[f->s.mine.first + i];
        sum[1] += f->total[i] == 0.0;
    }
    par_sum(r->P, sum, 2);
    units(r, path, s, sum[0] / (double)f->s.n);
    int64_t same = copies(r->P, f, j->d), empty = (int64_t)sum[1];
    if (same > 0)
        log_warn(&r->log, "%s: %lld of %lld showers equal another one in every feature", path,
                 (long long)same, (long long)f->s.n);
    if (empty > 0)
        log_warn(&r->log, "%s: %lld of %lld showers hold no energy above the threshold", path,
                 (long long)empty, (long long)f->s.n);
    put(r, "duplicates", sample, same);
    put(r, "empty", sample, empty);
}
