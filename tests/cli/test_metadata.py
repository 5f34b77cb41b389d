"""--write-metadata: captions in the metadata of pictures. Read back with exiftool and Pillow; all else stays as it was."""

import json
import os
import struct
import subprocess

import pytest
from PIL import Image

XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:own="http://example.org/own/" own:kept="yes" '
    'xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" xmlns:xmpNote="http://ns.adobe.com/xmp/note/" '
    'xmpNote:HasExtendedXMP="00000000000000000000000000000000"><dc:subject><rdf:Bag><rdf:li>holiday</rdf:li></rdf:Bag></dc:subject>'
    '<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:RegionList><rdf:Bag><rdf:li rdf:parseType="Resource"><mwg-rs:Name>Ann</mwg-rs:Name>'
    "</rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>DESCRIPTION</rdf:Description></rdf:RDF></x:xmpmeta>"
)
BY_HAND = (
    '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">by hand</rdf:li><rdf:li xml:lang="de">von Hand</rdf:li></rdf:Alt></dc:description>'
)
# What may differ: the fields that are written, the toolkit's name, and what follows from a file being another one.
OURS = {"XMP-iptcCore:AltTextAccessibility", "XMP-dc:Description", "IPTC:Caption-Abstract", "XMP-x:XMPToolkit", "File:CurrentIPTCDigest"}
OF_THE_FILE = {"System:FileSize", "System:FileModifyDate", "System:FileAccessDate", "System:FileInodeChangeDate", "System:FileName", "ExifTool:Warning"}


def picture(size=(48, 32), mode="RGB"):
    image = Image.new(mode, size)
    image.putdata([tuple((7 * x + i * 90) % 256 for i in range(len(mode))) if len(mode) > 1 else x % 256 for x in range(size[0] * size[1])])
    return image


def segment(mark, content):
    return bytes([0xFF, mark]) + struct.pack(">H", len(content) + 2) + content


def jpeg_with_much(file, described):
    """EXIF, XMP, extended XMP, MPF, IPTC, a maker's segment, a comment, a second picture and bytes behind it."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x0110] = 6, "OLYMPUS DIGITAL CAMERA", "E-M1"
    picture().save(file, exif=exif)
    plain = file.read_bytes()
    records = [(25, b"holiday")] + ([(120, b"by hand")] if described else [])
    iptc = b"".join(b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(text)) + text for number, text in records)
    segments = [
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP.replace("DESCRIPTION", BY_HAND if described else "").encode()),
        segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 32 + struct.pack(">II", 4, 0) + b"<x/>"),
        segment(0xE2, b"MPF\0II*\0" + struct.pack("<I", 8) + bytes(40)),
        segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc + b"\0" * (len(iptc) % 2)),
        segment(0xEB, b"maker's own"),
        segment(0xFE, b"a comment"),
    ]
    end = 2
    while plain[end + 1] in (0xE0, 0xE1):
        end += 2 + struct.unpack(">H", plain[end + 2:end + 4])[0]
    file.write_bytes(plain[:end] + b"".join(segments) + plain[end:] + plain + b"MotionPhoto_Data" + bytes(100))


def tags(file):
    done = subprocess.run(["exiftool", "-a", "-G1", "-s", "-j", "-struct", "-ee", file], capture_output=True, text=True, check=False)
    return {name: value for name, value in json.loads(done.stdout)[0].items() if name not in OF_THE_FILE and name != "SourceFile"}


def pixels_of(file):
    """The bytes that hold the picture, as they are compressed."""
    data = file.read_bytes()
    if file.suffix == ".jpg":
        at = 2
        while data[at + 1] != 0xDA:
            at += 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
        return data[at:]  # with all that stands behind the picture
    if file.suffix == ".png":
        chunks, at = [], 8
        while at < len(data):
            length = struct.unpack(">I", data[at:at + 4])[0]
            if data[at + 4:at + 8] not in (b"iTXt", b"zTXt", b"tEXt"):
                chunks.append(data[at:at + 12 + length])
            at += 12 + length
        return chunks
    if file.suffix == ".webp":
        chunks, at = [], 12
        while at < len(data):
            length = struct.unpack("<I", data[at + 4:at + 8])[0]
            if data[at:at + 4] not in (b"VP8X", b"XMP ", b"EXIF"):
                chunks.append(data[at:at + 8 + length])
            at += 8 + length + length % 2
        return chunks
    with Image.open(file) as image:
        strips = zip(image.tag_v2[273], image.tag_v2[279])
        return [data[offset:offset + count] for offset, count in strips]


@pytest.fixture
def library(work):
    """Pictures without a description."""
    jpeg_with_much(work / "much.jpg", described=False)
    picture().save(work / "bare.jpg")
    picture().save(work / "bare.png")
    picture(mode="RGBA").save(work / "alpha.png")
    picture().save(work / "lossy.webp")
    picture(mode="RGBA").save(work / "lossless.webp", lossless=True)
    picture().save(work / "packed.tif", compression="tiff_lzw")
    picture().save(work / "bare.tif")
    return work


def captions(fake, *arguments):
    result = fake.run(*arguments, "--json")
    assert result.code == 0, result.err
    return {record["image"]: record["caption"] for record in result.records()}


def test_every_format_gets_its_description_and_keeps_all_else(fake, library):
    files = sorted(library.glob("*.*"))
    before = {file: (tags(file), pixels_of(file), Image.open(file).tobytes()) for file in files}
    written = captions(fake, "--write-metadata", ".")
    assert len(written) == len(files)
    for file in files:
        old, pixels, image = before[file]
        new = tags(file)
        text = written[f"./{file.name}"]
        assert new["XMP-iptcCore:AltTextAccessibility"] == text and new["XMP-dc:Description"] == text, file
        assert ("IPTC:Caption-Abstract" in new) == (file.name == "much.jpg")
        changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)} - OURS
        # A TIFF file's and a WebP file's frame says what is in it and where.
        allowed = {"IFD0:ApplicationNotes", "IFD0:StripOffsets", "RIFF:WebP_Flags", "RIFF:ImageWidth", "RIFF:ImageHeight", "RIFF:VP8Version",
                   "RIFF:HorizontalScale", "RIFF:VerticalScale", "RIFF:AlphaIsUsed", "File:FileType", "File:FileTypeExtension"}
        assert changed <= (allowed if file.suffix in {".tif", ".webp"} else set()), (file, changed)
        assert pixels_of(file) == pixels, file
        with Image.open(file) as reread:
            assert reread.tobytes() == image
    with Image.open(library / "much.jpg") as image:
        xmp = next(data for name, data in image.applist if name == "APP1" and data.startswith(b"http://ns.adobe.com/xap/"))
        assert written["./much.jpg"].encode() in xmp and b"Ann" in xmp
        assert image.getexif()[0x0110] == "E-M1"


def multi_picture(file, with_iptc):
    """Two pictures, of which the first finds the second by its distance; IPTC's segment may stand between them."""
    green = Image.new("RGB", (64, 48), (30, 200, 30))
    picture((64, 48)).save(file, format="MPO", save_all=True, append_images=[green])
    if not with_iptc:
        return
    data = file.read_bytes()
    mark = data.index(b"MPF\0")
    end = mark - 2 + struct.unpack(">H", data[mark - 2:mark])[0]
    records = b"\x1c\x02\x19\0\x07holiday"
    between = segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(records)) + records)
    order = "<" if data[mark + 4:mark + 6] == b"II" else ">"
    offset = end - 8  # of the last of its entries
    moved = struct.pack(order + "I", struct.unpack(order + "I", data[offset:offset + 4])[0] + len(between))
    file.write_bytes(data[:offset] + moved + data[offset + 4:end] + between + data[end:])


@pytest.mark.parametrize("with_iptc", [False, True])
def test_further_pictures_of_a_file_are_still_found(fake, work, with_iptc):
    multi_picture(work / "a.jpg", with_iptc)
    second = subprocess.run(["exiftool", "-b", "-MPImage2", "a.jpg"], cwd=work, capture_output=True, check=True).stdout
    assert second.startswith(b"\xff\xd8")

    def lengths():
        shown = subprocess.run(["exiftool", "-a", "-s3", "-MPImageLength", "a.jpg"], cwd=work, capture_output=True, check=True, text=True)
        return [int(length) for length in shown.stdout.split()]

    before, size = lengths(), (work / "a.jpg").stat().st_size
    assert fake.run("--write-metadata", "a.jpg").code == 0
    assert "XMP-dc:Description" in tags(work / "a.jpg")
    assert subprocess.run(["exiftool", "-b", "-MPImage2", "a.jpg"], cwd=work, capture_output=True, check=True).stdout == second
    with Image.open(work / "a.jpg") as image:
        assert image.format == "MPO" and image.n_frames == 2
        image.seek(1)
        assert image.getpixel((5, 5))[1] > 150
    assert lengths()[0] - before[0] == (work / "a.jpg").stat().st_size - size and lengths()[1] == before[1]


def test_a_description_is_kept_unless_it_is_to_be_overwritten(fake, work, tmp_path):
    jpeg_with_much(work / "much.jpg", described=True)
    picture().save(work / "bare.jpg")
    kept = (work / "much.jpg").read_bytes()
    plan = fake.run("--write-metadata", "--dry-run", ".")
    assert plan.text == "./bare.jpg\t./bare.jpg\tnew\n./much.jpg\t./much.jpg\tkept as it is\n"
    result = fake.run("--write-metadata", ".", FAKE_LOG=tmp_path / "log")
    assert result.code == 0 and "1 picture is left out: it has a description" in result.err
    assert (work / "much.jpg").read_bytes() == kept
    again = fake.run("--write-metadata", ".", FAKE_LOG=tmp_path / "none")
    assert again.code == 0 and again.text == "" and "2 pictures are left out" in again.err
    assert not (tmp_path / "none").exists()  # no model is loaded
    written = captions(fake, "--write-metadata", "--existing", "overwrite", "much.jpg")["much.jpg"]
    new = tags(work / "much.jpg")
    assert new["XMP-dc:Description"] == {"x-default": written, "de": "von Hand"} or new["XMP-dc:Description"] == written
    assert "von Hand" in (work / "much.jpg").read_bytes().decode("latin-1")
    assert new["IPTC:Caption-Abstract"] == written and new["IPTC:Keywords"] == "holiday"


@pytest.mark.parametrize("field", ["-XMP-iptcCore:AltTextAccessibility", "-XMP-dc:Description", "-IPTC:Caption-Abstract", "-XMP-dc:Description-de"])
def test_any_of_the_fields_is_a_description(fake, work, field):
    picture().save(work / "a.jpg")
    subprocess.run(["exiftool", "-q", "-overwrite_original", f"{field}=by hand", "a.jpg"], cwd=work, check=True)
    assert "1 picture is left out" in fake.run("--write-metadata", "a.jpg").err


def test_xmp_files_beside_the_pictures(fake, library):
    pictures = {file: file.read_bytes() for file in library.iterdir()}
    (library / "bare.png.xmp").write_text(XMP.replace("DESCRIPTION", ""))
    written = captions(fake, "--write-metadata", "--metadata", "sidecar", ".")
    assert all(file.read_bytes() == content for file, content in pictures.items())
    for file in pictures:
        assert tags(f"{file}.xmp")["XMP-dc:Description"] == written[f"./{file.name}"]
    merged = tags(library / "bare.png.xmp")
    assert merged["XMP-own:Kept"] == "yes" if "XMP-own:Kept" in merged else "kept" in (library / "bare.png.xmp").read_text()
    assert "Ann" in (library / "bare.png.xmp").read_text()
    assert f"{len(pictures)} pictures are left out" in fake.run("--write-metadata", "--metadata", "sidecar", ".").err


def test_the_file_stays_the_same_file_for_others(fake, work):
    picture().save(work / "a.jpg")
    os.chmod(work / "a.jpg", 0o640)
    os.setxattr(work / "a.jpg", "user.xdg.tags", b"holiday")
    os.utime(work / "a.jpg", ns=(1_500_000_000_123456789, 1_400_000_000_987654321))
    (work / "link.jpg").symlink_to("a.jpg")
    assert fake.run("--write-metadata", "--keep-times", "link.jpg").code == 0
    status = (work / "a.jpg").stat()
    assert (work / "link.jpg").is_symlink() and "XMP-dc:Description" in tags(work / "a.jpg")
    assert status.st_mode & 0o777 == 0o640 and status.st_mtime_ns == 1_400_000_000_987654321
    assert os.getxattr(work / "a.jpg", "user.xdg.tags") == b"holiday"
    assert fake.run("--write-metadata", "--existing", "overwrite", "a.jpg").code == 0
    assert (work / "a.jpg").stat().st_mtime_ns != 1_400_000_000_987654321
    assert [file.name for file in work.iterdir() if "partial" in file.name] == []


def test_what_cannot_hold_it_is_named_and_the_others_go_on(fake, work):
    picture().save(work / "a.bmp")
    picture().save(work / "pages.tif", save_all=True, append_images=[picture((20, 20))])
    picture().save(work / "z.jpg")
    (work / "m.jpg").write_bytes(b"say no picture.")
    before = {name: (work / name).read_bytes() for name in ["a.bmp", "pages.tif", "m.jpg"]}
    result = fake.run("--write-metadata", ".")
    assert result.code == 1 and len(result.lines) == 4
    assert "'./a.bmp': its format has no place for metadata" in result.err
    assert "'./pages.tif': a TIFF file of several pictures" in result.err and "'./m.jpg'" in result.err
    assert {name: (work / name).read_bytes() for name in before} == before
    assert "XMP-dc:Description" in tags(work / "z.jpg")


def test_an_empty_caption_writes_nothing(fake, work):
    (work / "a.jpg").write_bytes(b"say ")
    assert fake.run("--write-metadata", "--metadata", "sidecar", "a.jpg").code == 0
    assert not (work / "a.jpg.xmp").exists()


def test_a_text_beyond_ascii_and_its_character_set(fake, work):
    (work / "a.jpg").write_bytes("say é & <b> \"x\"".encode())
    assert fake.run("--write-metadata", "--metadata", "sidecar", "a.jpg").code == 0
    assert tags(work / "a.jpg.xmp")["XMP-dc:Description"] == 'é & <b> "x"'


@pytest.mark.parametrize("arguments, message", [
    (["--metadata", "sidecar", "a.jpg"], "--metadata is where metadata go: add --write-metadata"),
    (["--keep-times", "a.jpg"], "add --write-metadata"),
    (["--write-metadata", "--sidecar", "txt", "a.jpg"], "are for two runs"),
    (["--write-metadata", "--output", "o", "--resume", "a.jpg"], "goes on by itself"),
    (["--write-metadata", "--existing", "append", "a.jpg"], "a picture has one description"),
    (["--write-metadata", "-"], "standard input"),
])
def test_mistakes(fake, images, arguments, message):
    result = fake.run(*arguments)
    assert result.code == 2 and message in result.err
