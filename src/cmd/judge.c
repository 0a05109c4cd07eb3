#include "cmd/judge.h"

#include "base/mem.h"
#include "cmd/showers.h"
#include "io/progress.h"

#include <math.h>

int judge_init(struct judge *j, const struct run *r, struct err *e)
{
    *j = (struct judge){ .r = r };
    if (geom_load(&j->geom, r->P, conf_text(r->conf, "evaluate.geometry"), e)) return -1;
    j->kind = (enum features)conf_choice(r->conf, "evaluate.features");
    j->d = features_count(&j->geom, j->kind);
    j->x = mem_take((int64_t)JUDGE_PIECE * j->geom.voxels, sizeof *j->x);
    j->y = mem_take((int64_t)JUDGE_PIECE * j->geom.voxels, sizeof *j->y);
    observables_init(&j->ox, &j->geom, JUDGE_PIECE);
    observables_init(&j->oy, &j->geom, JUDGE_PIECE);
    return 0;
}

void judge_free(struct judge *j)
{
    observables_free(&j->ox);
    observables_free(&j->oy);
    geom_free(&j->geom);
    mem_free(j->x);
    mem_free(j->y);
    *j = (struct judge){ 0 };
}

void judge_drop(struct features_of_sample *f)
{
    mem_free(f->x);
    mem_free(f->total);
    mem_free(f->layer);
    *f = (struct features_of_sample){ 0 };
}

int judge_open(struct judge *j, const char *path, struct source *s, struct err *e)
{
    if (source_open(s, j->r->P, &path, 1, j->geom.voxels, e)) return -1;
    if (s->events < j->r->P->size)
        return err_set(e, "%s: holds %lld showers for %d ranks, expected at least one a rank", path,
                       (long long)s->events, j->r->P->size);
    return 0;
}

/* This rank's part of the first n showers, piece by piece: rows of piece i into x and ox. */
static int piece_of(struct judge *j, const struct source *s, int64_t n, int64_t i,
                    struct block *rows, float *x, struct observables *o, struct err *e)
{
    const struct par *P = j->r->P;

    *rows = showers_piece(block_of(n, P->rank, P->size), i, JUDGE_PIECE);
    if (source_rows(s, *rows, x, e)) return -1;
    observables_of(o, &j->geom, x, s->energy + rows->first, (int)rows->count, j->geom.threshold);
    return 0;
}

int judge_range(struct judge *j, const struct source *s, double *range, struct err *e)
{
    int64_t pieces = showers_pieces(j->r->P, s->events, JUDGE_PIECE);
    struct block rows;

    for (int64_t i = 0; i < pieces; i++) {
        if (piece_of(j, s, s->events, i, &rows, j->x, &j->ox, e)) return -1;
        histos_range(range, &j->ox, j->x, j->geom.voxels);
    }
    par_max(j->r->P, range, j->geom.layers + 1);
    return 0;
}

static void begin(struct features_of_sample *f, const struct judge *j, int64_t n)
{
    struct block mine = block_of(n, j->r->P->rank, j->r->P->size);

    f->x = mem_take(mine.count * j->d, sizeof *f->x);
    f->total = mem_take(mine.count, sizeof *f->total);
    f->layer = mem_take(mine.count * j->geom.layers, sizeof *f->layer);
    f->s = (struct sample){ f->x, mine, n };
}

int judge_sample(struct judge *j, const struct source *s, int64_t n, struct features_of_sample *f,
                 struct histos *H, struct profile *p, int which, struct err *e)
{
    int64_t pieces = showers_pieces(j->r->P, n, JUDGE_PIECE);
    struct block rows;

    begin(f, j, n);
    for (int64_t i = 0; i < pieces; i++) {
        if (piece_of(j, s, n, i, &rows, j->x, &j->ox, e)) return -1;
        features_of(f->x + (rows.first - f->s.mine.first) * j->d, &j->ox, &j->geom, j->kind);
        int64_t at = rows.first - f->s.mine.first, L = j->geom.layers;
        for (int64_t k = 0; k < rows.count; k++) f->total[at + k] = j->ox.total[k];
        for (int64_t k = 0; k < rows.count * L; k++) f->layer[at * L + k] = (float)j->ox.layer[k];
        if (H == NULL) continue;
        histos_add(H, which, &j->ox, j->x, j->geom.voxels);
        profile_add(p, which, j->x, s->energy + rows.first, (int)rows.count, j->geom.threshold);
    }
    return 0;
}

int judge_paired(struct judge *j, const struct source *reference, const struct source *generated,
                 struct paired *p, struct err *e)
{
    int64_t n = reference->events, pieces = showers_pieces(j->r->P, n, JUDGE_PIECE);
    struct block rows;

    if (generated->events != n)
        return err_set(e,
                       "evaluate.paired: %s holds %lld showers, %s %lld; expected the same events",
                       generated->file[0].path, (long long)generated->events,
                       reference->file[0].path, (long long)n);
    for (int64_t i = 0; i < n; i++)
        if (fabs(generated->energy[i] / reference->energy[i] - 1.0) > 1e-4)
            return err_set(e,
                           "evaluate.paired: shower %lld has %g MeV in %s and %g MeV in %s; "
                           "expected the same events in the same order",
                           (long long)i, generated->energy[i], generated->file[0].path,
                           reference->energy[i], reference->file[0].path);
    for (int64_t i = 0; i < pieces; i++) {
        if (piece_of(j, reference, n, i, &rows, j->x, &j->ox, e) ||
            piece_of(j, generated, n, i, &rows, j->y, &j->oy, e))
            return -1;
        paired_add(p, &j->ox, j->x, &j->oy, j->y, j->geom.voxels);
    }
    paired_finish(p, j->r->P);
    return 0;
}

int judge_moments(struct judge *j, const struct source *s, struct baseline *b, struct err *e)
{
    int64_t pieces = showers_pieces(j->r->P, s->events, JUDGE_PIECE);
    struct block rows;

    for (int64_t i = 0; i < pieces; i++) {
        if (piece_of(j, s, s->events, i, &rows, j->x, &j->ox, e)) return -1;
        baseline_add(b, j->x, s->energy + rows.first, (int)rows.count);
    }
    baseline_finish(b, j->r->P);
    return 0;
}

void judge_baseline(struct judge *j, const struct source *s, const struct baseline *b,
                    struct features_of_sample *f)
{
    begin(f, j, s->events);
    for (int64_t i = 0; i * JUDGE_PIECE < f->s.mine.count; i++) {
        struct block rows = showers_piece(f->s.mine, i, JUDGE_PIECE);
        const double *energy = s->energy + rows.first;
        baseline_showers(b, j->r->seed, rows.first, energy, (int)rows.count, j->x);
        observables_of(&j->ox, &j->geom, j->x, energy, (int)rows.count, j->geom.threshold);
        features_of(f->x + (rows.first - f->s.mine.first) * j->d, &j->ox, &j->geom, j->kind);
    }
}
