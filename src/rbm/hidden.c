#include "rbm/hidden.h"

#include "base/mem.h"
#include "num/special.h"

#include <math.h>
#include <string.h>

static const double STEPS = 1 << 20; /* of an expectation: sums of them are exact */

static int is_hidden(const struct rbm *m, int p)
{
    return m->hidden >> p & 1;
}

int hidden_check(const struct rbm *m, struct err *e)
{
    const struct topology *T = &m->T;

    for (int64_t k = 0; k < T->M && m->hidden != 0; k++) {
        int a = topology_of(T, T->edge[k][0]), b = topology_of(T, T->edge[k][1]);
        if (is_hidden(m, a) && is_hidden(m, b))
            return err_set(e,
                           "partitions %d and %d are hidden and coupled, so that a free energy has "
                           "no closed form: expected hidden partitions without couplings between "
                           "them",
                           a < b ? a : b, a < b ? b : a);
    }
    return 0;
}

int hidden_visible(const struct rbm *m)
{
    int n = 0;

    for (int p = 0; p < m->T.K; p++) n += is_hidden(m, p) ? 0 : m->T.size[p];
    return n;
}

void hidden_spread(uint8_t *states, const struct rbm *m, const uint8_t *rows, int64_t n)
{
    const struct topology *T = &m->T;

    memset(states, 0, (size_t)(n * T->N));
    for (int64_t s = 0; s < n; s++)
        for (int p = 0; p < T->K; p++) {
            if (is_hidden(m, p)) continue;
            memcpy(states + s * T->N + T->first[p], rows, (size_t)T->size[p]);
            rows += T->size[p];
        }
}

/* The field of a hidden unit on what is seen. */
static double field(const struct rbm *m, const uint8_t *x, int i)
{
    double phi = (double)m->bias[i];

    for (int64_t k = m->near_first[i]; k < m->near_first[i + 1]; k++)
        if (x[m->near[k]]) phi += (double)m->near_weight[k];
    return phi;
}

void hidden_energy(const struct rbm *m, const uint8_t *states, int64_t n, double *energy,
                   double *mean)
{
    hidden_summed(m, m->hidden, states, n, energy, mean);
}

void hidden_summed(const struct rbm *m, uint64_t which, const uint8_t *states, int64_t n,
                   double *energy, double *mean)
{
    const struct topology *T = &m->T;
    uint8_t *x = mem_take(T->N, 1);

    for (int64_t s = 0; s < n; s++) {
        memcpy(x, states + s * T->N, (size_t)T->N);
        for (int p = 0; p < T->K; p++)
            if (which >> p & 1) memset(x + T->first[p], 0, (size_t)T->size[p]);
        rbm_energy_states(m, x, 1, &energy[s]);
        for (int i = 0; i < T->N && mean != NULL; i++) mean[i] += x[i];
        for (int p = 0; p < T->K; p++)
            for (int i = T->first[p]; (which >> p & 1) && i < T->first[p + 1]; i++) {
                double phi = field(m, x, i);
                energy[s] -= special_softplus(phi);
                if (mean != NULL) mean[i] += rint(STEPS / (1.0 + exp(-phi))) / STEPS;
            }
    }
    mem_free(x);
}
