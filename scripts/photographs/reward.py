"""CIDEr as a reward: how much a caption shares with those that people wrote of the picture (Vedantam et al. 2015)."""

from __future__ import annotations

import math
import re
from collections import Counter

LONGEST = 4  # words of an n-gram
END = "<end>"  # counts as a word, so that a caption that breaks off shares less

Vector = dict[tuple[str, ...], float]


def _words(caption: str) -> list[str]:
    return [*re.findall(r"[a-z0-9']+", caption.lower()), END]


def _counts(caption: str) -> list[Counter[tuple[str, ...]]]:
    words = _words(caption)
    return [Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1)) for n in range(1, LONGEST + 1)]


class Cider:
    """CIDEr-D with its length penalty; n-grams are weighed by how few of the pictures' captions have them."""

    def __init__(self, pictures: list[list[str]]) -> None:
        self.pictures = len(pictures)
        self.having: Counter[tuple[str, ...]] = Counter()
        for captions in pictures:
            self.having.update({gram for caption in captions for counts in _counts(caption) for gram in counts})
        self.known: dict[str, list[tuple[Vector, float]]] = {}

    def _vectors(self, caption: str) -> list[tuple[Vector, float]]:
        """For each length of n-grams, their weights and the Euclidean length of all."""
        vectors = []
        for counts in _counts(caption):
            vector = {gram: count * math.log(self.pictures / max(1, self.having[gram])) for gram, count in counts.items()}
            vectors.append((vector, math.sqrt(sum(value * value for value in vector.values()))))
        return vectors

    def _reference(self, caption: str) -> list[tuple[Vector, float]]:
        if caption not in self.known:
            self.known[caption] = self._vectors(caption)
        return self.known[caption]

    def __call__(self, caption: str, references: list[str]) -> float:
        ours, length, total = self._vectors(caption), len(_words(caption)), 0.0
        for reference in references:
            apart = length - len(_words(reference))
            alike = 0.0
            for (vector, size), (other, other_size) in zip(ours, self._reference(reference)):
                shared = sum(min(value, other[gram]) * other[gram] for gram, value in vector.items() if gram in other)
                alike += shared / (size * other_size) if size and other_size else 0.0
            total += alike / LONGEST * math.exp(-apart * apart / 72)
        return 10 * total / len(references)
