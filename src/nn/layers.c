#include "nn/layers.h"

#include "base/rng.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct layer_kind *const kinds[] = {
    &layer_linear,
    &layer_conv3d,
    &layer_conv_transpose3d,
    &layer_linear_attention,
    &layer_attention,
    &layer_pad_cylinder,
    &layer_fold_cylinder,
    &layer_pad_zeros,
    &layer_max_pool,
    &layer_mean_pool,
    &layer_up_sample,
    &layer_batch_norm,
    &layer_group_norm,
    &layer_norm,
    &layer_normalise,
    &layer_bias,
    &layer_prelu,
    &layer_leaky_relu,
    &layer_relu,
    &layer_silu,
    &layer_gelu,
    &layer_sigmoid,
    &layer_tanh,
    &layer_softplus,
    &layer_softmax,
    &layer_scale,
    &layer_gain,
    &layer_dropout,
    &layer_noise,
    &layer_concat,
    &layer_slice,
    &layer_reshape,
    &layer_transpose,
    &layer_broadcast,
    &layer_add,
    &layer_multiply,
    &layer_detach,
    &layer_sinusoids,
    &layer_latent_encoding,
    &layer_voxel_encoding,
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

const struct layer_kind *layer_kind(const char *name)
{
    for (int i = 0; i < KINDS; i++)
        if (strcmp(kinds[i]->name, name) == 0) return kinds[i];
    return NULL;
}

void layer_kinds(char *text, size_t n)
{
    size_t at = 0;

    for (int i = 0; i < KINDS && at < n; i++)
        at += (size_t)snprintf(text + at, n - at, "%s%s", i > 0 ? " " : "", kinds[i]->name);
}

int layer_wrong(const struct layer_site *s, struct err *e, const char *format, ...)
{
    char text[ERR_TEXT / 2];
    va_list a;

    va_start(a, format);
    vsnprintf(text, sizeof text, format, a);
    va_end(a);
    return err_set(e, "%s:%d: %s", s->file, s->at->line, text);
}

/* "voxels (6480), logits (64)" */
static void list_sizes(const struct layer_site *s, char *text, size_t n)
{
    size_t at = 0;

    text[0] = '\0';
    for (int i = 0; i < s->sizes && at < n; i++)
        at += (size_t)snprintf(text + at, n - at, "%s%s (%d)", i > 0 ? ", " : "", s->size[i].name,
                               s->size[i].n);
}

/* A name of a size, of two of one name the inner one, added last; -1: none. */
static int size_named(const struct layer_site *s, const char *name, size_t length)
{
    for (int i = s->sizes - 1; i >= 0; i--)
        if (strlen(s->size[i].name) == length && strncmp(s->size[i].name, name, length) == 0)
            return s->size[i].n;
    return -1;
}

/* "p0 + p1": the sum of such names, or -1. */
static int64_t sum_of(const struct layer_site *s, const char *text)
{
    int64_t sum = 0;

    for (;;) {
        size_t length = strcspn(text, " +");
        int n = size_named(s, text, length);
        if (n < 0) return -1;
        sum += n;
        text += length;
        text += strspn(text, " ");
        if (*text == '\0') return sum;
        if (*text++ != '+') return -1;
        text += strspn(text, " ");
    }
}

/* A number from least to most, or the name of a size, or a sum of such names. */
static int number(const struct layer_site *s, const struct yaml *y, const char *key, int least,
                  int most, int *out, struct err *e)
{
    struct err ignored = { "" };
    char names[256];
    int64_t n = y->kind == YAML_SCALAR ? sum_of(s, y->text) : -1;

    *out = (int)n;
    if (n >= 0 && n <= 1 << 24) return 0;
    if (yaml_int(y, s->file, &n, &ignored) == 0 && n >= least && n <= most) {
        *out = (int)n;
        return 0;
    }
    list_sizes(s, names, sizeof names);
    return layer_wrong(s, e, "%s: '%s': expected a number from %d to %d or one of %s", key,
                       y->kind == YAML_SCALAR ? y->text : "a list or mapping", least, most, names);
}

int layer_size(const struct layer_site *s, const char *key, int *out, struct err *e)
{
    const struct yaml *y = yaml_get(s->at, key);

    if (y == NULL) return layer_wrong(s, e, "this layer needs '%s', a number", key);
    return number(s, y, key, 1, 1 << 24, out, e);
}

int layer_width(const struct layer_site *s, const char *key, int preset, int *out, struct err *e)
{
    const struct yaml *y = yaml_get(s->at, key);

    *out = preset;
    if ((y != NULL || preset == 0) && layer_size(s, key, out, e)) return -1;
    if (y != NULL && sum_of(s, y->text) >= 0) return 0;
    *out = *out > 1 ? (int)(*out * s->width + 0.5) : *out;
    if (*out < 1) *out = 1;
    return 0;
}

int layer_entry(const struct layer_site *s, const struct yaml *list, int i, const char *key,
                int *out, struct err *e)
{
    return number(s, &list->entry[i], key, 1, 1 << 24, out, e);
}

int layer_int(const struct layer_site *s, const char *key, int preset, int least, int most,
              int *out, struct err *e)
{
    const struct yaml *y = yaml_get(s->at, key);

    *out = preset;
    return y == NULL ? 0 : number(s, y, key, least, most, out, e);
}

int layer_triple(const struct layer_site *s, const char *key, int preset, int out[3], struct err *e)
{
    const struct yaml *y = yaml_get(s->at, key);

    out[0] = out[1] = out[2] = preset;
    if (y == NULL && preset > 0) return 0;
    if (y == NULL || (y->kind == YAML_LIST && y->n != 3))
        return layer_wrong(s, e, "this layer needs '%s', three numbers for z, phi and r", key);
    for (int d = 0; d < 3; d++)
        if (number(s, y->kind == YAML_LIST ? &y->entry[d] : y, key, 1, 4096, &out[d], e)) return -1;
    return 0;
}

int layer_real(const struct layer_site *s, const char *key, double preset, double *out,
               struct err *e)
{
    const struct yaml *y = yaml_get(s->at, key);

    *out = preset;
    return y == NULL ? 0 : yaml_real(y, s->file, out, e);
}

int layer_flag(const struct layer_site *s, const char *key, int preset, int *out, struct err *e)
{
    const struct yaml *y = yaml_get(s->at, key);

    *out = preset;
    return y == NULL ? 0 : yaml_flag(y, s->file, out, e);
}

/* Which word of `words` (" a b c ") is it? -1: none. */
static int word_of(const char *words, const char *word)
{
    size_t length = strlen(word);
    int i = 0;

    for (const char *w = words + 1; *w != '\0' && length > 0; w = strchr(w, ' ') + 1, i++)
        if (strncmp(w, word, length) == 0 && w[length] == ' ') return i;
    return -1;
}

int layer_choice(const struct layer_site *s, const char *key, const char *words, int *out,
                 struct err *e)
{
    const struct yaml *y = yaml_get(s->at, key);

    *out = 0;
    if (y == NULL) return 0;
    *out = y->kind == YAML_SCALAR ? word_of(words, y->text) : -1;
    if (*out >= 0) return 0;
    return layer_wrong(s, e, "%s: '%s': expected one of%s", key,
                       y->kind == YAML_SCALAR ? y->text : "a list or mapping", words);
}

void layer_tensor_of(struct layer *l, const struct layer_site *s, const char *name, int dims,
                     const int64_t *n)
{
    char full[TENSOR_NAME];

    if (l->tensors == LAYER_TENSORS) die("layer '%s' has too many tensors", s->prefix);
    if (snprintf(full, sizeof full, "%s/%s", s->prefix, name) >= (int)sizeof full)
        die("tensor name '%s/%s' is too long", s->prefix, name);
    int i = tensors_add(s->T, full, dims, n);
    l->tensor[l->tensors] = i;
    l->at[l->tensors] = s->T->t[i].first;
    l->tensors++;
    l->learns = 1;
}

void layer_tensor(struct layer *l, const struct layer_site *s, const char *name, int64_t n0,
                  int64_t n1)
{
    layer_tensor_of(l, s, name, n1 > 0 ? 2 : 1, (const int64_t[]){ n0, n1 });
}

void layer_fixed(struct layer *l, const struct layer_site *s, const char *name, int64_t n)
{
    int learns = l->learns;

    layer_tensor(l, s, name, n, 0);
    tensors_fix(s->T, l->tensor[l->tensors - 1]);
    l->learns = learns;
}

const char *layer_shape(struct shape s, char text[48])
{
    snprintf(text, 48, "%d x %d x %d x %d", s.c, s.d, s.h, s.w);
    return text;
}

void layer_fill(const struct tensors *T, int tensor, float *params, double x)
{
    const struct tensor *t = &T->t[tensor];

    for (int64_t i = 0; i < t->count; i++) params[t->first + i] = (float)x;
}

/* FNV-1a of the name, folded to the 44 bits of an item number. */
static int64_t name_item(const char *name)
{
    uint64_t h = 14695981039346656037u;

    for (; *name != '\0'; name++) h = (h ^ (unsigned char)*name) * 1099511628211u;
    return (int64_t)((h ^ h >> 44) & (((uint64_t)1 << 44) - 1));
}

void layer_uniform(const struct tensors *T, int tensor, float *params, double limit, uint64_t seed)
{
    const struct tensor *t = &T->t[tensor];
    struct rng r = rng_at(seed, RNG_INIT, name_item(t->name), 0);

    for (int64_t i = 0; i < t->count; i++)
        params[t->first + i] = (float)(limit * (2.0 * (double)rng_float(&r) - 1.0));
}

void layer_normal(const struct tensors *T, int tensor, float *params, double std, uint64_t seed)
{
    const struct tensor *t = &T->t[tensor];
    struct rng r = rng_at(seed, RNG_INIT, name_item(t->name), 0);

    for (int64_t i = 0; i < t->count; i++) params[t->first + i] = (float)(std * rng_normal(&r));
}

void layer_bias_back(const struct layer *l, const struct layer_call *c, int bias, float *sum)
{
    float *restrict db = c->grad + l->at[bias], *restrict one = sum;
    size_t C = (size_t)l->to.c, row = (size_t)shape_size(l->to);

    for (size_t b = 0; b < (size_t)c->B; b++) {
        memset(one, 0, C * sizeof *one);
        for (size_t at = b * row; at < (b + 1) * row; at += C)
            for (size_t k = 0; k < C; k++) one[k] += c->dy[at + k];
        for (size_t k = 0; k < C; k++) db[k] += one[k];
    }
}
