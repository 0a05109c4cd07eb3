#include "qpu/journal.h"

#include "base/file.h"
#include "base/json.h"
#include "base/lock.h"
#include "base/mem.h"
#include "qpu/record.h"
#include "qpu/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { VERSION = 1, HEX = 17 };
static const int64_t JOURNAL_MOST = INT64_C(1) << 32;

static int append(struct journal *j, struct json *record, int sync, struct err *e)
{
    int64_t n;
    char *line = record_line(record, &n);
    int bad = file_append(j->path, line, n, sync, e);

    mem_free(line);
    return bad;
}

static struct json *blank(const char *what, int64_t number)
{
    struct json *record = json_new();

    json_put_text(record, "what", what);
    if (number >= 0) json_put_int(record, "number", number);
    return record;
}

static struct journal_entry *entry_add(struct journal *j)
{
    if (j->n == j->room) {
        j->room = 2 * j->room + 64;
        j->entry = mem_grow(j->entry, j->room, sizeof *j->entry);
    }
    j->entry[j->n] = (struct journal_entry){ 0 };
    return &j->entry[j->n++];
}

static int hexadecimal(const struct json *record, const char *key, uint64_t *x)
{
    const char *text;

    return json_get_text(record, key, &text) || sscanf(text, "%" SCNx64, x) != 1 ? -1 : 0;
}

static int take_begun(struct journal *j, const struct json *r)
{
    struct journal_entry x = { 0 };
    int64_t number, reads;

    if (json_get_int(r, "number", &number) || number != j->n ||
        json_get_int(r, "request", &x.request) || json_get_int(r, "part", &x.part) ||
        json_get_int(r, "reads", &reads) || hexadecimal(r, "digest", &x.digest))
        return -1;
    *entry_add(j) = x;
    return 0;
}

static int take_answered(struct journal *j, struct journal_entry *x, const struct json *r)
{
    double before = x->state == JOURNAL_ANSWERED ? x->access : 0.0;

    if (json_get_int(r, "offset", &x->offset) || json_get_int(r, "bytes", &x->bytes) ||
        hexadecimal(r, "hash", &x->hash) || json_get_real(r, "access_us", &x->access))
        return -1;
    x->state = JOURNAL_ANSWERED;
    j->access += x->access - before;
    return 0;
}

/* One record into j; 1: the journal was closed here. */
static int take(struct journal *j, const struct json *r)
{
    const char *what, *text;
    int64_t number;

    if (json_get_text(r, "what", &what)) return -1;
    if (strcmp(what, "session") == 0) {
        if (json_get_text(r, "session", &text) || strlen(text) != 32) return -1;
        memcpy(j->session, text, 33);
        return 0;
    }
    if (strcmp(what, "closed") == 0) return 1;
    if (strcmp(what, "begun") == 0) return take_begun(j, r);
    if (json_get_int(r, "number", &number) || number < 0 || number >= j->n) return -1;
    struct journal_entry *x = &j->entry[number];
    if (strcmp(what, "named") == 0) {
        if (json_get_text(r, "id", &text) || strlen(text) >= JOURNAL_ID) return -1;
        snprintf(x->id, sizeof x->id, "%s", text);
        x->state = JOURNAL_NAMED;
        return 0;
    }
    if (strcmp(what, "answered") == 0) return take_answered(j, x, r);
    if (strcmp(what, "failed") != 0) return -1;
    x->state = JOURNAL_FAILED;
    return 0;
}

/* A line without its newline; as take. */
static int take_line(struct journal *j, const char *line)
{
    struct json *record = record_read(line);
    int got = record == NULL ? -1 : take(j, record);

    json_drop(record);
    return got;
}

/* All lines of a text; *good: the bytes before a torn last line; 1: closed. */
static int take_all(struct journal *j, char *text, int64_t n, int64_t *good, struct err *e)
{
    int closed = 0, number = 0;

    for (char *line = text; line < text + n;) {
        char *end = memchr(line, '\n', (size_t)(text + n - line));
        number++;
        if (end != NULL) *end = '\0';
        int got = end == NULL ? -1 : take_line(j, line);
        if (got < 0 && end != NULL && end + 1 < text + n)
            return err_set(e, "'%s', line %d is damaged, expected a journal of ours", j->path,
                           number);
        if (got < 0) break;
        *end = '\n';
        closed = got;
        line = end + 1;
        *good = line - text;
    }
    return closed;
}

/* 128 random bits of the system, as 32 digits. */
static int draw_session(struct journal *j, struct err *e)
{
    unsigned char bytes[16];
    FILE *f = fopen("/dev/urandom", "rb");
    size_t got = f == NULL ? 0 : fread(bytes, 1, sizeof bytes, f);

    if (f != NULL) fclose(f);
    if (got != sizeof bytes) return err_set(e, "/dev/urandom gives no random bits");
    for (int i = 0; i < 16; i++) snprintf(j->session + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

static void forget(struct journal *j)
{
    j->n = 0;
    j->access = 0.0;
    j->session[0] = '\0';
}

/* Begin anew: an empty journal with a session of its own. */
static int begin_anew(struct journal *j, int aside, struct err *e)
{
    char *old = mem_print("%s.old", j->path), **name;
    int bad = 0;

    if (aside && rename(j->path, old) != 0)
        bad = err_set(e, "cannot rename '%s': %s", j->path, strerror(errno));
    mem_free(old);
    if (bad) return -1;
    file_remove(j->answers);
    int n = file_list(j->folder, "problem-", ".json", &name);
    for (int i = 0; i < n; i++) {
        char *path = file_join(j->folder, name[i]);
        file_remove(path);
        mem_free(path);
        mem_free(name[i]);
    }
    mem_free(name);
    forget(j);
    j->end = 0;
    if (draw_session(j, e)) return -1;
    struct json *record = blank("session", -1);
    json_put_int(record, "version", VERSION);
    json_put_text(record, "session", j->session);
    int64_t length;
    char *line = record_line(record, &length);
    bad = file_replace(j->path, line, length, e);
    mem_free(line);
    return bad;
}

static int take_up(struct journal *j, int fresh, struct err *e)
{
    int64_t n = 0, good = 0;

    if (!file_exists(j->path)) return begin_anew(j, 0, e);
    char *text = file_slurp(j->path, JOURNAL_MOST, &n, e);
    if (text == NULL) return -1;
    int closed = take_all(j, text, n, &good, e);
    int bad = closed < 0;
    if (!bad && good < n) bad = file_replace(j->path, text, good, e);
    mem_free(text);
    if (bad) return -1;
    if (fresh || j->session[0] == '\0')
        return begin_anew(j, !closed && journal_open_problems(j) > 0, e);
    j->closed = closed;
    struct stat s;
    j->end = stat(j->answers, &s) == 0 ? (int64_t)s.st_size : 0;
    return 0;
}

int journal_open(struct journal *j, const char *folder, int fresh, struct err *e)
{
    *j = (struct journal){ .lock = -1 };
    if (file_folder(folder, e)) return -1;
    j->folder = mem_text(folder);
    j->path = file_join(folder, "journal");
    j->answers = file_join(folder, "answers");
    char *lock = file_join(folder, "lock");
    int bad = lock_take(lock, &j->lock, e) || take_up(j, fresh, e);
    mem_free(lock);
    if (bad) journal_free(j);
    return bad ? -1 : 0;
}

void journal_free(struct journal *j)
{
    lock_drop(&j->lock);
    mem_free(j->folder);
    mem_free(j->path);
    mem_free(j->answers);
    mem_free(j->entry);
    *j = (struct journal){ .lock = -1 };
}

int journal_reopen(struct journal *j, int used, struct err *e)
{
    if (!j->closed) return 0;
    j->closed = 0;
    return used ? 0 : begin_anew(j, 0, e);
}

int64_t journal_find(const struct journal *j, int64_t request, int64_t part, uint64_t digest)
{
    for (int64_t i = j->n - 1; i >= 0; i--) {
        const struct journal_entry *x = &j->entry[i];
        if (x->request == request && x->part == part && x->digest == digest &&
            x->state != JOURNAL_FAILED)
            return i;
    }
    return -1;
}

int64_t journal_open_problems(const struct journal *j)
{
    int64_t open = 0;

    for (int64_t i = 0; i < j->n; i++)
        open += j->entry[i].state == JOURNAL_BEGUN || j->entry[i].state == JOURNAL_NAMED;
    return open;
}

int64_t journal_problems(const struct journal *j)
{
    int64_t count = 0;

    for (int64_t i = 0; i < j->n; i++) count += j->entry[i].state != JOURNAL_FAILED;
    return count;
}

static char *problem_path(const struct journal *j, uint64_t digest)
{
    char *name = mem_print("problem-%016" PRIx64 ".json", digest);
    char *path = file_join(j->folder, name);

    mem_free(name);
    return path;
}

int journal_problem(struct journal *j, uint64_t digest, const char *text, int64_t n, struct err *e)
{
    char *path = problem_path(j, digest);
    int bad = file_exists(path) ? 0 : file_replace(path, text, n, e);

    mem_free(path);
    return bad;
}

void journal_forget(struct journal *j, uint64_t digest)
{
    char *path = problem_path(j, digest);

    file_remove(path);
    mem_free(path);
}

int journal_has_reads(const struct journal *j, int64_t number, const void *reads, int64_t bytes)
{
    uint64_t hash = wire_hash(WIRE_HASH, reads, bytes);

    for (int64_t i = 0; i < j->n; i++)
        if (i != number && j->entry[i].state == JOURNAL_ANSWERED && j->entry[i].hash == hash &&
            j->entry[i].digest == j->entry[number].digest && j->entry[i].bytes == bytes)
            return 1;
    return 0;
}

int64_t journal_begin(struct journal *j, int64_t request, int64_t part, uint64_t digest, int reads,
                      struct err *e)
{
    struct json *record = blank("begun", j->n);
    char label[JOURNAL_LABEL], hex[HEX];

    journal_label(j, j->n, label);
    snprintf(hex, sizeof hex, "%016" PRIx64, digest);
    json_put_text(record, "label", label);
    json_put_int(record, "request", request);
    json_put_int(record, "part", part);
    json_put_int(record, "reads", reads);
    json_put_text(record, "digest", hex);
    if (append(j, record, 1, e)) return -1;
    struct journal_entry *x = entry_add(j);
    x->request = request;
    x->part = part;
    x->digest = digest;
    return j->n - 1;
}

void journal_label(const struct journal *j, int64_t number, char label[JOURNAL_LABEL])
{
    snprintf(label, JOURNAL_LABEL, "caloq-%s-%lld", j->session, (long long)number);
}

int journal_named(struct journal *j, int64_t number, const char *id, struct err *e)
{
    struct json *record = blank("named", number);
    struct journal_entry *x = &j->entry[number];

    json_put_text(record, "id", id);
    snprintf(x->id, sizeof x->id, "%s", id);
    x->state = JOURNAL_NAMED;
    return append(j, record, 0, e);
}

int journal_answered(struct journal *j, int64_t number, const void *reads, int64_t bytes,
                     double access, struct err *e)
{
    struct journal_entry *x = &j->entry[number];
    struct json *record = blank("answered", number);
    char hex[HEX];

    if (x->state == JOURNAL_ANSWERED) j->access -= x->access; /* its reads were lost */
    x->offset = j->end;
    x->bytes = bytes;
    x->hash = wire_hash(WIRE_HASH, reads, bytes);
    x->access = access;
    x->state = JOURNAL_ANSWERED;
    snprintf(hex, sizeof hex, "%016" PRIx64, x->hash);
    json_put_int(record, "offset", x->offset);
    json_put_int(record, "bytes", bytes);
    json_put_text(record, "hash", hex);
    json_put_real(record, "access_us", access);
    if (file_append(j->answers, reads, bytes, 0, e)) {
        json_drop(record);
        return -1;
    }
    j->end += bytes;
    j->access += access;
    return append(j, record, 0, e);
}

int journal_failed(struct journal *j, int64_t number, const char *why, struct err *e)
{
    struct json *record = blank("failed", number);

    j->entry[number].state = JOURNAL_FAILED;
    json_put_text(record, "why", why);
    return append(j, record, 0, e);
}

int journal_reads(const struct journal *j, int64_t number, void *bytes, struct err *e)
{
    const struct journal_entry *x = &j->entry[number];

    if (file_piece(j->answers, x->offset, bytes, x->bytes) == x->bytes &&
        wire_hash(WIRE_HASH, bytes, x->bytes) == x->hash)
        return 0;
    return err_set(e, "'%s' does not hold the reads of problem %lld", j->answers,
                   (long long)number);
}

int journal_close(struct journal *j, struct err *e)
{
    return append(j, blank("closed", -1), 1, e);
}
