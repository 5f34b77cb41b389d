"""ClipCap's mappers as functions of a state_dict whose names have lost their "clip_project."."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .clip import Weights, attention, count_blocks, layer_norm, linear

HEADS = 8


def map_embedding(w: Weights, embedding: Tensor, width: int) -> Tensor:
    """embedding [B, D] -> prefix [B, P, E]"""
    if "prefix_const" in w:
        return map_transformer(w, embedding)
    if "weight" in w:
        out = embedding @ w["weight"].T + w["bias"]
    else:
        out, last = embedding, 2 * count_blocks(w, "model.") - 2
        for number in range(0, last, 2):  # between two layers stands a tanh, which has a number, too
            out = torch.tanh(linear(w, f"model.{number}", out))
        out = linear(w, f"model.{last}", out)
    return out.view(embedding.shape[0], -1, width)


def map_transformer(w: Weights, embedding: Tensor) -> Tensor:
    prefix_length, width = w["prefix_const"].shape
    b = embedding.shape[0]
    x = linear(w, "linear", embedding).view(b, -1, width)  # [B, C, E]
    x = torch.cat([x, w["prefix_const"].expand(b, prefix_length, width)], dim=1)  # [B, C + P, E]
    for i in range(count_blocks(w, "transformer.layers.")):
        name = f"transformer.layers.{i}."
        y = layer_norm(w, name + "norm1", x)
        k, v = (y @ w[name + "attn.to_keys_values.weight"].T).split(width, dim=2)
        y = attention(y @ w[name + "attn.to_queries.weight"].T, k, v, HEADS)
        x = x + linear(w, name + "attn.project", y)
        x = x + linear(w, name + "mlp.fc2", F.relu(linear(w, name + "mlp.fc1", layer_norm(w, name + "norm2", x))))
    return x[:, -prefix_length:]
