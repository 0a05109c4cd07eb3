#!/bin/bash
# resume.sh - stopped and started again is as if never stopped, bit for bit at equal ranks: training
# of the networks and of the machine alone, ln Z; stopped by the wall time at every step, by a
# signal in the middle of an epoch, by kill -9, and with a damaged checkpoint on the way.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
showers 101 "$work/showers.h5"
says() { grep -qF -- "$1" "$work/err"; }

# alike WHAT A B CHECKPOINT: two run folders hold the same end.
alike() {
    look "$1: the same checkpoint" same "$2/$4" "$3/$4" but=/config
    look "$1: the same best.h5" same "$2/best.h5" "$3/best.h5" but=/config
    look "$1: the same history" metrics "$2/metrics.jsonl" "$3/metrics.jsonl" 0
    look "$1: the same result" result "$2/train.result.json" "$3/train.result.json" showers_per_second checkpoint
}

# turns RANKS ARGUMENT...: start again and again with no wall time at all, one step a turn.
turns() {
    turn=0
    while [ $turn -lt 20 ]; do
        run "$@" run.walltime=0.001
        [ $status -eq 75 ] || break
        turn=$((turn + 1))
    done
    [ $status -eq 0 ] || fail "exit $status after $turn turns: caloq ${*:2}"
}

# networks: 6 steps, of which the second and fourth end an epoch; each turn stops after one
vae=(train "$work/train.yaml" training.batch=60 training.epochs=3 data.validation_fraction=0.1)
for n in 1 2; do
    must $n "${vae[@]}" run.dir="$work/vae$n"
    turns $n "${vae[@]}" run.dir="$work/turns$n"
    check "vae at $n ranks: stopped after each of 6 steps but the last" test $turn -eq 5
    alike "vae stopped at every step, $n ranks" "$work/vae$n" "$work/turns$n" checkpoint-3.h5
done
check "a stop says where it stands and that one may go on" grep -q 'stopped at step 5, checkpoint .*checkpoint-2.h5; run it again to go on' "$work/turns2/log.txt"
cp -r "$work/vae1" "$work/again"
must 1 "${vae[@]}" run.dir="$work/again"
alike "started again after its end" "$work/vae1" "$work/again" checkpoint-3.h5

# several phases in a row
phases=(train "$work/train.yaml" training.batch=60 training.optimiser=adamw rbm.optimiser=adam
    training.phases='[{mode: ae, epochs: 1}, {mode: vae, epochs: 1, from: best}, {mode: rbm, epochs: 1}]')
must 1 "${phases[@]}" run.dir="$work/phases"
turns 1 "${phases[@]}" run.dir="$work/phases-turns"
alike "three phases stopped at every step" "$work/phases" "$work/phases-turns" checkpoint-3.h5

# the optimiser's state in shares: begun on 1 rank, gone on with 2, 3 and 3 on two nodes, as on 1
ae=(train "$work/train.yaml" training.mode=ae training.batch=60 training.epochs=3)
must 1 "${ae[@]}" run.dir="$work/ae1"
run 1 "${ae[@]}" run.dir="$work/shares" run.walltime=0.001
run 2 "${ae[@]}" run.dir="$work/shares" run.walltime=0.001
run 3 "${ae[@]}" run.dir="$work/shares" run.walltime=0.001 training.shard=on
CALOQ_NODE=2 run 3 "${ae[@]}" run.dir="$work/shares" run.walltime=0.001
must 2 "${ae[@]}" run.dir="$work/shares" training.shard=off
look "shares of the state on 1, 2, 3 ranks: losses to 1e-5" metrics "$work/ae1/metrics.jsonl" "$work/shares/metrics.jsonl" 1e-5
look "... and the same state to 1e-6" close "$work/ae1/checkpoint-3.h5" "$work/shares/checkpoint-3.h5" 1e-6 only=/optimizer/networks/state

# the machine alone on bits: more epochs are more steps of the same kind, so half may come first
must 1 encode encode.model="$work/vae1" data.test="[$work/showers.h5]" encode.output="$work/bits.h5" run.dir="$work/enc"
rbm=(train "$work/train.yaml" data.kind=bits training.mode=rbm data.train="[$work/bits.h5]" rbm.momentum=0.5 training.batch=30)
for n in 1 2; do
    must $n "${rbm[@]}" run.dir="$work/rbm$n" training.epochs=4
    must $n "${rbm[@]}" run.dir="$work/half$n" training.epochs=2
    must $n "${rbm[@]}" run.dir="$work/half$n" training.epochs=4 run.resume=must
    alike "machine after half of its epochs, $n ranks" "$work/rbm$n" "$work/half$n" checkpoint-4.h5
done
must 2 "${rbm[@]}" run.dir="$work/change" training.epochs=2
must 3 "${rbm[@]}" run.dir="$work/change" training.epochs=4
alike "machine begun on 2 ranks and ended on 3, as on 1" "$work/rbm1" "$work/change" checkpoint-4.h5

# a signal in the middle of an epoch of 51 steps, slowed by many sweeps
slow=(training.batch=2 training.epochs=2 rbm.sweeps=1000)
for kind in vae rbm; do
    [ $kind = vae ] && args=(train "$work/train.yaml" "${slow[@]}") || args=("${rbm[@]}" "${slow[@]}")
    for n in 1 2; do
        must $n "${args[@]}" run.dir="$work/$kind-whole$n"
        folder=$work/$kind-usr$n
        begin $n "${args[@]}" run.dir="$folder"
        until_lines 8 "$folder/metrics.jsonl"; kill -USR1 $pid; end
        check "$kind at $n ranks: USR1 ends in 75" test $status -eq 75
        check "$kind at $n ranks: in the middle of an epoch" test "$(wc -l < "$folder/metrics.jsonl")" -lt 51
        check "$kind at $n ranks: no result is claimed" test ! -s "$work/out" -a ! -e "$folder/train.result.json"
        must $n "${args[@]}" run.dir="$folder"
        alike "$kind after USR1, $n ranks" "$work/$kind-whole$n" "$folder" checkpoint-2.h5
    done
done
begin 1 "${args[@]}" run.dir="$work/term"
until_lines 60 "$work/term/metrics.jsonl"; kill -TERM $pid; end
check "TERM ends in 75" test $status -eq 75
must 1 "${args[@]}" run.dir="$work/term"
alike "after TERM" "$work/rbm-whole1" "$work/term" checkpoint-2.h5
begin 2 "${args[@]}" run.dir="$work/kill"
until_lines 60 "$work/kill/metrics.jsonl"
pkill -KILL -P $pid; end # the ranks, children of our mpirun
check "kill -9 of the ranks is a failure" test $status -ne 0 -a $status -ne 75
must 2 "${args[@]}" run.dir="$work/kill"
alike "after kill -9" "$work/rbm-whole2" "$work/kill" checkpoint-2.h5
check "going on says from where" grep -q 'going on from .*/kill/checkpoint-1.h5, step 51' "$work/kill/log.txt"

# a damaged checkpoint: a flipped bit, a cut end; then all of them
flip() { printf '\x55' | dd of="$1" bs=1 seek=$(($(stat -c %s "$1") / 2)) conv=notrunc status=none; }
cp -r "$work/rbm1" "$work/flip" && flip "$work/flip/checkpoint-4.h5"
must 1 "${rbm[@]}" run.dir="$work/flip" training.epochs=4
check "a flipped bit: a warning names the file" says "warning: '$work/flip/checkpoint-4.h5' is damaged"
check "... and the one before is taken" says "going on from $work/flip/checkpoint-3.h5"
alike "a flipped bit" "$work/rbm1" "$work/flip" checkpoint-4.h5
cp -r "$work/vae2" "$work/cut" && truncate -s -100 "$work/cut/checkpoint-3.h5" && : > "$work/cut/checkpoint-2.h5"
must 2 "${vae[@]}" run.dir="$work/cut"
alike "a cut end and an empty file" "$work/vae2" "$work/cut" checkpoint-3.h5
cp -r "$work/cut" "$work/lost" && for i in 1 2 3; do flip "$work/lost/checkpoint-$i.h5"; done
run 2 "${vae[@]}" run.dir="$work/lost"
check "nothing but damaged checkpoints: exit 1" test $status -eq 1
check "... and no new start over them" says "caloq: no checkpoint in '$work/lost' can be used: "

# what may not change, and the three kinds of resuming
refused() { # KEY ARGUMENT...
    local key=$1; shift
    run 1 "${vae[@]}" run.dir="$work/vae1" "$@"
    check "changed $key is refused, by name" test $status -eq 1 -a "$(grep -c "^caloq: .*$key .*checkpoint" "$work/err")" -eq 1
}
refused run.seed run.seed=2
refused rbm.nodes rbm.nodes='[57, 6, 6, 5]'
refused training.batch training.batch=61
refused training.optimiser training.optimiser=sgd
refused rbm.chains rbm.chains=101
refused data.transform data.transform=gev
sed 's/units: 8/units: 9/' "$work/network.yaml" > "$work/other.yaml"
refused model.architecture model.architecture="$work/other.yaml"
sed 's/thickness: 20.4/thickness: 20.5/' $geometry > "$work/geometry.yaml"
refused data.geometry data.geometry="$work/geometry.yaml"
run 1 "${vae[@]}" run.dir="$work/mid" run.walltime=0.001
run 1 "${vae[@]}" run.dir="$work/mid" data.most=40
check "fewer steps an epoch than were made are refused" test $status -eq 1 -a "$(grep -c '^caloq: .*stopped after 1 steps of an epoch, which has 1 with' "$work/err")" -eq 1
run 1 "${vae[@]}" run.dir="$work/none" run.resume=must
check "must without a checkpoint is refused" test $status -eq 1 -a "$(grep -c '^caloq: .*/none: holds no checkpoint, and run.resume is must' "$work/err")" -eq 1
cp -r "$work/rbm1" "$work/never"
must 1 "${vae[@]}" run.dir="$work/never" run.resume=never run.walltime=0.001 training.epochs=1 data.most=40
must 1 "${vae[@]}" run.dir="$work/never" run.resume=never
alike "never: anew, and no older checkpoint is in the way" "$work/vae1" "$work/never" checkpoint-3.h5
check "never: nothing of the run before stays" test ! -e "$work/never/checkpoint-4.h5"

# ln Z: 12 steps up and 12 down, 8 and 4 a turn
z=(logz logz.model="$work/rbm1" logz.chains=70 logz.betas=12 logz.burn=5 logz.energies='[2000, 50000]' logz.exact_most=0)
zalike() {
    look "$1: the same log-weights" same "$2/logz.h5" "$3/logz.h5"
    look "$1: the same result" result "$2/logz.result.json" "$3/logz.result.json" seconds path
    check "$1: no state stays" test ! -e "$3/logz.state.h5"
}
for n in 1 2; do
    must $n "${z[@]}" run.dir="$work/z$n"
    turns $n "${z[@]}" run.dir="$work/zturns$n"
    check "ln Z at $n ranks: stopped three times" test $turn -eq 3
    zalike "ln Z in turns at $n ranks" "$work/z$n" "$work/zturns$n"
done
long=("${z[@]}" logz.betas=4000 logz.chains=700)
must 2 "${long[@]}" run.dir="$work/zlong"
begin 2 "${long[@]}" run.dir="$work/zusr"
until_lines 1 "$work/zusr/log.txt"; kill -USR1 $pid; end # before its first step: it makes some, then stops
check "ln Z: USR1 ends in 75" test $status -eq 75
must 2 "${long[@]}" run.dir="$work/zusr"
check "ln Z: goes on" grep -q 'going on from .*/logz.state.h5' "$work/zusr/log.txt"
zalike "ln Z after USR1" "$work/zlong" "$work/zusr"
# another machine of the same size, from a base that does not know it
cp -r "$work/rbm1" "$work/machine"
z+=(logz.model="$work/machine")
run 1 "${z[@]}" logz.base=uniform run.dir="$work/zother" run.walltime=0.001
must 1 "${rbm[@]}" run.dir="$work/machine" run.resume=never run.seed=5
must 1 "${z[@]}" logz.base=uniform run.dir="$work/zother"
check "ln Z: the state of another machine is not used" says 'belongs to another run and is not used'
must 1 "${z[@]}" logz.base=uniform run.dir="$work/znew"
zalike "ln Z after another machine's state" "$work/znew" "$work/zother"
run 1 "${z[@]}" run.dir="$work/zdamaged" run.walltime=0.001; flip "$work/zdamaged/logz.state.h5"
must 1 "${z[@]}" run.dir="$work/zdamaged"
check "ln Z: a damaged state is named, and not used" says "/zdamaged/logz.state.h5' is damaged: "
run 1 "${z[@]}" run.dir="$work/zmust" run.resume=must
check "ln Z: must without a state is refused" test $status -eq 1

check "no temporary file is left anywhere" test -z "$(find "$work" -name '*.tmp')"
finish resume
