#!/usr/bin/env python3
"""How long pictures take from their file to what the encoder gets, beside Pillow, or Pillow-SIMD if that is installed.

    scripts/decode_peer.py PROGRAM [PICTURE]           (Pillow, or: CC="cc -mavx2" pip install pillow-simd)
    scripts/decode_peer.py PROGRAM --folder [FILES]

PICTURE, by default one of the embedded model's, is written as JPEG, PNG and WebP of 2 and 12 megapixels. Both sides read one after the
other on one thread, in turns: decoded, turned upright and resized to the encoder's side by the same bicubic filter.

With --folder, a folder of so many files, 2000 by default, is captioned as a whole, and Pillow loads and resizes its files. They are
JPEGs, PNGs and WebPs of 2 to 12 megapixels, links to 42 different ones that need 0.3 GB in $TMPDIR. Counted is the processors' time of
all processes, so that others on the machine matter little; what the model takes is what a folder of as many pictures takes that
already have the encoder's size, and is taken off. The most memory is that of the program and its processes together.
"""

from __future__ import annotations

import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import PIL
from PIL import Image, ImageOps

SIZES = {"2 MP": (1733, 1155), "12 MP": (4243, 2829)}
FORMATS = {"jpg": {"quality": 90}, "png": {}, "webp": {"quality": 85}}
SIDE = 260  # of the embedded model's encoder, which stretches pictures to a square
ROUNDS = 3
TIMES = 7  # in each round
FILES = 2000
MEGAPIXELS = (2, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9, 10, 11, 12)
PICTURES = Path(__file__).resolve().parent.parent / "models" / "photographs" / "pictures"


def load_and_resize(file: Path) -> None:
    ImageOps.exif_transpose(Image.open(io.BytesIO(file.read_bytes()))).convert("RGB").resize((SIDE, SIDE), Image.BICUBIC)


def by_pillow(file: Path) -> float:
    """-> milliseconds, the middle of some"""
    times = []
    for _ in range(TIMES):
        start = time.perf_counter()
        load_and_resize(file)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def by_program(program: Path, file: Path) -> float:
    command = [program, "bench", "--model", "photographs", "--threads", "1", "--beam", "1", "--tokens", "1", "--no-peaks", "--json",
               "--quiet", "--repeat", str(TIMES), file]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    stages = {stage["name"]: stage["ms_per_image"]["median"] for stage in json.loads(done.stdout)["stages"]}
    return stages["decode"] + stages["resize"]


def compare_pictures(program: Path, file: Path) -> None:
    picture = Image.open(file).convert("RGB")
    print(f"milliseconds a picture, one thread; Pillow is {PIL.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        for name, size in SIZES.items():
            large = picture.resize(size, Image.BICUBIC)
            for suffix, options in FORMATS.items():
                file = Path(folder) / f"picture.{suffix}"
                large.save(file, **options)
                rounds = [(by_program(program, file), by_pillow(file)) for _ in range(ROUNDS)]
                ours, theirs = (statistics.median(side) for side in zip(*rounds))
                print(f"{suffix:4} {name:>5}: caption {ours:6.1f}, Pillow {theirs:6.1f}, ratio {ours / theirs:.2f}", flush=True)


def make_folders(root: Path, files: int) -> tuple[Path, Path]:
    """-> the folder of large pictures, and that of as many small ones"""
    large, small, source = root / "large", root / "small", root / "source"
    for folder in (large, small, source):
        folder.mkdir()
    photographs = sorted(PICTURES.glob("*.jpg"))
    made = []
    for number, megapixels in enumerate(MEGAPIXELS):
        picture = Image.open(photographs[number % len(photographs)]).convert("RGB")
        width = round((megapixels * 1e6 * 1.5) ** 0.5)
        picture = picture.resize((width, round(width / 1.5)), Image.BICUBIC)
        for suffix, options in FORMATS.items():
            made.append(source / f"{number}.{suffix}")
            picture.save(made[-1], **options)
    Image.open(photographs[0]).convert("RGB").resize((SIDE, SIDE)).save(source / "small.jpg")
    for number in range(files):
        file = made[number % len(made)]
        os.link(file, large / f"{number:05}{file.suffix}")
        os.link(source / "small.jpg", small / f"{number:05}.jpg")
    return large, small


def memory_of(pid: int) -> int:
    """Of a process and those that it has started, in bytes; what they share is divided among them."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        threads = [thread.name for thread in Path(f"/proc/{pid}/task").iterdir()]
        for thread in threads[1:]:
            children += Path(f"/proc/{pid}/task/{thread}/children").read_text().split()
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # it has ended
        return 0
    own = next(1024 * int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return own + sum(memory_of(int(child)) for child in set(children))


def run_folder(program: Path, folder: Path, files: int) -> tuple[float, float]:
    """-> seconds of processors, most memory in MB"""
    command = [program, "--model", "photographs", "--threads", "1", "--beam", "1", "--max-tokens", "1", "--quiet", folder]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    most = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        lines: list[bytes] = []
        reader = threading.Thread(target=lambda: lines.extend(process.stdout))
        reader.start()
        while process.poll() is None:
            most = max(most, memory_of(process.pid))
            time.sleep(0.5)
        reader.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode != 0 or len(lines) != files:
        sys.exit(f"the program ended with {process.returncode} and {len(lines)} captions of {files}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, most / 1e6


def compare_folders(program: Path, files: int) -> None:
    with tempfile.TemporaryDirectory() as root:
        large, small = make_folders(Path(root), files)
        all_of_it, memory = run_folder(program, large, files)
        model, least = run_folder(program, small, files)
        ours = all_of_it - model
        start = time.process_time()
        for file in sorted(large.iterdir()):
            load_and_resize(file)
        theirs = time.process_time() - start
    print(f"{files} files, processors' milliseconds a file; Pillow is {PIL.__version__}")
    print(f"caption {1000 * ours / files:.1f} (and {1000 * model / files:.1f} for the model), Pillow {1000 * theirs / files:.1f}, "
          f"ratio {ours / theirs:.2f}")  # fmt: skip
    print(f"most memory of caption: {memory:.0f} MB; over small pictures {least:.0f} MB")


def main() -> None:
    program, *others = sys.argv[1:]
    if others[:1] == ["--folder"]:
        compare_folders(Path(program), int(others[1]) if len(others) > 1 else FILES)
    else:
        compare_pictures(Path(program), Path(others[0]) if others else PICTURES / "cat.jpg")


if __name__ == "__main__":
    main()
