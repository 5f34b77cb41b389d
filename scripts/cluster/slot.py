"""One warm `caption serve --stdin` for one slot of a cluster, which outlives the tasks that use it, and is started again when it
dies. Needs nothing but Python."""

from __future__ import annotations

import atexit
import base64
import json
import os
import select
import stat
import subprocess
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

END = "end"  # the "id" behind the last picture
MOST_BYTES = 1 << 31  # of a picture, as for the command line
MEGABYTES = "2000"  # of a line: its size is the picture's affair, as for the command line


@dataclass
class Picture:
    """What is to be captioned: a file, or bytes; or why there is neither."""

    path: str
    content: bytes | None = None
    problem: dict | None = None  # an "error" of a record


@dataclass(frozen=True)
class Settings:
    program: str = "caption"
    arguments: tuple[str, ...] = ()  # of `caption serve`: ("--model", "conceptual")
    tries: int = 3  # a picture that kills its process as often is recorded, and left
    patience: float = 600  # seconds without an answer after which a process counts as stuck, and is killed
    together: int = 64  # pictures that a process has at a time

    def command(self) -> list[str]:
        more = [] if "--max-body" in self.arguments else ["--max-body", MEGABYTES]
        return [self.program, "serve", "--stdin", "--unordered", "--quiet", *more, *self.arguments]


class Slot:
    """Captions pictures by one process, which is started when there is none."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.process: subprocess.Popen | None = None
        self.model: str | None = None  # as it calls itself

    def captions(self, pictures: Iterable[Picture]) -> list[dict]:
        """A row for each picture, in order. Raises RuntimeError if the program cannot be used, and what `pictures` raises."""
        rows: dict[int, dict] = {}
        source = enumerate(pictures)
        while (held := self._stream(rows, source, self.settings.together)) is not None:
            # One of those that it had killed it: each goes alone, so that it is found out.
            for number, picture in held.items():
                rows[number] = self._alone(picture)
        return [{**rows[number], "model": self.model} for number in sorted(rows)]

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def _alone(self, picture: Picture) -> dict:
        for _ in range(self.settings.tries):
            rows: dict[int, dict] = {}
            if self._stream(rows, iter([(0, picture)]), 1) is None:
                return rows[0]
        return row(picture.path, {"error": problem("crashed", f"{readable(picture.path)}: the program died of it {self.settings.tries} times")})

    def _stream(self, rows: dict[int, dict], source: Iterator[tuple[int, Picture]], together: int) -> dict[int, Picture] | None:
        """As Stream.run; a process that has died is buried."""
        if self.process is None:
            self.process = subprocess.Popen(self.settings.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        stream = Stream(self.process, together, self.settings.patience, rows)
        try:
            held = stream.run(source)
        except BaseException:
            self.close()
            raise
        self.model = stream.model or self.model
        if held is not None:
            status = self.process.poll()
            self.close()
            if status in (2, 3):  # the command line or the model is wrong: no picture's fault
                raise RuntimeError(f"'{' '.join(self.settings.command())}' ended with status {status}: see what it wrote")
        return held


class Stream:
    """Pictures that go through a process, so many at a time, and what becomes of them."""

    def __init__(self, process: subprocess.Popen, together: int, patience: float, rows: dict[int, dict]) -> None:
        self.process = process
        self.patience = patience
        self.rows = rows
        self.room = threading.Semaphore(together)
        self.held: dict[int, Picture] = {}
        self.dead = False
        self.model: str | None = None
        self.failure: BaseException | None = None

    def run(self, source: Iterator[tuple[int, Picture]]) -> dict[int, Picture] | None:
        """Takes all of `source`. -> None, or, if the process dies before, the pictures that it had then."""
        # Writing has a thread of its own: a pipe that is full waits for answers to be read.
        sender = threading.Thread(target=self._send, args=(source,), daemon=True)
        sender.start()
        ended = False
        for line in self._lines():
            record = json.loads(line)
            self.model = record["model"]
            if (number := record.pop("id")) == END:
                ended = True
            else:
                self.rows[number] = row(self.held.pop(number).path, record)
                self.room.release()
            if ended and not self.held:
                sender.join()
                return None
        self.dead = True
        self.process.kill()  # if it is stuck
        self.process.wait()
        self.room.release()
        sender.join()
        if self.failure:
            raise self.failure
        return self.held

    def _lines(self) -> Iterator[bytes]:
        """What the process says, until it dies, or says nothing for too long although it has pictures."""
        answers, rest = self.process.stdout.fileno(), b""
        while True:
            while not select.select([answers], [], [], self.patience)[0]:
                if self.held:
                    return
            part = os.read(answers, 1 << 16)
            if not part:
                return
            *lines, rest = (rest + part).split(b"\n")
            yield from lines

    def _send(self, source: Iterator[tuple[int, Picture]]) -> None:
        try:
            for number, picture in source:
                content, problem = picture.content, picture.problem
                if content is None and problem is None:
                    content, problem = read(picture.path)
                if problem is not None:
                    self.rows[number] = row(picture.path, {"error": problem})  # its model is added at the end
                    continue
                self.room.acquire()
                self.held[number] = Picture(picture.path, content)
                if self.dead:
                    return
                self._write({"id": number, "image": base64.b64encode(content).decode(), "name": readable(picture.path)})
            self._write({"id": END, "image": ""})
        except BrokenPipeError:
            pass  # it has died, which its reader sees
        except BaseException as error:  # of the source
            self.failure = error
            self.process.kill()

    def _write(self, asked: dict) -> None:
        self.process.stdin.write(json.dumps(asked).encode() + b"\n")
        self.process.stdin.flush()


def read(path: str) -> tuple[bytes | None, dict | None]:
    """A file's bytes, or why there are none, in the program's words."""
    try:
        status = os.stat(path)
        if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
            return None, problem("unreadable", f"{readable(path)}: is a device, not an image file")
        if status.st_size > MOST_BYTES:
            return None, problem("too_large", f"{readable(path)}: over 2 GiB: not an image file that caption reads")
        with open(path, "rb") as file:
            return file.read(), None
    except FileNotFoundError:
        return None, problem("not_found", f"{readable(path)}: no such file")
    except OSError as error:
        return None, problem("unreadable", f"{readable(path)}: {error.strerror}")


def readable(path: str) -> str:
    """A name whose bytes are no UTF-8 has U+FFFD in their place, as in the program's records."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def problem(code: str, message: str) -> dict:
    return {"code": code, "message": message}


def row(path: str, record: dict) -> dict:
    """All but the model's name."""
    error = record.get("error")
    return {
        "path": readable(path),
        "caption": record.get("caption"),
        "score": record.get("score"),
        "mean_logprob": record.get("mean_logprob"),
        "error": f"{error['code']}: {error['message']}" if error else None,
    }


_slots: dict[Settings, Slot] = {}


def slot_of(settings: Settings) -> Slot:
    """This process' slot: Spark and Ray keep their workers from task to task, and with them the loaded model."""
    if settings not in _slots:
        _slots[settings] = Slot(settings)
        atexit.register(_slots[settings].close)
    return _slots[settings]
