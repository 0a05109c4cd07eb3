#include "num/kern_isa.h"

const struct kern KERN(kern) = {
    .name = KERN_TEXT(KERN_ISA),
    .gibbs = KERN(gibbs),
    .score = KERN(score),
    .field = KERN(field),
    .summed = KERN(summed),
    .sums = KERN(sums),
    .pairs = KERN(pairs),
    .walk = KERN(walk),
    .meet = KERN(meet),
    .merge = KERN(merge),
};
