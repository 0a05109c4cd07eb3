#!/bin/bash
# architectures.sh - jobs/architectures.slurm: what it does with a file that trains and with one that
# does not; a line and a row for the first, a sentence for the second.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
printf 'encoder:\n  - {kind: lineer, units: 3}\ndecoder:\n  - {kind: silu}\n' > "$work/broken.yaml"
CALOQ=$caloq SLURM_NTASKS=2 SECONDS_EACH=0.5 TRAIN_SHOWERS=300 TEST_SHOWERS=120 \
    bash jobs/architectures.slurm "$work/side" configs/architectures/depth.yaml "$work/broken.yaml" > "$work/out" 2> "$work/err"
check "the job ends well" test $? -eq 0
check "a file that does not fit is named with its sentence" grep -q "broken: caloq: .*broken.yaml:2: unknown layer kind 'lineer'" "$work/err"
check "the other has a line with what was measured" "$python" - "$work/side/architectures.jsonl" <<'END'
import json, sys
lines = [json.loads(x) for x in open(sys.argv[1])]
assert [x["name"] for x in lines] == ["depth"], lines
one = lines[0]
assert one["train"]["step"] > 0 and one["train"]["parameters"] > 1e5 and one["train"]["gflop_per_shower"] > 0
assert one["evaluate"]["fpd"] > 0 and 0 <= one["evaluate"]["auc_high"] <= 1 and one["evaluate"]["generated_showers"] == 120
assert one["logz"]["verdict"] and one["generate"]["showers_per_second"] > 0
END
check "the page has its row" grep -q 'depth' "$work/side/report.html"
CALOQ=$caloq SLURM_NTASKS=1 SECONDS_EACH=0.5 TRAIN_SHOWERS=300 TEST_SHOWERS=120 \
    bash jobs/architectures.slurm "$work/none" "$work/broken.yaml" > "$work/out" 2> "$work/err"
check "nothing that trains is a failure" test $? -ne 0
check "... with a sentence" grep -q "architectures: none of the files ended well" "$work/err"
finish architectures
