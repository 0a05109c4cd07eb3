/*
 * http.h - HTTP requests side by side without threads of ours. The one home of libcurl.
 *
 * A slot carries one request at a time; connections are kept alive and shared. Nothing here waits
 * on its own: http_poll moves all slots on and returns. Every reply is bounded: header lines
 * together HTTP_HEADERS bytes, the body (unpacked) what the request allows, its time by `silence`
 * and `limit`. Redirects are followed by hand, at most three, to the same scheme, host and port
 * alone, and a POST only by 307 or 308: a token never leaves for another server. Only https, and
 * http to this machine itself.
 *
 * Source: libcurl's multi interface. It may resolve names in a thread of its own.
 */
#ifndef QPU_HTTP_H
#define QPU_HTTP_H

#include "base/err.h"
#include "qpu/wire.h"

#include <stddef.h>
#include <stdint.h>

enum { HTTP_HEADERS = 65536, HTTP_REDIRECTS = 3 };

struct http_options {
    const char *proxy;                    /* NULL: as the environment says */
    const char *ca_file;                  /* NULL: the system's */
    const char *client_cert, *client_key; /* or NULL */
    int permissive;                       /* take any certificate */
    double connect;                       /* s until a connection stands */
    const char *const *header;            /* [headers] "Name: value" of every request; borrowed */
    int headers;
};

struct http_request {
    const char *method; /* GET, POST or DELETE */
    const char *url;
    const char *accept;  /* media type, or NULL */
    const char *body;    /* [bytes] JSON; borrowed until the reply is there; or NULL */
    int64_t bytes, most; /* of the body; of the reply's body at most */
    double silence;      /* s in which nothing moves, and for which less than 1 kB/s may come */
    double limit;        /* s in all */
};

enum http_fault {
    HTTP_FINE,    /* a whole reply */
    HTTP_UNSENT,  /* the server cannot have had the whole request */
    HTTP_LOST,    /* it may have had it; no whole reply */
    HTTP_GARBLED, /* a reply that breaks a limit, cannot be unpacked, or leads elsewhere */
    HTTP_FUTILE   /* trying again is no use: certificate, protocol, URL */
};

struct http_reply {
    enum http_fault fault;
    char why[256];    /* a sentence unless HTTP_FINE */
    int status;       /* 0: no status line came */
    const char *body; /* [bytes] and a NUL; borrowed until the slot's next request */
    int64_t bytes;
    char type[128];     /* Content-Type, "" when absent */
    double retry_after; /* s, or -1 */
    double server;      /* s that the server says it took (Server-Timing), or 0 */
};

struct http; /* opaque, owned */

/* `slots` requests at a time. NULL and a sentence when libcurl will not start. */
struct http *http_new(int slots, const struct http_options *o, struct err *e);
void http_free(struct http *h); /* accepts NULL */

/* Start a request on a free slot; what is wrong with it is told by its reply. */
void http_start(struct http *h, int slot, const struct http_request *q);

/* Move all requests on, for at most `seconds`; back at once when one is done. */
void http_poll(struct http *h, double seconds);

/* The reply once it is there (the slot is then free), else NULL. Borrowed until the next start. */
const struct http_reply *http_reply(struct http *h, int slot);

/* Give a request up; its connection is closed. */
void http_drop(struct http *h, int slot);

/* "libcurl 7.88.1", for --version. */
const char *http_version(void);

#endif
