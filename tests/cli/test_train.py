"""caption train: the real program on a few pictures, a model with random weights, and LibTorch for the CPU."""

import hashlib
import io
import json
import os
import re
import shutil
import signal
import tarfile
import time

import pytest

PICTURES = ["small.png", "square.png", "tall.png", "wide.png"]
WORDS = ["a red dog", "two green cats", "three blue birds", "one old horse"]


@pytest.fixture(autouse=True)
def needs_libtorch():
    if not os.environ.get("CAPTION_LIBTORCH"):
        pytest.skip("built without CAPTION_LIBTORCH_ENGINE")


@pytest.fixture
def data(work, source):
    """24 pictures, each with three captions, in JSON Lines."""
    (work / "pictures").mkdir()
    lines = []
    for i in range(24):
        name = f"{i}.png"
        shutil.copy(source / "tests" / "data" / "parity" / "images" / PICTURES[i % 4], work / "pictures" / name)
        captions = [f"{WORDS[i % 4]} in the {where}." for where in ("garden", "kitchen", "snow")]
        lines.append({"image": name, "captions": captions})
    return write(work, lines)


def write(work, lines):
    (work / "captions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return ["captions.jsonl", "--images", "pictures"]


@pytest.fixture
def train(real, source):
    def train(*arguments, **more):
        model = source / "tests" / "data" / "parity" / "vit-mlp"
        return real.run("train", *arguments, "--model", model, "--threads", "1", timeout=300, **more)

    return train


def log_of(folder):
    records = [json.loads(line) for line in (folder / "training" / "log.jsonl").read_text().splitlines()]
    for record in records:
        record.pop("seconds", None)
    return records


FAST = ["--batch", "8", "--learning-rate", "2e-3", "--hold-out", "4"]


def test_what_is_learnt_is_a_model(train, real, data, work):
    result = train(*data, *FAST, "--out", "mine", "--epochs", "12")
    assert result.code == 0, result.err
    assert "learning 60 captions of 20 pictures in 96 updates; 4 pictures are for validation" in result.err
    records = log_of(work / "mine")
    losses = [record["loss"] for record in records if "loss" in record]
    assert len(losses) == 96 and sum(losses[-8:]) < 0.5 * sum(losses[:8])
    validations = [record for record in records if "validation_loss" in record]
    assert len(validations) == 12 and validations[-1]["validation_loss"] < validations[0]["validation_loss"]
    assert validations[-1]["epoch"] == 12 and len(validations[-1]["samples"]) == 4
    # It is used as any other, and says what it learnt, by the program's own way through the pictures.
    captioned = real.run("--model", "mine", "--beam", "1", *(f"pictures/{i}.png" for i in range(8)))
    assert captioned.code == 0, captioned.err
    assert all(re.search(r"\b(dog|cats|birds|horse) in the (garden|kitchen|snow)\.$", line) for line in captioned.lines), captioned.text
    assert real.run("models", "verify", "mine").code == 0
    manifest = json.loads((work / "mine" / "model.json").read_text())
    assert manifest["name"] == "mine" and "vit-mlp" in manifest["origin"]
    page = (work / "mine" / "training" / "report.html").read_text()
    assert "it has ended" in page and "CIDEr-D" in page and "refresh" not in page and "in the garden" in page
    again = train(*data, *FAST, "--out", "mine", "--epochs", "12")
    assert again.code == 2 and "--resume goes on with it" in again.err


def test_a_killed_training_goes_on_bit_for_bit(train, real, data, work, source):
    options = [*data, *FAST, "--epochs", "4", "--dropout", "0.1", "--checkpoint-every", "1", "--quiet"]
    assert train(*options, "--out", "whole").code == 0
    model = source / "tests" / "data" / "parity" / "vit-mlp"
    for wait in (0.5, 1.6, 1.9):
        resume = ["--resume"] if (work / "parted" / "training" / "checkpoint.safetensors").exists() else []
        process = real.start("train", *options, *resume, "--out", "parted", "--model", model, "--threads", "1")
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    resume = ["--resume"] if (work / "parted" / "training" / "checkpoint.safetensors").exists() else []
    assert train(*options, *resume, "--out", "parted").code == 0
    assert log_of(work / "parted") == log_of(work / "whole")
    models = [next((work / name).glob("captioner-*.safetensors")) for name in ("whole", "parted")]
    assert models[0].name == models[1].name and models[0].read_bytes() == models[1].read_bytes()
    ended = train(*options[:-1], "--resume", "--out", "parted")
    assert ended.code == 0 and "has ended already" in ended.err


def test_an_interrupted_training_goes_on(train, real, data, work, source):
    options = [*data, *FAST, "--epochs", "50", "--out", "mine"]
    model = source / "tests" / "data" / "parity" / "vit-mlp"
    process = real.start("train", *options, "--model", model, "--threads", "1")
    end = time.monotonic() + 60
    while not list((work / "mine").glob("captioner-*")) and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 130 and re.search(r"interrupted after update \d+: the same command with --resume", err), err
    changed = train(*options, "--resume", "--learning-rate", "1e-5")
    assert changed.code == 2 and "(learning rate: 0.002, now 1e-05)" in changed.err
    missing = train(*options[:-1], "other", "--resume")
    assert missing.code == 3 and "there is no training in 'other' to go on with" in missing.err


def test_new_parts(train, real, data, work):
    result = train(*data, *FAST, "--out", "mapper", "--epochs", "2", "--new-mapper", "transformer", "--mapper-layers", "1",
                   "--prefix-length", "3", "--clip-length", "2", "--mapper-only")
    assert result.code == 0, result.err
    manifest = json.loads((work / "mapper" / "model.json").read_text())
    assert manifest["mapper"] == {**manifest["mapper"], "kind": "transformer", "prefix_length": 3, "normalize": True}
    assert real.run("--model", "mapper", "pictures/0.png").code == 0

    result = train(*data, *FAST, "--out", "new", "--epochs", "2", "--new", "--width", "64", "--layers", "2", "--vocabulary", "28",
                   "--max-tokens", "20", "--accumulate", "3", "--clip-norm", "1", "--decay", "cosine", "--bf16")
    assert result.code == 0, result.err
    manifest = json.loads((work / "new" / "model.json").read_text())
    assert manifest["tokenizer"] == {"kind": "sentencepiece", "files": {"model": "tokenizer.model"}, "lower_case": False}
    assert manifest["language_model"] == {**manifest["language_model"], "width": 64, "layers": 2, "vocabulary": 28, "context": 30}
    assert real.run("--model", "new", "pictures/0.png").code == 0
    large = train(*data, *FAST, "--out", "large", "--new", "--vocabulary", "9000")
    assert large.code == 2 and "no vocabulary of 9000 tokens can be learnt" in large.err


def gpt2_of(captioner, file):
    """A safetensors file of the GPT-2 in another one, by its own names."""
    content = captioner.read_bytes()
    size = int.from_bytes(content[:8], "little")
    kept, values = {}, b""
    for name, entry in json.loads(content[8:8 + size]).items():
        if name.startswith("gpt."):
            begin, end = entry["data_offsets"]
            kept[name.removeprefix("gpt.")] = {**entry, "data_offsets": [len(values), len(values) + end - begin]}
            values += content[8 + size + begin:8 + size + end]
    header = json.dumps(kept).encode()
    header += b" " * (-len(header) % 8)
    file.write_bytes(len(header).to_bytes(8, "little") + header + values)


def test_published_files_and_a_new_mapper(train, real, data, source, work):
    tiny = source / "tests" / "data" / "parity" / "vit-mlp"
    assert train(*data, *FAST, "--out", "first", "--epochs", "1").code == 0
    gpt2_of(next((work / "first").glob("captioner-*")), work / "gpt2.safetensors")
    options = [*data, *FAST, "--clip", tiny / "clip.pt", "--gpt2", "gpt2.safetensors", "--tokenizer", tiny, "--threads", "1"]
    result = real.run("train", *options, "--out", "mine", "--epochs", "4", "--new-mapper", "transformer", "--mapper-layers", "1")
    assert result.code == 0, result.err
    manifest = json.loads((work / "mine" / "model.json").read_text())
    assert manifest["mapper"]["kind"] == "transformer" and manifest["mapper"]["normalize"]
    assert "encoder: clip.pt; GPT-2: gpt2.safetensors" in manifest["origin"]
    losses = [record["loss"] for record in log_of(work / "mine") if "loss" in record]
    assert sum(losses[-4:]) < sum(losses[:4])
    assert real.run("--model", "mine", "pictures/0.png").code == 0

    result = real.run("train", *data, *FAST, "--clip", tiny / "clip.pt", "--new", "--width", "64", "--vocabulary", "28",
                      "--threads", "1", "--out", "small", "--epochs", "1")
    assert result.code == 0, result.err
    assert real.run("--model", "small", "pictures/0.png").code == 0

    for arguments, message in [
        (["--clip", tiny / "clip.pt"], "--clip needs --gpt2 FILE, or --new"),
        (["--gpt2", "gpt2.safetensors"], "--gpt2 is for --clip"),
        (["--clip", "gone.pt", "--new"], "gone.pt"),
        (["--clip", "gpt2.safetensors", "--new"], "gpt2.safetensors: holds no CLIP image encoder"),
        (["--clip", tiny / "clip.pt", "--gpt2", tiny / "clip.pt"], "clip.pt: holds no GPT-2"),
    ]:
        result = real.run("train", *data, "--out", "wrong", *arguments)
        assert result.code in (2, 3) and message in result.err, (arguments, result.err)


def test_a_folder_of_pictures_and_texts(train, data, work):
    for i in range(6):
        (work / "pictures" / f"{i}.txt").write_text(f"{WORDS[i % 4]}\n\nwith a hat\n")
    result = train("pictures", "--out", "mine", "--epochs", "1", "--hold-out", "2")
    assert result.code == 0, result.err
    assert "18 pictures have no caption, and are left out" in result.err
    assert "learning 8 captions of 4 pictures" in result.err


def test_tar_shards(train, data, work):
    """Captions in KEY.txt or KEY.json beside the pictures: the embeddings, and so the losses, are those of the files."""
    lines = [json.loads(line) for line in (work / "captions.jsonl").read_text().splitlines()]
    for shard in range(2):
        with tarfile.open(work / f"s-{shard}.tar{'.gz' if shard else ''}", "w:gz" if shard else "w") as tar:
            for line in lines[12 * shard:12 * shard + 12]:
                key = line["image"].removesuffix(".png")
                record = {"caption": line["captions"][0], "captions": line["captions"], "width": 5}
                texts = {"json": json.dumps(record)} if shard else {"txt": "\n".join(line["captions"]) + "\n", "json": "{}"}
                tar.add(work / "pictures" / line["image"], f"{key}.png")
                for extension, text in texts.items():
                    member = tarfile.TarInfo(f"{key}.{extension}")
                    member.size = len(text)
                    tar.addfile(member, io.BytesIO(text.encode()))
    os.rename(work / "s-1.tar.gz", work / "s-1.tar")
    options = ["--epochs", "2", "--batch", "72", "--hold-out", "0", "--learning-rate", "1e-3"]
    files = train(*data, "--out", "files", *options)
    assert files.code == 0, files.err
    shards = train("s-{0..1}.tar", "--out", "shards", *options)
    assert shards.code == 0 and "learning 72 captions of 24 pictures" in shards.err, shards.err
    losses = [[record["loss"] for record in log_of(work / name)] for name in ("files", "shards")]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    names = (work / "shards" / "training" / "embeddings.jsonl").read_text()
    assert "s-0.tar/0.png" in names and "s-1.tar/23.png" in names
    again = train("s-{0..1}.tar", "--out", "again", "--embeddings", "shards/training", *options)
    assert again.code == 0 and "computing" not in again.err

    (work / "half.tar").write_bytes((work / "s-0.tar").read_bytes()[:3000])
    result = train("half.tar", "--out", "broken")
    assert result.code == 2 and "cannot read 'half.tar'" in result.err, result.err


def test_karpathys_splits(train, data, work):
    images = [{"filename": f"{i}.png", "filepath": "pictures", "split": split, "sentences": [{"raw": WORDS[i % 4]}]}
              for i, split in enumerate(["train", "restval", "val", "val", "test", "train"])]
    (work / "karpathy.json").write_text(json.dumps({"images": images, "dataset": "coco"}))
    result = train("karpathy.json", "--images", ".", "--out", "mine", "--epochs", "1")
    assert result.code == 0, result.err
    assert "learning 3 captions of 3 pictures in 1 updates; 2 pictures are for validation" in result.err


def test_embeddings_are_computed_once(train, data, work):
    numpy = pytest.importorskip("numpy", reason="Debian: python3-numpy")
    options = [*data, "--epochs", "1", "--embeddings", "kept"]
    first = train(*options, "--out", "one")
    assert "computing the embeddings of 24 pictures" in first.err
    values = numpy.load(work / "kept" / "embeddings.npy")
    assert values.shape == (24, 32) and values.dtype == numpy.float32 and numpy.isfinite(values).all()
    # What a killed process wrote half counts as not there, and a picture that has changed is computed again.
    names = work / "kept" / "embeddings.jsonl"
    names.write_bytes(names.read_bytes()[:-5])
    os.utime(work / "pictures" / "3.png", (1, 1))
    second = train(*options, "--out", "two")
    assert "computing the embeddings of 2 pictures" in second.err, second.err
    assert numpy.load(work / "kept" / "embeddings.npy").shape == (25, 32)
    third = train(*options, "--out", "three")
    assert "computing" not in third.err
    assert log_of(work / "one")[-1] == log_of(work / "three")[-1]
    other = train(*options, "--out", "four", "--color-managed")
    assert other.code == 2 and "has embeddings of another encoder" in other.err


@pytest.mark.parametrize("line, message", [
    ('{"image": "0.png", "caption": "a dog"', r"captions.jsonl.*line 2"),
    ('{"caption": "a dog"}', "names no picture"),
])
def test_broken_captions(train, data, work, line, message):
    file = work / "captions.jsonl"
    file.write_text(file.read_text().splitlines()[0] + "\n" + line + "\n")
    result = train(*data, "--out", "mine")
    assert result.code == 2 and re.search(message, result.err), result.err
    assert not (work / "mine").exists()


def test_what_is_left_out_is_said(train, data, work):
    (work / "pictures" / "broken.png").write_bytes(b"no picture")
    write(work, [{"image": f"{i}.png", "captions": ["a dog"]} for i in range(4)] +
          [{"image": "gone.png", "caption": "a cat"}, {"image": "broken.png", "caption": "a bird"},
           {"image": "5.png", "captions": ["", "  "]}, {"image": "6.png", "captions": ["", "!"]},
           {"image": "7.png", "caption": "word " * 10000}])
    result = train(*data, "--out", "mine", "--epochs", "1")
    assert result.code == 0, result.err
    for message in ("1 picture is not in 'pictures', and left out: gone.png", "broken.png: ", "it is left out",
                    "1 picture has no caption, and is left out: 5.png", "1 empty caption is left out",
                    "1 of 6 captions are cut to 24 tokens"):
        assert message in result.err, (message, result.err)
    listed = [json.loads(line) for line in (work / "mine" / "training" / "left_out.jsonl").read_text().splitlines()]
    assert [(line["image"], line["code"]) for line in listed] == [
        ("5.png", "no_caption"), ("6.png", "empty_caption"), ("gone.png", "not_found"), ("broken.png", "unsupported_format")]
    result = train(*data, "--out", "few", "--max-failures", "1")
    assert result.code == 2 and "2 pictures are missing or cannot be read, and --max-failures allows 1: gone.png, broken.png" in result.err
    assert train(*data, "--out", "few", "--epochs", "1", "--max-failures", "2").code == 0
    write(work, [{"image": "gone.png", "caption": "a cat"}])
    result = train(*data, "--out", "other")
    assert result.code == 2 and "no picture is left to learn from" in result.err
    write(work, [{"image": "broken.png", "caption": "a cat"}])
    result = train(*data, "--out", "third")
    assert result.code == 2 and "no picture could be read" in result.err


def test_a_loss_that_is_no_number_ends_it(train, real, data, work):
    assert train(*data, *FAST, "--out", "first", "--epochs", "1").code == 0
    file = next((work / "first").glob("captioner-*"))
    content = bytearray(file.read_bytes())
    content[-4:] = b"\x00\x00\x80\x7f"  # infinity, the last weight of the last layer norm
    file.write_bytes(content)
    manifest = (work / "first" / "model.json").read_text()
    found = json.loads(manifest)["files"][0]
    (work / "first" / "model.json").write_text(manifest.replace(found["sha256"], hashlib.sha256(content).hexdigest()))
    result = real.run("train", *data, *FAST, "--out", "mine", "--model", "first")
    assert result.code == 3 and re.search(
        r"update 1: the loss is .*nan.*A lower learning rate.*the checkpoint of update 0 is kept", result.err), result.err
    assert (work / "mine" / "training" / "checkpoint.safetensors").exists()


def test_a_full_disk_leaves_the_checkpoint_before(train, data, work):
    small = work / "small"
    small.mkdir()
    if os.geteuid() != 0 or os.system(f"mount -t tmpfs -o size=4m tmpfs '{small}' 2>/dev/null") != 0:
        pytest.skip("needs a file system of its own")
    try:
        result = train(*data, *FAST, "--out", "small/mine", "--epochs", "3")
        assert result.code == 3 and "No space left on device" in result.err, result.err
        left = [file.name for file in (small / "mine").glob("*") if file.name.startswith("captioner")]
        assert left == [] or (small / "mine" / "model.json").exists()
    finally:
        os.system(f"umount '{small}'")


def test_without_libtorch_it_says_what_to_do(fake, source, work, tmp_path):
    tree = tmp_path / "tree"
    (tree / "bin").mkdir(parents=True)
    shutil.copy(fake.path, tree / "bin" / "caption")
    fake.path = tree / "bin" / "caption"
    result = fake.run("train", "a.jsonl", "--out", "mine")
    assert result.code == 3 and "scripts/setup --train" in result.err
