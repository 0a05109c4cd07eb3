#include "nn/graph.h"

#include "base/mem.h"
#include "nn/published.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What a graph is being built from. */
struct plan {
    struct graph *g;
    const char *file;
    const struct graph_wish *wish;
    struct tensors *T;
    int room;                /* layers there is memory for */
    int last;                /* value that a layer without inputs reads */
    struct scope *scope;     /* of the block at hand; NULL: outside blocks */
    const char *prefix;      /* of tensors here */
    const char *published;   /* path of the module around; NULL: a block without one */
    struct layer_size *size; /* [sizes], those of the wish and of the blocks around */
    int sizes;
};

enum { SIZES = 512, DEPTH = 8 };

/* A block being expanded: the names in it begin with its own. */
struct scope {
    struct scope *outer;
    char name[LAYER_NAME]; /* "first.", "first.inner.", "@12." without a name: nobody else's */
    int input, begin;      /* what it reads; the first value made in it */
};

static int find(const struct graph *g, const char *name)
{
    for (int v = g->values - 1; v >= 0; v--)
        if (strcmp(g->value[v].name, name) == 0) return v;
    return -1;
}

/* The block's own name first, then those around it. */
static int look_up(const struct plan *p, const char *name)
{
    char full[2 * LAYER_NAME];

    for (const struct scope *s = p->scope; s != NULL; s = s->outer) {
        if (strcmp(name, "input") == 0) return s->input;
        snprintf(full, sizeof full, "%s%s", s->name, name);
        int v = find(p->g, full);
        if (v >= s->begin) return v;
    }
    return find(p->g, name);
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
    in[0] = p->last;
    if (given == NULL) return 0;
    *ins = given->kind == YAML_LIST ? given->n : 1;
    for (int i = 0; i < *ins; i++) {
        const struct yaml *name = given->kind == YAML_LIST ? &given->entry[i] : given;
        if (name->kind != YAML_SCALAR)
            return err_set(e, "%s:%d: expected a name", p->file, name->line);
        in[i] = look_up(p, name->text);
        if (in[i] < 0) return not_there(p, name, name->text, e);
    }
    return 0;
}

/* A text of a layer, "" without the key. A name is new, short enough, and begins with that of the
 * block around. */
static int read_name(const struct plan *p, const struct yaml *y, const char *key,
                     char out[LAYER_NAME], struct err *e)
{
    const struct yaml *x = yaml_get(y, key);
    int is_name = strcmp(key, "name") == 0;
    const char *before = is_name && p->scope != NULL ? p->scope->name : "";

    out[0] = '\0';
    if (x == NULL) return 0;
    if (x->kind != YAML_SCALAR || x->text[0] == '\0' ||
        strlen(before) + strlen(x->text) >= LAYER_NAME)
        return err_set(e, "%s:%d: %s: expected a text of 1 to %d bytes", p->file, x->line, key,
                       (int)(LAYER_NAME - 1 - strlen(before)));
    memcpy(out, before, strlen(before) + 1);
    memcpy(out + strlen(before), x->text, strlen(x->text) + 1);
    if (is_name && find(p->g, out) >= 0)
        return err_set(e, "%s:%d: the name '%s' is taken", p->file, x->line, out);
    return 0;
}

/* Every key must be one that all layers have, or one of the kind's own. */
static int check_keys(const struct plan *p, const struct yaml *y, const struct layer_kind *kind,
                      struct err *e)
{
    char word[64];

    for (int i = 0; i < y->n; i++) {
        snprintf(word, sizeof word, " %.60s ", y->key[i]);
        if (strstr(" name kind input concat inputs data weights torch ", word) == NULL &&
            strstr(kind->keys, word) == NULL)
            return err_set(
                e,
                "%s:%d: a layer of kind '%s' has no key '%s'; its keys are name kind input "
                "concat inputs data weights torch%s",
                p->file, y->key_line[i], kind->name, y->key[i], kind->keys);
    }
    return 0;
}

static const struct layer_kind *read_kind(const struct plan *p, const struct yaml *y, struct err *e)
{
    const struct yaml *k = y->kind == YAML_MAP ? yaml_get(y, "kind") : NULL;
    char names[640];

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

static struct layer_site site_of(const struct plan *p, const struct yaml *at, const char *prefix)
{
    double width = p->wish->width > 0.0 ? p->wish->width : 1.0;

    return (struct layer_site){ p->file, at, p->size, p->sizes, prefix, p->T, width };
}

/* Build a layer on the tensors of the earlier one that `weights` names: in a table of its own
 * first, which must come out the same. */
static int build_shared(const struct plan *p, struct layer *l, struct layer_site *s, struct err *e)
{
    const struct yaml *name = yaml_get(s->at, "weights");
    int v = name->kind == YAML_SCALAR ? look_up(p, name->text) : -1;
    const struct layer *from = v < p->g->inputs ? NULL : &p->g->layer[v - p->g->inputs];
    struct tensors own = { 0 };

    if (from == NULL || from->kind != l->kind)
        return err_set(e, "%s:%d: weights: expected the name of an earlier layer of kind '%s'",
                       p->file, name->line, l->kind->name);
    s->T = &own;
    int bad = l->kind->build(l, s, e);
    for (int i = 0; !bad && i < l->tensors; i++) {
        const struct tensor *mine = &own.t[i], *its = &p->T->t[from->tensor[i]];
        if (l->tensors != from->tensors || mine->dims != its->dims ||
            memcmp(mine->n, its->n, sizeof its->n) != 0)
            bad = layer_wrong(s, e, "%s: its weights would not have the shapes of those of '%s'",
                              l->kind->name, name->text);
    }
    tensors_free(&own);
    memcpy(l->tensor, from->tensor, sizeof l->tensor);
    memcpy(l->at, from->at, sizeof l->at);
    l->shared = 1;
    return bad;
}

/* Append a layer whose kind, name, line and inputs stand in `l`; infer its shape. */
static int append(struct plan *p, struct layer *l, const struct yaml *y, const char *prefix,
                  struct err *e)
{
    struct graph *g = p->g;
    struct layer_site site = site_of(p, y, prefix);

    if (g->layers == p->room) {
        p->room = 2 * p->room + 8;
        g->layer = mem_grow(g->layer, p->room, sizeof *g->layer);
        g->value = mem_grow(g->value, g->inputs + p->room, sizeof *g->value);
    }
    for (int i = 0; i < l->ins; i++) l->from[i] = g->value[l->in[i]].shape;
    if (yaml_get(y, "weights") == NULL ? l->kind->build(l, &site, e) : build_shared(p, l, &site, e))
        return -1;
    if (l->name[0] != '\0' && yaml_get(y, "name") != NULL && p->sizes < SIZES)
        p->size[p->sizes++] = (struct layer_size){ yaml_get(y, "name")->text, shape_size(l->to) };

    struct graph_value *v = &g->value[g->values];
    *v = (struct graph_value){ .shape = l->to, .gradient = l->learns, .last = -1 };
    memcpy(v->name, l->name, sizeof v->name);
    for (int i = 0; i < l->ins; i++) {
        struct graph_value *from = &g->value[l->in[i]];
        v->gradient |= from->gradient && !l->stops;
        from->last = g->layers;
    }
    l->out = p->last = g->values++;
    g->sums |= l->kind->sums;
    g->layer[g->layers++] = *l;
    return 0;
}

static int add_list(struct plan *p, const struct yaml *list, struct err *e);

/* A join of what is named, for kinds of one input; then that is the input. */
static int join(struct plan *p, const struct yaml *y, int in[LAYER_INPUTS], int *ins,
                const char *prefix, struct err *e)
{
    struct layer l = { .kind = &layer_concat, .line = y->line, .ins = *ins };

    memcpy(l.in, in, sizeof l.in);
    if (append(p, &l, y, prefix, e)) return -1;
    *ins = 1;
    in[0] = l.out;
    return 0;
}

/* `with: {name: number or size}` in addition to the sizes there are. */
static int read_with(struct plan *p, const struct yaml *y, struct err *e)
{
    const struct yaml *with = yaml_get(y, "with");
    struct layer_site site = site_of(p, with, "");

    if (with == NULL) return 0;
    if (with->kind != YAML_MAP)
        return err_set(e, "%s:%d: with: expected {name: number}", p->file, with->line);
    for (int i = 0; i < with->n; i++) {
        if (p->sizes == SIZES)
            return err_set(e, "%s:%d: more than %d sizes", p->file, with->line, SIZES);
        struct layer_size *s = &p->size[p->sizes];
        if (layer_entry(&site, with, i, with->key[i], &s->n, e)) return -1;
        s->name = with->key[i];
        p->sizes++;
    }
    return 0;
}

/* The list that a `block: NAME` stands for. */
static const struct yaml *find_block(const struct plan *p, const struct yaml *y, struct err *e)
{
    const struct yaml *name = yaml_get(y, "block"), *blocks = p->wish->blocks;
    const struct yaml *list = NULL;
    int depth = 0;

    for (const struct scope *s = p->scope; s != NULL; s = s->outer) depth++;
    if (name->kind == YAML_SCALAR && blocks != NULL && blocks->kind == YAML_MAP)
        list = yaml_get(blocks, name->text);
    if (list == NULL)
        err_set(e, "%s:%d: the file has no block '%s'", p->file, name->line,
                name->kind == YAML_SCALAR ? name->text : "");
    else if (depth >= DEPTH)
        err_set(e, "%s:%d: blocks more than %d deep", p->file, name->line, DEPTH);
    for (int i = 0; i < y->n; i++)
        if (strcmp(y->key[i], "block") != 0 && strcmp(y->key[i], "name") != 0 &&
            strcmp(y->key[i], "input") != 0 && strcmp(y->key[i], "concat") != 0 &&
            strcmp(y->key[i], "with") != 0 && strcmp(y->key[i], "torch") != 0)
            err_set(
                e,
                "%s:%d: a block has no key '%s'; its keys are block name input concat with torch",
                p->file, y->key_line[i], y->key[i]);
    return err_is(e) ? NULL : list;
}

static int add_block(struct plan *p, const struct yaml *y, const char *prefix, struct err *e)
{
    const struct yaml *list = find_block(p, y, e);
    struct scope s = { .outer = p->scope };
    char name[LAYER_NAME], path[PUBLISHED_PATH];
    int in[LAYER_INPUTS], ins, sizes = p->sizes;
    const char *outer = p->prefix, *around = p->published;

    if (list == NULL || read_name(p, y, "name", name, e) || read_inputs(p, y, in, &ins, e) ||
        published_path(path, around, y, p->file, e))
        return -1;
    if (yaml_get(y, "concat") != NULL && join(p, y, in, &ins, prefix, e)) return -1;
    if (name[0] != '\0' && strlen(name) + 1 >= LAYER_NAME)
        return err_set(e, "%s:%d: the name '%s' is too long", p->file, y->line, name);
    if (name[0] != '\0') snprintf(s.name, sizeof s.name, "%.30s.", name);
    if (name[0] == '\0') snprintf(s.name, sizeof s.name, "@%d.", p->g->values);
    s.input = p->last = in[0];
    s.begin = p->g->values;
    p->scope = &s;
    p->prefix = prefix;
    p->published = path[0] != '\0' ? path : NULL;
    int wrong = read_with(p, y, e) || add_list(p, list, e);
    p->scope = s.outer;
    p->prefix = outer;
    p->published = around;
    p->sizes = sizes;
    if (!wrong && name[0] != '\0' && p->g->value[p->last].name[0] == '\0')
        memcpy(p->g->value[p->last].name, name, sizeof name);
    return wrong ? -1 : 0;
}

static int add_layer(struct plan *p, const struct yaml *y, const char *prefix, struct err *e)
{
    struct layer l = { .line = y->line };

    l.kind = read_kind(p, y, e);
    if (l.kind == NULL || check_keys(p, y, l.kind, e) || read_name(p, y, "name", l.name, e) ||
        read_name(p, y, "data", l.data, e) || read_inputs(p, y, l.in, &l.ins, e))
        return -1;
    if (l.data[0] != '\0' && l.kind != &layer_linear && l.kind != &layer_normalise &&
        l.kind != &layer_bias)
        return err_set(e, "%s:%d: data: only linear, normalise and bias can start from data",
                       p->file, y->line);
    if (l.kind->most == 1 && yaml_get(y, "concat") != NULL && join(p, y, l.in, &l.ins, prefix, e))
        return -1;
    if (l.ins < l.kind->least || l.ins > l.kind->most)
        return err_set(e, "%s:%d: a layer of kind '%s' takes %d to %d inputs, not %d", p->file,
                       y->line, l.kind->name, l.kind->least, l.kind->most, l.ins);
    char path[PUBLISHED_PATH];
    if (published_path(path, p->published, y, p->file, e) || append(p, &l, y, prefix, e)) return -1;
    return published_name(&p->g->layer[p->g->layers - 1], p->wish->prefix, path, p->T, p->file, e);
}

static int add_list(struct plan *p, const struct yaml *list, struct err *e)
{
    if (list->kind != YAML_LIST || list->n == 0)
        return err_set(e, "%s:%d: %s: expected a list of layers", p->file, list->line, p->prefix);
    for (int i = 0; i < list->n; i++) {
        const struct yaml *y = &list->entry[i];
        char prefix[TENSOR_NAME];
        if (snprintf(prefix, sizeof prefix, "%s/%d", p->prefix, i) >= (int)sizeof prefix)
            die("the prefix '%s' is too long", p->prefix);
        int block = y->kind == YAML_MAP && yaml_get(y, "block") != NULL;
        if (block ? add_block(p, y, prefix, e) : add_layer(p, y, prefix, e)) return -1;
    }
    return 0;
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

int graph_init(struct graph *g, const struct yaml *list, const char *file,
               const struct graph_wish *w, struct tensors *T, struct err *e)
{
    struct layer_size size[SIZES];
    struct plan p = { .g = g,
                      .file = file,
                      .wish = w,
                      .T = T,
                      .prefix = w->prefix,
                      .published = w->published != NULL ? w->published : "",
                      .size = size,
                      .sizes = w->sizes };

    *g = (struct graph){
        .inputs = w->inputs, .values = w->inputs, .batch = w->batch, .reducer = reducer_serial()
    };
    if (w->outputs > LAYER_INPUTS || w->sizes > SIZES / 2)
        die("a graph of %d outputs and %d sizes", w->outputs, w->sizes);
    if (list == NULL) return err_set(e, "%s:1: %s: expected a list of layers", file, w->prefix);
    memcpy(size, w->size, (size_t)w->sizes * sizeof *size);
    g->value = mem_take(g->inputs, sizeof *g->value);
    for (int i = 0; i < g->inputs; i++) {
        struct graph_value *v = &g->value[i];
        *v = (struct graph_value){ .shape = w->input[i].shape,
                                   .gradient = w->input[i].gradient,
                                   .last = -1 };
        snprintf(v->name, sizeof v->name, "%s", w->input[i].name);
    }
    if (add_list(&p, list, e) || find_outputs(&p, list, e)) {
        graph_free(g);
        return -1;
    }
    graph_memory(g);
    return 0;
}
