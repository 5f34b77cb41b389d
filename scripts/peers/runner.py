"""Runs the jobs, each in a process of its own, round by round."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from inputs import Files, fill
from jobs import OURS, Job, Selection
from records import Results

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Plan:
    """What all jobs have in common."""

    python: Path
    weights: Path
    binary: Path
    images: list[Path]
    threads: int = 2
    tokens: int = 12
    repeat: int = 5
    lock: Path | None = None
    timeout: float = 600  # seconds


class JobFailed(Exception):
    pass


def command(plan: Plan, job: Job) -> list[str]:
    sizes = ["--batch", job.batch, "--tokens", plan.tokens, "--threads", plan.threads, "--repeat", plan.repeat]
    if job.engine == OURS:
        images = [plan.images[i] for i in fill(job.batch, len(plan.images))]
        words = [plan.binary, "bench", "--model", Files(plan.weights).bundle, "--precision", job.precision,
                 "--beam", job.beam, *sizes, "--no-peaks", "--json", *images]
    else:
        words = [plan.python, "-W", "ignore", HERE / "worker.py", job.engine, job.part, job.precision,
                 "--weights", plan.weights, "--beam", max(job.beam, 1), *sizes]
    return [str(word) for word in words]


def read_ours(line: str) -> dict:
    """What `caption bench --json` prints -> a worker's answer, with the milliseconds of the peers' "parts", too."""
    report = json.loads(line)
    stages = {stage["name"]: stage["ms_per_image"]["median"] for stage in report["stages"]}
    return {"ms": [report["caption_ms_per_image"]["median"]], "tokens": [c["tokens"] for c in report["captions"]],
            "parts": {"encode": stages["encode"] + stages["map"],
                      "decode": stages["prefill"] + stages["step"] + stages["search"]}}


@contextlib.contextmanager
def locked(path: Path | None) -> Iterator[None]:
    """Holds the lock while nothing else that asks for it may run."""
    if path is None:
        yield
        return
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run_job(plan: Plan, job: Job) -> dict:
    """-> what the process printed. Throws JobFailed with what it said last."""
    environment = os.environ | {"OMP_NUM_THREADS": str(plan.threads), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    try:
        with locked(plan.lock):
            done = subprocess.run(command(plan, job), capture_output=True, text=True, env=environment, timeout=plan.timeout)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise JobFailed(str(error)) from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["nothing said"]
        raise JobFailed(f"exit status {done.returncode}: {said[-1]}")
    try:
        return read_ours(done.stdout) if job.engine == OURS else json.loads(done.stdout)
    except (ValueError, KeyError) as error:
        raise JobFailed(f"what it printed is no result: {error!r}") from error


class Runner:
    """Runs rounds and keeps what came out, up to an interrupt. A job that failed once is not tried again."""

    def __init__(self, plan: Plan, say: Callable[[str], None], unable: dict[str, str]):
        self.plan, self.say = plan, say
        self.unable = unable  # engine -> why it cannot run
        self.results = Results()
        self.interrupted = False

    def run(self, selection: Selection, rounds: int) -> Results:
        try:
            for number in range(rounds):
                jobs = selection.jobs(number)
                for place, job in enumerate(jobs, start=1):
                    self.run_one(job, number, f"round {number + 1} of {rounds}, {place} of {len(jobs)}")
                self.results.leave_out_hopeless()
        except KeyboardInterrupt:
            self.interrupted = True
        return self.results

    def run_one(self, job: Job, number: int, where: str) -> None:
        if job.engine in self.unable:
            self.results.errors[job] = self.unable[job.engine]
        if job in self.results.errors or job in self.results.hopeless:
            return
        if not self.results.rounds.get(job) and (reason := self.results.emulated(job)):
            self.results.hopeless[job] = reason
            self.say(f"{where}: {reason}")
            return
        try:
            self.results.add(job, number, run_job(self.plan, job))
        except JobFailed as error:
            self.results.errors[job] = str(error)
            self.say(f"{where}: {job}: failed: {error}")
        else:
            self.say(f"{where}: {job}: {self.results.rounds[job][number]:.1f} ms per image")
