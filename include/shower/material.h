/*
 * material.h - what calorimeters are made of, as GFLASH sees a mixture of absorber and sensor.
 *
 * Effective constants (hep-ex/0001020, section 2): with w_i the fractions of weight, 1 / X0 = sum
 * w_i / X0_i, E_c and R_M likewise, Z = sum w_i Z_i, F_S = X0 / (d_absorber + d_sensor), e / mip =
 * 1 / (1 + 0.007 (Z_absorber - Z_sensor)). Tungsten and silicon are those of CaloChallenge data set
 * 2 (1.4 mm and 0.3 mm); the others are rounded from published descriptions of the ATLAS barrel:
 * lead and liquid argon (22 X0 in 47 cm), iron and scintillator of the tile calorimeter.
 */
#ifndef SHOWER_MATERIAL_H
#define SHOWER_MATERIAL_H

struct material {
    const char *name;
    double x0, moliere; /* mm */
    double critical;    /* GeV */
    double z;           /* effective atomic number */
    double one_by_f;    /* 1 / F_S */
    double missing;     /* 1 - e / mip */
    double length;      /* nuclear interaction length, mm */
};

/* "tungsten-silicon", "lead-argon", "iron-scintillator"; NULL for another name. Borrowed, for ever.
 */
const struct material *material_named(const char *name);

/* All names, for sentences. */
const char *material_names(void);

#endif
