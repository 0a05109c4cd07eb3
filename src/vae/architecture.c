#include "vae/architecture.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/yaml.h"

#include <stdio.h>
#include <string.h>

enum { LEAN = 4 }; /* files that lean on one another, at most */

/* Where line n of a text begins, from 1; the end when it has fewer. */
static const char *line_of(const char *text, int n)
{
    while (n > 1 && *text != '\0')
        if (*text++ == '\n') n--;
    return text;
}

/* A path beside `path`: the same folder. */
static char *beside(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? mem_text(name) : mem_print("%.*s/%s", (int)(slash - path), path, name);
}

/* Behind `text`: the sections of `base` whose keys `tree` does not have; its `extends` too, so that
 * what it leans on comes next. */
static char *join(char *text, const struct yaml *tree, const char *base, const struct yaml *from,
                  const char *name)
{
    char *all = mem_print("%s\n# from %s\n", text, name);

    mem_free(text);
    for (int i = 0; i < from->n; i++) {
        const char *key = from->key[i];
        const char *begin = line_of(base, from->key_line[i]);
        const char *end =
            i + 1 < from->n ? line_of(base, from->key_line[i + 1]) : begin + strlen(begin);
        if (strcmp(key, "extends") != 0 && yaml_get(tree, key) != NULL) continue;
        char *more = mem_print("%s%.*s\n", all, (int)(end - begin), begin);
        mem_free(all);
        all = more;
    }
    return all;
}

/* Take out "extends:", which stands at the beginning of a line, by making a comment of it. */
static char *without(char *text, int line)
{
    const char *at = line_of(text, line);
    char *out = mem_print("%.*s# %s", (int)(at - text), text, at);

    mem_free(text);
    return out;
}

/* One file that `text` leans on: 1 when there was one, 0 when there is none, -1 on an error. */
static int lean(char **text, const char *path, const struct architecture_reader *r, struct err *e)
{
    struct yaml *tree = yaml_parse(*text, path, e), *from = NULL;
    const struct yaml *name = tree != NULL ? yaml_get(tree, "extends") : NULL;
    char *file = NULL, *base = NULL;
    int found = tree == NULL ? -1 : 0;

    if (name != NULL && (name->kind != YAML_SCALAR || name->text[0] == '\0'))
        found = err_set(e, "%s:%d: extends: expected the name of a file", path, name->line);
    if (name != NULL && found == 0) {
        file = beside(path, name->text);
        base = r->text(r->ctx, file, e);
        from = base != NULL ? yaml_parse(base, file, e) : NULL;
        found = from != NULL ? 1 : -1;
    }
    if (found == 1 && from->kind != YAML_MAP)
        found = err_set(e, "%s:%d: expected a mapping", file, from->line);
    if (found == 1) *text = join(without(*text, name->line), tree, base, from, name->text);
    mem_free(file);
    mem_free(base);
    yaml_drop(tree);
    yaml_drop(from);
    return found;
}

/* `width:` at the end of a text that has none. */
static int widen(char **text, const char *path, double width, struct err *e)
{
    struct yaml *tree = yaml_parse(*text, path, e);
    const struct yaml *own = tree != NULL ? yaml_get(tree, "width") : NULL;
    int bad = tree == NULL ? -1 : 0;

    if (own != NULL) bad = err_set(e, "model.width: %s:%d has a width of its own", path, own->line);
    yaml_drop(tree);
    if (bad) return -1;
    char *all = mem_print("%s\nwidth: %.17g\n", *text, width);
    mem_free(*text);
    *text = all;
    return 0;
}

char *architecture_read(const char *path, double width, const struct architecture_reader *r,
                        struct err *e)
{
    char *text = r->text(r->ctx, path, e);
    int more = text != NULL;

    for (int i = 0; more == 1; i++) {
        more = lean(&text, path, r, e);
        if (more == 1 && i == LEAN)
            more = err_set(e, "%s: extends goes through more than %d files", path, LEAN);
    }
    if (text == NULL || (more == 0 && (width == 1.0 || widen(&text, path, width, e) == 0)))
        return text;
    mem_free(text);
    return NULL;
}
