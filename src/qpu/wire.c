#include "qpu/wire.h"

#include "base/mem.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void wire_clear(struct wire *w)
{
    w->n = 0;
    if (w->text != NULL) w->text[0] = '\0';
}

void wire_free(struct wire *w)
{
    mem_free(w->text);
    *w = (struct wire){ 0 };
}

char *wire_room(struct wire *w, int64_t n)
{
    if (w->n + n + 1 > w->room) {
        w->room = 2 * w->room + n + 256;
        w->text = mem_grow(w->text, w->room, 1);
    }
    return w->text + w->n;
}

void wire_put_bytes(struct wire *w, const void *bytes, int64_t n)
{
    char *to = wire_room(w, n);

    if (n > 0) memcpy(to, bytes, (size_t)n);
    w->n += n;
    w->text[w->n] = '\0';
}

void wire_put(struct wire *w, const char *text)
{
    wire_put_bytes(w, text, (int64_t)strlen(text));
}

void wire_put_base64(struct wire *w, const void *bytes, int64_t n)
{
    const uint8_t *b = bytes;
    char *to = wire_room(w, (n + 2) / 3 * 4);

    for (int64_t i = 0; i < n; i += 3) {
        int64_t left = n - i;
        uint32_t x = (uint32_t)b[i] << 16;
        if (left > 1) x |= (uint32_t)b[i + 1] << 8;
        if (left > 2) x |= b[i + 2];
        *to++ = alphabet[x >> 18];
        *to++ = alphabet[x >> 12 & 63];
        *to++ = left > 1 ? alphabet[x >> 6 & 63] : '=';
        *to++ = left > 2 ? alphabet[x & 63] : '=';
    }
    *to = '\0';
    w->n = to - w->text;
}

void wire_put_percent(struct wire *w, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";

    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        int plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    strchr("-._~", c) != NULL;
        char code[4] = { (char)c, '\0', '\0', '\0' };
        if (!plain) code[0] = '%', code[1] = hex[c >> 4], code[2] = hex[c & 15];
        wire_put(w, code);
    }
}

enum { NO_VALUE = 1 << 24 };

/* The values of all characters; NO_VALUE for what is none. */
static void set_values(uint32_t value[256])
{
    for (int c = 0; c < 256; c++) value[c] = NO_VALUE;
    for (uint32_t v = 0; v < 64; v++) value[(unsigned char)alphabet[v]] = v;
}

/* Whole groups of four: 0, or -1 when a character has no value. */
static int take_groups(uint8_t *restrict out, const unsigned char *restrict text, int64_t groups)
{
    uint32_t value[256], seen = 0;

    set_values(value);
    for (int64_t i = 0; i < groups; i++, text += 4, out += 3) {
        uint32_t a = value[text[0]], b = value[text[1]], c = value[text[2]], d = value[text[3]];
        uint32_t x = a << 18 | b << 12 | c << 6 | d;
        seen |= a | b | c | d;
        out[0] = (uint8_t)(x >> 16);
        out[1] = (uint8_t)(x >> 8);
        out[2] = (uint8_t)x;
    }
    return seen & NO_VALUE ? -1 : 0;
}

int64_t wire_unbase64(uint8_t *out, const char *text)
{
    int64_t length = (int64_t)strlen(text), n = length / 4 * 3;
    unsigned char last[4];
    uint8_t byte[3];

    if (length % 4 != 0) return -1;
    if (length == 0) return 0;
    const char *end = text + length - 4;
    int pad = (end[3] == '=') + (end[2] == '=' && end[3] == '=');
    memcpy(last, end, sizeof last);
    for (int k = 4 - pad; k < 4; k++) last[k] = 'A'; /* no bits */
    if (take_groups(out, (const unsigned char *)text, length / 4 - 1) || take_groups(byte, last, 1))
        return -1;
    for (int k = 3 - pad; k < 3; k++)
        if (byte[k] != 0) return -1;
    memcpy(out + n - 3, byte, (size_t)(3 - pad));
    return n - pad;
}

uint64_t wire_hash(uint64_t hash, const void *bytes, int64_t n)
{
    const uint8_t *b = bytes;

    for (int64_t i = 0; i < n; i++) hash = (hash ^ b[i]) * 1099511628211u;
    return hash;
}
