#include "cmd/run.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/signal.h"
#include "cmd/keys.h"
#include "cmd/presets.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CONFIG_MOST = 16 << 20 };

char *run_text(const struct par *P, const char *path, struct err *e)
{
    char *text = NULL;
    int64_t n = 0;

    if (P->rank == 0) text = file_slurp(path, CONFIG_MOST, &n, e);
    if (par_agree(P, e)) {
        mem_free(text);
        return NULL;
    }
    par_bcast(P, &n, sizeof n, 0);
    if (P->rank != 0) text = mem_take(n + 1, 1);
    par_bcast(P, text, n + 1, 0);
    return text;
}

char *run_path(const struct run *r, const char *name)
{
    return file_join(r->dir, name);
}

char *run_named(const struct run *r, const char *what)
{
    const char *name = conf_text(r->conf, "run.name");
    char *file = mem_print("%s.%s", name[0] != '\0' ? name : r->command, what);
    char *path = run_path(r, file);

    mem_free(file);
    return path;
}

static int read_config(struct run *r, const char *config, char *const *override, int n,
                       struct err *e)
{
    int n_keys;
    const struct conf_key *keys = keys_table(&n_keys);

    r->conf = conf_new(keys, n_keys);
    if (config != NULL) {
        char *text = run_text(r->P, config, e);
        if (text == NULL) return -1;
        int bad = conf_read(r->conf, text, config, e);
        mem_free(text);
        if (bad) return -1; /* the same text, so the same sentence on every rank */
    }
    for (int i = 0; i < n; i++)
        if (conf_override(r->conf, override[i], e)) return -1;
    if (presets_fill(r->conf, e)) return -1;
    r->dir = conf_text(r->conf, "run.dir");
    r->seed = (uint64_t)conf_int(r->conf, "run.seed");
    double limit = conf_real(r->conf, "run.walltime");
    r->walltime = limit > 0.0 ? limit : INFINITY;
    return 0;
}

static int make_folder(struct run *r, struct err *e)
{
    if (r->P->rank == 0 && file_folder(r->dir, e) == 0) {
        char *log = run_path(r, "log.txt"), *used = run_named(r, "config.yaml");
        char *text = conf_dump(r->conf);
        if (log_open(&r->log, log, e) == 0)
            file_replace(used, text, (int64_t)strlen(text),
                         e); /* its sentence is agreed on below */
        mem_free(text);
        mem_free(used);
        mem_free(log);
    }
    return par_agree(r->P, e);
}

int run_open(struct run *r, const struct par *P, const char *command, const char *config,
             char *const *override, int n_override, double start, struct err *e)
{
    *r = (struct run){ .P = P, .all = P, .command = command, .start = start, .result = json_new() };
    log_init(&r->log, P->rank != 0);
    if (read_config(r, config, override, n_override, e)) return -1;
    return make_folder(r, e);
}

int run_finish(struct run *r, struct err *e)
{
    char *line = json_text(r->result);

    if (r->P->rank == 0) {
        char *path = run_named(r, "result.json"), *text = mem_print("%s\n", line);
        file_replace(path, text, (int64_t)strlen(text), e);
        mem_free(text);
        mem_free(path);
    }
    int bad = par_agree(r->P, e);
    if (!bad && r->P->rank == 0 && (printf("%s\n", line) < 0 || fflush(stdout) != 0))
        err_set(e, "standard output: cannot write the result line");
    mem_free(line);
    return par_agree(r->P, e);
}

void run_free(struct run *r)
{
    json_drop(r->result);
    conf_free(r->conf);
    log_free(&r->log);
    *r = (struct run){ 0 };
}

int run_should_stop(const struct run *r)
{
    return signal_came() != 0 || clock_now() - r->start >= r->walltime;
}

int run_stops(const struct run *r)
{
    return par_sum_one(r->P, run_should_stop(r)) > 0;
}

int run_output(const struct run *r, const char *path, struct err *e)
{
    if (r->P->rank == 0) {
        char *folder = mem_text(path), *slash = strrchr(folder, '/');
        if (path[0] == '\0')
            err_set(e, "an output file is named \"\", expected a path");
        else if (file_is_folder(path))
            err_set(e, "%s: is a folder, expected a file to write", path);
        else if (slash != NULL && slash != folder) {
            *slash = '\0';
            file_folder(folder, e);
        }
        mem_free(folder);
    }
    return par_agree(r->P, e);
}
