#!/bin/bash
# report.sh - analysis/report.py makes one page of a run: every figure of its list once, each from
# data; without the data each says in words what is absent; nothing on the page points elsewhere.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
passed=0 failed=0
python=$(analysis/python.sh) || { echo "TEST report: 0 passed, 1 failed, 0 skipped"; exit 1; }
export PYTHONDONTWRITEBYTECODE=1 MPLCONFIGDIR=$work/mpl OMP_NUM_THREADS=1

# check WHAT COMMAND...
check() {
    local what=$1; shift
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $what"; cat "$work/said"; fi
}
makes() { "$python" analysis/report.py "$@" > "$work/said" 2>&1; }
counts() { [ "$(grep -oE -- "$1" "$2" | wc -l)" -eq "$3" ] || { grep -oE -- "$1" "$2" | cut -c1-200 >> "$work/said"; false; }; }

figures=$("$python" analysis/report.py --count)
"$python" tests/cli/report_mock.py "$work/run" > "$work/said" 2>&1
check "a run folder with everything makes a page" makes "$work/run"
page=$work/run/report.html
check "its path is printed" grep -qx "$page" "$work/said"
check "every figure of the list is on it, $figures of them" counts '<figure id="[a-z-]+"' "$page" "$figures"
check "no name twice" test -z "$(grep -oE '<figure id="[a-z-]+"' "$page" | sort | uniq -d)"
check "no figure is absent" counts 'class="absent">[^<]*' "$page" 0
check "the plots are inside the page" counts '<img [^>]*src="data:image/png;base64,.{2000}' "$page" $((figures - 4))
check "nothing points elsewhere" counts '(src|href)="?[^d#"][^>]{0,80}|url\(|@import|<(script|link|iframe)|https?:' "$page" 0
(cd analysis && "$python" -c '
import sys, tables, source
for what, fpd, error in tables.distances(source.Run(sys.argv[1])): print(what, fpd, error)' "$work/run") > "$work/distances" 2>&1
diff "$work/distances" - > "$work/said" <<EOF2
model 0.412 0.006
reconstruction of the reference 0.2 0.01
(a) mean shower, independent voxels 3.71 0.04
(b) decoder fed fair coins 7.02 0.08
(c) decoder, couplings set to 0 1.93 0.02
floor: reference against reference 0.088 0.002
EOF2
check "the distances to beat and the floor are gathered" test ! -s "$work/said"

mkdir "$work/empty"
check "an empty run folder makes a page" makes "$work/empty" -o "$work/empty.html"
check "the same figures are on it" counts '<figure id="[a-z-]+"' "$work/empty.html" "$figures"
check "each says that it is absent" counts 'class="absent">This figure is absent: [^<]+' "$work/empty.html" "$figures"
check "and no line of Python's" counts 'Traceback' "$work/said" 0

mkdir "$work/broken"
head -c 3000 "$work/run/evaluate.h5" > "$work/broken/evaluate.h5"
echo '{"fpd": ' > "$work/broken/evaluate.result.json"
check "damaged files cost their figures alone" makes "$work/broken" -o "$work/broken.html"
check "the figures name the damaged file" counts 'absent: [^<]*broken/evaluate.h5 cannot be read' "$work/broken.html" 11
check "a damaged result is left out by name" grep -q 'report: .*broken/evaluate.result.json left out' "$work/said"
check "a folder that is not there: a sentence, exit 1" test "$(makes "$work/none"; echo $?)" -eq 1
check "that names it" grep -q "report: $work/none: no such run folder" "$work/said"

mkdir "$work/side"
line() { echo "{\"name\": \"$1\", \"width\": 1, \"train\": {\"parameters\": 12, \"gflop_per_shower\": $2, \"showers_per_second\": 9.5, \"step\": 7, \"ae\": 2.5, \"hit\": 3.5, \"entropy\": -1}, \"generate\": {}, \"logz\": {\"logz\": 4.5, \"error\": 0.5, \"verdict\": \"fine\"}, \"evaluate\": {\"fpd\": $3, \"fpd_error\": 0.01, \"fpd_floor\": 0.1, \"kpd\": 0.2, \"auc_high\": 0.75}}"; }
{ line slow 0.5 0.9; line quick 0.005 0.4; } > "$work/side/architectures.jsonl"
check "a folder of architectures makes a page" makes "$work/side"
check "... of its own figures" counts '<figure id="architecture[a-z-]*"' "$work/side/report.html" 2
check "... the best first" grep -qz 'quick.*0\.4 ± 0\.01.*slow.*0\.9 ± 0\.01' "$work/side/report.html"
check "... none absent" counts 'class="absent"' "$work/side/report.html" 0

echo "TEST report: $passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
