#include "rbm/schedule.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void schedule_geometric(double *beta, int K)
{
    double least = log(0.1 / (double)K);

    beta[0] = 0.0;
    for (int k = 1; k < K; k++) beta[k] = exp(least * (double)(K - k) / (double)(K - 1));
    beta[K] = 1.0;
}

void schedule_salakhutdinov(double *beta)
{
    for (int k = 0; k <= SCHEDULE_SALAKHUTDINOV; k++)
        beta[k] = k < 500    ? (double)k / 1e3
                  : k < 4500 ? 0.5 + (double)(k - 500) / 1e4
                             : 0.9 + (double)(k - 4500) / 1e5;
    beta[SCHEDULE_SALAKHUTDINOV] = 1.0;
}

/* sqrt(variance tau) at a pilot point; noise may not make tau less than 1 or without bounds. */
static double speed(double variance, double correlation)
{
    double r = fmin(fmax(correlation, 0.0), 0.99);

    return sqrt(variance * (1.0 + r) / (1.0 - r));
}

void schedule_place(double *beta, int K, int n, const double *at, const double *variance,
                    const double *correlation)
{
    double *length = mem_take(n + 1, sizeof *length);
    int i = 0;

    for (int k = 1; k <= n; k++) /* the first point has no point before: its tau is the second's */
        length[k] = length[k - 1] + 0.5 * (at[k] - at[k - 1]) *
                                        (speed(variance[k - 1], correlation[k > 1 ? k - 1 : 1]) +
                                         speed(variance[k], correlation[k]));
    double even = length[n] > 0.0 ? 0.1 * length[n] : 1.0;
    for (int k = 1; k <= n; k++) length[k] += even * at[k];
    for (int k = 1; k < K; k++) {
        double wanted = length[n] * (double)k / (double)K;
        while (i + 1 < n && length[i + 1] < wanted) i++;
        double part = (wanted - length[i]) / (length[i + 1] - length[i]);
        beta[k] = at[i] + part * (at[i + 1] - at[i]);
    }
    beta[0] = 0.0;
    beta[K] = 1.0;
    mem_free(length);
}

int schedule_check(const double *beta, int K, const char *name, struct err *e)
{
    if (K < 1 || beta[0] != 0.0 || beta[K] != 1.0)
        return err_set(e, "%s: %d betas, expected numbers that rise from 0 to 1", name, K + 1);
    for (int k = 1; k <= K; k++)
        if (!(beta[k] >= beta[k - 1]))
            return err_set(e, "%s: beta %g follows %g, expected numbers that rise from 0 to 1",
                           name, beta[k], beta[k - 1]);
    return 0;
}

int schedule_parse(double **beta, const char *text, const char *name, struct err *e)
{
    int64_t room = (int64_t)strlen(text) / 2 + 2;
    double *list = mem_take(room, sizeof *list);
    int n = 0, line = 1;

    for (const char *c = text; *c != '\0';) {
        char *end;
        if (*c == '#') {
            while (*c != '\0' && *c != '\n') c++;
        } else if (strchr(" \t\r\n,", *c) != NULL) {
            line += *c++ == '\n';
        } else {
            list[n++] = strtod(c, &end);
            if (end == c || (*end != '\0' && strchr(" \t\r\n,#", *end) == NULL)) {
                mem_free(list);
                return err_set(e, "%s:%d: \"%.20s\" is no number, expected betas from 0 to 1", name,
                               line, c);
            }
            c = end;
        }
    }
    if (schedule_check(list, n - 1, name, e)) {
        mem_free(list);
        return -1;
    }
    *beta = list;
    return n - 1;
}
