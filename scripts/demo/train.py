"""Trains the demo model: first the encoder on what is in small scenes, then all of it on captions, last the mapper and
GPT-2 alone, which then see more scenes in the same time.

The first two stages teach the encoder with two heads that are thrown away afterwards: what the embedding says is in the picture
(a label for each thing, colour, place and number), and what the feature map says stands at a place. Losses are natural
logarithms.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from evaluate import Reader
from model import Captioner, Sizes
from scenes import SceneMaker
from stream import Stage, batches, label_count, normalise

WEIGHTS = {"labels": 0.2, "places": 0.4, "caption": 1.0, "contrast": 1.0}  # of the losses
WARM_UP = 200  # steps


def stages(args: argparse.Namespace) -> list[Stage]:
    """What is learned, in order."""
    return [
        Stage("things", 64, args.thing_steps, 128, 2e-3, captions=False, shares=(0.7, 0.3, 0.0, 0.0)),
        Stage("scenes", Sizes().resolution, args.scene_steps, 96, 1.2e-3, captions=True),
        Stage("words", Sizes().resolution, args.word_steps, 192, 7e-4, captions=True, encoder=False),
    ]


class Teacher(nn.Module):
    """The captioner with the heads that only training has."""

    def __init__(self, sizes: Sizes, concepts: int, contrastive: bool = False):
        super().__init__()
        self.captioner = Captioner(sizes)
        self.captioner.visual.to(memory_format=torch.channels_last)
        self.labels = nn.Linear(sizes.embedding, label_count(concepts))
        self.concepts = nn.Linear(sizes.vit_width if sizes.kind == "vit" else 32 * sizes.resnet_width, concepts)
        self.text = nn.Linear(sizes.width, sizes.embedding, bias=False) if contrastive else None
        self.scale = nn.Parameter(torch.tensor(math.log(1 / 0.07))) if contrastive else None

    def contrast(self, embedding: Tensor, tokens: Tensor, targets: Tensor) -> Tensor:
        """CLIP's loss between pictures [B, D] and their captions [B, T]; GPT-2 reads, its last token speaks."""
        words = self.captioner.gpt.hidden(self.captioner.gpt.transformer.wte(tokens))  # [B, T, E]
        ends = (targets >= 0).sum(1) - 1
        captions = F.normalize(self.text(words[torch.arange(len(words)), ends]).float(), dim=-1)
        likeness = self.scale.exp() * F.normalize(embedding.float(), dim=-1) @ captions.T  # [B, B]
        own = torch.arange(len(words))
        return (F.cross_entropy(likeness, own) + F.cross_entropy(likeness.T, own)) / 2

    def losses(self, batch: tuple[Tensor, ...], stage: Stage) -> dict[str, Tensor]:
        """The batch as stream.py collates it -> {"labels", "places", "named", "caption" or "contrast"}, scalars."""
        pixels, labels, named, centres, tokens, targets = batch
        if not stage.encoder:
            return {"caption": self.caption_loss(self.look(pixels), tokens, targets)}
        contrast = None
        with torch.autocast("cpu", torch.bfloat16):
            embedding, features = self.captioner.visual.see(normalise(pixels))  # [B, D], [B, C, g, g]
            if self.text is not None:  # the heads then only look on, to be comparable
                contrast = self.contrast(embedding, tokens, targets)
                embedding, features = embedding.detach(), features.detach()
            guesses = self.labels(embedding).float()
            spots = F.grid_sample(features.float(), (2 * centres - 1)[:, :, None], align_corners=False)  # [B, C, 4, 1]
            things = self.concepts(spots[..., 0].transpose(1, 2)[named >= 0]).float()  # [N, concepts]
        right = named[named >= 0]
        found = {
            "labels": F.binary_cross_entropy_with_logits(guesses, labels, reduction="sum") / len(labels),
            "places": F.cross_entropy(things, right, label_smoothing=0.05),
            "named": (things.argmax(-1) == right).float().mean().detach(),
        }
        if contrast is not None:
            found["contrast"] = contrast
        if stage.captions:
            found["caption"] = self.caption_loss(embedding, tokens, targets)
        return found

    @torch.no_grad()
    def look(self, pixels: Tensor) -> Tensor:
        """The embedding [B, D] as it will be in use: nothing is learnt, the normalisation uses its running means."""
        self.captioner.visual.eval()
        with torch.autocast("cpu", torch.bfloat16):
            return self.captioner.visual(normalise(pixels))

    def caption_loss(self, embedding: Tensor, tokens: Tensor, targets: Tensor) -> Tensor:
        """Cross entropy per token."""
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.captioner(embedding.float(), tokens)
        return F.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), ignore_index=-100)


def rate(step: int, stage: Stage) -> float:
    """The learning rate: a warm-up, then half a cosine down to nothing."""
    late = max(0, step - WARM_UP) / max(1, stage.steps - WARM_UP)
    return stage.rate * min(1, (step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * late))


def grown(state: dict[str, Tensor], teacher: Teacher) -> dict[str, Tensor]:
    """The tensors of a smaller resolution's stage, with the encoder's positions stretched to the teacher's grid."""
    wanted = teacher.state_dict()
    state = {name: value for name, value in state.items() if name in wanted}
    for name in ("captioner.visual.attnpool.positional_embedding", "captioner.visual.positional_embedding"):
        if name in state and len(state[name]) != len(wanted[name]):
            old, new = (math.isqrt(len(tensors[name]) - 1) for tensors in (state, wanted))
            plane = state[name][1:].T.reshape(1, -1, old, old)
            plane = F.interpolate(plane, size=(new, new), mode="bilinear", align_corners=False)
            state[name] = torch.cat([state[name][:1], plane.reshape(-1, new * new).T])
    return state


def save(path: Path, **state) -> None:
    torch.save(state, path.with_suffix(".partial"))
    os.replace(path.with_suffix(".partial"), path)


def optimiser_of(teacher: Teacher) -> torch.optim.AdamW:
    """"share" is the group's part of the learning rate: where the attention pool looks must move slowly (see look_around)."""
    slow = {id(p) for name, p in teacher.named_parameters() if "attnpool.q_proj" in name or "attnpool.k_proj" in name}
    quick = [p for p in teacher.parameters() if id(p) not in slow]
    groups = [
        {"params": [p for p in quick if p.ndim > 1], "weight_decay": 0.05, "share": 1.0},
        {"params": [p for p in quick if p.ndim <= 1], "weight_decay": 0.0, "share": 1.0},
        {"params": [p for p in teacher.parameters() if id(p) in slow], "weight_decay": 0.0, "share": 0.1},
    ]
    return torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), fused=True)


def named_share(captioner: Captioner, processor, maker: SceneMaker, held_out_pairs: bool, count: int) -> float:
    """The share of the things in `count` fixed scenes that greedy captions name."""
    reader, side = Reader(maker.concepts), captioner.sizes.resolution
    captioner.eval()
    hits: list[bool] = []
    for start in range(0, count, 64):
        rngs = [np.random.default_rng([91, i]) for i in range(start, min(start + 64, count))]
        scenes = [maker.make(rng, (256, 256), held_out_pairs) for rng in rngs]
        small = [np.asarray(scene.image.resize((side, side), Image.Resampling.BICUBIC)) for scene in scenes]
        with torch.no_grad():
            embedding = captioner.visual(normalise(torch.from_numpy(np.stack(small))))
        for scene, row in zip(scenes, captioner.greedy(embedding, processor.piece_to_id("."))):
            found = reader.concepts(processor.decode(row))
            hits += [thing.concept in found for thing in scene.things]
    captioner.train()
    return round(float(np.mean(hits)), 4)


def train(args: argparse.Namespace, maker: SceneMaker, unseen: SceneMaker) -> None:
    """Runs the stages, going on from the checkpoint if there is one; writes NAME.jsonl beside it.

    `unseen` draws from the picture files that are kept out of training, for the curve alone.
    """
    import sentencepiece

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    tokenizer = args.cache / "tokenizer.model"
    processor = sentencepiece.SentencePieceProcessor(model_file=str(tokenizer))
    path = args.cache / f"{args.name}.pt"
    state = torch.load(path, weights_only=False) if path.exists() else {"stage": 0, "step": 0}
    for number, stage in enumerate(stages(args)):
        if number < state["stage"] or stage.steps == 0:
            continue
        sizes = Sizes(kind=args.kind, resolution=stage.resolution, vocabulary=processor.vocab_size())
        teacher = Teacher(sizes, len(maker.concepts), args.contrastive and not stage.captions)
        optimiser = optimiser_of(teacher)
        if "model" in state:
            teacher.load_state_dict(grown(state["model"], teacher))
        if number == state["stage"] and "optimiser" in state:
            optimiser.load_state_dict(state["optimiser"])
        first = state["step"] if number == state["stage"] else 0
        if first == 0 and args.kind == "resnet" and stage.encoder:
            teacher.captioner.visual.attnpool.look_around()
        sums: dict[str, float] = {}
        began = time.time()
        for step, batch in enumerate(batches(maker, tokenizer, stage, first, args.seed, args.workers), first):
            for group in optimiser.param_groups:
                group["lr"] = group["share"] * rate(step, stage)
            losses = teacher.losses(batch, stage)
            sum(WEIGHTS.get(name, 0.0) * loss for name, loss in losses.items()).backward()
            nn.utils.clip_grad_norm_(teacher.parameters(), 2.0)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            sums = {name: sums.get(name, 0.0) + value.item() for name, value in losses.items()}
            done = step + 1
            if done % 100 == 0 or done == stage.steps:
                row = {"stage": stage.name, "step": done, "images": done * stage.batch, "seconds": round(time.time() - began)}
                count = (done - 1) % 100 + 1
                row |= {name: round(value / count, 4) for name, value in sums.items()}
                sums = {}
                if stage.captions and (done % 500 == 0 or done == stage.steps):
                    for name, source, held in (("combinations", maker, True), ("files", unseen, False)):
                        row[name] = named_share(teacher.captioner, processor, source, held, 256)
                with open(args.cache / f"{args.name}.jsonl", "a", encoding="utf-8") as file:
                    print(json.dumps(row), file=file)
                print(json.dumps(row), flush=True)
            if done % 500 == 0 or done == stage.steps:
                save(path, model=teacher.state_dict(), optimiser=optimiser.state_dict(), stage=number, step=done,
                     sizes=sizes.as_dict())  # fmt: skip
        state = {"stage": number + 1, "step": 0, "model": teacher.state_dict()}
