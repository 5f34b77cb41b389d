"""What the jobs gave, and what follows from it: medians, the best peer parts, ratios, equal tokens."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from jobs import DECODERS, ENCODERS, OURS, PRECISIONS, PUBLISHED, Job, Setting

Rounds = dict[int, float]  # milliseconds per image by the number of the round


@dataclass(frozen=True)
class Summary:
    """Milliseconds per image over the rounds."""

    median: float
    min: float
    max: float


def summary(rounds: Rounds) -> Summary:
    if not rounds:
        raise ValueError("no rounds to summarise")
    values = rounds.values()
    return Summary(statistics.median(values), min(values), max(values))


def added(one: Rounds, other: Rounds) -> Rounds:
    """The sums of the rounds that both have."""
    return {number: one[number] + other[number] for number in one if number in other}


# A peer that takes so many times what another one of that part does is not run again: it cannot become the best one.
HOPELESS = 4


@dataclass
class Results:
    """Every job's rounds, the tokens it gave (of the first round), and what went wrong."""

    rounds: dict[Job, Rounds] = field(default_factory=dict)
    tokens: dict[Job, list[list[int]]] = field(default_factory=dict)
    errors: dict[Job, str] = field(default_factory=dict)
    deviations: dict[Job, float] = field(default_factory=dict)  # of a prefix, as a share of its largest component
    hopeless: dict[Job, str] = field(default_factory=dict)  # why one round, or none, was enough

    def add(self, job: Job, number: int, answer: dict) -> None:
        """`answer`: "ms", the milliseconds per image of each repetition; "tokens" or "deviation"; of our own jobs "parts"."""
        self.rounds.setdefault(job, {})[number] = statistics.median(answer["ms"])
        for part, ms in answer.get("parts", {}).items():
            own = replace(job, part=part, beam=0 if part == "encode" else job.beam)
            self.rounds.setdefault(own, {})[number] = ms
        if "tokens" in answer:
            first = self.tokens.setdefault(job, answer["tokens"])
            if answer["tokens"] != first:
                self.errors[job] = f"round {number + 1} gave other tokens than the first"
        if "deviation" in answer:
            self.deviations[job] = answer["deviation"]

    def leave_out_hopeless(self) -> None:
        """Of the peers, after a round."""
        for job in [job for job in self.rounds if job.engine != OURS and job not in self.hopeless]:
            rivals = [statistics.median(rounds.values()) for other, rounds in self.rounds.items()
                      if other.engine not in (OURS, job.engine) and (other.part, other.batch, other.beam) == (job.part, job.batch, job.beam)
                      and other not in self.errors and PRECISIONS.index(other.precision) <= PRECISIONS.index(job.precision)]
            took = statistics.median(self.rounds[job].values())
            if rivals and took > HOPELESS * min(rivals):
                self.hopeless[job] = (f"{job}: {took:.0f} ms per image, {took / min(rivals):.0f} times that of the fastest one: "
                                      "not run again after the first round")

    def emulated(self, job: Job) -> str | None:
        """Why a job need not be tried: with other sizes, its engine took many times what it takes itself in fp32, so that the
        processor lacks what the type needs."""
        if job.engine == OURS:
            return None
        for other, rounds in self.rounds.items():
            if (other.engine, other.part, other.precision) != (job.engine, job.part, job.precision):
                continue
            finest = self.rounds.get(replace(other, precision=PRECISIONS[0]))
            if not finest:
                continue
            took, own = statistics.median(rounds.values()), statistics.median(finest.values())
            if took > HOPELESS * own:
                return (f"{job}: not tried, as with other sizes ({other}) {took:.0f} ms per image are {took / own:.0f} times those "
                        f"in {PRECISIONS[0]}: this processor has no instructions for it")
        return None

    def as_json(self) -> list[dict]:
        jobs = dict.fromkeys([*self.rounds, *self.errors])
        return [{**vars(job), "ms_per_image": list(self.rounds.get(job, {}).values()), "tokens": self.tokens.get(job),
                 "deviation": self.deviations.get(job), "error": self.errors.get(job)} for job in jobs]


@dataclass(frozen=True)
class Best:
    """The fastest encoder and the fastest decoder, one after the other."""

    encoder: Job
    decoder: Job
    ms: Summary


def fastest(results: Results, jobs: Iterable[Job]) -> Job | None:
    done = [job for job in jobs if results.rounds.get(job) and job not in results.errors]
    return min(done, key=lambda job: summary(results.rounds[job]).median, default=None)


def best_parts(results: Results, setting: Setting, precision: str) -> Best | None:
    """Who accepts a precision accepts a finer one too: parts of that precision or a finer one compete."""
    allowed = PRECISIONS[:PRECISIONS.index(precision) + 1]
    encoder = fastest(results, (Job(e, "encode", p, setting.batch, 0) for e in ENCODERS for p in allowed))
    decoder = fastest(results, (Job(e, "decode", p, setting.batch, setting.beam) for e in DECODERS for p in allowed))
    if encoder is None or decoder is None:
        return None
    both = added(results.rounds[encoder], results.rounds[decoder])
    return Best(encoder, decoder, summary(both)) if both else None


def ratio(results: Results, setting: Setting, precision: str) -> float | None:
    """Our median as a share of the best peer parts'; below 1 we are faster."""
    best = best_parts(results, setting, precision)
    ours = results.rounds.get(Job(OURS, "whole", precision, setting.batch, setting.beam))
    return summary(ours).median / best.ms.median if best and ours else None


@dataclass(frozen=True)
class Check:
    """Whether a job's tokens are those of the reference, image by image. Only where `asserted` must they be."""

    job: Job
    same: int
    images: int
    asserted: bool

    @property
    def good(self) -> bool:
        return self.same == self.images or not self.asserted


def reference_job(setting: Setting) -> Job:
    return Job("transformers", "decode", "fp32", setting.batch, setting.beam)


def check_tokens(results: Results, setting: Setting) -> list[Check]:
    """Compares with transformers in fp32: same weights, same prefix. Ours and the published script's sums in fp32 must give
    the same tokens; the other engines round inside, or are of another precision, and are counted."""
    reference = results.tokens.get(reference_job(setting))
    checks = []
    for job, tokens in results.tokens.items():
        if reference is None or (job.batch, job.beam) != (setting.batch, setting.beam) or job == reference_job(setting):
            continue
        same = sum(one == other for one, other in zip(tokens, reference))
        asserted = job.precision == "fp32" and job.engine in (OURS, PUBLISHED)
        checks.append(Check(job, same, max(len(tokens), len(reference)), asserted))
    return sorted(checks, key=lambda check: (not check.asserted, PRECISIONS.index(check.job.precision), check.job.engine))
