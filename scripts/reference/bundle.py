"""A bundle folder -> the stages as functions."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import torch
from torch import Tensor

from . import clip, mapper
from .gpt2 import Gpt2
from .pixels import load_pixels


def read_tensors(path: Path) -> dict[str, Tensor]:
    """A TorchScript archive or a torch.save file -> fp32 tensors by their full names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated
        try:
            state = torch.jit.load(str(path), map_location="cpu").state_dict()
        except RuntimeError:
            state = torch.load(path, map_location="cpu", weights_only=True)
    return {name: tensor.float() for name, tensor in state.items()}


def part(tensors: dict[str, Tensor], prefixes: tuple[str, ...]) -> dict[str, Tensor]:
    """The tensors whose names begin with all of `prefixes`, the later ones optional, without them."""
    found = {}
    for name, tensor in tensors.items():
        if name.startswith(prefixes[0]):
            for prefix in prefixes:
                name = name.removeprefix(prefix)
            found[name] = tensor
    return found


class Tokenizer:
    """GPT-2's ids -> text."""

    def __init__(self, vocabulary: Path):
        self.pieces = {i: piece for piece, i in json.loads(vocabulary.read_text(encoding="utf-8")).items()}
        # Printable bytes stand for themselves; the others are shifted above 255, in order.
        printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
        hidden = [b for b in range(256) if b not in printable]
        self.bytes = {chr(b): b for b in printable} | {chr(256 + i): b for i, b in enumerate(hidden)}

    def decode(self, ids: list[int]) -> str:
        """Without what stands for no text."""
        pieces = [self.pieces[i] for i in ids if self.pieces[i] != "<|endoftext|>"]
        return bytes(self.bytes[c] for piece in pieces for c in piece).decode("utf-8", errors="replace")


class Bundle:
    def __init__(self, folder: Path):
        self.manifest = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        encoder, language_model = self.manifest["encoder"], self.manifest["language_model"]
        self.vision = part(read_tensors(folder / encoder["file"]), ("visual.",))
        captioner = read_tensors(folder / language_model["file"])
        projection = captioner
        if self.manifest["mapper"]["file"] != language_model["file"]:
            projection = read_tensors(folder / self.manifest["mapper"]["file"])
        self.mapper = part(projection, ("clip_project.", "clip_project."))
        self.gpt2 = Gpt2(part(captioner, ("gpt.", "transformer.")))
        self.tokenizer = Tokenizer(folder / self.manifest["tokenizer"]["files"]["vocabulary"])
        stop = self.manifest["stop"]
        self.stop = stop["tokens"][0] if "tokens" in stop else stop["token"]  # from format 5 on several
        self.max_tokens = self.manifest["stop"]["max_tokens"]
        self.normalize = self.manifest["mapper"]["normalize"]

    def pixels(self, path) -> Tensor:
        """-> [1, 3, R, R]"""
        image = self.manifest["image"]
        return load_pixels(path, image["resolution"], image["mean"], image["std"]).unsqueeze(0)

    def embedding(self, pixels: Tensor) -> Tensor:
        """[1, 3, R, R] -> [1, D], not normalised"""
        return clip.encode(self.vision, pixels, self.manifest["encoder"].get("activation", "quick_gelu"))

    def normalized(self, embedding: Tensor) -> Tensor:
        """What the mapper takes: [1, D] -> [1, D]"""
        return embedding / embedding.norm(2, -1, keepdim=True) if self.normalize else embedding

    def prefix(self, embedding: Tensor) -> Tensor:
        """[1, D] -> [1, P, E]"""
        return mapper.map_embedding(self.mapper, embedding, self.gpt2.width)
