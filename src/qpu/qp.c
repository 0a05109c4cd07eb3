#include "qpu/qp.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

/* Doubles and int32 as the wire has them, whatever the machine: least byte first. */
static void put_double(char *to, double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    for (int i = 0; i < 8; i++) to[i] = (char)(bits >> 8 * i & 255);
}

static double get_double(const uint8_t *from)
{
    uint64_t bits = 0;
    double x;

    for (int i = 0; i < 8; i++) bits |= (uint64_t)from[i] << 8 * i;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static int32_t get_int(const uint8_t *from)
{
    uint32_t bits = 0;
    int32_t x;

    for (int i = 0; i < 4; i++) bits |= (uint32_t)from[i] << 8 * i;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The active variables in the order of the solver's qubits. */
static int find_active(struct qp *q, const struct ising *g, int32_t *spin_at, struct err *e)
{
    const struct solver *s = q->solver;

    for (int i = 0; i < s->n; i++) spin_at[i] = -1;
    for (int k = 0; k < g->n; k++) {
        int32_t p = g->qubit[k] >= 0 && g->qubit[k] < s->Q ? s->place[g->qubit[k]] : -1;
        if (p < 0)
            return err_set(e, "unit %d sits on qubit %d, which solver %s does not have", g->unit[k],
                           g->qubit[k], s->name);
        if (spin_at[p] >= 0)
            return err_set(e, "units %d and %d sit on one qubit, %d", g->unit[spin_at[p]],
                           g->unit[k], g->qubit[k]);
        spin_at[p] = k;
    }
    for (int i = 0, k = 0; i < s->n; i++) {
        if (spin_at[i] < 0) continue;
        q->spin[k] = spin_at[i];
        q->qubit[k++] = s->qubit[i];
    }
    return 0;
}

/* The entry of quad of each pair. */
static int find_entries(struct qp *q, const struct ising *g, const int32_t *spin_at, struct err *e)
{
    const struct solver *s = q->solver;
    int64_t *number = mem_take(s->m, sizeof *number);
    int bad = 0;

    for (int64_t c = 0; c < s->m; c++) {
        int u = s->place[s->coupler[c][0]], v = s->place[s->coupler[c][1]];
        number[c] = spin_at[u] >= 0 && spin_at[v] >= 0 ? q->m++ : -1;
    }
    for (int64_t k = 0; k < g->m && !bad; k++) {
        int i = g->pair[k][0], j = g->pair[k][1];
        int64_t c = solver_coupler(s, g->qubit[i], g->qubit[j]);
        if (c < 0)
            bad = err_set(e,
                          "units %d and %d are coupled, but solver %s has no coupler of qubits %d "
                          "and %d",
                          g->unit[i], g->unit[j], s->name, g->qubit[i], g->qubit[j]);
        else
            q->entry[k] = number[c];
    }
    mem_free(number);
    return bad;
}

int qp_init(struct qp *q, const struct solver *s, const struct ising *g, struct err *e)
{
    *q = (struct qp){ .solver = s, .n = g->n, .room = g->m };
    if (s->n < 0 || s->m < 0)
        return err_set(e, "solver %s does not tell its qubits and couplers", s->name);
    int32_t *spin_at = mem_take(s->n, sizeof *spin_at);
    q->spin = mem_take(q->n, sizeof *q->spin);
    q->qubit = mem_take(q->n, sizeof *q->qubit);
    q->entry = mem_take(q->room, sizeof *q->entry);
    q->row = mem_take(q->n + 7, sizeof *q->row);
    int bad = find_active(q, g, spin_at, e) || find_entries(q, g, spin_at, e);
    mem_free(spin_at);
    q->linear = mem_take(s->n, sizeof *q->linear);
    q->quadratic = mem_take(q->m, sizeof *q->quadratic);
    if (bad) qp_free(q);
    return bad ? -1 : 0;
}

void qp_free(struct qp *q)
{
    mem_free(q->spin);
    mem_free(q->qubit);
    mem_free(q->entry);
    mem_free(q->row);
    mem_free(q->linear);
    mem_free(q->quadratic);
    wire_free(&q->lin);
    wire_free(&q->quad);
    wire_free(&q->raw);
    *q = (struct qp){ 0 };
}

void qp_put_doubles(struct wire *to, const double *x, int64_t n)
{
    char *bytes = wire_room(to, 8 * n);

    for (int64_t i = 0; i < n; i++) put_double(bytes + 8 * i, x[i]);
    to->n += 8 * n;
}

static void put_doubles(struct wire *to, struct wire *raw, const double *x, int64_t n)
{
    wire_clear(raw);
    qp_put_doubles(raw, x, n);
    wire_clear(to);
    wire_put_base64(to, raw->text, raw->n);
}

void qp_encode(struct qp *q, const struct ising *g)
{
    if (g->n != q->n || g->m > q->room) die("a problem of another graph");
    q->size = 0.0;
    for (int i = 0; i < q->solver->n; i++) q->linear[i] = NAN;
    for (int k = 0; k < g->n; k++) {
        q->linear[q->solver->place[g->qubit[k]]] = g->h[k];
        q->size += fabs(g->h[k]);
    }
    memset(q->quadratic, 0, (size_t)q->m * sizeof *q->quadratic);
    for (int64_t k = 0; k < g->m; k++) {
        q->quadratic[q->entry[k]] += g->J[k];
        q->size += fabs(g->J[k]);
    }
    put_doubles(&q->lin, &q->raw, q->linear, q->solver->n);
    put_doubles(&q->quad, &q->raw, q->quadratic, q->m);
}

/* The bytes of a base64 member in q->raw, borrowed; *n: how many. NULL and a sentence. */
static const uint8_t *member(struct qp *q, const struct json *answer, const char *key, int64_t *n,
                             struct err *e)
{
    const char *text;

    if (json_get_text(answer, key, &text)) {
        err_set(e, "the answer has no %s", key);
        return NULL;
    }
    wire_clear(&q->raw);
    uint8_t *bytes = (uint8_t *)wire_room(&q->raw, (int64_t)strlen(text));
    *n = wire_unbase64(bytes, text);
    if (*n < 0) err_set(e, "the answer's %s is no base64", key);
    return *n < 0 ? NULL : bytes;
}

static int check_active(struct qp *q, const struct json *answer, struct err *e)
{
    const char *format;
    int64_t n, Q;

    if (json_get_text(answer, "format", &format) || strcmp(format, "qp") != 0)
        return err_set(e, "the answer is not of the format qp");
    if (!json_get_int(answer, "num_variables", &Q) && Q != q->solver->Q)
        return err_set(e, "the answer has %lld variables, the solver %d qubits", (long long)Q,
                       q->solver->Q);
    const uint8_t *b = member(q, answer, "active_variables", &n, e);
    if (b == NULL) return -1;
    if (n != 4 * (int64_t)q->n)
        return err_set(e, "the answer has %lld active variables, the problem %d",
                       (long long)(n / 4), q->n);
    for (int k = 0; k < q->n; k++)
        if (get_int(b + 4 * k) != q->qubit[k])
            return err_set(e, "active variable %d of the answer is qubit %d, expected %d", k,
                           get_int(b + 4 * k), q->qubit[k]);
    return 0;
}

/* How often each of `rows` rows stands for a read, into times; their sum must be `reads`. */
static int get_times(struct qp *q, const struct json *answer, int rows, int reads, int32_t *times,
                     struct err *e)
{
    int64_t n, sum = 0;

    for (int r = 0; r < rows; r++) times[r] = 1;
    if (json_get(answer, "num_occurrences") != NULL) {
        const uint8_t *b = member(q, answer, "num_occurrences", &n, e);
        if (b == NULL) return -1;
        if (n != 4 * (int64_t)rows)
            return err_set(e, "the answer has %lld occurrences of %d rows", (long long)(n / 4),
                           rows);
        for (int r = 0; r < rows; r++) {
            times[r] = get_int(b + 4 * r);
            if (times[r] < 1) return err_set(e, "a row of the answer occurs %d times", times[r]);
        }
    }
    for (int r = 0; r < rows; r++) sum += times[r];
    return sum == reads
               ? 0
               : err_set(e, "the answer holds %lld reads, expected %d", (long long)sum, reads);
}

/* The bits of a byte, the highest first, as eight bytes in the order of memory. */
static void set_spread(uint8_t spread[256][8])
{
    for (int byte = 0; byte < 256; byte++)
        for (int k = 0; k < 8; k++) spread[byte][k] = byte >> (7 - k) & 1;
}

/* Rows of bits into states, each as often as it occurs; energy holds one number a row. */
static void unpack(struct qp *q, const uint8_t *rows, const int32_t *times, int n_rows, int reads,
                   uint8_t *states, double *energy)
{
    int64_t bytes = (q->n + 7) / 8;
    const int32_t *spin = q->spin; /* bytes may alias anything but locals */
    uint8_t spread[256][8], *restrict row = q->row;
    int at = reads, n = q->n;

    set_spread(spread);
    for (int r = n_rows - 1; r >= 0; r--) { /* from the end: energies spread out in place */
        for (int64_t k = 0; k < bytes; k++)
            memcpy(row + 8 * k, spread[rows[r * bytes + k]], sizeof *spread);
        for (int t = 0; t < times[r]; t++) {
            uint8_t *restrict x = states + (int64_t)--at * n;
            energy[at] = energy[r];
            for (int k = 0; k < n; k++) x[spin[k]] = row[k];
        }
    }
}

static int check_energies(const struct qp *q, const struct ising *g, const uint8_t *states,
                          const double *energy, int reads, struct err *e)
{
    double own[ISING_TILE], slack = 1e-6 * q->size + 1e-9;

    for (int r = 0; r < reads; r++) {
        int t = r % ISING_TILE, rest = reads - r;
        if (t == 0)
            ising_energy(g, states + (int64_t)r * g->n, rest < ISING_TILE ? rest : ISING_TILE, own);
        if (!(fabs(own[t] - energy[r]) <= slack))
            return err_set(e, "read %d of the answer has energy %.9g, its bits %.9g", r, energy[r],
                           own[t]);
    }
    return 0;
}

int qp_decode(struct qp *q, const struct ising *g, const struct json *answer, int reads,
              uint8_t *states, double *energy, struct err *e)
{
    int64_t n, bytes = (q->n + 7) / 8;

    if (check_active(q, answer, e)) return -1;
    const uint8_t *b = member(q, answer, "energies", &n, e);
    if (b == NULL) return -1;
    if (n % 8 != 0 || n == 0 || n / 8 > reads)
        return err_set(e, "the answer has %lld bytes of energies for %d reads", (long long)n,
                       reads);
    int rows = (int)(n / 8);
    for (int r = 0; r < rows; r++) energy[r] = get_double(b + 8 * r);
    int32_t *times = mem_take(rows, sizeof *times);
    int bad = get_times(q, answer, rows, reads, times, e);
    if (!bad) bad = (b = member(q, answer, "solutions", &n, e)) == NULL;
    if (!bad && n != rows * bytes)
        bad = err_set(e, "the answer has %lld bytes of solutions, expected %d rows of %lld",
                      (long long)n, rows, (long long)bytes);
    if (!bad) unpack(q, b, times, rows, reads, states, energy);
    mem_free(times);
    return bad ? -1 : check_energies(q, g, states, energy, reads, e);
}

void qp_pack(struct wire *to, const int32_t *spin, int n, const uint8_t *states, int64_t reads)
{
    int64_t bytes = (n + 7) / 8;
    char *row = wire_room(to, reads * bytes);

    for (int64_t r = 0; r < reads; r++)
        for (int64_t k = 0; k < bytes; k++) {
            int byte = 0, last = n - 8 * (int)k < 8 ? n - 8 * (int)k : 8;
            const uint8_t *x = states + r * n + (spin != NULL ? 0 : 8 * k);
            for (int j = 0; j < last; j++)
                byte |= (x[spin != NULL ? spin[8 * k + j] : j] != 0) << (7 - j);
            row[r * bytes + k] = (char)byte;
        }
    to->n += reads * bytes;
}
