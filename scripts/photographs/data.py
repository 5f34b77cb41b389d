"""Captions and pictures of COCO, from its own folder or from the smaller one that has pairs.jsonl."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

VALIDATION = 40  # pictures that training never sees


@dataclass
class Picture:
    """A picture of COCO with its captions; `file` is None where only the captions are at hand."""

    image_id: int
    license: int
    captions: list[str]
    file: Path | None = None


@dataclass
class Data:
    text: list[Picture]  # captions alone
    pairs: list[Picture]  # with pictures, to train on
    validation: list[Picture]  # with pictures, never trained on, not even their captions
    licenses: dict[int, str] = field(default_factory=dict)


def tidy(caption: str) -> str:
    """'  a dog, sitting .' -> 'A dog, sitting': sentence case, single spaces, no full stop at the end."""
    text = re.sub(r"\s+", " ", caption.replace('"', "")).strip().rstrip(". ")
    text = re.sub(r" ([,.])", r"\1", text)
    return text[:1].upper() + text[1:]


def _rank(picture: Picture) -> str:
    """A fixed order that has nothing to do with what is in the pictures."""
    return hashlib.sha256(str(picture.image_id).encode()).hexdigest()


def _read_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _read_small(folder: Path) -> tuple[list[Picture], list[Picture], dict[int, str]]:
    pairs = [Picture(row["image_id"], row["license"], row["captions"], folder / "images" / row["file"])
             for row in _read_lines(folder / "pairs.jsonl")]
    text = [Picture(row["image_id"], row["license"], row["captions"]) for row in _read_lines(folder / "captions_val2017.jsonl")]
    licenses = {row["id"]: row["url"] for row in json.loads((folder / "licenses.json").read_text(encoding="utf-8"))}
    return text, pairs, licenses


def _read_coco(folder: Path) -> tuple[list[Picture], list[Picture], dict[int, str]]:
    pictures: dict[int, Picture] = {}
    licenses: dict[int, str] = {}
    for path in sorted((folder / "annotations").glob("captions_*.json")):
        part = json.loads(path.read_text(encoding="utf-8"))
        licenses |= {row["id"]: row["url"] for row in part["licenses"]}
        images = folder / path.stem.removeprefix("captions_")
        for row in part["images"]:
            file = images / row["file_name"]
            pictures[row["id"]] = Picture(row["id"], row["license"], [], file if file.exists() else None)
        for row in part["annotations"]:
            pictures[row["image_id"]].captions.append(row["caption"])
    return list(pictures.values()), [p for p in pictures.values() if p.file], licenses


def load(folder: Path, allowed: set[int] | None = None) -> Data:
    """`allowed`: licences of pictures to train on, all if None; captions are COCO's own, under CC BY 4.0."""
    text, pairs, licenses = _read_small(folder) if (folder / "pairs.jsonl").exists() else _read_coco(folder)
    for picture in (*text, *pairs):
        picture.captions = [caption for caption in map(tidy, picture.captions) if len(caption.split()) > 3]
    pairs.sort(key=_rank)
    validation, training = pairs[:VALIDATION], pairs[VALIDATION:]
    kept_back = {picture.image_id for picture in validation}
    return Data(
        text=[picture for picture in text if picture.image_id not in kept_back],
        pairs=[picture for picture in training if allowed is None or picture.license in allowed],
        validation=validation,
        licenses=licenses,
    )
