#include "qpu/wish.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEATURE = 128 };

/* "%41" to "A", in place; what is no code stays. */
static void unquote(char *text)
{
    char *to = text;

    for (; *text != '\0'; text++) {
        char code[3] = { text[0] == '%' ? text[1] : '\0', '\0', '\0' }, *end = code;
        if (code[0] != '\0') code[1] = text[2];
        long c = code[1] != '\0' ? strtol(code, &end, 16) : 0;
        if (code[1] != '\0' && end == code + 2 && c > 0) text += 2;
        *to++ = code[1] != '\0' && end == code + 2 && c > 0 ? (char)c : *text;
    }
    *to = '\0';
}

int wish_read(struct wish *w, const char *text, struct err *e)
{
    *w = (struct wish){ 0 };
    if (text == NULL || text[0] == '\0') return 0;
    if (text[0] == '{') {
        w->features =
            json_parse_stranger(text, (int64_t)strlen(text), 8, "the solver asked for", e);
        return w->features == NULL ? -1 : 0;
    }
    w->name = mem_text(text);
    char *rest = strchr(w->name, ';');
    if (rest != NULL) {
        *rest++ = '\0';
        if (strncmp(rest, "graph_id=", 9) != 0 || rest[9] == '\0') {
            err_set(e, "solver '%s', expected NAME, NAME;graph_id=G or a JSON object", text);
            wish_free(w);
            return -1;
        }
        w->graph_id = mem_text(rest + 9);
        unquote(w->graph_id);
    }
    unquote(w->name);
    return 0;
}

void wish_free(struct wish *w)
{
    mem_free(w->name);
    mem_free(w->graph_id);
    json_drop(w->features);
    *w = (struct wish){ 0 };
}

/* What a solver has of a feature: a JSON value of the caller's, or NULL. */
static struct json *value_of(const struct solver *s, const char *feature)
{
    struct json *box = json_new();
    const struct json *p = s->properties;

    if (strcmp(feature, "name") == 0)
        json_put_text(box, "x", s->name);
    else if (strcmp(feature, "graph_id") == 0 && s->graph_id != NULL)
        json_put_text(box, "x", s->graph_id);
    else if (strcmp(feature, "qpu") == 0)
        json_put_flag(box, "x", s->qpu);
    else if (strcmp(feature, "online") == 0)
        json_put_flag(box, "x", s->online);
    else if (strcmp(feature, "num_active_qubits") == 0 && s->n >= 0)
        json_put_int(box, "x", s->n);
    else if (strcmp(feature, "avg_load") == 0)
        json_put_real(box, "x", s->load);
    else if (strcmp(feature, "topology__type") == 0 && s->topology != NULL)
        json_put_text(box, "x", s->topology);
    else if (p != NULL && json_get(p, feature) != NULL)
        json_put(box, "x", json_clone(json_get(p, feature)));
    return box;
}

static int equal(const struct json *a, const struct json *b)
{
    char *x = json_text(a), *y = json_text(b);
    double u, v;
    int same = strcmp(x, y) == 0 || (!json_number(a, &u) && !json_number(b, &v) && u == v);

    mem_free(x);
    mem_free(y);
    return same;
}

static int holds(const struct json *x, const char *how, const struct json *want)
{
    double a = NAN, b = NAN;

    if (x == NULL) return 0;
    if (strcmp(how, "eq") == 0) return equal(x, want);
    if (strcmp(how, "in") == 0) {
        for (int i = 0; i < json_count(want); i++)
            if (equal(x, json_at(want, i))) return 1;
        return 0;
    }
    if (json_number(x, &a) || json_number(want, &b)) return 0;
    if (strcmp(how, "gte") == 0) return a >= b;
    if (strcmp(how, "lte") == 0) return a <= b;
    return strcmp(how, "gt") == 0 ? a > b : a < b;
}

/* "num_qubits__gte" to "num_qubits" and "gte". */
static const char *split(char feature[FEATURE], const char *key)
{
    static const char *const known[] = { "eq", "gte", "lte", "gt", "lt", "in" };
    size_t n = strlen(key);

    snprintf(feature, FEATURE, "%s", key);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t m = strlen(known[i]);
        if (n <= m + 2 || n >= FEATURE || strcmp(key + n - m, known[i]) != 0 ||
            strncmp(key + n - m - 2, "__", 2) != 0)
            continue;
        feature[n - m - 2] = '\0';
        return known[i];
    }
    return "eq";
}

int wish_fits(const struct wish *w, const struct solver *s)
{
    char feature[FEATURE];
    const char *key;
    int fits = 1;

    if (w->name != NULL && strcmp(w->name, s->name) != 0) return 0;
    if (w->graph_id != NULL && (s->graph_id == NULL || strcmp(w->graph_id, s->graph_id) != 0))
        return 0;
    for (int i = 0; fits && w->features != NULL && (key = json_key(w->features, i)) != NULL; i++) {
        const char *how = split(feature, key);
        struct json *box = value_of(s, feature);
        fits = holds(json_get(box, "x"), how, json_get(w->features, key));
        json_drop(box);
    }
    return fits;
}

int wish_choose(const struct wish *w, const struct solver *s, int n, struct err *e)
{
    int best = -1, fitting = 0;

    for (int i = 0; i < n; i++) {
        if (!wish_fits(w, &s[i])) continue;
        fitting++;
        if (!s[i].online || (!s[i].qpu && w->name == NULL)) continue;
        if (best < 0 || s[i].n > s[best].n || (s[i].n == s[best].n && s[i].load < s[best].load))
            best = i;
    }
    if (best < 0 && fitting > 0)
        err_set(e, "of %d solvers %d fit anneal.solver, but none is a QPU that is online", n,
                fitting);
    else if (best < 0)
        err_set(e, "none of %d solvers fits anneal.solver%s%s", n, w->name != NULL ? ": " : "",
                w->name != NULL ? w->name : "");
    return best;
}
