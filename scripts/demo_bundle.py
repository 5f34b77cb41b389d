"""Writes the demo bundle, makes its example pictures, and measures what the exported archives say."""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import demo_data
import export_torchscript
from demo_model import Captioner, Sizes
from demo_scenes import COLOURS, NUMBERS, PLACES, Scene, SceneMaker

WEIGHTS = ("clip.pt", "prefix.pt", "gpt2.pt")
DESCRIPTION = "A small model trained from scratch on composed clip-art scenes; names simple drawn things, not photographs"
ORIGIN = (
    "Trained from scratch by scripts/train_demo.py on scenes composed of openclipart, Tux Paint stamps, Noto Emoji, "
    "Twemoji and OpenMoji pictures; see README.md beside this file"
)
LICENSE = "MIT for the weights, as for the program; the licences of the training pictures are in README.md beside this file"
PICTURE_SIZES = ((480, 360), (400, 400), (512, 360), (360, 480))


def write(args: argparse.Namespace) -> None:
    """Exports the checkpoint into args.out: three archives, the tokenizer, model.json."""
    from train_demo import MEAN, STD

    import sentencepiece

    state = torch.load(args.cache / f"{args.name}.pt", weights_only=False)
    sizes, tensors = Sizes(**state["sizes"]), state["model"]
    args.out.mkdir(parents=True, exist_ok=True)
    half = torch.float16
    export_torchscript.export_clip(tensors, args.out / "clip.pt", half, quick_gelu=True)
    export_torchscript.archive(export_torchscript.mapper_tensors(tensors), args.out / "prefix.pt", half)
    export_torchscript.archive(export_torchscript.gpt2_tensors(tensors), args.out / "gpt2.pt", half)
    shutil.copyfile(args.cache / "tokenizer.model", args.out / "tokenizer.model")
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(args.out / "tokenizer.model"))
    files = []
    for name in (*WEIGHTS, "tokenizer.model"):
        data = (args.out / name).read_bytes()
        files.append({"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
    model = {
        "format": 1,
        "name": "demo",
        "description": DESCRIPTION,
        "image": {"resolution": sizes.resolution, "mean": list(MEAN), "std": list(STD)},
        "encoder": {
            "file": "clip.pt", "kind": sizes.kind, "embedding": sizes.embedding, "activation": "quick_gelu",
        },
        "mapper": {"file": "prefix.pt", "kind": "mlp", "prefix_length": sizes.prefix, "normalize": False},
        "language_model": {
            "file": "gpt2.pt", "width": sizes.width, "layers": sizes.layers,
            "vocabulary": sizes.vocabulary, "context": sizes.context,
        },
        "tokenizer": {"kind": "sentencepiece", "files": {"model": "tokenizer.model"}},
        "stop": {"token": tokenizer.piece_to_id("."), "max_tokens": 67},
        "files": files,
        "origin": ORIGIN,
        "license": LICENSE,
    }  # fmt: skip
    (args.out / "model.json").write_text(json.dumps(model, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"step {state['step']}:", ", ".join(f"{f['name']} {f['bytes']}" for f in files))


class Bundle:
    """The exported files, read back: pictures -> captions."""

    def __init__(self, folder: Path):
        import sentencepiece

        self.json = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        for entry in self.json["files"]:
            if hashlib.sha256((folder / entry["name"]).read_bytes()).hexdigest() != entry["sha256"]:
                raise SystemExit(f"{folder / entry['name']}: not the file that model.json lists")
        tensors = {}
        for name in WEIGHTS:
            prefix = "gpt." if name == "gpt2.pt" else ""
            tensors |= {prefix + k: v.float() for k, v in torch.jit.load(str(folder / name)).state_dict().items()}
        language = self.json["language_model"]
        sizes = Sizes(kind=self.json["encoder"]["kind"], resolution=self.json["image"]["resolution"],
                      embedding=self.json["encoder"]["embedding"], prefix=self.json["mapper"]["prefix_length"],
                      width=language["width"], layers=language["layers"], context=language["context"],
                      vocabulary=language["vocabulary"])  # fmt: skip
        if sizes.kind == "resnet":
            sizes.resnet_width = tensors["visual.layer1.0.conv1.weight"].shape[0]
            sizes.resnet_blocks = tuple(
                1 + max(int(k.split(".")[2]) for k in tensors if k.startswith(f"visual.layer{i}.")) for i in range(1, 5)
            )
        else:
            sizes.vit_width, _, _, sizes.vit_patch = tensors["visual.conv1.weight"].shape
            sizes.vit_layers = sum(k.endswith("in_proj_weight") for k in tensors)
        self.model = Captioner(sizes).eval()
        missing, unknown = self.model.load_state_dict(tensors, strict=False)
        missing = [name for name in missing if not name.endswith("num_batches_tracked")]
        if missing or unknown:
            raise SystemExit(f"{folder}: missing {missing[:3]}, unknown {unknown[:3]}")
        self.tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))

    def preprocess(self, image: Image.Image) -> torch.Tensor:
        """[3, R, R]: on white where transparent, short side to R with Pillow's bicubic, centre, normalised."""
        if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        image = image.convert("RGB")
        r, (width, height) = self.json["image"]["resolution"], image.size
        short = min(width, height)
        size = (int(r * width / short), int(r * height / short))
        image = image.resize(size, Image.Resampling.BICUBIC)
        left, top = round((size[0] - r) / 2), round((size[1] - r) / 2)
        pixels = np.asarray(image.crop((left, top, left + r, top + r)), dtype=np.float32) / 255
        pixels = (pixels - np.asarray(self.json["image"]["mean"])) / np.asarray(self.json["image"]["std"])
        return torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)

    @torch.no_grad()
    def captions(self, images: list[Image.Image], batch: int = 64) -> list[str]:
        """The greedy caption of each picture."""
        texts = []
        for start in range(0, len(images), batch):
            pixels = torch.stack([self.preprocess(image) for image in images[start : start + batch]])
            rows = self.model.greedy(self.model.visual(pixels), self.json["stop"]["token"])
            texts += [self.tokenizer.decode(row) for row in rows]
        return texts


class Reader:
    """Finds the concepts that a caption names; longer nouns win ("pine tree" is no "tree")."""

    def __init__(self, concepts: list[demo_data.Concept]):
        self.index = {word: i for i, c in enumerate(concepts) for word in (c.noun, c.plural)}
        words = sorted(self.index, key=len, reverse=True)
        self.pattern = re.compile(r"\b(" + "|".join(map(re.escape, words)) + r")\b")

    def concepts(self, caption: str) -> set[int]:
        return {self.index[word] for word in self.pattern.findall(caption.lower())}


def measure(bundle: Bundle, concepts: list[demo_data.Concept], scenes: list[Scene]) -> dict[str, float]:
    """Percentages over scenes: objects named, first object named, place, colours, counts, all of it."""
    reader = Reader(concepts)
    texts = bundle.captions([scene.image for scene in scenes])
    named, alone, colours, counts, places, whole = [], [], [], [], [], []
    for scene, text in zip(scenes, texts):
        found = reader.concepts(text)
        hits = [thing.concept in found for thing in scene.things]
        named += hits
        if len(scene.things) == 1 and scene.things[0].count == 1:
            alone += hits
        where = PLACES[scene.place] in text or (scene.place == "white" and not any(p in text for p in PLACES.values()))
        places.append(where)
        right = where and len(found) == len(scene.things) and all(hits)
        for thing, hit in zip(scene.things, hits):
            concept = concepts[thing.concept]
            noun = concept.noun if thing.count == 1 else concept.plural
            if thing.colour and hit:
                colours.append(f"{thing.colour} {noun}" in text.lower())
                right = right and colours[-1]
            if thing.count > 1 and hit:
                counts.append(bool(re.search(rf"\b{NUMBERS[thing.count]} (\w+ )?{re.escape(noun)}", text.lower())))
                right = right and counts[-1]
        whole.append(right)
    percent = lambda values: round(100 * float(np.mean(values)), 1) if values else float("nan")
    return {"scenes": len(scenes), "objects named": percent(named), "objects named, one in the picture": percent(alone),
            "colour": percent(colours), "number": percent(counts), "place": percent(places), "all right": percent(whole)}  # fmt: skip


def test_scenes(cache: Path, seed: int, count: int) -> tuple[list[demo_data.Concept], dict[str, list[Scene]]]:
    """The two test sets: held-out pairs of known pictures, and known things in picture files never seen."""
    from train_demo import load_sprites

    concepts, sprites = load_sprites(cache)
    held = demo_data.is_held_out(sprites)
    sets: dict[str, list[Scene]] = {"unseen pairs": [], "unseen picture files": []}
    makers = {"unseen pairs": SceneMaker(concepts, sprites, ~held), "unseen picture files": SceneMaker(concepts, sprites, held)}
    for number, (name, maker) in enumerate(makers.items()):
        for i in range(count):
            rng = np.random.default_rng([seed, 1 << 21, number, i])
            size = PICTURE_SIZES[int(rng.integers(len(PICTURE_SIZES)))]
            sets[name].append(maker.make(rng, size, held_out_pairs=name == "unseen pairs"))
    return concepts, sets


def evaluate(args: argparse.Namespace) -> None:
    """Prints the captions of the example pictures and the figures of both test sets."""
    torch.set_num_threads(args.threads)
    bundle = Bundle(args.out)
    paths = sorted(p for p in (args.out / "pictures").glob("*") if p.suffix in (".png", ".jpg"))
    for path, text in zip(paths, bundle.captions([Image.open(p) for p in paths])):
        print(f"{path.name}\t{text}")
    concepts, sets = test_scenes(args.cache, args.seed, 1000)
    for name, scenes in sets.items():
        print(name, json.dumps(measure(bundle, concepts, scenes)))


def pictures(args: argparse.Namespace) -> None:
    """Writes ten example pictures: public-domain files never trained on, of those that the model gets right."""
    from train_demo import load_sprites

    bundle = Bundle(args.out)
    concepts, sprites = load_sprites(args.cache)
    free = demo_data.is_held_out(sprites) & np.asarray([s.source == "openclipart" for s in sprites])
    maker = SceneMaker(concepts, sprites, free)
    folder = args.out / "pictures"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    wanted = [(1, 5), (2, 4), (3, 1)]  # (objects, pictures)
    used: set[int] = set()
    seen_places: set[str] = set()
    rows = []
    for total, number in wanted:
        share = tuple(float(total == k) for k in (1, 2, 3))
        for i in range(4000):
            if number == 0:
                break
            rng = np.random.default_rng([args.seed, 1 << 22, total, i])
            scene = maker.make(rng, PICTURE_SIZES[int(rng.integers(len(PICTURE_SIZES)))], sizes=share)
            ids = {thing.concept for thing in scene.things}
            if ids & used or scene.place in seen_places or scene.place in COLOURS and i % 3:
                continue
            if bundle.captions([scene.image])[0].replace(" and ", " next to ") != scene.caption.replace(" and ", " next to "):
                continue
            used |= ids
            seen_places.add(scene.place)
            number -= 1
            name = "-".join(concepts[thing.concept].noun.replace(" ", "-") for thing in scene.things) + ".jpg"
            scene.image.save(folder / name, quality=88)
            files = ", ".join(f"`{sprites[j].file}`" for t in scene.things for j in maker.by_concept[t.concept])
            rows.append(f"| {name} | {files} |")
    (folder / "LICENSES.md").write_text(HEAD + "\n".join(sorted(rows)) + "\n", encoding="utf-8")


HEAD = """# Where these pictures come from

Each was composed by `scripts/train_demo.py pictures` of cut-outs from the Open Clip Art Library (Debian package
openclipart-png 1:0.18+dfsg-19, whose files were dedicated to the public domain by their authors) before a background
that the script draws. The compositions are dedicated to the public domain too (CC0-1.0). Cut-outs may be tinted,
mirrored, turned and scaled. The model never saw these clip-art files in training; out of many such scenes,
these are ones that it captions correctly.

| picture | clip art (path in /usr/share/openclipart/png) |
| --- | --- |
"""
