#include "test.h"

#include "base/mem.h"
#include "base/yaml.h"
#include "vae/architecture.h"

#include <string.h>

/* Files of a folder `d`. */
static const struct {
    const char *path, *text;
} files[] = {
    { "d/base.yaml",
      "# the base\nenergy: {low: 1, high: 2}\n\nencoder:\n  - a\n  - b\ndecoder:\n  - c" },
    { "d/child.yaml", "extends: base.yaml\ndecoder:\n  - own\n" },
    { "d/grandchild.yaml", "encoder:\n  - mine\nextends: child.yaml\nlevels: 1\n" },
    { "d/wide.yaml", "extends: base.yaml\nwidth: 2\n" },
    { "d/lost.yaml", "extends: nowhere.yaml\n" },
    { "d/round.yaml", "extends: round.yaml\n" },
    { "d/list.yaml", "\nextends: [base.yaml]\n" },
    { "d/bad.yaml", "extends: text.yaml\n" },
    { "d/text.yaml", "only text\n" },
};

static char *read_file(const void *ctx, const char *path, struct err *e)
{
    (void)ctx;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (strcmp(files[i].path, path) == 0) return mem_text(files[i].text);
    err_set(e, "%s: no such file", path);
    return NULL;
}

static char *read_whole(const char *path, double width, struct err *e)
{
    return architecture_read(path, width, &(struct architecture_reader){ read_file, NULL }, e);
}

/* The first entry of a list of the file, and its line. */
static void check(const char *path, double width, const char *key, const char *want, int line)
{
    struct err e = { "" };
    char *text = read_whole(path, width, &e);

    if (err_is(&e)) print_error("%s\n", e.text);
    assert_non_null(text);
    struct yaml *tree = yaml_parse(text, path, &e);
    assert_non_null(tree);
    const struct yaml *y = yaml_get(tree, key);
    assert_non_null(y);
    if (y->kind == YAML_LIST) y = &y->entry[0];
    assert_string_equal(y->text, want);
    if (line > 0) assert_int_equal(y->line, line);
    assert_null(yaml_get(tree, "extends"));
    yaml_drop(tree);
    mem_free(text);
}

/* Its own keys stand where they stood, the rest comes from the nearest file that has it. */
static void a_file_has_what_the_one_it_extends_has(void **state)
{
    (void)state;
    check("d/base.yaml", 1.0, "decoder", "c", 8);
    check("d/child.yaml", 1.0, "decoder", "own", 3);
    check("d/child.yaml", 1.0, "encoder", "a", 0);
    check("d/grandchild.yaml", 1.0, "encoder", "mine", 2);
    check("d/grandchild.yaml", 1.0, "decoder", "own", 0);
    check("d/grandchild.yaml", 1.0, "levels", "1", 4);
    check("d/grandchild.yaml", 0.125, "width", "0.125", 0);
    check("d/wide.yaml", 1.0, "width", "2", 2);
}

static void what_cannot_be_read_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        double width;
        const char *sentence;
    } wrong[] = {
        { "d/none.yaml", 1.0, "d/none.yaml: no such file" },
        { "d/lost.yaml", 1.0, "d/nowhere.yaml: no such file" },
        { "d/round.yaml", 1.0, "d/round.yaml: extends goes through more than 4 files" },
        { "d/list.yaml", 1.0, "d/list.yaml:2: extends: expected the name of a file" },
        { "d/bad.yaml", 1.0, "d/text.yaml:1: expected a mapping" },
        { "d/wide.yaml", 0.5, "model.width: d/wide.yaml:2 has a width of its own" },
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct err e = { "" };
        assert_null(read_whole(wrong[i].path, wrong[i].width, &e));
        assert_string_equal(e.text, wrong[i].sentence);
    }
}

TEST_MAIN(cmocka_unit_test(a_file_has_what_the_one_it_extends_has),
          cmocka_unit_test(what_cannot_be_read_is_said))
