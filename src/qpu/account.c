#include "qpu/account.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "qpu/http_url.h"
#include "qpu/ini.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { CONF_MOST = 1 << 20 };

struct conf_files {
    struct ini t;
    const char *section; /* of the profile, in t */
};

static const char *given(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : NULL;
}

/* A file that others may read and that holds a token earns a warning. */
static void watch_mode(struct account *p, const char *path, const char *text)
{
    struct stat s;

    if (p->warning != NULL || stat(path, &s) != 0 || (s.st_mode & (S_IRGRP | S_IROTH)) == 0) return;
    struct ini t = { 0 };
    struct err none = { "" };
    int holds = 0;
    if (ini_read(&t, text, path, &none) == 0)
        for (int i = 0; i < t.n; i++)
            if (strcmp(t.entry[i].key, "token") == 0 && t.entry[i].value[0] != '\0') holds = 1;
    if (holds)
        p->warning =
            mem_print("%s holds a token and can be read by others: chmod 600 %s", path, path);
    ini_free(&t);
}

/* must: a file that is not there is an error. */
static int read_file(struct account *p, struct ini *t, const char *path, int must, struct err *e)
{
    if (!must && !file_exists(path)) return 0;
    char *text = file_slurp(path, CONF_MOST, NULL, e);
    if (text == NULL) return -1;
    int bad = ini_read(t, text, path, e);
    if (!bad) watch_mode(p, path, text);
    mem_free(text);
    return bad;
}

static int read_in(struct account *p, struct ini *t, const char *folder, struct err *e)
{
    char *path = mem_print("%s/dwave/dwave.conf", folder);
    int bad = read_file(p, t, path, 0, e);

    mem_free(path);
    return bad;
}

static int read_usual(struct account *p, struct ini *t, struct err *e)
{
    const char *dirs = given(getenv("XDG_CONFIG_DIRS")), *own = given(getenv("XDG_CONFIG_HOME"));
    const char *home = given(getenv("HOME"));
    char *list = mem_text(dirs != NULL ? dirs : "/etc/xdg"), *rest = NULL;
    int bad = 0;

    for (char *d = strtok_r(list, ":", &rest); d != NULL && !bad; d = strtok_r(NULL, ":", &rest))
        bad = read_in(p, t, d, e);
    mem_free(list);
    if (!bad && own != NULL) bad = read_in(p, t, own, e);
    if (!bad && own == NULL && home != NULL) {
        char *folder = mem_print("%s/.config", home);
        bad = read_in(p, t, folder, e);
        mem_free(folder);
    }
    return bad ? bad : read_file(p, t, "dwave.conf", 0, e);
}

static int read_files(struct account *p, struct conf_files *f, const struct account_keys *k,
                      struct err *e)
{
    const char *named = given(k->file) != NULL ? k->file : given(getenv("DWAVE_CONFIG_FILE"));
    int bad = named != NULL ? read_file(p, &f->t, named, 1, e) : read_usual(p, &f->t, e);

    if (bad) return -1;
    const char *asked = given(k->profile) != NULL ? k->profile : given(getenv("DWAVE_PROFILE"));
    if (asked == NULL) asked = ini_get(&f->t, "defaults", "profile");
    f->section = asked != NULL ? asked : ini_first(&f->t, "defaults");
    if (asked != NULL && !ini_has(&f->t, asked))
        return err_set(e, "no dwave.conf has a profile '%s', expected a section of that name",
                       asked);
    if (f->section == NULL && ini_has(&f->t, "defaults")) f->section = "defaults";
    return 0;
}

/* A value of the profile, else of [defaults]; *source (may be NULL), the caller's: "FILE
 * [section]".
 */
static const char *in_files(const struct conf_files *f, const char *key, char **source)
{
    const char *section = f->section;
    const char *x = section != NULL ? ini_get(&f->t, section, key) : NULL;

    if (x == NULL) {
        section = "defaults";
        x = ini_get(&f->t, section, key);
    }
    if (x != NULL && source != NULL)
        *source = mem_print("%s [%s]", ini_file(&f->t, section, key), section);
    return x;
}

static void set(struct account_option *o, const char *text, const char *source)
{
    *o = (struct account_option){ mem_text(text), mem_text(source) };
}

/* One option by its names on the three levels; NULL: the level does not have it. */
static void choose(struct account_option *o, const struct conf_files *f, const char *config,
                   const char *config_name, const char *variable, const char *key)
{
    const char *x = given(config);

    if (x != NULL) {
        set(o, x, config_name);
    } else if (variable != NULL && (x = given(getenv(variable))) != NULL) {
        set(o, x, variable);
    } else {
        char *source = NULL;
        if ((x = in_files(f, key, &source)) != NULL) set(o, x, source);
        mem_free(source);
    }
}

/* An endpoint as it was given, or made of a region; without either no option is set: 0. */
static int set_endpoint(struct account_option *o, const char *endpoint, const char *region,
                        const char *leap, const char *source, struct err *e)
{
    if (given(endpoint) != NULL) {
        size_t n = strlen(endpoint);
        char *whole = mem_print("%s%s", endpoint, endpoint[n - 1] == '/' ? "" : "/");
        set(o, whole, source);
        mem_free(whole);
    } else if (given(region) != NULL) {
        if (strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(region))
            return err_set(e, "%s gives the region '%s', expected one such as na-west-1", source,
                           region);
        char *whole = mem_print("https://%s.cloud.dwavesys.com/sapi/v2/", region);
        set(o, whole, source);
        mem_free(whole);
    } else if (given(leap) != NULL) {
        const char *slash = strstr(leap, "://");
        slash = slash == NULL ? NULL : strchr(slash + 3, '/');
        int host = slash == NULL ? (int)strlen(leap) : (int)(slash - leap);
        char *whole = mem_print("%.*s/sapi/v2/", host, leap);
        set(o, whole, source);
        mem_free(whole);
    }
    return 0;
}

static int find_endpoint(struct account *p, const struct conf_files *f,
                         const struct account_keys *k, struct err *e)
{
    struct account_option *o = &p->endpoint;
    static const char *const key[] = { "endpoint", "region", "leap_api_endpoint" };
    const char *x[3];
    char *file = NULL;
    const char *config = given(k->endpoint) != NULL ? "anneal.endpoint" : "anneal.region";
    const char *variable = given(getenv("DWAVE_API_ENDPOINT")) != NULL ? "DWAVE_API_ENDPOINT"
                           : given(getenv("DWAVE_API_REGION")) != NULL ? "DWAVE_API_REGION"
                                                                       : "DWAVE_LEAP_API_ENDPOINT";

    int bad = set_endpoint(o, k->endpoint, k->region, NULL, config, e);
    if (!bad && o->text == NULL)
        bad = set_endpoint(o, getenv("DWAVE_API_ENDPOINT"), getenv("DWAVE_API_REGION"),
                           getenv("DWAVE_LEAP_API_ENDPOINT"), variable, e);
    for (int i = 0; i < 3; i++) x[i] = in_files(f, key[i], file == NULL ? &file : NULL);
    if (!bad && o->text == NULL) bad = set_endpoint(o, x[0], x[1], x[2], file, e);
    if (!bad && o->text == NULL) bad = set_endpoint(o, NULL, "na-west-1", NULL, "the default", e);
    mem_free(file);
    if (bad) return -1;
    if (strchr(o->text, '@') != NULL || strpbrk(o->text, "?#") != NULL)
        return err_set(e,
                       "the endpoint of %s has a user, a query or a fragment, expected "
                       "https://HOST/PATH/",
                       o->source);
    return http_url_check(o->text, e) ? err_within(e, "%s", o->source) : 0;
}

int account_find(struct account *p, const struct account_keys *k, struct err *e)
{
    struct conf_files f = { 0 };

    *p = (struct account){ 0 };
    int bad = read_files(p, &f, k, e) || find_endpoint(p, &f, k, e);
    if (!bad) {
        choose(&p->token, &f, NULL, NULL, "DWAVE_API_TOKEN", "token");
        choose(&p->solver, &f, k->solver, "anneal.solver", "DWAVE_API_SOLVER", "solver");
        choose(&p->proxy, &f, k->proxy, "anneal.proxy", "DWAVE_API_PROXY", "proxy");
        choose(&p->ca_file, &f, k->ca_file, "anneal.ca_file", NULL, "ca_file");
        choose(&p->client_cert, &f, k->client_cert, "anneal.client_cert", NULL, "client_cert");
        choose(&p->client_key, &f, k->client_key, "anneal.client_key", NULL, "client_cert_key");
        const char *x = in_files(&f, "permissive_ssl", NULL);
        p->permissive = x != NULL && (strcasecmp(x, "true") == 0 || strcasecmp(x, "on") == 0 ||
                                      strcasecmp(x, "yes") == 0 || strcmp(x, "1") == 0);
    }
    ini_free(&f.t);
    if (bad) account_free(p);
    return bad ? -1 : 0;
}

static void drop(struct account_option *o)
{
    if (o->text != NULL) memset(o->text, 0, strlen(o->text));
    mem_free(o->text);
    mem_free(o->source);
    *o = (struct account_option){ 0 };
}

void account_free(struct account *p)
{
    struct account_option *const all[] = { &p->endpoint, &p->token,       &p->solver,    &p->proxy,
                                           &p->ca_file,  &p->client_cert, &p->client_key };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) drop(all[i]);
    mem_free(p->warning);
    *p = (struct account){ 0 };
}

int account_check_token(const struct account *p, struct err *e)
{
    if (p->token.text == NULL)
        return err_set(e, "there is no API token, expected one in DWAVE_API_TOKEN or dwave.conf");
    for (const char *c = p->token.text; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            return err_set(e, "the API token of %s has a blank or a character that no token has",
                           p->token.source);
    return 0;
}

/* Put "***" in place of n bytes; where the text goes on. */
static char *hide(char *from, size_t n)
{
    size_t stars = n < 3 ? n : 3;

    memset(from, '*', stars);
    memmove(from + stars, from + n, strlen(from + n) + 1);
    return from + stars;
}

char *account_redact(const struct account *p, const char *text, int most)
{
    char *clean = text_utf8(text), *at;
    const char *token = p->token.text;
    size_t n = token != NULL ? strlen(token) : 0;

    if (n > 0)
        for (at = strstr(clean, token); at != NULL; at = strstr(at, token)) at = hide(at, n);
    for (at = strstr(clean, "://"); at != NULL; at = strstr(at + 3, "://")) {
        size_t host = strcspn(at + 3, "/ \"'");
        char *end = NULL;
        for (size_t i = 0; i < host; i++)
            if (at[3 + i] == '@') end = at + 3 + i;
        if (end != NULL) hide(at + 3, (size_t)(end - at - 3));
    }
    if (strlen(clean) > (size_t)most) {
        while (most > 0 && ((unsigned char)clean[most] & 0xc0) == 0x80) most--;
        clean[most] = '\0';
    }
    for (at = clean; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f) *at = ' ';
    return clean;
}
