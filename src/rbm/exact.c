#include "rbm/exact.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

/* Units walked from scratch to scratch: rounding never piles up over more than 2^12 flips. */
enum { LOW = 12 };

/* Where the walk stands. */
struct walk {
    const struct exact *x;
    const struct rbm *m;
    int first, size; /* the partition that is summed analytically */
    uint8_t *state;  /* [N]; 0 in that partition */
    double *phi;     /* [size] fields on it */
    double score;    /* -E of the units outside it */
};

/* What to do with a state: log_f = score + sum_h log(1 + e^phi_h). */
typedef void visit(void *ctx, const struct walk *w, double log_f);

int exact_plan(struct exact *x, const struct rbm *m, int joint, int most, struct err *e)
{
    const struct topology *T = &m->T;
    int best = -1, free_units = 0;

    *x = (struct exact){ .joint = joint };
    for (int p = 0; p < T->K; p++) {
        if (!joint && !rbm_is_free(m, p)) continue;
        free_units += T->size[p];
        if (best < 0 || T->size[p] > T->size[best]) best = p;
    }
    x->summed = best;
    x->n = free_units - T->size[best];
    if (x->n > most)
        return err_set(e,
                       "exact ln Z of %d free units leaves 2^%d states to enumerate: expected at "
                       "most 2^%d",
                       free_units, x->n, most);
    x->unit = mem_take(x->n, sizeof x->unit[0]);
    int n = 0;
    for (int p = 0; p < T->K; p++)
        for (int i = T->first[p]; p != best && (joint || rbm_is_free(m, p)) && i < T->first[p + 1];
             i++)
            x->unit[n++] = i;
    x->top = x->n > LOW ? x->n - LOW : 0;
    x->parts = (int64_t)1 << x->top;
    return 0;
}

void exact_free(struct exact *x)
{
    mem_free(x->unit);
    *x = (struct exact){ 0 };
}

static void flip(struct walk *w, int i)
{
    const struct rbm *m = w->m;
    double sign = w->state[i] ? -1.0 : 1.0, field = (double)m->bias[i];

    for (int64_t k = m->near_first[i]; k < m->near_first[i + 1]; k++) {
        int j = m->near[k], h = j - w->first;
        double weight = (double)m->near_weight[k];
        if (h >= 0 && h < w->size)
            w->phi[h] += sign * weight;
        else if (w->state[j])
            field += weight;
    }
    w->score += sign * field;
    w->state[i] = !w->state[i];
}

static double softplus(double x)
{
    return fmax(x, 0.0) + log1p(exp(-fabs(x)));
}

static void look(const struct walk *w, visit *see, void *ctx)
{
    double log_f = w->score;

    for (int h = 0; h < w->size; h++) log_f += softplus(w->phi[h]);
    see(ctx, w, log_f);
}

/* All states whose top bits are those of this part, from scratch, in Gray order. */
static void walk_part(struct walk *w, const uint8_t *u, int64_t part, visit *see, void *ctx)
{
    const struct exact *x = w->x;
    const struct topology *T = &w->m->T;
    int low = x->n - x->top, clamped = w->m->clamped;

    memset(w->state, 0, (size_t)T->N);
    w->score = 0.0;
    for (int h = 0; h < w->size; h++) w->phi[h] = (double)w->m->bias[w->first + h];
    for (int i = 0; u != NULL && i < T->size[clamped]; i++)
        if (u[i]) flip(w, T->first[clamped] + i);
    for (int b = 0; b < x->top; b++)
        if (part >> b & 1) flip(w, x->unit[low + b]);
    look(w, see, ctx);
    for (uint32_t s = 1; s < 1u << low; s++) {
        flip(w, x->unit[__builtin_ctz(s)]);
        look(w, see, ctx);
    }
}

static void walk_all(const struct exact *x, const struct rbm *m, const uint8_t *u,
                     struct block parts, visit *see, void *ctx)
{
    struct walk w = {
        .x = x, .m = m, .first = m->T.first[x->summed], .size = m->T.size[x->summed]
    };

    if ((u != NULL) != (m->clamped >= 0 && !x->joint))
        die("enumeration %s a condition", u != NULL ? "with" : "without");
    w.state = mem_take(m->T.N, sizeof w.state[0]);
    w.phi = mem_take(w.size, sizeof w.phi[0]);
    for (int64_t part = parts.first; part < block_end(parts); part++)
        walk_part(&w, u, part, see, ctx);
    mem_free(w.state);
    mem_free(w.phi);
}

/* sum e^x as e^most * sum. */
struct sum {
    double most, sum;
};

static void add(void *ctx, const struct walk *w, double log_f)
{
    struct sum *s = ctx;

    (void)w;
    if (log_f > s->most) {
        s->sum = s->sum * exp(s->most - log_f) + 1.0;
        s->most = log_f;
    } else {
        s->sum += exp(log_f - s->most);
    }
}

double exact_sum(const struct exact *x, const struct rbm *m, const uint8_t *u, struct block parts)
{
    struct sum s = { -INFINITY, 0.0 };

    walk_all(x, m, u, parts, add, &s);
    return s.most + log(s.sum);
}

double exact_log_z(const struct exact *x, const struct rbm *m, const uint8_t *u)
{
    return exact_sum(x, m, u, (struct block){ 0, x->parts });
}

struct moments {
    double log_z;
    double *mean, *pair;
    double *now; /* [N] expectation of each unit in this state */
};

static void add_moments(void *ctx, const struct walk *w, double log_f)
{
    struct moments *s = ctx;
    const struct topology *T = &w->m->T;
    double p = exp(log_f - s->log_z);

    for (int i = 0; i < T->N; i++) s->now[i] = w->state[i];
    for (int h = 0; h < w->size; h++) s->now[w->first + h] = 1.0 / (1.0 + exp(-w->phi[h]));
    for (int i = 0; i < T->N; i++) s->mean[i] += p * s->now[i];
    for (int64_t k = 0; k < T->M; k++)
        s->pair[k] += p * s->now[T->edge[k][0]] * s->now[T->edge[k][1]];
}

double exact_moments(const struct exact *x, const struct rbm *m, const uint8_t *u, double *mean,
                     double *pair)
{
    struct moments s = { .log_z = exact_log_z(x, m, u), .mean = mean, .pair = pair };

    s.now = mem_take(m->T.N, sizeof s.now[0]);
    memset(mean, 0, (size_t)m->T.N * sizeof mean[0]);
    memset(pair, 0, (size_t)m->T.M * sizeof pair[0]);
    walk_all(x, m, u, (struct block){ 0, x->parts }, add_moments, &s);
    mem_free(s.now);
    return s.log_z;
}
