"""caption score: texts under the captioner."""

import json
import math

import pytest


@pytest.fixture
def small(source):
    """Arguments for a small model with random weights and GPT-2's tokenizer."""
    parity = source / "tests" / "data" / "parity"
    return ["--model", str(parity / "vit-mlp"), str(parity / "images" / "wide.png")]


def scores(real, *arguments):
    result = real.run("score", "--json", *arguments)
    assert result.code == 0, result.err
    return [json.loads(line) for line in result.lines]


@pytest.fixture
def photo(source):
    return source / "models" / "photographs" / "pictures" / "cat.jpg"


def test_the_models_own_captions_have_the_scores_of_their_records(real, photo, schema_of):
    captions = real.run("--json", "--n-best", "5", photo).records()[0]["captions"]
    scored = scores(real, photo, *(one["caption"] for one in captions))
    assert len(scored) == 5
    for score, caption in zip(scored, captions):
        schema_of("score").validate(score)
        assert score["text"] == caption["caption"] and score["image"] == str(photo)
        assert score["score"] == pytest.approx(caption["score"], abs=1e-4)
        assert score["mean_logprob"] == pytest.approx(caption["mean_logprob"], abs=1e-4)


def test_every_token_is_explains(real, small):
    """Whose values are the reference's."""
    texts = ["A dog on a sofa.", "é", " two  spaces", "A dog on a sofa by the sea, and"]
    for score in scores(real, *small, *texts):
        explained = json.loads(real.run("explain", "--json", "--grid", "1", "--caption", score["text"], *small).out)
        assert [token["id"] for token in score["tokens"]] == [token["id"] for token in explained["tokens"]]
        assert [token["text"] for token in score["tokens"]] == [token["text"] for token in explained["tokens"]]
        for mine, other in zip(score["tokens"], explained["tokens"]):
            assert mine["logprob"] == pytest.approx(other["logprob"], abs=1e-5)
        assert score["score"] == pytest.approx(math.fsum(token["logprob"] for token in score["tokens"]))


def test_a_text_has_one_score_beside_any_others(real, small):
    texts = ["A dog.", "A", "A dog on a sofa.", "A dog."]
    together = scores(real, *small, *texts)
    assert [scores(real, *small, text)[0] for text in texts] == together


def test_the_table(real, photo, work):
    (work / "texts.txt").write_text("A cat.\nA dog.\n")
    result = real.run("score", "--quiet", photo, "A cat on a laptop.", "@texts.txt", "--tokens")
    assert result.code == 0 and result.err == ""
    head, *rows = result.lines
    assert head.split() == ["score", "mean", "tokens", "text"]
    assert [row.split(None, 3)[3] for row in rows[:3]] == ["A cat on a laptop.", "A cat.", "A dog."]
    assert "logprob  token" in result.text
    means = [float(row.split()[1]) for row in rows[:3]]
    assert means[1] > means[2]  # it is a cat


@pytest.mark.parametrize("arguments, code, said", [
    ([], 2, "no input"),
    (["a.jpg"], 2, "no text: write the texts behind 'a.jpg'"),
    (["a.jpg", ""], 2, "a TEXT is empty"),
    (["a.jpg", b"\xff"], 2, "a TEXT is not UTF-8"),
    (["a.jpg", "@nowhere.txt"], 2, "cannot open 'nowhere.txt'"),
    (["nowhere.jpg", "A dog."], 1, "nowhere.jpg"),
    ([".", "A dog."], 2, "'.' is a folder: caption score takes one image"),
])
def test_mistakes(fake, images, arguments, code, said):
    result = fake.run("score", *arguments)
    assert result.code == code and said in result.err


def test_a_text_that_is_too_long(real, small):
    result = real.run("score", *small, "word " * 3000)
    assert result.code == 2 and "a text has" in result.err and "takes at most" in result.err
