#!/bin/bash
# quick
# The hot loops on spins are vectorised: packed sums of floats and doubles stand in the disassembly
# of every instruction set's copy. Compilers other than the Makefile's gcc may do otherwise.
set -u
build=${CALOQ_BUILD:-build} passed=0 failed=0

# packed FILE MNEMONIC REGISTER: does the instruction occur at this width?
packed() {
    if objdump -d --no-show-raw-insn "$1" | grep -qE "[[:space:]]$2[[:space:]].*%$3"; then
        passed=$((passed + 1))
    else
        echo "FAIL $1 has no $2 on $3 registers"; failed=$((failed + 1))
    fi
}
kernels=$build/num/kern
case $(uname -m) in
x86_64)
    packed "${kernels}_gibbs.base.o" addps xmm
    packed "${kernels}_gibbs.v3.o" vaddps ymm
    packed "${kernels}_gibbs.v3.o" vmulps ymm
    packed "${kernels}_gibbs.v3.o" vpmuludq ymm
    packed "${kernels}_gibbs.v4.o" vaddps zmm
    packed "${kernels}_gibbs.v4.o" vmulps zmm
    packed "${kernels}_gibbs.base.o" mulps xmm
    packed "${kernels}_grid.v3.o" vpaddw ymm
    packed "${kernels}_grid.v4.o" vpaddw zmm
    packed "${kernels}_lookup.v3.o" vpshufb ymm
    packed "${kernels}_lookup.v4.o" vpermw zmm
    packed "${kernels}_marginal.base.o" mulps xmm
    packed "${kernels}_marginal.v3.o" vdivps ymm
    packed "${kernels}_marginal.v4.o" vdivps zmm
    packed "${kernels}_score.v3.o" vaddpd ymm
    packed "${kernels}_score.v4.o" vaddpd zmm
    packed "${kernels}_exact.base.o" mulpd xmm
    packed "${kernels}_exact.v3.o" vmulpd ymm
    packed "${kernels}_exact.v4.o" vmulpd zmm
    packed "${kernels}_exact.v4.o" vdivpd zmm
    packed "${kernels}_count.v3.o" vpshufb ymm
    packed "${kernels}_count.v4.o" vpshufb zmm
    packed "${kernels}_count.v4x.o" vpopcntq zmm
    ;;
*) echo "kernels of $(uname -m): one plain copy"; passed=1 ;;
esac
# no copy may use fused multiply-add: the bits would differ between copies
for object in "${kernels}"_*.o; do
    if objdump -d --no-show-raw-insn "$object" | grep -qE '[[:space:]]vf(n)?m(add|sub)'; then
        echo "FAIL $object has fused multiply-adds"; failed=$((failed + 1))
    fi
done
echo "TEST tests/cli/simd.sh: $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
