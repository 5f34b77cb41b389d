"""The work cut into parts, and the pictures of each. Needs nothing but Python.

A part always has the same pictures, and a picture always the same caption. So it does not matter who makes a part, how often, or
who is killed meanwhile: the last one to finish puts the same file in the same place. Input and output are folders that all
machines see under the same name.
"""

from __future__ import annotations

import json
import os
import tarfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from slot import Picture, problem

# Those of `caption FOLDER`.
EXTENSIONS = set(".jpg .jpeg .jpe .jfif .mpo .png .apng .webp .bmp .dib .tif .tiff .heic .heif .hif .avif .gif .jxl .jp2 .j2k .j2c .jpf .jpx .ppm "
                 ".pgm .pbm .pnm .pam .pfm .qoi .tga .ico .icns .psd".split())
# Of cameras' raw data, and of the pictures that cameras keep beside it: of such a pair, the second is captioned.
RAW_EXTENSIONS = set(".cr2 .cr3 .crw .nef .nrw .arw .srf .sr2 .dng .raf .orf .rw2 .pef .srw".split())
OF_CAMERAS = ".JPG .jpg .JPEG .jpeg .HIF .hif .HEIC .heic .HEIF .heif".split()
PLAN = "_plan.json"  # names with "_" or "." are no data for Spark and Arrow


@dataclass(frozen=True)
class Part:
    number: int
    kind: str  # "files": names; "tar": one shard; "parquet": one file
    names: tuple[str, ...]

    def file(self, output: str) -> Path:
        return Path(output) / f"part-{self.number:06d}.parquet"


def plan(source: str, output: str, size: int) -> list[Part]:
    """The parts of a folder, a list of pictures (a line each), a tar shard, or a Parquet file. The first plan is kept with the
    output, so that a run that goes on has the same parts. Raises SystemExit."""
    file = Path(output) / PLAN
    asked = {"source": str(Path(source).resolve()), "size": size}
    if file.exists():
        kept = json.loads(file.read_text())
        if kept["asked"] != asked:
            raise SystemExit(f"{output} has the parts of {kept['asked']}: give another output, or the same input")
        return [Part(part["number"], part["kind"], tuple(part["names"])) for part in kept["parts"]]
    if not Path(source).exists():
        raise SystemExit(f"{source}: there is no such file or folder")
    parts = [Part(number, kind, names) for number, (kind, names) in enumerate(cut(Path(source), size))]
    if not parts:
        raise SystemExit(f"{source}: there is nothing to caption")
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, lambda path: path.write_text(json.dumps({"asked": asked, "parts": [asdict(part) for part in parts]})))
    return parts


def is_picture(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in EXTENSIONS | RAW_EXTENSIONS


def is_paired_raw(name: str, names: set[str]) -> bool:
    stem, extension = os.path.splitext(name)
    return extension.lower() in RAW_EXTENSIONS and any(stem + other in names for other in OF_CAMERAS)


def is_shard(name: str) -> bool:
    return name.endswith((".tar", ".parquet"))


def cut(source: Path, size: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """A shard is a part; files are `size` a part."""
    if source.is_dir():
        names = list(walk(source))
    elif is_shard(source.name):
        names = [str(source.resolve())]
    else:
        names = [line for line in source.read_text(encoding="utf-8", errors="surrogateescape").split("\n") if line]
    for name in filter(is_shard, names):
        yield name.rpartition(".")[2], (name,)
    files = [name for name in names if not is_shard(name)]
    for begin in range(0, len(files), size):
        yield "files", tuple(files[begin : begin + size])


def walk(folder: Path) -> Iterator[str]:
    """The pictures and shards of a folder with its subfolders, without hidden ones and the raw files of pairs."""
    for place, folders, names in os.walk(folder.resolve(), onerror=raise_it):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        together = set(names)
        for name in sorted(names):
            if not name.startswith(".") and (is_picture(name) or is_shard(name)) and not is_paired_raw(name, together):
                yield os.path.join(place, name)


def raise_it(error: OSError) -> None:
    raise error


def pictures_of_tar(name: str) -> Iterator[Picture]:
    """Of the members that are pictures, without the raw files that stand next to theirs. What is no whole archive gives what can
    be read, and a row that says so."""
    waiting: list[Picture] = []  # raw files of one name
    last = ""
    for picture in all_pictures_of_tar(name):
        if is_paired_raw(picture.path, {last}):
            continue
        if waiting and is_paired_raw(waiting[0].path, {picture.path}):
            waiting = []
        raw = os.path.splitext(picture.path)[1].lower() in RAW_EXTENSIONS
        if not raw or (waiting and os.path.splitext(waiting[0].path)[0] != os.path.splitext(picture.path)[0]):
            yield from waiting
            waiting = []
        if raw:
            waiting.append(picture)
        else:
            last = picture.path
            yield picture
    yield from waiting


def all_pictures_of_tar(name: str) -> Iterator[Picture]:
    try:
        with tarfile.open(name, "r:") as shard:
            for member in shard:
                if member.isfile() and is_picture(member.name):
                    yield Picture(f"{name}/{member.name}", shard.extractfile(member).read())
            # Python's reader takes a cut or broken header for the end.
            shard.fileobj.seek(shard.offset)
            if shard.fileobj.read(512) != b"\0" * 512:
                raise tarfile.ReadError("its end is missing")
    except tarfile.TarError as error:
        yield Picture(name, problem=problem("corrupt", f"{name}: is no whole tar archive: {error}"))


def missing(parts: list[Part], output: str) -> list[Part]:
    return [part for part in parts if not part.file(output).exists()]


def write_whole(file: Path, write: Callable[[Path], object]) -> None:
    """There is all of it, or nothing."""
    partial = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    try:
        write(partial)
        os.replace(partial, file)
    finally:
        partial.unlink(missing_ok=True)


def tidy(parts: list[Part], output: str) -> None:
    """Takes away what those who were killed had begun, of parts that are there."""
    for part in parts:
        if part.file(output).exists():
            for partial in Path(output).glob(f".{part.file(output).name}.*"):
                partial.unlink(missing_ok=True)
