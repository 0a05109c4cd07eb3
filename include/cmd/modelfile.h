/*
 * modelfile.h - models in checkpoints, and what a `*.model` key names.
 *
 * A checkpoint holds the texts it was built from (/architecture, /geometry), so it needs no other
 * file. A `*.model` key takes a run folder (its best.h5, else its newest checkpoint), a checkpoint,
 * an RBM file, an archive of rbms or an edge list (then there are no networks). Collective.
 */
#ifndef CMD_MODELFILE_H
#define CMD_MODELFILE_H

#include "cmd/model.h"
#include "io/h5.h"
#include "nn/average.h"

/* Which weights of the networks (choices of generate.weights, encode.weights): the average where
 * there is one, the average or a sentence, those of the last step. */
enum modelfile_weights { MODELFILE_AUTO, MODELFILE_AVERAGE, MODELFILE_PLAIN };

/* /architecture, /geometry, /model and /rbm of a checkpoint. */
int modelfile_write(struct h5 *f, const struct model *m, struct err *e);

/* Does a config that names a transform name the model's? A sentence when not. Local. */
int modelfile_transform(const struct model *m, const struct conf *c, struct err *e);

/* Its machine alone as a group: rbmfile.h, and the attribute `energy_code`, the name of the code of
 * partition 0 where that is not caloq's. */
int modelfile_write_rbm(struct h5 *f, const char *group, const struct model *m, struct err *e);

/* Parameters and the transform's fit alone, from a checkpoint of a model of the same shape. */
int modelfile_read(const struct h5 *f, struct model *m, struct err *e);

/* Averaged parameters: /average, tensors as in /model. Nothing where nothing is averaged; reading
 * returns 1 when there are none. */
int modelfile_write_average(struct h5 *f, const struct model *m, const struct average *a,
                            struct err *e);
int modelfile_read_average(const struct h5 *f, const struct model *m, struct average *a,
                           struct err *e);

/* The networks' parameters alone, from a *.model key: of the same tensors. */
int modelfile_start(struct model *m, const struct par *P, const char *path, struct err *e);

/* From a *.model key. batch: most showers of a call. On an error m is { 0 }. */
int modelfile_load(struct model *m, const struct par *P, const char *path, int batch,
                   enum modelfile_weights which, struct err *e);

#endif
