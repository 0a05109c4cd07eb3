#!/bin/bash
# waits
# annealfaults.sh - `caloq anneal` when the service fails: every fault alone, random sequences of
# them, KILL on the way, and 500 problems in a row. The long runs are those of `make chaos`.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

# trouble KIND [FIRST COUNT]: runs of tests/cli/anneal_faults.py; each is a check.
trouble() {
    "$python" tests/cli/anneal_faults.py "$caloq" "$work" "$@" > "$work/said" 2>&1
    local status=$? held broken
    read -r held broken < <(sed -nE 's/^[a-z]+: ([0-9]+) held, ([0-9]+) failed$/\1 \2/p' "$work/said")
    passed=$((passed + ${held:-0})) failed=$((failed + ${broken:-0}))
    [ $status -eq 0 ] || [ "${broken:-0}" -gt 0 ] || failed=$((failed + 1))
    [ $status -eq 0 ] && [ -z "${CHAOS:-}" ] || cat "$work/said"
}
if [ -z "${CHAOS:-}" ]; then
    trouble alone
    trouble chaos 0 50
    trouble kill 0 8
    trouble long 0 500
else
    trouble alone 0 1
    trouble chaos 0 1000
    trouble kill 0 200
    trouble long 0 10000
    trouble bench
fi
finish annealfaults
