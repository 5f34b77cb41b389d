"""Tiny CLIPs of random weights as the libraries themselves write them, and what they make of pictures and texts:
tests/data/clip. Run it with torch, torchvision, transformers, open_clip_torch and safetensors (PyPI):

    python scripts/make_clip_goldens.py [--wide TEST | --full TEST]

Committed: Hugging Face's CLIPModel (in two parts, with their index) and CLIPVisionModelWithProjection, open_clip's ViT with exact
GELU and with QuickGELU as .bin and safetensors, in its older and newer (`text.`) names, and a TorchScript archive in fp16 as
OpenAI's. All but CLIPVisionModelWithProjection have their text side. With --wide it instead makes models with
heads of 80, 88 and 104 channels, of 30 MB each, and runs TEST (build/release/tests/test_model) on them; with --full, models
of the published sizes, of 2 GB.

A folder's goldens.safetensors: "pixels" and their "embedding"; "text_embedding" of the lines of texts.txt. clip.json: texts, and their
similarities (cosines) to the pictures of tests/data/parity/images, each prepared by torchvision; "prefixed" are the texts behind "A photo
depicts ", and "between" the similarities of the latter to each other. merges.txt: a tokenizer of eight merges."""

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
from PIL import Image
from safetensors.torch import save_file
from torchvision import transforms

import export_torchscript

DATA = Path(__file__).resolve().parent.parent / "tests" / "data"
OUT = DATA / "clip"
SIDE = 8  # pixels
WIDTH = 32  # of the embedding, as the tiny model's mapper takes it
MEAN, STD = [0.5, 0.4, 0.3], [0.3, 0.4, 0.5]
MERGES = ["i n", "t h", "th e</w>", "c a", "ca t</w>", "d o", "do g</w>", "o n</w>"]
VOCABULARY = 2 * 256 + len(MERGES) + 2
CONTEXT = 16
TEXTS = ["the cat", "A dog on the cat", "x", "", "CAT, cat!", "this text has many more letters than fit into so few positions", "caf\u00e9 <|endoftext|> dog"]
PROMPT = "A photo depicts "


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


def tokenizer():
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    tokens = [chr(b) for b in printable] + [chr(256 + i) for i in range(256 - len(printable))]
    pairs = [tuple(line.split(" ")) for line in MERGES]
    tokens += [token + "</w>" for token in tokens] + ["".join(pair) for pair in pairs] + ["<|startoftext|>", "<|endoftext|>"]
    return transformers.CLIPTokenizer(vocab={token: i for i, token in enumerate(tokens)}, merges=pairs)


def ids_of(texts):
    """[B, CONTEXT]; what stands behind a text's end is 0, as OpenAI's program fills it"""
    ids = [tokenizer()(text, truncation=True, max_length=CONTEXT).input_ids for text in texts]
    return torch.tensor([row + [0] * (CONTEXT - len(row)) for row in ids])


def cosines(a, b):
    return (torch.nn.functional.normalize(a.double(), dim=-1) @ torch.nn.functional.normalize(b.double(), dim=-1).T).tolist()


@torch.no_grad()
def golden(folder, of_pixels, of_ids=None, mean=MEAN, std=STD):
    """`of_pixels` [B, 3, SIDE, SIDE] and `of_ids` [B, CONTEXT] -> [B, WIDTH]"""
    tensors = {"pixels": pixels(), "embedding": of_pixels(pixels()).float().contiguous()}
    if of_ids is not None:
        tensors["text_embedding"] = of_ids(ids_of(TEXTS)).float().contiguous()
        (folder / "texts.txt").write_text("".join(text + "\n" for text in TEXTS), encoding="utf-8")
        (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *MERGES]) + "\n")
        prepare = transforms.Compose([transforms.Resize(SIDE, transforms.InterpolationMode.BICUBIC), transforms.CenterCrop(SIDE),
                                      transforms.ToTensor(), transforms.Normalize(mean, std)])  # fmt: skip
        names = sorted(file.name for file in (DATA / "parity" / "images").iterdir())
        pictures = of_pixels(torch.stack([prepare(Image.open(DATA / "parity" / "images" / name).convert("RGB")) for name in names]))
        prefixed = of_ids(ids_of([PROMPT + text for text in TEXTS]))
        (folder / "clip.json").write_text(json.dumps({
            "texts": TEXTS, "pictures": names, "similarities": cosines(pictures, tensors["text_embedding"]),
            "prefixed": cosines(pictures, prefixed), "between": cosines(prefixed, prefixed)}, indent=1) + "\n")  # fmt: skip
    save_file(tensors, folder / "goldens.safetensors")


def add_preprocessor(folder):
    size = {"shortest_edge": SIDE}
    transformers.CLIPImageProcessorPil(size=size, crop_size={"height": SIDE, "width": SIDE}, image_mean=MEAN, image_std=STD).save_pretrained(folder)


def hugging_face():
    text = {"hidden_size": 64, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 1, "vocab_size": VOCABULARY,
            "max_position_embeddings": CONTEXT, "hidden_act": "gelu", "bos_token_id": VOCABULARY - 2, "eos_token_id": VOCABULARY - 1,
            "pad_token_id": VOCABULARY - 1}  # fmt: skip
    whole = shaken(transformers.CLIPModel(transformers.CLIPConfig(text_config=text, vision_config=vision("quick_gelu"), projection_dim=WIDTH)))
    whole.save_pretrained(OUT / "hugging_face_parts", max_shard_size="150KB")
    tensor_of = lambda features: getattr(features, "pooler_output", features)  # noqa: E731
    golden(OUT / "hugging_face_parts", lambda of: tensor_of(whole.get_image_features(pixel_values=of)),
           lambda of: tensor_of(whole.get_text_features(input_ids=of)))  # fmt: skip
    add_preprocessor(OUT / "hugging_face_parts")
    half = shaken(transformers.CLIPVisionModelWithProjection(transformers.CLIPVisionConfig(**vision("gelu"))))
    half.save_pretrained(OUT / "hugging_face_vision")
    golden(OUT / "hugging_face_vision", lambda of: half(pixel_values=of).image_embeds)


def open_clip_model(width, head_width, quick_gelu, custom_text, layers=2, patch=4, ratio=0.5, text_width=64, text_layers=2):
    model = {"embed_dim": WIDTH, "vision_cfg": {"image_size": SIDE, "layers": layers, "width": width, "head_width": head_width,
             "mlp_ratio": ratio, "patch_size": patch}, "quick_gelu": quick_gelu,
             "text_cfg": {"context_length": CONTEXT, "vocab_size": VOCABULARY, "width": text_width, "heads": text_width // 64,
                          "layers": text_layers, "mlp_ratio": ratio}}  # fmt: skip
    config = {"model_cfg": dict(model), "preprocess_cfg": {"mean": MEAN, "std": STD}}
    kind = open_clip.CustomTextCLIP if custom_text else open_clip.CLIP
    return shaken(kind(**model)), config


def write_open_clip(folder, model, config):
    folder.mkdir(parents=True)
    state = {key: value.clone().contiguous() for key, value in model.state_dict().items()}
    torch.save(state, folder / "open_clip_pytorch_model.bin")
    save_file(state, folder / "open_clip_model.safetensors")
    (folder / "open_clip_config.json").write_text(json.dumps(config, indent=2) + "\n")
    golden(folder, model.encode_image, model.encode_text)


def open_clips():
    for name, quick_gelu, custom_text in [("open_clip_gelu", False, False), ("open_clip_quick_gelu", True, True)]:
        write_open_clip(OUT / name, *open_clip_model(64, 64, quick_gelu, custom_text))


def openai():
    """The names and whole numbers of OpenAI's archive, matrices in fp16."""
    model, _ = open_clip_model(64, 64, True, False)
    state = {key: value.half().float() if value.ndim > 1 else value for key, value in model.state_dict().items()}
    model.load_state_dict(state)
    (OUT / "openai").mkdir()
    state.pop("attn_mask", None)
    export_torchscript.archive(state, OUT / "openai" / "clip.pt", torch.float16,
                               {"input_resolution": SIDE, "context_length": CONTEXT, "vocab_size": VOCABULARY})  # fmt: skip
    standard = transformers.CLIPImageProcessorPil()
    golden(OUT / "openai", model.encode_image, model.encode_text, standard.image_mean, standard.image_std)


def wide(test):
    with tempfile.TemporaryDirectory() as name:
        for width, head_width in [(1280, 80), (1408, 88), (1664, 104)]:
            write_open_clip(Path(name) / f"width_{width}", *open_clip_model(width, head_width, False, False, layers=1))
        return subprocess.run([test, "--gtest_filter=ClipGoldens.*"], env={**os.environ, "CAPTION_CLIP_GOLDENS": name}, check=False).returncode


def full(test):
    """CLIPs of the published sizes: ViT-B/32, and the text side of ViT-L/14 beside two of its image blocks."""
    global SIDE, WIDTH, MERGES, VOCABULARY, CONTEXT
    SIDE, CONTEXT = 224, 77
    MERGES = (DATA.parent.parent / "models/clip/merges.txt").read_text(encoding="utf-8").splitlines()[1:]
    VOCABULARY = 2 * 256 + len(MERGES) + 2
    TEXTS.extend(line["caption"] for line in map(json.loads, (DATA / "eval/captions.jsonl").read_text().splitlines()[:40]))
    with tempfile.TemporaryDirectory() as name:
        for model, WIDTH, sizes in [("ViT-B-32", 512, (768, 12, 32, 512)), ("ViT-L-14", 768, (1024, 2, 14, 768))]:  # noqa: B020
            width, layers, patch, text_width = sizes
            write_open_clip(Path(name) / model, *open_clip_model(width, 64, True, False, layers, patch, 4.0, text_width, 12))
        return subprocess.run([test, "--gtest_filter=ClipGoldens.*Libraries"], env={**os.environ, "CAPTION_CLIP_GOLDENS": name}, check=False).returncode


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wide", metavar="TEST")
    parser.add_argument("--full", metavar="TEST")
    arguments = parser.parse_args()
    if arguments.wide:
        sys.exit(wide(arguments.wide))
    if arguments.full:
        sys.exit(full(arguments.full))
    shutil.rmtree(OUT, ignore_errors=True)
    hugging_face()
    open_clips()
    openai()
