"""`caption serve --stdin`: JSON Lines in, records out."""

import base64
import json
import signal
import subprocess

import pytest


def lines(*requests):
    return b"".join((request if isinstance(request, bytes) else json.dumps(request).encode()) + b"\n" for request in requests)


def encoded(content):
    return base64.b64encode(content).decode()


def test_answers_come_in_order_and_equal_the_command_lines(fake, images, work, schema):
    expected = {name: fake.run("--json", name).records()[0] for name in images}
    requests = lines(*[{"path": name} for name in images], *[{"image": encoded((work / name).read_bytes()), "name": name} for name in images])
    done = fake.run("serve", "--stdin", "--root", ".", stdin=requests)
    assert done.code == 0
    assert done.records() == [expected[name] for name in images] * 2
    for record in done.records():
        schema.validate(record)


def test_ids_come_back_as_they_are(fake):
    ids = ["a", 7, None, [1, {"x": 2}], 1.5, True]
    requests = lines(*[{"id": value, "image": encoded(b"say x.")} for value in ids], {"image": encoded(b"say y.")})
    records = fake.run("serve", "--stdin", stdin=requests).records()
    assert [record["id"] for record in records[:-1]] == ids
    assert "id" not in records[-1] and records[-1]["image"] == "-"


def test_lines_that_ask_for_nothing_get_an_answer_too(fake, images):
    bad = [b"nonsense", b"[]", b"{}", b'{"id": 1, "image": "!"}', b'{"id": 2, "image": "", "path": ""}', b'{"path": "a.jpg"}', b"\xff\xfe", b'{"image": "data:,x"}',
           b'{"image": "http://127.0.0.1/a.jpg"}', b"[" * 100_000]
    done = fake.run("serve", "--stdin", stdin=lines(*bad, b"", b"  \r", {"image": encoded(b"say x.")})[:-1])
    assert done.code == 0
    records = done.records()
    assert len(records) == len(bad) + 1
    for number, record in enumerate(records[:-1], 1):
        assert record["image"] == f"line {number}" and record["error"]["code"] == "unreadable"
        assert record["error"]["message"].startswith(f"line {number}: ")
    assert [record.get("id") for record in records[3:5]] == [1, 2]
    assert records[-1]["caption"] == "x."


def test_long_lines_are_passed_over_in_bounded_memory(fake):
    limited = ["serve", "--stdin", "--max-body", "0.1"]
    long = b'{"image": "' + b"A" * 5_000_000 + b'"}'
    records = fake.run(*limited, stdin=lines(long, {"image": encoded(b"say x.")}, long)).records()
    assert [record.get("caption", record.get("error", {}).get("code")) for record in records] == ["too_large", "x.", "too_large"]
    done = fake.shell(f"yes '{'A' * 1000}' | tr -d '\\n' | head -c 300000000 | ( ulimit -v 400000; $caption serve --stdin --max-body 1 )")
    assert done[0] == 0 and json.loads(done[1])["error"]["code"] == "too_large", done


def test_each_answer_comes_before_the_next_request(fake):
    process = fake.start("serve", "--stdin", stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    for i in range(5):
        process.stdin.write(lines({"id": i, "image": encoded(f"say {i}.".encode())}))
        process.stdin.flush()
        record = json.loads(process.stdout.readline())
        assert (record["id"], record["caption"]) == (i, f"{i}.")
    process.stdin.close()
    assert process.wait(timeout=20) == 0
    process.stdout.close()


def test_unordered_answers_do_not_wait_for_a_slow_picture(fake):
    requests = [{"id": 0, "image": encoded(b"slow 0.")}, *[{"id": i, "image": encoded(f"say {i}.".encode())} for i in range(1, 10)]]
    for more in ([], ["--unordered"]):
        records = fake.run("serve", "--stdin", "--threads", "2", *more, stdin=lines(*requests)).records()
        assert sorted((record["id"], record["caption"]) for record in records) == [(i, f"{i}.") for i in range(10)]
        assert [record["id"] for record in records].index(0) == (9 if more else 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_what_was_read(fake, number):
    process = fake.start("serve", "--stdin", stdin=subprocess.PIPE)
    process.stdin.write(lines({"image": encoded(b"say x.")}))
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["caption"] == "x."
    process.send_signal(number)
    assert process.wait(timeout=20) == 0
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()


def test_a_reader_that_leaves_ends_it_quietly(fake):
    process = fake.start("serve", "--stdin", stdin=subprocess.PIPE)
    process.stdout.close()
    process.stdin.write(lines({"image": encoded(b"say x.")}))
    process.stdin.close()
    assert process.wait(timeout=20) == 0
    process.stderr.close()
