#include "nn/graph.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What a graph is being built from. */
struct plan {
    struct graph *g;
    const char *file;
    const struct graph_wish *wish;
    struct tensors *T;
    int room; /* layers there is memory for */
};

static int find(const struct graph *g, const char *name)
{
    for (int v = g->values - 1; v >= 0; v--)
        if (strcmp(g->value[v].name, name) == 0) return v;
    return -1;
}

static int not_there(const struct plan *p, const struct yaml *y, const char *name, struct err *e)
{
    char names[256] = "";
    size_t at = 0;

    for (int v = 0; v < p->g->values && at < sizeof names; v++)
        if (p->g->value[v].name[0] != '\0')
            at += (size_t)snprintf(names + at, sizeof names - at, " %s", p->g->value[v].name);
    return err_set(e, "%s:%d: no input or earlier layer named '%s'; there are:%s", p->file, y->line,
                   name, names);
}

/* The values named by `input`, `concat` or `inputs`; without them the value made last. */
static int read_inputs(const struct plan *p, const struct yaml *y, int in[LAYER_INPUTS], int *ins,
                       struct err *e)
{
    const char *keys[] = { "input", "concat", "inputs" };
    const struct yaml *given = NULL;

    for (int k = 0; k < 3; k++) {
        const struct yaml *x = yaml_get(y, keys[k]);
        if (x == NULL) continue;
        if (given != NULL)
            return err_set(e, "%s:%d: a layer has one of input, concat and inputs", p->file,
                           x->line);
        if (x->kind != (k == 0 ? YAML_SCALAR : YAML_LIST) || (k > 0 && x->n > LAYER_INPUTS) ||
            (k > 0 && x->n < 1))
            return err_set(e, "%s:%d: %s: expected %s", p->file, x->line, keys[k],
                           k == 0 ? "a name" : "a list of 1 to 8 names");
        given = x;
    }
    *ins = 1;
    in[0] = p->g->layers > 0 ? p->g->values - 1 : 0;
    if (given == NULL) return 0;
    *ins = given->kind == YAML_LIST ? given->n : 1;
    for (int i = 0; i < *ins; i++) {
        const struct yaml *name = given->kind == YAML_LIST ? &given->entry[i] : given;
        if (name->kind != YAML_SCALAR)
            return err_set(e, "%s:%d: expected a name", p->file, name->line);
        in[i] = find(p->g, name->text);
        if (in[i] < 0) return not_there(p, name, name->text, e);
    }
    return 0;
}

/* A name for later layers: new, and short enough. */
static int read_name(const struct plan *p, const struct yaml *y, const char *key,
                     char out[LAYER_NAME], struct err *e)
{
    const struct yaml *x = yaml_get(y, key);

    out[0] = '\0';
    if (x == NULL) return 0;
    if (x->kind != YAML_SCALAR || x->text[0] == '\0' || strlen(x->text) >= LAYER_NAME)
        return err_set(e, "%s:%d: %s: expected a text of 1 to %d bytes", p->file, x->line, key,
                       LAYER_NAME - 1);
    if (strcmp(key, "name") == 0 && find(p->g, x->text) >= 0)
        return err_set(e, "%s:%d: the name '%s' is taken", p->file, x->line, x->text);
    memcpy(out, x->text, strlen(x->text) + 1);
    return 0;
}

/* Every key must be one that all layers have, or one of the kind's own. */
static int check_keys(const struct plan *p, const struct yaml *y, const struct layer_kind *kind,
                      struct err *e)
{
    char word[64];

    for (int i = 0; i < y->n; i++) {
        snprintf(word, sizeof word, " %.60s ", y->key[i]);
        if (strstr(" name kind input concat inputs data ", word) == NULL &&
            strstr(kind->keys, word) == NULL)
            return err_set(
                e,
                "%s:%d: a layer of kind '%s' has no key '%s'; its keys are name kind input "
                "concat inputs data%s",
                p->file, y->key_line[i], kind->name, y->key[i], kind->keys);
    }
    return 0;
}

static const struct layer_kind *read_kind(const struct plan *p, const struct yaml *y, struct err *e)
{
    const struct yaml *k = y->kind == YAML_MAP ? yaml_get(y, "kind") : NULL;
    char names[512];

    if (k == NULL || k->kind != YAML_SCALAR) {
        err_set(e, "%s:%d: expected a layer, a mapping with 'kind: NAME'", p->file, y->line);
        return NULL;
    }
    const struct layer_kind *kind = layer_kind(k->text);
    if (kind == NULL) {
        layer_kinds(names, sizeof names);
        err_set(e, "%s:%d: unknown layer kind '%s'; expected one of %s", p->file, k->line, k->text,
                names);
    }
    return kind;
}

/* Append a layer whose kind, name, line and inputs stand in `l`; infer its shape. */
static int append(struct plan *p, struct layer *l, const struct yaml *y, const char *prefix,
                  struct err *e)
{
    struct graph *g = p->g;
    struct layer_site site = { .file = p->file,
                               .at = y,
                               .size = p->wish->size,
                               .sizes = p->wish->sizes,
                               .prefix = prefix,
                               .T = p->T };

    if (g->layers == p->room) {
        p->room = 2 * p->room + 8;
        g->layer = mem_grow(g->layer, p->room, sizeof *g->layer);
        g->value = mem_grow(g->value, g->inputs + p->room, sizeof *g->value);
    }
    for (int i = 0; i < l->ins; i++) l->from[i] = g->value[l->in[i]].shape;
    if (l->kind->build(l, &site, e)) return -1;

    struct graph_value *v = &g->value[g->values];
    *v = (struct graph_value){ .shape = l->to, .gradient = l->learns, .first = -1, .last = -1 };
    memcpy(v->name, l->name, sizeof v->name);
    for (int i = 0; i < l->ins; i++) {
        struct graph_value *from = &g->value[l->in[i]];
        v->gradient |= from->gradient && !l->stops;
        if (from->first < 0) from->first = g->layers;
        from->last = g->layers;
    }
    l->out = g->values++;
    g->layer[g->layers++] = *l;
    return 0;
}

static int add_layer(struct plan *p, const struct yaml *y, int number, struct err *e)
{
    struct layer l = { .line = y->line };
    char prefix[2 * LAYER_NAME];

    l.kind = read_kind(p, y, e);
    if (l.kind == NULL || check_keys(p, y, l.kind, e) || read_name(p, y, "name", l.name, e) ||
        read_name(p, y, "data", l.data, e) || read_inputs(p, y, l.in, &l.ins, e))
        return -1;
    if (l.data[0] != '\0' && l.kind != &layer_linear && l.kind != &layer_normalise)
        return err_set(e, "%s:%d: data: only linear and normalise can start from data", p->file,
                       y->line);
    if (snprintf(prefix, sizeof prefix, "%s/%d", p->wish->prefix, number) >= (int)sizeof prefix)
        die("the prefix '%s' is too long", p->wish->prefix);
    if (l.kind->most == 1 && yaml_get(y, "concat") != NULL) {
        struct layer join = { .kind = &layer_concat, .line = y->line, .ins = l.ins };
        memcpy(join.in, l.in, sizeof join.in);
        if (append(p, &join, y, prefix, e)) return -1;
        l.ins = 1;
        l.in[0] = join.out;
    }
    if (l.ins < l.kind->least || l.ins > l.kind->most)
        return err_set(e, "%s:%d: a layer of kind '%s' takes %d to %d inputs, not %d", p->file,
                       y->line, l.kind->name, l.kind->least, l.kind->most, l.ins);
    return append(p, &l, y, prefix, e);
}

/* Outputs are there, and every layer is of use. */
static int find_outputs(struct plan *p, const struct yaml *list, struct err *e)
{
    struct graph *g = p->g;

    for (int i = 0; i < p->wish->outputs; i++) {
        int v = find(g, p->wish->output[i]);
        if (v < g->inputs)
            return err_set(e, "%s:%d: %s: no layer is named '%s'", p->file, list->line,
                           p->wish->prefix, p->wish->output[i]);
        g->value[v].wanted = 1;
        g->output[g->outputs++] = v;
    }
    for (int v = 0; v < g->values; v++) {
        if (g->value[v].last >= 0 || g->value[v].wanted || v < g->inputs) continue;
        return err_set(e, "%s:%d: nothing reads this layer, and it is no output", p->file,
                       g->layer[v - g->inputs].line);
    }
    return 0;
}

/* A value's gradient lives from its last reader (an output's: from the caller) down to its maker.
 * Gradients whose lives meet may not share memory: first fit. Returns floats a row. */
static int64_t place_gradients(struct graph *g)
{
    int64_t total = 0;

    for (int v = g->inputs; v < g->values; v++) {
        struct graph_value *a = &g->value[v];
        int born = a->wanted ? g->layers : a->last;
        int64_t size = shape_size(a->shape), at = 0;
        for (int again = a->gradient; again;) {
            again = 0;
            for (int w = g->inputs; w < v; w++) {
                const struct graph_value *b = &g->value[w];
                int other = b->wanted ? g->layers : b->last;
                int64_t end = b->dx_place + shape_size(b->shape);
                if (!b->gradient || other < v - g->inputs || born < w - g->inputs) continue;
                if (at >= end || b->dx_place >= at + size) continue;
                at = end;
                again = 1;
            }
        }
        a->dx_place = at;
        if (a->gradient && at + size > total) total = at + size;
    }
    return total;
}

static void take_memory(struct graph *g)
{
    int64_t rows = 0, gradients = place_gradients(g);

    for (int i = 0; i < g->layers; i++) rows += shape_size(g->layer[i].to) + g->layer[i].kept;
    g->memory = mem_take(g->batch * (rows + gradients), sizeof *g->memory);
    g->keep = mem_take(g->layers, sizeof *g->keep);
    g->seen = mem_take(g->values, sizeof *g->seen);
    float *at = g->memory + g->batch * gradients;
    for (int i = 0; i < g->layers; i++) {
        struct graph_value *v = &g->value[g->layer[i].out];
        v->x = v->y = at;
        at += (int64_t)g->batch * shape_size(v->shape);
        g->keep[i] = at;
        at += (int64_t)g->batch * g->layer[i].kept;
        if (v->gradient) v->dx = g->memory + g->batch * v->dx_place;
    }
}

int graph_init(struct graph *g, const struct yaml *list, const char *file,
               const struct graph_wish *w, struct tensors *T, struct err *e)
{
    struct plan p = { .g = g, .file = file, .wish = w, .T = T };

    *g = (struct graph){ .inputs = w->inputs, .values = w->inputs, .batch = w->batch };
    if (w->outputs > LAYER_INPUTS) die("a graph of %d outputs", w->outputs);
    if (list == NULL || list->kind != YAML_LIST || list->n == 0)
        return err_set(e, "%s:%d: %s: expected a list of layers", file,
                       list != NULL ? list->line : 1, w->prefix);
    g->value = mem_take(g->inputs, sizeof *g->value);
    for (int i = 0; i < g->inputs; i++) {
        struct graph_value *v = &g->value[i];
        *v = (struct graph_value){
            .shape = w->input[i].shape, .gradient = w->input[i].gradient, .first = -1, .last = -1
        };
        snprintf(v->name, sizeof v->name, "%s", w->input[i].name);
    }
    int wrong = 0;
    for (int i = 0; i < list->n && !wrong; i++) wrong = add_layer(&p, &list->entry[i], i, e);
    if (wrong || find_outputs(&p, list, e)) {
        graph_free(g);
        return -1;
    }
    take_memory(g);
    return 0;
}

void graph_free(struct graph *g)
{
    mem_free(g->value);
    mem_free(g->layer);
    mem_free(g->seen);
    mem_free(g->keep);
    mem_free(g->memory);
    *g = (struct graph){ 0 };
}

void graph_start(const struct graph *g, const struct tensors *T, float *params, uint64_t seed)
{
    for (int i = 0; i < g->layers; i++)
        if (g->layer[i].kind->start != NULL) g->layer[i].kind->start(&g->layer[i], T, params, seed);
}

int graph_data(const struct graph *g, float *params, const char *name, const float *shift,
               const float *scale, int n)
{
    int set = 0;

    for (int i = 0; i < g->layers; i++) {
        const struct layer *l = &g->layer[i];
        if (l->data[0] == '\0' || strcmp(l->data, name) != 0) continue;
        if (shape_size(l->to) != n)
            die("data '%s' has %d numbers, the layer %d", name, n, shape_size(l->to));
        int norm = l->kind == &layer_normalise;
        memcpy(params + l->at[norm ? 0 : 1], shift, (size_t)n * sizeof(float));
        if (norm && scale != NULL) memcpy(params + l->at[1], scale, (size_t)n * sizeof(float));
        set++;
    }
    return set;
}
