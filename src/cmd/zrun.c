#include "cmd/zrun.h"

#include "base/mem.h"
#include "cmd/zstarts.h"

static void set_out(struct zrun *z, int d)
{
    const struct zsubject *s = z->s;
    const struct zplan *p = z->plan;
    struct block tiles = ztiles_numbers(&z->tiles);

    ais_init(&z->ais[d], s->m, s->kern, tiles, d == ZRUN_DOWN, z->path->K, z->path->beta, p->sweeps,
             z->path->base, z->start, s->r->seed);
    ais_marginal(&z->ais[d], s->m, p->marginal);
    if (p->traced) {
        trace_init(&z->trace[d], tiles.count, z->path->K, z->live);
        z->ais[d].trace = &z->trace[d];
    }
    if (p->method == ZMETHOD_RAISE) ais_raise(&z->ais[d], s->m, s->kern);
    if (p->method == ZMETHOD_POPULATION)
        population_init(&z->population, &z->ais[d], p->island, z->live);
}

int zrun_init(struct zrun *z, const struct zsubject *s, const struct zplan *plan,
              const struct zpath *path, int64_t first, int64_t chains, struct err *e)
{
    const struct par *P = s->r->P;

    *z = (struct zrun){ .s = s, .plan = plan, .path = path };
    if (ztiles_of(&z->tiles, s->Q, plan->island, first, chains, P->rank, P->size, e)) return -1;
    int64_t mine = z->tiles.mine.count;
    z->live = mem_take(mine, sizeof *z->live);
    z->start = mem_take(s->m->T.N * mine, sizeof *z->start);
    for (int64_t i = 0; i < mine; i++) z->live[i] = ztiles_live(&z->tiles, z->tiles.mine.first + i);
    if (zstarts_fill(z->start, &z->tiles, s, plan, path->base, e)) return -1;
    if (plan->up) set_out(z, ZRUN_UP);
    if (plan->down) set_out(z, ZRUN_DOWN);
    return 0;
}

void zrun_free(struct zrun *z)
{
    for (int d = 0; d < ZRUN_DIRECTIONS; d++) {
        ais_free(&z->ais[d]);
        trace_free(&z->trace[d]);
    }
    population_free(&z->population);
    mem_free(z->live);
    mem_free(z->start);
    *z = (struct zrun){ 0 };
}

int zrun_walks(const struct zrun *z, int direction)
{
    return direction == ZRUN_UP ? z->plan->up : z->plan->down;
}

int64_t zrun_left(const struct zrun *z)
{
    int64_t left = 0;

    for (int d = 0; d < ZRUN_DIRECTIONS; d++)
        if (zrun_walks(z, d)) left += z->path->K - z->ais[d].step;
    return left;
}

static void advance(struct zrun *z, int d, int steps)
{
    const struct zsubject *s = z->s;
    int left = z->path->K - z->ais[d].step;

    if (z->plan->method != ZMETHOD_POPULATION) {
        ais_advance(&z->ais[d], s->m, s->kern, steps);
        return;
    }
    for (int i = 0; i < steps && left > 0; i++) {
        left = ais_advance(&z->ais[d], s->m, s->kern, 1);
        population_step(&z->population, &z->ais[d], s->m->T.N);
    }
    if (left == 0) population_end(&z->population, &z->ais[d]);
}

void zrun_advance(struct zrun *z, int steps)
{
    for (int d = 0; d < ZRUN_DIRECTIONS; d++)
        if (zrun_walks(z, d) && z->ais[d].step < z->path->K) {
            advance(z, d, steps);
            return;
        }
}
