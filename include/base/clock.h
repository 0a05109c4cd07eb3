/*
 * clock.h - time that only goes forward.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

double clock_now(void); /* seconds since some start, monotonic */

#endif
