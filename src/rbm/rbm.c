#include "rbm/rbm.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

/* Steps of RNG_INIT from here on are the machine's; the networks take those from 0. */
static const int64_t INIT_STEP = (int64_t)1 << 40;

/* Both directions of every edge, neighbours ascending: those below i come from earlier rows in
 * order, those above from row i. */
static void join(struct rbm *m)
{
    const struct topology *T = &m->T;
    int64_t *fill = mem_take(T->N + 1, sizeof *fill);

    m->near_first = mem_take(T->N + 1, sizeof m->near_first[0]);
    m->near = mem_take(2 * T->M, sizeof m->near[0]);
    m->near_edge = mem_take(2 * T->M, sizeof m->near_edge[0]);
    m->near_weight = mem_take(2 * T->M, sizeof m->near_weight[0]);
    for (int64_t k = 0; k < T->M; k++)
        for (int end = 0; end < 2; end++) m->near_first[T->edge[k][end] + 1]++;
    for (int i = 0; i < T->N; i++) m->near_first[i + 1] += m->near_first[i];
    memcpy(fill, m->near_first, ((size_t)T->N + 1) * sizeof *fill);
    for (int end = 1; end >= 0; end--) { /* first each unit's smaller neighbours, then the larger */
        for (int64_t k = 0; k < T->M; k++) {
            int64_t at = fill[T->edge[k][end]]++;
            m->near[at] = T->edge[k][!end];
            m->near_edge[at] = (int32_t)k;
        }
    }
    mem_free(fill);
}

void rbm_init(struct rbm *m, struct topology *T, int clamped)
{
    if (clamped < -1 || clamped >= T->K) die("clamped partition %d of %d", clamped, T->K);
    if (clamped >= 0 && T->K == 1) die("the only partition is clamped");
    *m = (struct rbm){ .T = *T };
    *T = (struct topology){ 0 };
    int64_t N = m->T.N, M = m->T.M;
    int bias = tensors_add(&m->table, "bias", 1, &N);
    if (M > 0) tensors_add(&m->table, "weight", 1, &M);
    m->param = mem_take(m->table.total, sizeof m->param[0]);
    m->bias = m->param + m->table.t[bias].first;
    m->weight = m->param + m->table.t[m->table.n - 1].first; /* no coupling: not read */
    join(m);
    if (clamped >= 0) {
        uint8_t *which = mem_take(N, 1);
        memset(which + m->T.first[clamped], 1, (size_t)m->T.size[clamped]);
        rbm_hold(m, which);
        mem_free(which);
    }
}

void rbm_hold(struct rbm *m, const uint8_t *which)
{
    int n = 0;

    mem_free(m->hold);
    mem_free(m->is_held);
    m->hold = NULL;
    m->is_held = NULL;
    for (int i = 0; i < m->T.N; i++) n += which[i] != 0;
    m->held = n;
    if (n == 0) return;
    if (n == m->T.N) die("all %d units are clamped", n);
    m->hold = mem_take(n, sizeof m->hold[0]);
    m->is_held = mem_take(m->T.N, 1);
    n = 0;
    for (int i = 0; i < m->T.N; i++) {
        m->is_held[i] = which[i] != 0;
        if (which[i]) m->hold[n++] = i;
    }
}

int rbm_is_held(const struct rbm *m, int i)
{
    return m->held > 0 && m->is_held[i];
}

int rbm_clamped(const struct rbm *m)
{
    int p = 0;

    if (m->held == 0) return -1;
    while (m->hold[0] >= m->T.first[p + 1]) p++;
    return m->hold[0] == m->T.first[p] && m->held == m->T.size[p] &&
                   m->hold[m->held - 1] == m->T.first[p + 1] - 1
               ? p
               : -1;
}

int rbm_run(const struct rbm *m, int from, int end, int *last)
{
    while (from < end && rbm_is_held(m, from)) from++;
    for (*last = from; *last < end && !rbm_is_held(m, *last);) ++*last;
    return from;
}

int rbm_free_units(const struct rbm *m, int from, int end)
{
    int n = 0;

    for (int i = from; i < end; i++) n += !rbm_is_held(m, i);
    return n;
}

void rbm_free(struct rbm *m)
{
    topology_free(&m->T);
    tensors_free(&m->table);
    mem_free(m->hold);
    mem_free(m->is_held);
    mem_free(m->param);
    mem_free(m->near_first);
    mem_free(m->near);
    mem_free(m->near_edge);
    mem_free(m->near_weight);
    *m = (struct rbm){ 0 };
}

void rbm_prepare(struct rbm *m)
{
    for (int64_t k = 0; k < 2 * m->T.M; k++) m->near_weight[k] = m->weight[m->near_edge[k]];
    m->version++;
}

void rbm_random(struct rbm *m, double std, uint64_t seed)
{
    memset(m->bias, 0, (size_t)m->T.N * sizeof m->bias[0]);
    for (int64_t k = 0; k < m->T.M; k++) {
        struct rng r = rng_at(seed, RNG_INIT, k, INIT_STEP);
        m->weight[k] = (float)(std * rng_normal(&r));
    }
    rbm_prepare(m);
}

static double root_mean_square(const float *x, int64_t n)
{
    double squares = 0.0;

    for (int64_t i = 0; i < n; i++) squares += (double)x[i] * (double)x[i];
    return n > 0 ? sqrt(squares / (double)n) : 0.0;
}

void rbm_random_like(struct rbm *r, const struct rbm *m, uint64_t seed)
{
    double width = root_mean_square(m->bias, m->T.N);
    struct topology T;

    topology_copy(&T, &m->T);
    rbm_init(r, &T, -1);
    if (m->held > 0) rbm_hold(r, m->is_held);
    r->hidden = m->hidden;
    rbm_random(r, root_mean_square(m->weight, m->T.M), seed);
    for (int i = 0; i < m->T.N; i++) {
        struct rng g = rng_at(seed, RNG_INIT, i, INIT_STEP + 1);
        r->bias[i] = (float)(width * rng_normal(&g));
    }
}

void rbm_bias_from(struct rbm *m, const double *mean, double least)
{
    for (int i = 0; i < m->T.N; i++) {
        double p = fmin(fmax(mean[i], least), 1.0 - least);
        m->bias[i] = (float)log(p / (1.0 - p));
    }
    rbm_prepare(m);
}

int rbm_check(const struct rbm *m, struct err *e)
{
    for (int i = 0; i < m->T.N; i++)
        if (!isfinite(m->bias[i]))
            return err_set(e, "bias of unit %d is %g: expected a finite number", i,
                           (double)m->bias[i]);
    for (int64_t k = 0; k < m->T.M; k++)
        if (!isfinite(m->weight[k]))
            return err_set(e, "weight of units %d and %d is %g: expected a finite number",
                           m->T.edge[k][0], m->T.edge[k][1], (double)m->weight[k]);
    return 0;
}

struct kern_net rbm_net(const struct rbm *m)
{
    return (struct kern_net){ .N = m->T.N,
                              .first = m->near_first,
                              .neighbour = m->near,
                              .weight = m->near_weight,
                              .bias = m->bias };
}

float rbm_weight(const struct rbm *m, int i, int j)
{
    int64_t k = topology_find(&m->T, i, j);

    return k < 0 ? 0.0f : m->weight[k];
}

void rbm_energy(const struct rbm *m, const struct kern *k, const uint64_t *bits, int64_t tiles,
                double *energy)
{
    struct kern_net net = rbm_net(m);

    k->score(energy, bits, tiles, &net, NULL);
    for (int64_t c = 0; c < tiles * KERN_LANES; c++) energy[c] = -energy[c];
}

void rbm_energy_states(const struct rbm *m, const uint8_t *states, int64_t n, double *energy)
{
    const struct topology *T = &m->T;

    for (int64_t s = 0; s < n; s++) {
        const uint8_t *x = states + s * T->N;
        double sum = 0.0;
        for (int i = 0; i < T->N; i++) sum += x[i] ? (double)m->bias[i] : 0.0;
        for (int64_t k = 0; k < T->M; k++)
            sum += x[T->edge[k][0]] && x[T->edge[k][1]] ? (double)m->weight[k] : 0.0;
        energy[s] = -sum;
    }
}
