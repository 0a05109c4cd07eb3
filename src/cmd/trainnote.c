#include "cmd/trainnote.h"

#include "cmd/zgauge.h"
#include "rbm/spectrum.h"

#include <math.h>
#include <string.h>

enum { SPECTRUM_MOST = 2048 }; /* units a side of a block whose singular values are worked out */

/* How far the couplings of each pair of partitions have come: a list, by pairs 01, 02, ..., 12. */
static void spectrum(const struct trainer *t, struct json *line)
{
    const struct rbm *m = &t->model.rbm;
    struct json *list = json_list();
    int n = 0;

    for (int a = 0; a < m->T.K; a++)
        for (int b = a + 1; b < m->T.K && t->r->P->rank == 0; b++) {
            if (m->T.size[a] > SPECTRUM_MOST || m->T.size[b] > SPECTRUM_MOST) continue;
            json_add_real(list, spectrum_largest(m, a, b));
            n++;
        }
    if (n > 0)
        json_put(line, "weight_singular", list);
    else
        json_drop(list);
}

int trainnote(struct trainer *t, const char *phase, const double *term, double rate, double norm,
              struct err *e)
{
    enum train_mode mode = trainer_phase(t)->mode;
    struct json *line = metrics_line(&t->metrics, t->step, trainer_epoch(t), phase);
    double loss = 0.0;

    for (int i = 0; i < LOSS_TERMS && mode != TRAIN_RBM; i++) {
        if (mode == TRAIN_AE && (i == LOSS_POSITIVE || i == LOSS_NEGATIVE)) continue;
        if (i >= LOSS_LOGIT && !weights_any(&t->weights, i)) continue; /* not worked out */
        json_put_real(line, loss_name(i), term[i]);
        loss += t->loss.weight[i] * term[i];
    }
    if (mode != TRAIN_RBM) json_put_real(line, "loss", loss);
    if (strcmp(phase, "validation") == 0) validator_put(&t->validator, line);
    if (strcmp(phase, "validation") != 0) {
        if (mode != TRAIN_RBM) {
            json_put_real(line, "beta", trainer_beta(t));
            json_put_real(line, "learning_rate", rate);
            json_put_real(line, "gradient_norm", norm);
            adversary_put(&t->adversary, line);
        }
        if (mode != TRAIN_AE) {
            json_put_real(line, "energy_data", t->prior.energy_data);
            json_put_real(line, "energy_chains", t->prior.energy_chains);
            json_put_real(line, "rbm_gradient_norm", t->prior.norm);
            json_put_int(line, "rbm_sweeps", t->prior.sweeps);
            json_put_real(line, "rbm_learning_rate", t->prior.rate);
        }
        if (mode != TRAIN_AE) course_put(&t->prior.course, line);
        if (mode != TRAIN_AE && t->prior.method == METHOD_ANNEALER) errand_put(&t->courier.x, line);
        if (mode == TRAIN_RBM) gauge_put(&t->gauge, line);
        if (mode == TRAIN_RBM && t->prior.course.tiles > 0 && t->prior.closed)
            json_put_real(line, "log_likelihood", -t->gauge.free_energy - t->prior.course.now.logz);
        if (t->seconds > 0.0)
            json_put_real(line, "showers_per_second", (double)t->showers / t->seconds);
    }
    if (strcmp(phase, "validation") != 0 && mode != TRAIN_AE && t->fit.index == 0)
        spectrum(t, line);
    return metrics_write(&t->metrics, line, e);
}

/* E_q ln q of the posterior, the mean over the batch at hand: exact, of its logits. Collective. */
static double posterior(const struct trainer *t)
{
    const struct vae *v = &t->model.vae;
    struct loss_options o = { .exact_entropy = 1 };
    double sum[LOSS_TERMS] = { 0.0 };
    int n = (int)t->feed.mine.count;

    loss_entropy(sum, NULL, NULL, t->logit != NULL ? t->logit : v->logit, v->z, n, v->F, v->L, &o);
    double both[] = { sum[LOSS_ENTROPY], n };
    par_sum(t->r->P, both, 2);
    return both[0] / both[1];
}

int trainnote_logz(struct trainer *t, struct err *e)
{
    int64_t every = conf_int(t->r->conf, "training.logz_every"), epoch = trainer_epoch(t);

    if (every == 0 || epoch % every != 0 || trainer_phase(t)->mode == TRAIN_AE) return 0;
    struct json *line = metrics_line(&t->metrics, t->step, epoch, "logz");
    double likelihood;
    if (zgauge_put(line, t->r, &t->prior, &likelihood, e)) {
        json_drop(line);
        return -1;
    }
    if (!t->feed.bits && !isnan(likelihood)) /* E_q ln q - E_q ln p, of the batch at hand */
        json_put_real(line, "kl", posterior(t) - likelihood);
    return metrics_write(&t->metrics, line, e);
}
