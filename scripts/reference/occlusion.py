"""What each token of a caption loses when a square of the picture is hidden, one square and one pixel after the other."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor

from .bundle import Bundle
from .search import search

CELLS_PER_SQUARE = 3
GOLDEN_GRID = 5


def round_half_away(x: float) -> int:
    return int(math.copysign(math.floor(abs(x) + 0.5), x))


def squares(grid: int, resolution: int) -> list[tuple[int, int, int, int]]:
    """-> (left, top, right, bottom) of each cell's square, row by row, right and bottom excluded"""
    side = round_half_away(CELLS_PER_SQUARE * resolution / grid)
    begins = [round_half_away((cell + 0.5) * resolution / grid - side / 2) for cell in range(grid)]
    spans = [(max(begin, 0), min(begin + side, resolution)) for begin in begins]
    return [(x[0], y[0], x[1], y[1]) for y in spans for x in spans]


def hide(pixels: Tensor, square: tuple[int, int, int, int]) -> Tensor:
    """pixels [1, 3, R, R]; a hidden pixel is the mean of the nearest seen ones in its row and column, by 1 / distance^2"""
    left, top, right, bottom = square
    hidden = pixels.clone()
    size = pixels.shape[-1]
    for y in range(top, bottom):
        for x in range(left, right):
            near = [(x, top - 1, y - top + 1), (x, bottom, bottom - y), (left - 1, y, x - left + 1), (right, y, right - x)]
            near = [(i, j, 1 / distance**2) for i, j, distance in near if 0 <= i < size and 0 <= j < size]
            total = sum(weight for _, _, weight in near)
            for c in range(3):
                hidden[0, c, y, x] = sum(w * pixels[0, c, j, i].item() for i, j, w in near) / total if near else 0.0
    return hidden


def log_probabilities(bundle: Bundle, pixels: Tensor, tokens: list[int]) -> Tensor:
    """Of each token, given the picture and the tokens before it, without a cache. -> [T]"""
    prefix = bundle.prefix(bundle.normalized(bundle.embedding(pixels)))  # [1, P, E]
    before = bundle.gpt2.embed(torch.tensor(tokens[:-1], dtype=torch.int64)).transpose(0, 1)  # [1, T - 1, E]
    x = torch.cat([prefix, before], dim=1)
    logits, _ = bundle.gpt2.forward(x)  # [1, P + T - 1, V]
    logits = logits[0, prefix.shape[1] - 1:].double()
    return torch.log_softmax(logits, dim=-1).gather(1, torch.tensor(tokens).unsqueeze(1)).squeeze(1)


@torch.no_grad()
def drops(bundle: Bundle, pixels: Tensor, tokens: list[int], grid: int) -> tuple[Tensor, Tensor]:
    """-> log-probabilities [T] in the picture as it is, and what they lose [T, grid, grid]"""
    whole = log_probabilities(bundle, pixels, tokens)
    losses = [whole - log_probabilities(bundle, hide(pixels, square), tokens) for square in squares(grid, pixels.shape[-1])]
    return whole, torch.stack(losses, dim=1).view(len(tokens), grid, grid)


@torch.no_grad()
def make_goldens(bundle: Bundle, images: list[Path]) -> dict[str, Tensor]:
    """IMAGE/tokens [T] i32 of beam 5's best, IMAGE/logprobs [T] f32, IMAGE/drops [T, GOLDEN_GRID, GOLDEN_GRID] f32"""
    tensors = {}
    for path in images:
        pixels = bundle.pixels(path)
        prefix = bundle.prefix(bundle.normalized(bundle.embedding(pixels)))
        tokens = search(bundle.gpt2, prefix, stop=bundle.stop, beam=5, max_tokens=bundle.max_tokens)[0].tokens
        whole, losses = drops(bundle, pixels, tokens, GOLDEN_GRID)
        tensors[f"{path.stem}/tokens"] = torch.tensor(tokens, dtype=torch.int32)
        tensors[f"{path.stem}/logprobs"] = whole.float()
        tensors[f"{path.stem}/drops"] = losses.float().contiguous()
    return tensors


def write_goldens(bundle: Bundle, images: list[Path], out: Path) -> None:
    from safetensors.torch import save_file

    save_file(make_goldens(bundle, images), out)
    out.chmod(0o644)
