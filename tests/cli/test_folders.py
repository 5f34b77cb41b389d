"""What folders and lists of other systems hold beside pictures that are read."""

import base64
import io
import os
import tarfile

import pytest


@pytest.fixture
def camera(work):
    folder = work / "camera"
    folder.mkdir()
    for name in ["one.jpg", "IMG_1.XCF", "IMG_2.xcf", "clip.MP4", "light.exr", "notes.txt", "Thumbs.db", "one.xmp", "._one.xcf"]:
        (folder / name).write_bytes(b"say x.")
    (folder / "film.mp4").mkdir()
    return folder


def test_pictures_of_other_formats_are_counted(fake, camera):
    result = fake.run("camera")
    assert result.code == 0 and result.text == "camera/one.jpg\tx.\n"
    assert "4 files are left out, as their formats are not read: 2 XCF, 1 EXR, 1 MP4\n" in result.err
    assert "1 hidden file is left out\n" in result.err
    assert "left out" not in fake.run("camera", "--quiet").err
    (camera / "one.jpg").unlink()
    result = fake.run("camera")
    assert result.code == 2 and "no images in the folder 'camera'" in result.err and "2 XCF" in result.err


def test_one_file_is_one_file(fake, work):
    (work / "a.jpg").write_bytes(b"say x.")
    (work / "b.svg").write_bytes(b"")
    assert "1 file is left out, as its format is not read: 1 SVG; add --svg to read SVG\n" in fake.run(".").err
    result = fake.run(".", "--svg", "--json")
    assert [r["image"] for r in result.records()] == ["./a.jpg", "./b.svg"] and "left out" not in result.err
    assert fake.run(".", "--include", "*.svg").code == 2 and fake.run(".", "--svg", "--include", "*.svg", "--json").records()[0]["image"] == "./b.svg"
    assert "left out" not in fake.run("a.jpg").err


def test_the_folders_of_systems_are_left_out(fake, work):
    for name in ["2024", "@eaDir", "2024/#recycle", "__MACOSX", "lost+found", "$RECYCLE.BIN", ".thumbnails"]:
        (work / name).mkdir()
        (work / name / "a.jpg").write_bytes(b"say x.")
    result = fake.run("-r", ".")
    assert result.text == "./2024/a.jpg\tx.\n"
    assert "6 folders of the system are left out: ./" in result.err and ", ...\n" in result.err
    assert "hidden" not in result.err
    records = fake.run("-r", ".", "--json", "--left-out").records()[1:]
    assert sorted(r["image"] for r in records) == [
        "./$RECYCLE.BIN", "./.thumbnails", "./2024/#recycle", "./@eaDir", "./__MACOSX", "./lost+found"]
    assert {r["left_out"]["code"] for r in records} == {"system_folder"}
    assert fake.run("@eaDir").text == "@eaDir/a.jpg\tx.\n"  # who names it wants it


@pytest.fixture
def pairs(work):
    folder = work / "in"
    for name in ["a.NEF", "a.JPG", "b.cr3", "b.hif", "c.dng", "c.png", "d.ARW", "deep/d.jpg", "e.dng", "._e.jpg"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"say x.")
    return folder


def test_of_a_raw_file_and_its_picture_the_second_is_taken(fake, pairs, schema):
    result = fake.run("in", "-r")
    assert result.text == "".join(f"in/{name}\tx.\n" for name in ["a.JPG", "b.hif", "c.dng", "c.png", "d.ARW", "e.dng", "deep/d.jpg"])
    assert "2 raw files are left out, as their pictures lie beside them\n" in result.err
    records = fake.run("in", "--json", "--left-out", "--include", "[ab].*").records()
    message = "is a camera's raw data of a picture that lies beside it"
    assert {r["image"]: r["left_out"] for r in records if r.get("left_out", {}).get("code", "subfolder") != "subfolder"} == {
        f"in/{name}": {"code": "paired_raw", "message": message} for name in ["a.NEF", "b.cr3"]}
    for record in records:
        schema.validate(record)
    assert fake.run("in", "--include", "*.NEF").text == "in/a.NEF\tx.\n"  # who asks for it wants it


@pytest.mark.parametrize("extra", [(), ("--output-tar", "out.tar")])
def test_raw_files_next_to_their_pictures_in_an_archive(fake, work, extra):
    names = ["a.JPG", "a.NEF", "b.CR2", "b.dng", "b.jpg", "c.CR2", "d.CR2", "d.png", "e.ARW", "e.dng"]
    with tarfile.open(work / "in.tar", "w") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(b"say x.")
            archive.addfile(info, io.BytesIO(b"say x."))
    result = fake.run("in.tar", "--json", "--left-out", *extra)
    taken = [r["image"] for r in result.records() if "left_out" not in r]
    assert taken == [f"in.tar/{name}" for name in ["a.JPG", "b.jpg", "c.CR2", "d.CR2", "d.png", "e.ARW", "e.dng"]]
    assert {r["image"] for r in result.records()} == {f"in.tar/{name}" for name in names}
    assert "3 raw files are left out, as their pictures lie beside them\n" in result.err


@pytest.fixture
def odd(work):
    """A folder with everything that is no input, and a link that is one."""
    folder = work / "in"
    for name in ["a.jpg", "b.MP4", "c.exr", "._a.jpg", ".d.mov", ".notes", "notes.txt", "2024/e.png", ".git/f.jpg", "@eaDir/g.jpg", "out/h.jpg"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"say x.")
    (folder / "again").symlink_to(".")
    (folder / "again.jpg").symlink_to("2024")
    (folder / "circle.jpg").symlink_to("circle.jpg")
    os.mkfifo(folder / "pipe.jpg")
    return folder


def test_everything_that_is_left_out_has_a_record(fake, odd, schema):
    result = fake.run("-r", "in", "--json", "--left-out", "--exclude", "out")
    for record in result.records():
        schema.validate(record)
    captioned = [r["image"] for r in result.records() if "left_out" not in r]
    assert captioned == ["in/a.jpg", "in/circle.jpg", "in/2024/e.png"]
    assert {r["image"]: r["left_out"]["code"] for r in result.records()[3:]} == {
        "in/b.MP4": "format", "in/c.exr": "format", "in/._a.jpg": "hidden", "in/.d.mov": "hidden", "in/.git": "hidden",
        "in/@eaDir": "system_folder", "in/again": "link", "in/again.jpg": "link", "in/pipe.jpg": "no_file"}
    assert {"MP4 is a format that is not read", "EXR is a format that is not read"} <= {r["left_out"]["message"] for r in result.records()[3:]}
    for line in ["2 hidden files are left out", "1 hidden folder is left out: in/.git", "2 links to folders are not followed: in/again",
                 "1 pipe, socket or device is left out: in/pipe.jpg", "1 folder of the system is left out: in/@eaDir"]:
        assert line in result.err
    assert fake.run("-r", "in", "--json", "--exclude", "out").records() == result.records()[:3]
    records = fake.run("in", "--json", "--left-out").records()
    assert {r["image"] for r in records if r.get("left_out", {}).get("code") == "subfolder"} == {"in/2024", "in/out"}


def test_a_link_in_a_circle_has_a_record(fake, odd):
    result = fake.run("in", "--json")
    assert result.code == 1
    error = next(r["error"] for r in result.records() if r["image"] == "in/circle.jpg")
    assert error == {"code": "unreadable", "message": "in/circle.jpg: Too many levels of symbolic links"}


def test_records_of_what_is_left_out_come_once(fake, work, odd):
    whole = fake.run("-r", "in", "--json", "--left-out", "--output", "whole").code, (work / "whole").read_bytes()
    run = ["-r", "in", "--json", "--left-out", "--output", "out", "--resume"]
    for _ in range(2):  # the second has nothing to do
        assert (fake.run(*run).code, (work / "out").read_bytes()) == whole
    (work / "out").write_bytes(whole[1][:-20])
    lines = (work / "out.resume").read_bytes().splitlines(keepends=True)
    (work / "out.resume").write_bytes(b"".join(lines[:-2]))
    assert (fake.run(*run).code, (work / "out").read_bytes()) == whole
    parts = [fake.run("-r", "in", "--json", "--left-out", "--shard", f"{i}/3").lines for i in (1, 2, 3)]
    assert sorted(sum(parts, [])) == sorted(whole[1].decode().splitlines())


def test_a_run_in_which_every_picture_has_its_text_has_these_records_too(fake, work):
    (work / "in").mkdir()
    for name in ("a.jpg", "clip.mp4"):
        (work / "in" / name).write_bytes(b"say x.")
    run = ["in", "--json", "--left-out", "--sidecar", "txt"]
    first, again = fake.run(*run), fake.run(*run)
    assert [record["image"] for record in first.records()] == ["in/a.jpg", "in/clip.mp4"]
    assert (again.code, again.records()) == (0, first.records()[1:])


def test_records_of_what_is_left_out_are_for_json(fake, odd):
    for format in ([], ["--format", "csv"]):
        result = fake.run("in", "--left-out", *format)
        assert result.code == 2 and "--left-out is about records: add --json" in result.err


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
