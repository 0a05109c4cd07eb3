#!/bin/bash
# demo.sh - the main job in small, in runs/demo: synth, train, encode, logz, generate, evaluate, report.
# Prints the result line of every command, the distances side by side, and the path of the report.
set -euo pipefail
cd "$(dirname "$0")/.."
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
unset OPENBLAS_CORETYPE
run=${1:-runs/demo} start=$SECONDS
cores=$(nproc)
ranks=$((cores < 4 ? cores : 4))
log=$run/demo.log
rm -rf "$run" && mkdir -p "$run"

# step COMMAND CONFIG [key=value ...]: its messages go to the log, its result line to the screen.
step() {
    local begin=$SECONDS command=$1 config=$2
    shift 2
    echo "== caloq $command $*"
    mpirun -n "$ranks" build/caloq "$command" "$config" run.dir="$run" "$@" 2>> "$log" ||
        { tail -n 5 "$log"; exit 1; }
    echo "   ($((SECONDS - begin)) s)"
}

judge() {
    step evaluate configs/evaluate.yaml evaluate.reference="$run/test.h5" evaluate.fpd_min=1000 \
        evaluate.fpd_max=2500 evaluate.kpd_batch=1000 "$@"
}

step synth configs/synth.yaml synth.showers=24000 synth.output="$run/train.h5"
step synth configs/synth.yaml synth.showers=2500 synth.first=1000000 synth.output="$run/test.h5" run.name=synth-test
step train configs/demo.yaml data.train="$run/train.h5"
step encode configs/encode.yaml data.test="$run/test.h5" encode.model="$run" encode.output="$run/encode.h5"
step logz configs/logz.yaml logz.model="$run" logz.trace=true logz.energies='[]' logz.data="$run/encode.h5"
for prior in rbm uncoupled coins; do
    step generate configs/generate.yaml generate.model="$run" generate.energies="$run/test.h5" \
        generate.showers=2500 generate.prior=$prior generate.output="$run/generated-$prior.h5" \
        generate.states="$run/latents-$prior.h5" run.name=generate-$prior
done
mv "$run/latents-rbm.h5" "$run/latents.h5"
step generate configs/generate.yaml generate.model="$run" generate.latents="$run/encode.h5" \
    generate.output="$run/reconstructed.h5" run.name=generate-reconstructed
judge evaluate.generated="$run/generated-rbm.h5" evaluate.training="$run/train.h5" evaluate.classifiers='[high]' \
    evaluate.classifier=configs/architectures/classifier-small.yaml evaluate.classifier_epochs=20 \
    evaluate.classifier_batch=200 evaluate.classifier_rate=1e-3
judge evaluate.generated="$run/generated-coins.h5" run.name=evaluate-coins
judge evaluate.generated="$run/generated-uncoupled.h5" run.name=evaluate-uncoupled
judge evaluate.generated="$run/reconstructed.h5" evaluate.paired=true run.name=evaluate-reconstructed

python=$(analysis/python.sh)
"$python" analysis/report.py "$run" -o "$run/report.html" >> "$log"
"$python" - "$run" <<'END'
import json, sys
def result(name):
    return json.load(open(f"{sys.argv[1]}/{name}.result.json"))
model, coins, uncoupled, back = (result(n) for n in ("evaluate", "evaluate-coins", "evaluate-uncoupled", "evaluate-reconstructed"))
rows = [("the model", model["fpd"], model["fpd_error"]),
        ("(a) mean shower, independent voxels", model["fpd_independent"], model["fpd_independent_error"]),
        ("(b) its decoder, fair-coin latents", coins["fpd"], coins["fpd_error"]),
        ("(c) its decoder, couplings set to 0", uncoupled["fpd"], uncoupled["fpd_error"]),
        ("reconstructed test showers", back["fpd"], back["fpd_error"]),
        ("floor: independent real showers", model["fpd_floor"], model["fpd_floor_error"])]
print("\nFrechet physics distance to the test showers (362 features, 2,500 showers; lower is better)")
for name, value, error in rows:
    print(f"  {name:38s} {value:8.4f} +- {error:.4f}")
z = result("logz")
print(f"ln Z = {z['logz']:.3f} +- {z['error']:.3f} (lower {z['lower']:.3f}, upper {z['upper']:.3f}, ESS {z['ess']:.0f} of {z['chains']}): {z['verdict']}"
      + (f"; exact {z['exact']:.3f}" if "exact" in z else ""))
better = all(model["fpd"] < value for _, value, _ in rows[1:4])
print("the model beats all three baselines" if better else "THE MODEL DOES NOT BEAT ALL BASELINES")
sys.exit(0 if better else 1)
END
echo "report: $run/report.html"
echo "the demo took $((SECONDS - start)) s on $ranks ranks"
