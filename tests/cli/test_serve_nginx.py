"""nginx in front of `caption serve`, configured as scripts/serve/README.md has it."""

import base64
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time

import pytest

from conftest import wait_for

NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="Debian: nginx-light")

NAME = "captions.example.org"
AROUND = """daemon off;
pid nginx.pid;
error_log error.log;
events {}
http {
access_log off;
client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
%s
}
"""


class Nginx:
    """In front of the server on a port, with the recipe's own lines."""

    def __init__(self, folder, recipe, upstream):
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}",
                        "-keyout", folder / "captions.key", "-out", folder / "captions.pem"], capture_output=True, check=True)
        for here, there in (("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"), ("/etc/ssl/", f"{folder}/"), ("127.0.0.1:8080", f"127.0.0.1:{upstream}")):
            assert here in recipe
            recipe = recipe.replace(here, there)
        user = "user root;\n" if os.geteuid() == 0 else ""  # whose is the folder for bodies
        (folder / "nginx.conf").write_text(user + AROUND % recipe)
        self.process = subprocess.Popen([NGINX, "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"], stderr=subprocess.DEVNULL)
        wait_for(self.listens)

    def listens(self):
        assert self.process.poll() is None, (self.folder / "error.log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def curl(self, path, *arguments):
        """-> (status, body)"""
        done = subprocess.run(["curl", "-sS", "--cacert", self.folder / "captions.pem", "--resolve", f"{NAME}:{self.port}:127.0.0.1", "-w", "\n%{http_code}", *arguments,
                               f"https://{NAME}:{self.port}{path}"], capture_output=True, cwd=self.folder, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        body, _, status = done.stdout.rpartition(b"\n")
        return int(status), body

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=20)


@pytest.fixture
def recipe(source):
    block, = re.findall(r"^```nginx\n(.*?)^```", (source / "scripts" / "serve" / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    return block


@pytest.fixture
def front(tmp_path, recipe):
    started = []

    def start(service, old="", new=""):
        assert old in recipe
        folder = tmp_path / f"nginx{len(started)}"
        folder.mkdir(mode=0o755)
        started.append(Nginx(folder, recipe.replace(old, new), service.port))
        return started[-1]

    yield start
    for nginx in started:
        nginx.close()


def test_what_goes_through_it(fake, serve, front, work):
    (work / "token").write_text("s3cret\n")
    service = serve(fake, "--token-file", "token")
    nginx = front(service)
    token = ["-H", "Authorization: Bearer s3cret"]
    (nginx.folder / "a.jpg").write_bytes(b"say x." + b"." * 500_000)
    assert nginx.curl("/caption", "--data-binary", "@a.jpg")[0] == 401
    for more in (["--data-binary", "@a.jpg"], ["-F", "image=@a.jpg"], ["-T", "a.jpg", "-X", "POST", "-H", "Transfer-Encoding: chunked"]):
        status, body = nginx.curl("/caption", *token, *more)
        assert (status, json.loads(body)["caption"][:2]) == (200, "x.")
    (nginx.folder / "large.jpg").write_bytes(b"say x." + b"." * 21_000_000)
    assert nginx.curl("/caption", *token, "--data-binary", "@large.jpg")[0] == 413
    url = "data:image/jpeg;base64," + base64.b64encode(b"say streamed.").decode()
    question = {"model": "fake", "stream": True, "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]}
    status, body = nginx.curl("/v1/chat/completions", *token, "-H", "Content-Type: application/json", "-d", json.dumps(question))
    assert status == 200 and b"streamed." in body and body.rstrip().endswith(b"data: [DONE]")


def test_the_name_that_it_is_asked_for(fake, serve, front):
    """nginx sends proxy_pass' own name on, unless it is told to send the client's."""
    hand_on = ("proxy_pass", f"proxy_set_header Host $host;\n    proxy_pass")
    assert front(serve(fake)).curl("/caption", "-d", "say x.")[0] == 200
    status, body = front(serve(fake), *hand_on).curl("/caption", "-d", "say x.")
    assert (status, json.loads(body)["error"]["code"]) == (403, "other_host")
    assert front(serve(fake, "--allow-host", NAME), *hand_on).curl("/caption", "-d", "say x.")[0] == 200


def test_slow_clients_are_nginxs(fake, serve, front):
    """A body that comes slowly is no connection of ours until it is whole, and others are served meanwhile."""
    service = serve(fake, "--body-timeout", "0.5")
    nginx = front(service)
    slow = threading.Thread(target=lambda: results.append(nginx.curl("/caption", "--limit-rate", "20k", "--data-binary", "@a.jpg")))
    results = []
    (nginx.folder / "a.jpg").write_bytes(b"say slow." + b"." * 60_000)
    slow.start()
    time.sleep(1)
    assert nginx.curl("/caption", "-d", "say x.")[0] == 200
    slow.join()
    assert results[0][0] == 200
