"""CLIP's two image encoders as functions of a state_dict whose names have lost their "visual."."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

Weights = dict[str, Tensor]
HEAD_WIDTH = 64


def encode(w: Weights, pixels: Tensor, activation: str) -> Tensor:
    """pixels [B, 3, R, R] -> embedding [B, D]"""
    return encode_vit(w, pixels, activation) if "proj" in w else encode_resnet(w, pixels)


def resolution(w: Weights) -> int:
    if "proj" in w:
        return w["conv1.weight"].shape[-1] * round((w["positional_embedding"].shape[0] - 1) ** 0.5)
    return 32 * round((w["attnpool.positional_embedding"].shape[0] - 1) ** 0.5)


def count_blocks(w: Weights, before: str) -> int:
    return len({name[len(before):].split(".")[0] for name in w if name.startswith(before)})


def linear(w: Weights, name: str, x: Tensor) -> Tensor:
    return x @ w[name + ".weight"].T + w[name + ".bias"]


def layer_norm(w: Weights, name: str, x: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"], 1e-5)


def attention(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    """q [B, Tq, W], k and v [B, Tk, W] -> [B, Tq, W]"""
    b, tq, width = q.shape
    q, k, v = (x.view(b, -1, heads, width // heads).transpose(1, 2) for x in (q, k, v))  # [B, heads, T, dim]
    weights = torch.softmax(q @ k.transpose(2, 3) * (width // heads) ** -0.5, dim=-1)  # [B, heads, Tq, Tk]
    return (weights @ v).transpose(1, 2).reshape(b, tq, width)


def encode_vit(w: Weights, pixels: Tensor, activation: str) -> Tensor:
    act = {"quick_gelu": lambda x: x * torch.sigmoid(1.702 * x), "gelu": F.gelu}[activation]
    width, _, patch, _ = w["conv1.weight"].shape
    x = F.conv2d(pixels, w["conv1.weight"], stride=patch).flatten(2).transpose(1, 2)  # [B, g*g, W]
    x = torch.cat([w["class_embedding"].expand(x.shape[0], 1, width), x], dim=1)  # [B, T, W]
    x = layer_norm(w, "ln_pre", x + w["positional_embedding"])
    for i in range(count_blocks(w, "transformer.resblocks.")):
        name = f"transformer.resblocks.{i}."
        qkv = layer_norm(w, name + "ln_1", x) @ w[name + "attn.in_proj_weight"].T + w[name + "attn.in_proj_bias"]
        x = x + linear(w, name + "attn.out_proj", attention(*qkv.split(width, dim=2), width // HEAD_WIDTH))
        x = x + linear(w, name + "mlp.c_proj", act(linear(w, name + "mlp.c_fc", layer_norm(w, name + "ln_2", x))))
    return layer_norm(w, "ln_post", x[:, 0]) @ w["proj"]


def batch_norm(w: Weights, name: str, x: Tensor) -> Tensor:
    return F.batch_norm(x, w[name + ".running_mean"], w[name + ".running_var"], w[name + ".weight"],
                        w[name + ".bias"], training=False, eps=1e-5)


def bottleneck(w: Weights, name: str, x: Tensor, stride: int) -> Tensor:
    """x [B, in, H, W] -> [B, out, H / stride, W / stride]"""
    y = F.relu(batch_norm(w, name + "bn1", F.conv2d(x, w[name + "conv1.weight"])))
    y = F.relu(batch_norm(w, name + "bn2", F.conv2d(y, w[name + "conv2.weight"], padding=1)))
    y = batch_norm(w, name + "bn3", F.conv2d(F.avg_pool2d(y, stride), w[name + "conv3.weight"]))
    if name + "downsample.0.weight" in w:
        x = batch_norm(w, name + "downsample.1", F.conv2d(F.avg_pool2d(x, stride), w[name + "downsample.0.weight"]))
    return F.relu(x + y)


def encode_resnet(w: Weights, pixels: Tensor) -> Tensor:
    x = F.relu(batch_norm(w, "bn1", F.conv2d(pixels, w["conv1.weight"], stride=2, padding=1)))
    x = F.relu(batch_norm(w, "bn2", F.conv2d(x, w["conv2.weight"], padding=1)))
    x = F.relu(batch_norm(w, "bn3", F.conv2d(x, w["conv3.weight"], padding=1)))
    x = F.avg_pool2d(x, 2)  # [B, width, R/4, R/4]
    for stage in range(1, 5):
        for block in range(count_blocks(w, f"layer{stage}.")):
            x = bottleneck(w, f"layer{stage}.{block}.", x, stride=2 if stage > 1 and block == 0 else 1)
    x = x.flatten(2).transpose(1, 2)  # [B, S*S, 32 * width]
    x = torch.cat([x.mean(dim=1, keepdim=True), x], dim=1) + w["attnpool.positional_embedding"]
    q = linear(w, "attnpool.q_proj", x[:, :1])
    k, v = linear(w, "attnpool.k_proj", x), linear(w, "attnpool.v_proj", x)
    return linear(w, "attnpool.c_proj", attention(q, k, v, x.shape[2] // HEAD_WIDTH))[:, 0]
