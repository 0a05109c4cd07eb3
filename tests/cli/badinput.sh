#!/bin/bash
# badinput.sh - what is wrong with the world is one clear sentence: `caloq: ` once on stderr at 1 and
# 2 ranks, exit status 1, nothing on stdout; no file appears, none is left half-written, and what was
# there is as it was.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

# listing: all files but the words of runs, with size and time of change.
listing() { find "$work" -path "$work/run" -prune -o -type f ! -path "$work/out" ! -path "$work/err" ! -path "$work/said" ! -path "$work/looks" ! -name log.txt -printf '%p %s %T@\n' | sort; }

# sentences: how many there are that are no warnings.
sentences() { grep '^caloq: ' "$work/err" | grep -vc '^caloq: warning: '; }

# faults SENTENCE: everything that is wrong with how the last run ended.
faults() {
    [ $status -eq 1 ] || echo "exit status $status"
    [ -s "$work/out" ] && echo "on stdout: $(head -c 200 "$work/out")"
    [ "$(sentences)" -eq 1 ] || echo "$(sentences) sentences"
    grep -qE -- "^caloq: .*$1" "$work/err" || echo "the sentence is not: $1"
    [ "$(listing)" = "$before" ] || { echo "files changed:"; diff <(echo "$before") <(listing); }
    find "$work" -name '*.tmp'
    find "$work/run" \( -name '*.h5' -o -name '*.result.json' \) 2> /dev/null
}

# bad SENTENCE ARGUMENT...: refused at $at ranks, with a sentence that matches.
at="1 2"
bad() {
    local sentence=$1 n found; shift
    for n in $at; do
        rm -rf "$work/run"
        before=$(listing)
        case "$*" in *run.dir=*) run $n "$@" ;; *) run $n "$@" run.dir="$work/run" ;; esac
        found=$(faults "$sentence")
        if [ -z "$found" ]; then pass; else fail "at $n ranks: caloq $*"; sed 's/^/    | /' <<< "$found"; fi
    done
}

showers 60 "$work/showers.h5"
must 1 train "$work/train.yaml" run.dir="$work/model" training.epochs=1 data.most=40
must 1 encode encode.model="$work/model" data.test="[$work/showers.h5]" encode.output="$work/bits.h5" run.dir="$work/enc"
"$python" - "$work/rbm.h5" <<'END'
import h5py, numpy, sys
with h5py.File(sys.argv[1], "w") as f:
    f.attrs["format"], f.attrs["version"] = "caloq-rbm", 1
    f["partition_sizes"], f["clamped"] = numpy.int32([57, 6, 6, 6]), numpy.int32([0])
    f["bias"] = numpy.zeros(75, "f4")
    f["edges"], f["weight"] = numpy.int32([[0, 60], [1, 70], [60, 70]]), numpy.float32([.1, .2, .3])
END
"$python" tests/cli/badfiles.py "$work/bad" "$work/showers.h5" "$work/bits.h5" "$work/model/best.h5" "$work/rbm.h5" || exit 1
b=$work/bad

# shower files
train=(train "$work/train.yaml" data.most=0)
bad "$b/none.h5: no such file" "${train[@]}" data.train="[$b/none.h5]"
bad "$b: a folder, an HDF5 file was expected" "${train[@]}" data.train="[$b]"
bad "$b/text.h5.*HDF5" "${train[@]}" data.train="[$b/text.h5]"
bad "$b/nothing.h5.*HDF5" "${train[@]}" data.train="[$b/nothing.h5]"
bad "$b/cut_showers.h5" "${train[@]}" data.train="[$b/cut_showers.h5]"
bad "$b/no_showers.h5' has no dataset 'showers', expected \(N, 192\)" "${train[@]}" data.train="[$b/no_showers.h5]"
bad "$b/no_energies.h5' has no dataset 'incident_energies'" "${train[@]}" data.train="[$work/showers.h5, $b/no_energies.h5]"
bad "few_voxels.h5': dataset 'showers' has 100 voxels a row, expected 192" "${train[@]}" data.train="[$b/few_voxels.h5]"
bad "cube.h5': dataset 'showers' has 3 dimensions, expected 2" "${train[@]}" data.train="[$b/cube.h5]"
bad "two_energies.h5': dataset 'incident_energies' has 2 .*, expected \(N, 1\)" "${train[@]}" data.train="[$b/two_energies.h5]"
bad "rows.h5': 60 rows in 'showers' but 59 in 'incident_energies'" "${train[@]}" data.train="[$b/rows.h5]"
bad "0 showers in '$b/empty.h5'" "${train[@]}" data.train="[$b/empty.h5]"
bad "words.h5" "${train[@]}" data.train="[$b/words.h5]"
bad "nan_energy.h5': dataset 'incident_energies', row 59 is -?nan, expected an energy above 0 MeV" "${train[@]}" data.train="[$b/nan_energy.h5]"
bad "no_energy.h5': dataset 'incident_energies', row 1 is 0" "${train[@]}" data.train="[$b/no_energy.h5]"
bad "negative_energy.h5': dataset 'incident_energies', row 59 is -5" "${train[@]}" data.train="[$b/negative_energy.h5]"
bad "data.train, event 59: incident energy 2e\+07 MeV: expected 1 MeV to 10 TeV" "${train[@]}" data.train="[$b/huge_energy.h5]"
encode=(encode encode.model="$work/model" encode.output="$work/bits.h5")
bad "few_voxels.h5.*100 voxels" "${encode[@]}" data.test="[$b/few_voxels.h5]"
bad "data.test is empty" "${encode[@]}"
evaluate=(evaluate evaluate.prdc=0 evaluate.geometry=$geometry evaluate.reference="$work/showers.h5" evaluate.fpd_min=20 evaluate.fpd_max=50 evaluate.kpd_batch=20)
bad "$b/cut_showers.h5" "${evaluate[@]}" evaluate.generated="$b/cut_showers.h5"
bad "nan.h5': dataset 'showers', row 59, voxel 5 is -?nan, expected a finite energy of at least 0 MeV" "${evaluate[@]}" evaluate.generated="$b/nan.h5"
bad "infinite.h5': dataset 'showers', row 3, voxel 0 is inf" "${evaluate[@]}" evaluate.generated="$b/infinite.h5"
bad "negative.h5': dataset 'showers', row 58, voxel 7 is -0.001" "${evaluate[@]}" evaluate.generated="$b/negative.h5"
bad "two.h5 holds 2 showers, .*showers.h5 60; expected the same events|two.h5" "${evaluate[@]}" evaluate.generated="$b/two.h5" evaluate.paired=true
bad "evaluate.fpd_max is 50, expected more than evaluate.fpd_min \(50\)" "${evaluate[@]}" evaluate.generated="$work/showers.h5" evaluate.fpd_min=50
generate=(generate generate.model="$work/model" generate.output="$work/showers.h5" generate.showers=20 generate.sweeps=2)
bad "none.h5: no such file" "${generate[@]}" generate.energies="$b/none.h5"
bad "no_energies.h5.*incident_energies" "${generate[@]}" generate.energies="$b/no_energies.h5"
bad "two.h5: holds 2 energies, generate.showers asks for 20" "${generate[@]}" generate.energies="$b/two.h5"
bad 'generate.energies, shower 0: incident energy 1e\+08 MeV: expected 1 MeV to 10 TeV' "${generate[@]}" generate.energies='[1e8]'
bad 'generate.energies, shower 59: incident energy -?nan MeV' "${generate[@]}" generate.energies="$b/nan_energy.h5" generate.showers=60
bad 'generate.energy_max is 1000 MeV, expected more than generate.energy_min \(5000 MeV\)' "${generate[@]}" generate.energy_min=5000 generate.energy_max=1000

# more ranks than showers
at=3
bad "2 showers in '$b/two.h5' for 3 ranks, expected at least one a rank" "${train[@]}" data.train="[$b/two.h5]"
bad "2 showers in '$b/two.h5' for 3 ranks" "${encode[@]}" data.test="[$b/two.h5]"
bad "two.h5: holds 2 showers for 3 ranks" "${evaluate[@]}" evaluate.generated="$b/two.h5"
bad "training.batch is 2, expected at least one shower for each of 3 ranks" "${train[@]}" training.batch=2
must 3 train "$work/train.yaml" data.kind=bits training.mode=rbm data.train="[$b/bits_two.h5]" run.dir="$work/few"
must 3 generate generate.model="$work/model" generate.showers=2 generate.sweeps=2 generate.output="$work/few.h5" run.dir="$work/few"
must 3 generate generate.model="$work/model" generate.latents="$b/bits_two.h5" generate.output="$work/few.h5" run.dir="$work/few"
at="1 2"

# Bits files
bad "none.h5: no such file" "${generate[@]}" generate.latents="$b/none.h5"
bad "no_states.h5.*states" "${generate[@]}" generate.latents="$b/no_states.h5"
bad "byte2.h5: /states row 59, unit 3 is 2, expected 0 or 1" "${generate[@]}" generate.latents="$b/byte2.h5"
bad "narrow.h5: states have 74 bits, expected the 75 of $work/model/best.h5" "${generate[@]}" generate.latents="$b/narrow.h5"
bad "flat.h5: /states has 1 dimensions, expected states x units" "${generate[@]}" generate.latents="$b/flat.h5"
bad "bits_rows.h5: /incident_energies has 59 rows, /states has 60" "${generate[@]}" generate.latents="$b/bits_rows.h5"
bad "bits_nan.h5: /incident_energies row 59 is -?nan MeV" "${generate[@]}" generate.latents="$b/bits_nan.h5"
bad "no_code.h5: /states row 59: the bits of partition 0 are no energy code" "${generate[@]}" generate.latents="$b/no_code.h5"
logz=(logz logz.model="$work/model" logz.chains=10 logz.betas=5 logz.burn=2 logz.energies='[1000]' logz.output="$work/bits.h5")
bad "byte2.h5: /states row 59, unit 3 is 2" "${logz[@]}" logz.data="$b/byte2.h5"
bad "narrow.h5: states have 74 bits, expected the 75 units" "${logz[@]}" logz.data="$b/narrow.h5"
bits=("${train[@]}" data.kind=bits training.mode=rbm)
bad "byte2.h5: /states row 59, unit 3 is 2" "${bits[@]}" data.train="[$b/byte2.h5]"
bad "narrow.h5: rows of 74 units, rbm.nodes makes the first 4 partitions 75: expected whole partitions" "${bits[@]}" data.train="[$b/narrow.h5]"
bad "data.train lists 2 files, expected one Bits file" "${bits[@]}" data.train="[$work/bits.h5, $work/bits.h5]"
bad "training.mode is vae and data.kind is bits, expected rbm" "${bits[@]}" data.train="[$work/bits.h5]" training.mode=vae

# models
at=2
for name in flip_model cut_model checksum; do
    bad "$b/$name.h5' is damaged" "${generate[@]}" generate.model="$b/$name.h5"
done
bad "$b/first_line.h5' is not a checkpoint of caloq" "${generate[@]}" generate.model="$b/first_line.h5"
bad "$b/flip_model.h5' is damaged" "${encode[@]}" data.test="[$work/showers.h5]" encode.model="$b/flip_model.h5"
bad "$b/flip_model.h5' is damaged" "${logz[@]}" logz.model="$b/flip_model.h5"
bad "$b/flip_model.h5' is damaged" "${train[@]}" rbm.file="$b/flip_model.h5"
bad "$b/flip_model.h5' is damaged" info info.file="$b/flip_model.h5"
mkdir "$work/broken" && cp "$b/flip_model.h5" "$work/broken/best.h5"
bad "$work/broken/best.h5' is damaged" "${generate[@]}" generate.model="$work/broken"
bad "$work/nowhere.*: no such file" "${generate[@]}" generate.model="$work/nowhere"
bad "$work/enc: holds no checkpoint, expected best.h5 or checkpoint-EPOCH.h5" "${logz[@]}" logz.model="$work/enc"
bad "$work/showers.h5: neither a checkpoint nor an RBM file" "${logz[@]}" logz.model="$work/showers.h5"
bad "rbm.h5: holds no networks, expected a model that decodes" "${generate[@]}" generate.model="$work/rbm.h5"
bad "rbm.h5: holds no networks, expected a model that encodes" "${encode[@]}" data.test="[$work/showers.h5]" encode.model="$work/rbm.h5"
bad "rbm_nan.h5: .*(bias|unit) 3.*nan" "${logz[@]}" logz.model="$b/rbm_nan.h5"
bad "rbm_short.h5: /bias has 74 entries, expected 75" "${logz[@]}" logz.model="$b/rbm_short.h5"
bad "rbm_no_bias.h5.*bias" "${logz[@]}" logz.model="$b/rbm_no_bias.h5"
bad "rbm_nan_weight.h5: /: weight of units [0-9]+ and [0-9]+ is nan: expected a finite number" "${logz[@]}" logz.model="$b/rbm_nan_weight.h5"
bad "rbm_hidden.h5: /hidden: partition 0 is hidden and has clamped units" "${logz[@]}" logz.model="$b/rbm_hidden.h5"
bad "rbm_held.h5: /clamped_units holds 3, expected rising unit numbers below 75" "${logz[@]}" logz.model="$b/rbm_held.h5"
bad "rbm_all_held.h5: /: all 75 units are clamped, expected one or more to be free" "${logz[@]}" logz.model="$b/rbm_all_held.h5"
bad "rbm_clamped.h5: /clamped is 9, expected -1 or a partition below 4" "${logz[@]}" logz.model="$b/rbm_clamped.h5"
bad "rbm_edge.h5.*edge 0" "${logz[@]}" logz.model="$b/rbm_edge.h5"
bad "rbm_far.h5.*edge 2" "${logz[@]}" logz.model="$b/rbm_far.h5"
bad "rbm_twice.h5.*edge [01]" "${logz[@]}" logz.model="$b/rbm_twice.h5"
bad "3 couplings, expected the 75 and 1134" "${train[@]}" rbm.file="$work/rbm.h5"
bad "logz.energies, entry 1: incident energy|logz.energies.*(1e\+08|1e8)" "${logz[@]}" logz.energies='[1000, 1e8]'
bad "logz.energies is empty, expected energies in MeV, or logz.data" "${logz[@]}" logz.energies='[]'
bad "logz.exact_most: exact ln Z of 18 free units leaves 2\^12 states to enumerate: expected at most 2\^5; logz.exact_width: variable elimination of 18 units needs tables of 2\^12 numbers .*: expected at most 2\^4" "${logz[@]}" logz.method=exact logz.exact_most=5 logz.exact_width=4

at="1 2"

# configuration: unknown keys and sections, types, ranges with units, syntax with its line
bad "unknown.*'?traning'?.*training" "${train[@]}" traning.epochs=3
bad "unknown key training.epoch, the nearest is training.epochs" "${train[@]}" training.epoch=3
at=1 # every rank reads the same text
bad "synth.energy_min is 5, expected .*from 10 to 100000000 \(MeV\)" synth synth.energy_min=5 synth.output="$work/new.h5"
bad "run.walltime is -1, expected .*at least 0|run.walltime is -1, expected .*\(s\)" "${train[@]}" run.walltime=-1
bad "synth.showers is 1.5|synth.showers is '1.5'|synth.showers.*1.5.*an integer" synth synth.showers=1.5 synth.output="$work/new.h5"
bad "training.mode.*vea.*one of ae, vae, rbm" "${train[@]}" training.mode=vea
bad "expected section.key=value" "${train[@]}" nonsense
bad "rbm.nodes lists 3 sizes, expected 1 or rbm.partitions = 4" "${train[@]}" rbm.nodes='[57, 6, 6]'
bad "rbm.nodes: partition 0 has 56 units, the energy code caloq needs at least 57" "${train[@]}" rbm.nodes='[56, 6, 6, 6]'
bad "rbm.clamped is 4, expected -1 \(none\) or a partition below 4" "${train[@]}" rbm.clamped=4
bad "synth.energy_max is 100 MeV, expected more than synth.energy_min \(1000 MeV\)" synth synth.energy_max=100 synth.output="$work/new.h5"
bad 'training.phases\[1\].epocs.*epochs' "${train[@]}" training.phases='[{mode: ae}, {mode: ae, epocs: 2}]'
yaml() { printf '%b' "$1" > "$work/bad.yaml"; }
yaml 'run:\n  seed: 2\nsynth:\n  showers: [1, 2\n'
bad "$work/bad.yaml:[45]: " synth "$work/bad.yaml" synth.output="$work/new.h5"
yaml 'run:\n  seed: 2\nsynth:\n  shower: 3\n'
bad "$work/bad.yaml:4: .*synth.shower.*synth.showers" synth "$work/bad.yaml" synth.output="$work/new.h5"
yaml 'run:\n  seed: 2\n  seed: 3\n'
bad "$work/bad.yaml:3: .*seed" synth "$work/bad.yaml" synth.output="$work/new.h5"
yaml 'synth:\n\tshowers: 3\n'
bad "$work/bad.yaml:2: " synth "$work/bad.yaml" synth.output="$work/new.h5"
yaml 'synth:\n  energy_max: 1e99\n'
bad "$work/bad.yaml:2: synth.energy_max is '1e99', expected .*\(MeV\)" synth "$work/bad.yaml" synth.output="$work/new.h5"
bad "$work/none.yaml" synth "$work/none.yaml" synth.output="$work/new.h5"
sed 's/units: 8}/unts: 8}/' "$work/network.yaml" > "$work/bad.yaml"
bad "$work/bad.yaml:8: .*has no key 'unts'" "${train[@]}" model.architecture="$work/bad.yaml"
sed 's/count: 8/count: -8/' $geometry > "$work/bad.yaml"
bad "$work/bad.yaml:[0-9]+: count is -8, expected 1 to" "${train[@]}" data.geometry="$work/bad.yaml"
printf '0 60\n1 x\n' > "$work/edges.txt"
bad "$work/edges.txt:2: " "${train[@]}" rbm.topology=file rbm.chip="$work/edges.txt"
bad "$work/none.txt" "${train[@]}" rbm.topology=file rbm.chip="$work/none.txt"

# no secret is a key, and none is quoted
yaml 'run:\n  seed: 2\n  token: abracadabra\n'
bad "$work/bad.yaml:3: .*token" synth "$work/bad.yaml" synth.output="$work/new.h5"
bad "token" synth synth.output="$work/new.h5" anneal.api_token=abracadabra
check "the secret is nowhere" test -z "$(grep -rl abracadabra "$work" --exclude=bad.yaml)"

# --- where one cannot write
at="1 2"
bad "$work/showers.h5' is a file, expected a folder" synth synth.geometry=$geometry synth.output="$work/showers.h5/new.h5"
bad "$work/showers.h5' is a file, expected a folder" "${generate[@]}" generate.output="$work/showers.h5/new/new.h5"
bad "$b: is a folder, expected a file to write" "${encode[@]}" data.test="[$work/showers.h5]" encode.output="$b"
bad '"", expected a path' synth synth.output=
bad "/proc/caloq" synth synth.geometry=$geometry synth.showers=5 synth.output=/proc/caloq.h5
bad "/proc/caloq" "${logz[@]}" logz.output=/proc/caloq/z.h5

# full KB SENTENCE ARGUMENT...: where a file can hold so much and no more
full() { file_kb=$1; shift; bad "$@"; file_kb=; }
full 36 "$work/showers.h5.tmp: needs [0-9]+ bytes, and RLIMIT_FSIZE \(ulimit -f\) allows files of 36864" synth synth.geometry=$geometry synth.showers=60 synth.output="$work/showers.h5"
full 36 "RLIMIT_FSIZE" synth synth.geometry=$geometry synth.showers=60 synth.gzip=4 synth.output="$work/new.h5"
full 36 "RLIMIT_FSIZE" "${generate[@]}"
full 36 "RLIMIT_FSIZE" "${generate[@]}" generate.output="$work/new.h5" generate.states="$work/bits.h5"
full 36 "RLIMIT_FSIZE" "${encode[@]}" data.test="[$work/showers.h5]"
full 36 "RLIMIT_FSIZE" "${logz[@]}"
full 36 "RLIMIT_FSIZE" "${evaluate[@]}" evaluate.generated="$work/showers.h5" evaluate.output="$work/new.h5"
full 36 "checkpoint-1.h5.tmp: needs .*RLIMIT_FSIZE" "${train[@]}"
full 4 "train.config.yaml.*File too large" "${train[@]}"

# events whose voxels are no numbers are counted by reason, and dropped
for n in 1 2; do
    must $n "${train[@]}" data.train="[$b/nan.h5, $b/infinite.h5, $b/negative.h5]" data.most=0 run.dir="$work/dropped"
    check "train at $n ranks: voxels that are no numbers" grep -qF "data.train: 2 of 180 showers cannot be transformed and are dropped (a voxel that is no number), the first is number 59" "$work/err"
    check "train at $n ranks: voxels below 0" grep -qF "data.train: 1 of 180 showers cannot be transformed and are dropped (a voxel below 0), the first is number 178" "$work/err"
    check "train at $n ranks: finite losses" test "$(grep -ciE 'nan|inf' "$work/dropped/metrics.jsonl")" -eq 0
    rm -rf "$work/dropped"
done
must 1 "${encode[@]}" data.test="[$b/nan.h5]" encode.output="$work/short.h5" run.dir="$work/dropped"
check "encode drops them too" grep -qF "data.test: 1 of 60 showers cannot be transformed and are dropped (a voxel that is no number), the first is number 59" "$work/err"

# a run that loses its disk after the first step: what it had is whole, and with room it goes on as if
# nothing had been; the same for a step so wide that the loss is not finite
whole() { "$python" -c "import h5py, sys; h5py.File(sys.argv[1])['rbm/bias'][()]" "$1"; }
run2=(train "$work/train.yaml" data.most=40 training.batch=4 training.optimiser=sgd training.learning_rate=1e-5 training.schedule=constant)
must 2 "${run2[@]}" run.dir="$work/whole"
run 2 "${run2[@]}" run.dir="$work/lost" run.walltime=0.001
for what in full wide; do
    before=$(sha256sum "$work"/lost/*.h5)
    [ $what = full ] && file_kb=36 step=1e-5 || step=10
    run 2 "${run2[@]}" run.dir="$work/lost" training.learning_rate=$step
    file_kb=
    check "$what: one sentence, exit 1" test $status -eq 1 -a "$(sentences)" -eq 1
    check "$what: the checkpoints are as they were" test "$(sha256sum "$work"/lost/*.h5)" = "$before"
    check "$what: no other file" test -z "$(find "$work/lost" -name '*.tmp' -o -name '*.result.json')"
done
check "wide: the sentence says what is not finite, and where" grep -qE \
    '^caloq: .*(loss is not finite .*: (encoder level|decoder).*layer [0-9]+ \(|gradient is not finite.*/)' "$work/err"
check "the checkpoint of the first step reads" whole "$work/lost/checkpoint-0.h5"
must 2 "${run2[@]}" run.dir="$work/lost"
look "gone on after a full disk: the same checkpoint" same "$work/whole/checkpoint-2.h5" "$work/lost/checkpoint-2.h5" but=/config
look "gone on after a full disk: the same history" metrics "$work/whole/metrics.jsonl" "$work/lost/metrics.jsonl" 0

# a small disk, and one that is read-only: where mount works
disk=$work/disk && mkdir "$disk"
if mount -t tmpfs -o size=300k caloq-test "$disk" 2> /dev/null; then
    mounted=$disk
    head -c 1000 /dev/urandom > "$disk/old.h5"
    bad "$disk/old.h5.tmp.* (room|space)" synth synth.geometry=$geometry synth.showers=500 synth.output="$disk/old.h5"
    bad "$disk/new.h5.tmp.* (room|space)" "${generate[@]}" generate.output="$disk/new.h5" generate.showers=400
    for n in 1 2; do
        run $n train "$work/train.yaml" data.most=40 run.dir="$disk/run$n"
        check "train on a small disk at $n ranks: one sentence, exit 1" test $status -eq 1 -a "$(grep -c "^caloq: .*checkpoint-1.h5" "$work/err")" -eq 1
        check "... and no checkpoint" test -z "$(find "$disk/run$n" -name '*.h5*')"
        rm -rf "$disk/run$n"
    done
    head -c 296000 /dev/zero > "$disk/filler" 2> /dev/null
    bad "'$disk/run.*No space left|$disk/run.*No space left" "${train[@]}" run.dir="$disk/run"
    rm -rf "$disk/filler" "$disk/run" && mount -o remount,ro "$disk"
    bad "$disk.*[Rr]ead-only" synth synth.geometry=$geometry synth.showers=5 synth.output="$disk/old.h5"
    bad "$disk.*[Rr]ead-only" "${generate[@]}" generate.output="$disk/sub/new.h5"
    bad "$disk.*[Rr]ead-only" "${logz[@]}" logz.output="$disk/z.h5"
    bad "$disk.*[Rr]ead-only" "${train[@]}" run.dir="$disk"
    bad "$disk.*[Rr]ead-only" "${train[@]}" run.dir="$disk/run"
else
    skip "mount of a small tmpfs is not permitted"
fi
finish badinput
