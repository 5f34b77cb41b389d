"""Greedy and beam search as ClipCap's published inference does them, for one image."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from .gpt2 import Gpt2, select_rows


@dataclass
class Hypothesis:
    tokens: list[int]  # with the stop token, if it was reached
    score: float  # sum of log-probabilities

    @property
    def mean(self) -> float:
        return self.score / len(self.tokens)


@dataclass
class Margin:
    """The smallest difference that any decision rested on: how safe the ids are from rounding."""

    smallest: float = field(default=float("inf"))

    def saw(self, better: float, worse: float) -> None:
        self.smallest = min(self.smallest, better - worse)


def log_probabilities(logits: Tensor, temperature: float) -> Tensor:
    return torch.log_softmax(logits.double() / temperature, dim=-1)


def search(gpt2: Gpt2, prefix: Tensor, *, stop: int, beam: int, max_tokens: int, temperature: float = 1.0,
           margin: Margin | None = None) -> list[Hypothesis]:
    """prefix [1, P, E] -> hypotheses, best first; beam 1 is greedy"""
    margin = margin or Margin()
    if beam == 1:
        return [greedy(gpt2, prefix, stop, max_tokens, temperature, margin)]
    return beam_search(gpt2, prefix, stop, beam, max_tokens, temperature, margin)


def greedy(gpt2: Gpt2, prefix: Tensor, stop: int, max_tokens: int, temperature: float, margin: Margin) -> Hypothesis:
    logits, cache = gpt2.forward(prefix)
    tokens: list[int] = []
    score = 0.0
    while True:
        best = log_probabilities(logits[0, -1], temperature).topk(2)
        margin.saw(best.values[0].item(), best.values[1].item())
        tokens.append(best.indices[0].item())
        score += best.values[0].item()
        if tokens[-1] == stop or len(tokens) == max_tokens:
            return Hypothesis(tokens, score)
        logits, cache = gpt2.forward(gpt2.embed(torch.tensor(tokens[-1:])), cache)


def best_candidates(values: Tensor, beam: int, margin: Margin) -> tuple[Tensor, Tensor]:
    """The `beam` largest; what decides is the gap to the first one that is left out."""
    best = values.topk(beam + 1)
    margin.saw(best.values[beam - 1].item(), best.values[beam].item())
    return best.values[:beam], best.indices[:beam]


def beam_search(gpt2: Gpt2, prefix: Tensor, stop: int, beam: int, max_tokens: int, temperature: float,
                margin: Margin) -> list[Hypothesis]:
    logits, cache = gpt2.forward(prefix)
    scores, next_tokens = best_candidates(log_probabilities(logits[0, -1], temperature), beam, margin)
    tokens = next_tokens.unsqueeze(1)  # [beam, steps]
    lengths = torch.ones(beam, dtype=torch.float64)
    stopped = next_tokens == stop
    cache = select_rows(cache, torch.zeros(beam, dtype=torch.long))
    while tokens.shape[1] < max_tokens and not stopped.all():
        logits, cache = gpt2.forward(gpt2.embed(tokens[:, -1]), cache)
        steps = log_probabilities(logits[:, -1], temperature)  # [beam, V]
        # A stopped beam continues as itself alone: by token 0, which its length cuts off at the end.
        steps[stopped] = float("-inf")
        steps[stopped, 0] = 0
        lengths[~stopped] += 1
        means = (scores.unsqueeze(1) + steps) / lengths.unsqueeze(1)  # [beam, V]
        best, flat = best_candidates(means.view(-1), beam, margin)
        parents, next_tokens = flat // steps.shape[1], flat % steps.shape[1]
        tokens = torch.cat([tokens[parents], next_tokens.unsqueeze(1)], dim=1)
        lengths = lengths[parents]
        scores = best * lengths
        stopped = stopped[parents] | (next_tokens == stop)
        cache = select_rows(cache, parents)
    means, order = (scores / lengths).sort(descending=True)
    for better, worse in zip(means[:-1].tolist(), means[1:].tolist()):
        margin.saw(better, worse)
    return [Hypothesis(tokens[i, :int(lengths[i])].tolist(), scores[i].item()) for i in order.tolist()]
