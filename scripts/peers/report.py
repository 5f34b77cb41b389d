"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Callable

from jobs import ABSENT, DECODERS, ENCODERS, OURS, PRECISIONS, PUBLISHED, SETTINGS, Job, Selection, Setting
from records import Check, Results, Summary, best_parts, check_tokens, ratio, reference_job, summary

NONE = "–"
BEST = "best peer parts"


def show(value: Summary) -> str:
    """Median, and from the least to the most."""
    digits = 0 if value.median >= 100 else 1
    return f"{value.median:.{digits}f} ({value.min:.{digits}f} to {value.max:.{digits}f})"


class Report:
    def __init__(self, results: Results, selection: Selection):
        self.results = results
        self.settings = [SETTINGS[name] for name in selection.settings]
        self.selection = selection
        self.failures: list[str] = []  # what the marks "failed [n]" stand for

    def cell(self, job: Job) -> str:
        if job in self.results.errors:
            text = self.results.errors[job]
            if text not in self.failures:
                self.failures.append(text)
            return f"**failed** [{self.failures.index(text) + 1}]"
        rounds = self.results.rounds.get(job)
        return show(summary(rounds)) if rounds else NONE

    def row(self, title: str, of: Callable[[Setting], str]) -> str:
        return "| " + " | ".join([title, *(of(setting) for setting in self.settings)]) + " |"

    def head(self, title: str) -> list[str]:
        return [self.row(title, lambda setting: setting.title), "|" + " --- |" * (len(self.settings) + 1)]

    def best_cell(self, setting: Setting, precision: str) -> str:
        best = best_parts(self.results, setting, precision)
        if best is None:
            return NONE
        names = [job.engine if job.precision == precision else f"{job.engine} {job.precision}"
                 for job in (best.encoder, best.decoder)]
        return f"{show(best.ms)}<br>{names[0]} + {names[1]}"

    def ratio_cell(self, setting: Setting, precision: str) -> str:
        value = ratio(self.results, setting, precision)
        return NONE if value is None else f"**{value:.2f}**"

    def whole(self) -> list[str]:
        lines = self.head("milliseconds per image")
        if "fp32" in self.selection.precisions:
            lines.append(self.row(PUBLISHED, lambda s: self.cell(Job(PUBLISHED, "whole", "fp32", s.batch, s.beam))))
        for p in self.selection.precisions:
            lines.append(self.row(f"{BEST}, {p}", lambda s, p=p: self.best_cell(s, p)))
            lines.append(self.row(f"{OURS}, {p}", lambda s, p=p: self.cell(Job(OURS, "whole", p, s.batch, s.beam))))
            lines.append(self.row(f"{OURS} / best, {p}", lambda s, p=p: self.ratio_cell(s, p)))
        return lines

    def parts(self, title: str, part: str, engines: dict[str, tuple[str, ...]]) -> list[str]:
        lines = self.head(title)
        for precision in self.selection.precisions:
            for engine, precisions in (engines | {OURS: PRECISIONS}).items():
                if precision in precisions and engine in self.selection.engines:
                    lines.append(self.row(f"{engine}, {precision}", lambda s, e=engine, p=precision: self.cell(
                        Job(e, part, p, s.batch, 0 if part == "encode" else s.beam))))
        return lines if len(lines) > 2 else []

    def checks(self) -> list[str]:
        lines = ["| the same tokens as transformers in fp32 | setting | images | |", "| --- | --- | --- | --- |"]
        for setting in self.settings:
            if reference_job(setting) not in self.results.tokens:
                lines.append(f"| {NONE} | {setting.title} | {NONE} | not compared: transformers in fp32 did not run |")
            for check in check_tokens(self.results, setting):
                lines.append(f"| {check.job.engine} {check.job.precision} | {setting.title} | {check.same} of {check.images} | "
                             f"{verdict(check)} |")
        return lines

    def deviations(self) -> list[str]:
        largest: dict[str, float] = {}
        for job, value in self.results.deviations.items():
            name = f"{job.engine} {job.precision}"
            largest[name] = max(largest.get(name, 0), value)
        return [f"{name} {value:.1e}" for name, value in largest.items()]

    def markdown(self, machine: dict, versions: dict[str, str], sizes: str) -> str:
        sections = [self.whole(), self.parts("encoder and mapper alone", "encode", ENCODERS),
                    self.parts("decoding alone", "decode", DECODERS), self.checks(), self.notes()]
        where = (f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB; "
                 f"{' '.join(machine['instructions'])}. {machine['system']}. {sizes}.")
        what = ", ".join(f"{package} {version}" for package, version in versions.items()) + "."
        return "\n\n".join(["\n".join(section) for section in sections if section] + [where, what]) + "\n"

    def notes(self) -> list[str]:
        notes = [
            "Encoder, mapper and decoding; reading images and loading models are apart. Medians over the rounds, from the "
            "least to the most. \"Best peer parts\" is the fastest encoder and the fastest decoder of that precision or a finer "
            "one, added round by round.",
            "Every engine writes exactly the given number of tokens. CTranslate2 takes no embeddings: the prefixes are embeddings "
            "of tokens of their own, behind the vocabulary, so that it computes what the others do (in int8 they are rounded, "
            "too). llama.cpp's fp32 looks GELU up in a table of half precision, so its tokens are counted, not asserted.",
            *ABSENT.values(),
        ]
        if self.results.deviations:
            notes.append("Largest difference of a prefix from that of transformers in fp32, as a share of the largest component: "
                         + ", ".join(self.deviations()) + ".")
        notes += self.results.hopeless.values()
        notes += [f"[{number}] {text}" for number, text in enumerate(self.failures, start=1)]
        return [f"- {note}" for note in notes]


def verdict(check: Check) -> str:
    if check.asserted:
        return "as must be" if check.good else "**must be the same**"
    return "counted" if check.job.precision == "fp32" else "another precision: counted"


def whole(results: Results, engine: str, setting: Setting, precision: str) -> Summary | None:
    rounds = results.rounds.get(Job(engine, "whole", precision, setting.batch, setting.beam))
    return summary(rounds) if rounds else None


def bars(results: Results, selection: Selection) -> list[dict]:
    """What the plot shows, setting by setting."""
    panels = []
    for setting in (SETTINGS[name] for name in selection.settings):
        found = []
        for precision in selection.precisions:
            best = best_parts(results, setting, precision)
            values = {PUBLISHED: whole(results, PUBLISHED, setting, precision), BEST: best and best.ms,
                      OURS: whole(results, OURS, setting, precision)}
            found += [{"name": name, "precision": precision, **vars(value)} for name, value in values.items() if value]
        panels.append({"title": setting.title, "bars": found})
    return panels
