"""What folders and lists of other systems hold beside pictures that are read."""

import base64
import os

import pytest


@pytest.fixture
def camera(work):
    folder = work / "camera"
    folder.mkdir()
    for name in ["one.jpg", "IMG_1.CR2", "IMG_2.cr2", "clip.MP4", "raw.nef", "notes.txt", "Thumbs.db", "one.xmp", "._one.cr2"]:
        (folder / name).write_bytes(b"say x.")
    (folder / "film.mp4").mkdir()
    return folder


def test_pictures_of_other_formats_are_counted(fake, camera):
    result = fake.run("camera")
    assert result.code == 0 and result.text == "camera/one.jpg\tx.\n"
    assert "4 files are left out, as their formats are not read: 2 CR2, 1 MP4, 1 NEF\n" in result.err
    assert "left out" not in fake.run("camera", "--quiet").err
    (camera / "one.jpg").unlink()
    result = fake.run("camera")
    assert result.code == 2 and "no images in the folder 'camera'" in result.err and "2 CR2" in result.err


def test_one_file_is_one_file(fake, work):
    (work / "a.jpg").write_bytes(b"say x.")
    (work / "b.svg").write_bytes(b"")
    assert "1 file is left out, as its format is not read: 1 SVG\n" in fake.run(".").err
    assert "left out" not in fake.run("a.jpg").err


def test_the_folders_of_systems_are_left_out(fake, work):
    for name in ["2024", "@eaDir", "2024/#recycle", "__MACOSX", "lost+found", "$RECYCLE.BIN", ".thumbnails"]:
        (work / name).mkdir()
        (work / name / "a.jpg").write_bytes(b"say x.")
    result = fake.run("-r", ".")
    assert result.text == "./2024/a.jpg\tx.\n"
    assert "5 folders of the system are left out: " in result.err
    for name in ["$RECYCLE.BIN", "@eaDir", "__MACOSX", "lost+found", "2024/#recycle"]:
        assert f"./{name}" in result.err
    assert fake.run("@eaDir").text == "@eaDir/a.jpg\tx.\n"  # who names it wants it


@pytest.mark.parametrize("content", [
    b"a.jpg\r\nb c.jpg\r\n",
    b"\xef\xbb\xbfa.jpg\nb c.jpg\n",
    b"\xef\xbb\xbfa.jpg\r\n\r\nb c.jpg",
    "a.jpg\nb c.jpg\n".encode("utf-16"),
    b"\xfe\xff" + "a.jpg\r\nb c.jpg".encode("utf-16-be"),
])
def test_lists_as_other_systems_write_them(fake, work, content):
    for name in ["a.jpg", "b c.jpg"]:
        (work / name).write_bytes(b"say x.")
    (work / "list").write_bytes(content)
    for result in (fake.run("--files-from", "list"), fake.run("--files-from", "-", stdin=content)):
        assert result.code == 0 and result.lines == ["a.jpg\tx.", "b c.jpg\tx."]


def test_names_in_a_list_are_any_characters(fake, work):
    name = "\u00e9\u4e2d\U0001f600.jpg"
    (work / name).write_bytes(b"say x.")
    (work / "list").write_bytes((name + "\n").encode("utf-16") * 1 + "nowhere.jpg\n".encode("utf-16-le"))
    result = fake.run("--files-from", "list")
    assert result.lines == [f"{name}\tx."] and "nowhere.jpg" in result.err
    (work / "ends in CR\r").write_bytes(b"say y.")
    assert fake.run("--files-from", "-", stdin=b"ends in CR\r\n").text == "ends in CR\\x0d\ty.\n"


def test_long_lists_in_utf16(fake, work):
    (work / "a.jpg").write_bytes(b"say x.")
    content = ("a.jpg\n" * 3000 + "\U0001f600\n" * 30000).encode("utf-16")
    assert fake.run("--files-from", "-", stdin=content).text.count("a.jpg") == 3000


def test_names_that_are_no_utf8_can_be_told_apart(fake, work):
    names = [b"caf\xe8.jpg", b"caf\xe9.jpg", "caf\u00e9.jpg".encode()]
    for name in names:
        (work / os.fsdecode(name)).write_bytes(b"say x.")
    records = fake.run("--json", ".").records()
    found = [base64.b64decode(r["image_base64"]) if "image_base64" in r else r["image"].encode() for r in records]
    assert sorted(found) == sorted(b"./" + name for name in names)
    assert [("image_base64" in r) for r in records].count(True) == 2
