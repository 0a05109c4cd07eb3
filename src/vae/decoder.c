#include "vae/decoder.h"

#include <string.h>

enum { BITS, ENERGY, CONDITIONS };
enum { HITS, ACTIVATIONS, SPREAD };

/* Is a layer of the list named so? */
static int has(const struct yaml *list, const char *name)
{
    for (int i = 0; list->kind == YAML_LIST && i < list->n; i++) {
        const struct yaml *y = &list->entry[i];
        const struct yaml *given = y->kind == YAML_MAP ? yaml_get(y, "name") : NULL;
        if (given != NULL && given->kind == YAML_SCALAR && strcmp(given->text, name) == 0) return 1;
    }
    return 0;
}

int decoder_init(struct decoder *d, const struct yaml *list, int units, const struct site *site,
                 struct err *e)
{
    const char *output[] = { "hits", "activations", "spread" };
    struct graph_input input[] = { { "bits", shape_units(units), 1 },
                                   { "energy", shape_units(1), 0 },
                                   { "conditions", shape_units(1 + site->others), 0 } };
    struct site_sizes size;
    char text[48];

    site_sizes(&size, site, units, 0);
    struct graph_wish w = { .prefix = "decoder",
                            .input = input,
                            .inputs = 3,
                            .size = size.size,
                            .sizes = size.n,
                            .output = output,
                            .outputs = has(list, "spread") ? 3 : 2,
                            .batch = site->batch,
                            .blocks = site->blocks,
                            .width = site->width };
    *d = (struct decoder){ 0 };
    if (graph_init(&d->net, list, site->file, &w, site->T, e)) return -1;
    for (int i = 0; i < w.outputs; i++) {
        struct shape made = d->net.value[d->net.output[i]].shape;
        if (shape_size(made) == site->voxels) continue;
        err_set(e, "%s:%d: '%s' is %s, a shower has %d voxels", site->file,
                d->net.layer[d->net.output[i] - d->net.inputs].line, output[i],
                layer_shape(made, text), site->voxels);
        decoder_free(d);
        return -1;
    }
    return 0;
}

void decoder_free(struct decoder *d)
{
    graph_free(&d->net);
}

int decoder_reads_conditions(const struct decoder *d)
{
    return d->net.value[CONDITIONS].last >= 0;
}

void decoder_forward(struct decoder *d, const float *z, const float *t, const float *c, float *dz,
                     const float *params, int B, int training)
{
    graph_bind(&d->net, BITS, z, dz);
    graph_bind(&d->net, ENERGY, t, NULL);
    graph_bind(&d->net, CONDITIONS, c, NULL);
    graph_forward(&d->net, params, B, training);
}

const float *decoder_hits(const struct decoder *d)
{
    return graph_output(&d->net, HITS);
}

const float *decoder_activations(const struct decoder *d)
{
    return graph_output(&d->net, ACTIVATIONS);
}

float *decoder_hits_gradient(const struct decoder *d)
{
    return graph_output_gradient(&d->net, HITS);
}

float *decoder_activations_gradient(const struct decoder *d)
{
    return graph_output_gradient(&d->net, ACTIVATIONS);
}

const float *decoder_spread(const struct decoder *d)
{
    return d->net.outputs > SPREAD ? graph_output(&d->net, SPREAD) : NULL;
}

float *decoder_spread_gradient(const struct decoder *d)
{
    return d->net.outputs > SPREAD ? graph_output_gradient(&d->net, SPREAD) : NULL;
}

void decoder_backward(struct decoder *d, const float *params, float *grad, int B)
{
    graph_backward(&d->net, params, grad, B);
}
