#include "nn/fit.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

/* A loss is not finite on some ranks, and every rank knows it: the sentence names the first layer
 * that went wrong on any of them. */
static int not_finite(const struct fit *f, double ranks, struct err *e)
{
    char name[160] = "";
    int64_t *bad = f->places > 0 ? mem_take(f->places, sizeof *bad) : NULL;

    if (bad != NULL) {
        int mine = f->bad_place(f->ctx), first = 0;
        if (mine >= 0) bad[mine] = 1;
        f->reducer->count(f->reducer->ctx, bad, f->places);
        while (first < f->places && bad[first] == 0) first++;
        if (first < f->places) f->place_name(f->ctx, first, name, sizeof name);
    }
    mem_free(bad);
    return err_set(e,
                   "a loss is not finite on %.0f rank(s) at epoch %lld, step %lld%s%s; the "
                   "parameters are those of the step before",
                   ranks, (long long)f->epoch, (long long)f->index,
                   name[0] != '\0' ? "; the first value that is not: " : "", name);
}

/* A gradient, summed over ranks, is not finite: of which tensor first? */
static int bad_gradient(const struct fit *f, struct err *e)
{
    const struct tensors *T = f->optim->T;
    const char *name = "no single tensor";

    for (int i = T->n - 1; i >= 0; i--)
        for (int64_t k = 0; k < T->t[i].count; k++)
            if (!isfinite(f->grad[T->t[i].first + k])) name = T->t[i].name;
    return err_set(e, "the gradient is not finite at epoch %lld, step %lld: that of %s",
                   (long long)f->epoch, (long long)f->index, name);
}

/* One step up to the update: sum[terms] are the terms' sums over all ranks, then the showers. */
static int one_step(struct fit *f, double sum[FIT_TERMS + 2], struct err *e)
{
    double *showers = sum + f->terms, *wrong = showers + 1;

    memset(sum, 0, (FIT_TERMS + 2) * sizeof sum[0]);
    if (f->optim != NULL) {
        memset(f->grad, 0, (size_t)f->n * sizeof f->grad[0]);
        buckets_begin(f->buckets);
    }
    int64_t rows = f->batch(f->ctx, f->epoch, f->index, sum, e);
    if (rows < 0) return -1;
    *showers = (double)rows;
    for (int i = 0; i < f->terms; i++)
        if (!isfinite(sum[i])) *wrong = 1.0; /* rides on the sum that is made anyway */
    f->reducer->sum(f->reducer->ctx, sum, f->terms + 2);
    if (f->optim != NULL) buckets_wait(f->buckets);
    if (*wrong == 0.0) return 0;
    if (f->optim != NULL) buckets_end(f->buckets);
    return not_finite(f, *wrong, e);
}

/* The update, by shares where the reducer has them: returns the gradient's norm. */
static double update(struct fit *f, double showers)
{
    const struct sharing *s = f->reducer->sharing;
    double squares = optim_squares(f->optim, f->grad), norm = 0.0;

    if (s != NULL) s->sum(f->reducer->ctx, &squares, 1);
    if (showers > 0.0) norm = optim_update(f->optim, f->params, f->grad, 1.0 / showers, squares);
    if (isfinite(norm))
        buckets_spread(f->buckets, f->params);
    else /* the same on all ranks */
        buckets_end(f->buckets);
    return norm;
}

static struct fit_report report(const struct fit *f, const double *sum, double norm, double rate)
{
    struct fit_report r = { .epoch = f->epoch, .index = f->index, .norm = norm, .rate = rate };

    r.showers = (int64_t)sum[f->terms];
    for (int i = 0; i < f->terms; i++) r.term[i] = r.showers > 0 ? sum[i] / (double)r.showers : 0.0;
    return r;
}

static int run(struct fit *f, struct err *e)
{
    double sum[FIT_TERMS + 2], norm = 0.0, rate = 0.0;

    if (f->terms > FIT_TERMS || f->steps < 1)
        die("fit of %d terms, %lld steps", f->terms, (long long)f->steps);
    while (f->epoch < f->epochs) {
        int stop = 0;
        if (one_step(f, sum, e)) return -1;
        if (f->optim != NULL) {
            rate = optim_rate(f->optim);
            norm = update(f, sum[f->terms]);
            if (!isfinite(norm)) return bad_gradient(f, e);
        }
        for (int i = 0; i <= f->terms; i++) f->sum[i] += sum[i];
        struct fit_report r = report(f, sum, norm, rate);
        f->index++;
        if (f->stepped != NULL) stop = f->stepped(f->ctx, &r, e);
        if (stop < 0) return -1;
        if (f->index == f->steps) {
            r = report(f, f->sum, norm, rate);
            memset(f->sum, 0, sizeof f->sum);
            f->index = 0;
            f->epoch++;
            int ended = f->ended != NULL ? f->ended(f->ctx, &r, e) : 0;
            if (ended < 0) return -1;
            stop |= ended;
        }
        if (stop > 0 || (f->stop != NULL && f->stop(f->ctx))) return f->epoch < f->epochs;
    }
    return 0;
}

int fit_run(struct fit *f, struct err *e)
{
    struct buckets mine;

    if (f->optim == NULL || f->buckets != NULL) return run(f, e);
    buckets_init(&mine, f->optim->T, BUCKET_FLOATS);
    mine.grad = f->grad;
    mine.reducer = f->reducer;
    f->buckets = &mine;
    int status = run(f, e);
    f->buckets = NULL;
    buckets_free(&mine);
    return status;
}
