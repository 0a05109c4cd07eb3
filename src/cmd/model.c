#include "cmd/model.h"

#include "base/mem.h"
#include "base/yaml.h"
#include "cmd/rbmfile.h"
#include "cmd/rbmsfile.h"
#include "io/ckpt.h"
#include "vae/energycode.h"

#include <string.h>

void model_condition(const struct rbm *m, const double *energy, int64_t n, uint8_t *bytes)
{
    int n0 = m->T.size[m->clamped];
    float *bits = mem_take(n0, sizeof *bits);

    for (int64_t i = 0; i < n; i++) {
        energycode_encode(bits, n0, energy[i]);
        for (int j = 0; j < n0; j++) bytes[i * n0 + j] = bits[j] > 0.5f;
    }
    mem_free(bits);
}

int model_conditional(const struct model *m, struct err *e)
{
    if (m->rbm.clamped != 0)
        return err_set(e,
                       "%s: no partition is clamped to the incident energy, expected partition 0",
                       m->path != NULL ? m->path : "the model");
    return energycode_fits(m->rbm.T.size[0], e);
}

static int node_sizes(const struct conf *c, int K, int *size, struct err *e)
{
    int given = conf_count(c, "rbm.nodes");

    if (given != 1 && given != K)
        return err_set(e, "rbm.nodes lists %d sizes, expected 1 or rbm.partitions = %d", given, K);
    for (int k = 0; k < K; k++) size[k] = (int)conf_int_at(c, "rbm.nodes", given == 1 ? 0 : k);
    return 0;
}

enum { TOPOLOGY_IS_COMPLETE, TOPOLOGY_IS_NONE, TOPOLOGY_IS_FILE }; /* choices of rbm.topology */

static int make_topology(struct topology *T, float **weight, const struct run *r, struct err *e)
{
    const struct conf *c = r->conf;
    int K = (int)conf_int(c, "rbm.partitions"), size[TOPOLOGY_PARTITIONS];

    if (node_sizes(c, K, size, e)) return -1;
    switch (conf_choice(c, "rbm.topology")) {
    case TOPOLOGY_IS_COMPLETE:
        return topology_complete(T, K, size, e);
    case TOPOLOGY_IS_NONE:
        return topology_none(T, K, size, e);
    default:
        break;
    }
    const char *path = conf_text(c, "rbm.chip");
    char *text = run_text(r->P, path, e);
    if (text == NULL) return -1;
    int bad = topology_parse(T, K, size, text, path, weight, e);
    mem_free(text);
    return bad;
}

/* rbm.file: the machine of a checkpoint, run or RBM file in place of a random start. */
static int start_from(struct rbm *m, const struct run *r, const char *path, struct err *e)
{
    struct rbm from = { 0 };
    struct h5 f;

    if (ckpt_open_any(&f, r->P, path, e)) return -1;
    int bad = rbmsfile_is(&f) ? rbmsfile_read(&f, &from, e)
                              : rbmfile_read(&f, h5_has(&f, "rbm") ? "/rbm" : "/", &from, e);
    h5_close(&f);
    if (bad) return -1;
    if (from.T.N != m->T.N || from.T.M != m->T.M ||
        memcmp(from.T.size, m->T.size, (size_t)m->T.K * sizeof *m->T.size) != 0 ||
        memcmp(from.T.edge, m->T.edge, (size_t)m->T.M * sizeof *m->T.edge) != 0)
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

static int make_rbm(struct rbm *m, const struct run *r, struct err *e)
{
    const struct conf *c = r->conf;
    const char *file = conf_text(c, "rbm.file");
    int clamped = (int)conf_int(c, "rbm.clamped");
    struct topology T = { 0 };
    float *weight = NULL;

    if (make_topology(&T, &weight, r, e)) return -1;
    if (clamped >= T.K) {
        topology_free(&T);
        mem_free(weight);
        return err_set(e, "rbm.clamped is %d, expected -1 (none) or a partition below %d", clamped,
                       (int)conf_int(c, "rbm.partitions"));
    }
    rbm_init(m, &T, clamped);
    rbm_random(m, conf_real(c, "rbm.weight_std"), r->seed);
    if (weight != NULL) memcpy(m->weight, weight, (size_t)m->T.M * sizeof *weight);
    mem_free(weight);
    rbm_prepare(m);
    return file[0] != '\0' ? start_from(m, r, file, e) : 0;
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
    struct vae_sizes sizes = { m->geom.voxels, m->rbm.T.K, m->rbm.T.size, batch };
    int bad = vae_init(&m->vae, tree, architecture_name, &sizes, seed, e);
    yaml_drop(tree);
    m->networks = !bad;
    return bad;
}

int model_build(struct model *m, const struct run *r, int networks, int batch, struct err *e)
{
    const char *architecture = conf_text(r->conf, "model.architecture");
    const char *geometry = conf_text(r->conf, "data.geometry");
    char *a = NULL, *g = NULL;

    *m = (struct model){ .transform = transform_logit() };
    m->transform.kind = (enum transform_kind)conf_choice(r->conf, "data.transform");
    if (m->transform.kind == TRANSFORM_LOG1P) m->transform.r = 1e-3; /* CaloQVAE's r_param */
    int bad = make_rbm(&m->rbm, r, e);
    if (!bad && networks) {
        if ((a = run_text(r->P, architecture, e)) != NULL) g = run_text(r->P, geometry, e);
        bad = g == NULL;
        if (bad)
            mem_free(a);
        else
            bad = model_networks(m, a, architecture, g, geometry, batch, r->seed, e);
    }
    if (bad) model_free(m);
    return bad ? -1 : 0;
}

void model_free(struct model *m)
{
    vae_free(&m->vae);
    rbm_free(&m->rbm);
    geom_free(&m->geom);
    mem_free(m->architecture);
    mem_free(m->geometry);
    mem_free(m->path);
    *m = (struct model){ 0 };
}
