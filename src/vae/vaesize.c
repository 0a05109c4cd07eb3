/*
 * vaesize.c - what can be said of a model's networks: work, memory, the names of their layers.
 */
#include "vae/vae.h"

#include <stdio.h>

double vae_flops_training(const struct vae *v)
{
    double sum = graph_flops(&v->decoder.net, 1);

    for (int l = 0; l < v->encoder.levels; l++) sum += graph_flops(&v->encoder.level[l], 1);
    return sum;
}

double vae_flops_forward(const struct vae *v)
{
    double sum = graph_flops(&v->decoder.net, 0);

    for (int l = 0; l < v->encoder.levels; l++) sum += graph_flops(&v->encoder.level[l], 0);
    return sum;
}

double vae_flops_decoder(const struct vae *v)
{
    return graph_flops(&v->decoder.net, 0);
}

int64_t vae_bytes(const struct vae *v, int batch)
{
    int64_t buffers = (int64_t)sizeof(float) * batch * (6 * v->L + 4 * v->F + v->V + 3);

    for (int l = 0; l < v->encoder.levels; l++) buffers += graph_bytes(&v->encoder.level[l], batch);
    return buffers + graph_bytes(&v->decoder.net, batch);
}

/* Network number i: encoder levels, then the decoder. */
static const struct graph *network(const struct vae *v, int i)
{
    return i < v->encoder.levels ? &v->encoder.level[i] : &v->decoder.net;
}

int vae_layers(const struct vae *v)
{
    int sum = 0;

    for (int i = 0; i <= v->encoder.levels; i++) sum += network(v, i)->layers;
    return sum;
}

int vae_bad_layer(const struct vae *v)
{
    int before = 0;

    for (int i = 0; i <= v->encoder.levels; i++) {
        int bad = graph_bad_layer(network(v, i), v->B);
        if (bad >= 0) return before + bad;
        before += network(v, i)->layers;
    }
    return -1;
}

void vae_layer_name(const struct vae *v, int layer, char *text, size_t n)
{
    char name[96];
    int i = 0;

    while (layer >= network(v, i)->layers) layer -= network(v, i++)->layers;
    graph_layer_name(network(v, i), layer, name, sizeof name);
    if (i < v->encoder.levels)
        snprintf(text, n, "encoder level %d, %s", i, name);
    else
        snprintf(text, n, "decoder, %s", name);
}
