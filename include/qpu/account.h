/*
 * account.h - whom to talk to, and as whom: endpoint, token, solver, proxy and TLS options.
 *
 * Each option comes from the first level that has it:
 *
 *   1. the config (keys of the section anneal, the command line before the file); never the token
 *   2. DWAVE_API_ENDPOINT, _REGION, _TOKEN, _SOLVER, _PROXY in the environment, and
 *      DWAVE_LEAP_API_ENDPOINT
 *   3. the profile of dwave.conf, then its section [defaults]
 *   4. the region na-west-1
 *
 * Files, later ones over earlier ones key by key: DIR/dwave/dwave.conf for the DIRs of
 * XDG_CONFIG_DIRS (/etc/xdg), then XDG_CONFIG_HOME (~/.config), then ./dwave.conf; a file that is
 * named (anneal.dwave_conf, DWAVE_CONFIG_FILE) stands alone, and must be readable. The profile:
 * anneal.profile, DWAVE_PROFILE, the key `profile` of [defaults], the first other section.
 * An endpoint or a region on one level hides both on the levels below; on one level the endpoint
 * wins over the region, the region over the Leap endpoint (leap_api_endpoint in files), of which
 * the host is taken. A region stands for https://REGION.cloud.dwavesys.com/sapi/v2/, and nothing
 * else is asked or fallen back to. An empty text counts as absent on every level.
 */
#ifndef QPU_ACCOUNT_H
#define QPU_ACCOUNT_H

#include "base/err.h"

/* What the config gives; NULL or "": nothing. Borrowed. */
struct account_keys {
    const char *file, *profile; /* dwave.conf, and the section of it */
    const char *endpoint, *region, *solver, *proxy, *ca_file, *client_cert, *client_key;
};

struct account_option {
    char *text;   /* or NULL; owned */
    char *source; /* "anneal.endpoint", "DWAVE_API_ENDPOINT", "FILE [name]"; owned */
};

struct account {
    struct account_option endpoint; /* ends in '/' */
    struct account_option token;    /* never to be printed */
    struct account_option solver, proxy, ca_file, client_cert, client_key;
    int permissive; /* permissive_ssl of dwave.conf */
    char *warning;  /* a sentence for the user, or NULL; owned */
};

/* On an error p is { 0 }. A missing token is no error here: see account_check_token. */
int account_find(struct account *p, const struct account_keys *k, struct err *e);
void account_free(struct account *p); /* accepts { 0 }; wipes the token */

/* A sentence when there is no token, or one with characters that no header may have. */
int account_check_token(const struct account *p, struct err *e);

/* A copy of a text from elsewhere for a sentence or a file: the token in it, and a password before
 * the '@' of an address, become "***"; at most `most` bytes, control characters as spaces. The
 * caller frees. */
char *account_redact(const struct account *p, const char *text, int most);

#endif
