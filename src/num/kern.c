#include "num/kern.h"

#include <string.h>

extern const struct kern kern_base;
#ifdef __x86_64__
extern const struct kern kern_v3, kern_v4, kern_v4x;
#endif

enum { MOST = 4 };

static int collect(const struct kern *list[MOST])
{
    int n = 0;

    list[n++] = &kern_base;
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
        __builtin_cpu_supports("fma")) {
        list[n++] = &kern_v3;
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vl")) {
            list[n++] = &kern_v4;
            if (__builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512vbmi"))
                list[n++] = &kern_v4x;
        }
    }
#endif
    return n;
}

int kern_count(void)
{
    const struct kern *list[MOST];

    return collect(list);
}

const struct kern *kern_at(int i)
{
    const struct kern *list[MOST];
    int n = collect(list);

    if (i < 0 || i >= n) die("kernel table %d of %d", i, n);
    return list[i];
}

const struct kern *kern_best(void)
{
    return kern_at(kern_count() - 1);
}

const struct kern *kern_named(const char *name, struct err *e)
{
    if (strcmp(name, "auto") == 0) return kern_best();
    for (int i = 0; i < kern_count(); i++)
        if (strcmp(kern_at(i)->name, name) == 0) return kern_at(i);
    err_set(e, "kernels '%s': this processor has auto, base%s%s%s", name,
            kern_count() > 1 ? ", v3" : "", kern_count() > 2 ? ", v4" : "",
            kern_count() > 3 ? ", v4x" : "");
    return NULL;
}
