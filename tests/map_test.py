"""src/README.md, the map of the code, is true: its files exist, the way of one picture is short, and its rooms are the libraries."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAP = ROOT / "src" / "README.md"
MOST_FILES = 15
FILE = re.compile(r"[\w./-]+\.(?:h|cpp|cu|inc|in|py|txt|json|cmake|md|svg|css|js|html)\b")
CODE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)")


def outside_of_blocks(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def named_files(text):
    """In backticks or links, in their order."""
    text = outside_of_blocks(text)
    in_code = [name for code in CODE.findall(text) for name in FILE.findall(code)]
    return in_code + [link for link in LINK.findall(text) if "://" not in link and FILE.fullmatch(link)]


def missing_files(text):
    return [name for name in named_files(text) if not any((folder / name).is_file() for folder in (ROOT / "src", ROOT))]


def section(text, heading):
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"src/README.md has no section '{heading}'"
    return found.group(1)


def table(text):
    """The first table: its rows' cells, without the heading."""
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith("|")), len(lines))
    rows = []
    for line in lines[start + 2:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def wrong_way(text):
    """What is wrong with the way of one picture."""
    files = [name for row in table(section(text, "The way of one picture")) for name in named_files(" ".join(row))]
    wrong = [f"{name} is there twice" for name in sorted(set(files)) if files.count(name) > 1]
    if not files:
        wrong.append("it names no file")
    if len(files) > MOST_FILES:
        wrong.append(f"it has {len(files)} files: at most {MOST_FILES} are to be opened")
    if files and (files[0] != "main.cpp" or files[-1] != "records/writers.cpp"):
        wrong.append("it does not lead from main.cpp to a record that is written")
    return wrong


def wrong_rooms(text, cmake):
    """What is in one of the two and not in the other."""
    told = [cell for row in table(section(text, "The rooms")) for cell in CODE.findall(row[0])]
    libraries = re.findall(r"^\s*caption_room\(([\w/]+)", re.sub(r"#.*", "", cmake), re.MULTILINE)
    wrong = [f"{room}: src/README.md has no line for it" for room in libraries if room not in told]
    wrong += [f"{room}: src/CMakeLists.txt has no line for it" for room in told if room not in libraries]
    return wrong + [f"{room} is there twice" for room in sorted(set(told)) if told.count(room) > 1]


@pytest.fixture(scope="module")
def text():
    return MAP.read_text()


@pytest.fixture(scope="module")
def cmake():
    return (ROOT / "src" / "CMakeLists.txt").read_text()


def test_every_file_exists(text):
    assert len(named_files(text)) > 50
    assert missing_files(text) == []


def test_the_way_of_one_picture_is_short_and_enters_no_file_twice(text):
    assert wrong_way(text) == []


def test_the_rooms_are_the_libraries(text, cmake):
    assert wrong_rooms(text, cmake) == []


def test_these_checks_can_fail(text, cmake):
    assert missing_files("see `image/decode.cpp`, `image/nothing.cpp`, `python scripts/none.py X` and [this](nowhere/README.md)") == [
        "image/nothing.cpp", "scripts/none.py", "nowhere/README.md"]
    row = "| `vision/vit.h` |"
    assert row in text
    assert wrong_way(text.replace(row, row + " `vision/vit.h`")) == ["vision/vit.h is there twice", "it has 16 files: at most 15 are to be opened"]
    assert len(wrong_way(text.replace("| `main.cpp` |", "| the program |"))) == 1
    assert "attic: src/README.md has no line for it" in wrong_rooms(text, cmake + "\ncaption_room(attic USES base)")
    assert "decode: src/CMakeLists.txt has no line for it" in wrong_rooms(text, cmake.replace("caption_room(decode ", "caption_room(other "))
