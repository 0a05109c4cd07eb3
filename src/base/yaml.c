#include "base/yaml.h"

#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

enum { DEPTH = 64, BYTES = 16 << 20, VALUES = 1000000 };

/*
 * Built from events, not from libyaml's documents: those let duplicate keys, cycles and tags pass.
 */
struct reader {
    yaml_parser_t parser;
    const char *text, *file;
    int values; /* made so far: a few bytes of text must not fill the memory */
    struct err *e;
};

static int line_of(const yaml_event_t *event)
{
    return (int)event->start_mark.line + 1;
}

/* Does the text of this line begin with a tab among its spaces? */
static int tab_at(const char *text, int line)
{
    for (int i = 1; i < line && text != NULL; i++) {
        text = strchr(text, '\n');
        if (text != NULL) text++;
    }
    return text != NULL && text[strspn(text, " ")] == '\t';
}

/* libyaml's complaint in our words; it gives no line for bad bytes, only their place. */
static int complain(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    int line = (int)p->problem_mark.line + 1, from = (int)p->context_mark.line + 1;
    const char *what = p->problem != NULL ? p->problem : "no memory";

    if (p->error == YAML_READER_ERROR) {
        line = 1;
        for (size_t i = 0; i < p->problem_offset && r->text[i] != '\0'; i++)
            line += r->text[i] == '\n';
        return err_set(r->e, "%s:%d: %s, expected UTF-8 text", r->file, line, what);
    }
    if (p->error == YAML_SCANNER_ERROR && tab_at(r->text, line))
        return err_set(r->e, "%s:%d: the line begins with a tab, expected spaces", r->file, line);
    if (p->context == NULL) return err_set(r->e, "%s:%d: %s", r->file, line, what);
    return err_set(r->e, "%s:%d: %s, %s that begins on line %d", r->file, line, what, p->context,
                   from);
}

static int next(struct reader *r, yaml_event_t *event)
{
    return yaml_parser_parse(&r->parser, event) ? 0 : complain(r);
}

static int is_null(const char *plain)
{
    static const char *const words[] = { "", "~", "null", "Null", "NULL" };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(plain, words[i]) == 0) return 1;
    return 0;
}

/* The scalar's text, or NULL with a sentence when it holds a NUL (from "\0"). */
static char *scalar_text(struct reader *r, const yaml_event_t *event)
{
    const char *value = (const char *)event->data.scalar.value;

    if (strlen(value) == event->data.scalar.length) return mem_text(value);
    err_set(r->e, "%s:%d: the text holds a NUL, expected none", r->file, line_of(event));
    return NULL;
}

/* Anchors and tags stand on any kind of value. */
static int refuse_marks(struct reader *r, const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;

    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor, tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor, tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor, tag = event->data.mapping_start.tag;
    } else if (event->type == YAML_ALIAS_EVENT) {
        anchor = event->data.alias.anchor;
    }
    if (anchor == NULL && tag == NULL) return 0;
    char *name = text_short((const char *)(tag != NULL ? tag : anchor));
    err_set(r->e, "%s:%d: %s '%s' is not allowed, expected plain values", r->file, line_of(event),
            tag != NULL                       ? "the tag"
            : event->type == YAML_ALIAS_EVENT ? "the alias"
                                              : "the anchor",
            name);
    mem_free(name);
    return -1;
}

/* Room for one more entry of a list or map. */
static struct yaml *add(struct yaml *y, int *room)
{
    if (y->n == *room) {
        *room = 2 * *room + 4;
        y->entry = mem_grow(y->entry, *room, sizeof *y->entry);
        if (y->kind == YAML_MAP) {
            y->key = mem_grow(y->key, *room, sizeof *y->key);
            y->key_line = mem_grow(y->key_line, *room, sizeof *y->key_line);
        }
    }
    return &y->entry[y->n++];
}

struct named {
    const char *key;
    int line;
};

static int by_key(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int order = strcmp(x->key, y->key);

    return order != 0 ? order : x->line - y->line;
}

/* By sorting: a map of a million keys must not take a million squared. */
static int refuse_twins(struct reader *r, const struct yaml *y)
{
    struct named *sorted = mem_take(y->n, sizeof *sorted);
    int bad = 0;

    for (int i = 0; i < y->n; i++) sorted[i] = (struct named){ y->key[i], y->key_line[i] };
    if (y->n > 1) qsort(sorted, (size_t)y->n, sizeof *sorted, by_key);
    for (int i = 1; i < y->n && !bad; i++) {
        if (strcmp(sorted[i - 1].key, sorted[i].key) != 0) continue;
        char *key = text_short(sorted[i].key);
        bad = err_set(r->e, "%s:%d: the key '%s' stands on line %d already, expected it once",
                      r->file, sorted[i].line, key, sorted[i - 1].line);
        mem_free(key);
    }
    mem_free(sorted);
    return bad;
}

static int build(struct reader *r, struct yaml *y, yaml_event_t *event, int depth);

/* Entries up to the event that ends the list or map. */
static int build_entries(struct reader *r, struct yaml *y, yaml_event_type_t end, int depth)
{
    yaml_event_t event;
    int room = 0;

    for (;;) {
        if (next(r, &event)) return -1;
        if (event.type == end) break;
        struct yaml *entry = add(y, &room);
        if (y->kind == YAML_MAP) {
            int bad = refuse_marks(r, &event), line = line_of(&event);
            if (!bad && event.type != YAML_SCALAR_EVENT)
                bad = err_set(r->e, "%s:%d: a key is a list or a mapping, expected a word", r->file,
                              line);
            y->key_line[y->n - 1] = line;
            if (!bad) y->key[y->n - 1] = scalar_text(r, &event);
            yaml_event_delete(&event);
            if (y->key[y->n - 1] == NULL || next(r, &event)) return -1;
        }
        if (build(r, entry, &event, depth + 1)) return -1;
    }
    yaml_event_delete(&event);
    return y->kind == YAML_MAP ? refuse_twins(r, y) : 0;
}

/* The value that this event begins; the event is used up. */
static int build(struct reader *r, struct yaml *y, yaml_event_t *event, int depth)
{
    int bad = refuse_marks(r, event);
    yaml_event_type_t type = event->type;

    y->line = line_of(event);
    if (!bad && depth > DEPTH)
        bad = err_set(r->e, "%s:%d: nested too deep, expected at most %d levels", r->file, y->line,
                      DEPTH);
    if (!bad && ++r->values > VALUES)
        bad =
            err_set(r->e, "%s:%d: too many values, expected at most %d", r->file, y->line, VALUES);
    if (!bad && type == YAML_SCALAR_EVENT) {
        y->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        y->kind = YAML_SCALAR;
        if (!y->quoted && is_null((const char *)event->data.scalar.value))
            y->kind = YAML_NULL;
        else if ((y->text = scalar_text(r, event)) == NULL)
            bad = -1;
    }
    yaml_event_delete(event);
    if (bad || type == YAML_SCALAR_EVENT) return bad;
    y->kind = type == YAML_MAPPING_START_EVENT ? YAML_MAP : YAML_LIST;
    return build_entries(
        r, y, y->kind == YAML_MAP ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT, depth);
}

/* Stream start, perhaps one document, stream end. */
static int build_document(struct reader *r, struct yaml *y)
{
    yaml_event_t event;

    if (next(r, &event)) return -1;
    yaml_event_delete(&event);
    if (next(r, &event)) return -1;
    yaml_event_type_t type = event.type;
    yaml_event_delete(&event);
    y->line = 1;
    if (type == YAML_STREAM_END_EVENT) return 0; /* empty: y is YAML_NULL */
    if (next(r, &event) || build(r, y, &event, 1)) return -1;
    if (next(r, &event)) return -1; /* the document's end */
    yaml_event_delete(&event);
    if (next(r, &event)) return -1;
    int bad = 0;
    if (event.type != YAML_STREAM_END_EVENT)
        bad = err_set(r->e, "%s:%d: a second document begins, expected one", r->file,
                      line_of(&event));
    yaml_event_delete(&event);
    return bad;
}

struct yaml *yaml_parse(const char *text, const char *file, struct err *e)
{
    struct reader r = { .text = text, .file = file, .e = e };
    size_t n = strnlen(text, (size_t)BYTES + 1);

    if (n > BYTES) {
        err_set(e, "%s:1: more than %d MiB of YAML", file, BYTES >> 20);
        return NULL;
    }
    if (!yaml_parser_initialize(&r.parser)) die("no memory for a YAML parser");
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING); /* never guessed from a mark */
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, n);
    struct yaml *y = mem_take(1, sizeof *y);
    if (build_document(&r, y)) {
        yaml_drop(y);
        y = NULL;
    }
    yaml_parser_delete(&r.parser);
    return y;
}

/* What a node holds, not the node. */
static void drop_parts(struct yaml *y)
{
    for (int i = 0; i < y->n; i++) {
        drop_parts(&y->entry[i]);
        if (y->key != NULL) mem_free(y->key[i]);
    }
    mem_free(y->text);
    mem_free(y->entry);
    mem_free(y->key);
    mem_free(y->key_line);
}

void yaml_drop(struct yaml *y)
{
    if (y == NULL) return;
    drop_parts(y);
    mem_free(y);
}

const struct yaml *yaml_get(const struct yaml *map, const char *key)
{
    if (map->kind != YAML_MAP) return NULL;
    for (int i = 0; i < map->n; i++)
        if (strcmp(map->key[i], key) == 0) return &map->entry[i];
    return NULL;
}

/* "file:line: 'text' is not ..." */
static int refuse(const struct yaml *y, const char *file, const char *expected, struct err *e)
{
    static const char *const kinds[] = { "nothing", "", "a list", "a mapping" };

    if (y->kind != YAML_SCALAR)
        return err_set(e, "%s:%d: found %s, expected %s", file, y->line, kinds[y->kind], expected);
    char *text = text_short(y->text);
    err_set(e, "%s:%d: found '%s'%s, expected %s", file, y->line, text,
            y->quoted ? " in quotes" : "", expected);
    mem_free(text);
    return -1;
}

/* Past a sign and digits without a leading zero; NULL when there are none. */
static const char *whole_part(const char *s)
{
    size_t n = strspn(s, "0123456789");

    return n == 0 || (n > 1 && s[0] == '0') ? NULL : s + n;
}

static const char *past_sign(const char *s)
{
    return s + (*s == '-' || *s == '+');
}

int yaml_int(const struct yaml *y, const char *file, int64_t *out, struct err *e)
{
    const char *end = y->kind == YAML_SCALAR && !y->quoted ? whole_part(past_sign(y->text)) : NULL;

    if (end == NULL || *end != '\0') return refuse(y, file, "an integer", e);
    errno = 0;
    long long x = strtoll(y->text, NULL, 10);
    if (errno == ERANGE) return refuse(y, file, "an integer below 2^63", e);
    *out = x;
    return 0;
}

/* Is it a decimal: digits, a point, digits (one of the two may lack), an exponent? */
static int is_decimal(const char *s)
{
    const char *end;

    s = past_sign(s);
    end = whole_part(s);
    if (end == NULL && *s != '.') return 0;
    if (end != NULL) s = end;
    if (*s == '.') {
        size_t n = strspn(s + 1, "0123456789");
        if (n == 0 && end == NULL) return 0;
        s += 1 + n;
    }
    if (*s == 'e' || *s == 'E') {
        s = past_sign(s + 1);
        size_t n = strspn(s, "0123456789");
        if (n == 0) return 0;
        s += n;
    }
    return *s == '\0';
}

int yaml_real(const struct yaml *y, const char *file, double *out, struct err *e)
{
    if (y->kind != YAML_SCALAR || y->quoted || !is_decimal(y->text))
        return refuse(y, file, "a finite decimal number", e);
    double x = strtod(y->text, NULL);
    if (!isfinite(x)) return refuse(y, file, "a number below 1.8e308", e);
    if (x == 0.0 && y->text[strcspn(y->text, "123456789eE")] >= '1' &&
        y->text[strcspn(y->text, "123456789eE")] <= '9')
        return refuse(y, file, "zero or a number above 4.9e-324", e); /* underflow */
    *out = x;
    return 0;
}

int yaml_flag(const struct yaml *y, const char *file, int *out, struct err *e)
{
    int yes = y->kind == YAML_SCALAR && !y->quoted && strcmp(y->text, "true") == 0;
    int no = y->kind == YAML_SCALAR && !y->quoted && strcmp(y->text, "false") == 0;

    if (!yes && !no) return refuse(y, file, "true or false", e);
    *out = yes;
    return 0;
}

const char *yaml_version(void)
{
    return yaml_get_version_string();
}
