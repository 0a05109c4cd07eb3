#!/bin/bash
# torch.sh - PyTorch, where there is one, agrees with the small networks in outputs, losses and gradients,
# built independently from the same architecture files and the same checkpoint's weights.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
peer=$(dirname "$caloq")/tests/peers/gradients
torch=
for one in "$python" /usr/bin/python3; do
    [ -n "$torch" ] || { "$one" -c 'import torch, yaml, h5py' 2> /dev/null && torch=$one; }
done

# what a graph reads through detach alone has no gradient; every kind of layer that files seldom name
cat > "$work/kinds.yaml" <<'END'
levels: 2
energy: {low: 5.0, high: 16.0, scale: 2.0}
encoder:
  - {name: place, kind: latent_encoding, input: bits, units: 3}
  - {name: voxels, kind: reshape, input: showers, shape: [1, 45, 16, 9]}
  - {kind: voxel_encoding, modes: 5, amplitude: 0.7}
  - {kind: pad_cylinder, phi: 2, centre: 1}
  - {kind: conv3d, units: 3, kernel: [3, 5, 2], stride: [3, 2, 2]}
  - {kind: group_norm, groups: 3}
  - {name: grey, kind: gelu}
  - {kind: add, inputs: [grey, place]}
  - {kind: max_pool, kernel: 2}
  - {name: seen, kind: mean_pool}
  - {name: bent, kind: softplus}
  - {concat: [seen, bent, energy, bits], kind: linear, units: 11}
  - {kind: layer_norm}
  - {kind: tanh}
  - {name: logits, kind: linear, units: logits, init: glorot}
decoder:
  - {name: wave, kind: sinusoids, input: energy, units: 5}
  - {concat: [bits, wave], kind: linear, units: 12}
  - {name: sure, kind: softmax}
  - {name: trunk, kind: sigmoid}
  - {kind: reshape, shape: [2, 3, 2, 1]}
  - {kind: conv_transpose3d, units: 2, kernel: [3, 10, 4], stride: [6, 6, 1], bias: false}
  - {kind: fold_cylinder, phi: 0, centre: 1}
  - {name: half, kind: pad_zeros, size: [0, 0, 1]}
  - {kind: relu}
  - {name: a, kind: linear, units: 40}
  - {name: hits, kind: linear, units: voxels, data: hits}
  - {concat: [trunk, sure, a], kind: leaky_relu, slope: 0.2}
  - {name: activations, kind: linear, units: voxels}
  - {kind: detach, concat: [trunk, a]}
  - {name: spread, kind: linear, units: voxels}
END
if [ -z "$torch" ]; then
    skip "no Python here has PyTorch (python3-torch), PyYAML and h5py"
    check "the peer says what it cannot read" test "$("$peer" "$work/none.yaml" "$work/x.h5" 2>&1 | grep -c none.yaml)" -eq 1
else
    made=()
    for file in "$work/kinds.yaml" configs/architectures/{fcn,cnn-flat,cnn-hierarchy,cnn-attention,cnn-modulated}-small.yaml; do
        name=$(basename "$file" .yaml)
        check "$name: what caloq makes of it" "$peer" "$file" "$work/$name.h5"
        made+=("$work/$name.h5")
    done
    # and weights that training has made, of a network that is told more than the energy
    showers 101 "$work/showers.h5"
    "$python" - "$work/showers.h5" <<'END'
import h5py, numpy as np, sys
with h5py.File(sys.argv[1], "a") as f:
    n = len(f["showers"])
    f["eta"], f["impact"] = np.linspace(-1, 1, n)[:, None], np.geomspace(1, 100, n)
END
    sed 's/\[standard, energy, bits\]/[standard, conditions, bits]/; s/\[bits, energy\]/[bits, conditions]/' "$work/network.yaml" > "$work/told.yaml"
    must 2 train "$work/train.yaml" model.architecture="$work/told.yaml" model.condition='[energy, eta, impact]' \
        model.condition_ranges='[{name: eta, low: -1, high: 1}, {name: impact, low: 1, high: 100, scale: log}]'
    check "a checkpoint: what caloq makes of it" "$peer" "$work/run" "$work/trained.h5"
    made+=("$work/trained.h5")
    check "what PyTorch makes of them" "$torch" tests/peers/torch_check.py "${made[@]}"
    check "every file was held against PyTorch" test "$(grep -c comparisons "$work/said")" -eq 7
fi
finish torch
