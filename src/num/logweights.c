#include "num/logweights.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <stdio.h>

/* What counts as converged, beside 3 errors. */
static const double LEAST_ESS = 20.0, WIDEST_GAP = 0.5, ROUNDING = 0.001;

static double largest_of(const double *x, int64_t n)
{
    double most = -INFINITY;

    for (int64_t i = 0; i < n; i++)
        if (!(x[i] <= most)) most = x[i]; /* a NaN stays */
    return most;
}

struct logweights logweights_of(const double *log_w, int64_t n)
{
    struct logweights s = { .n = n };
    double most = largest_of(log_w, n), sum = 0.0, squares = 0.0;

    if (n < 1) die("no log-weights");
    for (int64_t i = 0; i < n; i++) {
        double w = exp(log_w[i] - most);
        sum += w;
        squares += w * w;
        s.mean += log_w[i] / (double)n;
    }
    for (int64_t i = 0; i < n; i++) s.variance += (log_w[i] - s.mean) * (log_w[i] - s.mean);
    s.variance = n > 1 ? s.variance / (double)(n - 1) : 0.0;
    s.log_mean = most + log(sum / (double)n);
    s.ess = sum * sum / squares;
    s.largest = 1.0 / sum;
    /* relative variance of the mean weight: (M / ESS - 1) / (M - 1) */
    double excess = fmax((double)n / s.ess - 1.0, 0.0);
    s.error = n > 1 ? sqrt(excess / (double)(n - 1)) : INFINITY;
    return s;
}

void logweights_interval(const struct logweights *s, double z, double *lower, double *upper)
{
    double reach = z * s->error;

    *lower = reach < 1.0 ? s->log_mean + log1p(-reach) : -INFINITY;
    *upper = s->log_mean + log1p(reach);
}

double logweights_bootstrap(const double *log_w, int64_t n, int repeats, uint64_t seed,
                            int64_t item)
{
    double most = largest_of(log_w, n), mean = 0.0, squares = 0.0;
    double *w = mem_take(n, sizeof *w);

    if (n < 1 || repeats < 2) die("bootstrap of %lld log-weights", (long long)n);
    for (int64_t i = 0; i < n; i++) w[i] = exp(log_w[i] - most);
    for (int r = 0; r < repeats; r++) { /* mean and squares by Welford's recurrence */
        struct rng g = rng_at(seed, RNG_BOOTSTRAP, item, r);
        double sum = 0.0;
        for (int64_t i = 0; i < n; i++) sum += w[rng_below(&g, (uint64_t)n)];
        double x = log(sum / (double)n), step = x - mean;
        mean += step / (r + 1);
        squares += step * (x - mean);
    }
    mem_free(w);
    return sqrt(squares / (repeats - 1));
}

/* 1 / (1 + e^x) */
static double fermi(double x)
{
    return x > 0.0 ? exp(-x) / (1.0 + exp(-x)) : 1.0 / (1.0 + exp(x));
}

static double fermi_sum(const double *w, int64_t n, double shift, double *squares)
{
    double sum = 0.0;

    *squares = 0.0;
    for (int64_t i = 0; i < n; i++) {
        double f = fermi(shift - w[i]);
        sum += f;
        *squares += f * f;
    }
    return sum;
}

double logweights_bar(const double *forward, int64_t nf, const double *reverse, int64_t nr,
                      double *error)
{
    double ratio, low, high, f = 0.0, r = 0.0, f2 = 0.0, r2 = 0.0;

    if (nf < 1 || nr < 1) die("BAR of %lld and %lld weights", (long long)nf, (long long)nr);
    ratio = log((double)nf / (double)nr);
    /* the root lies between the extreme works, shifted by the ratio */
    low = high = forward[0];
    for (int64_t i = 0; i < nf; i++) {
        low = fmin(low, forward[i]);
        high = fmax(high, forward[i]);
    }
    for (int64_t i = 0; i < nr; i++) {
        low = fmin(low, -reverse[i]);
        high = fmax(high, -reverse[i]);
    }
    low -= fabs(ratio) + 1.0;
    high += fabs(ratio) + 1.0;
    for (int i = 0; i < 200 && high - low > 1e-13 * (1.0 + fabs(low)); i++) {
        double middle = 0.5 * (low + high);
        f = fermi_sum(forward, nf, middle + ratio, &f2);
        r = fermi_sum(reverse, nr, -middle - ratio, &r2);
        if (f > r)
            low = middle;
        else
            high = middle;
    }
    if (error != NULL)
        *error = sqrt(fmax(f2 / (f * f) - 1.0 / (double)nf, 0.0) +
                      fmax(r2 / (r * r) - 1.0 / (double)nr, 0.0));
    return 0.5 * (low + high);
}

struct logweights_bracket logweights_bracket(double log_z0, const double *forward, int64_t nf,
                                             const double *reverse, int64_t nr)
{
    struct logweights_bracket b = { .log_z0 = log_z0, .lower = NAN, .upper = NAN };

    if (nf == 0 && nr == 0) die("a bracket without log-weights");
    if (nr > 0) {
        b.has_reverse = 1;
        b.reverse = logweights_of(reverse, nr);
        b.logz = log_z0 - b.reverse.log_mean;
        b.error = b.reverse.error;
        b.upper = b.logz + 2.0 * b.error;
        b.ess = b.reverse.ess;
        b.chains = nr;
    }
    if (nf > 0) {
        b.has_forward = 1;
        b.forward = logweights_of(forward, nf);
        b.logz = log_z0 + b.forward.log_mean;
        b.error = b.forward.error;
        b.lower = b.logz - 2.0 * b.error;
        if (nr == 0 || b.forward.ess < b.ess) {
            b.ess = b.forward.ess;
            b.chains = nf;
        }
    }
    return b;
}

struct logweights_mean logweights_mean(const struct logweights_bracket *b, int64_t Q)
{
    struct logweights_mean m = { .n = Q, .ess = INFINITY, .energies_error = NAN };
    double vf = 0.0, vr = 0.0, forward = 0.0, reverse = 0.0, q = (double)Q;

    if (Q < 1) die("a mean of no conditions");
    for (int64_t i = 0; i < Q; i++) {
        m.logz += b[i].logz / q;
        m.chains_error += b[i].error * b[i].error;
        forward += b[i].has_forward ? (b[i].log_z0 + b[i].forward.log_mean) / q : NAN;
        reverse += b[i].has_reverse ? (b[i].log_z0 - b[i].reverse.log_mean) / q : NAN;
        vf += b[i].forward.error * b[i].forward.error;
        vr += b[i].reverse.error * b[i].reverse.error;
        if (b[i].ess < m.ess) {
            m.ess = b[i].ess;
            m.chains = b[i].chains;
        }
    }
    m.chains_error = sqrt(m.chains_error) / q;
    for (int64_t i = 0; i < Q; i++) m.spread += (b[i].logz - m.logz) * (b[i].logz - m.logz);
    m.spread = Q > 1 ? sqrt(m.spread / (q - 1.0)) : 0.0;
    if (Q > 1) m.energies_error = m.spread / sqrt(q);
    m.lower = forward - 2.0 * sqrt(vf) / q;
    m.upper = reverse + 2.0 * sqrt(vr) / q;
    m.gap = reverse - forward;
    m.gap_error = sqrt(vf + vr) / q;
    return m;
}

/* "0.07", "3.0": two digits that matter. */
static const char *nats(char text[32], double x)
{
    snprintf(text, 32, x < 1.0 ? "%.2g" : "%.1f", x);
    return text;
}

int logweights_verdict(const struct logweights_mean *m, char *text, size_t size)
{
    int two = !isnan(m->gap), narrow = fabs(m->gap) <= WIDEST_GAP;
    int agree = two && narrow && fabs(m->gap) <= fmax(3.0 * m->gap_error, ROUNDING);
    char ess[96], number[32], gap[96] = "";

    snprintf(ess, sizeof ess, "ESS %.0f of %lld", m->ess, (long long)m->chains);
    if (two && !agree)
        snprintf(gap, sizeof gap, m->gap < 0.0 ? ", order inverted by %s" : ", gap of %s nats",
                 nats(number, fabs(m->gap)));
    if (!(m->ess >= LEAST_ESS) || (two && !agree)) {
        snprintf(text, size, "not converged: %s%s", ess, gap);
        return 0;
    }
    const char *note = m->ess < LOGWEIGHTS_ESS ? ", interval unreliable" : "";
    if (!two) {
        snprintf(text, size, "one direction only, no bracket (%s%s)", ess, note);
        return 0;
    }
    nats(number, fabs(m->upper - m->lower));
    if (*note == '\0')
        snprintf(text, size, "bracketed within %s nats", number);
    else
        snprintf(text, size, "bracketed within %s nats (%s%s)", number, ess, note);
    return 1;
}
