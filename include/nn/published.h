/*
 * published.h - what the tensors of a layer are called in a PyTorch module's state_dict.
 *
 *   - {block: stage, name: first, torch: moduleLayers.0}
 *   - {kind: conv3d, ..., torch: seq1.0.conv}
 *
 * `torch: NAME` gives a layer the path of the module it was published as, inside those of the
 * blocks around it (in a block used without `torch` no layer has one); a kind knows the last part
 * (weight, bias, running_mean, ...). Level l of an encoder is inside `_networks.l`. So the first
 * convolution of the first level is "encoder/_networks.0.seq1.0.conv.weight". cmd/statefile.h reads
 * and writes such files.
 */
#ifndef NN_PUBLISHED_H
#define NN_PUBLISHED_H

#include "nn/layers.h"

enum { PUBLISHED_PATH = 64 };

/* The path of a module named by y's key `torch` inside `around`; the key is optional: "" without.
 */
int published_path(char path[PUBLISHED_PATH], const char *around, const struct yaml *y,
                   const char *file, struct err *e);

/* Name the tensors of l, just built, whose own name begins with `group` ("encoder/0" or "decoder").
 */
int published_name(const struct layer *l, const char *group, const char *path, struct tensors *T,
                   const char *file, struct err *e);

#endif
