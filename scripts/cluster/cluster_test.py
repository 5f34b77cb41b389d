"""Spark and Ray for real, on this machine, with kills: no row is missing, none is double, and all equal the command line's.

Run by test_cluster, which makes the environment. CAPTION is the program.
"""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import parts  # noqa: E402
import plan  # noqa: E402
from slot import Settings  # noqa: E402

PROGRAM = os.environ["CAPTION"]
PICTURES = sorted((HERE.parents[1] / "models" / "photographs" / "pictures").glob("*.jpg"))
SERVE = ["--threads", "1"]


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A hundred pictures and some that are none."""
    folder = tmp_path_factory.mktemp("pictures")
    for i in range(100):
        shutil.copy(PICTURES[i % len(PICTURES)], folder / f"{i:03}.jpg")
    (folder / "cut.jpg").write_bytes(PICTURES[0].read_bytes()[:2000])
    (folder / "empty.png").write_bytes(b"")
    (folder / "050b.jpg").write_bytes(b"DEADLY")
    return folder


@pytest.fixture(scope="session")
def deadly(tmp_path_factory):
    """The program, but that it dies of one picture."""
    program = tmp_path_factory.mktemp("deadly") / "caption"
    program.write_text(f'#!/bin/bash\nexec "{sys.executable}" "{HERE}/deadly_program.py" "{PROGRAM}" "$@"\n')
    program.chmod(0o755)
    return program


@pytest.fixture(scope="session")
def expected(folder):
    """Rows, as the command line has them."""
    lines = subprocess.run([PROGRAM, "--json", folder], stdout=subprocess.PIPE, check=False).stdout.splitlines()
    rows = {}
    for record in map(json.loads, lines):
        error = record.get("error")
        rows[record["image"]] = {"path": record["image"], **{name: record.get(name) for name in ("caption", "score", "mean_logprob", "model")},
                                 "error": f"{error['code']}: {error['message']}" if error else None}
    dead = str(folder / "050b.jpg")
    rows[dead]["error"] = f"crashed: {dead}: the program died of it 2 times"
    return rows


def rows_of(output):
    files = sorted(Path(output).glob("part-*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def check(output, expected):
    rows = rows_of(output)
    paths = [row["path"] for row in rows]
    assert len(paths) == len(set(paths)) and sorted(paths) == sorted(expected)
    for row in rows:
        assert row == expected[row["path"]]
    assert not [name for name in os.listdir(output) if name.startswith(".part")]


def children(pid):
    """All processes below `pid` -> {pid: command line}"""
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rsplit(")", 1)[1].split()[1])
            found[int(status.parent.name)] = (parent, (status.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except (OSError, IndexError):
            continue
    below, todo = {}, [pid]
    while todo:
        parent = todo.pop()
        for child, (its_parent, command) in found.items():
            if its_parent == parent:
                below[child] = command
                todo.append(child)
    return below


def run_with_kills(command, output, kills, environment):
    """Runs `command`; kills a process of each pattern when the first parts are there."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, **environment}, cwd=HERE)
    killed = []
    for pattern in kills:
        have = len(list(Path(output).glob("part-*.parquet")))
        end = time.monotonic() + 240
        while time.monotonic() < end and process.poll() is None:
            victims = [pid for pid, its in children(process.pid).items() if pattern in its]
            if victims and len(list(Path(output).glob("part-*.parquet"))) > have:
                os.kill(victims[0], signal.SIGKILL)
                killed.append(pattern)
                break
            time.sleep(0.05)
    out, _ = process.communicate(timeout=600)
    return process.returncode, out.decode(errors="replace"), killed


def spark(source, output, program, master="local-cluster[2,1,1024]"):
    submit = Path(sys.executable).parent / "spark-submit"
    return [str(submit), "--master", master, "--conf", "spark.ui.enabled=false", "--conf", "spark.executor.memory=512m",
            str(HERE / "caption_spark.py"), str(source), str(output), "--program", str(program), "--tries", "2", "--part-size", "8", "--", *SERVE]


def spark_environment():
    import pyspark

    return {"SPARK_HOME": str(Path(pyspark.__file__).parent), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}


def test_spark_with_an_executor_and_programs_that_are_killed(folder, deadly, expected, tmp_path):
    kills = ["serve --stdin", "CoarseGrainedExecutorBackend", "serve --stdin"]
    code, out, killed = run_with_kills(spark(folder, tmp_path / "out", deadly), tmp_path / "out", kills, spark_environment())
    assert code == 0, out[-4000:]
    assert killed == kills
    check(tmp_path / "out", expected)


def test_spark_goes_on_where_its_driver_was_killed(folder, deadly, expected, tmp_path):
    output = tmp_path / "out"
    environment = {**os.environ, **spark_environment()}
    command = spark(folder, output, deadly, master="local[2]")
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    while len(list(output.glob("part-*.parquet"))) < 2:
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = {file: file.stat().st_mtime_ns for file in output.glob("part-*.parquet")}
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert b"pictures in" in done.stdout
    assert {file: file.stat().st_mtime_ns for file in before} == before
    check(output, expected)
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert b"0 pictures in 0 parts" in done.stdout


def test_ray_with_workers_and_programs_that_are_killed(folder, deadly, expected, tmp_path):
    command = [sys.executable, str(HERE / "caption_ray.py"), str(folder), str(tmp_path / "out"), "--program", str(deadly), "--tries", "2", "--part-size", "8", "--slots", "2",
               "--", *SERVE]
    kills = ["serve --stdin", "ray::MapWorker", "serve --stdin"]
    code, out, killed = run_with_kills(command, tmp_path / "out", kills, {"RAY_USAGE_STATS_ENABLED": "0"})
    assert code == 0, out[-4000:]
    assert killed == kills
    check(tmp_path / "out", expected)


def test_shards_and_parquet_give_the_captions_of_the_files(folder, expected, tmp_path):
    """By one slot, without a cluster: what a part is does not depend on who makes it."""
    files = sorted(folder.iterdir())[:30]
    shards = tmp_path / "shards"
    shards.mkdir()
    with tarfile.open(shards / "a.tar", "w") as shard:
        for file in files[:10]:
            shard.add(file, file.name)
            shard.addfile(tarfile.TarInfo(file.stem + ".txt"), io.BytesIO(b""))
    pq.write_table(pa.table({"path": [file.name for file in files[10:20]], "image": [file.read_bytes() for file in files[10:20]]}), shards / "b.parquet")
    pq.write_table(pa.table({"image": [{"bytes": file.read_bytes(), "path": file.name} for file in files[20:]], "label": range(10)}), shards / "c.parquet")
    settings = Settings(PROGRAM, tuple(SERVE))
    for part in plan.plan(str(shards), str(tmp_path / "out"), 10):
        assert parts.run(part, str(tmp_path / "out"), settings) == 10
    captions = {Path(row["path"]).name: row["caption"] for row in rows_of(tmp_path / "out")}
    assert captions == {file.name: expected[str(file)]["caption"] for file in files}


def test_what_is_no_parquet_file_of_pictures(tmp_path):
    settings = Settings(PROGRAM, tuple(SERVE))
    (tmp_path / "a.parquet").write_bytes(b"PAR1 nothing")
    pq.write_table(pa.table({"image": pa.array([None, PICTURES[0].read_bytes()], pa.binary())}), tmp_path / "b.parquet")
    pq.write_table(pa.table({"picture": [b""]}), tmp_path / "c.parquet")
    broken, holes, other = plan.plan(str(tmp_path), str(tmp_path / "out"), 10)
    assert parts.run(broken, str(tmp_path / "out"), settings) == 1 and parts.run(holes, str(tmp_path / "out"), settings) == 2
    rows = rows_of(tmp_path / "out")
    assert [bool(row["caption"]) for row in rows] == [False, False, True]
    assert rows[0]["error"].startswith("corrupt: ") and rows[1]["error"].startswith("unreadable: ") and rows[2]["path"].endswith("b.parquet/1")
    with pytest.raises(ValueError, match="'image'"):
        parts.run(other, str(tmp_path / "out"), settings)
