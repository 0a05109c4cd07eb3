#!/bin/bash
# digits.sh - the 784 x 16 machine of MNIST in PyDeep's documentation (PCD-1, batches of 100, centred
# by moving means, threshold 1/2), a tenth of its training: 5 epochs of larger steps in place of 50.
# Its likelihood by enumeration must pass what PyDeep tells of its machine without centring after all
# 50 epochs, -149.05 on the test images; with centring that is -142.56. The whole run is configs/mnist.yaml with rbm.nodes='[784, 16]'.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
from=../shared/data/mnist
[ -r $from/train-images-idx3-ubyte.gz ] || { skip "MNIST is not at ../shared/data/mnist"; echo "TEST digits: 0 passed, 0 failed, 1 skipped"; exit 0; }

"$python" - $from/t10k-images-idx3-ubyte.gz "$work/test.h5" <<'END'
import gzip, sys
import h5py, numpy
x = numpy.frombuffer(gzip.open(sys.argv[1]).read()[16:], "u1").reshape(-1, 784)[::5] > 127
with h5py.File(sys.argv[2], "w") as f:
    f["states"] = x.astype("u1")
END
must 2 train configs/mnist.yaml data.train="[$from/train-images-idx3-ubyte.gz]" rbm.nodes='[784, 16]' rbm.learning_rate=0.05 \
    training.epochs=5 training.checkpoint_every=5 run.dir="$work/run"
must 1 logz logz.model="$work/run" logz.method=exact logz.data="$work/test.h5" run.dir="$work/run"
# 2,000 images: the standard error of their mean, a spread of 40 nats a digit, is 0.9
check "the test images' likelihood" "$python" - "$work/run" <<'END'
import json, sys
r = json.load(open(sys.argv[1] + "/logz.result.json"))
print(r["log_likelihood"])
assert r["verdict"] == "exact" and r["log_likelihood"] > -149.05
END
finish digits
