"""Captions that name any of ImageNet's classes: COCO's own with one thing in another's place, and a few of a pattern.

COCO's captions name some hundred things, over and over in the same company: what learns from them alone writes "zebras" for
sheep on grass. With any noun in any place that would suit its kind, only what the encoder saw can tell which it is.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

OF_PATTERN = 0.25  # share of captions of a pattern: with more the network says these of all that it does not know
FIRST = {"teddy", "stuffed", "fire", "parking", "hot", "cell", "tennis", "soccer", "wine", "coffee", "computer", "laptop", "desktop",
         "stop", "street", "decker", "passenger", "freight", "polar", "birthday", "flat", "screen", "remote", "clock", "kitchen",
         "dinner", "baseball", "sail", "cruise", "dump", "fighter", "mountain", "bath", "dining"}  # fmt: skip
LAST = {"station", "tracks", "track", "stop", "paper", "court", "player", "players", "control", "seat", "lot", "shop", "market",
        "bear", "bears", "tower", "machine", "stand", "of", "boards", "board", "ride", "rides"}  # fmt: skip
IRREGULAR = {"sheep": "sheep", "cattle": "cattle", "bus": "buses", "bench": "benches", "glass": "glasses", "dish": "dishes",
             "couch": "couches", "toothbrush": "toothbrushes", "sandwich": "sandwiches", "box": "boxes", "church": "churches",
             "luggage": "luggage", "scissors": "scissors", "dress": "dresses", "shoes": "shoes", "goose": "geese"}  # fmt: skip
PERSON = re.compile(r"\b(man|woman|person|boy|girl|child|kid|baby|lady|guy|player|skier|surfer|skateboarder|snowboarder|someone)\b")
PEOPLE = re.compile(r"\b(men|women|people|boys|girls|children|kids|players|skiers|surfers|crowd|family|(?:group|couple) of (?:young )?"
                    r"(?:people|men|women|kids|boys|girls|children))\b")
OUTDOORS = re.compile(r"\b(field|grass|grassy|street|road|beach|ocean|snow|sky|park|zoo|tree|trees|sidewalk|hill|slope|water|river|"
                      r"lake|outside|outdoors|city|mountain|forest|wave|yard)\b")
INDOORS = re.compile(r"\b(room|kitchen|bathroom|bedroom|bed|couch|sofa|desk|counter|floor|inside|indoors|office|restaurant|wall|"
                     r"laptop|tv|television|toilet|sink)\b")
PLAIN = "A photo of"
PLACED = ("people", "a person", "an animal", "a place")  # of which the place is told, too


@dataclass
class Noun:
    one: str
    many: str
    classes: list[int]
    kind: int


@dataclass
class Kind:
    what: str  # "an animal"
    hosts: list[str]
    patterns: list[str] = field(default_factory=list)


@dataclass
class Named:
    """A caption that names a class, and what else it says."""

    caption: str
    number: int  # the class
    rest: str
    what: str


def with_article(text: str, noun: str) -> str:
    """'An {noun}' -> 'A dog', wherever the article stands right before the noun"""
    article = "an" if noun[0] in "aeiou" else "a"
    text = re.sub(rf"\b[Aa]n? (?={re.escape(noun)}\b)", article + " ", text)
    return text[:1].upper() + text[1:]


class Nouns:
    def __init__(self, captions: list[str]) -> None:
        self.kinds: list[Kind] = []
        self.nouns: list[Noun] = []
        self._read()
        self.hosts: dict[str, list[int]] = defaultdict(list)  # a word, one or many -> its kinds
        for index, kind in enumerate(self.kinds):
            for word in kind.hosts:
                for form in (word, IRREGULAR.get(word, word + "s")):
                    self.hosts[form].append(index)
        self.many = {IRREGULAR.get(word, word + "s") for kind in self.kinds for word in kind.hosts} - {"sheep", "luggage", "scissors"}
        words = "|".join(sorted(self.hosts, key=len, reverse=True))
        self.pattern = re.compile(rf"(?<!pair of )\b((?:(?:{'|'.join(sorted(FIRST))}) )*?)({words})\b(?! (?:{'|'.join(sorted(LAST))})\b)")
        self.places: list[list[tuple[str, int, int, bool]]] = [[] for _ in self.kinds]
        for caption in captions:
            found = list(self.pattern.finditer(caption))
            for match in found:
                if sum(other[2] == match[2] for other in found) == 1:
                    for kind in dict.fromkeys(self.hosts[match[2]]):
                        self.places[kind].append((caption, match.start(), match.end(), match[2] in self.many))
        # A noun of many classes comes more often than one of a single class, but not as often as all of those.
        self.shares = [len(noun.classes) ** 0.5 for noun in self.nouns]

    def _read(self) -> None:
        for line in (Path(__file__).parent / "nouns.txt").read_text(encoding="utf-8").splitlines():
            if line.startswith("@"):
                what, hosts = line[2:].split("|")
                self.kinds.append(Kind(what.strip(), [word.replace("_", " ") for word in hosts.split()]))
            elif line.startswith("+"):
                self.kinds[-1].patterns.append(line[2:])
            elif line and not line.startswith("#"):
                noun, numbers = line.split(":")
                one, _, many = noun.partition("/")
                ranges = [tuple(map(int, part.split("-"))) for part in numbers.split()]
                classes = [number for part in ranges for number in range(part[0], part[-1] + 1)]
                self.nouns.append(Noun(one, many or one + "s", classes, len(self.kinds) - 1))

    def _said(self, caption: str) -> list[tuple[int, str]]:
        """-> where a caption names something first, and in few words what: people, a person, and things of a kind"""
        found = [(match.start(), what) for what, words in (("people", PEOPLE), ("a person", PERSON))
                 if (match := words.search(caption.lower()))]
        return found + [(match.start(), self.kinds[self.hosts[match[2]][0]].what) for match in self.pattern.finditer(caption.lower())]

    def plainly(self, captions: list[str]) -> str:
        """What most of a picture's captions begin with, in few words: 'A photo of an animal outdoors'."""
        text = " ".join(captions).lower()
        outdoors, indoors = len(OUTDOORS.findall(text)), len(INDOORS.findall(text))
        place = "outdoors" if outdoors > indoors else "indoors" if indoors > outdoors else ""
        first = Counter(min(said)[1] for caption in captions if (said := self._said(caption)))
        what = first.most_common(1)[0][0] if first else "a place" if place == "outdoors" else "a room"
        if what in PLACED:
            return f"{PLAIN} {what} {place}".strip()
        return f"{PLAIN} {what}"

    def is_right(self, plain: str, captions: list[str]) -> bool:
        """Whether two of a picture's captions speak of what a plain one says."""
        what = plain.removeprefix(PLAIN).strip(" .").removesuffix(" outdoors").removesuffix(" indoors")
        if what in ("a place", "a room"):
            return True
        same = {"people", "a person"} if what in ("people", "a person") else {what}
        return sum(any(kind in same for _, kind in self._said(caption)) for caption in captions) >= 2

    def draw(self, rng: random.Random) -> Named:
        noun = rng.choices(self.nouns, self.shares)[0]
        kind, number = self.kinds[noun.kind], rng.choice(noun.classes)
        places = self.places[noun.kind]
        if not places or rng.random() < OF_PATTERN:
            pattern = rng.choice(kind.patterns)
            text = pattern.replace("{x}", noun.one).replace("{xs}", noun.many)
            name = noun.many if "{xs}" in pattern else noun.one
            return Named(with_article(text, name), number, re.sub(r"\{xs?\}", "", pattern), kind.what)
        caption, begin, end, several = rng.choice(places)
        name = noun.many if several else noun.one
        text = caption[:begin] + name + caption[end:]
        return Named(with_article(text, name), number, caption[:begin] + caption[end:], kind.what)
