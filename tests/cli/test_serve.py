"""`caption serve` over HTTP: what it answers, whom, and when it stops."""

import base64
import http.client
import json
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import wait_for
from service import read_all


def test_bytes_a_form_and_json_get_the_record_of_the_command_line(fake, serve, images, work, schema):
    service = serve(fake, "--root", work)
    picture = (work / "a.jpg").read_bytes()
    of_stdin = json.loads(fake.run("--json", "-", stdin=picture).text)
    of_file = json.loads(fake.run("--json", "a.jpg").text)
    answer = service.caption(picture)
    assert (answer.status, answer.headers["content-type"], answer.json()) == (200, "application/json", of_stdin)
    schema.validate(answer.json())
    form = b'--xyz\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n' + picture + b"\r\n--xyz--\r\n"
    assert service.caption(form, Content_Type="multipart/form-data; boundary=xyz").json() == of_file
    assert service.ask_json("/caption", {"path": "a.jpg"}).json() == of_file
    encoded = base64.b64encode(picture).decode()
    assert service.ask_json("/caption", {"image": encoded, "name": "a.jpg"}).json() == of_file
    assert service.ask_json("/caption", {"image": "data:image/jpeg;base64," + encoded}).json() == of_stdin


def test_curl_sends_bytes_and_forms(fake, serve, images, work):
    service = serve(fake)
    address = f"http://127.0.0.1:{service.port}/caption"
    for arguments in (["--data-binary", "@a.jpg"], ["-F", "image=@a.jpg"], ["-T", "a.jpg", "-X", "POST", "-H", "Transfer-Encoding: chunked"]):
        done = subprocess.run(["curl", "-sS", "-f", *arguments, address], cwd=work, capture_output=True, timeout=60, check=True)
        assert json.loads(done.stdout)["caption"] == "a cat on a mat."


def test_errors_of_pictures_have_a_status_and_the_records_code(fake, serve, images, work):
    service = serve(fake)
    for content, status, code in ((b"corrupt", 422, "corrupt"), (b"unsupported", 415, "unsupported_format"), (b"too_large", 413, "too_large")):
        answer = service.caption(content)
        assert (answer.status, answer.code) == (status, code)
        assert answer.json() == json.loads(fake.run("--json", "-", stdin=content).text)
    assert service.metric('caption_pictures_total{outcome="corrupt"}') == 1


def test_options_of_captions_are_those_of_the_command_line(fake, serve, images, work):
    service = serve(fake, "--n-best", "3")
    picture = (work / "c.jpg").read_bytes()
    assert service.caption(picture).json() == json.loads(fake.run("--json", "--n-best", "3", "-", stdin=picture).text)


def test_what_is_no_route_and_no_method(fake, serve):
    service = serve(fake)
    assert (service.ask("GET", "/nothing").status, service.ask("GET", "/nothing").code) == (404, "not_found")
    assert service.ask("GET", "/caption").status == 405
    assert service.ask("POST", "/healthz", b"x").status == 405
    assert service.ask("DELETE", "/v1/models").status == 405
    head = service.ask("HEAD", "/healthz")
    assert head.status == 200 and head.body == b"" and int(head.headers["content-length"]) > 0
    page = service.ask("GET", "/")
    assert page.status == 200 and b'enctype="multipart/form-data"' in page.body


def test_one_connection_takes_many_requests_and_pipelined_ones(fake, serve):
    service = serve(fake)
    connection = service.connect()
    for i in range(5):
        connection.request("POST", "/caption", f"say {i}.")
        response = connection.getresponse()
        assert json.loads(response.read())["caption"] == f"{i}."
    connection.close()
    with service.raw() as raw:
        request = b"POST /caption HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\nsay %d."
        raw.sendall(b"".join(request % i for i in range(4)))
        received = b""
        while received.count(b'"model"') < 4:
            part = raw.recv(65536)
            assert part
            received += part
        assert [received.index(b'"caption":"%d."' % i) for i in range(4)] == sorted(received.index(b'"caption":"%d."' % i) for i in range(4))


def test_pictures_of_many_clients_go_through_the_model_together(fake, serve, work):
    log = work / "log"
    service = serve(fake, "--batch", "8", environment={"FAKE_DELAY_MS": "20", "FAKE_LOG": log})
    answers = [None] * 32

    def client(i):
        answers[i] = service.caption(f"say {i}.".encode()).json()["caption"]

    threads = [threading.Thread(target=client, args=(i,)) for i in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [f"{i}." for i in range(32)]
    batches = [int(line.split()[1]) for line in log.read_text().splitlines() if line.startswith("images")]
    assert sum(batches) == 32 and max(batches) > 1


def test_over_the_limit_there_is_a_429_with_a_time(fake, serve):
    service = serve(fake, "--max-waiting", "2", "--batch", "1", "--encode-batch", "1", environment={"FAKE_DELAY_MS": "200"})
    statuses, threads = [], []

    def client():
        answer = service.caption(b"say x.")
        statuses.append(answer.status)
        if answer.status == 429:
            assert int(answer.headers["retry-after"]) >= 1 and answer.code == "busy"

    for _ in range(30):
        threads.append(threading.Thread(target=client))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200, 429} and len(statuses) == 30
    assert service.metric('caption_requests_total{route="/caption",status="429"}') == statuses.count(429)


def test_deadlines(fake, serve):
    service = serve(fake, "--deadline", "0.3", environment={"FAKE_DELAY_MS": "1500"})
    begin = time.monotonic()
    answer = service.caption(b"say x.")
    assert (answer.status, answer.code) == (503, "deadline") and "retry-after" in answer.headers
    assert time.monotonic() - begin < 1.4


def test_clients_that_leave_are_dropped_from_the_queue(fake, serve, work):
    log = work / "log"
    service = serve(fake, "--batch", "1", "--encode-batch", "1", environment={"FAKE_DELAY_MS": "300", "FAKE_LOG": log})
    gone = []
    for _ in range(20):
        gone.append(service.raw())
        gone[-1].sendall(b"POST /caption HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\nsay x.")
    wait_for(lambda: service.metric("caption_pictures_waiting") + service.metric("caption_pictures_in_work") >= 18)
    for connection in gone:
        connection.close()
    assert service.caption(b"say y.").json()["caption"] == "y."
    assert log.read_text().count("images 1") < 12
    assert service.metric('caption_requests_total{route="/caption",status="499"}') >= 10


def test_two_hundred_clients_half_of_which_leave(fake, serve):
    """E05: each is answered, refused or gone, and those that stay are not held up by the others."""
    service = serve(fake, "--max-waiting", "50", environment={"FAKE_DELAY_MS": "5"})
    statuses, lock = [], threading.Lock()

    def client(i):
        try:
            status = service.ask("POST", "/caption", b"say x.", timeout=0.05 if i % 2 else 60).status
        except OSError:
            status = "gone"
        with lock:
            statuses.append(status)

    threads = [threading.Thread(target=client, args=(i,)) for i in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statuses) == 200 and set(statuses) <= {200, 429, "gone"} and statuses.count(200) >= 50
    wait_for(lambda: service.metric("caption_pictures_waiting") + service.metric("caption_pictures_in_work") == 0)
    route = 'caption_requests_total{route="/caption",status="%d"}'
    assert service.metric(route % 200) + service.metric(route % 429) + service.metric(route % 499) <= 200
    assert service.caption(b"say y.").status == 200


def test_healthz_while_loading_and_a_load_that_fails(fake, serve):
    service = serve(fake, loaded=False, environment={"FAKE_LOAD_MS": "1500"})
    answer = service.ask("GET", "/healthz")
    assert (answer.status, answer.code) == (503, "loading") and "retry-after" in answer.headers
    assert service.caption(b"say x.").status == 503
    wait_for(lambda: service.ask("GET", "/healthz").status == 200)
    assert service.ask("GET", "/healthz").json() == {"status": "ok", "model": "fake"}
    begin = time.monotonic()
    failed = serve(fake, environment={"FAKE_LOAD_ERROR": "clip.pt: broken"})
    assert failed.wait() == 3 and "clip.pt: broken" in failed.log
    assert time.monotonic() - begin < 10


def test_sigterm_answers_what_was_accepted(fake, serve):
    service = serve(fake, "--batch", "1", environment={"FAKE_DELAY_MS": "500"})
    results = []

    def client():
        try:
            results.append(service.caption(b"say x.").status)
        except (ConnectionError, http.client.HTTPException):
            results.append("refused")

    threads = [threading.Thread(target=client) for _ in range(12)]
    for thread in threads:
        thread.start()
    wait_for(lambda: service.metric("caption_pictures_waiting") + service.metric("caption_pictures_in_work") >= 6)
    idle = service.raw()  # is closed
    assert service.stop() == 0
    for thread in threads:
        thread.join()
    assert results.count(200) >= 6 and set(results) <= {200, 503, "refused"} and len(results) == 12
    assert idle.recv(10) == b""
    idle.close()
    with pytest.raises(ConnectionRefusedError):
        service.raw()


def test_a_body_that_is_on_its_way_when_it_stops_is_answered(fake, serve):
    service = serve(fake)
    with service.raw() as raw:
        raw.sendall(b"POST /caption HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\nsay")
        time.sleep(0.3)
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        raw.sendall(b" x.")
        answer = read_all(raw)
    assert answer.startswith(b"HTTP/1.1 200") and b'"caption":"x."' in answer
    assert service.wait() == 0


def test_tokens(fake, serve, work):
    (work / "token").write_text("s3cret-token\n")
    service = serve(fake, "--token-file", "token")
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer s3cret-toke"}, {"Authorization": "s3cret-token"}, {"Authorization": "Bearer s3cret-token2"}):
        answer = service.ask("POST", "/caption", b"say x.", headers)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert service.ask("GET", "/metrics", headers=headers).status == 401
        assert service.ask("GET", "/nothing", headers=headers).status == 401
    right = {"Authorization": "Bearer s3cret-token"}
    assert service.ask("POST", "/caption", b"say x.", right).status == 200
    assert service.ask("GET", "/healthz").status == 200


def test_beyond_this_machine_only_with_a_token(fake, serve, work):
    for address in ("0.0.0.0:0", "[::]:0"):
        done = fake.run("serve", "--listen", address)
        assert done.code == 2 and "--token-file" in done.err
    (work / "empty").write_text("\n")
    assert fake.run("serve", "--listen", "0.0.0.0:0", "--token-file", "empty").code == 2
    (work / "token").write_text("abc")
    service = serve(fake, "--listen", "0.0.0.0:0", "--token-file", "token")
    assert service.ask("GET", "/healthz").status == 200


@pytest.mark.parametrize("address", ["8080", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", "example.org:80", ":80"])
def test_what_is_no_address(fake, address):
    done = fake.run("serve", "--listen", address)
    assert done.code == 2 and address in done.err


def test_a_port_that_is_taken(fake):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        done = fake.run("serve", "--listen", address)
    assert done.code == 3 and address in done.err and "in use" in done.err


def test_the_socket_of_systemd(fake, serve):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]

        # bash gives the process its own number, as systemd does.
        command = 'exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" serve'
        process = subprocess.Popen(["bash", "-c", command, fake.path], stdin=listening.fileno(), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, env=fake.full_environment(), cwd=fake.folder)
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("POST", "/caption", b"say x.")
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["caption"]) == (200, "x.")  # not a 503: it waited for the model
        connection.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert f"listening on http://127.0.0.1:{port}" in process.stderr.read().decode()
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def test_nothing_of_a_request_is_logged(fake, serve, work, images):
    for arguments in ([], ["--verbose"]):
        service = serve(fake, "--root", work, *arguments)
        secret = "TopSecret"
        service.caption(f"say {secret}.".encode(), X_Custom=secret, Authorization="Bearer " + secret)
        service.ask("GET", "/" + secret)
        service.ask_json("/caption", {"path": secret + ".jpg"})
        service.ask_json("/v1/chat/completions", {"model": secret, "messages": [{"role": "user", "content": secret}]})
        service.ask("POST", "/caption?" + secret, b"corrupt " + secret.encode())
        with service.raw() as raw:
            raw.sendall(b"TopSecret TopSecret\r\n\r\n")
            raw.recv(4096)
        assert service.stop() == 0
        assert secret not in service.log
        lines = [line for line in service.log.splitlines() if " ms" in line]
        assert bool(lines) == bool(arguments)
        if arguments:
            assert "caption: /caption 200: 14 bytes in" in service.log


def test_metrics_are_what_prometheus_reads(fake, serve):
    service = serve(fake)
    service.caption(b"say x.")
    answer = service.ask("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    types, samples = {}, {}
    for line in answer.body.decode().splitlines():
        if line.startswith("# TYPE"):
            _, _, name, kind = line.split()
            types[name] = kind
        elif not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            samples[name] = float(value)
    assert types["caption_request_seconds"] == "histogram" and types["caption_requests_total"] == "counter"
    assert samples['caption_request_seconds_bucket{route="/caption",le="+Inf"}'] == samples['caption_request_seconds_count{route="/caption"}'] == 1
    assert samples['caption_pictures_total{outcome="captioned"}'] == 1 and samples["caption_ready"] == 1
