"""Tiny SigLIPs of random weights as the libraries themselves write them, and what they make of pictures: tests/data/siglip. Run it
with torch, transformers, open_clip_torch, timm, Pillow and safetensors (PyPI):

    python scripts/make_siglip_goldens.py [--full TEST]

Committed: transformers' SiglipModel, with its text side and pictures resized by the bicubic filter, whose patches leave two pixels
over; SiglipVisionModel alone, by the bilinear one, as SigLIP 2 has it; and open_clip's, whose image encoder is timm's, with exact
GELU. With --full it instead makes models of the published sizes, B/16 at 224 by transformers, So400m/14 at 384 (four of its 27
blocks) and ViT-B-16-SigLIP by open_clip, of 2.5 GB in all, and runs TEST (build/release/tests/test_model) on them.

A folder's goldens.safetensors: "pixels" [2, 3, R, R] and their "embedding"; "of_pictures", the embeddings of tests/data/parity/images
in the order of their names, each prepared by the library's own processor."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import open_clip
import timm
import torch
import transformers
from PIL import Image
from safetensors.torch import save_file

DATA = Path(__file__).resolve().parent.parent / "tests" / "data"
OUT = DATA / "siglip"
IMAGES = sorted((DATA / "parity" / "images").iterdir())
TINY = {"hidden_size": 64, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 1, "image_size": 18, "patch_size": 4}
SO400M = {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 4, "num_attention_heads": 16, "image_size": 384, "patch_size": 14}
MEAN, STD = [0.5, 0.4, 0.6], [0.5, 0.25, 0.5]


def shaken(model, by=0.1):
    """No weight is left at the 0 or 1 that it began with."""
    torch.manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(by * torch.randn_like(parameter))
    return model.eval()


@torch.no_grad()
def golden(folder, side, of_pixels, prepare):
    """`of_pixels` [B, 3, side, side] -> [B, D]; `prepare`: a picture -> [3, side, side]"""
    pixels = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))
    pictures = torch.stack([prepare(Image.open(file).convert("RGB")) for file in IMAGES])
    tensors = {"pixels": pixels, "embedding": of_pixels(pixels), "of_pictures": of_pixels(pictures)}
    save_file({name: tensor.float().contiguous() for name, tensor in tensors.items()}, folder / "goldens.safetensors")


def by_transformers(folder, model, vision, resample):
    model.save_pretrained(folder)
    side = vision.config.image_size
    processor = transformers.SiglipImageProcessorPil(size={"height": side, "width": side}, resample=resample, image_mean=MEAN, image_std=STD)
    processor.save_pretrained(folder)
    golden(folder, side, lambda of: vision(pixel_values=of).pooler_output, lambda picture: processor(picture, return_tensors="pt").pixel_values[0])


def whole_model(vision, text_width=64, by=0.1):
    text = {"hidden_size": text_width, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 1, "vocab_size": 40,
            "max_position_embeddings": 8, "projection_size": text_width, "bos_token_id": 1, "eos_token_id": 2}  # fmt: skip
    return shaken(transformers.SiglipModel(transformers.SiglipConfig(vision_config=vision, text_config=text)), by)


def open_clips_folder(folder, state, config):
    folder.mkdir(parents=True)
    state = {name: tensor.clone().contiguous() for name, tensor in state.items()}
    save_file(state, folder / "open_clip_model.safetensors")
    (folder / "open_clip_config.json").write_text(json.dumps(config, indent=2) + "\n")


def squash(side):
    return open_clip.image_transform(side, is_train=False, mean=MEAN, std=STD, interpolation="bicubic", resize_mode="squash")


def open_clip_config(name, side):
    return {"model_cfg": {"embed_dim": 64, "custom_text": True, "init_logit_bias": -10,
                          "vision_cfg": {"image_size": side, "timm_model_name": name, "timm_pool": "map", "timm_proj": "none"},
                          "text_cfg": {"context_length": 8, "width": 64, "heads": 1, "no_causal_mask": True, "pool_type": "last"}},
            "preprocess_cfg": {"mean": MEAN, "std": STD, "interpolation": "bicubic", "resize_mode": "squash"}}  # fmt: skip


def tiny():
    model = whole_model(TINY)
    by_transformers(OUT / "transformers", model, model.vision_model, Image.BICUBIC)
    vision = shaken(transformers.SiglipVisionModel(transformers.SiglipVisionConfig(**TINY)))
    by_transformers(OUT / "transformers_vision", vision, vision, Image.BILINEAR)
    name = "vit_base_patch16_siglip_224"
    trunk = shaken(timm.create_model(name, embed_dim=64, depth=2, num_heads=1, mlp_ratio=0.75, patch_size=4, img_size=16, num_classes=0))
    state = {f"visual.trunk.{key}": value for key, value in trunk.state_dict().items()}
    state |= {"logit_scale": torch.zeros(()), "logit_bias": torch.zeros(()), "text.positional_embedding": torch.zeros(8, 64)}
    open_clips_folder(OUT / "open_clip", state, open_clip_config(name, 16))
    golden(OUT / "open_clip", 16, trunk, squash(16))


def full(test):
    with tempfile.TemporaryDirectory() as folder:
        base = whole_model({}, by=0.01)
        by_transformers(Path(folder) / "base", base, base.vision_model, Image.BICUBIC)
        large = whole_model(SO400M, by=0.01)
        by_transformers(Path(folder) / "so400m", large, large.vision_model, Image.BILINEAR)
        model = shaken(open_clip.create_model("ViT-B-16-SigLIP", pretrained=None), by=0.01)
        config = open_clip_config("vit_base_patch16_siglip_224", 224)
        open_clips_folder(Path(folder) / "open_clip", model.state_dict(), config)
        golden(Path(folder) / "open_clip", 224, model.encode_image, squash(224))
        return subprocess.run([test, "--gtest_filter=SiglipGoldens.*"], env={**os.environ, "CAPTION_SIGLIP_GOLDENS": folder}, check=False).returncode


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", metavar="TEST")
    arguments = parser.parse_args()
    if arguments.full:
        sys.exit(full(arguments.full))
    shutil.rmtree(OUT, ignore_errors=True)
    tiny()
