/*
 * keys.h - the one table of config keys.
 */
#ifndef CMD_KEYS_H
#define CMD_KEYS_H

#include "base/conf.h"

const struct conf_key *keys_table(int *n);

#endif
