#include "cmd/graphs.h"

#include "base/mem.h"
#include "cmd/wiring.h"

#include <stdio.h>

enum { SAY_MOST = 8 }; /* groups of which every pair gets a line of the log */

/* Units in groups, and pairs of them. */
struct graph {
    int n, groups;
    const int *group; /* [n] -1: no unit */
    int64_t M;
    const int32_t (*pair)[2]; /* [M] */
};

static struct json *row_of(int a, int b, int64_t c)
{
    struct json *row = json_list();

    json_add_int(row, a);
    json_add_int(row, b);
    json_add_int(row, c);
    return row;
}

/* How many units each group has, a list called `name`; a line for each. */
static void put_sizes(struct run *r, struct json *into, const struct graph *g, const char *label,
                      const char *name)
{
    int *size = mem_take(g->groups, sizeof *size);
    struct json *list = json_list();

    for (int i = 0; i < g->n; i++)
        if (g->group[i] >= 0) size[g->group[i]]++;
    for (int k = 0; k < g->groups; k++) {
        json_add_int(list, size[k]);
        log_say(&r->log, "    %s %d: %d units", label, k, size[k]);
    }
    json_put(into, name, list);
    mem_free(size);
}

/* Couplers between each two groups that have any. */
static void put_pairs(struct run *r, struct json *into, const struct graph *g, const char *name)
{
    int K = g->groups;
    int64_t *many = mem_take((int64_t)K * K, sizeof *many);
    struct json *list = json_list();

    for (int64_t m = 0; m < g->M; m++) {
        int a = g->group[g->pair[m][0]], b = g->group[g->pair[m][1]];
        many[a < b ? a * K + b : b * K + a]++;
    }
    for (int a = 0; a < K; a++)
        for (int b = a + 1; b < K; b++) {
            if (many[a * K + b] == 0) continue;
            json_add(list, row_of(a, b, many[a * K + b]));
            if (K <= SAY_MOST)
                log_say(&r->log, "    couplers of %d and %d: %lld", a, b,
                        (long long)many[a * K + b]);
        }
    json_put(into, name, list);
    mem_free(many);
}

/* How many units have each degree, and the least, mean and greatest. */
static void put_degrees(struct run *r, struct json *into, const struct graph *g)
{
    int *degree = mem_take(g->n, sizeof *degree), *many = mem_take(g->n, sizeof *many);
    int least = g->n, most = 0, units = 0;
    struct json *map = json_new();

    for (int64_t m = 0; m < g->M; m++)
        for (int end = 0; end < 2; end++) degree[g->pair[m][end]]++;
    for (int i = 0; i < g->n; i++) {
        if (g->group[i] < 0) continue;
        many[degree[i]]++;
        units++;
        if (degree[i] < least) least = degree[i];
        if (degree[i] > most) most = degree[i];
    }
    for (int d = 0; d < g->n; d++) {
        char text[16];
        if (many[d] == 0) continue;
        snprintf(text, sizeof text, "%d", d);
        json_put_int(map, text, many[d]);
        log_say(&r->log, "    degree %d: %d units", d, many[d]);
    }
    json_put_int(into, "degree_min", least);
    json_put_real(into, "degree_mean", 2.0 * (double)g->M / units);
    json_put_int(into, "degree_max", most);
    json_put(into, "degrees", map);
    mem_free(degree);
    mem_free(many);
}

void graphs_machine(struct run *r, const struct topology *T)
{
    int *group = mem_take(T->N, sizeof *group);
    struct graph g = { T->N, T->K, group, T->M, (const int32_t(*)[2])T->edge };
    struct json *into = json_new();

    for (int i = 0; i < T->N; i++) group[i] = topology_of(T, i);
    log_say(&r->log, "  machine: %d units in %d partitions, %lld couplers", T->N, T->K,
            (long long)T->M);
    json_put_int(into, "units", T->N);
    json_put_int(into, "couplers", T->M);
    put_sizes(r, into, &g, "partition", "partitions");
    put_pairs(r, into, &g, "partition_couplers");
    put_degrees(r, into, &g);
    json_put(r->result, "topology", into);
    mem_free(group);
}

static void say_chip(struct run *r, const struct wiring *w)
{
    const struct lattice *L = &w->chip;
    struct graph g = { L->Q, L->classes, L->class, L->M, (const int32_t(*)[2])L->joint };
    struct json *into = json_new();
    int qubits = lattice_count(L, -1);

    log_say(&r->log,
            "  chip: %d working qubits in %d classes, %lld couplers; dead: %d qubits, "
            "and %d couplers by themselves",
            qubits, L->classes, (long long)L->M, w->dead[0], w->dead[1]);
    json_put_int(into, "qubits", qubits);
    json_put_int(into, "couplers", L->M);
    json_put_int(into, "dead_qubits", w->dead[0]);
    json_put_int(into, "dead_couplers", w->dead[1]);
    put_sizes(r, into, &g, "class", "classes");
    put_pairs(r, into, &g, "class_couplers");
    put_degrees(r, into, &g);
    json_put(r->result, "chip", into);
}

int graphs_asked(struct run *r, struct err *e)
{
    const char *kind = conf_text(r->conf, "rbm.topology"), *chip = conf_text(r->conf, "rbm.chip");
    struct wiring w;
    int chip_alone = wiring_is_chip(r->conf) && !conf_given(r->conf, "rbm.nodes");
    if (chip_alone ? wiring_chip(&w, r, e) : wiring_make(&w, r, e)) return -1;
    log_say(&r->log, "%s%s%s", kind, chip[0] != '\0' ? " " : "", chip);
    json_put_text(r->result, "command", "info");
    json_put_text(r->result, "format", "topology");
    json_put_text(r->result, "kind", kind);
    json_put_text(r->result, "size", chip);
    if (w.chip.Q > 0) say_chip(r, &w);
    if (w.chip.Q > 0 && !chip_alone) {
        json_put_int(r->result, "couplers_before_swaps", w.found.before);
        json_put_int(r->result, "swaps", w.found.swaps);
    }
    if (!chip_alone) graphs_machine(r, &w.T);
    wiring_free(&w);
    return RUN_DONE;
}
