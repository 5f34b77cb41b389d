"""The demo model's scenes and figures (scripts/demo), on drawings made here."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts" / "demo"))
import captions  # noqa: E402
import data  # noqa: E402
import evaluate  # noqa: E402
from backgrounds import PHOTOGRAPHS, Backgrounds  # noqa: E402
from captions import Thing  # noqa: E402
from scenes import Scene, SceneMaker, pair_is_held_out  # noqa: E402

CONCEPTS = data.read_concepts()
INDEX = {concept.noun: i for i, concept in enumerate(CONCEPTS)}


def drawing(concept: int, number: int) -> data.Sprite:
    """A disc of its own colour, with a hole, 192 pixels wide."""
    y, x = np.mgrid[0:192, 0:192] - 96
    radius = np.hypot(x, y)
    pixels = np.zeros((192, 192, 4), np.uint8)
    pixels[...] = (37 * concept % 256, 53 * number % 256, 90, 255)
    pixels[(radius > 95) | (radius < 20), 3] = 0
    return data.Sprite(concept, "openclipart", f"{concept}-{number}.png", pixels)


@pytest.fixture(scope="module")
def backgrounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    for i, name in enumerate(name for names in PHOTOGRAPHS.values() for name in names):
        Image.new("RGB", (320, 200), (20 * i, 90, 160)).save(folder / f"{name}.jpg")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("backgrounds._POOL", 1)  # drawing all the textures takes its time
        return Backgrounds(folder)


@pytest.fixture(scope="module")
def sprites():
    return [drawing(concept, number) for concept in range(40) for number in range(6)]


@pytest.fixture(scope="module")
def maker(sprites, backgrounds):
    return SceneMaker(CONCEPTS, sprites, ~data.is_held_out(sprites), backgrounds)


def words_of(maker: SceneMaker, scene: Scene) -> list[tuple[str, str]]:
    nouns = sorted(CONCEPTS[thing.concept].noun for thing in scene.things)
    pairs = [(noun, scene.place) for noun in nouns]
    pairs += [(CONCEPTS[t.concept].noun, t.colour) for t in scene.things if t.colour]
    return pairs + [(one, other) for i, one in enumerate(nouns) for other in nouns[i + 1 :]]


def test_a_scene_follows_from_its_seed(maker):
    one, two = (maker.make(np.random.default_rng([3, 7]), (160, 120)) for _ in range(2))
    assert one.things == two.things and one.place == two.place and one.image.tobytes() == two.image.tobytes()
    other = maker.make(np.random.default_rng([3, 8]), (160, 120))
    assert other.image.tobytes() != one.image.tobytes()


def test_training_scenes_hold_no_held_out_pair_and_test_scenes_hold_one(maker):
    for i in range(300):
        seen = maker.sketch(np.random.default_rng([1, i]), held_out_pairs=False)
        assert not any(pair_is_held_out(*pair) for pair in words_of(maker, seen))
        unseen = maker.sketch(np.random.default_rng([1, i]), held_out_pairs=True)
        assert any(pair_is_held_out(*pair) for pair in words_of(maker, unseen))


def test_held_out_drawings_are_never_drawn(maker, sprites):
    held = data.is_held_out(sprites)
    assert held.sum() == 40
    drawn = {i for n in range(200) for i in maker.make(np.random.default_rng(n), (64, 64)).sprites}
    assert not held[sorted(drawn)].any() and len(drawn) > 100


def test_scenes_hold_one_to_four_objects_inside_the_square(maker):
    totals = set()
    for i in range(300):
        scene = maker.sketch(np.random.default_rng([2, i]), False)
        totals.add(len(scene.layout))
        assert len(scene.layout) == sum(thing.count for thing in scene.things)
        assert all(0 < x < 1 and 0 < y < 1 and 0.3 < side < 1 for x, y, side in scene.layout)
    assert totals == {1, 2, 3, 4}


def phrasings(things: list[Thing], place: str, stacked: bool = False) -> set[str]:
    return {captions.write(CONCEPTS, things, place, stacked, np.random.default_rng(i)) for i in range(300)}


def test_captions_are_english():
    owls, apple = Thing(INDEX["owl"], None, 2), Thing(INDEX["apple"], "green", 1)
    assert "Two owls on the grass." in phrasings([owls], "grass")
    assert "There are two owls on the grass." in phrasings([owls], "grass")
    assert "A picture of an owl at night." in phrasings([Thing(INDEX["owl"], None, 1)], "night")
    assert "Two owls next to a green apple in the snow." in phrasings([owls, apple], "snow")
    assert "A green apple to the left of an owl in the sky." in phrasings([apple, Thing(INDEX["owl"], None, 1)], "sky")
    assert all(" above " in text for text in phrasings([apple, Thing(INDEX["owl"], None, 1)], "sky", stacked=True))
    assert {"Three mice.", "Three mice on a white background."} <= phrasings([Thing(INDEX["mouse"], None, 3)], "white")
    assert "A small umbrella by the road." in phrasings([Thing(INDEX["umbrella"], None, 1, "small")], "road")


def test_figures_count_what_a_caption_says(maker, monkeypatch):
    monkeypatch.setattr(evaluate, "cider", lambda references, captions: 0.0)
    owls, apple = Thing(INDEX["owl"], None, 2), Thing(INDEX["apple"], "green", 1)
    scene = Scene(None, [owls, apple], "grass", False, [(0.3, 0.3, 0.4)] * 3, [0, 0, 1])

    def figures(text: str) -> dict[str, str]:
        return evaluate.figures(maker, [(scene, [text])], [text])

    right = figures("Two owls next to a green apple on the grass.")
    assert all(value == "100.0 %" for name, value in right.items() if name != "CIDEr")
    some = figures("There is a red apple and three owls in the snow.")
    assert some["things named"] == "100.0 %" and some["head noun right"] == "0.0 %"
    assert some["number right, of the groups named"] == some["colour right, of the tinted things named"] == "0.0 %"
    assert some["place right"] == some["all right: things, numbers, colours, place"] == "0.0 %"
    half = figures("Two owls next to a bear on the grass.")
    assert half["things named"] == "50.0 %" and half["scenes with every thing named"] == "0.0 %"
    more = figures("Two owls, a green apple and a bear on the grass.")
    assert more["scenes with every thing named"] == "100.0 %"
    assert more["scenes with every thing named and no other"] == "0.0 %"


def test_longer_nouns_win():
    reader = evaluate.Reader(CONCEPTS)
    assert reader.concepts("A palm tree and two teddy bears.") == [INDEX["palm tree"], INDEX["teddy bear"]]
    assert reader.concepts("A pear.") == [INDEX["pear"]]
