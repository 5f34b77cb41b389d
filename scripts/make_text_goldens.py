#!/usr/bin/env python3
"""Writes the goldens of tests/unit/text into tests/data/text, from Python's `tokenizers` and `sentencepiece`.

GPT-2's tokenizer is built offline from encoder.json and vocab.bpe, which stand in that folder. The sentencepiece model is
trained here, on the sentences below, unless it is there already.

    gpt2.json             {"encode": [{"text", "ids"}], "decode": [{"ids", "text"}],
                           "runs": [{"unit", "times", "ids": [[id, count]]}],
                           "blocks": [{"first", "last", "tokens", "hash"}]}
    sentencepiece.json    {"size", "encode", "decode"}
    tiny.model            a unigram model of 400 pieces with byte fallback
"""

import io
import itertools
import json
import pathlib
import random
import unicodedata

import sentencepiece
import tokenizers
from tokenizers import decoders, models, pre_tokenizers

DATA = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data" / "text"

TEXTS = [
    "", " ", "  ", "   ", "\n", "\t", "a", " a", "  a", "a ", "a  ", " \n a", "\n\n\nword", "a\n", "a \n b\t\tc",
    "\r\n\r\nline", "trailing spaces   ", "   both   ", "a\u00a0b", "\u00a0a", "a\u00a0\u00a0b", "\u2003\u2003em",
    "\u3000\u3000ideographic space", "a\u2028b\u2029c", "\u0085next line", "a\u200bzero width", "\ufeffbom", "\u180e",
    "\x00", "a\x00b", "\x01\x02\x1b[0m\x7f", "\x1c\x1d\x1e\x1f", "\x80\x9f\xad",
    "I'm you're he's we'd they'll I've don't", "I'M YOU'RE HE'S WE'D", "'s", " 's", "''s", "x's's", "'", "''", "'x", "'re're",
    "'l", "'ll", "'lll", "rock 'n' roll", "it\u2019s", "'\u017f", "a'", "a' s", "'S", "can't've", "'vex 'd'em",
    "A man riding a wave on top of a surfboard.", "A couple of cats laying on top of a bed.",
    "a 12-year-old; 3.14159, 1,000,000 (approx.) @ 50% -- #1!", "x=1;y=x**2;print(f'{y!r}')", "C:\\path\\file.txt",
    "https://example.org/a?b=c&d=%20#e", "user@example.com", "...!!!???", "--- === ***", "a.b.c", "$5 \u20ac5 \u00a35",
    "caf\u00e9 na\u00efve \u00fcber stra\u00dfe \u0130stanbul", "cafe\u0301", "e\u0301\u0323\u0302", "\u0301", " \u0301", "a \u0301",
    "\u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u0442\u0435\u043a\u0441\u0442", "\u0395\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac", "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645\u061f", "\u202bRTL\u202c \u200fmark", "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35", "\u1019\u103c\u1014\u103a\u1019\u102c",
    "\u4f60\u597d\uff0c\u4e16\u754c\u3002", "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8", "\ud55c\uad6d\uc5b4 \ud14d\uc2a4\ud2b8", "\u1112\u1161\u11ab", "\U00020000\U0002a6d6", "\uff21\uff22\uff11\uff12",
    "\u0661\u0662\u0663 \u09e7\u09e8 \u2163 \u00bd \u00b2 \u2460 \u3007 \U0001d7d8", "1\u00b2", "a\u00b2", "\u00aa\u00ba\u2071\u207f",
    "\U0001f600", " \U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f1e9\U0001f1ea", "\U0001f44d\U0001f3fd", "\u2764\ufe0f", "1\ufe0f\u20e3",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "\u2211\u222b\u221a\u2260 \u2190\u2191 \u2588\u2591", "\ue000\uf8ff\U000f0000\U0010fffd", "\ufffe\uffff\U0010ffff",
    "\ufffd", "\ufffd\ufffd \ufffd", "a\ufffdb", "\u0378\u0379", "\u1c89 \ua7cb \U0001e5d0", "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334a\u0334\u0321l\u0322g\u0327o\u0321",
    "<|endoftext|>", "a<|endoftext|>b", " <|endoftext|> ", "<|endoftext|><|endoftext|>", "<|endoftext|", "<|END|>", "<|endoftext|>'s",
    "Supercalifragilisticexpialidocious antidisestablishmentarianism", "aAaAbBbB", "camelCaseHTTPServer2Go", "a1b2c3", "\u00c3\u00a9 mojibake",
    "\u0120\u010a token spelling", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
]

RUNS = [("a", 100000), (" ", 100000), ("\n", 5000), ("!", 100000), ("ab", 20000), ("\U0001f600", 5000), ("1", 20000), (" a", 20000),
        ("\u00e9", 20000), ("'s", 5000), ("\u4e2d", 20000), ("lo", 20000), ("=", 4097), (" \u00a0", 3000)]

SENTENCES = """
A small red boat lies on the beach near two old houses.
Two children are playing with a yellow ball in the garden.
A brown dog runs across a field of green grass.
The cat sleeps on a chair beside the open window.
A man in a blue jacket is riding a bicycle down the street.
There is a cup of coffee and a piece of cake on the table.
A woman holds an umbrella while she waits for the bus.
Three birds are sitting on a wire above the road.
A train crosses the bridge over the river in the morning.
The mountains behind the lake are covered with snow.
A bowl of fruit with apples, oranges and bananas.
Someone is writing a letter with a black pen.
A white horse stands behind a wooden fence.
The tower of the church rises over the roofs of the town.
An orange flower in a glass vase, seen from above.
A group of people is walking along the sea in the evening.
The clock on the wall shows half past seven.
A picture of a green tree on a white background.
A drawing of a fish with large eyes and a long tail.
An airplane flies over the clouds at sunset.
""".strip().split("\n")


def gpt2_tokenizer():
    tokenizer = tokenizers.Tokenizer(models.BPE.from_file(str(DATA / "encoder.json"), str(DATA / "vocab.bpe")))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|endoftext|>"])
    return tokenizer


def category_texts():
    """Code points of every general category, alone, after a space, and between letters, digits and signs."""
    rng = random.Random(1)
    by_category = {}
    for code in range(0x110000):
        by_category.setdefault(unicodedata.category(chr(code)), []).append(code)
    for category, codes in sorted(by_category.items()):
        if category == "Cs":
            continue
        for code in rng.sample(codes, min(6, len(codes))):
            c = chr(code)
            yield f"{c} {c}{c} a{c}a 1{c}1 !{c}!\n{c}  {c}"


def mixed_texts(count):
    """Random strings over an alphabet in which every class meets every other."""
    rng = random.Random(2)
    alphabet = list(" '\n\tastrevldmA1\u00b2.!\u00e9\u0301\u4e2d\u00a0\u3000") + ["\U0001f600", "  ", "'s", "'ll", " '", "\u200d"]
    for _ in range(count):
        yield "".join(rng.choices(alphabet, k=rng.randrange(1, 40)))


def block_text(first, last):
    codes = (c for c in range(first, last + 1) if not 0xD800 <= c < 0xE000)
    return "".join(f"x{chr(c)}7{chr(c)}!{chr(c)}" for c in codes)


def fnv1a(ids):
    value = 0xCBF29CE484222325
    for i in ids:
        value = ((value ^ i) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def token_bytes(tokenizer):
    """The bytes of each token, worked out here, so that decode is checked against bytes.decode as well."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    alphabet = {chr(b): b for b in printable} | {chr(256 + n): b for n, b in enumerate(others)}
    return {i: bytes(alphabet[c] for c in token) for token, i in tokenizer.get_vocab().items()}


def random_decodes(tokenizer, count):
    """Ids whose bytes are mostly not UTF-8: drawn from single bytes, from tokens that are no text, and from all."""
    rng = random.Random(3)
    as_bytes = token_bytes(tokenizer)
    single = [i for i, b in as_bytes.items() if len(b) == 1 and b[0] >= 0x80]
    leads = [i for i, b in as_bytes.items() if len(b) == 1 and b[0] >= 0xC0]
    broken = [i for i, b in sorted(as_bytes.items()) if b.decode("utf-8", "replace").encode() != b]
    for n in range(count):
        pool = [single, broken, single + leads * 2, list(as_bytes)][n % 4]
        ids = rng.choices(pool, k=rng.randrange(1, 30))
        text = b"".join(as_bytes[i] for i in ids).decode("utf-8", "replace")
        assert text == tokenizer.decode(ids, skip_special_tokens=False)
        yield {"ids": ids, "text": text}


def gpt2_goldens():
    tokenizer = gpt2_tokenizer()

    def encode(text):
        return tokenizer.encode(text).ids

    texts = [*TEXTS, *category_texts(), *mixed_texts(300)]
    for text in texts:
        assert tokenizer.decode(encode(text), skip_special_tokens=False) == text
    runs = [{"unit": unit, "times": times, "ids": [[i, len(list(group))] for i, group in itertools.groupby(encode(unit * times))]}
            for unit, times in RUNS]
    blocks = []
    for first in range(0, 0x110000, 0x1000):
        ids = encode(block_text(first, first + 0xFFF))
        blocks.append({"first": first, "last": first + 0xFFF, "tokens": len(ids), "hash": fnv1a(ids)})
    return {"encode": [{"text": text, "ids": encode(text)} for text in texts],
            "decode": [*random_decodes(tokenizer, 400), {"ids": [], "text": ""}], "runs": runs, "blocks": blocks}


def sentencepiece_goldens():
    path = DATA / "tiny.model"
    if not path.exists():
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(SENTENCES), model_writer=model, model_type="unigram", vocab_size=400,
            byte_fallback=True, hard_vocab_limit=False,
            normalization_rule_name="identity", minloglevel=2, num_threads=1)
        path.write_bytes(model.getvalue())
    processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
    rng = random.Random(4)
    texts = [*SENTENCES, "", " ", "  two  spaces ", "a\nb\tc", "unseen: \u00e9\u4e2d\U0001f600 \ufffd", "\uff21\ufb01 NFKC", "\u2581lower", "123 !?",
             "<s>", "<0x41>", "\x00", "\u200b"]
    decodes = [[rng.randrange(processor.get_piece_size()) for _ in range(rng.randrange(1, 20))] for _ in range(100)]
    decodes += [[], [0], [1], [2], [3 + 0xE2, 3 + 0x82], [3 + 0xE2, 3 + 0x82, 3 + 0xAC], [3 + 0xFF, 3 + 0xC3, 3 + 0xA9]]
    return {"size": processor.get_piece_size(),
            "encode": [{"text": text, "ids": processor.encode(text)} for text in texts],
            "decode": [{"ids": ids, "text": processor.decode(ids)} for ids in decodes]}


def write(name, value):
    (DATA / name).write_text(json.dumps(value, separators=(",", ":")).replace("},{", "},\n{") + "\n")


def main():
    write("gpt2.json", gpt2_goldens())
    write("sentencepiece.json", sentencepiece_goldens())


if __name__ == "__main__":
    main()
