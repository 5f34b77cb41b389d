"""The peers' own Python environment: a venv with pinned packages from PyPI."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent / "requirements.txt"
# Packages that only some engines need; without any other nothing can be measured.
NEEDED_BY = {
    "onnx": ("onnxruntime", "openvino"),
    "onnxruntime": ("onnxruntime",),
    "openvino": ("openvino",),
    "ctranslate2": ("ctranslate2",),
    "gguf": ("llama.cpp",),
    "llama-cpp-python": ("llama.cpp",),
}
# llama-cpp-python comes as sources alone, and is compiled for this processor; its image encoders are not needed.
BUILD_OPTIONS = {"CMAKE_ARGS": "-DGGML_NATIVE=ON -DLLAVA_BUILD=OFF"}


def pinned() -> dict[str, str]:
    """Package -> version."""
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


class Environment:
    def __init__(self, folder: Path):
        self.folder = folder / "python"
        self.python = self.folder / "bin" / "python"
        self.notes = self.folder / "installed.json"  # package -> [version, error or None]

    def install(self, say) -> dict[str, str]:
        """Installs what is not there yet; a failed package is tried again when its version changes or the notes are deleted.
        -> engine -> why it cannot run"""
        if not self.python.exists():
            say(f"making a Python environment in {self.folder} (6 GB with all peers; llama.cpp is compiled, 10 minutes)")
            self.create()
        notes = json.loads(self.notes.read_text(encoding="utf-8")) if self.notes.exists() else {}
        failed: dict[str, str] = {}
        for package, version in pinned().items():
            if notes.get(package, [None])[0] != version:
                say(f"installing {package} {version}")
                notes[package] = [version, self.install_one(package, version)]
                self.notes.write_text(json.dumps(notes, indent=1), encoding="utf-8")
            error = notes[package][1]
            if error and package not in NEEDED_BY:
                raise SystemExit(f"bench_peers: {package} {version} could not be installed: {error}")
            for engine in NEEDED_BY.get(package, ()) if error else ():
                failed.setdefault(engine, f"{package} {version} could not be installed: {error} "
                                          f"(to try again, remove {self.notes})")
        return failed

    def create(self) -> None:
        try:
            venv.create(self.folder, with_pip=True)
        except (OSError, subprocess.CalledProcessError) as error:
            shutil.rmtree(self.folder, ignore_errors=True)  # without pip in it, it would be of no use later either
            raise SystemExit(f"bench_peers: no Python environment could be made ({error}); Debian has it in python3-venv") from error

    def install_one(self, package: str, version: str) -> str | None:
        """-> the last lines of what pip said, if it failed"""
        command = ["nice", "-n", "10", str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                   "--constraint", str(REQUIREMENTS), f"{package}=={version}"]
        done = subprocess.run(command, stdout=sys.stderr, stderr=subprocess.PIPE, text=True, env=os.environ | BUILD_OPTIONS)
        if done.returncode == 0:
            return None
        return " | ".join(done.stderr.strip().splitlines()[-3:]) or f"exit status {done.returncode}"

    def versions(self) -> dict[str, str]:
        """Of the installed packages that are pinned."""
        notes = json.loads(self.notes.read_text(encoding="utf-8"))
        return {package: version for package, (version, error) in notes.items() if not error}
