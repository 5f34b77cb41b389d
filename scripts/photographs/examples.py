"""Training examples: what an encoder may have seen, beside the tokens of a caption."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np
import sentencepiece
import torch

from data import Picture
from encoder import CLASSES, FEATURES, FeatureScale, View, directions, root_mix
from lexicon import Lexicon, words_of
from nouns import PLAIN, Nouns

FEATURE_NOISE = 0.3
MOST_TOKENS = 24
TOGETHER = 8  # batches
CONFUSION = 0.12  # the larger, the more classes a class is taken for
NAMED = 0.4  # share of captions without pictures in which any of ImageNet's things has taken another's place
BORROWED_FEATURE = 0.6  # share of made-up mixes that come with a feature of no telling picture
PAIR_FEATURE = 0.6  # share of pairs with their feature: the whole of it is learnt by heart
PLAINLY = 0.06  # share of examples that say in few words what kind of picture it is
ALL_CAPTIONS = 0.5  # share of examples whose classes come from all captions of the picture: it shows more than one tells


@dataclass
class Batch:
    mix: torch.Tensor  # [B, CLASSES], as the program gives it
    feature: torch.Tensor  # [B, FEATURES], standardised
    has_feature: torch.Tensor  # [B, 1]
    tokens: torch.Tensor  # [B, T], zeros behind the stop token
    weights: torch.Tensor  # [B, T], 1 where there is a token


@dataclass
class Row:
    """One example before it becomes a row of a batch's matrices: shares of a made-up mix and of real views of pictures."""

    caption: str
    classes: list[np.ndarray] = field(default_factory=list)  # drawn for the caption's words
    class_shares: list[np.ndarray] = field(default_factory=list)
    others: np.ndarray | None = None  # drawn for whatever else is there
    other_shares: np.ndarray | None = None
    made_up: float = 0.0  # share of the classes and the others in the whole
    keep: float = 0.0  # share of the classes in those two
    blur: float = 0.0
    views: list[tuple[int, float]] = field(default_factory=list)  # real views and their shares
    feature: list[tuple[int, float]] = field(default_factory=list)  # none: the example has no feature


class Examples:
    """Draws from captions without pictures and from pairs, always the same for a seed."""

    def __init__(self, text: list[Picture], pairs: list[tuple[Picture, list[View]]], lexicon: Lexicon, nouns: Nouns, scale: FeatureScale,
                 tokenizer: sentencepiece.SentencePieceProcessor, classifier: torch.Tensor, seed: int) -> None:
        self.rng, self.numbers = random.Random(seed), np.random.default_rng(seed)
        self.lexicon, self.nouns, self.tokenizer = lexicon, nouns, tokenizer
        self.pictures = [picture for picture, _ in pairs]
        self.mixes = torch.stack([view.mix for _, views in pairs for view in views])
        self.features = torch.stack([scale(view.feature) for _, views in pairs for view in views])
        ends = np.cumsum([len(views) for _, views in pairs]).tolist()
        self.views_of = [range(end - len(views), end) for end, (_, views) in zip(ends, pairs)]
        rows = directions(classifier)
        self.taken_for = (rows @ rows.T / CONFUSION).softmax(1)  # what the network sees beside a class
        self.waiting: list[Batch] = []
        self.sources = {word: [self._sparse(mix) for mix in mixes] for word, mixes in lexicon.sources.items()}
        self.text = [(picture, caption) for picture in text for caption in picture.captions if self._known(caption)]
        self.said = {picture.image_id: Counter(word for caption in picture.captions for word in set(self._known(caption)))
                     for picture in text}
        self.neighbours = self._neighbours()
        self.plainly = {picture.image_id: nouns.plainly(picture.captions) for picture in (*text, *self.pictures)}

    @staticmethod
    def _sparse(mix: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
        """-> the classes of a distribution, and their cumulated shares"""
        classes = mix.nonzero()[:, 0].numpy()
        shares = mix[classes].double().cumsum(0).numpy()
        return classes, shares / shares[-1]

    def _known(self, caption: str) -> list[str]:
        return [word for word in words_of(caption) if word in self.sources]

    def _neighbours(self) -> list[list[tuple[int, float]]]:
        """For each caption, the pairs that share most of its words, with how much."""
        having: dict[str, set[int]] = defaultdict(set)
        for index, picture in enumerate(self.pictures):
            for caption in picture.captions:
                for word in words_of(caption):
                    having[word].add(index)
        result = []
        for _, caption in self.text:
            shared: dict[int, float] = defaultdict(float)
            for word in set(words_of(caption)):
                for index in having[word]:
                    shared[index] += math.log(len(self.pictures) / len(having[word])) + 0.1
            best = sorted(shared.items(), key=lambda item: (-item[1], item[0]))[:4]
            result.append([(index, value) for index, value in best if value > 2.5])
        return result

    def _shares(self, count: int, spread: float) -> np.ndarray:
        """Random shares that add up to 1: the smaller the spread, the less alike."""
        drawn = self.numbers.standard_gamma(spread, count) + 1e-9
        return drawn / drawn.sum()

    def _view(self) -> int:
        return self.rng.choice(self.rng.choice(self.views_of))

    def _make_up(self, row: Row, words: list[str], share: float, named: int | None = None) -> None:
        """The classes of a picture with such words, and of the `named` class, among others that it shows or that the network
        imagines."""
        left = 1.0
        if named is not None:
            left = self.rng.uniform(0.0, 0.5) if words else 0.0
            row.classes.append(np.array([named]))
            row.class_shares.append(np.array([1 - left]))
        weights = self._shares(len(words), 0.7) * [self.lexicon.weight.get(word, 1.0) for word in words]
        for word, weight in zip(words, left * weights / weights.sum() if words else weights):
            classes, cumulated = self.rng.choice(self.sources[word])
            count = self.rng.choice((1, 2, 3, 4, 6))
            row.classes.append(classes[np.searchsorted(cumulated, self.numbers.random(count))])
            row.class_shares.append(self._shares(count, 0.6) * weight)
        row.blur, row.keep, row.made_up = self.rng.uniform(0.3, 0.9), self.rng.betavariate(3, 2.5), share
        if named is not None:  # the picture of a single thing
            row.blur, row.keep = self.rng.uniform(0.1, 0.7), self.rng.betavariate(4, 2)
        count = self.rng.randint(5, 40)
        row.others, row.other_shares = self.numbers.integers(0, CLASSES, count), self._shares(count, 0.6)
        if self.rng.random() < 0.7:
            real = self.rng.uniform(0.3, 1)
            row.other_shares = row.other_shares * (1 - real)
            for part in self._shares(3, 1.0):
                row.views.append((self._view(), share * (1 - row.keep) * real * float(part)))
        if self.rng.random() < BORROWED_FEATURE:
            row.feature.append((self._view(), 1.0))

    def _said_of(self, picture: Picture, caption: str) -> str:
        return self.plainly[picture.image_id] if self.rng.random() < PLAINLY else caption

    def _of_noun(self) -> Row:
        named = self.nouns.draw(self.rng)
        row = Row(f"{PLAIN} {named.what}" if self.rng.random() < PLAINLY else named.caption)
        words = [word for word in self._known(named.rest) if self.rng.random() < 0.8]
        self._make_up(row, words, 1.0, named.number)
        return row

    def _of_text(self, near: float) -> Row:
        if self.rng.random() < NAMED:
            return self._of_noun()
        index = self.rng.randrange(len(self.text))
        picture, caption = self.text[index]
        row = Row(self._said_of(picture, caption))
        if self.rng.random() < ALL_CAPTIONS:
            said = self.said[picture.image_id]
            words = [word for word, count in said.items() if self.rng.random() > 0.55**count] or [max(said, key=said.__getitem__)]
        else:
            known = self._known(caption)
            words = [word for word in known if self.rng.random() < 0.8] or [self.rng.choice(known)]
        neighbours = self.neighbours[index]
        if not neighbours or self.rng.random() > near:
            self._make_up(row, words, 1.0)
            return row
        pair, _ = self.rng.choices(neighbours, [value**2 for _, value in neighbours])[0]
        view, share = self.rng.choice(self.views_of[pair]), self.rng.uniform(0.3, 1)
        self._make_up(row, words, share)
        row.views.append((view, 1 - share))
        row.feature = [(view, 1.0)]
        return row

    def _of_pair(self) -> Row:
        index = self.rng.randrange(len(self.pictures))
        picture = self.pictures[index]
        row = Row(self._said_of(picture, self.rng.choice(picture.captions)))
        row.views.append((self.rng.choice(self.views_of[index]), 1.0))
        if self.rng.random() < 0.3:  # a little of another picture
            share = 0.25 * self.rng.random()
            row.views = [(row.views[0][0], 1 - share), (self._view(), share)]
        if self.rng.random() < PAIR_FEATURE:
            row.feature = list(row.views)
        return row

    def tokens(self, caption: str) -> list[int]:
        stop = self.tokenizer.piece_to_id(".")
        return self.tokenizer.encode(caption)[: MOST_TOKENS - 1] + [stop]

    def batch(self, size: int, pairs: float, near: float) -> Batch:
        """`pairs`: share of examples with their own picture; `near`: of the others, share with a similar picture's. Batches
        are drawn several at a time, so that each has captions of like length."""
        if not self.waiting:
            rows = [self._of_pair() if self.rng.random() < pairs else self._of_text(near) for _ in range(size * TOGETHER)]
            rows.sort(key=lambda row: len(row.caption.split()))
            self.waiting = [self._collate(rows[i : i + size]) for i in range(0, len(rows), size)]
            self.rng.shuffle(self.waiting)
        return self.waiting.pop()

    def _mix(self, rows: list[Row]) -> torch.Tensor:
        """-> [B, CLASSES], distributions"""
        ours, others = np.zeros((len(rows), CLASSES), np.float32), np.zeros((len(rows), CLASSES), np.float32)
        for i, row in enumerate(rows):
            if row.others is not None:
                np.add.at(ours[i], np.concatenate(row.classes), np.concatenate(row.class_shares))
                np.add.at(others[i], row.others, row.other_shares)
        blur, keep, made_up = (torch.tensor([[getattr(row, name)] for row in rows]) for name in ("blur", "keep", "made_up"))
        seen, imagined = torch.from_numpy(ours), torch.from_numpy(others)
        seen, spread = (1 - blur) * keep * seen, (blur * keep * seen + (1 - keep) * imagined) @ self.taken_for
        return made_up * (seen + spread) + self._blend(self.mixes, [row.views for row in rows])

    @staticmethod
    def _blend(values: torch.Tensor, shares: list[list[tuple[int, float]]]) -> torch.Tensor:
        result = torch.zeros(len(shares), values.shape[1])
        for i, parts in enumerate(shares):
            for view, share in parts:
                result[i] += share * values[view]
        return result

    def _collate(self, rows: list[Row]) -> Batch:
        size = len(rows)
        coded = [self.tokens(row.caption) for row in rows]
        length = max(map(len, coded))
        tokens, weights = torch.zeros(size, length, dtype=torch.long), torch.zeros(size, length)
        for i, ids in enumerate(coded):
            tokens[i, : len(ids)] = torch.tensor(ids)
            weights[i, : len(ids)] = 1
        has_feature = torch.tensor([[float(bool(row.feature))] for row in rows])
        noise = torch.from_numpy(self.numbers.standard_normal((size, FEATURES), np.float32)) * FEATURE_NOISE / math.sqrt(FEATURES)
        return Batch(
            mix=root_mix(self._mix(rows)),
            feature=(self._blend(self.features, [row.feature for row in rows]) + noise) * has_feature,
            has_feature=has_feature,
            tokens=tokens,
            weights=weights,
        )
