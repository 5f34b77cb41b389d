"""scripts/bench_scaling: which runs it makes and what it makes of them, with a program that only answers."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "bench_scaling"

# Answers like `caption bench`: encoding takes as many milliseconds as images are together, a step as many as there are beams.
PROGRAM = """#!{python}
import json, sys
arguments = sys.argv[1:]
value = lambda name: int(arguments[arguments.index(name) + 1])
if "--fail" in {extra!r}:
    sys.exit(3)
stage = lambda name, ms: {{"name": name, "ms_per_image": {{"median": ms, "min": ms, "max": ms}}}}
print(json.dumps({{"stages": [stage("decode", 9), stage("encode", value("--batch")), stage("step", value("--beam")),
                              stage("map", value("--tokens")), stage("prefill", value("--threads")), stage("search", 0)]}}))
"""


@pytest.fixture
def run(tmp_path):
    def run_with(*options, extra=""):
        program = tmp_path / "caption"
        program.write_text(PROGRAM.format(python=sys.executable, extra=extra))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return subprocess.run([sys.executable, SCRIPT, "--model", "photographs", "--binary", program, "--threads", "2", *options],
                              capture_output=True, text=True)

    return run_with


def test_each_axis_varies_alone(run):
    result = run()
    assert result.returncode == 0, result.stderr
    points = [json.loads(line) for line in result.stdout.splitlines()]
    varied = {"batch": "encode", "beam": "step", "tokens": "map", "threads": "prefill"}
    assert {point["option"] for point in points} == set(varied)
    for point in points:
        assert point["ms"][varied[point["option"]]] == point["value"]
        assert "decode" not in point["ms"]  # images are another matter
    for option, stage in varied.items():
        values = [point["value"] for point in points if point["option"] == option]
        assert values == sorted(set(values)) and len(values) > 1
        elsewhere = {point["ms"][stage] for point in points if point["option"] != option}
        assert len(elsewhere) <= 2


def test_a_failed_run_is_named(run):
    result = run(extra="--fail")
    assert result.returncode != 0
    assert "bench --model photographs" in result.stderr and "status 3" in result.stderr
