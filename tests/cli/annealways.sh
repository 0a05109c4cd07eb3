#!/bin/bash
# waits
# annealways.sh - how `caloq anneal` finds its service, whom it trusts, what it shows and refuses.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

type openssl > /dev/null 2>&1 || skip "openssl is not installed"
"$python" tests/cli/anneal_ways.py "$caloq" "$work" > "$work/said" 2>&1
status=$?
read -r passed failed < <(sed -nE 's/^ways: ([0-9]+) held, ([0-9]+) failed$/\1 \2/p' "$work/said")
[ $status -eq 0 ] || { cat "$work/said"; [ "${failed:-0}" -gt 0 ] || failed=1; }
finish annealways
