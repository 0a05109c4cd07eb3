#include "qpu/http_url.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

int http_url_own(const char *url)
{
    static const char *const own[] = { "127.0.0.1", "localhost", "[::1]" };
    CURLU *u = curl_url();
    char *host = NULL;
    int yes = 0;

    if (u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK)
        for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
            if (strcasecmp(host, own[i]) == 0) yes = 1;
    curl_free(host);
    curl_url_cleanup(u);
    return yes;
}

int http_url_check(const char *url, struct err *e)
{
    if (strncasecmp(url, "https://", 8) == 0 && url[8] != '\0') return 0;
    if (strncasecmp(url, "http://", 7) == 0 && http_url_own(url)) return 0;
    return err_set(e,
                   "'%s' is no address to talk to, expected https://... (http:// only for this "
                   "machine)",
                   url);
}

int http_url_same(const char *a, const char *b)
{
    static const CURLUPart part[] = { CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT };
    CURLU *u = curl_url(), *v = curl_url();
    int same = u != NULL && v != NULL && curl_url_set(u, CURLUPART_URL, a, 0) == CURLUE_OK &&
               curl_url_set(v, CURLUPART_URL, b, 0) == CURLUE_OK;

    for (int i = 0; i < 3 && same; i++) {
        char *x = NULL, *y = NULL;
        same = curl_url_get(u, part[i], &x, CURLU_DEFAULT_PORT) == CURLUE_OK &&
               curl_url_get(v, part[i], &y, CURLU_DEFAULT_PORT) == CURLUE_OK &&
               strcasecmp(x, y) == 0;
        curl_free(x);
        curl_free(y);
    }
    curl_url_cleanup(u);
    curl_url_cleanup(v);
    return same;
}

double http_url_wait(const char *after, const char *date)
{
    char *end;
    double x = strtod(after, &end);

    if (after[0] == '\0') return -1.0;
    if (*end == '\0') return x >= 0.0 && x < 1e6 ? x : -1.0;
    time_t then = curl_getdate(after, NULL), now = curl_getdate(date, NULL);
    return then == (time_t)-1 || now == (time_t)-1 || then < now ? -1.0 : difftime(then, now);
}
