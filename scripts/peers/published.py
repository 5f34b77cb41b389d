"""The published script's way: fp32, the whole sequence through GPT-2 again for every token, one image at a time.

Written after its description; a stop token is left out, as every engine here writes a given number of tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor

TOP_P = 0.8


def greedy(model, prefix: Tensor, tokens: int) -> list[int]:
    """prefix [1, P, E] -> ids. All but the likeliest tokens with a sum of TOP_P are struck out, then the best is taken."""
    generated, ids = prefix, []
    for _ in range(tokens):
        logits = model(inputs_embeds=generated).logits[:, -1, :]  # [1, V]
        ordered, order = torch.sort(logits, descending=True)
        strike = torch.cumsum(torch.softmax(ordered, dim=-1), dim=-1) > TOP_P
        strike[..., 1:] = strike[..., :-1].clone()
        strike[..., 0] = False
        logits[:, order[strike]] = float("-inf")
        best = torch.argmax(logits, -1)  # [1]
        generated = torch.cat((generated, model.transformer.wte(best).view(1, 1, -1)), dim=1)
        ids.append(int(best))
    return ids


def beam_search(model, prefix: Tensor, beams: int, tokens: int) -> list[int]:
    """prefix [1, P, E] -> ids of the best beam"""
    generated, ids, scores = prefix, None, None
    for step in range(1, tokens + 1):
        logits = model(inputs_embeds=generated).logits[:, -1, :].log_softmax(-1)  # [1 or beams, V]
        if ids is None:
            scores, best = logits.view(-1).topk(beams)
            generated = generated.expand(beams, *generated.shape[1:])
            ids = best.unsqueeze(1)
        else:
            means, flat = ((scores.unsqueeze(1) + logits) / step).view(-1).topk(beams)
            parents, best = flat // logits.shape[1], flat % logits.shape[1]
            scores = means * step
            ids = torch.cat((ids[parents], best.unsqueeze(1)), dim=1)
            generated = generated[parents]
        generated = torch.cat((generated, model.transformer.wte(best).unsqueeze(1)), dim=1)
    return ids[scores.argmax()].tolist()
