#include "cmd/annealdevice.h"

#include "base/file.h"
#include "base/mem.h"

enum { SHEET_MOST = 1 << 20 };

int annealdevice_is_local(const struct conf *c)
{
    return conf_choice(c, "anneal.backend") != ANNEAL_SAPI;
}

static int noise_of(unsigned *mask, const struct conf *c, struct err *e)
{
    *mask = 0;
    for (int i = 0; i < conf_count(c, "anneal.noise"); i++)
        if (datasheet_noise(mask, conf_text_at(c, "anneal.noise", i), e)) return -1;
    return 0;
}

int annealdevice_open(struct annealdevice *x, const struct run *r, const struct kern *k,
                      struct err *e)
{
    const struct conf *c = r->conf;
    struct device_keys keys = { .kind = DEVICE_GIBBS,
                                .beta = conf_real(c, "anneal.beta"),
                                .sweeps = (int)conf_int(c, "anneal.sweeps"),
                                .seed = r->seed,
                                .kern = k };
    char *text = NULL;
    int bad = 0;

    *x = (struct annealdevice){ 0 };
    params_init(&x->params);
    if (conf_choice(c, "anneal.backend") == ANNEAL_KINETIC) {
        keys.kind = DEVICE_KINETIC;
        keys.file = conf_text(c, "anneal.device");
        keys.chip = conf_text(c, "anneal.chip");
        keys.resolution = conf_real(c, "anneal.resolution");
        keys.text = text = file_slurp(keys.file, SHEET_MOST, NULL, e);
        bad = text == NULL || noise_of(&keys.noise, c, e);
    }
    bad = bad || device_open(&x->device, &keys, e) ||
          (keys.kind == DEVICE_KINETIC &&
           annealconf_params(&x->params, c, device_solver(&x->device), e));
    mem_free(text);
    return bad ? -1 : 0;
}

void annealdevice_free(struct annealdevice *x)
{
    device_free(&x->device);
    params_free(&x->params);
}

struct device_call annealdevice_call(const struct annealdevice *x, int64_t number, int64_t reads,
                                     int placed)
{
    return (struct device_call){
        .number = number, .reads = reads, .params = &x->params, .placed = placed
    };
}
