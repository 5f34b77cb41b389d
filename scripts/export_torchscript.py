#!/usr/bin/env python3
"""Exports trained weights from Python into the TorchScript archives that caption reads.

    export_torchscript.py clip   INPUT clip.pt   [--dtype fp16|fp32] [--activation quick_gelu|gelu]
    export_torchscript.py gpt2   INPUT gpt2.pt   [--dtype fp16|fp32]
    export_torchscript.py mapper INPUT prefix.pt [--dtype fp16|fp32]

INPUT is a file: a state dict or checkpoint written by torch.save, a TorchScript archive (OpenAI's CLIP
files), or a .safetensors file.

    clip    OpenAI's or open_clip's weights; the image encoder, visual.*, is kept, the text side is left out.
            open_clip's own models mostly use the exact GELU: say --activation gelu for them.
    gpt2    Hugging Face's GPT-2 (with or without the leading "transformer."), or the gpt.* part of a
            ClipCap checkpoint.
    mapper  the clip_project.* part of a ClipCap checkpoint.

An archive is a tree of modules that hold the tensors under their dotted names; it holds no program, and
caption would not run one. Vectors (biases, normalisation, statistics, position-free embeddings) stay in
fp32 as OpenAI's own archives have it; --dtype says how matrices and convolutions are kept.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

DTYPES = {"fp16": torch.float16, "fp32": torch.float32}


class Holder(nn.Module):
    """A node of the tree of tensors."""

    def forward(self) -> None:
        return None


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a file by name; the common wrappings ("state_dict", "model", "module.") are taken off."""
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(str(path))
    try:
        found = torch.jit.load(str(path), map_location="cpu").state_dict()
    except RuntimeError:
        found = torch.load(path, map_location="cpu", weights_only=True)
    for key in ("state_dict", "model"):
        if isinstance(found.get(key), dict):
            found = found[key]
    tensors = {name: value for name, value in found.items() if isinstance(value, Tensor)}
    if tensors and all(name.startswith("module.") for name in tensors):
        tensors = {name[len("module.") :]: value for name, value in tensors.items()}
    return tensors


def archive(tensors: dict[str, Tensor], path: Path, dtype: torch.dtype, numbers: dict[str, int] | None = None) -> None:
    """Writes the tensors, and whole numbers as attributes of the top module, and checks what was written.

    Floating-point tensors of two and more dimensions get `dtype`, those of one fp32; others are kept.
    Tensors that share storage (tied weights) share it in the archive.
    """
    root = Holder()
    for name, value in (numbers or {}).items():
        setattr(root, name, value)
    made: dict[tuple, nn.Parameter] = {}
    for name, tensor in tensors.items():
        *parents, leaf = name.split(".")
        node = root
        for parent in parents:
            if parent not in node._modules:
                node.add_module(parent, Holder())
            node = node._modules[parent]
        identity = (tensor.data_ptr(), tuple(tensor.shape), tuple(tensor.stride()))
        if identity not in made:
            wanted = tensor.dtype if not tensor.is_floating_point() else dtype if tensor.ndim > 1 else torch.float32
            made[identity] = nn.Parameter(tensor.detach().to(wanted).clone().contiguous(), requires_grad=False)
        node.register_parameter(leaf, made[identity])
    torch.jit.script(root.eval()).save(str(path))
    drop_debug_records(path)
    written = torch.jit.load(str(path)).state_dict()
    if set(written) != set(tensors):
        raise SystemExit(f"{path}: names differ after writing: {sorted(set(written) ^ set(tensors))[:5]}")


def drop_debug_records(path: Path) -> None:
    """Rewrites an archive without its debug records, which hold the path of this script on this machine."""
    reader = torch._C.PyTorchFileReader(str(path))
    records = {name: reader.get_record(name) for name in reader.get_all_records()}
    del reader
    partial = path.with_name(path.stem + ".rewritten")  # the archive's inner folder is named after the file
    writer = torch._C.PyTorchFileWriter(str(partial))
    for name, data in records.items():
        if not name.endswith(".debug_pkl") and name not in ("version", ".data/serialization_id"):
            writer.write_record(name, data, len(data))
    writer.write_end_of_file()
    partial.replace(path)


def clip_tensors(tensors: dict[str, Tensor]) -> tuple[dict[str, Tensor], int]:
    """The image encoder's tensors, and its resolution, read off their shapes."""
    visual = {name: value for name, value in tensors.items() if name.startswith("visual.")}
    visual = {name: value for name, value in visual.items() if not name.endswith("num_batches_tracked")}
    if "visual.proj" in visual and "visual.conv1.weight" in visual:
        grid = math.isqrt(visual["visual.positional_embedding"].shape[0] - 1)
        return visual, grid * visual["visual.conv1.weight"].shape[-1]
    if "visual.attnpool.positional_embedding" in visual:
        return visual, 32 * math.isqrt(visual["visual.attnpool.positional_embedding"].shape[0] - 1)
    raise SystemExit(
        "no CLIP image encoder: neither visual.proj with visual.conv1.weight nor visual.attnpool.positional_embedding"
    )


def gpt2_tensors(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """GPT-2's tensors as transformer.* and lm_head.weight; stored causal masks are left out."""
    if any(name.startswith("gpt.") for name in tensors):
        tensors = {name[len("gpt.") :]: value for name, value in tensors.items() if name.startswith("gpt.")}
    if "wte.weight" in tensors:
        tensors = {f"transformer.{name}": value for name, value in tensors.items()}
    mask = re.compile(r"\.attn\.(bias|masked_bias)$")
    kept = {name: value for name, value in tensors.items() if not mask.search(name)}
    if "transformer.wte.weight" not in kept:
        raise SystemExit("no GPT-2: transformer.wte.weight is missing")
    kept.setdefault("lm_head.weight", kept["transformer.wte.weight"])  # Hugging Face leaves the tied copy out
    if torch.equal(kept["lm_head.weight"], kept["transformer.wte.weight"]):
        kept["lm_head.weight"] = kept["transformer.wte.weight"]
    return {name: value for name, value in kept.items() if name.startswith(("transformer.", "lm_head."))}


def mapper_tensors(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under clip_project."""
    kept = {name: value for name, value in tensors.items() if name.startswith("clip_project.")}
    if not kept:
        raise SystemExit("no mapper: there is no tensor under clip_project.")
    return kept


def export_clip(tensors: dict[str, Tensor], path: Path, dtype: torch.dtype, quick_gelu: bool) -> None:
    """Writes clip.pt with its input_resolution and quick_gelu."""
    visual, resolution = clip_tensors(tensors)
    archive(visual, path, dtype, {"input_resolution": resolution, "quick_gelu": int(quick_gelu)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("clip", "gpt2", "mapper"))
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--dtype", choices=sorted(DTYPES), default="fp16")
    parser.add_argument("--activation", choices=("quick_gelu", "gelu"), help="clip only")
    args = parser.parse_args()
    tensors = read_tensors(args.input)
    if args.part == "clip":
        # OpenAI's files hold these sizes and use QuickGELU; a ResNet has no such activation.
        openai = "input_resolution" in tensors and "context_length" in tensors
        if args.activation is None and not openai and "visual.proj" in tensors:
            parser.error("the file does not tell its activation: add --activation quick_gelu or gelu")
        args.activation = args.activation or "quick_gelu"
        export_clip(tensors, args.output, DTYPES[args.dtype], args.activation == "quick_gelu")
    else:
        kept = gpt2_tensors(tensors) if args.part == "gpt2" else mapper_tensors(tensors)
        archive(kept, args.output, DTYPES[args.dtype])
    print(f"{args.output}: {args.output.stat().st_size} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
