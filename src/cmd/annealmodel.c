#include "cmd/annealmodel.h"

#include "base/mem.h"
#include "cmd/modelfile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { QUBITS_MOST = 1 << 24 };

/* Lines of a text as they stand. */
struct edges {
    int64_t n, room;
    int32_t (*end)[2]; /* [n] numbers, i <= j; owned */
    double *value;     /* [n]; owned */
};

static void edges_free(struct edges *x)
{
    mem_free(x->end);
    mem_free(x->value);
}

static int read_line(struct edges *x, char *text, const char *path, int line, struct err *e)
{
    char *at = text, *end;
    long number[2];

    text[strcspn(text, "#")] = '\0';
    if (text[strspn(text, " \t\r")] == '\0') return 0;
    for (int i = 0; i < 2; i++) {
        number[i] = strtol(at, &end, 10);
        if (end == at || number[i] < 0 || number[i] >= QUBITS_MOST)
            return err_set(e, "%s:%d: expected \"i j W\", or \"i i b\" for a bias", path, line);
        at = end;
    }
    double value = strtod(at, &end);
    if (end == at || end[strspn(end, " \t\r")] != '\0' || !isfinite(value))
        return err_set(e, "%s:%d: expected \"i j W\", or \"i i b\" for a bias", path, line);
    if (x->n == x->room) {
        x->room = 2 * x->room + 256;
        x->end = mem_grow(x->end, x->room, sizeof *x->end);
        x->value = mem_grow(x->value, x->room, sizeof *x->value);
    }
    x->end[x->n][0] = (int32_t)(number[0] < number[1] ? number[0] : number[1]);
    x->end[x->n][1] = (int32_t)(number[0] < number[1] ? number[1] : number[0]);
    x->value[x->n++] = value;
    return 0;
}

static int read_edges(struct edges *x, char *text, const char *path, struct err *e)
{
    int line = 0, bad = 0;

    for (char *at = text; at != NULL && !bad;) {
        char *end = strchr(at, '\n');
        if (end != NULL) *end = '\0';
        bad = read_line(x, at, path, ++line, e);
        at = end == NULL ? NULL : end + 1;
    }
    if (!bad && x->n == 0) bad = err_set(e, "%s: holds no coupling", path);
    return bad;
}

/* The place of every number that stands in the text, ascending: place [most + 1] or -1. */
static int32_t *places(const struct edges *x, int *n)
{
    int32_t most = 0;

    for (int64_t k = 0; k < x->n; k++)
        if (x->end[k][1] > most) most = x->end[k][1];
    int32_t *place = mem_take((int64_t)most + 1, sizeof *place);
    for (int64_t k = 0; k < x->n; k++) place[x->end[k][0]] = place[x->end[k][1]] = 1;
    *n = 0;
    for (int32_t q = 0; q <= most; q++) place[q] = place[q] ? (*n)++ : -1;
    return place;
}

static void make_problem(struct annealmodel *m, const struct edges *x, double scale)
{
    int32_t *place = places(x, &m->N), *qubit = mem_take(m->N, sizeof *qubit);
    int32_t(*pair)[2] = mem_take(x->n, sizeof *pair);
    double *b = mem_take(m->N, sizeof *b), *W = mem_take(x->n, sizeof *W);
    int64_t M = 0;

    for (int64_t k = 0; k < x->n; k++) {
        int32_t i = place[x->end[k][0]], j = place[x->end[k][1]];
        qubit[i] = x->end[k][0];
        qubit[j] = x->end[k][1];
        if (i == j) {
            b[i] += x->value[k];
            continue;
        }
        pair[M][0] = i;
        pair[M][1] = j;
        W[M++] = x->value[k];
    }
    m->Q = 1;
    m->g = mem_take(1, sizeof *m->g);
    ising_from(&m->g[0], m->N, qubit, b, M, (const int32_t(*)[2])pair, W, scale);
    m->placed = 1;
    mem_free(place);
    mem_free(qubit);
    mem_free(pair);
    mem_free(b);
    mem_free(W);
}

/* Does a line begin with the word "partitions"? Then the numbers are units (cmd/edgefile.h). */
static int has_partitions(const char *text)
{
    static const char word[] = "partitions";

    for (const char *at = text; at != NULL; at = strchr(at, '\n')) {
        at += strspn(at, " \t\r\n");
        if (strncmp(at, word, strlen(word)) == 0) return 1;
    }
    return 0;
}

/* 1: its numbers are units, nothing was done. */
static int load_text(struct annealmodel *m, const struct run *r, const char *path, struct err *e)
{
    struct edges x = { 0 };
    char *text = run_text(r->P, path, e);

    if (text == NULL) return -1;
    if (has_partitions(text)) {
        mem_free(text);
        return 1;
    }
    int bad = read_edges(&x, text, path, e);
    if (!bad) make_problem(m, &x, conf_real(r->conf, "anneal.scale"));
    edges_free(&x);
    mem_free(text);
    return bad;
}

/* A problem for each energy, or one of all units. */
static int make_problems(struct annealmodel *m, const struct run *r, struct err *e)
{
    const struct rbm *b = &m->model.rbm;
    int energies = conf_count(r->conf, "anneal.energies");
    double scale = conf_real(r->conf, "anneal.scale");

    m->N = b->T.N;
    m->placed = b->T.qubit != NULL;
    if (energies > 0 && model_conditional(&m->model, e)) return err_within(e, "anneal.energies");
    m->Q = energies > 0 ? energies : 1;
    m->g = mem_take(m->Q, sizeof *m->g);
    if (energies > 0) {
        m->u = mem_take((int64_t)m->Q * b->held, 1);
        m->incident = mem_take(m->Q, sizeof *m->incident);
    }
    for (int q = 0; q < m->Q; q++) {
        uint8_t *u = energies > 0 ? m->u + (int64_t)q * b->held : NULL;
        if (energies > 0) {
            m->incident[q] = conf_real_at(r->conf, "anneal.energies", q);
            model_condition(&m->model, &m->incident[q], 1, u);
        }
        ising_init(&m->g[q], b, energies > 0);
        ising_set(&m->g[q], b, scale, u);
    }
    return 0;
}

int annealmodel_load(struct annealmodel *m, const struct run *r, struct err *e)
{
    const char *path = conf_text(r->conf, "anneal.model");
    size_t n = strlen(path);
    int bad = 1;

    *m = (struct annealmodel){ 0 };
    if (n > 4 && strcmp(path + n - 4, ".txt") == 0) bad = load_text(m, r, path, e);
    if (bad > 0)
        bad =
            modelfile_load(&m->model, r->P, path, 1, MODELFILE_PLAIN, e) || make_problems(m, r, e);
    if (bad) annealmodel_free(m);
    return bad ? -1 : 0;
}

void annealmodel_free(struct annealmodel *m)
{
    for (int q = 0; q < m->Q && m->g != NULL; q++) ising_free(&m->g[q]);
    mem_free(m->g);
    mem_free(m->u);
    mem_free(m->incident);
    model_free(&m->model);
    *m = (struct annealmodel){ 0 };
}

void annealmodel_expand(const struct annealmodel *m, int q, const uint8_t *states, int64_t n,
                        uint8_t *whole)
{
    const struct ising *g = &m->g[q];
    const uint8_t *u = m->u == NULL ? NULL : m->u + (int64_t)q * m->model.rbm.held;

    for (int64_t r = 0; r < n; r++)
        for (int i = 0; i < m->N; i++)
            whole[r * m->N + i] =
                g->spin[i] >= 0 ? states[r * g->n + g->spin[i]] : u[-1 - g->spin[i]];
}
