#!/bin/bash
# waits
# slurm.sh - jobs/train.slurm on a real Slurm of our own: the time limit strikes, training stops
# with a checkpoint and exit status 75, the job goes back into the queue and its second turn goes
# on from there to the result line. jobs/logz.slurm then runs as an array on what was trained, and
# jobs/scaling.slurm benches at one and two ranks.
#
# munged, slurmctld and slurmd live in one temporary folder, on two ports of 127.0.0.1.
set -u
cd "$(dirname "$0")/../.." || exit 1
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
controller=26817 node=26818
passed=0 failed=0

finish() { echo "TEST slurm: $passed passed, $failed failed, $1 skipped"; [ $failed -eq 0 ]; exit; }
skip() { echo "SKIP $1"; finish 1; }

type munged slurmctld slurmd sbatch > /dev/null 2>&1 || skip "slurm-wlm and munge are not installed"
for port in $controller $node; do
    (: < "/dev/tcp/127.0.0.1/$port") 2> /dev/null && skip "a port of the private Slurm is taken"
done

work=$(mktemp -d)
chmod 700 "$work"

# stop: the daemons by the numbers they wrote, the node first; then the folder.
stop() {
    local name pid
    for name in slurmd slurmctld munged; do
        pid=$(cat "$work/$name.pid" 2> /dev/null) || continue
        kill "$pid" 2> /dev/null
        for _ in $(seq 50); do kill -0 "$pid" 2> /dev/null || break; sleep 0.1; done
        kill -KILL "$pid" 2> /dev/null
    done
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 1' INT TERM

# within SECONDS COMMAND...: until the command holds.
within() {
    local end=$((SECONDS + $1)); shift
    until "$@" > /dev/null 2>&1; do [ $SECONDS -lt $end ] || return 1; sleep 0.2; done
}

# check WHAT COMMAND...
check() {
    local what=$1; shift
    if "$@" > /dev/null 2>&1; then passed=$((passed + 1)); return; fi
    failed=$((failed + 1)); echo "FAILED: $what"; tail -n 30 "$work"/*.out 2> /dev/null
    return 1
}
give_up() { tail -n 15 "$work"/*.log; finish 0; }

head -c 1024 /dev/urandom > "$work/key" && chmod 400 "$work/key"
munged --force --key-file="$work/key" --socket="$work/munge" --pid-file="$work/munged.pid" \
    --log-file="$work/munged.log" --seed-file="$work/seed" || true
export SLURM_CONF=$work/slurm.conf
cat > "$SLURM_CONF" <<EOF2
ClusterName=caloq
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$controller
SlurmdPort=$node
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$work/munge
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
KillWait=5
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=2,bf_interval=2
NodeName=localhost NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=localhost Default=YES MaxTime=INFINITE State=UP
EOF2
echo 'CgroupPlugin=cgroup/v1' > "$work/cgroup.conf" # which asks nothing of /sys: containers hide it
mkdir "$work/state" "$work/spool"
slurmctld -f "$SLURM_CONF" -c
slurmd -f "$SLURM_CONF" -N localhost
idle() { [ "$(sinfo -h -o %T)" = idle ]; }
check "a node is idle" within 20 idle || give_up

# --- what the jobs work on --------------------------------------------------------------------
run=$work/run
export CALOQ=${CALOQ_BUILD:-build}/caloq
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMP_NUM_THREADS=1
check "64 showers" "$CALOQ" synth configs/synth.yaml run.dir="$work/synth" synth.showers=64 \
    synth.geometry=configs/geometries/tiny.yaml synth.output="$work/showers.h5" || give_up
cat > "$work/train.yaml" <<EOF2
run:
  dir: $run
data:
  train: [$work/showers.h5]
  geometry: configs/geometries/tiny.yaml
  validation_fraction: 0.125
model:
  architecture: configs/architectures/fcn-small.yaml
rbm:
  chains: 64
  sweeps: 2
training:
  epochs: 1000000
  batch: 14
  checkpoint_every: 1000
  log_every: 1
EOF2
cat > "$work/logz.yaml" <<EOF2
run:
  dir: $run
logz:
  model: $run
  energies: [10000]
  chains: 64
  betas: 50
  burn: 50
EOF2

# of the job: one field of scontrol's line; does it have this value? has its output this line?
field() { scontrol -o show job "$job" 2> /dev/null | grep -oE "(^| )$1=[^ ]*" | head -1 | cut -d= -f2; }
is() { [ "$(field "$1")" = "$2" ]; }
said() { grep -qE -- "$1" "$work/$2.out"; }
epoch() { sed -nE 's/.*"epoch": *([0-9]+).*/\1/p' "$run/metrics.jsonl" | tail -1; }
steps() { sed -nE '/"phase": *"validation"/!s/.*"step": *([0-9]+).*/\1/p' "$run/metrics.jsonl"; }
# every step has its line, an epoch's last step two
unbroken() { steps | awk '$1 - last > 1 || $1 < last { bad = 1 } { last = $1 } END { exit bad || last < 3 }'; }

# --- the limit strikes, and the job goes on -----------------------------------------------------
job=$(sbatch --parsable --time=1 --signal=B:USR1@50 --output="$work/train.out" jobs/train.slurm "$work/train.yaml")
check "the job runs" within 20 is JobState RUNNING || give_up
check "the limit strikes, and the job is back in the queue" within 65 is JobState PENDING || give_up
check "training left with 75" said 'job [0-9]+, turn 1, exit status 75' train
check "a checkpoint is there" ls "$run"/checkpoint-*.h5
check "no result yet" test ! -e "$run/train.result.json"
reached=$(epoch)
sed -i "s/epochs: .*/epochs: $((reached + 2))/" "$work/train.yaml"
sleep 3 # slurmd refuses a turn whose credential is not later than the end of the turn before
scontrol update JobId="$job" StartTime=now # or the second turn would wait two minutes
check "its second turn ends well" within 40 is JobState COMPLETED || give_up
check "it was one restart" is Restarts 1
check "it went on: turn 2, exit status 0" said 'turn 2, exit status 0' train
check "with the result line" said '^\{.*"epoch": *'$((reached + 2)) train
check "and its file" test -s "$run/train.result.json"
check "no step was made twice, none left out" unbroken

# --- an array of ln Z estimates ------------------------------------------------------------------
job=$(sbatch --parsable --array=0-1 --time=1 --output="$work/logz-%a.out" jobs/logz.slurm "$work/logz.yaml")
gone() { [ -z "$(squeue -h -j "$job")" ]; }
check "the array ends" within 30 gone || give_up
for task in 0 1; do
    check "task $task has a result line" said '^\{.*"logz"' "logz-$task"
    check "task $task has its log-weights" test -s "$run/logz-$task.h5"
done
check "the tasks drew other numbers" test "$(grep -o '"logz": *[^,]*' "$run/logz-0.result.json")" != "$(grep -o '"logz": *[^,]*' "$run/logz-1.result.json")"
check "the files of the array merge" "$CALOQ" logz "$work/logz.yaml" run.name=merged \
    logz.merge="[$(ls -m "$run"/logz-*.h5)]"
check "... to the chains of both" grep -q '"chains": *512' "$run/merged.result.json"

# --- the bench over numbers of ranks ---------------------------------------------------------------
export STRONG=128 WEAK=64
job=$(sbatch --parsable --time=2 --output="$work/scaling.out" jobs/scaling.slurm "$work/scaling" bench.seconds=0.01)
check "the scaling job ends well" within 100 is JobState COMPLETED || give_up
check "a line for each study at 1 and 2 ranks" test "$(grep -c '"study"' "$work/scaling/scaling.jsonl")" = 4
for study in strong weak; do
    check "$study scaling of two ranks is in the table" grep -qE "^$study +complete 784x500 joint int16 +2 +128 " "$work/scaling/scaling.txt"
done
check "the plot is there" test -s "$work/scaling/scaling.png"
finish 0
