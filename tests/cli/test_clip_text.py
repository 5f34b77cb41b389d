"""CLIP's text side: what an import makes of it, and caption score and --rerank clip beside the numbers of the
libraries whose models these are (tests/data/clip, made by scripts/make_clip_goldens.py)."""

import csv
import io
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
def goldens(source):
    def goldens(name):
        return json.loads((source / "tests" / "data" / "clip" / name / "clip.json").read_text())

    return goldens


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


# Scores


@ALL
def test_similarities_are_the_libraries(real, install, goldens, parity, schema_of, name):
    install(name)
    golden = goldens(name)
    given = [i for i, text in enumerate(golden["texts"]) if text]  # a TEXT cannot be empty
    for picture, expected in zip(golden["pictures"], golden["similarities"]):
        result = real.run("score", "--json", "--model", name, parity / "images" / picture, *(golden["texts"][i] for i in given))
        assert result.code == 0, result.err
        for line, i in zip(result.records(), given):
            schema_of("score").validate(line)
            assert line["text"] == golden["texts"][i]
            assert line["similarity"] == pytest.approx(expected[i], abs=2e-5)
            assert line.get("similarity_of_beginning", False) == ("many more letters" in line["text"])
        assert "1 text is longer than what CLIP takes" in result.err


def test_the_table_has_them(real, install, goldens, parity):
    install("openai")
    golden = goldens("openai")
    result = real.run("score", "--model", "openai", parity / "images" / golden["pictures"][0], *golden["texts"][:2])
    assert result.lines[0].split() == ["score", "mean", "tokens", "similarity", "text"]
    shown = [float(line.split()[3]) for line in result.lines[1:3]]
    assert shown == pytest.approx(golden["similarities"][0][:2], abs=1e-4)


def test_models_without_have_none(real, source, parity):
    line = real.run("score", "--json", "--model", parity / "vit-mlp", parity / "images" / "wide.png", "A dog.").records()[0]
    assert "similarity" not in line


# Captions in another order


def captions_of(record):
    return {(one["caption"], one["score"]) for one in record["captions"]}


@ALL
def test_captions_are_in_the_order_of_their_similarities(real, install, parity, schema, name):
    install(name)
    images = sorted((parity / "images").iterdir())
    options = ["--json", "--model", name, "--beam", "5", "--max-tokens", "8"]
    plain = real.run(*options, "--n-best", "5", *images).records()
    ordered = real.run(*options, "--n-best", "5", "--rerank", "clip", *images).records()
    best = real.run(*options, "--rerank", "clip", *images).records()
    moved = 0
    for image, before, after, first in zip(images, plain, ordered, best, strict=True):
        schema.validate(after)
        assert captions_of(before) == captions_of(after)
        similarities = [one["similarity"] for one in after["captions"]]
        assert similarities == sorted(similarities, reverse=True)
        scored = real.run("score", "--json", "--model", name, image, *(one["caption"] for one in after["captions"])).records()
        assert similarities == pytest.approx([one["similarity"] for one in scored], abs=1e-6)
        assert first["caption"] == after["caption"] == after["captions"][0]["caption"] and first["similarity"] == after["similarity"]
        moved += before["caption"] != after["caption"]
    assert moved > 0


def test_other_ways_to_the_same_order(real, install, parity, work):
    """One at a time, by embeddings, drawn, and as CSV."""
    install("openai")
    options = ["--json", "--model", "openai", "--max-tokens", "8", "--n-best", "3", "--rerank", "clip"]
    images = sorted((parity / "images").iterdir())
    together = real.run(*options, *images).records()
    alone = [real.run(*options, "--batch", "1", "--threads", "1", image).records()[0] for image in images]
    assert alone == together
    assert real.run("embed", "--model", "openai", *images, "--output", "pictures.safetensors").code == 0
    assert real.run(*options, "--from-embeddings", "pictures.safetensors").records() == together
    drawn = real.run(*options, "--sample", "--seed", "3", *images).records()
    plain = real.run(*options[:-2], "--sample", "--seed", "3", *images).records()
    assert [captions_of(record) for record in drawn] == [captions_of(record) for record in plain]
    assert all(a["similarity"] >= b["similarity"] for record in drawn for a, b in zip(record["captions"], record["captions"][1:]))
    rows = list(csv.DictReader(io.StringIO(real.run(*options[1:], "--format", "csv", *images, "none.jpg").text, newline="")))
    assert [float(row["similarity"]) for row in rows[:-1]] == [one["similarity"] for record in together for one in record["captions"]]
    assert rows[-1]["similarity"] == ""


def test_rerank_arrives_and_is_one_of_its_words(fake, images, work):
    fake.run("--rerank", "clip", "a.jpg", FAKE_LOG="log")
    assert "rerank clip" in (work / "log").read_text()
    result = fake.run("--rerank", "dog", "a.jpg")
    assert result.code == 2 and "no or clip" in result.err
