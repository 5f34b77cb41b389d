#!/usr/bin/env python3
"""A slot's speed beside the command line's: what a picture costs in a long run, the start of neither counted.

    scripts/cluster/speed.py [--program PROGRAM] [--pictures FOLDER] [--count N] [--repeat N] [-- OPTION-OF-BOTH...]

Prints a JSON object per round, and the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

FEW = 64  # pictures, until a run is at its speed
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from slot import Picture, Settings, Slot  # noqa: E402


def run(program: str, options: list[str], files: list[str]) -> float:
    begin = time.monotonic()
    subprocess.run([program, "--json", "--quiet", "--files-from", "-", *options], input="\n".join(files).encode(), stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - begin


def command_line(program: str, options: list[str], files: list[str]) -> float:
    """Seconds per picture: what a longer run takes more than a short one."""
    return (run(program, options, files + files[:FEW]) - run(program, options, files[:FEW])) / len(files)


def slot(one: Slot, files: list[str]) -> float:
    """Seconds per picture of a part, from its first picture's reading to its last answer."""
    begin = time.monotonic()
    rows = one.captions(map(Picture, files))
    took = time.monotonic() - begin
    if any(row["error"] for row in rows):
        sys.exit("speed: not all of the pictures have a caption")
    return took / len(files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(HERE.parents[1] / "build/release/bin/caption"))
    parser.add_argument("--pictures", type=Path, default=HERE.parents[1] / "models/photographs/pictures")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=3)
    own, behind = sys.argv[1:], []
    if "--" in own:
        own, behind = own[: own.index("--")], own[own.index("--") + 1 :]
    args = parser.parse_args(own)
    found = sorted(map(str, args.pictures.glob("*.jpg")))
    if not found:
        sys.exit(f"speed: there is no *.jpg in {args.pictures}")
    files = [found[i % len(found)] for i in range(args.count)]
    one = Slot(Settings(args.program, tuple(behind)))
    slot(one, found)  # warm
    ratios = []
    for _ in range(args.repeat):
        alone, together = command_line(args.program, behind, files), slot(one, files)
        ratios.append(alone / together)
        print(json.dumps({"command_line_ms": 1000 * alone, "slot_ms": 1000 * together, "ratio": ratios[-1]}), flush=True)
    one.close()
    print(f"a slot has {statistics.median(ratios):.3f} of the command line's rate")


if __name__ == "__main__":
    main()
