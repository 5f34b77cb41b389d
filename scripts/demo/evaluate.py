#!/usr/bin/env python3
"""The demo model's figures: composes two sets of scenes that training never saw, captions them with the real program,
and prints how often the captions are right, as Markdown.

  combinations   drawings that training knows, in a combination (thing with colour, place or other thing) held out of it
  files          things that training knows, in drawings held out of it

`scripts/eval_demo` fetches what this needs and runs it.
"""

from __future__ import annotations

import argparse
import json
import pickle
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np

import data
from captions import NUMBERS, Thing
from backgrounds import PLACES
from scenes import Scene, SceneMaker

PICTURE_SIZES = ((480, 360), (400, 400), (512, 360), (360, 480))  # width, height
PHRASINGS = 5  # references of a scene


class Reader:
    """Finds the concepts that a caption names; longer nouns win ("palm tree" is no "tree")."""

    def __init__(self, concepts: list[data.Concept]):
        self.index = {word: i for i, c in enumerate(concepts) for word in (c.noun, c.plural)}
        words = sorted(self.index, key=len, reverse=True)
        self.pattern = re.compile(r"\b(" + "|".join(map(re.escape, words)) + r")\b")

    def concepts(self, caption: str) -> list[int]:
        """The concepts in the order of the words."""
        return [self.index[word] for word in self.pattern.findall(caption.lower())]


def makers(cache: Path) -> tuple[SceneMaker, SceneMaker]:
    """Scenes of the drawings to train on, and of those held out, from what `prepare` collected."""
    with open(cache / "sprites.pkl", "rb") as file:
        concepts, sprites, backgrounds = pickle.load(file)
    held = data.is_held_out(sprites)
    return SceneMaker(concepts, sprites, ~held, backgrounds), SceneMaker(concepts, sprites, held, backgrounds)


def test_sets(cache: Path, seed: int, count: int) -> dict[str, tuple[SceneMaker, list[tuple[Scene, list[str]]]]]:
    """The two sets: scenes with their references."""
    sets = {}
    for number, (name, maker) in enumerate(zip(("combinations", "files"), makers(cache))):
        rows = []
        for i in range(count):
            rng = np.random.default_rng([seed, 1 << 21, number, i])
            size = PICTURE_SIZES[int(rng.integers(len(PICTURE_SIZES)))]
            scene = maker.make(rng, size, held_out_pairs=name == "combinations")
            rows.append((scene, [maker.caption(scene, rng) for _ in range(PHRASINGS)]))
        sets[name] = (maker, rows)
    return sets


def captions_of(scenes: list[Scene], folder: Path, command: list[str]) -> list[str]:
    """Writes the scenes as PNG files and captions them with the program."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{i:05d}.png" for i in range(len(scenes))]
    for path, scene in zip(paths, scenes):
        scene.image.save(path, compress_level=1)
    listing = "\n".join(map(str, paths)) + "\n"
    run = subprocess.run([*command, "--json", "--quiet", "--files-from", "-"], input=listing, capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {run.returncode}: {run.stderr.strip()}")
    return [json.loads(line)["caption"] for line in run.stdout.splitlines()]


def cider(references: list[list[str]], captions: list[str]) -> float:
    """CIDEr-D of pycocoevalcap; words are lower case, without punctuation."""
    from pycocoevalcap.cider.cider import Cider

    plain = lambda text: " ".join(re.findall(r"[a-z0-9-]+", text.lower()))
    gts = {i: [plain(text) for text in texts] for i, texts in enumerate(references)}
    return float(Cider().compute_score(gts, {i: [plain(text)] for i, text in enumerate(captions)})[0])


def says_count(concept: data.Concept, thing: Thing, text: str) -> bool:
    return bool(re.search(rf"\b{NUMBERS[thing.count]} (\w+ )?{re.escape(concept.plural)}\b", text))


def says_colour(concept: data.Concept, thing: Thing, text: str) -> bool:
    return f"{thing.colour} {concept.plural if thing.count > 1 else concept.noun}" in text


def says_place(place: str, text: str) -> bool:
    return PLACES[place] in text or (place == "white" and not any(words in text for words in PLACES.values()))


def figures(maker: SceneMaker, rows: list[tuple[Scene, list[str]]], captions: list[str]) -> dict[str, str]:
    """The table's column for one set."""
    reader, concepts = Reader(maker.concepts), maker.concepts
    marks: dict[str, list[bool]] = {}
    add: Callable[[str, bool], None] = lambda name, value: marks.setdefault(name, []).append(bool(value))
    for (scene, _), caption in zip(rows, captions):
        text, found = caption.lower(), reader.concepts(caption)
        hits = [thing.concept in found for thing in scene.things]
        details = [says_place(scene.place, text)]
        add("place right", details[0])
        for thing, hit in zip(scene.things, hits):
            concept = concepts[thing.concept]
            add("things named", hit)
            add(f"things named, {NUMBERS[len(scene.layout)]} in the picture", hit)
            source = maker.sprites[scene.sprites[scene.objects().index(thing)]].source
            add("things named, clip art and stamps" if source in ("openclipart", "stamps") else "things named, emoji", hit)
            if hit and thing.colour:
                details.append(says_colour(concept, thing, text))
                add("colour right, of the tinted things named", details[-1])
            if hit and thing.count > 1:
                details.append(says_count(concept, thing, text))
                add("number right, of the groups named", details[-1])
        add("head noun right", found[:1] == [scene.things[0].concept])
        add("scenes with every thing named", all(hits))
        add("scenes with every thing named and no other", all(hits) and set(found) == {t.concept for t in scene.things})
        add("all right: things, numbers, colours, place", all(hits) and len(set(found)) == len(hits) and all(details))
    column = {name: f"{100 * np.mean(values):.1f} %" for name, values in marks.items()}
    return column | {"CIDEr": f"{cider([texts for _, texts in rows], captions):.2f}"}


ROWS = (
    "CIDEr",
    "things named",
    "things named, one in the picture",
    "things named, two in the picture",
    "things named, three in the picture",
    "things named, four in the picture",
    "things named, clip art and stamps",
    "things named, emoji",
    "head noun right",
    "scenes with every thing named",
    "scenes with every thing named and no other",
    "number right, of the groups named",
    "colour right, of the tinted things named",
    "place right",
    "all right: things, numbers, colours, place",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="folder that `train_demo.py prepare` filled")
    parser.add_argument("--binary", type=Path, default=Path("build/release/bin/caption"))
    parser.add_argument("--model", type=Path, default=Path("models/demo"))
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--count", type=int, default=1000, help="scenes in each set")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=0, help="print so many captions of each set")
    args = parser.parse_args()
    command = [str(args.binary), "--model", str(args.model), "--beam", str(args.beam), "--precision", args.precision]
    columns = {}
    for name, (maker, rows) in test_sets(args.cache, args.seed, args.count).items():
        captions = captions_of([scene for scene, _ in rows], args.cache / f"test-{name}", command)
        columns[name] = figures(maker, rows, captions)
        for (_, references), caption in list(zip(rows, captions))[: args.examples]:
            print(f"{name}\t{references[0]}\t{caption}")
    print(f"| {args.count} scenes each, beam {args.beam} | " + " | ".join(columns) + " |")
    print("| --- |" + " --- |" * len(columns))
    for row in ROWS:
        print(f"| {row} | " + " | ".join(column.get(row, "-") for column in columns.values()) + " |")


if __name__ == "__main__":
    main()
