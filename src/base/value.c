#include "base/value.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void value_free(struct value *v)
{
    for (int i = 0; i < v->n && v->text != NULL; i++) mem_free(v->text[i]);
    for (int i = 0; i < v->n * v->members; i++) value_free(&v->item[i]);
    mem_free(v->text);
    mem_free(v->whole);
    mem_free(v->real);
    mem_free(v->item);
    *v = (struct value){ 0 };
}

static void *copy(const void *from, int n, size_t size)
{
    if (from == NULL) return NULL;
    void *to = mem_take(n, size);
    if (n > 0) memcpy(to, from, (size_t)n * size);
    return to;
}

void value_copy(struct value *to, const struct value *from)
{
    *to = *from;
    to->whole = copy(from->whole, from->n, sizeof *from->whole);
    to->real = copy(from->real, from->n, sizeof *from->real);
    to->text = copy(from->text, from->n, sizeof *from->text);
    to->item = copy(from->item, from->n * from->members, sizeof *from->item);
    for (int i = 0; i < to->n && to->text != NULL; i++) to->text[i] = mem_text(from->text[i]);
    for (int i = 0; i < to->n * to->members; i++) value_copy(&to->item[i], &from->item[i]);
}

int value_same(const struct value *a, const struct value *b)
{
    if (a->n != b->n || a->members != b->members) return 0;
    for (int i = 0; i < a->n; i++) {
        if (a->whole != NULL && a->whole[i] != b->whole[i]) return 0;
        if (a->real != NULL && !(a->real[i] == b->real[i])) return 0;
        if (a->text != NULL && strcmp(a->text[i], b->text[i]) != 0) return 0;
    }
    for (int i = 0; i < a->n * a->members; i++)
        if (!value_same(&a->item[i], &b->item[i])) return 0;
    return 1;
}

/* --- what a row allows ------------------------------------------------------------------------ */

static int is_list(enum conf_type type)
{
    return type == CONF_INTS || type == CONF_REALS || type == CONF_TEXTS;
}

static enum conf_type entry_type(enum conf_type type)
{
    return type == CONF_INTS    ? CONF_INT
           : type == CONF_REALS ? CONF_REAL
           : type == CONF_TEXTS ? CONF_TEXT
                                : type;
}

static void print_limit(FILE *f, const char *before, double x)
{
    char digits[TEXT_REAL];

    if (x > -1e16 && x < 1e16 && x == (double)(int64_t)x)
        fprintf(f, "%s%lld", before, (long long)x);
    else
        fprintf(f, "%s%s", before, text_real(digits, x));
}

/* Limits beyond what the type holds are no limits. */
static void print_range(FILE *f, const struct conf_key *k)
{
    double most = entry_type(k->type) == CONF_INT ? 9.2e18 : 1e300;
    int low = k->min > -most, high = k->max < most;

    if (k->min == 0.0 && k->max == 0.0) return;
    if (low) print_limit(f, high ? " from " : " of at least ", k->min);
    if (high) print_limit(f, low ? " to " : " of at most ", k->max);
}

static void print_choices(FILE *f, const char *choices)
{
    for (const char *between = ""; *choices != '\0'; between = ", ") {
        size_t n = strcspn(choices, " ");
        fprintf(f, "%s%.*s", between, (int)n, choices);
        choices += n;
        choices += strspn(choices, " ");
    }
}

static char *finish(FILE *f, char **buffer)
{
    if (ferror(f) || fclose(f) != 0) die("no memory for a text");
    char *text = mem_text(*buffer);
    free(*buffer);
    return text;
}

static char *kind_as(const struct conf_key *k, enum conf_type type)
{
    static const char *const words[] = {
        [CONF_INT] = "an integer",          [CONF_REAL] = "a number",
        [CONF_FLAG] = "true or false",      [CONF_TEXT] = "a text",
        [CONF_CHOICE] = "one of ",          [CONF_INTS] = "a list of integers",
        [CONF_REALS] = "a list of numbers", [CONF_TEXTS] = "a list of texts",
        [CONF_LIST] = "a list of mappings",
    };
    char *buffer = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&buffer, &n);

    if (f == NULL) die("no memory for a text");
    fputs(words[type], f);
    if (type == CONF_CHOICE) print_choices(f, k->choices);
    if (entry_type(type) == CONF_INT || entry_type(type) == CONF_REAL) print_range(f, k);
    if (k->unit != NULL && k->unit[0] != '\0') fprintf(f, " (%s)", k->unit);
    return finish(f, &buffer);
}

char *value_kind(const struct conf_key *k)
{
    return kind_as(k, k->type);
}

/* --- setting -----------------------------------------------------------------------------------
 */

int value_place(struct err *e, const char *file, int line)
{
    return file == NULL ? err_within(e, "command line") : err_within(e, "%s:%d", file, line);
}

static int refuse_as(const struct conf_key *k, enum conf_type type, const struct yaml *y,
                     const char *name, const char *file, struct err *e)
{
    char *kind = kind_as(k, type), *text = text_short(y->kind == YAML_SCALAR ? y->text : "");

    if (y->kind == YAML_NULL)
        err_set(e, "%s is empty, expected %s", name, kind);
    else if (y->kind != YAML_SCALAR)
        err_set(e, "%s is a %s, expected %s", name, y->kind == YAML_LIST ? "list" : "mapping",
                kind);
    else if (y->quoted)
        err_set(e, "%s is the text \"%s\", expected %s", name, text, kind);
    else if (strspn(text, "+-.0123456789") == strlen(text))
        err_set(e, "%s is %s, expected %s", name, text, kind);
    else
        err_set(e, "%s is '%s', expected %s", name, text, kind);
    mem_free(kind);
    mem_free(text);
    return value_place(e, file, y->line);
}

int value_refuse(const struct conf_key *k, const struct yaml *y, const char *name, const char *file,
                 struct err *e)
{
    return refuse_as(k, k->type, y, name, file, e);
}

/* Index of the word, or -1. */
static int choice_of(const char *choices, const char *word)
{
    size_t n = strlen(word);

    for (int i = 0; *choices != '\0'; i++) {
        size_t m = strcspn(choices, " ");
        if (m == n && strncmp(choices, word, n) == 0) return i;
        choices += m;
        choices += strspn(choices, " ");
    }
    return -1;
}

static int in_range(const struct conf_key *k, double x)
{
    return (k->min == 0.0 && k->max == 0.0) || (x >= k->min && x <= k->max);
}

/* Entry i of v from a scalar; 0, or -1 when the row does not allow it. */
static int set_entry(struct value *v, int i, const struct conf_key *k, const struct yaml *y)
{
    struct err why = { "" };
    int flag;

    switch (entry_type(k->type)) {
    case CONF_INT:
        if (yaml_int(y, "", &v->whole[i], &why)) return -1;
        return in_range(k, (double)v->whole[i]) ? 0 : -1;
    case CONF_REAL:
        if (yaml_real(y, "", &v->real[i], &why)) return -1;
        return in_range(k, v->real[i]) ? 0 : -1;
    case CONF_FLAG:
        if (yaml_flag(y, "", &flag, &why)) return -1;
        v->whole[i] = flag;
        return 0;
    case CONF_TEXT:
        if (y->kind != YAML_SCALAR && y->kind != YAML_NULL) return -1;
        v->text[i] = mem_text(y->kind == YAML_NULL ? "" : y->text);
        return 0;
    default:
        if (y->kind != YAML_SCALAR || (v->whole[i] = choice_of(k->choices, y->text)) < 0) return -1;
        v->text[i] = mem_text(y->text);
        return 0;
    }
}

int value_set(struct value *v, const struct conf_key *k, const struct yaml *y, const char *name,
              const char *file, struct err *e)
{
    int list = is_list(k->type) && (y->kind == YAML_LIST || y->kind == YAML_NULL), bad = 0;
    enum conf_type type = entry_type(k->type);
    struct value new = { .n = list ? y->n : 1 };

    if (type == CONF_REAL) new.real = mem_take(new.n, sizeof *new.real);
    if (type == CONF_TEXT || type == CONF_CHOICE) new.text = mem_take(new.n, sizeof *new.text);
    if (type != CONF_REAL && type != CONF_TEXT) new.whole = mem_take(new.n, sizeof *new.whole);
    for (int i = 0; i < new.n && !bad; i++) {
        bad = set_entry(&new, i, k, list ? &y->entry[i] : y);
        if (bad && !list) refuse_as(k, k->type, y, name, file, e);
        if (bad && list) {
            char *entry = mem_print("%s[%d]", name, i);
            refuse_as(k, type, &y->entry[i], entry, file, e);
            mem_free(entry);
        }
    }
    value_free(bad ? &new : v);
    if (!bad) *v = new;
    return bad;
}

/* --- writing ------------------------------------------------------------------------------------
 */

/* Words that some YAML reader takes for something else than text. */
static int is_word(const char *text)
{
    static const char *const others[] = { "true", "false", "null", "yes", "no",
                                          "on",   "off",   "y",    "n" };
    size_t n = strlen(text);

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (text_distance(text, others[i]) == 0) return 0;
    if (n > 60 || n == 0 || strspn(text, "0123456789_-.") == n) return 0;
    return strchr("0123456789_-", text[0]) == NULL && (text[0] != '.' || strchr("./", text[1])) &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./") == n;
}

static void print_rune(FILE *f, const char *from, const char *past, int32_t rune)
{
    int line_or_mark = rune == 0x2028 || rune == 0x2029 || rune == 0xfeff;

    if (rune == '"' || rune == '\\')
        fprintf(f, "\\%c", (int)rune);
    else if (rune == '\n')
        fputs("\\n", f);
    else if (rune < 0x20 || (rune >= 0x7f && rune < 0xa0))
        fprintf(f, "\\x%02X", (unsigned)rune);
    else if (line_or_mark || (rune >= 0xfffe && rune <= 0xffff))
        fprintf(f, "\\u%04X", (unsigned)rune);
    else
        fwrite(from, 1, (size_t)(past - from), f);
}

static void print_text(FILE *f, const char *text)
{
    if (is_word(text)) {
        fputs(text, f);
        return;
    }
    fputc('"', f);
    while (*text != '\0') {
        const char *from = text;
        int32_t rune = text_rune(&text);
        print_rune(f, from, text, rune < 0 ? '?' : rune);
    }
    fputc('"', f);
}

char *value_text(const struct value *v, const struct conf_key *k)
{
    char *buffer = NULL, digits[TEXT_REAL];
    size_t n = 0;
    FILE *f = open_memstream(&buffer, &n);

    if (f == NULL) die("no memory for a text");
    if (is_list(k->type)) fputc('[', f);
    for (int i = 0; i < v->n; i++) {
        if (i > 0) fputs(", ", f);
        if (v->text != NULL)
            print_text(f, v->text[i]);
        else if (v->real != NULL)
            fputs(text_real(digits, v->real[i]), f);
        else if (k->type == CONF_FLAG)
            fputs(v->whole[i] ? "true" : "false", f);
        else
            fprintf(f, "%lld", (long long)v->whole[i]);
    }
    if (is_list(k->type)) fputc(']', f);
    return finish(f, &buffer);
}
