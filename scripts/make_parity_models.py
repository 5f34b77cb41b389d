#!/usr/bin/env python3
"""Writes tests/data/parity: two tiny models in the published formats, pictures, and the reference's goldens.

    vit-mlp              ViT + MLP mapper; TorchScript archive with int attributes, zip checkpoint with old causal masks
    resnet-transformer   ModifiedResNet + transformer mapper, normalised embedding; archive whose sizes are tensors,
                         checkpoint in the format before torch 1.6

The weights are random. Seeds are tried in turn until no decision of any search rests on a gap below MARGIN and captions
differ between images and in length, so that the token ids cannot depend on rounding.

    python scripts/make_parity_models.py --gpt2 FOLDER_WITH_encoder.json_AND_vocab.bpe
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image, ImageDraw
from safetensors.torch import save_file

from reference import formats, goldens, occlusion, random_weights as rw
from reference.bundle import Bundle
from reference.pixels import load_pixels

MARGIN = 5e-5  # fp32 rounding moves a logit of these models by some 1e-6
MAX_TOKENS = 24
VOCABULARY = 400
CONTEXT = 96
ROOT = Path(__file__).resolve().parent.parent / "tests" / "data" / "parity"


@dataclass
class Model:
    info: formats.BundleInfo
    image: rw.VitSizes | rw.ResNetSizes
    gpt2: rw.Gpt2Sizes
    mapper: rw.MapperSizes
    seed: int  # where to start trying; this one is good
    old_formats: bool  # legacy checkpoint, sizes as tensors; otherwise zip, ints and causal masks


MODELS = [
    Model(
        formats.BundleInfo("vit-mlp", "Random weights for tests: ViT and MLP mapper", False, MAX_TOKENS),
        rw.VitSizes(resolution=48, patch=8, width=128, layers=2, embedding=32),
        rw.Gpt2Sizes(width=64, layers=2, vocabulary=VOCABULARY, context=CONTEXT, stop_logit=10.0, length=5),
        rw.MapperSizes(prefix_length=10),
        seed=80,
        old_formats=False,
    ),
    Model(
        formats.BundleInfo("resnet-transformer", "Random weights for tests: ResNet and transformer mapper", True,
                           MAX_TOKENS),
        rw.ResNetSizes(resolution=64, width=4, blocks=(2, 1, 1, 1), embedding=48),
        rw.Gpt2Sizes(width=128, layers=1, vocabulary=VOCABULARY, context=CONTEXT, stop_logit=9.0, length=5),
        rw.MapperSizes(prefix_length=4, clip_length=4, layers=2),
        seed=10,
        old_formats=True,
    ),
]


def draw_pictures(folder: Path) -> list[Path]:
    """Pictures of every aspect: wide, tall, of a model's exact size, smaller than a model wants."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, (width, height) in {"wide": (201, 117), "tall": (90, 187), "square": (64, 64), "small": (45, 31)}.items():
        seed = sum(name.encode())
        image = Image.new("RGB", (width, height))
        image.putdata([((x * 3 + seed) % 256, (y * 5 + x) % 256, (x * y // 7 + seed) % 256)
                       for y in range(height) for x in range(width)])
        draw = ImageDraw.Draw(image)
        draw.ellipse((width // 5, height // 4, width // 2, height // 2), fill=(seed % 256, 40, 200))
        draw.rectangle((width // 2, height // 2, width * 4 // 5, height * 7 // 8), fill=(230, seed * 7 % 256, 20))
        draw.line((0, height - 1, width - 1, 0), fill=(255, 255, 255), width=2)
        paths.append(folder / f"{name}.png")
        image.save(paths[-1], optimize=True)
    return paths


@torch.no_grad()
def write_model(model: Model, seed: int, args: argparse.Namespace, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = rw.TextSizes(width=32, layers=1, vocabulary=16, context=8)
    clip = rw.make_clip(seed, model.image, text)
    if isinstance(model.image, rw.ResNetSizes):
        pixels = [load_pixels(path, model.image.resolution, formats.CLIP_MEAN, formats.CLIP_STD) for path in args.images]
        rw.centre_embeddings(clip, torch.stack(pixels))
    captioner = rw.make_captioner(seed, model.gpt2, model.mapper, model.image.embedding, not model.old_formats)
    attributes = {"input_resolution": model.image.resolution, "context_length": text.context,
                  "vocab_size": text.vocabulary}
    formats.write_clip_archive(clip, folder / "clip.pt", attributes, as_tensors=model.old_formats)
    formats.write_captioner(captioner, folder / "captioner.pt", legacy=model.old_formats)
    formats.write_tokenizer(args.gpt2, folder, VOCABULARY)
    formats.write_manifest(folder, model.info, clip, captioner)


def lively(tensors: dict[str, torch.Tensor], images: list[Path]) -> bool:
    """Best captions differ between images and are no single words; hypotheses end at several lengths."""
    tokens = {name: tuple(t.tolist()) for name, t in tensors.items() if name.endswith("/tokens")}
    best = [[tokens[f"{path.stem}/beam{beam}/0/tokens"] for path in images] for beam in goldens.BEAMS]
    stopped = {len(ids) for ids in tokens.values() if ids[-1] == 13}
    return (all(len(set(captions)) == len(images) for captions in best)
            and all(len(set(ids)) >= 3 for captions in best for ids in captions)
            and len(stopped) >= 5)


def make_model(model: Model, args: argparse.Namespace) -> None:
    folder = ROOT / model.info.name
    for seed in range(model.seed, model.seed + args.tries):
        with tempfile.TemporaryDirectory() as scratch:
            write_model(model, seed, args, Path(scratch))
            tensors, metadata = goldens.make_goldens(Bundle(Path(scratch)), args.images)
        good = lively(tensors, args.images)
        print(f"{model.info.name}: seed {seed}: smallest gap {metadata['margin']}, {'lively' if good else 'dull'}")
        if good and float(metadata["margin"]) >= MARGIN:
            write_model(model, seed, args, folder)
            save_file(tensors, folder / "goldens.safetensors", metadata)
            (folder / "goldens.safetensors").chmod(0o644)
            occlusion.write_goldens(Bundle(folder), args.images, folder / "occlusion.safetensors")
            return
    raise SystemExit(f"{model.info.name}: none of {args.tries} seeds has a margin of {MARGIN}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gpt2", type=Path, required=True, help="folder with GPT-2's encoder.json and vocab.bpe")
    parser.add_argument("--tries", type=int, default=500, help="seeds to try per model (default: 500)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.images = draw_pictures(ROOT / "images")
    for model in MODELS:
        make_model(model, args)


if __name__ == "__main__":
    main()
