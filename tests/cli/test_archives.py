"""caption models export and import of an archive, beside Python's tarfile and the system's tar."""

import io
import json
import shutil
import subprocess
import tarfile

import pytest

FILES = ["model.json", "clip.pt", "captioner.pt", "encoder.json", "vocab.bpe"]


@pytest.fixture
def tiny(source, work):
    folder = work / "tiny"
    shutil.copytree(source / "tests" / "data" / "parity" / "vit-mlp", folder)
    return folder


@pytest.fixture
def models(tmp_path):
    return tmp_path / "home" / ".local" / "share" / "caption" / "models"


@pytest.fixture
def archive(real, tiny, work):
    result = real.run("models", "export", "tiny")
    assert result.code == 0 and result.out == b"" and f"made {work}/tiny.tar, 2." in result.err, result.err
    return work / "tiny.tar"


def test_an_archive_is_a_plain_tar_of_the_bundle(archive, tiny, tmp_path):
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        assert sorted(member.name for member in members) == sorted(f"tiny/{name}" for name in FILES)
        assert members[0].name == "tiny/model.json"
        assert {(member.isfile(), member.mode, member.mtime, member.uid, member.gid) for member in members} == {(True, 0o644, 0, 0, 0)}
        for name in FILES:
            assert tar.extractfile(f"tiny/{name}").read() == (tiny / name).read_bytes()
    subprocess.run(["tar", "xf", archive, "-C", tmp_path], check=True)
    assert (tmp_path / "tiny" / "clip.pt").read_bytes() == (tiny / "clip.pt").read_bytes()


def test_it_is_the_same_each_time_and_on_standard_output(real, archive, work):
    assert real.run("models", "export", "./tiny", "--output", "again.tar", "--quiet").err == ""
    assert (work / "again.tar").read_bytes() == archive.read_bytes()
    result = real.run("models", "export", "tiny", "--output", "-")
    assert result.code == 0 and result.out == archive.read_bytes()


def test_origin_and_licence_go_along(real, source, tiny, work, tmp_path):
    origin, terms = "a test's folder, 2026", "CC0 \u2013 <none>"
    parts = ["--clip", tiny / "clip.pt", "--captioner", tiny / "captioner.pt", "--tokenizer", tiny, "--origin", origin, "--license", terms]
    result = real.run("models", "import", *parts, "--name", "mine")
    assert result.code == 0 and f"its licence: {terms}" in result.err
    assert real.run("models", "optimize", "mine", "--precision", "int8").code == 0
    for arguments in (["mine"], ["mine", "--output", "-"], ["mine", "--checkpoint", "captioner.pt"]):
        result = real.run("models", "export", *arguments)
        assert result.code == 0 and f"its licence: {terms}" in result.err
    result = real.run("models", "import", "mine.tar", "--folder", "elsewhere")
    assert result.code == 0 and f"its licence: {terms}" in result.err
    for model in ("mine", "./elsewhere"):
        shown = json.loads(real.run("models", "show", model, "--json").text)
        assert (shown["origin"], shown["license"]) == (origin, terms)
        text = real.run("models", "show", model).text
        assert origin in text and terms in text
    listed = json.loads(real.run("models", "list", "--json").text)
    assert terms in [model["license"] for model in listed]
    photo = source / "tests" / "data" / "photos" / "cat.jpg"
    assert real.run("--model", "./elsewhere", "--max-tokens", "3", photo, "--html", "page.html").code == 0
    assert real.run("explain", "--model", "./elsewhere", "--max-tokens", "3", photo, "--html", "why.html").code == 0
    for page in ("page.html", "why.html"):
        assert "Its licence: CC0 \u2013 &lt;none&gt;." in (work / page).read_text()


def test_terms_are_for_weight_files(real, archive):
    result = real.run("models", "import", archive, "--license", "CC0", "--name", "other")
    assert result.code == 2 and "--license is for weight files" in result.err


def test_it_comes_back(real, archive, models, source):
    result = real.run("models", "import", "tiny.tar")
    assert result.code == 0 and f"made the model 'tiny' in {models}/tiny" in result.err and "its licence: " in result.err
    assert sorted(file.name for file in (models / "tiny").iterdir()) == sorted(FILES)
    assert real.run("models", "verify", "tiny").code == 0
    again = real.run("models", "import", "tiny.tar")
    assert again.code == 2 and "exists" in again.err
    photo = source / "tests" / "data" / "photos" / "cat.jpg"
    assert real.run("models", "import", "tiny.tar", "--name", "second", "--quiet").err == ""
    record = real.run("--json", "--model", "second", photo).records()[0]
    assert record == {**real.run("--json", "--model", source / "tests" / "data" / "parity" / "vit-mlp", photo).records()[0], "model": "second"}


@pytest.mark.parametrize("how", [["czf"], ["--zstd", "-cf"], ["cf"]], ids=" ".join)
def test_archives_of_others(real, tiny, work, models, how):
    """Compressed, in another order, with folders in it, and with more than a bundle."""
    (tiny / "notes.txt").write_text("mine")
    subprocess.run(["tar", *how, "other.tar", "./tiny"], cwd=work, check=True)
    result = real.run("models", "import", "other.tar")
    assert result.code == 0, result.err
    assert sorted(file.name for file in (models / "tiny").iterdir()) == sorted(FILES)


def write_tar(path, members):
    with tarfile.open(path, "w") as tar:
        for member, data in members:
            if isinstance(member, str):
                member = tarfile.TarInfo(member)
                member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def link(name, target, kind):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def members_of(tiny, **changes):
    members = {name: (tiny / name).read_bytes() for name in FILES}
    members.update(changes)
    return [(f"tiny/{name}", data) for name, data in members.items() if data is not None]


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda tiny: members_of(tiny)[1:], "there is no model.json in it"),
        (lambda tiny: members_of(tiny)[:-1], "there is no vocab.bpe in it"),
        (lambda tiny: [*members_of(tiny), members_of(tiny)[1]], "clip.pt is in it twice"),
        (lambda tiny: members_of(tiny, **{"clip.pt": bytes(925080)}), "clip.pt is damaged: its SHA-256 is"),
        (lambda tiny: members_of(tiny, **{"clip.pt": b"x"}), "clip.pt has 1 bytes, but model.json says 925080"),
        (lambda tiny: members_of(tiny, **{"model.json": b"{}"}), "model.json: field 'format' is missing"),
        (lambda tiny: [*members_of(tiny, **{"clip.pt": None}), (link("tiny/clip.pt", "/etc/passwd", tarfile.SYMTYPE), b"")], "no clip.pt in it"),
        (lambda tiny: [*members_of(tiny, **{"clip.pt": None}), (link("tiny/clip.pt", "tiny/vocab.bpe", tarfile.LNKTYPE), b"")],
         "no clip.pt in it"),
        (lambda tiny: [*members_of(tiny, **{"clip.pt": None}), ("../clip.pt", (tiny / "clip.pt").read_bytes())], "no clip.pt in it"),
    ],
)  # fmt: skip
def test_a_wrong_archive_leaves_nothing(real, tiny, work, models, change, words):
    write_tar(work / "wrong.tar", change(tiny))
    result = real.run("models", "import", "wrong.tar")
    assert result.code == 3 and words in result.err, result.err
    assert not models.exists() or list(models.iterdir()) == []
    assert not (work.parent / "clip.pt").exists()


def test_what_is_no_archive(real, tiny, archive, work, models):
    data = archive.read_bytes()
    for name, content in [("text.tar", b"hello"), ("cut.tar", data[:500000]), ("weights.tar", (tiny / "clip.pt").read_bytes())]:
        (work / name).write_bytes(content)
        result = real.run("models", "import", name)
        assert result.code == 3 and name in result.err
    result = real.run("models", "import", "nowhere.tar")
    assert result.code == 3 and "nowhere.tar" in result.err
    assert not models.exists() or list(models.iterdir()) == []


def test_a_name_in_an_archive_may_be_none_here(real, tiny, work, models):
    write_tar(work / "odd.tar", [(name.replace("tiny/", "my model/"), data) for name, data in members_of(tiny)])
    result = real.run("models", "import", "odd.tar")
    assert result.code == 2 and "give another one with --name" in result.err
    assert real.run("models", "import", "odd.tar", "--name", "mine").code == 0
    assert json.loads((models / "mine" / "model.json").read_text())["name"] == "mine"


def test_a_damaged_bundle_is_not_exported(real, tiny, work):
    (tiny / "clip.pt").write_bytes(bytes(925080))
    result = real.run("models", "export", "tiny")
    assert result.code == 3 and "clip.pt" in result.err and not (work / "tiny.tar").exists()
    assert not [file.name for file in work.iterdir() if "partial" in file.name]
