"""Captioned scenes: one to four cut-outs before a background, with a caption as people write it.

Everything follows from a seed. Some pairs of thing x colour, thing x place and thing x thing are held out of training
(`pair_is_held_out`), and so are one or two picture files of most concepts (`data.is_held_out`).
"""

from __future__ import annotations

import io
import itertools
import zlib
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from PIL import Image, ImageFilter

import captions
from backgrounds import COLOURS, TEXTURES, Backgrounds
from captions import Thing
from data import SPRITE_SIZE, Concept, Sprite

TINTS = [name for name in COLOURS if name not in ("white", "brown")]
SHARES = (0.42, 0.28, 0.18, 0.12)  # of scenes with one, two, three and four objects
_GROUPS = {
    1: [[1]],
    2: [[2], [1, 1], [1, 1]],
    3: [[3], [2, 1], [1, 2], [1, 1, 1]],
    4: [[4], [2, 2], [1, 3], [2, 1, 1], [1, 1, 1, 1]],
}
_TO_YIQ = np.asarray([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_TO_RGB = np.linalg.inv(_TO_YIQ)
SMALL, BIG = 0.5, 0.8  # a lone thing below or above these parts of the picture's side may be called small or big


@dataclass
class Scene:
    """One scene: the picture, what is in it, and where. Groups of equal objects stand together, in the order of `things`."""

    image: Image.Image | None
    things: list[Thing]
    place: str
    stacked: bool  # one above the other
    layout: list[tuple[float, float, float]]  # of each object: centre x, centre y, side, in parts of the square
    sprites: list[int] = field(default_factory=list)  # of each object: the drawing

    def objects(self) -> list[Thing]:
        """The things, each as often as there are objects of it."""
        return [thing for thing in self.things for _ in range(thing.count)]


def pair_is_held_out(one: str, other: str) -> bool:
    """Whether training never shows the two words together: one pair in 48.

    With one in twelve, models learned what never comes together, and took a known thing for another where it was not expected.
    """
    return zlib.crc32(f"{one}|{other}".encode()) % 48 == 0


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

    def __init__(self, concepts: list[Concept], sprites: list[Sprite], usable: np.ndarray, backgrounds: Backgrounds):
        self.concepts = concepts
        self.sprites = sprites
        self.backgrounds = backgrounds
        self.recolours = False  # for training: drawings in other hues than their own, which no caption mentions
        self.by_concept: dict[int, list[int]] = {}
        for position, sprite in enumerate(sprites):
            if usable[position]:
                self.by_concept.setdefault(sprite.concept, []).append(position)
        self.known = sorted(self.by_concept)
        self._cut_out = lru_cache(maxsize=None)(self._make_cut_out)

    def _make_cut_out(self, sprite: int, colour: str | None, level: int) -> Image.Image:
        """The sprite, tinted, with its longest side 2^level times shorter."""
        if level:
            full = self._cut_out(sprite, colour, level - 1)
            return full.resize(((full.width + 1) // 2, (full.height + 1) // 2), Image.Resampling.BOX)
        pixels = self.sprites[sprite].pixels
        return Image.fromarray(tint(pixels, colour) if colour else pixels)

    def _pairs(self, things: list[Thing], place: str) -> list[tuple[str, str]]:
        nouns = [self.concepts[thing.concept].noun for thing in things]
        pairs = [(noun, attribute) for noun, t in zip(nouns, things) for attribute in (t.colour, place) if attribute]
        return pairs + list(itertools.combinations(sorted(nouns), 2))

    def plan(self, rng: np.random.Generator, held_out_pairs: bool, shares=SHARES) -> tuple[list[Thing], str]:
        """What is in a scene. With held_out_pairs at least one pair is a held-out one, else none is."""
        while True:
            total = 1 + int(rng.choice(4, p=shares))
            counts = _GROUPS[total][int(rng.integers(len(_GROUPS[total])))]
            picks = rng.choice(self.known, len(counts), replace=False)
            things = []
            for concept, count in zip(picks, counts):
                colour = TINTS[int(rng.integers(len(TINTS)))] if self.concepts[concept].tintable else None
                things.append(Thing(int(concept), colour, count))
            names = TEXTURES if rng.random() < 0.65 else list(COLOURS)
            place = names[int(rng.integers(len(names)))]
            if any(thing.colour == place for thing in things):
                continue
            if any(pair_is_held_out(*pair) for pair in self._pairs(things, place)) == held_out_pairs:
                return things, place

    def caption(self, scene: Scene, rng: np.random.Generator) -> str:
        """One phrasing; draw several for several."""
        return captions.write(self.concepts, scene.things, scene.place, scene.stacked, rng)

    def _layout(self, total: int, stacked: bool, rng: np.random.Generator) -> list[tuple[float, float, float]]:
        """(centre x, centre y, side) of each object in parts of the square, in reading order."""
        j = lambda amount: float(rng.uniform(-amount, amount))
        if total == 1:
            side = float(rng.uniform(0.34, 0.94))
            slack = (1 - side) / 2 + 0.03
            return [(0.5 + j(slack), 0.5 + j(slack), side)]
        if total == 2:
            tilt = j(0.14)
            spots = [(x + j(0.04), 0.5 + s * tilt + j(0.05)) for x, s in ((0.27, 1), (0.73, -1))]
            if stacked:
                spots = [(y, x) for x, y in spots]
            return [(x, y, float(rng.uniform(0.38, 0.52))) for x, y in spots]
        if total == 3:
            tilt = 0.2 * (1 if rng.random() < 0.5 else -1)
            spots = ((0.23, 0.5 + tilt), (0.5, 0.5 - tilt), (0.77, 0.5 + tilt))
        else:
            spots = ((0.26, 0.27), (0.74, 0.27), (0.26, 0.73), (0.74, 0.73))
        return [(x + j(0.03), y + j(0.04), float(rng.uniform(0.36, 0.47))) for x, y in spots]

    def sketch(self, rng: np.random.Generator, held_out_pairs: bool, shares=SHARES) -> Scene:
        """A scene without its picture: what is in it, and where."""
        things, place = self.plan(rng, held_out_pairs, shares)
        total = sum(thing.count for thing in things)
        stacked = total == 2 == len(things) and rng.random() < 0.25
        scene = Scene(None, things, place, stacked, self._layout(total, stacked, rng))
        if total == 1 and rng.random() < 0.5:  # people mention the size or not
            side = scene.layout[0][2]
            things[0].size = "small" if side < SMALL else "big" if side > BIG else None
        return scene

    def make(self, rng: np.random.Generator, size: tuple[int, int], held_out_pairs: bool = False, shares=SHARES) -> Scene:
        """A scene of (width, height) `size`; the objects keep to the central square, which CLIP's crop keeps."""
        scene = self.sketch(rng, held_out_pairs, shares)
        scene.image = self.backgrounds.draw(scene.place, size, rng)
        square = min(size)
        left, top = (size[0] - square) / 2, (size[1] - square) / 2
        same_file = rng.random() < 0.5
        files: dict[int, int] = {}
        for thing, (x, y, side) in zip(scene.objects(), scene.layout):
            choices = self.by_concept[thing.concept]
            file = choices[int(rng.integers(len(choices)))]
            file = files.setdefault(thing.concept, file) if same_file else file
            scene.sprites.append(file)
            self._paste(scene.image, file, thing.colour, (left + x * square, top + y * square), side * square, rng)
        return scene

    def _paste(self, image: Image.Image, sprite: int, colour: str | None, centre, side: float, rng) -> None:
        """Draws a sprite around `centre`, its longest side `side` pixels, mirrored, stretched and turned at random."""
        level = max(0, min(3, int(np.log2(SPRITE_SIZE / side))))
        source = self._cut_out(sprite, colour, level)
        scale = side / max(source.size)
        across = scale * float(rng.uniform(0.9, 1.1)) * (-1 if rng.random() < 0.5 else 1)
        turn = float(rng.uniform(-0.32, 0.32)) if rng.random() < 0.4 else 0.0
        cos, sin = np.cos(turn), np.sin(turn)
        wide, high = abs(across) * source.width, scale * source.height
        box = (int(wide * cos + high * abs(sin)) + 3, int(wide * abs(sin) + high * cos) + 3)
        # The matrix takes a pixel of the result to its place in the source.
        a, b, d, e = cos / across, sin / across, -sin / scale, cos / scale
        c = source.width / 2 - a * box[0] / 2 - b * box[1] / 2
        f = source.height / 2 - d * box[0] / 2 - e * box[1] / 2
        drawn = source.transform(box, Image.Transform.AFFINE, (a, b, c, d, e, f), Image.Resampling.BILINEAR)
        if self.recolours and colour is None and rng.random() < 0.4:
            alpha = drawn.getchannel("A")
            drawn = recolour(drawn.convert("RGB"), rng, saturation=(0.2, 1.4), hue=0.4)
            drawn.putalpha(alpha)
        image.paste(drawn, (round(centre[0] - box[0] / 2), round(centre[1] - box[1] / 2)), drawn)


def recolour(image: Image.Image, rng: np.random.Generator, saturation=(0.6, 1.25), hue: float = 0.0) -> Image.Image:
    """Other light: saturation, brightness, white balance, and a turn of the hues by up to `hue` radians."""
    turn, strength = float(rng.uniform(-hue, hue)), float(rng.uniform(*saturation))
    cos, sin = strength * np.cos(turn), strength * np.sin(turn)
    turned = _TO_RGB @ np.asarray([[1, 0, 0], [0, cos, -sin], [0, sin, cos]]) @ _TO_YIQ
    gains = rng.uniform(0.8, 1.2) * rng.uniform(0.93, 1.07, 3)
    matrix = np.column_stack([turned * gains[:, None], rng.uniform(-12, 12, 3)])
    return image.convert("RGB", tuple(map(float, matrix.ravel())))


def degrade(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """What cameras and mailers do to a picture: JPEG, blur, other light."""
    if rng.random() < 0.12:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.0)) * max(1.0, image.width / 150)))
    if rng.random() < 0.5:
        image = recolour(image, rng)
    if rng.random() < 0.1:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=int(rng.integers(40, 90)))
        image = Image.open(buffer).convert("RGB")
    return image
