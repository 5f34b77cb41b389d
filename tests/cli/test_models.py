"""caption models, and which model a run takes."""

import json
import re

import pytest
from conftest import add_model


def test_the_default_is_the_embedded_model_and_says_so(fake, images, models):
    result = fake.run("a.jpg")
    assert result.code == 0 and result.text == "a cat on a mat.\n"
    assert "using the small embedded model 'photographs'" in result.err and "'conceptual' is not installed" in result.err
    assert len(result.err.splitlines()) == 1
    assert fake.run("a.jpg", "--quiet").err == ""
    assert fake.run("a.jpg", "--model", "photographs").err == ""


def test_the_default_is_conceptual_if_it_is_there(fake, images, models, tmp_path):
    add_model(models, "conceptual")
    result = fake.run("a.jpg", FAKE_LOG=tmp_path / "log")
    assert result.err == "" and "load conceptual " in (tmp_path / "log").read_text()


def test_no_model_at_all(fake, images, tmp_path):
    result = fake.run("a.jpg", CAPTION_MODELS=tmp_path / "none")
    assert result.code == 3 and "to get it: caption models fetch conceptual" in result.err


def test_models_by_name_alias_and_folder(fake, images, models, tmp_path):
    add_model(models, "conceptual")
    elsewhere = add_model(tmp_path / "elsewhere", "other")
    log = tmp_path / "log"
    for name, loaded in [("photographs", "photographs"), ("conceptual-captions", "conceptual"), (str(elsewhere), "other")]:
        assert fake.run("a.jpg", "--model", name, FAKE_LOG=log).code == 0
        assert [line for line in log.read_text().splitlines() if line.startswith("load ")][-1].startswith(f"load {loaded} ")


def test_the_order_of_the_search(fake, tmp_path, models):
    user = add_model(tmp_path / "data" / "caption" / "models", "mine")
    first = add_model(tmp_path / "first", "mine")
    listed = json.loads(fake.run("models", "list", "--json", XDG_DATA_HOME=tmp_path / "data").text)
    assert [(model["name"], model["folder"]) for model in listed] == [("mine", str(user)), ("photographs", str(models / "photographs"))]
    folders = f"{tmp_path / 'first'}:{models}"
    listed = json.loads(fake.run("models", "list", "--json", XDG_DATA_HOME=tmp_path / "data", CAPTION_MODELS=folders).text)
    assert listed[0]["folder"] == str(first)


def test_a_missing_model_is_explained(fake, images):
    result = fake.run("a.jpg", "--model", "conceptual")
    assert result.code == 3 and "to get it: caption models fetch conceptual" in result.err
    result = fake.run("a.jpg", "--model", "mine")
    assert result.code == 3 and "caption models import --clip FILE --captioner FILE --name mine" in result.err
    result = fake.run("a.jpg", "--model", "photogrphs")
    assert result.code == 3 and "did you mean 'photographs'?" in result.err
    result = fake.run("models", "show", "concptual")
    assert result.code == 3 and "did you mean 'conceptual'?" in result.err
    assert "did you mean" not in fake.run("a.jpg", "--model", "zzzzzz").err


def test_a_model_that_is_missing_costs_no_load_and_no_file(fake, images, work):
    assert fake.run("a.jpg", "--model", "nowhere", "--output", "out").code == 3
    assert not (work / "out").exists()


def test_list(fake, models):
    (models / "broken").mkdir()
    (models / "broken" / "model.json").write_text("{")
    (models / "no-model").mkdir()
    result = fake.run("models", "list")
    assert result.code == 0
    assert [line.split()[0] for line in result.lines] == ["broken", "photographs"]
    assert "damaged: " in result.lines[0] and "the model photographs" in result.lines[1] and str(models / "photographs") in result.lines[1]
    assert "'conceptual', for photographs, is not installed" in result.err and "models fetch conceptual" in result.err
    listed = json.loads(fake.run("models", "list", "--json").text)
    assert [sorted(model) for model in listed] == [["error", "folder", "name"], ["bytes", "description", "folder", "license", "name", "packed"]]
    add_model(models, "conceptual")
    assert fake.run("models", "list").err == ""


def test_list_of_nothing_is_no_error(fake, tmp_path):
    assert fake.run("models", "list", "--json", CAPTION_MODELS=tmp_path / "none").text == "[]\n"


def test_show(fake, models):
    result = fake.run("models", "show", "photographs")
    assert result.code == 0 and result.err == ""
    for words in ["vit, 8 x 8 pixels -> 4 numbers", "mlp, 2 prefix vectors", "made by a test", "CC0", "gpt2.pt"]:
        assert words in result.text
    shown = json.loads(fake.run("models", "show", "--json", str(models / "photographs")).text)
    assert shown == json.loads((models / "photographs" / "model.json").read_text())


def test_show_of_a_damaged_model(fake, models):
    add_model(models, "bad", format=99)
    result = fake.run("models", "show", "bad")
    assert result.code == 3 and "format" in result.err and "bad/model.json" in result.err


def test_verify(fake, models):
    result = fake.run("models", "verify", "photographs")
    assert result.code == 0 and "every file is as model.json says" in result.text
    (models / "photographs" / "damaged").touch()
    result = fake.run("models", "verify", "photographs")
    assert result.code == 3 and result.out == b"" and "its SHA-256 differs" in result.err


def test_optimize_asks_the_engine(fake, models, tmp_path):
    log = tmp_path / "log"
    result = fake.run("models", "optimize", "photographs", FAKE_LOG=log)
    assert result.code == 0 and result.out == b""
    assert result.err == (
        f"caption: made {models}/photographs/packed.bf16, 2.5 MB: loading with --precision bf16 takes 0.05 s instead of 1.23 s\n"
    )
    result = fake.run("models", "optimize", "--precision", "int8", "--threads", "3", "--quiet", str(models / "photographs"), FAKE_LOG=log)
    assert result.code == 0 and result.err == ""
    assert log.read_text() == (
        "pack photographs device cpu threads 0 precision fp32\npack photographs device cpu threads 3 precision int8\n"
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "no model NAME given; see 'caption models optimize --help'"),
        (["photographs", "--precision", "fp8"], "--precision: needs fp32, fp16, bf16, int8 or auto, not 'fp8'"),
        (["photographs", "--precision", "fp16"], "--precision fp16 is for GPUs"),
        (["photographs", "--remove", "--precision", "fp32"], "--remove takes no --precision"),
        (["photographs", "--remove", "--threads", "1"], "--remove takes no --precision and no --threads"),
        (["photographs", "--device", "cuda"], "--device"),
    ],
)
def test_optimize_checks_its_options(fake, arguments, message):
    result = fake.run("models", "optimize", *arguments)
    assert result.code == 2 and message in result.err and result.out == b""


def test_optimize_remove_needs_no_engine(fake, models, tmp_path):
    packed = models / "photographs" / "packed.int8"
    packed.write_bytes(b"whatever")
    log = tmp_path / "log"
    result = fake.run("models", "optimize", "--remove", "photographs", FAKE_LOG=log)
    assert result.code == 0 and result.err == f"caption: removed {packed}\n" and not packed.exists()
    result = fake.run("models", "optimize", "--remove", "photographs", FAKE_LOG=log)
    assert result.code == 0 and result.err == "caption: there was nothing to remove\n"
    assert not log.exists()
    (packed / "folder").mkdir(parents=True)
    result = fake.run("models", "optimize", "--remove", "photographs")
    assert result.code == 3 and f"{packed}: cannot be removed" in result.err


def test_show_and_list_say_why_a_packed_file_is_not_used(fake, models):
    packed = models / "photographs" / "packed.int8"
    packed.write_bytes(b"whatever\x1b")
    result = fake.run("models", "show", "photographs")
    assert result.code == 0
    # The model of this test has no weight files at all.
    assert f"packed int8     not used: {packed}: is no file of packed matrices" in result.text
    listed = json.loads(fake.run("models", "list", "--json").text)
    assert listed[0]["packed"] == [
        {"precision": "int8", "file": str(packed), "bytes": 9, "used": False,
         "error": f"{packed}: is no file of packed matrices"}
    ]


def test_remove(fake, models, tmp_path):
    folder = add_model(models, "old")
    for name in ["clip.pt", "gpt2.pt", "packed.int8"]:
        (folder / name).write_bytes(bytes(600000))
    (folder / "notes.txt").write_text("mine")
    result = fake.run("models", "remove", "old")
    assert result.code == 2 and f"{folder} holds 'notes.txt', too" in result.err and (folder / "clip.pt").exists()
    (folder / "notes.txt").unlink()
    elsewhere = tmp_path / "link"
    elsewhere.symlink_to(folder)
    result = fake.run("models", "remove", f"{elsewhere}/")
    assert result.code == 0 and (folder / "clip.pt").exists() and not elsewhere.is_symlink()
    result = fake.run("models", "remove", "old")
    assert result.code == 0 and re.fullmatch(rf"caption: removed {folder}, 1.8 MB\n", result.err)
    assert sorted(path.name for path in models.iterdir()) == ["photographs"]
    result = fake.run("models", "remove", "old")
    assert result.code == 3 and "no model 'old'" in result.err


def test_remove_of_what_is_damaged_or_comes_along(fake, models):
    (models / "bad").mkdir()
    (models / "bad" / "model.json").write_text("{")
    result = fake.run("models", "remove", "bad")
    assert result.code == 3 and "not valid JSON" in result.err and (models / "bad").exists()
    inside = fake.path.parent.parent / "share" / "caption" / "models"
    add_model(inside, "bundled")
    try:
        result = fake.run("models", "remove", "bundled")
        assert result.code == 2 and "comes with the program and stays" in result.err
    finally:
        for file in (inside / "bundled").iterdir():
            file.unlink()
        (inside / "bundled").rmdir()


@pytest.fixture
def files(work):
    for name in ["clip.pt", "captioner.pt", "gpt2.pt"]:
        (work / name).touch()
    return ["--clip", "clip.pt", "--captioner", "captioner.pt", "--name", "mine"]


def test_import_asks_the_engine(fake, files, work, tmp_path):
    log = tmp_path / "log"
    result = fake.run("models", "import", *files, FAKE_LOG=log)
    assert result.code == 0 and result.out == b"" and "made the model 'mine' in " in result.err
    assert "its licence: a test's" in result.err
    home = tmp_path / "home" / ".local" / "share" / "caption" / "models" / "mine"
    tokenizer = fake.path.parent.parent / "share" / "caption" / "models" / "gpt2"
    assert log.read_text() == (
        f"import clip clip.pt captioner captioner.pt gpt2 none name mine folder {home} tokenizer {tokenizer} "
        "activation none normalize none\n"
    )
    fake.run(
        "models", "import", *files, "--gpt2", "gpt2.pt", "--folder", "here/mine", "--tokenizer", ".", "--activation", "gelu",
        "--no-normalize", FAKE_LOG=log,
    )
    last = log.read_text().splitlines()[-1]
    assert last.endswith("gpt2 gpt2.pt name mine folder here/mine tokenizer . activation gelu normalize 0")
    fake.run("models", "import", *files, "--normalize", "--quiet", XDG_DATA_HOME=tmp_path / "data", FAKE_LOG=log)
    last = log.read_text().splitlines()[-1]
    assert last.endswith("normalize 1") and f"folder {tmp_path}/data/caption/models/mine" in last


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--clip", "clip.pt"], "--captioner is missing"),
        (["--clip", "clip.pt", "--captioner", "captioner.pt"], "--name is missing"),
        (["--clip", "nowhere.pt", "--captioner", "captioner.pt", "--name", "x"], "--clip: no file 'nowhere.pt'"),
        (["--clip", "clip.pt", "--captioner", "captioner.pt", "--name", "a/b"], "--name needs letters"),
        (["--clip", "clip.pt", "--captioner", "captioner.pt", "--name", ".."], "--name needs letters"),
        (["--normalize", "--no-normalize"], "contradict"),
        (["--activation", "relu"], "--activation: needs quick_gelu, gelu or gelu_tanh, not 'relu'"),
        (["--clip", "clip.pt", "--captioner", "captioner.pt", "--name", "x", "--folder", "."], "'.' exists"),
        (["--captoner", "x"], "did you mean '--captioner'?"),
        (["x.tar", "--clip", "clip.pt"], "--clip is for weight files, and 'x.tar' is taken for an archive"),
        (["x.tar", "--name", "a/b"], "--name needs letters"),
    ],
)
def test_import_checks_its_options(fake, files, arguments, message):
    result = fake.run("models", "import", *arguments)
    assert result.code == 2 and message in result.err


@pytest.mark.parametrize("action", ["list", "show", "verify", "optimize", "import", "fetch", "export", "remove"])
def test_every_action_has_help(fake, action):
    result = fake.run("models", action, "--help")
    assert result.code == 0 and f"caption models {action}" in result.text and result.err == ""


def test_the_readme_names_the_published_models(source):
    table = json.loads((source / "models" / "published.json").read_text())
    for model in table["models"]:
        assert f"`{model['name']}`" in (source / "README.md").read_text()
