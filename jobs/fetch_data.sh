#!/bin/bash
# fetch_data.sh 1-photons | 1-pions | 2 | 3 [FOLDER]: the CaloChallenge's public files from Zenodo.
#
# A download that was cut goes on where it stopped. Every file is compared with its size and its
# checksum before it gets its name: data set 2 with SHA-256 sums that stand here, the others with the
# MD5 sums of the record itself, read at download. A file that is there and right is not fetched
# again. CALOQ_ZENODO is another address for https://zenodo.org (a mirror, a test).
set -u
zenodo=${CALOQ_ZENODO:-https://zenodo.org}
die() { echo "fetch_data: $*" >&2; exit 1; }

case ${1:-} in
    1-photons) record=8099322 match='dataset_1_photons_.*' ;;
    1-pions) record=8099322 match='dataset_1_pions_.*' ;;
    2) record=6366271 match='dataset_2_.*' ;;
    3) record=6366324 match='dataset_3_.*' ;;
    *) echo "usage: jobs/fetch_data.sh 1-photons | 1-pions | 2 | 3 [FOLDER]" >&2; exit 2 ;;
esac
folder=${2:-data}
mkdir -p "$folder" || die "cannot make the folder '$folder'"
type curl > /dev/null 2>&1 || die "needs curl"

# files: name, bytes and checksum of the set, a line each.
files() {
    if [ "$record" = 6366271 ]; then
        echo dataset_2_1.hdf5 1356475617 sha256:22bf0cac898be609f3cf3904612f74faf212ea7ecec01d36c580755d0efc5614
        echo dataset_2_2.hdf5 1366708391 sha256:7561885bda9e2cfa2b0464d7ba779cd4066d89e91ce6105d73441254481e5f3a
        return
    fi
    curl -fsSL --retry 5 --max-time 120 "$zenodo/api/records/$record" | python3 -c '
import json, re, sys
for f in json.load(sys.stdin)["files"]:
    name, size, check = f["key"], int(f["size"]), f["checksum"]
    if re.fullmatch(sys.argv[1] + r"\.hdf5", name) and re.fullmatch(r"md5:[0-9a-f]{32}", check):
        print(name, size, check)
' "$match" 2> /dev/null
}

# right FILE BYTES CHECKSUM: is it what the record says? The reason, when not, in $why.
right() {
    local bytes sum
    bytes=$(wc -c < "$1") kind=${3%%:*}
    [ "$bytes" -eq "$2" ] || { why="has $bytes bytes, expected $2"; return 1; }
    sum=$("${kind}sum" < "$1" | cut -d' ' -f1)
    [ "$sum" = "${3#*:}" ] || { why="has the $kind sum $sum, expected ${3#*:}"; return 1; }
}

# fetch NAME BYTES CHECKSUM
fetch() {
    local file=$folder/$1 part=$folder/$1.part
    if [ -e "$file" ]; then
        right "$file" "$2" "$3" || die "$file $why: move it away, then call again"
        echo "$file is there and right"
        return
    fi
    [ -e "$part" ] && [ "$(wc -c < "$part")" -gt "$2" ] && rm "$part"
    if [ ! -e "$part" ] || [ "$(wc -c < "$part")" -lt "$2" ]; then
        curl -fL --retry 5 --retry-delay 2 -C - -o "$part" "$zenodo/records/$record/files/$1?download=1" ||
            die "$1 did not come whole; call again, it goes on from $part"
    fi
    if ! right "$part" "$2" "$3"; then
        rm "$part"
        die "$1 $why: thrown away, call again"
    fi
    mv "$part" "$file" && echo "$file"
}

list=$(files)
[ -n "$list" ] || die "record $record of $zenodo lists no file of data set $1"
while read -r name bytes checksum; do fetch "$name" "$bytes" "$checksum"; done <<< "$list"
