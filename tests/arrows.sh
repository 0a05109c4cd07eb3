#!/bin/bash
# arrows.sh [ROOT] - do all includes of src and include run one way? Exit 0 when they do.
#
# A folder may include itself and the folders named beside it; inside a folder the rooms (chains.h
# and chains.c are one room) form no circle; every foreign header has one home; a room's name is
# unique in the tree; a source file includes its own header first. A breach is one line on stdout.
set -u
cd "${1:-$(dirname "$0")/..}" || exit 2
breaches=$(mktemp -d) && trap 'rm -rf "$breaches"' EXIT

folders='
base:
num:     base
par:     base
io:      base num par
nn:      base num
rbm:     base num
vae:     base num nn rbm
qpu:     base num rbm
shower:  base num par io nn
cmd:     base num par io nn rbm vae qpu shower'

# foreign header (a regular expression): the rooms where it may stand (another one)
homes='
mpi[.]h:                    par/.*
hdf5.*[.]h:                 io/h5.*
(cblas|lapacke?|openblas.*)[.]h: num/blas
(oneapi/dnnl/)?dnnl.*[.]h:  num/dnn.*
.*intrin[.]h|arm_neon[.]h:  num/kern.*
omp[.]h:                    no room
Random123/.*:               base/rng
yaml[.]h:                   base/yaml
jansson[.]h:                base/json
zlib[.]h:                   io/.*
curl/.*:                    qpu/http.*
cmocka[.]h:                 the tests
(assert|ctype|errno|fenv|float|inttypes|limits|math|signal|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|time)[.]h: .*
(dirent|dlfcn|fcntl|libgen|poll|pthread|sched|strings|termios|unistd|(sys|netinet|arpa)/[a-z]+)[.]h: .*'

find src include -name '*.[ch]' | sort | xargs grep -nE '^[[:space:]]*#[[:space:]]*include' /dev/null |
    awk -v folders="$folders" -v homes="$homes" -v dir="$breaches" '
    function breach(text) { print "arrows: " text; print text > (dir "/breach") }
    BEGIN {
        n = split(folders, line, "\n")
        for (i = 1; i <= n; i++) if (split(line[i], half, ":") == 2) {
            known[half[1]] = 1; may[half[1], half[1]] = 1
            for (k = split(half[2], word, " "); k > 0; k--) may[half[1], word[k]] = 1
        }
        n = split(homes, line, "\n")
        for (i = 1; i <= n; i++) if (match(line[i], /: +/)) {
            header[++rules] = "^(" substr(line[i], 1, RSTART - 1) ")$"
            home[rules] = substr(line[i], RSTART + RLENGTH)
        }
    }
    {
        split($0, at, ":"); where = at[1] ":" at[2]
        split(at[1], path, "/"); folder = path[2]; room = path[3]; sub(/[.][ch]$/, "", room)
        if (!(folder in known)) { breach(where ": " folder " is not a folder of the house"); next }
        if (match($0, /<[^>]*>/)) {
            name = substr($0, RSTART + 1, RLENGTH - 2)
            for (i = 1; i <= rules && name !~ header[i]; i++);
            if (i > rules) breach(where ": <" name "> is a foreign header without a home")
            else if ((folder "/" room) !~ ("^" home[i] "$"))
                breach(where ": <" name "> has another home: " home[i])
        } else if (match($0, /"[^"]*"/)) {
            name = substr($0, RSTART + 1, RLENGTH - 2)
            if (split(name, to, "/") != 2 || !(to[1] in known)) { breach(where ": \"" name "\" should read \"folder/room.h\""); next }
            if (!((folder, to[1]) in may)) breach(where ": " folder " may not include " to[1] " (" name ")")
            sub(/[.]h$/, "", to[2])
            if (to[1] == folder && to[2] != room) print to[2], room > (dir "/rooms." folder)
        } else breach(where ": an include that is neither <header> nor \"folder/room.h\"")
        own = folder "/" room ".h"
        if (path[1] == "src" && !seen[at[1]]++ && index($0, "\"" own "\"") == 0) {
            if ((getline text < ("include/" own)) >= 0) breach(where ": its own header \"" own "\" should come first")
            close("include/" own)
        }
    }'

for rooms in "$breaches"/rooms.*; do
    [ -f "$rooms" ] || continue
    circle=$(tsort "$rooms" 2>&1 > "$breaches/order") && continue
    echo "arrows: the rooms of ${rooms##*.} include in a circle:$(sed -n 's/^tsort: \([^:]*\)$/ \1/p' <<< "$circle" | tr -d '\n')" | tee -a "$breaches/breach"
done
find src include -name '*.[ch]' | sed -E 's:^[a-z]+/(.*)/(.*)[.][ch]$:\2 \1:' | sort -u | awk '
    { at[$1] = at[$1] " " $2; if (++n[$1] == 2) twice[$1] }
    END { for (room in twice) print "arrows: more than one room is called " room ":" at[room] }' | tee -a "$breaches/breach"
[ ! -s "$breaches/breach" ]
