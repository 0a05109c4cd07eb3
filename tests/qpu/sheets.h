/* Kinetic devices for tests: a data sheet of configs/devices, opened with some noise. */
#ifndef TESTS_QPU_SHEETS_H
#define TESTS_QPU_SHEETS_H

#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "qpu/device.h"

#include <stdio.h>

static inline char *sheet_text(const char *name)
{
    struct err e = { "" };
    char path[200];

    snprintf(path, sizeof path, "configs/devices/%s.yaml", name);
    char *text = file_slurp(path, 1 << 20, NULL, &e);
    if (text == NULL) fail_msg("%s", e.text);
    return text;
}

/* From a text; the caller frees the device. */
static inline void sheet_open_text(struct device *d, const char *text, unsigned noise,
                                   double resolution)
{
    struct device_keys k = { .kind = DEVICE_KINETIC,
                             .text = text,
                             .file = "sheet",
                             .noise = noise,
                             .resolution = resolution,
                             .seed = 7,
                             .kern = kern_best() };
    struct err e = { "" };

    if (device_open(d, &k, &e)) fail_msg("%s", e.text);
}

static inline void sheet_open(struct device *d, const char *name, unsigned noise)
{
    char *text = sheet_text(name);

    sheet_open_text(d, text, noise, 0.0);
    mem_free(text);
}

#endif
