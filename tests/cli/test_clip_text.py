"""CLIP's text side: what an import makes of it (tests/data/clip, made by scripts/make_clip_goldens.py)."""

import json

import pytest

CLIPS = {
    "openai": "clip.pt",
    "open_clip_gelu": "open_clip_pytorch_model.bin",
    "open_clip_quick_gelu": "open_clip_model.safetensors",
    "hugging_face_parts": "",
}
ALL = pytest.mark.parametrize("name", CLIPS)


@pytest.fixture
def parity(source):
    return source / "tests" / "data" / "parity"


@pytest.fixture
def install(real, source, parity):
    def install(name, file=None):
        clip = source / "tests" / "data" / "clip" / name / (CLIPS[name] if file is None else file)
        result = real.run("models", "import", "--clip", clip, "--captioner", parity / "vit-mlp" / "captioner.pt", "--name", name,
                          "--tokenizer", parity / "vit-mlp")  # fmt: skip
        assert result.code == 0, result.err
        return result

    return install


# Import


@ALL
def test_an_import_keeps_the_text_side(real, install, tmp_path, name):
    assert "text side is left out" not in install(name).err
    shown = json.loads(real.run("models", "show", name, "--json").text)
    activation = "quick_gelu" if name in ("openai", "open_clip_quick_gelu") else "gelu"
    assert shown["text"] == {"merges": "clip-merges.txt", "activation": activation, "width": 64, "layers": 2, "vocabulary": 522, "context": 16}
    assert "clip-merges.txt" in [file["name"] for file in shown["files"]]
    assert "text side       2 layers, width 64, 522 tokens, 16 positions" in real.run("models", "show", name).text
    assert real.run("models", "verify", name).code == 0
    assert real.run("models", "export", name).code == 0
    assert real.run("models", "import", f"{name}.tar", "--name", "copy").code == 0
    assert json.loads(real.run("models", "show", "copy", "--json").text)["text"] == shown["text"]


def test_a_text_side_with_another_tokenizer_is_left_out_and_said(real, source, parity, work):
    (work / "clip.pt").write_bytes((source / "tests/data/clip/openai/clip.pt").read_bytes())
    rest = ["--captioner", parity / "vit-mlp" / "captioner.pt", "--tokenizer", parity / "vit-mlp"]
    result = real.run("models", "import", "--clip", "clip.pt", *rest, "--name", "other")
    assert result.code == 0 and "its text side is left out" in result.err and "522 tokens" in result.err
    assert json.loads(real.run("models", "show", "other", "--json").text)["text"] is None
