"""caption bench: its table and its object. Times are not tested, only what was measured and how it is told."""

import json
import shutil

import pytest

STAGES = ["decode", "resize", "encode", "map", "prefill", "step", "search", "write"]
IN_THE_MODEL = ["encode", "map", "prefill", "step"]


@pytest.fixture
def schema(schema_of):
    return schema_of("bench")


@pytest.fixture
def pictures(source, work):
    """Three images where the program runs."""
    names = ["square.png", "tall.png", "wide.png"]
    for name in names:
        shutil.copy(source / "tests" / "data" / "parity" / "images" / name, work / name)
    return names


@pytest.fixture
def small(source):
    """The arguments for a small model with random weights."""
    return ["--model", str(source / "tests" / "data" / "parity" / "vit-mlp")]


# ---- The command line, over the fake engine


def test_help(fake):
    result = fake.run("bench", "--help")
    assert result.code == 0 and result.err == ""
    words = " ".join(result.text.split())
    for word in ["caption bench [OPTION]... [INPUT]...", *STAGES, "--batch", "--beam", "--tokens", "--repeat", "--no-peaks", "of peak"]:
        assert word in words
    assert max(map(len, result.lines)) <= 90
    assert "--device" not in words
    assert "caption bench [OPTION]... [INPUT]..." in fake.run("--help").text


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([""], "an INPUT is empty"),
        (["-"], "'-' is standard input, but caption bench takes files and folders"),
        (["--batch", "0"], "--batch: needs a whole number from 1 to 4096, not '0'"),
        (["--tokens", "0"], "--tokens: needs a whole number from 1 to 100000, not '0'"),
        (["--repeat", "0"], "--repeat: needs a whole number from 1 to 1000, not '0'"),
        (["--repeat", "1001"], "--repeat: needs a whole number from 1 to 1000, not '1001'"),
        (["--beam", "1001"], "--beam: needs a whole number from 1 to 1000"),
        (["--threads", "-1"], "--threads: needs a whole number from 0 to 1024"),
        (["--precision", "fp8"], "--precision: needs fp32, fp16, bf16, int8 or auto, not 'fp8'"),
        (["--device", "cpu"], "unknown option '--device'"),
        (["--tokns", "3"], "(did you mean '--tokens'?)"),
        (["empty"], "no images in the folder 'empty'"),
    ],
)
def test_mistakes(fake, work, arguments, message):
    (work / "empty").mkdir()
    result = fake.run("bench", *arguments)
    assert result.code == 2 and result.out == b""
    assert message in result.err and len(result.err.splitlines()) == 1


def test_a_misspelt_command(fake, images):
    result = fake.run("bnech", "a.jpg")
    assert result.code == 2 and "did you mean 'caption bench'?" in result.err


@pytest.mark.parametrize(
    "name, message",
    [("b.png", "b.png: the image ends early"), ("missing.jpg", "missing.jpg: no such file")],
)
def test_a_bad_image_is_status_1(fake, images, name, message):
    result = fake.run("bench", "--quiet", "a.jpg", name)
    assert result.code == 1 and result.out == b""
    assert message in result.err and result.err.startswith("caption: error: ")


def test_a_model_that_is_not_there(fake, images):
    result = fake.run("bench", "--model", "photograps", "a.jpg")
    assert result.code == 3 and "did you mean 'photographs'?" in result.err


def test_options_reach_the_engine(fake, images, work, tmp_path):
    log = tmp_path / "log"
    (work / "sub").mkdir()
    shutil.copy(work / "a.jpg", work / "sub" / "z.jpg")
    options = ["--batch", "3", "--beam", "2", "--tokens", "7", "--repeat", "4", "--no-peaks", "--threads", "3", "--precision", "bf16"]
    assert fake.run("bench", *options, "a.jpg", "-r", "sub", FAKE_LOG=log).code == 0
    lines = log.read_text().splitlines()
    assert lines[0].startswith("load photographs device cpu threads 3 precision bf16")
    assert lines[1:] == [
        "benchmark batch 3 beam 2 tokens 7 repeat 4 peaks 0",
        "benchmark image a.jpg of 19 bytes",
        "benchmark image sub/z.jpg of 19 bytes",
    ]


def test_without_examples_a_picture_is_made(fake, tmp_path):
    """The fake's tree has no example pictures."""
    log = tmp_path / "log"
    result = fake.run("bench", FAKE_LOG=log)
    assert result.code == 0 and "using a picture of 640 x 480 pixels made here" in result.err
    assert f"benchmark image made of {54 + 3 * 640 * 480} bytes" in log.read_text()


def test_the_table(fake, images):
    result = fake.run("bench", "--quiet", "--beam", "1", "a.jpg", "c.jpg")
    assert result.code == 0 and result.err == ""
    assert result.lines == [
        "fake, fp32, 3 threads, kernels none; batch 1, beam 1, 12 tokens; 2 images, 5 rounds",
        "load 12.5 ms, once; memory 3.0 MB at its peak, 1.0 MB of it anonymous afterwards",
        "",
        "stage    ms/image   least    most   share  MB read  GB/s  of peak  GFLOP  GFLOP/s  of peak",
        "decode      1.000   0.500   2.000    2.5%",
        "resize      2.000   1.000   4.000    5.0%",
        "encode      3.000   1.500   6.000    7.5%     2.00   1.0      50%  0.004      2.0",
        "map         4.000   2.000   8.000   10.0%",
        "prefill     5.000   2.500  10.000   12.5%",
        "step        6.000   3.000  12.000   15.0%",
        "search      7.000   3.500  14.000   17.5%",
        "write       8.000   4.000  16.000   20.0%",
        "caption    25.000  24.000  26.000   62.5%",
        "all        40.000  38.000  44.000  100.0%",
        "",
        "25.00 images per second",
        "This machine, at most: reads 10 GB/s; multiplies fp32 at 100 GFLOP/s, bf16 at 200 GFLOP/s, int8 at unknown",
    ]


def test_the_object(fake, work, schema):
    name = b"x\xff.jpg"
    with open(bytes(work) + b"/" + name, "wb") as file:
        file.write(b"say cats")
    result = fake.run("bench", "--json", name)
    report = json.loads(result.out.decode("utf-8"))
    schema.validate(report)
    assert report["captions"] == [{"image": "x\ufffd.jpg", "tokens": [1, 2, 13]}]
    assert report["peaks"] == {"memory_gb_per_s": 10, "fp32_gflop_per_s": 100, "bf16_gflop_per_s": 200, "int8_gflop_per_s": None}
    assert report["stages"][2] == {
        "name": "encode",
        "ms_per_image": {"median": 3, "min": 1.5, "max": 6},
        "bytes": 2e6,
        "flops": 4e6,
        "gb_per_s": 1,
        "gflop_per_s": 2,
        "share_of_peak": {"memory": 0.5, "arithmetic": None},
    }
    assert report["images_per_second"] == 25 and report["load_ms"] == 12.5
    assert report["memory"] == {"peak_bytes": 3000000, "anonymous_bytes": 1000000}


# ---- The real program


def bench(real, schema, *arguments):
    result = real.run("bench", "--json", "--quiet", *arguments)
    assert result.code == 0 and result.err == ""
    report = json.loads(result.text)
    schema.validate(report)
    return report


def test_a_report(real, pictures, small, schema):
    report = bench(real, schema, *small, "--batch", "2", "--threads", "2", "--repeat", "3", "--beam", "1", *pictures)
    assert real.run("--version").text == report["version"] + "\n"
    expected = {"model": "vit-mlp", "precision": "fp32", "threads": 2, "batch": 2, "beam": 1, "tokens": 12, "repeat": 3, "images": 3}
    assert {key: report[key] for key in expected} == expected
    assert [stage["name"] for stage in report["stages"]] == STAGES
    for stage in report["stages"]:
        time = stage["ms_per_image"]
        assert time["min"] <= time["median"] <= time["max"]
        in_the_model = stage["name"] in IN_THE_MODEL
        for key in ["bytes", "flops", "gb_per_s", "gflop_per_s", "share_of_peak"]:
            assert (stage[key] is not None) == in_the_model
    assert report["caption_ms_per_image"]["median"] < report["ms_per_image"]["median"]
    assert report["memory"]["anonymous_bytes"] < report["memory"]["peak_bytes"]
    assert [caption["image"] for caption in report["captions"]] == pictures


def test_work_follows_from_the_sizes(real, pictures, small, schema):
    """Per image, the weights are read once per batch and the operations do not depend on it."""

    def work(key, *arguments):
        stages = bench(real, schema, *small, "--no-peaks", "--repeat", "1", "--beam", "1", *arguments, *pictures[:1])["stages"]
        return {stage["name"]: stage[key] for stage in stages}

    bytes_alone, bytes_together = work("bytes"), work("bytes", "--batch", "4")
    assert bytes_together["encode"] == bytes_alone["encode"] / 4
    assert bytes_alone["step"] / 4 < bytes_together["step"] < bytes_alone["step"]  # the cache is each image's own
    assert work("bytes", "--precision", "bf16")["encode"] < 0.6 * bytes_alone["encode"]
    operations = work("flops")
    assert work("flops", "--batch", "4") == operations
    assert work("flops", "--tokens", "1")["step"] is None
    longer, long = work("flops", "--tokens", "23")["step"], operations["step"]
    assert 2 * long < longer < 2.5 * long  # 22 steps instead of 11, each over a longer past


def test_peaks_can_be_left_out(real, pictures, small, schema):
    report = bench(real, schema, *small, "--no-peaks", "--repeat", "1", pictures[0])
    assert report["peaks"] is None
    assert all(stage["share_of_peak"] in (None, {"memory": None, "arithmetic": None}) for stage in report["stages"])


@pytest.mark.parametrize("beam", ["1", "3"])
def test_every_caption_has_exactly_so_many_tokens(real, pictures, schema, beam):
    """With the photographs model, which would stop after about ten."""
    for tokens in [1, 20]:
        report = bench(real, schema, "--no-peaks", "--model", "photographs", "--repeat", "1", "--beam", beam, "--tokens", str(tokens), *pictures)
        assert [len(caption["tokens"]) for caption in report["captions"]] == [tokens] * len(pictures)


def tokens_of_captions(real, pictures, *arguments):
    """What the captioner itself gives for each picture."""
    options = ["--json", "--quiet", "--grid", "1", "--top", "0", *arguments]
    return [[token["id"] for token in json.loads(real.run("explain", *options, picture).text)["tokens"]] for picture in pictures]


@pytest.mark.parametrize("beam", ["1", "3"])
def test_tokens_are_those_of_captions(real, pictures, source, schema, beam):
    """This model meets its stop token in none of these."""
    arguments = ["--model", str(source / "tests" / "data" / "parity" / "resnet-transformer"), "--beam", beam]
    report = bench(real, schema, *arguments, "--no-peaks", "--repeat", "1", "--batch", "3", "--tokens", "5", *pictures)
    expected = tokens_of_captions(real, pictures, *arguments, "--max-tokens", "5")
    assert [len(tokens) for tokens in expected] == [5] * len(pictures)
    assert [caption["tokens"] for caption in report["captions"]] == expected


def test_tokens_go_on_after_the_stop_token(real, pictures, small, schema):
    report = bench(real, schema, *small, "--no-peaks", "--repeat", "1", "--beam", "1", "--tokens", "9", *pictures)
    expected = tokens_of_captions(real, pictures, *small, "--beam", "1", "--max-tokens", "9")
    assert min(map(len, expected)) < 9
    for caption, tokens in zip(report["captions"], expected):
        assert len(caption["tokens"]) == 9 and caption["tokens"][: len(tokens)] == tokens


def test_the_real_table_has_all_stages(real, small):
    result = real.run("bench", *small, "--repeat", "1", "--batch", "2")
    assert result.code == 0 and result.err == ""
    assert [line.split()[0] for line in result.lines[4:14]] == [*STAGES, "caption", "all"]
    assert "2 images, 1 round" in result.lines[0] and "at most: reads" in result.lines[-1]


def test_too_many_tokens_for_the_model(real, pictures, small):
    result = real.run("bench", *small, "--tokens", "5000", pictures[0])
    assert result.code == 2 and result.out == b""
    assert "5000 tokens: the model 'vit-mlp' takes 1 to " in result.err


def test_an_unreadable_image(real, work):
    (work / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    result = real.run("bench", "--quiet", "cut.jpg")
    assert result.code == 1 and result.err.startswith("caption: error: cut.jpg: ") and result.out == b""
