"""GPT-2 as a function of a state_dict named as Hugging Face's GPT2Model, with the simplest cache there is."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .clip import Weights, count_blocks, layer_norm

HEAD_WIDTH = 64
Cache = list[tuple[Tensor, Tensor]]  # per layer: keys and values, each [rows, heads, T, 64]


class Gpt2:
    def __init__(self, weights: Weights):
        self.w = weights
        self.layers = count_blocks(weights, "h.")
        self.vocabulary, self.width = weights["wte.weight"].shape
        self.context = weights["wpe.weight"].shape[0]

    def embed(self, tokens: Tensor) -> Tensor:
        """[rows] -> [rows, 1, E]"""
        return self.w["wte.weight"][tokens].unsqueeze(1)

    def forward(self, x: Tensor, cache: Cache | None = None) -> tuple[Tensor, Cache]:
        """Token embeddings [rows, T, E] that follow the cache's positions -> logits [rows, T, V], longer cache."""
        past = cache[0][0].shape[2] if cache else 0
        x = x + self.w["wpe.weight"][past:past + x.shape[1]]
        new_cache = []
        for i in range(self.layers):
            name = f"h.{i}."
            y, keys_values = self.attend(name, layer_norm(self.w, name + "ln_1", x), cache[i] if cache else None)
            new_cache.append(keys_values)
            x = x + y
            y = F.gelu(self.conv1d(name + "mlp.c_fc", layer_norm(self.w, name + "ln_2", x)), approximate="tanh")
            x = x + self.conv1d(name + "mlp.c_proj", y)
        return layer_norm(self.w, "ln_f", x) @ self.w["wte.weight"].T, new_cache

    def conv1d(self, name: str, x: Tensor) -> Tensor:
        """GPT-2's linear layer: the weight is stored [in, out]."""
        return x @ self.w[name + ".weight"] + self.w[name + ".bias"]

    def attend(self, name: str, x: Tensor, past: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        rows, t, width = x.shape
        split = self.conv1d(name + "attn.c_attn", x).split(width, dim=2)
        q, k, v = (y.view(rows, t, width // HEAD_WIDTH, HEAD_WIDTH).transpose(1, 2) for y in split)
        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)  # [rows, heads, past + t, 64]
        scores = q @ k.transpose(2, 3) * HEAD_WIDTH**-0.5  # [rows, heads, t, past + t]
        visible = torch.ones(t, k.shape[2], dtype=torch.bool).tril(k.shape[2] - t)
        y = torch.softmax(scores.masked_fill(~visible, float("-inf")), dim=-1) @ v
        return self.conv1d(name + "attn.c_proj", y.transpose(1, 2).reshape(rows, t, width)), (k, v)


def select_rows(cache: Cache, rows: Tensor) -> Cache:
    return [(k[rows], v[rows]) for k, v in cache]
