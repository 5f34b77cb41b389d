"""Decoders in a box: what one does wrong there costs one picture. A library that is loaded before the program has the bad one."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import wait_for

GOOD = ["chroma420.heic", "rgb.jxl", "profile.webp", "rgb.jp2", "palette.gif", "tiles.tif"]
SANITIZED = bool(os.environ.get("CAPTION_SANITIZE"))
# The smallest limits of memory and time.
SMALL = ["--max-megapixels", "0.01"]


@pytest.fixture
def formats(source):
    return source / "tests" / "data" / "formats"


@pytest.fixture
def photo(source, work):
    shutil.copy(source / "tests" / "data" / "photos" / "cat.jpg", work / "cat.jpg")
    return "cat.jpg"


@pytest.fixture
def pictures(formats, work, photo):
    """Bad and good ones by turns, and a photograph: 0.avif, chroma420.heic, 1.avif, ..., cat.jpg."""
    names = []
    for number, name in enumerate(GOOD):
        shutil.copy(formats / "chroma420.avif", work / f"{number}.avif")
        shutil.copy(formats / name, work / name)
        names += [f"{number}.avif", name]
    return [*names, photo]


def bad(what):
    return {"LD_PRELOAD": os.environ["CAPTION_BAD_CODECS"], "CAPTION_BAD_CODEC": what}


def errors(result):
    """The message of each record without a caption, by image; that they are `corrupt` is checked."""
    failed = {record["image"]: record["error"] for record in result.records() if "error" in record}
    assert {error["code"] for error in failed.values()} <= {"corrupt"}
    return {name: error["message"] for name, error in failed.items()}


def processes_of(pid):
    """Those that a process has started."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = status.read_text().rpartition(") ")[2].split()[1]
        except OSError:
            continue  # it has ended
        found += [status.parent.name] * (parent == str(pid))
    return found


def test_a_crash_costs_one_record(real, pictures):
    result = real.run("--json", *pictures, **bad("crash"))
    assert result.code == 1 and len(result.records()) == len(pictures)
    failed = errors(result)
    assert set(failed) == {f"{number}.avif" for number in range(len(GOOD))}
    reason = r"its decoder ended with status 1" if SANITIZED else r"its decoder crashed \(SIGSEGV\)"
    assert all(re.fullmatch(rf"{name}: {reason}", text) for name, text in failed.items()), failed


@pytest.mark.skipif(SANITIZED, reason="a sanitizer's shadow is memory, too: there is no limit")
def test_so_does_a_decoder_that_takes_all_memory(real, pictures):
    result = real.run("--json", "--max-megapixels", "1", *pictures, **bad("memory"))
    failed = errors(result)
    assert result.code == 1 and len(failed) == len(GOOD)
    assert failed["0.avif"] == "0.avif: its decoder needed more than 356 MB"


def test_and_one_that_comes_to_no_end(real, pictures):
    result = real.run("--json", *SMALL, *pictures[:2], **bad("loop"))
    assert result.code == 1 and errors(result)["0.avif"] == "0.avif: its decoder took longer than 5 s"
    assert "caption" in result.records()[1]


@pytest.mark.parametrize("what", ["open", "create", "stat", "internet", "socket", "fork", "signal", "code", "memory_file", "descriptor"])
def test_the_box_permits_nothing_else(real, pictures, what):
    boxed = errors(real.run("--json", pictures[0], **bad(what)))
    assert "BMFF parsing failed" in boxed["0.avif"]
    outside = errors(real.run("--json", "--sandbox", "off", pictures[0], **bad(what)))
    assert "Invalid ftyp" in outside["0.avif"]


def test_a_system_without_it(real, pictures):
    """auto goes on and says so once; on is an error before anything is captioned; off has nothing to say."""
    without = {"LD_PRELOAD": os.environ["CAPTION_NO_SECCOMP"]}
    names = pictures[1::2]
    boxed = real.run("--json", *names)
    auto = real.run("--json", *names, **without)
    assert auto.code == boxed.code == 0 and auto.out == boxed.out and "sandbox" not in boxed.err
    assert auto.err.count("without a sandbox") == 1 and "the kernel has no seccomp for it: Invalid argument" in auto.err
    off = real.run("--json", "--sandbox", "off", *names, **without)
    assert off.out == boxed.out and "sandbox" not in off.err
    on = real.run("--json", "--sandbox", "on", pictures[-1], *names, **without)
    assert on.code == 2 and on.out == b"" and "the sandbox is on, but there can be none here" in on.err
    assert real.run("--json", "--sandbox", "on", *names).out == boxed.out


def test_jpeg_and_png_files_need_no_process(real, photo, work, source):
    shutil.copy(source / "tests" / "data" / "image" / "rgb.png", work / "a.png")
    log = work / "calls"
    shutil.copy(source / "tests" / "data" / "image" / "lossy.webp", work / "b.webp")
    for names, started in ([photo, "a.png"], 0), ([photo, "a.png", "b.webp"], 1):
        done = subprocess.run(["strace", "-f", "-qq", "-e", "trace=execve", "-o", log, real.path, *names], cwd=work,
                              env=real.full_environment(), capture_output=True, timeout=300, check=False)  # fmt: skip
        assert done.returncode == 0
        assert log.read_text().count("caption-decoder\", [") == started


def test_an_interrupt_of_the_whole_group_harms_no_picture(real, formats, work):
    """As Ctrl-C in a terminal: what has begun gets its caption."""
    for number in range(400):
        shutil.copy(formats / "lossy.jxl", work / f"{number:03}.jxl")
    run = real.start("--json", ".", start_new_session=True)
    first = run.stdout.readline()
    os.killpg(run.pid, signal.SIGINT)
    rest, _ = run.communicate(timeout=60)
    assert run.returncode == 130 and b"error" not in first + rest


def test_no_process_is_left(real, formats, work):
    for number in range(400):
        shutil.copy(formats / "lossy.jxl", work / f"{number:03}.jxl")
    run = real.start("--json", ".")
    run.stdout.readline()
    decoders = processes_of(run.pid)
    assert decoders
    run.kill()
    run.wait()
    wait_for(lambda: not any(Path(f"/proc/{decoder}").exists() for decoder in decoders))


def test_a_decoder_that_is_killed_is_replaced(real, formats, work):
    for number in range(400):
        shutil.copy(formats / "lossy.jxl", work / f"{number:03}.jxl")
    run = real.start("--json", ".")
    run.stdout.readline()
    for decoder in processes_of(run.pid):
        os.kill(int(decoder), signal.SIGKILL)
    lines = run.stdout.read().decode().splitlines()  # beside what the first line brought into the buffer
    run.wait()
    assert len(lines) == 399 and sum('"caption"' in line for line in lines) >= 380
