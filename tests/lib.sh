# lib.sh - what the shell tests of the program share. Sourced from the repository root:
#
#   . tests/lib.sh
#   run 2 synth synth.showers=10        # exit status in $status, words in $work/out, $work/err
#   check "ends well" test $status -eq 0
#   finish ranks                        # the last line, and the verdict
#
# Every script has $work to itself, emptied at the end; a tiny model to train; no MPI of its own.
set -u
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMPI_MCA_mpi_yield_when_idle=1 OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1
# a start in 0.07 s instead of 0.3 s: no drivers of networks are probed, no daemon for a lone process;
# and an end without mpirun's pause of 1 s after an exit status other than 0
export OMPI_MCA_pml=ob1 OMPI_MCA_ess_singleton_isolated=1 OMPI_MCA_odls_base_sigkill_timeout=0
unset OPENBLAS_CORETYPE
caloq=$(realpath "${CALOQ_BUILD:-build}/caloq")
python=$(analysis/python.sh) || exit 1
work=$(mktemp -d) session=$(mktemp -d) mounted=
clean() { [ -z "$mounted" ] || umount "$mounted"; rm -rf "$work" "$session"; }
trap clean EXIT
export OMPI_MCA_orte_tmpdir_base=$session # lone processes of two scripts would share a folder
passed=0 failed=0 skipped=0 status=0

# launch RANKS ARGUMENT...: the program in place of this shell, under mpirun when ranks are several.
# With $file_kb set no rank may write a longer file (mpirun may; ranks then talk by TCP, as shared
# memory is a file too).
file_kb= limit=
launch() {
    local n=$1 ranks=() limited=(); shift
    [ "$n" -gt 1 ] && ranks=(mpirun -n "$n")
    if [ -n "$file_kb" ]; then
        export OMPI_MCA_btl=self,tcp
        limited=(bash -c 'ulimit -f '"$file_kb"'; exec "$@"' limited)
    fi
    exec $limit "${ranks[@]}" "${limited[@]}" "$caloq" "$@"
}

# run RANKS ARGUMENT...: to its end.
run() { (limit="timeout -k 2 120" launch "$@") > "$work/out" 2> "$work/err" < /dev/null; status=$?; }

# begin RANKS ARGUMENT...: in the background, as $pid (a signal to it reaches the ranks); end: wait.
begin() { (limit="" launch "$@") > "$work/out" 2> "$work/err" < /dev/null & pid=$!; }
end() {
    local from=$SECONDS
    while kill -0 $pid 2> /dev/null && [ $((SECONDS - from)) -lt 120 ]; do sleep 0.02; done
    kill -9 $pid 2> /dev/null
    wait $pid 2> /dev/null; status=$?
}

# until_lines N FILE: the program of begin has written so many lines.
until_lines() {
    while kill -0 $pid 2> /dev/null && [ "$(cat "$2" 2> /dev/null | wc -l)" -lt "$1" ]; do sleep 0.01; done
}

# must RANKS ARGUMENT...: run, and count a failure when it does not end well.
must() { run "$@"; [ $status -eq 0 ] || fail "exit $status: caloq ${*:2} at $1 ranks"; }

pass() { passed=$((passed + 1)); }
fail() { failed=$((failed + 1)); echo "FAILED: $1"; tail -n 15 "$work/err" | sed 's/^/    /'; }

# check WHAT COMMAND...: does the command hold? What it says is shown when it does not.
check() {
    local what=$1; shift
    if "$@" > "$work/said" 2>&1; then pass; else fail "$what"; head -n 15 "$work/said" | sed 's/^/    /'; fi
}

# skip REASON: one of tests/skips.txt.
skip() { skipped=$((skipped + 1)); echo "SKIP $1"; }

# look WHAT [not] KIND ARGUMENT...: one of the looks of tests/cli/look.py; taken when looks comes.
look() {
    local what=$1 kind=$2; shift 2
    [ "$kind" = not ] && { kind="not $1"; shift; }
    (IFS=$'\t'; echo "$what"$'\t'"$kind"$'\t'"$*") >> "$work/looks"
}
looks() {
    [ -s "$work/looks" ] || return 0
    "$python" tests/cli/look.py < "$work/looks" > "$work/said" 2>&1
    passed=$((passed + $(grep -c '^ok$' "$work/said")))
    failed=$((failed + $(wc -l < "$work/looks") - $(grep -c '^ok$' "$work/said")))
    grep -v '^ok$' "$work/said"
    : > "$work/looks"
}

# finish NAME: the last line; its exit status is the script's.
finish() {
    looks
    echo "TEST $1: $passed passed, $failed failed, $skipped skipped"
    [ $failed -eq 0 ] && [ $passed -gt 0 ]
}

geometry=configs/geometries/tiny.yaml # 192 voxels

# a network of a few thousand parameters
cat > "$work/network.yaml" <<EOF
energy: {low: 6.0, high: 14.0, scale: 1.0}
encoder:
  - {name: standard, kind: normalise, input: showers, data: showers}
  - {concat: [standard, energy, bits], kind: linear, units: 8, gain: 0.5}
  - {kind: leaky_relu, slope: 0.1}
  - {name: logits, kind: linear, units: logits, init: glorot}
decoder:
  - {concat: [bits, energy], kind: linear, units: 8}
  - {name: trunk, kind: leaky_relu, slope: 0.1}
  - {name: hits, input: trunk, kind: linear, units: voxels, init: glorot, data: hits}
  - {name: activations, input: trunk, kind: linear, units: voxels, init: glorot, data: activations}
EOF

# its training: 101 showers in 6 steps an epoch, the last one of a single shower; 100 chains are
# two tiles, so three ranks have uneven shares of both and one rank has no chain at all
cat > "$work/train.yaml" <<EOF
run: {dir: $work/run}
data: {train: [$work/showers.h5], geometry: $geometry, most: 101, validation_fraction: 0}
model: {architecture: $work/network.yaml}
rbm: {nodes: [57, 6, 6, 6], chains: 100, sweeps: 2}
training: {batch: 20, epochs: 2, log_every: 1, warmup: 3}
EOF

# showers N FILE [KEY=VALUE ...]: synthetic showers of the tiny geometry.
showers() {
    must 1 synth synth.geometry=$geometry synth.showers="$1" synth.output="$2" run.dir="$work/synth" "${@:3}"
}
