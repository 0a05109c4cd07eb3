#include "cmd/edgefile.h"

#include "base/mem.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 64 };
static const char BLANKS[] = " \t\r,;";

/* What the words of a list are: its name, how many of them, each below `most`. */
struct words {
    const char *what;
    int64_t line;
    int n;
    int64_t *x; /* owned */
};

struct text {
    const char *name;
    char *copy; /* lines of words and biases are blanked, so that the couplings remain; owned */
    struct words partitions, clamped, hidden, qubits;
    int n_bias;
    struct {
        int64_t line, unit;
        float x;
    } * bias; /* [lines]; owned */
};

int edgefile_is(const char *path)
{
    static const char *const end[] = { ".txt", ".edges", ".coo" };

    for (int i = 0; i < 3; i++) {
        size_t n = strlen(path), k = strlen(end[i]);
        if (n > k && strcmp(path + n - k, end[i]) == 0) return 1;
    }
    return 0;
}

static int number(const char *word, int64_t *x)
{
    char *end;

    errno = 0;
    *x = strtoll(word, &end, 10);
    return *end == '\0' && end != word && errno == 0 && *x >= 0 && *x <= INT32_MAX;
}

/* "partitions 12 5": every list once. */
static int read_words(struct words *w, const char *file, int64_t line, char *rest, struct err *e)
{
    char *more = NULL;

    if (w->line > 0)
        return err_set(e, "%s:%lld: a second line '%s', the first is line %lld", file,
                       (long long)line, w->what, (long long)w->line);
    w->line = line;
    for (char *p = strtok_r(rest, BLANKS, &more); p != NULL; p = strtok_r(NULL, BLANKS, &more)) {
        w->x = mem_grow(w->x, w->n + 1, sizeof *w->x);
        if (!number(p, &w->x[w->n++]))
            return err_set(e, "%s:%lld: '%s': expected numbers after '%s'", file, (long long)line,
                           p, w->what);
    }
    return 0;
}

/* A line "i i x". */
static int read_bias(struct text *t, int64_t line, int64_t unit, const char *word, struct err *e)
{
    char *end;
    float x = strtof(word, &end);

    if (*end != '\0' || end == word || !isfinite(x))
        return err_set(e, "%s:%lld: '%s': expected a finite bias", t->name, (long long)line, word);
    t->bias[t->n_bias].line = line;
    t->bias[t->n_bias].unit = unit;
    t->bias[t->n_bias++].x = x;
    return 0;
}

/* One line, without its comment, from `at` to `end`; blanked unless it is a coupling. */
static int read_line(struct text *t, int64_t line, char *at, int64_t length, struct err *e)
{
    struct words *list[] = { &t->partitions, &t->clamped, &t->hidden, &t->qubits };
    char *copy = mem_take(length + 1, 1), *more = NULL, *word[3] = { 0 };
    int64_t i, j;
    int bad = 0, taken = 0;

    memcpy(copy, at, (size_t)length);
    char *first = strtok_r(copy, BLANKS, &more);
    for (int k = 0; k < 4 && first != NULL && !taken; k++)
        if (strcmp(first, list[k]->what) == 0) {
            bad = read_words(list[k], t->name, line, more, e);
            taken = 1;
        }
    if (first != NULL && !taken) {
        word[0] = first;
        for (int k = 1; k < 3 && word[k - 1] != NULL; k++) word[k] = strtok_r(NULL, BLANKS, &more);
        if (word[2] != NULL && strtok_r(NULL, BLANKS, &more) == NULL && number(word[0], &i) &&
            number(word[1], &j) && i == j) {
            bad = read_bias(t, line, i, word[2], e);
            taken = 1;
        }
    }
    if (taken) memset(at, ' ', (size_t)length);
    mem_free(copy);
    return bad;
}

static int read_text(struct text *t, struct err *e)
{
    int64_t line = 1, lines = 1;

    for (const char *at = t->copy; (at = strchr(at, '\n')) != NULL; at++) lines++;
    t->bias = mem_take(lines, sizeof *t->bias);
    for (char *at = t->copy; *at != '\0'; line++) {
        int64_t length = (int64_t)strcspn(at, "\n"), words = (int64_t)strcspn(at, "#\n");
        if (read_line(t, line, at, words, e)) return -1;
        at += length + (at[length] == '\n');
    }
    return 0;
}

static void drop(struct text *t)
{
    mem_free(t->copy);
    mem_free(t->partitions.x);
    mem_free(t->clamped.x);
    mem_free(t->hidden.x);
    mem_free(t->qubits.x);
    mem_free(t->bias);
}

/* The sizes that hold: those of the caller, which those of the text must be. */
static int sizes(const struct text *t, int *K, const int *given, int *size, struct err *e)
{
    const struct words *w = &t->partitions;

    if (*K == 0 && w->n == 0)
        return err_set(e, "%s: expected a line 'partitions n n ...' with the units of each",
                       t->name);
    if (*K == 0 && w->n > TOPOLOGY_PARTITIONS)
        return err_set(e, "%s:%lld: %d partitions, expected 1 to %d", t->name, (long long)w->line,
                       w->n, TOPOLOGY_PARTITIONS);
    int same = *K == 0 || w->n == 0 || *K == w->n;
    if (*K == 0) *K = w->n;
    for (int k = 0; k < *K && same; k++) {
        size[k] = given != NULL ? given[k] : (int)w->x[k];
        same = w->n == 0 || w->x[k] == size[k];
    }
    if (same) return 0;
    return err_set(e, "%s:%lld: other partitions than the config says", t->name,
                   (long long)w->line);
}

static int set_clamped(struct edgefile *f, const struct text *t, struct err *e)
{
    const struct words *w = &t->clamped;
    int N = f->T.N;

    if (w->n == 0) return 0;
    f->which = mem_take(N, 1);
    for (int j = 0; j < w->n; j++) {
        if (w->x[j] >= N)
            return err_set(e, "%s:%lld: unit %lld is clamped, expected units below %d", t->name,
                           (long long)w->line, (long long)w->x[j], N);
        f->which[w->x[j]] = 1;
    }
    if (memchr(f->which, 0, (size_t)N) != NULL) return 0;
    return err_set(e, "%s:%lld: all %d units are clamped, expected one or more to be free", t->name,
                   (long long)w->line, N);
}

static int set_hidden(struct edgefile *f, const struct text *t, struct err *e)
{
    const struct words *w = &t->hidden;

    for (int j = 0; j < w->n; j++) {
        int64_t p = w->x[j];
        if (p >= f->T.K)
            return err_set(e, "%s:%lld: partition %lld is hidden, expected partitions below %d",
                           t->name, (long long)w->line, (long long)p, f->T.K);
        f->hidden |= (uint64_t)1 << p;
        for (int i = f->T.first[p]; f->which != NULL && i < f->T.first[p + 1]; i++)
            if (f->which[i])
                return err_set(e, "%s:%lld: partition %lld is hidden, and its unit %d is clamped",
                               t->name, (long long)w->line, (long long)p, i);
    }
    if (f->hidden != ((uint64_t)2 << (f->T.K - 1)) - 1) return 0;
    return err_set(e, "%s:%lld: all partitions are hidden, expected one that is not", t->name,
                   (long long)w->line);
}

static int by_number(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static int set_qubits(struct edgefile *f, struct text *t, struct err *e)
{
    struct words *w = &t->qubits;

    if (w->n == 0) return 0;
    if (w->n != f->T.N)
        return err_set(e, "%s:%lld: %d qubits, expected one for each of %d units", t->name,
                       (long long)w->line, w->n, f->T.N);
    f->T.qubit = mem_take(w->n, sizeof *f->T.qubit);
    for (int i = 0; i < w->n; i++) f->T.qubit[i] = (int32_t)w->x[i];
    qsort(w->x, (size_t)w->n, sizeof *w->x, by_number);
    for (int i = 1; i < w->n; i++)
        if (w->x[i] == w->x[i - 1])
            return err_set(e, "%s:%lld: qubit %lld twice, expected one of its own for each unit",
                           t->name, (long long)w->line, (long long)w->x[i]);
    return 0;
}

static int set_biases(struct edgefile *f, const struct text *t, struct err *e)
{
    int N = f->T.N, bad = 0;

    if (t->n_bias == 0) return 0;
    int64_t *line = mem_take(N, sizeof *line);
    f->bias = mem_take(N, sizeof *f->bias);
    for (int k = 0; k < t->n_bias && !bad; k++) {
        int64_t i = t->bias[k].unit;
        if (i >= N)
            bad = err_set(e, "%s:%lld: bias of unit %lld, expected units below %d", t->name,
                          (long long)t->bias[k].line, (long long)i, N);
        else if (line[i] > 0)
            bad = err_set(e, "%s:%lld: a second bias of unit %lld, the first is line %lld", t->name,
                          (long long)t->bias[k].line, (long long)i, (long long)line[i]);
        else {
            line[i] = t->bias[k].line;
            f->bias[i] = t->bias[k].x;
        }
    }
    mem_free(line);
    return bad;
}

int edgefile_parse(struct edgefile *f, int K, const int *size, const char *text, const char *name,
                   struct err *e)
{
    struct text t = { .name = name,
                      .copy = mem_text(text),
                      .partitions.what = "partitions",
                      .clamped.what = "clamped",
                      .hidden.what = "hidden",
                      .qubits.what = "qubits" };
    int own[TOPOLOGY_PARTITIONS];

    *f = (struct edgefile){ 0 };
    int bad = read_text(&t, e) || sizes(&t, &K, size, own, e) ||
              topology_parse(&f->T, K, own, t.copy, name, &f->weight, e) || set_clamped(f, &t, e) ||
              set_hidden(f, &t, e) || set_qubits(f, &t, e) || set_biases(f, &t, e);
    drop(&t);
    if (bad) edgefile_free(f);
    return bad ? -1 : 0;
}

void edgefile_free(struct edgefile *f)
{
    topology_free(&f->T);
    mem_free(f->weight);
    mem_free(f->bias);
    mem_free(f->which);
    *f = (struct edgefile){ 0 };
}

/* A list of all couplings between partitions is the complete machine: the same order of weights. */
static void complete(struct topology *T)
{
    struct topology all;
    struct err none = { "" };
    int64_t pairs = (int64_t)T->N * T->N;

    for (int k = 0; k < T->K; k++) pairs -= (int64_t)T->size[k] * T->size[k];
    if (T->M != pairs / 2 || T->M == 0 || T->qubit != NULL ||
        topology_complete(&all, T->K, T->size, &none))
        return;
    topology_free(T);
    *T = all;
}

int edgefile_read(struct rbm *m, int K, const int *size, const char *text, const char *name,
                  struct err *e)
{
    struct edgefile f;

    *m = (struct rbm){ 0 };
    if (edgefile_parse(&f, K, size, text, name, e)) return -1;
    complete(&f.T);
    rbm_init(m, &f.T, -1);
    if (f.weight != NULL) memcpy(m->weight, f.weight, (size_t)m->T.M * sizeof *m->weight);
    if (f.bias != NULL) memcpy(m->bias, f.bias, (size_t)m->T.N * sizeof *m->bias);
    if (f.which != NULL) rbm_hold(m, f.which);
    m->hidden = f.hidden;
    edgefile_free(&f);
    rbm_prepare(m);
    return 0;
}

/* Nine digits give every float back. */
char *edgefile_text(const struct rbm *m)
{
    const struct topology *T = &m->T;
    char *text = mem_take(((int64_t)T->M + 2 * T->N + m->held + 2 * T->K + 8) * LINE, 1);
    int64_t n =
        snprintf(text, LINE, "# %d units, %lld couplings\npartitions", T->N, (long long)T->M);

    for (int k = 0; k < T->K; k++) n += snprintf(text + n, LINE, " %d", T->size[k]);
    if (m->held > 0) n += snprintf(text + n, LINE, "\nclamped");
    for (int j = 0; j < m->held; j++) n += snprintf(text + n, LINE, " %d", m->hold[j]);
    if (m->hidden != 0) n += snprintf(text + n, LINE, "\nhidden");
    for (int k = 0; k < T->K; k++)
        if (m->hidden >> k & 1) n += snprintf(text + n, LINE, " %d", k);
    if (T->qubit != NULL) n += snprintf(text + n, LINE, "\nqubits");
    for (int i = 0; i < T->N && T->qubit != NULL; i++)
        n += snprintf(text + n, LINE, " %d", T->qubit[i]);
    n += snprintf(text + n, LINE, "\n# unit unit bias, unit unit coupling\n");
    for (int i = 0; i < T->N; i++)
        n += snprintf(text + n, LINE, "%d %d %.9g\n", i, i, (double)m->bias[i]);
    for (int64_t k = 0; k < T->M; k++)
        n += snprintf(text + n, LINE, "%d %d %.9g\n", T->edge[k][0], T->edge[k][1],
                      (double)m->weight[k]);
    return text;
}
