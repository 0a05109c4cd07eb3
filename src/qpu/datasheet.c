#include "qpu/datasheet.h"

#include "base/mem.h"
#include "base/yaml.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_POINTS = 2000, LIST = -1, WORD = 0 };

/* A number of the file, or `count` of them in a list. */
struct entry {
    const char *section, *key;
    size_t at;
    int count;
    double least, most;
};

#define AT(field) offsetof(struct datasheet, field)

static const struct entry entries[] = {
    { "freezeout", "s", AT(s), 1, 1e-3, 0.999 },
    { "freezeout", "temperature", AT(temperature), 1, 1e-3, 100 },
    { "freezeout", "anneal_time", AT(anneal_time), 1, 1e-3, 1e6 },
    { "freezeout", "mutual_inductance", AT(inductance), 1, 1e-3, 1e3 },
    { "freezeout", "resolution", AT(resolution), 1, 1, 1e4 },
    { "freezeout", "line_width", AT(line_width), 1, 0, 1e3 },
    { "heat", "base", AT(base), 1, 1e-2, 1e4 },
    { "heat", "programming", AT(programming), 1, 0, 1e3 },
    { "heat", "flux_biases", AT(biases), 1, 0, 1e3 },
    { "heat", "decay", AT(decay), 1, 1e-6, 1e6 },
    { "heat", "idle", AT(idle), 1, 0, 1e6 },
    { "noise", "h_mean", AT(h_mean), 1, -1, 1 },
    { "noise", "h_sigma", AT(h_sigma), 1, 0, 1 },
    { "noise", "J_sigma", AT(J_sigma), 1, 0, 1 },
    { "noise", "h_scale", AT(h_scale), 1, 0, 1 },
    { "noise", "dac_h", AT(dac_h), 3, -1, 1 },
    { "noise", "dac_J", AT(dac_J), 3, -1, 1 },
    { "noise", "flux_rms", AT(flux_rms), 1, 0, 1 },
    { "noise", "flux_slowest", AT(flux_slowest), 1, 1e-3, 1e9 },
    { "noise", "drift", AT(drift), 1, 0, 1 },
    { "noise", "drift_period", AT(drift_period), 1, 1, 1e9 },
    { "noise", "susceptibility", AT(susceptibility), 1, -1, 1 },
    { "noise", "readout", AT(readout), 1, 0, 1 },
    { "noise", "bath_strength", AT(bath_strength), 1, 0, 1 },
    { "noise", "bath_time", AT(bath_time), 1, 1e-3, 1e9 },
    { "noise", "failure", AT(failure), 1, 0, 1 },
};
enum { ENTRIES = sizeof entries / sizeof entries[0] };

/* What a solver tells, passed on as it stands: names and how many numbers each has. */
static const struct told {
    const char *key;
    int count, needed;
} properties[] = {
    { "h_range", 2, 1 },
    { "j_range", 2, 1 },
    { "extended_j_range", 2, 1 },
    { "per_qubit_coupling_range", 2, 0 },
    { "per_group_coupling_range", 2, 0 },
    { "num_reads_range", 2, 1 },
    { "annealing_time_range", 2, 1 },
    { "default_annealing_time", 1, 1 },
    { "programming_thermalization_range", 2, 1 },
    { "default_programming_thermalization", 1, 1 },
    { "readout_thermalization_range", 2, 1 },
    { "default_readout_thermalization", 1, 1 },
    { "problem_run_duration_range", 2, 1 },
    { "h_gain_schedule_range", 2, 0 },
    { "max_anneal_schedule_points", 1, 0 },
    { "max_h_gain_schedule_points", 1, 0 },
    { NULL, 0, 0 },
}, timing[] = {
    { "typical_programming_time", 1, 1 },
    { "readout_time_model", WORD, 1 },
    { "readout_time_model_parameters", LIST, 1 },
    { "qpu_delay_time_per_sample", 1, 1 },
    { "decorrelation_max_nominal_anneal_time", 1, 0 },
    { "decorrelation_time_range", 2, 0 },
    { NULL, 0, 0 },
};

static int read_numbers(double *to, const struct yaml *y, int count, const char *key,
                        const char *file, struct err *e)
{
    if (count == 1) return yaml_real(y, file, to, e);
    if (y->kind != YAML_LIST || y->n != count)
        return err_set(e, "%s:%d: expected a list of %d numbers for '%s'", file, y->line, count,
                       key);
    for (int i = 0; i < count; i++)
        if (yaml_real(&y->entry[i], file, &to[i], e)) return -1;
    return 0;
}

static int read_entry(struct datasheet *s, const struct entry *t, const struct yaml *map,
                      const char *file, struct err *e)
{
    const struct yaml *y = yaml_get(map, t->key);
    double *to = (double *)(void *)((char *)s + t->at);

    if (y == NULL)
        return err_set(e, "%s:%d: '%s' is missing in the section '%s'", file, map->line, t->key,
                       t->section);
    if (read_numbers(to, y, t->count, t->key, file, e)) return -1;
    for (int i = 0; i < t->count; i++)
        if (to[i] < t->least || to[i] > t->most)
            return err_set(e, "%s:%d: %s is %g, expected %g to %g", file, y->line, t->key, to[i],
                           t->least, t->most);
    return 0;
}

static int known(const char *section, const char *key)
{
    const struct told *list = strcmp(section, "timing") == 0       ? timing
                              : strcmp(section, "properties") == 0 ? properties
                                                                   : NULL;

    for (int i = 0; list != NULL && list[i].key != NULL; i++)
        if (strcmp(list[i].key, key) == 0) return 1;
    for (int i = 0; i < ENTRIES; i++)
        if (strcmp(entries[i].section, section) == 0 && strcmp(entries[i].key, key) == 0) return 1;
    return strcmp(section, "chip") == 0 &&
           (strcmp(key, "topology") == 0 || strcmp(key, "size") == 0);
}

static int check_keys(const struct yaml *y, const char *file, struct err *e)
{
    static const char *const sections[] = { "chip",  "freezeout",  "heat",
                                            "noise", "properties", "timing" };
    enum { SECTIONS = sizeof sections / sizeof sections[0] };

    if (y->kind != YAML_MAP)
        return err_set(e, "%s:%d: expected a device: name, chip, schedule, freezeout, ..", file,
                       y->line);
    for (int i = 0; i < y->n; i++) {
        int k = 0;
        const struct yaml *map = &y->entry[i];
        if (strcmp(y->key[i], "name") == 0 || strcmp(y->key[i], "schedule") == 0) continue;
        while (k < SECTIONS && strcmp(sections[k], y->key[i]) != 0) k++;
        if (k == SECTIONS)
            return err_set(e, "%s:%d: unknown key '%s' in a device", file, y->key_line[i],
                           y->key[i]);
        if (map->kind != YAML_MAP)
            return err_set(e, "%s:%d: expected keys and numbers in '%s'", file, map->line,
                           y->key[i]);
        for (int j = 0; j < map->n; j++)
            if (!known(y->key[i], map->key[j]))
                return err_set(e, "%s:%d: unknown key '%s' in the section '%s' of a device", file,
                               map->key_line[j], map->key[j], y->key[i]);
    }
    for (int k = 0; k < SECTIONS; k++)
        if (yaml_get(y, sections[k]) == NULL)
            return err_set(e, "%s:%d: the section '%s' is missing in a device", file, y->line,
                           sections[k]);
    return 0;
}

static int read_word(char to[DATASHEET_NAME], const struct yaml *map, const char *key,
                     const char *file, struct err *e)
{
    const struct yaml *y = yaml_get(map, key);

    if (y == NULL || y->kind != YAML_SCALAR || y->text[0] == '\0' ||
        strlen(y->text) >= DATASHEET_NAME)
        return err_set(e, "%s:%d: expected a short text for '%s'", file,
                       y == NULL ? map->line : y->line, key);
    strcpy(to, y->text);
    return 0;
}

static int read_schedule(struct datasheet *s, const struct yaml *y, const char *file, struct err *e)
{
    const struct yaml *list = yaml_get(y, "schedule");

    if (list == NULL || list->kind != YAML_LIST || list->n < 2 || list->n > MOST_POINTS)
        return err_set(e, "%s:%d: expected a list of at least two [s, A, B] for 'schedule'", file,
                       list == NULL ? y->line : list->line);
    s->points = list->n;
    s->schedule = mem_take(s->points, sizeof *s->schedule);
    for (int i = 0; i < s->points; i++) {
        const struct yaml *point = &list->entry[i];
        double *x = s->schedule[i];
        if (read_numbers(x, point, 3, "schedule", file, e)) return -1;
        double before = i == 0 ? -1.0 : s->schedule[i - 1][0];
        int ends = (i > 0 || x[0] == 0.0) && (i < s->points - 1 || x[0] == 1.0);
        if (!(x[0] > before) || !ends || !(x[1] > 0.0) || !(x[2] > 0.0))
            return err_set(e,
                           "%s:%d: schedule: [%g, %g, %g], expected s that rises from 0 to 1, "
                           "A > 0 and B > 0",
                           file, point->line, x[0], x[1], x[2]);
    }
    return 0;
}

/* One value as JSON under its key. */
static int pass_on(struct json *to, const struct told *t, const struct yaml *y, const char *file,
                   struct err *e)
{
    double x;

    if (t->count == WORD) {
        if (y->kind != YAML_SCALAR)
            return err_set(e, "%s:%d: expected a word for '%s'", file, y->line, t->key);
        json_put_text(to, t->key, y->text);
        return 0;
    }
    if (t->count == 1) {
        if (yaml_real(y, file, &x, e)) return -1;
        json_put_real(to, t->key, x);
        return 0;
    }
    if (y->kind != YAML_LIST || y->n < 2 || (t->count > 0 && y->n != t->count) || y->n % 2 != 0)
        return err_set(e, "%s:%d: expected a list of %s numbers for '%s'", file, y->line,
                       t->count > 0 ? "two" : "an even number of", t->key);
    struct json *list = json_list();
    json_put(to, t->key, list);
    for (int i = 0; i < y->n; i++) {
        if (yaml_real(&y->entry[i], file, &x, e)) return -1;
        json_add_real(list, x);
    }
    return 0;
}

static int pass_section(struct json *to, const struct told *list, const struct yaml *map,
                        const char *section, const char *file, struct err *e)
{
    for (int i = 0; list[i].key != NULL; i++) {
        const struct yaml *y = yaml_get(map, list[i].key);
        if (y == NULL && list[i].needed)
            return err_set(e, "%s:%d: '%s' is missing in the section '%s'", file, map->line,
                           list[i].key, section);
        if (y != NULL && pass_on(to, &list[i], y, file, e)) return -1;
    }
    return 0;
}

/* Parameters that the kinetic device can take. */
static void put_parameters(struct json *to)
{
    static const char *const name[] = { "num_reads",
                                        "answer_mode",
                                        "auto_scale",
                                        "annealing_time",
                                        "anneal_schedule",
                                        "h_gain_schedule",
                                        "programming_thermalization",
                                        "readout_thermalization",
                                        "flux_biases",
                                        "flux_drift_compensation",
                                        "reduce_intersample_correlation" };
    struct json *all = json_new();

    for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) json_put_text(all, name[i], "");
    json_put(to, "parameters", all);
}

static int build(struct datasheet *s, const struct yaml *y, const char *file, struct err *e)
{
    if (check_keys(y, file, e) || read_word(s->name, y, "name", file, e) ||
        read_word(s->topology, yaml_get(y, "chip"), "topology", file, e) ||
        read_word(s->size, yaml_get(y, "chip"), "size", file, e) || read_schedule(s, y, file, e))
        return -1;
    for (int i = 0; i < ENTRIES; i++)
        if (read_entry(s, &entries[i], yaml_get(y, entries[i].section), file, e)) return -1;
    s->properties = json_new();
    put_parameters(s->properties);
    if (pass_section(s->properties, properties, yaml_get(y, "properties"), "properties", file, e))
        return -1;
    struct json *t = json_new();
    json_put(s->properties, "problem_timing_data", t);
    return pass_section(t, timing, yaml_get(y, "timing"), "timing", file, e);
}

int datasheet_read(struct datasheet *s, const char *text, const char *file, struct err *e)
{
    *s = (struct datasheet){ 0 };
    struct yaml *y = yaml_parse(text, file, e);
    if (y == NULL) return -1;
    int bad = build(s, y, file, e);
    yaml_drop(y);
    return bad;
}

void datasheet_free(struct datasheet *s)
{
    mem_free(s->schedule);
    json_drop(s->properties);
    *s = (struct datasheet){ 0 };
}

/* The point before `at`, and how far it is to the next. */
static int place(const struct datasheet *s, double at, double *part)
{
    int i = 0;

    while (i < s->points - 2 && s->schedule[i + 1][0] <= at) i++;
    *part = (at - s->schedule[i][0]) / (s->schedule[i + 1][0] - s->schedule[i][0]);
    return i;
}

double datasheet_A(const struct datasheet *s, double at)
{
    double part;
    int i = place(s, at, &part);

    return s->schedule[i][1] * pow(s->schedule[i + 1][1] / s->schedule[i][1], part);
}

double datasheet_B(const struct datasheet *s, double at)
{
    double part;
    int i = place(s, at, &part);

    return s->schedule[i][2] + part * (s->schedule[i + 1][2] - s->schedule[i][2]);
}

double datasheet_flux_per_h(const struct datasheet *s)
{
    static const double planck = 6.62607015e-34, quantum = 2.067833848e-15;
    double energy = datasheet_B(s, s->s) * 1e9 * planck;           /* J */
    double current = sqrt(energy / (2.0 * s->inductance * 1e-12)); /* A */

    return energy / 2.0 / (current * quantum);
}

int datasheet_noise(unsigned *mask, const char *word, struct err *e)
{
    static const char *const words[] = { "heat", "ice",    "scale",          "dac",
                                         "flux", "drift",  "susceptibility", "readout",
                                         "bath", "failure" };
    enum { WORDS = sizeof words / sizeof words[0] };

    if (strcmp(word, "none") == 0) return 0;
    if (strcmp(word, "all") == 0) {
        *mask |= NOISE_ALL;
        return 0;
    }
    for (int i = 0; i < WORDS; i++)
        if (strcmp(word, words[i]) == 0) {
            *mask |= 1u << i;
            return 0;
        }
    return err_set(
        e,
        "anneal.noise: '%s', expected all, none, or some of heat, ice, scale, dac, flux, "
        "drift, susceptibility, readout, bath, failure",
        word);
}
