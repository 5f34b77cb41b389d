"""Training batches, drawn as they are needed: no scene is ever shown twice, and each follows from its number."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from backgrounds import COLOURS, PLACES
from scenes import SHARES, Scene, SceneMaker, degrade

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
MOST_OBJECTS = 4


@dataclass
class Stage:
    """One stage of the training."""

    name: str
    resolution: int  # R
    steps: int
    batch: int  # B
    rate: float  # the learning rate at its peak
    captions: bool  # whether the mapper and GPT-2 learn too
    encoder: bool = True  # whether the encoder learns
    shares: tuple[float, ...] = SHARES


def label_count(concepts: int) -> int:
    """L: one label for every concept, colour and place, and for every number of objects."""
    return concepts + len(COLOURS) + len(PLACES) + MOST_OBJECTS


def labels_of(scene: Scene, concepts: int) -> list[int]:
    """What a scene holds, as indices into the labels."""
    colours, places = list(COLOURS), list(PLACES)
    marks = {thing.concept for thing in scene.things}
    marks |= {concepts + colours.index(thing.colour) for thing in scene.things if thing.colour}
    marks.add(concepts + len(colours) + places.index(scene.place))
    marks.add(concepts + len(colours) + len(places) + len(scene.layout) - 1)
    return sorted(marks)


def normalise(pixels: torch.Tensor) -> torch.Tensor:
    """[B, R, R, 3] uint8 -> [B, 3, R, R] as CLIP wants it, channels last in memory."""
    x = pixels.permute(0, 3, 1, 2).float() / 255
    x = (x - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
    return x.contiguous(memory_format=torch.channels_last)


class SceneStream(IterableDataset):
    """The batches of one stage from a given step on."""

    def __init__(self, maker: SceneMaker, tokenizer: Path, stage: Stage, first_step: int, seed: int):
        self.maker, self.tokenizer, self.stage, self.first_step, self.seed = maker, tokenizer, stage, first_step, seed

    def __iter__(self):
        import sentencepiece

        torch.set_num_threads(1)
        self.maker.recolours = True  # this process's own copy
        worker = get_worker_info()
        number = zlib.crc32(self.stage.name.encode())
        tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(self.tokenizer))
        for step in range(self.first_step + worker.id, self.stage.steps, worker.num_workers):
            rngs = [np.random.default_rng([self.seed, number, step, i]) for i in range(self.stage.batch)]
            yield self.collate([self.draw(rng) for rng in rngs], rngs, tokenizer)

    def draw(self, rng: np.random.Generator) -> Scene:
        """A scene at the stage's resolution, three in ten scaled down from twice that."""
        side = self.stage.resolution
        canvas = 2 * side if rng.random() < 0.3 else side
        scene = self.maker.make(rng, (canvas, canvas), shares=self.stage.shares)
        scene.image = degrade(scene.image, rng).resize((side, side), Image.Resampling.BICUBIC)
        return scene

    def collate(self, scenes: list[Scene], rngs: list[np.random.Generator], tokenizer) -> tuple[torch.Tensor, ...]:
        """Pixels [B, R, R, 3] uint8, labels [B, L], concepts [B, 4] (-1: no more), centres [B, 4, 2], tokens [B, T],
        targets [B, T] (-100 past the end)."""
        concepts = len(self.maker.concepts)
        texts = [tokenizer.encode(self.maker.caption(scene, rng)) for scene, rng in zip(scenes, rngs)]
        length = max(map(len, texts))
        labels = np.zeros((len(scenes), label_count(concepts)), np.float32)
        named = np.full((len(scenes), MOST_OBJECTS), -1, np.int64)
        centres = np.zeros((len(scenes), MOST_OBJECTS, 2), np.float32)
        tokens = np.zeros((len(scenes), length), np.int64)
        targets = np.full((len(scenes), length), -100, np.int64)
        for row, (scene, ids) in enumerate(zip(scenes, texts)):
            labels[row, labels_of(scene, concepts)] = 1
            for i, (thing, (x, y, _)) in enumerate(zip(scene.objects(), scene.layout)):
                named[row, i], centres[row, i] = thing.concept, (x, y)
            tokens[row, : len(ids)] = targets[row, : len(ids)] = ids
        pixels = np.stack([np.asarray(scene.image) for scene in scenes])
        return tuple(map(torch.from_numpy, (pixels, labels, named, centres, tokens, targets)))


def batches(maker: SceneMaker, tokenizer: Path, stage: Stage, first_step: int, seed: int, workers: int) -> DataLoader:
    """The stage's batches from first_step on, in order, drawn by `workers` processes."""
    stream = SceneStream(maker, tokenizer, stage, first_step, seed)
    return DataLoader(stream, batch_size=None, num_workers=workers, prefetch_factor=4)
