#!/usr/bin/env python3
"""Makes the demo model: renders captioned scenes, trains on them, writes and checks the bundle.

    train_demo.py prepare  --cache DIR --openclipart DIR --stamps DIR --noto FILE --twemoji DIR --openmoji DIR
    train_demo.py train    --cache DIR
    train_demo.py bundle   --cache DIR --out models/demo
    train_demo.py pictures --cache DIR --out models/demo
    train_demo.py evaluate --cache DIR --out models/demo

Everything follows from --seed. demo_data.py says what the sources are and where they come from.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import pickle
import time
from multiprocessing import Process
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

import demo_data
from demo_model import Captioner, Sizes
from demo_scenes import COLOURS, PLACES, SceneMaker, degrade

CHUNK = 4000  # scenes in a file
BORDER = 3  # pixels around the square of stored scenes, for shifted crops
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
VOCABULARY = 1000


def load_sprites(cache: Path) -> tuple[list[demo_data.Concept], list[demo_data.Sprite]]:
    """The concepts and cut-outs that `prepare` collected."""
    with open(cache / "sprites.pkl", "rb") as file:
        return pickle.load(file)


def labels_of(things: list, place: str, concepts: int) -> list[int]:
    """What a scene holds, as indices into [concepts + colours + places + totals]; for the auxiliary loss."""
    colours, places = list(COLOURS), list(PLACES)
    marks = {thing.concept for thing in things}
    marks |= {concepts + colours.index(thing.colour) for thing in things if thing.colour}
    marks.add(concepts + len(colours) + places.index(place))
    marks.add(concepts + len(colours) + len(places) + sum(thing.count for thing in things) - 1)
    return sorted(marks)


def label_count(concepts: int) -> int:
    return concepts + len(COLOURS) + len(PLACES) + 3


def render_chunk(maker: SceneMaker, number: int, seed: int, resolution: int, cache: Path) -> None:
    """Writes chunk `number`: scenes [CHUNK, R + 2 border, R + 2 border, 3] uint8, their captions and labels."""
    side = resolution + 2 * BORDER
    canvas = round(3.2 * side)  # rendered larger, then scaled down as a photograph would be
    pixels = np.empty((CHUNK, side, side, 3), np.uint8)
    texts, labels = [], []
    for i in range(CHUNK):
        rng = np.random.default_rng([seed, number, i])
        things, place = maker.plan(rng, held_out_pairs=False)
        scene = maker.render(things, place, rng, (canvas, canvas), margin=2 * BORDER / side)
        pixels[i] = np.asarray(degrade(scene.image, rng).resize((side, side), Image.Resampling.BICUBIC))
        texts.append(scene.caption)
        labels.append(labels_of(things, place, len(maker.concepts)))
    (cache / f"chunk{number:03d}.json").write_text(json.dumps({"captions": texts, "labels": labels}))
    partial = cache / f"partial{number:03d}.npy"
    np.save(partial, pixels)
    partial.rename(cache / f"chunk{number:03d}.npy")  # complete under its own name only


def train_tokenizer(maker: SceneMaker, seed: int, cache: Path) -> None:
    """Sentencepiece on captions of scenes; '.' is always a token of its own, and any text can be encoded."""
    import sentencepiece

    rng = np.random.default_rng([seed, 1 << 20])
    lines = [maker.caption(*maker.plan(rng, False), rng) for _ in range(40000)]
    (cache / "captions.txt").write_text("\n".join(lines), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(cache / "captions.txt"), model_prefix=str(cache / "tokenizer"), vocab_size=VOCABULARY,
        model_type="bpe", byte_fallback=True, user_defined_symbols=["."], hard_vocab_limit=False,
        unk_id=0, bos_id=-1, eos_id=-1, pad_id=-1, character_coverage=1.0, minloglevel=2,
        num_threads=1, normalization_rule_name="identity",
    )  # fmt: skip


def prepare(args: argparse.Namespace) -> None:
    """Collects the cut-outs, trains the tokenizer and renders the training scenes, in --jobs processes."""
    args.cache.mkdir(parents=True, exist_ok=True)
    if not (args.cache / "sprites.pkl").exists():
        found = demo_data.collect_sprites({name: getattr(args, name) for name in demo_data.SOURCES})
        with open(args.cache / "sprites.pkl", "wb") as file:
            pickle.dump(found, file)
    concepts, sprites = load_sprites(args.cache)
    maker = SceneMaker(concepts, sprites, ~demo_data.is_held_out(sprites))
    if not (args.cache / "tokenizer.model").exists():
        train_tokenizer(maker, args.seed, args.cache)

    def work(job: int) -> None:
        for number in range(job, args.chunks, args.jobs):
            if not (args.cache / f"chunk{number:03d}.npy").exists():
                render_chunk(maker, number, args.seed, Sizes().resolution, args.cache)

    jobs = [Process(target=work, args=(job,)) for job in range(args.jobs)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()


class Scenes:
    """The rendered training scenes, in memory, batch by batch in an order that follows from the seed."""

    def __init__(self, cache: Path, chunks: int, resolution: int, concepts: int):
        import sentencepiece

        tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(cache / "tokenizer.model"))
        self.resolution = resolution
        self.labels = label_count(concepts)
        self.epoch, self.order = -1, np.empty(0, np.int64)
        self.pixels, self.tokens, self.marks = [], [], []
        for number in range(chunks):
            self.pixels.append(np.load(cache / f"chunk{number:03d}.npy", mmap_mode="r"))
            text = json.loads((cache / f"chunk{number:03d}.json").read_text())
            self.tokens += [tokenizer.encode(caption) for caption in text["captions"]]
            self.marks += text["labels"]

    def step(self, step: int, size: int, seed: int) -> tuple[torch.Tensor, ...]:
        """The batch of a training step: every scene once an epoch, in an order of its own."""
        epoch, at = divmod(step, len(self.tokens) // size)
        if epoch != self.epoch:
            self.epoch = epoch
            self.order = np.random.default_rng([seed, 7, epoch]).permutation(len(self.tokens))
        rng = np.random.default_rng([seed, 8, step])
        return self.batch(self.order[at * size : (at + 1) * size], rng)

    def batch(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
        """Pixels [B, 3, R, R] normalised, tokens [B, T], targets [B, T] (-100 past the end), labels [B, L]."""
        r = self.resolution
        pixels = np.empty((len(indices), r, r, 3), np.uint8)
        length = max(len(self.tokens[i]) for i in indices)
        tokens = np.zeros((len(indices), length), np.int64)
        targets = np.full((len(indices), length), -100, np.int64)
        labels = np.zeros((len(indices), self.labels), np.float32)
        for row, i in enumerate(indices):
            y, x = rng.integers(0, 2 * BORDER + 1, 2)
            pixels[row] = self.pixels[i // CHUNK][i % CHUNK, y : y + r, x : x + r]
            ids = self.tokens[i]
            tokens[row, : len(ids)] = targets[row, : len(ids)] = ids
            labels[row, self.marks[i]] = 1
        images = normalise(torch.from_numpy(pixels))
        gain = torch.from_numpy(rng.uniform(0.9, 1.1, (len(indices), 3, 1, 1)).astype(np.float32))
        noise = torch.from_numpy(rng.uniform(0, 0.12, (len(indices), 1, 1, 1)).astype(np.float32))
        images = images * gain + noise * torch.randn_like(images)
        return images, torch.from_numpy(tokens), torch.from_numpy(targets), torch.from_numpy(labels)


def normalise(pixels: torch.Tensor) -> torch.Tensor:
    """[B, R, R, 3] uint8 -> [B, 3, R, R] as CLIP wants it."""
    x = pixels.permute(0, 3, 1, 2).float() / 255
    return (x - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]


def rate(step: int, args: argparse.Namespace) -> float:
    """The learning rate: a warm-up, the peak for the early steps, then half a cosine down to nothing."""
    warm_up = 100
    late = max(0, step - max(args.early_steps, warm_up)) / max(1, args.steps - max(args.early_steps, warm_up))
    return args.rate * min(1, (step + 1) / warm_up) * 0.5 * (1 + math.cos(math.pi * late))


def save(path: Path, **state) -> None:
    torch.save(state, path.with_suffix(".partial"))
    os.replace(path.with_suffix(".partial"), path)


def train(args: argparse.Namespace) -> None:
    """Trains encoder, mapper and GPT-2 together on the caption loss, with a label loss that helps the encoder."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    concepts, _ = load_sprites(args.cache)
    sizes = Sizes(kind=args.kind)
    import sentencepiece

    sizes.vocabulary = sentencepiece.SentencePieceProcessor(model_file=str(args.cache / "tokenizer.model")).vocab_size()
    scenes = Scenes(args.cache, args.chunks, sizes.resolution, len(concepts))
    model = Captioner(sizes)
    model.visual.to(memory_format=torch.channels_last)
    head = torch.nn.Linear(sizes.embedding, scenes.labels)
    parameters = [*model.parameters(), *head.parameters()]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": 0.05},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=args.rate, betas=(0.9, 0.98), fused=True)
    path, step = args.cache / f"{args.name}.pt", 0
    if path.exists():
        state = torch.load(path, weights_only=False)
        step = state["step"]
        model.load_state_dict(state["model"])
        head.load_state_dict(state["head"])
        optimiser.load_state_dict(state["optimiser"])
    began, sums = time.time(), [0.0, 0.0, 0]
    while step < args.steps:
        images, tokens, targets, labels = scenes.step(step, args.batch, args.seed)
        early = step < args.early_steps  # the encoder alone: cheaper, and most of what there is to learn
        for group in optimiser.param_groups:
            group["lr"] = rate(step, args)
        embedding = model.visual(images.contiguous(memory_format=torch.channels_last))
        guess = F.binary_cross_entropy_with_logits(head(embedding), labels, reduction="sum") / len(labels)
        loss = guess.new_zeros(())
        if not early:
            loss = F.cross_entropy(model(embedding, tokens).flatten(0, 1), targets.flatten(), ignore_index=-100)
        (loss + args.label_weight * guess).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        step += 1
        sums = [sums[0] + loss.item(), sums[1] + guess.item(), sums[2] + 1]
        if step % 100 == 0:
            print(f"step {step} caption {sums[0] / sums[2]:.4f} labels {sums[1] / sums[2]:.3f} "
                  f"{time.time() - began:.0f} s", flush=True)  # fmt: skip
            sums = [0.0, 0.0, 0]
        if step % 200 == 0 or step == args.steps:
            save(path, model=model.state_dict(), head=head.state_dict(), optimiser=optimiser.state_dict(),
                 step=step, sizes=sizes.as_dict())  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("prepare", "train", "bundle", "pictures", "evaluate"):
        command = commands.add_parser(name)
        command.add_argument("--cache", type=Path, required=True, help="folder of everything intermediate")
        command.add_argument("--seed", type=int, default=1)
        command.add_argument("--chunks", type=int, default=24, help=f"files of {CHUNK} training scenes")
        command.add_argument("--name", default="demo", help="name of the checkpoint in the cache")
        command.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "models" / "demo")
        command.add_argument("--threads", type=int, default=1)
        if name == "prepare":
            command.add_argument("--jobs", type=int, default=2)
            for source in demo_data.SOURCES:
                command.add_argument(f"--{source}", type=Path, help="see demo_data.py")
        if name == "train":
            command.add_argument("--kind", choices=("resnet", "vit"), default="resnet")
            command.add_argument("--steps", type=int, default=6000)
            command.add_argument("--early-steps", type=int, default=3000, help="of these, steps without captions")
            command.add_argument("--batch", type=int, default=128)
            command.add_argument("--rate", type=float, default=1.5e-3)
            command.add_argument("--label-weight", type=float, default=0.1)
    args = parser.parse_args()
    if args.command in ("prepare", "train"):
        {"prepare": prepare, "train": train}[args.command](args)
    else:
        import demo_bundle

        {"bundle": demo_bundle.write, "pictures": demo_bundle.pictures, "evaluate": demo_bundle.evaluate}[args.command](args)


if __name__ == "__main__":
    main()
