"""CLIP's text side: what an import makes of it, and caption score, embed --texts, --rerank clip and eval --clip-model beside the numbers of
the libraries whose models these are (tests/data/clip, made by scripts/make_clip_goldens.py)."""

import csv
import io
import json
import math
import re
import struct

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


def read_safetensors(file):
    """-> {name: (entry, bytes)}, with "__metadata__" """
    data = file.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    tensors = {"__metadata__": header.pop("__metadata__", {})}
    return tensors | {name: (entry, data[8 + size :][slice(*entry["data_offsets"])]) for name, entry in header.items()}


def rows_of(entry, data):
    count, width = entry["shape"]
    values = struct.unpack(f"<{count * width}f", data)
    return [values[i * width : (i + 1) * width] for i in range(count)]


@pytest.fixture
def install(real, source, parity):
    def install(name, file=None):
        clip = source / "tests" / "data" / "clip" / name / (CLIPS[name] if file is None else file)
        result = real.run("models", "import", "--clip", clip, "--captioner", parity / "vit-mlp" / "captioner.pt", "--name", name,
                          "--tokenizer", parity / "vit-mlp")  # fmt: skip
        assert result.code == 0, result.err
        return result

    return install


@pytest.fixture
def texts(work, source):
    """The goldens' texts as a file."""
    (work / "texts.txt").write_bytes((source / "tests/data/clip/openai/texts.txt").read_bytes())
    return "texts.txt"


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


def test_captions_do_not_load_it(real, install, parity, texts, tmp_path):
    install("openai")
    merges = tmp_path / "home/.local/share/caption/models/openai/clip-merges.txt"
    merges.write_bytes(b"x" * merges.stat().st_size)
    image = parity / "images" / "wide.png"
    assert real.run("--model", "openai", image).code == 0
    result = real.run("--model", "openai", "--rerank", "clip", image)
    assert result.code == 3 and "clip-merges.txt: line 1: expected two tokens" in result.err
    assert real.run("embed", "--model", "openai", "--texts", texts, "--output", "out.npy").code == 3
    assert real.run("models", "verify", "openai").code == 3


def test_an_image_encoder_alone_has_none(real, source, parity, texts):
    clip = source / "tests" / "data" / "clip" / "hugging_face_vision"
    rest = ["--captioner", parity / "vit-mlp" / "captioner.pt", "--tokenizer", parity / "vit-mlp"]
    result = real.run("models", "import", "--clip", clip, *rest, "--name", "half")
    assert result.code == 0 and "text side" not in result.err
    assert "text side       none" in real.run("models", "show", "half").text
    result = real.run("embed", "--model", "half", "--texts", texts, "--output", "out.npy")
    assert result.code == 2 and "the model 'half' has no text side: its CLIP was imported without" in result.err


def test_a_text_side_with_another_tokenizer_is_left_out_and_said(real, source, parity, work):
    (work / "clip.pt").write_bytes((source / "tests/data/clip/openai/clip.pt").read_bytes())
    rest = ["--captioner", parity / "vit-mlp" / "captioner.pt", "--tokenizer", parity / "vit-mlp"]
    result = real.run("models", "import", "--clip", "clip.pt", *rest, "--name", "other")
    assert result.code == 0 and "its text side is left out" in result.err and "522 tokens" in result.err
    assert json.loads(real.run("models", "show", "other", "--json").text)["text"] is None


@pytest.mark.parametrize("arguments", [["embed", "--texts", "texts.txt", "--output", "o.npy"], ["PHOTO", "--rerank", "clip"]])
def test_other_encoders_have_none(real, source, texts, arguments):
    photo = source / "models" / "photographs" / "pictures" / "cat.jpg"
    result = real.run(*[photo if argument == "PHOTO" else argument for argument in arguments], "--model", "photographs")
    assert result.code == 2 and result.out == b""
    assert "the model 'photographs' has no text side: its image encoder is no CLIP (efficientnet-lite)" in result.err
    assert not (real.folder / "o.npy").exists()


def test_models_of_earlier_formats_have_none(real, parity, texts):
    result = real.run("embed", "--model", parity / "vit-mlp", "--texts", texts, "--output", "out.npy")
    assert result.code == 2 and "import it again" in result.err


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


# Embeddings of texts


@ALL
def test_embeddings_of_texts_are_the_libraries(real, install, source, texts, work, name):
    install(name)
    result = real.run("embed", "--model", name, "--texts", texts, "--output", "out.safetensors")
    assert result.code == 0 and result.out == b"" and "1 text is longer than what CLIP takes" in result.err
    made = read_safetensors(work / "out.safetensors")
    golden = read_safetensors(source / "tests/data/clip" / name / "goldens.safetensors")
    assert made["__metadata__"] == {"model": name, "normalized": "false", "of": "texts"}
    assert made["names"][1].decode().split("\0")[:-1] == (work / texts).read_text().splitlines()
    expected = rows_of(*golden["text_embedding"])
    assert len(expected) == 7
    largest = max(abs(value) for row in expected for value in row)
    for row, golden_row in zip(rows_of(*made["embeddings"]), expected, strict=True):
        assert row == pytest.approx(golden_row, abs=2e-5 * largest)


def test_all_formats_hold_the_same_texts(real, install, texts, work):
    numpy = pytest.importorskip("numpy", reason="Debian: python3-numpy")
    install("openai")
    for output, *more in (["out.npy"], ["out.jsonl"], ["length1.jsonl", "--normalize"]):
        assert real.run("embed", "--model", "openai", "--texts", texts, "--output", output, *more).code == 0
    assert (work / "out.txt").read_text() == (work / texts).read_text()
    rows = numpy.load(work / "out.npy")
    lines = [json.loads(line) for line in (work / "out.jsonl").read_text().splitlines()]
    assert [line["text"] for line in lines] == (work / texts).read_text().splitlines() and "image" not in lines[0]
    assert numpy.array_equal(rows, numpy.float32([line["embedding"] for line in lines]))
    for line in (work / "length1.jsonl").read_text().splitlines():
        assert math.hypot(*json.loads(line)["embedding"]) == pytest.approx(1, abs=1e-6)


def test_texts_come_from_standard_input_in_any_number(real, install, work):
    install("openai")
    lines = "".join(f"the cat {i}\r\n" for i in range(200)) + "the cat 0"
    assert real.run("embed", "--model", "openai", "--texts", "-", "--output", "out.jsonl", stdin=lines.encode()).code == 0
    rows = [json.loads(line) for line in (work / "out.jsonl").read_text().splitlines()]
    assert [row["text"] for row in rows] == lines.split("\r\n") and rows[0]["embedding"] == rows[200]["embedding"] != rows[1]["embedding"]


def test_images_and_texts_of_one_model_are_compared_by_their_rows(real, install, goldens, parity, texts, work):
    numpy = pytest.importorskip("numpy", reason="Debian: python3-numpy")
    install("hugging_face_parts")
    real.run("embed", "--model", "hugging_face_parts", "--normalize", parity / "images", "--output", "pictures.npy")
    real.run("embed", "--model", "hugging_face_parts", "--normalize", "--texts", texts, "--output", "rows.npy")
    product = numpy.load(work / "pictures.npy") @ numpy.load(work / "rows.npy").T
    assert product == pytest.approx(numpy.array(goldens("hugging_face_parts")["similarities"]), abs=2e-5)


@pytest.mark.parametrize("content, arguments, said", [
    (b"a\n\xff\n", [], "--texts: line 2 of 'list.txt' is not text in UTF-8"),
    (b"", [], "there is no text in the file"),
    (None, [], "--texts: cannot open 'list.txt'"),
    (b"a\n", ["a.jpg"], "--texts is instead of pictures: no INPUT goes with it"),
    (b"a\n", ["--recursive"], "--texts is instead of pictures: it does not go with --recursive"),
    (b"a\n", ["--output", "list.txt"], "list.txt"),
])
def test_mistakes_with_texts(fake, work, content, arguments, said):
    if content is not None:
        (work / "list.txt").write_bytes(content)
    result = fake.run("embed", "--texts", "list.txt", "--output", "out.npy", *arguments)
    assert result.code == 2 and said in result.err, result.err
    assert not (work / "out.npy").exists() and (content is None or (work / "list.txt").read_bytes() == content)


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_a_packed_text_side_is_the_same(real, install, texts, work, precision):
    install("openai")

    def rows():
        assert real.run("embed", "--model", "openai", "--precision", precision, "--texts", texts, "--output", "out.npy").code == 0
        return (work / "out.npy").read_bytes()

    plain = rows()
    assert real.run("models", "optimize", "openai", "--precision", precision).code == 0
    assert rows() == plain


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


def test_a_report_shows_the_similarities(real, install, parity, work):
    install("openai")
    images = sorted((parity / "images").iterdir())
    options = ["--model", "openai", "--max-tokens", "8", "--n-best", "3"]
    records = real.run(*options, "--rerank", "clip", "--json", "--html", "report.html", *images).records()
    page = (work / "report.html").read_text()
    expected = [f"{one['similarity']:.3f}" for record in records for one in record["captions"]]
    assert re.findall(r'<span class="number">(-?[0-9.]+)</span> similarity', page) == expected
    assert "The similarity is the cosine" in page and "ordered by CLIP" in page
    real.run(*options, "--html", "plain.html", *images)
    assert "similarity" not in re.sub(r"<style>.*?</style>", "", (work / "plain.html").read_text(), flags=re.S)


def test_a_service_answers_in_the_same_order(real, install, parity, work):
    install("openai")
    images = sorted((parity / "images").iterdir())
    options = ["--model", "openai", "--max-tokens", "8", "--n-best", "3", "--rerank", "clip"]
    requests = "".join(json.dumps({"path": image.name}) + "\n" for image in images)
    answers = real.run("serve", "--stdin", "--root", parity / "images", *options, stdin=requests.encode()).records()
    records = real.run(*options, "--json", *images).records()
    assert [answer["captions"] for answer in answers] == [record["captions"] for record in records]


def test_rerank_arrives_and_is_one_of_its_words(fake, images, work):
    fake.run("--rerank", "clip", "a.jpg", FAKE_LOG="log")
    assert "rerank clip" in (work / "log").read_text()
    result = fake.run("--rerank", "dog", "a.jpg")
    assert result.code == 2 and "no or clip" in result.err


# CLIPScore


def expected_scores(golden, picture, caption, references):
    """By the paper's formula, of the library's cosines."""
    score = 2.5 * max(golden["prefixed"][picture][caption], 0)
    nearest = max(0, *(golden["between"][caption][reference] for reference in references))
    return score, 2 * score * nearest / (score + nearest) if score + nearest else 0


@ALL
def test_clip_scores_are_the_libraries(real, install, goldens, parity, work, schema_of, name):
    install(name)
    golden = goldens(name)
    texts = golden["texts"]
    for second in (0, 2):  # which caption the file gives to a picture
        lines = [{"image": image, "caption": texts[(i + second) % 3]} for i, image in enumerate(golden["pictures"])]
        (work / f"captions{second}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    references = [[2, 4], [1], [4, 5, 0], [6]]
    lines = [{"image": image, "captions": [texts[i] for i in own]} for image, own in zip(golden["pictures"], references)]
    (work / "references.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = real.run("eval", "captions0.jsonl", "references.jsonl", "--compare", "captions2.jsonl", "--clip-model", name,
                      "--images", parity / "images", "--json", "--per-image", "each.jsonl")  # fmt: skip
    assert result.code == 0, result.err
    report = json.loads(result.text)
    schema_of("eval").validate(report)
    sums = {0: [0.0, 0.0], 2: [0.0, 0.0]}
    for i, row in enumerate(json.loads(line) for line in (work / "each.jsonl").read_text().splitlines()):
        for second, values in ((0, row), (2, row["compare"])):
            expected = expected_scores(golden, i, (i + second) % 3, references[i])
            assert (values["clip_score"], values["ref_clip_score"]) == pytest.approx(expected, abs=5e-5)
            sums[second] = [a + b / 4 for a, b in zip(sums[second], expected)]
    for second, metrics in ((0, report["metrics"]), (2, report["compare"]["metrics"])):
        assert [metrics["clip_score"], metrics["ref_clip_score"]] == pytest.approx(sums[second], abs=5e-5)
    assert report["clip_model"] == name and len(report["intervals"]) == 10
    assert "clip_score" in report["compare"]["differences"]
    table = real.run("eval", "captions0.jsonl", "references.jsonl", "--clip-model", name, "--images", parity / "images").text
    assert "RefCLIPScore" in table and "0 to 2.5" in table


def test_without_a_model_there_are_none(real, work):
    (work / "captions.tsv").write_text("image\tcaption\na.jpg\tA cat.\n")
    result = real.run("eval", "captions.tsv", "captions.tsv", "--json")
    assert "clip_score" not in json.loads(result.text)["metrics"]


def test_pictures_that_are_not_there_are_named(real, install, parity, work):
    install("openai")
    (work / "captions.tsv").write_text("image\tcaption\nwide.png\tA cat.\nnowhere.png\tA dog.\n")
    result = real.run("eval", "captions.tsv", "captions.tsv", "--clip-model", "openai", "--images", parity / "images")
    assert result.code == 2 and "1 picture is not in" in result.err and "nowhere.png" in result.err
    result = real.run("eval", "captions.tsv", "captions.tsv", "--clip-model", "photographs", "--images", parity / "images")
    assert result.code == 2 and "has no text side" in result.err
    (work / "bad").mkdir()
    for name in ("wide.png", "nowhere.png"):
        (work / "bad" / name).write_bytes(b"no picture")
    result = real.run("eval", "captions.tsv", "captions.tsv", "--clip-model", "openai", "--images", "bad")
    assert result.code == 2 and "CLIPScore needs every picture: bad/wide.png" in result.err
