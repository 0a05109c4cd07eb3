#include "cmd/wiring.h"

#include "base/mem.h"
#include "cmd/edgefile.h"
#include "rbm/chip.h"

#include <string.h>

/* choices of rbm.topology */
enum { WIRING_COMPLETE, WIRING_NONE, WIRING_FILE, WIRING_CHIMERA, WIRING_PEGASUS, WIRING_ZEPHYR };

static int node_sizes(const struct conf *c, int K, int *size, struct err *e)
{
    int given = conf_count(c, "rbm.nodes");

    if (given != 1 && given != K)
        return err_set(e, "rbm.nodes lists %d sizes, expected 1 or rbm.partitions = %d", given, K);
    for (int k = 0; k < K; k++) size[k] = (int)conf_int_at(c, "rbm.nodes", given == 1 ? 0 : k);
    return 0;
}

/* A qubit or a coupler, and not the name of a file? */
static int is_item(const char *text)
{
    return text[strspn(text, "0123456789- ")] == '\0';
}

/* What rbm.dead itself lists: entry i of the key in line i of a text; the caller frees. */
static char *listed(const struct conf *c)
{
    char *text = mem_text("");

    for (int i = 0; i < conf_count(c, "rbm.dead"); i++) {
        const char *entry = conf_text_at(c, "rbm.dead", i);
        char *longer = mem_print("%s%s\n", text, is_item(entry) ? entry : "");
        mem_free(text);
        text = longer;
    }
    return text;
}

static int bury(struct lattice *L, const struct run *r, struct err *e)
{
    char *text = listed(r->conf);
    int bad = chip_dead(L, text, "rbm.dead", e);

    mem_free(text);
    for (int i = 0; i < conf_count(r->conf, "rbm.dead") && !bad; i++) {
        const char *path = conf_text_at(r->conf, "rbm.dead", i);
        if (is_item(path)) continue;
        if ((text = run_text(r->P, path, e)) == NULL) return err_within(e, "rbm.dead");
        bad = chip_dead(L, text, path, e);
        mem_free(text);
    }
    return bad;
}

/* CHIP_... of rbm.topology, or a negative number. */
static int chip_kind(const struct conf *c)
{
    return (int)CHIP_CHIMERA + conf_choice(c, "rbm.topology") - WIRING_CHIMERA;
}

int wiring_is_chip(const struct conf *c)
{
    return chip_kind(c) >= 0;
}

int wiring_chip(struct wiring *w, const struct run *r, struct err *e)
{
    struct lattice *L = &w->chip;
    int kind = chip_kind(r->conf), qubits, bad;

    *w = (struct wiring){ 0 };
    if (kind < 0) return 0;
    if (chip_make(L, (enum chip_kind)kind, conf_text(r->conf, "rbm.chip"), e))
        return err_within(e, "rbm.chip");
    qubits = lattice_count(L, -1);
    bad = bury(L, r, e);
    for (int64_t m = 0; m < L->M; m++)
        w->dead[1] += L->cut[m] && L->class[L->joint[m][0]] >= 0 && L->class[L->joint[m][1]] >= 0;
    lattice_settle(L);
    w->dead[0] = qubits - lattice_count(L, -1);
    if (bad) wiring_free(w);
    return bad;
}

static int from_file(struct wiring *w, int K, const int *size, const struct run *r, struct err *e)
{
    const char *path = conf_text(r->conf, "rbm.chip");

    if (path[0] == '\0')
        return err_set(e, "rbm.chip is empty, and rbm.topology is file: expected a text file with "
                          "two unit numbers a line");
    if (conf_count(r->conf, "rbm.dead") > 0)
        return err_set(e, "rbm.dead lists what is dead on a chip, and rbm.topology is file: "
                          "expected chimera, pegasus or zephyr, or []");
    char *text = run_text(r->P, path, e);
    if (text == NULL) return -1;
    struct edgefile list;
    int bad = edgefile_parse(&list, K, size, text, path, e);
    mem_free(text);
    if (bad) return -1;
    w->T = list.T;
    w->weight = list.weight;
    w->bias = list.bias;
    list.T = (struct topology){ 0 };
    list.weight = list.bias = NULL;
    edgefile_free(&list); /* what the config says is clamped, and not the file */
    return 0;
}

int wiring_make(struct wiring *w, const struct run *r, struct err *e)
{
    int K = (int)conf_int(r->conf, "rbm.partitions"), size[TOPOLOGY_PARTITIONS];
    int kind = conf_choice(r->conf, "rbm.topology"), bad;

    *w = (struct wiring){ 0 };
    if (node_sizes(r->conf, K, size, e) || wiring_chip(w, r, e)) return -1;
    if (kind == WIRING_COMPLETE)
        bad = topology_complete(&w->T, K, size, e);
    else if (kind == WIRING_NONE)
        bad = topology_none(&w->T, K, size, e);
    else if (kind == WIRING_FILE)
        bad = from_file(w, K, size, r, e);
    else if ((bad = place_choose(&w->T, &w->chip, K, size, &w->found, e)))
        err_within(e, "rbm.nodes on %s %s", conf_text(r->conf, "rbm.topology"),
                   conf_text(r->conf, "rbm.chip"));
    if (bad) wiring_free(w);
    return bad;
}

void wiring_free(struct wiring *w)
{
    topology_free(&w->T);
    lattice_free(&w->chip);
    mem_free(w->weight);
    mem_free(w->bias);
    *w = (struct wiring){ 0 };
}
