"""The man pages and the completions of bash, zsh and fish: in these shells, and beside the pages of help."""

import os
import re
import subprocess

import pexpect
import pytest

PAGES = ["", "explain", "eval", "train", "score", "embed", "serve", "bench", "doctor", "models", "models list", "models show", "models verify", "models optimize",
         "models import", "models fetch", "models export", "models remove", "completions", "manual"]
WIDE = {"COLUMNS": "200", "LINES": "100"}


def options_of(fake, page):
    text = fake.run(*page.split(), "--help").text.partition("\nExample")[0]
    return re.findall(r"^  (?:-\w, |    )(--[\w-]+)", text, re.MULTILINE)


@pytest.fixture
def shell_folder(fake, work):
    """Where the shells run: some files, the program in PATH, and the three scripts."""
    for name in ["photo one.jpg", "photo two.jpg", "list.txt"]:
        (work / name).write_text("")
    for name in ["photos", "bench marks"]:
        (work / name).mkdir()
    for shell in ["bash", "zsh", "fish"]:
        result = fake.run("completions", shell)
        assert result.code == 0 and result.err == ""
        (work / f"caption.{shell}").write_text(result.text)
    fake.environment["PATH"] = f"{fake.path.parent}:{os.environ['PATH']}"
    fake.environment["INPUTRC"] = "/dev/null"
    return work


def bash(fake, line):
    """What bash offers at the end of `line`, as readline's own listing."""
    script = r"""
source caption.bash
line=$1
# As readline parts it: blanks and '='.
COMP_WORDS=() rest=$line
while [[ $rest ]]; do
  if [[ $rest == ' '* ]]; then rest=${rest#' '}; [[ $rest ]] || COMP_WORDS+=(''); continue; fi
  if [[ $rest == '='* ]]; then COMP_WORDS+=('='); rest=${rest#=}; continue; fi
  word=${rest%%[ =]*}; COMP_WORDS+=("$word"); rest=${rest#"$word"}
done
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
compopt() { :; }
_caption caption "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""
    done = subprocess.run(["bash", "--norc", "-c", script, "bash", line], cwd=fake.folder, env=fake.full_environment(),
                          capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [text for text in done.stdout.splitlines() if text]


def fish(fake, line):
    command = ["fish", "--no-config", "-c", "source caption.fish; complete -C $argv[1]", "--", line]
    done = subprocess.run(command, cwd=fake.folder, env=fake.full_environment(), capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [text.split("\t")[0] for text in done.stdout.splitlines()]


class Terminal:
    """A shell on a terminal: what it makes of a line when the tabulator is pressed."""

    def __init__(self, fake, command, setup):
        self.shell = pexpect.spawn(command[0], command[1:], cwd=str(fake.folder), env=fake.full_environment(PS1="@ ", **WIDE),
                                   encoding="utf-8", timeout=120, dimensions=(100, 200))
        self.shell.sendline(setup + "; printf '%s%s\\n' rea dy")
        self.shell.expect_exact("ready\r\n")

    def completed(self, line):
        """The line with what the shell has added, which it then runs as the argument of printf."""
        self.shell.send(f"caption {line}\t")
        # What follows is read once the shell is done with the tabulator.
        self.shell.send("\x01printf '<%s>' \x05 'end'\n")
        self.shell.expect(r"(<caption>.*)<end>")
        text = self.shell.match[1]
        # A shell may put a mark behind what is whole, and take it away again.
        return [word.rstrip("/=") for word in re.findall(r"<([^>]*)>", text)[1:]]


def bash_terminal(fake):
    return Terminal(fake, ["bash", "--norc"], "source caption.bash")


def zsh_terminal(fake):
    return Terminal(fake, ["zsh", "-f"], "autoload -U compinit && compinit -u -D; source caption.zsh; setopt nolistbeep")


TERMINALS = {"bash": bash_terminal, "zsh": zsh_terminal}


@pytest.mark.parametrize("page", PAGES)
def test_bash_and_fish_offer_the_options_of_the_help_page(fake, shell_folder, page):
    expected = options_of(fake, page)
    words = f"caption {page} --".replace("  ", " ")
    assert sorted(bash(fake, words)) == sorted(expected)
    offered = fish(fake, words)
    assert sorted(set(offered)) == sorted(expected)


@pytest.mark.parametrize("offers", [bash, fish])
def test_values_commands_and_models_are_offered(fake, shell_folder, offers):
    assert sorted(offers(fake, "caption --format ")) == ["csv", "csv-safe", "jsonl", "text"]
    assert [word.split("=")[-1] for word in offers(fake, "caption --format=j")] == ["jsonl"]
    assert offers(fake, "caption models ver") == ["verify"]
    assert offers(fake, "caption models verify ph") == ["photographs"]
    assert offers(fake, "caption explain --model ph") == ["photographs"]
    assert offers(fake, "caption completions f") == ["fish"]
    assert offers(fake, "caption photos --model ph") == ["photographs"]
    assert "explain" in offers(fake, "caption ") and "explain" not in offers(fake, "caption photos ")
    assert offers(fake, "caption --beam ") == []
    assert set(offers(fake, "caption benc")) >= {"bench"}


@pytest.mark.parametrize("shell", TERMINALS)
def test_a_terminal_completes_names_with_blanks_options_and_values(fake, shell_folder, shell):
    terminal = TERMINALS[shell](fake)
    assert terminal.completed("photo\\ o") == ["photo one.jpg"]
    assert terminal.completed("--recu") == ["--recursive"]
    assert terminal.completed("--files-from li") == ["--files-from", "list.txt"]
    assert terminal.completed("--format=js") == ["--format=jsonl"]
    assert terminal.completed("--format js") == ["--format", "jsonl"]
    assert terminal.completed("exp") == ["explain"]
    assert terminal.completed("explain --gri") == ["explain", "--grid"]
    assert terminal.completed("models imp") == ["models", "import"]
    assert terminal.completed("models show pho") == ["models", "show", "photographs"]
    assert terminal.completed("models import --clip li") == ["models", "import", "--clip", "list.txt"]
    assert terminal.completed("--sidecar-folder bench") == ["--sidecar-folder", "bench marks"]
    assert terminal.completed("-r pho") == ["-r", "photo"]


def test_a_shell_that_is_none_is_named(fake):
    result = fake.run("completions", "tcsh")
    assert result.code == 2 and "SHELL: needs bash, zsh or fish, not 'tcsh'" in result.err
    assert fake.run("completions").code == 2
    result = fake.run("manual", "models", "none")
    assert result.code == 2 and "there is no command 'caption models none'" in result.err
    assert fake.run("manual", "--folder", "here", "bench").code == 2


def plain(command, fake, page):
    done = subprocess.run(command, input=page, env=fake.full_environment(**{**WIDE, "MANWIDTH": "100"}), capture_output=True, check=False)
    assert done.returncode == 0 and done.stderr == b"" , done.stderr.decode()
    return re.sub(".\b", "", done.stdout.decode())


@pytest.mark.parametrize("command", PAGES)
def test_man_pages_are_clean_and_say_what_help_says(fake, work, command):
    result = fake.run("manual", *command.split())
    assert result.code == 0
    linted = subprocess.run(["mandoc", "-T", "lint", "-W", "warning"], input=result.out, capture_output=True, check=False)
    assert linted.returncode == 0, linted.stdout.decode()
    shown = plain(["man", "--warnings", "--nh", "--nj", "-l", "-"], fake, result.out)
    assert plain(["mandoc", "-T", "utf8"], fake, result.out)
    assert "NAME" in shown and "SYNOPSIS" in shown and "SEE ALSO" in shown
    words = " ".join(shown.replace("‐\n", "").split())
    page = fake.run(*command.split(), "--help").text
    for name in options_of(fake, command):
        assert name in words
    for line in page.splitlines()[1:]:
        # Headings become capitals, all else stays as it is; paragraphs and options flow.
        text = " ".join(line.split())
        if line.endswith(":") and not line.startswith(" "):
            assert text in ["Usage:"] or text[:-1].upper() in words or text[:-1] in words, line
        else:
            for part in re.split(r"\s{2,}", line.strip()):
                assert part in words, line


def test_all_pages_are_written_at_once(fake, work):
    assert fake.run("manual", "--folder", "man").code == 0
    names = {("caption " + page).strip().replace(" ", "-") + ".1" for page in PAGES}
    assert {file.name for file in (work / "man").iterdir()} == names
    assert (work / "man" / "caption-models-import.1").read_text() == fake.run("manual", "models", "import").text


def test_every_command_has_its_page(fake, source):
    """Those that main.cpp names."""
    commands = re.findall(r'^ +command\("(\w+)"', (source / "src" / "main.cpp").read_text(), re.MULTILINE)
    assert set(commands) == {page.split()[0] for page in PAGES if page}
