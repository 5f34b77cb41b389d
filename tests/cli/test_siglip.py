"""SigLIP's image encoders, as transformers and open_clip write them: `caption models import`, and what becomes of it. The goldens are
theirs (tests/data/siglip, made by scripts/make_siglip_goldens.py)."""

import json
import random
import shutil
import struct

import pytest

ALL = pytest.mark.parametrize("name", ["transformers", "transformers_vision", "open_clip"])
WIDTH = 64  # of the embedding


def read_safetensors(file):
    """-> {name: (shape, numbers)}"""
    data = file.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        numbers = struct.unpack(f"<{(end - begin) // 4}f", data[8 + size :][begin:end]) if entry["dtype"] == "F32" else ()
        tensors[name] = (entry["shape"], numbers)
    return tensors


def rows(tensor):
    (count, width), numbers = tensor
    return [numbers[i * width : (i + 1) * width] for i in range(count)]


@pytest.fixture
def data(source):
    return source / "tests" / "data"


@pytest.fixture
def mapper(data, work):
    """A single linear layer for prefixes of three vectors, in the widths of SigLIP and of a tiny GPT-2."""
    width = read_safetensors(data / "gpt2" / "untied" / "model.safetensors")["transformer.wte.weight"][0][1]
    numbers, header, bytes_ = random.Random(1), {}, b""
    for name, shape in {"weight": [3 * width, WIDTH], "bias": [3 * width]}.items():
        count = 3 * width * (WIDTH if name == "weight" else 1)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(bytes_), len(bytes_) + 4 * count]}
        bytes_ += struct.pack(f"<{count}f", *(numbers.uniform(-0.3, 0.3) for _ in range(count)))
    text = json.dumps(header).encode()
    file = work / "mapper.safetensors"
    file.write_bytes(struct.pack("<Q", len(text)) + text + bytes_)
    return file


@pytest.fixture
def take_in(real, data, mapper):
    def take_in(clip, *options, name="made"):
        return real.run("models", "import", "--clip", clip, "--captioner", mapper, "--gpt2", data / "gpt2" / "untied", "--name", name, *options)

    return take_in


def weights(data, name):
    return data / "siglip" / name / ("open_clip_model.safetensors" if name == "open_clip" else "")


@pytest.fixture
def pictures(data):
    return sorted((data / "parity" / "images").iterdir())


@ALL
def test_embeddings_of_pictures_are_the_libraries(real, data, work, take_in, pictures, name):
    result = take_in(weights(data, name))
    assert result.code == 0, result.err
    assert ("its text side is left out" in result.err) == (name != "transformers_vision")
    assert real.run("embed", "--model", "made", "--output", "out.safetensors", *pictures).code == 0
    found = rows(read_safetensors(work / "out.safetensors")["embeddings"])
    expected = rows(read_safetensors(data / "siglip" / name / "goldens.safetensors")["of_pictures"])
    assert len(found) == len(pictures)
    largest = max(abs(value) for row in expected for value in row)
    for row, golden in zip(found, expected, strict=True):
        assert row == pytest.approx(golden, abs=5e-5 * largest)


@ALL
def test_what_is_known_is_shown(real, data, take_in, name):
    assert take_in(weights(data, name)).code == 0
    shown = json.loads(real.run("models", "show", "made", "--json").text)
    tanh, filter, side = ("gelu", "bicubic", 16) if name == "open_clip" else ("gelu_tanh", "bilinear" if "vision" in name else "bicubic", 18)
    assert shown["encoder"] | {"file": "clip.pt"} == {"file": "clip.pt", "kind": "siglip", "output": "embedding", "embedding": WIDTH, "activation": tanh}
    assert shown["image"] == {"resolution": side, "fit": "stretch", "resample": filter, "mean": [0.5, 0.4, 0.6], "std": [0.5, 0.25, 0.5]}
    assert shown["text"] is None
    text = real.run("models", "show", "made").text
    assert f"siglip, {side} x {side} pixels -> 64 numbers, {tanh}" in text and f"stretched to a square, {filter}" in text


def test_captions_in_every_precision_and_elsewhere(real, data, take_in, pictures):
    assert take_in(weights(data, "transformers")).code == 0
    options = ["--json", "--beam", "2", "--max-tokens", "8"]
    of = {precision: real.run("--model", "made", "--precision", precision, *options, *pictures).records() for precision in ("fp32", "bf16", "int8")}
    assert all(len(records) == len(pictures) and all(record["caption"] for record in records) for records in of.values())
    for precision in of:  # packed beforehand, everything is the same
        assert real.run("models", "optimize", "made", "--precision", precision).code == 0
        assert real.run("--model", "made", "--precision", precision, *options, *pictures).records() == of[precision]
    assert real.run("models", "verify", "made").code == 0
    assert real.run("models", "export", "made").code == 0
    assert real.run("models", "import", "made.tar", "--folder", "elsewhere").code == 0
    again = real.run("--model", "elsewhere", *options, *pictures).records()
    assert [record["caption"] for record in again] == [record["caption"] for record in of["fp32"]]


def test_weights_alone_do_not_tell_their_activation(real, data, work, take_in, pictures):
    shutil.copy(data / "siglip" / "transformers" / "model.safetensors", work / "alone.safetensors")
    result = take_in(work / "alone.safetensors")
    assert result.code == 3 and "gelu_tanh (SigLIP as transformers has it)" in result.err
    # Nor that two pixels are left over; what is beside them neither, so pictures are prepared as for the published ones.
    assert take_in(work / "alone.safetensors", "--activation", "gelu_tanh").code == 0
    image = json.loads(real.run("models", "show", "made", "--json").text)["image"]
    assert image == {"resolution": 16, "fit": "stretch", "resample": "bicubic", "mean": [0.5] * 3, "std": [0.5] * 3}
    assert real.run("--model", "made", pictures[0]).code == 0


def test_there_is_no_text_side(real, data, work, take_in):
    assert take_in(weights(data, "transformers")).code == 0
    (work / "texts.txt").write_text("a cat\n")
    result = real.run("embed", "--model", "made", "--texts", "texts.txt", "--output", "o.npy")
    assert result.code == 2 and "no CLIP (siglip)" in result.err


def test_a_mapper_of_another_width_does_not_fit(real, data):
    captioner = data / "parity" / "vit-mlp" / "captioner.pt"
    result = real.run("models", "import", "--clip", data / "siglip" / "transformers", "--captioner", captioner, "--tokenizer", captioner.parent, "--name", "no")
    assert result.code == 3 and "takes CLIP embeddings of width 32" in result.err and "gives 64" in result.err
