#include "num/kern_isa.h"

const struct kern KERN(kern) = {
    .name = KERN_TEXT(KERN_ISA),
    .gibbs = KERN(gibbs),
    .grid = KERN(grid),
    .lookup = KERN(lookup),
    .tables = KERN(tables),
#if defined __AVX2__ && !defined __AVX512BW__
    .group = 4, /* a shuffle of bytes has tables of 16 */
#else
    .group = KERN_GROUP,
#endif
    .draw = KERN(draw),
    .score = KERN(score),
    .field = KERN(field),
    .gains = KERN(gains),
    .sums = KERN(sums),
    .pairs = KERN(pairs),
    .walk = KERN(walk),
    .meet = KERN(meet),
    .merge = KERN(merge),
};
