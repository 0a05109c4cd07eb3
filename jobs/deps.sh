#!/bin/bash
# deps.sh - what caloq needs to be built, tested and reported on, is there afterwards.
#
# Debian and Ubuntu: installs the packages that are missing, and those alone (as root, or through
# sudo). Elsewhere, or without the right to install: compiles small probes and says which modules
# or Spack packages to load. Exit 0: everything is there. Exit 1: one sentence says what is not.
set -u
cd "$(dirname "$0")/.." || exit 1

build='gcc libc6-dev make pkg-config git binutils libopenmpi-dev openmpi-bin libscalapack-openmpi-dev
libopenblas-dev libhdf5-openmpi-dev libcurl4-openssl-dev libdnnl-dev librandom123-dev libyaml-dev
libjansson-dev libcmocka-dev zlib1g-dev procps curl'
python='python3-numpy python3-h5py python3-matplotlib'
slurm='slurm-wlm munge' # the private Slurm of tests/cli/slurm.sh
style='clang-format-14' # make style

say() { echo "deps: $*" >&2; }

# absent PACKAGE...: those that are not installed.
absent() {
    local here name
    here=" $(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2> /dev/null | sed -n 's/ installed$//p' | tr '\n' ' ')"
    for name in "$@"; do [[ $here == *" $name "* ]] || echo "$name"; done
}

# wanted: the packages to install, without what the machine has from elsewhere.
wanted() {
    absent $build
    [ -z "$(absent $python)" ] || analysis/python.sh > /dev/null 2>&1 || absent $python
    type slurmctld slurmd munged > /dev/null 2>&1 || absent $slurm
    type clang-format-14 > /dev/null 2>&1 || absent $style
}

# apt ARGUMENT...: apt-get as root, without a question.
apt() {
    local command=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -qq -y "$@")
    if [ "$(id -u)" -eq 0 ]; then "${command[@]}"; else sudo "${command[@]}"; fi
}

# probe NAME SPACK FLAGS <<< C: can this program be compiled and linked? Else the name is remembered.
probe() {
    "${MPICC:-mpicc}" -std=c11 -x c - $3 -o "$scratch/probe" > "$scratch/log" 2>&1 && return
    [ -s "$scratch/log" ] && { echo "--- $1"; head -3 "$scratch/log"; } >> "$scratch/why"
    names+=("$1") spack+=("$2")
}

# config NAME...: flags of the first package pkg-config knows, or nothing.
config() {
    local name
    for name in "$@"; do pkg-config --cflags --libs "$name" 2> /dev/null && return; done
}

# tool COMMAND SPACK: is the command there?
tool() { type "$1" > /dev/null 2>&1 || { names+=("$1") spack+=("$2"); }; }

# by_probes: exit 0 when everything compiles; else say what to load.
by_probes() {
    local scratch
    scratch=$(mktemp -d)
    names=() spack=()
    tool gcc gcc; tool make gmake; tool pkg-config pkgconf; tool git git; tool mpirun openmpi
    probe "MPI (mpicc)" openmpi "" <<< '#include <mpi.h>
        int main(void) { return MPI_Init(0, 0); }'
    probe "parallel HDF5" hdf5+mpi "$(config hdf5-openmpi hdf5-mpich hdf5)" <<< '#include <hdf5.h>
        #ifndef H5_HAVE_PARALLEL
        #error this HDF5 was built without MPI (H5_HAVE_PARALLEL is not defined)
        #endif
        int main(void) { return H5open() + (H5Pset_fapl_mpio(0, MPI_COMM_WORLD, MPI_INFO_NULL) < 0); }'
    probe ScaLAPACK netlib-scalapack "$(config scalapack-openmpi scalapack-mpich scalapack) $(config openblas)" <<< '
        void pdsyevd_(void); int main(void) { pdsyevd_(); }'
    probe OpenBLAS openblas "$(config openblas)" <<< '#include <cblas.h>
        int main(void) { openblas_set_num_threads(1); return (int)cblas_sasum(0, 0, 1); }'
    probe oneDNN onednn "-ldnnl" <<< '#include <dnnl.h>
        int main(void) { return dnnl_version()->major; }'
    probe Random123 random123 "" <<< '#include <Random123/philox.h>
        int main(void) { philox4x32_ctr_t c = {{0}}; philox4x32_key_t k = {{0}}; return (int)philox4x32(c, k).v[0]; }'
    probe libyaml libyaml "$(config yaml-0.1)" <<< '#include <yaml.h>
        int main(void) { yaml_parser_t p; return yaml_parser_initialize(&p); }'
    probe jansson jansson "$(config jansson)" <<< '#include <jansson.h>
        int main(void) { return json_object() == 0; }'
    probe libcurl curl "$(config libcurl)" <<< '#include <curl/curl.h>
        int main(void) { return curl_easy_init() == 0; }'
    probe zlib zlib "$(config zlib)" <<< '#include <zlib.h>
        int main(void) { return zlibVersion() == 0; }'
    probe cmocka cmocka "$(config cmocka)" <<< '#include <stdarg.h>
        #include <stddef.h>
        #include <stdint.h>
        #include <setjmp.h>
        #include <cmocka.h>
        int main(void) { const struct CMUnitTest none[] = { { 0, 0, 0, 0, 0 } }; return cmocka_run_group_tests(none, 0, 0); }'
    analysis/python.sh > /dev/null 2>&1 || { names+=("Python with numpy, h5py and matplotlib") spack+=("py-numpy py-h5py py-matplotlib"); }
    [ -s "$scratch/why" ] && cat "$scratch/why" >&2
    rm -rf "$scratch"
    [ ${#names[@]} -eq 0 ] && return
    say "missing: $(printf '%s, ' "${names[@]}" | sed 's/, $//')."
    say "On a supercomputer load its modules of these names (parallel HDF5, not the serial one, for the MPI you load),"
    say "or with Spack: spack env activate -d jobs && spack install   (jobs/spack.yaml; what is missing here: ${spack[*]})"
    [ -z "${1:-}" ] || say "On this machine an administrator may run: apt-get install --no-install-recommends $1"
    exit 1
}

type apt-get dpkg-query > /dev/null 2>&1 || { by_probes; exit 0; }
missing=$(wanted | tr '\n' ' ')
[ -n "${missing// /}" ] || exit 0
if [ "$(id -u)" -ne 0 ] && ! { type sudo > /dev/null 2>&1 && { sudo -n true 2> /dev/null || [ -t 0 ]; }; }; then
    by_probes "$missing"
    exit 0
fi
say "installing $missing"
log=$(mktemp) && trap 'rm -f "$log"' EXIT
apt update > "$log" 2>&1 || say "apt-get update failed ($(grep -m1 '^E:' "$log")); going on with the package lists that are here"
for name in $slurm $style; do # a release may not have these; the program does without them
    [[ " $missing" == *" $name "* ]] && [ -z "$(apt-cache madison "$name" 2> /dev/null)" ] && missing=${missing/"$name "/}
done
apt install --no-install-recommends $missing > "$log" 2>&1 || {
    grep '^E:' "$log" >&2
    say "apt-get could not install: $(absent $missing | tr '\n' ' ')(as root: apt-get install --no-install-recommends $missing)"
    exit 1
}
