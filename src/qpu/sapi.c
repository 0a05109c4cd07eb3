#include "qpu/sapi.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/signal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { DEPTH = 32, QUOTE = 240, SILENCE = 120, SLACK = 15, CONNECT = 10, TRY_LIMIT = 600 };
static const int64_t REPLY_MOST = INT64_C(64) << 20;
static const char media[] = "application/vnd.dwave.sapi.";

/* A wait of the client: scaled, but long enough for a busy machine. */
static double wait_of(const struct sapi *s, double seconds)
{
    return fmax(seconds * s->scale, fmin(seconds, 1.0));
}

int sapi_open(struct sapi *s, const struct account *p, int slots, double scale, uint64_t seed,
              struct err *e)
{
    *s = (struct sapi){ .account = p, .scale = scale, .seed = seed };
    if (account_check_token(p, e)) return -1;
    s->token = mem_print("X-Auth-Token: %s", p->token.text);
    s->header[0] = s->token;
    struct http_options o = { .proxy = p->proxy.text,
                              .ca_file = p->ca_file.text,
                              .client_cert = p->client_cert.text,
                              .client_key = p->client_key.text,
                              .permissive = p->permissive,
                              .connect = wait_of(s, CONNECT),
                              .header = s->header,
                              .headers = 1 };
    s->http = http_new(slots, &o, e);
    return s->http == NULL ? -1 : 0;
}

void sapi_close(struct sapi *s)
{
    http_free(s->http);
    if (s->token != NULL) memset(s->token, 0, strlen(s->token));
    mem_free(s->token);
    *s = (struct sapi){ 0 };
}

void sapi_start(struct sapi *s, int slot, const char *method, const char *path,
                const char *resource, const struct wire *body, double wait, int64_t most)
{
    char *url = mem_print("%s%s", s->account->endpoint.text, path);
    char *accept = mem_print("%s%s+json; version=3", media, resource);
    double silence = body != NULL ? SILENCE : SLACK;
    struct http_request q = { .method = method,
                              .url = url,
                              .accept = accept,
                              .body = body != NULL ? body->text : NULL,
                              .bytes = body != NULL ? body->n : 0,
                              .most = most > 0 ? most : REPLY_MOST,
                              .silence = wait + wait_of(s, silence),
                              .limit = wait + wait_of(s, TRY_LIMIT) };

    http_start(s->http, slot, &q);
    mem_free(accept);
    mem_free(url);
}

/* The service's own words about an error: error_msg, or plain text. */
static char *words(const struct sapi *s, const struct http_reply *r)
{
    struct err none = { "" };
    struct json *j =
        r->body[0] == '{' ? json_parse_stranger(r->body, r->bytes, DEPTH, "", &none) : NULL;
    const char *text;
    char *quote = NULL;

    if (j != NULL && json_get_text(j, "error_msg", &text) == 0)
        quote = account_redact(s->account, text, QUOTE);
    json_drop(j);
    return quote != NULL ? quote : account_redact(s->account, r->body, QUOTE);
}

static enum sapi_verdict judge_status(const struct sapi *s, const struct http_reply *r,
                                      struct err *why)
{
    char *text = words(s, r);
    enum sapi_verdict v = SAPI_REFUSED;

    if (r->status == 401) {
        err_set(why, "the service does not accept the API token of %s (401: %s)",
                s->account->token.source, text);
    } else if (r->status == 403) {
        err_set(why, "the service forbids it (403: %s)", text);
    } else {
        err_set(why, "the service says %d: %s", r->status, text);
        if (r->status == 404) v = SAPI_ABSENT;
        if (r->status == 408 || r->status == 429) v = SAPI_AGAIN;
        if (r->status >= 500) v = SAPI_BROKEN;
        if (r->status < 400) v = SAPI_GARBLED;
    }
    mem_free(text);
    return v;
}

/* "application/vnd.dwave.sapi.RESOURCE+json", and version 3 where it tells one. */
static int right_type(const char *type, const char *resource)
{
    size_t m = strlen(media), n = strlen(resource);

    if (strncasecmp(type, media, m) != 0 || strncasecmp(type + m, resource, n) != 0 ||
        strncasecmp(type + m + n, "+json", 5) != 0)
        return 0;
    const char *rest = type + m + n + 5, *version = strstr(rest, "version=");
    if (*rest != '\0' && *rest != ';' && *rest != ' ') return 0;
    return version == NULL || version[8] == '3' || strncmp(version + 8, "\"3", 2) == 0;
}

static enum sapi_verdict judge(const struct sapi *s, const struct http_reply *r,
                               const char *resource, struct json **j, struct err *why)
{
    if (r->fault != HTTP_FINE) {
        char *text = account_redact(s->account, r->why, QUOTE);
        err_set(why, "%s", text);
        mem_free(text);
        if (r->fault == HTTP_UNSENT) return SAPI_AGAIN;
        if (r->fault == HTTP_FUTILE) return SAPI_REFUSED;
        return r->fault == HTTP_GARBLED || (r->status >= 200 && r->status < 300) ? SAPI_GARBLED
                                                                                 : SAPI_SILENT;
    }
    if (r->status < 200 || r->status > 299) return judge_status(s, r, why);
    if (!right_type(r->type, resource)) {
        char *type = account_redact(s->account, r->type, 80);
        err_set(why, "the service answers with the type '%s', expected %s%s+json", type, media,
                resource);
        mem_free(type);
        return SAPI_GARBLED;
    }
    struct err bad = { "" };
    *j = json_parse_stranger(r->body, r->bytes, DEPTH, "reply", &bad);
    if (*j != NULL) return SAPI_FINE;
    char *text = account_redact(s->account, bad.text, QUOTE);
    err_set(why, "%s", text);
    mem_free(text);
    return SAPI_GARBLED;
}

enum sapi_verdict sapi_reply(struct sapi *s, int slot, const char *resource, int *done,
                             struct json **j, double *after, struct err *why)
{
    const struct http_reply *r = http_reply(s->http, slot);

    *done = r != NULL;
    *j = NULL;
    if (r == NULL) return SAPI_AGAIN;
    *after = r->retry_after;
    s->server += r->server;
    *why = (struct err){ "" };
    enum sapi_verdict v = judge(s, r, resource, j, why);
    http_drop(s->http, slot);
    return v;
}

double sapi_pause(const struct sapi *s, int64_t item, int k, double after)
{
    enum { MOST_ASKED = 300 };
    struct rng r = rng_at(s->seed, RNG_BACKOFF, item, k);
    double full = fmin(0.5 * ldexp(1.0, k < 10 ? k : 10), 30.0);

    if (after >= 0.0) full = fmin(after, MOST_ASKED);
    return s->scale * (after >= 0.0 ? full * (1.0 + 0.1 * rng_uniform(&r))
                                    : full * (0.5 + 0.5 * rng_uniform(&r)));
}

/* Wait, moving requests on; 1 when a signal came. */
static int wait_until(struct sapi *s, double end)
{
    while (clock_now() < end && !signal_came()) http_poll(s->http, fmin(end - clock_now(), 0.2));
    return signal_came() != 0;
}

static int stopped(struct err *e)
{
    return err_set(e, "stopped by %s", signal_name(signal_came()));
}

int sapi_get(struct sapi *s, const char *path, const char *resource, double limit, struct json **j,
             struct err *e)
{
    double end = clock_now() + wait_of(s, limit), after;
    struct err why;

    *j = NULL;
    for (int k = 0;; k++) {
        int done = 0;
        sapi_start(s, 0, "GET", path, resource, NULL, 0.0, 0);
        enum sapi_verdict v = SAPI_AGAIN;
        while (!done) {
            http_poll(s->http, 0.2);
            v = sapi_reply(s, 0, resource, &done, j, &after, &why);
            if (!done && signal_came()) {
                http_drop(s->http, 0);
                return stopped(e);
            }
        }
        if (v == SAPI_FINE) return 0;
        double next = clock_now() + sapi_pause(s, 0, k, after);
        if (v == SAPI_REFUSED || v == SAPI_ABSENT || next > end)
            return err_set(e, "%s%s: %s", s->account->endpoint.text, path, why.text);
        if (wait_until(s, next)) return stopped(e);
    }
}
