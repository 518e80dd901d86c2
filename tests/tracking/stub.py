"""A stand-in for a tracking server that does not work, one way or another."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GARBAGE = b"<html>\x00\xff it works </html>"
SLOW_S = 15.0


class _Handler(BaseHTTPRequestHandler):
    """Answers every request in the server's way."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        server = self.server
        assert isinstance(server, Stub)
        server.asked += 1
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if server.way == "never":
            server.ending.wait()
            return
        if server.way == "slowly":
            server.ending.wait(SLOW_S)
        status = int(server.way) if server.way.isdecimal() else 200
        sent_back = json.dumps({"message": f"{self.path} {self.headers}"}).encode()
        body = GARBAGE if server.way == "garbage" else sent_back
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for byte in body if server.way == "drops" else ():
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(8)
        if server.way != "drops":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - names of the base

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Stub(ThreadingHTTPServer):
    """A server that answers in one `way`: a status, garbage, slowly, drops or never."""

    daemon_threads = True

    def __init__(self, way: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.way = way
        self.asked = 0
        self.ending = threading.Event()

    def handle_error(self, *_: object) -> None:
        """Say nothing of a client that has gone."""

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def answering(way: str) -> Iterator[Stub]:
    """Serve until the block ends."""
    server = Stub(way)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ending.set()
        server.shutdown()
        server.server_close()
