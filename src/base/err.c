#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void (*on_die)(void);

int err_set(struct err *e, const char *format, ...)
{
    va_list args;

    if (err_is(e)) return -1;
    va_start(args, format);
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    if (e->text[0] == '\0') snprintf(e->text, sizeof e->text, "unknown error");
    return -1;
}

int err_within(struct err *e, const char *format, ...)
{
    char tail[ERR_TEXT];
    va_list args;

    if (!err_is(e)) return -1;
    snprintf(tail, sizeof tail, "%s", e->text);
    va_start(args, format);
    int n = vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    size_t used = n < 0 ? 0 : (size_t)n < sizeof e->text ? (size_t)n : sizeof e->text - 1;
    size_t room = sizeof e->text - used;
    if (snprintf(e->text + used, room, ": %s", tail) < 0) e->text[used] = '\0';
    return -1;
}

int err_is(const struct err *e)
{
    return e->text[0] != '\0';
}

void die(const char *format, ...)
{
    va_list args;

    fputs("caloq: bug: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    fflush(stderr);
    if (on_die != NULL) on_die();
    abort();
}

void err_on_die(void (*hook)(void))
{
    on_die = hook;
}
