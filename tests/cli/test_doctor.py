"""caption doctor: its lines, its object and its status, on machines with and without a GPU, sound and broken."""

import functools
import json
import os
import shutil
from pathlib import Path

import pytest


@pytest.fixture
def schema(schema_of):
    return schema_of("doctor")


@pytest.fixture
def small(source):
    """The folder of a small model with random weights."""
    return source / "tests" / "data" / "parity" / "vit-mlp"


@pytest.fixture
def examined_by(small, schema):
    """Runs a program's doctor -> its exit status, its report, and its checks by name."""

    def run(program, *arguments, model=small, **environment):
        result = program.run("doctor", "--json", "--quiet", "--model", str(model), *arguments, timeout=300, **environment)
        assert result.err == "", result.err
        report = json.loads(result.text)
        schema.validate(report)
        failed = [check["name"] for check in report["checks"] if check["status"] == "failed"]
        assert (result.code, report["verdict"]) == ((3, "broken") if failed else (0, "ok"))
        return result.code, report, {check["name"]: check for check in report["checks"]}

    return run


@pytest.fixture
def examine(real, examined_by):
    return functools.partial(examined_by, real)


@pytest.fixture
def examine_gpu(for_gpus, examined_by):
    """By the program with the part for GPUs."""
    return functools.partial(examined_by, for_gpus)


@pytest.fixture
def gpu(torch, fakes):
    """The environment of a machine with the fake driver and, if `cuda`, LibTorch's fake library for GPUs."""

    def environment(cuda=True, **answers):
        if cuda:
            (torch / "libtorch_cuda.so").symlink_to(fakes / "torch" / "libtorch_cuda.so")
        return {"LD_LIBRARY_PATH": f"{torch}:{fakes / 'driver'}", **answers}

    return environment


GPU_LINES = ["driver", "gpu", "gpu memory", "libtorch cuda", "cuda kernels"]


def statuses(checks, names):
    return [checks[name]["status"] for name in names]


# ---- The command line, over the fake engine


def test_help(fake):
    result = fake.run("doctor", "--help")
    assert result.code == 0 and result.err == ""
    words = " ".join(result.text.split())
    for word in ["caption doctor [OPTION]...", "--device", "--model", "--json", "skipped", "of limit"]:
        assert word in words
    assert max(map(len, result.lines)) <= 90
    assert "caption doctor [OPTION]..." in fake.run("--help").text


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--device", "gpu"], "--device needs auto, cpu, cuda or cuda:N, not 'gpu'"),
        (["--devise", "cpu"], "(did you mean '--device'?)"),
        (["photo.jpg"], "photo.jpg"),
    ],
)
def test_mistakes(fake, arguments, message):
    result = fake.run("doctor", *arguments)
    assert result.code == 2 and result.out == b""
    assert message in result.err and len(result.err.splitlines()) == 1


def test_a_misspelt_command(fake):
    result = fake.run("docter", "--json")
    assert result.code == 2 and "did you mean 'caption doctor'?" in result.err


def test_a_model_that_is_not_there(fake):
    result = fake.run("doctor", "--model", "photograps")
    assert result.code == 3 and "did you mean 'photographs'?" in result.err


def test_options_reach_the_engine(fake, tmp_path):
    log = tmp_path / "log"
    assert fake.run("doctor", "--quiet", "--device", "cuda:1", "--model", "photographs", FAKE_LOG=log, FAKE_HEALTHY=1).code == 0
    lines = log.read_text().splitlines()
    assert lines[0].startswith("load photographs device cuda:1 threads 0 precision fp32")
    assert lines[1] == "doctor 1 images, the first made"


def test_the_text(fake):
    result = fake.run("doctor", "--quiet", "--model", "photographs")
    assert result.code == 3 and result.err == ""
    assert result.lines[0] == fake.run("--version").lines[0]
    assert result.lines[1:] == [
        "device cuda:0 (Fake T4), model photographs",
        "",
        "check         status   what was found",
        "driver        ok       for CUDA 13.1",
        "gpu kernels   skipped  none to check",
        "kernel speed  WARNING  slow: end other programs",
        "parity fp32   FAILED   1 of 2: tell us",
        "",
        "precision  batch  beam  tokens  images/s  of limit  expected  of expected",
        "fp16           1     1       9     50.00       50%     40.00         125%",
        "fp16           8     5      12    200.00",
        "",
        "Broken: parity fp32",
    ]
    healthy = fake.run("doctor", "--quiet", "--model", "photographs", FAKE_HEALTHY=1)
    assert healthy.code == 0 and healthy.lines[-1] == "Nothing failed: 1 ok, 1 warning, 1 skipped"


def test_the_object(fake, schema):
    result = fake.run("doctor", "--quiet", "--json")
    assert result.code == 3
    report = json.loads(result.text)
    schema.validate(report)
    assert report["verdict"] == "broken" and report["pictures"] == 1
    assert report["checks"][2]["status"] == "warning"
    assert report["checks"][3] == {"name": "parity fp32", "status": "failed", "detail": "1 of 2: tell us"}
    assert report["limits"]["fp16_gflop_per_s"] == 30000 and report["limits"]["fp32_gflop_per_s"] is None
    assert report["speeds"][1]["limit_images_per_second"] is None
    assert report["speeds"][0]["expected_images_per_second"] == 40


# ---- The real program, on the CPU


def test_a_sound_cpu(examine):
    code, report, checks = examine("--device", "cpu")
    assert code == 0 and report["device"] == "cpu" and report["pictures"] == 10
    assert statuses(checks, GPU_LINES) == ["skipped"] * 5
    assert checks["driver"]["detail"] == "not wanted with the device cpu"
    assert checks["gpu kernels"]["status"] == "skipped"
    assert statuses(checks, ["model", "cpu", "memory", "captions", "parity bf16", "parity int8", "limits", "speed"]) == ["ok"] * 8
    assert checks["box"]["status"] == "ok" and checks["box"]["detail"].startswith("by seccomp: ")
    if "avx2" in Path("/proc/cpuinfo").read_text().split():
        assert checks["kernels avx2"]["status"] == "ok"
        assert checks["parity fp32"]["detail"] == "10 of 10 greedy captions and 10 with beam 5 are those of fp32 on the CPU"
    assert [(speed["batch"], speed["beam"]) for speed in report["speeds"]] == [(1, 1), (1, 5), (8, 1), (8, 5)]
    assert all(speed["expected_images_per_second"] is None for speed in report["speeds"])
    assert report["limits"]["memory_gb_per_s"] > 0 and report["limits"]["fp16_gflop_per_s"] is None


def test_a_system_without_seccomp(examine):
    sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"  # its own library is not the first then
    code, _, checks = examine("--device", "cpu", LD_PRELOAD=os.environ["CAPTION_NO_SECCOMP"], ASAN_OPTIONS=sanitizer)
    assert code == 0 and checks["box"]["status"] == "warning"
    assert checks["box"]["detail"].startswith("there can be none: the kernel has no seccomp for it: Invalid argument; ")


def test_the_text_of_a_sound_cpu(real, small):
    result = real.run("doctor", "--quiet", "--device", "cpu", "--model", str(small), timeout=300)
    assert result.code == 0 and result.err == "" and result.lines[-1].startswith("Nothing failed: ")


@pytest.mark.parametrize("file", ["clip.pt", "captioner.pt", "vocab.bpe"])
def test_a_damaged_model(examine, small, tmp_path, file):
    """One bit of one file."""
    model = tmp_path / "damaged"
    shutil.copytree(small, model)
    damaged = bytearray((model / file).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (model / file).write_bytes(damaged)
    code, report, checks = examine("--device", "cpu", model=model)
    assert code == 3 and checks["model"]["status"] == "failed" and file in checks["model"]["detail"]
    assert checks["captions"]["status"] == "skipped" and checks["speed"]["status"] == "skipped"
    assert report["speeds"] == []


# ---- The real program, on machines with half a GPU


def test_no_driver(examine):
    code, report, checks = examine("--device", "auto")
    if checks["driver"]["status"] == "ok":
        pytest.skip("this machine has a GPU")
    assert code == 0 and report["device"] == "cpu"
    assert "there is no NVIDIA driver" in checks["driver"]["detail"] or "finds no GPU" in checks["driver"]["detail"]
    code, report, asked = examine("--device", "cuda")
    assert code == 3 and report["device"] == "cuda" and report["speeds"] == []
    assert asked["driver"]["status"] == "failed" and asked["driver"]["detail"] == checks["driver"]["detail"]
    assert statuses(asked, GPU_LINES[1:]) == ["skipped"] * 4
    assert asked["captions"] == {"name": "captions", "status": "skipped", "detail": "the device cannot be used"}


def test_an_installation_without_the_part_for_gpus(for_cpus, examined_by, fakes):
    driver = {"LD_LIBRARY_PATH": fakes / "driver"}
    code, report, checks = examined_by(for_cpus, **driver)
    assert code == 0 and report["device"] == "cpu"
    assert checks["driver"]["status"] == "ok" and statuses(checks, GPU_LINES[1:]) == ["skipped"] * 4
    assert "scripts/setup --cuda" in checks["libtorch cuda"]["detail"]
    code, report, checks = examined_by(for_cpus, "--device", "cuda", **driver)
    assert code == 3 and "built without the part for GPUs" in checks["libtorch cuda"]["detail"]


@pytest.mark.parametrize(
    "answers, line, message",
    [
        ({"FAKE_CUDA_VERSION": 12040}, "driver", "it has CUDA 12.4, and CUDA 13.0 is needed"),
        ({"FAKE_GPUS": 0}, "driver", "finds no GPU"),
        ({"FAKE_CUDA_INIT": 999}, "driver", "cannot start: a fault that a test asked for (999)"),
        ({"FAKE_CAPABILITY": 61}, "gpu", "Fake T0 has compute capability 6.1, and 7.5 is needed"),
        ({"FAKE_FREE_MB": 700}, "gpu memory", "Fake T0 has 0.7 GB of its 16.0 GB free"),
        ({"FAKE_TORCH_SEES_NONE": 1}, "libtorch cuda", "LibTorch cannot use the GPU that the driver finds, Fake T0"),
        ({"cuda": False}, "libtorch cuda", "this installation has LibTorch's CPU libraries only"),
    ],
)
def test_what_a_gpu_lacks(examine_gpu, gpu, answers, line, message):
    code, report, checks = examine_gpu("--device", "cuda", **gpu(**answers))
    assert code == 3 and report["device"] == "cuda"
    assert checks[line]["status"] == "failed" and message in checks[line]["detail"]
    before = GPU_LINES[: GPU_LINES.index(line)]
    assert statuses(checks, before) == ["ok"] * len(before)
    assert checks["captions"]["status"] == "skipped"


def test_an_index_beyond_the_last(examine_gpu, gpu):
    _, _, checks = examine_gpu("--device", "cuda:2", **gpu(FAKE_GPUS=2))
    assert checks["gpu"]["status"] == "failed" and "the last of this machine's 2 is cuda:1" in checks["gpu"]["detail"]


@pytest.mark.parametrize("answers", [{"FAKE_CUDA_VERSION": 12040}, {"FAKE_GPUS": 0}, {"FAKE_CAPABILITY": 61}, {"cuda": False}])
def test_auto_without_a_gpu_to_use_is_not_broken(examine_gpu, gpu, answers):
    code, report, checks = examine_gpu(**gpu(**answers))
    assert code == 0 and report["device"] == "cpu"
    assert "skipped" in statuses(checks, GPU_LINES) and "failed" not in statuses(checks, GPU_LINES)


def test_a_gpu_that_answers_and_calculates_nothing(examine_gpu, gpu):
    """The fakes have no operator, so nothing that is calculated may be ok."""
    code, report, checks = examine_gpu(**gpu())
    assert code == 3 and report["device"] == "cuda:0" and report["device_name"] == "Fake T0"
    assert statuses(checks, ["driver", "gpu", "gpu memory", "libtorch cuda"]) == ["ok"] * 4
    assert checks["libtorch cuda"]["detail"] == "CUDA 13.1, cuDNN 9.10.2, cuBLAS 13.4.1"
    assert checks["driver"]["detail"] == "for CUDA 13.1, with 1 GPU"
    assert checks["gpu"]["detail"] == "cuda:0, Fake T0, compute capability 7.5"
    assert statuses(checks, ["parity fp32", "parity fp16", "parity bf16", "limits"]) == ["failed"] * 4
    assert checks["speed"]["status"] == "skipped" and report["speeds"] == []
    own = [check for name, check in checks.items() if name.startswith("gpu kernel")]
    assert own and all(check["status"] != "ok" for check in own)
