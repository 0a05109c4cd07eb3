#include "shower/source.h"

#include "base/mem.h"
#include "num/vec.h"

#include <math.h>
#include <string.h>

static const char *const showers = "showers";

/* The spelling of the incident energies in this file, or NULL. */
static const char *energy_name(const struct h5 *f)
{
    static const char *const names[] = { "incident_energies", "incidence energy",
                                         "incidence_energy" };

    for (int i = 0; i < 3; i++)
        if (h5_has(f, names[i])) return names[i];
    return NULL;
}

/* The public geometry that has so many voxels, for sentences. */
static const char *looks_like(int64_t voxels)
{
    switch (voxels) {
    case 368:
        return "; it looks like calochallenge1_photons";
    case 533:
        return "; it looks like calochallenge1_pions";
    case 2352:
        return "; it looks like atlas_regular";
    case 6480:
        return "; it looks like calochallenge2";
    case 40500:
        return "; it looks like calochallenge3";
    default:
        return "";
    }
}

/* Are the two datasets there and of one length? Same verdict on every rank. */
static int check_shapes(const struct h5 *f, const char *path, const char *energies, int V,
                        int64_t *rows, struct err *e)
{
    struct h5_shape a, b;

    if (!h5_has(f, showers))
        return err_set(e, "'%s' has no dataset 'showers', expected (N, %d) in MeV", path, V);
    if (energies == NULL)
        return err_set(e, "'%s' has no dataset 'incident_energies', expected (N, 1) in MeV", path);
    if (h5_shape(f, showers, &a, e) != 0 || h5_shape(f, energies, &b, e) != 0) return -1;
    if (a.dims != 2)
        return err_set(e, "'%s': dataset 'showers' has %d dimensions, expected 2: (N, %d)", path,
                       a.dims, V);
    if (a.n[1] != V)
        return err_set(e, "'%s': dataset 'showers' has %lld voxels a row, expected %d%s", path,
                       (long long)a.n[1], V, looks_like(a.n[1]));
    if (b.dims != 1 && !(b.dims == 2 && b.n[1] == 1))
        return err_set(e, "'%s': dataset '%s' has %d dimensions, expected (N, 1)", path, energies,
                       b.dims);
    if (a.n[0] != b.n[0])
        return err_set(e, "'%s': %lld rows in 'showers' but %lld in '%s', expected as many", path,
                       (long long)a.n[0], (long long)b.n[0], energies);
    *rows = a.n[0];
    return 0;
}

static int open_file(struct source *s, int f, const char *path, struct err *e)
{
    int64_t rows = 0, first = s->first[f];

    if (h5_open(&s->file[f], s->P, path, e) != 0) return -1;
    s->n_files = f + 1;
    const char *name = energy_name(&s->file[f]);
    if (check_shapes(&s->file[f], path, name, s->V, &rows, e) != 0) return -1;
    s->first[f + 1] = s->events = first + rows;
    s->energy = mem_grow(s->energy, s->events, sizeof *s->energy);
    if (h5_read_all(&s->file[f], name, H5_DOUBLE, s->energy + first, e) != 0) return -1;
    for (int64_t i = 0; i < rows; i++) {
        double E = s->energy[first + i];
        if (!(E > 0.0) || isinf(E))
            return err_set(e, "'%s': dataset '%s', row %lld is %g, expected an energy above 0 MeV",
                           path, name, (long long)i, E);
    }
    return 0;
}

int source_open(struct source *s, const struct par *P, const char *const *paths, int n_paths, int V,
                struct err *e)
{
    *s = (struct source){ .P = P, .V = V };
    if (n_paths < 1) return err_set(e, "no shower file is given, expected at least one");
    s->file = mem_take(n_paths, sizeof *s->file);
    s->first = mem_take(n_paths + 1, sizeof *s->first);
    for (int f = 0; f < n_paths; f++) {
        if (open_file(s, f, paths[f], e) == 0) continue;
        source_close(s);
        return -1;
    }
    return 0;
}

void source_close(struct source *s)
{
    for (int f = 0; f < s->n_files; f++) h5_close(&s->file[f]);
    mem_free(s->file);
    mem_free(s->first);
    mem_free(s->energy);
    *s = (struct source){ 0 };
}

/* Every voxel finite and not negative? The first that is not, in a sentence. */
static int check_rows(const struct source *s, int f, int64_t row, int64_t rows, const float *x,
                      struct err *e)
{
    for (int64_t i = 0; i < rows; i++) {
        const float *v = x + i * s->V;
        uint32_t odd = 0; /* its sign: that of a number, or of the exponent of what is none, + 1 */
        for (int k = 0; k < s->V; k++) {
            uint32_t w = (uint32_t)vec_word(v[k]);
            odd |= w | (w + 0x00800000u);
        }
        for (int k = 0; (odd & 0x80000000u) && k < s->V; k++)
            if (!(v[k] >= 0.0f && v[k] < INFINITY))
                return err_set(e,
                               "'%s': dataset 'showers', row %lld, voxel %d is %g, expected a "
                               "finite energy of at least 0 MeV",
                               s->file[f].path, (long long)(row + i), k, (double)v[k]);
    }
    return 0;
}

void source_range(const struct source *s, double *least, double *most)
{
    *least = INFINITY;
    *most = 0.0;
    for (int64_t i = 0; i < s->events; i++) {
        *least = fmin(*least, s->energy[i]);
        *most = fmax(*most, s->energy[i]);
    }
}

static int read_rows(const struct source *s, struct block rows, int check, float *x, struct err *e)
{
    for (int f = 0; f < s->n_files; f++) {
        int64_t from = rows.first > s->first[f] ? rows.first : s->first[f];
        int64_t to = block_end(rows) < s->first[f + 1] ? block_end(rows) : s->first[f + 1];
        struct block part = { .first = from - s->first[f], .count = to - from };
        if (to <= from) part = (struct block){ 0 };
        float *at = x == NULL || part.count == 0 ? x : x + (from - rows.first) * s->V;
        if (h5_read_rows(&s->file[f], showers, H5_FLOAT, part, at, e) != 0) return -1;
        if (check) check_rows(s, f, part.first, part.count, at, e);
    }
    return par_agree(s->P, e);
}

int source_rows(const struct source *s, struct block rows, float *x, struct err *e)
{
    return read_rows(s, rows, 1, x, e);
}

int source_unchecked(const struct source *s, struct block rows, float *x, struct err *e)
{
    return read_rows(s, rows, 0, x, e);
}

int source_picked(const struct source *s, const int64_t *event, int64_t n, float *x, struct err *e)
{
    int64_t *row = mem_take(n, sizeof *row), *place = mem_take(n, sizeof *place);
    float *read = mem_take(n * s->V, sizeof *read);
    int bad = 0;

    for (int f = 0; f < s->n_files && !bad; f++) {
        int64_t m = 0;
        for (int64_t i = 0; i < n; i++) {
            if (event[i] < s->first[f] || event[i] >= s->first[f + 1]) continue;
            row[m] = event[i] - s->first[f];
            place[m++] = i;
        }
        bad = h5_read_picked(&s->file[f], showers, H5_FLOAT, row, m, read, e);
        for (int64_t k = 0; k < m && !bad; k++)
            memcpy(x + place[k] * s->V, read + k * s->V, (size_t)s->V * sizeof *x);
    }
    mem_free(read);
    mem_free(place);
    mem_free(row);
    return bad ? -1 : 0;
}
