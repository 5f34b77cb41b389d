"""Every option of every command, as its help page declares it: its bounds are accepted, what lies beyond is refused.

A new option is tested as soon as help shows it. One that needs another or a value of a certain kind has a line here.
"""

import re
import shutil
import signal
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from conftest import Result, wait_for

COMMANDS = ["", "explain", "eval", "score", "embed", "train", "serve", "bench", "doctor", "models list", "models show", "models verify", "models optimize", "models import",
            "models fetch", "models export", "models remove", "completions", "manual"]
# What stands on a command line that is right, but for the option in question.
RIGHT = {
    "": ["a.jpg"],
    "explain": ["a.jpg"],
    "bench": ["a.jpg"],
    "score": ["a.jpg", "A dog."],
    "embed": ["a.jpg", "--output", "embeddings.npy"],
    "eval": ["captions.tsv", "references.tsv"],
    "train": ["captions.tsv", "--out", "made"],
    "models show": ["photographs"],
    "models verify": ["photographs"],
    "models optimize": ["photographs"],
    "completions": ["bash"],
    "models export": ["photographs"],
    "models remove": ["photographs"],
    "models fetch": ["conceptual", "--dry-run"],
    "models import": ["--clip", "a.jpg", "--captioner", "a.jpg", "--name", "new", "--tokenizer", "."],
}
# What an option needs beside it.
BESIDE = {
    "--top-k": ["--sample"],
    "--top-p": ["--sample"],
    "--seed": ["--sample"],
    "--null": ["--files-from", "list"],
    "--doubtful": ["--failed", "failed.txt"],
    "--resume": ["--output", "out.txt"],
    "--retry-failed": ["--output", "out.txt", "--resume"],
    "--diversity-penalty": ["--beam-groups", "5"],
    **dict.fromkeys(["--images", "--show"], ["--html", "page"]),
    "--clip-model": ["--images", "."],
    "--unordered": ["--stdin"],
    **dict.fromkeys(["--prefix-length", "--width", "--layers", "--vocabulary"], ["--new"]),
    **dict.fromkeys(["--clip-length", "--mapper-layers"], ["--new-mapper", "transformer"]),
    "--left-out": ["--json"],
    "--metadata": ["--write-metadata"],
    ("train", "--clip"): ["--new"],
    ("train", "--gpt2"): ["--clip", "a.jpg"],
    ("train", "--activation"): ["--clip", "a.jpg", "--new"],
    ("train", "--tokenizer"): ["--clip", "a.jpg", "--gpt2", "a.jpg"],
    "--keep-times": ["--write-metadata"],
    **dict.fromkeys(["--existing", "--sidecar-folder", "--prefix", "--suffix", "--dry-run"], ["--sidecar", "txt"]),
}
# At its upper bound.
BESIDE_HIGH = {"--n-best": ["--beam", "1000"], "--accumulate": ["--batch", "1000"], "--beam-groups": ["--beam", "1000"]}
# Values of options whose help shows no bounds and no words.
VALUES = {
    "--model": "photographs",
    "--device": "cuda:7",
    "--files-from": "list",
    "--output": "out",
    "--failed": "failed",
    "--html": "page",
    "--output-tar": "out.tar",
    "--png": "sheet",
    "--caption": "A dog.",
    "--split": "test",
    "--compare": "captions.tsv",
    "--meteor-data": "meteor",
    "--cider-corpus": "references.tsv",
    "--per-image": "each",
    "--images": ".",
    "--stop": " on",
    "--stop-token": "</s>",
    "--origin": "a shop",
    "--license": "CC0",
    "--shard": "2/2",
    "--include": "*.jpg",
    "--exclude": "*.png",
    "--config": "settings.toml",
    "--ban": "cat",
    "--from-embeddings": "embeddings.jsonl",
    "--texts": "list",
    "--clip-model": "photographs",
    "--require": "cat",
    "--prompt": "A photo of",
    "--sidecar-folder": "sidecars",
    "--prefix": "sks, ",
    "--suffix": " end",
    "--clip": "a.jpg",
    "--captioner": "a.jpg",
    "--gpt2": "a.jpg",
    "--tokenizer": ".",
    "--name": "other",
    "--folder": "made",
    "--from": "https://mirror.example/",
    "--published": "table.json",
    "--listen": "127.0.0.1:0",
    "--token-file": "token",
    "--root": ".",
    "--validation": "references.tsv",
    "--embeddings": "kept",
    "--checkpoint": "checkpoint.pt",
    "--out": "other",
    "--log": "log",
    "--allow-host": "captions.example.org",
}
# Instead of what else stands on the command line.
ALONE = {"--from-embeddings": [], "--texts": ["--output", "embeddings.npy"]}
# The fake's model has fewer tokens than the option takes.
LOWER_HIGHEST = {"--max-tokens": "1000"}


def options_of(text):
    """The options of a help page -> {name: (type or "", description)}"""
    found = {}
    entry = re.compile(r"^  (?:-\w, |    )(--[\w-]+)(?: ([A-Z/]+))?(?:  +|\n +)((?:.*\n)(?: {26}.*\n)*)", re.MULTILINE)
    for name, kind, description in entry.findall(text):
        found[name] = (kind, " ".join(description.split()))
    return found


def beside_of(command, name, options):
    """What stands beside an option of a command with these options."""
    beside = BESIDE.get((command, name), BESIDE.get(name, []))
    return beside if beside and beside[0] in options else []


def bounds(description):
    """-> (low, low is allowed, high) or None"""
    if found := re.search(r"\[from (\S+) to ([\d.]+)", description):
        return Decimal(found[1]), True, Decimal(found[2])
    if found := re.search(r"\[above (\S+), at most ([\d.]+)", description):
        return Decimal(found[1]), False, Decimal(found[2])
    return None


@pytest.fixture
def ready(work, images, source):
    (work / "list").write_text("c.jpg\n")
    (work / "b.jpg").write_bytes(b"say a dog.")
    (work / "settings.toml").write_text("")
    (work / "embeddings.jsonl").write_text('{"image": "a.jpg", "embedding": [1.0]}\n')
    (work / "table.json").write_text((source / "models" / "published.json").read_text())
    (work / "captions.tsv").write_text("image\tcaption\na.jpg\tA cat.\nb.jpg\tA dog.\n")
    (work / "references.tsv").write_text("image\tcaption\tsplit\na.jpg\tThe cat.\ttest\nb.jpg\tDogs.\ttest\n")
    shutil.copytree(source / "tests" / "data" / "eval" / "meteor", work / "meteor")
    (work / "token").write_text("secret\n")
    return work


def run_until_it_waits(fake, *arguments):
    """What runs until it is told to stop, as soon as it listens to that."""
    process = fake.start(*arguments)

    def ready():
        caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text())
        return process.poll() is not None or (caught and int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)

    wait_for(ready, 60)
    process.terminate()
    out, err = process.communicate(timeout=60)
    return Result(subprocess.CompletedProcess([], process.returncode, out, err))


@pytest.fixture
def run(fake, ready):
    def run(command, *arguments):
        if command == "serve" and not {"--help", "--stdin"} & set(arguments):
            listen = [] if "--listen" in arguments else ["--listen", "127.0.0.1:0"]
            return run_until_it_waits(fake, "serve", *listen, *arguments)
        if "--watch" in arguments:
            return run_until_it_waits(fake, *arguments, ".")
        right = next((ALONE[argument] for argument in arguments if argument in ALONE), RIGHT.get(command, []))
        return fake.run(*command.split(), *arguments, *right)

    return run


def accepts(result, name):
    # A doctor that finds something broken and a picture that fails are no mistakes of the command line.
    assert result.code in (0, 1, 3) and "needs a" not in result.err, (name, result.err)


def refuses(result, name):
    assert result.code == 2, (name, result.err)
    assert result.out == b"" and name in result.err and len(result.err.splitlines()) == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_each_option_takes_its_bounds_and_nothing_beyond(run, fake, command):
    options = options_of(fake.run(*command.split(), "--help").text)
    assert "--help" in options
    for name, (kind, description) in options.items():
        beside = beside_of(command, name, options)
        if not kind:
            accepts(run(command, *beside, name), name)
            continue
        refuses(run(command, *beside, f"{name}="), name)
        limits = bounds(description)
        if limits is not None:
            low, includes_low, high = limits
            step = Decimal(1) if kind == "N" else Decimal("0.0001")
            accepted = [low if includes_low else low + step, Decimal(LOWER_HIGHEST.get(name, high))]
            refused = [low - step if includes_low else low, high + step]
            accepts(run(command, *beside, name, str(accepted[0])), name)
            accepts(run(command, *beside, *BESIDE_HIGH.get(name, []), name, str(accepted[1])), name)
            for value in [*map(str, refused), "many", "1x", "nan"]:
                refuses(run(command, *beside, name, value), name)
            if kind == "N":
                refuses(run(command, *beside, name, "1.5"), name)
        elif words := re.search(r"\[([\w, -]+ or [\w-]+)[;\]]", description):
            for word in re.split(r", | or ", words[1]):
                if (command, word) == ("models optimize", "fp16"):
                    refuses(run(command, name, word), name)
                else:
                    accepts(run(command, *beside, name, word), name)
            refuses(run(command, *beside, name, "nonsense"), name)
        else:
            accepts(run(command, *beside, name, VALUES[name]), name)


@pytest.mark.parametrize("command", COMMANDS)
def test_options_that_need_another_say_so(run, fake, command):
    options = options_of(fake.run(*command.split(), "--help").text)
    for name in (name for name in options if beside_of(command, name, options)):
        value = ["1"] if options[name][0] else []
        refuses(run(command, name, *value), name)


def test_help_shows_every_option_that_is_declared(fake, source):
    declaration = re.compile(r'\b(?:number|choice|name|text|texts|on|on_or|shard_flag|words)\(\s*"(?:-\w,)?(--[\w-]+)"')
    files = [file for file in (source / "src" / "cli").rglob("*.*") if file.suffix in {".h", ".cpp"}]
    declared = {name for file in files for name in declaration.findall(file.read_text())}
    assert len(declared) > 40
    shown = set()
    for command in COMMANDS:
        shown |= set(options_of(fake.run(*command.split(), "--help").text))
    assert declared | {"--help"} == shown
