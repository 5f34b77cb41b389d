"""Self-critical training (Rennie et al. 2017): captions that the network draws are made likelier the better they are, beside
others that it drew for the same picture."""

from __future__ import annotations

import argparse
import time

import torch
from torch import nn
from transformers import DynamicCache

from examples import Examples
from network import Captioner
from reward import Cider

LONGEST = 20  # tokens
PICTURES = 40  # in a batch
DRAWS = 5  # captions of each
PAIRS = 0.15  # share of pictures: the captions of the few there are, are known by heart


@torch.no_grad()
def draw(network: Captioner, prefix: torch.Tensor, stop: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """prefix [R, P, E] -> tokens [R, T], and where they are before or at the stop token [R, T]"""
    past = DynamicCache(config=network.gpt.config)
    inputs, tokens, chosen = prefix, [], []
    running = torch.ones(len(prefix), dtype=torch.bool)
    for _ in range(LONGEST):
        state = network.gpt.transformer(inputs_embeds=inputs, past_key_values=past, use_cache=True).last_hidden_state[:, -1]
        cumulated = network.gpt.lm_head(state).float().softmax(-1).cumsum(-1)
        points = torch.rand(len(prefix), 1, generator=generator) * cumulated[:, -1:]
        token = torch.searchsorted(cumulated, points)[:, 0].clamp_max(cumulated.shape[1] - 1)
        tokens.append(token)
        chosen.append(running)
        running = running & (token != stop)
        if not running.any():
            break
        inputs = network.gpt.transformer.wte(token)[:, None]
    return torch.stack(tokens, 1), torch.stack(chosen, 1)


def improve(network: Captioner, examples: Examples, reward: Cider, args: argparse.Namespace) -> list[tuple[int, float]]:
    """-> (step, mean reward) from time to time"""
    optimiser = torch.optim.AdamW(network.parameters(), lr=args.improve_rate, betas=(0.9, 0.98), weight_decay=0.0, fused=True)
    generator = torch.Generator().manual_seed(args.seed)
    stop = examples.tokenizer.piece_to_id(".")
    curve: list[tuple[int, float]] = []
    average, began = 0.0, time.time()
    network.eval()  # what is drawn and what is learned from must be one network
    examples.waiting.clear()  # of another size
    for step in range(args.improve):
        for group in optimiser.param_groups:
            group["lr"] = args.improve_rate * min(1.0, (step + 1) / 20) * (1 - 0.9 * step / args.improve)
        batch = examples.batch(PICTURES, PAIRS, args.near)
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            prefix = network.prefix(batch.mix, batch.feature, batch.has_feature).repeat_interleave(DRAWS, 0)
            tokens, chosen = draw(network, prefix.detach(), stop, generator)
            logits = network.logits(prefix, tokens, chosen)
        texts = [examples.tokenizer.decode(row[mask].tolist()).strip().rstrip(".") for row, mask in zip(tokens, chosen)]
        rewards = torch.tensor([reward(text, batch.references[i // DRAWS]) for i, text in enumerate(texts)]).view(-1, DRAWS)
        others = (rewards.sum(1, keepdim=True) - rewards) / (DRAWS - 1)
        advantage = ((rewards - others) / (rewards.std() + 1e-3)).view(-1, 1).expand_as(tokens)
        losses = nn.functional.cross_entropy(logits.float(), tokens[chosen], reduction="none")
        loss = (losses * advantage[chosen]).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        average = rewards.mean().item() if step == 0 else 0.95 * average + 0.05 * rewards.mean().item()
        if (step + 1) % 50 == 0:
            curve.append((step + 1, round(average, 3)))
            print(f"improving, step {step + 1} of {args.improve}: reward {average:.3f}, {time.time() - began:.0f} s", flush=True)
    return curve
