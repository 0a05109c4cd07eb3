#!/bin/bash
# quick asan
# exact.sh - the exact ln Z: which oracle is taken, that it is right, and that a long enumeration stops
# and goes on.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
"$python" tests/cli/exact.py make "$work" || exit 1
z() { logz=(logz logz.method=exact run.dir="$work" run.name="$1" logz.model="$work/$2.h5" "${@:3}"); }

for name in bare small torus; do z $name $name; must 1 "${logz[@]}"; done
check "elimination tells its width" grep -q 'exact ln Z by elimination: width 1[5-7], .* MB at a time' "$work/err"

# one chunk a rank and run, at 1, 2, 3, 1, ... ranks
z parts wide run.walltime=0.01
runs=0 resume=run.resume=auto
run 1 "${logz[@]}" run.resume=must
check "nothing to go on from is refused where there must be" grep -q 'holds no state of this run, and run.resume is must' "$work/err"
for ranks in 1 2 3 1 2 3 1 2; do
    run $ranks "${logz[@]}" $resume
    runs=$((runs + 1))
    resume=run.resume=must
    [ $status -eq 75 ] || break
    check "a stopped run says where its sums are" grep -q 'stopped, sums in .*parts.exact.h5; run it again to go on' "$work/err"
    check "and leaves them" test -s "$work/parts.exact.h5"
done
check "it ends at last" test $status -eq 0
check "in more runs than two" test $runs -gt 2
check "a run that is done leaves no sums" test ! -e "$work/parts.exact.h5"
z whole wide; must 2 "${logz[@]}"
z base wide run.kernels=base; must 1 "${logz[@]}"
z other wide logz.exact_most=3; must 1 "${logz[@]}"

# what a path's points say at its end is what its weights say
logz=(logz logz.method=both run.dir="$work" logz.model="$work/small.h5" logz.chains=100 logz.betas=40 logz.burn=50)
must 2 "${logz[@]}" run.name=traced logz.trace=true
must 1 "${logz[@]}" run.name=bare-path

# sums of another machine, and damaged ones, are not gone on from
z parts wide run.walltime=0.01; run 1 "${logz[@]}"
z parts small; must 1 "${logz[@]}"
check "sums of another machine are not used" grep -q 'parts.exact.h5 is of another machine' "$work/err"
z parts wide run.walltime=0.01; run 1 "${logz[@]}"
printf x | dd of="$work/parts.exact.h5" bs=1 seek=700 conv=notrunc 2> /dev/null
z parts wide; must 2 "${logz[@]}"
check "nor are damaged ones" grep -q "parts.exact.h5.*damaged.*; starting anew" "$work/err"

"$python" tests/cli/exact.py judge "$work" > "$work/verdict" 2>&1
while read -r line; do [ "$line" = ok ] && pass || fail "$line"; done < "$work/verdict"
finish exact
