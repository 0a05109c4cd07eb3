#include "cmd/annealparts.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { QUARTERS = 4 };

struct part {
    const float *F;
    float *some;
    int64_t rows;
    int n;
    uint64_t seed;
    double scale;
};

/* The spins that pick names, as an object; NULL when there are none. */
static struct json *part_of(const struct part *p, const uint8_t *pick)
{
    struct estimate x;
    int n = estimate_columns(p->some, p->F, p->rows, p->n, pick);

    if (n == 0) return NULL;
    estimate_pseudo(&x, p->some, p->rows, n, p->seed, 0, NULL);
    struct json *j = json_new();
    json_put_int(j, "spins", n);
    json_put_real(j, "beta", x.beta * p->scale);
    json_put_real(j, "error", x.error * p->scale);
    if (x.why[0] != '\0') json_put_text(j, "why", x.why);
    return j;
}

static void put_partitions(struct json *to, const struct part *p, const struct annealmodel *m)
{
    const struct topology *T = &m->model.rbm.T;
    uint8_t *pick = mem_take(p->n, 1);
    struct json *list = json_list();
    int first = 0;

    for (int k = 0; k < T->K; first += T->size[k++]) {
        memset(pick, 0, (size_t)p->n);
        for (int i = 0; i < p->n; i++)
            pick[i] = m->g[0].unit[i] >= first && m->g[0].unit[i] < first + T->size[k];
        struct json *one = part_of(p, pick);
        if (one == NULL) continue;
        json_put_int(one, "partition", k);
        json_add(list, one);
    }
    json_put(to, "partitions", list);
    mem_free(pick);
}

static int rising(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;

    return (x > y) - (x < y);
}

static void put_degrees(struct json *to, const struct part *p, const struct ising *g)
{
    int *degree = mem_take(p->n, sizeof *degree), *sorted = mem_take(p->n, sizeof *sorted);
    uint8_t *pick = mem_take(p->n, 1);
    struct json *list = json_list();
    int least = -1;

    for (int64_t k = 0; k < g->m; k++) {
        degree[g->pair[k][0]]++;
        degree[g->pair[k][1]]++;
    }
    memcpy(sorted, degree, (size_t)p->n * sizeof *sorted);
    qsort(sorted, (size_t)p->n, sizeof *sorted, rising);
    for (int quarter = 1; quarter <= QUARTERS; quarter++) {
        int most = sorted[(int64_t)quarter * p->n / QUARTERS - (quarter * p->n >= QUARTERS)];
        for (int i = 0; i < p->n; i++) pick[i] = degree[i] > least && degree[i] <= most;
        struct json *one = part_of(p, pick);
        if (one == NULL) continue;
        json_put_int(one, "degree_above", least);
        json_put_int(one, "degree_to", most);
        json_add(list, one);
        least = most;
    }
    json_put(to, "degrees", list);
    mem_free(degree);
    mem_free(sorted);
    mem_free(pick);
}

void annealparts_put(const struct annealsets *s, const struct annealmodel *m, struct run *r)
{
    int64_t all = s->rows.n * s->rows.spins;
    float *F = mem_take(all, sizeof *F), *some = mem_take(all, sizeof *some);
    struct part p = { F, some, s->rows.n, s->rows.spins, r->seed, m->g[0].scale };
    struct json *j = json_new();

    annealrows_fields(F, &s->rows, m);
    if (m->model.rbm.T.N > 0) put_partitions(j, &p, m);
    put_degrees(j, &p, &m->g[0]);
    json_put(r->result, "temperatures", j);
    mem_free(F);
    mem_free(some);
}
