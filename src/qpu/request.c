#include "qpu/request.h"

#include "base/mem.h"

#include <string.h>

/* [{"solver": ..., "data": ..., "type": "ising", "params": */
static void write_head(struct request *r, const struct solver *s)
{
    struct json *solver = json_new();

    json_put_text(solver, "name", s->name);
    if (s->graph_id != NULL) {
        struct json *version = json_new();
        json_put_text(version, "graph_id", s->graph_id);
        json_put(solver, "version", version);
    }
    char *text = json_text(solver);
    json_drop(solver);
    wire_clear(&r->head);
    wire_put(&r->head, "[{\"solver\": ");
    wire_put(&r->head, text);
    wire_put(&r->head, ", \"data\": {\"format\": \"qp\", \"lin\": \"");
    wire_put_bytes(&r->head, r->qp.lin.text, r->qp.lin.n);
    wire_put(&r->head, "\", \"quad\": \"");
    wire_put_bytes(&r->head, r->qp.quad.text, r->qp.quad.n);
    wire_put(&r->head, "\", \"offset\": 0.0}, \"type\": \"ising\", \"params\": ");
    r->hash = wire_hash(WIRE_HASH ^ r->seed, r->head.text, r->head.n);
    mem_free(text);
}

int request_init(struct request *r, int64_t number, const struct solver *s, const struct ising *g,
                 const struct params *p, int64_t reads, int64_t most, uint64_t seed, struct err *e)
{
    *r = (struct request){
        .number = number, .used = 1, .g = g, .params = p, .seed = seed, .reads = reads
    };
    if (qp_init(&r->qp, s, g, e)) {
        *r = (struct request){ 0 };
        return -1;
    }
    qp_encode(&r->qp, g);
    write_head(r, s);
    r->parts = (int)((reads + most - 1) / most);
    r->states = mem_take(reads * g->n, sizeof *r->states);
    r->energy = mem_take(reads, sizeof *r->energy);
    r->have = mem_take(r->parts, sizeof *r->have);
    return 0;
}

void request_free(struct request *r)
{
    qp_free(&r->qp);
    wire_free(&r->head);
    wire_free(&r->body);
    mem_free(r->states);
    mem_free(r->energy);
    mem_free(r->have);
    *r = (struct request){ 0 };
}

int request_reads(const struct request *r, int part, int64_t *first)
{
    int64_t each = r->reads / r->parts, more = r->reads % r->parts;

    *first = part * each + (part < more ? part : more);
    return (int)(each + (part < more));
}

uint64_t request_text(struct request *r, int part)
{
    int64_t first;
    struct json *params = params_json(r->params, request_reads(r, part, &first));
    char *text = json_text(params);

    wire_clear(&r->body);
    wire_put_bytes(&r->body, r->head.text, r->head.n);
    wire_put(&r->body, text);
    json_drop(params);
    mem_free(text);
    wire_put(&r->body, "}]\n");
    return wire_hash(r->hash, r->body.text + r->head.n, r->body.n - r->head.n);
}

void request_post(const struct request *r, const char *label, struct wire *body)
{
    wire_clear(body);
    wire_put_bytes(body, r->body.text, r->body.n - 3);
    wire_put(body, ", \"label\": \"");
    wire_put(body, label);
    wire_put(body, "\"}]");
}

int64_t request_pack(struct request *r)
{
    int64_t got = 0, first;

    for (int part = 0; part < r->parts; part++) {
        int64_t n = request_reads(r, part, &first);
        if (!r->have[part]) continue;
        memmove(r->states + got * r->g->n, r->states + first * r->g->n, (size_t)(n * r->g->n));
        memmove(r->energy + got, r->energy + first, (size_t)n * sizeof *r->energy);
        got += n;
    }
    return got;
}
