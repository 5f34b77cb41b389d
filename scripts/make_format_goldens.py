#!/usr/bin/env python3
"""Writes tests/data/formats: small pictures of the formats beside JPEG, PNG, WebP, BMP and TIFF, and what Pillow makes of them.

Needs Pillow (13), pillow-heif, pillow-jxl-plugin, tifffile, numpy, and Debian's libavif-bin, libopenjp2-tools and libjxl-tools; only
whoever changes the goldens runs it.

    decode.txt   FILE WIDTH HEIGHT HASH      upright, composited on white, RGB, as in make_image_goldens.py

    srgb.txt     FILE                        those with an ICC profile, and FILE.srgb: their pixels converted by it

    frames.txt   FILE FRAME WIDTH HEIGHT HASH    pictures of animations and of files of several pages

HASH is "close" where another version of the codec may give values that differ by one; FILE.rgb has the pixels then.
"""

import io
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pillow_jxl  # noqa: F401  (registers itself)
import tifffile
from PIL import Image, ImageCms, ImageOps

from make_image_goldens import HEIGHT, ROOT, WIDTH, fnv1a, png_chunk, png_file, upright_rgb

OUT = ROOT / "formats"
CLOSE = (".heic", "lossy.jxl", "bits16.jxl", "bits10_alpha.avif")  # ends of names

y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
COLOURS = np.stack([x * 7 % 256, y * 11 % 256, (x + y) * 5 % 256], -1).astype(np.uint8)
ALPHA = ((x * 13 + y * 3) % 256).astype(np.uint8)
ALPHA[:5], ALPHA[5:9] = 0, 255
RGB = Image.fromarray(COLOURS)
RGBA = Image.fromarray(np.dstack([COLOURS, ALPHA]))
GREY = RGB.convert("L")
GREY_ALPHA = Image.merge("LA", (GREY, Image.fromarray(ALPHA)))
PALETTE = RGB.quantize(64)
BILEVEL = RGB.convert("1")
PIXEL = RGB.crop((9, 9, 10, 10))
WIDE = np.random.default_rng(1).integers(0, 65536, (HEIGHT, WIDTH, 3)).astype(np.uint16)


def save(image, name, **options):
    image.save(OUT / name, **options)


def exif_of(orientation):
    exif = Image.Exif()
    exif[0x112] = orientation
    return exif


def run(*command):
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wide_png(folder):
    path = Path(folder) / "wide.png"
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in WIDE)
    path.write_bytes(png_file(WIDTH, HEIGHT, 16, 2, rows))
    return path


def write_heif():
    pillow_heif.register_heif_opener()
    for chroma in ("420", "422", "444"):
        save(RGB, f"chroma{chroma}.heic", quality=80, chroma=chroma)
    save(RGBA, "rgba.heic", quality=90, chroma="444")
    save(GREY, "grey.heic", quality=80)
    save(PIXEL, "pixel.heic", quality=90)
    for orientation in range(1, 9):
        save(RGB, f"orientation{orientation}.heic", quality=80, chroma="444", exif=exif_of(orientation))
    wide = pillow_heif.from_bytes(mode="RGB;16", size=(WIDTH, HEIGHT), data=WIDE.tobytes())
    for bits in (10, 12):
        pillow_heif.options.SAVE_HDR_TO_12_BIT = bits == 12
        wide.save(OUT / f"bits{bits}.heic", quality=90, chroma="444")


def write_avif(folder):
    for chroma in ("4:2:0", "4:2:2", "4:4:4", "4:0:0"):
        save(RGB, f"chroma{chroma.replace(':', '')}.avif", quality=80, subsampling=chroma)
    save(RGB, "limited.avif", quality=80, range="limited")
    save(RGBA, "rgba.avif", quality=90)
    save(RGBA, "premultiplied.avif", quality=90, alpha_premultiplied=True)
    save(PIXEL, "pixel.avif")
    save(RGB, "animated.avif", save_all=True, append_images=[ImageOps.mirror(RGB)])
    for orientation in range(2, 9):
        save(RGB, f"orientation{orientation}.avif", quality=80, exif=exif_of(orientation))
    wide = wide_png(folder)
    for bits in (10, 12):
        run("avifenc", "-d", bits, "--yuv", "444", wide, OUT / f"bits{bits}.avif")
    RGB.save(folder + "/rgb.png")
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in np.dstack([WIDE, WIDE[:, :, 0]]))
    Path(folder, "wide_alpha.png").write_bytes(png_file(WIDTH, HEIGHT, 16, 6, rows))
    run("avifenc", "-d", 10, "--yuv", "420", Path(folder, "wide_alpha.png"), OUT / "bits10_alpha.avif")
    run("avifenc", "--yuv", "444", "--crop", "4,6,20,11", folder + "/rgb.png", OUT / "cropped.avif")


def write_jpeg_xl(folder):
    for name, image in (("rgb", RGB), ("rgba", RGBA), ("grey", GREY), ("grey_alpha", GREY_ALPHA), ("pixel", PIXEL)):
        save(image, f"{name}.jxl", lossless=True)
    save(RGB, "lossy.jxl", quality=80)
    run("cjxl", "-d", "0", wide_png(folder), OUT / "bits16.jxl")
    for orientation in (1, 6, 7):
        RGB.save(folder + "/photo.jpg", quality=92, exif=exif_of(orientation))
        run("cjxl", folder + "/photo.jpg", OUT / f"photo{orientation}.jxl")


def write_jpeg_2000(folder):
    for name, image in (("rgb", RGB), ("rgba", RGBA), ("grey", GREY), ("grey_alpha", GREY_ALPHA), ("pixel", PIXEL)):
        save(image, f"{name}.jp2")
    save(RGB, "lossy.jp2", irreversible=True, quality_layers=[20])
    save(RGB, "stream.j2k")
    save(RGB, "tiles.jp2", tile_size=(16, 16))
    save(Image.fromarray(WIDE[:, :, 0]), "grey16.jp2")
    wide = Path(folder) / "wide.ppm"
    wide.write_bytes(f"P6\n{WIDTH} {HEIGHT}\n65535\n".encode() + WIDE.astype(">u2").tobytes())
    run("opj_compress", "-i", wide, "-n", 3, "-o", OUT / "bits16.jp2")


def write_gif():
    save(PALETTE, "palette.gif", interlace=0)
    save(PALETTE, "interlaced.gif", interlace=1)
    save(PALETTE, "transparent.gif", transparency=int(np.asarray(PALETTE)[3, 3]))
    save(GREY, "grey.gif")
    save(BILEVEL, "bilevel.gif")
    save(PIXEL.quantize(2), "pixel.gif")
    save(PALETTE, "animated.gif", save_all=True, append_images=[ImageOps.mirror(PALETTE)])
    noise = Image.fromarray(np.random.default_rng(2).integers(0, 256, (90, 120)).astype(np.uint8))
    save(noise, "full_table.gif")  # more codes than the table of 4096 holds
    # A frame of 37 x 23 at (3, 2) of a canvas of 45 x 30, with a transparent colour: outside of it all is clear.
    file = bytearray((OUT / "transparent.gif").read_bytes())
    file[6:10] = struct.pack("<HH", 45, 30)
    at = file.index(b"\x2c\0\0\0\0" + struct.pack("<HH", WIDTH, HEIGHT))
    file[at + 1:at + 5] = struct.pack("<HH", 3, 2)
    (OUT / "offset.gif").write_bytes(file)


def write_netpbm():
    def write(name, header, data):
        (OUT / name).write_bytes(header.encode() + data)

    def text(samples):
        rows = (" ".join(map(str, row)) for row in samples.reshape(HEIGHT, -1))
        return "\n".join(rows).encode() + b"\n"

    save(RGB, "bytes.ppm")
    save(GREY, "bytes.pgm")
    save(BILEVEL, "bits.pbm")
    save(Image.fromarray(WIDE[:, :, 0]), "wide.pgm")
    size = f"{WIDTH} {HEIGHT}"
    grey, bits = np.asarray(GREY), 1 - np.asarray(BILEVEL).astype(np.uint8)
    write("text.ppm", f"P3 # comment\n{size}\n255\n", text(COLOURS))
    write("text.pgm", f"P2\n{size} 255\n", text(grey))
    write("text_wide.pgm", f"P2\n{size} 1000\n", text(WIDE[:, :, 0] % 1001))
    write("no_line_end.pgm", f"P2\n{size} 255\n", text(grey).rstrip(b"\n"))
    write("text.pbm", f"P1\n{size}\n", b"\n".join(bytes(48 + row) for row in bits) + b"\n")
    write("white100.ppm", f"P6 {size} 100\n", (COLOURS % 101).tobytes())
    write("white2.pgm", f"P5 {size} 2\n", (grey % 3).tobytes())
    write("white1000.pgm", f"P5 {size} 1000\n", (WIDE[:, :, 0] % 1001).astype(">u2").tobytes())
    write("wide.ppm", f"P6 {size} 65535\n", WIDE.astype(">u2").tobytes())
    floats = np.flipud(WIDE[:, :, 0].astype(np.float32) / 60000 - 0.02)
    write("little.pfm", f"Pf\n{size}\n-1.0\n", floats.astype("<f4").tobytes())
    write("big.pfm", f"Pf\n{size}\n1.0\n", floats.astype(">f4").tobytes())


def tga(kind, bits, data, flags=0x20, size=(WIDTH, HEIGHT)):
    return struct.pack("<BBBHHBHHHHBB", 0, 0, kind, 0, 0, 0, 0, 0, *size, bits, flags) + data


def write_small_formats():
    for name, image in (("rgb", RGB), ("rgba", RGBA), ("grey", GREY), ("grey_alpha", GREY_ALPHA), ("palette", PALETTE)):
        save(image, f"{name}.tga")
        save(image, f"{name}_packed.tga", compression="tga_rle")
    save(RGB, "from_top.tga", orientation=1)
    (OUT / "mirrored.tga").write_bytes(tga(2, 24, COLOURS.tobytes(), flags=0x30))
    (OUT / "bits16.tga").write_bytes(tga(2, 16, WIDE[:, :, 0].astype("<u2").tobytes()))
    save(RGB, "rgb.qoi")
    save(RGBA, "rgba.qoi")
    save(PIXEL, "pixel.qoi")
    big = RGBA.resize((48, 48))
    save(big, "png.ico", sizes=[(16, 16), (48, 48)])
    save(big, "bits32.ico", sizes=[(16, 16), (48, 48)], bitmap_format="bmp")
    save(RGB.resize((48, 48)), "bits24.ico", sizes=[(16, 16), (48, 48)], bitmap_format="bmp")
    palette = PALETTE.resize((37, 37))
    save(palette, "bits8.ico", sizes=[(37, 37)], bitmap_format="bmp")
    table = (np.arange(256) * 257).astype("<u2").tobytes()  # half of its colours have the bit of alpha
    head = struct.pack("<BBBHHBHHHHBB", 0, 1, 1, 0, 256, 16, 0, 0, WIDTH, HEIGHT, 8, 0x20)
    (OUT / "palette_of_16_bits.tga").write_bytes(head + table + np.asarray(GREY).tobytes())
    save(RGB, "animated.png", save_all=True, append_images=[ImageOps.mirror(RGB)])
    save(RGB, "two.mpo", save_all=True, append_images=[ImageOps.mirror(RGB)], quality=92)


def icc_profile(space, tags):
    """A display's profile, version 2: `tags` are names and contents."""
    def fixed(*values):
        return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))

    contents = {b"wtpt": b"XYZ " + bytes(4) + fixed(0.9642, 1, 0.8249), b"cprt": b"text" + bytes(4) + b"none\0",
                b"desc": b"desc" + struct.pack(">4xI", 5) + b"test\0" + bytes(78), **{
                    name: b"XYZ " + bytes(4) + fixed(*value) if len(value) == 3 else
                    b"curv" + struct.pack(">4xIH", 1, round(value[0] * 256)) for name, value in tags.items()}}
    table, data = struct.pack(">I", len(contents)), b""
    start = 128 + 4 + 12 * len(contents)
    for name, content in contents.items():
        table += name + struct.pack(">II", start + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    header = struct.pack(">I4xI", start + len(data), 0x02400000) + b"mntr" + space + b"XYZ " + bytes(12) + b"acsp" + bytes(28)
    return header + fixed(0.9642, 1, 0.8249) + bytes(48) + table + data


WIDE_GAMUT = icc_profile(b"RGB ", {b"rXYZ": (0.6097, 0.3111, 0.0195), b"gXYZ": (0.2053, 0.6257, 0.0609),
                                   b"bXYZ": (0.1492, 0.0632, 0.7446), b"rTRC": (2.2,), b"gTRC": (2.2,), b"bTRC": (2.2,)})
DARK_GREY = icc_profile(b"GRAY", {b"kTRC": (1.8,)})


def write_profiles():
    for name in ("profile.png", "profile.tif", "profile.jpg", "profile.avif", "profile.heic"):
        options = {".jpg": {"quality": 92}, ".heic": {"chroma": "444"}, ".avif": {"subsampling": "4:4:4"}}.get(Path(name).suffix, {})
        save(RGB, name, icc_profile=WIDE_GAMUT, **options)
    run("cjxl", "-d", "0", OUT / "profile.png", OUT / "profile.jxl")
    save(RGB, "profile.webp", icc_profile=WIDE_GAMUT, lossless=True)
    save(RGBA, "profile_alpha.png", icc_profile=WIDE_GAMUT)
    save(GREY, "profile_grey.png", icc_profile=DARK_GREY)
    names = sorted(path.name for path in OUT.iterdir() if path.name.startswith("profile"))
    srgb = ImageCms.createProfile("sRGB")
    for name in names:
        image = Image.open(OUT / name)
        profile = ImageCms.ImageCmsProfile(io.BytesIO(DARK_GREY if "grey" in name else WIDE_GAMUT))
        image = ImageCms.profileToProfile(image, profile, srgb, outputMode="RGBA" if image.mode == "RGBA" else "RGB")
        if image.mode == "RGBA":
            white = Image.new("RGB", image.size, "white")
            white.paste(image, mask=image.getchannel("A"))
            image = white
        (OUT / f"{name}.srgb").write_bytes(image.tobytes())
    (OUT / "srgb.txt").write_text("".join(f"{name}\n" for name in names))


def write_tiff():
    def write(name, samples, **options):
        tifffile.imwrite(OUT / name, samples, metadata=None, **options)

    planes = np.moveaxis(WIDE, 2, 0)
    write("planes16.tif", planes, photometric="rgb", planarconfig="separate", compression="zlib")
    write("planes16_tiles.tif", planes, photometric="rgb", planarconfig="separate", compression="lzw", tile=(16, 16),
          byteorder=">", predictor=True)
    write("tiles.tif", COLOURS, photometric="rgb", tile=(16, 16))
    cmyk = np.dstack([COLOURS, ALPHA])
    write("cmyk.tif", cmyk, photometric="separated", compression="zlib", predictor=True)
    write("cmyk16.tif", cmyk.astype(np.uint16) * 257, photometric="separated", compression="zlib")
    premultiplied = np.dstack([np.minimum(COLOURS, ALPHA[:, :, None]), ALPHA])
    write("premultiplied.tif", premultiplied, photometric="rgb", extrasamples=["assocalpha"])
    write("grey_alpha.tif", np.dstack([np.asarray(GREY), ALPHA]), photometric="minisblack", extrasamples=["unassalpha"])
    with tifffile.TiffWriter(OUT / "preview_first.tif") as file:
        file.write(COLOURS[::4, ::4], photometric="rgb", subfiletype=1, metadata=None)
        file.write(COLOURS, photometric="rgb", metadata=None)
    for bits in (2, 4):  # which tifffile does not write
        samples = (np.asarray(GREY) >> (8 - bits)).astype(np.uint8)
        padded = np.pad(samples, ((0, 0), (0, -WIDTH % (8 // bits)))).reshape(HEIGHT, -1, 8 // bits)
        rows = sum(padded[:, :, i].astype(int) << (8 - bits * (i + 1)) for i in range(8 // bits)).astype(np.uint8).tobytes()
        entries = [(256, WIDTH), (257, HEIGHT), (258, bits), (259, 1), (262, 1), (273, 8), (277, 1), (278, HEIGHT), (279, len(rows))]
        directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
        even = rows + bytes(len(rows) % 2)
        (OUT / f"grey{bits}.tif").write_bytes(b"II*\0" + struct.pack("<I", 8 + len(even)) + even
                                              + struct.pack("<H", len(entries)) + directory + bytes(4))


def write_odd_tiff():
    """Of 12 bits in grey values and colours, and without the size of its strip."""
    for name, samples, bits in (("grey12", WIDE[:, :, 0] >> 4, 12), ("rgb12", WIDE >> 4, 12), ("no_sizes", COLOURS, 8)):
        flat = samples.reshape(HEIGHT, -1).astype(np.uint32)
        shown = (flat[:, :, None] >> np.arange(bits - 1, -1, -1) & 1).astype(np.uint8).reshape(HEIGHT, -1)
        rows = np.packbits(shown, axis=1).tobytes()
        colours = samples.ndim == 3
        entries = [(256, WIDTH), (257, HEIGHT), (258, bits), (259, 1), (262, 2 if colours else 1), (273, 8), (277, 3 if colours else 1)]
        entries += [] if name == "no_sizes" else [(278, HEIGHT), (279, len(rows))]
        directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
        even = rows + bytes(len(rows) % 2)
        (OUT / f"{name}.tif").write_bytes(b"II*\0" + struct.pack("<I", 8 + len(even)) + even
                                          + struct.pack("<H", len(entries)) + directory + bytes(4))


def packbits(row):
    """Runs where three are the same, the rest as it is."""
    out, at = bytearray(), 0
    while at < len(row):
        run_length = 1
        while at + run_length < len(row) and run_length < 128 and row[at + run_length] == row[at]:
            run_length += 1
        out += bytes([257 - run_length, row[at]]) if run_length > 2 else bytes([0, row[at]])
        at += run_length if run_length > 2 else 1
    return bytes(out)


def write_psd(name, mode, bits, planes, palette=b"", packed=False):
    """`planes`: arrays of bytes [HEIGHT, bytes of a row]"""
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, len(planes), HEIGHT, WIDTH, bits, mode)
    sections = struct.pack(">I", len(palette)) + palette + bytes(8)
    rows = [row.tobytes() for plane in planes for row in plane]
    if packed:
        rows = [packbits(row) for row in rows]
        data = b"\0\1" + b"".join(struct.pack(">H", len(row)) for row in rows) + b"".join(rows)
    else:
        data = b"\0\0" + b"".join(rows)
    (OUT / name).write_bytes(head + sections + data)


def write_photoshop():
    colours = [COLOURS[:, :, c] for c in range(3)]
    flat = [np.where(plane > 128, 255, plane // 2).astype(np.uint8) for plane in colours]
    write_psd("rgb.psd", 3, 8, colours)
    write_psd("packed.psd", 3, 8, flat, packed=True)
    write_psd("rgba.psd", 3, 8, [*colours, ALPHA], packed=True)
    write_psd("spot.psd", 3, 8, [*colours, ALPHA, ALPHA])
    write_psd("grey.psd", 1, 8, [np.asarray(GREY)])
    write_psd("cmyk.psd", 4, 8, [*colours, ALPHA])
    write_psd("bilevel.psd", 0, 1, [np.packbits(~np.asarray(BILEVEL), axis=1)])
    table = np.asarray(PALETTE.getpalette("RGB") + [0] * 3 * (256 - 64), dtype=np.uint8).reshape(256, 3)
    write_psd("palette.psd", 2, 8, [np.asarray(PALETTE)], palette=table.T.tobytes())


def moving():
    """Frames [HEIGHT, WIDTH] of squares that move over each other; their edges are clear or, the last two's, half so."""
    frames = []
    for number in range(5):
        samples = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
        top, left = 2 * number, 5 * number
        samples[top:top + 12, left:left + 14] = np.dstack([COLOURS, np.full((HEIGHT, WIDTH), 255, np.uint8)])[top:top + 12, left:left + 14]
        if number > 2:
            samples[top, left:left + 14, 3] = 128
        frames.append(Image.fromarray(samples))
    return frames


def on_white(image):
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    white.paste(image, mask=image)
    return white.convert("RGB")


def write_frames():
    frames = moving()
    clear = frames[:3]  # whose pixels are seen or not
    for name, disposal in (("keep", 1), ("clear", 2), ("restore", 3)):
        save(clear[0], f"{name}_frames.gif", save_all=True, append_images=clear[1:], disposal=disposal, optimize=False, duration=100)
        save(clear[0], f"{name}_frames.png", save_all=True, append_images=clear[1:], disposal=disposal - 1, blend=1)
    save(clear[0], "source_frames.png", save_all=True, append_images=clear[1:], disposal=0, blend=0)
    save(RGB, "own_picture_frames.png", save_all=True, append_images=clear, default_image=True, disposal=1, blend=0)
    save(frames[0], "frames.webp", save_all=True, append_images=frames[1:], lossless=True, exact=True)
    save(frames[0], "mixed_frames.webp", save_all=True, append_images=frames[1:], allow_mixed=True, quality=80)
    run("cjxl", "-d", "0", OUT / "keep_frames.gif", OUT / "frames.jxl")
    save(RGB, "frames.avif", save_all=True, append_images=[ImageOps.mirror(RGB), ImageOps.flip(RGB)], quality=80, subsampling="4:4:4")
    save(RGB, "pages.tif", save_all=True, append_images=[GREY, PALETTE], compression="tiff_lzw")
    save(RGB, "several.heic", save_all=True, append_images=[ImageOps.mirror(RGB)], quality=80, chroma="444")
    write_mpo()
    lines = []
    for path in sorted(OUT.iterdir()):
        if "frames." not in path.name and path.name not in ("pages.tif", "several.heic") or path.suffix == ".txt":
            continue
        source = OUT / "keep_frames.gif" if path.name == "frames.jxl" else path  # which pillow_jxl does not count
        for number in range(Image.open(source).n_frames):
            image = Image.open(source)
            image.seek(number)
            seen = on_white(ImageOps.exif_transpose(image))
            close = path.name.endswith(CLOSE)
            lines.append(f"{path.name} {number} {seen.width} {seen.height} {'close' if close else fnv1a(seen.tobytes())}")
            if close:
                (OUT / f"{path.name}.{number}.rgb").write_bytes(seen.tobytes())
    (OUT / "frames.txt").write_text("\n".join(lines) + "\n")


def write_mpo():
    """JPEGs in one file; the second one's index has its numbers the other way round, and its pictures are turned."""
    save(RGB, "frames.mpo", save_all=True, append_images=[ImageOps.mirror(RGB).crop((0, 0, 30, 20)), GREY], quality=92)
    pictures = []
    for orientation in (6, 1, 3):
        file = io.BytesIO()
        RGB.crop((0, 0, WIDTH - orientation, HEIGHT)).save(file, "JPEG", exif=exif_of(orientation), quality=92)
        pictures.append(file.getvalue())
    (OUT / "turned_frames.mpo").write_bytes(multi_picture_file(pictures))
    # What is called a frame here makes the first picture brighter.
    gain = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:Description hdrgm:Version=\"1.0\"/></x:xmpmeta>"
    primary = pictures[1][:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(gain)) + gain + pictures[1][2:]
    (OUT / "gain_map.jpg").write_bytes(multi_picture_file([primary, pictures[2]]))


def multi_picture_file(pictures):
    """CIPA DC-007, with the index behind the first picture's first marker."""
    base = 10  # what distances count from
    length = 2 + 4 + 50 + 16 * len(pictures)
    sizes = [len(picture) for picture in pictures]
    sizes[0] += 2 + length
    places = [0, *(sum(sizes[:number]) - base for number in range(1, len(pictures)))]
    index = b"MPF\0MM\0*" + struct.pack(">IH", 8, 3)
    index += struct.pack(">HHI4s", 0xB000, 7, 4, b"0100") + struct.pack(">HHII", 0xB001, 4, 1, len(pictures))
    index += struct.pack(">HHIII", 0xB002, 7, 16 * len(pictures), 50, 0)
    index += b"".join(struct.pack(">IIIHH", 0x030000 if at == 0 else 0x020003, size, at, 0, 0) for size, at in zip(sizes, places))
    return pictures[0][:2] + b"\xff\xe2" + struct.pack(">H", length) + index + pictures[0][2:] + b"".join(pictures[1:])


def write_turned():
    """Every place where Pillow finds an orientation in PNG and AVIF, and one of several numbers."""
    exif = b"Exif\0\0" + exif_of(6).tobytes().removeprefix(b"Exif\0\0")
    digits = f"\nexif\n{len(exif):8}\n{exif.hex()}\n".encode()
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF><rdf:Description tiff:Orientation=\"8\"/></rdf:RDF></x:xmpmeta>"
    whole = png_file(WIDTH, HEIGHT, 8, 2, b"".join(b"\0" + row.tobytes() for row in COLOURS))
    raw_key, xmp_key = b"Raw profile type exif\0", b"XML:com.adobe.xmp\0"
    for name, chunks in {
        "exif_plain": [(b"tEXt", raw_key + digits)],
        "exif_packed": [(b"zTXt", raw_key + b"\0" + zlib.compress(digits))],
        "xmp_plain": [(b"tEXt", xmp_key + xmp)],
        "xmp_packed": [(b"zTXt", xmp_key + b"\0" + zlib.compress(xmp))],
        "xmp_international": [(b"iTXt", xmp_key + b"\1\0en\0\0" + zlib.compress(xmp))],
        "exif_beside_xmp": [(b"zTXt", xmp_key + b"\0" + zlib.compress(xmp)), (b"tEXt", raw_key + digits)],
        "chunk_beside_text": [(b"tEXt", raw_key + digits), (b"eXIf", exif_of(3).tobytes().removeprefix(b"Exif\0\0"))],
    }.items():
        texts = b"".join(png_chunk(kind, data) for kind, data in chunks)
        at = len(whole) - 12  # behind the picture
        (OUT / f"turned_{name}.png").write_bytes(whole[:at] + texts + whole[at:])
    save(RGB, "turned_xmp.avif", quality=80, subsampling="4:4:4", xmp=xmp)
    two = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 2, 6, 0, 0)
    save(RGB, "turned_two.jpg", exif=two, quality=92)


def write_bmp():
    """Masks with alpha, of which a header of 56 bytes and more tells."""
    rgba = np.dstack([COLOURS, ALPHA])[::-1]
    for name, size, order in (("alpha_v3", 56, (2, 1, 0, 3)), ("alpha_v4", 108, (0, 1, 2, 3)), ("alpha_v5", 124, (2, 1, 0, 3))):
        masks = [0xFF << (8 * order.index(channel)) for channel in range(4)]
        header = struct.pack("<IiiHHIIiiII4I", size, WIDTH, HEIGHT, 1, 32, 3, 0, 0, 0, 0, 0, *masks).ljust(size, b"\0")
        data = rgba[:, :, list(order)].tobytes()
        start = 14 + size
        (OUT / f"{name}.bmp").write_bytes(b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + header + data)


def write_icns():
    save(RGBA.resize((128, 128)), "png.icns")  # Pillow writes all sizes up to 1024; the largest parts are left out
    whole = (OUT / "png.icns").read_bytes()
    parts, at = b"", 8
    while at < len(whole):
        length = struct.unpack(">I", whole[at + 4:at + 8])[0]
        if whole[at:at + 4] in (b"ic11", b"ic12", b"ic07"):
            parts += whole[at:at + length]
        at += length
    (OUT / "png.icns").write_bytes(b"icns" + struct.pack(">I", 8 + len(parts)) + parts)
    side = 32
    colours, mask = np.asarray(RGB.resize((side, side))), np.asarray(RGBA.resize((side, side)))[:, :, 3]

    def packed(plane):
        out, at, flat = b"", 0, plane.tobytes()
        while at < len(flat):
            if flat[at:at + 3] == flat[at:at + 1] * 3:
                out, at = out + bytes([128, flat[at]]), at + 3
            else:
                out, at = out + bytes([0, flat[at]]), at + 1
        return out

    def part(name, data):
        return name + struct.pack(">I", 8 + len(data)) + data

    parts = part(b"il32", b"".join(packed(colours[:, :, c] // 64 * 64) for c in range(3))) + part(b"l8mk", mask.tobytes())
    (OUT / "packed.icns").write_bytes(b"icns" + struct.pack(">I", 8 + len(parts)) + parts)


def expected(path):
    if path.suffix == ".pfm":  # Pillow cuts floats to whole numbers; white is 1
        values = np.asarray(Image.open(path)) * np.float32(255)
        return Image.fromarray(np.clip(np.floor(values + 0.5), 0, 255).astype(np.uint8)).convert("RGB")
    if path.name == "cropped.avif":  # which Pillow does not do
        return upright_rgb(path).crop((4, 6, 24, 17))
    if path.name == "preview_first.tif":  # which Pillow shows
        return RGB
    if path.name == "grey12.tif":  # which Pillow shows as 12 bits of 16
        return Image.fromarray((WIDE[:, :, 0] >> 8).astype(np.uint8)).convert("RGB")
    if path.name == "rgb12.tif":  # which Pillow refuses
        return Image.fromarray((WIDE >> 8).astype(np.uint8))
    if path.name == "bits16.jp2":  # Pillow's rounding runs over
        return Image.fromarray(np.minimum((WIDE.astype(int) + 128) >> 8, 255).astype(np.uint8))
    if path.name == "bilevel.psd":  # where 1 is black; Pillow shows the negative
        return BILEVEL.convert("RGB")
    if path.name == "bits24.ico":  # whose mask Pillow writes in one way and reads in another
        return RGB.resize((48, 48))
    if path.name == "bits8.ico":
        return PALETTE.resize((37, 37)).convert("RGB")
    if path.name == "frames.jxl":  # of which pillow_jxl shows the last one
        return on_white(Image.open(OUT / "keep_frames.gif"))
    image = Image.open(path)
    if image.mode == "I":
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    return upright_rgb(path)


def write_goldens():
    lines = []
    for path in sorted(OUT.iterdir()):
        if path.suffix in (".srgb", ".txt", ".rgb"):
            continue
        image = expected(path)
        close = path.name.endswith(CLOSE)
        lines.append(f"{path.name} {image.width} {image.height} {'close' if close else fnv1a(image.tobytes())}")
        if close:
            (OUT / f"{path.name}.rgb").write_bytes(image.tobytes())
    (OUT / "decode.txt").write_text("\n".join(lines) + "\n")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for path in OUT.iterdir():
        path.unlink()
    with tempfile.TemporaryDirectory() as folder:
        write_heif()
        write_avif(folder)
        write_jpeg_xl(folder)
        write_jpeg_2000(folder)
    write_profiles()
    write_tiff()
    write_gif()
    write_netpbm()
    write_small_formats()
    write_photoshop()
    write_icns()
    write_frames()
    write_turned()
    write_bmp()
    write_odd_tiff()
    write_goldens()


if __name__ == "__main__":
    main()
