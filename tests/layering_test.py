#!/usr/bin/env python3
"""Who may include whom: reads the rooms of src/CMakeLists.txt and every #include of src/ and include/.

A room is a folder, a library and a line caption_room(FOLDER ...): its files may include headers of its own, of the rooms that it
USES (and links) and of those that it only SEES; a room that is named and never included is refused, too. A room below another
one, as cli/caption below cli, is a room of its own. Of the rooms, those marked LIBTORCH alone may include LibTorch's headers.
Every other third party has one place, see THIRD_PARTIES.
src/main.cpp has a row of its own, MAIN_SEES; include/caption may include only itself and the standard library. Below the rooms
of the command line no message names one of its flags. With --self-test it checks that each of these can fail.
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Third parties' headers, as a pattern, and where they belong: rooms, or "*" behind what a room's name begins with.
THIRD_PARTIES = {
    r"opencv2/": ["opencv"],
    r"libheif/": ["codecs/heif"],
    r"avif/": ["codecs/avif"],
    r"jxl/": ["codecs/jpeg_xl"],
    r"openjpeg\.h": ["codecs/jpeg_2000"],
    r"(jpeglib|jerror)\.h": ["image"],
    r"librsvg/": ["codecs/svg"],
    r"seccomp\.h": ["sandbox/decoder"],
    r"lcms2\.h": ["codecs/icc"],
    r"zlib\.h": ["image", "eval"],
    r"tiffio\.h": ["codecs/tiff"],
    r"CLI/": ["cli*"],
    r"boost/": ["http"],
    r"toml\+\+/": ["cli"],
    r"sentencepiece": ["sentencepiece"],
    r"utf8proc\.h": ["utf8proc"],
    r"exiv2/": ["exiv2"],
    r"nlohmann/": ["records", "datasets", "model", "fetch", "text", "weights", "cli*"],
    r"libstemmer\.h": ["eval"],
    r"openssl/": ["files"],
    r"curl/": ["net"],
    r"archive(_entry)?\.h": ["archive"],
    r"(ATen|c10)/cuda/": ["libtorch/graphs"],
    r"(cuda|cudnn|cublas)\w*\.h": ["cuda", "libtorch/graphs"],
}
LIBTORCH = re.compile(r"(ATen|c10|torch)/")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
SOURCES = {".h", ".cpp", ".cu", ".inc"}
MAIN = "main.cpp"
MAIN_SEES = ["base", "files", "cli*"]


@dataclass
class Room:
    """A line of src/CMakeLists.txt."""

    libtorch: bool = False
    uses: list[str] = field(default_factory=list)
    sees: list[str] = field(default_factory=list)


def read_rooms(cmake: str) -> dict[str, Room]:
    """The rooms by folder."""
    rooms: dict[str, Room] = {}
    for call in re.findall(r"^\s*caption_room\(([^)]*)\)", re.sub(r"#.*", "", cmake), re.MULTILINE):
        folder, *words = call.split()
        room = Room()
        lists = {"USES": room.uses, "SEES": room.sees, "LINKS": [], "SOURCES": []}
        words_of = None
        for word in words:
            if word == "LIBTORCH":
                room.libtorch = True
            elif word in lists:
                words_of = lists[word]
            elif words_of is None:
                raise SystemExit(f"src/CMakeLists.txt: caption_room({folder}): what is {word}?")
            else:
                words_of.append(word)
        if folder in rooms:
            raise SystemExit(f"src/CMakeLists.txt: {folder} has two lines")
        rooms[folder] = room
    return rooms


def folder_of(header: str, rooms: dict[str, Room]) -> str | None:
    """The room that a path below src belongs to: the longest one."""
    parts = header.split("/")[:-1]
    for length in range(len(parts), 0, -1):
        if "/".join(parts[:length]) in rooms:
            return "/".join(parts[:length])
    return None


def cycle(rooms: dict[str, Room]) -> list[str]:
    """Rooms that include each other in a circle, or none."""
    done: set[str] = set()

    def search(room: str, way: list[str]) -> list[str]:
        if room in way:
            return [*way[way.index(room):], room]
        if room in done or room not in rooms:
            return []
        for other in rooms[room].uses + rooms[room].sees:
            if found := search(other, [*way, room]):
                return found
        done.add(room)
        return []

    return next((found for room in rooms if (found := search(room, []))), [])


def wrong_rooms(rooms: dict[str, Room], files: list[str]) -> list[str]:
    """What is wrong with the lines themselves. `files` are paths below src."""
    wrong = []
    with_sources = {file.rpartition("/")[0] for file in files if "/" in file}
    wrong += [f"src/{folder}: its sources belong to no room: src/CMakeLists.txt has no line for it"
              for folder in sorted(with_sources - set(rooms))]
    wrong += [f"src/CMakeLists.txt: {folder}: there is no such folder, or nothing in it" for folder in sorted(set(rooms) - with_sources)]
    for folder, room in rooms.items():
        for other in room.uses + room.sees:
            if other not in rooms:
                wrong.append(f"src/CMakeLists.txt: {folder} names {other}, which is no room")
            elif rooms[other].libtorch and not room.libtorch:
                wrong.append(f"src/CMakeLists.txt: {folder} does without LibTorch, but names {other}")
    if circle := cycle(rooms):
        wrong.append("src/CMakeLists.txt: a circle: " + " -> ".join(circle))
    return wrong


def wrong_includes(file: str, text: str, rooms: dict[str, Room]) -> list[str]:
    """What is wrong with the includes of a file, a path below the root."""
    top, _, path = file.partition("/")
    public = top == "include"
    own = None if public or path == MAIN else folder_of(path, rooms)
    may_see = set()
    if own is not None:
        may_see = {own, *rooms[own].uses, *rooms[own].sees}
    elif path == MAIN:
        may_see = {room for room in rooms if any(fits(room, place) for place in MAIN_SEES)}
    elif not public:
        return []  # its folder has no line: wrong_rooms says so
    who = "include/" if public else own or MAIN
    wrong = []
    for quote, header in INCLUDE.findall(text):
        if header.startswith("caption/") and (ROOT / "include" / header).exists():
            continue
        room = folder_of(header, rooms)
        if room is not None:
            if room not in may_see:
                wrong.append(f"{file}: {who} may not include {header}")
            continue
        if quote == '"':
            wrong.append(f"{file}: {header} is in no room")
        if LIBTORCH.match(header) and not (own is not None and rooms[own].libtorch):
            wrong.append(f"{file}: {who} does without LibTorch, but includes {header}")
        for pattern, places in THIRD_PARTIES.items():
            if re.match(pattern, header) and not any(fits(own, place) for place in places):
                wrong.append(f"{file}: {header} belongs in {', '.join(places)}")
        if public and ("." in header or "/" in header):
            wrong.append(f"{file}: include/ may include itself and the standard library only, not {header}")
    return wrong


def never_included(rooms: dict[str, Room], texts: dict[str, str]) -> list[str]:
    """Rooms that a line names for nothing. `texts` are the files, by their paths below src. What caption/error.h declares is
    in base, so that room may be linked without one of its headers."""
    included: dict[str, set[str | None]] = {folder: {"base"} for folder in rooms}
    for path, text in texts.items():
        if (own := folder_of(path, rooms)) is not None:
            included[own] |= {folder_of(header, rooms) for _, header in INCLUDE.findall(text)}
    return [f"src/CMakeLists.txt: {folder} names {other}, but includes nothing of it"
            for folder, room in rooms.items() for other in room.uses + room.sees if other not in included[folder]]


def named_flags(file: str, text: str, rooms: dict[str, Room]) -> list[str]:
    """Messages that name a flag of the command line where it is not known. Flags of scripts/setup may be named."""
    path = file.partition("/")[2]
    if path == MAIN or fits(folder_of(path, rooms), "cli*"):
        return []
    code = re.sub(r"^\s*//.*|///<.*", "", text, flags=re.MULTILINE)
    code = re.sub(r'(?<!\\)"\s*\n\s*"', "", code)  # a literal in several lines
    literals = re.findall(r'"((?:[^"\\\n]|\\.)*)"', code)
    return [f"{file}: a message names a flag: {literal}" for literal in literals
            if re.search(r"(^|[^\w-])--[a-z]", literal) and "scripts/setup" not in literal]


def fits(room: str | None, place: str) -> bool:
    if room is None:
        return False
    return room == place or (place.endswith("*") and room.startswith(place[:-1]))


def sources() -> list[Path]:
    return sorted(p for top in ("src", "include") for p in (ROOT / top).rglob("*") if p.suffix in SOURCES)


def all_wrong() -> list[str]:
    rooms = read_rooms((ROOT / "src/CMakeLists.txt").read_text())
    files = [str(path.relative_to(ROOT)) for path in sources()]
    texts = {file: path.read_text() for path, file in zip(sources(), files)}
    below_src = {file.removeprefix("src/"): text for file, text in texts.items() if file.startswith("src/")}
    wrong = wrong_rooms(rooms, list(below_src)) + never_included(rooms, below_src)
    for file, text in texts.items():
        wrong += wrong_includes(file, text, rooms) + named_flags(file, text, rooms)
    return wrong


def self_test() -> list[str]:
    """What should be found and is not, or is found and should not."""
    cmake = """
        # caption_room(FOLDER ...)
        caption_room(base LINKS dl)
        caption_room(net USES base)
        caption_room(gpu LIBTORCH USES base)
        caption_room(cli USES base
          SEES net LINKS CLI11::CLI11)
        caption_room(cli/say USES base cli)
        caption_room(image USES base)"""
    rooms = read_rooms(cmake)
    files = ["base/a.h", "net/a.h", "gpu/a.h", "cli/a.h", "cli/say/a.h", "image/a.cpp", "main.cpp"]

    def includes(file: str, header: str) -> list[str]:
        return wrong_includes(file, f"#include {header}\n", rooms)

    good = {
        "own header": includes("src/net/x.cpp", '"net/a.h"'),
        "used room": includes("src/net/x.cpp", '"base/a.h"'),
        "seen room": includes("src/cli/x.cpp", '"net/a.h"'),
        "nested room": includes("src/cli/say/x.cpp", '"cli/a.h"'),
        "public header": includes("src/net/x.cpp", '"caption/error.h"'),
        "libtorch": includes("src/gpu/x.cpp", "<ATen/ATen.h>"),
        "standard": includes("include/caption/x.h", "<vector>"),
        "main": includes("src/main.cpp", '"cli/say/a.h"'),
        "command line": includes("src/cli/say/x.cpp", "<CLI/CLI.hpp>"),
        "rooms": wrong_rooms(rooms, files),
        "rooms that are included": never_included(read_rooms("caption_room(a USES b SEES c)\ncaption_room(b)\ncaption_room(c)"),
                                                  {"a/x.cpp": '#include "b/y.h"\n#include "c/y.h"\n'}),
        "flag in the command line": named_flags("src/cli/say/x.cpp", 'f("use --beam");', rooms),
        "flag of a script": named_flags("src/net/x.cpp", 'f("run scripts/setup "\n  "--cuda");', rooms),
        "flag in a comment": named_flags("src/net/x.cpp", '/// what "--beam" says\n', rooms),
    }
    bad = {
        "room that is not used": includes("src/net/x.cpp", '"image/a.h"'),
        "room above": includes("src/base/x.h", '"net/a.h"'),
        "nested room from outside": includes("src/cli/x.cpp", '"cli/say/a.h"'),
        "seen room of another": includes("src/cli/say/x.cpp", '"net/a.h"'),
        "no room": includes("src/net/x.cpp", '"other/a.h"'),
        "libtorch": includes("src/net/x.cpp", "<ATen/ATen.h>"),
        "libtorch in main": includes("src/main.cpp", "<c10/core/Device.h>"),
        "main": includes("src/main.cpp", '"net/a.h"'),
        "public header's room": includes("include/caption/x.h", '"base/a.h"'),
        "public header's third party": includes("include/caption/x.h", "<nlohmann/json.hpp>"),
        "third party": includes("src/net/x.cpp", "<opencv2/core.hpp>"),
        "cuda": includes("src/gpu/x.cpp", "<cuda_runtime.h>"),
        "libtorch's cuda": includes("src/gpu/x.cpp", "<ATen/cuda/CUDAGraph.h>"),
        "folder without a line": wrong_rooms(rooms, [*files, "new/a.cpp"]),
        "nested folder without a line": wrong_rooms(rooms, [*files, "net/new/a.cpp"]),
        "line without a folder": wrong_rooms(rooms, files[1:]),
        "unknown room": wrong_rooms(read_rooms(cmake + "\ncaption_room(x USES y)"), [*files, "x/a.h"]),
        "libtorch by another room": wrong_rooms(read_rooms(cmake + "\ncaption_room(x USES gpu)"), [*files, "x/a.h"]),
        "room that is named for nothing": never_included(rooms, {"net/a.h": "#include <vector>\n"}),
        "flag": named_flags("src/net/x.cpp", 'f("use "\n  "--beam");', rooms),
        "circle": wrong_rooms(read_rooms("caption_room(a USES b)\ncaption_room(b USES c)\ncaption_room(c SEES a)"), ["a/x.h", "b/x.h", "c/x.h"]),
    }
    return [f"{name}: {found}" for name, found in good.items() if found] + [f"{name}: not found" for name, found in bad.items() if not found]


def main() -> int:
    found = self_test() if "--self-test" in sys.argv else all_wrong()
    print("\n".join(found) or ("it can fail" if "--self-test" in sys.argv else f"{len(sources())} files keep to the rooms"))
    return 1 if found or not sources() else 0


if __name__ == "__main__":
    sys.exit(main())
