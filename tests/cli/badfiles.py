"""badfiles.py FOLDER SHOWERS BITS MODEL RBM - bad files made from good ones, for badinput.sh."""
import os
import shutil
import sys

import h5py
import numpy

folder, showers, bits, model, rbm = sys.argv[1:]
os.makedirs(folder)


def path(name):
    return os.path.join(folder, name)


def variant(name, source, change):
    """A copy of a file, changed."""
    shutil.copy(source, path(name))
    with h5py.File(path(name), "r+") as f:
        change(f)


def put(dataset, row, value):
    def change(f):
        f[dataset][row] = value
    return change


def swap(dataset, data):
    def change(f):
        x = data(f[dataset][()])
        del f[dataset]
        f[dataset] = x
    return change


def drop(dataset):
    def change(f):
        del f[dataset]
    return change


def cell(dataset, row, column, value):
    def change(f):
        f[dataset][row, column] = value
    return change


variant("no_showers.h5", showers, drop("showers"))
variant("no_energies.h5", showers, drop("incident_energies"))
variant("few_voxels.h5", showers, swap("showers", lambda x: x[:, :100]))
variant("cube.h5", showers, swap("showers", lambda x: x.reshape(len(x), 8, 24)))
variant("two_energies.h5", showers, swap("incident_energies", lambda x: numpy.hstack([x, x])))
variant("rows.h5", showers, swap("incident_energies", lambda x: x[:-1]))
variant("empty.h5", showers, lambda f: (swap("incident_energies", lambda x: x[:0])(f),
                                        swap("showers", lambda x: x[:0])(f)))
variant("words.h5", showers, swap("showers", lambda x: numpy.full(x.shape, b"word")))
variant("nan.h5", showers, cell("showers", -1, 5, numpy.nan))  # in the last rank's rows
variant("infinite.h5", showers, cell("showers", 3, 0, numpy.inf))
variant("negative.h5", showers, cell("showers", -2, 7, -1e-3))
variant("nan_energy.h5", showers, put("incident_energies", -1, numpy.nan))
variant("no_energy.h5", showers, put("incident_energies", 1, 0.0))
variant("negative_energy.h5", showers, put("incident_energies", -1, -5.0))
variant("huge_energy.h5", showers, put("incident_energies", -1, 2e7))
variant("two.h5", showers, lambda f: (swap("incident_energies", lambda x: x[:2])(f),
                                      swap("showers", lambda x: x[:2])(f)))

variant("no_states.h5", bits, drop("states"))
variant("byte2.h5", bits, cell("states", -1, 3, 2))
variant("narrow.h5", bits, swap("states", lambda x: x[:, :-1]))
variant("flat.h5", bits, swap("states", lambda x: x.ravel()))
variant("bits_rows.h5", bits, swap("incident_energies", lambda x: x[:-1]))
variant("bits_nan.h5", bits, put("incident_energies", -1, numpy.nan))
variant("bits_two.h5", bits, lambda f: [swap(n, lambda x: x[:2])(f) for n in list(f)])


def contradict(f):
    """No energy has these bits."""
    drop("incident_energies")(f)
    f["states"][-1, :57] = 1


variant("no_code.h5", bits, contradict)

for name, source in (("showers", showers), ("model", model)):
    whole = open(source, "rb").read()
    open(path(f"cut_{name}.h5"), "wb").write(whole[: len(whole) * 2 // 3])
    at = len(whole) // 2
    open(path(f"flip_{name}.h5"), "wb").write(whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1:])
whole = open(model, "rb").read()
open(path("first_line.h5"), "wb").write(b"C" + whole[1:])
open(path("checksum.h5"), "wb").write(whole.replace(b"checksum ", b"checksum f", 1))
open(path("text.h5"), "w").write("energies: 1 2 3\n")
open(path("nothing.h5"), "w").close()

variant("rbm_nan.h5", rbm, put("bias", 3, numpy.nan))
variant("rbm_nan_weight.h5", rbm, put("weight", 1, numpy.nan))
variant("rbm_hidden.h5", rbm, lambda f: f.create_dataset("hidden", data=numpy.int32([1, 0, 0, 0])))
variant("rbm_short.h5", rbm, swap("bias", lambda x: x[:-1]))
variant("rbm_no_bias.h5", rbm, drop("bias"))
variant("rbm_clamped.h5", rbm, swap("clamped", lambda x: x + 9))
def hold(units):
    def change(f):
        f["clamped"][()] = -1
        f["clamped_units"] = numpy.int32(units)
    return change


variant("rbm_held.h5", rbm, hold([3, 3]))
variant("rbm_all_held.h5", rbm, hold(range(75)))
variant("rbm_edge.h5", rbm, put("edges", 0, [0, 1]))
variant("rbm_far.h5", rbm, put("edges", -1, [0, 99]))
variant("rbm_twice.h5", rbm, lambda f: put("edges", 1, f["edges"][0])(f))
