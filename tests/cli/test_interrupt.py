"""Ctrl-C and SIGTERM: the records in work are finished, the rest is left, and the status is 130."""

import json
import os
import signal
import subprocess
import time

import pytest

from conftest import wait_for


@pytest.fixture
def slow(fake, work):
    """Starts a run over 500 images, 50 ms each, and waits for its first record."""
    (work / "list").write_text("".join(f"{i}.jpg\n" for i in range(500)))
    for i in range(500):
        (work / f"{i}.jpg").write_bytes(f"say {i}.".encode())
    started = []

    def start(*arguments, **popen):
        process = fake.start(
            "--json", "--batch", "4", "--files-from", "list", "--output", "out", *arguments,
            environment={"FAKE_DELAY_MS": "50"}, **popen,
        )
        started.append(process)
        wait_for(lambda: (work / "out").exists() and (work / "out").read_text().count("\n") >= 1)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_finishes_what_is_in_work(slow, work, number):
    process = slow()
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    records = [json.loads(line) for line in (work / "out").read_text().splitlines()]
    assert [record["image"] for record in records] == [f"{i}.jpg" for i in range(len(records))]
    assert 1 <= len(records) < 100
    assert f"interrupted: {len(records)} captioned, 0 failed, the rest not tried" in err.decode()


def test_quiet_interrupts_are_silent(slow):
    process = slow("--quiet")
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20)[1] == b"" and process.returncode == 130


def test_a_second_signal_kills(fake, work):
    for name in ["a.jpg", "b.jpg"]:
        (work / name).write_bytes(b"say x.")
    log = work / "log"
    process = fake.start("a.jpg", "b.jpg", environment={"FAKE_DELAY_MS": "60000", "FAKE_LOG": str(log)})
    wait_for(lambda: log.exists() and "images" in log.read_text())
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == -signal.SIGINT
    process.communicate()


def test_one_image_is_killed_at_once(fake, work):
    (work / "a.jpg").write_bytes(b"say x.")
    log = work / "log"
    process = fake.start("a.jpg", environment={"FAKE_DELAY_MS": "60000", "FAKE_LOG": str(log)})
    wait_for(lambda: log.exists() and "images" in log.read_text())
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == -signal.SIGINT
    process.communicate()


def test_an_idle_list_does_not_hold_an_interrupt(fake, work):
    (work / "a.jpg").write_bytes(b"say x.")
    process = fake.start("--files-from", "-", stdin=subprocess.PIPE)
    process.stdin.write(b"a.jpg\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"a.jpg\tx.\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 130
    process.stdin.close()
    process.stdout.close()
    process.stderr.close()


def test_an_ignored_signal_stays_ignored(slow, work):
    process = slow(preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    before = (work / "out").read_text().count("\n")
    process.send_signal(signal.SIGINT)
    wait_for(lambda: (work / "out").read_text().count("\n") >= before + 8)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 130


def test_a_killed_run_leaves_whole_records(slow, work):
    process = slow()
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=20)
    text = (work / "out").read_text()
    assert text.endswith("\n") and all(json.loads(line) for line in text.splitlines())
