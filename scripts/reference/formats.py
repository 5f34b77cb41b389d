"""Writes weights in the published formats, and the bundle around them."""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from . import clip
from .bundle import part

CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073]
CLIP_STD = [0.26862954, 0.26130258, 0.27577711]
BUFFERS = (".running_mean", ".running_var", ".num_batches_tracked", ".attn.bias", ".attn.masked_bias")


class Part(nn.Module):
    """A module that only holds parameters, buffers and other modules."""


def module_tree(tensors: dict[str, Tensor]) -> nn.Module:
    """Nested modules whose state_dict is `tensors`. One tensor under two names stays one."""
    root = Part()
    parameters: dict[int, nn.Parameter] = {}
    for name, tensor in tensors.items():
        *path, leaf = name.split(".")
        module = root
        for step in path:
            if step not in module._modules:
                module.add_module(step, Part())
            module = module._modules[step]
        if name.endswith(BUFFERS) or not tensor.is_floating_point():
            module.register_buffer(leaf, tensor)
        else:
            parameter = parameters.setdefault(id(tensor), nn.Parameter(tensor, requires_grad=False))
            module.register_parameter(leaf, parameter)
    return root


def to_published_clip_types(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """As CLIP's convert_weights: matrices, convolutions and their biases in fp16; norms and embeddings in fp32."""
    kept = ("embedding", "ln_", "bn", "downsample.1.", "logit_scale")

    def convert(name: str, tensor: Tensor) -> Tensor:
        keep = any(word in name for word in kept) or not tensor.is_floating_point()
        return tensor if keep else tensor.half()

    return {name: convert(name, tensor) for name, tensor in tensors.items()}


def write_clip_archive(tensors: dict[str, Tensor], path: Path, attributes: dict[str, int], as_tensors: bool) -> None:
    """A TorchScript archive. The attributes are ints, or tensors that state_dict() lists, as in some archives."""
    tensors = to_published_clip_types(tensors)
    if as_tensors:
        tensors = tensors | {name: torch.tensor(value) for name, value in attributes.items()}
    module = module_tree(tensors).eval()
    if not as_tensors:
        for name, value in attributes.items():
            setattr(module, name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated
        torch.jit.save(torch.jit.script(module), str(path))


def write_captioner(tensors: dict[str, Tensor], path: Path, legacy: bool) -> None:
    """torch.save of an OrderedDict with _metadata; `legacy` is the format before torch 1.6, which is no zip file."""
    torch.save(module_tree(tensors).state_dict(), path, _use_new_zipfile_serialization=not legacy)


@dataclass
class BundleInfo:
    """What model.json says and the weights' shapes do not."""

    name: str
    description: str
    normalize: bool
    max_tokens: int = 67
    stop: int = 13


def file_entry(path: Path) -> dict:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"name": path.name, "bytes": path.stat().st_size, "sha256": digest}


def write_manifest(folder: Path, info: BundleInfo, clip_tensors: dict[str, Tensor],
                   captioner: dict[str, Tensor]) -> None:
    """model.json beside clip.pt, captioner.pt, encoder.json and vocab.bpe, with sizes off the tensors' shapes."""
    vision, projection = part(clip_tensors, ("visual.",)), part(captioner, ("clip_project.",))
    gpt2 = part(captioner, ("gpt.", "transformer."))
    vocabulary, width = gpt2["wte.weight"].shape
    kind = "vit" if "proj" in vision else "resnet"
    transformer = "prefix_const" in projection
    manifest = {
        "format": 1,
        "name": info.name,
        "description": info.description,
        "image": {"resolution": clip.resolution(vision), "mean": CLIP_MEAN, "std": CLIP_STD},
        "encoder": {
            "file": "clip.pt",
            "kind": kind,
            "embedding": vision["proj"].shape[1] if kind == "vit" else vision["attnpool.c_proj.weight"].shape[0],
            "activation": "quick_gelu",
        },
        "mapper": {
            "file": "captioner.pt",
            "kind": "transformer" if transformer else "mlp",
            "prefix_length": (projection["prefix_const"].shape[0] if transformer
                              else projection["model.2.weight"].shape[0] // width),
            "normalize": info.normalize,
        },
        "language_model": {
            "file": "captioner.pt",
            "width": width,
            "layers": clip.count_blocks(gpt2, "h."),
            "vocabulary": vocabulary,
            "context": gpt2["wpe.weight"].shape[0],
        },
        "tokenizer": {"kind": "gpt2-bpe", "files": {"vocabulary": "encoder.json", "merges": "vocab.bpe"}},
        "stop": {"token": info.stop, "max_tokens": info.max_tokens},
        "files": [file_entry(folder / name) for name in ("clip.pt", "captioner.pt", "encoder.json", "vocab.bpe")],
        "origin": "random weights",
        "license": "MIT",
    }
    (folder / "model.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def write_tokenizer(source: Path, folder: Path, size: int | None = None) -> None:
    """GPT-2's files from `source`, cut to the first `size` ids: 256 bytes, then one id per merge, in order."""
    if size is None:
        for name in ("encoder.json", "vocab.bpe"):
            shutil.copyfile(source / name, folder / name)
        return
    ids = json.loads((source / "encoder.json").read_text(encoding="utf-8"))
    kept = {piece: i for piece, i in sorted(ids.items(), key=lambda item: item[1]) if i < size}
    (folder / "encoder.json").write_text(json.dumps(kept), encoding="utf-8")
    lines = (source / "vocab.bpe").read_text(encoding="utf-8").split("\n")
    (folder / "vocab.bpe").write_text("\n".join(lines[:1 + size - 256]) + "\n", encoding="utf-8")
