"""caption models optimize with real models: what it makes, that it changes no caption, and what becomes of it."""

import json
import os
import shutil
import subprocess

import pytest

PRECISIONS = ["fp32", "bf16", "int8"]


@pytest.fixture
def images(source):
    return sorted((source / "tests" / "data" / "parity" / "images").iterdir())


@pytest.fixture(params=["vit-mlp", "resnet-transformer"])
def model(request, source, work):
    folder = work / request.param
    shutil.copytree(source / "tests" / "data" / "parity" / request.param, folder)
    return folder


@pytest.fixture
def small(source, work):
    folder = work / "small"
    shutil.copytree(source / "tests" / "data" / "parity" / "vit-mlp", folder)
    return folder


def optimize(real, model, *options, **environment):
    result = real.run("models", "optimize", *options, model, **environment)
    assert result.code == 0, result.err
    return result


def packed_of(real, model, **environment):
    """What `models list` says of the model's packed files."""
    text = real.run("models", "list", "--json", CAPTION_MODELS=model.parent, **environment).text
    return next(entry["packed"] for entry in json.loads(text) if entry["folder"] == str(model))


def turn_matrices_over(file):
    data = bytearray(file.read_bytes())
    payload = 2 << 20  # the header of a tiny model is shorter
    data[payload:] = bytes(b ^ 0x41 for b in data[payload:])
    file.write_bytes(data)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_captions_are_the_same(real, model, images, precision):
    caption = ["--json", "--n-best", "3", "--precision", precision, "--model", model, *images]
    before = real.run(*caption)
    assert before.code == 0
    result = optimize(real, model, "--precision", precision)
    packed = model / f"packed.{precision}"
    assert result.out == b"" and f"made {packed}, " in result.err and f"with --precision {precision} takes" in result.err
    assert os.listdir(model).count(packed.name) == 1 and not [name for name in os.listdir(model) if name.startswith(".")]
    assert real.run(*caption).out == before.out
    assert packed_of(real, model) == [
        {"precision": precision, "file": str(packed), "bytes": packed.stat().st_size, "used": True}
    ]
    shown = real.run("models", "show", model).text
    assert f"packed {precision}     {packed}, " in shown and "not used" not in shown
    assert real.run("models", "verify", model).code == 0
    turn_matrices_over(packed)
    assert real.run(*caption).out != before.out, "the packed file was not used"
    result = real.run("models", "verify", model)
    assert result.code == 3 and f"{packed}: the packed matrices are damaged" in result.err
    result = real.run("models", "optimize", "--remove", model)
    assert result.code == 0 and f"removed {packed}" in result.err and not packed.exists()
    assert real.run(*caption).out == before.out


def test_a_changed_model_is_packed_as_usual(real, small, images):
    before = real.run("--json", "--model", small, *images)
    optimize(real, small)
    turn_matrices_over(small / "packed.fp32")
    os.utime(small / "captioner.pt")
    after = real.run("--json", "--model", small, *images)
    assert after.code == 0 and after.out == before.out and after.err == before.err
    assert "not used: " in real.run("models", "show", small).text
    [packed] = packed_of(real, small)
    assert packed["used"] is False and "the model's files have changed since it was made" in packed["error"]
    optimize(real, small)
    assert packed_of(real, small)[0]["used"] and real.run("--json", "--model", small, *images).out == before.out


def test_auto_is_one_of_the_others(real, small):
    optimize(real, small, "--precision", "auto")
    assert packed_of(real, small)[0]["precision"] in ["fp32", "bf16"]


def as_user_without_privileges():
    """Permissions of files do not bind root; without its capabilities they do."""
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []


def test_a_folder_that_cannot_be_written_to(real, small, images, tmp_path):
    before = real.run("--json", "--model", small, *images)
    os.chmod(small, 0o555)
    try:
        for environment, cache in [
            ({}, tmp_path / "home" / ".cache"),
            ({"XDG_CACHE_HOME": tmp_path / "cache"}, tmp_path / "cache"),
        ]:
            done = subprocess.run(
                [*as_user_without_privileges(), real.path, "models", "optimize", small],
                env=real.full_environment(**environment), capture_output=True, text=True, timeout=120, check=False,
            )
            assert done.returncode == 0, done.stderr
            [packed] = packed_of(real, small, **environment)
            assert packed["used"] and packed["file"].startswith(str(cache / "caption" / "packed")) and packed["file"] in done.stderr
            assert real.run("--json", "--model", small, *images, **environment).out == before.out
    finally:
        os.chmod(small, 0o755)
    assert not (small / "packed.fp32").exists()
    assert real.run("models", "optimize", "--remove", small).code == 0
    assert packed_of(real, small) == [] and list((tmp_path / "home" / ".cache" / "caption" / "packed").iterdir()) == []


def test_a_full_disk(real, small):
    """A limit on the size of files stands for it."""
    listed = sorted(os.listdir(small))
    code, out, err = real.shell(f"ulimit -f 100; $caption models optimize {small}")
    assert code == 3 and out == ""
    assert f"{small}/packed.fp32: cannot be written: File too large" in err and ".cache/caption/packed/" in err
    assert sorted(os.listdir(small)) == listed


def test_a_killed_one_leaves_nothing_for_long(real, small):
    leftover = small / ".packed.fp32.partial-k1lled"
    leftover.write_bytes(b"half")
    optimize(real, small)
    assert not leftover.exists() and (small / "packed.fp32").exists()


def test_a_damaged_model_is_refused(real, small):
    data = bytearray((small / "captioner.pt").read_bytes())
    data[len(data) // 2] ^= 1
    (small / "captioner.pt").write_bytes(data)
    result = real.run("models", "optimize", small)
    assert result.code == 3 and "captioner.pt: model.json says sha256" in result.err
    assert not list(small.glob("*packed*"))
