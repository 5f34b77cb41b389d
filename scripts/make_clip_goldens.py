"""Tiny image encoders of random weights as the libraries themselves write them, and what they make of two pictures:
tests/data/clip. Run it with torch, transformers, open_clip_torch and safetensors (PyPI):

    python scripts/make_clip_goldens.py [--wide TEST]

Committed: Hugging Face's CLIPModel (in two parts, with their index) and CLIPVisionModelWithProjection, open_clip's ViT with exact
GELU and with QuickGELU as .bin and safetensors, in its older and newer (`text.`) names. With --wide it instead makes models with
heads of 80, 88 and 104 channels, of 30 MB each, and runs TEST (build/release/tests/test_model) on them."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import open_clip
import torch
import transformers
from safetensors.torch import save_file

OUT = Path(__file__).resolve().parent.parent / "tests" / "data" / "clip"
SIDE = 8  # pixels
WIDTH = 32  # of the embedding, as the tiny model's mapper takes it
MEAN, STD = [0.5, 0.4, 0.3], [0.3, 0.4, 0.5]


def pixels():
    return torch.randn(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


def shaken(model):
    """No weight is left at the 0 or 1 that it began with."""
    torch.manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model.eval()


def vision(activation):
    return {"hidden_size": 64, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 1, "image_size": SIDE, "patch_size": 4,
            "hidden_act": activation, "projection_dim": WIDTH}  # fmt: skip


def golden(folder, embedding):
    save_file({"pixels": pixels(), "embedding": embedding.detach().float().contiguous()}, folder / "goldens.safetensors")


def add_preprocessor(folder):
    size = {"shortest_edge": SIDE}
    transformers.CLIPImageProcessorPil(size=size, crop_size={"height": SIDE, "width": SIDE}, image_mean=MEAN, image_std=STD).save_pretrained(folder)


def hugging_face():
    text = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 1, "vocab_size": 10,
            "max_position_embeddings": 4}  # fmt: skip
    whole = shaken(transformers.CLIPModel(transformers.CLIPConfig(text_config=text, vision_config=vision("quick_gelu"), projection_dim=WIDTH)))
    whole.save_pretrained(OUT / "hugging_face_parts", max_shard_size="60KB")
    features = whole.get_image_features(pixel_values=pixels())
    golden(OUT / "hugging_face_parts", getattr(features, "pooler_output", features))
    add_preprocessor(OUT / "hugging_face_parts")
    half = shaken(transformers.CLIPVisionModelWithProjection(transformers.CLIPVisionConfig(**vision("gelu"))))
    half.save_pretrained(OUT / "hugging_face_vision")
    golden(OUT / "hugging_face_vision", half(pixel_values=pixels()).image_embeds)


def open_clip_model(width, head_width, quick_gelu, custom_text, layers=2, patch=4):
    model = {"embed_dim": WIDTH, "vision_cfg": {"image_size": SIDE, "layers": layers, "width": width, "head_width": head_width,
             "mlp_ratio": 0.5, "patch_size": patch}, "quick_gelu": quick_gelu,
             "text_cfg": {"context_length": 4, "vocab_size": 10, "width": 16, "heads": 1, "layers": 1}}  # fmt: skip
    config = {"model_cfg": dict(model), "preprocess_cfg": {"mean": MEAN, "std": STD}}
    kind = open_clip.CustomTextCLIP if custom_text else open_clip.CLIP
    return shaken(kind(**model)), config


def write_open_clip(folder, model, config):
    folder.mkdir(parents=True)
    state = {key: value.clone().contiguous() for key, value in model.state_dict().items()}
    torch.save(state, folder / "open_clip_pytorch_model.bin")
    save_file(state, folder / "open_clip_model.safetensors")
    (folder / "open_clip_config.json").write_text(json.dumps(config, indent=2) + "\n")
    golden(folder, model.encode_image(pixels()))


def open_clips():
    for name, quick_gelu, custom_text in [("open_clip_gelu", False, False), ("open_clip_quick_gelu", True, True)]:
        write_open_clip(OUT / name, *open_clip_model(64, 64, quick_gelu, custom_text))


def wide(test):
    with tempfile.TemporaryDirectory() as name:
        for width, head_width in [(1280, 80), (1408, 88), (1664, 104)]:
            write_open_clip(Path(name) / f"width_{width}", *open_clip_model(width, head_width, False, False, layers=1))
        return subprocess.run([test, "--gtest_filter=ClipGoldens.*"], env={**os.environ, "CAPTION_CLIP_GOLDENS": name}, check=False).returncode


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wide", metavar="TEST")
    arguments = parser.parse_args()
    if arguments.wide:
        sys.exit(wide(arguments.wide))
    shutil.rmtree(OUT, ignore_errors=True)
    hugging_face()
    open_clips()
