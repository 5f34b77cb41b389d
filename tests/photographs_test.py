"""What the embedded model's recipe (scripts/photographs) makes of COCO, as far as it needs no PyTorch."""

import json
import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts" / "photographs"))
import data  # noqa: E402
import nouns  # noqa: E402

IDS = range(1, 101)
CAPTIONS = ["a dog runs on the grass .", "Two  dogs play", "A brown dog  with a \"ball\"."]


def small(folder):
    """As the folder with pairs.jsonl has it: 100 pictures, all with their captions alone, too."""
    rows = [{"image_id": i, "license": 1 + i % 6, "captions": CAPTIONS, "file": f"{i:012}.jpg"} for i in IDS]
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "captions_val2017.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "licenses.json").write_text(json.dumps([{"id": i, "url": f"https://example.org/{i}"} for i in range(1, 9)]))
    return folder


def coco(folder):
    """The same as COCO's site gives it; of pictures 51 to 100 there are captions alone."""
    (folder / "annotations").mkdir()
    (folder / "val2017").mkdir()
    images = [{"id": i, "license": 1 + i % 6, "file_name": f"{i:012}.jpg"} for i in IDS]
    for image in images[:50]:
        (folder / "val2017" / image["file_name"]).touch()
    annotations = [{"image_id": i, "caption": caption} for i in IDS for caption in CAPTIONS]
    licenses = [{"id": i, "url": f"https://example.org/{i}"} for i in range(1, 9)]
    text = json.dumps({"images": images, "annotations": annotations, "licenses": licenses})
    (folder / "annotations" / "captions_val2017.json").write_text(text)
    return folder


def ids(pictures):
    return {picture.image_id for picture in pictures}


def test_captions_are_sentences_without_a_full_stop():
    assert [data.tidy(caption) for caption in CAPTIONS] == ["A dog runs on the grass", "Two dogs play", "A brown dog with a ball"]


@pytest.mark.parametrize("layout, pairs", [(small, 100), (coco, 50)])
def test_what_is_kept_back_is_never_trained_on(tmp_path, layout, pairs):
    found = data.load(layout(tmp_path))
    assert len(found.validation) == data.VALIDATION and len(found.pairs) == pairs - data.VALIDATION
    assert not ids(found.validation) & (ids(found.pairs) | ids(found.text))
    assert len(ids(found.text)) == 100 - data.VALIDATION
    assert all(picture.captions == ["A dog runs on the grass", "A brown dog with a ball"] for picture in found.text)  # the short one is no help


def test_what_is_kept_back_does_not_depend_on_the_licences_that_are_allowed(tmp_path):
    folder = small(tmp_path)
    whole, free = data.load(folder), data.load(folder, {4, 5})
    assert ids(whole.validation) == ids(free.validation)
    assert {picture.license for picture in free.pairs} == {4, 5} and ids(free.pairs) < ids(whole.pairs)


@pytest.fixture(scope="module")
def table():
    return nouns.Nouns(["A dog next to a cat", "Two zebras in a field", "A glass of water", "A hot dog on a plate", "A train station"])


def test_each_of_imagenets_classes_has_a_name(table):
    assert {number for noun in table.nouns for number in noun.classes} == set(range(1000))
    assert all(kind.patterns and kind.hosts for kind in table.kinds)


def test_a_thing_takes_the_place_of_one_of_its_kind(table):
    rng = random.Random(1)
    drawn = [table.draw(rng) for _ in range(20000)]
    names = {number: [] for number in range(1000)}
    for noun in table.nouns:
        for number in noun.classes:
            names[number] += [noun.one, noun.many]
    assert all(any(name in named.caption for name in (*names[named.number], *(n.capitalize() for n in names[named.number]))) for named in drawn)
    captions = {named.caption for named in drawn}
    assert {"A rabbit next to a cat", "A dog next to an otter", "Two gorillas in a field", "An owl standing on a rock",
            "A teapot sitting on a counter", "A pizza on a plate"} <= captions
    assert not any(text.endswith((" of water", "n station")) for text in captions)
    assert not any("{" in text or " a otter" in text for text in captions)


@pytest.mark.parametrize("captions, plain", [
    (["A dog runs on the grass", "A dog", "Grass with a man and a dog"], "A photo of an animal outdoors"),
    (["A group of people in a kitchen", "People at a counter"], "A photo of people indoors"),
    (["A man riding a wave", "A surfer on the ocean"], "A photo of a person outdoors"),
    (["Blue sky above green trees"], "A photo of a place outdoors"),
    (["A hot dog on a plate", "A sandwich"], "A photo of food"),
])
def test_what_is_said_in_few_words(table, captions, plain):
    assert table.plainly(captions) == plain
