"""--watch: what arrives in folders is captioned once it is complete."""

import os
import shutil
import signal
import subprocess
import threading

import pytest

from conftest import wait_for


class Watcher:
    """A run that watches; its lines on standard output and standard error, as they come."""

    def __init__(self, fake, *arguments, **environment):
        self.process = fake.start(*arguments, "--watch", environment=environment)
        self.lines, self.errors = [], []
        self.threads = [threading.Thread(target=self.read, args=pair) for pair in ((self.process.stdout, self.lines), (self.process.stderr, self.errors))]
        for thread in self.threads:
            thread.start()
        wait_for(lambda: any("watching" in line for line in self.errors) or self.process.poll() is not None)

    def read(self, stream, lines):
        for line in stream:
            lines.append(os.fsdecode(line).rstrip("\n"))

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        self.process.wait(timeout=20)
        for thread in self.threads:
            thread.join()
        return self.process.returncode


@pytest.fixture
def watch(fake, work):
    started = []
    (work / "in").mkdir()

    def start(*arguments, **environment):
        started.append(Watcher(fake, *arguments, **environment))
        return started[-1]

    yield start
    for watcher in started:
        if watcher.process.poll() is None:
            watcher.end(signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_there_and_what_arrives(work, watch, number):
    (work / "in" / "a.jpg").write_bytes(b"say first.")
    watcher = watch("in")
    wait_for(lambda: watcher.lines == ["in/a.jpg\tfirst."])
    (work / "in" / "b.png").write_bytes(b"say second.")
    wait_for(lambda: watcher.lines[1:] == ["in/b.png\tsecond."])
    (work / "elsewhere.jpg").write_bytes(b"say third.")
    os.rename(work / "elsewhere.jpg", work / "in" / "c.jpg")
    os.link(work / "in" / "c.jpg", work / "in" / "d.jpg")
    (work / "in" / "e.jpg").symlink_to("c.jpg")
    (work / "in" / "notes.txt").write_text("no picture")
    (work / "in" / ".hidden.jpg").write_bytes(b"say no.")
    wait_for(lambda: watcher.lines[2:] == [f"in/{name}.jpg\tthird." for name in "cde"])
    assert watcher.end(number) == 0
    assert len(watcher.lines) == 5 and not any("interrupted" in line for line in watcher.errors)


def test_a_file_is_taken_when_it_is_complete(work, watch):
    half = open(work / "in" / "a.jpg", "wb")
    half.write(b"say fir")
    half.flush()
    watcher = watch("in")  # in the midst of it
    slow = open(work / "in" / "b.jpg", "wb")
    slow.write(b"say sec")
    slow.flush()
    (work / "in" / "c.jpg").write_bytes(b"say third.")
    wait_for(lambda: watcher.lines == ["in/c.jpg\tthird."])
    slow.write(b"ond.")
    slow.close()
    wait_for(lambda: watcher.lines[1:] == ["in/b.jpg\tsecond."])
    half.write(b"st.")
    half.close()
    wait_for(lambda: watcher.lines[2:] == ["in/a.jpg\tfirst."])
    assert watcher.end() == 0


def test_one_that_is_changed_comes_again_and_one_that_is_not_does_not(work, watch):
    watcher = watch("in")
    (work / "in" / "a.jpg").write_bytes(b"say first.")
    wait_for(lambda: watcher.lines == ["in/a.jpg\tfirst."])
    with open(work / "in" / "a.jpg", "ab"):
        pass  # closed after writing nothing
    (work / "in" / "b.jpg").write_bytes(b"say second.")
    wait_for(lambda: watcher.lines[1:] == ["in/b.jpg\tsecond."])
    (work / "in" / "a.jpg").write_bytes(b"say another.")
    wait_for(lambda: watcher.lines[2:] == ["in/a.jpg\tanother."])
    assert watcher.end() == 0


def test_subfolders_that_appear(work, watch):
    watcher = watch("in", "-r", "--exclude", "thumbs")
    (work / "new" / "deep").mkdir(parents=True)
    (work / "new" / "deep" / "a.jpg").write_bytes(b"say a.")
    (work / "new" / "b.jpg").write_bytes(b"say b.")
    (work / "new" / "thumbs").mkdir()
    (work / "new" / "thumbs" / "c.jpg").write_bytes(b"say c.")
    os.rename(work / "new", work / "in" / "new")
    wait_for(lambda: watcher.lines == ["in/new/b.jpg\tb.", "in/new/deep/a.jpg\ta."])
    (work / "in" / "new" / "deep" / "d.jpg").write_bytes(b"say d.")
    (work / "in" / "new" / "thumbs" / "e.jpg").write_bytes(b"say e.")
    (work / "in" / "later").mkdir()
    (work / "in" / "later" / "f.jpg").write_bytes(b"say f.")
    wait_for(lambda: sorted(watcher.lines[2:]) == ["in/later/f.jpg\tf.", "in/new/deep/d.jpg\td."])
    shutil.rmtree(work / "in" / "new")
    assert watcher.end() == 0


def test_sidecars_of_what_arrives(fake, work, watch):
    (work / "in" / "old.jpg").write_bytes(b"say old.")
    (work / "in" / "old.txt").write_text("by hand\n")
    watcher = watch("in", "--sidecar", "txt")
    (work / "in" / "a.jpg").write_bytes(b"say a.")
    wait_for(lambda: (work / "in" / "a.txt").exists())
    (work / "in" / "a.png").write_bytes(b"say b.")
    wait_for(lambda: any("'in/a.png' is left out: it would have the sidecar 'in/a.txt', which is that of a picture before it" in line for line in watcher.errors))
    assert watcher.end() == 1 and (work / "in" / "a.txt").read_text() == "a.\n" and (work / "in" / "old.txt").read_text() == "by hand\n"
    again = watch("in", "--sidecar", "txt")  # what has its sidecar is left out
    (work / "in" / "z.jpg").write_bytes(b"say z.")
    wait_for(lambda: again.lines == ["in/z.jpg\tz."])
    again.end()


def test_metadata_of_what_arrives_are_written_once(work, watch):
    from PIL import Image

    watcher = watch("in", "--write-metadata")
    for name in "ab":
        Image.new("RGB", (32, 32)).save(work / f"{name}.jpg")
        os.rename(work / f"{name}.jpg", work / "in" / f"{name}.jpg")
    wait_for(lambda: len(watcher.lines) == 2 and b"AltTextAccessibility" in (work / "in" / "b.jpg").read_bytes())
    (work / "in" / "c.gif").write_bytes(b"corrupt")  # comes behind our own files
    wait_for(lambda: any("c.gif" in line for line in watcher.errors))
    assert watcher.end() == 1 and len(watcher.lines) == 2


def test_raw_files_that_arrive_beside_their_pictures(work, watch):
    watcher = watch("in")
    for name in ["a.NEF", "b.jpg", "b.cr2", "c.cr2"]:
        (work / "in" / name).write_bytes(f"say {name[0]}.".encode())
        wait_for(lambda: name == "b.cr2" or any(line.startswith(f"in/{name}") for line in watcher.lines))
    assert watcher.end() == 0 and watcher.lines == ["in/a.NEF\ta.", "in/b.jpg\tb.", "in/c.cr2\tc."]
    assert "1 raw file is left out, as its picture lies beside it" in "".join(watcher.errors)


def test_many_at_once(work, watch):
    watcher = watch("in", "-r")
    for folder in range(20):
        (work / "in" / f"{folder}").mkdir()
        for i in range(50):
            (work / "in" / f"{folder}" / f"{i}.jpg").write_bytes(b"say x.")
    wait_for(lambda: len(watcher.lines) == 1000)
    assert len(set(watcher.lines)) == 1000 and watcher.end() == 0


def test_a_failure_is_told_and_the_others_go_on(work, watch):
    watcher = watch("in", "--json")
    (work / "in" / "a.jpg").write_bytes(b"corrupt")
    wait_for(lambda: len(watcher.lines) == 1)
    (work / "in" / "b.jpg").write_bytes(b"say b.")
    wait_for(lambda: len(watcher.lines) == 2)
    assert watcher.end() == 1


@pytest.mark.parametrize("arguments, message", [
    (["a.jpg", "--watch"], "--watch waits for what arrives in folders: no INPUT is one"),
    (["--files-from", "list", "--watch"], "--watch is about folders that are named"),
    (["in", "--watch", "--output", "o", "--resume"], "--watch does not go with --resume"),
    (["in", "--watch", "--write-metadata", "--existing", "overwrite"], "it would take its own files for new ones"),
])
def test_mistakes(fake, work, arguments, message):
    (work / "in").mkdir()
    (work / "a.jpg").write_bytes(b"say a.")
    result = fake.run(*arguments)
    assert result.code == 2 and message in result.err
