"""Memory and open files over many pictures do not grow with their number: a few thousand here, 100,000 with CAPTION_PICTURES=100000
(ctest -C Longer -R memory). What the program holds of each picture shows as the slope between two points of one run."""

import array
import fcntl
import os
import signal
import tarfile
import termios
import threading
import time

import pytest

PICTURES = int(os.environ.get("CAPTION_PICTURES", "6000"))
NOISE = 8e6  # bytes: a slow machine has not filled all windows when it is measured first
# Bytes of a picture that a mode may keep: a hash of each, where two must not share a name or none may come twice.
MODES = {
    "text": ([], 0),
    "jsonl": (["--json", "--n-best", "2"], 0),
    "csv": (["--format", "csv"], 0),
    "failed": (["--failed", "failed.txt"], 0),
    "html": (["--html", "page.html"], 0),
    "resume": (["--output", "out.jsonl", "--json", "--resume"], 0),
    "shard": (["--shard", "1/1"], 0),
    "sidecar": (["--sidecar", "txt"], 16),
    "metadata": (["--write-metadata", "--metadata", "sidecar"], 0),
    "archive of files": (["--output-tar", "out.tar"], 64),
    "archive": (["--tar", "-", "--json"], 0),
    "archive to archive": (["--tar", "-", "--output-tar", "out.tar", "--json"], 0),
    "watch": (["in", "-r", "--watch"], 64),
    "watch with sidecars": (["in", "-r", "--watch", "--sidecar", "txt"], 128),
}


def resident(process):
    """-> (bytes, open files)"""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        kilobytes = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return kilobytes * 1024, len(os.listdir(f"/proc/{process.pid}/fd"))


@pytest.mark.parametrize("mode", MODES)
def test_memory_and_open_files_stay_the_same(fake, work, mode):
    options, kept = MODES[mode]
    names = [f"{i // 1000}/a picture with a name of some length {i}.jpg" for i in range(PICTURES)]
    watches = "--watch" in options
    (work / "in").mkdir()
    for folder in range((PICTURES + 999) // 1000):
        (work / ("in" if watches else ".") / f"{folder}").mkdir()
    listed = not watches and "--tar" not in options
    for name in names if listed else []:
        (work / name).write_bytes(b"say x.")
    process = fake.start(*options, *(["--files-from", "-"] if listed else []), stdin=-1, stdout=open(work / "stdout", "wb"))

    def feed(part):
        for name in part:
            if watches:
                (work / "in" / name).write_bytes(b"say x.")
            elif listed:
                process.stdin.write(f"{name}\n".encode())
            else:
                process.stdin.write(member(name, b"say x."))
                process.stdin.write(member(name + ".cls", b"1"))
        process.stdin.flush()

    out = work / ("out.jsonl" if mode == "resume" else "stdout")
    errors = []
    reader = threading.Thread(target=lambda: errors.append(process.stderr.read()))
    reader.start()
    seen = []
    done = 0
    for share in (0.2, 1.0):
        feed(names[done:int(PICTURES * share)])
        done = int(PICTURES * share)
        if mode == "sidecar":  # which takes all names before the first picture
            wait_until_taken(process.stdin)
        else:  # all but those in progress have been written
            wait_for_lines(out, done - 3000 if done > 3000 else 1)
        seen.append((done, *resident(process)))
    process.stdin.close()
    if watches:
        process.send_signal(signal.SIGTERM)
    after = peak_until_the_end(process)
    assert process.wait(timeout=600) == 0
    reader.join()
    (first, memory, files), (last, memory_later, files_later) = seen
    slope = (memory_later - memory) / (last - first)
    print(f"{mode}: {memory / 1e6:.1f} MB after {first}, {memory_later / 1e6:.1f} MB after {last}, then at most {after / 1e6:.1f} MB: "
          f"{slope:.0f} bytes a picture; {files_later} files")
    assert memory_later - memory <= kept * (last - first) + NOISE
    assert after - memory_later <= NOISE
    assert files_later <= files + 8


@pytest.mark.parametrize("options", [["--resume"], ["--resume=force"], ["--resume", "--retry-failed"]], ids=" ".join)
def test_memory_of_a_run_that_goes_on_stays_the_same(fake, work, options):
    kept = 64 if "--resume=force" in options else 0  # which does not go by the order
    (work / "a.jpg").write_bytes(b"say x.")
    (work / "bad.jpg").write_bytes(b"corrupt")
    memory = []
    for count in (PICTURES // 5, PICTURES):
        (work / "list").write_text("bad.jpg\n" + "".join(f"{other_name(i)}\n" for i in range(count)))
        run = ["--files-from", "list", "--quiet", "--json", "--output", f"out {count}"]
        assert fake.run(*run, "--resume", timeout=1200).code == 1
        with open(work / "list", "a", encoding="ascii") as file:
            file.write("a.jpg\n")
        process = fake.start(*run, *options)
        memory.append(peak_until_the_end(process))
        process.communicate()
        assert process.returncode == 1
    slope = (memory[1] - memory[0]) / (PICTURES - PICTURES // 5)
    print(f"{' '.join(options)}: at most {memory[0] / 1e6:.1f} MB for {PICTURES // 5}, {memory[1] / 1e6:.1f} MB for {PICTURES}: {slope:.0f} bytes a picture")
    assert memory[1] - memory[0] <= kept * (PICTURES - PICTURES // 5) + NOISE


def other_name(number):
    """One of many names of a.jpg."""
    return "".join("./" if number >> bit & 1 else ".//" for bit in range(17)) + "a.jpg"


def peak_until_the_end(process):
    """-> bytes"""
    peak = 0
    while process.poll() is None:
        try:
            peak = max(peak, resident(process)[0])
        except (FileNotFoundError, ProcessLookupError, StopIteration):
            break
        time.sleep(0.002)
    return peak


def wait_until_taken(pipe, seconds=300):
    end = time.monotonic() + seconds
    left = array.array("i", [1])
    while left[0] > 0:
        assert time.monotonic() < end, "waited in vain"
        fcntl.ioctl(pipe, termios.FIONREAD, left)
        time.sleep(0.2)  # and what it has read last


def member(name, content):
    """A file of a tar archive."""
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    return entry.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)


def wait_for_lines(file, count, seconds=300):
    end = time.monotonic() + seconds
    while not file.exists() or file.read_bytes().count(b"\n") < count:
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.2)
