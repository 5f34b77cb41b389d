"""Captions pictures with the real program and compares what it says with people's captions."""

from __future__ import annotations

import contextlib
import io
import json
import math
import re
import subprocess
from pathlib import Path

from data import Picture
from nouns import Nouns

GOOD = 20  # a picture's CIDEr, from which its caption names the main thing at least in part
OFTEN = 1 / 2
FEWEST = 4  # captions that a threshold must be judged by
PEOPLE = re.compile(
    r"\b(man|men|woman|women|person|people|boy|girl|child|children|kid|baby|lady|guy|player|skier|surfer)s?\b", re.I)


def captions_of(files: list[Path], command: list[str], unsure: str = "keep") -> list[dict]:
    """The program's records, one for each file; `unsure` as its --unsure."""
    listing = "\n".join(map(str, files)) + "\n"
    run = subprocess.run([*command, "--json", "--quiet", "--unsure", unsure, "--files-from", "-"], input=listing, capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {run.returncode}: {run.stderr.strip()}")
    return [json.loads(line) for line in run.stdout.splitlines()]


def scores(references: list[list[str]], captions: list[str]) -> tuple[dict[str, float], list[float]]:
    """CIDEr and BLEU-4 in per cent, of pycocoevalcap, with its own tokenisation (which needs Java); and each picture's CIDEr."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        tokenizer = PTBTokenizer()
        known = tokenizer.tokenize({i: [{"caption": text} for text in texts] for i, texts in enumerate(references)})
        given = tokenizer.tokenize({i: [{"caption": text}] for i, text in enumerate(captions)})
        cider, each = Cider().compute_score(known, given)
        bleu = Bleu(4).compute_score(known, given)[0][3]
    return {"CIDEr": round(100 * float(cider), 1), "BLEU-4": round(100 * float(bleu), 1)}, [100 * float(value) for value in each]


def shows_people(picture: Picture) -> bool:
    return sum(bool(PEOPLE.search(caption)) for caption in picture.captions) >= 2


def confidence(logprobs: list[float], each: list[float]) -> dict[str, float | None]:
    """How well the mean log-probability tells good captions from bad ones, and where half are bad.

    `separation`: how often a good caption has more than a bad one. `unsure below`: the highest value below which at least
    OFTEN of the captions are bad, or None if there is no such value.
    """
    good = [logprob for logprob, cider in zip(logprobs, each) if cider >= GOOD]
    bad = [logprob for logprob, cider in zip(logprobs, each) if cider < GOOD]
    wins = sum((a > b) + 0.5 * (a == b) for a in good for b in bad)
    below = None
    for value in sorted(logprobs)[FEWEST:]:
        bad_below = sum(logprob < value for logprob in bad)
        if bad_below >= OFTEN * sum(logprob < value for logprob in logprobs):
            below = math.floor(1000 * value) / 1000
    separation = round(wins / max(1, len(good) * len(bad)), 2)
    return {"good": len(good), "bad": len(bad), "separation": separation, "unsure below": below}


def figures(pictures: list[Picture], command: list[str]) -> tuple[dict, list[dict]]:
    """Scores, how often people are told rightly (there, or not), what confidence is worth, and the records."""
    records = captions_of([picture.file for picture in pictures if picture.file], command)
    captions = [record["caption"] for record in records]
    there = [shows_people(picture) for picture in pictures]
    said = [bool(PEOPLE.search(caption)) for caption in captions]
    found, each = scores([picture.captions for picture in pictures], captions)
    found["people found"] = round(100 * sum(a and b for a, b in zip(there, said)) / max(1, sum(there)), 1)
    found["people imagined"] = round(100 * sum(b and not a for a, b in zip(there, said)) / max(1, len(there) - sum(there)), 1)
    found["confidence"] = confidence([record["mean_logprob"] for record in records], each)
    for record, cider in zip(records, each):
        record["CIDEr"] = cider
    return found, records


def plain(pictures: list[Picture], command: list[str], nouns: Nouns) -> dict[str, int]:
    """How many captions are unsure, and of how many the plain one is right."""
    records = captions_of([picture.file for picture in pictures if picture.file], command, "plain")
    unsure = [(record["caption"], picture) for record, picture in zip(records, pictures) if "guess" in record]
    return {"unsure": len(unsure), "plain and right": sum(nouns.is_right(text, picture.captions) for text, picture in unsure)}
