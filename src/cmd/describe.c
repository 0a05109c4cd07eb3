#include "cmd/describe.h"

#include "base/mem.h"

#include <stdio.h>
#include <sys/resource.h>

static void say_graph(struct log *log, const struct graph *g, const struct tensors *T)
{
    char shape[48];

    for (int i = 0; i < g->layers; i++) {
        const struct layer *l = &g->layer[i];
        log_say(log, "  line %3d %-18s %-12s %-22s %11lld parameters %9.4f GFLOP", l->line,
                l->kind->name, l->name, layer_shape(l->to, shape),
                (long long)graph_layer_parameters(g, i, T), 1e-9 * graph_layer_flops(g, i, 1));
    }
}

void describe_networks(struct run *r, const struct model *m)
{
    const struct vae *v = &m->vae;
    double sum = 1e-9 * vae_flops_training(v);

    for (int l = 0; l <= v->encoder.levels; l++) {
        const struct graph *g = l < v->encoder.levels ? &v->encoder.level[l] : &v->decoder.net;
        char name[32];
        snprintf(name, sizeof name, l < v->encoder.levels ? "encoder level %d" : "decoder", l);
        log_say(&r->log, "%s: %lld parameters, %.4f GFLOP a shower and step", name,
                (long long)graph_parameters(g, &v->T), 1e-9 * graph_flops(g, 1));
        if (l == 0 || l == v->encoder.levels) say_graph(&r->log, g, &v->T);
    }
    log_say(&r->log, "networks: %lld parameters, %.4f GFLOP a shower and step",
            (long long)v->T.parameters, sum);
    json_put_real(r->result, "gflop_per_shower", sum);
}

int64_t describe_peak(void)
{
    struct rusage use;

    return getrusage(RUSAGE_SELF, &use) == 0 ? (int64_t)use.ru_maxrss * 1024 : 0;
}

/* Gigabytes of all ranks together, what they share counted once. */
static double together(const struct run *r, int64_t all, int64_t seen)
{
    return 1e-9 * (double)par_sum_one(r->P, all - seen);
}

struct footprint describe_prediction(struct run *r, int64_t peak, int64_t taken,
                                     const struct nodesum *sums)
{
    int64_t own = 0, seen = sums->x != NULL ? nodesum_seen(sums, &own) : 0;
    struct footprint f = { peak + mem_bytes() - taken + own + seen, seen };
    double all = together(r, f.all, f.seen);

    log_say(&r->log,
            "memory: about %.2f GB a rank, of which the libraries have %.2f; all %d ranks %.2f",
            1e-9 * (double)f.all, 1e-9 * (double)(peak - taken), r->P->size, all);
    return f;
}

void describe_memory(struct run *r, struct footprint predicted)
{
    int64_t peak = describe_peak();
    double all = together(r, peak, predicted.seen),
           then = together(r, predicted.all, predicted.seen);

    log_say(&r->log,
            "memory: peak %.2f GB on rank 0, predicted %.2f; all %d ranks %.2f, predicted %.2f",
            1e-9 * (double)peak, 1e-9 * (double)predicted.all, r->P->size, all, then);
}
