"""Pictures in tar archives, as WebDataset has them, and --output-tar. Made and read back with Python's tarfile."""

import io
import json
import os
import re
import signal
import tarfile

import pytest

from conftest import wait_for


def make_tar(file, members, mode="w", **options):
    """`members`: [(name, bytes)]"""
    with tarfile.open(file, mode, **options) as archive:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(content), 1_400_000_000
            archive.addfile(entry, io.BytesIO(content))


def read_tar(file):
    """-> [(name, bytes)], in order"""
    with tarfile.open(file) as archive:
        return [(entry.name, archive.extractfile(entry).read()) for entry in archive]


def samples(file):
    """As the package webdataset takes an archive apart: https://github.com/webdataset/webdataset, tariterators.py."""
    found = []
    for name, content in read_tar(file):
        key, extension = re.match(r"^((?:.*/|)[^.]+)[.]([^/]*)$", name).groups()
        if not found or found[-1]["__key__"] != key:
            found.append({"__key__": key})
        assert extension not in found[-1], f"{name} stands there twice"
        found[-1][extension] = content
    return found


def shard(first, count):
    members = []
    for i in range(first, first + count):
        members += [(f"{i:06d}.jpg", b"say picture %d." % i), (f"{i:06d}.cls", b"%d" % (i % 10))]
    return members


def images(result):
    return [record["image"] for record in result.records()]


@pytest.mark.parametrize("name, mode", [("a.tar", "w"), ("a.tar.gz", "w:gz"), ("a.TGZ", "w:gz"), ("a.tar.xz", "w:xz"), ("a.tar.bz2", "w:bz2")])
def test_pictures_of_an_archive(fake, work, schema, name, mode):
    make_tar(work / name, shard(0, 3) + [("sub.v1/22.05.png", b"corrupt"), ("sub.v1/.hidden.png", b"say no."), ("readme.txt", b"no picture")], mode)
    result = fake.run("--json", name)
    assert result.code == 1 and images(result) == [f"{name}/00000{i}.jpg" for i in range(3)] + [f"{name}/sub.v1/22.05.png"]
    records = result.records()
    assert [record["key"] for record in records] == ["000000", "000001", "000002", "sub.v1/22"]
    assert records[1]["caption"] == "picture 1." and records[3]["error"]["code"] == "corrupt"
    for record in records:
        schema.validate(record)


def test_ranges_of_shards(fake, work):
    for i in range(8, 12):
        make_tar(work / f"shard-{i:06d}.tar", shard(10 * i, 2))
    expected = [f"shard-{i:06d}.tar/{10 * i + k:06d}.jpg" for i in (8, 9, 10, 11) for k in (0, 1)]
    assert images(fake.run("--json", "shard-{000008..000011}.tar")) == expected
    (work / "list").write_text("shard-{000008..000009}.tar\nshard-{000010..000011}.tar\n")
    assert images(fake.run("--json", "--files-from", "list")) == expected
    missing = fake.run("--json", "shard-{000011..000012}.tar")
    assert missing.code == 1 and images(missing) == expected[6:] + ["shard-000012.tar"]
    assert missing.records()[-1]["error"]["code"] == "not_found"
    os.rename(work / "shard-000008.tar", work / "odd{1..2}.tar")  # there is a file of this name
    assert images(fake.run("--json", "odd{1..2}.tar")) == ["odd{1..2}.tar/000080.jpg", "odd{1..2}.tar/000081.jpg"]


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_an_archive_on_standard_input(fake, work, mode):
    make_tar(work / "a.tar", shard(0, 2), mode)
    content = (work / "a.tar").read_bytes()
    result = fake.run("--tar", "-", stdin=content)
    assert result.text == "000000.jpg\tpicture 0.\n000001.jpg\tpicture 1.\n"
    (work / "no_name").write_bytes(content)
    assert fake.run("--tar", "no_name").lines == ["no_name/000000.jpg\tpicture 0.", "no_name/000001.jpg\tpicture 1."]


def test_records_come_while_the_archive_is_still_written(fake, work):
    make_tar(work / "a.tar", shard(0, 2))
    process = fake.start("--tar", "-", stdin=-1)
    process.stdin.write((work / "a.tar").read_bytes()[:2048 + 512])  # the first picture and more
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) in (130, -signal.SIGINT)  # and it does not hang in a slow pipe


@pytest.mark.parametrize("cut", [520, 2048 + 100])
def test_what_is_whole_of_a_cut_archive_is_captioned(fake, work, cut):
    make_tar(work / "a.tar", shard(0, 3))
    with open(work / "a.tar", "r+b") as file:
        file.truncate(cut)
    result = fake.run("--json", "a.tar")
    records = result.records()
    assert result.code == 1 and records[-1]["image"] == "a.tar" and records[-1]["error"]["code"] == "corrupt"
    assert "a.tar: the archive cannot be read on: " in result.err
    assert len(records) == (2 if cut > 2048 else 1)


def test_what_is_no_archive(fake, work):
    (work / "a.tar").write_bytes(b"no archive at all" * 100)
    (work / "none.tar").write_bytes(b"")
    result = fake.run("a.tar")
    assert result.code == 1 and "a.tar: the archive cannot be read on" in result.err
    make_tar(work / "b.tar", [("a.txt", b"x")])
    result = fake.run("b.tar")
    assert result.code == 2 and "no images in the archive 'b.tar'" in result.err
    assert "none.tar: the archive cannot be read on" in fake.run("none.tar").err


def test_names_of_any_bytes(fake, work):
    name = os.fsdecode(b"caf\xe9 ") + "x" * 150 + ".jpg"
    for format in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        make_tar(work / "a.tar", [(name, b"say a."), ("naïve.jpg", b"say b.")], format=format)
        for locale in ("C", "C.UTF-8"):
            result = fake.run("a.tar", LC_ALL=locale)
            assert result.lines == [f"a.tar/{name}\ta.", "a.tar/naïve.jpg\tb."]


def test_patterns_and_parts(fake, work):
    make_tar(work / "a.tar", [("x/1.jpg", b"say a."), ("x/1.mask.png", b"say mask."), ("__MACOSX/._1.jpg", b"no"), ("@eaDir/1.jpg", b"no")])
    assert fake.run("a.tar", "--exclude", "*.mask.png").lines == ["a.tar/x/1.jpg\ta."]
    assert fake.run("a.tar", "--exclude", "x").code == 2
    for i in range(12):
        make_tar(work / f"s{i:02d}.tar", shard(10 * i, 3))
    parts = [fake.run("s{00..11}.tar", "--shard", f"{part}/2").lines for part in (1, 2)]
    assert sorted(sum(parts, [])) == sorted(fake.run("s{00..11}.tar").lines)
    assert not {line[:3] for line in parts[0]} & {line[:3] for line in parts[1]}  # an archive is in one part


def test_resume_goes_on_in_an_archive(fake, work):
    make_tar(work / "a.tar", shard(0, 30))
    run = ["a.tar", "--json", "--output", "out", "--resume"]
    assert fake.run(*run).code == 0
    whole = (work / "out").read_bytes()
    lines = (work / "out.resume").read_bytes().splitlines(keepends=True)
    (work / "out.resume").write_bytes(b"".join(lines[:-12]))
    assert fake.run(*run).code == 0 and (work / "out").read_bytes() == whole


# Out


def test_captions_and_records_beside_the_pictures(fake, work, schema):
    make_tar(work / "a.tar", shard(0, 3) + [("3.png", b"corrupt"), ("notes/all.txt", b"no picture")])
    result = fake.run("a.tar", "--output-tar", "b.tar")
    assert result.code == 1 and len(result.lines) == 3
    read = samples(work / "b.tar")
    assert [sample["__key__"] for sample in read] == ["000000", "000001", "000002", "3", "notes/all"]
    assert read[1]["jpg"] == b"say picture 1." and read[1]["cls"] == b"1" and read[1]["txt"] == b"picture 1."
    record = json.loads(read[1]["json"])
    schema.validate(record)
    assert record["image"] == "a.tar/000001.jpg" and record["key"] == "000001" and record["caption"] == "picture 1."
    assert "txt" not in read[3] and json.loads(read[3]["json"])["error"]["code"] == "corrupt" and read[3]["png"] == b"corrupt"
    assert read[4] == {"__key__": "notes/all", "txt": b"no picture"}
    with tarfile.open(work / "b.tar") as archive:
        assert {entry.mtime for entry in archive} == {1_400_000_000} and {entry.mode for entry in archive} == {0o644}


def test_a_text_that_is_there(fake, work):
    make_tar(work / "a.tar", [("1.jpg", b"say new."), ("1.json", b'{"caption": "old", "url": "http://x/1.jpg"}'), ("1.txt", b"by hand"),
                              ("2.jpg", b"say second."), ("2.json", b'{"url": "http://x/2.jpg"}')])
    result = fake.run("a.tar", "--output-tar", "b.tar")
    assert result.code == 0 and "1 picture is left out: it has a text" in result.err and len(result.lines) == 1
    kept, second = samples(work / "b.tar")
    assert kept == dict(zip(["__key__", "jpg", "json", "txt"], ["1", b"say new.", b'{"caption": "old", "url": "http://x/1.jpg"}', b"by hand"]))
    assert json.loads(second["json"])["url"] == "http://x/2.jpg" and json.loads(second["json"])["caption"] == "second."
    for existing, text in (("overwrite", b"new."), ("append", b"by hand\nnew.")):
        assert fake.run("a.tar", "--output-tar", "b.tar", "--existing", existing).code == 0
        first = samples(work / "b.tar")[0]
        assert first["txt"] == text and json.loads(first["json"])["caption"] == "new." and json.loads(first["json"])["url"] == "http://x/1.jpg"
    assert fake.run("a.tar", "--output-tar", "b.tar", "--existing", "overwrite", "--prefix", "sks, ").code == 0
    assert samples(work / "b.tar")[0]["txt"] == b"sks, new."
    make_tar(work / "a.tar", [("1.jpg", b"say new."), ("1.txt", b"by hand")])
    result = fake.run("a.tar", "--output-tar", "b.tar")  # nothing is left to caption
    assert result.code == 0 and read_tar(work / "b.tar") == read_tar(work / "a.tar")


def test_all_of_many_samples_come_out_in_order(fake, work):
    members = []
    for i in range(400):
        members += [(f"{i:04d}.jpg", b"say %d." % i)] + [(f"{i:04d}.txt", b"kept")] * (i % 3 == 0) + [(f"{i:04d}.x.npy", os.urandom(100))] * (i % 5 == 0)
    make_tar(work / "a.tar", members)
    assert fake.run("a.tar", "--output-tar", "b.tar", "--batch", "3").code == 0
    read = samples(work / "b.tar")
    assert [sample["__key__"] for sample in read] == [f"{i:04d}" for i in range(400)]
    assert all(sample["txt"] == (b"kept" if i % 3 == 0 else b"%d." % i) for i, sample in enumerate(read))
    assert [name for name, _ in read_tar(work / "b.tar") if not name.endswith(("json", "txt"))] == \
        [name for name, _ in members if not name.endswith("txt")]


def test_an_archive_of_files(fake, work):
    for name in ("album/train.v1/0001.jpg", "album/22.05.jpg", "album/22.06.jpg", "album/22_05.jpg", "album/plain.JPG", "album/plain.png"):
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_bytes(f"say {name}".encode())
    (work / "album" / "bad.gif").write_bytes(b"corrupt")
    (work / "list").write_text("album/missing.jpg\n")
    result = fake.run("-r", "album", "--files-from", "list", "--output-tar", "b.tar")
    assert result.code == 1
    read = {sample["__key__"]: sample for sample in samples(work / "b.tar")}
    assert sorted(read) == ["22_05", "22_05-2", "22_06", "bad", "missing", "plain", "plain-2", "train.v1/0001"]
    assert read["train.v1/0001"]["jpg"] == b"say album/train.v1/0001.jpg" and read["train.v1/0001"]["txt"] == b"album/train.v1/0001.jpg"
    assert json.loads(read["22_05"]["json"])["image"] == "album/22.05.jpg"
    assert "jpg" not in read["missing"] and json.loads(read["missing"]["json"])["error"]["code"] == "not_found"


def test_dots_in_names_merge_nothing(fake, work):
    make_tar(work / "a.tar", [(name, b"say x.") for name in ("B/22.05.jpg", "B/235 Track 2.0 (Clean).jpg", "B/plain.jpg", "B/train.v1/0001.jpg")])
    assert fake.run("a.tar", "--output-tar", "b.tar").code == 0
    assert len(samples(work / "b.tar")) == 4
    make_tar(work / "a.tar", [("1.jpg", b"say a."), ("1.png", b"say b."), ("1.mask.png", b"say c.")])
    assert fake.run("a.tar", "--output-tar", "b.tar").code == 0
    sample, = samples(work / "b.tar")
    assert {name for name in sample} == {"__key__", "jpg", "png", "mask.png", "txt", "json", "png.txt", "png.json", "mask.txt", "mask.json"}
    assert sample["txt"] == b"a." and sample["png.txt"] == b"b." and sample["mask.txt"] == b"c."


def test_through_a_pipe(fake, work):
    make_tar(work / "a.tar", shard(0, 5))
    status, out, err = fake.shell("cat a.tar | $caption --tar - --output-tar - | tar -xO --wildcards '*.txt'")
    assert status == 0 and out == "".join(f"picture {i}." for i in range(5)), err


def test_a_killed_run_leaves_no_archive(fake, work):
    make_tar(work / "a.tar", shard(0, 50))
    (work / "b.tar").write_bytes(b"what was")
    process = fake.start("a.tar", "--output-tar", "b.tar", environment={"FAKE_DELAY_MS": "50"})
    wait_for(lambda: any(name.startswith(".b.tar.partial") for name in os.listdir(work)))
    process.kill()
    process.communicate()
    assert (work / "b.tar").read_bytes() == b"what was"
    assert fake.run("a.tar", "--output-tar", "b.tar").code == 0
    assert len(samples(work / "b.tar")) == 50 and sorted(os.listdir(work)) == ["a.tar", "b.tar"]


@pytest.mark.parametrize("arguments, message", [
    (["a.tar", "--sidecar", "txt"], "a picture in an archive has no place for a sidecar beside it: use --output-tar"),
    (["a.tar", "--write-metadata"], "the metadata of a picture in an archive cannot be written: use --output-tar"),
    (["a.tar", "--output-tar", "b.tar", "--sidecar", "txt"], "--output-tar"),
    (["a.tar", "--output-tar", "b.tar", "--output", "o", "--resume"], "--output-tar"),
    (["a.tar", "--output-tar", "a.tar"], "is an input"),
    (["-", "--output-tar", "b.tar"], "add --tar"),
    (["a.tar", "--output-tar", "-", "--output", "-"], "standard output"),
])
def test_mistakes(fake, work, arguments, message):
    make_tar(work / "a.tar", shard(0, 1))
    result = fake.run(*arguments)
    assert result.code == 2 and message in result.err, result.err
    assert sorted(os.listdir(work)) == ["a.tar"]


def test_an_archive_into_a_device_or_a_pipe(fake, work):
    """Which stays what it is."""
    (work / "a.jpg").write_bytes(b"say a.")
    status = os.stat("/dev/full")
    result = fake.run("a.jpg", "--output-tar", "/dev/full")
    assert os.stat("/dev/full").st_rdev == status.st_rdev
    assert result.code == 3 and "cannot write to '/dev/full': No space left on device" in result.err
    os.mkfifo(work / "pipe")
    process = fake.start("a.jpg", "--output-tar", "pipe")
    with tarfile.open(work / "pipe", mode="r|") as tar:
        assert [member.name for member in tar] == ["a.jpg", "a.json", "a.txt"]
    assert process.wait(timeout=60) == 0
