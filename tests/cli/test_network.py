"""caption models fetch is the only command that can open a connection: the system's calls of all others are looked at."""

import re
import shutil
import subprocess

import pytest
from file_server import Answer, Files


@pytest.fixture
def calls(real, tmp_path, source):
    """Runs the program -> what it asked the system for of the network, and which modules of ours it opened."""
    tiny = source / "tests" / "data" / "parity" / "vit-mlp"
    shutil.copytree(tiny, tmp_path / "work" / "tiny")

    def calls(*arguments, status=0):
        log = tmp_path / "calls"
        done = subprocess.run(
            ["strace", "-f", "-qq", "-e", "trace=%network,openat", "-o", log, real.path, *arguments],
            cwd=real.folder, env=real.full_environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False)  # fmt: skip
        assert done.returncode == status, done.stderr
        lines = log.read_text().splitlines()
        # sendfile copies files, too, and needs a connection of before to do anything else. A thread that ended before strace saw
        # it leave a call, of whatever kind, is "???".
        network = [line for line in lines if not re.search(r"\b(openat|sendfile|exit|\+\+\+|---)|\?\?\?\( <detached", line)]
        return network, {name for line in lines for name in re.findall(r"/lib(caption_\w+)\.so", line) if "ENOENT" not in line}

    return calls


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version", "--verbose"],
        ["--help"],
        ["models", "fetch", "--help"],
        ["models", "fetch", "conceptual", "--dry-run"],
        ["models", "list"],
        ["models", "show", "photographs"],
        ["models", "verify", "photographs"],
        ["models", "optimize", "tiny"],
        ["models", "import", "--clip", "tiny/clip.pt", "--captioner", "tiny/captioner.pt", "--tokenizer", "tiny", "--name", "x"],
        ["--model", "tiny", "{photos}/cat.jpg"],
        ["--model", "tiny", "--json", "{photos}", "--html", "page.html", "--output", "out"],
        ["explain", "--model", "tiny", "{photos}/cat.jpg"],
        ["bench", "--model", "tiny", "--repeat", "1"],
    ],
    ids=" ".join,
)
def test_no_other_command_opens_a_connection(calls, source, arguments):
    photos = str(source / "tests" / "data" / "photos")
    network, modules = calls(*[argument.format(photos=photos) for argument in arguments])
    assert network == [] and "caption_net" not in modules


def test_files_of_this_machine_need_none(calls, source):
    network, modules = calls("models", "fetch", "conceptual", "--from", "tiny", status=2)  # it has other names
    assert network == [] and "caption_net" not in modules


def test_a_connection_would_be_seen(calls, work):
    """By the same test: of the command that opens one."""
    server = Files()
    try:
        server.answers["/ViT-B-32.pt"] = Answer(b"no", 404)
        network, modules = calls("models", "fetch", "conceptual", "--from", f"{server.base}/", status=3)
        assert any("connect(" in line for line in network) and "caption_net" in modules
    finally:
        server.close()


def test_the_program_is_not_linked_with_curl(real):
    assert "curl" not in subprocess.run(["ldd", real.path], capture_output=True, text=True, check=True).stdout
