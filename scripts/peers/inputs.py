"""Where the peers' files are, and the images that all engines see."""

from __future__ import annotations

from pathlib import Path

IMAGE_TYPES = (".jpg", ".jpeg", ".png")
MODEL = "vit-mlp-gpt2"  # of make_full_size.py


class Files:
    """Below the folder of the weights."""

    def __init__(self, folder: Path):
        self.bundle = folder / MODEL  # what we read: published formats
        self.clip = folder / "clip"  # Hugging Face's format
        self.mapper = folder / "mapper.pt"  # a state_dict
        self.gpt2 = folder / "gpt2"  # Hugging Face's format
        self.pixels = folder / "pixels.npy"  # [images, 3, R, R] fp32
        self.prefixes = folder / "prefixes.npy"  # [images, P, E] fp32, by transformers in fp32
        self.onnx = {"fp32": folder / "encoder.onnx", "int8": folder / "encoder-int8.onnx"}
        self.openvino = folder / "encoder.xml"
        self.ctranslate2 = {"fp32": folder / "ctranslate2-fp32", "int8": folder / "ctranslate2-int8"}
        self.gguf = {precision: folder / f"gpt2-{precision}.gguf" for precision in ("fp32", "bf16", "int8")}
        self.failed = folder / "failed.json"  # engine -> why its files could not be written
        self.stamp = folder / "made-from"


def list_images(folders: list[Path]) -> list[Path]:
    found = [path for folder in folders for path in sorted(folder.iterdir()) if path.suffix.lower() in IMAGE_TYPES]
    if not found:
        raise ValueError(f"no image in {', '.join(map(str, folders))}")
    return found


def fill(count: int, available: int) -> list[int]:
    """Which image each place of a batch has: one after the other, from the first again when there are no more."""
    return [place % available for place in range(count)]
