/*
 * zreport.h - what an estimate of ln Z says: fields of the result line, and one line of the log.
 */
#ifndef CMD_ZREPORT_H
#define CMD_ZREPORT_H

#include "cmd/ztarget.h"
#include "cmd/zquality.h"
#include "cmd/zweights.h"

/* The mean over all conditions by the plan's method; list (may be NULL) gets an object for each.
 * exact [Q] or NULL. Local. */
struct logweights_mean zreport_mean(const struct zweights *w, const struct zplan *plan,
                                    const struct zpath *path, const struct ztarget *t,
                                    struct json *list);

/* Mean log-likelihood of the data, -<E> - <ln Z(u)>, where the conditions stand for the data's;
 * else nothing. Local. */
void zreport_likelihood(const struct ztarget *t, double logz, double error);

/* From the oracle alone. Local. */
void zreport_exact(const struct ztarget *t);

/* From the log-weights; returns their mean. Local. */
struct logweights_mean zreport_runs(const struct ztarget *t, const struct zplan *plan,
                                    const struct zpath *path, const struct zweights *w,
                                    const struct zquality *quality);

#endif
