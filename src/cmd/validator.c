#include "cmd/validator.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/draw.h"
#include "shower/ratio.h"

#include <math.h>
#include <string.h>

static const uint64_t OWN_SEED = 0x76616c6964;     /* added to the run's: not training's chains */
static const int64_t MADE_ITEM = (int64_t)3 << 39; /* of generated showers: nobody else's noise */

int validator_init(struct validator *v, const struct run *r, const struct model *m,
                   const struct kern *k, struct feed *f, int room, struct err *e)
{
    int64_t share = block_of(f->validation.count, 0, r->P->size).count;

    *v = (struct validator){ .r = r, .m = m, .kern = k, .feed = f, .room = room };
    v->how = (enum best)conf_choice(r->conf, "training.best");
    v->every = conf_int(r->conf, "training.best_every");
    v->chi2 = v->fpd = NAN;
    if (v->how < BEST_CHI2) return 0;
    if (f->validation.count < 2)
        return err_set(e, "training.best is %s, which needs validation events, and there are %lld",
                       conf_text(r->conf, "training.best"), (long long)f->validation.count);
    v->u = mem_take((int64_t)room * m->geom.voxels, sizeof *v->u);
    v->x = mem_take((int64_t)room * m->geom.voxels, sizeof *v->x);
    /* batches are shared out one by one: a rank may have one event more of each; and generated
     * showers by tiles of 64 */
    v->most = share + (f->validation.count + f->B - 1) / f->B + 128;
    if (v->how == BEST_CHI2) {
        v->energy = mem_take(v->most, sizeof *v->energy);
        for (int s = 0; s < 2; s++) v->ratio[s] = mem_take(v->most, sizeof *v->ratio[s]);
        return 0;
    }
    v->d = features_count(&m->geom, FEATURES_CHALLENGE);
    observables_init(&v->o, &m->geom, room);
    for (int s = 0; s < 2; s++) v->feature[s] = mem_take(v->most * v->d, sizeof *v->feature[s]);
    v->incident = mem_take(f->validation.count, sizeof *v->incident);
    for (int64_t i = 0; i < f->validation.count; i++)
        v->incident[i] = f->validation_data->energy[dataset_number(&f->validation, i)];
    if (m->others > 0) v->other = mem_take(f->validation.count * m->others, sizeof *v->other);
    for (int64_t i = 0; m->others > 0 && i < f->validation.count; i++)
        feed_validation_others(f, i, v->other + i * m->others);
    return model_conditional(m, e);
}

void validator_free(struct validator *v)
{
    for (int s = 0; s < 2; s++) {
        mem_free(v->ratio[s]);
        mem_free(v->feature[s]);
    }
    observables_free(&v->o);
    mem_free(v->energy);
    mem_free(v->incident);
    mem_free(v->other);
    mem_free(v->u);
    mem_free(v->x);
    *v = (struct validator){ 0 };
}

int validator_due(const struct validator *v, int64_t epoch, int64_t epochs)
{
    return v->how < BEST_CHI2 || epoch % v->every == 0 || epoch == epochs;
}

void validator_clear(struct validator *v)
{
    v->n = 0;
    v->chi2 = v->fpd = NAN;
}

/* Features of B showers, network units u, as the detector reads them. */
static void features(struct validator *v, int B, const double *E, const float *u, double *out)
{
    struct transform t = v->m->transform;

    t.threshold = v->m->geom.threshold;
    transform_inverse(&t, B, v->m->geom.voxels, E, u, NULL, v->x);
    observables_of(&v->o, &v->m->geom, v->x, E, B, v->m->geom.threshold);
    features_of(out, &v->o, &v->m->geom, FEATURES_CHALLENGE);
}

/* E_tot / E_inc of B showers. */
static void ratios(struct validator *v, int B, const double *E, const float *u, double *out)
{
    int V = v->m->geom.voxels;

    transform_inverse(&v->m->transform, B, V, E, u, NULL, v->x);
    for (int b = 0; b < B; b++) {
        double sum = 0.0;
        for (int i = 0; i < V; i++) sum += (double)v->x[(int64_t)b * V + i];
        out[b] = sum / E[b];
    }
}

void validator_rows(struct validator *v, struct vae *networks, const struct vae_batch *b)
{
    if (v->how < BEST_CHI2) return;
    if (v->n + b->B > v->most) die("%lld events to judge", (long long)(v->n + b->B));
    vae_decode(networks, b, networks->z, v->u);
    if (v->how == BEST_FPD) {
        features(v, b->B, b->E, v->u, v->feature[1] + v->n * v->d);
    } else {
        memcpy(v->energy + v->n, b->E, (size_t)b->B * sizeof *b->E);
        ratios(v, b->B, b->E, b->u, v->ratio[0] + v->n);
        ratios(v, b->B, b->E, v->u, v->ratio[1] + v->n);
    }
    v->n += b->B;
}

/* The rows of this rank behind those of the ranks before. */
static struct sample sample_of(const struct validator *v, const double *x, int64_t n)
{
    const struct par *P = v->r->P;
    int64_t *count = mem_take(P->size, sizeof *count), first = 0, all = 0;

    count[P->rank] = n;
    par_sum_int(P, count, P->size);
    for (int r = 0; r < P->size; r++) {
        if (r == P->rank) first = all;
        all += count[r];
    }
    mem_free(count);
    return (struct sample){ x, { first, n }, all };
}

/* Features of the events: once. */
static int know_events(struct validator *v, struct err *e)
{
    struct feed *f = v->feed;
    int64_t n = 0;
    int more;

    if (v->events.n > 0) return 0;
    for (int64_t i = 0; (more = feed_validation(f, i, e)) != 0; i++) {
        if (more < 0) return -1;
        for (int64_t from = 0; from < f->mine.count; from += v->room) {
            int64_t left = f->mine.count - from, B = left < v->room ? left : v->room;
            features(v, (int)B, f->E + from, f->u + from * v->m->geom.voxels,
                     v->feature[0] + n * v->d);
            n += B;
        }
    }
    v->events = sample_of(v, v->feature[0], n);
    return 0;
}

/* Showers of the events' energies, from the machine. */
static void generate(struct validator *v, struct vae *networks)
{
    struct temper_options how = { .sweeps = (int)conf_int(v->r->conf, "training.best_sweeps") };
    int64_t n = v->feed->validation.count;
    float *z = mem_take((int64_t)v->room * networks->L, sizeof *z);
    int64_t *item = mem_take(v->room, sizeof *item);
    struct bits b;

    draw_states(&b, v->r->P, v->m, v->kern, DRAW_RBM, &how, v->r->seed + OWN_SEED, v->incident, n);
    for (int64_t from = 0; from < b.rows.count; from += v->room) {
        int64_t left = b.rows.count - from;
        int B = (int)(left < v->room ? left : v->room);
        for (int64_t i = 0; i < (int64_t)B * b.N; i++) z[i] = b.state[from * b.N + i];
        for (int i = 0; i < B; i++) item[i] = MADE_ITEM + b.rows.first + from + i;
        int64_t first = b.rows.first + from;
        const double *other = v->other != NULL ? v->other + first * v->m->others : NULL;
        struct vae_batch rows = { B, NULL, b.incident + from, item, 0, other };
        vae_decode(networks, &rows, z, v->u);
        features(v, B, rows.E, v->u, v->feature[1] + from * v->d);
    }
    v->n = b.rows.count;
    bits_free(&b);
    mem_free(item);
    mem_free(z);
}

static int measure(struct validator *v, struct vae *networks, int reconstructed, struct err *e)
{
    if (v->how == BEST_CHI2) {
        v->chi2 = ratio_chi2(v->r->P, v->n, v->energy, v->ratio[0], v->ratio[1]);
        return 0;
    }
    if (know_events(v, e)) return -1;
    if (!reconstructed) generate(v, networks);
    struct sample made = sample_of(v, v->feature[1], v->n);
    return fpd_plain(&v->fpd, v->r->P, &v->events, &made, v->d, e);
}

int validator_finish(struct validator *v, struct vae *networks, int reconstructed, struct err *e)
{
    double start = clock_now();

    if (v->how < BEST_CHI2) return 0;
    if (measure(v, networks, reconstructed, e)) return -1;
    if (!v->said)
        log_say((struct log *)&v->r->log, "training.best: %s of %lld validation events in %.2f s%s",
                conf_text(v->r->conf, "training.best"), (long long)v->feed->validation.count,
                clock_now() - start,
                v->how == BEST_CHI2 || reconstructed ? ", and a decoder's forward for each" : "");
    v->said = 1;
    return 0;
}

void validator_put(const struct validator *v, struct json *line)
{
    if (!isnan(v->chi2)) json_put_real(line, "chi2", v->chi2);
    if (!isnan(v->fpd)) json_put_real(line, "fpd", v->fpd);
}
