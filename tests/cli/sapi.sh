#!/bin/bash
# waits
# sapi.sh - the stand-in of D-Wave's service: its graphs, its protocol, its faults; and D-Wave's own
# client against it, where a Python has it ($DWAVE_PYTHON, python3).
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

for look in graphs reads protocol refusals answers child faults; do
    check "stand-in: $look" "$python" tests/cli/sapi_look.py $look "$work"
done

official=
for candidate in ${DWAVE_PYTHON:-} python3; do
    "$candidate" -c 'import dwave.cloud' 2> /dev/null && { official=$candidate; break; }
done
if [ -n "$official" ]; then
    check "D-Wave's client" "$official" tests/cli/sapi_official.py "$work"
else
    skip "no Python here has D-Wave's client (dwave-cloud-client)"
fi
finish sapi
