#include "vae/vae.h"

#include "base/mem.h"
#include "base/rng.h"
#include "num/vec.h"
#include "vae/energycode.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int check_tree(const struct yaml *tree, const char *file, struct err *e)
{
    if (tree->kind != YAML_MAP)
        return err_set(e, "%s:%d: expected a mapping with encoder and decoder", file, tree->line);
    for (int i = 0; i < tree->n; i++) {
        const char *k = tree->key[i];
        char word[32];
        snprintf(word, sizeof word, " %.20s ", k);
        if (strstr(" encoder decoder energy levels blocks width ", word) == NULL)
            return err_set(e,
                           "%s:%d: unknown key '%s'; an architecture has encoder, decoder, energy, "
                           "levels, blocks, width",
                           file, tree->key_line[i], k);
    }
    if (yaml_get(tree, "encoder") == NULL || yaml_get(tree, "decoder") == NULL)
        return err_set(e, "%s:%d: an architecture needs '%s', a list of layers", file, tree->line,
                       yaml_get(tree, "encoder") == NULL ? "encoder" : "decoder");
    return 0;
}

static int read_levels(const struct vae *v, const struct yaml *tree, const char *file, int *levels,
                       struct err *e)
{
    const struct yaml *y = yaml_get(tree, "levels");
    int64_t n = v->K - 1;

    if (y != NULL && yaml_int(y, file, &n, e)) return -1;
    *levels = (int)n;
    if (n >= 1 && n < v->K) return 0;
    return err_set(e, "%s:%d: levels is %lld, expected 1 to %d, the partitions but one", file,
                   y->line, (long long)n, v->K - 1);
}

static int init_networks(struct vae *v, const struct yaml *tree, const char *file, struct err *e)
{
    int levels;
    const struct yaml *width = yaml_get(tree, "width");
    struct site site = { .file = file,
                         .blocks = yaml_get(tree, "blocks"),
                         .voxels = v->V,
                         .partitions = v->K,
                         .batch = v->batch,
                         .nodes = v->nodes,
                         .others = v->condition.others,
                         .T = &v->T };

    if (width != NULL && yaml_real(width, file, &site.width, e)) return -1;
    if (width != NULL && site.width <= 0.0)
        return err_set(e, "%s:%d: width is %g, expected more than 0", file, width->line,
                       site.width);
    return read_levels(v, tree, file, &levels, e) ||
                   encoder_init(&v->encoder, yaml_get(tree, "encoder"), levels, &site, e) ||
                   decoder_init(&v->decoder, yaml_get(tree, "decoder"), v->L, &site, e)
               ? -1
               : 0;
}

/* More than the energy is of use only where some layer reads it. */
static int check_conditions(const struct vae *v, const char *file, struct err *e)
{
    int reads = encoder_reads_conditions(&v->encoder) || decoder_reads_conditions(&v->decoder);

    if (v->condition.others == 0 || reads) return 0;
    return err_set(e,
                   "%s: no layer reads 'conditions', and model.condition names %s beside the "
                   "energy",
                   file, v->condition.other[0].name);
}

static void take_memory(struct vae *v)
{
    int64_t B = v->batch;

    v->params = mem_take(v->T.total, sizeof *v->params);
    v->grad = mem_take(v->T.total, sizeof *v->grad);
    v->t = mem_take(B, sizeof *v->t);
    if (v->condition.others > 0) v->c = mem_take(B * (1 + v->condition.others), sizeof *v->c);
    v->z = mem_take(B * v->L, sizeof *v->z);
    v->dz = mem_take(B * v->L, sizeof *v->dz);
    v->field = mem_take(B * v->L, sizeof *v->field);
    v->mean = mem_take(B * v->L, sizeof *v->mean);
    v->zeta = mem_take(B * v->F, sizeof *v->zeta);
    v->logit = mem_take(B * v->F, sizeof *v->logit);
    v->dlogit = mem_take(B * v->F, sizeof *v->dlogit);
    v->noise = mem_take(B * v->F, sizeof *v->noise);
    v->hit_noise = mem_take(B * v->V, sizeof *v->hit_noise);
    v->energy = mem_take(B, sizeof *v->energy);
    v->rows = (struct encoder_rows){ .t = v->t,
                                     .c = v->c != NULL ? v->c : v->t,
                                     .noise = v->noise,
                                     .z = v->z,
                                     .zeta = v->zeta,
                                     .logit = v->logit,
                                     .dz = v->dz,
                                     .dlogit = v->dlogit };
}

int vae_init(struct vae *v, const struct yaml *tree, const char *file, const struct vae_sizes *s,
             uint64_t seed, struct err *e)
{
    *v = (struct vae){
        .V = s->voxels, .K = s->partitions, .batch = s->batch, .code = s->code, .seed = seed
    };
    if (s->partitions < 2) return err_set(e, "a model of %d partitions, expected 2", s->partitions);
    if (s->others > CONDITIONS_MOST) die("a model of %d conditions", s->others);
    v->condition.others = s->others;
    for (int k = 0; k < s->others; k++) v->condition.other[k] = s->other[k];
    v->nodes = mem_take(v->K, sizeof *v->nodes);
    for (int k = 0; k < v->K; k++) {
        v->nodes[k] = s->nodes[k];
        v->L += s->nodes[k];
    }
    v->F = v->L - v->nodes[0];
    if (energycode_fits(v->code, v->nodes[0], e) || check_tree(tree, file, e) ||
        conditions_energy(&v->condition, tree, file, e) || init_networks(v, tree, file, e) ||
        check_conditions(v, file, e)) {
        vae_free(v);
        return -1;
    }
    take_memory(v);
    for (int l = 0; l <= v->encoder.levels; l++) {
        struct graph *g = l < v->encoder.levels ? &v->encoder.level[l] : &v->decoder.net;
        graph_start(g, &v->T, v->params, seed);
    }
    vae_freeze(v, 0, 0);
    return 0;
}

void vae_freeze(struct vae *v, int encoder, int decoder)
{
    for (int l = 0; l < v->encoder.levels; l++)
        graph_moving(&v->encoder.level[l], encoder ? NULL : v->params);
    graph_moving(&v->decoder.net, decoder ? NULL : v->params);
    v->frozen = encoder;
}

void vae_reducer(struct vae *v, const struct reducer *r)
{
    for (int l = 0; l < v->encoder.levels; l++) graph_reducer(&v->encoder.level[l], r);
    graph_reducer(&v->decoder.net, r);
}

void vae_half(struct vae *v)
{
    for (int l = 0; l < v->encoder.levels; l++) graph_half(&v->encoder.level[l]);
    graph_half(&v->decoder.net);
}

void vae_gradient(struct vae *v, float *grad)
{
    if (!v->lent) mem_free(v->grad);
    v->grad = grad;
    v->lent = 1;
}

void vae_buckets(struct vae *v, struct buckets *b)
{
    for (int l = 0; l < v->encoder.levels; l++) graph_buckets(&v->encoder.level[l], b);
    graph_buckets(&v->decoder.net, b);
}

void vae_free(struct vae *v)
{
    if (v->lent) v->grad = NULL;
    encoder_free(&v->encoder);
    decoder_free(&v->decoder);
    tensors_free(&v->T);
    float *block[] = { v->params, v->grad,  v->t,      v->z,     v->dz,       v->field,
                       v->zeta,   v->logit, v->dlogit, v->noise, v->hit_noise };
    for (size_t i = 0; i < sizeof block / sizeof block[0]; i++) mem_free(block[i]);
    mem_free(v->energy);
    mem_free(v->mean);
    mem_free(v->c);
    mem_free(v->nodes);
    *v = (struct vae){ 0 };
}

void vae_start(struct vae *v, const struct vae_data *d)
{
    const double least = 1e-3; /* of a deviation, and of an occupancy away from 0 and 1 */
    float *scale = mem_take(v->V, sizeof *scale), *bias = mem_take(v->V, sizeof *bias);

    for (int i = 0; i < v->V; i++) {
        double p = fmin(fmax((double)d->occupancy[i], least), 1.0 - least);
        scale[i] = (float)(1.0 / fmax((double)d->deviation[i], 0.1));
        bias[i] = (float)log(p / (1.0 - p));
    }
    for (int l = 0; l < v->encoder.levels; l++)
        graph_data(&v->encoder.level[l], v->params, "showers", d->mean, scale, v->V);
    graph_data(&v->decoder.net, v->params, "hits", bias, NULL, v->V);
    graph_data(&v->decoder.net, v->params, "activations", d->hit_mean, NULL, v->V);
    mem_free(scale);
    mem_free(bias);
}

void vae_condition(const struct vae *v, int B, const double *E, float *bits, int stride)
{
    for (int b = 0; b < B; b++)
        energycode_encode(v->code, bits + (size_t)b * (size_t)stride, v->nodes[0], E[b]);
}

static void conditions(struct vae *v, const struct vae_batch *b)
{
    if (b->B < 0 || b->B > v->batch) die("%d showers in a model of %d", b->B, v->batch);
    if (v->condition.others > 0 && b->other == NULL) die("a batch without its conditions");
    conditions_fill(&v->condition, b->B, b->E, b->other, v->t, v->c);
}

/* Logistic noise of every voxel, for the hit masks. */
static void noise_of_hits(struct vae *v, const struct vae_batch *b)
{
    for (int i = 0; i < b->B; i++)
        latent_noise(v->hit_noise + (size_t)i * (size_t)v->V, v->V, v->seed, RNG_HIT, b->item[i],
                     b->step);
}

static void encode(struct vae *v, const struct vae_batch *b, enum latent_mode mode, double beta)
{
    conditions(v, b);
    vae_condition(v, b->B, b->E, v->z, v->L);
    for (int i = 0; i < b->B; i++)
        latent_noise(v->noise + (size_t)i * (size_t)v->F, v->F, v->seed, RNG_GUMBEL, b->item[i],
                     b->step);
    for (int l = 0; l < v->encoder.levels; l++)
        graph_draw(&v->encoder.level[l], v->seed + 1 + (uint64_t)l, b->item, b->step);
    v->rows.u = b->u;
    encoder_forward(&v->encoder, &v->rows, v->params, b->B, beta, mode);
}

void vae_forward(struct vae *v, const struct vae_batch *b, enum latent_mode mode, double beta,
                 double slope)
{
    encode(v, b, mode, beta);
    graph_draw(&v->decoder.net, v->seed, b->item, b->step);
    decoder_forward(&v->decoder, v->z, v->t, v->rows.c, v->dz, v->params, b->B,
                    mode != LATENT_BITS);
    v->B = b->B;
    v->mode = mode;
    v->beta = beta;
    v->slope = slope;
}

/* Energy of z and, into dz, its weighted gradient. */
static void positive_energy(struct vae *v, const struct rbm *m, double weight, int backward,
                            double sum[LOSS_TERMS])
{
    size_t n = (size_t)v->B * (size_t)v->L;

    rbm_relaxed(m, v->z, v->B, v->energy, backward ? v->field : NULL, v->field);
    for (int b = 0; b < v->B; b++) sum[LOSS_POSITIVE] += v->energy[b];
    for (size_t i = 0; backward && i < n; i++) v->dz[i] += (float)weight * v->field[i];
}

/* How far the logits are from the machine's fields at the posterior's means. */
static void logit_distance(struct vae *v, const struct rbm *m, const struct loss_options *o,
                           int backward, double sum[LOSS_TERMS])
{
    int fixed = v->L - v->F;

    for (int64_t i = 0; i < (int64_t)v->B * v->L; i++) {
        int64_t b = i / v->L, k = i % v->L - fixed;
        v->mean[i] = k < 0 ? v->z[i] : vec_sigmoid(v->logit[b * v->F + k]);
    }
    rbm_relaxed(m, v->mean, v->B, v->energy, v->field, v->field);
    loss_logit(sum, backward ? v->dlogit : NULL, v->logit, v->field, v->B, v->F, v->L, o);
}

void vae_losses(struct vae *v, const struct vae_batch *b, const struct rbm *m, double negative,
                const struct loss_options *o, int backward, double sum[LOSS_TERMS])
{
    float *da = backward ? decoder_activations_gradient(&v->decoder) : NULL;
    float *dh = backward ? decoder_hits_gradient(&v->decoder) : NULL;

    if (b->B != v->B) die("losses of %d showers after a forward of %d", b->B, v->B);
    if (backward && v->mode == LATENT_BITS) die("backward after an evaluation");
    if (!o->mask) noise_of_hits(v, b);
    loss_showers(sum, da, dh, b->u, decoder_activations(&v->decoder), decoder_hits(&v->decoder),
                 v->hit_noise, v->B, v->V, v->slope, o);
    if (decoder_spread(&v->decoder) != NULL)
        loss_spread(sum, backward ? decoder_spread_gradient(&v->decoder) : NULL, b->u,
                    decoder_activations(&v->decoder), decoder_spread(&v->decoder), v->B, v->V, o);
    if (backward) {
        memset(v->dz, 0, (size_t)v->B * (size_t)v->L * sizeof(float));
        memset(v->dlogit, 0, (size_t)v->B * (size_t)v->F * sizeof(float));
    }
    loss_entropy(sum, backward ? v->dlogit : NULL, v->dz, v->logit, v->z, v->B, v->F, v->L, o);
    if (m != NULL) positive_energy(v, m, o->weight[LOSS_POSITIVE], backward, sum);
    if (m != NULL && o->weight[LOSS_LOGIT] > 0.0) logit_distance(v, m, o, backward, sum);
    if (o->weight[LOSS_LAYER] > 0.0)
        loss_layers(sum, da, b->u, decoder_activations(&v->decoder), v->B, v->V, o);
    if (m != NULL) sum[LOSS_NEGATIVE] += negative * v->B;
    if (!backward) return;
    if (v->extra.add != NULL) v->extra.add(v->extra.ctx, v, b, da);
    decoder_backward(&v->decoder, v->params, v->grad, v->B);
    if (!v->frozen)
        encoder_backward(&v->encoder, &v->rows, v->params, v->grad, v->B, v->beta, v->mode);
}

void vae_encode(struct vae *v, const struct vae_batch *b, float *bits, float *logits)
{
    encode(v, b, LATENT_BITS, 1.0);
    if (bits != v->z) memcpy(bits, v->z, (size_t)b->B * (size_t)v->L * sizeof(float));
    if (logits != NULL) memcpy(logits, v->logit, (size_t)b->B * (size_t)v->F * sizeof(float));
}

/* Multiply the energies of the hits, e^u - 1, by gamma variates of mean 1 and the learned variance.
 * Each voxel has its own stretch of the shower's random numbers. */
static void spread_hits(struct vae *v, const struct vae_batch *b, float *u)
{
    const float *s = decoder_spread(&v->decoder);

    for (int k = 0; k < b->B; k++) {
        struct rng start = rng_at(v->seed, RNG_NOISE, b->item[k], b->step);
        for (int i = 0; i < v->V; i++) {
            size_t at = (size_t)k * (size_t)v->V + (size_t)i;
            struct rng r = start;
            if (u[at] <= 0.0f) continue;
            double q = (double)loss_variance(s[at]);
            r.counter[0] = (uint32_t)i << 8;
            u[at] = (float)log1p(expm1((double)u[at]) * q * rng_gamma(&r, 1.0 / q));
        }
    }
}

void vae_decode(struct vae *v, const struct vae_batch *b, const float *bits, float *u)
{
    conditions(v, b);
    noise_of_hits(v, b);
    graph_draw(&v->decoder.net, v->seed, b->item, b->step);
    decoder_forward(&v->decoder, bits, v->t, v->rows.c, NULL, v->params, b->B, 0);
    const float *a = decoder_activations(&v->decoder), *h = decoder_hits(&v->decoder);
    for (int64_t i = 0; i < (int64_t)b->B * v->V; i++)
        u[i] = h[i] + v->hit_noise[i] > 0.0f && a[i] > 0.0f ? a[i] : 0.0f;
    if (decoder_spread(&v->decoder) != NULL) spread_hits(v, b, u);
}
