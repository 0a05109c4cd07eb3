#include "num/tensors.h"

#include "base/err.h"
#include "base/mem.h"

#include <string.h>

enum { ALIGN = 16 }; /* floats of a cache line */

int tensors_find(const struct tensors *T, const char *name)
{
    for (int i = 0; i < T->n; i++)
        if (strcmp(T->t[i].name, name) == 0) return i;
    return -1;
}

int tensors_add(struct tensors *T, const char *name, int dims, const int64_t *n)
{
    if (strlen(name) >= TENSOR_NAME || name[0] == '\0') die("a tensor named '%s'", name);
    if (dims < 1 || dims > TENSOR_DIMS) die("tensor '%s' of %d dimensions", name, dims);
    if (tensors_find(T, name) >= 0) die("two tensors named '%s'", name);
    if (T->n == T->room) {
        T->room = T->room > 0 ? 2 * T->room : 16;
        T->t = mem_grow(T->t, T->room, sizeof *T->t);
    }

    struct tensor *t = &T->t[T->n];
    memset(t, 0, sizeof *t);
    memcpy(t->name, name, strlen(name) + 1);
    t->dims = dims;
    t->first = T->total;
    t->count = 1;
    for (int d = 0; d < dims; d++) {
        if (n[d] < 1 || n[d] > INT64_MAX / 64 / t->count)
            die("tensor '%s': dimension %d is %lld", name, d, (long long)n[d]);
        t->n[d] = n[d];
        t->count *= n[d];
    }
    T->total += (t->count + ALIGN - 1) / ALIGN * ALIGN;
    T->parameters += t->count;
    return T->n++;
}

void tensors_fix(struct tensors *T, int i)
{
    if (T->t[i].fixed) return;
    T->t[i].fixed = 1;
    T->parameters -= T->t[i].count;
}

void tensors_free(struct tensors *T)
{
    mem_free(T->t);
    *T = (struct tensors){ 0 };
}
