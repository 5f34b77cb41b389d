"""Real bundles: what is installed, damaged ones, and import from published files."""

import json
import os
import shutil

import pytest


@pytest.fixture
def parity(source):
    return source / "tests" / "data" / "parity"


@pytest.fixture
def photo(source):
    return source / "tests" / "data" / "photos" / "cat.jpg"


def test_the_demo_is_installed_and_whole(real):
    listed = json.loads(real.run("models", "list", "--json").text)
    assert "demo" in [model["name"] for model in listed]
    assert all("error" not in model for model in listed)
    assert real.run("models", "verify", "demo").code == 0
    shown = json.loads(real.run("models", "show", "demo", "--json").text)
    assert shown["license"] and shown["origin"] and shown["description"]
    assert sum(file["bytes"] for file in shown["files"]) <= 15e6


@pytest.mark.parametrize("name", ["vit-mlp", "resnet-transformer"])
def test_verify_and_show_by_folder(real, parity, name):
    assert real.run("models", "verify", str(parity / name)).code == 0
    assert name in real.run("models", "show", str(parity / name)).text


def damaged(parity, work, change):
    folder = work / "damaged"
    shutil.copytree(parity / "vit-mlp", folder)
    change(folder)
    return folder


def test_a_changed_file_is_found(real, parity, work):
    def flip(folder):
        data = bytearray((folder / "captioner.pt").read_bytes())
        data[len(data) // 2] ^= 1
        (folder / "captioner.pt").write_bytes(data)

    result = real.run("models", "verify", str(damaged(parity, work, flip)))
    assert result.code == 3 and "captioner.pt" in result.err


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda folder: (folder / "clip.pt").unlink(), "clip.pt"),
        (lambda folder: os.truncate(folder / "captioner.pt", 1000), "captioner.pt"),
        (lambda folder: (folder / "vocab.bpe").unlink(), "vocab.bpe"),
        (lambda folder: (folder / "model.json").write_text("{}"), "model.json"),
        (lambda folder: (folder / "model.json").unlink(), "model.json"),
    ],
)
def test_a_broken_bundle_is_status_3_and_names_the_file(real, parity, work, photo, change, words):
    result = real.run("--model", damaged(parity, work, change), photo)
    assert result.code == 3 and result.out == b"" and words in result.err


@pytest.mark.parametrize("name", ["vit-mlp", "resnet-transformer"])
def test_import_of_published_files_gives_the_same_captions(real, parity, photo, tmp_path, name):
    files = ["--clip", parity / name / "clip.pt", "--captioner", parity / name / "captioner.pt"]
    result = real.run("models", "import", *files, "--name", "mine", "--tokenizer", parity / name)
    assert result.code == 0, result.err
    folder = tmp_path / "home" / ".local" / "share" / "caption" / "models" / "mine"
    assert (folder / "model.json").is_file()
    assert real.run("models", "verify", "mine").code == 0
    record = real.run("--json", "--model", "mine", photo).records()[0]
    expected = real.run("--json", "--model", parity / name, photo).records()[0]
    assert record == {**expected, "model": "mine"}
    again = real.run("models", "import", *files, "--name", "mine", "--tokenizer", parity / name)
    assert again.code == 2 and "exists" in again.err


def test_an_import_that_fails_leaves_nothing(real, parity, tmp_path):
    # The encoder of one model, the mapper of the other.
    files = ["--clip", parity / "vit-mlp" / "clip.pt", "--captioner", parity / "resnet-transformer" / "captioner.pt"]
    result = real.run("models", "import", *files, "--name", "mixed", "--tokenizer", parity / "vit-mlp")
    assert result.code == 3 and result.err.startswith("caption: error: ")
    assert not (tmp_path / "home" / ".local" / "share" / "caption" / "models" / "mixed").exists()
    result = real.run("models", "import", *files[:2], "--captioner", parity / "vit-mlp" / "vocab.bpe", "--name", "text")
    assert result.code == 3 and "vocab.bpe" in result.err


def test_import_refuses_a_second_gpt2(real, parity, tmp_path):
    own = parity / "vit-mlp"
    other = tmp_path / "gpt2.pt"
    shutil.copy(own / "captioner.pt", other)
    result = real.run("models", "import", "--clip", own / "clip.pt", "--captioner", own / "captioner.pt",
                      "--gpt2", other, "--name", "two", "--tokenizer", own)
    assert result.code == 3 and "use that one, and leave out" in result.err and "gpt2.pt" in result.err


def test_import_refuses_another_activation_than_the_file_says(real, parity):
    own = parity / "vit-mlp"
    result = real.run("models", "import", "--clip", own / "clip.pt", "--captioner", own / "captioner.pt",
                      "--activation", "gelu", "--name", "wrong", "--tokenizer", own)
    assert result.code == 3 and "quick_gelu, not gelu" in result.err


def test_import_finds_a_damaged_download(real, parity, work, tmp_path):
    def flip(folder):
        data = bytearray((folder / "captioner.pt").read_bytes())
        data[len(data) // 2] ^= 1
        (folder / "captioner.pt").write_bytes(data)

    folder = damaged(parity, work, flip)
    result = real.run("models", "import", "--clip", folder / "clip.pt", "--captioner", folder / "captioner.pt",
                      "--name", "bad", "--tokenizer", folder)
    assert result.code == 3 and "captioner.pt" in result.err
    assert not list(tmp_path.rglob("*bad*"))
