"""HTTP: requests in, replies out, and everything that can be wrong with the way."""
import gzip
import http.server
import json
import socket
import struct
import threading
import time
import urllib.parse
import zlib

from . import faults
from .service import PREFIX, Reply, error

MOST = 64 << 20 # bytes of a request


class Gone(Exception):
    """The connection is no more; nothing is to be said."""


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A client that leaves is no error of ours; a bug is, and shows in the log."""
        import sys
        if not issubclass(sys.exc_info()[0], (OSError, Gone)):
            super().handle_error(request, client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    service = rules = token = log = None # set by the main program
    other = None # address of the second port: another host, for redirects
    elsewhere = False # is this the second port?

    def log_message(self, *args):
        pass

    def version_string(self):
        return "stand-in"

    def date_time_string(self, timestamp=None):
        return super().date_time_string((timestamp or time.time()) + self.shift)

    # --- in ------------------------------------------------------------------------------------
    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            raw = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                raw += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            raw = self.rfile.read(min(MOST, int(self.headers.get("Content-Length") or 0)))
        kind = self.headers.get("Content-Encoding", "identity").lower()
        return {"deflate": zlib.decompress, "gzip": gzip.decompress}.get(kind, bytes)(raw)

    def serve(self):
        self.began, self.shift = time.monotonic(), 0.0
        try:
            raw = self.body()
            path, query = self.where()
            if path[:1] == ["_test"]:
                return self.test(path[1:], raw)
            reply, damage = self.judge(path, query, raw)
            self.send(reply, damage)
            self.service.times.append((self.route(path), self.began, time.monotonic()))
        except (Gone, OSError):
            self.close_connection = True

    do_GET = do_POST = do_DELETE = do_PUT = serve

    def where(self):
        url = urllib.parse.urlsplit(self.path)
        path = [p for p in url.path.split("/") if p and p != "moved"]
        return path, dict(urllib.parse.parse_qsl(url.query))

    def route(self, path):
        """The operation's name, as rules know it."""
        if path[:3] == ["metadata", "v1", "regions"]:
            return "regions"
        if path[:2] != ["sapi", "v2"]:
            return None
        path, verb = path[2:], self.command
        if path[:2] == ["solvers", "remote"] and verb == "GET":
            return "solvers" if len(path) == 2 else "solver"
        if path[:1] != ["problems"]:
            return None
        if len(path) == 1:
            kinds = {"GET": "poll" if "id=" in self.path else "lookup", "POST": "submit", "DELETE": "cancel"}
        else:
            kinds = {"GET": "problem", "DELETE": "cancel"}
        return kinds.get(verb)

    def judge(self, path, query, raw):
        """What the service says, and how it goes wrong."""
        op = self.route(path)
        damage = self.rules.match(op) if op and not self.elsewhere else []
        self.write_log(op, raw, damage)
        if self.elsewhere:
            return Reply(200, [], "problems+json"), []
        for fault in damage:
            self.shift += fault.get("shift", 0.0)
            early = faults.before(fault, self)
            if early:
                return early, damage
        if op == "regions":
            kind = "application/vnd.dwave.metadata.regions+json; version=1.0.0; charset=utf-8"
            place = {"code": "stand-in", "name": "here", "endpoint": self.address() + "/sapi/v2/"}
            return Reply(200, [place] if path[-1] == "regions" else place, kind), damage
        if self.headers.get("X-Auth-Token") != self.token:
            return Reply(401, "Invalid token."), damage
        if op is None:
            return Reply(404, error(404, "Not found"), "problems+json"), damage
        if "version=3" not in (self.headers.get("Accept") or "").replace('"', ""):
            return Reply(415, error(415, "this representation is no longer supported: ask for version=3"), "problems+json"), damage
        try:
            reply = self.operate(op, path, query, raw, damage)
        except (ValueError, TypeError) as why:
            reply = Reply(400, error(400, f"{why}"), "problems+json")
        for fault in damage:
            faults.after(fault, reply, self)
        return reply, damage

    def operate(self, op, path, query, raw, damage):
        s, name = self.service, path[3] if len(path) > 3 else None
        if op in ("solvers", "solver"):
            return s.solver_list(query, path[4] if len(path) > 4 else None, self.headers.get("If-None-Match"))
        if op == "submit":
            return s.submit(json.loads(raw), lambda record: [faults.touch(f, record, s) for f in damage])
        if op == "cancel":
            return s.cancel([name], True) if name else s.cancel(json.loads(raw))
        if op == "problem":
            return s.one(name, query, path[4] if len(path) > 4 else "")
        return s.list(query)

    # --- out -----------------------------------------------------------------------------------
    def address(self):
        secure = "s" if hasattr(self.connection, "cipher") else ""
        return f"http{secure}://%s:%d" % self.server.server_address[:2]

    def reset(self):
        """RST instead of an answer."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.leave()

    def leave(self):
        self.close_connection = True
        try:
            self.connection.close()
        finally:
            raise Gone

    def send(self, reply, damage):
        text = reply.value
        if text is None:
            text = b""
        elif not isinstance(text, bytes):
            text = text.encode() if isinstance(text, str) else json.dumps(text).encode()
        headers = dict(reply.headers)
        if reply.kind:
            plain = "/" in reply.kind
            headers["Content-Type"] = reply.kind if plain else f"{PREFIX}{reply.kind}; version=3.0.0; charset=utf-8"
        elif reply.status != 304:
            headers["Content-Type"] = "text/plain; charset=utf-8"
        headers["Server-Timing"] = f"app;dur={1e3 * (time.monotonic() - self.began):.3f}"
        headers.setdefault("Content-Length", str(len(text)))
        for fault in damage:
            if faults.wire(fault, self, reply, headers, text):
                return
        self.head(reply.status, headers)
        self.wfile.write(text)
        self.wfile.flush()

    def head(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()

    # --- for the tests -------------------------------------------------------------------------
    def write_log(self, op, raw, damage):
        """A line a request, without the token where it belongs; anywhere else it shows."""
        headers = {k: v for k, v in self.headers.items() if k.lower() != "x-auth-token"}
        self.log(json.dumps({
            "time": time.time(), "port": self.server.server_address[1], "elsewhere": self.elsewhere,
            "connection": self.client_address[1], "op": op, "method": self.command, "path": self.path,
            "token": "X-Auth-Token" in self.headers, "headers": headers, "bytes": len(raw),
            "body_has_token": self.token.encode() in raw, "faults": [f["fault"] for f in damage],
        }))

    def test(self, path, raw):
        """/_test/rules (POST adds, DELETE removes all), /_test/set, /_test/reset, /_test/ledger, /_test/times."""
        s, value = self.service, {}
        if path == ["rules"] and self.command == "POST":
            self.rules.add(json.loads(raw))
        elif path == ["rules"]:
            self.rules.clear()
        elif path == ["set"]:
            for name, v in json.loads(raw).items():
                if name in ("latency", "label_lag", "inline"):
                    setattr(s, name, v)
                elif name == "graph_id":
                    next(iter(s.solvers.values()))["identity"]["version"] = {"graph_id": v}
                else:
                    next(iter(s.solvers.values()))["status"] = v
        elif path == ["reset"]:
            self.rules.clear()
            s.reset()
        elif path == ["ledger"]:
            with s.changed:
                value = [dict(id=r.id, label=r.label, reads=r.reads, charge=r.charge, status=r.status) for r in s.problems.values()]
        elif path == ["times"]:
            value = list(s.times)
        self.send(Reply(200, value, "application/json"), [])


def listen(handler, elsewhere=False, tls=None):
    """A server on a free port of 127.0.0.1, in a thread of its own."""
    kind = type("Bound", (handler,), {"elsewhere": elsewhere})
    server = Server(("127.0.0.1", 0), kind)
    if tls: # the handshake is the connection's thread's business
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.5}).start()
    return server
