/*
 * architecture.h - the whole text of an architecture file, which may lean on another one.
 *
 *   extends: cnn-hierarchy.yaml   keys that the file does not have are those of this one, which is
 *                                 in the same folder and may lean on a third
 *   width: 0.125                  channels given as numbers times this (nn/layers.h, layer_width)
 *
 * The text returned needs no other file: a checkpoint keeps it. What comes from another file stands
 * behind the file's own lines, so that their numbers stay what they are.
 */
#ifndef VAE_ARCHITECTURE_H
#define VAE_ARCHITECTURE_H

#include "base/err.h"

/* How a file is read: its text, the caller's to free, or NULL with a sentence. */
struct architecture_reader {
    char *(*text)(const void *ctx, const char *path, struct err *e);
    const void *ctx;
};

/* The text of `path`; width: 1, or what it gets as its `width`. NULL on an error. */
char *architecture_read(const char *path, double width, const struct architecture_reader *r,
                        struct err *e);

#endif
