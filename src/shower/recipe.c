#include "shower/recipe.h"

#include <string.h>

/* Found by a random search (250 evaluations of 3,000 showers at one seed) that started from set A
 * of the prototype and minimised the squares of the distances from the statistics of data set 2;
 * back-scattering was then made to fluctuate as much as the first layer's correlations ask for. */
struct synth_set synth_calibrated(void)
{
    return (struct synth_set){
        .kind = SYNTH_ELECTRON,
        .label = "calibrated on CaloChallenge data set 2",
        .spots = 118.6,
        .spot_shape = 1.21,
        .spot_power = 0.9666,
        .response = 0.8036,
        .slope = 0.0569,
        .sampling = 0.287,
        .common = 0.2217,
        .core_scale = 1.5185,
        .tail_scale = 1.34,
        .shift = -0.128,
        .sigma_t = 1.087,
        .sigma_a = 0.9144,
        .halo = 0.0389,
        .halo_spots = 12.61,
        .halo_radius = 2.244,
        .halo_weight = 0.497,
        .halo_depth = 1.825,
        .back = 0.008,
        .back_spots = 0.4,
        .back_depth = 2.234,
        .back_spread = 0.9,
        .track = 1.94,
        .track_depth = 9.724,
        .track_width = 0.5667,
    };
}

/* Ten percent over the root of the energy, a response of one: what the ATLAS barrel is known for.
 * GFLASH's own radii and widths. */
static struct synth_set electromagnetic(void)
{
    struct synth_set s = synth_calibrated();

    s.label = "untuned: GFLASH with a table of materials";
    s.response = 0.97;
    s.slope = 0.005;
    s.sampling = 0.10;
    s.common = 0.02;
    s.core_scale = s.tail_scale = s.sigma_t = s.sigma_a = 1.0;
    s.shift = 0.0;
    return s;
}

static struct synth_set hadronic(void)
{
    struct synth_set s = electromagnetic();

    s.kind = SYNTH_PION;
    s.label = "untuned: hadronic profile of Bock et al. with an electromagnetic core";
    s.response = 0.95;
    s.slope = 0.0;
    s.common = 0.5;
    return s;
}

int synth_recipe(struct synth_set *set, const struct geom *g, struct err *e)
{
    int tuned = 1;

    for (int l = 0; l < g->layers; l++)
        if (strcmp(g->layer[l].material->name, "tungsten-silicon") != 0) tuned = 0;
    if (strcmp(g->particle, "electron") == 0) {
        *set = tuned ? synth_calibrated() : electromagnetic();
    } else if (strcmp(g->particle, "photon") == 0) {
        *set = electromagnetic();
        set->kind = SYNTH_PHOTON;
    } else if (strcmp(g->particle, "pion") == 0) {
        *set = hadronic();
    } else {
        return err_set(e,
                       "synth knows no showers of the particle '%s' of %s; expected electron, "
                       "photon or pion",
                       g->particle, g->name);
    }
    return 0;
}
