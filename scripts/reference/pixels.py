"""Image file -> normalised pixels, with Pillow's resize and torchvision's rounding."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor


def upright_rgb(image: Image.Image) -> Image.Image:
    """Turned as EXIF says, transparency on white. An ordinary RGB photo without EXIF stays as it is."""
    image = ImageOps.exif_transpose(image)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def resize_and_crop(image: Image.Image, resolution: int) -> Image.Image:
    """Short side to `resolution`, then the centre square: torchvision's Resize and CenterCrop on a Pillow image."""
    width, height = image.size
    if width <= height:
        size = (resolution, int(resolution * height / width))
    else:
        size = (int(resolution * width / height), resolution)
    # Columns first, then rows, each rounded to 8 bits: Pillow before 13.0, with which CLIP was published, always did it
    # so; 13.0 swaps the passes for tall images, which changes a few values.
    image = image.resize((size[0], image.height), Image.Resampling.BICUBIC).resize(size, Image.Resampling.BICUBIC)
    left = int(round((size[0] - resolution) / 2.0))
    top = int(round((size[1] - resolution) / 2.0))
    return image.crop((left, top, left + resolution, top + resolution))


def load_pixels(path, resolution: int, mean: list[float], std: list[float]) -> Tensor:
    """-> [3, R, R] fp32"""
    with Image.open(path) as image:
        square = resize_and_crop(upright_rgb(image), resolution)
    values = torch.from_numpy(np.array(square)).permute(2, 0, 1)  # [3, R, R] uint8
    pixels = values.contiguous().to(torch.float32).div(255)
    return (pixels - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
