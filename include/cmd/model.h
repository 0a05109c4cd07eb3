/*
 * model.h - a model as files know it: geometry, transform, networks and Boltzmann machine.
 */
#ifndef CMD_MODEL_H
#define CMD_MODEL_H

#include "cmd/run.h"
#include "io/h5.h"
#include "rbm/rbm.h"
#include "shower/geom.h"
#include "shower/transform.h"
#include "vae/vae.h"

struct model {
    char *path;                    /* what it was read from, or NULL; owned */
    char *architecture, *geometry; /* YAML texts, NULL without networks; owned */
    struct geom geom;
    struct transform transform;
    struct standard standard; /* its last step, or { 0 }; owned */
    struct rbm rbm;
    enum energycode code; /* of its partition 0 */
    int others;           /* numbers of the condition beside the energy */
    struct conditions_range other[CONDITIONS_MOST];
    struct vae vae;
    int networks; /* are there any? */
    int averaged; /* from a file: their parameters are the average over training */
};

/* From the config of a training run: model.*, rbm.*, data.geometry, data.transform. networks = 0:
 * the Boltzmann machine alone. batch: most showers of a call. On an error m is { 0 }. */
int model_build(struct model *m, const struct run *r, int networks, int batch, struct err *e);

/* The whole text of an architecture file (vae/architecture.h), of that width; the caller's. */
char *model_architecture(const struct run *r, const char *path, double width, struct err *e);

/* All parts but the machine, which stands: model.architecture, data.geometry, data.transform. */
int model_add_networks(struct model *m, const struct run *r, int batch, struct err *e);

/* From texts: the parts but no machine; parameters start from the seed. Takes the texts over. */
int model_networks(struct model *m, char *architecture, const char *architecture_name,
                   char *geometry, const char *geometry_name, int batch, uint64_t seed,
                   struct err *e);

/* The energy code that a file's machine says (none: caloq). Collective. */
int model_read_code(const struct h5 *f, const char *group, enum energycode *code, struct err *e);

/* The sentence, and -1, for a file whose code is another than the config's. Local. */
int model_other_code(const char *path, enum energycode there, enum energycode here, struct err *e);

void model_free(struct model *m); /* local; accepts { 0 } */

/* Is partition 0 an energy code (networks, or an RBM whose clamped partition has room for it)? A
 * sentence when not. Local. */
int model_conditional(const struct model *m, struct err *e);

/* bytes [n, n_0] of partition 0 for energies in MeV. Local. */
void model_condition(const struct model *m, const double *energy, int64_t n, uint8_t *bytes);

/* Warn when the energies' code aliases, and say from where; `what` names them. Local. */
void model_aliases(const struct model *m, struct log *l, const char *what, const double *energy,
                   int64_t n);

#endif
