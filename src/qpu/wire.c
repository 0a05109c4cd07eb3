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

/* The value of a character, -1 for what is none. */
static int value(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int64_t wire_unbase64(uint8_t *out, const char *text)
{
    int64_t length = (int64_t)strlen(text), n = 0;

    if (length % 4 != 0) return -1;
    for (int64_t i = 0; i < length; i += 4) {
        int last = i + 4 == length;
        int pad = last ? (text[i + 3] == '=') + (text[i + 2] == '=' && text[i + 3] == '=') : 0;
        uint32_t x = 0;
        for (int k = 0; k < 4 - pad; k++) {
            int v = value(text[i + k]);
            if (v < 0) return -1;
            x |= (uint32_t)v << (18 - 6 * k);
        }
        if (pad > 0 && (x & (pad == 1 ? 0xffu : 0xffffu)) != 0) return -1;
        for (int k = 0; k < 3 - pad; k++) out[n++] = (uint8_t)(x >> (16 - 8 * k));
    }
    return n;
}

uint64_t wire_hash(uint64_t hash, const void *bytes, int64_t n)
{
    const uint8_t *b = bytes;

    for (int64_t i = 0; i < n; i++) hash = (hash ^ b[i]) * 1099511628211u;
    return hash;
}
