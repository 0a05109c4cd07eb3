#include "io/metrics.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

#include <string.h>

/* A history may be long; beyond this something else is wrong. */
static const int64_t most_bytes = (int64_t)1 << 31;

/* What is known of an old line. */
struct old {
    int64_t step;
    double time;
};

/* 0 if the line (with a NUL at its end) is one of ours. */
static int parse(const char *line, struct old *o)
{
    struct err ignored = { "" };
    struct json *j = json_parse(line, "metrics.jsonl", &ignored);

    if (j == NULL) return -1;
    o->time = 0.0;
    int failed = json_get_int(j, "step", &o->step);
    if (!failed) json_get_real(j, "time", &o->time);
    json_drop(j);
    return failed;
}

/* Move the lines that stay to the front of the text; returns their bytes. */
static int64_t sift(struct metrics *m, char *text, int64_t last_step, double *time, struct log *l)
{
    char *to = text, *line = text, *end;
    struct old o;

    for (int64_t number = 1; (end = strchr(line, '\n')) != NULL; line = end + 1, number++) {
        *end = '\0';
        int foreign = parse(line, &o);
        size_t n = (size_t)(end - line) + 1;
        if (foreign && l != NULL)
            log_warn(l, "%s:%lld: not a line of metrics (a JSON object with a step), dropped",
                     m->path, (long long)number);
        if (foreign || o.step > last_step) {
            m->cut++;
            continue;
        }
        *end = '\n';
        memmove(to, line, n);
        to += n;
        m->kept++;
        if (o.time > *time) *time = o.time;
    }
    if (*line != '\0') m->cut++; /* half a line: the job was killed while it wrote */
    return to - text;
}

static void reopen(struct metrics *m, int64_t last_step, double *time, struct log *l, struct err *e)
{
    int64_t bytes = 0;

    if (!file_exists(m->path)) {
        file_append(m->path, "", 0, 0, e); /* may we write here? */
        return;
    }
    char *text = file_slurp(m->path, most_bytes, &bytes, e);
    if (text == NULL) return;
    int64_t left = sift(m, text, last_step, time, l);
    if (left != bytes) file_replace(m->path, text, left, e);
    mem_free(text);
}

int metrics_open(struct metrics *m, const struct par *P, const char *folder, int64_t last_step,
                 struct log *l, struct err *e)
{
    struct {
        double time;
        int64_t kept, cut;
    } found = { 0 };

    *m = (struct metrics){ .P = P, .path = file_join(folder, "metrics.jsonl") };
    if (P->rank == 0) {
        reopen(m, last_step, &found.time, l, e);
        found.kept = m->kept;
        found.cut = m->cut;
    }
    if (par_agree(P, e)) {
        metrics_close(m);
        return -1;
    }
    par_bcast(P, &found, sizeof found, 0);
    m->kept = found.kept;
    m->cut = found.cut;
    m->start = clock_now() - found.time;
    return 0;
}

void metrics_close(struct metrics *m)
{
    mem_free(m->path);
    *m = (struct metrics){ 0 };
}

struct json *metrics_line(const struct metrics *m, int64_t step, int64_t epoch, const char *phase)
{
    struct json *line = json_new();

    json_put_int(line, "step", step);
    json_put_int(line, "epoch", epoch);
    json_put_real(line, "time", clock_now() - m->start);
    json_put_text(line, "phase", phase);
    return line;
}

int metrics_write(const struct metrics *m, struct json *line, struct err *e)
{
    if (m->P->rank == 0) {
        char *text = json_text(line), *whole = mem_print("%s\n", text);
        file_append(m->path, whole, (int64_t)strlen(whole), 0, e);
        mem_free(whole);
        mem_free(text);
    }
    json_drop(line);
    return par_agree(m->P, e);
}

int metrics_sync(const struct metrics *m, struct err *e)
{
    if (m->P->rank == 0) file_append(m->path, "", 0, 1, e);
    return par_agree(m->P, e);
}
