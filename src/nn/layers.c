#include "nn/layers.h"

#include "base/rng.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct layer_kind *const kinds[] = {
    &layer_linear,   &layer_prelu, &layer_leaky_relu, &layer_relu,   &layer_silu,   &layer_gelu,
    &layer_sigmoid,  &layer_tanh,  &layer_softplus,   &layer_norm,   &layer_concat, &layer_add,
    &layer_multiply, &layer_scale, &layer_normalise,  &layer_detach,
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

int layer_size(const struct layer_site *s, const char *key, int *out, struct err *e)
{
    const struct yaml *y = yaml_get(s->at, key);
    char names[256];
    int64_t n;

    if (y == NULL) return layer_wrong(s, e, "this layer needs '%s', a number", key);
    if (y->kind == YAML_SCALAR) {
        for (int i = 0; i < s->sizes; i++) {
            if (strcmp(s->size[i].name, y->text) != 0) continue;
            *out = s->size[i].n;
            return 0;
        }
    }
    struct err ignored = { "" };
    if (yaml_int(y, s->file, &n, &ignored) == 0 && n >= 1 && n <= 1 << 24) {
        *out = (int)n;
        return 0;
    }
    list_sizes(s, names, sizeof names);
    return layer_wrong(s, e, "%s: '%s': expected a number from 1 to 16777216 or one of %s", key,
                       y->kind == YAML_SCALAR ? y->text : "a list or mapping", names);
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

void layer_tensor(struct layer *l, const struct layer_site *s, const char *name, int64_t n0,
                  int64_t n1)
{
    char full[TENSOR_NAME];
    int64_t n[2] = { n0, n1 };

    if (l->tensors == LAYER_TENSORS) die("layer '%s' has too many tensors", s->prefix);
    if (snprintf(full, sizeof full, "%s/%s", s->prefix, name) >= (int)sizeof full)
        die("tensor name '%s/%s' is too long", s->prefix, name);
    int i = tensors_add(s->T, full, n1 > 0 ? 2 : 1, n);
    l->tensor[l->tensors] = i;
    l->at[l->tensors] = s->T->t[i].first;
    l->tensors++;
    l->learns = 1;
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
