#include "cmd/iobench.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/benchline.h"
#include "cmd/judge.h"
#include "cmd/showers.h"
#include "io/inflate.h"
#include "shower/synth.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

enum { PLAIN = 8192, PACKED = 1024, SHOWERS = 128, CHUNK = 64, LEVEL = 4 };

/* A file of showers, read back as the program reads it and as nobody can read it faster. */
struct reader {
    struct run *r;
    const char *path;
    int V, failed;
    int64_t rows; /* of the file at hand */
    float *x;     /* [JUDGE_PIECE, V] */
    void *packed;
    int64_t packed_bytes, block; /* bytes of a packed and of an unpacked chunk */
};

static void load(void *ctx)
{
    struct reader *d = ctx;
    const struct par *P = d->r->P;
    struct err e = { "" };
    struct source s = { 0 };
    struct block mine = block_of(d->rows, P->rank, P->size);
    int bad = source_open(&s, P, &d->path, 1, d->V, &e);

    for (int64_t i = 0; i < showers_pieces(P, d->rows, JUDGE_PIECE) && !bad; i++)
        bad = source_rows(&s, showers_piece(mine, i, JUDGE_PIECE), d->x, &e);
    source_close(&s);
    d->failed |= bad;
}

static void read_bytes(void *ctx)
{
    struct reader *d = ctx;
    const struct par *P = d->r->P;
    FILE *f = fopen(d->path, "rb");
    int64_t row = d->V * (int64_t)sizeof *d->x, left = block_of(d->rows, P->rank, P->size).count;

    if (f != NULL) setvbuf(f, NULL, _IONBF, 0); /* as dd: straight into our memory */
    for (int64_t n; left > 0 && !d->failed; left -= n) {
        n = left < JUDGE_PIECE ? left : JUDGE_PIECE;
        d->failed |= f == NULL || fread(d->x, (size_t)row, (size_t)n, f) != (size_t)n;
    }
    if (f != NULL) fclose(f);
}

/* Let the file's pages go, so that the next reader waits for the disk. */
static void forget(const struct reader *d)
{
    int fd = d->r->P->rank == 0 ? open(d->path, O_RDONLY) : -1;

    if (fd >= 0) {
        fdatasync(fd);
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        close(fd);
    }
    par_barrier(d->r->P);
}

/* Seconds on the clock from the disk: the best of three. */
static double from_disk(struct reader *d, void (*work)(void *))
{
    double best = INFINITY;

    for (int i = 0; i < 3; i++) {
        forget(d);
        double start = clock_now();
        work(d);
        par_barrier(d->r->P);
        best = fmin(best, clock_now() - start);
    }
    return best;
}

static void unpack(void *ctx)
{
    struct reader *d = ctx;
    int64_t left = block_of(d->rows, d->r->P->rank, d->r->P->size).count;

    for (; left > 0; left -= CHUNK) inflate_unpack(d->x, d->block, d->packed, d->packed_bytes);
}

/* The same SHOWERS synthetic showers again and again; double precision, as the challenge's files
 * have it, when it is packed. */
static int write_file(struct reader *d, const float *shower, const double *energy, int gzip,
                      struct err *e)
{
    const struct par *P = d->r->P;
    const enum h5_type type = gzip > 0 ? H5_DOUBLE : H5_FLOAT;
    struct h5_shape rows = { 2, { d->rows, d->V }, type }, one = { 2, { d->rows, 1 }, H5_DOUBLE };
    struct block mine = block_of(d->rows, P->rank, P->size);
    float *x = mem_take(mine.count * d->V, sizeof *x);
    double *E = mem_take(mine.count, sizeof *E);
    struct h5 f = { 0 };

    for (int64_t i = 0; i < mine.count; i++) {
        int64_t k = (mine.first + i) % SHOWERS;
        E[i] = energy[k];
        for (int v = 0; v < d->V; v++) x[i * d->V + v] = shower[k * d->V + v];
    }
    int bad = h5_create(&f, P, d->path, 0, e) ||
              h5_define(&f, "incident_energies", &one, 0, 0, "MeV", "energies", e) ||
              h5_define(&f, "showers", &rows, CHUNK, gzip, "MeV", "voxels", e) ||
              h5_write_rows(&f, "incident_energies", H5_DOUBLE, mine, E, e) ||
              h5_write_rows(&f, "showers", H5_FLOAT, mine, x, e) || h5_commit(&f, e);
    h5_close(&f);
    mem_free(x);
    mem_free(E);
    return bad ? -1 : 0;
}

/* Both speeds, in the bytes that the file holds for its rows, unpacked. */
static void say(struct reader *d, struct json *list, double seconds, const char *what,
                void (*reference)(void *), const char *against, double size)
{
    const struct run *r = d->r;
    const double mb = 1e-6 * size * (double)(d->rows * d->V) / r->P->size;
    struct benchline_timing ours = benchline_measure(r, load, d, r->P->size > 1 ? 0.0 : seconds);
    struct benchline_timing best =
        benchline_measure(r, reference, d, r->P->size > 1 ? 0.0 : seconds);
    struct benchline limit = { against,    "-",  "data set 2",      "-",
                               "mb_per_s", NULL, mb / best.seconds, NAN };
    struct benchline l = { what,       "-",  "data set 2",      "-",
                           "mb_per_s", NULL, mb / ours.seconds, best.seconds / ours.seconds };

    benchline_say(r, list, &limit, best.disturbed);
    benchline_say(r, list, &l, ours.disturbed);
}

static void say_disk(struct reader *d, struct json *list)
{
    const double mb = 1e-6 * (double)sizeof *d->x * (double)(d->rows * d->V) / d->r->P->size;
    const double best = from_disk(d, read_bytes), ours = from_disk(d, load);
    struct benchline limit = { "fread", "-", "from disk", "-", "mb_per_s", NULL, mb / best, NAN };
    struct benchline l = {
        "load", "-", "from disk", "-", "mb_per_s", NULL, mb / ours, best / ours
    };

    benchline_say(d->r, list, &limit, 0);
    benchline_say(d->r, list, &l, 0);
}

static int bench_files(struct reader *d, struct json *list, double seconds, const float *shower,
                       const double *energy, struct err *e)
{
    double *block = mem_take(CHUNK * (int64_t)d->V, sizeof *block);

    d->rows = PLAIN;
    if (write_file(d, shower, energy, 0, e) == 0) {
        say(d, list, seconds, "load", read_bytes, "fread", sizeof(float));
        say_disk(d, list);
    }
    d->rows = PACKED;
    d->block = CHUNK * (int64_t)d->V * (int64_t)sizeof *block;
    for (int64_t i = 0; i < CHUNK * (int64_t)d->V; i++) block[i] = (double)shower[i];
    d->packed = inflate_pack(block, d->block, sizeof *block, LEVEL, &d->packed_bytes);
    mem_free(d->x);
    d->x = mem_take(JUDGE_PIECE * (int64_t)d->V, sizeof *block); /* unpacked doubles fit too */
    if (!err_is(e) && write_file(d, shower, energy, LEVEL, e) == 0)
        say(d, list, seconds, "load.gz", unpack, "inflate", sizeof(double));
    mem_free(block);
    return err_is(e) ? -1 : 0;
}

/* Some showers of the geometry, and their energies. */
static int draw(struct reader *d, const struct geom *g, float *shower, double *energy,
                struct err *e)
{
    struct synth_set set;
    struct synth synth;

    if (synth_recipe(&set, g, e)) return -1;
    synth_init(&synth, g, &set);
    for (int i = 0; i < SHOWERS; i++) {
        energy[i] = synth_energy(d->r->seed, i, 1e3, 1e6);
        synth_shower(&synth, d->r->seed, i, energy[i], shower + (int64_t)i * d->V);
    }
    synth_free(&synth);
    return 0;
}

int iobench(struct run *r, struct json *list, double seconds, struct err *e)
{
    char *path = run_path(r, "bench.h5");
    struct reader d = { .r = r, .path = path };
    struct geom g;

    if (geom_load(&g, r->P, conf_text(r->conf, "bench.geometry"), e)) {
        mem_free(path);
        return -1;
    }
    d.V = g.voxels;
    float *shower = mem_take(SHOWERS * (int64_t)d.V, sizeof *shower);
    double *energy = mem_take(SHOWERS, sizeof *energy);
    d.x = mem_take(JUDGE_PIECE * (int64_t)d.V, sizeof *d.x);
    int bad = draw(&d, &g, shower, energy, e) || bench_files(&d, list, seconds, shower, energy, e);
    if (!bad && d.failed) err_set(e, "%s: cannot be read back", path);
    bad = par_agree(r->P, e);
    if (r->P->rank == 0) remove(path);
    mem_free(shower);
    mem_free(energy);
    mem_free(d.x);
    mem_free(d.packed);
    geom_free(&g);
    mem_free(path);
    return bad ? -1 : 0;
}
