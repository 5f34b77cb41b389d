"""The comparison with other engines (scripts/peers): what it makes of figures, tokens and failures, without any of them."""

import dataclasses
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts" / "peers"))
import environment  # noqa: E402
import machine  # noqa: E402
import records  # noqa: E402
import report  # noqa: E402
import runner  # noqa: E402
from inputs import fill, list_images  # noqa: E402
from jobs import ENGINES, OURS, PUBLISHED, SETTINGS, Job, Selection  # noqa: E402

GREEDY, BEAM = SETTINGS["batch-greedy"], SETTINGS["batch-beam"]
TOKENS = [[5, 6, 7], [8, 9, 10]]


def encoder(engine: str, precision: str = "fp32") -> Job:
    return Job(engine, "encode", precision, GREEDY.batch, 0)


def decoder(engine: str, precision: str = "fp32") -> Job:
    return Job(engine, "decode", precision, GREEDY.batch, GREEDY.beam)


def ours(precision: str = "fp32") -> Job:
    return Job(OURS, "whole", precision, GREEDY.batch, GREEDY.beam)


def results_of(figures: dict[Job, list[float]]) -> records.Results:
    """One number per round."""
    results = records.Results()
    for job, values in figures.items():
        for number, value in enumerate(values):
            results.add(job, number, {"ms": [value]})
    return results


@pytest.fixture
def results() -> records.Results:
    return results_of({
        encoder("onnxruntime"): [40, 44, 42], encoder("openvino"): [50, 30, 60], encoder("openvino", "bf16"): [20, 22, 21],
        decoder("transformers"): [60, 61, 62], decoder("llama.cpp"): [50, 58, 51], decoder("llama.cpp", "bf16"): [70, 70, 70],
        ours(): [80, 70, 75], ours("bf16"): [36, 37, 38],
    })


def test_a_round_is_the_median_of_its_repetitions_and_a_job_that_of_its_rounds():
    results = records.Results()
    results.add(ours(), 0, {"ms": [9, 1, 2]})
    results.add(ours(), 1, {"ms": [5, 4, 100]})
    results.add(ours(), 2, {"ms": [3]})
    assert results.rounds[ours()] == {0: 2, 1: 5, 2: 3}
    assert records.summary(results.rounds[ours()]) == records.Summary(3, 2, 5)
    with pytest.raises(ValueError, match="no rounds"):
        records.summary({})


def test_the_best_parts_are_added_round_by_round(results):
    best = records.best_parts(results, GREEDY, "fp32")
    assert (best.encoder, best.decoder) == (encoder("onnxruntime"), decoder("llama.cpp"))
    assert best.ms == records.Summary(93, 90, 102)
    assert records.ratio(results, GREEDY, "fp32") == pytest.approx(75 / 93)


def test_a_finer_part_competes_and_a_coarser_does_not(results):
    best = records.best_parts(results, GREEDY, "bf16")
    assert (best.encoder, best.decoder) == (encoder("openvino", "bf16"), decoder("llama.cpp"))
    results.add(decoder("ctranslate2", "int8"), 0, {"ms": [1]})
    assert records.best_parts(results, GREEDY, "bf16").decoder == decoder("llama.cpp")
    assert records.best_parts(results, GREEDY, "int8").decoder == decoder("ctranslate2", "int8")


def test_a_failed_part_is_never_the_best(results):
    results.errors[decoder("llama.cpp")] = "exit status 1"
    assert records.best_parts(results, GREEDY, "fp32").decoder == decoder("transformers")
    results.errors[decoder("transformers")] = "exit status 1"
    assert records.best_parts(results, GREEDY, "fp32") is None and records.ratio(results, GREEDY, "fp32") is None


def test_other_sizes_are_not_mixed_in(results):
    assert records.best_parts(results, BEAM, "fp32") is None
    results.add(dataclasses.replace(decoder("ctranslate2"), beam=5), 0, {"ms": [1]})
    assert records.best_parts(results, GREEDY, "fp32").decoder == decoder("llama.cpp")


def with_tokens(tokens: dict[Job, list[list[int]]]) -> records.Results:
    results = records.Results()
    for job, ids in tokens.items():
        results.add(job, 0, {"ms": [1], "tokens": ids})
    return results


def test_tokens_of_equal_arithmetic_must_be_the_same():
    other = [TOKENS[0], [8, 9, 11]]
    results = with_tokens({decoder("transformers"): TOKENS, ours(): other, ours("int8"): other, decoder("llama.cpp"): other})
    checks = {(check.job.engine, check.job.precision): check for check in records.check_tokens(results, GREEDY)}
    assert set(checks) == {(OURS, "fp32"), (OURS, "int8"), ("llama.cpp", "fp32")}
    assert all((check.same, check.images) == (1, 2) for check in checks.values())
    assert [name for name, check in checks.items() if not check.good] == [(OURS, "fp32")]
    assert records.check_tokens(results, BEAM) == []


def test_too_few_captions_are_a_difference():
    results = with_tokens({decoder("transformers"): TOKENS, ours(): TOKENS[:1]})
    assert not records.check_tokens(results, GREEDY)[0].good
    results = with_tokens({decoder("transformers"): TOKENS, ours(): TOKENS})
    assert records.check_tokens(results, GREEDY)[0].good


def test_tokens_that_change_between_rounds_are_an_error():
    results = with_tokens({ours(): TOKENS})
    results.add(ours(), 1, {"ms": [1], "tokens": TOKENS})
    assert not results.errors
    results.add(ours(), 2, {"ms": [1], "tokens": TOKENS[::-1]})
    assert "round 3" in results.errors[ours()]


def test_the_table_has_figures_ratios_and_every_failure(results):
    results.errors[encoder("transformers")] = "exit status 1: no memory"
    results.errors[decoder("ctranslate2")] = "ctranslate2 4 could not be installed"
    text = report.Report(results, Selection(settings=("batch-greedy",))).markdown(
        {"processor": "P", "cores": 2, "memory_gb": 8, "instructions": ["avx2"], "system": "S"}, {"torch": "2"}, "2 threads")
    first, *parts = text.split("\n\n")
    rows = dict(line.strip("| ").split(" | ", 1) for line in first.splitlines())
    assert rows["best peer parts, fp32"] == "93.0 (90.0 to 102.0)<br>onnxruntime + llama.cpp"
    assert rows["best peer parts, bf16"].endswith("openvino + llama.cpp fp32")
    assert rows["caption, fp32"] == "75.0 (70.0 to 80.0)"
    assert rows["caption / best, fp32"] == "**0.81**"
    assert rows["caption, int8"] == rows["caption / best, int8"] == report.NONE
    assert "| onnxruntime, fp32 | 42.0 (40.0 to 44.0) |" in parts[0] and "| llama.cpp, bf16 | 70.0 (70.0 to 70.0) |" in parts[1]
    assert "[1] exit status 1: no memory" in text and "[2] ctranslate2 4 could not be installed" in text
    assert text.count("**failed** [1]") == text.count("**failed** [2]") == 1
    assert "not compared: transformers in fp32 did not run" in text


def test_the_plot_shows_what_the_table_does(results):
    panel, = report.bars(results, Selection(settings=("batch-greedy",), precisions=("fp32", "int8")))
    assert [(bar["name"], bar["precision"], bar["median"]) for bar in panel["bars"]] == [
        (report.BEST, "fp32", 93), (OURS, "fp32", 75), (report.BEST, "int8", 72)]


def test_each_round_has_every_job_once_and_another_order():
    everything = Selection()
    first, second = everything.jobs(0), everything.jobs(1)
    assert len(set(first)) == len(first) and set(first) == set(second) and first != second
    assert {job.engine for job in first} == set(ENGINES)
    assert not any(job.engine == "llama.cpp" and job.beam > 1 for job in first)
    assert all(job.batch == 1 and job.precision == "fp32" for job in first if job.engine == PUBLISHED)
    part = Selection((OURS,), ("int8",), ("one-beam",))
    assert part.jobs(3) == [Job(OURS, "whole", "int8", 1, 5)]
    assert Selection(("openvino",), ("int8",)).jobs(1) == []


@pytest.fixture
def plan(tmp_path) -> runner.Plan:
    return runner.Plan(Path("/python"), tmp_path, tmp_path / "program", [Path("a.jpg"), Path("b.jpg")], lock=tmp_path / "lock")


def run(plan: runner.Plan, selection: Selection, rounds: int, unable: dict[str, str] | None = None) -> records.Results:
    return runner.Runner(plan, lambda text: None, unable or {}).run(selection, rounds)


def program(plan: runner.Plan, text: str) -> None:
    plan.binary.write_text("#!/bin/sh\n" + text)
    plan.binary.chmod(0o755)


def test_our_program_is_asked_and_read(plan):
    names = ["encode", "map", "prefill", "step", "search"]
    stages = [{"name": name, "ms_per_image": {"median": i}} for i, name in enumerate(names)]
    answer = {"caption_ms_per_image": {"median": 10}, "stages": stages, "captions": [{"tokens": ids} for ids in TOKENS]}
    program(plan, f'echo "$@" >"{plan.weights}/arguments"\necho \'{json.dumps(answer)}\'\n')
    results = run(plan, Selection((OURS,), ("int8",), ("batch-beam",)), 2)
    job = Job(OURS, "whole", "int8", 16, 5)
    assert results.rounds == {job: {0: 10, 1: 10}, Job(OURS, "encode", "int8", 16, 0): {0: 1, 1: 1},
                              Job(OURS, "decode", "int8", 16, 5): {0: 9, 1: 9}}
    assert results.tokens == {job: TOKENS} and not results.errors
    words = (plan.weights / "arguments").read_text()
    assert "--precision int8 --beam 5 --batch 16 --tokens 12 --threads 2" in words
    assert words.split()[-16:] == ["a.jpg", "b.jpg"] * 8


@pytest.mark.parametrize("text, message", [
    ("echo out of memory >&2; exit 3", "exit status 3: out of memory"),
    ("exit 4", "exit status 4"),
    ("echo 1, 2", "no result"),
    ("echo '{}'", "no result"),
])
def test_a_failure_is_named_and_not_repeated(plan, text, message):
    program(plan, f'echo x >>"{plan.weights}/runs"\n{text}\n')
    results = run(plan, Selection((OURS,), ("fp32",), ("one-greedy",)), 3)
    job = Job(OURS, "whole", "fp32", 1, 1)
    assert message in results.errors[job] and job not in results.rounds
    assert (plan.weights / "runs").read_text() == "x\n"


def test_what_cannot_run_is_named(plan):
    results = run(plan, Selection(("llama.cpp",), ("bf16",), ("one-greedy",)), 1, {"llama.cpp": "no compiler"})
    assert results.errors == {Job("llama.cpp", "decode", "bf16", 1, 1): "no compiler"}
    missing = run(plan, Selection((OURS,), ("bf16",), ("one-greedy",)), 1)
    assert "No such file" in missing.errors[Job(OURS, "whole", "bf16", 1, 1)]


def test_an_interrupt_keeps_what_there_is(plan, monkeypatch):
    answers = iter([{"ms": [7]}])

    def run_job(plan, job):
        for answer in answers:
            return answer
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run_job", run_job)
    runs = runner.Runner(plan, lambda text: None, {})
    job = Job(OURS, "whole", "int8", 1, 1)
    assert runs.run(Selection((OURS,), ("int8",), ("one-greedy",)), 3).rounds == {job: {0: 7}} and runs.interrupted


def test_a_hopeless_peer_is_not_run_again_and_said_so(plan, monkeypatch):
    runs = []

    def run_job(plan, job):
        runs.append(job)
        return {"ms": [2000 if (job.engine, job.precision) == ("transformers", "bf16") else 100], "parts": {}}

    monkeypatch.setattr(runner, "run_job", run_job)
    selection = Selection(("transformers", "openvino", "llama.cpp", OURS), ("fp32", "bf16"), ("one-greedy",))
    results = run(plan, selection, 2)
    slow = {Job("transformers", "encode", "bf16", 1, 0), Job("transformers", "decode", "bf16", 1, 1)}
    assert set(results.hopeless) == slow
    assert {job for job in runs if runs.count(job) == 1} == slow
    text = report.Report(results, selection).markdown(
        {"processor": "P", "cores": 2, "memory_gb": 8, "instructions": [], "system": "S"}, {}, "")
    assert "transformers decode bf16, one image, greedy: 2000 ms per image, 20 times that of the fastest one: not run again" in text


def test_a_type_that_the_processor_lacks_is_tried_in_one_size_only(plan, monkeypatch):
    runs = []

    def run_job(plan, job):
        runs.append(job)
        return {"ms": [2000 if (job.engine, job.part, job.precision) == ("transformers", "decode", "bf16") else 100], "parts": {}}

    monkeypatch.setattr(runner, "run_job", run_job)
    selection = Selection(("transformers", OURS), ("fp32", "bf16"), ("one-greedy", "one-beam", "batch-greedy"))
    results = run(plan, selection, 2)
    tried = Job("transformers", "decode", "bf16", 1, 1)
    left_out = {Job("transformers", "decode", "bf16", 1, 5), Job("transformers", "decode", "bf16", 32, 1)}
    assert tried in runs and not left_out & set(runs) and left_out <= set(results.hopeless)
    assert {job for job in runs if job.part == "encode"} == {Job("transformers", "encode", p, b, 0) for p in ("fp32", "bf16")
                                                             for b in (1, 32)}
    assert results.hopeless[Job("transformers", "decode", "bf16", 32, 1)] == (
        "transformers decode bf16, batch 32, greedy: not tried, as with other sizes (transformers decode bf16, one image, greedy) "
        "2000 ms per image are 20 times those in fp32: this processor has no instructions for it")


class Installer(environment.Environment):
    """An environment in which some packages fail."""

    def __init__(self, folder: Path, bad: tuple[str, ...] = ()):
        super().__init__(folder)
        self.bad, self.asked = bad, []
        self.python.parent.mkdir(parents=True, exist_ok=True)
        self.python.touch()

    def install_one(self, package: str, version: str) -> str | None:
        self.asked.append(package)
        return "no compiler" if package in self.bad else None


def test_a_peer_that_cannot_be_installed_is_named_and_the_rest_go_on(tmp_path):
    installer = Installer(tmp_path, ("llama-cpp-python",))
    failed = installer.install(lambda text: None)
    assert list(failed) == ["llama.cpp"] and "no compiler" in failed["llama.cpp"]
    assert installer.asked == list(environment.pinned())
    assert "llama-cpp-python" not in installer.versions() and installer.versions()["torch"] == environment.pinned()["torch"]
    again = Installer(tmp_path)
    assert again.install(lambda text: None) == failed and again.asked == []
    with pytest.raises(SystemExit, match="torch"):
        Installer(tmp_path / "other", ("torch",)).install(lambda text: None)


def test_an_environment_without_pip_is_not_kept(tmp_path, monkeypatch):
    def create(folder, with_pip):
        folder.mkdir()
        raise environment.subprocess.CalledProcessError(1, "ensurepip")

    monkeypatch.setattr(environment.venv, "create", create)
    made = environment.Environment(tmp_path)
    with pytest.raises(SystemExit, match="python3-venv"):
        made.install(lambda text: None)
    assert not made.folder.exists()


def test_the_machine_is_described():
    text = "model name\t: AMD X\ncpu family\t: 25\nmodel\t\t: 17\nflags\t\t: fpu avx2 avx512f ssse3\n\nmodel name\t: other\n"
    assert machine.describe(text) == {"processor": "AMD X (cpu family 25, model 17)", "instructions": ["avx2", "avx512f"]}


def test_batches_repeat_the_images(tmp_path):
    assert fill(5, 2) == [0, 1, 0, 1, 0] and fill(2, 9) == [0, 1]
    (tmp_path / "b.JPG").touch(), (tmp_path / "a.png").touch(), (tmp_path / "c.txt").touch()
    assert [path.name for path in list_images([tmp_path])] == ["a.png", "b.JPG"]
    (tmp_path / "none").mkdir()
    with pytest.raises(ValueError, match="no image"):
        list_images([tmp_path / "none"])
