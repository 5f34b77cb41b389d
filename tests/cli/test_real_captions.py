"""The program as users get it: real models, real images."""

import csv
import io
import json
import shutil
import struct
import subprocess
import zlib

from pathlib import Path

import pytest
from PIL import Image

BUNDLES = ["vit-mlp", "resnet-transformer"]


@pytest.fixture
def photos(source, work):
    """The photographs of the test data, copied to where the program runs."""
    names = sorted(path.name for path in (source / "tests" / "data" / "photos").glob("*.jpg"))
    assert len(names) >= 3
    for name in names:
        shutil.copy(source / "tests" / "data" / "photos" / name, work / name)
    return names


@pytest.fixture
def bundle(source):
    return lambda name: str(source / "tests" / "data" / "parity" / name)


def test_the_embedded_model_captions_a_photo(real, photos):
    result = real.run(photos[0])
    assert result.code == 0
    assert len(result.lines) == 1 and result.lines[0].strip() == result.lines[0] != ""
    assert "using the small embedded model 'photographs'" in result.err and len(result.err.splitlines()) == 1


def test_version_names_the_libraries(real):
    result = real.run("--version", "--verbose")
    assert result.code == 0 and "opencv" in result.text and "\ncpu " in result.text
    assert "libtorch" not in result.text, "an installation for the CPU has none"


def test_version_says_whose_the_embedded_model_is(real):
    text = real.run("--version", "--verbose").text
    shown = json.loads(real.run("models", "show", "--json", "photographs").text)
    assert f"\nmodel photographs\norigin {shown['origin']}\nlicense {shown['license']}\n" in text


def test_help_loads_no_libtorch(real):
    for arguments in [["--help"], ["--version"], ["models", "list"], ["models", "show", "photographs"]]:
        result = real.run(*arguments, LD_DEBUG="files")
        assert result.code == 0 and "libtorch" not in result.err and "libopencv" not in result.err


@pytest.mark.parametrize("name", ["photographs", *BUNDLES])
def test_records_are_valid(real, photos, schema, bundle, name):
    model = name if name == "photographs" else bundle(name)
    result = real.run("--json", "--model", model, *photos)
    assert result.code == 0
    records = result.records()
    assert [record["image"] for record in records] == photos
    for record in records:
        schema.validate(record)
        assert record["model"] == name
        assert record["score"] <= record["mean_logprob"] <= 0


def test_standard_input_equals_the_file(real, photos, work):
    photo = photos[0]
    from_file = real.run("--json", photo).records()[0]
    from_pipe = real.run("--json", "-", stdin=(work / photo).read_bytes()).records()[0]
    assert {**from_pipe, "image": photo} == from_file


def test_a_folder_equals_its_files(real, photos):
    alone = [real.run("--quiet", photo).text for photo in photos]
    together = real.run("--quiet", ".")
    assert together.code == 0
    assert together.text == "".join(f"./{photo}\t{text}" for photo, text in zip(photos, alone))


def test_captions_do_not_depend_on_batch_threads_or_run(real, photos, bundle):
    inputs = (photos * 4)[:10]
    for arguments in [["--json"], ["--json", "--sample", "--seed", "3", "--n-best", "2"], ["--json", "--model", bundle("vit-mlp")]]:
        first = real.run(*arguments, *inputs)
        assert first.code == 0
        for more in [["--batch", "1"], ["--batch", "3"], ["--threads", "1"], ["--threads", "2", "--batch", "10"], []]:
            assert real.run(*arguments, *more, *inputs).out == first.out, more


def test_an_image_has_one_caption_wherever_it_stands(real, photos):
    records = real.run("--json", "--sample", "--seed", "5", *photos, *reversed(photos)).records()
    assert records == records[::-1]


@pytest.mark.parametrize("name", BUNDLES)
def test_n_best(real, photos, bundle, name):
    record = real.run("--json", "--model", bundle(name), "--beam", "5", "--n-best", "5", photos[0]).records()[0]
    means = [caption["mean_logprob"] for caption in record["captions"]]
    assert len(means) == 5 and means == sorted(means, reverse=True)
    single = real.run("--json", "--model", bundle(name), "--beam", "5", photos[0]).records()[0]
    assert record["captions"][0] == {key: single[key] for key in ["caption", "score", "mean_logprob", "finish"]}


def test_greedy_is_a_beam_of_one(real, photos):
    greedy = real.run("--json", "--unsure", "keep", "--beam", "1", photos[0]).records()[0]
    cold = real.run("--json", "--sample", "--top-k", "1", "--seed", "9", photos[0]).records()[0]
    assert greedy["caption"] == cold["caption"]


def test_seeds(real, photos, bundle):
    def sample(seed):
        arguments = ["--quiet", "--model", bundle("vit-mlp"), "--sample", "--seed", str(seed)]
        return real.run(*arguments, photos[0]).text

    assert sample(1) == sample(1)
    assert len({sample(seed) for seed in range(4)}) > 1


def test_max_tokens_shortens(real, photos, bundle):
    def record(count):
        return real.run("--json", "--model", bundle("vit-mlp"), "--beam", "1", "--max-tokens", str(count), photos[0]).records()[0]

    short, longer = record(2), record(8)
    assert longer["score"] < short["score"] and longer["caption"].startswith(short["caption"])
    assert real.run("--max-tokens", "100000", photos[0]).code == 2


def test_automatic_precision(real, photos):
    avx2 = " avx2 " in Path("/proc/cpuinfo").read_text()
    expected = real.run("--json", "--precision", "bf16" if avx2 else "fp32", *photos)
    assert real.run("--json", "--precision", "auto", *photos).text == expected.text


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_narrow_weights(real, photos, precision):
    result = real.run("--json", "--precision", precision, *photos)
    assert result.text == real.run("--json", "--precision", precision, "--threads", "1", "--batch", "1", *photos).text
    assert result.code == 0
    exact = real.run("--json", *photos).records()
    for rounded, full in zip(result.records(), exact):
        assert abs(rounded["mean_logprob"] - full["mean_logprob"]) < 0.25


def test_a_device_that_is_not_there(real, photos):
    result = real.run("--device", "cuda:99", photos[0])
    assert result.code == 3 and "cuda" in result.err.lower() and result.out == b""


def png(width, height, rows=None):
    """A grey PNG; without `rows` its image data is missing."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"") if rows is not None else b""
    return b"\x89PNG\r\n\x1a\n" + header + data


def test_bad_images_are_named_and_the_others_go_on(real, photos, work, schema):
    photo = (work / photos[0]).read_bytes()
    (work / "cut.jpg").write_bytes(photo[: len(photo) // 2])
    (work / "empty.jpg").write_bytes(b"")
    (work / "text.jpg").write_bytes(b"I am no image.\n" * 100)
    (work / "huge.png").write_bytes(png(60000, 60000))
    (work / "cut.png").write_bytes(png(64, 64))
    (work / "folder").mkdir()
    (work / "dangling.jpg").symlink_to("nothing")
    names = ["cut.jpg", "empty.jpg", "text.jpg", "huge.png", "cut.png", "dangling.jpg", photos[0]]
    result = real.run("--json", *names)
    assert result.code == 1
    records = {record["image"]: record for record in result.records()}
    assert list(records) == names
    for record in records.values():
        schema.validate(record)
    codes = {name: record.get("error", {}).get("code") for name, record in records.items()}
    assert codes[photos[0]] is None
    assert codes["cut.jpg"] == codes["cut.png"] == "corrupt"
    assert codes["empty.jpg"] in ("corrupt", "unsupported_format") and codes["text.jpg"] == "unsupported_format"
    assert codes["huge.png"] == "too_large" and codes["dangling.jpg"] == "not_found"
    assert all(record["error"]["message"].startswith(name) for name, record in records.items() if "error" in record)


def test_max_megapixels(real, work):
    (work / "a.png").write_bytes(png(1100, 1000, (b"\0" + b"\x80" * 1100) * 1000))
    assert real.run("--json", "--max-megapixels", "1", "a.png").records()[0]["error"]["code"] == "too_large"
    assert real.run("--max-megapixels", "1.1", "a.png").code == 0


def test_names_in_any_alphabet(real, photos, work):
    odd = "фото 猫 \U0001f408, \"x\".jpg"
    shutil.copy(work / photos[0], work / odd)
    record = real.run("--json", odd).records()[0]
    assert record["image"] == odd and "caption" in record


def test_csv(real, photos):
    rows = list(csv.DictReader(io.StringIO(real.run("--format", "csv", *photos).text, newline="")))
    records = real.run("--json", *photos).records()
    assert [(row["image"], row["caption"], float(row["score"])) for row in rows] == [
        (record["image"], record["caption"], record["score"]) for record in records
    ]


def test_jq_pipeline(real, photos):
    code, out, _ = real.shell("$caption --json --quiet *.jpg | jq -r '[.image, .caption, .mean_logprob] | @tsv'")
    assert code == 0
    assert [line.split("\t")[0] for line in out.splitlines()] == photos
    assert all(float(line.split("\t")[2]) <= 0 for line in out.splitlines())


def test_sidecar_files_by_shell(real, photos, work):
    """As exiftool users do: one caption for each image, by name."""
    loop = '$caption --quiet *.jpg | while IFS=$\'\\t\' read -r name text; do printf %s "$text" > "${name%.jpg}.txt"; done'
    assert real.shell(loop)[0] == 0
    assert all((work / photo).with_suffix(".txt").read_text() for photo in photos)


def test_a_full_disk_and_a_closed_pipe(real, photos):
    code, _, err = real.shell(f"$caption {photos[0]} > /dev/full")
    assert code == 3 and "No space left on device" in err
    code, out, err = real.shell("$caption --quiet *.jpg *.jpg *.jpg | head -1; echo ${PIPESTATUS[0]}")
    assert out.splitlines()[1] == "0" and err == ""


@pytest.fixture
def tiny(source, work):
    """Makes a model with random weights that says what the newest format can say."""

    def make(name, **fields):
        folder = work / name
        shutil.copytree(source / "tests" / "data" / "parity" / "vit-mlp", folder)
        model = json.loads((folder / "model.json").read_text())
        model |= {"format": 6, "text": None, "unsure_below": None, "unsure_prompt": "", "no_repeat_ngram": 0} | fields
        model["image"] |= {"fit": "crop", "resample": "bicubic"}
        model["encoder"]["output"] = "embedding"
        model["mapper"]["heads"] = 8
        model["language_model"] |= {"heads": model["language_model"]["width"] // 64, "activation": "gelu_new"}
        model["tokenizer"]["lower_case"] = False
        model["stop"] |= {"tokens": [model["stop"].pop("token")], "texts": []}
        (folder / "model.json").write_text(json.dumps(model))
        return folder

    return make


def test_what_cannot_come_twice_is_the_models_to_say_and_the_users(real, tiny, photos):
    free, strict = tiny("free"), tiny("strict", no_repeat_ngram=1)
    captions = lambda model, *options: real.run("--model", model, *options, *photos).out
    assert captions(free) == captions(strict, "--no-repeat-ngram", "0")
    assert captions(strict) == captions(free, "--no-repeat-ngram", "1") != captions(free)


@pytest.mark.parametrize("below, unsure", [(0.0, True), (-1000.0, False), (None, False)])
def test_a_caption_is_unsure_below_what_the_model_says(real, tiny, photos, work, below, unsure):
    folder = tiny("model", unsure_below=below)
    result = real.run("--json", "--n-best", "2", "--html", "page.html", "--model", folder, photos[0])
    record = result.records()[0]
    assert [("unsure" in caption) for caption in (record, *record["captions"])] == [unsure] * 3
    assert ("confidence: unsure</p>" in (work / "page.html").read_text()) == unsure


def test_an_unsure_caption_says_less_where_the_model_has_words_for_it(real, tiny, photos, work):
    folder = tiny("model", unsure_below=0.0, unsure_prompt="A photo of")
    run = lambda *options: real.run("--json", "--model", folder, *options, *photos).records()
    full, prompted = run("--unsure", "keep"), run("--unsure", "keep", "--prompt", "A photo of")
    less = run()
    assert [record["caption"] for record in less] == [record["caption"] for record in prompted]
    assert [record["score"] for record in less] == [record["score"] for record in prompted]
    assert [record["guess"] for record in less] == [record["caption"] for record in full]
    assert all(record["unsure"] for record in less) and not any("guess" in record for record in full + prompted)
    assert run("--batch", "1") == less == run("--batch", "3")
    # What asks for something else gets it.
    assert [record["caption"] for record in run("--n-best", "2")] == [record["caption"] for record in full]
    assert run("--prompt", "A photo of") == prompted
    real.run("--model", folder, "--html", "page.html", photos[0])
    assert "confidence: in few words, perhaps &quot;" in (work / "page.html").read_text()
    sure = tiny("sure", unsure_below=-1000.0, unsure_prompt="A photo of")
    assert real.run("--model", sure, *photos).out == real.run("--model", sure, "--unsure", "keep", *photos).out


@pytest.fixture
def formats(source):
    return source / "tests" / "data" / "formats"


def test_every_format_has_a_caption(real, formats, work):
    for name in ["chroma420.heic", "chroma420.avif", "rgb.jxl", "rgb.jp2", "palette.gif", "bytes.ppm", "rgb.qoi", "rgb.tga",
                 "png.ico", "rgb.psd", "two.mpo", "tiles.tif"]:
        shutil.copy(formats / name, work / name)
    result = real.run("--json", ".")
    assert result.code == 0 and "left out" not in result.err
    assert len([record for record in result.records() if record["caption"]]) == 12


def test_a_truncated_jpeg_is_taken_if_that_is_accepted(real, photos, work):
    data = (work / photos[0]).read_bytes()
    (work / "cut.jpg").write_bytes(data[:len(data) * 3 // 4])
    (work / "no_end.jpg").write_bytes(data[:-2])
    files = ["cut.jpg", "no_end.jpg", photos[0]]
    cut, no_end, whole = real.run("--json", *files).records()
    assert cut["error"]["code"] == "corrupt" and no_end["score"] == whole["score"]
    cut, no_end, whole = real.run("--json", "--truncated", "accept", *files).records()
    assert cut["caption"] and cut["flags"] == ["truncated"]
    assert "flags" not in no_end and "flags" not in whole


def test_color_managed(real, formats, work):
    """By the pixels as Pillow converts them."""
    shutil.copy(formats / "profile.png", work / "a.png")
    (work / "b.ppm").write_bytes(b"P6 37 23 255\n" + (formats / "profile.png.srgb").read_bytes())
    plain, converted = (record["score"] for record in real.run("--json", "a.png", "b.ppm").records())
    assert plain != converted
    managed, same = (record["score"] for record in real.run("--json", "--color-managed", "a.png", "b.ppm").records())
    assert managed == same == converted


def test_a_frame_can_be_chosen(real, formats, work):
    """By the pixels as Pillow shows them."""
    shutil.copy(formats / "clear_frames.gif", work / "a.gif")
    shutil.copy(formats / "rgb.qoi", work / "b.qoi")
    frame = Image.open(work / "a.gif")
    frame.seek(2)
    white = Image.new("RGBA", frame.size, "white")
    white.alpha_composite(frame.convert("RGBA"))
    white.convert("RGB").save(work / "c.png")
    first, third = (real.run("--json", "--frame", number, "a.gif").records()[0]["score"] for number in ("0", "2"))
    assert first != third == real.run("--json", "c.png").records()[0]["score"]
    result = real.run("--json", "--frame", "3", "a.gif", "b.qoi")
    assert result.code == 1 and [(r["error"]["code"], r["error"]["message"]) for r in result.records()] == [
        ("not_found", "a.gif: there is no frame 3: the GIF has the frames 0 to 2"),
        ("not_found", "b.qoi: there is no frame 3: the QOI has only frame 0")]


def test_drawings_are_read_if_that_is_asked(real, work):
    (work / "a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><circle cx='4' cy='4' r='4' fill='red'/></svg>")
    assert real.run("--json", "a.svg").records()[0]["error"]["code"] == "unsupported_format"
    assert "caption" in real.run("--json", "--svg", "a.svg").records()[0]
