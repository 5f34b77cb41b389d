#!/usr/bin/env python3
"""Captioners of many prefix lengths beside the Python reference (needs PyTorch and Pillow):

    python scripts/prefix_lengths.py PROGRAM

Makes tiny ones of random weights with prefixes of 5 to 80 vectors, by MLPs of two and three layers and by transformers whose
clip_length is another number than the prefix's, imports them with PROGRAM beside the encoder of tests/data/parity/vit-mlp, captions
the pictures there by both, greedily and by beam search, and compares the token ids. Exit status 1 if some differ."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import torch

from make_full_size import first_difference, list_images, program_records, reference_records
from reference import formats, random_weights as rw
from reference.bundle import Bundle

PARITY = Path(__file__).resolve().parent.parent / "tests" / "data" / "parity"
EMBEDDING = 32  # of that encoder
LENGTHS = (5, 10, 20, 40, 80)
MAX_TOKENS = 12
CLOSE = 1e-4  # a gap between scores that rounding may close


def mappers(length):
    yield "mlp of 2 layers", rw.MapperSizes(prefix_length=length)
    yield "mlp of 3 layers", rw.MapperSizes(prefix_length=length, hidden_layers=2)
    for clip_length in (1, 10, 40):
        if clip_length != length:
            yield f"transformer, clip_length {clip_length}", rw.MapperSizes(prefix_length=length, clip_length=clip_length, layers=2)


def take_in(program, captioner, folder):
    command = [program, "models", "import", "--quiet", "--clip", PARITY / "vit-mlp" / "clip.pt", "--captioner", captioner,
               "--tokenizer", PARITY / "vit-mlp", "--name", "made", "--folder", folder]  # fmt: skip
    subprocess.run([str(word) for word in command], check=True)


def differences(program, folder, images):
    """-> how many captions were compared, and what is wrong with which"""
    bundle = Bundle(folder)
    bundle.max_tokens = MAX_TOKENS
    options = SimpleNamespace(binary=program, options=["--quiet", "--max-tokens", str(MAX_TOKENS)])
    compared, found = 0, []
    for beam in (1, 5):
        expected = reference_records(bundle, images, beam)
        for image, want, have in zip(images, expected, program_records(options, folder, images, beam), strict=True):
            compared += 1
            difference = first_difference(want, have)
            if difference and want["margin"] > CLOSE:
                found.append(f"{image.name}, beam {beam}: {difference}")
            elif not difference and abs(want["score"] - have["score"]) > 1e-3:
                found.append(f"{image.name}, beam {beam}: the score is {have['score']}, expected {want['score']}")
    return compared, found


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    program = parser.parse_args().program.resolve()
    gpt2 = rw.Gpt2Sizes(width=64, layers=2, vocabulary=400, context=96, stop_logit=10.0, length=5)
    images = list_images(PARITY / "images")
    wrong = 0
    for length in LENGTHS:
        for kind, sizes in mappers(length):
            with tempfile.TemporaryDirectory() as name:
                captioner, folder = Path(name) / "captioner.pt", Path(name) / "made"
                formats.write_captioner(rw.make_captioner(7 + length, gpt2, sizes, EMBEDDING, False), captioner, legacy=False)
                take_in(program, captioner, folder)
                compared, found = differences(program, folder, images)
            wrong += len(found)
            print(f"prefix of {length}, {kind}: {compared - len(found)} of {compared} captions have the reference's ids", flush=True)
            for difference in found:
                print("  " + difference)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
