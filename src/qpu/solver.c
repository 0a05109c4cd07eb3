#include "qpu/solver.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_QUBITS = 1 << 20, MOST_COUPLERS = 1 << 23, MOST_NAME = 256 };

static int text_of(const struct json *j, const char *key, char **to)
{
    const char *text;

    if (json_get_text(j, key, &text) || text[0] == '\0' || strlen(text) > MOST_NAME) return -1;
    *to = mem_text(text);
    return 0;
}

static int read_identity(struct solver *s, const struct json *j, struct err *e)
{
    const struct json *identity = json_get(j, "identity");
    const struct json *version = identity == NULL ? NULL : json_get(identity, "version");
    const char *status;

    if (identity == NULL || text_of(identity, "name", &s->name))
        return err_set(e, "a solver without identity.name");
    if (version != NULL) text_of(version, "graph_id", &s->graph_id);
    /* without a status the service means online */
    s->online = json_get_text(j, "status", &status) || strcmp(status, "ONLINE") == 0;
    if (json_get_real(j, "avg_load", &s->load)) s->load = 0.0;
    return 0;
}

static int read_qubits(struct solver *s, const struct json *p, struct err *e)
{
    const struct json *list = json_get(p, "qubits");
    int64_t Q, q;

    s->n = -1;
    if (list == NULL) return 0;
    int n = json_count(list);
    if (n < 0 || n > MOST_QUBITS)
        return err_set(e, "solver %s: qubits is no list of at most %d", s->name, MOST_QUBITS);
    if (json_get_int(p, "num_qubits", &Q) || Q < n || Q > MOST_QUBITS)
        return err_set(e, "solver %s: num_qubits is missing or does not fit its %d qubits", s->name,
                       n);
    s->n = n;
    s->Q = (int)Q;
    s->qubit = mem_take(n, sizeof *s->qubit);
    s->place = mem_take(Q, sizeof *s->place);
    for (int i = 0; i < s->Q; i++) s->place[i] = -1;
    for (int i = 0; i < n; i++) {
        if (json_whole(json_at(list, i), &q) || q < 0 || q >= Q || (i > 0 && q <= s->qubit[i - 1]))
            return err_set(e, "solver %s: entry %d of qubits is no number below %d that rises",
                           s->name, i, s->Q);
        s->qubit[i] = (int32_t)q;
        s->place[q] = i;
    }
    return 0;
}

static int by_ends(const void *a, const void *b)
{
    const struct solver_coupler *x = a, *y = b;

    if (x->u != y->u) return x->u < y->u ? -1 : 1;
    return (x->v > y->v) - (x->v < y->v);
}

static int read_couplers(struct solver *s, const struct json *p, struct err *e)
{
    const struct json *list = json_get(p, "couplers");

    s->m = -1;
    if (list == NULL || s->n < 0) return 0;
    int m = json_count(list);
    if (m < 0 || m > MOST_COUPLERS)
        return err_set(e, "solver %s: couplers is no list of at most %d", s->name, MOST_COUPLERS);
    s->m = m;
    s->coupler = mem_take(m, sizeof *s->coupler);
    s->sorted = mem_take(m, sizeof *s->sorted);
    for (int i = 0; i < m; i++) {
        const struct json *pair = json_at(list, i);
        int64_t u, v;
        if (json_count(pair) != 2 || json_whole(json_at(pair, 0), &u) ||
            json_whole(json_at(pair, 1), &v) || u < 0 || v <= u || v >= s->Q || s->place[u] < 0 ||
            s->place[v] < 0)
            return err_set(e, "solver %s: entry %d of couplers is no pair u < v of its qubits",
                           s->name, i);
        s->coupler[i][0] = (int32_t)u;
        s->coupler[i][1] = (int32_t)v;
        s->sorted[i] = (struct solver_coupler){ (int32_t)u, (int32_t)v, i };
    }
    qsort(s->sorted, (size_t)m, sizeof *s->sorted, by_ends);
    for (int i = 1; i < m; i++)
        if (by_ends(&s->sorted[i - 1], &s->sorted[i]) == 0)
            return err_set(e, "solver %s: a coupler stands twice in couplers", s->name);
    return 0;
}

static void read_topology(struct solver *s, const struct json *p)
{
    const struct json *t = json_get(p, "topology"), *shape = t ? json_get(t, "shape") : NULL;
    const char *category;

    s->qpu = !json_get_text(p, "category", &category) && strcmp(category, "qpu") == 0;
    if (t == NULL) return;
    text_of(t, "type", &s->topology);
    for (int i = 0; i < SOLVER_SHAPE && i < json_count(shape); i++) {
        int64_t x;
        if (json_whole(json_at(shape, i), &x) || x < 0 || x > 1 << 20) break;
        s->shape[s->shapes++] = (int)x;
    }
}

int solver_read(struct solver *s, const struct json *definition, struct err *e)
{
    const struct json *p = json_get(definition, "properties");

    *s = (struct solver){ .n = -1, .m = -1 };
    int bad = read_identity(s, definition, e);
    if (!bad && p != NULL) {
        read_topology(s, p);
        bad = read_qubits(s, p, e) || read_couplers(s, p, e);
        if (!bad) {
            const char *key;
            s->properties = json_new();
            for (int i = 0; (key = json_key(p, i)) != NULL; i++)
                if (strcmp(key, "qubits") != 0 && strcmp(key, "couplers") != 0)
                    json_put(s->properties, key, json_clone(json_get(p, key)));
        }
    }
    if (bad) solver_free(s);
    return bad ? -1 : 0;
}

void solver_free(struct solver *s)
{
    mem_free(s->name);
    mem_free(s->graph_id);
    mem_free(s->topology);
    json_drop(s->properties);
    mem_free(s->qubit);
    mem_free(s->place);
    mem_free(s->coupler);
    mem_free(s->sorted);
    *s = (struct solver){ 0 };
}

int64_t solver_coupler(const struct solver *s, int u, int v)
{
    struct solver_coupler key = { .u = u < v ? u : v, .v = u < v ? v : u };
    const struct solver_coupler *found =
        bsearch(&key, s->sorted, (size_t)s->m, sizeof *s->sorted, by_ends);

    return found == NULL ? -1 : found->place;
}

int solver_range(const struct solver *s, const char *name, double range[2])
{
    const struct json *r = s->properties == NULL ? NULL : json_get(s->properties, name);

    return json_count(r) == 2 && !json_number(json_at(r, 0), &range[0]) &&
                   !json_number(json_at(r, 1), &range[1]) && range[0] <= range[1]
               ? 0
               : -1;
}

int solver_takes(const struct solver *s, const char *parameter)
{
    const struct json *all = s->properties == NULL ? NULL : json_get(s->properties, "parameters");

    return all == NULL || json_key(all, 0) == NULL || json_get(all, parameter) != NULL;
}
