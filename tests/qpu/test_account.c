/* Who one is and whom one talks to: dwave.conf, the environment and the config, and what may never
 * be shown. */
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "qpu/account.h"
#include "qpu/http_url.h"
#include "qpu/ini.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char conf[] =
    "[defaults]\nregion = eu-central-1\ntoken = of-defaults\n"
    "[one]\nEndpoint = https://one.example/sapi\ntoken: of-one # all of it\n"
    "[two]\nsolver = A\n    B\n; a comment\nproxy = http://u:p%40ss%%@p.example:3128\n";

static void nothing_given(void)
{
    static const char *const all[] = { "DWAVE_CONFIG_FILE",  "DWAVE_PROFILE",
                                       "DWAVE_API_ENDPOINT", "DWAVE_API_REGION",
                                       "DWAVE_API_TOKEN",    "DWAVE_API_SOLVER",
                                       "DWAVE_API_PROXY",    "DWAVE_LEAP_API_ENDPOINT" };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) unsetenv(all[i]);
    setenv("XDG_CONFIG_DIRS", "/nonexistent", 1);
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
}

/* The file of this rank, mode 600. */
static char *write_conf(mode_t mode)
{
    char *name = mem_print("dwave-%d.conf", test_par()->rank), *path = mem_text(test_path(name));
    struct err e = { "" };

    assert_int_equal(file_replace(path, conf, (int64_t)strlen(conf), &e), 0);
    assert_int_equal(chmod(path, mode), 0);
    mem_free(name);
    return path;
}

static void sections_keys_and_values_are_those_of_configparser(void **state)
{
    (void)state;
    struct ini t = { 0 };
    struct err e = { "" };

    assert_int_equal(ini_read(&t, conf, "x", &e), 0);
    assert_string_equal(ini_get(&t, "one", "endpoint"), "https://one.example/sapi");
    assert_string_equal(ini_get(&t, "one", "token"), "of-one # all of it");
    assert_string_equal(ini_get(&t, "two", "solver"), "A\nB");
    assert_string_equal(ini_get(&t, "two", "proxy"), "http://u:p%40ss%@p.example:3128");
    assert_string_equal(ini_first(&t, "defaults"), "one");
    assert_int_equal(ini_read(&t, "[two]\nsolver = C\n", "y", &e), 0);
    assert_string_equal(ini_get(&t, "two", "solver"), "C");
    assert_string_equal(ini_file(&t, "two", "solver"), "y");
    assert_int_equal(ini_read(&t, "[two]\nsecret-word\n", "z", &e), -1);
    assert_null(strstr(e.text, "secret")); /* values may be tokens */
    ini_free(&t);
}

static void each_level_hides_the_ones_below(void **state)
{
    (void)state;
    struct err e = { "" };
    struct account a;
    char *path = write_conf(0600);
    struct account_keys k = { .file = path };

    nothing_given();
    assert_int_equal(account_find(&a, &k, &e),
                     0); /* the first section; its endpoint over the region */
    assert_string_equal(a.endpoint.text, "https://one.example/sapi/");
    assert_non_null(strstr(a.endpoint.source, path));
    assert_string_equal(a.token.text, "of-one # all of it");
    assert_int_equal(account_check_token(&a, &e), -1);
    account_free(&a);
    k.profile = "two"; /* its region and token are those of [defaults] */
    assert_int_equal(account_find(&a, &k, &e), 0);
    assert_string_equal(a.endpoint.text, "https://eu-central-1.cloud.dwavesys.com/sapi/v2/");
    assert_string_equal(a.token.text, "of-defaults");
    account_free(&a);
    setenv("DWAVE_API_REGION", "na-east-1", 1); /* hides the endpoint of a file */
    setenv("DWAVE_API_TOKEN", "of-the-environment", 1);
    setenv("DWAVE_API_SOLVER", "", 1); /* empty is absent */
    k.profile = "one";
    assert_int_equal(account_find(&a, &k, &e), 0);
    assert_string_equal(a.endpoint.text, "https://na-east-1.cloud.dwavesys.com/sapi/v2/");
    assert_string_equal(a.endpoint.source, "DWAVE_API_REGION");
    assert_string_equal(a.token.source, "DWAVE_API_TOKEN");
    assert_null(a.solver.text);
    account_free(&a);
    unsetenv("DWAVE_API_REGION");
    setenv("DWAVE_LEAP_API_ENDPOINT", "https://leap.example/leap/api/", 1);
    assert_int_equal(account_find(&a, &k, &e), 0);
    assert_string_equal(a.endpoint.text, "https://leap.example/sapi/v2/");
    assert_string_equal(a.endpoint.source, "DWAVE_LEAP_API_ENDPOINT");
    account_free(&a);
    k.endpoint = "http://127.0.0.1:1/sapi/v2/";
    k.region = "na-west-1"; /* on one level the endpoint wins */
    assert_int_equal(account_find(&a, &k, &e), 0);
    assert_string_equal(a.endpoint.text, k.endpoint);
    assert_string_equal(a.endpoint.source, "anneal.endpoint");
    account_free(&a);
    nothing_given();
    mem_free(path);
}

static void without_anything_it_is_the_documented_region_and_no_token(void **state)
{
    (void)state;
    struct account_keys k = { .file = "" };
    struct err e = { "" };
    struct account a;

    nothing_given();
    assert_int_equal(account_find(&a, &k, &e), 0);
    assert_string_equal(a.endpoint.text, "https://na-west-1.cloud.dwavesys.com/sapi/v2/");
    assert_int_equal(account_check_token(&a, &e), -1);
    assert_non_null(strstr(e.text, "DWAVE_API_TOKEN"));
    account_free(&a);
}

static void a_token_that_others_can_read_earns_a_warning(void **state)
{
    (void)state;
    char *path = write_conf(0644);
    struct account_keys k = { .file = path };
    struct err e = { "" };
    struct account a;

    nothing_given();
    assert_int_equal(account_find(&a, &k, &e), 0);
    assert_non_null(a.warning);
    assert_non_null(strstr(a.warning, path));
    assert_null(strstr(a.warning, "of-one"));
    account_free(&a);
    mem_free(path);
}

static void addresses_that_a_token_may_not_go_to_are_refused(void **state)
{
    (void)state;
    const char *const bad[] = { "http://example.org/sapi/",
                                "ftp://example.org/",
                                "https://",
                                "http://127.0.0.1.example.org/",
                                "http://127.0.0.1@example.org/",
                                "https://user:word@example.org/",
                                "https://example.org/?a=b",
                                "x" };
    struct account a;

    nothing_given();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct account_keys k = { .endpoint = bad[i] };
        struct err e = { "" };
        assert_int_equal(account_find(&a, &k, &e), -1);
        assert_non_null(strstr(e.text, "anneal.endpoint"));
        assert_null(strstr(e.text, "word"));
    }
    assert_true(http_url_same("https://a.org/x", "https://A.org:443/y"));
    assert_false(http_url_same("https://a.org/", "http://a.org/") ||
                 http_url_same("https://a.org/", "https://b.org/") ||
                 http_url_same("https://a.org/", "https://a.org:444/"));
}

static void the_token_is_in_no_text_that_is_shown(void **state)
{
    (void)state;
    struct account_keys k = { .endpoint = "https://example.org/" };
    struct err e = { "" };
    struct account a;

    nothing_given();
    setenv("DWAVE_API_TOKEN", "DEV-0123456789", 1);
    assert_int_equal(account_find(&a, &k, &e), 0);
    char *x = account_redact(&a, "a DEV-0123456789, b\n(DEV-0123456789DEV-0123456789)", 200);
    assert_string_equal(x, "a ***, b (******)");
    mem_free(x);
    x = account_redact(&a, "proxy http://me:pass@host:1/ and https://host/@x", 200);
    assert_string_equal(x, "proxy http://***@host:1/ and https://host/@x");
    mem_free(x);
    x = account_redact(&a, "0123456789DEV-0123456789", 13); /* cut after it is hidden */
    assert_string_equal(x, "0123456789***");
    mem_free(x);
    account_free(&a);
    nothing_given();
}

/* A pause as the service asks for it: seconds, or a date as seen from its own clock. */
static void a_pause_is_told_in_seconds_or_as_a_date(void **state)
{
    (void)state;
    assert_near(http_url_wait("2.5", ""), 2.5, 0.0);
    assert_near(http_url_wait("Fri, 02 Jan 1970 00:00:30 GMT", "Fri, 02 Jan 1970 00:00:00 GMT"),
                30.0, 0.0);
    assert_near(http_url_wait("Fri, 02 Jan 1970 00:00:30 GMT", "Fri, 02 Jan 1970 00:01:00 GMT"),
                -1.0, 0.0);
    assert_near(http_url_wait("", ""), -1.0, 0.0);
    assert_near(http_url_wait("-3", ""), -1.0, 0.0);
    assert_near(http_url_wait("soon", ""), -1.0, 0.0);
}

TEST_MAIN(cmocka_unit_test(sections_keys_and_values_are_those_of_configparser),
          cmocka_unit_test(each_level_hides_the_ones_below),
          cmocka_unit_test(without_anything_it_is_the_documented_region_and_no_token),
          cmocka_unit_test(a_token_that_others_can_read_earns_a_warning),
          cmocka_unit_test(addresses_that_a_token_may_not_go_to_are_refused),
          cmocka_unit_test(the_token_is_in_no_text_that_is_shown),
          cmocka_unit_test(a_pause_is_told_in_seconds_or_as_a_date))
