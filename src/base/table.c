#include "base/table.h"

#include "base/mem.h"
#include "base/text.h"

#include <limits.h>
#include <string.h>

int table_find(const struct table *t, const char *name)
{
    for (int i = 0; i < t->n; i++)
        if (strcmp(t->row[i].name, name) == 0) return i;
    return -1;
}

/* What follows "list[]." in a row's name, or NULL when it is no member of that list. */
static const char *member_of(const char *row, const char *list)
{
    size_t n = strlen(list);

    return strncmp(row, list, n) == 0 && strncmp(row + n, "[].", 3) == 0 ? row + n + 3 : NULL;
}

int table_is_member(const struct conf_key *k)
{
    return strstr(k->name, "[].") != NULL;
}

int table_next_member(const struct table *t, const char *list, int i)
{
    for (i++; i < t->n; i++)
        if (member_of(t->row[i].name, list) != NULL) return i;
    return -1;
}

int table_member(const struct table *t, const char *list, const char *member, int *at)
{
    *at = 0;
    for (int i = table_next_member(t, list, -1); i >= 0; i = table_next_member(t, list, i)) {
        if (strcmp(member_of(t->row[i].name, list), member) == 0) return i;
        ++*at;
    }
    return -1;
}

/* Bytes of the section at the head of a key's name. */
static size_t section_of(const char *name)
{
    return strcspn(name, ".");
}

int table_in_section(const struct conf_key *k, const char *section)
{
    size_t n = strlen(section);

    return section_of(k->name) == n && strncmp(k->name, section, n) == 0;
}

int table_is_secret(const char *name)
{
    static const char *const words[] = { "token", "password", "secret" };

    for (; *name != '\0'; name++) {
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            char head[16];
            snprintf(head, sizeof head, "%.*s", (int)strlen(words[i]), name);
            if (text_distance(head, words[i]) == 0) return 1;
        }
    }
    return 0;
}

static void check_row(const struct table *t, int row)
{
    const struct conf_key *k = &t->row[row];
    const char *inner = strstr(k->name, "[].");

    if (strchr(k->name, '.') == NULL) die("config key '%s' has no section", k->name);
    if (table_find(t, k->name) != row) die("config key '%s' stands twice in its table", k->name);
    if (table_is_secret(k->name)) die("config key '%s' would be a secret", k->name);
    if (k->min > k->max) die("config key '%s' has an empty range", k->name);
    if (k->type == CONF_CHOICE && (k->choices == NULL || k->choices[0] == '\0'))
        die("config key '%s' has no choices", k->name);
    if (inner == NULL) return;
    char *list = mem_text(k->name);
    list[inner - k->name] = '\0';
    int at = table_find(t, list);
    if (at < 0 || t->row[at].type != CONF_LIST || k->type == CONF_LIST)
        die("config key '%s' is in no list of mappings", k->name);
    mem_free(list);
}

void table_check(const struct table *t)
{
    for (int i = 0; i < t->n; i++) check_row(t, i);
}

/* --- sentences ----------------------------------------------------------------------------------
 */

int table_refuse_secret(const char *name, const char *file, int line, struct err *e)
{
    char *shown = text_short(name);

    err_set(e,
            "%s is refused: tokens come only from DWAVE_API_TOKEN or dwave.conf, expected no key "
            "with 'token', 'password' or 'secret' in its name",
            shown);
    mem_free(shown);
    return value_place(e, file, line);
}

/* What follows the section; all of it when there is none. */
static const char *word_of(const char *name)
{
    size_t n = section_of(name);

    return name[n] == '.' ? name + n + 1 : name;
}

/* The key nearest to what was written; the same word in another section is a near miss. */
static const char *nearest(const struct table *t, const char *name)
{
    const char *best = "";
    int least = INT_MAX;

    for (int i = 0; i < t->n; i++) {
        const char *row = t->row[i].name;
        if (table_is_member(&t->row[i])) continue;
        int whole = 2 * text_distance(name, row);
        int word = 2 * text_distance(word_of(name), word_of(row)) + 3;
        int d = whole < word ? whole : word;
        if (d < least) least = d, best = row;
    }
    return best;
}

static const char *nearest_member(const struct table *t, const char *list, const char *name)
{
    const char *best = "";
    int least = INT_MAX;

    for (int i = table_next_member(t, list, -1); i >= 0; i = table_next_member(t, list, i)) {
        const char *row = member_of(t->row[i].name, list);
        int d = text_distance(name, row);
        if (d < least) least = d, best = row;
    }
    return best;
}

int table_refuse_key(const struct table *t, const char *name, const char *list, const char *member,
                     const char *file, int line, struct err *e)
{
    char *shown = text_short(name);

    err_set(e, "unknown key %s, the nearest is %s", shown,
            list != NULL ? nearest_member(t, list, member) : nearest(t, name));
    mem_free(shown);
    return value_place(e, file, line);
}

int table_refuse_section(const struct table *t, const char *name, const char *file, int line,
                         struct err *e)
{
    const char *best = "", *dot = strchr(name, '.');
    char *shown = text_short(name);
    int least = INT_MAX;

    for (int i = 0; i < t->n; i++) {
        char *section = mem_text(t->row[i].name);
        section[section_of(section)] = '\0';
        int d = text_distance(name, section);
        if (d < least) least = d, best = t->row[i].name;
        mem_free(section);
    }
    if (dot != NULL && table_find(t, name) >= 0)
        err_set(e, "'%s' stands outside a section, expected '%s:' below '%.*s:'", shown, dot + 1,
                (int)(dot - name), name);
    else
        err_set(e, "unknown section '%s', the nearest is '%.*s'", shown, (int)section_of(best),
                best);
    mem_free(shown);
    return value_place(e, file, line);
}

/* --- printing -----------------------------------------------------------------------------------
 */

static void help_section(FILE *out, const struct table *t, const char *section, int column)
{
    for (int i = 0; i < t->n; i++) {
        const struct conf_key *k = &t->row[i];
        if (!table_in_section(k, section)) continue;
        const char *preset = k->preset != NULL && k->preset[0] != '\0' ? k->preset : "empty";
        char *kind = value_kind(k);
        char *words = mem_print("%s; default %s - %s", kind, preset, k->help);
        int at = fprintf(out, "  %-*s  ", column, k->name);
        text_wrap(out, words, "", at, column + 4, 100);
        mem_free(kind);
        mem_free(words);
    }
}

void table_help(FILE *out, const struct table *t, const char *const *sections, int n)
{
    int column = 0;

    for (int s = 0; s < n; s++)
        for (int i = 0; i < t->n; i++) {
            int wide = (int)strlen(t->row[i].name);
            if (table_in_section(&t->row[i], sections[s]) && wide > column) column = wide;
        }
    for (int s = 0; s < n; s++) {
        fprintf(out, "%s%s\n", s > 0 ? "\n" : "", sections[s]);
        help_section(out, t, sections[s], column);
    }
}

int table_opens(const struct table *t, int row, const char *section)
{
    for (int j = 0; j < row; j++)
        if (table_in_section(&t->row[j], section)) return 0;
    return 1;
}

/* One line for each member of each entry. */
static void dump_items(FILE *f, const struct table *t, const char *list, const struct value *v)
{
    for (int i = 0; i < v->n; i++) {
        int at = 0;
        for (int m = -1; (m = table_next_member(t, list, m)) >= 0; at++) {
            char *text = value_text(&v->item[i * v->members + at], &t->row[m]);
            fprintf(f, "    %c %s: %s\n", at == 0 ? '-' : ' ', member_of(t->row[m].name, list),
                    text);
            mem_free(text);
        }
    }
}

void table_dump(FILE *out, const struct table *t, int row, const struct value *v)
{
    const struct conf_key *k = &t->row[row];
    const char *word = strchr(k->name, '.') + 1;

    if (table_is_member(k)) return;
    char *kind = value_kind(k), *words = mem_print("%s - %s", kind, k->help);
    fputs("  # ", out);
    text_wrap(out, words, "  #", 4, 4, 100);
    if (k->type == CONF_LIST) {
        fprintf(out, "  %s:%s\n", word, v->n > 0 ? "" : " []");
        dump_items(out, t, k->name, v);
    } else {
        char *text = value_text(v, k);
        fprintf(out, "  %s: %s\n", word, text);
        mem_free(text);
    }
    mem_free(kind);
    mem_free(words);
}
