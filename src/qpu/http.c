#include "qpu/http.h"

#include "base/clock.h"
#include "base/mem.h"
#include "qpu/http_url.h"

#include <curl/curl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { IDLE = 50, RESOLVED = 600, UPLOAD = 131072, DRIP = 1000 };

struct slot {
    CURL *easy;
    struct curl_slist *headers; /* owned */
    char message[CURL_ERROR_SIZE];
    struct http_request q;
    char *url; /* where the request goes now; owned */
    struct wire in;
    int64_t given, header_bytes; /* of the body to libcurl; of the reply's header lines */
    int busy, done, too_long, redirects;
    int64_t moved;        /* bytes up and down */
    double start, change; /* clock_now(): of the request; when `moved` last grew */
    char after[64], date[64];
    struct http_reply reply;
};

struct http {
    CURLM *multi;
    struct http_options o;
    int slots;
    struct slot *slot; /* [slots]; owned */
};

static size_t take_body(char *bytes, size_t size, size_t n, void *to)
{
    struct slot *s = to;

    (void)size;
    if (s->in.n + (int64_t)n > s->q.most) {
        s->too_long = 1;
        return 0;
    }
    wire_put_bytes(&s->in, bytes, (int64_t)n);
    return n;
}

/* The value of "name: value" into text[room]. */
static void keep_header(const char *line, size_t n, const char *name, char *text, size_t room)
{
    size_t m = strlen(name);

    if (n <= m || strncasecmp(line, name, m) != 0 || line[m] != ':') return;
    for (m++; m < n && (line[m] == ' ' || line[m] == '\t'); m++) continue;
    while (n > m && (unsigned char)line[n - 1] <= ' ') n--;
    snprintf(text, room, "%.*s", (int)(n - m < room ? n - m : room - 1), line + m);
}

static size_t take_header(char *line, size_t size, size_t n, void *to)
{
    struct slot *s = to;
    char timing[256] = "";

    (void)size;
    s->header_bytes += (int64_t)n;
    if (s->header_bytes > HTTP_HEADERS) {
        s->too_long = 1;
        return 0;
    }
    keep_header(line, n, "Retry-After", s->after, sizeof s->after);
    keep_header(line, n, "Date", s->date, sizeof s->date);
    keep_header(line, n, "Server-Timing", timing, sizeof timing);
    const char *duration = strstr(timing, "dur=");
    if (duration != NULL) {
        double ms = strtod(duration + 4, NULL);
        if (ms > 0.0 && ms < 1e9) s->reply.server = ms / 1000.0;
    }
    return n;
}

static size_t give_body(char *to, size_t size, size_t n, void *from)
{
    struct slot *s = from;
    int64_t left = s->q.bytes - s->given, room = (int64_t)(size * n);
    int64_t now = left < room ? left : room;

    if (now > 0) memcpy(to, s->q.body + s->given, (size_t)now);
    s->given += now;
    return (size_t)now;
}

/* libcurl sends a request once more, unasked, when a connection that was kept alive turns out to be
 * dead; what was sent may have been accepted and paid for. */
static int rewind_body(void *from, curl_off_t offset, int origin)
{
    struct slot *s = from;

    return s->given == 0 && offset == 0 && origin == SEEK_SET ? CURL_SEEKFUNC_OK
                                                              : CURL_SEEKFUNC_FAIL;
}

static void set_limits(CURL *c, const struct http_options *o)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(c, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 1L);
    curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(c, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(c, CURLOPT_MAXAGE_CONN, (long)IDLE);
    curl_easy_setopt(c, CURLOPT_DNS_CACHE_TIMEOUT, (long)RESOLVED);
    curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD);
    curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)(o->connect * 1000.0));
    if (o->ca_file != NULL) curl_easy_setopt(c, CURLOPT_CAINFO, o->ca_file);
    if (o->client_cert != NULL) curl_easy_setopt(c, CURLOPT_SSLCERT, o->client_cert);
    if (o->client_key != NULL) curl_easy_setopt(c, CURLOPT_SSLKEY, o->client_key);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, o->permissive ? 0L : 1L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, o->permissive ? 0L : 2L);
}

static void set_calls(CURL *c, struct slot *s)
{
    curl_easy_setopt(c, CURLOPT_PRIVATE, s);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, s->message);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, s);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(c, CURLOPT_READDATA, s);
    curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, rewind_body);
    curl_easy_setopt(c, CURLOPT_SEEKDATA, s);
}

struct http *http_new(int slots, const struct http_options *o, struct err *e)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        err_set(e, "libcurl does not start");
        return NULL;
    }
    struct http *h = mem_take(1, sizeof *h);
    *h = (struct http){ .multi = curl_multi_init(), .o = *o, .slots = slots };
    h->slot = mem_take(slots, sizeof *h->slot);
    int bad = h->multi == NULL;
    for (int i = 0; i < slots && !bad; i++) {
        struct slot *s = &h->slot[i];
        s->easy = curl_easy_init();
        bad = s->easy == NULL;
        if (bad) break;
        set_limits(s->easy, o);
        set_calls(s->easy, s);
    }
    if (!bad) {
        curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)slots);
        return h;
    }
    err_set(e, "libcurl gives no handle");
    http_free(h);
    return NULL;
}

void http_free(struct http *h)
{
    if (h == NULL) return;
    for (int i = 0; i < h->slots; i++) {
        http_drop(h, i);
        if (h->slot[i].easy != NULL) curl_easy_cleanup(h->slot[i].easy);
        curl_slist_free_all(h->slot[i].headers);
        wire_free(&h->slot[i].in);
        mem_free(h->slot[i].url);
    }
    if (h->multi != NULL) curl_multi_cleanup(h->multi);
    curl_global_cleanup();
    mem_free(h->slot);
    mem_free(h);
}

static void add_header(struct slot *s, const char *name, const char *value)
{
    char *line = mem_print("%s%s", name, value);
    struct curl_slist *list = curl_slist_append(s->headers, line);

    mem_free(line);
    if (list == NULL) die("no memory for a header");
    s->headers = list;
}

static void set_headers(const struct http *h, struct slot *s)
{
    curl_slist_free_all(s->headers);
    s->headers = NULL;
    add_header(s, "User-Agent: ", "caloq");
    add_header(s, "Expect:", ""); /* no waiting for "100 Continue" */
    if (s->q.accept != NULL) add_header(s, "Accept: ", s->q.accept);
    if (s->q.body != NULL) add_header(s, "Content-Type: ", "application/json");
    for (int i = 0; i < h->o.headers; i++) add_header(s, h->o.header[i], "");
    curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
}

/* Send it, or once more elsewhere after a redirect. */
static void send_request(struct http *h, struct slot *s)
{
    int own = http_url_own(s->url), posts = s->q.body != NULL;

    wire_clear(&s->in);
    s->given = s->header_bytes = 0;
    s->message[0] = s->after[0] = s->date[0] = '\0';
    s->reply.server = 0.0;
    curl_easy_setopt(s->easy, CURLOPT_URL, s->url);
    curl_easy_setopt(s->easy, CURLOPT_HTTPGET, 1L);
    if (posts) {
        curl_easy_setopt(s->easy, CURLOPT_POST, 1L);
        curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, NULL);
        curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)s->q.bytes);
    }
    curl_easy_setopt(s->easy, CURLOPT_CUSTOMREQUEST, s->q.method);
    curl_easy_setopt(s->easy, CURLOPT_PROXY, h->o.proxy);
    curl_easy_setopt(s->easy, CURLOPT_NOPROXY, own && h->o.proxy == NULL ? "*" : NULL);
    set_headers(h, s);
    if (curl_multi_add_handle(h->multi, s->easy) != CURLM_OK) die("libcurl refuses a request");
}

void http_start(struct http *h, int slot, const struct http_request *q)
{
    struct slot *s = &h->slot[slot];

    if (s->busy) die("a request on a busy slot");
    s->q = *q;
    mem_free(s->url);
    s->url = mem_text(q->url);
    s->busy = 1;
    s->done = s->too_long = s->redirects = 0;
    s->moved = 0;
    s->start = s->change = clock_now();
    s->reply = (struct http_reply){ .retry_after = -1.0 };
    send_request(h, s);
}

static enum http_fault judge(const struct slot *s, CURLcode code, int64_t up)
{
    switch (code) {
    case CURLE_OK:
        return HTTP_FINE;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
        return HTTP_FUTILE;
    case CURLE_WRITE_ERROR:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WEIRD_SERVER_REPLY:
        return HTTP_GARBLED;
    case CURLE_SEND_FAIL_REWIND: /* of what was given, nobody knows what arrived */
        return HTTP_LOST;
    default:
        return s->q.body != NULL && up < s->q.bytes ? HTTP_UNSENT : HTTP_LOST;
    }
}

/* Go on to where a redirect leads, if it may: 1. Else the reply says why not: 0. */
static int follow(struct http *h, struct slot *s)
{
    struct http_reply *r = &s->reply;
    char *to = NULL;

    if (r->status < 301 || r->status > 308 || r->status == 304) return 0;
    curl_easy_getinfo(s->easy, CURLINFO_REDIRECT_URL, &to);
    int keeps = r->status == 307 || r->status == 308;
    int may = to != NULL && http_url_same(s->url, to) && s->redirects < HTTP_REDIRECTS &&
              (keeps || strcmp(s->q.method, "GET") == 0);
    if (!may) {
        r->fault = HTTP_GARBLED;
        snprintf(r->why, sizeof r->why, "redirect %d is not followed: %s", r->status,
                 to == NULL                       ? "it leads nowhere"
                 : !http_url_same(s->url, to)     ? "it leads to another server"
                 : s->redirects >= HTTP_REDIRECTS ? "there were three already"
                                                  : "it would change the request");
        return 0;
    }
    s->redirects++;
    mem_free(s->url);
    s->url = mem_text(to);
    send_request(h, s);
    return 1;
}

static void finish(struct http *h, struct slot *s, CURLcode code, const char *why)
{
    struct http_reply *r = &s->reply;
    curl_off_t up = 0;
    char *type = NULL;
    long status = 0;

    curl_easy_getinfo(s->easy, CURLINFO_SIZE_UPLOAD_T, &up);
    curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(s->easy, CURLINFO_CONTENT_TYPE, &type);
    curl_multi_remove_handle(h->multi, s->easy);
    r->status = (int)status;
    r->fault = judge(s, code, (int64_t)up);
    r->retry_after = http_url_wait(s->after, s->date);
    snprintf(r->type, sizeof r->type, "%s", type != NULL ? type : "");
    if (code != CURLE_OK) {
        if (why == NULL && s->too_long) why = "the reply is longer than is allowed";
        if (why == NULL) why = s->message[0] != '\0' ? s->message : curl_easy_strerror(code);
        snprintf(r->why, sizeof r->why, "%s", why);
    } else if (follow(h, s)) {
        return;
    }
    wire_put(&s->in, ""); /* a NUL at least */
    r->body = s->in.text;
    r->bytes = s->in.n;
    s->busy = 0;
    s->done = 1;
}

/* Too slow, or over its time? */
static void watch(struct http *h, struct slot *s, double now)
{
    curl_off_t up = 0, down = 0;

    curl_easy_getinfo(s->easy, CURLINFO_SIZE_UPLOAD_T, &up);
    curl_easy_getinfo(s->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
    int64_t moved = (int64_t)up + (int64_t)down + s->header_bytes;
    if (moved != s->moved) s->change = now;
    s->moved = moved;
    if (now - s->change > s->q.silence)
        finish(h, s, CURLE_OPERATION_TIMEDOUT, "the server says nothing");
    else if (now > s->start + s->q.silence + (double)moved / DRIP)
        finish(h, s, CURLE_OPERATION_TIMEDOUT, "the reply comes in drops");
    else if (now - s->start > s->q.limit)
        finish(h, s, CURLE_OPERATION_TIMEDOUT, "the time is over");
}

/* Move on; the number of requests that ended. */
static int progress(struct http *h)
{
    int running, left, ended = 0;

    curl_multi_perform(h->multi, &running);
    for (CURLMsg *m = curl_multi_info_read(h->multi, &left); m != NULL;
         m = curl_multi_info_read(h->multi, &left)) {
        void *s = NULL;
        if (m->msg != CURLMSG_DONE) continue;
        CURLcode code = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &s);
        finish(h, s, code, NULL);
        ended++;
    }
    double now = clock_now();
    for (int i = 0; i < h->slots; i++)
        if (h->slot[i].busy) {
            watch(h, &h->slot[i], now);
            ended += !h->slot[i].busy;
        }
    return ended;
}

void http_poll(struct http *h, double seconds)
{
    double end = clock_now() + seconds;

    for (int ended = progress(h); !ended; ended = progress(h)) {
        double left = end - clock_now();
        if (left <= 0.0) return;
        curl_multi_poll(h->multi, NULL, 0, (int)ceil(1000.0 * fmin(left, 0.1)), NULL);
    }
}

const struct http_reply *http_reply(struct http *h, int slot)
{
    return h->slot[slot].done ? &h->slot[slot].reply : NULL;
}

void http_drop(struct http *h, int slot)
{
    struct slot *s = &h->slot[slot];

    if (s->busy) curl_multi_remove_handle(h->multi, s->easy);
    s->busy = s->done = 0;
}

const char *http_version(void)
{
    return "libcurl " LIBCURL_VERSION;
}
