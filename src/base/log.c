#include "base/log.h"

#include "base/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

void log_init(struct log *l, int quiet)
{
    const char *term = getenv("TERM");

    *l = (struct log){ .quiet = quiet, .start = clock_now() };
    l->terminal = isatty(STDERR_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
}

int log_open(struct log *l, const char *path, struct err *e)
{
    char day[32];
    time_t now = time(NULL);
    struct tm utc;

    if (l->quiet) return 0;
    if (l->file != NULL) fclose(l->file);
    l->file = fopen(path, "a");
    if (l->file == NULL) return err_set(e, "cannot write '%s': %s", path, strerror(errno));
    if (gmtime_r(&now, &utc) != NULL && strftime(day, sizeof day, "%Y-%m-%d %H:%M:%S", &utc) > 0)
        fprintf(l->file, "--- %s UTC\n", day);
    if (fflush(l->file) == 0) return 0;
    err_set(e, "cannot write '%s': %s", path, strerror(errno));
    fclose(l->file);
    l->file = NULL;
    return -1;
}

/* A terminal's progress line makes way. */
static void clear_line(struct log *l)
{
    if (l->line_open) fputs("\r\033[K", stderr);
    l->line_open = 0;
}

void log_free(struct log *l)
{
    if (l->line_open) fputc('\n', stderr); /* the last progress stays to be read */
    if (l->file != NULL) fclose(l->file);
    *l = (struct log){ .quiet = 1 };
}

static void speak(struct log *l, const char *prefix, const char *format, va_list args)
{
    va_list again;

    if (l->quiet) return;
    va_copy(again, args);
    clear_line(l);
    fputs(prefix, stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    fflush(stderr);
    if (l->file != NULL) {
        fprintf(l->file, "[%10.2f s] %s", clock_now() - l->start, prefix);
        vfprintf(l->file, format, again);
        fputc('\n', l->file);
        if (fflush(l->file) != 0) { /* a full disk does not end a run for its log's sake */
            fprintf(stderr, "caloq: warning: the log cannot be written (%s), going on without\n",
                    strerror(errno));
            fclose(l->file);
            l->file = NULL;
        }
    }
    va_end(again);
}

void log_say(struct log *l, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    speak(l, "", format, args);
    va_end(args);
}

void log_warn(struct log *l, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    speak(l, "caloq: warning: ", format, args);
    va_end(args);
}

/* Bytes of text that fit in one row: a line that wraps could not be cleared by one return. */
static int row_of(const char *text)
{
    struct winsize w = { 0 };
    int columns = 0, n = 0;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col < 2) w.ws_col = 80;
    for (; text[n] != '\0' && text[n] != '\n'; n++) {
        if (((unsigned char)text[n] & 0xc0) == 0x80) continue; /* inside a UTF-8 character */
        if (++columns == w.ws_col) break;
    }
    return n;
}

void log_progress(struct log *l, const char *text)
{
    if (l->quiet) return;
    if (l->terminal) {
        fprintf(stderr, "\r%.*s\033[K", row_of(text), text);
        l->line_open = 1;
    } else {
        fprintf(stderr, "%s\n", text);
    }
    fflush(stderr);
}
