"""`caption serve` for tests: starts it, talks to it as a program would, and looks at what it is."""

import contextlib
import http.client
import json
import re
import signal
import socket
import subprocess
import threading

from conftest import wait_for


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json()["error"]["code"]


class Service:
    """One server, until it is stopped."""

    def __init__(self, program, *arguments, loaded=True, environment=None, **popen):
        listen = [] if "--listen" in arguments else ["--listen", "127.0.0.1:0"]
        self.process = program.start("serve", *listen, *arguments, environment=environment, **popen)
        self.log = ""
        self.reader = threading.Thread(target=self._read_log, daemon=True)
        self.reader.start()
        wait_for(lambda: "listening on" in self.log or self.process.poll() is not None, 60)
        if found := re.search(r"listening on http://(.*):(\d+)", self.log):
            self.host, self.port = found[1].strip("[]"), int(found[2])
            if loaded:
                wait_for(lambda: "is loaded" in self.log or self.process.poll() is not None, 60)

    def _read_log(self):
        for line in self.process.stderr:
            self.log += line.decode()

    def connect(self, timeout=60):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def raw(self, timeout=60):
        return socket.create_connection((self.host, self.port), timeout=timeout)

    def ask(self, method, path, body=None, headers=None, timeout=60):
        with contextlib.closing(self.connect(timeout)) as connection:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())

    def caption(self, picture, **headers):
        return self.ask("POST", "/caption", picture, {name.replace("_", "-"): value for name, value in headers.items()})

    def ask_json(self, path, value, **headers):
        return self.ask("POST", path, json.dumps(value), {"Content-Type": "application/json", **headers})

    def metric(self, line):
        """The value behind a name with its labels; 0 if there is none."""
        found = re.search(rf"^{re.escape(line)} (\S+)$", self.ask("GET", "/metrics").body.decode(), re.MULTILINE)
        return float(found[1]) if found else 0.0

    def memory(self, name="VmRSS"):
        """Kilobytes of the process."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(rf"^{name}:\s+(\d+)", status.read(), re.MULTILINE)[1])

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.wait()

    def wait(self):
        code = self.process.wait(timeout=60)
        self.reader.join()
        return code

    def close(self):
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait(timeout=20)
        self.reader.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                stream.close()


def read_all(connection):
    """What a socket gives until its end; a reset is one, too."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            data += part
    return data
