#!/bin/bash
# logz.sh - every method of `caloq logz` on a 4 x 3 machine: against all its states, on 1, 2 and 3
# ranks, in pieces that are merged, after kill -9, by schedules and starts, and each refusal.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
"$python" tests/cli/logz.py make "$work" || exit 1
z=(logz run.dir="$work" logz.betas=60 logz.sweeps=2 logz.burn=60 logz.energies='[]')
joint=(logz.model="$work/free.h5")
given=(logz.model="$work/clamped.h5" logz.data="$work/rows.h5" logz.conditions=3)
judged=()

# --- against enumeration, for any number of ranks -------------------------------------------------
# 300 chains are five tiles, two islands; 3 conditions
for method in ais rais both bar stepping ti population; do
    for n in 1 3; do
        must $n "${z[@]}" "${joint[@]}" logz.method=$method logz.chains=300 run.name=joint-$method-$n
        must $n "${z[@]}" "${given[@]}" logz.method=$method logz.chains=300 run.name=given-$method-$n
    done
    judged+=("$work/joint-$method-1.result.json" "$work/given-$method-1.result.json")
done
for n in 1 2; do
    must $n "${z[@]}" "${joint[@]}" logz.method=raise logz.chains=64 logz.data="$work/model.h5" logz.conditions=200 run.name=joint-raise-$n
    must $n "${z[@]}" "${given[@]}" logz.method=raise logz.chains=64 run.name=given-raise-$n
done
for marginal in none 0 3; do
    must 1 "${z[@]}" "${joint[@]}" logz.method=both logz.chains=300 logz.marginal=$marginal run.name=joint-m$marginal
    judged+=("$work/joint-m$marginal.result.json")
done
printf '0, 0.1 0.2 # begins\n0.5\n0.7 1\n' > "$work/betas.txt"
for schedule in geometric adaptive "$work/betas.txt" "$work/joint-both-1.h5"; do
    name=schedule-$(basename "$schedule" | tr -d .-)
    must 1 "${z[@]}" "${joint[@]}" logz.chains=300 logz.schedule="$schedule" run.name="$name"
    judged+=("$work/$name.result.json")
done
must 2 "${z[@]}" "${joint[@]}" logz.chains=300 logz.schedule=adaptive run.name=adaptive-2
must 1 "${z[@]}" "${joint[@]}" logz.chains=2 logz.schedule=salakhutdinov run.name=salakhutdinov
must 1 "${z[@]}" "${joint[@]}" logz.chains=300 logz.start=data logz.data="$work/rows.h5" run.name=start-data
for n in 1 2; do must $n "${z[@]}" "${given[@]}" logz.chains=300 logz.start=tempered logz.tempering=4 run.name=start-tempered-$n; done
judged+=("$work/start-data.result.json" "$work/start-tempered-1.result.json")
while read -r line; do if [ "$line" = ok ]; then pass; else fail "${line#FAILED: }"; fi; done \
    < <("$python" tests/cli/logz.py judge "$work" "${judged[@]}")
for kind in joint given; do
    for method in ais rais both bar stepping ti population; do
        look "$kind, $method: the same weights on 3 ranks" same "$work/$kind-$method-1.h5" "$work/$kind-$method-3.h5"
        look "$kind, $method: the same result on 3 ranks" result "$work/$kind-$method-1.result.json" "$work/$kind-$method-3.result.json" seconds path log_likelihood
    done
    look "$kind, raise: the same weights on 2 ranks" same "$work/$kind-raise-1.h5" "$work/$kind-raise-2.h5"
done
look "tempered starts: the same weights on 2 ranks" same "$work/start-tempered-1.h5" "$work/start-tempered-2.h5"
look "adaptive: the same schedule on 2 ranks" same "$work/schedule-adaptive.h5" "$work/adaptive-2.h5"
field() { "$python" -c 'import json, sys; r = json.load(open(sys.argv[1])); assert eval(sys.argv[2]), r' "$work/$1.result.json" "$2"; }
check "a schedule of 14,500 steps" field salakhutdinov 'r["betas"] == 14500'
check "a file's schedule" field schedule-betastxt 'r["betas"] == 5'
check "islands have an error of their own" field joint-population-1 'r["islands"] == 2 and "families" in r["note"]'
check "the reference's AIS is labelled" field joint-stepping-1 '"what the reference code calls AIS" in r["note"]'
# 200 states of the machine itself: E log p_raise <= E log p; the data are exact draws
check "RAISE lies below the likelihood" field joint-raise-1 'r["logz"] >= r["exact"] - 3 * r["error"] and r["logz"] - r["exact"] < 0.1'

# --- the four log-likelihoods ---------------------------------------------------------------------
for n in 1 2; do
    must $n "${z[@]}" "${joint[@]}" logz.data="$work/model.h5" logz.chains=300 logz.table=true run.name=table-$n
    must $n "${z[@]}" "${given[@]}" logz.chains=100 logz.table=true run.name=table-given-$n
done
check "trained and random machine on data and samples" "$python" tests/cli/logz.py table "$work" "$work/table-1.result.json"
check "... for drawn conditions too" field table-given-1 '"ordered" in r["table"] and abs(r["table"]["trained_data"] - r["log_likelihood"]) < 1e-9'
look "the table's chains on 2 ranks" same "$work/table-1.random.h5" "$work/table-2.random.h5"
says() { grep -q "$1" "$work/err"; }
# stopped in the trained run: the random one, which is done, is not walked again
long=("${z[@]}" "${given[@]}" logz.chains=600 logz.betas=1500 logz.table=true)
must 2 "${long[@]}" run.name=table-whole
begin 1 "${long[@]}" run.name=table-cut logz.checkpoint_seconds=0.05
while kill -0 $pid 2> /dev/null && [ ! -e "$work/table-cut.state.h5" ]; do sleep 0.01; done
kill -USR1 $pid; end
check "the table is stopped in the trained run" test $status -eq 75 -a -e "$work/table-cut.state.h5"
file=$(stat -c %i "$work/table-cut.random.h5")
must 2 "${long[@]}" run.name=table-cut run.resume=must
check "... and the random machine's chains are there" says "random machine's chains are those of $work/table-cut.random.h5"
check "... in the file they were in" test "$file" -eq "$(stat -c %i "$work/table-cut.random.h5")"
look "... the same weights" same "$work/table-whole.h5" "$work/table-cut.h5"
look "... the same table" result "$work/table-whole.result.json" "$work/table-cut.result.json" seconds path
begin 1 "${long[@]}" run.name=table-random logz.checkpoint_seconds=0.05
while kill -0 $pid 2> /dev/null && [ ! -e "$work/table-random.random.state.h5" ]; do sleep 0.01; done
kill -USR1 $pid; end
check "the table is stopped in the random run" test $status -eq 75 -a -e "$work/table-random.random.state.h5" -a ! -e "$work/table-random.random.h5"
must 1 "${long[@]}" run.name=table-random run.resume=must
check "... from which must goes on" says "going on from $work/table-random.random.state.h5"
look "... to the same table" result "$work/table-whole.result.json" "$work/table-random.result.json" seconds path
several=("${z[@]}" "${joint[@]}" logz.data="$work/model.h5" logz.chains=100 logz.target_error=0.005 logz.table=true run.name=table-several)
must 1 "${several[@]}"
check "the random machine takes several batches" "$python" -c 'import h5py, sys; assert max(h5py.File(sys.argv[1])["chain"][()]) >= 100' "$work/table-several.random.h5"
cp "$work/table-several.result.json" "$work/table-first.result.json"
must 1 "${several[@]}"
check "several batches of the random machine are used again" says "random machine's chains are those of"
look "... for the same table" result "$work/table-first.result.json" "$work/table-several.result.json" seconds
must 1 "${several[@]}" run.resume=never
check "... and not where nothing is gone on from" test "$(grep -c "random machine's chains are those of" "$work/err")" -eq 0

# --- hidden units ---------------------------------------------------------------------------------
seen=(logz.model="$work/seen.h5" logz.data="$work/visible.h5" logz.chains=128 logz.conditions=100 logz.betas=300)
must 2 "${z[@]}" "${seen[@]}" logz.method=both logz.table=true run.name=visible-both
must 2 "${z[@]}" "${seen[@]}" logz.method=raise run.name=visible-raise
for method in both raise; do
    check "the likelihood of visible units, $method" "$python" tests/cli/logz.py visible "$work" "$work/visible-$method.result.json"
done
check "RAISE sums over what data do not show" field visible-raise 'r["marginal"] == 3'

# --- pieces and wholes ----------------------------------------------------------------------------
alike() { # WHAT WHOLE PART
    look "$1: the same weights" same "$work/$2.h5" "$work/$3.h5"
    look "$1: the same result" result "$work/$2.result.json" "$work/$3.result.json" seconds path
}
pieces() { # METHOD CUT CUT END: one run, and three merged
    local m=$1 a=("${z[@]}" "${given[@]}" logz.method="$1")
    must 1 "${a[@]}" logz.chains="$4" run.name="whole-$m"
    must 1 "${a[@]}" logz.chains="$2" run.name="a-$m"
    must 2 "${a[@]}" logz.first_chain="$2" logz.chains=$(($3 - $2)) run.name="b-$m"
    must 1 "${a[@]}" logz.first_chain="$3" logz.chains=$(($4 - $3)) run.name="c-$m"
    must 1 "${a[@]}" logz.merge="[$work/c-$m.h5, $work/a-$m.h5, $work/b-$m.h5]" run.name="merged-$m"
    alike "three merged files, $m" "whole-$m" "merged-$m"
}
pieces both 50 100 207
pieces ti 64 192 200
pieces population 256 512 600
pieces raise 10 20 70
must 1 "${z[@]}" "${joint[@]}" logz.method=bar logz.chains=100 logz.target_error=0.004 run.name=target
must 3 "${z[@]}" "${joint[@]}" logz.method=bar logz.chains=100 logz.target_error=0.004 run.name=target-3
alike "batches up to an error, on 3 ranks" target target-3
check "... which is reached by several" field target 'r["error"] <= 0.004 and r["chains"] > 100 and r["chains"] % 100 == 0'
chains=$("$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["chains"])' "$work/target.result.json")
must 1 "${z[@]}" "${joint[@]}" logz.method=bar logz.chains="$chains" run.name=at-once
alike "all batches at once" target at-once
must 1 "${z[@]}" "${joint[@]}" logz.method=bar logz.chains=100 logz.target_error=1e-6 logz.most_chains=250 run.name=most
check "... or the most chains are" field most 'r["chains"] == 200'
must 1 "${z[@]}" "${joint[@]}" logz.method=ais logz.chains=64 logz.target_error=1e-6 run.walltime=1.5 run.name=late
check "... or the wall time ends" field late 'r["chains"] > 64'

# --- killed in the middle -------------------------------------------------------------------------
killed() { # METHOD: kill -9 after the first state is on disk
    local a=("${z[@]}" "${given[@]}" logz.method="$1" logz.chains=600 logz.betas=1500) state="$work/killed-$1.state.h5"
    must 2 "${a[@]}" run.name="alive-$1"
    begin 1 "${a[@]}" run.name="killed-$1" logz.checkpoint_betas='[0.1, 0.3]' logz.checkpoint_seconds=0.05
    while kill -0 $pid 2> /dev/null && [ ! -e "$state" ]; do sleep 0.01; done
    { kill -9 $pid; end; } 2> /dev/null
    check "$1: killed with a state on disk" test -e "$state" -a ! -e "$work/killed-$1.result.json"
    must 2 "${a[@]}" run.name="killed-$1"
    check "$1: goes on" says "going on from $state"
    alike "$1 after kill -9" "alive-$1" "killed-$1"
}
for method in both ti population; do killed $method; done

# --- the chains of a training run -----------------------------------------------------------------
train=(train training.mode=rbm data.kind=bits data.train="[$work/model.h5]" rbm.partitions=4 rbm.nodes='[3]' rbm.chains=320 training.batch=100 training.epochs=4 training.log_every=1000 training.logz_every=2 rbm.trajectory=640)
for n in 1 3; do must $n "${train[@]}" rbm.clamped=-1 run.dir="$work/run$n"; done
must 1 "${train[@]}" rbm.clamped=0 run.dir="$work/held"
mv "$work/run1" "$work/run"
look "ln Z along the training on 3 ranks" metrics "$work/run/metrics.jsonl" "$work/run3/metrics.jsonl" 1e-12
must 1 "${z[@]}" logz.model="$work/run" logz.method=both logz.start=chains logz.chains=300 logz.burn=20 run.name=pool
check "persistent chains start the reverse run" field pool 'abs(r["logz"] - r["exact"]) < 4 * r["error"] + 1e-3 and abs(r["gap"]) < 4 * r["gap_error"] + 1e-3'
must 1 "${z[@]}" logz.model="$work/held" logz.start=chains logz.data="$work/rows.h5" logz.chains=100 run.name=pool-held
history() { # EXPRESSION of the last line of phase logz, l, and of the result of pool, r
    "$python" -c 'import json, sys
r = json.load(open(sys.argv[1]))
lines = [json.loads(x) for x in open(sys.argv[2])]
lines = [x for x in lines if x["phase"] == "logz"]
l = lines[-1]
assert len(lines) == 2 and eval(sys.argv[3]), (l, r)' "$work/pool.result.json" "$work/$1/metrics.jsonl" "$2"
}
must 2 "${z[@]}" logz.model="$work/run" logz.method=trajectory logz.data="$work/model.h5" run.name=course
truth=$("$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["exact"])' "$work/pool.result.json")
check "ln Z as training followed it" field course 'abs(r["logz"] - '"$truth"') < 4 * r["error"] + 1e-3 and r["error"] < 0.3 and r["chains"] == 640 and "log_likelihood" in r'
must 1 "${z[@]}" logz.model="$work/held" logz.method=trajectory run.name=course-held
check "... the mean of a conditional machine" field course-held 'r["target"] == "conditional" and r["error"] > 0'
check "ln Z along the training" history run 'all(abs(l[k] - r["exact"]) < 4 * l[k + "_error"] + 1e-3 for k in ("lnz_ais", "lnz_rais"))'
check "... and the likelihood" history run 'abs(l["log_likelihood"] + l["energy_data"] + l["lnz_ais"]) < 1e-9 and l["epoch"] == 4'
check "... of a conditional machine" history held '0 < l["lnz_ais_error"] < 0.01 and abs(l["lnz_rais"] - l["lnz_ais"]) < 0.02'
check "... of a conditional machine too" field pool-held 'all(abs(c["rais"] - c["exact"]) < 4 * c["rais_error"] + 1e-3 for c in r["conditions"])'

# --- refusals -------------------------------------------------------------------------------------
bad() { # SENTENCE ARGUMENT...
    local sentence=$1; shift
    run 1 "${z[@]}" logz.chains=64 run.name=bad "$@"
    check "refused: $sentence" test $status -eq 1 -a "$(grep -cE "^caloq: .*$sentence" "$work/err")" -eq 1
}
bad "chain 0 is in two of the files" "${given[@]}" logz.merge="[$work/a-both.h5, $work/whole-both.h5]"
bad "a-ti.h5: is of another method" "${given[@]}" logz.merge="[$work/a-ti.h5]"
bad "a-both.h5: is of another machine" "${joint[@]}" logz.merge="[$work/a-both.h5]"
bad "target.h5: is of another seed" "${joint[@]}" logz.method=bar logz.merge="[$work/target.h5]" run.seed=7
bad "a-both.h5: has other betas" "${given[@]}" logz.merge="[$work/a-both.h5]" logz.betas=61
bad "a-both.h5: has other base fields" "${given[@]}" logz.merge="[$work/a-both.h5]" logz.base=uniform
bad "a-both.h5: is of another number of sweeps" "${given[@]}" logz.merge="[$work/a-both.h5]" logz.sweeps=1
bad "a-both.h5: is of another summed partition" "${given[@]}" logz.merge="[$work/a-both.h5]" logz.marginal=none
damaged() { # NAME PYTHON: a file of log-weights that says other things than it holds
    cp "$work/a-both.h5" "$work/$1.h5"
    "$python" -c "import h5py, sys; f = h5py.File(sys.argv[1], 'r+'); $2" "$work/$1.h5"
}
longer='n = f[name].shape[0]; del f[name]; f[name] = [0] * (n + 100000)'
for list in chain condition direction log_z0; do
    damaged "long-$list" "name = '$list'; $longer"
    bad "long-$list.h5: $list has [0-9]* entries, expected" "${given[@]}" logz.merge="[$work/long-$list.h5]"
done
damaged flat "x = f['betas'][()]; del f['betas']; f['betas'] = x.reshape(1, -1)"
bad "flat.h5: /betas or /base is no list" "${given[@]}" logz.merge="[$work/flat.h5]"
bad "flat.h5: /betas is no list of two" "${given[@]}" logz.schedule="$work/flat.h5"
bad "rows.h5: .*format" "${given[@]}" logz.merge="[$work/rows.h5]"
bad "nothing.h5" "${given[@]}" logz.merge="[$work/nothing.h5]"
bad 'logz.marginal is "4", expected auto, none, or a partition below 4' "${joint[@]}" logz.marginal=4
bad 'logz.marginal is "most"' "${joint[@]}" logz.marginal=most
bad "logz.marginal: partition 0 is clamped" "${given[@]}" logz.marginal=0
bad "logz.first_chain is 10, expected a multiple of 64" "${joint[@]}" logz.method=ti logz.first_chain=10
bad "logz.first_chain is 64, expected a multiple of 256" "${joint[@]}" logz.method=population logz.first_chain=64
bad "logz.method: raise needs logz.data" "${joint[@]}" logz.method=raise
bad "logz.start: data needs logz.data" "${joint[@]}" logz.start=data
bad "logz.start: chains needs a logz.model with persistent chains" "${joint[@]}" logz.start=chains
bad "chains of .*/held.* are clamped to incident energies and are no sample of the joint machine" logz.model="$work/held" logz.clamp=none logz.start=chains
bad "logz.start: chains: the model has 320 persistent chains, expected at least the 400" logz.model="$work/run" logz.start=chains logz.chains=400
bad "free.h5: training followed no ln Z there" "${joint[@]}" logz.method=trajectory
bad "logz.clamp: none: training followed the mean ln Z.u. of .*held" logz.model="$work/held" logz.method=trajectory logz.clamp=none
bad "logz.table needs logz.data" "${joint[@]}" logz.table=true
bad "logz.table goes with logz.start: long and any logz.method but raise" "${given[@]}" logz.table=true logz.start=data
bad "logz.tempering" "${joint[@]}" logz.start=tempered logz.tempering=5
bad "logz.marginal: data do not show the hidden partitions" "${seen[@]}" logz.method=raise logz.marginal=0
bad "logz.start: data needs logz.data, a Bits file of whole states" "${seen[@]}" logz.start=data
bad "narrow.h5: states have 11 bits" "${joint[@]}" logz.method=raise logz.data="$work/narrow.h5"
printf '0 0.5\nx 1\n' > "$work/betas.bad"; printf '0 0.5 0.4 1\n' > "$work/betas.fall"; printf '0 0.5\n' > "$work/betas.short"
bad 'betas.bad:2: "x' "${joint[@]}" logz.schedule="$work/betas.bad"
bad "betas.fall: beta 0.4 follows 0.5" "${joint[@]}" logz.schedule="$work/betas.fall"
bad "betas.short: 2 betas, expected numbers that rise from 0 to 1" "${joint[@]}" logz.schedule="$work/betas.short"
bad "quadratic" "${joint[@]}" logz.schedule=quadratic
finish logz
