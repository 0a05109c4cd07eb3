#include "cmd/weights.h"

#include <string.h>

/* By enum loss_term, then the courses; "": goes with another. */
static const char *const term_key[WEIGHTS_COURSES] = { "ae",   "hit",    "entropy", "positive",
                                                       "",     "spread", "logit",   "layer",
                                                       "beta", "slope" };

/* Is x a sharpness, or a slope, that there can be? */
static int check(int t, double x, struct err *e)
{
    if (t == WEIGHTS_BETA && x < 0.01)
        return err_set(e, "training.weights: beta %g, expected at least 0.01", x);
    if (t == WEIGHTS_SLOPE && x > 1.0)
        return err_set(e, "training.weights: slope %g, expected at most 1", x);
    return 0;
}

int weights_read(struct weights *w, const struct conf *c, struct err *e)
{
    const char *list = "training.weights";

    *w = (struct weights){
        .plain = { conf_real(c, "training.ae_weight"), conf_real(c, "training.hit_weight"),
                   conf_real(c, "training.entropy_weight"),
                   conf_real(c, "training.positive_weight"), 0.0,
                   conf_real(c, "training.spread_weight"), conf_real(c, "training.logit_weight"),
                   conf_real(c, "training.layer_weight") }
    };
    for (int i = 0; i < conf_count(c, list); i++) {
        const char *name = conf_item_text(c, list, i, "term");
        double epoch = conf_item_real(c, list, i, "epoch");
        int t = 0;
        while (strcmp(term_key[t], name) != 0) t++; /* the config has checked the choice */
        int n = w->points[t];
        if (n == WEIGHTS_POINTS)
            return err_set(e, "training.weights lists more than %d points of %s", n, name);
        if (n > 0 && epoch <= w->epoch[t][n - 1])
            return err_set(e,
                           "training.weights: %s at epoch %g stands behind epoch %g, expected a "
                           "later one",
                           name, epoch, w->epoch[t][n - 1]);
        w->epoch[t][n] = epoch;
        w->weight[t][n] = conf_item_real(c, list, i, "weight");
        if (check(t, w->weight[t][n], e)) return -1;
        w->points[t]++;
    }
    return 0;
}

static double at(const struct weights *w, int t, double epoch)
{
    int n = w->points[t], i = 0;

    while (i < n && w->epoch[t][i] <= epoch) i++;
    if (i == 0) return w->weight[t][0];
    if (i == n) return w->weight[t][n - 1];
    double from = w->epoch[t][i - 1], share = (epoch - from) / (w->epoch[t][i] - from);
    return (1.0 - share) * w->weight[t][i - 1] + share * w->weight[t][i];
}

void weights_at(const struct weights *w, double epoch, double out[LOSS_TERMS])
{
    for (int t = 0; t < LOSS_TERMS; t++) out[t] = w->points[t] > 0 ? at(w, t, epoch) : w->plain[t];
    out[LOSS_NEGATIVE] = out[LOSS_POSITIVE];
}

int weights_course(const struct weights *w, int course, double epoch, double *x)
{
    if (w->points[course] > 0) *x = at(w, course, epoch);
    return w->points[course] > 0;
}

int weights_any(const struct weights *w, int term)
{
    int any = w->points[term] == 0 && w->plain[term] > 0.0;

    for (int i = 0; i < w->points[term]; i++) any |= w->weight[term][i] > 0.0;
    return any;
}
