#include "base/conf.h"

#include "base/mem.h"
#include "base/table.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct slot {
    struct value v;
    char *origin; /* "train.yaml:12", "command line"; NULL: default */
};

struct conf {
    struct table t;
    struct slot *slot; /* [t.n]; a member row's holds what an entry has when it does not say */
};

/* --- setting ------------------------------------------------------------------------------------
 */

/* One entry of a list of mappings: its members' defaults, then what stands there. */
static int set_item(const struct conf *c, int row, struct value *item, const struct yaml *y,
                    const char *name, const char *file, struct err *e)
{
    const char *list = c->t.row[row].name;
    int bad = 0, at = 0;

    for (int m = -1; (m = table_next_member(&c->t, list, m)) >= 0;)
        value_copy(&item[at++], &c->slot[m].v);
    for (int i = 0; i < y->n && !bad; i++) {
        char *full = mem_print("%s.%s", name, y->key[i]);
        int member = table_member(&c->t, list, y->key[i], &at);
        if (table_is_secret(y->key[i]))
            bad = table_refuse_secret(full, file, y->key_line[i], e);
        else if (member < 0)
            bad = table_refuse_key(&c->t, full, list, y->key[i], file, y->key_line[i], e);
        else
            bad = value_set(&item[at], &c->t.row[member], &y->entry[i], full, file, e);
        mem_free(full);
    }
    return bad;
}

static int set_list(struct conf *c, int row, const struct yaml *y, const char *file, struct err *e)
{
    const struct conf_key *k = &c->t.row[row];
    struct value new = { .n = y->n };
    int bad = 0;

    if (y->kind != YAML_LIST && y->kind != YAML_NULL) return value_refuse(k, y, k->name, file, e);
    table_member(&c->t, k->name, "", &new.members); /* counts them all */
    new.item = mem_take((int64_t) new.n *new.members, sizeof *new.item);
    for (int i = 0; i < new.n && !bad; i++) {
        char *name = mem_print("%s[%d]", k->name, i);
        if (y->entry[i].kind == YAML_MAP)
            bad = set_item(c, row, new.item + i *new.members, &y->entry[i], name, file, e);
        else
            bad = value_refuse(k, &y->entry[i], name, file, e);
        mem_free(name);
    }
    value_free(bad ? &new : &c->slot[row].v);
    if (!bad) c->slot[row].v = new;
    return bad;
}

static int set(struct conf *c, int row, const struct yaml *y, const char *file, struct err *e)
{
    const struct conf_key *k = &c->t.row[row];

    if (k->type == CONF_LIST) return set_list(c, row, y, file, e);
    return value_set(&c->slot[row].v, k, y, k->name, file, e);
}

static void set_preset(struct conf *c, int row)
{
    const struct conf_key *k = &c->t.row[row];
    struct err e = { "" };
    struct yaml *y = yaml_parse(k->preset != NULL ? k->preset : "", "default", &e);

    if (y == NULL || set(c, row, y, "default", &e))
        die("the default of config key '%s' is refused: %s", k->name, e.text);
    yaml_drop(y);
}

struct conf *conf_new(const struct conf_key *table, int n)
{
    struct conf *c = mem_take(1, sizeof *c);

    c->t = (struct table){ table, n };
    c->slot = mem_take(n, sizeof *c->slot);
    table_check(&c->t);
    for (int i = 0; i < n; i++) /* members first: a list's default may hold entries */
        if (table_is_member(&table[i])) set_preset(c, i);
    for (int i = 0; i < n; i++)
        if (!table_is_member(&table[i])) set_preset(c, i);
    return c;
}

void conf_free(struct conf *c)
{
    if (c == NULL) return;
    for (int i = 0; i < c->t.n; i++) {
        value_free(&c->slot[i].v);
        mem_free(c->slot[i].origin);
    }
    mem_free(c->slot);
    mem_free(c);
}

/* The keys of one section. */
static int read_section(struct conf *c, const char *section, const struct yaml *y, const char *file,
                        struct err *e)
{
    int bad = 0;

    for (int i = 0; i < y->n && !bad; i++) {
        char *name = mem_print("%s.%s", section, y->key[i]);
        int row = table_find(&c->t, name);
        if (table_is_secret(name)) {
            bad = table_refuse_secret(name, file, y->key_line[i], e);
        } else if (row < 0 || table_is_member(&c->t.row[row])) {
            bad = table_refuse_key(&c->t, name, NULL, NULL, file, y->key_line[i], e);
        } else if ((bad = set(c, row, &y->entry[i], file, e)) == 0) {
            mem_free(c->slot[row].origin);
            c->slot[row].origin = mem_print("%s:%d", file, y->key_line[i]);
        }
        mem_free(name);
    }
    return bad;
}

static int read_tree(struct conf *c, const struct yaml *y, const char *file, struct err *e)
{
    int bad = 0;

    if (y->kind == YAML_NULL) return 0;
    if (y->kind != YAML_MAP)
        return err_set(e, "%s:%d: found no sections, expected such as 'run:' with keys below", file,
                       y->line);
    for (int i = 0; i < y->n && !bad; i++) {
        const char *section = y->key[i];
        int row = 0, line = y->key_line[i];
        while (row < c->t.n && !table_in_section(&c->t.row[row], section)) row++;
        if (table_is_secret(section)) {
            bad = table_refuse_secret(section, file, line, e);
        } else if (row == c->t.n) {
            bad = table_refuse_section(&c->t, section, file, line, e);
        } else if (y->entry[i].kind == YAML_SCALAR || y->entry[i].kind == YAML_LIST) {
            bad = err_set(e, "%s:%d: section %s is a %s, expected keys below it", file, line,
                          section, y->entry[i].kind == YAML_LIST ? "list" : "value");
        } else {
            bad = read_section(c, section, &y->entry[i], file, e);
        }
    }
    return bad;
}

int conf_read(struct conf *c, const char *text, const char *file, struct err *e)
{
    struct yaml *y = yaml_parse(text, file, e);
    int bad = y == NULL || read_tree(c, y, file, e) ? -1 : 0;

    yaml_drop(y);
    return bad;
}

int conf_fill(struct conf *c, const char *text, const char *origin, struct err *e)
{
    struct conf *d = conf_new(c->t.row, c->t.n);
    int bad = conf_read(d, text, origin, e);

    for (int i = 0; i < c->t.n && !bad; i++) {
        struct slot mine = c->slot[i];
        if (mine.origin != NULL || d->slot[i].origin == NULL) continue;
        c->slot[i] = d->slot[i];
        d->slot[i] = mine;
    }
    conf_free(d);
    return bad;
}

/* The value of an override; a line number would say nothing there. */
static struct yaml *parse_value(const char *name, const char *text, struct err *e)
{
    struct err why = { "" };
    struct yaml *y = yaml_parse(text, "value", &why);

    if (y == NULL) {
        const char *tail = strstr(why.text, ": ");
        err_set(e, "%s: %s", name, tail != NULL ? tail + 2 : why.text);
        value_place(e, NULL, 0);
    }
    return y;
}

int conf_override(struct conf *c, const char *assignment, struct err *e)
{
    const char *equals = strchr(assignment, '=');
    char *name = mem_text(assignment);
    int bad = 0;

    if (equals != NULL) name[equals - assignment] = '\0';
    int row = table_find(&c->t, name);
    if (table_is_secret(name)) {
        bad = table_refuse_secret(name, NULL, 0, e);
    } else if (equals == NULL) {
        char *shown = text_short(name);
        bad = err_set(e, "command line: found '%s', expected section.key=value", shown);
        mem_free(shown);
    } else if (row < 0 || table_is_member(&c->t.row[row])) {
        bad = table_refuse_key(&c->t, name, NULL, NULL, NULL, 0, e);
    } else {
        struct yaml *y = parse_value(name, equals + 1, e);
        bad = y == NULL || set(c, row, y, NULL, e) ? -1 : 0;
        yaml_drop(y);
        if (!bad) {
            mem_free(c->slot[row].origin);
            c->slot[row].origin = mem_text("command line");
        }
    }
    mem_free(name);
    return bad;
}

/* --- values -------------------------------------------------------------------------------------
 */

enum { ANY = -1 };

/* The value of a key of this type; another is a bug. */
static const struct value *get(const struct conf *c, const char *name, int type)
{
    int row = table_find(&c->t, name);

    if (row < 0) die("no config key '%s'", name);
    if (type != ANY && (int)c->t.row[row].type != type)
        die("config key '%s' is asked for as another type", name);
    return &c->slot[row].v;
}

static const struct value *get_at(const struct conf *c, const char *name, int type, int i)
{
    const struct value *v = get(c, name, type);

    if (i < 0 || i >= v->n) die("entry %d of config key '%s', which has %d", i, name, v->n);
    return v;
}

static const struct value *get_item(const struct conf *c, const char *name, int i,
                                    const char *member, int type)
{
    const struct value *v = get_at(c, name, CONF_LIST, i);
    int at, row = table_member(&c->t, name, member, &at);

    if (row < 0) die("no config key '%s[].%s'", name, member);
    int is = (int)c->t.row[row].type;
    if (is != type && !(type == CONF_TEXT && is == CONF_CHOICE))
        die("config key '%s[].%s' is asked for as another type", name, member);
    return &v->item[i * v->members + at];
}

int64_t conf_int(const struct conf *c, const char *name)
{
    return get(c, name, CONF_INT)->whole[0];
}

double conf_real(const struct conf *c, const char *name)
{
    return get(c, name, CONF_REAL)->real[0];
}

int conf_flag(const struct conf *c, const char *name)
{
    return (int)get(c, name, CONF_FLAG)->whole[0];
}

const char *conf_text(const struct conf *c, const char *name)
{
    int row = table_find(&c->t, name);
    int choice = row >= 0 && c->t.row[row].type == CONF_CHOICE;

    return get(c, name, choice ? CONF_CHOICE : CONF_TEXT)->text[0];
}

int conf_choice(const struct conf *c, const char *name)
{
    return (int)get(c, name, CONF_CHOICE)->whole[0];
}

int conf_count(const struct conf *c, const char *name)
{
    return get(c, name, ANY)->n;
}

int64_t conf_int_at(const struct conf *c, const char *name, int i)
{
    return get_at(c, name, CONF_INTS, i)->whole[i];
}

double conf_real_at(const struct conf *c, const char *name, int i)
{
    return get_at(c, name, CONF_REALS, i)->real[i];
}

const char *conf_text_at(const struct conf *c, const char *name, int i)
{
    return get_at(c, name, CONF_TEXTS, i)->text[i];
}

int64_t conf_item_int(const struct conf *c, const char *name, int i, const char *member)
{
    return get_item(c, name, i, member, CONF_INT)->whole[0];
}

double conf_item_real(const struct conf *c, const char *name, int i, const char *member)
{
    return get_item(c, name, i, member, CONF_REAL)->real[0];
}

int conf_item_flag(const struct conf *c, const char *name, int i, const char *member)
{
    return (int)get_item(c, name, i, member, CONF_FLAG)->whole[0];
}

const char *conf_item_text(const struct conf *c, const char *name, int i, const char *member)
{
    return get_item(c, name, i, member, CONF_TEXT)->text[0];
}

int conf_given(const struct conf *c, const char *name)
{
    int row = table_find(&c->t, name);

    if (row < 0) die("no config key '%s'", name);
    return c->slot[row].origin != NULL;
}

const char *conf_origin(const struct conf *c, const char *name)
{
    return conf_given(c, name) ? c->slot[table_find(&c->t, name)].origin : "default";
}

const char *conf_differs(const struct conf *a, const struct conf *b, const char *names)
{
    const char *found = NULL;

    while (found == NULL && *(names += strspn(names, " ")) != '\0') {
        size_t n = strcspn(names, " ");
        char *name = mem_print("%.*s", (int)n, names);
        if (!value_same(get(a, name, ANY), get(b, name, ANY)))
            found = a->t.row[table_find(&a->t, name)].name;
        mem_free(name);
        names += n;
    }
    return found;
}

/* --- printing -----------------------------------------------------------------------------------
 */

char *conf_dump(const struct conf *c)
{
    char *buffer = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&buffer, &n);

    if (f == NULL) die("no memory for a text");
    for (int i = 0; i < c->t.n; i++) {
        char *section = mem_text(c->t.row[i].name);
        *strchr(section, '.') = '\0';
        if (table_opens(&c->t, i, section)) {
            fprintf(f, "%s%s:\n", i > 0 ? "\n" : "", section);
            for (int j = i; j < c->t.n; j++)
                if (table_in_section(&c->t.row[j], section)) table_dump(f, &c->t, j, &c->slot[j].v);
        }
        mem_free(section);
    }
    if (ferror(f) || fclose(f) != 0) die("no memory for a text");
    char *text = mem_text(buffer);
    free(buffer);
    return text;
}

void conf_help(FILE *out, const struct conf_key *table, int n, const char *const *sections,
               int n_sections)
{
    table_help(out, &(struct table){ table, n }, sections, n_sections);
}
