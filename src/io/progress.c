#include "io/progress.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

/* Seconds between two lines. */
static double pause_of(const struct log *l)
{
    return l->terminal ? 0.2 : 30.0;
}

void progress_start(struct progress *p, struct log *l, const char *what, const char *unit,
                    int64_t from, int64_t total)
{
    double now = clock_now();

    *p = (struct progress){ .log = l, .from = from, .done = from, .total = total };
    snprintf(p->what, sizeof p->what, "%s", what);
    snprintf(p->unit, sizeof p->unit, "%s", unit);
    p->start = p->said = now;
    p->said_done = from;
}

/* "42 s", "2 min 10 s", "3 h 5 min", "2 d 3 h". */
static void duration(double seconds, char *text, size_t n)
{
    long long s = seconds < 1e12 ? (long long)(seconds + 0.5) : 0;

    if (!(seconds < 1e12))
        snprintf(text, n, "for ever");
    else if (s < 60)
        snprintf(text, n, "%lld s", s);
    else if (s < 3600)
        snprintf(text, n, "%lld min %lld s", s / 60, s % 60);
    else if (s < 86400)
        snprintf(text, n, "%lld h %lld min", s / 3600, s % 3600 / 60);
    else
        snprintf(text, n, "%lld d %lld h", s / 86400, s % 86400 / 3600);
}

void progress_text(const struct progress *p, double now, char text[PROGRESS_TEXT])
{
    double seconds = now - p->start, rate = 0.0;
    char share[128] = "", tail[96] = "", time[64];

    if (seconds > 0.0) rate = (double)(p->done - p->from) / seconds;
    if (p->total > 0 && p->done >= p->total) {
        duration(seconds, time, sizeof time);
        snprintf(tail, sizeof tail, ", took %s", time);
    } else if (p->total > 0 && rate > 0.0) {
        duration((double)(p->total - p->done) / rate, time, sizeof time);
        snprintf(tail, sizeof tail, ", %s left", time);
    }
    if (p->total > 0)
        snprintf(share, sizeof share, "%d%% (%lld of %lld %s)",
                 (int)(100.0 * (double)p->done / (double)p->total), (long long)p->done,
                 (long long)p->total, p->unit);
    else
        snprintf(share, sizeof share, "%lld %s", (long long)p->done, p->unit);
    if (rate > 0.0)
        snprintf(text, PROGRESS_TEXT, "%s: %s, %.3g %s/s%s", p->what, share, rate, p->unit, tail);
    else
        snprintf(text, PROGRESS_TEXT, "%s: %s", p->what, share);
}

void progress_at(struct progress *p, int64_t done, double now, int last)
{
    char text[PROGRESS_TEXT];
    double pause;

    p->done = done;
    if (p->log == NULL || p->log->quiet) return;
    pause = pause_of(p->log);
    /* a short job in a batch log says nothing; a long one says how it ended, once */
    int end = last && p->said_done != done && (p->log->terminal || now - p->start >= pause);
    if (now - p->said < pause && !end) return;
    progress_text(p, now, text);
    log_progress(p->log, text);
    p->said = now;
    p->said_done = done;
}

void progress_step(struct progress *p, int64_t done)
{
    if (p->log == NULL || p->log->quiet)
        p->done = done;
    else
        progress_at(p, done, clock_now(), 0);
}

void progress_end(struct progress *p)
{
    progress_at(p, p->done, clock_now(), 1);
}
