/*
 * zreport.h - what an estimate of ln Z says: fields of the result line, and one line of the log.
 */
#ifndef CMD_ZREPORT_H
#define CMD_ZREPORT_H

#include "cmd/zrun.h"
#include "cmd/ztarget.h"

/* From the oracle alone. Local. */
void zreport_exact(const struct ztarget *t);

/* From the log-weights of both directions; with bar != 0 joined by BAR. Local. */
void zreport_runs(const struct ztarget *t, const struct zrun *z, int bar);

#endif
