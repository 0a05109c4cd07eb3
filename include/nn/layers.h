/*
 * layers.h - the kinds of layers: what a graph is made of.
 *
 * A kind says which keys it reads, infers the shape it makes, adds its tensors to the table, and
 * computes forward and backward on rows of one batch. A new kind is a
 * room with one `struct layer_kind` and one line in the table of layers.c; the graph stays as it
 * is.
 *
 * Gradients of parameters are added to the flat gradient buffer. The gradient of an input is
 * written, or added where `add` says that another reader has written already.
 */
#ifndef NN_LAYERS_H
#define NN_LAYERS_H

#include "base/err.h"
#include "base/reducer.h"
#include "base/yaml.h"
#include "num/tensors.h"

#include <stddef.h>
#include <stdint.h>

enum { LAYER_INPUTS = 8, LAYER_TENSORS = 4, LAYER_NUMBERS = 8, LAYER_NAME = 32 };

/* One row's shape: channels, then space (z, phi, r). A plain layer of n units is { n, 1, 1, 1 }. In
 * memory channels are last: number ((z h + phi) w + r) c + channel of the row. */
struct shape {
    int c, d, h, w;
};

static inline int shape_size(struct shape s)
{
    return s.c * s.d * s.h * s.w;
}

static inline int shape_places(struct shape s)
{
    return s.d * s.h * s.w;
}

static inline struct shape shape_units(int n)
{
    return (struct shape){ n, 1, 1, 1 };
}

/* A number with a name, which a file may use where it wants a number ("units: voxels"). */
struct layer_size {
    const char *name;
    int n;
};

struct layer {
    const struct layer_kind *kind;
    char name[LAYER_NAME]; /* "" when the file gives none */
    char data[LAYER_NAME]; /* statistic of the data that starts it (graph_data), or "" */
    int line;
    int ins, in[LAYER_INPUTS]; /* values it reads */
    int out;                   /* value it makes */
    struct shape from[LAYER_INPUTS], to;
    int tensors, tensor[LAYER_TENSORS]; /* rows of the table */
    int64_t at[LAYER_TENSORS];          /* their place in the flat buffers */
    float option[LAYER_TENSORS];        /* slope, factor, ...: the kind's own business */
    int number[LAYER_NUMBERS];          /* kernels, strides, ...: as well */
    void *state;                        /* as well: made by prepare, freed by drop */
    int64_t scratch;                    /* floats it needs during a call; set by prepare */
    int kept;                           /* floats a row that forward keeps for backward */
    int stops;                          /* no gradient goes through */
    int learns;                         /* some tensor gets a gradient */
    int half;                           /* products in bfloat16, where the kind has any large */
    int shared;                         /* its tensors are those of an earlier layer */
};

/* What random numbers of a call are a function of. */
struct layer_draw {
    uint64_t seed;
    const int64_t *item; /* [B] global numbers of the rows; NULL: 0, 1, ... */
    int64_t step;
};

/* What one forward or backward works on; row b of x[i] begins at b * size of from[i]. */
struct layer_call {
    int B;        /* 0 on a rank without rows: kinds that sum over ranks are called all the same */
    int training; /* else evaluation */
    const float *x[LAYER_INPUTS];
    float *dx[LAYER_INPUTS]; /* NULL: not wanted */
    int add[LAYER_INPUTS];   /* dx holds other readers' share already */
    float *y;                /* [B, to]; backward only reads it */
    const float *dy;         /* [B, to] */
    float *keep;             /* [B, kept] */
    const float *params;     /* the whole flat buffer */
    float *grad;             /* the whole flat buffer, added to */
    float *fixed;            /* params again, for tensors that are fixed; NULL: not in training */
    float *scratch;          /* for this call alone */
    const struct reducer *reducer;
    const struct layer_draw *draw;
};

/* Where a layer is being built: for its sentences, sizes and tensors. */
struct layer_site {
    const char *file;
    const struct yaml *at; /* the layer's mapping */
    const struct layer_size *size;
    int sizes;
    const char *prefix; /* "encoder/0/3" */
    struct tensors *T;
    double width; /* of the file's channels: see layer_width() */
};

/* What backward does without: such values need not outlive forward, and what is cheap to do again
 * (a function of x and parameters alone, one pass) need not either. A kind that says nothing may
 * read everything. */
enum layer_spares { LAYER_SPARES_X = 1, LAYER_SPARES_Y = 2, LAYER_CHEAP = 4 };

struct layer_kind {
    const char *name;
    const char *keys; /* its own keys, between spaces: " units bias "; "" for none */
    int least, most;  /* inputs */
    /* from[] stands; sets to, tensors, options, kept. */
    int (*build)(struct layer *l, const struct layer_site *s, struct err *e);
    /* First values of the tensors; NULL when it has none. */
    void (*start)(const struct layer *l, const struct tensors *T, float *params, uint64_t seed);
    void (*forward)(const struct layer *l, const struct layer_call *c);
    void (*backward)(const struct layer *l, const struct layer_call *c);
    /* Multiplications and additions of one row's forward products with input i; NULL: none. */
    double (*flops)(const struct layer *l, int i);
    /* Make state and say how much scratch, before the first call; NULL: needs neither. */
    void (*prepare)(struct layer *l, int batch);
    void (*drop)(struct layer *l); /* free what prepare made, if it was called; NULL: nothing */
    int spares;                    /* enum layer_spares, together */
    int sums;                      /* it sums over ranks: called on every rank, with 0 rows too */
    const char *published[LAYER_TENSORS]; /* of its tensors (nn/published.h); NULL: none */
};

/* The kind of that name, or NULL. */
const struct layer_kind *layer_kind(const char *name);

/* All names, separated by spaces; into text[n]. */
void layer_kinds(char *text, size_t n);

/* --- for the kinds -------------------------------------------------------------------------- */

/* Key as a number > 0, or the name of a size; absent: an error. */
int layer_size(const struct layer_site *s, const char *key, int *out, struct err *e);

/* The same for channels inside a network, which `width` scales where the file gives a number above
 * 1 (to 1 or more); the name of a size stands for what it says. Absent: `preset`, or an error when
 * that is 0. */
int layer_width(const struct layer_site *s, const char *key, int preset, int *out, struct err *e);

/* Key as three numbers > 0 or names of sizes, a list (z, phi, r) or one for all three; absent:
 * `preset`, or an error when that is 0. */
int layer_triple(const struct layer_site *s, const char *key, int preset, int out[3],
                 struct err *e);

/* Entry i of a list as a number > 0 or the name of a size. */
int layer_entry(const struct layer_site *s, const struct yaml *list, int i, const char *key,
                int *out, struct err *e);

/* Key as an integer from least to most, or the name of a size, or `preset` when absent. */
int layer_int(const struct layer_site *s, const char *key, int preset, int least, int most,
              int *out, struct err *e);

/* Key as a real, or `preset` when absent. */
int layer_real(const struct layer_site *s, const char *key, double preset, double *out,
               struct err *e);

/* Key as one of the words (between spaces), its index into *out; the first one when absent. */
int layer_choice(const struct layer_site *s, const char *key, const char *words, int *out,
                 struct err *e);

/* Key as true or false, or `preset` when absent. */
int layer_flag(const struct layer_site *s, const char *key, int preset, int *out, struct err *e);

/* "file:line: ..." and -1. */
int layer_wrong(const struct layer_site *s, struct err *e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Add tensor "prefix/name" [n0] or, with n1 > 0, [n0, n1]. */
void layer_tensor(struct layer *l, const struct layer_site *s, const char *name, int64_t n0,
                  int64_t n1);

/* Add tensor "prefix/name" of so many dimensions. */
void layer_tensor_of(struct layer *l, const struct layer_site *s, const char *name, int dims,
                     const int64_t *n);

/* The same for one that is no parameter: it is saved, but gets no gradient. */
void layer_fixed(struct layer *l, const struct layer_site *s, const char *name, int64_t n);

/* "64 x 9 x 6 x 3", for sentences; into text[48], which is returned. */
const char *layer_shape(struct shape s, char text[48]);

/* Fill a tensor with one number. */
void layer_fill(const struct tensors *T, int tensor, float *params, double x);

/* y = x, and its backward: dx = dy, or added where another reader has written. */
void layer_copy(const struct layer *l, const struct layer_call *c);
void layer_copy_back(const struct layer *l, const struct layer_call *c);

/* Gradient of a bias of each channel, tensor `bias`: db += sum of dy over places and rows, row by
 * row first: a float sum over a batch would lose bits. sum [channels] is scratch. */
void layer_bias_back(const struct layer *l, const struct layer_call *c, int bias, float *sum);

/* Uniform in [-limit, limit], by (seed, the tensor's name, index): the same weights whatever stands
 * before it in the buffer. */
void layer_uniform(const struct tensors *T, int tensor, float *params, double limit, uint64_t seed);

/* Normal of mean 0 and this standard deviation, likewise. */
void layer_normal(const struct tensors *T, int tensor, float *params, double std, uint64_t seed);

extern const struct layer_kind layer_linear, layer_prelu, layer_leaky_relu, layer_relu, layer_silu,
    layer_gelu, layer_sigmoid, layer_tanh, layer_softplus, layer_norm, layer_normalise,
    layer_concat, layer_add, layer_multiply, layer_scale, layer_detach, layer_conv3d,
    layer_conv_transpose3d, layer_pad_cylinder, layer_fold_cylinder, layer_pad_zeros,
    layer_max_pool, layer_mean_pool, layer_batch_norm, layer_group_norm, layer_softmax,
    layer_linear_attention, layer_slice, layer_reshape, layer_broadcast, layer_bias, layer_dropout,
    layer_sinusoids, layer_latent_encoding, layer_voxel_encoding, layer_attention, layer_up_sample,
    layer_gain, layer_noise, layer_transpose;

#endif
