#!/usr/bin/env python3
"""Writes tests/data/train: two tiny captioners, what they are taught, and what PyTorch makes of it.

    mlp           an MLP mapper and the whole GPT-2 learn, with weight decay
    transformer   a transformer mapper learns, GPT-2 stays as it is, and gradients are shortened

The language model is transformers' GPT2LMHeadModel, the optimizer torch.optim.AdamW. Each file has the weights before and after
20 updates ("before.NAME", "after.NAME"), the gradients of some updates ("gradient.STEP.NAME"), of each update the mean loss of a
token and the length of all gradients, its learning rate, embeddings [20, B, D] and captions [20, B, T] as numbers, -1 behind
their ends. Token 0, GPT-2's "!", is among them, and so is a caption of one token.

    python scripts/make_train_goldens.py        (torch, transformers, safetensors)
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel

from reference.mapper import map_embedding

ROOT = Path(__file__).resolve().parent.parent / "tests" / "data" / "train"
STEPS, BATCH, LONGEST = 20, 5, 9
WIDTH, VOCABULARY, EMBEDDING, PREFIX = 64, 48, 16, 3
KEPT = (1, 20)  # updates whose gradients are written


def make_mapper(kind: str) -> dict[str, torch.Tensor]:
    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape) * shape[-1] ** -0.5

    if kind == "mlp":
        return {"model.0.weight": normal(24, EMBEDDING), "model.0.bias": normal(24),
                "model.2.weight": normal(PREFIX * WIDTH, 24), "model.2.bias": normal(PREFIX * WIDTH)}
    layer = "transformer.layers.0."
    return {
        "prefix_const": torch.randn(PREFIX, WIDTH), "linear.weight": normal(2 * WIDTH, EMBEDDING),
        "linear.bias": normal(2 * WIDTH),
        layer + "norm1.weight": 1 + 0.1 * torch.randn(WIDTH), layer + "norm1.bias": 0.1 * torch.randn(WIDTH),
        layer + "norm2.weight": 1 + 0.1 * torch.randn(WIDTH), layer + "norm2.bias": 0.1 * torch.randn(WIDTH),
        layer + "attn.to_queries.weight": normal(WIDTH, WIDTH),
        layer + "attn.to_keys_values.weight": normal(2 * WIDTH, WIDTH),
        layer + "attn.project.weight": normal(WIDTH, WIDTH), layer + "attn.project.bias": normal(WIDTH),
        layer + "mlp.fc1.weight": normal(80, WIDTH), layer + "mlp.fc1.bias": normal(80),
        layer + "mlp.fc2.weight": normal(WIDTH, 80), layer + "mlp.fc2.bias": normal(WIDTH),
    }


def make_captions() -> torch.Tensor:
    captions = torch.full((STEPS, BATCH, LONGEST), -1)
    for step in captions:
        for row, length in zip(step, [1, LONGEST, *torch.randint(1, LONGEST + 1, [BATCH - 2]).tolist()]):
            row[:length] = torch.randint(VOCABULARY, [length])
        step[1, 2] = 0
    return captions


def main() -> None:
    ROOT.mkdir(exist_ok=True)
    for kind, mapper_only in (("mlp", False), ("transformer", True)):
        torch.manual_seed(7)
        config = GPT2Config(vocab_size=VOCABULARY, n_positions=24, n_embd=WIDTH, n_layer=1, n_head=1, n_inner=96,
                            resid_pdrop=0, embd_pdrop=0, attn_pdrop=0)
        gpt2 = GPT2LMHeadModel(config)
        mapper = make_mapper(kind)
        weights = {"gpt." + name: value for name, value in gpt2.named_parameters() if name != "lm_head.weight"}
        weights |= {"clip_project." + name: value.requires_grad_() for name, value in mapper.items()}
        for name, value in weights.items():
            if name.startswith("gpt."):
                value.requires_grad_(not mapper_only)
        learning = {name: value for name, value in weights.items() if value.requires_grad}
        data = {"before." + name: value.detach().clone() for name, value in weights.items()}
        embeddings, captions = torch.randn(STEPS, BATCH, EMBEDDING), make_captions()
        rates = torch.linspace(1e-3, 1e-4, STEPS, dtype=torch.float64)
        optimizer = torch.optim.AdamW(learning.values(), lr=1.0, weight_decay=0.0 if mapper_only else 0.05)
        losses, norms = [], []
        for step in range(STEPS):
            optimizer.zero_grad()
            tokens = captions[step]
            prefix = map_embedding(mapper, embeddings[step], WIDTH)
            inputs = torch.cat([prefix, gpt2.transformer.wte(tokens.clamp_min(0))], 1)
            logits = gpt2(inputs_embeds=inputs).logits[:, PREFIX - 1:-1]
            loss = torch.nn.functional.cross_entropy(logits[tokens >= 0], tokens[tokens >= 0])
            loss.backward()
            if step + 1 in KEPT:
                data |= {f"gradient.{step + 1}.{name}": value.grad.clone() for name, value in learning.items()}
            norm = torch.nn.utils.clip_grad_norm_(learning.values(), 0.1 if mapper_only else float("inf"))
            optimizer.param_groups[0]["lr"] = rates[step].item()
            optimizer.step()
            losses.append(loss.item())
            norms.append(norm.item())
        data |= {"after." + name: value.detach().clone() for name, value in learning.items()}
        data |= {"losses": torch.tensor(losses), "norms": torch.tensor(norms), "rates": rates.float(),
                 "embeddings": embeddings, "captions": captions.float()}
        save_file({name: value.contiguous() for name, value in data.items()}, ROOT / f"{kind}.safetensors")
        print(kind, losses[0], losses[-1], norms[0])


if __name__ == "__main__":
    main()
