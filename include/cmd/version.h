/*
 * version.h - which caloq this is, and on which libraries it stands. Local.
 */
#ifndef CMD_VERSION_H
#define CMD_VERSION_H

#include <stdio.h>

const char *version_short(void); /* "caloq 0.1.0 (commit)" */
void version_print(FILE *out);   /* with libraries, BLAS core and kernels */

#endif
