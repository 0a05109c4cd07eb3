#!/bin/bash
# deps.sh - jobs/deps.sh with stand-ins for apt and dpkg in front of the path: what it installs,
# what it says when apt fails, and what its probes say where there is no apt.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# check WHAT COMMAND...: does the command hold?
check() {
    local what=$1; shift
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $what"; sed 's/^/    /' "$work/said"; fi
}
says() { grep -qF -- "$1" "$work/said"; }
silent() { [ ! -s "$work/said" ]; }
lines() { [ "$(wc -l < "$work/said")" -eq "$1" ]; }

# stand_in NAME < TEXT: a program of this name in front of the path.
stand_in() { mkdir -p "$work/bin"; { echo '#!/bin/bash'; cat; } > "$work/bin/$1"; chmod +x "$work/bin/$1"; }

# run PATH: jobs/deps.sh with this path; its words go to $work/said, its exit status to $status.
run() { PATH=$1 jobs/deps.sh > "$work/said" 2>&1; status=$?; }

# a Debian on which everything is installed but what $work/absent names; apt-get only takes notes
stand_in id <<< 'echo 0'
stand_in dpkg-query <<EOF2
for name in "\$@"; do case \$name in -*|*Status*) ;; *) grep -qx -- "\$name" $work/absent || echo "\$name installed" ;; esac; done
EOF2
stand_in apt-cache <<< 'echo "$2 | 1.0"'
stand_in apt-get <<EOF2
echo "\$*" >> $work/notes
case "\$*" in *install*) [ ! -f $work/broken ] ;; esac
EOF2

: > "$work/absent"; : > "$work/notes"
TIMEFORMAT='%U %S'
took=$({ time run "$work/bin:$PATH" 2> /dev/null; echo "$status" > "$work/status"; } 2>&1 | awk '{ print int(1000 * ($1 + $2)) }')
status=$(cat "$work/status")
check "nothing missing: exit 0" test $status -eq 0
check "nothing missing: not a word" silent
check "nothing missing: apt is not asked" test ! -s "$work/notes"
check "nothing missing: under a second of work, took $took ms" test "$took" -lt 1000

printf '%s\n' libdnnl-dev libyaml-dev > "$work/absent"; : > "$work/notes"
run "$work/bin:$PATH"
check "two packages missing: exit 0" test $status -eq 0
check "apt-get runs twice" test "$(wc -l < "$work/notes")" -eq 2
check "first an update" grep -q ' update$' <(head -1 "$work/notes")
check "then those two, without what they recommend" grep -q ' install --no-install-recommends libdnnl-dev libyaml-dev$' <(tail -1 "$work/notes")

touch "$work/broken"
run "$work/bin:$PATH"
check "apt fails: exit 1" test $status -eq 1
check "apt fails: the sentence names the packages" says 'apt-get could not install: libdnnl-dev libyaml-dev '
check "apt fails: two lines in all" lines 2

# a machine without apt: the same programs, and no apt-get
mkdir "$work/elsewhere" && ln -s /usr/bin/* /bin/mpi* "$work/elsewhere/" 2> /dev/null
IFS=: read -ra folders <<< "$PATH"
for folder in "${folders[@]}"; do ln -s "$folder"/* "$work/elsewhere/" 2> /dev/null; done
rm -f "$work/elsewhere"/{apt-get,dpkg-query}
run "$work/elsewhere"
check "no apt, everything there: exit 0" test $status -eq 0
check "no apt, everything there: not a word" silent

# ... whose HDF5 is serial, and without oneDNN
mkdir "$work/broken_cc"
cat > "$work/broken_cc/mpicc" <<EOF2
#!/bin/bash
text=\$(cat)
case \$text in *dnnl.h*) echo 'fatal error: dnnl.h: no such file' >&2; exit 1 ;; esac
case \$text in *hdf5.h*) text="#include <hdf5.h>
#undef H5_HAVE_PARALLEL
\${text#*>}" ;; esac
exec "$work/elsewhere/mpicc" "\$@" <<< "\$text"
EOF2
chmod +x "$work/broken_cc/mpicc"
run "$work/broken_cc:$work/elsewhere"
check "missing libraries elsewhere: exit 1" test $status -eq 1
check "they are named" says 'missing: parallel HDF5, oneDNN.'
check "a serial HDF5 is called one" says 'this HDF5 was built without MPI'
check "Spack's names follow" says 'what is missing here: hdf5+mpi onednn)'
check "every Spack package is in jobs/spack.yaml" grep -qx -- '    - onednn' jobs/spack.yaml

echo "TEST deps: $passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
