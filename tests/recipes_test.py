"""The recipes of scripts/recipes/README.md: every command is run as it stands there, and what it is for has come about."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from readme_test import ROOT, Reader, commands

PAGE = Path("scripts/recipes/README.md")
PHOTOS = ROOT / "models" / "photographs" / "pictures"
COMMANDS = [command.text for command in commands(PAGE, (ROOT / PAGE).read_text())]


class Cook(Reader):
    def __init__(self, folder, prefix):
        super().__init__(folder, prefix)
        self.find_program()
        sbatch = folder / "bin" / "sbatch"  # which runs the tasks one after the other
        sbatch.write_text('#!/bin/bash\n[[ $1 == --array=1-* ]] || exit 2\nexport SLURM_ARRAY_TASK_COUNT=${1#--array=1-}\nshift\n'
                          'for i in $(seq "$SLURM_ARRAY_TASK_COUNT"); do SLURM_ARRAY_TASK_ID=$i bash "$@" || exit; done\n')
        sbatch.chmod(0o755)
        for name in ("train", "library", "originals", "inbox", "site"):
            shutil.copytree(self.folder / "photos", self.folder / name)
            shutil.copy(PHOTOS / "flower.jpg", self.folder / name)
        self.used = set()

    def cook(self, *words):
        """Runs the commands that have all of `words`, one after the other -> what the last one prints."""
        found = [text for text in COMMANDS if all(word in text for word in words)]
        assert found, f"no command has {words}"
        self.used.update(found)
        for text in found:
            printed = self.run(text)
        return printed

    def caption(self, file):
        return self.run(f"caption '{file}'").rstrip("\n")


@pytest.fixture
def cook(tmp_path):
    if shutil.which("exiftool") is None or shutil.which("jq") is None:
        pytest.skip("Debian: libimage-exiftool-perl and jq")
    return Cook(tmp_path, os.environ["CAPTION_PREFIX"])


def test_a_training_set(cook):
    plan = cook.cook("--dry-run", "train/")
    assert "train/cat.jpg\ttrain/cat.txt\tnew\n" in plan and not list((cook.folder / "train").rglob("*.txt"))
    cook.cook("caption train/ -r --sidecar")
    texts = {file.relative_to(cook.folder): file.read_text() for file in (cook.folder / "train").rglob("*.txt")}
    assert len(texts) == 3
    for name, text in texts.items():
        assert text == f"sks, {cook.caption(name.with_suffix('.jpg'))}\n"
    assert cook.cook("find train/") == ""


def test_shards(cook):
    cook.cook("tar --sort=name")
    cook.cook("shard-{000000..000001}")
    assert cook.cook("tar -tf").split() == [f"{key}.{end}" for key in ("cat", "flower", "more/raccoon") for end in ("jpg", "json", "txt")]
    assert cook.cook("--tar -") == cook.caption("photos/more/raccoon.jpg")


def test_a_photo_library(cook):
    library = cook.folder / "library"
    times = {file: file.stat().st_mtime_ns for file in library.rglob("*.jpg")}
    assert "library/cat.jpg\tlibrary/cat.jpg\tnew\n" in cook.cook("library/", "--dry-run")
    cook.cook("caption library/")
    shown = cook.cook("exiftool").splitlines()
    assert sorted(shown) == sorted(f"{file.name}: {cook.caption(f'photos/{file.name}') if file.name == 'cat.jpg' else cook.caption(file)}" for file in times)
    assert {file: file.stat().st_mtime_ns for file in times} == times
    before = {file: file.read_bytes() for file in (cook.folder / "originals").rglob("*.jpg")}
    cook.cook("originals/")
    assert {file: file.read_bytes() for file in before} == before
    assert all(Path(f"{file}.xmp").is_file() for file in before)


def test_an_inbox(cook):
    text = next(text for text in COMMANDS if "--watch" in text)
    process = subprocess.Popen(["bash", "-c", f"exec {text}"], cwd=cook.folder, env=cook.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout.readline()  # what is there
        shutil.copy(PHOTOS / "rocket.jpg", cook.folder / "inbox" / "later.jpg")
        end = time.monotonic() + 60
        while b"AltTextAccessibility" not in (cook.folder / "inbox" / "later.jpg").read_bytes():
            assert time.monotonic() < end
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_static_site(cook):
    cook.cook("site/")
    cook.cook("captions.jsonl >")
    texts = json.loads((cook.folder / "alt.json").read_text())
    assert set(texts) == {"site/cat.jpg", "site/flower.jpg"}
    page = (cook.folder / "gallery.html").read_text()
    assert page.splitlines()[0] == f'<img src="site/cat.jpg" alt="{texts["site/cat.jpg"]}">'


def test_what_find_finds(cook):
    (cook.folder / "photos" / "broken.jpg").write_bytes((cook.folder / "a.jpg").read_bytes()[:3000])
    with pytest.raises(AssertionError, match="status 1"):  # one of them failed
        cook.cook("find photos")
    assert (cook.folder / "failed.list").read_bytes() == b"photos/broken.jpg\0"
    shutil.copy(cook.folder / "a.jpg", cook.folder / "photos" / "broken.jpg")
    assert json.loads(cook.cook("failed.list -0 --json"))["caption"]
    rows = [line.split("\t") for line in cook.cook("sort").splitlines()]
    assert len(rows) == 3 and sorted(float(row[2]) for row in rows) == [float(row[2]) for row in rows]


def test_a_cluster(cook):
    cook.cook("sbatch")
    records = [json.loads(line) for line in cook.cook("cat out/").splitlines()]
    assert sorted(record["image"] for record in records) == ["photos/cat.jpg", "photos/more/raccoon.jpg"]
    cook.cook("sbatch")  # requeued
    assert len(cook.cook("cat out/").splitlines()) == 2


def test_all_are_tried():
    """Each command is in one of the tests above."""
    source = Path(__file__).read_text()
    words = [("--dry-run", "train/"), ("caption train/ -r --sidecar",), ("find train/",), ("tar --sort=name",), ("shard-{000000..000001}",), ("tar -tf",),
             ("--tar -",), ("library/", "--dry-run"), ("caption library/",), ("exiftool",), ("originals/",), ("--watch",), ("site/",),
             ("captions.jsonl >",), ("find photos",), ("failed.list -0 --json",), ("sort",), ("sbatch",), ("cat out/",)]
    for group in words:
        assert all(f'"{word}"' in source for word in group)
    for text in COMMANDS:
        assert any(all(word in text for word in group) for group in words), text
