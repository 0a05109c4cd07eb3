#include "vae/encoder.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { SHOWERS, ENERGY, BITS, CONDITIONS };

static int init_level(struct encoder *n, int level, const struct yaml *list, int before,
                      const struct site *site, struct err *e)
{
    char prefix[32], published[32];
    const char *output = "logits";
    /* partition 0 is given: the first level's bits need no gradient */
    struct graph_input input[] = { { "showers", shape_units(site->voxels), 0 },
                                   { "energy", shape_units(1), 0 },
                                   { "bits", shape_units(before), level > 0 },
                                   { "conditions", shape_units(1 + site->others), 0 } };
    struct site_sizes size;
    struct graph *g = &n->level[level];

    site_sizes(&size, site, before, n->count[level]);
    struct graph_wish w = { .prefix = prefix,
                            .input = input,
                            .inputs = 4,
                            .size = size.size,
                            .sizes = size.n,
                            .output = &output,
                            .outputs = 1,
                            .batch = site->batch,
                            .blocks = site->blocks,
                            .width = site->width,
                            .published = published };
    snprintf(prefix, sizeof prefix, "encoder/%d", level);
    snprintf(published, sizeof published, "_networks.%d", level);
    if (graph_init(g, list, site->file, &w, site->T, e)) return -1;
    struct shape made = g->value[g->output[0]].shape;
    char text[48];
    int line = g->layer[g->output[0] - g->inputs].line;
    if (shape_size(made) != n->count[level])
        return err_set(e, "%s:%d: 'logits' of encoder level %d is %s, expected %d units",
                       site->file, line, level, layer_shape(made, text), n->count[level]);
    if (!g->value[g->output[0]].gradient)
        return err_set(e,
                       "%s:%d: 'logits' of encoder level %d depends on no parameter: nothing can "
                       "be learned",
                       site->file, line, level);
    return 0;
}

int encoder_init(struct encoder *n, const struct yaml *list, int levels, const struct site *site,
                 struct err *e)
{
    int before = 0, wrong = 0;

    *n = (struct encoder){ .levels = levels, .known = site->nodes[0] };
    for (int k = 0; k < site->partitions; k++) n->units += site->nodes[k];
    n->level = mem_take(levels, sizeof *n->level);
    n->count = mem_take(levels, sizeof *n->count);
    for (int l = 0; l < levels && !wrong; l++) {
        before += site->nodes[l];
        n->count[l] = l + 1 < levels ? site->nodes[l + 1] : n->units - before;
        wrong = init_level(n, l, list, before, site, e);
    }
    n->bits = mem_take((int64_t)site->batch * n->units, sizeof *n->bits);
    n->dbits = mem_take((int64_t)site->batch * n->units, sizeof *n->dbits);
    if (wrong) encoder_free(n);
    return wrong;
}

int encoder_reads_conditions(const struct encoder *n)
{
    return n->level[0].value[CONDITIONS].last >= 0; /* all levels have the same layers */
}

void encoder_free(struct encoder *n)
{
    for (int l = 0; l < n->levels; l++) graph_free(&n->level[l]);
    mem_free(n->level);
    mem_free(n->count);
    mem_free(n->bits);
    mem_free(n->dbits);
    *n = (struct encoder){ 0 };
}

/* Copy columns [first, first + count) of rows of `wide` numbers to rows of their own, and back. */
static void take_columns(float *out, const float *in, int B, int wide, int first, int count)
{
    for (size_t b = 0; b < (size_t)B; b++)
        memcpy(out + b * (size_t)count, in + b * (size_t)wide + first,
               (size_t)count * sizeof(float));
}

static void add_columns(float *out, const float *in, int B, int wide, int first, int count)
{
    for (size_t b = 0; b < (size_t)B; b++)
        for (int k = 0; k < count; k++)
            out[b * (size_t)wide + (size_t)(first + k)] += in[b * (size_t)count + (size_t)k];
}

static void clamp(float *logit, const float *raw, int n)
{
    const float most = LATENT_CLAMP;

    for (int i = 0; i < n; i++) {
        float x = raw[i] < -most ? -most : raw[i];
        logit[i] = x > most ? most : x;
    }
}

void encoder_forward(struct encoder *n, const struct encoder_rows *r, const float *params, int B,
                     double beta, enum latent_mode mode)
{
    int free = n->units - n->known, before = n->known;

    for (int l = 0; l < n->levels; l++) {
        struct graph *g = &n->level[l];
        int count = n->count[l];
        take_columns(n->bits, r->z, B, n->units, 0, before);
        graph_bind(g, SHOWERS, r->u, NULL);
        graph_bind(g, ENERGY, r->t, NULL);
        graph_bind(g, BITS, n->bits, NULL);
        graph_bind(g, CONDITIONS, r->c, NULL);
        graph_forward(g, params, B, mode != LATENT_BITS);
        const float *raw = graph_output(g, 0);
        for (size_t b = 0; b < (size_t)B; b++) {
            size_t at = b * (size_t)free + (size_t)(before - n->known);
            clamp(r->logit + at, raw + b * (size_t)count, count);
            latent_forward(r->z + b * (size_t)n->units + before, r->zeta + at, r->logit + at,
                           r->noise + at, count, beta, mode);
        }
        before += count;
    }
}

/* d loss / d logit of a level, through the bits and by the loss itself; 0 where the clamp held. */
static void level_gradient(const struct encoder *n, const struct encoder_rows *r, float *out,
                           const float *raw, int B, int before, int count, double beta,
                           enum latent_mode mode)
{
    const float most = LATENT_CLAMP;
    size_t free = (size_t)(n->units - n->known);

    for (size_t b = 0; b < (size_t)B; b++) {
        size_t at = b * free + (size_t)(before - n->known);
        latent_backward(r->dlogit + at, r->dz + b * (size_t)n->units + before, r->zeta + at, count,
                        beta, mode);
        for (int k = 0; k < count; k++) {
            float x = raw[b * (size_t)count + (size_t)k];
            float inside = x >= -most && x <= most ? 1.0f : 0.0f;
            out[b * (size_t)count + (size_t)k] = inside * r->dlogit[at + (size_t)k];
        }
    }
}

void encoder_backward(struct encoder *n, const struct encoder_rows *r, const float *params,
                      float *grad, int B, double beta, enum latent_mode mode)
{
    int before = n->units;

    for (int l = n->levels - 1; l >= 0; l--) {
        struct graph *g = &n->level[l];
        int count = n->count[l];
        before -= count;
        /* the level's input was overwritten by later levels: the bits are still in z */
        take_columns(n->bits, r->z, B, n->units, 0, before);
        level_gradient(n, r, graph_output_gradient(g, 0), graph_output(g, 0), B, before, count,
                       beta, mode);
        if (l > 0) memset(n->dbits, 0, (size_t)B * (size_t)before * sizeof(float));
        graph_bind(g, BITS, n->bits, n->dbits);
        graph_backward(g, params, grad, B);
        if (l > 0) add_columns(r->dz, n->dbits, B, n->units, 0, before);
    }
}
