"""The installed tree: complete, movable, and usable by another project through find_package(caption)."""

import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent
PICTURE = SOURCE / "models" / "photographs" / "pictures" / "coffee.jpg"


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def caption():
    """What the program says before it is installed."""
    return run(Path(os.environ["CAPTION_BUILD"]) / "bin" / "caption", "--model", SOURCE / "models" / "photographs", PICTURE)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Installed into one folder and then moved to another, with a space in its name."""
    folder = tmp_path_factory.mktemp("installed")
    run("cmake", "--install", os.environ["CAPTION_BUILD"], "--prefix", folder / "first")
    moved = folder / "moved away"
    (folder / "first").rename(moved)
    return moved


def test_the_program_captions_where_it_was_moved_to(tree, caption):
    environment = {"PATH": "/usr/bin", "HOME": "/nonexistent"}
    assert run(tree / "bin" / "caption", "--model", "photographs", PICTURE, env=environment) == caption


def test_another_project_uses_the_library(tree, caption, tmp_path):
    shutil.copytree(SOURCE / "tests" / "consumer", tmp_path / "consumer")
    compiler = [f"-DCMAKE_CXX_COMPILER={os.environ['CXX']}"] if os.environ.get("CXX") else []
    run("cmake", "-G", "Ninja", "-S", tmp_path / "consumer", "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={tree}", *compiler)
    run("cmake", "--build", tmp_path / "build")
    assert run(tmp_path / "build" / "consumer", tree / "share" / "caption" / "models" / "photographs", PICTURE) == caption


@pytest.fixture(scope="module")
def units(tree):
    """The units of systemd: their program is where it was installed, before the tree was moved."""
    units = tree / "lib" / "systemd" / "system"
    service = (units / "caption.service").read_text()
    installed = tree.parent / "first"
    assert f"ExecStart={installed}/bin/caption serve\n" in service and "@" not in re.sub(r"=@system-service|~@\w+|@resources", "", service)
    return units


def test_the_units_are_valid_and_hardened(units, tree, tmp_path):
    for unit in ("caption.socket", "caption.service"):
        text = (units / unit).read_text().replace(str(tree.parent / "first"), "/usr").replace("/usr/bin/caption", "/bin/true")
        (tmp_path / unit).write_text(text)
    run("systemd-analyze", "verify", tmp_path / "caption.service", tmp_path / "caption.socket")
    run("systemd-analyze", "security", "--offline=true", "--threshold=15", tmp_path / "caption.service")  # of 100


def test_the_first_connection_starts_the_service(tree, caption):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {"PATH": "/usr/bin", "HOME": "/nonexistent"}
    process = subprocess.Popen(["systemd-socket-activate", "-l", f"127.0.0.1:{port}", tree / "bin" / "caption", "serve", "--model", "photographs"],
                               stderr=subprocess.DEVNULL, env=environment)
    try:
        address = f"http://127.0.0.1:{port}/caption"
        record = run("curl", "-sS", "-f", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", "--data-binary", f"@{PICTURE}", address)
        assert json.loads(record)["caption"] == caption.strip()
        process.terminate()
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()


def test_the_headers_need_nothing_but_the_standard_library(tree, tmp_path):
    headers = sorted((tree / "include" / "caption").glob("*.h"))
    assert "captioner.h" in [header.name for header in headers]
    for header in headers:
        for included in re.findall(r'#include ["<]([^">]+)[">]', header.read_text()):
            assert "/" not in included or included.startswith("caption/"), f"{header.name} includes {included}"
    source = tmp_path / "all.cpp"
    source.write_text("".join(f"#include <caption/{header.name}>\n" for header in headers))
    run(os.environ.get("CXX") or "g++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", f"-I{tree / 'include'}", source)


def test_the_library_shows_its_interface_alone(tree):
    names = run("nm", "-D", "--defined-only", "-C", tree / "lib" / "libcaption.so")
    symbols = [line.split(maxsplit=2)[2] for line in names.splitlines()]
    assert any(symbol.startswith("caption::load_captioner(") for symbol in symbols)
    for symbol in symbols:
        # Instances of the standard library's templates are shared by all libraries of a program.
        assert re.search(r"\bcaption::(Error|Captioner|\w*Scheduler|\w*Stream|load_captioner|error_code|concerns_one_image)\b|\bstd::|__gnu_cxx", symbol), symbol


def test_the_tree_is_small_and_does_without_libtorch(tree):
    files = [file for file in tree.rglob("*") if file.is_file() and not file.is_symlink()]
    assert not [file for file in files if "torch" in file.name], "an installation for the CPU holds LibTorch"
    models = tree / "share" / "caption" / "models"
    assert sum(file.stat().st_size for file in files if models not in file.parents) < 25e6
