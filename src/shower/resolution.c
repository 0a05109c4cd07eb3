#include "shower/resolution.h"

#include <math.h>
#include <string.h>

enum { TERMS = 3 };

void resolution_init(struct resolution *r, double e_min, double e_max)
{
    memset(r, 0, sizeof *r);
    r->least = log(e_min);
    r->width = fmax((log(e_max) - r->least) / RESOLUTION_BINS, 1e-9);
}

void resolution_add(struct resolution *r, const double *energy, const double *total, int n)
{
    for (int i = 0; i < n; i++) {
        double x = total[i] / energy[i] - 1.0;
        double at = floor((log(energy[i]) - r->least) / r->width);
        double *s = r->sum[(int)fmin(fmax(at, 0.0), RESOLUTION_BINS - 1)];
        s[0]++;
        s[1] += energy[i] * 1e-3;
        s[2] += x;
        s[3] += x * x;
    }
}

static struct resolution_bin bin_of(const double *s)
{
    struct resolution_bin b = { .n = (int64_t)s[0] };
    double n = s[0], mean;

    if (b.n == 0) return b;
    mean = s[2] / n;
    b.energy = s[1] / n;
    b.mean = 1.0 + mean;
    if (b.n < 2) return b;
    b.spread = sqrt(fmax(s[3] / n - mean * mean, 0.0) * n / (n - 1.0));
    b.relative = b.spread / b.mean;
    b.error = b.relative * sqrt(0.5 / (n - 1.0) + b.relative * b.relative / n);
    return b;
}

void resolution_finish(struct resolution *r, const struct par *P)
{
    par_sum(P, r->sum[0], RESOLUTION_BINS * 4);
    for (int i = 0; i < RESOLUTION_BINS; i++) r->bin[i] = bin_of(r->sum[i]);
    r->fit = resolution_fit(r->bin, RESOLUTION_BINS);
}

/* The points of a fit: terms of (s / mu)^2, its value, and one over its variance. */
struct points {
    int n;
    double term[RESOLUTION_BINS][TERMS], value[RESOLUTION_BINS], weight[RESOLUTION_BINS];
};

/* Gauss and Jordan with the largest pivot; N [k, k] becomes its inverse. 0 when singular. */
static int invert(double N[TERMS][TERMS], int k)
{
    double M[TERMS][2 * TERMS] = { { 0 } };

    for (int i = 0; i < k; i++) {
        for (int j = 0; j < k; j++) M[i][j] = N[i][j];
        M[i][k + i] = 1.0;
    }
    for (int i = 0; i < k; i++) {
        int p = i;
        for (int j = i + 1; j < k; j++)
            if (fabs(M[j][i]) > fabs(M[p][i])) p = j;
        if (!(fabs(M[p][i]) > 0.0)) return 0;
        for (int c = 0; c < 2 * k; c++) {
            double t = M[i][c];
            M[i][c] = M[p][c];
            M[p][c] = t;
        }
        for (int j = 0; j < k; j++) {
            double f = j == i ? 0.0 : M[j][i] / M[i][i];
            for (int c = 0; c < 2 * k; c++) M[j][c] -= f * M[i][c];
        }
    }
    for (int i = 0; i < k; i++)
        for (int j = 0; j < k; j++) N[i][j] = M[i][k + j] / M[i][i];
    return 1;
}

/* Least squares with the terms of `set` alone; x and variances of all terms, 0 for the others.
 * Returns chi2, or INFINITY when a term comes out below 0. */
static double solve(const struct points *p, int set, double *x, double *variance)
{
    double N[TERMS][TERMS] = { { 0 } }, y[TERMS] = { 0 }, chi2 = 0.0;
    int which[TERMS], k = 0;

    for (int t = 0; t < TERMS; t++) {
        x[t] = variance[t] = 0.0;
        if (set >> t & 1) which[k++] = t;
    }
    for (int i = 0; i < p->n; i++)
        for (int a = 0; a < k; a++) {
            double w = p->weight[i] * p->term[i][which[a]];
            y[a] += w * p->value[i];
            for (int b = 0; b < k; b++) N[a][b] += w * p->term[i][which[b]];
        }
    if (!invert(N, k)) return INFINITY;
    for (int a = 0; a < k; a++) {
        for (int b = 0; b < k; b++) x[which[a]] += N[a][b] * y[b];
        variance[which[a]] = N[a][a];
        if (x[which[a]] < 0.0) return INFINITY;
    }
    for (int i = 0; i < p->n; i++) {
        double off = p->value[i];
        for (int t = 0; t < TERMS; t++) off -= x[t] * p->term[i][t];
        chi2 += p->weight[i] * off * off;
    }
    return chi2;
}

/* mu against log10 E by weighted least squares. */
static void line(struct resolution_fit *f, const struct resolution_bin *bin, int n)
{
    double s = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;

    for (int i = 0; i < n; i++) {
        if (bin[i].n < RESOLUTION_LEAST || !(bin[i].spread > 0.0)) continue;
        double w = (double)bin[i].n / (bin[i].spread * bin[i].spread), x = log10(bin[i].energy);
        s += w;
        sx += w * x;
        sy += w * bin[i].mean;
        sxx += w * x * x;
        sxy += w * x * bin[i].mean;
    }
    f->slope = (s * sxy - sx * sy) / (s * sxx - sx * sx);
    f->slope_error = sqrt(s / (s * sxx - sx * sx));
}

static double root_error(double square, double variance)
{
    return square > 0.0 ? sqrt(variance) / (2.0 * sqrt(square)) : 0.0;
}

struct resolution_fit resolution_fit(const struct resolution_bin *bin, int n)
{
    struct resolution_fit f = { 0, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0, NAN, NAN };
    double x[TERMS], variance[TERMS], best[TERMS] = { 0 }, spread[TERMS] = { 0 }, chi2 = INFINITY;
    struct points p = { 0 };
    int chosen = 0;

    for (int i = 0; i < n && p.n < RESOLUTION_BINS; i++) {
        if (bin[i].n < RESOLUTION_LEAST || !(bin[i].spread > 0.0)) continue;
        double term[TERMS] = { 1.0 / bin[i].energy, 1.0, 1.0 / (bin[i].energy * bin[i].energy) };
        double sigma = 2.0 * bin[i].relative * bin[i].error;
        memcpy(p.term[p.n], term, sizeof term);
        p.value[p.n] = bin[i].relative * bin[i].relative;
        p.weight[p.n++] = 1.0 / (sigma * sigma);
    }
    f.bins = p.n;
    if (p.n < TERMS) return f;
    for (int set = 1; set < 1 << TERMS; set++) {
        double c = solve(&p, set, x, variance);
        if (!(c < chi2)) continue;
        chi2 = c;
        chosen = set;
        memcpy(best, x, sizeof x);
        memcpy(spread, variance, sizeof variance);
    }
    f.a = sqrt(best[0]);
    f.b = sqrt(best[1]);
    f.c = sqrt(best[2]);
    f.a_error = root_error(best[0], spread[0]);
    f.b_error = root_error(best[1], spread[1]);
    f.c_error = root_error(best[2], spread[2]);
    f.chi2 = chi2;
    f.freedom = p.n - (chosen & 1) - (chosen >> 1 & 1) - (chosen >> 2);
    line(&f, bin, n);
    return f;
}
