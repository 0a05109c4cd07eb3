#include "cmd/clamp.h"

#include <stdlib.h>
#include <string.h>

static int add_partitions(uint8_t *which, const struct topology *T, const struct conf *c,
                          struct err *e)
{
    int n = conf_count(c, "rbm.clamped");

    for (int i = 0; i < n; i++) {
        int64_t p = conf_int_at(c, "rbm.clamped", i);
        if (p == -1 && n == 1) return 0;
        if (p < 0 || p >= T->K)
            return err_set(e, "rbm.clamped is %lld, expected -1 (none) or a partition below %d",
                           (long long)p, T->K);
        memset(which + T->first[p], 1, (size_t)T->size[p]);
    }
    return 0;
}

/* "3" or "100-120"; a number behind every unit there may be is one that is not there. */
static int add_units(uint8_t *which, const struct topology *T, const char *text, struct err *e)
{
    int digits = (int)strspn(text, "0123456789");
    const char *second = text + digits + (text[digits] == '-');
    int more = (int)strspn(second, "0123456789"), range = text[digits] == '-';
    long first = strtol(text, NULL, 10), last = range ? strtol(second, NULL, 10) : first;

    if (digits == 0 || (range && more == 0) || second[range ? more : 0] != '\0' || last < first)
        return err_set(e, "rbm.clamped_units lists %s, expected a unit (3) or a range (100-120)",
                       text);
    if (last >= T->N)
        return err_set(e, "rbm.clamped_units lists %s, expected units below %d", text, T->N);
    memset(which + first, 1, (size_t)(last - first + 1));
    return 0;
}

int clamp_asked(uint8_t *which, const struct topology *T, const struct conf *c, struct err *e)
{
    if (add_partitions(which, T, c, e)) return -1;
    for (int i = 0; i < conf_count(c, "rbm.clamped_units"); i++)
        if (add_units(which, T, conf_text_at(c, "rbm.clamped_units", i), e)) return -1;
    if (memchr(which, 0, (size_t)T->N) != NULL) return 0;
    return err_set(e,
                   "rbm.clamped and rbm.clamped_units clamp all %d units, expected one or more to "
                   "be free",
                   T->N);
}
