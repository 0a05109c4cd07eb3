/*
 * test_conf.c - the configuration against its own sentences, and its dump against itself.
 */
#include "test.h"

#include "base/conf.h"
#include "base/mem.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

static const struct conf_key table[] = {
    { "run.dir", CONF_TEXT, "run", 0, 0, "", NULL, "Folder of the run." },
    { "run.seed", CONF_INT, "1", 0, 0, "", NULL, "Seed of all random numbers." },
    { "run.resume", CONF_CHOICE, "auto", 0, 0, "", "auto never must", "Go on from a checkpoint?" },
    { "training.batch", CONF_INT, "128", 1, 1048576, "showers", NULL,
      "Showers a step, over all ranks, in words so many that the line must be wrapped twice "
      "before it ends, which it does here, after more than two hundred columns of text in all." },
    { "training.rate", CONF_REAL, "1e-3", 0, 10, "", NULL, "Step size." },
    { "training.exact_sums", CONF_FLAG, "false", 0, 0, "", NULL, "Sum in fixed point." },
    { "training.phases", CONF_LIST, "[{epochs: 2}]", 0, 0, "", NULL, "One after another." },
    { "training.phases[].mode", CONF_CHOICE, "vae", 0, 0, "", "ae vae rbm", "What is trained." },
    { "training.phases[].epochs", CONF_INT, "1", 1, 1e6, "", NULL, "How long." },
    { "training.phases[].freeze", CONF_TEXT, "", 0, 0, "", NULL, "What stays." },
    { "training.phases[].rate", CONF_REAL, "0.5", 0, 0, "", NULL, "Step size." },
    { "training.phases[].shuffle", CONF_FLAG, "true", 0, 0, "", NULL, "Draw an order." },
    { "rbm.nodes", CONF_INTS, "512", 1, 1e9, "", NULL, "Nodes of each partition." },
    { "rbm.offset", CONF_REAL, "-0.25", -1e308, 1.7976931348623157e308, "", NULL, "A number." },
    { "data.train", CONF_TEXTS, "[]", 0, 0, "", NULL, "Files." },
    { "data.energies", CONF_REALS, "[256, 4.2e6]", 1e-3, 1e9, "MeV", NULL, "Incident energies." },
};

enum { ROWS = sizeof table / sizeof table[0] };

static struct conf *fresh(void)
{
    return conf_new(table, ROWS);
}

static void file_says(const char *text, const char *sentence)
{
    struct conf *c = fresh();
    struct err e = { "" };

    assert_int_equal(conf_read(c, text, "t.yaml", &e), -1);
    assert_string_equal(e.text, sentence);
    conf_free(c);
}

static void line_says(const char *assignment, const char *sentence)
{
    struct conf *c = fresh();
    struct err e = { "" };

    assert_int_equal(conf_override(c, assignment, &e), -1);
    assert_string_equal(e.text, sentence);
    conf_free(c);
}

static void given(struct conf *c, const char *assignment)
{
    struct err e = { "" };

    if (conf_override(c, assignment, &e)) print_error("%s\n", e.text);
    assert_false(err_is(&e));
}

static void defaults_stand_until_something_is_said(void **state)
{
    (void)state;
    struct conf *c = fresh();

    assert_string_equal(conf_text(c, "run.dir"), "run");
    assert_int_equal(conf_int(c, "training.batch"), 128);
    assert_true(conf_real(c, "training.rate") == 1e-3);
    assert_false(conf_flag(c, "training.exact_sums"));
    assert_int_equal(conf_choice(c, "run.resume"), 0);
    assert_string_equal(conf_text(c, "run.resume"), "auto");
    assert_int_equal(conf_count(c, "rbm.nodes"), 1);
    assert_int_equal(conf_int_at(c, "rbm.nodes", 0), 512);
    assert_int_equal(conf_count(c, "data.train"), 0);
    assert_true(conf_real_at(c, "data.energies", 1) == 4.2e6);
    assert_int_equal(conf_count(c, "training.phases"), 1);
    assert_int_equal(conf_item_int(c, "training.phases", 0, "epochs"), 2);
    assert_string_equal(conf_item_text(c, "training.phases", 0, "mode"), "vae");
    assert_false(conf_given(c, "run.dir"));
    assert_string_equal(conf_origin(c, "run.dir"), "default");
    conf_free(c);
    conf_free(NULL);
}

static void the_command_line_wins_over_the_file(void **state)
{
    (void)state;
    struct conf *c = fresh();
    struct err e = { "" };

    assert_int_equal(conf_read(c,
                               "run:\n  seed: -7\n\ntraining:\n  batch: 64\n  phases:\n"
                               "    - {mode: ae, epochs: 3, shuffle: false}\n"
                               "    - mode: rbm\n      rate: 1e2\n      freeze: 'a: b'\n"
                               "rbm:\n  nodes: [1, 2, 3]\ndata:\n",
                               "dir/t.yaml", &e),
                     0);
    given(c, "training.batch=32");
    given(c, "data.train=[a.h5, 'b c.h5']");
    given(c, "run.dir=");
    assert_int_equal(conf_int(c, "run.seed"), -7);
    assert_int_equal(conf_int(c, "training.batch"), 32);
    assert_string_equal(conf_origin(c, "run.seed"), "dir/t.yaml:2");
    assert_string_equal(conf_origin(c, "training.phases"), "dir/t.yaml:6");
    assert_string_equal(conf_origin(c, "training.batch"), "command line");
    assert_true(conf_given(c, "rbm.nodes"));
    assert_int_equal(conf_count(c, "rbm.nodes"), 3);
    assert_int_equal(conf_int_at(c, "rbm.nodes", 2), 3);
    assert_string_equal(conf_text_at(c, "data.train", 1), "b c.h5");
    assert_string_equal(conf_text(c, "run.dir"), "");
    assert_int_equal(conf_count(c, "training.phases"), 2);
    assert_int_equal(conf_item_flag(c, "training.phases", 0, "shuffle"), 0);
    assert_int_equal(conf_item_flag(c, "training.phases", 1, "shuffle"), 1);
    assert_true(conf_item_real(c, "training.phases", 1, "rate") == 100.0);
    assert_string_equal(conf_item_text(c, "training.phases", 1, "freeze"), "a: b");
    conf_free(c);
}

static void filling_in_leaves_what_was_set(void **state)
{
    struct conf *c = fresh();
    struct err e = { "" };
    const char *text = "training: {batch: 7, rate: 0.5, phases: [{mode: ae}]}\nrun: {seed: 3}";

    (void)state;
    assert_int_equal(conf_read(c, "training: {batch: 128}", "t.yaml", &e), 0);
    given(c, "run.seed=5");
    assert_int_equal(conf_fill(c, text, "scheme", &e), 0);
    assert_int_equal(conf_int(c, "training.batch"), 128); /* given, though it is the default */
    assert_int_equal(conf_int(c, "run.seed"), 5);
    assert_near(conf_real(c, "training.rate"), 0.5, 0.0);
    assert_string_equal(conf_item_text(c, "training.phases", 0, "mode"), "ae");
    assert_int_equal(conf_item_int(c, "training.phases", 0, "epochs"), 1); /* its row's own */
    assert_string_equal(conf_origin(c, "training.rate"), "scheme:1");
    assert_string_equal(conf_origin(c, "training.batch"), "t.yaml:1");
    assert_int_equal(conf_given(c, "rbm.nodes"), 0);
    assert_int_equal(conf_fill(c, "training: {rat: 1}", "scheme", &e), -1);
    conf_free(c);
}

static void a_wrong_value_is_quoted_with_what_was_expected(void **state)
{
    (void)state;
    file_says("training:\n  batch: 0\n",
              "t.yaml:2: training.batch is 0, expected an integer from 1 to 1048576 (showers)");
    line_says("training.batch=1048577", "command line: training.batch is 1048577, expected an "
                                        "integer from 1 to 1048576 (showers)");
    file_says("training: {rate: 10.5}", "t.yaml:1: training.rate is 10.5, expected a number from 0 "
                                        "to 10");
    line_says("run.seed=1.5", "command line: run.seed is 1.5, expected an integer");
    line_says("run.seed=1e3", "command line: run.seed is '1e3', expected an integer");
    line_says("run.seed=0x10", "command line: run.seed is '0x10', expected an integer");
    line_says("run.seed=010", "command line: run.seed is 010, expected an integer");
    line_says("run.seed=3x", "command line: run.seed is '3x', expected an integer");
    line_says("run.seed='3'", "command line: run.seed is the text \"3\", expected an integer");
    line_says("run.seed=", "command line: run.seed is empty, expected an integer");
    line_says("run.seed=9223372036854775808",
              "command line: run.seed is 9223372036854775808, expected an integer");
    line_says("rbm.offset=nan", "command line: rbm.offset is 'nan', expected a number");
    line_says("rbm.offset=1e400", "command line: rbm.offset is '1e400', expected a number");
    line_says("rbm.offset=.inf", "command line: rbm.offset is '.inf', expected a number");
    line_says("training.rate=0.1 m", "command line: training.rate is '0.1 m', expected a number "
                                     "from 0 to 10");
    line_says("training.exact_sums=yes", "command line: training.exact_sums is 'yes', expected "
                                         "true or false");
    line_says("run.resume=maybe", "command line: run.resume is 'maybe', expected one of auto, "
                                  "never, must");
    line_says("run.dir=[a]", "command line: run.dir is a list, expected a text");
    line_says("rbm.nodes=[1, 0]", "command line: rbm.nodes[1] is 0, expected an integer from 1 to "
                                  "1000000000");
    line_says("rbm.nodes={a: 1}", "command line: rbm.nodes is a mapping, expected a list of "
                                  "integers from 1 to 1000000000");
    file_says("data:\n  energies: [5,\n    x]\n", "t.yaml:3: data.energies[1] is 'x', expected a "
                                                  "number from 0.001 to 1000000000 (MeV)");
    line_says("training.phases=[5]", "command line: training.phases[0] is 5, expected a list of "
                                     "mappings");
    file_says("training:\n  phases:\n    - {mode: ae}\n    - {epochs: 0}\n",
              "t.yaml:4: training.phases[1].epochs is 0, expected an integer from 1 to 1000000");
    line_says("run.dir=\"a", "command line: run.dir: found unexpected end of stream, while "
                             "scanning a quoted scalar that begins on line 1");
}

static void an_unknown_key_names_its_nearest_neighbour(void **state)
{
    (void)state;
    file_says("training:\n  bacth: 3\n",
              "t.yaml:2: unknown key training.bacth, the nearest is training.batch");
    file_says("trainig:\n  batch: 3\n",
              "t.yaml:1: unknown section 'trainig', the nearest is 'training'");
    file_says("training:\n  seed: 3\n", "t.yaml:2: unknown key training.seed, the nearest is "
                                        "run.seed");
    file_says("training.batch: 3\n", "t.yaml:1: 'training.batch' stands outside a section, "
                                     "expected 'batch:' below 'training:'");
    file_says("training:\n  phases:\n    - epoch: 3\n",
              "t.yaml:3: unknown key training.phases[0].epoch, the nearest is epochs");
    line_says("training.phases[].epochs=3", "command line: unknown key training.phases[].epochs, "
                                            "the nearest is training.phases");
    line_says("batch=3", "command line: unknown key batch, the nearest is training.batch");
    line_says("training.batch", "command line: found 'training.batch', expected section.key=value");
    file_says("training: 3\n", "t.yaml:1: section training is a value, expected keys below it");
    file_says("- a\n", "t.yaml:1: found no sections, expected such as 'run:' with keys below");
    file_says("run:\n  seed: 1\n  dir: a\n  seed: 2\n",
              "t.yaml:4: the key 'seed' stands on line 2 already, expected it once");
}

/* The value, which may be a real token, is in no sentence. */
static void a_token_is_refused_and_not_repeated(void **state)
{
    (void)state;
    static const char *const lines[] = { "anneal.token=DEV-123", "run.API_Token=DEV-123",
                                         "run.password=DEV-123", "my.secrets=DEV-123" };
    static const char *const files[] = { "anneal:\n  token: DEV-123\n", "token: DEV-123\n",
                                         "run:\n  dwave_token: DEV-123\n",
                                         "training:\n  phases: [{Secret: DEV-123}]\n" };

    for (size_t i = 0; i < 4; i++) {
        struct conf *c = fresh();
        struct err e = { "" }, f = { "" };
        assert_int_equal(conf_override(c, lines[i], &e), -1);
        assert_int_equal(conf_read(c, files[i], "t.yaml", &f), -1);
        assert_null(strstr(e.text, "DEV"));
        assert_null(strstr(f.text, "DEV"));
        if (i > 0) assert_non_null(strstr(f.text, "only from DWAVE_API_TOKEN or dwave.conf"));
        assert_non_null(strstr(e.text, "only from DWAVE_API_TOKEN or dwave.conf"));
        conf_free(c);
    }
    line_says("anneal.token", "command line: anneal.token is refused: tokens come only from "
                              "DWAVE_API_TOKEN or dwave.conf, expected no key with 'token', "
                              "'password' or 'secret' in its name");
}

static const char all_keys[] = "run.dir run.seed run.resume training.batch training.rate "
                               "training.exact_sums training.phases rbm.nodes rbm.offset "
                               "data.train data.energies";

/* Dump, read into defaults, compare all values; dump again, compare the texts. */
static void assert_reads_back(const struct conf *c)
{
    struct conf *again = fresh();
    struct err e = { "" };
    char *text = conf_dump(c);

    if (conf_read(again, text, "dump", &e)) print_error("%s\n%s\n", e.text, text);
    assert_false(err_is(&e));
    const char *differs = conf_differs(c, again, all_keys);
    if (differs != NULL) print_error("%s\n%s\n", differs, text);
    assert_null(differs);
    char *second = conf_dump(again);
    assert_string_equal(text, second);
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
        if (line[2] == '#') assert_true(strcspn(line, "\n") <= 100);
    mem_free(text);
    mem_free(second);
    conf_free(again);
}

static void a_dump_reads_back_to_the_same_values(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "run.dir=\"\"",
        "run.dir='null'",
        "run.dir='~'",
        "run.dir=' a '",
        "run.dir='- a: #b'",
        "run.dir=\"\\\"q\\\\ \\t\\n\\r\\x01\\x7F\\x85\\u2028\\uFEFF\\U0001F600\\uFFFE\"",
        "run.dir='it''s'",
        "run.dir=\"a \\u2028 b \\u2029 \\uFEFF c\"",
        "run.dir=\xc3\xa9t\xc3\xa9",
        "run.dir=../x/y-1.h5",
        "run.dir='.'",
        "run.dir='1e5'",
        "run.dir='@a'",
        "run.dir='%a'",
        "run.dir='---'",
        "run.dir='...'",
        "run.dir='a: b'",
        "run.dir='a #b'",
        "run.dir='[a'",
        "run.dir='True'",
        "run.dir='a:'",
        "run.seed=-9223372036854775808",
        "run.seed=9223372036854775807",
        "run.resume=must",
        "rbm.offset=0.1",
        "rbm.offset=1.7976931348623157e308",
        "rbm.offset=4.9e-324",
        "rbm.offset=-0.0",
        "rbm.offset=0.30000000000000004",
        "rbm.offset=1e22",
        "rbm.offset=2.2250738585072014e-308",
        "rbm.offset=123456789012345678",
        "rbm.nodes=[]",
        "rbm.nodes=[1, 2, 3]",
        "rbm.nodes=7",
        "data.train=['', 'a, b', ']', x]",
        "data.train=[null, 'null']",
        "data.energies=[0.001, 1e9]",
        "training.phases=[]",
        "training.phases=[{}, {mode: rbm, freeze: 'x: [', rate: 1e-7}]",
        "training.exact_sums=true",
    };

    struct conf *c = fresh();
    assert_reads_back(c);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        given(c, lines[i]);
        assert_reads_back(c);
    }
    conf_free(c);
}

static void what_differs_is_named(void **state)
{
    (void)state;
    struct conf *a = fresh(), *b = fresh();

    assert_null(conf_differs(a, b, all_keys));
    given(b, "training.phases=[{epochs: 2}]"); /* as the default says */
    assert_null(conf_differs(a, b, all_keys));
    given(b, "training.phases=[{epochs: 2, rate: 0.25}]");
    given(b, "run.seed=2");
    assert_string_equal(conf_differs(a, b, all_keys), "run.seed");
    assert_string_equal(conf_differs(a, b, " run.dir  training.phases run.seed "),
                        "training.phases");
    assert_null(conf_differs(a, b, "run.dir"));
    conf_free(a);
    conf_free(b);
}

static void help_keeps_to_100_columns_and_aligns_its_rows(void **state)
{
    (void)state;
    const char *sections[] = { "training", "data" };
    char line[512];
    int lines = 0, keys = 0;
    FILE *f = tmpfile();

    assert_non_null(f);
    conf_help(f, table, ROWS, sections, 2);
    rewind(f);
    while (fgets(line, sizeof line, f) != NULL) {
        size_t n = strcspn(line, "\n");
        assert_true(n <= 100);
        lines++;
        if (strncmp(line, "  training.", 11) != 0 && strncmp(line, "  data.", 7) != 0) continue;
        keys++;
        assert_true(line[28] == ' ' && line[29] != ' '); /* 2 + "training.phases[].shuffle" + 2 */
        if (strstr(line, "training.batch") != NULL)
            assert_non_null(strstr(line, "an integer from 1 to 1048576 (showers); default 128 - "));
    }
    fclose(f);
    assert_int_equal(keys, 11);
    assert_true(lines > keys + 4); /* two titles, an empty line, and lines that were wrapped */
}

TEST_MAIN(cmocka_unit_test(defaults_stand_until_something_is_said),
          cmocka_unit_test(the_command_line_wins_over_the_file),
          cmocka_unit_test(filling_in_leaves_what_was_set),
          cmocka_unit_test(a_wrong_value_is_quoted_with_what_was_expected),
          cmocka_unit_test(an_unknown_key_names_its_nearest_neighbour),
          cmocka_unit_test(a_token_is_refused_and_not_repeated),
          cmocka_unit_test(a_dump_reads_back_to_the_same_values),
          cmocka_unit_test(what_differs_is_named),
          cmocka_unit_test(help_keeps_to_100_columns_and_aligns_its_rows))
