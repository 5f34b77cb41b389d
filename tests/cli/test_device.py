"""Which device the program takes, on machines with and without a GPU, a driver and LibTorch's library for GPUs."""

import pytest


@pytest.fixture
def photo(source):
    return source / "tests" / "data" / "photos" / "cat.jpg"


@pytest.fixture
def run(for_gpus, fakes, torch, photo):
    """Runs the program with `cuda` as LibTorch's library for GPUs, beside a driver that answers as **answers say."""

    def run(*arguments, cuda=None, driver=True, **answers):
        if cuda:
            (torch / "libtorch_cuda.so").symlink_to(cuda)
        paths = [torch, fakes / "driver"] if driver else [torch]
        return for_gpus.run("--model", "photographs", *arguments, photo, LD_LIBRARY_PATH=":".join(map(str, paths)), **answers)

    return run


@pytest.fixture
def cuda(fakes):
    return fakes / "torch" / "libtorch_cuda.so"


def refused(result, *words):
    assert result.code == 3 and result.out == b"", result.err
    assert result.err.startswith("caption: error: device cuda") and result.err.count("\n") == 1
    for word in (*words, "use the device cpu"):
        assert word in result.err, result.err


def test_an_installation_without_the_part_for_gpus(for_cpus, fakes, photo):
    """Whether there is a driver, and a GPU, or not."""
    for libraries in ("", fakes / "driver"):
        result = for_cpus.run("--model", "photographs", "--device", "cuda", photo, LD_LIBRARY_PATH=libraries)
        refused(result, "device cuda: this installation was built without the part for GPUs", "scripts/setup --cuda")
        quiet = for_cpus.run("--model", "photographs", photo, LD_LIBRARY_PATH=libraries)
        assert quiet.code == 0 and quiet.err == ""


def test_an_installation_with_libtorch_for_the_cpu(run):
    refused(run("--device", "cuda"), "device cuda: this installation has LibTorch's CPU libraries only", "scripts/setup --cuda")
    result = run()
    assert result.code == 0 and "device auto takes the CPU: this installation has LibTorch's CPU libraries only" in result.err


def test_a_part_that_cannot_be_loaded(run, torch):
    (torch / "libc10.so").unlink()
    (torch / "libc10.so").write_bytes(b"no library")
    refused(run("--device", "cuda"), "cannot load the part for GPUs", "libc10.so", "build and install caption again")


def test_no_driver(run, cuda):
    refused(run("--device", "cuda", cuda=cuda, driver=False), "no NVIDIA driver (libcuda.so.1)", "580")


def test_an_old_driver(run, cuda):
    refused(run("--device", "cuda", cuda=cuda, FAKE_CUDA_VERSION=12040), "it has CUDA 12.4, and CUDA 13.0 is needed", "580")


def test_no_gpu(run, cuda):
    refused(run("--device", "cuda", cuda=cuda, FAKE_GPUS=0), "finds no GPU", "CUDA_VISIBLE_DEVICES")


def test_a_driver_that_fails(run, cuda):
    refused(run("--device", "cuda", cuda=cuda, FAKE_CUDA_INIT=999), "cannot start: a fault that a test asked for (999)")


def test_an_index_beyond_the_last(run, cuda):
    refused(run("--device", "cuda:2", cuda=cuda, FAKE_GPUS=2), "device cuda:2: there is no such GPU: the last of this machine's 2 is cuda:1 (Fake T1)")


def test_an_old_gpu(run, cuda):
    refused(run("--device", "cuda", cuda=cuda, FAKE_CAPABILITY=61), "Fake T0 has compute capability 6.1, and 7.5 is needed")


def test_too_little_memory(run, cuda):
    refused(run("--device", "cuda", cuda=cuda, FAKE_FREE_MB=700),
            "Fake T0 has 0.7 GB of its 16.0 GB free, and this model takes about 1.1 GB", "take the precision fp16")
    again = run("--device", "cuda:0", "--precision", "fp16", FAKE_FREE_MB=700)
    assert "precision fp16" not in again.err and "takes about 1.1 GB" in again.err


def test_a_broken_cuda_library(run, tmp_path):
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"no library")
    refused(run("--device", "cuda", cuda=broken), "cannot load", "libtorch_cuda.so", "scripts/setup --cuda")


def test_libtorch_finds_no_gpu(run, cuda):
    refused(run("--device", "cuda", cuda=cuda, FAKE_TORCH_SEES_NONE=1), "LibTorch cannot use the GPU that the driver finds, Fake T0")


@pytest.mark.parametrize(
    "answers, why",
    [
        ({"driver": False}, "there is no NVIDIA driver"),
        ({"FAKE_CUDA_VERSION": 12080}, "it has CUDA 12.8"),
        ({"FAKE_GPUS": 0}, "finds no GPU"),
        ({"FAKE_CAPABILITY": 70}, "compute capability 7.0"),
        ({"FAKE_FREE_MB": 700}, "0.7 GB of its 16.0 GB free"),
        ({"FAKE_TORCH_SEES_NONE": 1}, "LibTorch cannot use the GPU"),
    ],
)
def test_auto_takes_the_cpu_and_says_why(for_gpus, run, cuda, photo, answers, why):
    result = run(cuda=cuda, **answers)
    assert result.code == 0 and result.out == for_gpus.run("--model", "photographs", "--device", "cpu", photo).out
    assert result.err.startswith("caption: device auto takes the CPU: ") and why in result.err
    assert run("--quiet", **answers).err == "" and run("--device", "cpu", **answers).err == ""


def test_precisions_that_a_device_does_not_have(run, cuda):
    result = run("--device", "cuda", "--precision", "int8", cuda=cuda)
    assert result.code == 2 and "the precision int8 is for the CPU: take fp16 with the device cuda" in result.err
    result = run("--device", "cpu", "--precision", "fp16")
    assert result.code == 2 and "the precision fp16 is for GPUs" in result.err
    result = run("--precision", "int8")
    assert result.code == 0 and result.err == ""
