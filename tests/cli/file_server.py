"""A server of files for tests, over HTTP or TLS, which can be as wrong as servers are."""

import contextlib
import hashlib
import re
import ssl
import subprocess
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Optional


@dataclass
class Answer:
    """What an address gives."""

    body: bytes = b""
    status: int = 200
    headers: dict = field(default_factory=dict)
    etag: Optional[str] = '"1"'
    ranges: bool = True
    announce: Optional[int] = None  # a Content-Length in the place of the right one
    endless: bool = False  # no Content-Length, and it never ends
    cut: Optional[int] = None  # the connection ends after so many bytes
    stall: Optional[int] = None  # nothing comes after so many bytes
    pause: float = 0  # seconds after each piece
    piece: int = 1 << 16
    before: list = field(default_factory=list)  # answers to the first requests


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        files = self.server.files
        path = re.sub(r"^http://[^/]+", "", self.path)  # as a proxy is asked
        files.requests.append((self.path, dict(self.headers)))
        answer = files.answers.get(path) or files.answers.get(path.partition("?")[0]) or Answer(b"no such file", 404)
        if answer.before:
            answer = answer.before.pop(0)
        with contextlib.suppress(OSError):
            self.give(answer)

    def start(self, answer):
        """-> where it begins, the status, the headers"""
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range") in (None, answer.etag)
        if not (asked and same and answer.ranges and answer.status == 200):
            return 0, answer.status, {}
        begin = int(asked[1])
        if begin >= len(answer.body):
            return len(answer.body), 416, {"Content-Range": f"bytes */{len(answer.body)}"}
        return begin, 206, {"Content-Range": f"bytes {begin}-{len(answer.body) - 1}/{len(answer.body)}"}

    def give(self, answer):
        begin, status, headers = self.start(answer)
        self.send_response(status)
        for name, value in {"Content-Type": "application/octet-stream", **headers, **answer.headers}.items():
            self.send_header(name, value)
        if answer.etag:
            self.send_header("ETag", answer.etag)
        body = answer.body[begin:]
        if answer.endless:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(body) if answer.announce is None else answer.announce))
        self.end_headers()
        self.close_connection = answer.endless or answer.announce is not None or answer.cut is not None
        sent = 0
        while sent < len(body) or answer.endless:
            if answer.cut is not None and sent >= answer.cut:
                return
            if answer.stall is not None and sent >= answer.stall:
                self.server.files.closing.wait(60)
                return
            limits = [limit - sent for limit in (answer.cut, answer.stall) if limit is not None]
            piece = body[sent : sent + min([answer.piece, *limits])] or bytes(answer.piece)
            self.wfile.write(piece)
            sent += len(piece)
            if answer.pause:
                time.sleep(answer.pause)


class Files:
    """`answers` by path; `requests` has the path and the headers of each."""

    def __init__(self, certificate=None):
        self.answers, self.requests, self.closing = {}, [], threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.files = self
        scheme, host = "http", "127.0.0.1"
        if certificate:
            scheme, host = "https", "localhost"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate / "server.pem", certificate / "server.key")
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.base = f"{scheme}://{host}:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def paths(self):
        return [path for path, _ in self.requests]


def make_certificate(folder):
    """server.pem and server.key for localhost, signed by themselves."""
    folder.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "server.key", "-out", folder / "server.pem"],
        check=True, capture_output=True)  # fmt: skip
    return folder


def sha256(data):
    return hashlib.sha256(data).hexdigest()
