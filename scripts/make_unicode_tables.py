#!/usr/bin/env python3
"""Writes src/text/unicode_tables.inc: the code points that GPT-2's pre-tokenizer takes for letters, numbers and spaces.

The `tokenizers` library carries its own version of Unicode, so it is asked about every code point, through its
byte-level pre-tokenizer. Where Python's older `unicodedata` knows a code point, the two must agree.

    make_unicode_tables.py           write the table
    make_unicode_tables.py --check   fail if the table in the tree differs
"""

import pathlib
import sys
import unicodedata

import tokenizers
from tokenizers.pre_tokenizers import ByteLevel

TABLE = pathlib.Path(__file__).resolve().parent.parent / "src" / "text" / "unicode_tables.inc"
SPACES = [0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F,
          0x205F, 0x3000]  # White_Space of Unicode's PropList.txt


def classify():
    """(letters, numbers, spaces): a code point joins a run of its own class and of no other."""
    pre_tokenizer = ByteLevel(add_prefix_space=False)

    def joins(text):
        return len(pre_tokenizer.pre_tokenize_str(text)) == 1

    letters, numbers, spaces = [], [], []
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000:
            continue
        char = chr(code)
        if joins("a" + char):
            letters.append(code)
        elif joins("1" + char):
            numbers.append(code)
        elif not joins("!" + char):
            spaces.append(code)
    return letters, numbers, spaces


def check(letters, numbers, spaces):
    assert spaces == SPACES
    letters, numbers = set(letters), set(numbers)
    for code in range(0x110000):
        category = unicodedata.category(chr(code))
        if category not in ("Cn", "Cs"):
            assert (code in letters) == (category[0] == "L"), hex(code)
            assert (code in numbers) == (category[0] == "N"), hex(code)


def ranges(codes):
    result = []
    for code in codes:
        if result and result[-1][1] == code - 1:
            result[-1][1] = code
        else:
            result.append([code, code])
    return result


def render(name, codes):
    lines, line = [], "   "
    for first, last in ranges(codes):
        item = f" {{0x{first:X}, 0x{last:X}}},"
        if len(line) + len(item) > 110:
            lines.append(line)
            line = "   "
        line += item
    lines.append(line)
    return f"constexpr Range {name}[] = {{\n" + "\n".join(lines) + "\n};\n"


def main():
    letters, numbers, spaces = classify()
    check(letters, numbers, spaces)
    text = (f"// Written by scripts/make_unicode_tables.py from tokenizers {tokenizers.__version__}.\n"
            "// Inclusive ranges of code points, ascending: general categories L and N, property White_Space.\n"
            + render("kLetters", letters) + render("kNumbers", numbers) + render("kSpaces", spaces))
    if "--check" in sys.argv[1:]:
        # The first line names the library's version, which may differ when the table does not.
        if TABLE.read_text().split("\n", 1)[1] != text.split("\n", 1)[1]:
            sys.exit(f"{TABLE} is not what tokenizers {tokenizers.__version__} says")
    else:
        TABLE.write_text(text)


if __name__ == "__main__":
    main()
