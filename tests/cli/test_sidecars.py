"""--sidecar: a caption in a file of its own beside its picture."""

import json
import os
import random
import signal
import time

import pytest


@pytest.fixture
def photos(work):
    for name in ["in/a.jpg", "in/sub/a.jpg", "in/sub/b.png"]:
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_bytes(f"say words of {name}.".encode())
    return work / "in"


def texts(folder, pattern="*.txt"):
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob(pattern)}


def test_text_beside_each_picture(fake, work, photos):
    result = fake.run("-r", "in", "--sidecar", "txt", "--prefix", "sks, ", "--suffix", " end")
    assert result.code == 0
    assert result.lines == [f"in/{name}\twords of in/{name}." for name in ("a.jpg", "sub/a.jpg", "sub/b.png")]
    assert texts(photos) == {name[:-4] + ".txt": f"sks, words of in/{name}. end\n" for name in ("a.jpg", "sub/a.jpg", "sub/b.png")}


def test_json_holds_the_record(fake, work, photos):
    result = fake.run("-r", "in", "--json", "--n-best", "2", "--sidecar", "json")
    assert result.code == 0
    assert [json.loads((work / record["image"]).with_suffix(".json").read_text()) for record in result.records()] == result.records()


def test_pictures_that_have_one_are_left_out_unread(fake, work, photos, tmp_path):
    (photos / "a.txt").write_text("mine")
    (photos / "a.jpg").unlink()
    os.mkfifo(photos / "a.jpg")  # reading it would hang
    log = tmp_path / "log"
    result = fake.run("-r", "in/a.jpg", "in/sub", "--sidecar", "txt")
    assert result.code == 0 and "1 picture is left out: it has a sidecar" in result.err
    assert texts(photos) == {"a.txt": "mine", "sub/a.txt": "words of in/sub/a.jpg.\n", "sub/b.txt": "words of in/sub/b.png.\n"}
    result = fake.run("-r", "in/a.jpg", "in/sub", "--sidecar", "txt", FAKE_LOG=log)
    assert result.code == 0 and "3 pictures are left out" in result.err and not log.exists()  # not even a model


def test_what_exists_is_overwritten_or_appended_to(fake, photos):
    (photos / "a.txt").write_text("tag")
    assert fake.run("in", "--sidecar", "txt", "--existing", "append").code == 0
    assert texts(photos) == {"a.txt": "tag\nwords of in/a.jpg.\n"}
    assert fake.run("in", "--sidecar", "txt", "--existing", "overwrite").code == 0
    assert texts(photos) == {"a.txt": "words of in/a.jpg.\n"}


def test_a_folder_for_them(fake, work, photos):
    assert fake.run("in/sub", "in/sub/b.png", "--sidecar", "txt", "--sidecar-folder", "out").code == 2  # b.png twice
    assert not (work / "out").exists()
    assert fake.run("-r", "in", "--sidecar", "txt", "--sidecar-folder", "out/new").code == 0
    assert texts(photos) == {} and set(texts(work / "out" / "new")) == {"a.txt", "sub/a.txt", "sub/b.txt"}
    (work / "out" / "new" / "a.txt").unlink()
    assert fake.run("in/a.jpg", "--sidecar", "txt", "--sidecar-folder", "out/new").code == 0
    assert texts(work / "out" / "new")["a.txt"] == "words of in/a.jpg.\n"


def test_two_pictures_of_one_name_are_refused_before_anything_is_written(fake, work, photos):
    (photos / "a.png").write_bytes(b"say other.")
    result = fake.run("-r", "in", "--sidecar", "txt", "--output", "all.txt")
    assert result.code == 2 and "'in/a.jpg' and 'in/a.png' would both have the sidecar 'in/a.txt': nothing was written" in result.err
    assert texts(photos) == {} and not (work / "all.txt").exists()


def test_a_dry_run_only_says_what_would_happen(fake, work, photos):
    (photos / "a.txt").write_text("mine")
    for existing, what in [([], "kept as it is"), (["--existing", "overwrite"], "overwritten"), (["--existing", "append"], "appended to")]:
        result = fake.run("-r", "in", "--sidecar", "txt", "--dry-run", *existing, CAPTION_MODELS="/nowhere")
        assert result.code == 0 and result.err == ""
        assert result.lines == [f"in/a.jpg\tin/a.txt\t{what}", "in/sub/a.jpg\tin/sub/a.txt\tnew", "in/sub/b.png\tin/sub/b.txt\tnew"]
    assert texts(photos) == {"a.txt": "mine"}


def test_a_picture_that_fails_gets_none(fake, photos):
    (photos / "bad.jpg").write_bytes(b"corrupt")
    result = fake.run("in", "--sidecar", "txt")
    assert result.code == 1 and "1 of 2 images failed" in result.err
    assert set(texts(photos)) == {"a.txt"}


def test_an_empty_caption_gets_none(fake, photos):
    (photos / "empty.jpg").write_bytes(b"say ")
    result = fake.run("in", "--sidecar", "txt", "--prefix", "sks, ")
    assert result.code == 0 and "1 of 2 captions is empty" in result.err
    assert texts(photos) == {"a.txt": "sks, words of in/a.jpg.\n"}
    assert fake.run("in", "--sidecar", "json").code == 0
    assert json.loads((photos / "empty.json").read_text())["caption"] == ""


def test_all_that_share_a_sidecar_are_found(fake, work, photos):
    """Among others, in their order; also those that have their sidecar."""
    for i in range(500):
        (photos / f"{i}.jpg").write_bytes(b"say x.")
    for name in ["77.png", "444.webp"]:
        (photos / name).write_bytes(b"say x.")
    (photos / "444.txt").write_text("mine")
    result = fake.run("in", "--sidecar", "txt", "--dry-run")
    assert result.code == 2 and "'in/444.jpg' and 'in/444.webp' would both have the sidecar 'in/444.txt'" in result.err
    (photos / "444.webp").unlink()
    result = fake.run("in/77.png", "in", "--sidecar", "txt")
    assert result.code == 2 and "'in/77.png' and 'in/77.jpg' would both have" in result.err
    (photos / "77.png").unlink()
    assert fake.run("in", "--sidecar", "txt").code == 0 and len(texts(photos)) == 501


def test_no_room_for_the_names(fake, photos):
    result = fake.run("in", "--sidecar", "txt", TMPDIR="/nowhere")
    assert result.code == 3 and "cannot keep the inputs' names for a while in '/nowhere' ($TMPDIR): No such file" in result.err


def test_a_run_that_is_killed_leaves_whole_files_and_goes_on(fake, work):
    for i in range(60):
        (work / f"{i}.jpg").write_bytes(b"say %d." % i)
    moments = random.Random(3)
    arguments = ["--files-from", "list", "--sidecar", "txt", "--quiet", "--batch", "2"]
    (work / "list").write_text("".join(f"{i}.jpg\n" for i in range(60)))
    for _ in range(15):
        process = fake.start(*arguments, environment={"FAKE_DELAY_MS": "1"})
        time.sleep(moments.uniform(0.002, 0.05))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        for file in work.glob("*.txt"):
            assert file.read_text() == f"{file.stem}.\n"
    assert fake.run(*arguments).code == 0
    assert len(texts(work)) == 60 and list(work.glob(".*")) == []


def test_what_cannot_be_written_ends_the_run(fake, work, photos):
    (photos / "a.txt").mkdir()
    result = fake.run("in", "--sidecar", "txt", "--existing", "overwrite")
    assert result.code == 3 and "cannot write 'in/a.txt': Is a directory" in result.err


def test_what_it_does_not_go_with(fake, photos):
    for arguments, message in [
        (["--existing", "skip"], "--existing is about sidecars, metadata and archives: add --sidecar txt or json"),
        (["--prefix", "x"], "--prefix stands in sidecars: add --sidecar"),
        (["--dry-run"], "--dry-run says what would happen to sidecars and metadata: add --sidecar"),
        (["--sidecar", "xml"], "--sidecar"),
        (["--sidecar", "json", "--existing", "append"], "--existing append is for --sidecar txt"),
        (["--sidecar", "txt", "--output", "o", "--resume"], "--resume does not go with --sidecar"),
        (["--sidecar", "txt", "-"], "a picture on standard input ('-') has no place for a sidecar"),
    ]:
        result = fake.run("in/a.jpg", *arguments)
        assert result.code == 2 and message in result.err, result.err
