#!/bin/bash
# state.sh - models that move: export to the names and shapes of PyTorch's modules, import, training
# that goes on from them, .pth both ways where PyTorch is installed, and each refusal.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
showers 40 "$work/showers.h5"
says() { grep -qF -- "$1" "$work/err"; }
state() { "$python" tests/cli/state.py "$@"; }

cat > "$work/named.yaml" <<'END'
levels: 2
blocks:
  half:
    - {kind: conv3d, units: wide, kernel: [2, 3, 2], stride: [1, 2, 1], torch: 0.conv}
    - {kind: batch_norm, torch: 1}
    - {kind: prelu, torch: 2}
encoder:
  - {kind: normalise, input: showers, data: showers}
  - {name: voxels, kind: reshape, shape: [1, 8, 6, 4]}
  - {name: place, kind: latent_encoding, input: bits}
  - {kind: add, inputs: [voxels, place]}
  - {kind: pad_cylinder}
  - {block: half, name: first, with: {wide: 4}, torch: seq1}
  - {block: half, concat: [first, energy], with: {wide: 6}, torch: seq2}
  - {name: logits, kind: linear, units: logits, init: glorot}
decoder:
  - {concat: [bits, energy], kind: linear, units: 96, torch: front}
  - {kind: reshape, shape: [4, 4, 3, 2]}
  - {kind: group_norm, torch: front_norm}
  - {kind: conv_transpose3d, units: 5, kernel: [2, 3, 3], stride: [2, 2, 1], torch: _layers.1.conv}
  - {kind: linear_attention, dim: 3, torch: _layers.2}
  - {name: trunk, kind: group_norm, torch: _layers.2.to_out.1}
  - {kind: conv_transpose3d, units: 1, kernel: [1, 2, 2], input: trunk}
  - {kind: fold_cylinder}
  - {name: hits, kind: bias, data: hits}
  - {kind: conv_transpose3d, units: 1, kernel: [1, 2, 2], input: trunk}
  - {kind: fold_cylinder}
  - {name: activations, kind: bias, data: activations}
END
train=(train "$work/train.yaml" model.architecture="$work/named.yaml" training.epochs=1)
must 1 "${train[@]}" run.dir="$work/net"
must 2 export configs/export.yaml run.dir="$work/exported" export.model="$work/net" export.output="$work/state.h5"
check "names, shapes and numbers are those of PyTorch's modules" state compare "$work/net/best.h5" "$work/state.h5"
import=(import configs/import.yaml model.architecture="$work/named.yaml" data.geometry="$geometry")
must 2 "${import[@]}" run.dir="$work/back" import.state="$work/state.h5" import.output="$work/back/best.h5"
check "import gives the model back" state equal "$work/net/best.h5" "$work/back/best.h5"
for m in net back; do
    must 1 generate configs/generate.yaml run.dir="$work/g-$m" generate.model="$work/$m" generate.showers=12 generate.output="$work/$m.h5"
done
check "... which draws the same showers" state equal "$work/net.h5" "$work/back.h5"
must 2 "${train[@]}" run.dir="$work/on" model.file="$work/back" rbm.file="$work/back/best.h5" training.learning_rate=0 \
    rbm.learning_rate=0 training.phases="[{mode: ae, epochs: 1, freeze: encoder}]"
check "training goes on from it" state start "$work/back/best.h5" "$work/on/checkpoint-1.h5"
run 1 "${train[@]}" run.dir="$work/other" model.file="$work/back" model.architecture=configs/architectures/fcn-small.yaml
check "... of the same tensors" says "back/best.h5"

run 1 "${train[@]}" run.dir="$work/other" model.file="$work/back" model.energy_code=new45
check "... of the same energy code" says "its energies are in the code caloq, this config's model.energy_code is new45"
run 1 "${train[@]}" run.dir="$work/other" rbm.file="$work/back/best.h5" model.energy_code=new45
check "... the machine too" says "its energies are in the code caloq"
run 1 "${import[@]}" run.dir="$work/other" import.state="$work/state.h5" import.output="$work/other.h5" data.standardise=true
check "no import where voxels are standardised" says "holds no means and deviations"

# a machine whose couplings are few; that of a fuller file with parameters that training moved
must 1 "${train[@]}" run.dir="$work/sparse" rbm.topology=zephyr rbm.chip=3 rbm.nodes="[57, 6, 6, 6]"
must 1 export configs/export.yaml run.dir="$work/exported" export.model="$work/sparse" export.output="$work/sparse.h5"
must 1 "${import[@]}" run.dir="$work/few" import.state="$work/sparse.h5" import.output="$work/few/best.h5"
check "couplings are where the masks are" state machine "$work/sparse/best.h5" "$work/few/best.h5"
state params "$work/sparse.h5" "$work/params.h5"
must 1 "${import[@]}" run.dir="$work/params" import.state="$work/params.h5" import.output="$work/params/best.h5"
check "... with the parameters that training moves" state moved "$work/few/best.h5" "$work/params/best.h5"

bad() { # SENTENCE CHANGE: a file that is refused
    state change "$work/state.h5" "$work/bad.h5" "$2"
    run 1 "${import[@]}" run.dir="$work/refused" import.state="$work/bad.h5" import.output="$work/refused.h5"
    check "refused: $1" test $status -eq 1
    check "... in one sentence" says "$1"
    check "... and nothing is left" test ! -e "$work/refused.h5"
}
bad "has no /encoder/_networks.1.seq2.1.running_var" "del f['encoder/_networks.1.seq2.1.running_var']"
bad "/decoder/front.bias has shape (95), the architecture says (96)" "x = f['decoder/front.bias'][1:]; del f['decoder/front.bias']; f['decoder/front.bias'] = x"
bad "/encoder/_networks.7.weight is no tensor" "f['encoder/_networks.7.weight'] = [1.0]"
bad "is not finite" "f['decoder/front.bias'][3] = float('nan')"
bad "/prior has 0 partitions" "del f['prior']"
bad "/prior/_weight_dict.12 has shape" "x = f['prior/_weight_dict.12'][:, 1:]; del f['prior/_weight_dict.12']; f['prior/_weight_dict.12'] = x"
printf 'encoder:\n  - {name: logits, kind: linear, input: bits, units: logits, torch: a}\ndecoder:\n  - {name: x, kind: linear, input: bits, units: 4, torch: b}\n  - {name: y, kind: linear, input: bits, units: 4, torch: b}\n' > "$work/twice.yaml"
run 1 "${train[@]}" run.dir="$work/refused" model.architecture="$work/twice.yaml"
check "a published name is given once" says "twice.yaml:5: torch: the name decoder/b.weight is taken"
run 1 export configs/export.yaml run.dir="$work/exported" export.model="$work/nowhere" export.output="$work/x.h5"
check "no model, no file" test $status -eq 1 -a ! -e "$work/x.h5"

torch=
for p in "$python" /usr/bin/python3; do "$p" -c 'import torch, h5py' 2> /dev/null && torch=$p && break; done
if [ -z "$torch" ]; then
    skip "no Python here has PyTorch (python3-torch), PyYAML and h5py"
else
    check "to .pth" "$torch" analysis/to_torch.py "$work/state.h5" "$work/state.pth"
    check "... which PyTorch's modules load, and agree with" "$torch" tests/cli/state.py torch "$work/state.pth"
    check "and back" "$torch" analysis/from_torch.py "$work/state.pth" "$work/again.h5"
    check "... to the same numbers" state equal "$work/state.h5" "$work/again.h5"
fi
finish state
