/*
 * graph.h - a network as data: layers from a YAML list, forward and backward.
 *
 *   - {concat: [showers, energy, bits], kind: linear, units: 256}
 *   - {kind: prelu, init: 0.02}
 *   - {name: logits, kind: linear, units: logits}
 *
 * A layer reads the layer before it (the first one: the graph's first input) unless `input: NAME`
 * or `concat: [NAMES]` says otherwise; a NAME is an input of the graph or an earlier layer's
 * `name`. Kinds of several inputs (add, multiply) take `inputs: [NAMES]`. Shapes are inferred,
 * tensors are added to one table ("encoder/0/3/weight": the list's third layer from 0), all memory
 * is taken once for the largest batch. Where a layer wants a number, a size does, or the name of an
 * earlier layer, which stands for its units, or a sum of such names (p0 + p1). Gradients of inner
 * values share memory by lifetime, and so do values that backward does not read or that are cheap
 * to make again.
 *
 * `weights: NAME` gives a layer the tensors of an earlier one of its kind: both learn them
 * together.
 *
 *   - {block: stage, name: first, input: bits, with: {layers: 15}}
 *
 * stands for the layers of the list `stage` of the file's mapping `blocks`. Inside, `input` is what
 * the block reads, names are the block's own before those outside, and `with` gives sizes; outside,
 * `first` is its last layer and `first.hits` its layer `hits`. Tensors: "decoder/4/2/weight".
 * Names that tensors have in files of others: nn/published.h.
 */
#ifndef NN_GRAPH_H
#define NN_GRAPH_H

#include "nn/buckets.h"
#include "nn/layers.h"

struct graph_input {
    const char *name;
    struct shape shape;
    int gradient; /* is d loss / d input wanted? */
};

/* What the caller brings and wants. */
struct graph_wish {
    const char *prefix; /* of the tensors' names: "encoder/0" */
    const struct graph_input *input;
    int inputs;
    const struct layer_size *size; /* named numbers the file may use */
    int sizes;
    const char *const *output; /* names of the layers whose values are wanted */
    int outputs;
    int batch;                 /* most rows of a call; 0: shapes and tensors alone, no call */
    const struct yaml *blocks; /* mapping of lists that the list may use, or NULL */
    double width;              /* of channels given as numbers (layer_width); 0 means 1 */
    const char *published;     /* path of the module around all layers' `torch` (published.h) */
};

struct graph_value {
    char name[LAYER_NAME];
    struct shape shape;
    int gradient;     /* wanted: it depends on a parameter or on an input that wants one */
    int wanted;       /* an output of the graph */
    int last;         /* layer that reads it last; -1: none */
    const float *x;   /* [batch, size]: y, or what an input is bound to */
    float *y;         /* [batch, size], a layer's; in memory */
    float *dx;        /* [batch, size]: in memory, or an input's, borrowed; NULL: not wanted */
    int64_t dx_place; /* in the shared memory */
    int brief;        /* y is in the shared memory, where others' follow it */
    int again; /* and backward makes it again for readers from this layer on; 0: it does not */
    int64_t y_place; /* in the shared memory */
};

struct graph {
    int inputs, outputs, values, layers, batch;
    struct graph_value *value; /* [values]: inputs first; owned */
    struct layer *layer;       /* [layers], in order of computation; owned */
    int output[LAYER_INPUTS];  /* value of each output */
    int *seen;                 /* [values]: backward has written dx; owned */
    int *fresh;                /* [values]: backward has made y again; owned */
    int training;              /* of the last forward */
    const float *params;       /* of the last forward; borrowed */
    float **keep;              /* [layers]; owned, the blocks point into memory */
    int64_t row;               /* floats of memory a row */
    float *memory;             /* owned */
    float *scratch;            /* of the layer that needs most; owned */
    int sums;                  /* some layer sums over ranks */
    struct reducer reducer;    /* serial until graph_reducer() */
    struct layer_draw draw;
    float *moving;           /* graph_moving(); borrowed */
    struct buckets *buckets; /* graph_buckets(); borrowed */
};

/* Build from a YAML list. On an error (a sentence "file:line: ...") g holds nothing; T may have
 * gained rows and is of no more use. */
int graph_init(struct graph *g, const struct yaml *list, const char *file,
               const struct graph_wish *w, struct tensors *T, struct err *e);
void graph_free(struct graph *g); /* accepts { 0 } */

/* The last part of graph_init: take the memory of a graph whose layers stand. */
void graph_memory(struct graph *g);

/* Products of linear layers and convolutions in bfloat16 from now on (dnnhalf_here()); sums, all
 * else and the parameters stay float32. */
void graph_half(struct graph *g);

/* First weights, by tensor name: the same for any order of building. */
void graph_start(const struct graph *g, const struct tensors *T, float *params, uint64_t seed);

/* Set what layers with `data: NAME` start from: `normalise` subtracts shift and multiplies by
 * scale, `linear` and `bias` have shift as bias (scale is not used, may be NULL). Returns the
 * number of layers so set; a width other than n is a bug. */
int graph_data(const struct graph *g, float *params, const char *name, const float *shift,
               const float *scale, int n);

/* Let input i be x [B, size]; dx [B, size] gets gradients added (NULL where none is wanted). Both
 * borrowed until bound again. */
void graph_bind(struct graph *g, int input, const float *x, float *dx);

/* What layers that sum over ranks (batch norms) use; then forward in training and backward are
 * collective when the reducer is, and every rank must call them, without rows too. */
void graph_reducer(struct graph *g, const struct reducer *r);

/* What random layers (dropout) draw with from now on; item is borrowed. */
void graph_draw(struct graph *g, uint64_t seed, const int64_t *item, int64_t step);

/* Where moving averages of batch norms (fixed tensors) are written in training: the parameters of
 * the calls to come, borrowed; NULL, as at first: nowhere. */
void graph_moving(struct graph *g, float *params);

/* What backward tells of each tensor whose gradient is ready, and polls between layers; borrowed.
 * NULL, as at first: nobody. */
void graph_buckets(struct graph *g, struct buckets *b);

void graph_forward(struct graph *g, const float *params, int B, int training);

/* Values of output i after forward, [B, size]. */
const float *graph_output(const struct graph *g, int i);

/* Where d loss / d output i goes, [B, size], before backward: the caller writes all of it, each
 * time. */
float *graph_output_gradient(const struct graph *g, int i);

/* Adds to grad (the whole flat buffer) and to the inputs' dx. */
void graph_backward(struct graph *g, const float *params, float *grad, int B);

/* Multiplications and additions in one row's products: forward, or of a whole training step (the
 * gradients of weights, and of the inputs that want one). */
double graph_flops(const struct graph *g, int training);
double graph_layer_flops(const struct graph *g, int i, int training); /* of layer i alone */

/* Parameters of its layers, and of layer i alone (0 where it shares those of an earlier one). */
int64_t graph_parameters(const struct graph *g, const struct tensors *T);
int64_t graph_layer_parameters(const struct graph *g, int i, const struct tensors *T);

/* Bytes that graph_init has taken, or with batch = 0 would take for so many rows (scratch is left
 * out). */
int64_t graph_bytes(const struct graph *g, int batch);

/* The first layer whose value is not finite for some row of the last forward, or -1. */
int graph_bad_layer(const struct graph *g, int B);

/* "layer 3 (linear wide, line 12)" into text[n], which is returned. */
const char *graph_layer_name(const struct graph *g, int i, char *text, size_t n);

#endif
