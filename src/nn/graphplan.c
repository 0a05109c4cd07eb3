#include "nn/graphplan.h"

#include <stdio.h>
#include <string.h>

int plan_find(const struct graph *g, const char *name)
{
    for (int v = g->values - 1; v >= 0; v--)
        if (strcmp(g->value[v].name, name) == 0) return v;
    return -1;
}

int plan_look(const struct plan *p, const char *name)
{
    char full[2 * LAYER_NAME];

    for (const struct scope *s = p->scope; s != NULL; s = s->outer) {
        if (strcmp(name, "input") == 0) return s->input;
        snprintf(full, sizeof full, "%s%s", s->name, name);
        int v = plan_find(p->g, full);
        if (v >= s->begin) return v;
    }
    return plan_find(p->g, name);
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

int plan_inputs(const struct plan *p, const struct yaml *y, int in[LAYER_INPUTS], int *ins,
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
        in[i] = plan_look(p, name->text);
        if (in[i] < 0) return not_there(p, name, name->text, e);
    }
    return 0;
}

int plan_name(const struct plan *p, const struct yaml *y, const char *key, char out[LAYER_NAME],
              struct err *e)
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
    if (is_name && plan_find(p->g, out) >= 0)
        return err_set(e, "%s:%d: the name '%s' is taken", p->file, x->line, out);
    return 0;
}

int plan_keys(const struct plan *p, const struct yaml *y, const struct layer_kind *kind,
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

const struct layer_kind *plan_kind(const struct plan *p, const struct yaml *y, struct err *e)
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
