#include "rbm/phases.h"

#include "base/err.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

void phases_init(struct phases *p, const struct rbm *m)
{
    int64_t N = m->T.N, M = m->T.M;

    *p = (struct phases){ .N = m->T.N, .M = M, .total = 2 * (1 + N + M) };
    p->count = mem_take(p->total, sizeof p->count[0]);
    p->data_n = p->count;
    p->chain_n = p->count + 1;
    p->data_unit = p->count + 2;
    p->chain_unit = p->data_unit + N;
    p->data_pair = p->chain_unit + N;
    p->chain_pair = p->data_pair + M;
    p->offset = mem_take(N, sizeof p->offset[0]);
    p->slope = mem_take(N, sizeof p->slope[0]);
    p->sum = mem_take(N, sizeof p->sum[0]);
    p->gradient = mem_take(m->table.total, sizeof p->gradient[0]);
}

void phases_free(struct phases *p)
{
    mem_free(p->count);
    mem_free(p->offset);
    mem_free(p->slope);
    mem_free(p->sum);
    mem_free(p->gradient);
    *p = (struct phases){ 0 };
}

void phases_clear(struct phases *p)
{
    memset(p->count, 0, (size_t)p->total * sizeof p->count[0]);
}

/* The count of live lanes is that of one unit that is always set: the mask itself. */
static void add(int64_t *n, int64_t *unit, int64_t *pair, const struct rbm *m, const struct kern *k,
                const uint64_t *bits, int64_t tiles, const uint64_t *live)
{
    k->sums(n, live, tiles, live, 1);
    k->sums(unit, bits, tiles, live, m->T.N);
    k->pairs(pair, bits, tiles, live, (const int32_t(*)[2])m->T.edge, m->T.row, m->T.N);
}

void phases_data(struct phases *p, const struct rbm *m, const struct kern *k, const uint64_t *bits,
                 int64_t tiles, const uint64_t *live)
{
    add(p->data_n, p->data_unit, p->data_pair, m, k, bits, tiles, live);
}

void phases_chains(struct phases *p, const struct rbm *m, const struct kern *k,
                   const uint64_t *bits, int64_t tiles, const uint64_t *live)
{
    add(p->chain_n, p->chain_unit, p->chain_pair, m, k, bits, tiles, live);
}

static void add_floats(int64_t *count, int64_t *unit, int64_t *pair, const struct rbm *m,
                       const float *z, int64_t n)
{
    const float one = (float)(1 << PHASES_POINT);
    const int32_t(*edge)[2] = (const int32_t(*)[2])m->T.edge;

    *count += n << PHASES_POINT;
    for (int64_t s = 0; s < n; s++) {
        const float *x = z + s * m->T.N;
        for (int i = 0; i < m->T.N; i++) unit[i] += (int32_t)(x[i] * one + 0.5f);
        for (int64_t k = 0; k < m->T.M; k++)
            pair[k] += (int32_t)(x[edge[k][0]] * x[edge[k][1]] * one + 0.5f);
    }
}

void phases_data_floats(struct phases *p, const struct rbm *m, const float *z, int64_t n)
{
    add_floats(p->data_n, p->data_unit, p->data_pair, m, z, n);
}

void phases_chains_floats(struct phases *p, const struct rbm *m, const float *z, int64_t n)
{
    add_floats(p->chain_n, p->chain_unit, p->chain_pair, m, z, n);
}

void phases_chains_exact(struct phases *p, const struct rbm *m, const double *mean,
                         const double *pair)
{
    const double one = (double)((int64_t)1 << PHASES_EXACT_POINT);

    *p->chain_n += (int64_t)1 << PHASES_EXACT_POINT;
    for (int i = 0; i < m->T.N; i++) p->chain_unit[i] += (int64_t)(mean[i] * one + 0.5);
    for (int64_t k = 0; k < m->T.M; k++) p->chain_pair[k] += (int64_t)(pair[k] * one + 0.5);
}

void phases_soften(float *z, const struct rbm *m, const struct kern *k, const uint64_t *bits,
                   int64_t tiles, int64_t t, uint64_t *one)
{
    struct kern_net net = rbm_net(m);
    float phi[KERN_LANES];
    int N = m->T.N, soft = m->T.first[m->T.K - 1];

    for (int i = 0; i < N; i++) {
        one[i] = bits[i * tiles + t];
        for (int c = 0; c < KERN_LANES; c++) z[c * N + i] = (float)(one[i] >> c & 1);
    }
    for (int i = soft; i < N; i++) {
        k->field(phi, one, 1, &net, i);
        for (int c = 0; c < KERN_LANES; c++)
            z[c * N + i] = (float)(1.0 / (1.0 + exp(-(double)phi[c])));
    }
}

void phases_reduce(struct phases *p, const struct reducer *r)
{
    r->count(r->ctx, p->count, p->total);
}

void phases_means(const struct phases *p, int chains, double *mean, double *pair)
{
    const int64_t *unit = chains ? p->chain_unit : p->data_unit;
    const int64_t *both = chains ? p->chain_pair : p->data_pair;
    double n = (double)(chains ? *p->chain_n : *p->data_n);

    for (int i = 0; mean != NULL && i < p->N; i++) mean[i] = (double)unit[i] / n;
    for (int64_t k = 0; pair != NULL && k < p->M; k++) pair[k] = (double)both[k] / n;
}

/* Means of the data less those of the chains, and the offsets moved towards mu of the kind. */
static void prepare(struct phases *p, enum phases_kind kind, double rate)
{
    double nd = (double)*p->data_n, nm = (double)*p->chain_n;

    if (p->offsets_seen == 0) rate = 1.0;
    for (int i = 0; i < p->N; i++) {
        double d = (double)p->data_unit[i] / nd, m = (double)p->chain_unit[i] / nm;
        double now = kind == PHASES_PLAIN ? 0.0 : kind == PHASES_DATA ? d : 0.5 * (d + m);
        p->offset[i] = (1.0 - rate) * p->offset[i] + rate * now;
        p->slope[i] = d - m;
    }
    p->offsets_seen++;
}

void phases_gradient(struct phases *p, const struct rbm *m, enum phases_kind kind, double rate)
{
    const struct topology *T = &m->T;
    double nd = (double)*p->data_n, nm = (double)*p->chain_n;

    if (*p->data_n == 0 || *p->chain_n == 0) die("a gradient without both phases");
    float *unit = p->gradient + (m->bias - m->param), *pair = p->gradient + (m->weight - m->param);
    prepare(p, kind, rate);
    const double *mu = p->offset, *slope = p->slope;
    double *sum = p->sum;
    memcpy(sum, slope, (size_t)T->N * sizeof *sum);
    for (int i = 0; i < T->N; i++) {
        double own = 0.0; /* what unit i loses to its row, in a register */
        for (int64_t k = T->row[i]; k < T->row[i + 1]; k++) {
            int j = T->edge[k][1];
            double g = (double)p->data_pair[k] / nd - (double)p->chain_pair[k] / nm;
            g -= mu[i] * slope[j] + mu[j] * slope[i];
            pair[k] = (float)g;
            own += g * mu[j];
            sum[j] -= g * mu[i];
        }
        sum[i] -= own;
    }
    for (int i = 0; i < T->N; i++) unit[i] = (float)sum[i];
    for (int j = 0; j < m->held; j++) unit[m->hold[j]] = 0.0f;
}
