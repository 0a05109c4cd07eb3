#!/bin/bash
# commands.sh - what every command promises: help that lists every key, keys that something reads,
# default configs that run, one line of JSON at the end of stdout and the same in the run folder,
# exit statuses, and no harm from a reader who leaves.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
says() { grep -qE -- "$1" "$work/err"; }
silent() { [ ! -s "$work/out" ]; }

# --- help, and the table of keys
keys=$(sed -nE 's/^ *\{ "([a-z_.]+(\[\])?[a-z_.]*)", CONF_.*/\1/p' src/cmd/keys.c)
check "the table of keys is found" test "$(wc -l <<< "$keys")" -gt 80
built=$("$caloq" help | awk '/not built yet/ { next } $1 ~ /^[a-z]+$/ && NF > 1 && $1 != "caloq" && $1 != "help" { print $1 }')
check "twelve commands are built" test "$(wc -w <<< "$built")" -eq 12
for command in $built; do must 1 help "$command"; cat "$work/out"; done > "$work/help"
for key in $keys; do
    grep -qF -- "${key##*.}" "$work/help" || fail "no help lists $key"
    row=$(grep -F "{ \"$key\"," src/cmd/keys.c)
    choices=$(sed -nE 's/.*CONF_CHOICE, "[^"]*", [^"]*"[^"]*", "([^"]*)".*/\1/p' <<< "$row")
    [ -n "$choices" ] && [ "$(wc -w <<< "$choices")" -eq 1 ] && continue # states a fact: no other value is taken
    word=$key
    [[ $key == *'[].'* ]] && word=${key##*.}
    if grep -qF -- "\"$word\"" $(ls src/cmd/*.c | grep -v keys.c); then pass; else fail "nothing reads $key"; fi
done
run 1 help; check "help: exit 0" test $status -eq 0
run 1 --version
check "--version names version and libraries" grep -qzE 'caloq [0-9.]+ \(.+\).*Open MPI.*HDF5.*jansson.*BLAS core .+, kernels ' "$work/out"

# --- usage: exit 2, one sentence on stderr, nothing on stdout
for n in 1 2; do
    run $n; check "no command at $n ranks: exit 2 and usage" test $status -eq 2 -a -s "$work/err" -a ! -s "$work/out"
    run $n trian x.yaml; check "unknown command at $n ranks: exit 2" test $status -eq 2 -a "$(grep -c '^caloq: trian: no such command' "$work/err")" -eq 1
    for command in study; do
        run $n $command x.yaml
        check "$command at $n ranks: exit 2" test $status -eq 2 -a "$(grep -c "^caloq: $command: this command is not built yet" "$work/err")" -eq 1 -a ! -s "$work/out"
    done
done
run 1 help trian; check "help of an unknown command: exit 2" test $status -eq 2

# --- every default config, with little to do; its promises
# promises RUNFOLDER NAME KEY...: stdout is one line of JSON with these keys, and NAME.result.json is that line.
promises() {
    local folder=$1 name=$2; shift 2
    check "$name: stdout is one line" test "$(wc -l < "$work/out")" -eq 1
    check "$name: result.json is that line" cmp "$work/out" "$folder/$name.result.json"
    echo "$name"$'\t'"$(cat "$work/out")"$'\t'"$*" >> "$work/promises"
}
r=$work/r
small() { must "$1" "$2" "configs/$2.yaml" run.dir="$r" "${@:3}"; }
small 2 synth synth.showers=150 synth.output="$r/train.h5"
promises "$r" synth command showers voxels mean_response path showers_per_second
must 1 info "$r/train.h5" run.dir="$r"
promises "$r" info command format sizes path
small 1 info info.file="$r/train.h5"
small 2 train data.train="[$r/train.h5]" data.most=70 training.epochs=1 training.log_every=1 rbm.chains=64 rbm.sweeps=1
promises "$r" train command mode epoch step ae hit entropy positive negative validation best_epoch showers_per_second checkpoint
check "train: run folder" test -s "$r/train.config.yaml" -a -s "$r/metrics.jsonl" -a -s "$r/checkpoint-1.h5" -a -s "$r/best.h5" -a -s "$r/log.txt"
small 1 convert convert.model="$r" convert.output="$r/machine.h5"
promises "$r" convert command layout units couplings path
small 1 export export.model="$r" export.output="$r/state.h5"
promises "$r" export command tensors named parameters couplings path
small 1 import import.state="$r/state.h5" import.output="$r/imported.h5"
promises "$r" import command parameters couplings path
small 1 encode data.test="[$r/train.h5]" data.most=40 encode.model="$r" encode.output="$r/bits.h5"
promises "$r" encode command showers dropped bits path
small 2 generate generate.model="$r" generate.showers=110 generate.sweeps=2 generate.output="$r/generated.h5"
promises "$r" generate command showers showers_per_second milliseconds_per_shower path
small 2 logz logz.model="$r" logz.chains=10 logz.betas=10 logz.burn=5
promises "$r" logz command target method logz error lower upper chains betas ess verdict seconds path
small 1 logz logz.model="$r" logz.chains=10 logz.betas=10 logz.burn=5 logz.clamp=none logz.data="$r/bits.h5" run.name=joint
promises "$r" joint target method logz log_likelihood
small 2 evaluate evaluate.generated="$r/generated.h5" evaluate.reference="$r/train.h5" evaluate.fpd_min=50 evaluate.fpd_max=100 evaluate.kpd_batch=50
promises "$r" evaluate command fpd fpd_error kpd kpd_error precision recall density coverage path
small 1 bench bench.what=counts bench.seconds=0.01
promises "$r" bench command figures
small 2 anneal anneal.model="$r" anneal.output="$r/anneal.h5" anneal.reads=70 anneal.sweeps=2 anneal.compare=70
promises "$r" anneal command backend reads beta beta_error energy_mean access_time_us solver path chains
for config in configs/*.yaml; do # a config is read before the run folder is made, which cannot be
    name=$(basename "$config" .yaml) command=train
    grep -qx "$name" <<< "$built" && command=$name
    run 1 "$command" "$config" run.dir=/proc/none
    check "$config is accepted by $command" says "^caloq: cannot make the folder '/proc/none'"
done
for command in $built; do
    check "$command has a default config, with a comment" grep -q '^#' "configs/$command.yaml"
    check "$command wrote its config" test -s "$r/$command.config.yaml"
done
"$python" - "$work/promises" "$r/metrics.jsonl" > "$work/judged" 2>&1 <<'END'
import json, sys
for line in open(sys.argv[1]):
    name, text, keys = line.rstrip("\n").split("\t")
    result = json.loads(text, parse_constant=lambda c: sys.exit(f"{name}: {c} is no JSON"))
    print("ok" if not (missing := [k for k in keys.split() if k not in result]) else f"FAILED: {name}: no {missing}")
    if name == "evaluate":
        print("ok" if any(k.startswith("separation.") for k in result) else "FAILED: evaluate: no separation")
for i, line in enumerate(open(sys.argv[2])):
    first = list(json.loads(line))[:4]
    print("ok" if first == ["step", "epoch", "time", "phase"] else f"FAILED: metrics.jsonl:{i + 1}: {first}")
END
check "the promises were judged" test "$(grep -c . "$work/judged")" -ge 14
passed=$((passed + $(grep -cx ok "$work/judged"))) failed=$((failed + $(grep -vcx ok "$work/judged")))
grep -vx ok "$work/judged"

# --- the config as used: reads back, says the same, and shows what was asked for
cp "$r/synth.config.yaml" "$work/used.yaml"
must 1 synth "$work/used.yaml"
check "the config as used is used as it is" cmp "$work/used.yaml" "$r/synth.config.yaml"
check "... with every key" test "$(grep -cE '^  [a-z_]+:' "$work/used.yaml")" -ge "$(grep -vc '\[\]' <<< "$keys")"
check "... the default and the asked-for" grep -qzE 'seed: 1.*showers: 150' "$work/used.yaml"
must 1 synth "$work/used.yaml" synth.showers=3 synth.geometry=$geometry run.name=other
check "run.name names result and config" test -s "$r/other.result.json" -a -s "$r/other.config.yaml"
check "the command line wins over the file" grep -q 'showers: 3$' "$r/other.config.yaml"

# --- readers who leave, and files that are full
few=(synth synth.geometry=$geometry synth.showers=5 synth.output="$work/few.h5" run.dir="$work/few")
must 1 "${few[@]}"; sum=$(sha256sum < "$work/few.h5")
ended() { # how the program ended, when its stdout or stderr went where $1 says
    rm -f "$work/few.h5"
    case $1 in
    full) (launch 1 "${few[@]}" > /dev/full 2> "$work/err"); status=$? ;;
    pipe) { (launch 1 "${few[@]}" 2> "$work/err"); echo $? > "$work/status"; } | true; status=$(cat "$work/status") ;;
    errors) { (launch 1 "${few[@]}" 2>&1 > /dev/null); echo $? > "$work/status"; } | true; status=$(cat "$work/status") ;;
    closed) (launch 1 "${few[@]}" > "$work/out" <&- >&- 2>&-); status=$? ;;
    esac
}
for how in full pipe; do
    ended $how
    check "stdout $how: a sentence, exit 1" test $status -eq 1 -a "$(grep -c '^caloq: standard output: cannot write the result line' "$work/err")" -eq 1
    check "stdout $how: the showers are there" test "$(sha256sum < "$work/few.h5")" = "$sum"
done
for how in errors closed; do
    ended $how
    check "$how: goes well" test $status -eq 0
    check "$how: the showers are there" test "$(sha256sum < "$work/few.h5")" = "$sum"
done
finish commands
