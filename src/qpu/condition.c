#include "qpu/condition.h"

#include <string.h>

static const double FLUX_MOST = 0.01;

double condition_flux_per_h(const char *solver)
{
    static const struct {
        const char *name;
        double flux;
    } known[] = { { "Advantage_system4", 7.07e-4 },
                  { "Advantage_system6", 6.52e-4 },
                  { "Advantage2_system1", 5.74e-4 },
                  { "Advantage2_system2", 5.18e-4 },
                  { "Advantage2_system4", 5.48e-4 } };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t n = strlen(known[i].name);
        if (strncmp(solver, known[i].name, n) == 0 && (solver[n] == '\0' || solver[n] == '.'))
            return known[i].flux;
    }
    return 0.0;
}

double condition_field(double strength, int bit)
{
    return bit ? -strength : strength;
}

double condition_flux(double strength, double flux_per_h, int bit)
{
    return bit ? strength * flux_per_h : -strength * flux_per_h;
}

int condition_check_flux(double *strength, double flux_per_h, int scale, struct err *e)
{
    if (*strength * flux_per_h <= FLUX_MOST) return 0;
    if (!scale)
        return err_set(
            e,
            "anneal.condition_strength is %g, a flux bias of %g flux quanta, expected at "
            "most %g, a strength of %g",
            *strength, *strength * flux_per_h, FLUX_MOST, FLUX_MOST / flux_per_h);
    *strength = FLUX_MOST / flux_per_h;
    return 0;
}
