#include "base/text.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

const char *text_real(char out[TEXT_REAL], double x)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, TEXT_REAL, "%.*g", digits, x);
        if (strtod(out, NULL) == x) break;
    }
    if (strpbrk(out, ".ni") == NULL) { /* no point, and neither nan nor inf */
        char *e = strchr(out, 'e');
        if (e == NULL) e = out + strlen(out);
        memmove(e + 2, e, strlen(e) + 1);
        e[0] = '.', e[1] = '0';
    }
    return out;
}

int32_t text_rune(const char **p)
{
    static const int32_t least[] = { 0, 0x80, 0x800, 0x10000 };
    const unsigned char *s = (const unsigned char *)*p;
    int more = s[0] < 0x80 ? 0 : s[0] < 0xc0 ? -1 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;

    *p += 1;
    if (more < 0 || s[0] > 0xf4) return -1;
    int32_t rune = more == 0 ? s[0] : s[0] & (0x3f >> more);
    for (int i = 1; i <= more; i++) {
        if ((s[i] & 0xc0) != 0x80) return -1;
        rune = rune << 6 | (s[i] & 0x3f);
    }
    if (rune < least[more] || rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff)) return -1;
    *p += more;
    return rune;
}

char *text_utf8(const char *text)
{
    char *copy = mem_take((int64_t)strlen(text) * 3 + 1, 1), *to = copy;

    while (*text != '\0') {
        const char *from = text;
        if (text_rune(&text) < 0) {
            memcpy(to, "\xef\xbf\xbd", 3);
            to += 3;
        } else {
            memcpy(to, from, (size_t)(text - from));
            to += text - from;
        }
    }
    return copy;
}

char *text_short(const char *text)
{
    enum { MOST = 60 };
    char *copy = mem_take(MOST + 4, 1), *to = copy;

    while (*text != '\0') {
        const char *from = text;
        int32_t rune = text_rune(&text);
        if (to - copy + (text - from) > MOST) {
            memcpy(to, "...", 3);
            break;
        }
        if (rune < 0x20 || (rune >= 0x7f && rune < 0xa0)) {
            *to++ = '?';
        } else {
            memcpy(to, from, (size_t)(text - from));
            to += text - from;
        }
    }
    return copy;
}

static int small(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static int least_of(int a, int b, int c)
{
    int m = a < b ? a : b;

    return m < c ? m : c;
}

int text_distance(const char *a, const char *b)
{
    enum { MOST = 64 };
    int row[MOST + 1];
    int n = (int)strnlen(b, MOST), m = (int)strnlen(a, MOST);

    for (int j = 0; j <= n; j++) row[j] = j;
    for (int i = 1; i <= m; i++) {
        int corner = row[0];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            int same = small(a[i - 1]) == small(b[j - 1]), above = row[j];
            row[j] = least_of(above + 1, row[j - 1] + 1, corner + !same);
            corner = above;
        }
    }
    return row[n];
}

/* Columns that n bytes of UTF-8 take. */
static int columns(const char *text, size_t n)
{
    int c = 0;

    for (size_t i = 0; i < n; i++) c += ((unsigned char)text[i] & 0xc0) != 0x80;
    return c;
}

void text_wrap(FILE *out, const char *words, const char *lead, int at, int indent, int width)
{
    int fresh = 1; /* no word on this line yet */

    while (*(words += strspn(words, " \n")) != '\0') {
        size_t n = strcspn(words, " \n");
        int wide = columns(words, n);
        if (!fresh && at + 1 + wide > width) {
            at = indent;
            fresh = 1;
            fprintf(out, "\n%-*s", indent, lead);
        }
        if (!fresh) fputc(' ', out);
        at += wide + !fresh;
        fresh = 0;
        fwrite(words, 1, n, out);
        words += n;
    }
    fputc('\n', out);
}
