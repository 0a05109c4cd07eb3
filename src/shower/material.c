#include "shower/material.h"

#include <stddef.h>
#include <string.h>

static const struct material table[] = {
    { "tungsten-silicon", 4.2193, 10.871, 8.228e-3, 72.49, 1.0 / 2.4820, 1.0 - 0.7042, 113.0 },
    { "lead-argon", 21.0, 42.0, 9.3e-3, 63.0, 0.30, 0.31, 290.0 },
    { "iron-scintillator", 22.4, 20.5, 21.0e-3, 25.0, 0.76, 0.12, 207.0 },
};

const struct material *material_named(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, name) == 0) return &table[i];
    return NULL;
}

const char *material_names(void)
{
    return "tungsten-silicon, lead-argon or iron-scintillator";
}
