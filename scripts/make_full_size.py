#!/usr/bin/env python3
"""Models of the published sizes with random weights, and a comparison of the program with the reference on them.

    python scripts/make_full_size.py make OUT --images FOLDER [--model NAME]...
        writes bundles of published files (TorchScript archive in fp16, torch.save checkpoint in fp32) into OUT/NAME
    python scripts/make_full_size.py compare OUT --images FOLDER --binary PATH [--beam N]... [-- OPTION...]
        captions the images with both and says whether the token ids are identical; exit status 1 if not. What follows
        `--` goes to the program, for example `--precision bf16`

The images also serve to centre a ResNet's embeddings, so that captions depend on the image. GPT-2's vocabulary is
replaced by one whose token N reads " N" (the first 256 stay bytes), so that a caption's text shows its token ids. The
files need 0.9 to 1.9 GB per model and can be imported like downloaded ones (caption models import).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from reference import formats, random_weights as rw
from reference.bundle import Bundle
from reference.pixels import load_pixels
from reference.search import Margin, search

VIT_B_32 = rw.VitSizes(resolution=224, patch=32, width=768, layers=12, embedding=512)
RN50X4 = rw.ResNetSizes(resolution=288, width=80, blocks=(4, 6, 10, 6), embedding=640)
GPT2 = {"width": 768, "layers": 12}
GPT2_MEDIUM = {"width": 1024, "layers": 24}
MLP = rw.MapperSizes(prefix_length=10)
TRANSFORMER = rw.MapperSizes(prefix_length=40, clip_length=40)
IMAGE_TYPES = (".jpg", ".jpeg", ".png")


@dataclass
class Model:
    image: rw.VitSizes | rw.ResNetSizes
    mapper: rw.MapperSizes
    gpt2: dict
    seed: int = 1


MODELS = {
    "vit-mlp-gpt2": Model(VIT_B_32, MLP, GPT2),
    "resnet-transformer-gpt2": Model(RN50X4, TRANSFORMER, GPT2),
    "vit-mlp-medium": Model(VIT_B_32, MLP, GPT2_MEDIUM),
    "resnet-transformer-medium": Model(RN50X4, TRANSFORMER, GPT2_MEDIUM),
}


def list_images(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_TYPES)


def write_readable_ids(folder: Path, vocabulary: int) -> None:
    """A vocabulary without merges, in which tokens from 256 on are their own numbers after a space."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [b for b in range(256) if b not in printable]
    pieces = [chr(b) for b in printable] + [chr(256 + i) for i in range(len(hidden))]
    pieces += [f"\u0120{i}" for i in range(256, vocabulary)]
    (folder / "encoder.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}), encoding="utf-8")
    (folder / "vocab.bpe").write_text("#version: 0.2\n", encoding="utf-8")


@torch.no_grad()
def make_model(name: str, folder: Path, images: list[Path]) -> None:
    model = MODELS[name]
    folder.mkdir(parents=True, exist_ok=True)
    text_width = 512 if isinstance(model.image, rw.VitSizes) else 640
    text = rw.TextSizes(width=text_width, layers=12, vocabulary=49408, context=77)
    clip = rw.make_clip(model.seed, model.image, text)
    if isinstance(model.image, rw.ResNetSizes):
        pixels = [load_pixels(path, model.image.resolution, formats.CLIP_MEAN, formats.CLIP_STD) for path in images]
        rw.centre_embeddings(clip, torch.stack(pixels))
    gpt2 = rw.Gpt2Sizes(vocabulary=50257, **model.gpt2)
    captioner = rw.make_captioner(model.seed, gpt2, model.mapper, model.image.embedding, old_masks=True)
    attributes = {"input_resolution": model.image.resolution, "context_length": 77, "vocab_size": 49408}
    formats.write_clip_archive(clip, folder / "clip.pt", attributes, as_tensors=True)
    formats.write_captioner(captioner, folder / "captioner.pt", legacy=False)
    write_readable_ids(folder, gpt2.vocabulary)
    info = formats.BundleInfo(name, "Random weights of the published sizes", bool(model.mapper.clip_length))
    formats.write_manifest(folder, info, clip, captioner)


def make(args: argparse.Namespace) -> int:
    for name in args.model or MODELS:
        print(f"{name}: writing {args.out / name}", flush=True)
        make_model(name, args.out / name, list_images(args.images))
    return 0


@torch.no_grad()
def reference_records(bundle: Bundle, images: list[Path], beam: int) -> list[dict]:
    records = []
    for path in images:
        prefix = bundle.prefix(bundle.normalized(bundle.embedding(bundle.pixels(path))))
        margin = Margin()
        best = search(bundle.gpt2, prefix, stop=bundle.stop, beam=beam, max_tokens=bundle.max_tokens, margin=margin)[0]
        records.append({"caption": bundle.tokenizer.decode(best.tokens).strip(), "tokens": best.tokens,
                        "score": best.score, "margin": margin.smallest})
    return records


def program_records(args: argparse.Namespace, folder: Path, images: list[Path], beam: int) -> list[dict]:
    command = [args.binary, "--format", "jsonl", "--model", folder, "--beam", str(beam), *args.options, *images]
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{args.binary}: exit status {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def first_difference(expected: dict, actual: dict) -> str | None:
    """Where the captions, and so the ids, part; the length catches what the text cannot show."""
    if "error" in actual:
        return actual["error"]["message"]
    length = round(actual["score"] / actual["mean_logprob"])
    if actual["caption"] == expected["caption"] and length == len(expected["tokens"]):
        return None
    left, right = expected["caption"].split(" "), actual["caption"].split(" ")
    same = next((i for i, (a, b) in enumerate(zip(left, right)) if a != b), min(len(left), len(right)))
    return f"from word {same}: expected {left[same:same + 5]}, found {right[same:same + 5]}"


def compare_model(args: argparse.Namespace, name: str, bundle: Bundle, beam: int) -> bool:
    images = list_images(args.images)
    expected = reference_records(bundle, images, beam)
    start = time.monotonic()
    actual = program_records(args, args.out / name, images, beam)
    seconds = time.monotonic() - start
    if len(actual) != len(images):
        raise SystemExit(f"{name}: {len(images)} images, {len(actual)} records")
    identical, largest = 0, 0.0
    for path, want, have in zip(images, expected, actual):
        difference = first_difference(want, have)
        if difference is None:
            identical += 1
            largest = max(largest, abs(want["score"] - have["score"]))
        else:
            print(f"  {path.name}: {difference} (smallest gap in the search: {want['margin']:.1e})")
    lengths = sorted(len(record["tokens"]) for record in expected)
    distinct = len({record["caption"] for record in expected})
    print(f"{name}, beam {beam}: ids identical for {identical} of {len(images)} images; "
          f"scores differ by at most {largest:.1e}; smallest gap {min(r['margin'] for r in expected):.1e}; "
          f"{distinct} distinct captions of {lengths[0]} to {lengths[-1]} tokens; program {seconds:.1f} s", flush=True)
    return identical == len(images)


def compare(args: argparse.Namespace) -> int:
    names = args.model or [name for name in MODELS if (args.out / name / "model.json").exists()]
    if not names:
        raise SystemExit(f"{args.out}: no model there; run 'make' first")
    good = True
    for name in names:
        bundle = Bundle(args.out / name)
        for beam in args.beam or [1, 5]:
            good = compare_model(args, name, bundle, beam) and good
    return 0 if good else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for run, text in ((make, "write the models"), (compare, "compare the program with the reference")):
        command = commands.add_parser(run.__name__, help=text)
        command.add_argument("out", type=Path)
        command.add_argument("--images", type=Path, required=True, help="folder of photographs")
        command.add_argument("--model", action="append", choices=MODELS, help="only this one; may be repeated")
        command.set_defaults(run=run)
    command.add_argument("--binary", type=Path, required=True, help="the caption program")
    command.add_argument("--beam", type=int, action="append", help="width; may be repeated (default: 1 and 5)")
    # argparse cannot keep what follows "--" for another program when options stand before it.
    words = sys.argv[1:]
    split = words.index("--") if "--" in words else len(words)
    args = parser.parse_args(words[:split])
    args.options = words[split + 1:]
    return args.run(args)


if __name__ == "__main__":
    sys.exit(main())
