/*
 * http_url.h - what an address says: which server, and may a token go there? With http.c the home
 * of libcurl.
 */
#ifndef QPU_HTTP_URL_H
#define QPU_HTTP_URL_H

#include "base/err.h"

/* Is this an absolute URL that we may talk to: https, or http to this machine? */
int http_url_check(const char *url, struct err *e);

/* Does it lead to this machine (127.0.0.1, localhost, ::1)? */
int http_url_own(const char *url);

/* Are both on one scheme, host and port? */
int http_url_same(const char *a, const char *b);

/* Seconds of a Retry-After header, -1 for none: a number, or a date as seen from the reply's own
 * Date, because our clock may be wrong. */
double http_url_wait(const char *after, const char *date);

#endif
