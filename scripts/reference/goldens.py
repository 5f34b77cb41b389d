"""Every stage of a bundle over some images, for the parity test."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from .bundle import Bundle
from .search import Margin, search

BEAMS = (1, 3, 5, 10)


@torch.no_grad()
def image_goldens(bundle: Bundle, path: Path, margin: Margin) -> dict[str, Tensor]:
    """One image's tensors under the names that the package documents."""
    pixels = bundle.pixels(path)
    embedding = bundle.embedding(pixels)
    normalized = bundle.normalized(embedding)
    prefix = bundle.prefix(normalized)
    logits, _ = bundle.gpt2.forward(prefix)
    tensors = {"pixels": pixels[0], "embedding": embedding[0], "prefix": prefix[0], "logits": logits[0, -1]}
    if bundle.normalize:
        tensors["normalized"] = normalized[0]
    for beam in BEAMS:
        found = search(bundle.gpt2, prefix, stop=bundle.stop, beam=beam, max_tokens=bundle.max_tokens, margin=margin)
        tensors[f"beam{beam}/scores"] = torch.tensor([h.score for h in found], dtype=torch.float64)
        for i, hypothesis in enumerate(found):
            tensors[f"beam{beam}/{i}/tokens"] = torch.tensor(hypothesis.tokens, dtype=torch.int32)
    return {f"{path.stem}/{name}": tensor.contiguous() for name, tensor in tensors.items()}


def make_goldens(bundle: Bundle, images: list[Path]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """-> tensors and metadata"""
    margin = Margin()
    tensors: dict[str, Tensor] = {}
    for path in images:
        tensors |= image_goldens(bundle, path, margin)
    metadata = {
        "bundle": bundle.manifest["name"],
        "images": " ".join(path.name for path in images),
        "beams": " ".join(str(beam) for beam in BEAMS),
        "max_tokens": str(bundle.max_tokens),
        "stop": str(bundle.stop),
        "margin": f"{margin.smallest:.3g}",
    }
    return tensors, metadata


def write_goldens(bundle: Bundle, images: list[Path], out: Path) -> None:
    from safetensors.torch import save_file

    tensors, metadata = make_goldens(bundle, images)
    save_file(tensors, out, metadata)
