"""caption embed and --from-embeddings: what the encoder makes of pictures, in files that others read."""

import json
import shutil
import struct

import pytest


@pytest.fixture
def parity(source):
    return source / "tests" / "data" / "parity"


@pytest.fixture
def pictures(parity, work):
    shutil.copytree(parity / "images", work / "pictures")
    return "pictures"


@pytest.fixture
def model(parity):
    return ["--model", str(parity / "vit-mlp")]


def read_npy(file):
    numpy = pytest.importorskip("numpy", reason="Debian: python3-numpy")
    return numpy.load(file)


def read_safetensors(file):
    """As the format's description has it -> metadata, {name: (dtype, shape, bytes)}"""
    data = file.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    head = json.loads(data[8 : 8 + size])
    metadata = head.pop("__metadata__")
    body = data[8 + size :]
    assert max(one["data_offsets"][1] for one in head.values()) == len(body)
    return metadata, {name: (one["dtype"], one["shape"], body[slice(*one["data_offsets"])]) for name, one in head.items()}


def embed(real, model, *arguments, code=0):
    result = real.run("embed", *model, *arguments)
    assert result.code == code and result.out == b"", result.err
    return result.err


def rows_of(work, real, model, pictures, *options):
    embed(real, model, pictures, "--output", "rows.jsonl", *options)
    return [json.loads(line) for line in (work / "rows.jsonl").read_text().splitlines()]


def test_all_formats_hold_the_same(real, model, pictures, work):
    lines = rows_of(work, real, model, pictures)
    names = [line["image"] for line in lines]
    assert names == sorted(f"pictures/{file.name}" for file in (work / "pictures").iterdir())
    assert {line["model"] for line in lines} == {"vit-mlp"} and not any(line["normalized"] for line in lines)
    values = [line["embedding"] for line in lines]
    packed = b"".join(struct.pack(f"<{len(row)}f", *row) for row in values)

    embed(real, model, pictures, "--output", "rows.safetensors")
    metadata, tensors = read_safetensors(work / "rows.safetensors")
    assert metadata == {"model": "vit-mlp", "normalized": "false"}
    assert tensors["embeddings"] == ("F32", [len(values), len(values[0])], packed)
    assert tensors["names"][2] == b"".join(name.encode() + b"\0" for name in names)

    embed(real, model, pictures, "--output", "rows.npy", "--encode-batch", "1", "--threads", "1")
    assert (work / "rows.txt").read_text().splitlines() == names
    array = read_npy(work / "rows.npy")
    assert array.dtype == "float32" and array.tobytes() == packed
    assert not [file for file in work.iterdir() if "partial" in file.name]


def test_embeddings_are_the_references(real, model, pictures, work, parity):
    """goldens.safetensors has the reference's, made by scripts/make_parity_models.py."""
    data = (parity / "vit-mlp" / "goldens.safetensors").read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    head = json.loads(data[8 : 8 + size])
    for line in rows_of(work, real, model, pictures):
        name = line["image"].split("/")[1].split(".")[0]
        found = [key for key in head if name in key and "embedding" in key]
        if not found:
            pytest.skip(f"no golden of {name} among {sorted(head)[:8]}")
        begin, end = head[found[0]]["data_offsets"]
        golden = struct.unpack(f"<{(end - begin) // 4}f", data[8 + size + begin : 8 + size + end])
        assert line["embedding"] == pytest.approx(golden, abs=2e-5)


def test_normalized_rows_have_the_length_1(real, model, pictures, work):
    plain, rows = rows_of(work, real, model, pictures), rows_of(work, real, model, pictures, "--normalize")
    for raw, row in zip(plain, rows):
        assert row["normalized"]
        length = sum(value * value for value in raw["embedding"]) ** 0.5
        assert length > 1.1
        assert row["embedding"] == pytest.approx([value / length for value in raw["embedding"]], rel=1e-5)


@pytest.mark.parametrize("name", ["rows.npy", "rows.safetensors", "rows.jsonl"])
@pytest.mark.parametrize("bundle", ["vit-mlp", "resnet-transformer"])
def test_captions_of_embeddings_are_the_pictures(real, parity, pictures, work, name, bundle):
    model = ["--model", parity / bundle]
    embed(real, model, pictures, "--output", name)
    (work / "pictures").rename(work / "gone")
    from_embeddings = real.run("--json", *model, "--from-embeddings", name)
    assert from_embeddings.code == 0, from_embeddings.err
    (work / "gone").rename(work / "pictures")
    assert from_embeddings.out == real.run("--json", *model, pictures).out
    prompted = [real.run("--json", *model, "--prompt", "the", *rest).out for rest in (["--from-embeddings", name], [pictures])]
    assert prompted[0] == prompted[1]


def test_bad_pictures_have_no_row(real, model, pictures, work):
    (work / "pictures" / "broken.png").write_bytes(b"no picture")
    error = embed(real, model, pictures, "nowhere.jpg", "--output", "rows.npy", code=1)
    assert "pictures/broken.png" in error and "nowhere.jpg" in error and "2 of 6 images failed" in error
    assert "pictures/broken.png" not in (work / "rows.txt").read_text()
    assert len(read_npy(work / "rows.npy")) == len((work / "rows.txt").read_text().splitlines()) == 4


def test_any_numpy_file_of_that_shape_is_read(real, model, pictures, work):
    numpy = pytest.importorskip("numpy", reason="Debian: python3-numpy")
    embed(real, model, pictures, "--output", "rows.npy")
    rows = numpy.load(work / "rows.npy")
    numpy.save(work / "double.npy", rows.astype("float64"))
    numpy.save(work / "half.npy", rows.astype("float16"))
    numpy.save(work / "wide.npy", numpy.ones((2, 3), "float32"))
    numpy.save(work / "flat.npy", rows[0])
    numpy.save(work / "whole.npy", rows.astype("int32"))
    numpy.save(work / "nan.npy", rows * numpy.nan)
    numpy.save(work / "unit.npy", rows / numpy.linalg.norm(rows, axis=1, keepdims=True))
    captions = lambda name: real.run("--json", *model, "--from-embeddings", name)
    own, double = captions("rows.npy").records(), captions("double.npy").records()
    assert [record["image"] for record in double] == ["0", "1", "2", "3"]
    assert [record["caption"] for record in double] == [record["caption"] for record in own]
    assert captions("half.npy").code == 0
    for name, said in (("wide.npy", "an embedding has 3 numbers"), ("flat.npy", "expected numbers of"), ("whole.npy", "expected numbers of"),
                       ("nan.npy", "row 0 has a number that is not finite"), ("unit.npy", "an embedding has the length 1")):
        result = captions(name)
        assert result.code == 2 and said in result.err, (name, result.err)


@pytest.mark.parametrize("name, content, said", [
    ("a.npy", None, "cannot open it"),
    ("a.npy", b"", "the file ends early"),
    ("a.npy", b"\x93NUMPY\x01\x00\x10\x00", "the file ends early"),
    ("a.npy", b"PK not numpy", "is not a file of numpy.save"),
    ("a.safetensors", b"\xff" * 20, "is not a file of safetensors"),
    ("a.safetensors", struct.pack("<Q", 2) + b"{}", "has no tensor 'embeddings'"),
    ("a.safetensors", struct.pack("<Q", 80) + b'{"embeddings":{"dtype":"F32","shape":[1,9],"data_offsets":[0,36]}}'.ljust(80), "the file ends early"),
    ("a.jsonl", b"", "there are no embeddings in the file"),
    ("a.jsonl", b'\n{"image": "a"}\n', "line 2 is not"),
    ("a.jsonl", b'{"image": "a", "embedding": [1, "b"]}\n', "line 1 is not"),
    ("a.jsonl", b'{"image": "a", "embedding": [1e99]}\n', "line 1 has a number that is not finite"),
    ("a.csv", b"", "NAME.npy, NAME.safetensors or NAME.jsonl"),
])
def test_files_that_are_none(fake, work, name, content, said):
    if content is not None:
        (work / name).write_bytes(content)
    result = fake.run("--from-embeddings", name)
    assert result.code == 2 and said in result.err, result.err


def test_wrong_command_lines(fake, images, work):
    (work / "a.jsonl").write_text("")
    for arguments, said in (
        (["embed", "a.jpg"], "--output is missing"),
        (["embed", "--output", "a.npy"], "no input"),
        (["embed", "a.jpg", "--output", "a.txt"], "NAME.npy, NAME.safetensors or NAME.jsonl"),
        (["--from-embeddings", "a.jsonl", "a.jpg"], "no INPUT goes with it"),
        (["--from-embeddings", "a.jsonl", "--files-from", "list"], "does not go with --files-from"),
        (["--from-embeddings", "a.jsonl", "--output", "a.jsonl"], "a.jsonl"),
    ):
        result = fake.run(*arguments)
        assert result.code == 2 and said in result.err, (arguments, result.err)
