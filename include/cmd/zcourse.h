/*
 * zcourse.h - ln Z as training followed it (cmd/course.h), from a checkpoint: logz.method:
 * trajectory.
 */
#ifndef CMD_ZCOURSE_H
#define CMD_ZCOURSE_H

#include "cmd/ztarget.h"

/* The figures of /trajectory into the result line. Collective. */
int zcourse_report(const struct ztarget *t, struct err *e);

#endif
