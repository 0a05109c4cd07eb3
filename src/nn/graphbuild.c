#include "nn/graph.h"

#include "base/mem.h"
#include "nn/graphplan.h"
#include "nn/published.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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
    int v = name->kind == YAML_SCALAR ? plan_look(p, name->text) : -1;
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
    if (l->name[0] != '\0' && yaml_get(y, "name") != NULL && p->sizes < PLAN_SIZES)
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
        if (p->sizes == PLAN_SIZES)
            return err_set(e, "%s:%d: more than %d sizes", p->file, with->line, PLAN_SIZES);
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
    else if (depth >= PLAN_DEPTH)
        err_set(e, "%s:%d: blocks more than %d deep", p->file, name->line, PLAN_DEPTH);
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

    if (list == NULL || plan_name(p, y, "name", name, e) || plan_inputs(p, y, in, &ins, e) ||
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

    l.kind = plan_kind(p, y, e);
    if (l.kind == NULL || plan_keys(p, y, l.kind, e) || plan_name(p, y, "name", l.name, e) ||
        plan_name(p, y, "data", l.data, e) || plan_inputs(p, y, l.in, &l.ins, e))
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
        int v = plan_find(g, p->wish->output[i]);
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
    struct layer_size size[PLAN_SIZES];
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
    if (w->outputs > LAYER_INPUTS || w->sizes > PLAN_SIZES / 2)
        die("a graph of %d outputs and %d sizes", w->outputs, w->sizes);
    if (list == NULL) return err_set(e, "%s:1: %s: expected a list of layers", file, w->prefix);
    if (w->sizes > 0) memcpy(size, w->size, (size_t)w->sizes * sizeof *size);
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
