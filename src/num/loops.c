#include "num/loops.h"

#include "num/kern.h"

extern const struct loops loops_base;
#ifdef __x86_64__
extern const struct loops loops_v3, loops_v4, loops_v4x;
#endif

const struct loops *loops_at(int i)
{
#ifdef __x86_64__
    static const struct loops *const list[] = { &loops_base, &loops_v3, &loops_v4, &loops_v4x };
#else
    static const struct loops *const list[] = { &loops_base };
#endif

    if (i < 0 || i >= kern_count()) die("loops %d of %d", i, kern_count());
    return list[i];
}

const struct loops *loops_best(void)
{
    return loops_at(kern_count() - 1);
}
