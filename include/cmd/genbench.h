/*
 * genbench.h - what generation costs: chains under a condition, and the decoder. Local.
 */
#ifndef CMD_GENBENCH_H
#define CMD_GENBENCH_H

#include "cmd/run.h"

/* Requests of 1, 100 and 10,000 showers: 500 sweeps of a conditional machine of 4 x 302 units on
 * Zephyr from fair coins, as many chains as showers (tiles of 64, the last one as dear as a full
 * one; measured on up to 16 tiles), then the decoder, in pieces of up to `rows`: seconds(ctx, n)
 * says what n of them take. Appends showers a second and the share of sampling to the list. */
void genbench(const struct run *r, struct json *list, const char *name, int rows,
              double (*seconds)(void *ctx, int n), void *ctx);

#endif
