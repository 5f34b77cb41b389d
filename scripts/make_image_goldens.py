#!/usr/bin/env python3
"""Writes tests/data/image: small pictures in every format and mode, and what Pillow makes of them.

Needs Pillow (13) and numpy; only whoever changes the goldens runs it. The pictures' pixels, resized pictures and
normalised pixels are recorded as FNV-1a hashes.

    decode.txt   FILE WIDTH HEIGHT HASH      upright, composited on white, RGB
    resize.txt   PATTERN WIDTH HEIGHT NEW_WIDTH NEW_HEIGHT HASH   bicubic; bilinear.txt: the same by that filter
    pixels.txt   PATTERN WIDTH HEIGHT R HASH float32, [3, R, R]
    photos.txt   FILE R HASH HASH            pixels of tests/data/photos/FILE, and normalised
"""

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parent.parent / "tests" / "data"
OUT = ROOT / "image"
MEAN = np.float32([0.48145466, 0.4578275, 0.40821073])
STD = np.float32([0.26862954, 0.26130258, 0.27577711])
WIDTH, HEIGHT = 37, 23


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def pattern(name, width, height):
    """`noise`: the high bytes of a linear congruential generator; `extreme`: its top bit as 0 or 255."""
    state, data = 1, bytearray()
    for _ in range(width * height * 3):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        data.append(state >> 24 if name == "noise" else 255 * (state >> 31))
    return Image.frombytes("RGB", (width, height), bytes(data))


def resize(image, size, filter=Image.BICUBIC):
    """Pillow's resize as the published models used it: across, then down.

    Pillow 13.0 goes down first in some cases (pictures more than twice as tall as wide, height shrinking more than
    width), which rounds differently. One call for each direction fixes the order.
    """
    return image.resize((size[0], image.height), filter).resize(size, filter)


def preprocess(image, r):
    """torchvision's Resize, CenterCrop, ToTensor and Normalize -> [3, R, R]"""
    width, height = image.size
    short = min(width, height)
    width, height = int(r * width / short), int(r * height / short)
    resized = resize(image, (width, height))
    left, top = int(round((width - r) / 2.0)), int(round((height - r) / 2.0))
    square = np.asarray(resized.crop((left, top, left + r, top + r))).astype(np.float32)
    return ((square / np.float32(255) - MEAN) / STD).transpose(2, 0, 1).copy()


def upright_rgb(path):
    image = Image.open(path)
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("LA", "RGBA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        image = white
    return image.convert("RGB")


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_file(width, height, depth, colour, rows):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows))
            + png_chunk(b"IEND", b""))


def write_pictures():
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    colours = np.stack([x * 7 % 256, y * 11 % 256, (x + y) * 5 % 256], -1).astype(np.uint8)
    alpha = ((x * 13 + y * 3) % 256).astype(np.uint8)
    alpha[:5], alpha[5:9] = 0, 255
    rgb = Image.fromarray(colours)
    grey = rgb.convert("L")
    rgba = Image.fromarray(np.dstack([colours, alpha]))
    grey_alpha = Image.merge("LA", (grey, Image.fromarray(alpha)))
    palette = rgb.quantize(64)
    bilevel = rgb.convert("1")
    mirrored = ImageOps.mirror(rgb)

    def save(image, name, **options):
        image.save(OUT / name, **options)

    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x112] = orientation
        save(rgb, f"orientation{orientation}.jpg", quality=92, exif=exif)
        save(rgb, f"orientation{orientation}.png", exif=exif)
        save(rgb, f"orientation{orientation}.webp", lossless=True, exif=exif)
        save(rgb, f"orientation{orientation}.tif", compression="tiff_lzw", exif=exif)

    for subsampling in (0, 1, 2):
        save(rgb, f"subsampling{subsampling}.jpg", quality=80, subsampling=subsampling)
    save(rgb, "progressive.jpg", progressive=True)
    save(rgb, "restart.jpg", restart_marker_blocks=1)
    save(rgb, "rgb.jpg", keep_rgb=True)
    save(grey, "grey.jpg")
    save(rgb.convert("CMYK"), "cmyk.jpg")

    save(rgb, "rgb.png")
    save(rgba, "rgba.png")
    save(grey, "grey.png")
    save(grey_alpha, "grey_alpha.png")
    save(bilevel, "bilevel.png")
    save(palette, "palette.png")
    save(rgb.quantize(4), "palette2bit.png")
    save(palette, "palette_alpha.png", transparency=bytes(i * 5 % 256 for i in range(64)))
    save(grey, "grey_key.png", transparency=int(np.asarray(grey)[3, 3]))
    save(rgb, "rgb_key.png", transparency=tuple(int(v) for v in colours[4, 4]))
    random = np.random.default_rng(1)
    for name, colour, channels in (("grey16", 0, 1), ("rgb16", 2, 3), ("rgba16", 6, 4)):
        samples = random.integers(0, 65536, (HEIGHT, WIDTH, channels)).astype(">u2")
        rows = b"".join(b"\0" + row.tobytes() for row in samples)
        (OUT / f"{name}.png").write_bytes(png_file(WIDTH, HEIGHT, 16, colour, rows))

    save(rgb, "lossy.webp", quality=80)
    save(rgba, "rgba_lossy.webp", quality=80)
    save(rgba, "rgba.webp", lossless=True, exact=True)
    save(rgb, "animated.webp", save_all=True, append_images=[mirrored], duration=100, lossless=True)

    for name, image in (("rgb", rgb), ("grey", grey), ("palette", palette), ("bilevel", bilevel), ("rgba", rgba)):
        save(image, f"{name}.bmp")

    for name, image in (("rgb", rgb), ("grey", grey), ("palette", palette), ("bilevel", bilevel), ("rgba", rgba)):
        save(image, f"{name}.tif")
    save(rgb, "jpeg.tif", compression="jpeg")
    save(rgb.convert("CMYK"), "cmyk.tif", compression="tiff_adobe_deflate")
    save(bilevel, "fax.tif", compression="group4")
    save(rgb, "pages.tif", save_all=True, append_images=[mirrored], compression="packbits")
    save(Image.fromarray(random.integers(0, 65536, (HEIGHT, WIDTH)).astype(np.uint16)), "grey16.tif")


def write_decode_goldens():
    lines = []
    for path in sorted(OUT.iterdir()):
        if path.suffix not in (".jpg", ".png", ".webp", ".bmp", ".tif"):
            continue
        image = upright_rgb(path)
        lines.append(f"{path.name} {image.width} {image.height} {fnv1a(image.tobytes())}")
    (OUT / "decode.txt").write_text("\n".join(lines) + "\n")


def write_resize_goldens():
    sizes = [(1, 1, 1, 1), (1, 1, 5, 3), (1, 9, 1, 4), (9, 1, 4, 1), (1, 9, 3, 20), (9, 1, 20, 3), (3, 3, 3, 3),
             (17, 13, 17, 7), (17, 13, 5, 13), (37, 23, 16, 10), (37, 23, 111, 70), (64, 48, 31, 23),
             (101, 67, 100, 66), (200, 3, 40, 90), (1000, 20, 7, 5), (20, 1000, 5, 7), (333, 250, 298, 224),
             (2, 2, 255, 255), (160, 120, 1, 1), (50, 35, 51, 34)]
    for file, filter in (("resize", Image.BICUBIC), ("bilinear", Image.BILINEAR)):
        lines = [" ".join(map(str, (name, *size, fnv1a(resize(pattern(name, *size[:2]), size[2:], filter).tobytes()))))
                 for name in ("noise", "extreme") for size in sizes]
        (OUT / f"{file}.txt").write_text("\n".join(lines) + "\n")


def write_pixels_goldens():
    cases = [(1, 1, 4), (1, 7, 4), (7, 1, 4), (32, 32, 32), (33, 32, 32), (35, 32, 32), (32, 37, 32), (64, 48, 32),
             (48, 65, 32), (100, 31, 32), (31, 100, 33), (213, 160, 64), (160, 213, 65), (640, 4, 8), (90, 70, 224)]
    lines = [" ".join(map(str, (name, *case, fnv1a(preprocess(pattern(name, *case[:2]), case[2]).tobytes()))))
             for name in ("noise", "extreme") for case in cases]
    (OUT / "pixels.txt").write_text("\n".join(lines) + "\n")


def write_photo_goldens():
    lines = []
    for path in sorted((ROOT / "photos").glob("*.jpg")):
        image = upright_rgb(path)
        for r in (224, 288):
            lines.append(f"{path.name} {r} {fnv1a(image.tobytes())} {fnv1a(preprocess(image, r).tobytes())}")
    (OUT / "photos.txt").write_text("".join(line + "\n" for line in lines))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    write_pictures()
    write_decode_goldens()
    write_resize_goldens()
    write_pixels_goldens()
    write_photo_goldens()


if __name__ == "__main__":
    main()
