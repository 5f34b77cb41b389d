"""Every command in a README is run with the real program, and prints what the README shows; every link leads somewhere.

A command stands in a block ```sh, or behind "$ " in a block ```console, where what it prints follows; there a line "..." stands for
any lines. What a test cannot do, as installing packages, is checked as far as it goes: see RULES. A command without a rule fails.
"""

import ast
import json
import os
import re
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
MOST_LINES = 200
READMES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("README.md") if "build" not in path.relative_to(ROOT).parts)
TINY = ROOT / "tests" / "data" / "parity" / "vit-mlp"  # weights in the published formats


@dataclass
class Command:
    where: str  # "README.md:12"
    text: str
    shown: Optional[list] = None  # lines


def blocks(name, text):
    """Fenced blocks -> (language, [(where, line)])"""
    language, lines = None, []
    for number, line in enumerate(text.splitlines(), 1):
        if language is None:
            if line.startswith("```"):
                language, lines = line[3:].strip(), []
        elif line == "```":
            yield language, lines
            language = None
        else:
            lines.append((f"{name}:{number}", line))
    assert language is None, f"{name}: a block has no end"


def commands(name, text):
    found = []
    for language, lines in blocks(name, text):
        where = lines[0][0] if lines else name
        if language == "sh":
            assert not any(line.endswith("\\") for _, line in lines), f"{where}: a command is one line"
            found += [Command(at, line) for at, line in lines if line.strip() and not line.startswith("#")]
        elif language == "console":
            assert lines and lines[0][1].startswith("$ "), f"{where}: what prints this?"
            for at, line in lines:
                if line.startswith("$ "):
                    found.append(Command(at, line[2:], []))
                else:
                    found[-1].shown.append(line)
        elif language == "python":
            ast.parse("\n".join(line for _, line in lines))
        elif language == "nginx":
            assert sum(line.count("{") - line.count("}") for _, line in lines) == 0, f"{where}: braces"
        elif language == "cmake":
            found.append(Command(where, "\n".join(line for _, line in lines)))
        else:
            raise AssertionError(f"{where}: a block of '{language}', which is not checked: sh, console, python, nginx or cmake")
    return found


def matches(shown, printed):
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line) + r"\n" for line in shown)
    return re.fullmatch(pattern, printed) is not None


class Reader:
    """Who types a README's commands, in order: a folder like a clone of the repository, with pictures and downloaded weights."""

    def __init__(self, folder, prefix):
        self.prefix = Path(prefix)
        self.server, self.port = None, 0
        assert (self.prefix / "bin" / "caption").is_file(), f"no program in {self.prefix}: build first"
        self.folder = folder / "clone"
        self.folder.mkdir(parents=True)
        for name in ("models", "scripts"):
            (self.folder / name).symlink_to(ROOT / name)
        (self.folder / "build").mkdir()
        (self.folder / "build" / "release").symlink_to(self.prefix)
        pictures, photos = ROOT / "models" / "photographs" / "pictures", ROOT / "tests" / "data" / "photos"
        (self.folder / "photos" / "more").mkdir(parents=True)
        for source, name in [
            (photos / "coffee.jpg", "photo.jpg"),
            (pictures / "flower.jpg", "a.jpg"),
            (photos / "cat.jpg", "photos/cat.jpg"),
            (pictures / "raccoon.jpg", "photos/more/raccoon.jpg"),
            (ROOT / "tests" / "data" / "image" / "grey.png", "a picture.png"),
            (ROOT / "tests" / "data" / "readme" / "references.csv", "references.csv"),
            (TINY / "clip.pt", "ViT-B-32.pt"),
            (TINY / "captioner.pt", "conceptual_weights.pt"),
        ]:
            shutil.copy(source, self.folder / name)
        tools = folder / "bin"
        tools.mkdir()
        curl = tools / "curl"  # which fetches what we have
        real = shutil.which("curl")
        curl.write_text(f'#!/bin/sh\ncase "$*" in *http://127.0.0.1:*) exec {real} "$@" ;; esac\n[ $# = 2 ] && [ "$1" = -s ] || exit 2\ncase $2 in https://*.jpg) exec cat "{self.folder}/a.jpg" ;; esac\nexit 3\n')
        curl.chmod(0o755)
        kept = {name: os.environ[name] for name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}
        path = f"{tools}:{os.environ['PATH']}"
        self.environment = {**kept, "PATH": path, "HOME": str(folder / "home"), "TERM": "xterm", "LC_ALL": "C.UTF-8"}

    def run(self, text, status=(0,)):
        """-> what it prints on standard output"""
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", text], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=1200, check=False)
        printed = done.stdout.decode()
        assert done.returncode in status, f"status {done.returncode}\n{printed}{done.stderr.decode()}"
        return printed

    def serve(self, text):
        """In the background, on a port of its own."""
        self.find_program()
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
        words = text.removesuffix("&").split()
        self.server = subprocess.Popen([*words, "--listen", f"127.0.0.1:{self.port}"], cwd=self.folder, env=self.environment)
        self.run(f"curl -sS --retry 60 --retry-delay 1 --retry-all-errors -f http://127.0.0.1:{self.port}/healthz")

    def close(self):
        if self.server:
            self.server.terminate()
            assert self.server.wait(60) == 0

    def find_program(self):
        """Commands before the one that sets PATH, and of other READMEs than the first."""
        if "build/release/bin" not in self.environment["PATH"]:
            self.environment["PATH"] = f"{self.prefix / 'bin'}:{self.environment['PATH']}"


# The rules: each takes a reader and a command, and returns what was printed, or nothing if nothing was run.


def help_of_script(reader, command):
    """It is there and says what it is for, and its options are among what it says."""
    script, *arguments = re.search(r"scripts/[^\s)]*[^)]*", re.sub(r"\s#.*", "", command.text)).group().split()
    text = reader.run(f"{script} --help")
    assert len(text) > 40 and Path(script).name in text + script
    for option in arguments:
        if option.startswith("--"):
            assert option in text, f"{script} --help says nothing of {option}"


def quickstart(reader, command):
    """What it runs at its end."""
    help_of_script(reader, command)
    script = (ROOT / "scripts" / "quickstart").read_text()
    last = re.findall(r'^build/release/bin/caption .*--html "\$report"$', script, re.MULTILINE)
    assert len(last) == 1, "scripts/quickstart captions the example pictures once"
    printed = reader.run(f'report=$PWD/build/report.html\n{last[0]}')
    assert (reader.folder / "build" / "report.html").is_file()
    return printed


def export(reader, command):
    path = reader.run(command.text + '\nprintf %s "$PATH"')
    reader.environment["PATH"] = path
    assert Path(reader.run("command -v caption").strip()).samefile(reader.prefix / "bin" / "caption")


def caption(reader, command):
    """Run as it is."""
    reader.find_program()
    printed = reader.run(command.text)
    for option, file in re.findall(r"(--html|--failed|--output|--png) (\S+)", command.text):
        assert (reader.folder / file).is_file(), f"no {file}"
    return printed


def import_files(reader, command):
    """Run with tiny weights, whose vocabulary is not GPT-2's."""
    reader.find_program()
    printed = reader.run(f"{command.text} --tokenizer '{TINY}'")
    name = re.search(r"--name (\S+)", command.text).group(1)
    assert name in reader.run("caption models list")
    return printed


def fetch(reader, command):
    """As far as it goes without a network; then the model is there, of tiny weights."""
    reader.find_program()
    (reader.folder / "FOLDER").mkdir(exist_ok=True)
    for file in ("ViT-B-32.pt", "conceptual_weights.pt"):
        shutil.copy(reader.folder / file, reader.folder / "FOLDER")
    text = re.sub(r"\s+#.*", "", command.text).replace(" --dry-run", "")
    printed = reader.run(f"{text} --dry-run")
    assert "https://" in printed or "--from FOLDER" in text, printed
    name = text.split()[3]
    if name not in reader.run("caption models list").split():
        import_files(reader, Command(command.where, f"caption models import --clip '{TINY}/clip.pt' --captioner '{TINY}/captioner.pt' --name {name}"))


def serve(reader, command):
    reader.serve(command.text)


def ask(reader, command):
    printed = reader.run(command.text.replace(":8080", f":{reader.port}"))
    assert json.loads(printed)["caption"]


def serve_lines(reader, command):
    (reader.folder / "list.txt").write_text("cat.jpg\n")
    reader.find_program()
    reader.run(command.text.replace(" /photos", f" '{reader.folder}/photos'"))
    assert json.loads((reader.folder / command.text.split()[-1]).read_text())["caption"]


def units(reader, command):
    for unit in re.findall(r"caption\.\w+", command.text):
        assert list((ROOT / "scripts" / "serve").glob(f"{unit}*")), unit


def cluster(reader, command):
    """Its options are those of the script, and those behind "--" the server's."""
    reader.find_program()
    script, own, behind = re.fullmatch(r"(?:spark-submit|python) .*?(scripts/cluster/\w+\.py) (.*?) -- (.*)", command.text).groups()
    declared = "".join((ROOT / file).read_text() for file in (script, "scripts/cluster/command_line.py"))
    for option in re.findall(r"--[\w-]+", own):
        assert f'add_argument("{option}"' in declared, f"{script} has no {option}"
    options_of_help(reader, "caption serve", behind)


def array(reader, command):
    """Slurm's array, as far as it goes without Slurm; tests/cluster_test.py runs the script."""
    reader.find_program()
    script, behind = re.search(r"(scripts/cluster/\S+\.sbatch) \S+ \S+(.*)", command.text).groups()
    text = (ROOT / script).read_text()
    assert "#SBATCH --array" in text
    options_of_help(reader, "caption", behind + text[text.index("srun caption"):])


def parallel(reader, command):
    """One job after the other; together they have all pictures, and some have none."""
    reader.find_program()
    job, numbers = re.fullmatch(r"parallel --retries \d+ (caption .*) ::: (.*)", command.text).groups()
    for number in numbers.split():
        reader.run(job.replace("{}", number))
    lines = "".join(file.read_text() for file in reader.folder.glob(re.search(r"--output (\S+)", job)[1].replace("{}", "*")))
    assert lines.count('"caption"') == len(list((reader.folder / "photos").rglob("*.jpg")))


def options_of_help(reader, program, text):
    known = reader.run(f"{program} --help")
    for option in re.findall(r"(?<!\S)--[\w-]+", text):
        assert f" {option}" in known, f"{program} has no {option}"


def optimize(reader, command):
    caption(reader, command)
    name = re.search(r"optimize (\S+)", command.text).group(1)
    assert "bf16" in reader.run(f"caption models show {name}")


def on_a_gpu(reader, command):
    """Here it may be that nothing can be looked at."""
    reader.find_program()
    file = re.search(r"> (\S+)", command.text).group(1)
    reader.run(command.text, status=(0, 3))
    assert "checks" in json.loads((reader.folder / file).read_text())


def measurement(reader, command):
    """Of another model: the lines begin as those that are shown, the figures are others."""
    reader.find_program()
    printed = reader.run(command.text.replace("--model full-size", f"--model '{TINY}'"))
    first = [line.split(" ")[0] for line in command.shown]
    printed = "".join(line.split(" ")[0] + "\n" for line in printed.splitlines())
    assert first[0] == "full-size," and matches(["..."] + first[1:], printed), printed
    command.shown = None


def presets(kind):
    return [preset["name"] for preset in json.loads((ROOT / "CMakePresets.json").read_text())[f"{kind}Presets"]]


def configure(reader, command):
    preset = re.search(r"--preset (\S+)", command.text).group(1)
    assert preset in presets("configure"), f"no preset {preset}"
    known = re.findall(r"^\s*(?:option|set)\((CAPTION_\w+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)
    for option in re.findall(r" -D(\w+)=", command.text):
        assert option in known, f"CMakeLists.txt has no option {option}"


def build(reader, command):
    preset = re.search(r"--preset (\S+)", command.text).group(1)
    assert preset in presets("test" if command.text.startswith("ctest") else "build"), f"no preset {preset}"


def install(reader, command):
    """Into a folder of ours."""
    build, prefix = re.match(r"cmake --install (\S+) --prefix (\S+)", command.text).groups()
    assert prefix.startswith("/opt/")
    folder = reader.folder / "installed"
    reader.run(command.text.replace(f"--prefix {prefix}", f"--prefix '{folder}'").replace(build, f"'{reader.prefix}'"))
    assert reader.run(f"'{folder}/bin/caption' --version").startswith("caption ")


def cmake_lines(reader, command):
    """Those of the example, which a test builds."""
    example = (ROOT / "tests" / "consumer" / "CMakeLists.txt").read_text().splitlines()
    for line in command.text.splitlines():
        assert line in example, f"tests/consumer/CMakeLists.txt does not have: {line}"


RULES = [
    (r"scripts/quickstart( |$)", quickstart),
    (r"(libtorch=\$\()?scripts/(setup|test)( |\)|$)", help_of_script),
    (r'export PATH="\$PWD/build/release/bin:\$PATH"', export),
    (r"scripts/serve/load\.py ", help_of_script),
    (r"caption serve .*&$", serve),
    (r"curl .*http://127\.0\.0\.1:8080/", ask),
    (r"jq .*\| caption serve --stdin ", serve_lines),
    (r"systemctl ", units),
    (r"(spark-submit|python) .*scripts/cluster/", cluster),
    (r"sbatch ", array),
    (r"parallel ", parallel),
    (r"caption models import ", import_files),
    (r"caption models fetch ", fetch),
    (r"caption models optimize ", optimize),
    (r"caption doctor --device cuda --json > \S+", on_a_gpu),
    (r"caption bench --model full-size ", measurement),
    (r"caption ", caption),
    (r"(curl -s https://\S+|find \. -name '\*\.png' -print0) \| caption ", caption),
    (r"cmake --preset ", configure),
    (r"(cmake --build|ctest) --preset ", build),
    (r"cmake --install ", install),
    (r"find_package\(caption ", cmake_lines),
]


def problem_of(reader, command):
    """What is wrong with it, or nothing."""
    rule = next((rule for pattern, rule in RULES if re.match(pattern, command.text)), None)
    if rule is None:
        return "no rule says how to run it"
    try:
        printed = rule(reader, command)
    except (AssertionError, AttributeError, OSError, ValueError, subprocess.TimeoutExpired) as problem:
        return str(problem)
    if command.shown is not None and (printed is None or not matches(command.shown, printed)):
        return f"it prints something else than what is shown:\n{printed}"
    return None


def problems(reader, found):
    told = [(command, problem_of(reader, command)) for command in found]
    return [f"{command.where}: {command.text}: {problem}" for command, problem in told if problem]


@pytest.fixture
def reader(tmp_path):
    assert "CAPTION_PREFIX" in os.environ, "CAPTION_PREFIX is not set: run the tests with ctest"
    reader = Reader(tmp_path, os.environ["CAPTION_PREFIX"])
    yield reader
    reader.close()


RECIPES = Path("scripts/recipes/README.md")  # tests/recipes_test.py runs these
WITH_COMMANDS = [name for name in READMES if "```" in (ROOT / name).read_text() and name != RECIPES]


@pytest.mark.parametrize("name", WITH_COMMANDS, ids=str)
def test_every_command_does_what_is_shown(reader, name):
    found = commands(name, (ROOT / name).read_text())
    assert found
    wrong = problems(reader, found)
    assert not wrong, "\n\n".join(wrong)


def test_the_readme_is_short():
    assert README in [ROOT / name for name in WITH_COMMANDS]
    assert len(README.read_text().splitlines()) <= MOST_LINES


# Links


def anchors(text):
    """Of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(name, text):
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        if not target.exists():
            broken.append(link)
        elif anchor:
            page = text if not path else (target / "README.md" if target.is_dir() else target).read_text()
            if anchor not in anchors(page):
                broken.append(link)
    return broken


@pytest.mark.parametrize("name", READMES, ids=str)
def test_every_link_leads_somewhere(name):
    assert broken_links(name, (ROOT / name).read_text()) == []


def test_links_can_be_broken():
    text = "# Some heading\n[a](src) [b](src/nothing.md) [c](#some-heading) [d](#other) [e](LICENSE) ![f](none.png) [g](models/README.md#nothing)"
    assert broken_links(Path("README.md"), text) == ["src/nothing.md", "#other", "none.png", "models/README.md#nothing"]


# That a README which is wrong is found out


@pytest.mark.parametrize(
    "block, said",
    [
        ("```sh\nscripts/none\n```", "no rule"),
        ("```sh\nrm -rf /\n```", "no rule"),
        ("```sh\nscripts/setup --nothing\n```", "says nothing of --nothing"),
        ("```sh\ncaption photo.jpg --nothing\n```", "status 2"),
        ("```sh\ncaption nowhere.jpg\n```", "status 1"),
        ("```sh\ncaption models import --clip ViT-B-32.pt --captioner ViT-B-32.pt --name other\n```", "status 3"),
        ("```sh\ncmake --preset nothing\n```", "no preset nothing"),
        ("```sh\ncmake --preset release -DCAPTION_NOTHING=ON\n```", "no option CAPTION_NOTHING"),
        ("```sh\nctest --preset nothing\n```", "no preset nothing"),
        ("```cmake\nfind_package(caption 9 REQUIRED)\n```", "does not have: find_package(caption 9 REQUIRED)"),
        ("```console\n$ caption --version\ncaption 9.9\n```", "something else than what is shown"),
        ("```console\n$ caption models/photographs/pictures/cat.jpg\nA cat.\nA dog.\n```", "something else"),
        ("```console\n$ scripts/setup\nsomething\n```", "something else"),
    ],
)
def test_a_wrong_command_is_found_out(reader, block, said):
    wrong = problems(reader, commands("README.md", block))
    assert len(wrong) == 1 and said in wrong[0]


@pytest.mark.parametrize("block", ["```ruby\nputs\n```", "```\nwhat is this\n```", "```console\nno command\n```", "```sh\nls"])
def test_a_block_that_cannot_be_checked_is_an_error(block):
    with pytest.raises(AssertionError):
        commands("README.md", block)


def test_lines_are_matched():
    assert matches(["a", "...", "d"], "a\nb\nc\nd\n") and matches(["...", "b"], "b\n") and matches(["a...", "b"], "a...\nb\n")
    assert not matches(["a", "...", "d"], "a\nb\nc\n") and not matches(["a"], "a\nb\n") and not matches(["a.c"], "abc\n")
