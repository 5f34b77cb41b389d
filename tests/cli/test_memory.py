"""Memory and open files over many pictures do not grow with their number: a few thousand here, 100,000 with CAPTION_PICTURES=100000
(ctest -C Longer -R memory). What the program holds of each picture shows as the slope between two points of one run."""

import os
import threading
import time

import pytest

PICTURES = int(os.environ.get("CAPTION_PICTURES", "6000"))
# Bytes of a picture that a mode may keep: the plan of --sidecar has two names for each, and finds those that are shared.
MODES = {
    "text": ([], 0),
    "jsonl": (["--json", "--n-best", "2"], 0),
    "csv": (["--format", "csv"], 0),
    "failed": (["--failed", "failed.txt"], 0),
    "resume": (["--output", "out.jsonl", "--json", "--resume"], 0),
    "shard": (["--shard", "1/1"], 0),
    "sidecar": (["--sidecar", "txt"], 600),
}


def resident(process):
    """-> (bytes, open files)"""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        kilobytes = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return kilobytes * 1024, len(os.listdir(f"/proc/{process.pid}/fd"))


@pytest.mark.parametrize("mode", MODES)
def test_memory_and_open_files_stay_the_same(fake, work, mode):
    options, kept = MODES[mode]
    names = []
    for i in range(PICTURES):
        if i % 1000 == 0:
            (work / f"{i // 1000}").mkdir()
        names.append(f"{i // 1000}/a picture with a name of some length {i}.jpg")
        (work / names[-1]).write_bytes(b"say x.")
    arguments = [*options, "--files-from", "-"]
    process = fake.start(*arguments, stdin=-1, stdout=open(work / "stdout", "wb"))
    seen = {}

    def feed(part):
        process.stdin.write("".join(f"{name}\n" for name in part).encode())
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
    assert process.wait(timeout=600) == 0
    reader.join()
    (first, (memory, files)), (last, (memory_later, files_later)) = sorted(seen.items())
    slope = (memory_later - memory) / (last - first)
    print(f"{mode}: {memory / 1e6:.1f} MB after {first}, {memory_later / 1e6:.1f} MB after {last}: {slope:.0f} bytes a picture; {files_later} files")
    assert memory_later - memory <= kept * (last - first) + 3e6
    assert files_later <= files + 8


def wait_for_lines(file, count, seconds=300):
    end = time.monotonic() + seconds
    while not file.exists() or file.read_bytes().count(b"\n") < count:
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.2)
