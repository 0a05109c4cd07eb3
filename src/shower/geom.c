#include "shower/geom.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/yaml.h"

#include <math.h>
#include <string.h>

enum { MOST_LAYERS = 10000, MOST_VOXELS = 1 << 26, MOST_TEXT = 1 << 20 };

static const double pi = 3.14159265358979323846;

/* A group of equal layers as the text gives it. */
struct group {
    int64_t id, count, n_alpha;
    double thickness;
    const struct yaml *edges;
    const struct material *material;
    int line;
};

/* Every key of the map is one of `known`, which ends with NULL. */
static int only(const struct yaml *map, const char *file, const char *const *known, struct err *e)
{
    for (int i = 0; i < map->n; i++) {
        int k = 0;
        while (known[k] != NULL && strcmp(known[k], map->key[i]) != 0) k++;
        if (known[k] == NULL)
            return err_set(e, "%s:%d: unknown key '%s' in a geometry", file, map->key_line[i],
                           map->key[i]);
    }
    return 0;
}

static int text_of(const struct yaml *map, const char *key, const char *file, char **out,
                   struct err *e)
{
    const struct yaml *y = yaml_get(map, key);

    if (y == NULL || y->kind != YAML_SCALAR || y->text[0] == '\0')
        return err_set(e, "%s:%d: expected a text for '%s'", file, y == NULL ? map->line : y->line,
                       key);
    *out = mem_text(y->text);
    return 0;
}

static int real_of(const struct yaml *map, const char *key, const char *file, double least,
                   double *out, struct err *e)
{
    const struct yaml *y = yaml_get(map, key);

    if (y == NULL) return err_set(e, "%s:%d: '%s' is missing", file, map->line, key);
    if (yaml_real(y, file, out, e) != 0) return -1;
    if (*out < least)
        return err_set(e, "%s:%d: %s is %g, expected at least %g", file, y->line, key, *out, least);
    return 0;
}

static int int_of(const struct yaml *map, const char *key, const char *file, int64_t least,
                  int64_t most, int64_t *out, struct err *e)
{
    const struct yaml *y = yaml_get(map, key);

    if (y == NULL) return err_set(e, "%s:%d: '%s' is missing", file, map->line, key);
    if (yaml_int(y, file, out, e) != 0) return -1;
    if (*out < least || *out > most)
        return err_set(e, "%s:%d: %s is %lld, expected %lld to %lld", file, y->line, key,
                       (long long)*out, (long long)least, (long long)most);
    return 0;
}

static int read_group(struct group *q, const struct yaml *map, const char *file, struct err *e)
{
    static const char *const known[] = { "id",      "count",    "alpha_bins", "thickness",
                                         "r_edges", "material", NULL };

    if (map->kind != YAML_MAP)
        return err_set(e, "%s:%d: expected a layer with id, count, alpha_bins, thickness, r_edges",
                       file, map->line);
    if (only(map, file, known, e) != 0) return -1;
    q->line = map->line;
    q->count = 1;
    if (int_of(map, "id", file, 0, MOST_LAYERS, &q->id, e) != 0) return -1;
    if (yaml_get(map, "count") != NULL &&
        int_of(map, "count", file, 1, MOST_LAYERS, &q->count, e) != 0)
        return -1;
    if (int_of(map, "alpha_bins", file, 1, 1 << 16, &q->n_alpha, e) != 0) return -1;
    if (real_of(map, "thickness", file, 0.0, &q->thickness, e) != 0) return -1;
    const struct yaml *of = yaml_get(map, "material");
    q->material = material_named(of == NULL         ? "tungsten-silicon"
                                 : of->text == NULL ? ""
                                                    : of->text);
    if (q->material == NULL)
        return err_set(e, "%s:%d: expected %s for 'material'", file, of->line, material_names());
    q->edges = yaml_get(map, "r_edges");
    if (q->edges == NULL || q->edges->kind != YAML_LIST || q->edges->n < 2)
        return err_set(e, "%s:%d: expected a list of at least two numbers for 'r_edges', mm", file,
                       q->edges == NULL ? map->line : q->edges->line);
    return 0;
}

/* The rings' edges, rising from 0 or more. */
static int read_edges(double *edge, const struct yaml *list, const char *file, struct err *e)
{
    for (int i = 0; i < list->n; i++) {
        if (yaml_real(&list->entry[i], file, &edge[i], e) != 0) return -1;
        if (edge[i] < 0.0 || (i > 0 && edge[i] <= edge[i - 1]))
            return err_set(e, "%s:%d: r_edges entry %d is %g mm, expected rising numbers from 0 on",
                           file, list->entry[i].line, i + 1, edge[i]);
    }
    return 0;
}

static int add_group(struct geom *g, const struct group *q, const char *file, struct err *e)
{
    int n_r = q->edges->n - 1;

    if ((int64_t)n_r * q->n_alpha > MOST_VOXELS || g->layers + q->count > MOST_LAYERS ||
        g->voxels + q->count * n_r * q->n_alpha > MOST_VOXELS)
        return err_set(e, "%s:%d: more than %d layers or %d voxels", file, q->line, MOST_LAYERS,
                       MOST_VOXELS);
    g->layer = mem_grow(g->layer, g->layers + q->count, sizeof *g->layer);
    for (int64_t i = 0; i < q->count; i++) {
        struct geom_layer *l = &g->layer[g->layers];
        double front = g->layers == 0 ? 0.0 : l[-1].front + l[-1].thickness;
        *l = (struct geom_layer){ .id = (int)(q->id + i),
                                  .n_r = n_r,
                                  .n_alpha = (int)q->n_alpha,
                                  .first = g->voxels,
                                  .count = n_r * (int)q->n_alpha,
                                  .front = front,
                                  .thickness = q->thickness,
                                  .material = q->material,
                                  .edge = mem_take(n_r + 1, sizeof(double)) };
        g->layers++; /* from here on geom_free knows the edges */
        if (g->layers > 1 && l->id <= l[-1].id)
            return err_set(e, "%s:%d: layer id %d after %d, expected rising ids", file, q->line,
                           l->id, l[-1].id);
        if (read_edges(l->edge, q->edges, file, e) != 0) return -1;
        g->voxels += l->count;
    }
    return 0;
}

static void centres(struct geom *g)
{
    g->layer_of = mem_take(g->voxels, sizeof *g->layer_of);
    g->r = mem_take(g->voxels, sizeof *g->r);
    g->alpha = mem_take(g->voxels, sizeof *g->alpha);
    g->eta = mem_take(g->voxels, sizeof *g->eta);
    g->phi = mem_take(g->voxels, sizeof *g->phi);
    for (int l = 0; l < g->layers; l++) {
        const struct geom_layer *layer = &g->layer[l];
        for (int v = layer->first; v < layer->first + layer->count; v++) {
            int a = (v - layer->first) / layer->n_r, i = (v - layer->first) % layer->n_r;
            g->layer_of[v] = l;
            g->r[v] = 0.5 * (layer->edge[i] + layer->edge[i + 1]);
            g->alpha[v] = -pi + (a + 0.5) * 2.0 * pi / layer->n_alpha;
            g->eta[v] = g->r[v] * cos(g->alpha[v]);
            g->phi[v] = g->r[v] * sin(g->alpha[v]);
        }
    }
}

static int build(struct geom *g, const struct yaml *y, const char *file, struct err *e)
{
    static const char *const known[] = { "name", "particle", "threshold", "layers", NULL };
    struct group q = { 0 };

    if (y->kind != YAML_MAP)
        return err_set(e, "%s:%d: expected a geometry: name, particle, threshold, layers", file,
                       y->line);
    if (only(y, file, known, e) != 0) return -1;
    if (text_of(y, "name", file, &g->name, e) != 0) return -1;
    if (text_of(y, "particle", file, &g->particle, e) != 0) return -1;
    if (real_of(y, "threshold", file, 0.0, &g->threshold, e) != 0) return -1;
    const struct yaml *list = yaml_get(y, "layers");
    if (list == NULL || list->kind != YAML_LIST || list->n < 1)
        return err_set(e, "%s:%d: expected a list of layers for 'layers'", file,
                       list == NULL ? y->line : list->line);
    for (int i = 0; i < list->n; i++)
        if (read_group(&q, &list->entry[i], file, e) != 0 || add_group(g, &q, file, e) != 0)
            return -1;
    centres(g);
    return 0;
}

int geom_parse(struct geom *g, const char *text, const char *file, struct err *e)
{
    *g = (struct geom){ 0 };
    struct yaml *y = yaml_parse(text, file, e);
    if (y == NULL) return -1;
    int status = build(g, y, file, e);
    yaml_drop(y);
    if (status != 0) geom_free(g);
    return status;
}

int geom_load(struct geom *g, const struct par *P, const char *path, struct err *e)
{
    char *text = NULL;
    int64_t n = 0;

    *g = (struct geom){ 0 };
    if (P->rank == 0) text = file_slurp(path, MOST_TEXT, NULL, e);
    if (par_agree(P, e)) {
        mem_free(text);
        return -1;
    }
    if (P->rank == 0) n = (int64_t)strlen(text);
    par_bcast(P, &n, sizeof n, 0);
    if (P->rank != 0) text = mem_take(n + 1, 1);
    par_bcast(P, text, n + 1, 0);
    int status = geom_parse(g, text, path, e); /* the same text: the same verdict everywhere */
    mem_free(text);
    return status;
}

void geom_free(struct geom *g)
{
    for (int l = 0; l < g->layers; l++) mem_free(g->layer[l].edge);
    mem_free(g->layer);
    mem_free(g->name);
    mem_free(g->particle);
    mem_free(g->layer_of);
    mem_free(g->r);
    mem_free(g->alpha);
    mem_free(g->eta);
    mem_free(g->phi);
    *g = (struct geom){ 0 };
}

int geom_regular(const struct geom *g)
{
    for (int l = 1; l < g->layers; l++)
        if (g->layer[l].n_r != g->layer[0].n_r || g->layer[l].n_alpha != g->layer[0].n_alpha)
            return 0;
    return g->layers > 0;
}
