#include "cmd/adversary.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/yaml.h"

#include <math.h>
#include <string.h>

static int build(struct adversary *a, const struct run *r, const struct model *m, int batch,
                 const char *path, struct err *e)
{
    struct yaml *list = yaml_parse(a->text, path, e);
    struct critic_plan p = { list, path, m->vae.V, batch, conf_real(r->conf, "model.width") };
    int bad = list == NULL || critic_init(&a->c, &p, r->seed, e);

    yaml_drop(list);
    return bad ? -1 : 0;
}

int adversary_init(struct adversary *a, const struct run *r, const struct model *m, int batch,
                   struct err *e)
{
    const struct conf *c = r->conf;
    const char *path = conf_text(c, "model.critic");
    struct optim_options o = optim_default();

    *a = (struct adversary){ .seed = r->seed };
    if (path[0] == '\0' || !m->networks) return 0;
    if (!conf_flag(c, "training.mask"))
        return err_set(e, "%s: model.critic wants training.mask: true",
                       conf_origin(c, "training.mask"));
    a->weight = conf_real(c, "training.critic_weight");
    a->penalty = conf_real(c, "training.critic_penalty");
    if ((a->text = run_text(r->P, path, e)) == NULL) return -1;
    if (build(a, r, m, batch, path, e)) return -1;
    o.rate = conf_real(c, "training.critic_rate");
    o.beta1 = 0.0; /* as Gulrajani et al.: what it should tell apart moves */
    o.beta2 = 0.9;
    optim_init(&a->optim, &o, &a->c.T);
    a->made = mem_take(2 * (int64_t)batch * a->c.n, sizeof *a->made);
    a->mix = mem_take(batch, sizeof *a->mix);
    a->whole = mem_take(a->c.T.total + ADVERSARY_SUMS, sizeof *a->whole);
    a->on = 1;
    log_say((struct log *)&r->log, "critic: %lld parameters", (long long)a->c.T.parameters);
    return 0;
}

void adversary_free(struct adversary *a)
{
    critic_free(&a->c);
    optim_free(&a->optim);
    mem_free(a->text);
    mem_free(a->made);
    mem_free(a->mix);
    mem_free(a->whole);
    *a = (struct adversary){ 0 };
}

/* Told of one part's showers: the critic learns, and da hears of - weight f(v). */
static void hear(void *ctx, const struct vae *v, const struct vae_batch *b, float *da)
{
    struct adversary *a = ctx;
    const float *x = decoder_activations(&v->decoder);
    float slope = (float)v->slope, *dv = a->made + (int64_t)a->c.batch * a->c.n;
    int64_t n = (int64_t)b->B * a->c.n;
    double out[2] = { 0.0 };

    if (b->B == 0) return;
    for (int64_t i = 0; i < n; i++)
        a->made[i] = b->u[i] > 0.0f ? (x[i] > 0.0f ? x[i] : slope * x[i]) : 0.0f;
    for (int i = 0; i < b->B; i++) {
        struct rng r = rng_at(a->seed, RNG_CRITIC, b->item[i], b->step);
        a->mix[i] = rng_float(&r);
    }
    memset(dv, 0, (size_t)n * sizeof *dv);
    a->sum[ADVERSARY_SCORE] -= critic_score(&a->c, a->made, v->t, b->B, -a->weight, dv);
    for (int64_t i = 0; i < n; i++)
        if (b->u[i] > 0.0f) da[i] += dv[i] * (x[i] > 0.0f ? 1.0f : slope);
    critic_learn(&a->c, b->u, a->made, v->t, a->mix, b->B, a->penalty, out);
    a->sum[ADVERSARY_GAP] -= out[0];
    a->sum[ADVERSARY_PENALTY] += out[1];
}

void adversary_join(struct adversary *a, struct vae *v, int on)
{
    v->extra = (struct vae_extra){ a->on && on ? hear : NULL, a };
}

void adversary_step(struct adversary *a, const struct par *P, int64_t showers)
{
    int64_t n = a->c.T.total;

    if (!a->on || showers < 1) return;
    for (int64_t i = 0; i < n; i++) a->whole[i] = (double)a->c.grad[i];
    memcpy(a->whole + n, a->sum, sizeof a->sum);
    par_sum(P, a->whole, (int)n + ADVERSARY_SUMS);
    for (int64_t i = 0; i < n; i++) a->c.grad[i] = (float)a->whole[i];
    for (int k = 0; k < ADVERSARY_SUMS; k++) a->last[k] = a->whole[n + k] / (double)showers;
    optim_step(&a->optim, a->c.params, a->c.grad, 1.0 / (double)showers);
    memset(a->c.grad, 0, (size_t)n * sizeof *a->c.grad);
    memset(a->sum, 0, sizeof a->sum);
}

void adversary_put(const struct adversary *a, struct json *line)
{
    if (!a->on) return;
    json_put_real(line, "adversarial", a->last[ADVERSARY_SCORE]);
    json_put_real(line, "critic_gap", a->last[ADVERSARY_GAP]);
    json_put_real(line, "critic_penalty", a->last[ADVERSARY_PENALTY]);
}

int adversary_write(const struct adversary *a, struct h5 *f, struct err *e)
{
    struct h5_shape p = { 1, { a->c.T.total }, H5_FLOAT },
                    s = { 1, { a->optim.state_n }, H5_FLOAT };

    if (!a->on) return 0;
    return h5_write_text(f, "critic/architecture", a->text, "layers, YAML", e) ||
                   h5_write_all(f, "critic/parameters", &p, a->c.params, "1", "flat buffer", e) ||
                   h5_write_all(f, "critic/state", &s, a->optim.state, "1", "moments", e) ||
                   h5_put_int(f, "critic", "step", a->optim.step, e)
               ? -1
               : 0;
}

int adversary_read(struct adversary *a, const struct h5 *f, struct err *e)
{
    char *text = NULL;

    if (!a->on) return 0;
    int bad = h5_read_text(f, "critic/architecture", &text, e);
    if (!bad && strcmp(text, a->text) != 0)
        bad = err_set(e,
                      "%s: model.critic is not the one that it was made with; take another run.dir",
                      f->path);
    mem_free(text);
    return bad || h5_read_all(f, "critic/parameters", H5_FLOAT, a->c.params, e) ||
                   h5_read_all(f, "critic/state", H5_FLOAT, a->optim.state, e) ||
                   h5_get_int(f, "critic", "step", &a->optim.step, e)
               ? -1
               : 0;
}
