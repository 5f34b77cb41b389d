"""What people would write below a scene: several phrasings of the same content."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backgrounds import PLACES
from data import Concept

NUMBERS = ["zero", "one", "two", "three", "four"]


@dataclass
class Thing:
    """One group of equal objects of a scene: how many, of which concept, in which colour, how large."""

    concept: int
    colour: str | None
    count: int
    size: str | None = None  # "small" or "big", of a thing that is alone in the picture


def _article(words: str) -> str:
    return "an" if words[0] in "aeiou" and not words.startswith(("uni", "uku")) else "a"


def phrase(concept: Concept, thing: Thing) -> str:
    """'a red balloon', 'two owls', 'a small key'."""
    adjectives = "".join(f"{word} " for word in (thing.size, thing.colour) if word)
    if thing.count > 1:
        return f"{NUMBERS[thing.count]} {adjectives}{concept.plural}"
    words = adjectives + concept.noun
    return f"{_article(words)} {words}"


def write(concepts: list[Concept], things: list[Thing], place: str, stacked: bool, rng: np.random.Generator) -> str:
    """One of the usual ways to say it, with a full stop. Things stand left to right, or `stacked`: top to bottom."""
    phrases = [phrase(concepts[thing.concept], thing) for thing in things]
    draw = rng.random()
    if len(phrases) == 1:
        text = phrases[0]
    elif len(phrases) == 2 and stacked:
        text = f"{phrases[0]} above {phrases[1]}"
    elif len(phrases) == 2 and draw < 0.6:
        text = f"{phrases[0]} next to {phrases[1]}"
    elif len(phrases) == 2 and draw < 0.7 and things[0].count == things[1].count == 1:
        text = f"{phrases[0]} to the left of {phrases[1]}"
    else:
        text = f"{', '.join(phrases[:-1])} and {phrases[-1]}"
    where = "" if place == "white" and rng.random() < 0.6 else f" {PLACES[place]}"
    draw = rng.random()
    if draw < 0.06:
        text = f"there {'is' if things[0].count == 1 else 'are'} {text}"
    elif draw < 0.12:
        text = f"a picture of {text}"
    return f"{text[0].upper()}{text[1:]}{where}."
