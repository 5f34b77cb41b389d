"""What is measured: engines, precisions and settings, and the jobs that they make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

PRECISIONS = ("fp32", "bf16", "int8")  # from the finest to the coarsest
OURS = "caption"
PUBLISHED = "published script"


@dataclass(frozen=True)
class Setting:
    """So many images at a time, searched with so many beams; 1 beam is greedy."""

    title: str
    batch: int
    beam: int


SETTINGS = {
    "one-greedy": Setting("one image, greedy", 1, 1),
    "one-beam": Setting("one image, beam 5", 1, 5),
    "batch-greedy": Setting("batch 32, greedy", 32, 1),
    "batch-beam": Setting("batch 16, beam 5", 16, 5),
}


@dataclass(frozen=True)
class Job:
    """One process: an engine, which part of the way it goes, and the sizes. `beam` is 0 where only the encoder runs.

    Parts: "encode" is pixels -> prefix (encoder and mapper), "decode" is prefix -> token ids, "whole" is both.
    """

    engine: str
    part: str
    precision: str
    batch: int
    beam: int

    def __str__(self) -> str:
        size = "one image" if self.batch == 1 else f"batch {self.batch}"
        search = {0: "", 1: ", greedy"}.get(self.beam, f", beam {self.beam}")
        return f"{self.engine} {self.part} {self.precision}, {size}{search}"


ENCODERS = {"transformers": ("fp32", "bf16"), "onnxruntime": ("fp32", "int8"), "openvino": ("fp32", "bf16")}
DECODERS = {"transformers": ("fp32", "bf16"), "ctranslate2": ("fp32", "int8"), "llama.cpp": PRECISIONS}
GREEDY_ONLY = ("llama.cpp",)
ENGINES = tuple(dict.fromkeys((PUBLISHED, *ENCODERS, *DECODERS, OURS)))

# Why there is nothing to measure, where a reader would look for it.
ABSENT = {
    "llama.cpp": "llama.cpp has no beam search.",
    "ctranslate2": "CTranslate2 computes in fp32 and int8 on a CPU, not in bf16.",
    "openvino": "OpenVINO's own int8 needs a calibrated model, which is not made here.",
    PUBLISHED: "The published script takes one image at a time, in fp32.",
}


def jobs_of(setting: Setting, precision: str) -> Iterator[Job]:
    """All jobs of one column and precision, ours last."""
    if precision == "fp32" and setting.batch == 1:
        yield Job(PUBLISHED, "whole", precision, setting.batch, setting.beam)
    for engine, precisions in ENCODERS.items():
        if precision in precisions:
            yield Job(engine, "encode", precision, setting.batch, 0)
    for engine, precisions in DECODERS.items():
        if precision in precisions and not (engine in GREEDY_ONLY and setting.beam > 1):
            yield Job(engine, "decode", precision, setting.batch, setting.beam)
    yield Job(OURS, "whole", precision, setting.batch, setting.beam)


@dataclass(frozen=True)
class Selection:
    """What of everything is to run, by names."""

    engines: tuple[str, ...] = ENGINES
    precisions: tuple[str, ...] = PRECISIONS
    settings: tuple[str, ...] = tuple(SETTINGS)

    def jobs(self, number: int) -> list[Job]:
        """The jobs of a round, each once. Engines take turns within a setting, and who begins changes by the round, so that
        what else the machine does meets all of them alike."""
        found: dict[Job, None] = {}
        for name in self.settings:
            for precision in self.precisions:
                jobs = [job for job in jobs_of(SETTINGS[name], precision) if job.engine in self.engines]
                first = number % len(jobs) if jobs else 0
                found |= dict.fromkeys(jobs[first:] + jobs[:first])
        return list(found)
