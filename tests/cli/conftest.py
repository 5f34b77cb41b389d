"""Runs the real program and looks at what a user sees: standard output, standard error and the exit status."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest


class Result:
    def __init__(self, done):
        self.out = done.stdout
        self.text = done.stdout.decode("utf-8", "surrogateescape")
        self.lines = self.text.splitlines()
        self.err = done.stderr.decode("utf-8", "surrogateescape")
        self.code = done.returncode

    def records(self):
        return [json.loads(line) for line in self.lines]


class Program:
    """One installed tree; `run` starts its program in a folder of its own, away from the user's models."""

    def __init__(self, prefix, folder, environment):
        self.path = Path(prefix) / "bin" / "caption"
        assert self.path.is_file(), f"no program {self.path}: build first"
        self.folder = folder
        self.environment = environment

    def full_environment(self, **more):
        return {**self.environment, **{name: str(value) for name, value in more.items()}}

    def run(self, *arguments, stdin=b"", timeout=120, cwd=None, **environment):
        done = subprocess.run(
            [self.path, *arguments],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=timeout,
            cwd=cwd or self.folder,
            env=self.full_environment(**environment),
            check=False,
        )
        return Result(done)

    def shell(self, command, **environment):
        """Runs `command` in bash, in which $caption is the program -> (status, stdout, stderr)."""
        done = subprocess.run(
            ["bash", "-c", command.replace("$caption", '"$caption"')],
            cwd=self.folder,
            env=self.full_environment(caption=self.path, **environment),
            capture_output=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def start(self, *arguments, environment=None, **popen):
        defaults = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            [self.path, *arguments],
            cwd=self.folder,
            env=self.full_environment(**(environment or {})),
            **{**defaults, **popen},
        )


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def prefix(variable):
    assert variable in os.environ, f"{variable} is not set: run the tests with ctest"
    return Path(os.environ[variable])


def clean_environment(home):
    kept = {name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}
    return {**kept, "HOME": str(home), "TERM": "xterm", "LC_ALL": "C.UTF-8"}


def manifest(name, **changes):
    files = ["clip.pt", "gpt2.pt", "prefix.pt", "encoder.json", "vocab.bpe"]
    fields = {
        "format": 6,
        "name": name,
        "description": f"the model {name}",
        "image": {"resolution": 8, "fit": "crop", "resample": "bicubic", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
        "encoder": {"file": "clip.pt", "kind": "vit", "output": "embedding", "embedding": 4, "activation": "quick_gelu"},
        "mapper": {"file": "prefix.pt", "kind": "mlp", "prefix_length": 2, "normalize": False, "heads": 8},
        "language_model": {"file": "gpt2.pt", "width": 4, "layers": 1, "heads": 1, "activation": "gelu_new", "vocabulary": 10, "context": 16},
        "tokenizer": {"kind": "gpt2-bpe", "files": {"vocabulary": "encoder.json", "merges": "vocab.bpe"}, "lower_case": False},
        "text": None,
        "stop": {"tokens": [1], "texts": [], "max_tokens": 5},
        "no_repeat_ngram": 0,
        "unsure_below": None,
        "unsure_prompt": "",
        "files": [{"name": file, "bytes": 1, "sha256": "0" * 64} for file in files],
        "origin": "made by a test",
        "license": "CC0",
    }
    return {**fields, **changes}


def add_model(folder, name, **changes):
    model = folder / name
    model.mkdir(parents=True)
    (model / "model.json").write_text(json.dumps(manifest(name, **changes)))
    return model


@pytest.fixture
def models(tmp_path):
    """A folder of models that the fake program searches, with 'photographs' in it."""
    folder = tmp_path / "models"
    add_model(folder, "photographs")
    return folder


@pytest.fixture
def work(tmp_path):
    """The folder in which programs run."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def fake(tmp_path, work, models):
    """The program with an engine that needs no model; see fake_engine.cpp."""
    environment = clean_environment(tmp_path / "home")
    return Program(prefix("CAPTION_FAKE_PREFIX"), work, {**environment, "CAPTION_MODELS": str(models)})


@pytest.fixture
def real(tmp_path, work):
    """The program as users get it."""
    return Program(prefix("CAPTION_PREFIX"), work, clean_environment(tmp_path / "home"))


@pytest.fixture
def for_gpus(tmp_path, work):
    """The program with the part for GPUs; users of the CPU get `real`, which may be without it."""
    if not os.environ.get("CAPTION_GPU_PREFIX"):
        pytest.skip("built without CAPTION_LIBTORCH_ENGINE")
    return Program(prefix("CAPTION_GPU_PREFIX"), work, clean_environment(tmp_path / "home"))


@pytest.fixture
def for_cpus(real):
    """The program without that part."""
    if prefix("CAPTION_PREFIX") == Path(os.environ.get("CAPTION_GPU_PREFIX") or "none"):
        pytest.skip("built with LibTorch's libraries for GPUs")
    return real


@pytest.fixture
def fakes():
    """The folder of the fake driver and of LibTorch's fake library for GPUs."""
    return prefix("CAPTION_FAKE_GPU")


@pytest.fixture
def source():
    return prefix("CAPTION_SOURCE")


@pytest.fixture
def images(work):
    """Three images for the fake engine and two files that it rejects."""
    contents = {
        "a.jpg": b"say a cat on a mat.",
        "b.png": b"corrupt",
        "c.jpg": b"say a dog, \"Rex\".",
        "d.webp": b"unsupported",
        "e.tif": b"say an owl.",
    }
    for name, content in contents.items():
        (work / name).write_bytes(content)
    return sorted(contents)


@pytest.fixture
def schema_of(source):
    """A validator for one of the program's objects: "record", "bench", ..."""
    jsonschema = pytest.importorskip("jsonschema", reason="Debian: python3-jsonschema")

    def validator(name):
        return jsonschema.Draft7Validator(json.loads((source / "scripts" / "schema" / f"{name}.schema.json").read_text()))

    return validator


@pytest.fixture
def schema(schema_of):
    return schema_of("record")


@pytest.fixture
def torch(tmp_path):
    """LibTorch in a folder of our own, whose contents a test may change -> its torch/lib."""
    real = Path(os.environ["CAPTION_LIBTORCH"])
    folder = tmp_path / "libtorch" / "torch" / "lib"
    folder.mkdir(parents=True)
    (tmp_path / "libtorch" / "nvidia").symlink_to(real / "nvidia")
    for library in (real / "torch" / "lib").iterdir():
        if "cuda" not in library.name:
            (folder / library.name).symlink_to(library)
    return folder


@pytest.fixture
def serve():
    """Starts servers, and stops those that are left."""
    from service import Service

    started = []

    def start(program, *arguments, **more):
        started.append(Service(program, *arguments, **more))
        return started[-1]

    yield start
    for service in started:
        service.close()
