#include "qpu/embedding.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER = 16, QUBITS_MOST = 1 << 24 };

void embedding_take(struct embedding *m, int n, int64_t qubits)
{
    *m = (struct embedding){ .n = n };
    m->first = mem_take(n + 1, sizeof *m->first);
    m->qubit = mem_take(qubits, sizeof *m->qubit);
}

void embedding_free(struct embedding *m)
{
    mem_free(m->first);
    mem_free(m->qubit);
    *m = (struct embedding){ 0 };
}

/* owner [Q]: the chain of a qubit, or -1. */
static int find_owners(const struct embedding *m, const struct vicinity *v, const struct ising *g,
                       int32_t *owner, struct err *e)
{
    for (int q = 0; q < v->Q; q++) owner[q] = -1;
    for (int i = 0; i < m->n; i++) {
        if (m->first[i + 1] == m->first[i])
            return err_set(e, "unit %d has no qubit in the embedding", g->unit[i]);
        for (int64_t k = m->first[i]; k < m->first[i + 1]; k++) {
            int32_t q = m->qubit[k];
            if (!vicinity_works(v, q))
                return err_set(e, "the chain of unit %d has qubit %d, which the chip lacks",
                               g->unit[i], q);
            if (owner[q] >= 0)
                return err_set(e, "qubit %d is in the chains of units %d and %d", q,
                               g->unit[owner[q]], g->unit[i]);
            owner[q] = i;
        }
    }
    return 0;
}

/* Qubits of chain i that its first one reaches; stack [qubits of the chain]. */
static int64_t reached(const struct embedding *m, const struct vicinity *v, const int32_t *owner,
                       int i, uint8_t *seen, int32_t *stack)
{
    int64_t count = 1, top = 0;

    stack[top++] = m->qubit[m->first[i]];
    seen[stack[0]] = 1;
    while (top > 0) {
        int32_t q = stack[--top];
        for (int64_t k = v->first[q]; k < v->first[q + 1]; k++) {
            int32_t p = v->near[k];
            if (owner[p] != i || seen[p]) continue;
            seen[p] = 1;
            stack[top++] = p;
            count++;
        }
    }
    return count;
}

/* Is there a coupler between the chains of i and j? */
static int touch(const struct embedding *m, const struct vicinity *v, const int32_t *owner, int i,
                 int j)
{
    for (int64_t k = m->first[i]; k < m->first[i + 1]; k++) {
        int32_t q = m->qubit[k];
        for (int64_t at = v->first[q]; at < v->first[q + 1]; at++)
            if (owner[v->near[at]] == j) return 1;
    }
    return 0;
}

int embedding_check(const struct embedding *m, const struct vicinity *v, const struct ising *g,
                    struct err *e)
{
    if (m->n != g->n)
        return err_set(e, "the embedding has %d chains, expected one for each of %d units", m->n,
                       g->n);
    int32_t *owner = mem_take(v->Q, sizeof *owner), *stack = mem_take(v->Q, sizeof *stack);
    uint8_t *seen = mem_take(v->Q, 1);
    int bad = find_owners(m, v, g, owner, e);
    for (int i = 0; i < m->n && !bad; i++)
        if (reached(m, v, owner, i, seen, stack) != m->first[i + 1] - m->first[i])
            bad = err_set(e, "the chain of unit %d is in pieces", g->unit[i]);
    for (int64_t k = 0; k < g->m && !bad; k++)
        if (!touch(m, v, owner, g->pair[k][0], g->pair[k][1]))
            bad = err_set(e, "units %d and %d are coupled, but no coupler joins their chains",
                          g->unit[g->pair[k][0]], g->unit[g->pair[k][1]]);
    mem_free(owner);
    mem_free(stack);
    mem_free(seen);
    return bad ? -1 : 0;
}

/* The list of a unit. */
static const struct json *chain_of(const struct json *j, const struct ising *g, int i)
{
    char key[NUMBER];

    snprintf(key, sizeof key, "%d", g->unit[i]);
    return json_get(j, key);
}

static int read_chains(struct embedding *m, const struct ising *g, const struct json *j,
                       const char *name, struct err *e)
{
    int64_t qubits = 0, q;

    for (int i = 0; i < g->n; i++) {
        int n = json_count(chain_of(j, g, i));
        if (n < 1)
            return err_set(e, "%s: no list of qubits for unit %d, expected {\"%d\": [12, 13], ...}",
                           name, g->unit[i], g->unit[i]);
        qubits += n;
    }
    embedding_take(m, g->n, qubits);
    for (int i = 0; i < g->n; i++) {
        const struct json *chain = chain_of(j, g, i);
        m->first[i + 1] = m->first[i] + json_count(chain);
        for (int k = 0; k < json_count(chain); k++) {
            if (json_whole(json_at(chain, k), &q) || q < 0 || q > QUBITS_MOST)
                return err_set(e, "%s: entry %d of unit %d is no qubit", name, k, g->unit[i]);
            m->qubit[m->first[i] + k] = (int32_t)q;
        }
    }
    return 0;
}

int embedding_read(struct embedding *m, const struct ising *g, const char *text, const char *name,
                   struct err *e)
{
    struct json *j = json_parse(text, name, e);

    *m = (struct embedding){ 0 };
    if (j == NULL) return -1;
    int bad = read_chains(m, g, j, name, e);
    json_drop(j);
    if (bad) embedding_free(m);
    return bad;
}

char *embedding_text(const struct embedding *m, const struct ising *g)
{
    struct json *j = json_new();
    char key[NUMBER];

    for (int i = 0; i < m->n; i++) {
        struct json *chain = json_list();
        for (int64_t k = m->first[i]; k < m->first[i + 1]; k++) json_add_int(chain, m->qubit[k]);
        snprintf(key, sizeof key, "%d", g->unit[i]);
        json_put(j, key, chain);
    }
    char *text = json_text(j);
    json_drop(j);
    return text;
}

int embedding_longest(const struct embedding *m)
{
    int64_t most = 0;

    for (int i = 0; i < m->n; i++)
        if (m->first[i + 1] - m->first[i] > most) most = m->first[i + 1] - m->first[i];
    return (int)most;
}

double embedding_mean(const struct embedding *m)
{
    return m->n > 0 ? (double)m->first[m->n] / m->n : 0.0;
}
