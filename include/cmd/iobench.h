/*
 * iobench.h - how fast shower files load, against fread of the same bytes and zlib on the same
 * blocks: by processor time from the page cache, by the clock from the disk.
 */
#ifndef CMD_IOBENCH_H
#define CMD_IOBENCH_H

#include "cmd/run.h"

/* Synthetic showers are written to the run folder, read back as training and evaluation read them
 * and removed. Collective. */
int iobench(struct run *r, struct json *list, double seconds, struct err *e);

#endif
