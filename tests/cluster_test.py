"""What a slot of a cluster does (scripts/cluster), without Spark, Ray or Parquet: scripts/cluster/test_cluster has these.

Beside the real program there is one that dies and hangs on demand.
"""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts" / "cluster"))
import plan  # noqa: E402
from slot import Picture, Settings, Slot  # noqa: E402

PICTURES = sorted((ROOT / "models" / "photographs" / "pictures").glob("*.jpg"))

# Answers each request with its text; "die" ends it, "die once" the first time, "hang" is never answered.
FAKE = """#!{python}
import base64, json, os, sys, time
log = open({log!r}, "a")
print("start", *sys.argv[1:], file=log, flush=True)
if "--broken" in sys.argv:
    sys.exit(3)
for line in sys.stdin:
    request = json.loads(line)
    text = base64.b64decode(request["image"]).decode()
    once = {log!r} + ".once"
    if text == "die" or (text == "die once" and not os.path.exists(once)):
        open(once, "w").close()
        os.kill(os.getpid(), 9)
    while text == "hang":
        time.sleep(1)
    answer = {{"id": request["id"], "image": request.get("name", "-"), "model": "fake"}}
    answer.update({{"error": {{"code": "corrupt", "message": "-: bad"}}}} if text == "bad" else {{"caption": text, "score": -1.0, "mean_logprob": -0.5}})
    print(json.dumps(answer), flush=True)
"""


@pytest.fixture
def fake(tmp_path):
    program = tmp_path / "fake"
    program.write_text(FAKE.format(python=sys.executable, log=str(tmp_path / "log")))
    program.chmod(0o755)
    return str(program)


@pytest.fixture
def slot():
    made = []

    def make(*arguments, **settings):
        made.append(Slot(Settings(*arguments, **settings)))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def program():
    assert "CAPTION_PREFIX" in os.environ, "CAPTION_PREFIX is not set: run the tests with ctest"
    return str(Path(os.environ["CAPTION_PREFIX"]) / "bin" / "caption")


def pictures(*texts):
    return [Picture(f"{number}.jpg", text.encode()) for number, text in enumerate(texts)]


def starts(fake):
    return Path(fake).with_name("log").read_text().count("start")


def outcomes(rows):
    return [row["caption"] or row["error"].split(":")[0] for row in rows]


def test_rows_come_in_order_and_the_process_stays(slot, fake):
    one = slot(fake, together=3)
    texts = [f"text {i}" for i in range(50)]
    for _ in range(3):
        rows = one.captions(iter(pictures(*texts)))
        assert [(row["path"], row["caption"]) for row in rows] == [(f"{i}.jpg", text) for i, text in enumerate(texts)]
    assert rows[0] == {"path": "0.jpg", "caption": "text 0", "score": -1.0, "mean_logprob": -0.5, "model": "fake", "error": None}
    assert one.captions(iter([])) == [] and starts(fake) == 1


@pytest.mark.parametrize("together", [1, 4, 64])
def test_a_picture_that_kills_its_process_is_found_out(slot, fake, together):
    texts = [f"text {i}" for i in range(20)]
    texts[7] = texts[13] = "die"
    rows = slot(fake, tries=2, together=together).captions(iter(pictures(*texts)))
    assert outcomes(rows) == ["crashed" if text == "die" else text for text in texts]
    assert rows[7] == {"path": "7.jpg", "caption": None, "score": None, "mean_logprob": None, "model": "fake", "error": "crashed: 7.jpg: the program died of it 2 times"}
    assert starts(fake) <= 1 + 2 * 3


def test_a_process_that_is_killed_costs_no_picture(slot, fake):
    texts = ["a", "die once", "b", "c"]
    assert outcomes(slot(fake).captions(iter(pictures(*texts)))) == texts
    one = slot(fake)
    assert outcomes(one.captions(iter(pictures("a")))) == ["a"]
    one.process.kill()  # between two parts
    assert outcomes(one.captions(iter(pictures("b", "c")))) == ["b", "c"]


def test_a_process_that_hangs_is_killed(slot, fake):
    rows = slot(fake, tries=1, patience=4, together=2).captions(iter(pictures("a", "hang", "b")))
    assert outcomes(rows) == ["a", "crashed", "b"]


def test_a_slow_source_is_no_hanging_process(slot, fake):
    def slow():
        first, second = pictures("a", "b")
        yield first
        time.sleep(5)
        yield second

    assert outcomes(slot(fake, patience=4).captions(slow())) == ["a", "b"] and starts(fake) == 1


def test_errors_of_pictures_are_rows_and_those_of_the_program_are_not(slot, fake, tmp_path):
    asked = [*pictures("bad", "a"), Picture(str(tmp_path / "none.jpg")), Picture(str(tmp_path)), Picture("/dev/null"), Picture("x", problem={"code": "corrupt", "message": "x: broken"})]
    rows = slot(fake).captions(iter(asked))
    assert outcomes(rows) == ["corrupt", "a", "not_found", "unreadable", "unreadable", "corrupt"]
    assert {row["model"] for row in rows} == {"fake"}
    with pytest.raises(RuntimeError, match="status 3"):
        slot(fake, ("--broken",)).captions(iter(pictures("a")))
    with pytest.raises(FileNotFoundError):
        slot(str(tmp_path / "nothing")).captions(iter(pictures("a")))


def test_a_source_that_fails_ends_the_part_and_not_the_slot(slot, fake):
    def failing():
        yield from pictures("a", "b")
        raise OSError("the disk is gone")

    one = slot(fake)
    with pytest.raises(OSError, match="gone"):
        one.captions(failing())
    assert outcomes(one.captions(iter(pictures("c")))) == ["c"]


def test_rows_equal_the_command_lines_records(slot, program, tmp_path):
    names = []
    for i, picture in enumerate(PICTURES[:4]):
        names.append(str(shutil.copy(picture, tmp_path / f"é {i}.jpg")))
    (tmp_path / "cut.jpg").write_bytes(PICTURES[0].read_bytes()[:2000])
    (tmp_path / "empty.png").write_bytes(b"")
    names += [str(tmp_path / "cut.jpg"), str(tmp_path / "empty.png"), str(tmp_path / "none.jpg"), os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jpg"), "/dev/null"]
    shutil.copy(PICTURES[0], names[7])
    done = subprocess.run([program, "--json", "--files-from", "-"], input=b"\n".join(map(os.fsencode, names)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    rows = slot(program, ("--threads", "1")).captions(map(Picture, names))
    assert len(rows) == len(names)
    for row, record in zip(rows, map(json.loads, done.stdout.splitlines())):
        error = record.get("error")
        assert row == {"path": record["image"], **{name: record.get(name) for name in ("caption", "score", "mean_logprob", "model")},
                       "error": f"{error['code']}: {error['message']}" if error else None}
    with pytest.raises(RuntimeError, match="status 2"):
        slot(program, ("--beam", "0")).captions([Picture("a.jpg", b"x")])


def test_pictures_larger_than_a_servers_limit_are_captioned(slot, program):
    large = PICTURES[0].read_bytes() + b"\0" * 25_000_000
    row, = slot(program, ("--threads", "1")).captions([Picture("a.jpg", large)])
    assert row["caption"]


# Plans


def tree(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def test_the_parts_of_a_folder_a_list_and_shards(tmp_path):
    source = tmp_path / "source"
    tree(source, "b.JPG", "a/1.png", "a/2.webp", "a/note.txt", ".hidden.jpg", ".thumbs/c.jpg", "s/x.tar", "s/y.parquet", "_d.jpg")
    parts = plan.plan(str(source), str(tmp_path / "out"), 3)
    assert [(part.kind, [os.path.relpath(name, source) for name in part.names]) for part in parts] == [
        ("tar", ["s/x.tar"]), ("parquet", ["s/y.parquet"]), ("files", ["_d.jpg", "b.JPG", "a/1.png"]), ("files", ["a/2.webp"])]
    tree(source, "later.jpg")
    assert plan.plan(str(source), str(tmp_path / "out"), 3) == parts  # a run that goes on
    (tmp_path / "list").write_bytes(b"a.jpg\nb c.jpg\n\n\xff.jpg\n")
    only, = plan.plan(str(tmp_path / "list"), str(tmp_path / "list-out"), 10)
    assert only.names == ("a.jpg", "b c.jpg", "\udcff.jpg")
    assert plan.plan(str(tmp_path / "list"), str(tmp_path / "list-out"), 10) == [only]


def test_an_output_of_another_input_is_refused(tmp_path):
    tree(tmp_path / "source", "a.jpg")
    plan.plan(str(tmp_path / "source"), str(tmp_path / "out"), 10)
    with pytest.raises(SystemExit, match="another output"):
        plan.plan(str(tmp_path / "source"), str(tmp_path / "out"), 11)
    (tmp_path / "empty").mkdir()
    for name, said in (("empty", "nothing to caption"), ("none", "no such file")):
        with pytest.raises(SystemExit, match=said):
            plan.plan(str(tmp_path / name), str(tmp_path / "other"), 10)


def test_folders_have_the_extensions_of_the_program():
    code = (ROOT / "src" / "inputs" / "image_names.cpp").read_text()
    for table, extensions in (("kExtensions", plan.EXTENSIONS), ("kRaws", plan.RAW_EXTENSIONS)):
        text = re.search(table + r" = \{(.*?)\};", code, re.DOTALL)[1]
        assert set(re.findall(r'"(\.\w+)"sv', text)) == extensions
    code = (ROOT / "src" / "inputs" / "raw_pairs.cpp").read_text()
    text = re.search(r"kOfCameras = \{(.*?)\};", code, re.DOTALL)[1]
    assert re.findall(r'"(\.\w+)"sv', text) == plan.OF_CAMERAS


def test_of_a_raw_file_and_its_picture_the_second_is_taken(tmp_path):
    tree(tmp_path / "source", "a.NEF", "a.JPG", "b.nef", "c.dng", "c.png")
    part, = plan.plan(str(tmp_path / "source"), str(tmp_path / "out"), 10)
    assert [Path(name).name for name in part.names] == ["a.JPG", "b.nef", "c.dng", "c.png"]
    names = ["a.JPG", "a.NEF", "b.CR2", "b.dng", "b.jpg", "c.CR2", "x/c.jpg", "d.CR2", "d.png", "e.ARW", "e.dng", "f.dng"]
    file = shard(tmp_path / "x.tar", dict.fromkeys(names, b"x"))
    taken = [picture.path.removeprefix(f"{file}/") for picture in plan.pictures_of_tar(str(file))]
    assert taken == ["a.JPG", "b.jpg", "c.CR2", "x/c.jpg", "d.CR2", "d.png", "e.ARW", "e.dng", "f.dng"]


def shard(file, members):
    with tarfile.open(file, "w") as made:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return file


def test_tar_shards_and_broken_ones(tmp_path):
    members = {"a.jpg": b"A" * 3000, "a.txt": b"text", "sub/b.png": b"B" * 600, "c.jpg": b""}
    file = shard(tmp_path / "x.tar", members)
    whole = list(plan.pictures_of_tar(str(file)))
    assert [(picture.path, picture.content) for picture in whole] == [(f"{file}/{name}", content) for name, content in members.items() if name != "a.txt"]
    content = file.read_bytes()
    for length in range(0, 8192, 256):  # at 6656 there is one block of the end
        (tmp_path / "cut.tar").write_bytes(content[:length])
        found = list(plan.pictures_of_tar(str(tmp_path / "cut.tar")))
        complete = bool(found) and found[-1].problem is None
        assert complete == (length >= 6656 + 512), length
        if not complete:
            assert found[-1].path == str(tmp_path / "cut.tar") and found[-1].problem["code"] == "corrupt"
    (tmp_path / "cut.tar").write_bytes(content[:4608] + b"x" * 512 + content[5120:])  # a header
    *good, last = plan.pictures_of_tar(str(tmp_path / "cut.tar"))
    assert [picture.path for picture in good] == [f"{tmp_path}/cut.tar/a.jpg"] and last.problem


def test_files_are_whole_or_not_there(tmp_path):
    part = plan.Part(3, "files", ("a.jpg",))

    def broken(path):
        path.write_text("half")
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        plan.write_whole(part.file(str(tmp_path)), broken)
    assert os.listdir(tmp_path) == [] and plan.missing([part], str(tmp_path)) == [part]
    plan.write_whole(part.file(str(tmp_path)), lambda path: path.write_text("whole"))
    (tmp_path / ".part-000003.parquet.1234").write_text("of one that was killed")
    (tmp_path / ".part-000004.parquet.1234").write_text("of one that is at work")
    plan.tidy([part, plan.Part(4, "files", ("b.jpg",))], str(tmp_path))
    assert sorted(os.listdir(tmp_path)) == [".part-000004.parquet.1234", "part-000003.parquet"]


# Slurm


def test_slurms_array_gives_the_records_of_one_run(program, tmp_path):
    """The script as Slurm runs it, a job after the other; the first one is put into the queue again."""
    (tmp_path / "pictures" / "sub").mkdir(parents=True)
    for i, picture in enumerate(PICTURES):
        shutil.copy(picture, tmp_path / "pictures" / ["", "sub"][i % 2] / picture.name)
    (tmp_path / "pictures" / "broken.jpg").write_bytes(b"nothing")
    (tmp_path / "srun").write_text('#!/bin/sh\nexec "$@"\n')
    (tmp_path / "srun").chmod(0o755)
    (tmp_path / "caption").symlink_to(program)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_ARRAY_TASK_COUNT": "3", "SLURM_CPUS_PER_TASK": "1"}

    def job(number):
        command = ["bash", ROOT / "scripts" / "cluster" / "caption.sbatch", "pictures", "out", "--model", "photographs", "--quiet"]
        subprocess.run(command, cwd=tmp_path, env={**environment, "SLURM_ARRAY_TASK_ID": str(number)}, stderr=subprocess.DEVNULL, check=True)

    for number in (1, 1, 2, 3):
        job(number)
    one = subprocess.run([program, "-r", "pictures", "--model", "photographs", "--json"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    assert one.returncode == 1
    shares = [file.read_text().splitlines() for file in sorted((tmp_path / "out").glob("*.jsonl"))]
    assert len(shares) == 3 and sorted(line for share in shares for line in share) == sorted(one.stdout.decode().splitlines())


if __name__ == "__main__":
    sys.exit(pytest.main([__file__]))
