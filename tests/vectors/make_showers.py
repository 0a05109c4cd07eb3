#!/usr/bin/env python3
"""Two small shower files as h5py writes them, for tests/shower/test_dataset.c.

showers_f8.hdf5: float64, gzip, chunks of h5py's choice, the public spelling; 12 events.
showers_f4.hdf5: float32, contiguous, the older spelling, one dimension of energies; 9 events.
Event i, voxel v (of 192): (7 i + 3 v) mod 11 / 4 MeV where (i + v) mod 3 = 0, else nothing;
incident energy 1000.125 + 10 i MeV. Voxel 17 of event 5 is above its incident energy.
"""
import os

import h5py
import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
i, v = np.arange(21)[:, None], np.arange(192)[None, :]
showers = np.where((i + v) % 3 == 0, (7 * i + 3 * v) % 11 / 4.0, 0.0)
showers[5, 17] = 5000.0
energies = 1000.125 + 10.0 * i

with h5py.File(os.path.join(here, "showers_f8.hdf5"), "w") as f:
    f.create_dataset("incident_energies", data=energies[:12], compression="gzip")
    f.create_dataset("showers", data=showers[:12], compression="gzip")
with h5py.File(os.path.join(here, "showers_f4.hdf5"), "w") as f:
    f.create_dataset("incidence energy", data=energies[12:, 0].astype("f4"))
    f.create_dataset("showers", data=showers[12:].astype("f4"))
