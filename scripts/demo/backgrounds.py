"""What is behind the things of a scene: plain colours, drawn textures, and photographs with a free licence."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
from PIL import Image

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
    "flowers": "in front of flowers",
    "leaves": "in front of green leaves",
    "dunes": "in the dunes",
    "road": "by the road",
} | {name: f"on a{'n' if name[0] in 'aeiou' else ''} {name} background" for name in COLOURS}
TEXTURES = [name for name in PLACES if name not in COLOURS]
# Photographs of the Debian package mate-backgrounds (GPL-2+; models/demo/README.md names the photographers).
PHOTOGRAPHS: dict[str, tuple[str, ...]] = {
    "grass": ("GreenMeadow",),
    "flowers": ("FreshFlower", "Garden", "TwoWings", "YellowFlower"),
    "leaves": ("Blinds", "RainDrops"),
    "dunes": ("Dune",),
    "road": ("Storm",),
}
_POOL = 16  # backgrounds of each texture
_POOL_SIZE = 512  # short side in pixels


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


class Backgrounds:
    """Every place's pool of pictures; always the same ones for the same photographs."""

    def __init__(self, photographs: Path):
        """`photographs`: the nature folder of the Debian package mate-backgrounds."""
        self._pools: dict[str, list[Image.Image]] = {}
        for place in TEXTURES:
            photos = [self._photograph(photographs / f"{name}.jpg") for name in PHOTOGRAPHS.get(place, ())]
            drawn = 0 if photos and place not in ("grass",) else _POOL
            seed = zlib.crc32(place.encode())
            textures = [_texture(place, np.random.default_rng([seed, i])) for i in range(drawn)]
            # A place with both kinds shows each about equally often.
            self._pools[place] = textures + photos * max(1, drawn // max(1, len(photos)))
        self._scaled = {
            side: {place: [_scaled(image, side) for image in pool] for place, pool in self._pools.items()}
            for side in (128, 256)
        }

    @staticmethod
    def _photograph(path: Path) -> Image.Image:
        return _scaled(Image.open(path).convert("RGB"), _POOL_SIZE)

    def draw(self, place: str, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
        """An RGB picture of (width, height) `size` for a place."""
        width, height = size
        if place in COLOURS:
            return _plain(place, size, rng)
        wanted = max(size)
        pool = next((pools[place] for side, pools in self._scaled.items() if side >= wanted), self._pools[place])
        picture = pool[int(rng.integers(len(pool)))]
        if rng.random() < 0.5:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        zoom = rng.uniform(0.6, 1.0)
        fit = min(picture.width / width, picture.height / height) * zoom
        wide, tall = width * fit, height * fit
        left, top = rng.uniform(0, picture.width - wide), rng.uniform(0, 0.5) * (picture.height - tall)
        return picture.resize(size, Image.Resampling.BILINEAR, box=(left, top, left + wide, top + tall))


def _scaled(image: Image.Image, side: int) -> Image.Image:
    """The image with `side` pixels as its short side."""
    factor = side / min(image.size)
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.BOX)


def _plain(name: str, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """One colour, half the time a little darker at one end."""
    colour = np.asarray(COLOURS[name], np.float32) + rng.integers(-14, 15, 3)
    if rng.random() < 0.5 or name == "white":
        return Image.new("RGB", size, tuple(int(v) for v in np.clip(colour, 0, 255)))
    ramp = np.linspace(rng.uniform(0.75, 1), rng.uniform(1, 1.15), size[1], dtype=np.float32)[:, None, None]
    pixels = np.clip(colour * ramp * np.ones((1, size[0], 1), np.float32), 0, 255).astype(np.uint8)
    return Image.fromarray(pixels)
