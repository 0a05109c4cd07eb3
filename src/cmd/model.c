#include "cmd/model.h"

#include "base/mem.h"
#include "base/yaml.h"
#include "cmd/clamp.h"
#include "cmd/columns.h"
#include "cmd/rbmfile.h"
#include "cmd/rbmsfile.h"
#include "cmd/wiring.h"
#include "io/ckpt.h"
#include "vae/architecture.h"

#include <string.h>

void model_condition(const struct model *m, const double *energy, int64_t n, uint8_t *bytes)
{
    int n0 = m->rbm.held;
    float *bits = mem_take(n0, sizeof *bits);

    for (int64_t i = 0; i < n; i++) {
        energycode_encode(m->code, bits, n0, energy[i]);
        for (int j = 0; j < n0; j++) bytes[i * n0 + j] = bits[j] > 0.5f;
    }
    mem_free(bits);
}

void model_aliases(const struct model *m, struct log *l, const char *what, const double *energy,
                   int64_t n)
{
    char text[256];
    double from = energycode_alias(m->code, text, sizeof text);
    int64_t above = 0;

    for (int64_t i = 0; i < n; i++) above += energy[i] >= from;
    if (above > 0)
        log_warn(l,
                 "%s: %lld of %lld energies are at %.6g MeV or above, where the energy code %s "
                 "begins to alias: %s",
                 what, (long long)above, (long long)n, from, energycode_name(m->code), text);
}

int model_conditional(const struct model *m, struct err *e)
{
    if (rbm_clamped(&m->rbm) != 0)
        return err_set(e,
                       "%s: no partition is clamped to the incident energy, expected partition 0",
                       m->path != NULL ? m->path : "the model");
    return energycode_fits(m->code, m->rbm.T.size[0], e);
}

int model_read_code(const struct h5 *f, const char *group, enum energycode *code, struct err *e)
{
    char name[32] = "";
    struct err none = { "" };

    h5_get_text(f, group, "energy_code", name, (int)sizeof name, &none);
    int found = name[0] == '\0' ? ENERGYCODE_CALOQ : energycode_named(name);
    if (found < 0) return err_set(e, "%s: energy code \"%s\" is not known", f->path, name);
    *code = (enum energycode)found;
    return 0;
}

int model_other_code(const char *path, enum energycode there, enum energycode here, struct err *e)
{
    return err_set(e, "%s: its energies are in the code %s, this config's model.energy_code is %s",
                   path, energycode_name(there), energycode_name(here));
}

/* rbm.file: the machine of a checkpoint, run or RBM file in place of a random start. */
static int start_from(struct rbm *m, enum energycode code, const struct run *r, const char *path,
                      struct err *e)
{
    struct rbm from = { 0 };
    enum energycode its = code;
    struct h5 f;

    if (ckpt_open_any(&f, r->P, path, e)) return -1;
    const char *group = h5_has(&f, "rbm") ? "/rbm" : "/";
    int bad = rbmsfile_is(&f)
                  ? rbmsfile_read(&f, &from, e)
                  : rbmfile_read(&f, group, &from, e) || model_read_code(&f, group, &its, e);
    if (!bad && its != code) bad = model_other_code(f.path, its, code, e);
    h5_close(&f);
    if (bad) {
        rbm_free(&from);
        return -1;
    }
    if (!topology_same(&from.T, &m->T))
        bad = err_set(e,
                      "%s: its machine has %d units and %lld couplings, expected the %d and %lld "
                      "of this config, in the same places",
                      path, from.T.N, (long long)from.T.M, m->T.N, (long long)m->T.M);
    else
        memcpy(m->param, from.param, (size_t)m->table.total * sizeof *m->param);
    rbm_free(&from);
    rbm_prepare(m);
    return bad;
}

static int make_rbm(struct rbm *m, enum energycode code, const struct run *r, struct err *e)
{
    const struct conf *c = r->conf;
    const char *file = conf_text(c, "rbm.file");
    struct wiring w;

    if (wiring_make(&w, r, e)) return -1;
    uint8_t *which = mem_take(w.T.N, 1);
    if (clamp_asked(which, &w.T, c, e)) {
        mem_free(which);
        wiring_free(&w);
        return -1;
    }
    if (w.chip.Q > 0)
        log_say((struct log *)&r->log,
                "%s %s: the %d units keep %lld couplers (%lld nearest the centre, %d swaps)",
                conf_text(c, "rbm.topology"), conf_text(c, "rbm.chip"), w.T.N,
                (long long)w.found.after, (long long)w.found.before, w.found.swaps);
    rbm_init(m, &w.T, -1);
    rbm_hold(m, which);
    mem_free(which);
    rbm_random(m, conf_real(c, "rbm.weight_std"), r->seed);
    if (w.weight != NULL) memcpy(m->weight, w.weight, (size_t)m->T.M * sizeof *w.weight);
    if (w.bias != NULL) memcpy(m->bias, w.bias, (size_t)m->T.N * sizeof *w.bias);
    wiring_free(&w);
    rbm_prepare(m);
    return file[0] != '\0' ? start_from(m, code, r, file, e) : 0;
}

int model_networks(struct model *m, char *architecture, const char *architecture_name,
                   char *geometry, const char *geometry_name, int batch, uint64_t seed,
                   struct err *e)
{
    struct yaml *tree;

    m->architecture = architecture;
    m->geometry = geometry;
    if (geom_parse(&m->geom, geometry, geometry_name, e)) return -1;
    if (model_conditional(m, e)) return -1;
    if ((tree = yaml_parse(architecture, architecture_name, e)) == NULL) return -1;
    struct vae_sizes sizes = { m->geom.voxels, m->rbm.T.K, m->rbm.T.size, batch,
                               m->code,        m->others,  m->other };
    int bad = vae_init(&m->vae, tree, architecture_name, &sizes, seed, e);
    yaml_drop(tree);
    m->networks = !bad;
    return bad;
}

/* The output `spread` takes network units for logarithms of energies. */
static int check_units(const struct model *m, const struct conf *c, struct err *e)
{
    const int standard = conf_flag(c, "data.standardise");

    if (m->vae.decoder.net.outputs < 3 || (!standard && m->transform.kind != TRANSFORM_GEV))
        return 0;
    return err_set(e,
                   "%s: %s is %s, but the decoder in %s has the output spread, which wants "
                   "logarithms; take an architecture without it",
                   conf_origin(c, standard ? "data.standardise" : "data.transform"),
                   standard ? "data.standardise" : "data.transform", standard ? "true" : "gev",
                   conf_text(c, "model.architecture"));
}

static char *read_text(const void *ctx, const char *path, struct err *e)
{
    return run_text(ctx, path, e);
}

char *model_architecture(const struct run *r, const char *path, double width, struct err *e)
{
    return architecture_read(path, width, &(struct architecture_reader){ read_text, r->P }, e);
}

static void set_codes(struct model *m, const struct conf *c)
{
    m->code = (enum energycode)conf_choice(c, "model.energy_code");
    m->transform = transform_logit();
    m->transform.kind = (enum transform_kind)conf_choice(c, "data.transform");
    if (m->transform.kind == TRANSFORM_LOG1P) m->transform.r = conf_real(c, "data.log1p");
}

int model_add_networks(struct model *m, const struct run *r, int batch, struct err *e)
{
    const char *architecture = conf_text(r->conf, "model.architecture");
    const char *geometry = conf_text(r->conf, "data.geometry");
    char *a = model_architecture(r, architecture, conf_real(r->conf, "model.width"), e);
    char *g = a == NULL ? NULL : run_text(r->P, geometry, e);

    if (g == NULL) {
        mem_free(a);
        return -1;
    }
    set_codes(m, r->conf);
    if ((m->others = columns_asked(m->other, r->conf, e)) < 0) {
        mem_free(a);
        mem_free(g);
        return -1;
    }
    if (model_networks(m, a, architecture, g, geometry, batch, r->seed, e)) return -1;
    if (conf_flag(r->conf, "data.threshold")) m->transform.threshold = m->geom.threshold;
    return check_units(m, r->conf, e);
}

int model_build(struct model *m, const struct run *r, int networks, int batch, struct err *e)
{
    *m = (struct model){ 0 };
    set_codes(m, r->conf);
    int bad = make_rbm(&m->rbm, m->code, r, e) || (networks && model_add_networks(m, r, batch, e));
    if (bad) model_free(m);
    return bad ? -1 : 0;
}

void model_free(struct model *m)
{
    vae_free(&m->vae);
    rbm_free(&m->rbm);
    geom_free(&m->geom);
    standard_free(&m->standard);
    mem_free(m->architecture);
    mem_free(m->geometry);
    mem_free(m->path);
    *m = (struct model){ 0 };
}
