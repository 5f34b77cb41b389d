"""The command line itself: help, versions, mistakes and their messages."""

import re

import pytest


def test_help_goes_to_stdout_and_names_everything(fake):
    result = fake.run("--help")
    assert result.code == 0 and result.err == ""
    words = " ".join(result.text.split())
    for word in ["Usage:", "--model", "--beam", "--files-from", "Exit status:", "Examples:", "130", "./models", "from 1 to 1000; default 5"]:
        assert word in words
    assert max(map(len, result.lines)) <= 86
    assert fake.run("-h").text == result.text


def test_help_wins_over_a_missing_input_but_not_over_a_mistake(fake):
    assert fake.run("--beam", "3", "--help").code == 0
    assert fake.run("--bean", "--help").code in (0, 2)


def test_help_and_version_open_no_large_library(real):
    for arguments in [["--help"], ["--version"], ["models", "list"], ["models", "show", "photographs"], ["models", "--help"]]:
        trace = real.run(*arguments, LD_DEBUG="files")
        assert trace.code == 0 and "libc.so" in trace.err
        for library in ["libtorch", "libc10", "libopencv", "libsentencepiece"]:
            assert library not in trace.err


def test_version(fake):
    result = fake.run("--version")
    assert result.code == 0
    assert re.fullmatch(r"caption \d+\.\d+\.\d+ \(commit \w+\)\n", result.text)
    verbose = fake.run("--version", "--verbose")
    assert verbose.lines[:2] == result.lines + ["engine fake"]
    assert all(re.match("(model|origin|license) .", line) for line in verbose.lines[2:])


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "no input: name an image"),
        (["--json"], "no input"),
        (["--bean", "3", "a.jpg"], "unknown option '--bean' (did you mean '--beam'?)"),
        (["--temprature=2", "a.jpg"], "(did you mean '--temperature'?)"),
        (["--rec", "a.jpg"], "(did you mean '--recursive'?)"),
        (["-x", "a.jpg"], "unknown option '-x'"),
        (["--frobnicate", "a.jpg"], "unknown option '--frobnicate';"),
        (["--beam"], "--beam needs a value"),
        (["--output=", "a.jpg"], "--output: needs a value"),
        (["--output", "--json", "a.jpg"], "--output: needs a name, not '--json'"),
        (["--output", "", "a.jpg"], "--output: needs a name"),
        (["--beam", "0", "a.jpg"], "--beam: needs a whole number from 1 to 1000, not '0'"),
        (["--beam", "-1", "a.jpg"], "--beam: needs a whole number from 1 to 1000, not '-1'"),
        (["--beam", "five", "a.jpg"], "--beam: needs a whole number from 1 to 1000, not 'five'"),
        (["--beam", "5x", "a.jpg"], "not '5x'"),
        (["--beam", "2.5", "a.jpg"], "not '2.5'"),
        (["--beam", "99999999999999", "a.jpg"], "not '99999999999999'"),
        (["--max-tokens", "-5", "a.jpg"], "--max-tokens: needs a whole number from 0 to 100000"),
        (["--batch", "0", "a.jpg"], "--batch: needs a whole number from 1 to 4096"),
        (["--threads", "-2", "a.jpg"], "--threads: needs a whole number from 0 to 1024"),
        (["--temperature", "0", "a.jpg"], "--temperature: needs a number from 0.001 to 1000, not '0'"),
        (["--temperature", "nan", "a.jpg"], "not 'nan'"),
        (["--sample", "--top-p", "1.5", "a.jpg"], "--top-p: needs a number above 0, at most 1, not '1.5'"),
        (["--seed", "-1", "--sample", "a.jpg"], "--seed: needs a whole number from 0"),
        (["--max-megapixels", "0", "a.jpg"], "--max-megapixels: needs a number above 0, at most 100000"),
        (["--precision", "fp8", "a.jpg"], "--precision: needs fp32, fp16, bf16, int8 or auto, not 'fp8'"),
        (["--format", "json", "a.jpg"], "needs text, jsonl, csv or csv-safe, not 'json' (did you mean 'jsonl'?)"),
        (["--color", "sometimes", "a.jpg"], "--color: needs auto, always or never"),
        (["--device", "gpu", "a.jpg"], "--device needs auto, cpu, cuda or cuda:N, not 'gpu'"),
        (["--device", "cuda:x", "a.jpg"], "not 'cuda:x'"),
        (["--n-best", "6", "a.jpg"], "n-best is 6: without sampling it can be at most the beam width, 5"),
        (["--min-tokens", "5", "--max-tokens", "3", "a.jpg"], "the minimum of tokens is 5: it can be at most the maximum, 3; see 'caption --help'"),
        (["--stop", "", "a.jpg"], "stop text"),
        (["--top-k", "5", "a.jpg"], "--top-k is for sampling: add --sample"),
        (["--top-p", "0.5", "a.jpg"], "--top-p is for sampling: add --sample"),
        (["--seed", "1", "a.jpg"], "--seed is for sampling: add --sample"),
        (["--sample", "--beam", "3", "a.jpg"], "--beam does not go with --sample"),
        (["--sample", "--length-penalty", "2", "a.jpg"], "does not go with --sample"),
        (["--json", "--format", "csv", "a.jpg"], "it does not go with another --format"),
        (["--null", "a.jpg"], "--null is for --files-from and --failed"),
        (["-v", "--quiet", "a.jpg"], "--quiet does not go with --verbose"),
        (["--failed", "-", "a.jpg"], "--failed needs a file"),
        (["-", "-"], "standard input can be read once"),
        (["-", "--files-from", "-"], "standard input can be read once"),
        ([""], "an INPUT is empty"),
        (["help"], "did you mean '--help'?"),
        (["version"], "did you mean '--version'?"),
        (["model", "list"], "did you mean 'caption models list'?"),
        (["models"], "'caption models' needs list, show, verify, optimize, fetch, import, export or remove"),
        (["models", "lst"], "unknown command 'models lst' (did you mean 'list'?)"),
        (["models", "show"], "no model NAME given"),
        (["models", "list", "extra"], "unexpected argument 'extra'"),
        (["models", "list", "--jsn"], "(did you mean '--json'?)"),
        (["models", "import"], "--clip is missing"),
    ],
)
def test_mistakes_are_status_2_and_say_what_is_valid(fake, arguments, message):
    result = fake.run(*arguments)
    assert result.code == 2
    assert result.out == b""
    assert message in result.err
    assert result.err.startswith("caption: error: ")
    assert len(result.err.splitlines()) == 1


def test_the_last_of_a_repeated_option_counts(fake, images, tmp_path):
    log = tmp_path / "log"
    assert fake.run("--beam", "3", "--beam", "4", "a.jpg", FAKE_LOG=log).code == 0
    assert " beam 4 " in log.read_text()


def test_options_reach_the_engine(fake, images, tmp_path):
    log = tmp_path / "log"
    search = ["--beam", "7", "--n-best", "2", "--max-tokens", "9", "--length-penalty", "0.5", "--temperature", "0.25"]
    load = ["--threads", "3", "--device", "cpu", "--precision", "bf16"]
    assert fake.run(*search, *load, "a.jpg", FAKE_LOG=log).code == 0
    text = log.read_text()
    assert "load photographs device cpu threads 3 precision bf16" in text
    assert "beam 7 n_best 2 max_tokens 9 min_tokens 0 no_repeat_ngram model's stop sample 0" in text
    assert "temperature 0.250000" in text and "length_penalty 0.500000" in text

    sample = ["--sample", "--top-k", "11", "--top-p", "0.75", "--seed", "18446744073709551615", "--n-best", "9"]
    assert fake.run(*sample, "a.jpg", FAKE_LOG=log).code == 0
    text = log.read_text()
    assert "n_best 9 max_tokens 0 min_tokens 0 no_repeat_ngram model's stop sample 1 top_k 11 top_p 0.750000" in text
    assert "seed 18446744073709551615" in text


def test_stop_texts_are_kept_as_they_are(fake, images, tmp_path):
    log = tmp_path / "log"
    stops = ["--stop", " on", "--stop=,", "--stop", "[a,b]", "--stop", "-x", "--stop", "é\n"]
    assert fake.run(*stops, "--min-tokens", "3", "--no-repeat-ngram", "2", "a.jpg", FAKE_LOG=log).code == 0
    assert ' min_tokens 3 no_repeat_ngram 2 stop " on" "," "[a,b]" "-x" "é\n" sample 0' in log.read_text()


def test_numbers_are_decimal(fake, images, tmp_path):
    log = tmp_path / "log"
    assert fake.run("--beam", "010", "a.jpg", FAKE_LOG=log).code == 0
    assert " beam 10 " in log.read_text()


def test_a_limit_of_the_model_is_a_usage_error(fake, images):
    result = fake.run("--max-tokens", "2000", "a.jpg")
    assert result.code == 2 and "this model allows at most 1000" in result.err


def test_a_model_that_cannot_be_loaded_is_status_3(fake, images):
    result = fake.run("a.jpg", FAKE_LOAD_ERROR="clip.pt: tensor missing")
    assert result.code == 3
    assert "clip.pt: tensor missing" in result.err and result.out == b""


def test_a_program_without_its_models_says_so(fake, images, tmp_path):
    program = tmp_path / "alone" / "bin" / "caption"
    program.parent.mkdir(parents=True)
    program.write_bytes(fake.path.read_bytes())
    program.chmod(0o755)
    fake.path = program
    result = fake.run("a.jpg", CAPTION_MODELS="")
    assert result.code == 3
    assert "no model 'conceptual'" in result.err and "alone/share/caption/models" in result.err
