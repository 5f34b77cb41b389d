"""caption explain: the table, the object, the page and the picture."""

import json
import math
import re
import shutil

import pytest


@pytest.fixture
def schema(schema_of):
    return schema_of("explain")


@pytest.fixture
def picture(source, work):
    first = min((source / "models" / "photographs" / "pictures").glob("*.jpg"))
    shutil.copy(first, work / "picture.jpg")
    return "picture.jpg"


@pytest.fixture
def small(source):
    """Arguments for a small model with random weights and GPT-2's tokenizer."""
    parity = source / "tests" / "data" / "parity"
    return ["--model", str(parity / "vit-mlp"), str(parity / "images" / "wide.png")]


# ---- The command line, over the fake engine


def test_help(fake):
    result = fake.run("explain", "--help")
    assert result.code == 0 and result.err == ""
    words = " ".join(result.text.split())
    for word in ["caption explain [OPTION]... IMAGE", "--grid", "--top", "--caption", "--html", "--png", "does not show", "--beam"]:
        assert word in words
    assert max(map(len, result.lines)) <= 90
    assert "caption explain [OPTION]... IMAGE" in fake.run("--help").text


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "no input: name an image"),
        (["a.jpg", "c.jpg"], "one image at a time: 'a.jpg' and 'c.jpg'"),
        ([""], "the name of the IMAGE is empty"),
        (["--grid", "33", "a.jpg"], "--grid: needs a whole number from 0 to 32"),
        (["--grid", "-1", "a.jpg"], "--grid: needs a whole number from 0 to 32"),
        (["--top", "1000", "a.jpg"], "--top: needs a whole number from 0 to 100"),
        (["--batch", "0", "a.jpg"], "--batch: needs a whole number from 1"),
        (["--beam", "0", "a.jpg"], "--beam: needs a whole number from 1 to 1000"),
        (["--device", "gpu", "a.jpg"], "--device needs auto, cpu, cuda or cuda:N, not 'gpu' (did you mean 'cpu'?); see 'caption explain --help'"),
        (["--caption", "", "a.jpg"], "--caption needs a text"),
        (["--caption", "a cat", "--beam", "2", "a.jpg"], "--beam searches a caption: it does not go with --caption"),
        (["--caption", "a cat", "--max-tokens", "2", "a.jpg"], "--max-tokens ends a search"),
        (["--caption", "a cat", "--stop", "x", "a.jpg"], "--caption gives the caption: what a search goes by does not go with it"),
        (["--html", "-", "a.jpg"], "--html needs a file"),
        (["--png", "-", "a.jpg"], "--png needs a file"),
        (["--html", "same", "--png", "same", "a.jpg"], "is the file of --html, too"),
        (["--png", "c.jpg", "a.jpg"], "is an image and would be overwritten"),
        (["--html", "a.jpg", "a.jpg"], "is an image and would be overwritten"),
        (["--grd", "3", "a.jpg"], "(did you mean '--grid'?)"),
        (["--sample", "a.jpg"], "unknown option '--sample'"),
        (["."], "'.' is a folder: caption explain takes one image"),
    ],
)
def test_mistakes(fake, images, arguments, message):
    result = fake.run("explain", *arguments)
    assert result.code == 2 and result.out == b""
    assert message in result.err and len(result.err.splitlines()) == 1


def test_a_misspelt_command(fake, images):
    result = fake.run("explian", "a.jpg")
    assert result.code == 2 and "did you mean 'caption explain'?" in result.err


@pytest.mark.parametrize(
    "name, message",
    [("b.png", "b.png: the image ends early"), ("d.webp", "d.webp: not an image"), ("missing.jpg", "missing.jpg: no such file")],
)
def test_a_bad_image_is_status_1_and_leaves_files_alone(fake, images, work, name, message):
    (work / "page.html").write_text("kept")
    result = fake.run("explain", "--quiet", name, "--html", "page.html")
    assert result.code == 1 and result.out == b""
    assert result.err == f"caption: error: {message}\n"
    assert (work / "page.html").read_text() == "kept"


def test_options_reach_the_engine(fake, images, tmp_path):
    log = tmp_path / "log"
    options = ["--grid", "9", "--top", "3", "--batch", "7", "--beam", "2", "--max-tokens", "11", "--min-tokens", "3", "--stop", "x"]
    load = ["--threads", "3", "--precision", "bf16", "--model", "photographs"]
    assert fake.run("explain", *options, *load, "a.jpg", FAKE_LOG=log).code == 0
    assert "load photographs device auto threads 3 precision bf16" in log.read_text()
    assert "explain batch 7 grid 9 top 3 text none beam 2 max_tokens 11 min_tokens 3" in log.read_text()
    assert fake.run("explain", "--caption", "a cat", "a.jpg", FAKE_LOG=log).code == 0
    assert "text a cat" in log.read_text()


def test_the_table(fake, work):
    (work / "x.jpg").write_bytes("say größe".encode())
    result = fake.run("explain", "--quiet", "x.jpg")
    assert result.code == 0 and result.err == ""
    assert result.lines[0] == "größe."
    assert result.lines[1] == "score -1.750, mean -0.583 per token, model fake; 3 x 3 squares of 5 pixels hidden in a picture of 8"
    assert result.lines[3:] == [
        "word   token   prob  logprob  rank  place          instead",
        "größe  g      36.8%   -1.000     2  3.00 top left  b 60.7%",
        "       +röße  60.7%   -0.500     1                 <0xFF> 13.5%, \\n <0.01%",
        ".      .      77.9%   -0.250     1  -",
    ]


def test_standard_input(fake):
    result = fake.run("explain", "--quiet", "--json", "-", stdin=b"say cats")
    assert result.code == 0 and json.loads(result.text)["image"] == "-"


def test_the_object_is_valid_utf8_and_fits_the_schema(fake, work, schema):
    name = b"x\xff.jpg"
    with open(bytes(work) + b"/" + name, "wb") as file:
        file.write(b"say cats")
    result = fake.run("explain", "--json", name)
    record = json.loads(result.out.decode("utf-8"))
    schema.validate(record)
    assert record["image"] == "x\ufffd.jpg"
    assert record["words"][0] == {"text": "cats", "first_token": 0, "tokens": 2, "logprob": -1.5, "heat": [[3, 1, 0], [1, 0, 0], [0, 0, -0.5]]}
    assert record["heat_map"] == {"method": "occlusion", "grid": 3, "window": 5, "resolution": 8, "unit": "natural log-probability"}


def test_files_are_written_over_and_the_table_too(fake, images, work):
    (work / "page.html").write_text("x" * 10**6)
    result = fake.run("explain", "--quiet", "a.jpg", "--html", "page.html", "--png", "sheet.png")
    assert result.code == 0 and result.lines[0] == "a cat on a mat.."
    assert (work / "sheet.png").read_bytes() == b"sheet of a cat on a mat.."
    page = (work / "page.html").read_text()
    assert page.startswith("<!DOCTYPE html>") and page.endswith("</html>\n")


def test_the_page_says_whose_model_it_is(fake, images, work):
    assert fake.run("explain", "a.jpg", "--html", "page.html").code == 0
    foot = (work / "page.html").read_text().split("<footer")[1]
    assert "Written by caption " in foot and "The model's origin: made by a test. Its licence: CC0." in foot


def test_words_cannot_break_out_of_the_page(fake, work):
    nasty = "<script>alert(1)</script>\"'&amp;"
    (work / "x.jpg").write_bytes(b"say " + nasty.encode())
    assert fake.run("explain", "x.jpg", "--html", "page.html").code == 0
    page = (work / "page.html").read_text()
    assert "alert(1)" in page and "<script>alert" not in page
    assert "style=" not in page and "onclick" not in page


def test_an_output_that_cannot_be_opened(fake, images):
    result = fake.run("explain", "a.jpg", "--html", "no/such/folder.html")
    assert result.code == 3 and "no/such/folder.html" in result.err and result.out == b""


# ---- The program as users get it


def explain(program, *arguments):
    result = program.run("explain", "--json", *arguments)
    assert result.code == 0, result.err
    return json.loads(result.text)


def test_tokens_add_up_to_the_caption(real, picture, small, schema):
    for arguments in [[picture], small, ["--beam", "1", picture]]:
        record = explain(real, "--grid", "3", *arguments)
        schema.validate(record)
        captioned = real.run("--json", "--unsure", "keep", *arguments).records()[0]
        assert record["caption"] == captioned["caption"] and record["model"] == captioned["model"]
        tokens = record["tokens"]
        assert math.isclose(sum(token["logprob"] for token in tokens), record["score"], abs_tol=1e-9)
        assert math.isclose(record["score"], captioned["score"], abs_tol=1e-4)
        assert math.isclose(record["mean_logprob"] * len(tokens), record["score"], abs_tol=1e-9)
        assert sum(word["tokens"] for word in record["words"]) == len(tokens)
        text = "".join(token["text"] for token in tokens).removesuffix("</s>").strip()
        assert "<0x" in text or text == record["caption"]
        for word in record["words"]:
            own = tokens[word["first_token"] : word["first_token"] + word["tokens"]]
            assert math.isclose(word["logprob"], sum(token["logprob"] for token in own), abs_tol=1e-9)
            assert len(word["heat"]) == record["heat_map"]["grid"] and {len(row) for row in word["heat"]} == {len(word["heat"])}
        for token in tokens:
            better = [other for other in token["alternatives"] if other["logprob"] > token["logprob"]]
            assert len(better) == min(token["rank"] - 1, 5)
            assert token["id"] not in [other["id"] for other in token["alternatives"]]
            order = [other["logprob"] for other in token["alternatives"]]
            assert len(order) == 5 and order == sorted(order, reverse=True)


def test_greedy_tokens_are_the_likeliest(real, small):
    assert {token["rank"] for token in explain(real, "--grid", "1", "--beam", "1", *small)["tokens"]} == {1}


def test_the_result_does_not_depend_on_batch_or_threads(real, picture, small):
    for arguments in [[picture], small]:
        expected = explain(real, "--grid", "3", *arguments)
        for options in [["--batch", "1", "--threads", "3"], ["--batch", "7", "--threads", "1"]]:
            assert explain(real, "--grid", "3", *options, *arguments) == expected


def test_top_and_grid(real, picture):
    record = explain(real, "--top", "0", "--grid", "1", picture)
    assert all(token["alternatives"] == [] for token in record["tokens"])
    assert all(len(word["heat"]) == 1 for word in record["words"])
    assert len(explain(real, "--top", "100", "--grid", "2", picture)["tokens"][0]["alternatives"]) == 100


def test_a_given_caption(real, picture, small):
    own = explain(real, "--grid", "2", picture)
    same = explain(real, "--grid", "2", "--caption", own["caption"], picture)
    assert same["tokens"] == own["tokens"] and same["words"] == own["words"]
    other = explain(real, "--grid", "1", "--caption", "A zebra at sunset.", picture)
    assert other["caption"] == "A zebra at sunset." and other["score"] < own["score"]
    assert any(token["rank"] > 1 for token in other["tokens"])
    assert explain(real, "--caption", "a caf\u00e9 \U0001f408 \u732b", *small)["words"][-1]["text"] == "\u732b"
    long = real.run("explain", "--caption", "word " * 200, picture)
    assert long.code == 2 and "takes at most" in long.err
    broken = real.run("explain", "--caption", b"\xff", picture)
    assert broken.code == 2 and "UTF-8" in broken.err


def test_the_picture_matters_to_what_is_in_it(real, picture):
    """Safe for any model that describes what it sees: hiding all of the picture costs some word a lot."""
    record = explain(real, "--grid", "1", picture)
    assert max(word["heat"][0][0] for word in record["words"]) > 1


def test_page_and_sheet(real, picture, work):
    result = real.run("explain", "--quiet", picture, "--html", "page.html", "--png", "sheet.png", "--json")
    assert result.code == 0 and result.err == ""
    record = json.loads(result.text)
    assert (work / "sheet.png").read_bytes().startswith(b"\x89PNG")
    page = (work / "page.html").read_text()
    assert page.count("data:image/png;base64,") == len(record["words"]) + 1  # and the legend
    assert page.count("data:image/jpeg;base64,") == 1
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)
    for word in record["words"]:
        assert f">{word['text'] or '(end)'}</span>" in page
    assert len(page) < 10**6
    again = real.run("explain", "--quiet", picture, "--html", "again.html", "--batch", "3")
    assert again.code == 0 and (work / "again.html").read_text() == page


def test_an_unreadable_image(real, work):
    (work / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    result = real.run("explain", "--quiet", "cut.jpg")
    assert result.code == 1 and result.err.startswith("caption: error: cut.jpg: ") and result.out == b""
