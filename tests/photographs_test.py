"""What the embedded model's recipe (scripts/photographs) makes of COCO, as far as it needs no PyTorch."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts" / "photographs"))
import data  # noqa: E402

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
