#include "nn/published.h"

#include <stdio.h>
#include <string.h>

int published_path(char path[PUBLISHED_PATH], const char *around, const struct yaml *y,
                   const char *file, struct err *e)
{
    const struct yaml *own = yaml_get(y, "torch");

    path[0] = '\0';
    if (own == NULL || around == NULL) return 0;
    if (own->kind != YAML_SCALAR || own->text[0] == '\0' || strchr(own->text, '/') != NULL)
        return err_set(e, "%s:%d: torch: expected the path of a module, as seq1.0.conv", file,
                       own->line);
    int n =
        snprintf(path, PUBLISHED_PATH, "%s%s%s", around, around[0] != '\0' ? "." : "", own->text);
    if (n < PUBLISHED_PATH) return 0;
    return err_set(e, "%s:%d: torch: the path %s.%s is too long", file, own->line, around,
                   own->text);
}

static int taken(const struct tensors *T, const char *name)
{
    for (int i = 0; i < T->n; i++)
        if (strcmp(T->t[i].published, name) == 0) return 1;
    return 0;
}

int published_name(const struct layer *l, const char *group, const char *path, struct tensors *T,
                   const char *file, struct err *e)
{
    int top = (int)strcspn(group, "/");
    char full[TENSOR_PUBLISHED];

    if (path[0] == '\0') return 0;
    if (l->kind->published[0] == NULL)
        return err_set(e, "%s:%d: torch: a layer of kind '%s' has no tensors with published names",
                       file, l->line, l->kind->name);
    for (int i = 0; i < l->ins && l->kind == &layer_linear; i++)
        if (shape_places(l->from[i]) > 1)
            return err_set(e,
                           "%s:%d: torch: this linear layer reads an image, whose numbers others "
                           "have in another order; expected a flat input",
                           file, l->line);
    for (int i = 0; i < l->tensors; i++) {
        struct tensor *t = &T->t[l->tensor[i]];
        if (snprintf(full, sizeof full, "%.*s/%s.%s", top, group, path, l->kind->published[i]) >=
            (int)sizeof full)
            return err_set(e, "%s:%d: torch: the path %s is too long", file, l->line, path);
        if (taken(T, full))
            return err_set(e, "%s:%d: torch: the name %s is taken", file, l->line, full);
        memcpy(t->published, full, sizeof full);
    }
    return 0;
}
