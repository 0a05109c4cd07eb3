#!/bin/bash
# run.sh BUILD full|quick|asan - every test program at 1, 2 and 3 ranks, then the shell tests.
# The exit status is the verdict; the last line counts passed, failed and skipped.
set -u
build=$1 mode=$2
cd "$(dirname "$0")/.." || exit 1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMPI_MCA_mpi_yield_when_idle=1 OMP_NUM_THREADS=1 CALOQ_BUILD=$build
export OMPI_MCA_pml=ob1 # 0.2 s less a start: no drivers of networks are probed
export LSAN_OPTIONS="suppressions=$PWD/tests/lsan.txt:fast_unwind_on_malloc=0:print_suppressions=0"
export UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=detect_odr_violation=0
unset OPENBLAS_CORETYPE
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0 start=$SECONDS

# count LABEL STATUS LOG: add what a program printed to the totals.
count() {
    local label=$1 status=$2 log=$3 p f s
    read -r p f s < <(sed -nE 's/^TEST .*: ([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/p' "$log" | tail -1)
    if [ "$status" -ne 0 ] || [ -z "${p:-}" ]; then
        [ "${f:-0}" -gt 0 ] || f=1
        echo "FAIL $label (exit $status)"; tail -n 60 "$log"
    fi
    while read -r reason; do
        grep -qxF -- "$reason" tests/skips.txt || { echo "FAIL $label: skip not in tests/skips.txt: $reason"; f=$((${f:-0} + 1)); }
        echo "skipped $label: $reason"
    done < <(sed -n 's/^SKIP //p' "$log")
    passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0})) skipped=$((skipped + ${s:-0}))
}

# The second line of a shell test says when else than in full it runs ("# quick", "# quick asan"),
# and "# waits" when it mostly waits: such a test runs beside all others.
marked() { head -n 2 "$1" | grep -q "^# .*$2"; }
# Each has a folder of its own for what Open MPI keeps of a job: lone processes share names there.
shell_test() {
    mkdir -p "$2.mpi"
    OMPI_MCA_orte_tmpdir_base=$2.mpi timeout -k 5 900 bash "$1" > "$2" 2>&1 < /dev/null
    echo "$?" > "$2.status"
}
waiting=()
for script in tests/cli/*.sh; do
    [ "$mode" = full ] && marked "$script" waits || continue
    waiting+=("$script")
    shell_test "$script" "$work/$(basename "$script").log" &
done

ranks="1 2 3"; [ "$mode" = quick ] && ranks="1 3"
for source in tests/*/test_*.c; do
    program=$build/${source%.c}
    for n in $ranks; do
        t=$SECONDS
        timeout -k 5 300 mpirun -n "$n" "$program" > "$work/log" 2>&1 < /dev/null
        count "$source at $n ranks" $? "$work/log"
        [ $((SECONDS - t)) -lt 10 ] || echo "slow: $source at $n ranks: $((SECONDS - t)) s"
    done
done
for script in tests/cli/*.sh; do
    marked "$script" waits && continue
    [ "$mode" = full ] || marked "$script" "$mode" || continue
    t=$SECONDS
    shell_test "$script" "$work/log"
    count "$script" "$(cat "$work/log.status")" "$work/log"
    [ $((SECONDS - t)) -lt 10 ] || echo "slow: $script: $((SECONDS - t)) s"
done
wait
for script in "${waiting[@]}"; do
    log=$work/$(basename "$script").log
    count "$script" "$(cat "$log.status")" "$log"
done
echo "tests took $((SECONDS - start)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
