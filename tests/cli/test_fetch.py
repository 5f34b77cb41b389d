"""caption models fetch, against servers on this machine that are as wrong as servers are.

The files are the tiny model's; a table of our own says where they are. Whatever goes wrong, there is no model then and no file that
looks complete, and the same command goes on from what has come.
"""

import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import threading

import pytest
from conftest import wait_for
from file_server import Answer, Files, make_certificate, sha256

CLIP, CAPTIONER = "clip.pt", "captioner.pt"
QUOTA = (
    b"<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head><body>Sorry, you can't view or download this file at "
    b"this time. Too many users have viewed or downloaded this file recently.</body></html>"
)


@pytest.fixture
def tiny(source):
    return source / "tests" / "data" / "parity" / "vit-mlp"


@pytest.fixture
def photo(source):
    return source / "tests" / "data" / "photos" / "cat.jpg"


@pytest.fixture
def server(tiny):
    files = Files()
    for name in (CLIP, CAPTIONER):
        files.answers[f"/{name}"] = Answer((tiny / name).read_bytes())
    yield files
    files.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls") / "certificate")


@pytest.fixture
def safe_server(tiny, certificate):
    files = Files(certificate)
    for name in (CLIP, CAPTIONER):
        files.answers[f"/{name}"] = Answer((tiny / name).read_bytes())
    yield files
    files.close()


class Fetching:
    """A table for tests, and the command that takes it."""

    def __init__(self, program, work, tiny, home):
        self.program, self.work, self.tiny = program, work, tiny
        self.downloads = home / ".cache" / "caption" / "downloads"
        self.data = home / ".local" / "share" / "caption"
        self.model = self.data / "models" / "tiny"
        self.files = {name: self.entry(name) for name in (CLIP, CAPTIONER)}
        self.files[CAPTIONER]["sha256"] = None

    def entry(self, name):
        data = (self.tiny / name).read_bytes()
        return {"name": name, "title": f"a test's {name}", "addresses": [], "mirrors": [], "bytes": len(data), "exact": True,
                "sha256": sha256(data), "license": f"the terms of {name}"}  # fmt: skip

    def at(self, base, mirror=None):
        for name, entry in self.files.items():
            entry["addresses"] = [f"{base}/{name}"]
            entry["mirrors"] = [f"{mirror}/{name}"] if mirror else []
        return self

    def arguments(self, *more):
        table = {"format": 1, "files": list(self.files.values()), "models": [
            {"name": name, "description": "for tests", "clip": CLIP, "captioner": CAPTIONER} for name in ("tiny", "other")]}  # fmt: skip
        (self.work / "table.json").write_text(json.dumps(table))
        return ["models", "fetch", "tiny", "--published", "table.json", "--tokenizer", str(self.tiny), *more]

    def run(self, *more, **environment):
        return self.program.run(*self.arguments(*more), **environment)

    def left(self):
        """Names of what lies among the downloads."""
        return sorted(file.name for file in self.downloads.iterdir()) if self.downloads.is_dir() else []

    def failed(self, result, *words):
        """It failed as it should: the words are there, and no model."""
        assert result.code == 3 and result.out == b"", result.err
        for word in words:
            assert word in result.err, result.err
        assert not self.model.exists()
        for name in self.files:  # what looks complete is
            file = self.downloads / name
            assert not file.exists() or file.read_bytes() == (self.tiny / name).read_bytes()
        assert not list(self.data.rglob("*.partial*"))
        return result


@pytest.fixture
def fetching(real, work, tiny, tmp_path):
    return Fetching(real, work, tiny, tmp_path / "home")


def succeeded(fetching, result):
    assert result.code == 0, result.err
    for name in (CLIP, CAPTIONER):
        assert (fetching.model / name).read_bytes() == (fetching.tiny / name).read_bytes()
    assert fetching.left() == []
    assert fetching.program.run("models", "verify", "tiny").code == 0
    return result


# All is well


def test_a_model_is_fetched_checked_and_imported(fetching, server, tiny, photo):
    result = succeeded(fetching, fetching.at(server.base).run())
    assert re.search(r"fetching clip.pt from 127.0.0.1:\d+, 0.9 MB\n", result.err) and "fetched captioner.pt: 1.4 MB in " in result.err
    assert "its licence: encoder: the terms of clip.pt; captioner: the terms of captioner.pt" in result.err
    assert fetching.program.run("--model", "tiny", photo).text == fetching.program.run("--model", tiny, photo).text
    shown = json.loads(fetching.program.run("models", "show", "tiny", "--json").text)
    assert f"{server.base}/clip.pt, sha256 verified" in shown["origin"] and "sha256 not published" in shown["origin"]
    assert shown["license"] == "encoder: the terms of clip.pt; captioner: the terms of captioner.pt"
    captioner = (tiny / CAPTIONER).read_bytes()
    assert json.loads((fetching.data / "pins.json").read_text()) == {
        CAPTIONER: {"sha256": sha256(captioner), "bytes": len(captioner), "from": f"{server.base}/captioner.pt"}
    }
    agents = {headers["User-Agent"] for _, headers in server.requests}
    assert len(agents) == 1 and agents.pop().startswith("caption ")


def test_a_model_that_is_there_is_not_fetched_again(fetching, server):
    succeeded(fetching, fetching.at(server.base).run())
    asked = len(server.requests)
    result = fetching.run("--optimize", "int8")
    assert result.code == 0 and "'tiny' is there already" in result.err and "packed.int8" in result.err
    assert len(server.requests) == asked and (fetching.model / "packed.int8").is_file()
    (fetching.model / CLIP).unlink()
    assert fetching.run().code == 3


def test_a_name_a_folder_and_a_precision(fetching, server, work):
    result = fetching.at(server.base).run("--name", "mine", "--folder", "here/mine", "--optimize", "bf16", "--quiet")
    assert result.code == 0 and result.err == ""
    assert json.loads((work / "here" / "mine" / "model.json").read_text())["name"] == "mine"
    assert (work / "here" / "mine" / "packed.bf16").is_file()


def test_a_file_of_an_installed_model_is_not_fetched_again(fetching, server):
    succeeded(fetching, fetching.at(server.base).run())
    arguments = ["other" if argument == "tiny" else argument for argument in fetching.arguments()]
    assert fetching.program.run(*arguments).code == 0
    assert server.paths() == ["/clip.pt", "/captioner.pt", "/captioner.pt"]


def test_over_tls(fetching, safe_server, certificate):
    succeeded(fetching, fetching.at(safe_server.base).run(SSL_CERT_FILE=certificate / "server.pem"))


def test_a_dry_run_says_all_and_asks_nobody(fetching, server):
    result = fetching.at(server.base, mirror="https://mirror.example").run("--dry-run")
    assert result.code == 0 and result.err == "" and server.requests == []
    for words in [f"{server.base}/clip.pt", "https://mirror.example/clip.pt", "clip.pt, 0.9 MB", "sha256 " + fetching.files[CLIP]["sha256"],
                  "sha256 was not published", "licence: the terms of clip.pt", str(fetching.downloads), str(fetching.model)]:  # fmt: skip
        assert words in result.text
    assert not fetching.downloads.exists() and not fetching.data.exists()


def test_our_own_table(real, source):
    for name in ("conceptual", "coco", "coco-transformer"):
        result = real.run("models", "fetch", name, "--dry-run")
        assert result.code == 0 and "https://openaipublic.azureedge.net/clip/models/" in result.text
        assert "https://drive.google.com/uc?export=download&id=" in result.text
    result = real.run("models", "fetch", "concptual", "--dry-run")
    assert result.code == 2 and "did you mean 'conceptual'?" in result.err


# Ways to a file


def test_redirects_are_followed_but_not_for_ever_and_not_out_of_tls(fetching, server, safe_server, certificate):
    safe_server.answers["/hop"] = Answer(status=302, headers={"Location": "/clip.pt"})
    safe_server.answers["/down"] = Answer(status=302, headers={"Location": f"{server.base}/clip.pt"})
    safe_server.answers["/round"] = Answer(status=302, headers={"Location": "/round"})
    fetching.at(safe_server.base)
    for path, words in [("down", "which is not encrypted"), ("round", "without an end")]:
        fetching.files[CLIP]["addresses"] = [f"{safe_server.base}/{path}"]
        fetching.failed(fetching.run(SSL_CERT_FILE=certificate / "server.pem"), words)
    assert server.requests == []
    fetching.files[CLIP]["addresses"] = [f"{safe_server.base}/hop"]
    succeeded(fetching, fetching.run(SSL_CERT_FILE=certificate / "server.pem"))


def test_a_mirror_takes_the_place_of_what_is_not_there(fetching, server):
    result = fetching.at(f"{server.base}/old", mirror=server.base).run()
    assert "/old/clip.pt: answers 404: it is not there; trying the next place" in succeeded(fetching, result).err


def test_mirrors_first_if_asked(fetching, server):
    succeeded(fetching, fetching.at(f"{server.base}/old", mirror=server.base).run("--mirror"))
    assert server.paths() == ["/clip.pt", "/captioner.pt"]


def test_from_a_folder_files_and_addresses(fetching, server, tiny, work):
    tiny = shutil.copytree(tiny, work / "given")  # whose files nobody else links
    fetching.at("http://127.0.0.1:1")
    result = fetching.run("--from", str(work))
    assert result.code == 2 and f"the folder '{work}' has no clip.pt" in result.err
    result = fetching.run("--from", "nowhere")
    assert result.code == 2 and "neither a folder" in result.err
    result = fetching.run("--from", "x", "--mirror")
    assert result.code == 2 and "--mirror" in result.err
    for sources in [[str(tiny)], [f"{server.base}/"], [f"{server.base}/clip.pt", str(tiny / CAPTIONER)]]:
        succeeded(fetching, fetching.run(*[word for source in sources for word in ("--from", source)]))
        subprocess.run(["rm", "-r", fetching.model], check=True)
    assert server.paths() == ["/clip.pt", "/captioner.pt", "/clip.pt"]
    assert all((tiny / name).stat().st_nlink == 1 for name in (CLIP, CAPTIONER))
    (work / CLIP).write_bytes(b"x" * 1000)
    (work / CAPTIONER).write_bytes((tiny / CAPTIONER).read_bytes())
    fetching.failed(fetching.run("--from", "."), "clip.pt: is another file: its SHA-256 is")


def test_a_proxy_is_asked_unless_it_is_not_for_this_host(fetching, server):
    fetching.at("http://models.example")
    succeeded(fetching, fetching.run(http_proxy=server.base))
    assert server.paths()[0] == "http://models.example/clip.pt"
    subprocess.run(["rm", "-r", fetching.model], check=True)
    succeeded(fetching, fetching.at(server.base).run(http_proxy="http://127.0.0.1:1", no_proxy="127.0.0.1"))


# Google Drive and Hugging Face


def form(server, path):
    return (
        "<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head><body><p>Google Drive can't scan this file for "
        f'viruses.</p><form id="download-form" action="{server.base}{path}" method="get"><input type="submit" value="Download anyway"/>'
        '<input type="hidden" name="id" value="A&amp;B"><input type="hidden" name="export" value="download">'
        '<input type="hidden" name="confirm" value="t"></form></body></html>'
    ).encode()


HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.mark.parametrize("ranges", [False, True], ids=["page", "416"])
def test_google_drive_is_told_that_the_file_is_wanted(fetching, server, tiny, ranges):
    """Also where the page itself is asked for a part, which it does not have."""
    data = (tiny / CAPTIONER).read_bytes()
    server.answers["/uc"] = Answer(form(server, "/download"), headers={**HTML, "Set-Cookie": "seen=1"}, ranges=ranges)
    server.answers["/download"] = Answer(data, before=[Answer(data, cut=500000)])
    fetching.at(server.base).files[CAPTIONER]["addresses"] = [f"{server.base}/uc?export=download&id=A"]
    succeeded(fetching, fetching.run())
    page, file = "/uc?export=download&id=A", "/download?id=A%26B&export=download&confirm=t"
    assert server.paths()[1:] == [page, file, *[page] * (2 if ranges else 1), file]
    assert server.requests[2][1]["Cookie"] == "seen=1" and server.requests[-1][1]["Range"] == "bytes=500000-"


def test_google_drive_asked_by_a_link_before(fetching, server, tiny):
    server.answers["/uc"] = Answer(b'<html><a id="uc-download-link" href="/get?confirm=x&amp;id=1">Download</a></html>')
    server.answers["/get"] = Answer((tiny / CAPTIONER).read_bytes())
    fetching.at(server.base).files[CAPTIONER]["addresses"] = [f"{server.base}/uc?id=1"]
    succeeded(fetching, fetching.run())
    assert server.paths()[-1] == "/get?confirm=x&id=1"


@pytest.mark.parametrize("status", [200, 403])
def test_google_drives_quota_names_the_mirror(fetching, server, tiny, status):
    server.answers["/uc"] = Answer(QUOTA, status=status, headers=HTML)
    fetching.at(server.base).files[CAPTIONER]["addresses"] = [f"{server.base}/uc?id=1"]
    result = fetching.failed(fetching.run(), "Google Drive gives this file to nobody for some hours", "--from FOLDER")
    assert "captioner.pt from " in result.err
    fetching.files[CAPTIONER]["mirrors"] = [f"{server.base}/captioner.pt"]
    succeeded(fetching, fetching.run())


@pytest.mark.parametrize(
    "page, words",
    [
        (b"<html><head><title>Wi-Fi at the\nStation</title></head></html>", "a web page in the place of the file, 'Wi-Fi at the"),
        (b"  <!doctype html><title>Sign in - Google Accounts</title>", "asks to sign in"),
        (b"<html></html>", "a web page"),
    ],
)
@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream"])
def test_a_page_is_no_weights(fetching, server, page, words, kind):
    server.answers["/clip.pt"] = Answer(page, headers={"Content-Type": kind})
    fetching.at(server.base).files[CLIP].update(exact=False, bytes=len(page))
    fetching.failed(fetching.run(), words)
    assert fetching.left() == []


def test_hugging_face(fetching, server, safe_server, certificate, tiny):
    """Its server sends on to another one, which must not see the token; it says which file that is."""
    data = (tiny / CAPTIONER).read_bytes()
    safe_server.answers["/owner/repo/resolve/main/captioner.pt"] = Answer(
        status=302, headers={"Location": f"{safe_server.base.replace('localhost', '127.0.0.1')}/cdn", "X-Linked-Etag": f'"{sha256(data)}"'}
    )
    safe_server.answers["/cdn"] = Answer(data)
    fetching.at(server.base).files[CAPTIONER]["addresses"] = ["https://huggingface.co/owner/repo/resolve/main/captioner.pt"]
    environment = {"HF_ENDPOINT": safe_server.base + "/", "HF_TOKEN": "hf_secret", "SSL_CERT_FILE": certificate / "server.pem"}
    # The certificate is for localhost alone: the other name fails after the redirect, and nothing was said to it.
    fetching.failed(fetching.run(**environment), "is not who it should be")
    safe_server.answers["/owner/repo/resolve/main/captioner.pt"].headers["Location"] = f"{safe_server.base}/cdn"
    succeeded(fetching, fetching.run(**environment))
    assert safe_server.requests[0][1]["Authorization"] == "Bearer hf_secret"
    assert all("Authorization" not in headers for _, headers in server.requests)


def test_hugging_faces_token_stays_with_it(fetching, server, tiny):
    data = (tiny / CAPTIONER).read_bytes()
    other = Files()
    try:
        other.answers["/cdn"] = Answer(data)
        server.answers["/repo/captioner.pt"] = Answer(status=302, headers={"Location": f"{other.base}/cdn", "X-Linked-Etag": "x" * 64})
        fetching.at(server.base).files[CAPTIONER]["addresses"] = ["https://huggingface.co/repo/captioner.pt"]
        succeeded(fetching, fetching.run(HF_ENDPOINT=server.base, HF_TOKEN="hf_secret"))
        assert "Authorization" in server.requests[-1][1] and "Authorization" not in other.requests[0][1]
    finally:
        other.close()


def test_hugging_face_says_another_hash(fetching, server, tiny):
    server.answers["/repo/captioner.pt"] = Answer(
        status=302, headers={"Location": "/captioner.pt", "X-Linked-Etag": f'"{"0" * 64}"'})  # fmt: skip
    fetching.at(server.base).files[CAPTIONER]["addresses"] = ["https://huggingface.co/repo/captioner.pt"]
    fetching.failed(fetching.run(HF_ENDPOINT=server.base), "not " + "0" * 64 + " (as its server says)")
    fetching.files[CAPTIONER]["sha256"] = "1" * 64
    fetching.failed(fetching.run(HF_ENDPOINT=server.base), "has another file")
    server.answers["/repo/captioner.pt"] = Answer(b"no", 401)
    fetching.failed(fetching.run(HF_ENDPOINT=server.base), "set HF_TOKEN")


# Connections that end


def ranges(server, path):
    return [headers.get("Range") for asked, headers in server.requests if asked == path]


def test_a_connection_that_is_cut_again_and_again(fetching, server):
    server.answers["/captioner.pt"].cut = 400000
    succeeded(fetching, fetching.at(server.base).run("--retries", "1"))
    assert ranges(server, "/captioner.pt") == [None, "bytes=400000-", "bytes=800000-", "bytes=1200000-"]
    assert {headers.get("If-Range") for path, headers in server.requests if path == "/captioner.pt"} == {None, '"1"'}


def test_without_a_validator_the_hash_tells_whether_parts_belong_together(fetching, server):
    server.answers["/clip.pt"].cut = 500000
    server.answers["/clip.pt"].etag = None
    succeeded(fetching, fetching.at(server.base).run())
    assert ranges(server, "/clip.pt") == [None, "bytes=500000-"]


def test_a_server_without_ranges_that_cuts_is_given_up(fetching, server):
    server.answers["/captioner.pt"].cut = 400000
    server.answers["/captioner.pt"].ranges = False
    fetching.failed(fetching.at(server.base).run("--retries", "2"), "0.4 MB have come, and the same command goes on from them")
    assert len(ranges(server, "/captioner.pt")) == 4


def test_a_file_that_was_replaced_meanwhile_comes_from_the_start(fetching, server, tiny):
    old = Answer(b"PK\x03\x04" + bytes(900000), etag='"old"', cut=300000)
    server.answers["/captioner.pt"].before = [old]
    fetching.at(server.base).files[CAPTIONER].update(exact=False)
    succeeded(fetching, fetching.run())
    assert ranges(server, "/captioner.pt") == [None, "bytes=300000-"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_was_stopped_goes_on(fetching, server, number):
    server.answers["/captioner.pt"].stall = 700000
    arguments = fetching.at(server.base).arguments()
    process = fetching.program.start(*arguments)
    partial = fetching.downloads / "captioner.pt.partial"
    wait_for(lambda: partial.exists() and partial.stat().st_size == 700000)
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    if number == signal.SIGINT:
        assert process.returncode == 130 and b"interrupted: the same command goes on" in err
    assert not fetching.model.exists() and fetching.left() == ["captioner.pt.partial", "captioner.pt.partial.json", "clip.pt"]
    server.answers["/captioner.pt"].stall = None
    result = succeeded(fetching, fetching.run())
    assert ranges(server, "/captioner.pt") == [None, "bytes=700000-"] and "of which 0.7 MB are here" in result.err
    assert server.paths().count("/clip.pt") == 1


def test_a_part_that_is_bad_comes_again(fetching, server):
    server.answers["/clip.pt"].cut = 500000
    fetching.failed(fetching.at(server.base).run("--retries", "0", "--timeout", "5", "--from", f"{server.base}/nothing/"), "404")
    server.answers["/clip.pt"].ranges = False
    fetching.failed(fetching.run("--retries", "0"), "0.5 MB have come")
    partial = fetching.downloads / "clip.pt.partial"
    partial.write_bytes(b"x" + partial.read_bytes()[1:])
    server.answers["/clip.pt"].cut = None
    server.answers["/clip.pt"].ranges = True
    result = succeeded(fetching, fetching.run())
    assert "what an earlier run had left does not fit: from the start" in result.err
    assert ranges(server, "/clip.pt")[-2:] == ["bytes=500000-", None]


def test_what_had_come_entirely_is_not_asked_for_again(fetching, server, tiny):
    fetching.downloads.mkdir(parents=True)
    data = (tiny / CLIP).read_bytes()
    (fetching.downloads / "clip.pt.partial").write_bytes(data)
    about = {"address": f"{server.base}/clip.pt", "validator": '"1"', "total": len(data)}
    (fetching.downloads / "clip.pt.partial.json").write_text(json.dumps(about))
    succeeded(fetching, fetching.at(server.base).run())
    assert ranges(server, "/clip.pt") == [f"bytes={len(data)}-"]


def test_a_server_that_is_busy_is_asked_again(fetching, server):
    server.answers["/clip.pt"].before = [Answer(b"busy", 503), Answer(b"slowly", 429)]
    succeeded(fetching, fetching.at(server.base).run())
    server.answers["/clip.pt"] = Answer(b"broken", 500)
    subprocess.run(["rm", "-r", fetching.model], check=True)
    fetching.failed(fetching.run("--retries", "1"), "clip.pt: answers 500")


def test_slow_is_no_reason_to_give_up_but_silence_is(fetching, server):
    server.answers["/clip.pt"].pause = 0.1
    succeeded(fetching, fetching.at(server.base).run("--timeout", "1", "--retries", "0"))
    subprocess.run(["rm", "-r", fetching.model], check=True)
    server.answers["/clip.pt"].stall = 100000
    server.answers["/clip.pt"].ranges = False
    fetching.failed(fetching.run("--timeout", "1", "--retries", "0"), "0.1 MB have come")


# Servers that are not what they say


def test_a_wrong_hash(fetching, server, tiny):
    data = bytearray((tiny / CLIP).read_bytes())
    data[5000] ^= 1
    server.answers["/clip.pt"].body = bytes(data)
    wrong = f"its SHA-256 is {sha256(data)}, not {fetching.files[CLIP]['sha256']} (published)"
    fetching.failed(fetching.at(server.base).run(), wrong)
    assert fetching.left() == []


def test_an_old_model_stays_untouched(fetching, server, work):
    succeeded(fetching, fetching.at(server.base).run("--folder", str(fetching.model)))
    before = {file.name: file.read_bytes() for file in fetching.model.iterdir()}
    server.answers["/clip.pt"] = Answer(b"no", 404)
    fetching.files[CLIP]["sha256"] = "2" * 64
    assert fetching.run("--name", "new").code == 3
    assert {file.name: file.read_bytes() for file in fetching.model.iterdir()} == before


def test_a_later_download_must_be_the_same_as_the_first(fetching, server, tiny):
    succeeded(fetching, fetching.at(server.base).run())
    subprocess.run(["rm", "-r", fetching.model], check=True)
    succeeded(fetching, fetching.run())
    subprocess.run(["rm", "-r", fetching.model], check=True)
    data = bytearray((tiny / CAPTIONER).read_bytes())
    data[9000] ^= 1
    server.answers["/captioner.pt"].body = bytes(data)
    result = fetching.failed(fetching.run(), "gives another file", str(fetching.data / "pins.json"), "the first one that came here")
    assert sha256(data) in result.err


def test_what_cannot_be_imported_is_not_pinned(fetching, server, tiny):
    data = bytearray((tiny / CAPTIONER).read_bytes())
    data[len(data) // 2] ^= 1
    server.answers["/captioner.pt"].body = bytes(data)
    result = fetching.at(server.base).run()
    assert result.code == 3 and "captioner.pt" in result.err
    assert not (fetching.data / "pins.json").exists() and not fetching.model.exists()


def test_a_10_gb_liar(fetching, server):
    clip = server.answers["/clip.pt"]
    clip.announce = 10 * 10**9
    fetching.failed(fetching.at(server.base).run(), "announces 10000000000 bytes, but the file has 925080")
    fetching.files[CLIP]["exact"] = False
    fetching.failed(fetching.run(), "announces 10000.0 MB, but the file has about 0.9 MB")
    clip.announce, clip.endless = None, True
    fetching.failed(fetching.run(), "sends more than 1.9 MB, which this file cannot have")
    assert fetching.left() == []


def test_somebody_else_at_that_name(fetching, safe_server):
    """A certificate that nobody trusts."""
    fetching.failed(fetching.at(safe_server.base).run(), "is not who it should be", "certificate")
    assert safe_server.requests == []


def test_a_server_without_tls_on_its_port(fetching, server):
    result = fetching.at(server.base.replace("http:", "https:")).run("--retries", "0")
    fetching.failed(result, "is not who it should be, or speaks no TLS that is safe")


# This machine


def test_a_disk_that_is_full_at_90_percent(fetching, server):
    """The captioner does not fit under the limit on the size of files."""
    limit = int(1422923 * 0.9)
    fetching.at(server.base)
    process = fetching.program.start(
        *fetching.arguments(), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY)))  # fmt: skip
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3 and b"cannot be written: File too large; 1 MB are there, and the same command goes on" in err, err
    assert not fetching.model.exists()
    succeeded(fetching, fetching.run())
    again = ranges(server, "/captioner.pt")[1]
    assert 1000000 < int(re.fullmatch(r"bytes=(\d+)-", again)[1]) <= limit


def test_a_disk_that_is_too_small_is_told_before(fetching, server):
    fetching.at(server.base).files[CLIP].update(bytes=10**18)
    fetching.failed(fetching.run(), "the model needs 1000000000001 MB, and only")
    assert server.requests == []


def test_a_folder_that_cannot_be_written(fetching, server, tmp_path):
    (tmp_path / "file").write_text("")
    result = fetching.at(server.base).run(XDG_CACHE_HOME=tmp_path / "file")
    assert result.code == 3 and "cannot be written: Not a directory" in result.err


def test_two_at_once(fetching, server):
    server.answers["/clip.pt"].stall = 1000
    first = fetching.program.start(*fetching.at(server.base).arguments())
    try:
        wait_for(lambda: server.requests)
        wait_for(lambda: (fetching.downloads / "clip.pt.partial").exists())
        result = fetching.run()
        assert result.code == 3 and "another process is fetching this file" in result.err
    finally:
        first.kill()
        first.communicate()


def test_no_network_gives_instructions(fetching):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nobody listens
        base = f"http://127.0.0.1:{closed.getsockname()[1]}"
        result = fetching.failed(fetching.at(base, mirror="http://mirror.invalid").run(), "No network here?")
    for words in [f"clip.pt from {base}/clip.pt", "or http://mirror.invalid/captioner.pt", "caption models fetch tiny --from FOLDER"]:
        assert words in result.err


def test_certificates_that_are_not_there(fetching, server, tmp_path):
    result = fetching.at(server.base).run(SSL_CERT_FILE=tmp_path / "none.pem")
    assert result.code == 2 and "none.pem', which CURL_CA_BUNDLE, SSL_CERT_FILE or SSL_CERT_DIR names" in result.err
    result = fetching.run(HF_ENDPOINT="huggingface.co")
    assert result.code == 2 and "HF_ENDPOINT is 'huggingface.co'" in result.err


def test_progress_on_a_terminal(fetching, server, tmp_path):
    server.answers["/clip.pt"].pause = 0.05
    command = " ".join(f"'{word}'" for word in [fetching.program.path, *fetching.at(server.base).arguments()])
    done = subprocess.run(["script", "-qec", command, "/dev/null"], cwd=fetching.work, env=fetching.program.full_environment(),
                          capture_output=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert re.search(r"\r0\.\d/0\.9 MB  \d+\.\d MB/s  \d+s left", done.stdout.decode())
