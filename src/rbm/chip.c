#include "rbm/chip.h"

#include "base/mem.h"
#include "rbm/chimera.h"
#include "rbm/pegasus.h"
#include "rbm/zephyr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CELLS = 64, MOST_LINES = 16, SHAPE = 3 };

static const char *const shape[] = {
    [CHIP_CHIMERA] = "the size m, m,n or m,n,t of a chimera chip (such as 16)",
    [CHIP_PEGASUS] = "the size m, m,nice or m,full of a pegasus chip (such as 16)",
    [CHIP_ZEPHYR] = "the size m or m,t of a zephyr chip (such as 12)",
};

/* How many numbers from 1 to MOST_CELLS stand in front, between commas; *rest is what follows. */
static int read_numbers(const char *text, int x[SHAPE], const char **rest)
{
    int n = 0;
    char *end;

    for (*rest = text; n < SHAPE; *rest = end + 1) {
        long value = strtol(*rest, &end, 10);
        if (end == *rest || value < 1 || value > MOST_CELLS) return n;
        if (*end == '\0') *rest = end;
        if (*end != '\0' && *end != ',') return n;
        x[n++] = (int)value;
        if (*end == '\0') return n;
    }
    return n;
}

int chip_make(struct lattice *L, enum chip_kind kind, const char *size, struct err *e)
{
    const char *rest;
    int x[SHAPE] = { 0 }, n = read_numbers(size, x, &rest), length = (int)strlen(size);
    int whole = n > 0 && *rest == '\0' && size[length - 1] != ',';

    *L = (struct lattice){ 0 };
    if (kind == CHIP_CHIMERA && whole && x[2] <= MOST_LINES)
        chimera_make(L, x[0], n > 1 ? x[1] : x[0], n > 2 ? x[2] : 4);
    else if (kind == CHIP_ZEPHYR && whole && n <= 2 && x[1] <= MOST_LINES)
        zephyr_make(L, x[0], n > 1 ? x[1] : 4);
    else if (kind == CHIP_PEGASUS && n == 1 && x[0] >= 2 && whole)
        pegasus_make(L, x[0], PEGASUS_FABRIC);
    else if (kind == CHIP_PEGASUS && n == 1 && x[0] >= 2 && strcmp(rest, "nice") == 0)
        pegasus_make(L, x[0], PEGASUS_NICE);
    else if (kind == CHIP_PEGASUS && n == 1 && x[0] >= 2 && strcmp(rest, "full") == 0)
        pegasus_make(L, x[0], PEGASUS_FULL);
    else
        return err_set(e, "'%s': expected %s, with m and n up to %d, t up to %d", size, shape[kind],
                       MOST_CELLS, MOST_LINES);
    return 0;
}

/* A number at *at, which moves behind it; -1: none. */
static int64_t number(const char **at)
{
    char *end;

    if (**at < '0' || **at > '9') return -1;
    errno = 0;
    long long x = strtoll(*at, &end, 10);
    *at = end;
    return errno == 0 ? x : INT64_MAX;
}

static int qubit(const struct lattice *L, int64_t q, struct err *e)
{
    if (q >= L->Q)
        return err_set(e, "qubit %lld: expected a number from 0 to %d", (long long)q, L->Q - 1);
    if (L->class[q] == LATTICE_NONE) return err_set(e, "the chip has no qubit %lld", (long long)q);
    return 0;
}

/* One line without its comment. */
static int bury(struct lattice *L, const char *line, struct err *e)
{
    const char *at = line + strspn(line, " \t\r");
    int64_t end[2] = { -1, -1 };
    int is_coupler = 0;

    if (*at == '\0') return 0;
    end[0] = number(&at);
    at += strspn(at, " \t\r");
    if (*at != '\0' && end[0] >= 0) {
        is_coupler = 1;
        at += *at == '-';
        end[1] = number(&at);
        at += strspn(at, " \t\r");
    }
    if (end[0] < 0 || *at != '\0' || (is_coupler && end[1] < 0))
        return err_set(e, "'%.40s': expected a qubit, or the two qubits of a coupler", line);
    if (qubit(L, end[0], e) || (is_coupler && qubit(L, end[1], e))) return -1;
    if (!is_coupler) {
        L->class[end[0]] = LATTICE_DEAD;
        return 0;
    }
    int64_t m = lattice_find(L, (int)end[0], (int)end[1]);
    if (m < 0)
        return err_set(e, "the chip has no coupler of qubits %lld and %lld", (long long)end[0],
                       (long long)end[1]);
    L->cut[m] = 1;
    return 0;
}

int chip_dead(struct lattice *L, const char *text, const char *name, struct err *e)
{
    char *copy = mem_text(text);
    int64_t line = 1;
    int bad = 0;

    for (char *at = copy, *next; at != NULL && !bad; at = next, line++) {
        next = strchr(at, '\n');
        if (next != NULL) *next++ = '\0';
        at[strcspn(at, "#\r")] = '\0';
        if (bury(L, at, e)) bad = err_within(e, "%s:%lld", name, (long long)line);
    }
    mem_free(copy);
    return bad;
}
