/*
 * text.h - small work on texts: numbers that read back exactly, UTF-8, the nearest word.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdint.h>
#include <stdio.h>

enum { TEXT_REAL = 32 };

/* A finite double in the fewest of 15, 16 or 17 digits that read back to the same bits, always with
 * a point ("1.0", "1.0e+20"), so that every reader takes it for a real. Returns out. */
const char *text_real(char out[TEXT_REAL], double x);

/* The code point at *p, which moves past it; -1 (and one byte on) where the bytes are no UTF-8:
 * overlong forms, surrogates and numbers above 0x10ffff among them. */
int32_t text_rune(const char **p);

/* A copy in which what is no UTF-8 became U+FFFD; the caller frees. */
char *text_utf8(const char *text);

/* A copy for a sentence: at most 60 bytes, control characters and bad bytes as '?'; the caller
 * frees. */
char *text_short(const char *text);

/* Edit distance (Levenshtein) between the first 64 bytes of each, capital letters as small ones. */
int text_distance(const char *a, const char *b);

/* Print words in lines of at most `width` columns, and a newline at the end. The first line goes on
 * at column `at`; the others begin with `lead` and spaces up to column `indent`. */
void text_wrap(FILE *out, const char *words, const char *lead, int at, int indent, int width);

#endif
