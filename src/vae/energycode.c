#include "vae/energycode.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LINEAR, ROOT, LOG, FIELDS };

struct format {
    const char *name;
    int bits[FIELDS];
    double square, log_scale; /* floor(sqrt(square E)), floor(log_scale ln E) */
    const char *text[FIELDS];
};

static const double least = 1.0, most = 1e7; /* MeV */

#define E10 22026.465794806718 /* e^10: 2^19 suffices up to 21 TeV */
#define AS_PUBLISHED                                                                               \
    {                                                                                              \
        "floor(E)", "floor(sqrt(10 E))", "floor(e^10 ln E)"                                        \
    }

static const struct format formats[ENERGYCODES] = {
    { "caloq", { 24, 14, 19 }, 10.0, E10, AS_PUBLISHED },
    { "old", { 20, 20, 20 }, 10.0, E10, AS_PUBLISHED },
    { "new45", { 15, 15, 15 }, 10.0, E10, AS_PUBLISHED },
    { "refactored53",
      { 19, 17, 17 },
      40000.0,
      1e4,
      { "floor(E)", "floor(200 sqrt(E))", "floor(10^4 ln E)" } },
};

const char *energycode_name(enum energycode code)
{
    return formats[code].name;
}

int energycode_named(const char *name)
{
    for (int i = 0; i < ENERGYCODES; i++)
        if (strcmp(formats[i].name, name) == 0) return i;
    return -1;
}

int energycode_bits(enum energycode code)
{
    const int *b = formats[code].bits;

    return b[LINEAR] + b[ROOT] + b[LOG];
}

int energycode_fits(enum energycode code, int n, struct err *e)
{
    if (n >= energycode_bits(code)) return 0;
    return err_set(e, "rbm.nodes: partition 0 has %d units, the energy code %s needs at least %d",
                   n, formats[code].name, energycode_bits(code));
}

int energycode_range(double E, struct err *e)
{
    if (E >= least && E <= most) return 0;
    return err_set(e, "incident energy %g MeV: expected 1 MeV to 10 TeV", E);
}

/* What a field holds the whole part of, and its inverse. */
static double number(const struct format *f, int field, double E)
{
    return field == LINEAR ? E : field == ROOT ? sqrt(f->square * E) : f->log_scale * log(E);
}

static double energy_of(const struct format *f, int field, double x)
{
    return field == LINEAR ? x : field == ROOT ? x * x / f->square : exp(x / f->log_scale);
}

static double span(const struct format *f, int field)
{
    return (double)((uint64_t)1 << f->bits[field]);
}

double energycode_alias(enum energycode code, char *text, size_t n)
{
    const struct format *f = &formats[code];
    double first = INFINITY;
    size_t at = 0;

    if (n > 0) text[0] = '\0';
    for (int k = 0; k < FIELDS; k++) {
        double from = energy_of(f, k, span(f, k));
        if (from > most) continue;
        if (from < first) first = from;
        if (at < n)
            at += (size_t)snprintf(text + at, n - at, "%s%s from %.6g MeV", at > 0 ? ", " : "",
                                   f->text[k], from);
    }
    return first;
}

static uint64_t word_of(const struct format *f, double E)
{
    uint64_t word = 0;

    for (int k = FIELDS - 1; k >= 0; k--)
        word = word << f->bits[k] | ((uint64_t)number(f, k, E) & (((uint64_t)1 << f->bits[k]) - 1));
    return word;
}

void energycode_encode(enum energycode code, float *bits, int n, double E)
{
    if (!(E >= least && E <= most)) die("energy code of %g MeV", E);
    uint64_t word = word_of(&formats[code], E);
    int each = energycode_bits(code), used = n / each * each;

    for (int i = 0; i < n; i++) bits[i] = i < used && (word >> i % each & 1) ? 1.0f : 0.0f;
}

/* What fields say of an energy: low <= E < high, several times over when they alias. */
struct search {
    const struct format *f;
    double field[FIELDS]; /* the numbers read */
    int found;
    double E, other; /* the first two */
};

static void found(struct search *s, double low, double high)
{
    double E = 0.5 * (low + high);

    if (s->found > 0 && fabs(E - s->E) <= high - low) return; /* the same, by its slack */
    if (s->found == 0) s->E = E;
    if (s->found == 1) s->other = E;
    s->found++;
}

/* Go through the energies in [low, high) that agree with field k and those behind it. A hair of
 * slack is for the roundings of sqrt and log. */
static void narrow(struct search *s, int k, double low, double high)
{
    const double slack = k == LINEAR ? 0.0 : 1e-9;

    if (low > high) return;
    if (k == FIELDS) {
        found(s, low, high);
        return;
    }
    double turn = span(s->f, k), x = s->field[k];
    x += fmax(floor((number(s->f, k, low) - 1.0 - x) / turn), 0.0) * turn;
    for (; energy_of(s->f, k, x) * (1.0 - slack) <= high; x += turn)
        narrow(s, k + 1, fmax(low, energy_of(s->f, k, x) * (1.0 - slack)),
               fmin(high, energy_of(s->f, k, x + 1.0) * (1.0 + slack)));
}

/* The word by majority, as its three numbers. */
static void read_fields(struct search *s, const float *bits, int n, int each)
{
    int times = n / each, at = 0;

    for (int k = 0; k < FIELDS; k++)
        for (int b = 0; b < s->f->bits[k]; b++, at++) {
            int votes = 0;
            for (int t = 0; t < times; t++) votes += bits[t * each + at] > 0.5f;
            if (2 * votes >= times) s->field[k] += (double)((uint64_t)1 << b);
        }
}

int energycode_decode(enum energycode code, double *E, const float *bits, int n, struct err *e)
{
    struct search s = { .f = &formats[code] };

    if (energycode_fits(code, n, e)) return -1;
    read_fields(&s, bits, n, energycode_bits(code));
    narrow(&s, 0, least, most * (1.0 + 1e-9));
    *E = s.E;
    if (s.found == 1) return 0;
    if (s.found > 1)
        return err_set(e,
                       "the bits of partition 0 are the energy code %s of %.6g MeV and of %.6g MeV",
                       s.f->name, s.E, s.other);
    return err_set(e,
                   "the bits of partition 0 are no energy code %s: %s = %.0f, %s = %.0f and %s = "
                   "%.0f contradict each other",
                   s.f->name, s.f->text[LINEAR], s.field[LINEAR], s.f->text[ROOT], s.field[ROOT],
                   s.f->text[LOG], s.field[LOG]);
}
