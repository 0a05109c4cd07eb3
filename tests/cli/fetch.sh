#!/bin/bash
# quick
# fetch.sh - jobs/fetch_data.sh against a small server that speaks as Zenodo does, cuts a download and
# spoils a file; and analysis/binning_to_yaml.py on the challenge's way of writing a binning.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

"$python" tests/cli/fetch_server.py "$work" > "$work/served" 2>&1 & server=$!
trap 'kill $server 2> /dev/null; clean' EXIT
while [ ! -s "$work/port" ] && kill -0 $server 2> /dev/null; do sleep 0.05; done
export CALOQ_ZENODO=http://127.0.0.1:$(cat "$work/port")
get() { jobs/fetch_data.sh "$@" > "$work/out" 2> "$work/err"; status=$?; }
says() { grep -qE "$1" "$work/out" "$work/err"; }

get 1-photons "$work/data"
check "two files of photons" test $status -eq 0 -a -s "$work/data/dataset_1_photons_1.hdf5" -a -s "$work/data/dataset_1_photons_2.hdf5"
check "... and no pions" test ! -e "$work/data/dataset_1_pions_1.hdf5"
check "... the bytes of the record" cmp "$work/data/dataset_1_photons_1.hdf5" "$work/store/dataset_1_photons_1.hdf5"
get 1-photons "$work/data"
check "what is there is not fetched again" says 'photons_1.hdf5 is there and right'
head -c 7 "$work/store/dataset_1_photons_1.hdf5" > "$work/data/dataset_1_photons_1.hdf5"
get 1-photons "$work/data"
check "a damaged file is refused" says '^fetch_data: .*photons_1.hdf5 has 7 bytes, expected 300000'
check "... and left where it is" test "$(wc -c < "$work/data/dataset_1_photons_1.hdf5")" -eq 7
rm "$work/data/dataset_1_photons_1.hdf5"
head -c 1000 "$work/store/dataset_1_photons_1.hdf5" > "$work/data/dataset_1_photons_1.hdf5.part"
get 1-photons "$work/data"
check "a cut download goes on" test $status -eq 0
check "... from where it stopped" grep -q 'photons_1.hdf5 bytes=1000-' "$work/asked"
check "... to the same bytes" cmp "$work/data/dataset_1_photons_1.hdf5" "$work/store/dataset_1_photons_1.hdf5"
get 1-pions "$work/data"
check "a file with another checksum is thrown away" says '^fetch_data: dataset_1_pions_1.hdf5 has the md5 sum [0-9a-f]{32}, expected 0000'
check "... whole" test $status -eq 1 -a ! -e "$work/data/dataset_1_pions_1.hdf5" -a ! -e "$work/data/dataset_1_pions_1.hdf5.part"
get 3 "$work/data"
check "a record without such files is one sentence" says '^fetch_data: record 6366324 of .* lists no file of data set 3'
get 2 "$work/data"
check "data set 2 is held to its own sums" says '^fetch_data: dataset_2_1.hdf5 has 20 bytes, expected 1356475617'
get 4
check "another set is a matter of usage" test $status -eq 2

cat > "$work/binning.xml" <<'END'
<Bins>
  <Bin pid="22" name="photon">
    <Layer id="0" r_edges="0,5,10,30,50,100,200,400,600" n_bin_alpha="1" />
    <Layer id="1" r_edges="0,2,4,6,8,10,12,15,20,30,40,50,70,90,120,150,200" n_bin_alpha="10" />
    <Layer id="2" r_edges="0,2,5,10,15,20,25,30,40,50,60,80,100,130,160,200,250,300,350,400" n_bin_alpha="10" />
    <Layer id="3" r_edges="0,50,100,200,400,600" n_bin_alpha="1" />
    <Layer id="4" r_edges="0" n_bin_alpha="1" />
    <Layer id="12" r_edges="0,100,200,400,1000,2000" n_bin_alpha="1" />
  </Bin>
  <Bin pid="11" name="electron">
    <Layer id="0" r_edges="0,4.65" n_bin_alpha="16" /><Layer id="1" r_edges="0,4.65" n_bin_alpha="16" />
  </Bin>
</Bins>
END
yaml() { "$python" analysis/binning_to_yaml.py "$@" > "$work/made.yaml" 2> "$work/err"; status=$?; }
yaml "$work/binning.xml" photon --thickness 40,90,340,45,300
check "the XML of photons is read" test $status -eq 0
body() { grep -vE '^name|material:' "$1" | sed 's/ *#.*//' | grep . ; }
check "... and says what our file says" diff <(body "$work/made.yaml") <(body configs/geometries/calochallenge1_photons.yaml)
yaml "$work/binning.xml" electron --threshold 0.5
must 1 synth synth.geometry="$work/made.yaml" synth.showers=2 synth.output="$work/two.h5" run.dir="$work/synth"
check "equal layers are one group" grep -q 'count: 2' "$work/made.yaml"
yaml "$work/binning.xml" muon
check "another particle is one sentence" grep -q "^binning_to_yaml: .*0 entries for 'muon', expected one; it names electron, photon" "$work/err"
yaml "$work/binning.xml" photon --thickness 1,2
check "depths must be as many as layers" grep -q "2 numbers for 5 layers" "$work/err"
echo "<Bins><Bin" > "$work/cut.xml"
yaml "$work/cut.xml" photon
check "a cut file is one sentence" grep -q "^binning_to_yaml: .*cut.xml cannot be read" "$work/err"
finish fetch
