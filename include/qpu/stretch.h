/*
 * stretch.h - chains that go on along their lines, to have more unused qubits beside them.
 */
#ifndef QPU_STRETCH_H
#define QPU_STRETCH_H

#include "qpu/embedding.h"
#include "qpu/strands.h"

/* Every chain one qubit further at either end of each of its lines, where the next one works, is
 * coupled and in no chain. Returns how many qubits there are more. */
int64_t stretch_chains(struct embedding *m, const struct strands *s);

#endif
