/*
 * classify.h - the challenge's classifiers between two shower files (evaluate.classifiers):
 *
 *   low         log10 E_inc, e_v / E_inc
 *   low_normed  log10 E_inc, e_v / (E_l + 1e-16), log10(E_l + 1e-8); these e_v keep what lies below
 *               the threshold, as in evaluate.py
 *   high        the columns of FPD and KPD
 *   resnet      the columns of low, shaped z x phi x r
 *
 * Puts auc_NAME, jsd_NAME (calibrated), auc_raw_NAME, jsd_raw_NAME and classifier_epoch_NAME into
 * the result. Collective.
 */
#ifndef CMD_CLASSIFY_H
#define CMD_CLASSIFY_H

#include "cmd/judge.h"

int classify_all(struct judge *j, const struct source *reference, const struct source *generated,
                 struct err *e);

#endif
