"""Real bundles: what is installed, damaged ones, and import from published files."""

import json
import os
import random
import shutil
import struct

import pytest


@pytest.fixture
def parity(source):
    return source / "tests" / "data" / "parity"


@pytest.fixture
def photo(source):
    return source / "tests" / "data" / "photos" / "cat.jpg"


def test_the_embedded_model_is_installed_and_whole(real):
    listed = json.loads(real.run("models", "list", "--json").text)
    assert "photographs" in [model["name"] for model in listed]
    assert all("error" not in model for model in listed)
    assert real.run("models", "verify", "photographs").code == 0
    shown = json.loads(real.run("models", "show", "photographs", "--json").text)
    assert shown["license"] and shown["origin"] and shown["description"]
    sizes = [file["bytes"] for file in shown["files"]]
    assert max(sizes) <= 15e6 and sum(sizes) <= 25e6


@pytest.mark.parametrize("name", ["vit-mlp", "resnet-transformer"])
def test_verify_and_show_by_folder(real, parity, name):
    assert real.run("models", "verify", str(parity / name)).code == 0
    assert name in real.run("models", "show", str(parity / name)).text


def damaged(parity, work, change):
    folder = work / "damaged"
    shutil.copytree(parity / "vit-mlp", folder)
    change(folder)
    return folder


def test_a_changed_file_is_found(real, parity, work):
    def flip(folder):
        data = bytearray((folder / "captioner.pt").read_bytes())
        data[len(data) // 2] ^= 1
        (folder / "captioner.pt").write_bytes(data)

    result = real.run("models", "verify", str(damaged(parity, work, flip)))
    assert result.code == 3 and "captioner.pt" in result.err


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda folder: (folder / "clip.pt").unlink(), "clip.pt"),
        (lambda folder: os.truncate(folder / "captioner.pt", 1000), "captioner.pt"),
        (lambda folder: (folder / "vocab.bpe").unlink(), "vocab.bpe"),
        (lambda folder: (folder / "model.json").write_text("{}"), "model.json"),
        (lambda folder: (folder / "model.json").unlink(), "model.json"),
    ],
)
def test_a_broken_bundle_is_status_3_and_names_the_file(real, parity, work, photo, change, words):
    result = real.run("--model", damaged(parity, work, change), photo)
    assert result.code == 3 and result.out == b"" and words in result.err


@pytest.mark.parametrize("name", ["vit-mlp", "resnet-transformer"])
def test_import_of_published_files_gives_the_same_captions(real, parity, photo, tmp_path, name):
    files = ["--clip", parity / name / "clip.pt", "--captioner", parity / name / "captioner.pt"]
    result = real.run("models", "import", *files, "--name", "mine", "--tokenizer", parity / name)
    assert result.code == 0, result.err
    folder = tmp_path / "home" / ".local" / "share" / "caption" / "models" / "mine"
    assert (folder / "model.json").is_file()
    assert real.run("models", "verify", "mine").code == 0
    record = real.run("--json", "--model", "mine", photo).records()[0]
    expected = real.run("--json", "--model", parity / name, photo).records()[0]
    assert record == {**expected, "model": "mine"}
    again = real.run("models", "import", *files, "--name", "mine", "--tokenizer", parity / name)
    assert again.code == 2 and "exists" in again.err


def test_an_import_that_fails_leaves_nothing(real, parity, tmp_path):
    # The encoder of one model, the mapper of the other.
    files = ["--clip", parity / "vit-mlp" / "clip.pt", "--captioner", parity / "resnet-transformer" / "captioner.pt"]
    result = real.run("models", "import", *files, "--name", "mixed", "--tokenizer", parity / "vit-mlp")
    assert result.code == 3 and result.err.startswith("caption: error: ")
    assert not (tmp_path / "home" / ".local" / "share" / "caption" / "models" / "mixed").exists()
    result = real.run("models", "import", *files[:2], "--captioner", parity / "vit-mlp" / "vocab.bpe", "--name", "text")
    assert result.code == 3 and "vocab.bpe" in result.err


def test_import_refuses_a_second_gpt2(real, parity, tmp_path):
    own = parity / "vit-mlp"
    other = tmp_path / "gpt2.pt"
    shutil.copy(own / "captioner.pt", other)
    result = real.run("models", "import", "--clip", own / "clip.pt", "--captioner", own / "captioner.pt",
                      "--gpt2", other, "--name", "two", "--tokenizer", own)
    assert result.code == 3 and "use that one, and leave out" in result.err and "gpt2.pt" in result.err


def test_import_refuses_another_activation_than_the_file_says(real, parity):
    own = parity / "vit-mlp"
    result = real.run("models", "import", "--clip", own / "clip.pt", "--captioner", own / "captioner.pt",
                      "--activation", "gelu", "--name", "wrong", "--tokenizer", own)
    assert result.code == 3 and "quick_gelu, not gelu" in result.err


def test_import_finds_a_damaged_download(real, parity, work, tmp_path):
    def flip(folder):
        data = bytearray((folder / "captioner.pt").read_bytes())
        data[len(data) // 2] ^= 1
        (folder / "captioner.pt").write_bytes(data)

    folder = damaged(parity, work, flip)
    result = real.run("models", "import", "--clip", folder / "clip.pt", "--captioner", folder / "captioner.pt",
                      "--name", "bad", "--tokenizer", folder)
    assert result.code == 3 and "captioner.pt" in result.err
    assert not list(tmp_path.rglob("*bad*"))


# File systems that cannot map files, and files that change under the program


def test_weights_that_cannot_be_mapped_are_read(real, parity, photo):
    """As on some network file systems. All ways that release a mapping's pages are gone: loading, a packed file, verification."""
    preload = {"LD_PRELOAD": os.environ["CAPTION_NO_MAPPING"]}
    model = parity / "vit-mlp"
    expected = real.run("--model", model, photo)
    result = real.run("--model", model, photo, **preload)
    assert result.code == 0 and result.text == expected.text
    assert f"{model}/captioner.pt: cannot be mapped (No such device), as on some network file systems: it is read into memory" in result.err
    assert real.run("--model", model, "--quiet", photo, **preload).err == ""
    files = ["--clip", model / "clip.pt", "--captioner", model / "captioner.pt", "--tokenizer", model]
    assert real.run("models", "import", *files, "--name", "mine", **preload).code == 0
    assert real.run("models", "optimize", "mine", **preload).code == 0
    result = real.run("--model", "mine", photo, **preload)
    assert result.code == 0 and result.text == expected.text and "packed.fp32: cannot be mapped" in result.err


def start_with_list(real, model, photo, list_name):
    """A run that has captioned one picture and waits for the next name."""
    os.mkfifo(real.folder / list_name)
    process = real.start("--model", model, "--files-from", list_name)
    names = open(real.folder / list_name, "w", encoding="utf-8", buffering=1)  # noqa: SIM115  the test closes it
    print(photo, file=names)
    process.stdout.readline()
    return process, names


def test_a_weight_file_that_becomes_shorter_is_named(real, parity, work, photo):
    shutil.copytree(parity / "vit-mlp", work / "m")
    process, names = start_with_list(real, "m", photo, "list")
    os.truncate(work / "m" / "captioner.pt", 100)
    with names:
        print(photo, file=names)
    _, err = process.communicate(timeout=60)
    # The tables of embeddings are read where they lie: in the file.
    assert process.returncode in (0, 3), err
    if process.returncode == 3:
        assert b"caption: error: m/captioner.pt: was shortened, or could not be read any more, while it was in use" in err


def test_a_model_that_is_replaced_by_renaming_stays_the_old_one_for_who_uses_it(real, parity, work, photo):
    shutil.copytree(parity / "vit-mlp", work / "m")
    expected = real.run("--model", "m", photo).text
    process, names = start_with_list(real, "m", photo, "list")
    (work / "m").rename(work / "old")
    shutil.copytree(parity / "resnet-transformer", work / "m")
    shutil.rmtree(work / "old")
    with names:
        print(photo, file=names)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and out.decode().rstrip().endswith(expected.rstrip()), err


# Sharded checkpoints, and encoders of other libraries


def read_safetensors(data):
    """-> {name: (entry, bytes)}"""
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    return {name: (entry, data[8 + size :][slice(*entry["data_offsets"])]) for name, entry in header.items()}


def test_a_checkpoint_in_parts_is_imported_as_one(real, source, parity, photo, tmp_path):
    """The encoder of transformers' CLIPModel, by its folder, its index, and one of its parts."""
    clip = source / "tests" / "data" / "clip" / "hugging_face_parts"
    parts = sorted(clip.glob("model-*.safetensors"))
    assert len(parts) > 1
    rest = ["--captioner", parity / "vit-mlp" / "captioner.pt", "--tokenizer", parity / "vit-mlp"]
    result = real.run("models", "import", "--clip", parts[0], *rest, "--name", "part")
    assert result.code == 3 and "is part 1 of" in result.err and "model.safetensors.index.json" in result.err
    captions = set()
    for name, given in [("folder", clip), ("index", clip / "model.safetensors.index.json")]:
        result = real.run("models", "import", "--clip", given, *rest, "--name", name)
        assert result.code == 0 and "its configuration says quick_gelu" in result.err, result.err
        captions.add(real.run("--model", name, photo).text)
    assert len(captions) == 1 and captions.pop()
    shown = json.loads(real.run("models", "show", "folder", "--json").text)
    assert shown["encoder"]["activation"] == "quick_gelu" and shown["image"]["resolution"] == 8
    assert shown["image"]["mean"] == [0.5, 0.4, 0.3] and shown["image"]["std"] == [0.3, 0.4, 0.5]
    merged = read_safetensors((tmp_path / "home/.local/share/caption/models/folder/clip.pt").read_bytes())
    theirs = {name: value for part in parts for name, value in read_safetensors(part.read_bytes()).items()}
    assert merged["visual.transformer.resblocks.1.attn.k_proj.weight"][1] == theirs["vision_model.encoder.layers.1.self_attn.k_proj.weight"][1]
    assert real.run("models", "optimize", "folder", "--precision", "int8").code == 0
    assert real.run("--model", "folder", "--precision", "int8", photo).code == 0


@pytest.mark.parametrize("file", ["open_clip_pytorch_model.bin", "open_clip_model.safetensors"])
def test_open_clips_activation_is_what_its_configuration_says(real, source, parity, file):
    rest = ["--captioner", parity / "vit-mlp" / "captioner.pt", "--tokenizer", parity / "vit-mlp"]
    for name in ("gelu", "quick_gelu"):
        clip = source / "tests" / "data" / "clip" / f"open_clip_{name}" / file
        assert real.run("models", "import", "--clip", clip, *rest, "--name", name).code == 0
        assert json.loads(real.run("models", "show", name, "--json").text)["encoder"]["activation"] == name


# An EfficientNet-Lite


def efficientnet(features, classes):
    """Shapes of Lite0's tensors, of fewer channels, by name; then what the file holds in their places."""
    shapes = {"_conv_stem.weight": (8, 3, 3, 3), "_conv_head.weight": (features, 10, 1, 1), "_fc.weight": (classes, features), "_fc.bias": (classes,)}
    norms = {"_bn0": 8, "_bn1": features}
    within, block = 8, 0
    for out, side, blocks in [(4, 3, 1), (5, 3, 2), (6, 5, 2), (7, 3, 3), (8, 5, 3), (9, 5, 4), (10, 3, 1)]:
        for _ in range(blocks):
            name, wide = f"_blocks.{block}.", within if block == 0 else 6 * within
            if block > 0:
                shapes[name + "_expand_conv.weight"] = (wide, within, 1, 1)
                norms[name + "_bn0"] = wide
            shapes[name + "_depthwise_conv.weight"] = (wide, 1, side, side)
            shapes[name + "_project_conv.weight"] = (out, wide, 1, 1)
            norms |= {name + "_bn1": wide, name + "_bn2": out}
            within, block = out, block + 1
    for norm, width in norms.items():
        shapes |= {f"{norm}.{part}": (width,) for part in ("weight", "bias", "running_mean", "running_var")}
    return shapes


def write_safetensors(file, shapes):
    numbers, header, data = random.Random(1), {}, b""
    for name, shape in shapes.items():
        count = 1
        for side in shape:
            count *= side
        # Variances, and all that a norm multiplies with, are positive.
        values = [numbers.uniform(0.5, 1.5) if len(shape) == 1 else numbers.uniform(-0.5, 0.5) for _ in range(count)]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + 4 * count]}
        data += struct.pack(f"<{count}f", *values)
    text = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + data)


@pytest.mark.parametrize(
    "features, classes, output", [(32, 7, "features"), (20, 32, "classes"), (20, 12, "classes+features")], ids=["features", "classes", "both"])
def test_an_efficientnet_gives_what_the_mapper_takes(real, parity, photo, work, features, classes, output):
    """Of the tiny model, which takes 32 numbers."""
    write_safetensors(work / "encoder.safetensors", efficientnet(features, classes))
    result = real.run("models", "import", "--clip", "encoder.safetensors", "--captioner", parity / "vit-mlp" / "captioner.pt",
                      "--name", "net", "--tokenizer", parity / "vit-mlp")  # fmt: skip
    assert result.code == 0, result.err
    shown = json.loads(real.run("models", "show", "net", "--json").text)
    assert shown["image"]["resolution"] == 224 and shown["image"]["fit"] == "stretch"
    assert shown["encoder"]["kind"] == "efficientnet-lite" and shown["encoder"]["output"] == output
    captions = {real.run("--model", "net", "--precision", precision, photo).text for precision in ("fp32", "bf16", "int8")}
    assert all(captions)


def test_an_efficientnet_that_fits_no_mapper_is_refused(real, parity, work):
    write_safetensors(work / "encoder.safetensors", efficientnet(20, 7))
    result = real.run("models", "import", "--clip", "encoder.safetensors", "--captioner", parity / "vit-mlp" / "captioner.pt",
                      "--name", "net", "--tokenizer", parity / "vit-mlp")  # fmt: skip
    assert result.code == 3 and "gives 20 features and 7 classes, but the mapper takes 32 numbers" in result.err
