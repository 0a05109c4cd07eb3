#!/bin/bash
# torchnets.sh - PyTorch, where there is one, agrees with every architecture of the slides and papers at an
# eighth of its width, built independently from the same file (tests/cli/torch.sh does the small networks).
# Of networks that draw in training evaluation is compared; those whose noise is always there are not: they
# differ from decoder-*.yaml in that alone.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
peer=$(dirname "$caloq")/tests/peers/gradients
torch=
for one in "$python" /usr/bin/python3; do
    [ -n "$torch" ] || { "$one" -c 'import torch, yaml, h5py' 2> /dev/null && torch=$one; }
done
cnn=(cnn-{skip,cross,cross-reference,transformer,transformer-reference,transformer2,transformer2-reference,nine,mirror})
net=({decoder-{attention,noise},encoder-{2dv2,2dv2-narrow,2dv3,2dv4,3dv1,3dv2,3dv5},unet-{decoder,encoder}})

# held LIST NAME[:PARTITIONS[:GEOMETRY]]...: a line for each in LIST
held() {
    local list=$1 made=() one name partitions geometry
    shift
    for one; do
        IFS=: read -r name partitions geometry <<< "$one"
        "$peer" "configs/architectures/$name.yaml" "$work/$name.h5" 0.125 "${partitions:-4}" \
            "configs/geometries/${geometry:-calochallenge2}.yaml" || return 1
        made+=("$work/$name.h5")
    done
    "$torch" tests/peers/torch_check.py --once "${made[@]}" > "$list"
}

if [ -z "$torch" ]; then
    skip "no Python here has PyTorch (python3-torch), PyYAML and h5py"
    check "the peer says what it cannot read" test "$("$peer" "$work/none.yaml" "$work/x.h5" 1 4 none 2>&1 | grep -c none.yaml)" -eq 1
else
    held "$work/one" "${cnn[@]}" cnn-hidden:3 > "$work/log" 2>&1 &
    other=$!
    check "PyTorch makes the same of encoders, decoders, grids" held "$work/two" "${net[@]}" cnn-hidden-reference:3 \
        cnn-atlas:4:atlas_regular fcn-calochallenge1:4:calochallenge1_photons cnn-calochallenge3:4:calochallenge3
    wait "$other"
    check "and of hierarchies, skips and attention" test $? -eq 0
    cat "$work/one" "$work/two"
    check "every network was held against PyTorch" test "$(cat "$work/one" "$work/two" | grep -c comparisons)" -eq 25
fi
finish torchnets
