#include "base/json.h"

#include "base/mem.h"
#include "base/text.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/*
 * struct json is jansson's json_t under our name. Jansson's memory is ours too (counted), so that a
 * value that was not dropped fails the tests.
 */
static void *take(size_t bytes)
{
    return mem_take((int64_t)bytes, 1);
}

static struct json *ours(json_t *j)
{
    if (j == NULL) die("a JSON value could not be made");
    return (struct json *)j;
}

static json_t *theirs(const struct json *j)
{
    return (json_t *)j; /* jansson's readers take no const, and change nothing */
}

struct json *json_new(void)
{
    json_set_alloc_funcs(take, mem_free);
    return ours(json_object());
}

struct json *json_list(void)
{
    json_set_alloc_funcs(take, mem_free);
    return ours(json_array());
}

void json_drop(struct json *j)
{
    json_decref(theirs(j));
}

void json_put(struct json *j, const char *key, struct json *x)
{
    if (json_object_set_new(theirs(j), key, theirs(x)) != 0) die("JSON key '%s'", key);
}

void json_put_int(struct json *j, const char *key, int64_t x)
{
    json_put(j, key, ours(json_integer(x)));
}

static struct json *real(double x)
{
    return ours(isfinite(x) ? json_real(x) : json_null());
}

void json_put_real(struct json *j, const char *key, double x)
{
    json_put(j, key, real(x));
}

void json_put_text(struct json *j, const char *key, const char *x)
{
    char *clean = text_utf8(x); /* a path may hold any bytes */

    json_put(j, key, ours(json_string(clean)));
    mem_free(clean);
}

void json_put_flag(struct json *j, const char *key, int x)
{
    json_put(j, key, ours(json_boolean(x)));
}

void json_add(struct json *list, struct json *x)
{
    if (json_array_append_new(theirs(list), theirs(x)) != 0) die("a value for no JSON list");
}

struct json *json_item(struct json *list, int64_t i)
{
    return (struct json *)json_array_get((json_t *)list, (size_t)i);
}

void json_add_int(struct json *list, int64_t x)
{
    json_add(list, ours(json_integer(x)));
}

void json_add_real(struct json *list, double x)
{
    json_add(list, real(x));
}

/* Text that grows. */
struct sheet {
    char *text;
    size_t n, room;
};

static void write_text(struct sheet *s, const char *text)
{
    size_t n = strlen(text);

    if (s->n + n + 1 > s->room) {
        s->room = 2 * s->room + n + 256;
        s->text = mem_grow(s->text, (int64_t)s->room, 1);
    }
    memcpy(s->text + s->n, text, n + 1);
    s->n += n;
}

/* Numbers but reals, texts, words: in jansson's own form. */
static void write_plain(struct sheet *s, json_t *j)
{
    char *text = json_dumps(j, JSON_ENCODE_ANY | JSON_COMPACT);

    if (text == NULL) die("a JSON value cannot be written");
    write_text(s, text);
    mem_free(text);
}

static void write_key(struct sheet *s, const char *key)
{
    json_t *name = json_string(key);

    write_plain(s, name);
    write_text(s, ": ");
    json_decref(name);
}

/* Our own walk, because jansson writes 0.1 as 0.10000000000000001. */
static void write_value(struct sheet *s, json_t *j)
{
    char number[TEXT_REAL];
    const char *key, *between = "";
    json_t *x;
    size_t i;

    if (json_is_real(j)) {
        write_text(s, text_real(number, json_real_value(j)));
    } else if (json_is_object(j)) {
        write_text(s, "{");
        json_object_foreach(j, key, x)
        {
            write_text(s, between);
            write_key(s, key);
            write_value(s, x);
            between = ", ";
        }
        write_text(s, "}");
    } else if (json_is_array(j)) {
        write_text(s, "[");
        json_array_foreach(j, i, x)
        {
            write_text(s, between);
            write_value(s, x);
            between = ", ";
        }
        write_text(s, "]");
    } else {
        write_plain(s, j);
    }
}

char *json_text(const struct json *j)
{
    struct sheet s = { 0 };

    write_value(&s, theirs(j));
    return s.text;
}

struct json *json_parse(const char *text, const char *file, struct err *e)
{
    enum { MOST = 64 << 20 };
    json_error_t why;

    if (strnlen(text, (size_t)MOST + 1) > MOST) {
        err_set(e, "%s: more than %d MiB of JSON", file, MOST >> 20);
        return NULL;
    }
    json_set_alloc_funcs(take, mem_free);
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    if (j == NULL) {
        char *clean = text_utf8(why.text);
        err_set(e, "%s:%d: %s, expected one JSON object or list", file, why.line, clean);
        mem_free(clean);
        return NULL;
    }
    return ours(j);
}

/* The deepest nesting of lists and objects, brackets in texts left out. */
static int deepest(const char *text, int64_t n)
{
    int depth = 0, most = 0, quoted = 0;

    for (int64_t i = 0; i < n; i++) {
        if (quoted) {
            if (text[i] == '\\') i++;
            if (i < n && text[i] == '"') quoted = 0;
        } else if (text[i] == '"') {
            quoted = 1;
        } else if (text[i] == '[' || text[i] == '{') {
            depth++;
            if (depth > most) most = depth;
        } else if (text[i] == ']' || text[i] == '}') {
            depth--;
        }
    }
    return most;
}

struct json *json_parse_stranger(const char *text, int64_t n, int depth, const char *name,
                                 struct err *e)
{
    if (strlen(text) != (size_t)n)
        err_set(e, "%s: a NUL byte in JSON", name);
    else if (deepest(text, n) > depth)
        err_set(e, "%s: JSON nested deeper than %d", name, depth);
    else
        return json_parse(text, name, e);
    return NULL;
}

int json_whole(const struct json *x, int64_t *out)
{
    if (!json_is_integer(theirs(x))) return -1;
    *out = json_integer_value(theirs(x));
    return 0;
}

int json_number(const struct json *x, double *out)
{
    if (!json_is_number(theirs(x))) return -1;
    *out = json_number_value(theirs(x));
    return 0;
}

int json_string_of(const struct json *x, const char **out)
{
    if (!json_is_string(theirs(x))) return -1;
    *out = json_string_value(theirs(x));
    return 0;
}

int json_get_int(const struct json *j, const char *key, int64_t *out)
{
    return json_whole(json_get(j, key), out);
}

int json_get_real(const struct json *j, const char *key, double *out)
{
    return json_number(json_get(j, key), out);
}

int json_get_text(const struct json *j, const char *key, const char **out)
{
    return json_string_of(json_get(j, key), out);
}

int json_get_flag(const struct json *j, const char *key, int *out)
{
    const json_t *x = theirs(json_get(j, key));

    if (!json_is_boolean(x)) return -1;
    *out = json_is_true(x);
    return 0;
}

const struct json *json_get(const struct json *j, const char *key)
{
    return (const struct json *)json_object_get(theirs(j), key);
}

int json_count(const struct json *list)
{
    return json_is_array(theirs(list)) ? (int)json_array_size(theirs(list)) : -1;
}

const struct json *json_at(const struct json *list, int i)
{
    return i < 0 ? NULL : (const struct json *)json_array_get(theirs(list), (size_t)i);
}

const char *json_key(const struct json *object, int i)
{
    void *at = json_object_iter(theirs(object));

    while (at != NULL && i-- > 0) at = json_object_iter_next(theirs(object), at);
    return at == NULL ? NULL : json_object_iter_key(at);
}

struct json *json_clone(const struct json *j)
{
    return ours(json_deep_copy(theirs(j)));
}

void json_remove(struct json *j, const char *key)
{
    json_object_del(theirs(j), key);
}

const char *json_version(void)
{
    return jansson_version_str();
}
