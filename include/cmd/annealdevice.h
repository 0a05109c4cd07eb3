/*
 * annealdevice.h - the local device (qpu/device.h) that the section anneal names.
 */
#ifndef CMD_ANNEALDEVICE_H
#define CMD_ANNEALDEVICE_H

#include "cmd/annealconf.h"
#include "qpu/device.h"

struct annealdevice {
    struct device device; /* owned */
    struct params params; /* of its calls; owned */
};

/* Is anneal.backend a device of this program? */
int annealdevice_is_local(const struct conf *c);

/* Open it as the keys say. Local: every rank that calls device_draw opens its own. x must be freed
 * in any case. */
int annealdevice_open(struct annealdevice *x, const struct run *r, const struct kern *k,
                      struct err *e);
void annealdevice_free(struct annealdevice *x); /* accepts { 0 } */

/* `reads` of problem `number`, as the keys say otherwise; borrows x->params. */
struct device_call annealdevice_call(const struct annealdevice *x, int64_t number, int64_t reads,
                                     int placed);

#endif
