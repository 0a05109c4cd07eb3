#!/bin/bash
# likelihood.sh - ln Z and the log-likelihood of a Bits file at every checkpoint of a training, for the
# report's figure.
#
#   jobs/likelihood.sh RUN_DIR BITS.h5 [section.key=value ...]
#   RANKS=2 jobs/likelihood.sh runs/big runs/big/encode.h5 logz.chains=256 logz.betas=5000
#
# Writes logz-epoch-N.result.json and .h5 into RUN_DIR; what is there already is not run again.
set -eu
[ $# -ge 2 ] || { echo "usage: jobs/likelihood.sh RUN_DIR BITS.h5 [section.key=value ...]" >&2; exit 2; }
run=$1 bits=$2; shift 2
here=$(cd "$(dirname "$0")/.." && pwd)
for checkpoint in $(ls "$run"/checkpoint-*.h5 | sort -t- -k2 -V); do
    epoch=${checkpoint##*-} name=logz-epoch-${epoch%.h5}
    [ -e "$run/$name.result.json" ] && continue
    ${RANKS:+mpirun -n "$RANKS"} "${CALOQ:-$here/build/caloq}" logz run.dir="$run" run.name="$name" logz.model="$checkpoint" \
        logz.data="$bits" logz.energies='[]' logz.method=both "$@" > /dev/null
done
