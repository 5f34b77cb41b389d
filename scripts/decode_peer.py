#!/usr/bin/env python3
"""How long pictures take from their file to what the encoder gets, beside Pillow, or Pillow-SIMD if that is installed.

    scripts/decode_peer.py PROGRAM [PICTURE]      (Pillow, or: CC="cc -mavx2" pip install pillow-simd)

PICTURE, by default one of the embedded model's, is written as JPEG, PNG and WebP of 2 and 12 megapixels. Both sides read one after the
other on one thread, in turns: decoded, turned upright and resized to the encoder's side by the same bicubic filter.
"""

from __future__ import annotations

import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import PIL
from PIL import Image, ImageOps

SIZES = {"2 MP": (1733, 1155), "12 MP": (4243, 2829)}
FORMATS = {"jpg": {"quality": 90}, "png": {}, "webp": {"quality": 85}}
SIDE = 260  # of the embedded model's encoder, which stretches pictures to a square
ROUNDS = 3
TIMES = 7  # in each round


def by_pillow(file: Path) -> float:
    """-> milliseconds, the middle of some"""
    times = []
    for _ in range(TIMES):
        start = time.perf_counter()
        ImageOps.exif_transpose(Image.open(io.BytesIO(file.read_bytes()))).convert("RGB").resize((SIDE, SIDE), Image.BICUBIC)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def by_program(program: Path, file: Path) -> float:
    command = [program, "bench", "--model", "photographs", "--threads", "1", "--beam", "1", "--tokens", "1", "--no-peaks", "--json",
               "--quiet", "--repeat", str(TIMES), file]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    stages = {stage["name"]: stage["ms_per_image"]["median"] for stage in json.loads(done.stdout)["stages"]}
    return stages["decode"] + stages["resize"]


def main() -> None:
    program = Path(sys.argv[1])
    default = Path(__file__).resolve().parent.parent / "models" / "photographs" / "pictures" / "cat.jpg"
    picture = Image.open(Path(sys.argv[2]) if len(sys.argv) > 2 else default).convert("RGB")
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


if __name__ == "__main__":
    main()
