#include "shower/errorlaw.h"

#include <math.h>

void errorlaw_add(struct error_law *l, double energy, double relative)
{
    double x = -log(energy * 1e-3), y = log(fabs(relative));
    const double term[6] = { 1.0, x, y, x * x, x * y, y * y };

    if (!isfinite(x) || !isfinite(y)) return;
    for (int i = 0; i < 6; i++) l->sum[i] += term[i];
}

/* The constant of y = ln C + slope x, and the rms of what is left. */
static void scenario(struct error_law *l, enum error_scenario s, double slope)
{
    const double *t = l->sum, n = t[0], c = (t[2] - slope * t[1]) / n;
    double square = t[5] - 2.0 * (c * t[2] + slope * t[4]) + n * c * c + 2.0 * slope * c * t[1] +
                    slope * slope * t[3];

    l->factor[s] = exp(c);
    l->rms[s] = sqrt(fmax(square, 0.0) / n);
}

void errorlaw_finish(struct error_law *l, const struct par *P)
{
    double slope, spread;

    par_sum(P, l->sum, 6);
    scenario(l, ERROR_CONSTANT, 1.0);
    scenario(l, ERROR_ROOT, 0.5);
    scenario(l, ERROR_LINEAR, 0.0);
    spread = l->sum[3] - l->sum[1] * l->sum[1] / l->sum[0];
    slope =
        spread > 1e-9 * l->sum[3] ? (l->sum[4] - l->sum[1] * l->sum[2] / l->sum[0]) / spread : NAN;
    scenario(l, ERROR_POWER, slope);
    l->delta = 1.0 - slope;
    l->delta_error = l->rms[ERROR_POWER] * sqrt(l->sum[0] / (l->sum[0] - 2.0) / spread);
    if (isnan(slope)) l->rms[ERROR_POWER] = l->delta_error = NAN;
}

const char *errorlaw_name(enum error_scenario s)
{
    static const char *const name[] = { "constant", "sqrt", "linear", "power" };

    return name[s];
}
