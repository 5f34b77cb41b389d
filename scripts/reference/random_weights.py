"""Random weights with the published names, scaled so that captions depend on the image and vary in length.

A transformer with the usual small initial values gives nearly the same caption for every image and repeats its last
token for ever. So the blocks here write more into the residual stream than the embeddings do, and the last layer norm's
bias points along the stop token's embedding, which sets how often a caption ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from . import clip
from .bundle import part


class Maker:
    """Draws named tensors from one stream."""

    def __init__(self, seed: int):
        self.generator = torch.Generator().manual_seed(seed)
        self.tensors: dict[str, Tensor] = {}

    def normal(self, *shape: int, std: float, mean: float = 0.0) -> Tensor:
        return torch.empty(shape).normal_(mean, std, generator=self.generator)

    def matrix(self, name: str, out: int, into: int, gain: float = 1.0) -> None:
        self.tensors[name] = self.normal(out, into, std=gain * into**-0.5)

    def linear(self, name: str, out: int, into: int, gain: float = 1.0) -> None:
        self.matrix(name + ".weight", out, into, gain)
        self.tensors[name + ".bias"] = self.normal(out, std=0.1)

    def conv1d(self, name: str, into: int, out: int, gain: float = 1.0) -> None:
        self.tensors[name + ".weight"] = self.normal(into, out, std=gain * into**-0.5)
        self.tensors[name + ".bias"] = self.normal(out, std=0.1)

    def norm(self, name: str, width: int) -> None:
        self.tensors[name + ".weight"] = self.normal(width, std=0.1, mean=1.0)
        self.tensors[name + ".bias"] = self.normal(width, std=0.1)

    def conv(self, name: str, out: int, into: int, side: int) -> None:
        self.tensors[name + ".weight"] = self.normal(out, into, side, side, std=(2 / (into * side * side)) ** 0.5)

    def batch_norm(self, name: str, width: int) -> None:
        self.norm(name, width)
        self.tensors[name + ".running_mean"] = self.normal(width, std=0.1)
        self.tensors[name + ".running_var"] = self.normal(width, std=0.2).exp()
        self.tensors[name + ".num_batches_tracked"] = torch.tensor(1000)

    def clip_block(self, name: str, width: int) -> None:
        self.matrix(name + "attn.in_proj_weight", 3 * width, width, 1.5)
        self.tensors[name + "attn.in_proj_bias"] = self.normal(3 * width, std=0.1)
        self.linear(name + "attn.out_proj", width, width, 1.5)
        self.norm(name + "ln_1", width)
        self.linear(name + "mlp.c_fc", 4 * width, width)
        self.linear(name + "mlp.c_proj", width, 4 * width)
        self.norm(name + "ln_2", width)


@dataclass
class VitSizes:
    resolution: int
    patch: int
    width: int
    layers: int
    embedding: int


@dataclass
class ResNetSizes:
    resolution: int
    width: int
    blocks: tuple[int, int, int, int]
    embedding: int


@dataclass
class TextSizes:
    """CLIP's text side, which captioning has no use for but the published archives hold."""

    width: int
    layers: int
    vocabulary: int
    context: int


@dataclass
class Gpt2Sizes:
    width: int
    layers: int
    vocabulary: int
    context: int = 1024
    stop: int = 13
    logit_deviation: float = 4.0  # of the logits; the larger, the fewer near-ties
    stop_logit: float = 14.0  # about what the stop token's logit is after `length` tokens; the others are about 0
    length: int = 10  # of a caption, roughly: the stop token's logit rises with the position


@dataclass
class MapperSizes:
    """`clip_length` 0 is the MLP."""

    prefix_length: int
    clip_length: int = 0
    layers: int = 8
    hidden_layers: int = 1  # of the MLP


def add_vit(make: Maker, sizes: VitSizes) -> None:
    width, positions = sizes.width, (sizes.resolution // sizes.patch) ** 2 + 1
    make.tensors["visual.class_embedding"] = make.normal(width, std=0.3)
    make.tensors["visual.positional_embedding"] = make.normal(positions, width, std=0.3)
    make.matrix("visual.proj", width, sizes.embedding)
    make.conv("visual.conv1", width, 3, sizes.patch)
    make.norm("visual.ln_pre", width)
    for i in range(sizes.layers):
        make.clip_block(f"visual.transformer.resblocks.{i}.", width)
    make.norm("visual.ln_post", width)


def add_resnet(make: Maker, sizes: ResNetSizes) -> None:
    width = sizes.width
    for i, (out, into) in enumerate([(width // 2, 3), (width // 2, width // 2), (width, width // 2)], start=1):
        make.conv(f"visual.conv{i}", out, into, 3)
        make.batch_norm(f"visual.bn{i}", out)
    into = width
    for stage, count in enumerate(sizes.blocks):
        planes = width << stage
        for block in range(count):
            name = f"visual.layer{stage + 1}.{block}."
            for i, (out, from_, side) in enumerate([(planes, into, 1), (planes, planes, 3), (4 * planes, planes, 1)], 1):
                make.conv(f"{name}conv{i}", out, from_, side)
                make.batch_norm(f"{name}bn{i}", out)
            # Each block adds to the sum of those before it: deep stages add less, or the last ones would leave fp16's range.
            make.tensors[f"{name}bn3.weight"] *= min(1.0, 2 / count)
            if block == 0:
                make.conv(f"{name}downsample.0", 4 * planes, into, 1)
                make.batch_norm(f"{name}downsample.1", 4 * planes)
            into = 4 * planes
    positions = (sizes.resolution // 32) ** 2 + 1
    make.tensors["visual.attnpool.positional_embedding"] = make.normal(positions, into, std=0.3)
    for name in ("k_proj", "q_proj", "v_proj"):
        make.linear(f"visual.attnpool.{name}", into, into)
    make.linear("visual.attnpool.c_proj", sizes.embedding, into)


def centre_embeddings(tensors: dict[str, Tensor], pixels: Tensor) -> None:
    """Makes a ResNet's embeddings of the images [B, 3, R, R] zero on average. What follows a ReLU is positive, so with
    random weights all embeddings would point nearly the same way."""
    embeddings = clip.encode(part(tensors, ("visual.",)), pixels, "quick_gelu")  # [B, D]
    tensors["visual.attnpool.c_proj.bias"] -= embeddings.mean(dim=0)


def make_clip(seed: int, image: VitSizes | ResNetSizes, text: TextSizes) -> dict[str, Tensor]:
    """A whole CLIP, fp32."""
    make = Maker(seed)
    make.tensors["positional_embedding"] = make.normal(text.context, text.width, std=0.01)
    make.tensors["text_projection"] = make.normal(text.width, image.embedding, std=text.width**-0.5)
    make.tensors["logit_scale"] = torch.tensor(4.6052)
    if isinstance(image, VitSizes):
        add_vit(make, image)
    else:
        add_resnet(make, image)
    for i in range(text.layers):
        make.clip_block(f"transformer.resblocks.{i}.", text.width)
    make.tensors["token_embedding.weight"] = make.normal(text.vocabulary, text.width, std=0.02)
    make.norm("ln_final", text.width)
    return make.tensors


def add_gpt2(make: Maker, sizes: Gpt2Sizes, prefix_length: int, old_masks: bool) -> None:
    width = sizes.width
    deviation = sizes.logit_deviation * width**-0.5  # of an embedding's components; the last layer norm's are about 1
    wte = make.normal(sizes.vocabulary, width, std=deviation)
    direction = make.normal(width, std=1.0)
    direction /= direction.norm()
    wte[sizes.stop] += sizes.stop_logit / 2 * direction
    make.tensors["gpt.transformer.wte.weight"] = wte
    wpe = make.normal(sizes.context, width, std=2 * deviation)
    steps = torch.arange(sizes.context) - prefix_length + 2  # how many tokens there are after a position
    rise = (steps / sizes.length - 1).clamp(-1, 1)
    residual = 2.7 * sizes.layers**0.5  # deviation of what the blocks below add up to
    make.tensors["gpt.transformer.wpe.weight"] = wpe + torch.outer(rise * residual, direction)
    for i in range(sizes.layers):
        name = f"gpt.transformer.h.{i}."
        make.norm(name + "ln_1", width)
        if old_masks:
            mask = torch.ones(sizes.context, sizes.context, dtype=torch.uint8).tril()
            make.tensors[name + "attn.bias"] = mask.view(1, 1, sizes.context, sizes.context)
            make.tensors[name + "attn.masked_bias"] = torch.tensor(-1e4)
        make.conv1d(name + "attn.c_attn", width, 3 * width, 1.5)
        make.conv1d(name + "attn.c_proj", width, width, 3.0)
        make.norm(name + "ln_2", width)
        make.conv1d(name + "mlp.c_fc", width, 4 * width, 1.5)
        make.conv1d(name + "mlp.c_proj", 4 * width, width, 3.0)
    make.norm("gpt.transformer.ln_f", width)
    make.tensors["gpt.transformer.ln_f.bias"] = 2 * direction
    make.tensors["gpt.lm_head.weight"] = wte


def add_mlp_mapper(make: Maker, sizes: MapperSizes, embedding: int, width: int) -> None:
    outputs = sizes.prefix_length * width
    make.linear("clip_project.model.0", outputs // 2, embedding, 2.0)
    for i in range(1, sizes.hidden_layers):
        make.linear(f"clip_project.model.{2 * i}", outputs // 2, outputs // 2, 2.0)
    make.linear(f"clip_project.model.{2 * sizes.hidden_layers}", outputs, outputs // 2)


def add_transformer_mapper(make: Maker, sizes: MapperSizes, embedding: int, width: int) -> None:
    # The embedding is normalised, so its components are small.
    make.linear("clip_project.linear", sizes.clip_length * width, embedding, 2.0 * embedding**0.5)
    make.tensors["clip_project.prefix_const"] = make.normal(sizes.prefix_length, width, std=0.5)
    for i in range(sizes.layers):
        name = f"clip_project.transformer.layers.{i}."
        make.norm(name + "norm1", width)
        make.matrix(name + "attn.to_queries.weight", width, width, 1.5)
        make.matrix(name + "attn.to_keys_values.weight", 2 * width, width, 1.5)
        make.linear(name + "attn.project", width, width, 1.5)
        make.norm(name + "norm2", width)
        make.linear(name + "mlp.fc1", 2 * width, width, 1.5)
        make.linear(name + "mlp.fc2", width, 2 * width)


def make_captioner(seed: int, gpt2: Gpt2Sizes, mapper: MapperSizes, embedding: int,
                   old_masks: bool) -> dict[str, Tensor]:
    """GPT-2 and mapper as in ClipCap's checkpoints, fp32; `old_masks` adds the causal masks of old versions."""
    make = Maker(seed)
    add_gpt2(make, gpt2, mapper.prefix_length, old_masks)
    if mapper.clip_length:
        add_transformer_mapper(make, mapper, embedding, gpt2.width)
    else:
        add_mlp_mapper(make, mapper, embedding, gpt2.width)
    return make.tensors
