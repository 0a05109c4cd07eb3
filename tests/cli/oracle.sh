#!/bin/bash
# quick asan
# oracle.sh - ln Z of the program against an enumeration in numpy that reads nothing but the files:
# conditional on energies whose bits Python makes from the description of the code, and joint;
# complete, listed and uncoupled machines, few and many partitions; files from h5py and from training.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
oracle() { "$python" tests/cli/oracle.py "$@" > "$work/judged" 2>&1; passed=$((passed + $(grep -cx ok "$work/judged"))); failed=$((failed + $(grep -vcx ok "$work/judged"))); grep -vx ok "$work/judged"; }

showers 70 "$work/showers.h5"
must 1 train "$work/train.yaml" run.dir="$work/run" training.epochs=1 rbm.weight_std=0.3 rbm.learning_rate=0.2 rbm.chains=64
must 1 encode encode.model="$work/run" data.test="[$work/showers.h5]" encode.output="$work/bits.h5" run.dir="$work/enc"
must 2 generate generate.model="$work/run" generate.showers=30 generate.sweeps=5 generate.states="$work/generated_bits.h5" generate.output="$work/generated.h5" run.dir="$work/gen"
"$python" tests/cli/oracle.py make "$work"

# NAME MODEL ARGUMENT...: the result line and the log-weights under $work/NAME
z() { must "${ranks:-1}" logz logz.model="$2" run.dir="$work" run.name="$1" "${@:3}"; }
energies=logz.energies='[1, 1234.5, 65536, 1e7]'
z exact "$work/run" logz.method=exact "$energies"
ranks=2 z joint "$work/run" logz.method=exact logz.clamp=none logz.data="$work/bits.h5"
for name in listed clamped many bare wide; do z $name "$work/$name.h5" logz.method=exact "$energies"; done
unit=(logz.energies='[]' logz.conditions=2 logz.data="$work/unit_bits.h5")
z units "$work/units.h5" logz.method=exact "${unit[@]}"
z units_joint "$work/units.h5" logz.method=exact logz.clamp=none
must 1 convert convert.model="$work/units.h5" convert.output="$work/units_again.h5" run.dir="$work/con"
path=(logz.chains=200 logz.betas=150 logz.burn=100)
ranks=2 z both "$work/run" "${path[@]}" "$energies"
z bar "$work/run" "${path[@]}" "$energies" logz.method=bar logz.base=biases
ranks=2 z units_ais "$work/units.h5" "${path[@]}" "${unit[@]}"
z up "$work/listed.h5" "${path[@]}" logz.method=ais logz.base=uniform
z down "$work/listed.h5" "${path[@]}" logz.method=rais
z drawn "$work/run" "${path[@]}" logz.energies='[]' logz.conditions=6 logz.data="$work/bits.h5"

# a machine from a file, trained by steps of no size, comes back as it was; also through a text of edges
rbm=(train "$work/train.yaml" data.kind=bits training.mode=rbm data.train="[$work/bits.h5]" rbm.learning_rate=0 training.epochs=1)
must 1 "${rbm[@]}" run.dir="$work/same" rbm.file="$work/run/best.h5"
must 2 "${rbm[@]}" run.dir="$work/edges" rbm.topology=file rbm.chip="$work/edges.txt" rbm.weight_std=0
twelve=(data.train="[$work/rows.h5]" rbm.partitions=12 rbm.nodes='[1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2]' rbm.clamped=-1)
must 1 "${rbm[@]}" "${twelve[@]}" run.dir="$work/twelve" rbm.file="$work/many.h5"

# incident energies: in turn, of a file, drawn
gen=(generate generate.model="$work/run" generate.sweeps=1 run.dir="$work/gen")
must 2 "${gen[@]}" generate.energies='[1000, 2.5e4, 7]' generate.showers=8 generate.output="$work/turn.h5"
must 2 "${gen[@]}" generate.energies="$work/showers.h5" generate.output="$work/file.h5"
must 2 "${gen[@]}" generate.energy_min=100 generate.energy_max=10000 generate.showers=500 generate.output="$work/uniform.h5"
must 2 "${gen[@]}" generate.latents="$work/bits.h5" generate.output="$work/decoded.h5"
for prior in rbm uncoupled coins; do
    must 2 "${gen[@]}" generate.energies='[1234.5]' generate.sweeps=100 generate.prior=$prior generate.showers=2000 generate.states="$work/$prior.h5" generate.output="$work/few.h5"
done
must 2 "${gen[@]}" generate.energies='[1234.5]' generate.sweeps=100 generate.tempering=4 generate.showers=2000 generate.states="$work/tempered.h5" generate.output="$work/few.h5"
run 1 "${gen[@]}" generate.tempering=5
check "refused: a ladder of five" test $status -eq 1
check "says so" grep -qF "generate.tempering: a ladder of 5 temperatures" "$work/err"
oracle judge "$work"
finish oracle
