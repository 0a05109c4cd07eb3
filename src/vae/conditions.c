#include "vae/conditions.h"

#include <math.h>
#include <string.h>

int conditions_energy(struct conditions *c, const struct yaml *tree, const char *file,
                      struct err *e)
{
    const struct yaml *y = yaml_get(tree, "energy");
    const char *names[] = { "low", "high", "scale" };
    double *values[] = { &c->low, &c->high, &c->scale };

    c->low = 6.0, c->high = 14.0, c->scale = 1.0;
    if (y == NULL) return 0;
    if (y->kind != YAML_MAP)
        return err_set(e, "%s:%d: energy: expected {low, high, scale}", file, y->line);
    for (int i = 0; i < y->n; i++) {
        int k = 0;
        while (k < 3 && strcmp(y->key[i], names[k]) != 0) k++;
        if (k == 3)
            return err_set(e, "%s:%d: energy: no key '%s'; its keys are low, high and scale", file,
                           y->key_line[i], y->key[i]);
        if (yaml_real(&y->entry[i], file, values[k], e)) return -1;
    }
    if (c->high > c->low) return 0;
    return err_set(e, "%s:%d: energy: high = %g must be above low = %g", file, y->line, c->high,
                   c->low);
}

int conditions_range_is(const struct conditions_range *r, struct err *e)
{
    if (!(r->high > r->low))
        return err_set(e, "%s: high is %g, expected more than low, %g", r->name, r->high, r->low);
    if (r->log && !(r->low > 0.0))
        return err_set(e, "%s: low is %g, expected more than 0 where scale is log", r->name,
                       r->low);
    return 0;
}

int conditions_within(const struct conditions_range *r, double x, struct err *e)
{
    if (x >= r->low && x <= r->high) return 0;
    return err_set(e, "%s is %g, expected %g to %g (model.condition_ranges)", r->name, x, r->low,
                   r->high);
}

static double scaled(const struct conditions_range *r, double x)
{
    if (r->log) return log(x / r->low) / log(r->high / r->low);
    return (x - r->low) / (r->high - r->low);
}

void conditions_fill(const struct conditions *c, int B, const double *E, const double *other,
                     float *t, float *vector)
{
    int n = c->others;

    for (int b = 0; b < B; b++) {
        t[b] = (float)((log(E[b]) - c->low) / (c->high - c->low) * c->scale);
        if (n > 0) vector[b * (n + 1)] = t[b];
        for (int k = 0; k < n; k++)
            vector[b * (n + 1) + 1 + k] = (float)scaled(&c->other[k], other[b * n + k]);
    }
}
