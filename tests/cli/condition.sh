#!/bin/bash
# condition.sh - what the model is told of an event: energy codes.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
says() { grep -qF -- "$1" "$work/err"; }
showers 101 "$work/showers.h5"

# energy codes: the reference's, with their aliasing told
code=(train "$work/train.yaml" training.epochs=1 model.energy_code)
must 2 "${code[@]/%energy_code/energy_code=new45}" run.dir="$work/new45"
check "new45 aliases from 4.43 MeV on" says "data.train: 101 of 101 energies are at 4.42675 MeV or above, where the energy code new45 begins to alias: floor(E) from 32768 MeV, floor(e^10 ln E) from 4.42675 MeV"
must 1 "${code[@]/%energy_code/energy_code=caloq}" run.dir="$work/plain"
check "caloq's code does not" test "$(grep -c "begins to alias" "$work/err")" -eq 0
must 2 encode encode.model="$work/new45" data.test="[$work/showers.h5]" data.most=101 encode.output="$work/bits.h5" run.dir="$work/enc"
must 1 convert convert.model="$work/new45" convert.output="$work/rbm.h5" run.dir="$work/conv"
check "the bits are those of the reference's binary_energy" "$python" - "$work" <<'END'
import h5py, numpy as np, sys
f = h5py.File(sys.argv[1] + "/bits.h5")
E = f["incident_energies"][:, 0]
want = np.zeros((len(E), 57))
for at, x in ((0, E), (15, np.sqrt(E) * np.sqrt(10)), (30, np.log(E) * np.e**10)):
    want[:, at : at + 15] = (x.astype(np.int64)[:, None] >> np.arange(15)) & 1
assert (f["states"][:, :57] == want).all()
for name in ("new45/checkpoint-1.h5", "rbm.h5"):
    g = h5py.File(f"{sys.argv[1]}/{name}")
    assert g.get("rbm", g).attrs["energy_code"] in (b"new45", "new45"), name
END
must 2 generate generate.model="$work/new45" generate.energies='[40000]' generate.showers=3 generate.sweeps=2 generate.states="$work/states.h5" generate.output="$work/made.h5" run.dir="$work/gen"
check "generate tells the aliasing" says "generate.energies: 3 of 3 energies are at 4.42675 MeV or above"
run 1 "${code[@]/%energy_code/energy_code=refactored53}" run.dir="$work/new45" training.epochs=2
check "another code on going on: exit 1" test $status -eq 1
check "another code on going on: the sentence" says "model.energy_code differs from the checkpoint's"
run 1 "${code[@]/%energy_code/energy_code=old}" run.dir="$work/none"
check "no room for a word: exit 1" test $status -eq 1
check "no room for a word: the sentence" says "partition 0 has 57 units, the energy code old needs at least 60"
finish condition
