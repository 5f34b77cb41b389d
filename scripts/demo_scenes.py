"""Captioned scenes: one to three cut-outs before a background, with a caption as people write it.

Everything follows from a seed. Some pairs of thing x colour and thing x place are held out of training
(`pair_is_held_out`), and so is one picture file of most concepts (`demo_data.is_held_out`).
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageFilter

from demo_data import Concept, Sprite

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 32, 36),
    "orange": (242, 136, 24),
    "yellow": (246, 216, 36),
    "green": (44, 158, 62),
    "blue": (40, 92, 214),
    "purple": (134, 56, 176),
    "pink": (246, 140, 186),
    "brown": (128, 80, 44),
    "black": (34, 34, 38),
    "white": (246, 246, 246),
}
TINTS = [name for name in COLOURS if name not in ("white", "brown")]
PLACES: dict[str, str] = {
    "grass": "on the grass",
    "sky": "in the sky",
    "beach": "on the beach",
    "snow": "in the snow",
    "bricks": "in front of a brick wall",
    "wood": "on a wooden table",
    "night": "at night",
    "water": "in the water",
    "sunset": "at sunset",
    "tiles": "on a checkered floor",
} | {name: f"on a{'n' if name[0] in 'aeiou' else ''} {name} background" for name in COLOURS}
TEXTURES = [name for name in PLACES if name not in COLOURS]
NUMBERS = ["zero", "one", "two", "three"]
_POOL = 16  # backgrounds of each texture
_POOL_SIZE = 512


@dataclass
class Thing:
    """What one group of equal objects of a scene is: how many, of which concept, in which colour."""

    concept: int
    colour: str | None
    count: int


@dataclass
class Scene:
    """One scene: the pixels, the caption, and what is in it."""

    image: Image.Image
    caption: str
    things: list[Thing]
    place: str


def pair_is_held_out(noun: str, attribute: str) -> bool:
    """Whether training never shows the noun with this colour or place (about one pair in twelve)."""
    return zlib.crc32(f"{noun}|{attribute}".encode()) % 12 == 0


def _noise(rng: np.random.Generator, cells: int, size: int) -> np.ndarray:
    """[size, size] smooth noise in 0..1 with about `cells` blobs a side."""
    coarse = rng.integers(0, 256, (cells, cells), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC), dtype=np.float32) / 255


def _blend(low: tuple, high: tuple, amount: np.ndarray) -> np.ndarray:
    """[h, w, 3] colours between two, by amount [h, w] in 0..1."""
    return np.asarray(low, np.float32) + (np.asarray(high, np.float32) - np.asarray(low, np.float32)) * amount[..., None]


def _texture(kind: str, rng: np.random.Generator) -> Image.Image:
    """A procedural background of _POOL_SIZE square pixels."""
    n = _POOL_SIZE
    fine, mid, big = _noise(rng, 170, n), _noise(rng, 30, n), _noise(rng, 5, n)
    rise = np.linspace(0, 1, n, dtype=np.float32)[:, None] * np.ones((1, n), np.float32)
    jitter = tuple(int(v) for v in rng.integers(-18, 19, 3))
    if kind in ("grass", "beach", "snow"):
        low, high = {
            "grass": ((30, 100, 20), (120, 190, 70)),
            "beach": ((205, 175, 110), (245, 225, 170)),
            "snow": ((205, 215, 230), (252, 253, 255)),
        }[kind]
        ground = _blend(low, high, 0.5 * fine + 0.3 * mid + 0.2 * big)
        sky = _blend((110, 170, 235), (215, 232, 250), rise * 1.2 + 0.2 * (big - 0.5))
        if kind == "beach":  # a strip of sea below the sky
            sky = np.where(rise[..., None] > 0.22, _blend((20, 110, 170), (60, 160, 200), mid), sky)
        horizon = rng.choice([0.0, rng.uniform(0.28, 0.5)], p=[0.3, 0.7]) + 0.03 * (big - 0.5)
        pixels = np.where((rise > horizon)[..., None], ground, sky)
    elif kind == "sky":
        clouds = np.clip((0.7 * big + 0.3 * mid - 0.5) * 4, 0, 1)
        pixels = _blend((70, 140, 225), (165, 205, 245), rise)
        pixels += (250 - pixels) * (clouds * rng.uniform(0.4, 1))[..., None]
    elif kind == "water":
        waves = 0.5 + 0.5 * np.sin(rise * rng.uniform(50, 110) + 8 * mid + 5 * big)
        pixels = _blend((15, 85, 140), (80, 185, 215), 0.6 * waves + 0.4 * mid)
    elif kind == "sunset":
        pixels = _blend((90, 40, 110), (255, 150, 60), np.clip(rise * 1.3 + 0.15 * (mid - 0.5), 0, 1))
        pixels = np.where((rise > rng.uniform(0.75, 0.9))[..., None], _blend((40, 20, 40), (90, 45, 50), mid), pixels)
    elif kind == "night":
        pixels = _blend((6, 8, 30), (35, 40, 90), 0.6 * rise + 0.4 * big)
        stars = rng.random((n // 2, n // 2)) > 0.996
        pixels[np.kron(stars, np.ones((2, 2), bool))] = (240, 240, 215)
    elif kind == "wood":
        grain = 0.5 + 0.5 * np.sin(rise * rng.uniform(60, 130) + 10 * np.repeat(_noise(rng, 6, n)[:, :1], n, 1) + 4 * big)
        pixels = _blend((110, 66, 30), (196, 140, 84), 0.6 * grain + 0.4 * fine)
        pixels[(np.arange(n) % int(rng.integers(90, 150))) < 3] *= 0.6
    elif kind == "bricks":
        height, width = int(rng.integers(26, 44)), int(rng.integers(60, 96))
        y, x = np.mgrid[0:n, 0:n]
        mortar = (y % height < 4) | ((x + (y // height % 2) * width // 2) % width < 4)
        pixels = np.where(mortar[..., None], (196, 188, 178), _blend((120, 46, 34), (190, 88, 64), 0.5 * fine + 0.5 * mid))
    else:  # tiles
        side = int(rng.integers(44, 84))
        y, x = np.mgrid[0:n, 0:n]
        pair = ((235, 235, 230), (60, 60, 66)) if rng.random() < 0.5 else ((240, 236, 224), (178, 60, 56))
        pixels = np.where(((y // side + x // side) % 2 == 0)[..., None], *(np.asarray(c, np.float32) for c in pair))
        pixels = pixels + 14 * (mid - 0.5)[..., None]
    return Image.fromarray(np.clip(pixels + jitter, 0, 255).astype(np.uint8))


@lru_cache(maxsize=None)
def _texture_pool(kind: str) -> list[Image.Image]:
    """The backgrounds of one kind; always the same ones."""
    return [_texture(kind, np.random.default_rng([zlib.crc32(kind.encode()), i])) for i in range(_POOL)]


def _background(place: str, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """An RGB picture of (width, height) `size` for a place."""
    width, height = size
    if place in COLOURS:
        colour = np.asarray(COLOURS[place], np.float32) + rng.integers(-14, 15, 3)
        if rng.random() < 0.5 or place == "white":
            return Image.new("RGB", size, tuple(int(v) for v in np.clip(colour, 0, 255)))
        ramp = np.linspace(rng.uniform(0.75, 1), rng.uniform(1, 1.15), height, dtype=np.float32)[:, None, None]
        pixels = np.clip(colour * ramp * np.ones((1, width, 1), np.float32), 0, 255).astype(np.uint8)
        return Image.fromarray(pixels)
    picture = _texture_pool(place)[int(rng.integers(_POOL))]
    if rng.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    zoom = rng.uniform(0.6, 1.0)
    wide = _POOL_SIZE * zoom * min(1, width / height)
    tall = _POOL_SIZE * zoom * min(1, height / width)
    left, top = rng.uniform(0, _POOL_SIZE - wide), rng.uniform(0, 0.5) * (_POOL_SIZE - tall)
    return picture.resize(size, Image.Resampling.BILINEAR, box=(left, top, left + wide, top + tall))


def tint(pixels: np.ndarray, colour: str) -> np.ndarray:
    """[h, w, 4] -> the same shape, every opaque part in shades of one colour."""
    light = pixels[..., :3].astype(np.float32) @ np.asarray([0.3, 0.59, 0.11], np.float32) / 255
    inside = light[pixels[..., 3] > 128]
    low, high = np.percentile(inside, [5, 80])
    light = np.clip((light - low) / max(high - low, 0.1), 0, 1.25)[..., None]
    base = np.asarray(COLOURS[colour], np.float32)
    shaded = base * np.minimum(0.35 + 0.65 * light, 1) + (255 - base) * np.clip(light - 1, 0, 1) * 1.2
    return np.dstack([np.clip(shaded, 0, 255).astype(np.uint8), pixels[..., 3]])


class SceneMaker:
    """Makes scenes out of concepts and those of their sprites that `usable` [n] bool admits."""

    def __init__(self, concepts: list[Concept], sprites: list[Sprite], usable: np.ndarray):
        self.concepts = concepts
        self.sprites = sprites
        self.by_concept: dict[int, list[int]] = {}
        for position, sprite in enumerate(sprites):
            if usable[position]:
                self.by_concept.setdefault(sprite.concept, []).append(position)
        self.known = sorted(self.by_concept)
        self._cut_out = lru_cache(maxsize=8000)(self._make_cut_out)

    def _make_cut_out(self, sprite: int, colour: str | None) -> Image.Image:
        pixels = self.sprites[sprite].pixels
        return Image.fromarray(tint(pixels, colour) if colour else pixels)

    def plan(self, rng: np.random.Generator, held_out_pairs: bool, sizes=(0.5, 0.32, 0.18)) -> tuple[list[Thing], str]:
        """What is in a scene. With held_out_pairs at least one pair is a held-out one, else none is."""
        while True:
            total = 1 + int(rng.choice(3, p=sizes))
            counts = {1: [[1]], 2: [[2], [1, 1], [1, 1]], 3: [[3], [2, 1], [1, 1, 1]]}[total]
            counts = counts[int(rng.integers(len(counts)))]
            picks = rng.choice(self.known, len(counts), replace=False)
            things = []
            for concept, count in zip(picks, counts):
                colour = TINTS[int(rng.integers(len(TINTS)))] if self.concepts[concept].tintable else None
                things.append(Thing(int(concept), colour, count))
            names = TEXTURES if rng.random() < 0.65 else list(COLOURS)
            place = names[int(rng.integers(len(names)))]
            if any(thing.colour == place for thing in things):
                continue
            pairs = [(self.concepts[t.concept].noun, a) for t in things for a in (t.colour, place) if a]
            if any(pair_is_held_out(*pair) for pair in pairs) == held_out_pairs:
                return things, place

    def _phrase(self, thing: Thing) -> str:
        """'a red balloon', 'two owls'."""
        concept = self.concepts[thing.concept]
        colour = f"{thing.colour} " if thing.colour else ""
        if thing.count > 1:
            return f"{NUMBERS[thing.count]} {colour}{concept.plural}"
        words = colour + concept.noun
        return f"{'an' if words[0] in 'aeiou' and not words.startswith(('uni', 'uku')) else 'a'} {words}"

    def caption(self, things: list[Thing], place: str, rng: np.random.Generator) -> str:
        """One of the usual ways to say it, with a full stop."""
        phrases = [self._phrase(thing) for thing in things]
        if len(phrases) == 2 and things[0].count == things[1].count == 1 and rng.random() < 0.6:
            text = f"{phrases[0]} next to {phrases[1]}"
        elif len(phrases) > 1:
            text = f"{', '.join(phrases[:-1])} and {phrases[-1]}"
        else:
            text = phrases[0]
        where = "" if place == "white" and rng.random() < 0.6 else f" {PLACES[place]}"
        if rng.random() < 0.08:
            verb = "is" if things[0].count == 1 else "are"
            return f"There {verb} {text}{where}."
        return f"{text[0].upper()}{text[1:]}{where}."

    def _layout(self, total: int, rng: np.random.Generator) -> list[tuple[float, float, float]]:
        """(centre x, centre y, side) of each object in parts of the square, from left to right."""
        j = lambda amount: float(rng.uniform(-amount, amount))
        if total == 1:
            side = float(rng.uniform(0.5, 0.92))
            slack = (1 - side) / 2 + 0.04
            return [(0.5 + j(slack), 0.5 + j(slack), side)]
        if total == 2:
            tilt = j(0.16)
            return [(x + j(0.04), 0.5 + s * tilt + j(0.05), float(rng.uniform(0.40, 0.54))) for x, s in ((0.27, 1), (0.73, -1))]
        tilt = 0.2 * (1 if rng.random() < 0.5 else -1)
        spots = ((0.23, 1), (0.5, -1), (0.77, 1))
        return [(x + j(0.03), 0.5 + s * tilt + j(0.05), float(rng.uniform(0.34, 0.46))) for x, s in spots]

    def make(self, rng: np.random.Generator, size: tuple[int, int], held_out_pairs: bool = False, sizes=(0.5, 0.32, 0.18)) -> Scene:
        """A scene of (width, height) `size`; the objects keep to the central square, which CLIP's crop keeps."""
        things, place = self.plan(rng, held_out_pairs, sizes)
        return self.render(things, place, rng, size)

    def render(
        self, things: list[Thing], place: str, rng: np.random.Generator, size: tuple[int, int], margin: float = 0.0
    ) -> Scene:
        """Draws the things; groups of equal objects stand together, and the caption names them left to right.

        `margin` is the part of the short side that is left free, so that a crop may move about.
        """
        image = _background(place, size, rng)
        square = min(size) * (1 - margin)
        left, top = (size[0] - square) / 2, (size[1] - square) / 2
        objects = [thing for thing in things for _ in range(thing.count)]
        same_file = rng.random() < 0.5
        files: dict[int, int] = {}
        for thing, (x, y, side) in zip(objects, self._layout(len(objects), rng)):
            choices = self.by_concept[thing.concept]
            file = choices[int(rng.integers(len(choices)))]
            file = files.setdefault(thing.concept, file) if same_file else file
            cut_out = self._cut_out(file, thing.colour)
            scale = side * square / max(cut_out.size)
            wide = max(6, round(cut_out.width * scale * rng.uniform(0.9, 1.1)))
            cut_out = cut_out.resize((wide, max(6, round(cut_out.height * scale))), Image.Resampling.BILINEAR)
            if rng.random() < 0.5:
                cut_out = cut_out.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            if rng.random() < 0.35:
                cut_out = cut_out.rotate(float(rng.uniform(-18, 18)), Image.Resampling.BILINEAR, expand=True)
            corner = (round(left + x * square - cut_out.width / 2), round(top + y * square - cut_out.height / 2))
            image.paste(cut_out, corner, cut_out)
        return Scene(image, self.caption(things, place, rng), things, place)


def degrade(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """What cameras and mailers do to a picture: JPEG, blur, other light."""
    if rng.random() < 0.15:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.2))))
    if rng.random() < 0.4:
        gain, lift = rng.uniform(0.75, 1.2), rng.uniform(-18, 18)
        image = image.point([int(np.clip(v * gain + lift, 0, 255)) for v in range(256)] * 3)
    if rng.random() < 0.15:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=int(rng.integers(35, 90)))
        image = Image.open(buffer).convert("RGB")
    return image
