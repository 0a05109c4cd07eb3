#!/bin/bash
# quick
# arrows.sh - the include arrows hold, and tests/arrows.sh sees each kind of breach when one is
# planted in a small copy of a house.
set -u
cd "$(dirname "$0")/../.." || exit 1
house=$(mktemp -d) && trap 'rm -rf "$house"' EXIT
passed=0 failed=0

# build: a house of four rooms without a breach.
build() {
    rm -rf "${house:?}"/*
    mkdir -p "$house"/{src,include}/{base,num,par,nn}
    echo '#include <stdint.h>' > "$house/include/base/block.h"
    printf '#include "base/block.h"\n#include <math.h>\n' > "$house/src/base/block.c"
    echo '#include "base/block.h"' > "$house/include/num/blas.h"
    printf '#include "num/blas.h"\n\n#include <cblas.h>\n' > "$house/src/num/blas.c"
    printf '#include "base/block.h"\n#include <mpi.h>\n' > "$house/src/par/par.c"
    echo '#include "num/blas.h"' > "$house/include/nn/graph.h"
    printf '#include "nn/graph.h"\n#include "base/block.h"\n' > "$house/src/nn/graph.c"
}

# finds WHAT SENTENCE: the house as it stands now is refused, with this sentence.
finds() {
    local said status
    said=$(tests/arrows.sh "$house" 2>&1); status=$?
    if [ $status -eq 1 ] && grep -qF -- "$2" <<< "$said"; then passed=$((passed + 1)); else
        failed=$((failed + 1)); echo "not found: $1 (exit $status): $said"; fi
    build
}

# holds ROOT: no breach below ROOT, and not a word.
holds() {
    local said
    if said=$(tests/arrows.sh "$1" 2>&1) && [ -z "$said" ]; then passed=$((passed + 1)); else
        failed=$((failed + 1)); echo "breach in $1: $said"; fi
}

holds .
build && holds "$house"
echo '#include "nn/graph.h"' >> "$house/src/num/blas.c"
finds "an arrow that runs up" 'src/num/blas.c:4: num may not include nn (nn/graph.h)'
echo '#include "par/par.h"' >> "$house/include/nn/graph.h"
finds "science that includes par" 'include/nn/graph.h:2: nn may not include par'
echo '#include <mpi.h>' >> "$house/src/nn/graph.c"
finds "MPI outside par" 'src/nn/graph.c:3: <mpi.h> has another home: par/.*'
echo '  #  include <hdf5.h>' >> "$house/src/par/par.c"
finds "HDF5 outside io/h5" '<hdf5.h> has another home: io/h5'
echo '#include <cblas.h>' >> "$house/src/nn/graph.c"
finds "BLAS outside num/blas" '<cblas.h> has another home: num/blas'
echo '#include <cmocka.h>' >> "$house/src/nn/graph.c"
finds "cmocka outside the tests" '<cmocka.h> has another home: the tests'
echo '#include <boost/x.h>' >> "$house/src/nn/graph.c"
finds "a library without a home" '<boost/x.h> is a foreign header without a home'
echo '#include "graph.h"' >> "$house/src/nn/graph.c"
finds "an include without its folder" '"graph.h" should read "folder/room.h"'
echo '#include "nn/optim.h"' >> "$house/include/nn/graph.h"
echo '#include "nn/graph.h"' > "$house/src/nn/optim.c"
finds "a circle of two rooms" 'the rooms of nn include in a circle: '
touch "$house/src/nn/blas.c"
finds "two rooms of one name" 'more than one room is called blas: '
printf '#include <math.h>\n#include "nn/graph.h"\n' > "$house/src/nn/graph.c"
finds "a source that does not include its own header first" 'src/nn/graph.c:1: its own header "nn/graph.h" should come first'
mkdir "$house/src/util" && echo '#include <math.h>' > "$house/src/util/odd.c"
finds "a folder that is not in the plan" 'util is not a folder of the house'

echo "TEST arrows: $passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
