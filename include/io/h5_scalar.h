/*
 * h5_scalar.h - datasets of a single number or text, which files of other programs hold.
 * Collective.
 */
#ifndef IO_H5_SCALAR_H
#define IO_H5_SCALAR_H

#include "io/h5.h"

/* type: H5_DOUBLE, or H5_INT64 for a whole number. */
int h5_scalar_number(struct h5 *f, const char *name, enum h5_type type, double x, struct err *e);

/* A text of fixed length. */
int h5_scalar_text(struct h5 *f, const char *name, const char *text, struct err *e);

#endif
