"""fetch_server.py FOLDER - Zenodo in small, for fetch.sh: records with MD5 sums, files by ranges. Writes
the requests to FOLDER/asked, the files to FOLDER/store, and its port to FOLDER/port."""
import hashlib
import http.server
import json
import os
import re
import sys

folder = sys.argv[1]
os.makedirs(f"{folder}/store")
FILES = {"8099322": ["dataset_1_photons_1.hdf5", "dataset_1_photons_2.hdf5", "dataset_1_pions_1.hdf5", "readme.txt"],
         "6366271": ["dataset_2_1.hdf5"], "6366324": ["notes.txt"]}
BYTES = {name: (name.encode() * 20000)[:20 if "_2_1" in name else 300000] for names in FILES.values() for name in names}
for name, data in BYTES.items():
    open(f"{folder}/store/{name}", "wb").write(data)


def check(name):
    return "md5:" + ("0" * 32 if "pions" in name else hashlib.md5(BYTES[name]).hexdigest())


class Zenodo(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, code, body, **headers):
        self.send_response(code)
        for key, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        with open(f"{folder}/asked", "a") as log:
            log.write(f"{self.path.split('/')[-1].split('?')[0]} {self.headers.get('Range', '')}\n")
        record = re.fullmatch(r"/api/records/(\d+)", self.path)
        file = re.fullmatch(r"/records/(\d+)/files/([^?]+)\?download=1", self.path)
        if record and record[1] in FILES:
            rows = [{"key": n, "size": len(BYTES[n]), "checksum": check(n)} for n in FILES[record[1]]]
            self.answer(200, json.dumps({"files": rows}).encode())
        elif file and file[2] in FILES.get(file[1], ()):
            data, wanted = BYTES[file[2]], re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            first = int(wanted[1]) if wanted else 0
            whole = f"bytes {first}-{len(data) - 1}/{len(data)}"
            self.answer(206 if wanted else 200, data[first:], **({"Content_Range": whole} if wanted else {}))
        else:
            self.answer(404, b"{}")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Zenodo)
with open(f"{folder}/port.new", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(f"{folder}/port.new", f"{folder}/port")
server.serve_forever()
