#include "qpu/ini.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static struct ini_entry *find(const struct ini *t, const char *section, const char *key)
{
    for (int i = 0; i < t->n; i++)
        if (strcmp(t->entry[i].section, section) == 0 && strcmp(t->entry[i].key, key) == 0)
            return &t->entry[i];
    return NULL;
}

/* A section itself is an entry with the key "". */
static struct ini_entry *add(struct ini *t, const char *section, const char *key, const char *value,
                             const char *file)
{
    struct ini_entry *x = find(t, section, key);

    if (x == NULL) {
        t->entry = mem_grow(t->entry, t->n + 1, sizeof *t->entry);
        x = &t->entry[t->n++];
        x->section = mem_text(section);
        x->key = mem_text(key);
    }
    mem_free(x->value);
    mem_free(x->file);
    x->value = mem_text(value);
    x->file = mem_text(file);
    return x;
}

static int blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The text without blanks around it, in place. */
static char *trim(char *text)
{
    size_t n = strlen(text);

    while (n > 0 && blank(text[n - 1])) text[--n] = '\0';
    while (blank(*text)) text++;
    return text;
}

static void lower(char *text)
{
    for (; *text != '\0'; text++)
        if (*text >= 'A' && *text <= 'Z') *text = (char)(*text - 'A' + 'a');
}

/* "%%" to "%", in place. */
static void unescape(char *text)
{
    char *to = text;

    for (; *text != '\0'; text++) {
        *to++ = *text;
        if (text[0] == '%' && text[1] == '%') text++;
    }
    *to = '\0';
}

struct reader {
    struct ini *t;
    char *section;          /* owned */
    struct ini_entry *last; /* may go on in the next line */
    const char *name;
    int line;
};

static void go_on(struct reader *r, char *more)
{
    char *whole = mem_print("%s\n%s", r->last->value, more);

    mem_free(r->last->value);
    r->last->value = whole;
}

static int read_line(struct reader *r, char *line, struct err *e)
{
    int indented = blank(*line);
    char *text = trim(line);

    if (*text == '\0' || *text == '#' || *text == ';') return 0;
    if (indented && r->last != NULL) {
        unescape(text);
        go_on(r, text);
        return 0;
    }
    if (*text == '[') {
        char *end = strrchr(text, ']');
        if (end == NULL || end == text + 1)
            return err_set(e, "%s:%d: a line begins with '[', expected [section]", r->name,
                           r->line);
        *end = '\0';
        mem_free(r->section);
        r->section = mem_text(text + 1);
        add(r->t, r->section, "", "-", r->name);
        r->last = NULL;
        return 0;
    }
    char *at = strpbrk(text, "=:");
    if (at == NULL || at == text || r->section == NULL)
        return err_set(e, "%s:%d: expected key = value in a [section]", r->name, r->line);
    *at = '\0';
    char *key = trim(text), *value = trim(at + 1);
    lower(key);
    unescape(value);
    r->last = add(r->t, r->section, key, value, r->name);
    return 0;
}

int ini_read(struct ini *t, const char *text, const char *name, struct err *e)
{
    struct reader r = { .t = t, .name = name };
    char *copy = mem_text(text), *line = copy;
    int bad = 0;

    while (line != NULL && !bad) {
        char *end = strchr(line, '\n');
        if (end != NULL) *end = '\0';
        r.line++;
        bad = read_line(&r, line, e);
        line = end == NULL ? NULL : end + 1;
    }
    mem_free(r.section);
    mem_free(copy);
    return bad;
}

void ini_free(struct ini *t)
{
    for (int i = 0; i < t->n; i++) {
        mem_free(t->entry[i].section);
        mem_free(t->entry[i].key);
        mem_free(t->entry[i].value);
        mem_free(t->entry[i].file);
    }
    mem_free(t->entry);
    *t = (struct ini){ 0 };
}

const char *ini_get(const struct ini *t, const char *section, const char *key)
{
    const struct ini_entry *x = find(t, section, key);

    return x == NULL || x->value[0] == '\0' ? NULL : x->value;
}

const char *ini_file(const struct ini *t, const char *section, const char *key)
{
    return ini_get(t, section, key) == NULL ? NULL : find(t, section, key)->file;
}

int ini_has(const struct ini *t, const char *section)
{
    return find(t, section, "") != NULL;
}

const char *ini_first(const struct ini *t, const char *but)
{
    for (int i = 0; i < t->n; i++)
        if (t->entry[i].key[0] == '\0' && strcmp(t->entry[i].section, but) != 0)
            return t->entry[i].section;
    return NULL;
}
