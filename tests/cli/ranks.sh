#!/bin/bash
# asan
# ranks.sh - what does not depend on the number of ranks: bit for bit the synthetic showers, the
# chains and generated bits of a model, its AIS runs, and the training of a Boltzmann machine on
# bits; to rounding the training of the networks.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

# 601 showers are three pieces of a rank, two of each of two, one of each of three
for n in 1 2 3; do must $n synth synth.geometry=$geometry synth.showers=601 synth.first=7 synth.output="$work/s$n.h5" run.dir="$work/synth"; done
for n in 2 3; do look "synth at $n ranks: the same bits" same "$work/s1.h5" "$work/s$n.h5"; done
must 3 synth synth.geometry=$geometry synth.showers=2 synth.first=7 synth.output="$work/few.h5" run.dir="$work/synth"
look "more ranks than synthetic showers: the first showers" same "$work/few.h5" "$work/s1.h5" rows=2
cp "$work/s1.h5" "$work/showers.h5"

# networks: 20 steps of SGD, uneven shards; sums of floats round differently, 1e-7 a step, and the
# relaxed bits are smooth in them
sgd=(training.optimiser=sgd training.learning_rate=1e-5 training.schedule=constant training.epochs=4 data.most=87)
for n in 1 2 3; do
    must $n train "$work/train.yaml" run.dir="$work/vae$n" "${sgd[@]}"
    must $n train "$work/train.yaml" run.dir="$work/ae$n" training.mode=ae "${sgd[@]}" training.batch=17 training.epochs=3
done
check "20 steps of SGD were made" grep -q "\"step\": 20," "$work/vae1/train.result.json"
for n in 2 3; do
    look "vae at $n ranks: losses to 1e-3, ae to 1e-5" metrics "$work/vae1/metrics.jsonl" "$work/vae$n/metrics.jsonl" 1e-3 ae=1e-5
    look "ae at $n ranks: losses to 1e-5" metrics "$work/ae1/metrics.jsonl" "$work/ae$n/metrics.jsonl" 1e-5
done
look "losses of two modes are told apart" not metrics "$work/vae1/metrics.jsonl" "$work/ae1/metrics.jsonl" 1e-3

# wherever the showers are: the same checkpoint
for storage in dense sparse files; do
    must 2 train "$work/train.yaml" run.dir="$work/$storage" training.epochs=1 data.storage=$storage data.split=stratified data.validation_fraction=0.2
done
for storage in sparse files; do
    look "showers kept as $storage: the same networks and chains" same "$work/dense/best.h5" "$work/$storage/best.h5" but=/config,/progress
    look "showers kept as $storage: the same history" metrics "$work/dense/metrics.jsonl" "$work/$storage/metrics.jsonl" 0
done
must 3 encode encode.model="$work/dense" data.test="[$work/showers.h5]" data.storage=sparse encode.output="$work/sparse.h5" run.dir="$work/enc"
must 3 encode encode.model="$work/dense" data.test="[$work/showers.h5]" encode.output="$work/dense.h5" run.dir="$work/enc"
look "encoded from sparse showers: the same bits" same "$work/dense.h5" "$work/sparse.h5"

# a machine with couplings that matter, for everything below
must 1 train "$work/train.yaml" run.dir="$work/model" rbm.weight_std=0.4 rbm.learning_rate=0.1

for n in 1 2 3; do
    must $n generate generate.model="$work/model" generate.showers=150 generate.sweeps=20 generate.states="$work/bits$n.h5" generate.output="$work/g$n.h5" generate.batch=16 run.dir="$work/gen"
    must $n encode encode.model="$work/model" data.test="[$work/showers.h5]" encode.output="$work/e$n.h5" run.dir="$work/enc"
    for prior in uncoupled coins; do
        must $n generate generate.model="$work/model" generate.showers=70 generate.prior=$prior generate.energies='[1000, 20000]' generate.states="$work/$prior$n.h5" generate.output="$work/p$n.h5" run.dir="$work/gen"
    done
done
must 2 generate generate.model="$work/model" generate.showers=150 generate.sweeps=20 generate.states="$work/base.h5" generate.output="$work/p1.h5" run.kernels=base run.dir="$work/gen"
for n in 2 3; do
    look "generated bits at $n ranks: the same bits" same "$work/bits1.h5" "$work/bits$n.h5"
    look "uncoupled machine at $n ranks: the same bits" same "$work/uncoupled1.h5" "$work/uncoupled$n.h5"
    look "coins at $n ranks: the same bits" same "$work/coins1.h5" "$work/coins$n.h5"
    look "generated showers at $n ranks: to rounding" close "$work/g1.h5" "$work/g$n.h5" 1e-4
    look "logits at $n ranks: to rounding" close "$work/e1.h5" "$work/e$n.h5" 1e-5 only=/logits,/incident_energies
done
look "plain kernels: the same bits" same "$work/bits1.h5" "$work/base.h5"
look "generated and encoded bits are told apart" not same "$work/bits1.h5" "$work/e1.h5" only=/states

# ln Z: 70 chains a condition are two tiles, so six tiles on 1, 2, 3 ranks, and two when joint
z=(logz.model="$work/model" logz.chains=70 logz.betas=40 logz.burn=15 logz.exact_most=0)
for n in 1 2 3; do
    must $n logz "${z[@]}" logz.energies='[1500, 33333.5, 800000]' run.dir="$work/z$n"
    must $n logz "${z[@]}" logz.clamp=none logz.method=bar logz.data="$work/bits1.h5" run.dir="$work/z$n" run.name=joint
    must $n logz "${z[@]}" logz.energies='[]' logz.conditions=5 logz.data="$work/bits1.h5" logz.base=biases run.dir="$work/z$n" run.name=drawn
done
for n in 2 3; do
    for name in logz joint drawn; do
        look "$name at $n ranks: the same log-weights" same "$work/z1/$name.h5" "$work/z$n/$name.h5"
        look "$name at $n ranks: the same result" result "$work/z1/$name.result.json" "$work/z$n/$name.result.json" seconds path log_likelihood log_likelihood_error
    done
done

# the machine alone, on bits
rbm=(data.kind=bits training.mode=rbm data.train="[$work/e1.h5]" training.batch=50 rbm.weight_std=0.1)
for n in 1 2 3; do
    must $n train "$work/train.yaml" "${rbm[@]}" run.dir="$work/r$n"
    must $n train "$work/train.yaml" "${rbm[@]}" run.dir="$work/q$n" rbm.optimiser=adam rbm.learning_rate=0.01 rbm.gradient=enhanced rbm.chain_condition=fixed
    must $n train "$work/train.yaml" "${rbm[@]}" run.dir="$work/t$n" rbm.clamped=-1 rbm.gradient=plain rbm.momentum=0.5 rbm.topology=none
done
for n in 2 3; do
    for kind in r q t; do
        look "machine $kind on bits at $n ranks: the same checkpoint" same "$work/${kind}1/checkpoint-2.h5" "$work/$kind$n/checkpoint-2.h5" but=/config
        look "machine $kind on bits at $n ranks: the same history" metrics "$work/${kind}1/metrics.jsonl" "$work/$kind$n/metrics.jsonl" 0
    done
done
look "an epoch changes the machine" not same "$work/r1/checkpoint-1.h5" "$work/r1/checkpoint-2.h5" only=/rbm
finish ranks
