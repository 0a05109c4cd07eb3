#include "cmd/energies.h"

#include "base/mem.h"
#include "base/rng.h"
#include "io/h5.h"
#include "shower/synth.h"
#include "vae/energycode.h"

#include <stdlib.h>

static const char key[] = "generate.energies";

static double *from_file(const struct run *r, const char *path, int64_t *n, struct err *e)
{
    const char *name = "incident_energies";
    double *energy = NULL;
    struct h5_shape s;
    struct h5 f;

    if (h5_open(&f, r->P, path, e)) return NULL;
    if (!h5_has(&f, name) && h5_has(&f, "incidence energy")) name = "incidence energy";
    if (h5_shape(&f, name, &s, e) == 0) {
        int64_t all = s.n[0];
        if (!conf_given(r->conf, "generate.showers")) *n = all;
        if (s.dims > 2 || (s.dims == 2 && s.n[1] != 1))
            err_set(e, "%s: %s has %d dimensions, expected one number a shower", path, name,
                    s.dims);
        else if (*n > all)
            err_set(e, "%s: holds %lld energies, generate.showers asks for %lld", path,
                    (long long)all, (long long)*n);
        else {
            energy = mem_take(all, sizeof *energy);
            if (h5_read_all(&f, name, H5_DOUBLE, energy, e)) {
                mem_free(energy);
                energy = NULL;
            }
        }
    }
    h5_close(&f);
    return energy;
}

static double *from_numbers(const struct run *r, int count, int64_t n, struct err *e)
{
    double *energy = mem_take(n, sizeof *energy);

    for (int64_t i = 0; i < n; i++) {
        const char *text = conf_text_at(r->conf, key, (int)(i % count));
        char *end;
        energy[i] = strtod(text, &end);
        if (end == text || *end != '\0') {
            err_set(e, "%s: \"%s\" is neither a number of MeV nor the only entry, a shower file",
                    key, text);
            mem_free(energy);
            return NULL;
        }
    }
    return energy;
}

static double *drawn(const struct run *r, int64_t n, struct err *e)
{
    double min = conf_real(r->conf, "generate.energy_min");
    double max = conf_real(r->conf, "generate.energy_max");

    if (min >= max) {
        err_set(e, "generate.energy_max is %g MeV, expected more than generate.energy_min (%g MeV)",
                max, min);
        return NULL;
    }
    double *energy = mem_take(n, sizeof *energy);
    for (int64_t i = 0; i < n; i++) energy[i] = synth_energy(r->seed, i, min, max);
    return energy;
}

const char *energies_file(const struct conf *c)
{
    const char *text = conf_count(c, key) == 1 ? conf_text_at(c, key, 0) : NULL;
    char *end;

    if (text == NULL) return NULL;
    strtod(text, &end);
    return end == text || *end != '\0' ? text : NULL;
}

double *energies_wanted(const struct run *r, int64_t *n, struct err *e)
{
    int count = conf_count(r->conf, key);
    const char *file = energies_file(r->conf);

    *n = conf_int(r->conf, "generate.showers");
    double *energy = file != NULL ? from_file(r, file, n, e)
                     : count > 0  ? from_numbers(r, count, *n, e)
                                  : drawn(r, *n, e);
    for (int64_t i = 0; energy != NULL && i < *n; i++)
        if (energycode_range(energy[i], e)) {
            err_within(e, "%s, shower %lld", key, (long long)i);
            mem_free(energy);
            return NULL;
        }
    return energy;
}
