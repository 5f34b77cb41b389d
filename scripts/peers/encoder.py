"""CLIP's ViT and the mapper in PyTorch: what transformers runs, and what is exported to the other encoders."""

from __future__ import annotations

import json

import torch
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from inputs import Files
from reference.clip import HEAD_WIDTH, Weights, count_blocks, resolution


class Encoder(nn.Module):
    """pixels [B, 3, R, R] -> prefix [B, P, E]"""

    def __init__(self, vision: nn.Module, mapper: nn.Module, width: int):
        super().__init__()
        self.vision, self.mapper, self.width = vision, mapper, width

    def forward(self, pixels: Tensor) -> Tensor:
        return self.mapper(self.vision(pixels).image_embeds).unflatten(1, (-1, self.width))


def make_mapper(weights: Weights) -> nn.Module:
    """ClipCap's MLP, with its names: "model.0" and "model.2"."""
    first, last = weights["model.0.weight"], weights["model.2.weight"]
    model = nn.Sequential(nn.Linear(first.shape[1], first.shape[0]), nn.Tanh(), nn.Linear(last.shape[1], last.shape[0]))
    model.load_state_dict({name.removeprefix("model."): tensor for name, tensor in weights.items()})
    return model


def make_vision(w: Weights) -> CLIPVisionModelWithProjection:
    """OpenAI's names -> Hugging Face's."""
    width, layers = w["class_embedding"].shape[0], count_blocks(w, "transformer.resblocks.")
    model = CLIPVisionModelWithProjection(CLIPVisionConfig(
        hidden_size=width, intermediate_size=4 * width, projection_dim=w["proj"].shape[1], num_hidden_layers=layers,
        num_attention_heads=width // HEAD_WIDTH, image_size=resolution(w), patch_size=w["conv1.weight"].shape[-1],
        hidden_act="quick_gelu"))
    named = {
        "vision_model.embeddings.class_embedding": w["class_embedding"],
        "vision_model.embeddings.position_embedding.weight": w["positional_embedding"],
        "vision_model.embeddings.patch_embedding.weight": w["conv1.weight"],
        "visual_projection.weight": w["proj"].T.contiguous(),
    }
    for theirs, ours in (("pre_layrnorm", "ln_pre"), ("post_layernorm", "ln_post")):
        named |= {f"vision_model.{theirs}.{kind}": w[f"{ours}.{kind}"] for kind in ("weight", "bias")}
    for i in range(layers):
        block, layer = f"transformer.resblocks.{i}.", f"vision_model.encoder.layers.{i}."
        for kind in ("weight", "bias"):
            parts = w[f"{block}attn.in_proj_{kind}"].split(width)
            named |= {f"{layer}self_attn.{name}_proj.{kind}": part.clone() for name, part in zip("qkv", parts)}
            for theirs, ours in (("self_attn.out_proj", "attn.out_proj"), ("layer_norm1", "ln_1"), ("mlp.fc1", "mlp.c_fc"),
                                 ("mlp.fc2", "mlp.c_proj"), ("layer_norm2", "ln_2")):
                named[f"{layer}{theirs}.{kind}"] = w[f"{block}{ours}.{kind}"]
    missing, unexpected = model.load_state_dict(named, strict=False)
    if unexpected or any("position_ids" not in name for name in missing):
        raise ValueError(f"CLIP in transformers has other tensors: missing {missing}, unexpected {unexpected}")
    return model.eval()


def load_encoder(files: Files, dtype: torch.dtype) -> Encoder:
    vision = CLIPVisionModelWithProjection.from_pretrained(files.clip, dtype=dtype)
    mapper = make_mapper(torch.load(files.mapper, weights_only=True))
    return Encoder(vision, mapper.to(dtype), files_width(files)).eval()


def files_width(files: Files) -> int:
    """GPT-2's, E."""
    return json.loads((files.bundle / "model.json").read_text(encoding="utf-8"))["language_model"]["width"]
