#!/usr/bin/env python3
"""Writes tests/data/text/clip.json: what transformers' CLIPTokenizer makes of texts, with the merges of models/clip.

    python3 -m pip install transformers
    python3 scripts/make_clip_text_goldens.py

    {"size", "encode": [{"text", "ids"}], "blocks": [{"codes": [[first, last]], "tokens", "hash"}]}

`ids` have both special tokens, and are cut to 77. `blocks` are all code points, each behind a letter, a number and a sign, in capital
and composed forms as they come: the number of their tokens, uncut, and FNV-1a over them. Code points that this Python's Unicode does not
know are left out, in texts, too: libraries of other ages have other small letters there.
"""

import json
import pathlib
import random
import unicodedata

import transformers
from make_text_goldens import SENTENCES, TEXTS

ROOT = pathlib.Path(__file__).resolve().parent.parent
MOST = 77

MORE = [
    "A photo of a CAT", "a  photo\n\tof a cat ", "two dogs, one ball.", "it's a dog's life; they'RE CAN'T", "2024-01-02 100 3.14 1,000,000",
    "<|startoftext|>", "a<|startoftext|>b<|endoftext|>c", "<|ENDOFTEXT|>!", "!<|ENDOFTEXT|>", "<|StartOfText|><|EndOfText|>?", "<|endoftext|>!",
    "CAFE\u0301 caf\u00e9 CAF\u00c9", "\u0130stanbul I\u0307 \u0131", "\u1e9e \u00df", "\u03a3\u03a4\u0399\u03a3 \u03c3\u03c2", "\u01c4 \u01c5", "\u212b \u2126 \ufb01", "\u1100\u1161\u11a8",
    "\u0958 \u0b94", "e\u0301\u0323\u0302", "\u0061\u0315\u0300\u05ae\u0300\u0062", "\u2126m \u212a", "&amp; &lt;p&gt; \u00c3\u00a9", "</w>", "a</w>b", "...!!!???", "a-b_c/d\\e",
    "word " * 74, "word " * 75, "word " * 76, "word " * 80, "supercalifragilisticexpialidocious " * 20, "\u4f60\u597d" * 60, "\U0001f600" * 40, "a" * 500, "!" * 300,
    "a diagram", "A photo depicts a man riding a wave on top of a surfboard.", "\u201cquoted\u201d \u2018text\u2019 \u2014 dash\u2026", "$5 \u20ac5 \u00a35 50%",
]  # fmt: skip


def build():
    merges = [tuple(line.split(" ")) for line in (ROOT / "models/clip/merges.txt").read_text(encoding="utf-8").splitlines()[1:]]
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    tokens = [chr(b) for b in printable] + [chr(256 + i) for i in range(256 - len(printable))]
    tokens += [token + "</w>" for token in tokens] + ["".join(pair) for pair in merges] + ["<|startoftext|>", "<|endoftext|>"]
    assert len(set(tokens)) == len(tokens)
    return transformers.CLIPTokenizer(vocab={token: i for i, token in enumerate(tokens)}, merges=merges)


def known(text):
    return all(unicodedata.category(char) not in ("Cn", "Cs") for char in text)


def random_texts(count):
    numbers = random.Random(3)
    chars = [chr(code) for code in range(0x20, 0x3000) if known(chr(code))] + list("aabbccAE '\u0301\u0301\u0323.!19\u4e2d\U0001f600 ")
    plain = list("abcdeABCDE  '.,!?s1290-\u00e9\u0301")
    return ["".join(numbers.choices(chars if i % 2 else plain, k=numbers.randint(1, 30))) for i in range(count)]


def fnv1a(ids):
    value = 0xCBF29CE484222325
    for i in ids:
        value = ((value ^ i) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def blocks(tokenizer):
    step = 0x1000
    for first in range(0, 0x110000, step):
        codes = [code for code in range(first, first + step) if known(chr(code)) and unicodedata.category(chr(code)) != "Co"]
        if not codes:
            continue
        text = "".join(before + chr(code) for code in codes for before in "x7!")
        ids = tokenizer(text, truncation=False).input_ids[1:-1]
        yield {"codes": codes_as_ranges(codes), "tokens": len(ids), "hash": fnv1a(ids)}


def codes_as_ranges(codes):
    ranges = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return ranges


def main():
    tokenizer = build()
    texts = [text for text in TEXTS + MORE + SENTENCES if known(text)] + random_texts(300)
    encode = [{"text": text, "ids": tokenizer(text, truncation=True, max_length=MOST).input_ids} for text in texts]
    assert all(len(one["ids"]) <= MOST for one in encode)
    result = {"size": len(tokenizer), "encode": encode, "blocks": list(blocks(tokenizer))}
    (ROOT / "tests/data/text/clip.json").write_text(json.dumps(result, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(len(encode), "texts")


if __name__ == "__main__":
    main()
