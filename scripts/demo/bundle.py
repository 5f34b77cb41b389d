"""Writes the demo bundle from a checkpoint, and its example pictures."""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import torch

import data
import export_torchscript
from backgrounds import PHOTOGRAPHS
from evaluate import PICTURE_SIZES
from model import Sizes
from scenes import Scene, SceneMaker
from stream import MEAN, STD

WEIGHTS = ("clip.pt", "prefix.pt", "gpt2.pt")
DESCRIPTION = "A small model trained from scratch on composed clip-art scenes; names simple drawn things, not photographs"
ORIGIN = (
    "Trained from scratch by scripts/train_demo.py on scenes composed of openclipart, Tux Paint stamps, Noto Emoji, "
    "Twemoji, OpenMoji and EmojiOne pictures; see README.md beside this file"
)
LICENSE = "MIT for the weights, as for the program; the licences of the training pictures are in README.md beside this file"


def write(args: argparse.Namespace) -> None:
    """Exports the checkpoint into args.out: three archives, the tokenizer, model.json."""
    import sentencepiece

    state = torch.load(args.cache / f"{args.name}.pt", weights_only=False)
    sizes, head = Sizes(**state["sizes"]), "captioner."
    tensors = {name.removeprefix(head): value for name, value in state["model"].items() if name.startswith(head)}
    args.out.mkdir(parents=True, exist_ok=True)
    half = torch.float16
    export_torchscript.export_clip(tensors, args.out / "clip.pt", half, quick_gelu=True)
    export_torchscript.archive(export_torchscript.mapper_tensors(tensors), args.out / "prefix.pt", half)
    export_torchscript.archive(export_torchscript.gpt2_tensors(tensors), args.out / "gpt2.pt", half)
    shutil.copyfile(args.cache / "tokenizer.model", args.out / "tokenizer.model")
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(args.out / "tokenizer.model"))
    files = []
    for name in (*WEIGHTS, "tokenizer.model"):
        content = (args.out / name).read_bytes()
        files.append({"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()})
    model = {
        "format": 1,
        "name": "demo",
        "description": DESCRIPTION,
        "image": {"resolution": sizes.resolution, "mean": list(MEAN), "std": list(STD)},
        "encoder": {
            "file": "clip.pt", "kind": sizes.kind, "embedding": sizes.embedding, "activation": "quick_gelu",
        },
        "mapper": {"file": "prefix.pt", "kind": "mlp", "prefix_length": sizes.prefix, "normalize": False},
        "language_model": {
            "file": "gpt2.pt", "width": sizes.width, "layers": sizes.layers,
            "vocabulary": sizes.vocabulary, "context": sizes.context,
        },
        "tokenizer": {"kind": "sentencepiece", "files": {"model": "tokenizer.model"}},
        "stop": {"token": tokenizer.piece_to_id("."), "max_tokens": 67},
        "files": files,
        "origin": ORIGIN,
        "license": LICENSE,
    }  # fmt: skip
    (args.out / "model.json").write_text(json.dumps(model, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{state['step']} steps:", ", ".join(f"{f['name']} {f['bytes']}" for f in files))


def pictures(args: argparse.Namespace, seen: SceneMaker, unseen: SceneMaker) -> None:
    """Writes the example pictures into args.out/pictures, of public-domain clip art alone.

    They are the first scenes that fit, whatever the model says to them: no thing or background twice.
    """
    folder = args.out / "pictures"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    used: set[int] = set()
    places = {*PHOTOGRAPHS, "black", "white", "brown"}  # photographs are not in the public domain; the others are dull
    rows = []
    for maker, held_out_pairs, totals in ((seen, True, (1, 1, 1, 2, 2, 2, 3, 3)), (unseen, False, (1, 1))):
        free = np.asarray([sprite.source == "openclipart" for sprite in maker.sprites])
        free &= data.is_held_out(maker.sprites) != held_out_pairs
        maker = SceneMaker(maker.concepts, maker.sprites, free, maker.backgrounds)
        for total in totals:
            scene = _first(maker, args.seed, total, held_out_pairs, used, places)
            used |= {thing.concept for thing in scene.things}
            places.add(scene.place)
            name = "-".join(maker.concepts[thing.concept].noun.replace(" ", "-") for thing in scene.things) + ".jpg"
            scene.image.save(folder / name, quality=88)
            files = sorted({maker.sprites[i].file for i in scene.sprites})
            rows.append(f"| {name} | {'known drawings' if held_out_pairs else 'new drawings'} | "
                        f"{', '.join(f'`{file}`' for file in files)} |")  # fmt: skip
    (folder / "LICENSES.md").write_text(HEAD + "\n".join(sorted(rows)) + "\n", encoding="utf-8")


def _first(maker: SceneMaker, seed: int, total: int, held_out_pairs: bool, used: set[int], places: set[str]) -> Scene:
    """The first scene of `total` objects without any thing or place of those given."""
    shares = tuple(float(total == k) for k in (1, 2, 3, 4))
    for i in range(10000):
        rng = np.random.default_rng([seed, 1 << 22, total, i])
        scene = maker.make(rng, PICTURE_SIZES[int(rng.integers(len(PICTURE_SIZES)))], held_out_pairs, shares)
        if scene.place not in places and not used & {thing.concept for thing in scene.things}:
            return scene
    raise SystemExit(f"no scene of {total} objects is left")


HEAD = """# Where these pictures come from

Each was composed by `scripts/train_demo.py pictures` of cut-outs from the Open Clip Art Library (Debian package
openclipart-png 1:0.18+dfsg-19, whose files were dedicated to the public domain by their authors) before a background
that the script draws. The compositions are dedicated to the public domain too (CC0-1.0). Cut-outs may be tinted,
mirrored, turned and scaled.

They were not chosen by what the model says: they are the first scenes of a fixed random sequence in which no thing and
no background comes twice, and none is a photograph or plainly black, white or brown. "Known drawings": the model was
trained with these drawings, but never with this combination. "New drawings": the model never saw these files.

| picture | | clip art (path in /usr/share/openclipart/png) |
| --- | --- | --- |
"""
