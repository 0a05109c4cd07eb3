/*
 * signal.h - SIGUSR1, SIGTERM, SIGINT and SIGXCPU as a flag that the main loop asks for; SIGPIPE
 * and SIGXFSZ ignored (a write says EPIPE or EFBIG instead).
 */
#ifndef BASE_SIGNAL_H
#define BASE_SIGNAL_H

void signal_watch(void);

/* The number of the signal that came first, or 0. */
int signal_came(void);

/* "SIGUSR1", ... */
const char *signal_name(int number);

#endif
