/*
 * sapi.h - D-Wave's solver API: requests with a token, and what replies are worth.
 *
 * Resources are asked for in representation 3. A reply counts only with the right media type, and
 * JSON of bounded size and depth. Texts of the service are quoted without the token.
 */
#ifndef QPU_SAPI_H
#define QPU_SAPI_H

#include "base/json.h"
#include "qpu/http.h"
#include "qpu/account.h"
#include "qpu/wire.h"

#include <stdint.h>

enum sapi_verdict {
    SAPI_FINE,    /* here it is */
    SAPI_AGAIN,   /* not taken in: ask again after a pause (not sent, 429) */
    SAPI_SILENT,  /* it may have been taken in: no reply */
    SAPI_BROKEN,  /* an error of the service, 5xx: it may have been taken in */
    SAPI_GARBLED, /* a reply that cannot be used; a POST with status 2xx was taken in */
    SAPI_ABSENT,  /* 404 */
    SAPI_REFUSED  /* not taken in, and asking again is no use */
};

struct sapi {
    const struct account *account; /* borrowed */
    struct http *http;             /* owned */
    char *token;                   /* header line; owned */
    const char *header[1];
    double scale;  /* of all waits */
    uint64_t seed; /* of the pauses */
    double server; /* s that the server says it took of all requests */
};

/* slots: requests at a time. */
int sapi_open(struct sapi *s, const struct account *p, int slots, double scale, uint64_t seed,
              struct err *e);
void sapi_close(struct sapi *s); /* accepts { 0 } */

/* Start METHOD on base/path. resource: "problem", the media type of the reply. wait: seconds in
 * which the server may say nothing on purpose (long polls). body NULL: none. */
void sapi_start(struct sapi *s, int slot, const char *method, const char *path,
                const char *resource, const struct wire *body, double wait, int64_t most);

/* The reply on this slot, once it is there: *done = 1. SAPI_FINE gives *j (the caller drops it);
 * else `why` holds a sentence. *after: the pause that the service asks for, seconds, or -1. */
enum sapi_verdict sapi_reply(struct sapi *s, int slot, const char *resource, int *done,
                             struct json **j, double *after, struct err *why);

/* Seconds to wait before try k (0, 1, ...): 0.5 2^k s up to 30 s, a random part of it from a
 * half up, or what the service asked for; times the scale. item tells problems apart. */
double sapi_pause(const struct sapi *s, int64_t item, int k, double after);

/* GET with retries for at most `limit` seconds (times the scale); ends early, with a sentence, when
 * a signal comes. On slot 0. */
int sapi_get(struct sapi *s, const char *path, const char *resource, double limit, struct json **j,
             struct err *e);

#endif
