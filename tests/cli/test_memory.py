"""Memory and open files over many pictures do not grow with their number: a few thousand here, 100,000 with CAPTION_PICTURES=100000
(ctest -C Longer -R memory). What the program holds of each picture shows as the slope between two points of one run."""

import os
import signal
import tarfile
import threading
import time

import pytest

PICTURES = int(os.environ.get("CAPTION_PICTURES", "6000"))
# Bytes of a picture that a mode may keep: the plan of --sidecar has two names for each, and finds those that are shared; --watch and
# --output-tar know each by a hash.
MODES = {
    "text": ([], 0),
    "jsonl": (["--json", "--n-best", "2"], 0),
    "csv": (["--format", "csv"], 0),
    "failed": (["--failed", "failed.txt"], 0),
    "resume": (["--output", "out.jsonl", "--json", "--resume"], 0),
    "shard": (["--shard", "1/1"], 0),
    "sidecar": (["--sidecar", "txt"], 600),
    "metadata": (["--write-metadata", "--metadata", "sidecar"], 0),
    "archive of files": (["--output-tar", "out.tar"], 100),
    "archive": (["--tar", "-", "--json"], 0),
    "archive to archive": (["--tar", "-", "--output-tar", "out.tar", "--json"], 0),
    "watch": (["in", "-r", "--watch"], 200),
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
    (work / "in").mkdir()
    for folder in range((PICTURES + 999) // 1000):
        (work / ("in" if mode == "watch" else ".") / f"{folder}").mkdir()
    listed = mode != "watch" and "--tar" not in options
    for name in names if listed else []:
        (work / name).write_bytes(b"say x.")
    process = fake.start(*options, *(["--files-from", "-"] if listed else []), stdin=-1, stdout=open(work / "stdout", "wb"))
    seen = {}

    def feed(part):
        for name in part:
            if mode == "watch":
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
    if mode == "sidecar":  # which takes all names before the first picture
        feed(names)
        process.stdin.close()
        least, most = 0, PICTURES
        seen[least] = seen[most] = None
        before = resident(process)
        peak = before
        while process.poll() is None:
            try:
                peak = max(peak, resident(process))
            except (FileNotFoundError, ProcessLookupError, StopIteration):
                break
        seen = {least: before, most: peak}
    else:
        done = 0
        for share in (0.2, 1.0):
            feed(names[done:int(PICTURES * share)])
            done = int(PICTURES * share)
            # All but those in progress have been written.
            wait_for_lines(out, done - 3000 if done > 3000 else 1)
            seen[done] = resident(process)
        process.stdin.close()
        if mode == "watch":
            process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=600) == 0
    reader.join()
    (first, (memory, files)), (last, (memory_later, files_later)) = sorted(seen.items())
    slope = (memory_later - memory) / (last - first)
    print(f"{mode}: {memory / 1e6:.1f} MB after {first}, {memory_later / 1e6:.1f} MB after {last}: {slope:.0f} bytes a picture; {files_later} files")
    assert memory_later - memory <= kept * (last - first) + 6e6
    assert files_later <= files + 8


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
