/*
 * clock.h - times that only go forward.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

double clock_now(void); /* seconds since some start, monotonic */
double clock_cpu(void); /* seconds of processor time of this process, all its threads */

#endif
