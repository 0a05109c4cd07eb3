#include "vae/site.h"

#include <stdio.h>

static void add(struct site_sizes *s, const char *name, int n)
{
    s->size[s->n++] = (struct layer_size){ name, n };
}

void site_sizes(struct site_sizes *s, const struct site *site, int bits, int logits)
{
    if (site->partitions > SITE_PARTITIONS) die("a model of %d partitions", site->partitions);
    s->n = 0;
    add(s, "voxels", site->voxels);
    add(s, "bits", bits);
    add(s, "partitions", site->partitions);
    add(s, "conditions", 1 + site->others);
    if (logits > 0) add(s, "logits", logits);
    for (int k = 0; k < site->partitions; k++) {
        snprintf(s->name[k], sizeof s->name[k], "p%u", (unsigned)k % 100u);
        add(s, s->name[k], site->nodes[k]);
    }
}
