#!/bin/bash
# python.sh - prints the first of $PYTHON, python3 and /usr/bin/python3 that has numpy, h5py and
# matplotlib; exit 1 with a sentence when none has.
for python in "${PYTHON:-}" python3 /usr/bin/python3; do
    [ -n "$python" ] && "$python" -c 'import numpy, h5py, matplotlib' 2> /dev/null && exec echo "$python"
done
echo "caloq: no Python with numpy, h5py and matplotlib among \$PYTHON, python3 and /usr/bin/python3: run make deps, or set PYTHON" >&2
exit 1
