"""Which words captions have: --ban, --require, --prompt, --repetition-penalty, groups of beams, and past the stop token."""

import pytest


@pytest.fixture
def photo(source):
    return source / "models" / "photographs" / "pictures" / "cat.jpg"


def caption(real, photo, *options, code=0):
    result = real.run("--json", *options, photo)
    assert result.code == code, result.err
    return result.records()[0]


def test_a_banned_word_does_not_come(real, photo, work):
    free = caption(real, photo)["caption"]
    assert "cat" in free.split()
    without = caption(real, photo, "--ban", "Cat")["caption"]
    assert "cat" not in without.lower().split() and without != free
    (work / "words.txt").write_bytes("\ufeffcat\r\n\nlaptop\n".encode())
    both = caption(real, photo, "--ban", "@words.txt", "--ban", "computer")["caption"]
    assert not {"cat", "laptop", "computer"} & set(both.lower().replace(".", "").split())


@pytest.mark.parametrize("content, said", [
    (None, "cannot open 'words.txt': No such file"),
    (b"", "'words.txt' has no words"),
    (b"\n  \n", "'words.txt' has no words"),
    (b"cat\n\xff\n", "line 2 of 'words.txt' is not text in UTF-8"),
    (b"c\0at\n", "line 1 of 'words.txt' is not text in UTF-8"),
])
def test_a_list_that_is_none(real, photo, work, content, said):
    if content is not None:
        (work / "words.txt").write_bytes(content)
    result = real.run("--ban", "@words.txt", photo)
    assert result.code == 2 and f"--ban: {said}" in result.err


def test_what_ends_captions_cannot_be_banned(real, photo, source):
    model = source / "tests" / "data" / "parity" / "vit-mlp"
    result = real.run("--model", model, "--ban", ".", photo)
    assert result.code == 2 and "'.' is what ends this model's captions" in result.err
    assert real.run("--model", model, "--ban", ".", "--keep-going-past-stop", photo).code == 0


@pytest.mark.parametrize("words", [["sleeping"], ["dog", "table"], ["red", "keyboard", "white"]])
def test_required_words_come(real, photo, words):
    options = [option for word in words for option in ("--require", word)]
    record = caption(real, photo, *options, "--n-best", "3")
    for one in record["captions"]:
        assert set(words) <= set(one["caption"].lower().replace(".", "").replace(",", "").split()), one
    assert record["finish"] == "stop"


def test_required_words_and_their_search(real, photo):
    for options, said in (
        (["--require", "dog", "--beam", "1"], "by a beam of at least 2"),
        (["--require", "dog", "--sample"], "does not go with --sample"),
        (["--require", "dog", "--beam-groups", "5"], "does not go with --beam-groups"),
        (["--require", " "], "required text 1 is empty"),
        (["--require", "dog", "--require", "keyboard", "--max-tokens", "1"], "the required words have"),
    ):
        result = real.run(*options, photo)
        assert result.code == 2 and said in result.err, options


def test_a_prompt_begins_the_caption(real, photo):
    plain = caption(real, photo)
    record = caption(real, photo, "--prompt", "Two dogs and a")
    assert record["caption"].startswith("Two dogs and a ") and record["caption"] != plain["caption"]
    assert record["finish"] == "stop" and "flags" not in record
    assert caption(real, photo, "--prompt", "Two dogs and a  ") == record
    # What the model would say itself: the rest of it, whose scores are the sum's.
    begin, rest = plain["caption"].split()[:2], plain["caption"].split()[2:]
    again = caption(real, photo, "--prompt", " ".join(begin))
    assert again["caption"] == plain["caption"] and len(rest) > 2
    assert again["score"] > plain["score"]


def test_a_prompt_alone_is_marked(real, photo, work):
    """D07: only the prompt comes back."""
    record = caption(real, photo, "--prompt", "A cat.", "--max-tokens", "1", "--stop", "#")
    if record["caption"] == "A cat.":
        assert record["flags"] == ["only_prompt"]
    result = real.run("--prompt", "A photo of", "--stop", "photo", photo)
    assert result.code == 2 and "the prompt contains a text at which captions stop" in result.err
    result = real.run("--prompt", "word " * 2000, photo)
    assert result.code == 2 and "less the prefix and the prompt" in result.err


def test_the_stop_token_may_end_nothing(real, photo):
    record = caption(real, photo, "--keep-going-past-stop", "--max-tokens", "30")
    assert record["finish"] == "length"
    assert len(record["caption"]) > len(caption(real, photo)["caption"])
    result = real.run("--keep-going-past-stop", "--min-tokens", "3", photo)
    assert result.code == 2 and "goes past" in result.err


def test_groups_of_beams_differ(real, photo):
    def second_words(*options):
        record = caption(real, photo, "--beam", "6", "--n-best", "6", *options)
        texts = [one["caption"] for one in record["captions"]]
        assert len(set(texts)) == len(texts)
        return {" ".join(text.split()[:3]) for text in texts}

    groups = second_words("--beam-groups", "3", "--diversity-penalty", "3")
    assert len(groups) > len(second_words())
    result = real.run("--beam-groups", "4", photo)
    assert result.code == 2 and "a beam of 5 cannot be divided into 4 groups evenly" in result.err


def test_the_penalty_makes_repetitions_rare(real, source, photo):
    model = source / "tests" / "data" / "parity" / "vit-mlp"
    words = lambda *options: caption(real, photo, "--model", model, "--max-tokens", "30", "--beam", "1", *options)["caption"]
    assert words("--repetition-penalty", "50") != words()
    assert words("--repetition-penalty", "1") == words()


def test_words_reach_the_engine(fake, images, tmp_path):
    log = tmp_path / "log"
    options = ["--repetition-penalty", "1.5", "--ban", "a b", "--ban", "@", "--prompt", " A é", "--keep-going-past-stop"]
    assert fake.run(*options, "--beam", "4", "--beam-groups", "2", "a.jpg", FAKE_LOG=log).code == 0
    assert ('repetition_penalty 1.500000 ban "a b" ban "@" groups 2 0.500000 prompt " A é" past_stop' in log.read_text())
