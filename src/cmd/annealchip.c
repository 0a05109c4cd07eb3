#include "cmd/annealchip.h"

#include "base/file.h"
#include "base/mem.h"

#include <string.h>

enum { DEAD_MOST = 64 << 20 };

static const char *const KIND[] = { "chimera", "pegasus", "zephyr" }; /* enum chip_kind */

static int kind_of(const char *name)
{
    int k = 0;

    while (k < 3 && (name == NULL || strcmp(name, KIND[k]) != 0)) k++;
    return k < 3 ? k : -1;
}

/* "12,4" as chip_make takes it; the caller frees. */
static char *size_of(const struct solver *s, int kind)
{
    if (kind == CHIP_PEGASUS) return mem_print("%d", s->shape[0]);
    if (kind == CHIP_ZEPHYR)
        return s->shapes > 1 ? mem_print("%d,%d", s->shape[0], s->shape[1])
                             : mem_print("%d", s->shape[0]);
    return s->shapes > 2 ? mem_print("%d,%d,%d", s->shape[0], s->shape[1], s->shape[2])
                         : mem_print("%d", s->shape[0]);
}

/* What anneal.dead lists: a qubit, a coupler, or a file with one of them a line. */
static int bury_listed(struct lattice *L, const struct conf *c, struct err *e)
{
    for (int i = 0; i < conf_count(c, "anneal.dead"); i++) {
        const char *entry = conf_text_at(c, "anneal.dead", i);
        int item = entry[strspn(entry, "0123456789- ")] == '\0';
        char *text = item ? mem_text(entry) : file_slurp(entry, DEAD_MOST, NULL, e);
        int bad = text == NULL || chip_dead(L, text, item ? "anneal.dead" : entry, e);
        mem_free(text);
        if (bad) return -1;
    }
    return 0;
}

/* What the solver does not have is dead. */
static void bury(struct lattice *L, const struct solver *s)
{
    for (int q = 0; q < L->Q; q++)
        if (L->class[q] >= 0 && (q >= s->Q || s->place[q] < 0)) L->class[q] = LATTICE_DEAD;
    for (int64_t m = 0; m < L->M; m++)
        L->cut[m] = solver_coupler(s, L->joint[m][0], L->joint[m][1]) < 0;
}

/* Of a solver that tells, else of the keys; *size is the caller's. */
static int make(struct annealchip *c, const struct run *r, const struct solver *s, int *kind,
                char **size, struct err *e)
{
    if (s->n >= 0 && s->shapes > 0) {
        *kind = kind_of(s->topology);
        if (*kind < 0)
            return err_set(e,
                           "solver %s has the topology %s, expected chimera, pegasus or zephyr for "
                           "an embedding by construction",
                           s->name, s->topology != NULL ? s->topology : "(none)");
        *size = size_of(s, *kind);
        if (chip_make(&c->L, (enum chip_kind) * kind, *size, e)) return err_within(e, s->name);
        bury(&c->L, s);
        return 0;
    }
    *kind = conf_choice(r->conf, "anneal.topology");
    *size = mem_text(conf_text(r->conf, "anneal.chip"));
    if ((*size)[0] == '\0')
        return err_set(e,
                       "anneal.chip is empty, expected the size of a chip to embed on, such as 12");
    return chip_make(&c->L, (enum chip_kind) * kind, *size, e) ? err_within(e, "anneal.chip") : 0;
}

int annealchip_open(struct annealchip *c, const struct run *r, const struct solver *s, int local,
                    struct err *e)
{
    char *size = NULL;
    int kind = 0;

    *c = (struct annealchip){ 0 };
    int bad = make(c, r, s, &kind, &size, e) || (local && bury_listed(&c->L, r->conf, e));
    if (!bad) {
        lattice_settle(&c->L);
        vicinity_init(&c->v, &c->L);
        strands_init(&c->s, &c->v, (enum chip_kind)kind, size);
    }
    mem_free(size);
    return bad ? -1 : 0;
}

void annealchip_free(struct annealchip *c)
{
    strands_free(&c->s);
    vicinity_free(&c->v);
    lattice_free(&c->L);
}
