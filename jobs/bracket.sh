#!/bin/bash
# bracket.sh - how the bracket of ln Z closes with the work: caloq logz over a grid of chains and steps,
# for the report's figure.
#
#   jobs/bracket.sh RUN_DIR MODEL [section.key=value ...]
#   CHAINS="64 256" STEPS="100 1000 10000" RANKS=2 jobs/bracket.sh runs/big runs/big logz.energies='[10000]'
#
# Writes bracket-CHAINS-STEPS.result.json and .h5 into RUN_DIR; what is there already is not run again.
set -eu
[ $# -ge 2 ] || { echo "usage: jobs/bracket.sh RUN_DIR MODEL [section.key=value ...]" >&2; exit 2; }
run=$1 model=$2; shift 2
here=$(cd "$(dirname "$0")/.." && pwd)
for steps in ${STEPS:-30 100 300 1000}; do
    for chains in ${CHAINS:-64 256 1024}; do
        name=bracket-$chains-$steps
        [ -e "$run/$name.result.json" ] && continue
        ${RANKS:+mpirun -n "$RANKS"} "${CALOQ:-$here/build/caloq}" logz run.dir="$run" run.name="$name" logz.model="$model" \
            logz.method=both logz.chains="$chains" logz.betas="$steps" "$@" > /dev/null
    done
done
