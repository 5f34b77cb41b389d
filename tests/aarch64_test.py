"""The kernels for 64-bit Arm: cross-compiled, and run in an emulator, where they must give the bits of the portable ones."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ["CAPTION_BUILD"]) / "aarch64"


def run(*command: object, **options) -> str:
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    assert done.returncode == 0, f"{' '.join(str(word) for word in command)}\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="module")
def program() -> Path:
    run("cmake", "-S", HERE / "aarch64", "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_SYSTEM_NAME=Linux",
        "-DCMAKE_SYSTEM_PROCESSOR=aarch64", "-DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++", "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror")
    run("cmake", "--build", BUILD)
    return BUILD / "test_kernels"


@pytest.mark.parametrize(("processor", "sets"), [
    ("cortex-a57", ["portable", "neon"]),  # has no instruction for int8
    ("max", ["portable", "neon", "neon_dot"]),
])
def test_kernels_give_the_portable_bits(program: Path, tmp_path: Path, processor: str, sets: list[str]) -> None:
    told = tmp_path / "told.json"
    run("qemu-aarch64", "-cpu", processor, program, f"--gtest_output=json:{told}")
    cases = [case for suite in json.loads(told.read_text())["testsuites"] for case in suite["testsuite"]]
    compared = next(case for case in cases if case["name"] == "EverySetOfThisProcessorGivesThePortableBits")
    assert [name for name, value in compared.items() if value == "compared"] == sets
