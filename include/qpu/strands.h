/*
 * strands.h - a chip as lines that cross: what embeddings by construction are made of.
 *
 * On every chip of D-Wave a qubit is a stretch of a line: a vertical one in a column, over some
 * rows, or a horizontal one in a row, over some columns. Stretches of one line that follow each
 * other are coupled, and so are a vertical and a horizontal one where they cross. Columns and rows
 * are counted so that a line is in one of them and a stretch spans whole ones:
 *
 *   chimera  column j t + k;   a stretch spans the t rows of its cell
 *   pegasus  column 12 w + k;  12 rows from 12 z + offset(k)
 *   zephyr   column w, 2 t lines in each;  rows 2 z + j and 2 z + j + 1
 *
 * (and the same with rows and columns exchanged). Source: spec of the topologies; Boothby, King and
 * Roy, Quantum Inf. Process. 15, 495 (2016) for cliques made of lines.
 */
#ifndef QPU_STRANDS_H
#define QPU_STRANDS_H

#include "qpu/vicinity.h"
#include "rbm/chip.h"

struct stretch {
    int32_t qubit;
    int low, high; /* the columns or rows that it spans */
};

struct strand {
    int at;        /* its column or row */
    int64_t first; /* stretches, by their order along the line: first .. end - 1 */
    int64_t end;
};

struct strands {
    const struct vicinity *v; /* borrowed */
    int lines[2];             /* vertical ones, horizontal ones */
    int extent[2];            /* columns, rows */
    int per;                  /* lines of a column */
    int step;                 /* a distance after which the lines look alike, or nearly */
    struct strand *line[2];   /* [lines] by at; owned */
    struct stretch *part[2];  /* of working qubits; owned */
};

/* size: as chip_make took it for this kind. */
void strands_init(struct strands *s, const struct vicinity *v, enum chip_kind kind,
                  const char *size);
void strands_free(struct strands *s); /* accepts { 0 } */

/* The stretch of line i of direction u that spans `where`, or -1. */
int64_t strands_at(const struct strands *s, int u, int i, int where);

/* How far an unbroken run of line i that spans `from` goes towards `to`: the last column or row
 * that it spans, at most `to`; from - 1 (towards a smaller `to`: from + 1) when it does not span
 * from. */
int strands_reach(const struct strands *s, int u, int i, int from, int to);

/* The stretches of line i from `low` to `high`, first .. end - 1; 0 unless they are an unbroken run
 * that spans all of it. */
int strands_run(const struct strands *s, int u, int i, int low, int high, int64_t *first,
                int64_t *end);

/* The k-th of `n` places at which to try a region, from the middle outwards: k < n. Beside regions
 * in the middle lie more unused qubits. */
int strands_place(int k, int n);

/* Are the vertical line a and the horizontal line b coupled where they cross? */
int strands_cross(const struct strands *s, int a, int b);

#endif
