"""ClipCap in small: a mapper from what the encoder saw to a prefix, and GPT-2 that continues it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel

from encoder import CLASSES, FEATURES, FeatureScale, directions


@dataclass
class Sizes:
    vocabulary: int
    width: int = 256
    layers: int = 4
    prefix: int = 4
    context: int = 64

    @property
    def heads(self) -> int:
        return self.width // 64

    @property
    def hidden(self) -> int:
        return self.width * self.prefix // 2


class Captioner(nn.Module):
    """The first layer is trained in three parts, which add up to one when it is written: classes by the classifier's own
    rows, so that similar classes begin alike; classes one by one; and the feature, with a vector of its own where there is
    none."""

    def __init__(self, sizes: Sizes, classifier: torch.Tensor, dropout: float) -> None:
        super().__init__()
        self.sizes = sizes
        self.register_buffer("rows", directions(classifier))
        self.alike = nn.Linear(FEATURES, sizes.hidden)
        self.single = nn.Linear(CLASSES, sizes.hidden, bias=False)
        self.feature = nn.Linear(FEATURES, sizes.hidden, bias=False)
        self.no_feature = nn.Parameter(torch.zeros(sizes.hidden))
        self.out = nn.Linear(sizes.hidden, sizes.prefix * sizes.width)
        self.drop = nn.Dropout(dropout)
        nn.init.normal_(self.alike.weight, std=2 / math.sqrt(FEATURES))
        nn.init.normal_(self.single.weight, std=0.3)
        nn.init.normal_(self.feature.weight, std=1.0 / math.sqrt(FEATURES))
        self.gpt = GPT2LMHeadModel(GPT2Config(
            vocab_size=sizes.vocabulary, n_positions=sizes.context, n_embd=sizes.width, n_layer=sizes.layers,
            n_head=sizes.heads, resid_pdrop=dropout, embd_pdrop=dropout, attn_pdrop=0.0,
            activation_function="gelu_pytorch_tanh",
            bos_token_id=0, eos_token_id=0, pad_token_id=0, attn_implementation="eager"))  # the quickest for so few tokens

    def prefix(self, mix: torch.Tensor, feature: torch.Tensor, has_feature: torch.Tensor) -> torch.Tensor:
        """mix [B, CLASSES], feature [B, FEATURES], has_feature [B, 1] -> [B, P, E]"""
        hidden = self.alike(mix @ self.rows) + self.single(mix)
        hidden = hidden + self.feature(feature) * has_feature + self.no_feature * (1 - has_feature)
        return self.out(self.drop(torch.tanh(hidden))).view(-1, self.sizes.prefix, self.sizes.width)

    def logits(self, prefix: torch.Tensor, tokens: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        """Of the `chosen` [B, T] of the tokens [B, T], given the ones before them -> [count, V]"""
        inputs = torch.cat([prefix, self.gpt.transformer.wte(tokens[:, :-1])], 1)
        states = self.gpt.transformer(inputs_embeds=inputs, use_cache=False).last_hidden_state[:, self.sizes.prefix - 1 :]
        return self.gpt.lm_head(states[chosen])

    def checkpoint(self, scale: FeatureScale) -> dict[str, torch.Tensor]:
        """The tensors under ClipCap's names, with the three parts of the first layer and the features' scale in one."""
        of_classes = self.alike.weight @ self.rows.T + self.single.weight
        of_features = self.feature.weight / (scale.deviation * math.sqrt(FEATURES))
        tensors = {
            "clip_project.model.0.weight": torch.cat([of_classes, of_features], 1),
            "clip_project.model.0.bias": self.alike.bias - of_features @ scale.mean,
            "clip_project.model.2.weight": self.out.weight,
            "clip_project.model.2.bias": self.out.bias,
        } | {f"gpt.{name}": tensor for name, tensor in self.gpt.state_dict().items() if name != "lm_head.weight"}
        return {name: tensor.detach().clone() for name, tensor in tensors.items()}
