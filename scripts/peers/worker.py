"""One process of one peer: loads, warms up, repeats, and prints one line of JSON.

    python worker.py ENGINE PART PRECISION --weights FOLDER [--batch B] [--beam K] ...

The line has "ms", the milliseconds per image of each repetition; for decoders "tokens"; for encoders "deviation", the largest
difference from the prefixes of transformers in fp32, as a share of the largest component.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402

import decode  # noqa: E402
import encode  # noqa: E402
from inputs import Files, fill  # noqa: E402
from jobs import PUBLISHED  # noqa: E402


WARM_UP = 0.5  # seconds, and once at least: threads and caches of some engines take a few short runs
SLOW = 10.0  # seconds of one run, after which it is not repeated: a type that the processor lacks is emulated


def make_published(files: Files, search: decode.Search) -> Callable[[np.ndarray], list[list[int]]]:
    import torch
    from transformers import GPT2LMHeadModel

    import published

    encoder = encode.with_transformers(files, "fp32", search.threads, search.batch)
    model = GPT2LMHeadModel.from_pretrained(files.gpt2).eval()

    @torch.inference_mode()
    def run(pixels: np.ndarray) -> list[list[int]]:
        prefix = torch.from_numpy(encoder(pixels))
        if search.beams == 1:
            return [published.greedy(model, prefix, search.tokens)]
        return [published.beam_search(model, prefix, search.beams, search.tokens)]

    return run


def make_step(args: argparse.Namespace, files: Files) -> tuple[Callable, np.ndarray]:
    """What is timed, and what it takes."""
    search = decode.Search(args.batch, args.beam, args.tokens, args.threads)
    source = files.prefixes if args.part == "decode" else files.pixels
    values = np.load(source)
    values = np.ascontiguousarray(values[fill(args.batch, len(values))])
    if args.engine == PUBLISHED:
        return make_published(files, search), values
    if args.part == "encode":
        return encode.ENCODERS[args.engine](files, args.precision, args.threads, args.batch), values
    return decode.DECODERS[args.engine](files, args.precision, search), values


def deviation(files: Files, prefix: np.ndarray) -> float:
    expected = np.load(files.prefixes)
    expected = expected[fill(len(prefix), len(expected))]
    return float(np.abs(prefix - expected).max() / np.abs(expected).max())


def measure(args: argparse.Namespace) -> dict:
    files = Files(args.weights)
    step, values = make_step(args, files)

    def timed() -> tuple[object, float]:
        start = time.perf_counter()
        return step(values), time.perf_counter() - start

    result, seconds = timed()
    spent = seconds
    while spent <= WARM_UP:
        result, again = timed()
        spent += again
    times = [seconds] if seconds > SLOW else []
    while len(times) < args.repeat and seconds <= SLOW:
        result, again = timed()
        times.append(again)
    times = [1000 * each / args.batch for each in times]
    if args.part == "encode":
        return {"ms": times, "deviation": deviation(files, result)}
    return {"ms": times, "tokens": result}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine")
    parser.add_argument("part", choices=("encode", "decode", "whole"))
    parser.add_argument("precision")
    parser.add_argument("--weights", type=Path, required=True, help="folder that models.py wrote")
    for name, default in (("batch", 1), ("beam", 1), ("tokens", 12), ("threads", 2), ("repeat", 5)):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"(default: {default})")
    args = parser.parse_args()
    # What libraries print on stdout goes to stderr: stdout is for the one line.
    out = os.dup(1)
    os.dup2(2, 1)
    line = json.dumps(measure(args)) + "\n"
    os.write(out, line.encode())


if __name__ == "__main__":
    main()
