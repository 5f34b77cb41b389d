"""D01 and D07: models that say the same token for ever."""

import array
import json
import math
import pickle
import zipfile
from collections import OrderedDict

import pytest

# Of the tiny model's vocabulary.
QUOTE, COMMA, STOP, LINE_END, BLANK, HALF_CHARACTER, LAST = 1, 11, 13, 198, 220, 158, 399


class Places(pickle.Unpickler):
    """Of each tensor in a checkpoint: the key of its storage, the first number in it, and its shape."""

    def persistent_load(self, storage):
        return storage[2]

    def find_class(self, module, name):
        known = {"OrderedDict": OrderedDict, "_rebuild_tensor_v2": lambda storage, offset, shape, *rest: (storage, offset, shape)}
        return known.get(name, name)


def always(source, target, token):
    """The checkpoint `source` with a last norm that gives, whatever comes in, what is most like `token`."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        members = {name.partition("/")[2]: name for name in old.namelist()}
        with old.open(members["data.pkl"]) as stream:
            places = Places(stream).load()

        def numbers(name):
            return array.array("f", old.read(members[f"data/{places[name][0]}"]))

        _, offset, (_, width) = places["gpt.transformer.wte.weight"]
        row = numbers("gpt.transformer.wte.weight")[offset + token * width :][:width]
        length = math.sqrt(sum(value * value for value in row))
        values = {"gpt.transformer.ln_f.weight": [0.0] * width, "gpt.transformer.ln_f.bias": [30 * value / length for value in row]}
        changed = {}
        for name, these in values.items():
            key, offset, _ = places[name]
            data = changed.setdefault(members[f"data/{key}"], numbers(name))
            data[offset : offset + width] = array.array("f", these)
        for item in old.infolist():
            new.writestr(item.filename, changed[item.filename].tobytes() if item.filename in changed else old.read(item))


@pytest.fixture
def photo(source):
    return source / "models" / "photographs" / "pictures" / "cat.jpg"


@pytest.fixture
def saying(real, source, work):
    """A model, imported, that says `token` for ever."""

    def saying(token, tokenizer=None):
        parts = source / "tests" / "data" / "parity" / "vit-mlp"
        always(parts / "captioner.pt", work / "always.pt", token)
        rest = ["--clip", parts / "clip.pt", "--tokenizer", tokenizer or parts]
        done = real.run("models", "import", "--captioner", "always.pt", *rest, "--name", f"always-{token}")
        assert done.code == 0, done.err
        return f"always-{token}"

    return saying


def record_of(real, model, photo, *options):
    (record,) = real.run("--json", "--model", model, "--beam", "1", *options, photo).records()
    return record


@pytest.mark.parametrize(
    "token, caption, finish, flags",
    [
        (STOP, ".", "stop", []),
        (BLANK, "", "length", []),
        (LINE_END, "", "length", []),
        (QUOTE, '"' * 67, "length", ["repetition"]),
        (COMMA, "," * 67, "length", ["repetition"]),
        (HALF_CHARACTER, "\N{REPLACEMENT CHARACTER}" * 67, "length", ["repetition"]),
    ],
)
def test_how_it_ended_is_said(real, saying, photo, token, caption, finish, flags):
    record = record_of(real, saying(token), photo)
    assert record["caption"] == caption and record["finish"] == finish
    assert [flag for flag in record.get("flags", []) if flag != "unsure"] == flags


def test_a_caption_without_words_is_warned_of(real, saying, photo):
    done = real.run("--model", saying(BLANK), "--beam", "1", photo)
    assert done.code == 0 and len(done.lines) == 1 and "1 of 1 captions is empty" in done.err


def test_a_special_token_is_no_text(real, saying, source, work, photo):
    parts = source / "tests" / "data" / "parity" / "vit-mlp"
    folder = work / "with_special"
    folder.mkdir()
    vocabulary = json.loads((parts / "encoder.json").read_text())
    named = {("<|endoftext|>" if number == LAST else token): number for token, number in vocabulary.items()}
    (folder / "encoder.json").write_text(json.dumps(named))
    (folder / "vocab.bpe").write_bytes((parts / "vocab.bpe").read_bytes())
    record = record_of(real, saying(LAST, folder), photo)
    assert record["caption"] == ""


def test_captions_of_one_picture_differ(real, saying, photo):
    (record,) = real.run("--json", "--model", saying(BLANK), "--beam", "5", "--n-best", "5", photo).records()
    texts = [one["caption"] for one in record["captions"]]
    assert 1 <= len(texts) <= 5 and len(set(texts)) == len(texts)


def test_a_prompt_with_nothing_behind_it(real, saying, photo):
    record = record_of(real, saying(STOP), photo, "--prompt", "A photo of")
    assert record["caption"] in ("A photo of.", "A photo of") and record["finish"] == "stop"
