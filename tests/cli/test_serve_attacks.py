"""`caption serve` and clients that are slow, huge, broken, greedy or very many: good ones are served, memory is bounded."""

import base64
import contextlib
import os
import random
import socket
import threading
import time

import pytest

from conftest import wait_for
from service import read_all


def good(service):
    assert service.caption(b"say good.").json()["caption"] == "good."


def test_a_body_over_the_limit_is_refused_before_it_is_read(fake, serve):
    service = serve(fake, "--max-body", "1")
    before = service.memory("VmHWM")
    with service.raw() as raw:
        raw.sendall(b"POST /caption HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n")
        answer = read_all(raw)
    assert answer.startswith(b"HTTP/1.1 413") and b"1000000" in answer
    # A client that sends all of it first still reads the answer.
    assert service.caption(b"x" * 5_000_000).status == 413
    with service.raw() as raw:  # a length that is not said
        raw.sendall(b"POST /caption HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(40):
                raw.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        assert read_all(raw).startswith(b"HTTP/1.1 413")
    assert service.memory("VmHWM") - before < 8000
    good(service)


def test_curl_waits_for_the_413(fake, serve, work):
    service = serve(fake, "--max-body", "1")
    (work / "big").write_bytes(b"x" * 3_000_000)
    code, out, err = fake.shell(f"curl -sS -o /dev/null -w '%{{http_code}} %{{size_upload}}' --data-binary @big http://127.0.0.1:{service.port}/caption")
    assert (code, out) == (0, "413 0"), err


def test_bodies_and_heads_that_stall_get_a_408(fake, serve):
    service = serve(fake, "--body-timeout", "0.5")
    for sent in (b"", b"0123456789"):
        begin = time.monotonic()
        with service.raw() as raw:
            raw.sendall(b"POST /caption HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n" + sent)
            answer = read_all(raw)
        assert answer.startswith(b"HTTP/1.1 408") and b'"code":"timeout"' in answer
        assert 0.4 < time.monotonic() - begin < 20
    with service.raw() as raw:  # a byte now and then does not help
        raw.sendall(b"POST /caption HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        begin = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - begin < 15:
                raw.sendall(b"x")
                time.sleep(0.05)
        assert time.monotonic() - begin < 12
    good(service)


def test_memory_does_not_follow_content_length(fake, serve):
    service = serve(fake, "--max-body", "20")
    good(service)
    before = service.memory("VmHWM")
    half_sent = []
    for _ in range(200):
        half_sent.append(service.raw())
        half_sent[-1].sendall(b"POST /caption HTTP/1.1\r\nHost: localhost\r\nContent-Length: 19999999\r\n\r\n" + b"x" * 100)
    wait_for(lambda: service.metric("caption_connections") >= 200)
    good(service)
    assert service.memory("VmHWM") - before < 20000
    for connection in half_sent:
        connection.close()


def test_all_bodies_together_have_a_limit(fake, serve):
    service = serve(fake, "--max-body", "1", "--body-timeout", "60")
    good(service)
    before = service.memory("VmHWM")
    half_sent = []
    for _ in range(60):  # 54 MB, where 16 may be
        half_sent.append(service.raw())
        half_sent[-1].sendall(b"POST /caption HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999\r\n\r\n" + b"x" * 900_000)
        good(service)
    assert service.metric("caption_body_bytes") <= 16_000_000
    assert service.memory("VmHWM") - before < 60_000
    half_sent[0].settimeout(20)
    assert b"429" in read_all(half_sent[0])[:20]
    for connection in half_sent:
        connection.close()


def test_garbage_gets_a_400_or_the_end(fake, serve):
    service = serve(fake)
    seed = random.Random(1)
    pieces = [b"GET / HTTP/1.1\r\n", b"POST /caption HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0" * 100,
              b"POST /caption HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"POST /caption HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
              b"POST /caption HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"POST /caption HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
              b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 10_000 + b"\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    pieces += [bytes(seed.randrange(256) for _ in range(seed.randrange(1, 600))) for _ in range(100)]
    for piece in pieces:
        with service.raw(20) as raw, contextlib.suppress(ConnectionError):
            raw.sendall(piece)
            raw.shutdown(socket.SHUT_WR)
            answer = read_all(raw)
            assert answer == b"" or answer[9:12] in (b"400", b"431", b"404", b"405"), (piece[:50], answer[:50])
    good(service)


def test_json_that_is_deep_or_wide_takes_no_memory(fake, serve):
    service = serve(fake)
    good(service)
    before = service.memory("VmHWM")
    for body in (b"[" * 5_000_000, b'{"a":' * 1_000_000, b'{"a":[' + b"0," * 5_000_000 + b"0]}", b'"' * 1000, b"\xff\xfe", b"{}", b'{"image": "!!"}', b'{"image": 1}'):
        answer = service.ask("POST", "/caption", body, {"Content-Type": "application/json"})
        assert (answer.status, answer.code) == (400, "bad_request"), body[:20]
    assert service.memory("VmHWM") - before < 60_000
    good(service)


@pytest.mark.parametrize("body", [b"", b"--x\r\n\r\n", b"--x--", b"--x\r\nContent-Disposition: form-data; name=image\r\n\r\nabc", b"\r\n" * 1000, b"--x" * 100_000])
def test_forms_that_are_none(fake, serve, body):
    service = serve(fake)
    answer = service.caption(body, Content_Type="multipart/form-data; boundary=x")
    assert (answer.status, answer.code) == (400, "bad_request")
    assert service.caption(body, Content_Type="multipart/form-data").status == 400


def test_ten_thousand_connections(fake, serve):
    """All that ask for nothing: a good client is served all the time, and at the limit the oldest one gives way."""
    service = serve(fake, "--max-connections", "3000")
    good(service)
    before = service.memory()
    idle = []
    try:
        for i in range(10_000):
            connection = socket.socket()
            connection.setblocking(False)
            connection.connect_ex((service.host, service.port))
            idle.append(connection)
            if i % 1000 == 999:
                good(service)
        assert service.metric("caption_connections") <= 3001
        good(service)
        assert service.memory() - before < 60_000
    finally:
        for connection in idle:
            connection.close()
    good(service)


def test_a_page_whose_name_leads_here_gets_nothing(fake, serve, work):
    """DNS rebinding: a browser sends the name in the Host header."""

    def status(service, path, *hosts):
        with service.raw() as raw:
            body = b"say x." if path == "/caption" else b""
            headers = "".join(f"Host: {host}\r\n" for host in hosts)
            raw.sendall(f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\n{headers}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
            return int(read_all(raw).split()[1])

    service = serve(fake, "--allow-host", "captions.example.org", "--allow-host", "10.0.0.7")
    for path in ("/caption", "/v1/models", "/metrics", "/healthz", "/", "/nothing"):
        for host in ("evil.example", f"evil.example:{service.port}", "localhost.evil.example", "captions.example.org.evil.example", "10.0.0.8"):
            assert status(service, path, host) == 403, (path, host)
        assert status(service, path, "evil.example", "localhost") in (400, 403)
        for host in ("localhost", f"LOCALHOST:{service.port}", f"127.0.0.1:{service.port}", "[::1]:80", "captions.example.org", "Captions.Example.org:443", "10.0.0.7"):
            assert status(service, path, host) == (404 if path == "/nothing" else 200), (path, host)
        assert status(service, path) == (404 if path == "/nothing" else 200)  # no browser is without
    answer = service.ask("GET", "/v1/models", headers={"Host": "evil.example"})
    assert answer.code == "other_host" and b"evil.example" not in answer.body
    (work / "token").write_text("s3cret\n")
    service = serve(fake, "--token-file", "token")  # which such a page does not know
    assert service.ask("GET", "/v1/models", headers={"Host": "evil.example", "Authorization": "Bearer s3cret"}).status == 200
    assert service.ask("GET", "/v1/models", headers={"Host": "evil.example"}).status == 401


def test_no_url_is_fetched_and_no_file_opened(fake, serve, images, work):
    service = serve(fake)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.setblocking(False)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/a.jpg"
        for name in (url, f"file://{work}/a.jpg", str(work / "a.jpg"), "a.jpg"):
            answer = service.ask_json("/caption", {"image": name})
            assert answer.status == 400
            assert service.ask_json("/caption", {"path": name}).status == 403
            chat = {"model": "fake", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": name}}]}]}
            answer = service.ask_json("/v1/chat/completions", chat)
            assert (answer.status, answer.code) == (400, "url_not_fetched")
        with pytest.raises(BlockingIOError):
            listening.accept()


@pytest.fixture
def rooted(fake, serve, tmp_path):
    root = tmp_path / "photos"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "in.jpg").write_bytes(b"say in.")
    (root / "%2e%2e").mkdir()
    (root / "%2e%2e" / "odd.jpg").write_bytes(b"say odd.")
    outside = tmp_path / "secret.jpg"
    outside.write_bytes(b"say secret.")
    (tmp_path / "photos-not").mkdir()
    (tmp_path / "photos-not" / "b.jpg").write_bytes(b"say secret.")
    (root / "link").symlink_to(outside)
    (root / "relative").symlink_to("../secret.jpg")
    (root / "up").symlink_to("..")
    (root / "inner").symlink_to("sub/in.jpg")
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "pipe")
    return root, serve(fake, "--root", root)


def test_files_below_the_root_and_none_outside(rooted):
    root, service = rooted
    for name in ("sub/in.jpg", f"{root}/sub/in.jpg", "./sub/../sub/in.jpg", "inner", "sub//in.jpg"):
        answer = service.ask_json("/caption", {"path": name})
        assert (answer.status, answer.json().get("caption"), answer.json()["image"]) == (200, "in.", name)
    assert service.ask_json("/caption", {"path": "%2e%2e/odd.jpg"}).json()["caption"] == "odd."
    outside = root.parent / "secret.jpg"
    tried = ["../secret.jpg", "sub/../../secret.jpg", str(outside), "link", "relative", "up/secret.jpg", "up/photos/sub/in.jpg", f"{root}/../secret.jpg",
             f"{root.parent}/photos-not/b.jpg", "/proc/self/root" + str(outside), "..%2fsecret.jpg", "%2e%2e/secret.jpg", "..\\secret.jpg", "....//secret.jpg",
             "in.jpg\0", "sub/in.jpg\0.txt", "sub", "", "pipe", "loop", "/etc/passwd", "/dev/zero", "~/x", ".", "/", "a" * 5000, "sub/" * 3000]
    for name in tried:
        answer = service.ask_json("/caption", {"path": name})
        assert answer.status in (404, 422) and answer.code in ("not_found", "unreadable"), name
        assert b"secret." not in answer.body.replace(b"secret.jpg", b"")
    for raw in (b"../secret.jpg", b"sub/in.jpg\0", b"\xc0\xae\xc0\xae/secret.jpg", b"..\xc0\xafsecret.jpg"):
        answer = service.ask_json("/caption", {"path_base64": base64.b64encode(raw).decode()})
        assert answer.status in (404, 422), raw


def test_a_root_that_is_swapped_for_a_link_meanwhile(rooted):
    root, service = rooted
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            os.rename(root / "sub", root / "aside")
            os.symlink(root.parent / "photos-not", root / "sub")
            os.unlink(root / "sub")
            os.rename(root / "aside", root / "sub")

    (root / "sub" / "b.jpg").write_bytes(b"say in.")
    thread = threading.Thread(target=swap)
    thread.start()
    try:
        captions = {service.ask_json("/caption", {"path": "sub/b.jpg"}).json().get("caption") for _ in range(200)}
    finally:
        stop.set()
        thread.join()
    assert captions <= {"in.", None}


def test_too_large_files_below_the_root(fake, serve, work):
    (work / "big.jpg").write_bytes(b"say " + b"x" * 2_000_000)
    service = serve(fake, "--root", work, "--max-body", "1")
    answer = service.ask_json("/caption", {"path": "big.jpg"})
    assert (answer.status, answer.code) == (413, "too_large")


def test_bad_clients_among_good_ones(fake, serve):
    service = serve(fake, "--body-timeout", "1", "--max-body", "1", environment={"FAKE_DELAY_MS": "2"})
    stop = threading.Event()
    bad_ones = [b"POST /caption HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf", b"\xff" * 300, b"GET / HT",
                b"POST /caption HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n", b"POST /caption HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\nsay x."]

    def bad(i):
        seed = random.Random(i)
        while not stop.is_set():
            with contextlib.suppress(OSError), service.raw(5) as raw:
                raw.sendall(seed.choice(bad_ones))
                time.sleep(seed.random() * 0.2)

    answers = []

    def good_one(i):
        for k in range(25):
            answer = service.caption(f"say {i} {k}.".encode())
            answers.append((answer.status, answer.json().get("caption") == f"{i} {k}."))

    bad_threads = [threading.Thread(target=bad, args=(i,)) for i in range(30)]
    good_threads = [threading.Thread(target=good_one, args=(i,)) for i in range(8)]
    for thread in bad_threads + good_threads:
        thread.start()
    for thread in good_threads:
        thread.join()
    stop.set()
    for thread in bad_threads:
        thread.join()
    assert answers == [(200, True)] * 200
    assert service.stop() == 0
