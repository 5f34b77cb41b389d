"""`caption models import` of GPT-2s of several kinds, as transformers wrote them (scripts/make_gpt2_goldens.py)."""

import json
import shutil

import pytest


@pytest.fixture
def data(source):
    return source / "tests" / "data"


@pytest.fixture
def take_in(real, data, work):
    """Imports a case's files, with more options, as the model "made"."""

    def run(folder, *options):
        return real.run("models", "import", "--clip", data / "parity" / "vit-mlp" / "clip.pt", "--captioner", folder / "mapper.safetensors",
                        "--gpt2", folder, "--name", "made", "--folder", work / "made", *options)  # fmt: skip

    return run


def shown(real, work):
    return json.loads(real.run("models", "show", "--json", work / "made").text)


@pytest.mark.parametrize("name", ["wide_heads", "untied", "padded", "japanese"])
def test_captions_are_those_of_transformers(real, data, work, take_in, name):
    expected = json.loads((data / "gpt2" / name / "expected.json").read_text(encoding="utf-8"))
    result = take_in(data / "gpt2" / name, *expected["import"])
    assert result.code == 0 and "the tokenizer is " in result.err
    assert ("vocabulary is padded" in result.err) == (name == "padded")
    pictures = [data / "parity" / "images" / f"{image}.png" for image in expected["captions"]]
    records = real.run("--json", "--model", work / "made", "--beam", "1", "--max-tokens", str(expected["max_tokens"]), *pictures).records()
    for record, golden in zip(records, expected["captions"].values()):
        ended = len(golden["greedy"]) < expected["max_tokens"]
        assert record["caption"] in golden["text"] and (record["finish"] == "stop" or not ended)


def test_the_manifest_says_what_weights_do_not(real, data, work, take_in):
    assert take_in(data / "gpt2" / "wide_heads", "--stop-token", "13", "--stop-token", "<|endoftext|>", "--stop", "\n").code == 0
    manifest = shown(real, work)
    assert manifest["stop"]["tokens"][0] == 13 and len(manifest["stop"]["tokens"]) == 2 and manifest["stop"]["texts"] == ["\n"]
    assert (manifest["language_model"]["heads"], manifest["language_model"]["activation"]) == (2, "gelu")
    assert r'or the text "\n", or ' in real.run("models", "show", work / "made").text


def test_a_japanese_one_takes_small_letters(real, data, work, take_in):
    assert take_in(data / "gpt2" / "japanese").code == 0
    assert shown(real, work)["tokenizer"]["lower_case"] is True
    same = [real.run("--model", work / "made", "--max-tokens", "10", "--prompt", prompt, data / "parity" / "images" / "wide.png").text for prompt in ("A DOG", "a dog")]
    assert same[0] == same[1] != ""


@pytest.mark.parametrize("options, words", [
    (["--heads", "4"], "says that it has 2 attention heads, not 4"),
    (["--stop-token", "no such token"], "no token 'no such token'"),
    (["--stop-token", "100000"], "its tokens are 0 to 299"),
    (["--tokenizer", "empty"], "no tokenizer in this folder"),
])  # fmt: skip
def test_what_cannot_be_is_refused(data, work, take_in, options, words):
    (work / "empty").mkdir()
    result = take_in(data / "gpt2" / "wide_heads", *options)
    assert result.code in (2, 3) and words in result.err and not (work / "made").exists()


def test_heads_are_asked_for_where_nothing_says_them(real, data, work, take_in):
    folder = work / "gpt2"
    shutil.copytree(data / "gpt2" / "wide_heads", folder)
    (folder / "config.json").unlink()
    result = take_in(folder)
    assert result.code == 3 and "no multiple of 64" in result.err and not (work / "made").exists()
    assert take_in(folder, "--heads", "2").code == 0 and shown(real, work)["language_model"]["heads"] == 2


def test_a_checkpoint_of_the_package_clipcap(real, data, work):
    folder = data / "gpt2" / "package"
    result = real.run("models", "import", "--clip", data / "parity" / "vit-mlp" / "clip.pt", "--captioner", folder / "captioner.ckpt", "--tokenizer", folder,
                      "--name", "made", "--folder", work / "made")  # fmt: skip
    assert result.code == 0 and shown(real, work)["mapper"] | {"file": ""} == {
        "file": "", "kind": "transformer", "prefix_length": 4, "normalize": True, "heads": 4}  # fmt: skip
