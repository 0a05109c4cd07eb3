#include "cmd/feed.h"

#include "base/mem.h"
#include "cmd/columns.h"
#include "cmd/suspect.h"
#include "rbm/spins.h"
#include "vae/energycode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int64_t VALIDATION_ITEM = (int64_t)1 << 40; /* its noise is not the training's */

/* The paths of a list key. */
static const char **paths_of(const struct conf *c, const char *key, int *n)
{
    *n = conf_count(c, key);
    const char **path = mem_take(*n, sizeof *path);
    for (int i = 0; i < *n; i++) path[i] = conf_text_at(c, key, i);
    return path;
}

static int check_energies(const struct dataset *d, const char *key, struct err *e)
{
    for (int64_t i = 0; i < d->n; i++)
        if (energycode_range(d->energy[i], e))
            return err_within(e, "%s, event %lld", key, (long long)i);
    return 0;
}

static int load(struct dataset *d, double **other, const struct run *r, const struct model *m,
                const char *key, struct err *e)
{
    int n;
    const char **path = paths_of(r->conf, key, &n);
    struct dataset_options o = { .most = conf_int(r->conf, "data.most"),
                                 .storage =
                                     (enum dataset_storage)conf_choice(r->conf, "data.storage"),
                                 .clip = conf_choice(r->conf, "data.faults") == 1 };
    int bad = n == 0 ? err_set(e, "%s is empty, expected at least one shower file", key)
                     : dataset_load(d, r->P, path, n, m->geom.voxels, &m->transform, &o, e) ||
                           check_energies(d, key, e);

    if (!bad && m->others > 0) {
        *other = columns_read(m->other, m->others, r->P, path, n, d->number, d->n, e);
        bad = *other == NULL;
    }
    mem_free(path);
    if (bad) return -1;
    struct log *log = (struct log *)&r->log;
    suspect_energies(log, key, d->energy, d->n);
    suspect_faults(log, key, d);
    model_aliases(m, log, key, d->energy, d->n);
    if (d->rows.window.small.text[0] != '\0')
        log_warn(log, "%s: %s; each rank keeps its own showers and sends them to the others", key,
                 d->rows.window.small.text);
    log_say(log, "%s: %lld showers, %.1f MB on this rank, shared by %d", key, (long long)d->n,
            (double)shelf_bytes(&d->rows) * 1e-6, d->files != NULL ? 1 : d->rows.window.node.size);
    return 0;
}

static int open_showers(struct feed *f, const struct run *r, struct err *e)
{
    double fraction = conf_real(r->conf, "data.validation_fraction");

    if (load(&f->data, &f->data_other, r, f->model, "data.train", e)) return -1;
    if (conf_count(r->conf, "data.validation") > 0) {
        if (load(&f->held, &f->held_other, r, f->model, "data.validation", e)) return -1;
        f->train = dataset_whole(f->data.n);
        f->validation = dataset_whole(f->held.n);
        f->validation_data = &f->held;
    } else {
        int split = conf_choice(r->conf, "data.split");
        if (split == 1)
            f->strata = dataset_strata(&f->data, fraction, r->seed, &f->train, &f->validation);
        else
            dataset_split(f->data.n, fraction, split == 0, r->seed, &f->train, &f->validation);
        f->validation_data = &f->data;
    }
    return 0;
}

/* Rows hold the units of the first partitions, at least one; those behind are hidden. */
static int count_visible(struct feed *f, const char *path, struct err *e)
{
    const struct topology *T = &f->model->rbm.T;
    int k = 1;

    while (k < T->K && T->first[k] < f->rows.V) k++;
    f->visible = k;
    int held = f->model->rbm.held, last = held > 0 ? f->model->rbm.hold[held - 1] : -1;
    if (last >= T->first[k])
        return err_set(e,
                       "rbm.clamped: unit %d is clamped and hidden, expected units of the first %d "
                       "partitions, which hold the data, or -1",
                       last, k);
    if (T->first[k] != f->rows.V)
        return err_set(e,
                       "%s: rows of %d units, rbm.nodes makes the first %d partitions %d: "
                       "expected whole partitions, those behind them are hidden",
                       path, f->rows.V, k, T->first[k]);
    return 0;
}

static int open_rows(struct feed *f, const struct run *r, struct err *e)
{
    if (rows_open(&f->rows, r, e) || count_visible(f, conf_text_at(r->conf, "data.train", 0), e))
        return -1;
    f->train = dataset_whole(f->rows.n);
    return 0;
}

int feed_of_bits(const struct conf *c)
{
    return strcmp(conf_text(c, "data.kind"), "calochallenge") != 0;
}

/* Bits go to ranks by tiles of 64, as chains do: what is drawn for them does not depend on ranks.
 */
static struct block part_of(const struct feed *f, int n, int rank)
{
    if (!f->bits) return block_of(n, rank, f->P->size);
    struct block t = block_of(spins_tiles(n), rank, f->P->size);
    int64_t first = t.first * 64 < n ? t.first * 64 : n;
    int64_t end = block_end(t) * 64 < n ? block_end(t) * 64 : n;
    return (struct block){ first, end - first };
}

int feed_open(struct feed *f, const struct run *r, const struct model *m, struct err *e)
{
    *f = (struct feed){ .P = r->P, .model = m, .seed = r->seed };
    f->bits = !m->networks;
    f->visible = m->rbm.T.K;
    f->B = (int)conf_int(r->conf, "training.batch");
    f->noise = conf_real(r->conf, "data.noise");
    int bad = f->bits ? open_rows(f, r, e) : open_showers(f, r, e);
    if (!bad && !f->bits && f->B < r->P->size)
        bad = err_set(e, "training.batch is %d, expected at least one shower for each of %d ranks",
                      f->B, r->P->size);
    if (bad) {
        feed_close(f);
        return -1;
    }
    f->share = (int)part_of(f, f->B, 0).count;
    int64_t share = f->share;
    f->all = mem_take(f->B, sizeof *f->all);
    f->item = mem_take(share, sizeof *f->item);
    f->E = mem_take(share, sizeof *f->E);
    if (f->bits)
        f->state = mem_take(share * m->rbm.T.N, sizeof *f->state);
    else
        f->u = mem_take(share * m->geom.voxels, sizeof *f->u);
    if (!f->bits && m->others > 0) f->other = mem_take(share * m->others, sizeof *f->other);
    return 0;
}

void feed_close(struct feed *f)
{
    dataset_free(&f->data);
    dataset_free(&f->held);
    rows_free(&f->rows);
    mem_free(f->all);
    mem_free(f->strata);
    mem_free(f->item);
    mem_free(f->E);
    mem_free(f->u);
    mem_free(f->other);
    mem_free(f->data_other);
    mem_free(f->held_other);
    mem_free(f->state);
    *f = (struct feed){ 0 };
}

int64_t feed_steps(const struct feed *f)
{
    return (f->train.count + f->B - 1) / f->B;
}

/* Length and this rank's share of batch `index` of a part. */
static void place(struct feed *f, int64_t count, int64_t index)
{
    int64_t left = count - index * f->B;

    f->n = (int)(left < f->B ? left : f->B);
    f->mine = part_of(f, f->n, f->P->rank);
}

static int fetch(struct feed *f, struct dataset *d, int64_t offset, struct err *e)
{
    const int64_t *wanted = f->all + f->mine.first;
    int n = (int)f->mine.count;

    if (dataset_fetch(d, f->P, wanted, n, f->u, f->E, e)) return -1;
    transform_forward(&f->model->transform, n, d->V, f->E, f->u, f->u);
    for (int64_t i = 0; i < n && offset == 0 && f->noise > 0.0; i++)
        transform_blur(f->u + i * d->V, d->V, f->noise, f->seed, wanted[i], f->epoch);
    for (int i = 0; i < n; i++) f->item[i] = wanted[i] + offset;
    const double *other = d == &f->held ? f->held_other : f->data_other;
    int C = f->model->others;
    for (int64_t i = 0; i < (int64_t)n * C; i++) f->other[i] = other[wanted[i / C] * C + i % C];
    return 0;
}

static void unpack(struct feed *f, int64_t epoch)
{
    int N = f->model->rbm.T.N;

    for (int64_t i = 0; i < f->mine.count; i++) {
        f->item[i] = f->all[f->mine.first + i];
        rows_get(&f->rows, f->item[i], epoch, f->state + i * N);
    }
}

int feed_batch(struct feed *f, int64_t epoch, int64_t index, struct err *e)
{
    f->epoch = epoch;
    place(f, f->train.count, index);
    dataset_order(&f->train, f->seed, epoch, index * f->B, f->n, f->all);
    if (!f->bits) return fetch(f, &f->data, 0, e);
    unpack(f, epoch);
    return 0;
}

int feed_validation(struct feed *f, int64_t index, struct err *e)
{
    if (f->bits || index * f->B >= f->validation.count) return 0;
    place(f, f->validation.count, index);
    for (int i = 0; i < f->n; i++) f->all[i] = dataset_number(&f->validation, index * f->B + i);
    return fetch(f, f->validation_data, VALIDATION_ITEM, e) ? -1 : 1;
}

void feed_validation_others(const struct feed *f, int64_t i, double *out)
{
    const double *all = f->validation_data == &f->held ? f->held_other : f->data_other;
    int C = f->model->others;

    for (int k = 0; k < C; k++) out[k] = all[dataset_number(&f->validation, i) * C + k];
}

void feed_condition_of(const struct feed *f, int64_t event, uint8_t *u)
{
    const struct rbm *m = &f->model->rbm;

    if (!f->bits) {
        model_condition(f->model, &f->data.energy[event], 1, u);
        return;
    }
    uint8_t *state = mem_take(f->rows.V, 1);
    rows_get(&f->rows, event, f->epoch, state);
    for (int j = 0; j < m->held; j++) u[j] = state[m->hold[j]];
    mem_free(state);
}

void feed_condition(const struct feed *f, int j, uint8_t *u)
{
    feed_condition_of(f, f->all[j], u);
}

/* What events are sorted by. */
struct place {
    double energy;
    const uint8_t *u; /* [n] or NULL */
    int n;
    int64_t event;
};

static int by_place(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int order = x->u != NULL ? memcmp(x->u, y->u, (size_t)x->n) : 0;

    if (x->energy != y->energy) return x->energy < y->energy ? -1 : 1;
    return order != 0 ? order : x->event < y->event ? -1 : 1;
}

int64_t *feed_by_condition(const struct feed *f)
{
    const struct rbm *m = &f->model->rbm;
    int64_t n = f->train.count, *order = mem_take(n, sizeof *order);
    int codes = f->bits && f->rows.incident == NULL, n0 = m->held;
    uint8_t *u = codes ? mem_take(n * n0, 1) : NULL;
    struct place *p = mem_take(n, sizeof *p);

    for (int64_t i = 0; i < n; i++) {
        p[i] = (struct place){ .event = dataset_number(&f->train, i), .n = n0 };
        if (codes)
            feed_condition_of(f, p[i].event, u + i * n0);
        else
            p[i].energy = (f->bits ? f->rows.incident : f->data.energy)[p[i].event];
        p[i].u = codes ? u + i * n0 : NULL;
    }
    qsort(p, (size_t)n, sizeof *p, by_place);
    for (int64_t i = 0; i < n; i++) order[i] = p[i].event;
    mem_free(p);
    mem_free(u);
    return order;
}

/* Sums over this rank's share of the training events: u, u^2, hits of every voxel. */
static void add_moments(struct feed *f, double *sum, int V)
{
    for (int64_t i = 0; i < f->mine.count; i++)
        for (int v = 0; v < V; v++) {
            double u = f->u[i * V + v];
            sum[v] += u;
            sum[V + v] += u * u;
            sum[2 * V + v] += u > 0.0;
        }
}

int feed_standard(struct feed *f, struct standard *s, struct err *e)
{
    const double noise = f->noise;
    int bad = 0;

    f->noise = 0.0;
    for (int64_t i = 0; i < feed_steps(f) && !bad; i++) {
        bad = feed_batch(f, 0, i, e);
        if (!bad) standard_look(s, (int)f->mine.count, f->u);
    }
    f->noise = noise;
    if (bad) return -1;
    standard_fit(s, f->P);
    return 0;
}

float *feed_means(struct feed *f, struct vae_data *means, struct err *e)
{
    int V = f->model->geom.voxels;
    double n = (double)f->train.count, *sum = mem_take(3 * V, sizeof *sum);
    float *row = mem_take(4 * V, sizeof *row);

    for (int64_t i = 0; i < feed_steps(f); i++) {
        if (feed_batch(f, 0, i, e)) {
            mem_free(sum);
            mem_free(row);
            return NULL;
        }
        add_moments(f, sum, V);
    }
    par_sum(f->P, sum, 3 * V);
    for (int v = 0; v < V; v++) {
        double mean = sum[v] / n, variance = sum[V + v] / n - mean * mean, hits = sum[2 * V + v];
        row[v] = (float)mean;
        row[V + v] = (float)sqrt(variance > 0.0 ? variance : 0.0);
        row[2 * V + v] = (float)(hits / n);
        row[3 * V + v] = (float)(hits > 0.0 ? sum[v] / hits : 0.0);
    }
    mem_free(sum);
    *means = (struct vae_data){ row, row + V, row + 2 * V, row + 3 * V };
    return row;
}
