#include "cmd/annealserve.h"

#include "base/mem.h"
#include "base/signal.h"
#include "cmd/annealdevice.h"
#include "qpu/qp.h"
#include "rbm/spins.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MOST = 64 << 20, CHUNK = 65536, READS_MOST = 1 << 24, UNITS_MOST = 1 << 20, DEPTH = 8 };
enum { PATIENCE = 200 }; /* ms between two looks for a signal */

struct order {
    struct ising g;   /* h, couplers, J */
    struct device *d; /* borrowed */
    struct local l;   /* gibbs, as this problem wants it */
    struct device_call c;
    struct params params; /* of the keys, but for what the problem says; lists are its own */
    double *flux;
};

static int read_fields(struct order *o, const struct json *j, struct err *e)
{
    const struct json *h = json_get(j, "h");
    int n = json_count(h), m = json_count(json_get(j, "couplers"));

    if (n < 1 || n > UNITS_MOST) return err_set(e, "h is no list of 1 to %d numbers", UNITS_MOST);
    ising_take(&o->g, n, m < 0 ? 0 : m);
    for (int i = 0; i < n; i++)
        if (json_number(json_at(h, i), &o->g.h[i]) || !isfinite(o->g.h[i]))
            return err_set(e, "h, entry %d is no number", i);
    return 0;
}

static int read_couplings(struct order *o, const struct json *j, struct err *e)
{
    const struct json *pairs = json_get(j, "couplers"), *J = json_get(j, "J");
    int m = json_count(pairs);

    if (pairs == NULL && J == NULL) m = 0;
    if (m < 0 || (m > 0 && json_count(J) != m))
        return err_set(e, "couplers and J are no lists of one length");
    for (int k = 0; k < m; k++) {
        const struct json *pair = json_at(pairs, k);
        int64_t a, b;
        if (json_count(pair) != 2 || json_whole(json_at(pair, 0), &a) ||
            json_whole(json_at(pair, 1), &b) || a < 0 || b < 0 || a >= o->g.n || b >= o->g.n ||
            a == b || json_number(json_at(J, k), &o->g.J[k]) || !isfinite(o->g.J[k]))
            return err_set(e, "coupling %d is no pair of entries of h with a number", k);
        o->g.pair[k][0] = (int32_t)(a < b ? a : b);
        o->g.pair[k][1] = (int32_t)(a < b ? b : a);
    }
    return 0;
}

/* A list of numbers, one for each spin, or NULL when there is none. */
static int read_list(double **to, const struct json *j, const char *key, int n, struct err *e)
{
    const struct json *list = json_get(j, key);

    if (list == NULL) return 0;
    if (json_count(list) != n) return err_set(e, "%s is no list of %d numbers", key, n);
    *to = mem_take(n, sizeof **to);
    for (int i = 0; i < n; i++)
        if (json_number(json_at(list, i), &(*to)[i]) || !isfinite((*to)[i]))
            return err_set(e, "%s, entry %d is no number", key, i);
    return 0;
}

static int read_places(struct order *o, const struct json *j, struct err *e)
{
    double *qubit = NULL;
    int bad = read_list(&qubit, j, "qubits", o->g.n, e);

    for (int i = 0; qubit != NULL && i < o->g.n && !bad; i++) {
        o->c.placed = 1;
        if (qubit[i] < 0.0 || qubit[i] > UNITS_MOST || qubit[i] != floor(qubit[i]))
            bad = err_set(e, "qubits, entry %d is no number of a qubit", i);
        else
            o->g.qubit[i] = (int32_t)qubit[i];
    }
    mem_free(qubit);
    return bad;
}

/* A list of pairs [time, value]. */
static int read_course(double **to, int *points, const struct json *p, const char *key,
                       struct err *e)
{
    const struct json *list = p == NULL ? NULL : json_get(p, key);
    int n = json_count(list);

    if (list == NULL) return 0;
    if (n < 1 || n > UNITS_MOST) return err_set(e, "%s is no list of pairs", key);
    *points = n;
    *to = mem_take(2 * (int64_t)n, sizeof **to);
    for (int i = 0; i < 2 * n; i++)
        if (json_number(json_at(json_at(list, i / 2), i % 2), &(*to)[i]))
            return err_set(e, "%s, entry %d is no pair of numbers", key, i / 2);
    return 0;
}

static int read_params(struct order *o, const struct json *p, struct err *e)
{
    struct params *to = &o->params;
    int scale;

    if (p != NULL) {
        json_get_real(p, "annealing_time", &to->annealing_time);
        json_get_real(p, "programming_thermalization", &to->programming);
        json_get_real(p, "readout_thermalization", &to->readout);
        json_get_flag(p, "flux_drift_compensation", &to->drift);
        json_get_flag(p, "reduce_intersample_correlation", &to->decorrelate);
        if (!json_get_flag(p, "auto_scale", &scale)) to->scale = scale;
    }
    return read_course(&to->schedule, &to->points, p, "anneal_schedule", e) ||
           read_course(&to->gain, &to->gains, p, "h_gain_schedule", e);
}

static int read_order(struct order *o, const struct json *j, struct err *e)
{
    int64_t sweeps = o->l.sweeps, seed = -1;

    if (json_get_int(j, "reads", &o->c.reads) || o->c.reads < 1 || o->c.reads > READS_MOST)
        return err_set(e, "reads is no number from 1 to %d", READS_MOST);
    if (json_get(j, "beta") != NULL && (json_get_real(j, "beta", &o->l.beta) || !(o->l.beta > 0.0)))
        return err_set(e, "beta is no positive number");
    if (json_get(j, "sweeps") != NULL &&
        (json_get_int(j, "sweeps", &sweeps) || sweeps < 1 || sweeps > 1 << 24))
        return err_set(e, "sweeps is no number from 1");
    if (json_get(j, "seed") != NULL &&
        (json_get_int(j, "seed", &seed) || seed < 0 || seed > UINT32_MAX))
        return err_set(e, "seed is no whole number from 0 to 2^32 - 1");
    o->l.sweeps = (int)sweeps;
    if (seed >= 0) o->l.seed = (uint64_t)seed;
    if (seed >= 0 && o->d->kind == DEVICE_KINETIC) o->c.number = seed;
    return read_fields(o, j, e) || read_couplings(o, j, e) || read_places(o, j, e) ||
                   read_list(&o->flux, j, "flux_biases", o->g.n, e) ||
                   read_params(o, json_get(j, "params"), e)
               ? -1
               : 0;
}

static void put_base64(struct json *out, const char *key, const void *bytes, int64_t n)
{
    struct wire w = { 0 };

    wire_room(&w, 0);
    wire_put_base64(&w, bytes, n);
    json_put_text(out, key, w.text);
    wire_free(&w);
}

static int draw(struct json *out, struct order *o, struct err *e)
{
    struct block tiles = device_share(o->d, o->c.reads, 0, 1);
    uint8_t *states = mem_take(tiles.count * KERN_LANES * o->g.n, 1);
    double *energy = mem_take(tiles.count * KERN_LANES, sizeof *energy), access;
    struct wire rows = { 0 }, bytes = { 0 };

    o->d->local = o->l;
    o->c.flux = o->flux;
    o->c.params = &o->params;
    int bad = device_draw(o->d, &o->g, &o->c, tiles, states, energy, &access, e) < 0;
    if (!bad) {
        qp_pack(&rows, NULL, o->g.n, states, o->c.reads);
        put_base64(out, "solutions", rows.text, rows.n);
        qp_put_doubles(&bytes, energy, o->c.reads);
        put_base64(out, "energies", bytes.text, bytes.n);
        if (o->d->kind == DEVICE_KINETIC) json_put_real(out, "access_time", access);
    }
    wire_free(&rows);
    wire_free(&bytes);
    mem_free(states);
    mem_free(energy);
    return bad;
}

/* One line answered; the reads drawn. A line that cannot be is answered too. */
static int64_t answer(struct annealdevice *x, const char *line, int64_t n, int64_t call,
                      struct err *e)
{
    const struct local gibbs = x->device.local;
    struct order o = { .d = &x->device, .l = gibbs, .c = { .number = call }, .params = x->params };
    struct err why = { "" };
    struct json *in = json_parse_stranger(line, n, DEPTH, "standard input", &why),
                *out = json_new();
    const char *id;
    int bad = in == NULL;

    if (in != NULL && !json_get_text(in, "id", &id)) json_put_text(out, "id", id);
    if (!bad) bad = read_order(&o, in, &why) || draw(out, &o, &why);
    if (bad) json_put_text(out, "error", why.text);
    char *text = json_text(out);
    if (printf("%s\n", text) < 0 || fflush(stdout) != 0)
        err_set(e, "standard output: cannot write an answer");
    mem_free(text);
    json_drop(in);
    json_drop(out);
    ising_free(&o.g);
    mem_free(o.flux);
    if (o.params.schedule != x->params.schedule) mem_free(o.params.schedule);
    if (o.params.gain != x->params.gain) mem_free(o.params.gain);
    x->device.local = gibbs;
    return bad ? 0 : o.c.reads;
}

int annealserve_run(struct run *r, const struct kern *k, struct err *e)
{
    struct annealdevice x = { 0 };
    struct wire in = { 0 };
    int64_t problems = 0, reads = 0;
    int open = 1;

    if (r->P->size > 1) return err_set(e, "anneal.what is serve, expected one rank");
    if (!annealdevice_is_local(r->conf))
        return err_set(e, "anneal.what is serve and anneal.backend is sapi, expected a local one");
    annealdevice_open(&x, r, k, e);
    while (open && !signal_came() && !err_is(e)) {
        struct pollfd wait = { .fd = STDIN_FILENO, .events = POLLIN };
        if (poll(&wait, 1, PATIENCE) <= 0) continue; /* a signal that came just before is seen */
        char *at = wire_room(&in, CHUNK);
        ssize_t got = read(STDIN_FILENO, at, CHUNK);
        if (got < 0 && errno == EINTR) continue;
        open = got > 0;
        in.n += open ? got : 0;
        char *line = in.text, *end;
        while (!err_is(e) && (end = memchr(line, '\n', (size_t)(in.text + in.n - line))) != NULL) {
            *end = '\0';
            if (end > line) reads += answer(&x, line, end - line, problems++, e);
            line = end + 1;
        }
        in.n -= line - in.text;
        memmove(in.text, line, (size_t)in.n);
        if (in.n > LINE_MOST)
            err_set(e, "standard input: a line longer than %d MiB", LINE_MOST >> 20);
    }
    wire_free(&in);
    annealdevice_free(&x);
    if (err_is(e)) return -1;
    json_put_text(r->result, "command", "anneal");
    json_put_int(r->result, "problems", problems);
    json_put_int(r->result, "reads", reads);
    return open ? RUN_STOPPED : RUN_DONE;
}
