#!/usr/bin/env python3
"""What 'caption eval' is measured by: pycocoevalcap's own numbers, its tokenizer's tokens and METEOR's words.

    eval_peers.py write FOLDER                           writes the goldens of the tests (tests/data/eval)
    eval_peers.py tables FOLDER                          writes ptb_letters.inc and lower_case.inc (src/eval)
    eval_peers.py compare PROGRAM [CAPTIONS REFERENCES]  compares the program on many captions, and says how long both take

CAPTIONS are COCO's results, REFERENCES its annotations; without them, 1,500 pictures are made up. Needs pycocoevalcap 1.2 and
Java (Debian: default-jre-headless); scripts/test_eval makes an environment for it.
"""

import gzip
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider import cider
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.meteor.meteor import Meteor
from pycocoevalcap.rouge.rouge import Rouge
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

PEER = Path(cider.__file__).parent.parent
TOKENIZER = PEER / "tokenizer" / "stanford-corenlp-3.4.1.jar"
METEOR = PEER / "meteor" / "meteor-1.5.jar"
METRICS = ["bleu_1", "bleu_2", "bleu_3", "bleu_4", "meteor", "rouge_l", "cider_d"]

# Strings that tokenizers disagree about.
HARD = [
    "", " ", ".", "...", "....", "A man.", "A man...and a dog", "a dog, a cat; and: a bird!", "What?! Really!!", "It's Bob's; they're, I'm",
    "don't can't won't isn't I'd we've she'll", "DON'T", "cannot gonna gotta wanna lemme gimme 'tis 'twas", "rock 'n' roll", "o'clock O'Malley",
    "the '90s and the 1990's", "'til tomorrow", "y'all", "c'mon e'er ol' somethin'", "“quoted” ‘single’ «duck» ‹feet›", '"double" and \'single\'',
    "``latex''", "a \"cat\" on a 'mat'", "U.S. and U.K. flags", "in the U.S. The flag", "in the U.S. flag", "Mr. and Mrs. Smith", "Dr. No.", "No. 5 bus",
    "no. 5", "fig. 3", "St. Paul St. James", "Jan. 5 and Feb. 6", "etc. and so on", "at 5 p.m. on a street", "e.g. this, i.e. that", "J. R. R. Tolkien",
    "I. The first", "Inc. and Corp. Ltd.", "a.k.a. Bob", "vs. them", "5:30 12:45pm 1,000,000 3.14 .5 -5 +3", "1/2 1 1/2 ½ ¼ ¾ ⅓ 3-1/2", "10%", "$5 £5 €5 ¢5 US$5 #1",
    "5'10\" tall", "12x12 3d 2nd 1st", "1-800-555-1234", "(555) 123-4567", "555-1234", "+1 555 123 4567", "01/02/2003 2003-01-02 1-2-03",
    "t-shirt black-and-white re-elect co-op anti-aging pro-life", "black - white", "black--white", "black---white", "black----white", "black-----white",
    "a–b a—b a – b", "and/or black/white", "AT&T R&B A&E", "rock & roll", "&amp; &lt;b&gt; &quot;x&quot; &nbsp; &apos;", "S&P-500 S&Ls",
    "http://example.org/a?b=c&d=e, there", "https://example.org.", "www.example.com", "example.com/path", "a@b.com", "<a@b.com>", "foo.jpg", "photo.jpeg, file.tar.gz",
    "@user #hashtag #1 @ #", "c++ c# f#", "<b>bold</b> <br/> <img src='a b.jpg'> <!-- x -->", "a < b > c << >>", "[a] {b} (c)", "(a (b) c)", ":) :-) ;) :D :( ^_^ <3 =)", "(^_^) x_x",
    "* ** *** \\* /", "a_b __ _", "@@ ##", "|", "a | b ||| c", "a\\b", "~ ^ ` ´", "© ® ™ ° § ¶ † ‡ • … ‰", "…and…", ". . . . .", "a . . . b",
    "naïve café Zürich Ångström İstanbul ŒUVRE ǅ", "ΑΒΓ αβγ Москва 東京 서울 עברית العربية", "l'homme d'Avignon qu'il aujourd'hui", "soft\u00adhyphen", "no\u00a0break space", "zero\u200bwidth",
    "em\u2003space thin\u2009space", "tab\there", "emoji 😀 here 👍🏽", "𝒳 math", "x² H₂O 10⁻³", "²", "№ 5", "Ⅷ", "ﬁ ligature", "ſharp K kelvin", "!!!", "?!?", ",,", "a,b", "1,2", "a.b.c", "a..b", "a...b",
    "end of A.", "end of A. B", "end of B.A.", "pty. ltd. co. ltd", "Ph.D. students", "Sr. Jr. Esq.", "mph. m.p.h.", "A.M. P.M.", "7 a.m. A man", "A man. A dog", "Canada-U.S. trade", "U.S.-U.K. ties",
    "'s 's' ' '' ''' ''''", "'em 'cause 'bout", "s'mores li'l nat'l ev'ry", "the dogs' bones", "Jesus' Bros.'", "nor'easter", "it`s don`t", "it´s", "it’s don’t they’re", "n't n't", "a'b'c", "'",
    "\"", "''", "``", "`", "-", "--", "---", "-LRB-", "-lrb-", ":", ";", "?", "!", "- - -", "AbC dEf", "ALL CAPS CAPTION", "I", "a", "x", "5", "A4 B2B C3PO R2-D2", "mid-1990s twenty-one 20-year-old", "3,000-seat 1.5-mile",
    "O'Hare D'Angelo L'Oreal", "Yahoo! E! Jeopardy!", "OK!", "M*A*S*H", "f*** sh*t", "#selfie #no_filter", "C.D.s", "cont'd cont'd.", "Cap'n Crunch", "A1. B2.", "No.1", "no.1", "p.1", "pp. 3", "a/b/c/d", "http://", "www.", ".com", "foo.com.", "user@", "@", "5@6",
    "<unk> <end>", "a<b", "a>b", "a=b ==", "a+b", "1+1=2", "50/50", "24/7", "9-to-5", "9/11", "½-inch", "5ft 6in", "6' tall", "30° 30°C", "$1.50", "$.50", "1.50$", "5c", "5¢", "¥500", "20€", "A$5",
]


def tokens_of_jar(texts):
    """Each text by itself, as ptbtokenizer.py leaves it: a line that begins in lower case stands between each two."""
    punctuation = ["''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", ".", "?", "!", ",", ":", "-", "--", "...", ";"]
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="") as file:
        for text in texts:
            file.write(text + "\nx\n")
        file.flush()
        command = ["java", "-cp", TOKENIZER, "edu.stanford.nlp.process.PTBTokenizer", "-preserveLines", "-lowerCase", file.name]
        out = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\n")
    assert len(out) == 2 * len(texts) + 1, (len(out), len(texts))
    assert all(line == "x" for line in out[1::2])
    return [" ".join(w for w in line.rstrip().split(" ") if w not in punctuation) for line in out[:-1:2]]


def words_of_meteor(texts):
    command = ["java", "-cp", METEOR, "edu.cmu.meteor.util.Normalizer", "en", "true"]
    out = subprocess.run(command, input="\n".join(texts).encode() + b"\n", capture_output=True, check=True,
                         env={**os.environ, "JAVA_TOOL_OPTIONS": "-Dfile.encoding=UTF-8"}).stdout.decode().split("\n")
    assert len(out) == len(texts) + 1
    return [line.lower().split() for line in out[:-1]]


class MeteorWith(Meteor):
    """METEOR with options of its own."""

    def __init__(self, options):
        super().__init__()
        self.meteor_p.kill()
        self.meteor_p = subprocess.Popen([*self.meteor_cmd, *options], cwd=METEOR.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def peer_values(pictures, meteor_options=()):
    """[(candidate, references)] -> (values per picture, values of all), in the order of METRICS"""
    references = {i: [{"caption": text} for text in texts] for i, (_, texts) in enumerate(pictures)}
    candidates = {i: [{"caption": text}] for i, (text, _) in enumerate(pictures)}
    tokenizer = PTBTokenizer()
    references, candidates = tokenizer.tokenize(references), tokenizer.tokenize(candidates)
    total, each = Bleu(4).compute_score(references, candidates, verbose=0)
    total, each = list(total), [list(values) for values in each]
    for scorer in (MeteorWith(meteor_options), Rouge(), Cider()):
        score, scores = scorer.compute_score(references, candidates)
        total.append(score)
        each.append(list(scores))
    return [[float(value) for value in values] for values in zip(*each)], [float(value) for value in total]


SUBJECTS = ["a man", "a woman", "two children", "the black dog", "a small cat", "a group of people", "three giraffes", "an old bus", "a red train", "a kid"]
VERBS = ["is riding", "rides", "is standing near", "stands next to", "are sitting on", "sits upon", "holding", "looks at", "is eating", "jumped over"]
OBJECTS = ["a skateboard", "the wooden bench", "a bicycle", "a bike", "a large pizza", "the ocean's waves", "some snow-covered trees", "a parked car", "an automobile", "the couch", "a sofa"]
ENDS = ["in the park", "on a sunny day", "at night", "near the city street", "by the road", "with a dog, a ball and a kite", "in front of a building", "for the photograph", "for a photo"]


def sentence(chance):
    text = " ".join(chance.choice(words) for words in (SUBJECTS, VERBS, OBJECTS, ENDS)[: chance.choice([3, 4, 4])])
    return text[0].upper() + text[1:] + chance.choice([".", ".", "", " .", "!"])


def made_up(count, seed=0):
    chance = random.Random(seed)
    pictures = []
    for _ in range(count):
        references = [sentence(chance) for _ in range(chance.choice([1, 4, 5, 5, 6]))]
        candidate = sentence(chance) if chance.random() < 0.3 else chance.choice(references)
        words = candidate.split()
        for _ in range(chance.randrange(4)):
            place = chance.randrange(len(words))
            kind = chance.randrange(3)
            if kind == 0 and len(words) > 2:
                words.pop(place)
            elif kind == 1:
                words.insert(place, chance.choice(sentence(chance).split()))
            else:
                words.insert(place, words.pop(chance.randrange(len(words))))
        pictures.append((" ".join(words), references))
    return pictures


# Data of our own in the form of METEOR's: a word and the sets it is in; a base form and its irregular forms; phrases.
SYNSETS = {"bike": "1", "bicycle": "1 2", "cycle": "2 3", "car": "4", "automobile": "4 5", "auto": "5", "couch": "6", "sofa": "6", "kid": "7 8", "child": "7",
           "sit": "9", "rest": "9 10", "ride": "11", "drive": "11 12", "near": "13", "next": "13", "photo": "14", "photograph": "14", "building": "15", "house": "15"}
EXCEPTIONS = {"child": "children", "sit": "sat sits", "ride": "rode ridden"}
PHRASES = [("near", "next to"), ("next to", "near"), ("next to", "by"), ("in front of", "before"), ("before", "in front of"), ("a group of people", "people"),
           ("on a sunny day", "in the sun"), ("by the road", "near the street"), ("the city street", "the road"), ("a man", "a person"), ("is riding", "rides"),
           ("is standing near", "stands next to"), ("stands next to", "stands"), ("a photo", "the photograph"), ("a", "some"), ("sits upon", "are sitting on")]


def small_meteor_data(folder):
    """-> the options with which METEOR itself reads the same data"""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    texts = {f"english.{name}": "".join(f"{a}\n{b}\n" for a, b in pairs.items())
             for name, pairs in (("exceptions", EXCEPTIONS), ("synsets", SYNSETS), ("relations", {}))}
    with zipfile.ZipFile(folder / METEOR.name, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(zipfile.ZipInfo(f"synonym/{name}"), text, zipfile.ZIP_DEFLATED)
    with open(folder / "data" / "paraphrase-en.gz", "wb") as out, gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0) as table:
        table.write("".join(f"0.5\n{a}\n{b}\n" for a, b in PHRASES).encode())
    unpacked = Path(tempfile.mkdtemp())
    for name, text in texts.items():
        (unpacked / name).write_text(text)
    return ["-d", str(unpacked), "-a", str((folder / "data" / "paraphrase-en.gz").resolve())]


def write(folder):
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(1)
    pieces = [piece for text in HARD for piece in text.split()]
    mixed = [chance.choice(["", " "]).join(chance.choice(pieces) for _ in range(chance.randrange(2, 5))) for _ in range(400)]
    texts = [re.sub("[\n\r\v\f\u2028\u2029]", " ", text) for text in HARD + mixed]
    tokenized = tokens_of_jar(texts)
    with open(folder / "ptb.jsonl", "w", encoding="utf-8") as out:
        for text, tokens in zip(texts, tokenized):
            out.write(json.dumps({"text": text, "tokens": tokens}) + "\n")
    with open(folder / "meteor_words.jsonl", "w", encoding="utf-8") as out:
        for text, words in zip(tokenized, words_of_meteor(tokenized)):
            out.write(json.dumps({"text": text, "words": words}) + "\n")
    pictures = made_up(120)
    each, total = peer_values(pictures, small_meteor_data(folder / "meteor"))
    words_alone, words_alone_total = peer_values(pictures, ["-m", "exact stem"])
    for values, other in zip([*each, total], [*words_alone, words_alone_total]):
        values.append(other[METRICS.index("meteor")])
    with open(folder / "captions.jsonl", "w", encoding="utf-8") as out:
        for number, ((candidate, references), values) in enumerate(zip(pictures, each), 1):
            row = {"image": f"{number}.jpg", "caption": candidate, "captions": references, "values": dict(zip([*METRICS, "meteor_exact_stem"], values))}
            out.write(json.dumps(row) + "\n")
    (folder / "total.json").write_text(json.dumps(dict(zip([*METRICS, "meteor_exact_stem"], total)), indent=1) + "\n")


def wrapped(entries):
    lines = ["   "]
    for entry in entries:
        if len(lines[-1]) + len(entry) > 106:
            lines.append("   ")
        lines[-1] += f" {{{entry}}},"
    return "\n".join(lines)


def ranges(codes):
    found = []
    for code in codes:
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return wrapped(f"{first:#X}, {last:#X}".replace("0X", "0x") for first, last in found)


def lower_case_runs():
    """Code units whose lower case is one other: [first, last, step, difference]"""
    runs = []
    for code in range(0x10000):
        lower = chr(code).lower()
        if 0xD800 <= code < 0xE000 or len(lower) != 1 or lower == chr(code):
            continue
        run = runs[-1] if runs else None
        step = code - run[1] if run else 0
        if run and run[3] == ord(lower) - code and (step == run[2] or run[0] == run[1] and step in (1, 2)):
            run[1:3] = code, step
        else:
            runs.append([code, code, 1, ord(lower) - code])
    return wrapped(f"{first:#X}, {last:#X}, {step}, {difference}".replace("0X", "0x") for first, last, step, difference in runs)


def tables(folder):
    codes = [code for code in range(0x80, 0x10000) if not 0xD800 <= code < 0xE000 and code not in (0x2028, 0x2029)]

    def joined(pattern):
        texts = tokens_of_jar([pattern.replace("?", chr(code)) for code in codes])
        return {code for code, text in zip(codes, texts) if chr(code).lower() in text and " " not in text}

    digits = joined("1.?")
    letters = joined("?-?") - digits
    marks = joined("a?") - letters - digits | {0xAD}  # the soft hyphen belongs to words, but is not shown
    digits |= set(range(ord("0"), ord("9") + 1))
    letters |= {code for code in range(0x80) if chr(code).isalpha()}
    text = ("// Written by scripts/eval_peers.py, which asks the PTBTokenizer of stanford-corenlp-3.4.1.\n"
            "// Inclusive ranges of UTF-16 code units.\n")
    for name, found in (("kLetters", letters), ("kDigits", digits), ("kMarks", marks)):
        text += f"constexpr CharSet::Range {name}[] = {{\n{ranges(sorted(found))}\n}};\n"
    (folder / "ptb_letters.inc").write_text(text)
    (folder / "lower_case.inc").write_text(
        "// Written by scripts/eval_peers.py from Python's unicodedata.\n"
        "// Code units whose lower case is another one: first, last, how far apart, and the difference.\n"
        f"constexpr LowerCaseRun kLowerCase[] = {{\n{lower_case_runs()}\n}};\n")


def read_coco(captions, references):
    texts = {}
    for annotation in json.loads(Path(references).read_text())["annotations"]:
        texts.setdefault(annotation["image_id"], []).append(annotation["caption"])
    return [(result["caption"], texts[result["image_id"]]) for result in json.loads(Path(captions).read_text())]


def compare(program, files):
    pictures = read_coco(*files) if files else made_up(1500, seed=2)
    with tempfile.TemporaryDirectory() as folder:
        captions, references, each_file = (Path(folder) / name for name in ("captions.jsonl", "references.jsonl", "each.jsonl"))
        captions.write_text("".join(json.dumps({"image": f"{i}.jpg", "caption": c}) + "\n" for i, (c, _) in enumerate(pictures)))
        references.write_text("".join(json.dumps({"image": f"{i}.jpg", "captions": r}) + "\n" for i, (_, r) in enumerate(pictures)))
        start = time.monotonic()
        done = subprocess.run([program, "eval", captions, references, "--json", "--per-image", each_file, "--meteor-data", PEER / "meteor"],
                              stdout=subprocess.PIPE, check=True)
        own_time = time.monotonic() - start
        own_total = json.loads(done.stdout)["metrics"]
        own_each = [json.loads(line) for line in each_file.read_text().splitlines()]
    start = time.monotonic()
    each, total = peer_values(pictures)
    peer_time = time.monotonic() - start
    worst = dict.fromkeys(METRICS, 0.0)
    for own, values in zip([*own_each, own_total], [*each, total]):
        for metric, value in zip(METRICS, values):
            worst[metric] = max(worst[metric], abs(own[metric] - value))
    print(f"{len(pictures)} captions, {sum(len(r) for _, r in pictures)} references: caption eval {own_time:.1f} s, pycocoevalcap {peer_time:.1f} s")
    for metric, value in zip(METRICS, total):
        print(f"{metric:8} {own_total[metric]:.6f}  pycocoevalcap {value:.6f}  largest difference of a picture {worst[metric]:.1e}")
    texts = [text for c, r in pictures for text in [c, *r]]
    return 0 if max(worst.values()) < 1e-6 and len(texts) > len(pictures) else 1


def main(arguments):
    if arguments[:1] == ["write"] and len(arguments) == 2:
        write(Path(arguments[1]))
        return 0
    if arguments[:1] == ["tables"] and len(arguments) == 2:
        tables(Path(arguments[1]))
        return 0
    if arguments[:1] == ["compare"] and len(arguments) in (2, 4):
        return compare(arguments[1], arguments[2:])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(status)  # METEOR's process would be waited for without end
