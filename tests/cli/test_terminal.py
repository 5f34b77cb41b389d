"""What a person at a terminal sees: progress and colours, and when not."""

import os
import select
import subprocess
import time

import pytest


def on_terminal(program, *arguments, out_too=False, environment=None):
    """Runs with stderr (and stdout) on a terminal; returns what was shown there, stdout if apart, and the status."""
    master, slave = os.openpty()
    process = program.start(
        *arguments, environment=environment, stderr=slave, stdout=slave if out_too else subprocess.PIPE
    )
    os.close(slave)
    shown = b""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        ready, _, _ = select.select([master], [], [], 0.1)
        try:
            data = os.read(master, 65536) if ready else b""
        except OSError:  # how Linux reports that the other side is closed
            break
        if not data and process.poll() is not None:
            break
        shown += data
    out = b"" if out_too else process.stdout.read()
    if process.stdout:
        process.stdout.close()
    code = process.wait(timeout=20)
    os.close(master)
    return shown.decode().replace("\r\n", "\n"), out.decode(), code


@pytest.fixture
def many(work):
    for i in range(8):
        (work / f"{i}.jpg").write_bytes(b"say x.")
    return [f"{i}.jpg" for i in range(8)]


SLOW = {"FAKE_DELAY_MS": "120"}


def test_progress_is_shown_and_taken_away(fake, many):
    shown, out, code = on_terminal(fake, "--batch", "1", *many, environment=SLOW)
    assert code == 0 and len(out.splitlines()) == 8
    assert "\r1/8  " in shown and "images/s" in shown and " left" in shown
    assert shown.endswith("\r\x1b[K")


def test_progress_counts_folders_and_lists(fake, work, many):
    (work / "list").write_text("\n".join(many))
    for arguments in [["."], ["-r", "."], ["--files-from", "list"]]:
        shown, _, code = on_terminal(fake, "--batch", "1", *arguments, environment=SLOW)
        assert code == 0 and "/8  " in shown


@pytest.mark.parametrize("arguments", [["0.jpg"], ["0.jpg", "1.jpg", "--quiet"]])
def test_no_progress_for_one_image_or_if_quiet(fake, many, arguments):
    shown, _, _ = on_terminal(fake, *arguments, environment=SLOW)
    assert "images/s" not in shown and "\x1b" not in shown


def test_no_progress_without_a_terminal_or_on_a_dumb_one(fake, many):
    result = fake.run("--batch", "1", *many, FAKE_DELAY_MS="120")
    assert "images/s" not in result.err
    shown, _, _ = on_terminal(fake, *many, environment={**SLOW, "TERM": "dumb"})
    assert "\x1b" not in shown


def test_lines_on_the_terminal_are_whole(fake, work, many):
    (work / "bad.jpg").write_bytes(b"corrupt")
    shown, _, code = on_terminal(
        fake, "--batch", "1", "--color", "never", *many, "bad.jpg", out_too=True, environment=SLOW
    )
    assert code == 1
    # What is left of each line after the progress was taken away.
    lines = [line.rsplit("\x1b[K", 1)[-1] for line in shown.split("\n")]
    assert [line for line in lines if "\t" in line] == [f"{i}.jpg\tx." for i in range(8)]
    assert "caption: error: bad.jpg: the image ends early" in lines


NAME = "\x1b[35m0.jpg\x1b[0m\tx."


def test_names_are_coloured_on_a_terminal(fake, many):
    shown, _, _ = on_terminal(fake, "0.jpg", "1.jpg", out_too=True)
    assert NAME in shown


@pytest.mark.parametrize(
    "arguments, environment",
    [([], {"NO_COLOR": "1"}), (["--color", "never"], {}), ([], {"TERM": "dumb"}), (["--json"], {}), (["--format", "csv"], {})],
)
def test_names_are_not_coloured(fake, many, arguments, environment):
    shown, _, _ = on_terminal(fake, *arguments, "0.jpg", "1.jpg", out_too=True, environment=environment)
    assert "\x1b[35m" not in shown and "0.jpg" in shown


def test_colours_can_be_forced(fake, many):
    assert NAME in fake.run("--color", "always", "0.jpg", "1.jpg", NO_COLOR="1").lines
    assert "\x1b" not in fake.run("0.jpg", "1.jpg").text
    assert "\x1b[35m" in on_terminal(fake, "0.jpg", "1.jpg", out_too=True, environment={"NO_COLOR": ""})[0]
