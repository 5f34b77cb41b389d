"""caption eval: the real program on files as people have them, beside pycocoevalcap's numbers (tests/data/eval)."""

import json
import re

import pytest

METRICS = ["bleu_1", "bleu_2", "bleu_3", "bleu_4", "meteor", "rouge_l", "cider", "cider_d"]


@pytest.fixture
def goldens(source):
    return source / "tests" / "data" / "eval"


@pytest.fixture
def write(work):
    def write(name, content):
        if not isinstance(content, (str, bytes)):
            content = "".join(json.dumps(record) + "\n" for record in content)
        (work / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    return write


@pytest.fixture
def pair(write):
    """A file of captions and one of references; `captions` are texts, of the pictures 0.jpg, 1.jpg, ..."""

    def pair(captions, references):
        return (write("captions.jsonl", [{"image": f"{i}.jpg", "caption": text} for i, text in enumerate(captions)]),
                write("references.jsonl", [{"image": f"{i}.jpg", "captions": texts} for i, texts in enumerate(references)]))

    return pair


def measured(result, schema_of):
    assert result.code in (0, 1), result.err
    report = json.loads(result.text)
    schema_of("eval").validate(report)
    return report


def each(work, name="each.jsonl"):
    return [json.loads(line) for line in (work / name).read_text().split("\n")[:-1]]


def test_every_value_is_pycocoevalcaps(real, work, goldens, schema_of):
    captions = goldens / "captions.jsonl"
    options = ["--json", "--quiet", "--per-image", "each.jsonl"]
    for data, meteor in ((["--meteor-data", goldens / "meteor"], "meteor"), ([], "meteor_exact_stem")):
        report = measured(real.run("eval", captions, captions, *options, *data), schema_of)
        total = json.loads((goldens / "total.json").read_text())
        expected = [json.loads(line)["values"] for line in captions.read_text().splitlines()]
        assert len(expected) == report["images"] == 120
        for own, values in zip([*each(work), report["metrics"]], [*expected, total]):
            for metric in METRICS:
                if metric != "cider":
                    assert own[metric] == pytest.approx(values[meteor if metric == "meteor" else metric], abs=1e-6), (own, metric)
        assert report["pycocoevalcap"]["CIDEr"] == report["metrics"]["cider_d"] != report["metrics"]["cider"]
        assert report["meteor_modules"] == (["exact", "stem", "synonym", "paraphrase"] if data else ["exact", "stem"])
        for metric in METRICS:
            low, high = report["intervals"][metric]
            assert low < report["metrics"][metric] < high


def test_neither_java_nor_a_home_nor_a_plain_path_is_needed(real, work, pair):
    captions, references = pair(["A cat.", "A dog on grass.", "Two birds"], [["a cat"], ["the dog", "a dog"], ["birds fly"]])
    (work / "a b").mkdir()
    for name in (captions, references):
        (work / name).rename(work / "a b" / name)
    real.environment = {"PATH": "/nowhere"}
    result = real.run("eval", captions, references, cwd=work / "a b")
    assert result.code == 0
    for title in ("BLEU-1", "BLEU-4", "METEOR", "ROUGE-L", "CIDEr", "CIDEr-D"):
        assert re.search(rf"^{title} +[\d.]+ ", result.text, re.MULTILINE), title
    assert "--meteor-data" in result.err and "without synonyms" in result.text
    assert real.run("eval", "--quiet", captions, references, cwd=work / "a b").err == ""


def test_odd_texts_move_nothing_to_another_picture(real, work, pair, schema_of):
    odd = ["a cat\nsits", "a\rdog", "one ||| two", "tab\there", "😀", "...", "", "\u2028a\u2028bus\u0085", "<a b='", "'>", "A zebra."]
    captions, references = pair(odd, [[text, f"number {i}"] for i, text in enumerate(odd)])
    result = real.run("eval", captions, references, "--json", "--per-image", "each.jsonl")
    report = measured(result, schema_of)
    rows = each(work)
    assert [row["caption"] for row in rows] == odd and [row["image"] for row in rows] == [f"{i}.jpg" for i in range(len(odd))]
    words = [any(c.isalpha() for c in text) for text in odd]
    # What has words has its own words as a reference: all of them match.
    assert [row["rouge_l"] for row in rows if any(c.isalpha() for c in row["caption"])] == pytest.approx([1.0] * sum(words))
    for row in rows:
        if row["caption"] in ("", "...", "😀"):
            assert {row[metric] for metric in METRICS} == {0.0}, row
    assert report["empty_captions"] == 1 and "1 caption is empty" in result.err


def test_one_picture_has_no_cider(real, write, pair, schema_of):
    captions, references = pair(["A cat on a mat."], [["A cat on a mat."]])
    result = real.run("eval", captions, references, "--json")
    report = measured(result, schema_of)
    assert report["metrics"]["cider"] == report["metrics"]["cider_d"] == 0
    assert "0 for a single picture" in result.err and "--cider-corpus" in result.err
    write("corpus.tsv", "x.jpg\tA dog.\ny.jpg\tA bus on a road.\n")
    result = real.run("eval", captions, references, "--json", "--cider-corpus", "corpus.tsv")
    assert measured(result, schema_of)["metrics"]["cider_d"] > 5 and "single picture" not in result.err


def test_both_kinds_of_cider_have_their_names_and_units(real, pair):
    captions, references = pair(["cat cat cat", "a bus"], [["a cat"], ["a bus"]])
    result = real.run("eval", captions, references)
    rows = {line.split()[0]: line for line in result.lines if line.startswith("CIDEr")}
    assert set(rows) == {"CIDEr", "CIDEr-D"} and all("0 to 10" in row for row in rows.values())
    assert re.search(r"^metric +value +95 % interval +unit$", result.text, re.MULTILINE)


def test_the_common_formats_have_the_same_values(real, write, schema_of):
    texts = {"1.jpg": ["A cat.", "The cat"], "2.jpg": ["A dog, here", "dogs"]}
    kinds = {
        "coco.json": json.dumps({"images": [{"id": i, "file_name": f"{i}.jpg"} for i in (1, 2)],
                                 "annotations": [{"image_id": int(n[0]), "caption": c} for n, cs in texts.items() for c in cs]}),
        "karpathy.json": json.dumps({"images": [{"filename": n, "split": "test", "sentences": [{"raw": c} for c in cs]} for n, cs in texts.items()]}),
        "flickr.token": "".join(f"{n}#{i}\t{c}\n" for n, cs in texts.items() for i, c in enumerate(cs)),
        "table.csv": "image,caption\r\n" + "".join(f'{n},"{c}"\r\n' for n, cs in texts.items() for c in cs),
        "lines.jsonl": "".join(json.dumps({"file_name": n, "captions": cs}) + "\n" for n, cs in texts.items()),
        "map.json": json.dumps(texts),
    }
    captions = {
        "own.jsonl": '{"image":"photos/1.jpg","caption":"a cat","model":"m"}\n{"image":"photos/2.jpg","caption":"the dog","model":"m"}\n',
        "own.csv": "image,rank,caption,score,mean_logprob,model,error,message,finish,flags\r\n1.jpg,1,a cat,-1,-1,m,,,stop,\r\n1.jpg,2,no,-1,-1,m,,,stop,\r\n2.jpg,1,the dog,-1,-1,m,,,length,repetition truncated\r\n",
        "own.txt": "1.jpg\ta cat\n2.jpg\tthe dog\n",
    }
    values = set()
    for references, content in kinds.items():
        write(references, content)
        for name, text in captions.items():
            report = measured(real.run("eval", write(name, text), references, "--json", "--quiet"), schema_of)
            values.add(json.dumps(report["metrics"]))
    write("results.json", '[{"image_id": 2, "caption": "the dog"}, {"image_id": 1, "caption": "a cat"}]')
    values.add(json.dumps(measured(real.run("eval", "results.json", "coco.json", "--json", "--quiet"), schema_of)["metrics"]))
    assert len(values) == 1
    piped = real.run("eval", "-", "map.json", "--json", "--quiet", stdin=captions["own.jsonl"].encode())
    assert json.dumps(json.loads(piped.text)["metrics"]) in values
    assert measured(real.run("eval", "own.txt", "karpathy.json", "--split", "test", "--json"), schema_of)["images"] == 2
    wrong = real.run("eval", "own.txt", "karpathy.json", "--split", "val")
    assert wrong.code == 2 and "they have test" in wrong.err


def test_what_cannot_be_measured_is_said(real, write, schema_of):
    write("references.json", '{"1.jpg": ["a cat"], "2.jpg": ["a dog"], "3.jpg": ["a bus"]}')
    write("captions.jsonl", '{"image":"1.jpg","caption":"cat"}\n{"image":"x.jpg","caption":"?"}\n{"image":"2.jpg","error":{"code":"corrupt","message":"m"}}\n')
    result = real.run("eval", "captions.jsonl", "references.json", "--json")
    report = measured(result, schema_of)
    assert result.code == 1
    assert report["left_out"] == {"without_references": 1, "failed": 1, "not_captioned": 2} and report["images"] == 1
    assert "x.jpg" in result.err and "1 record has no caption" in result.err and "2 pictures of the references" in result.err


@pytest.mark.parametrize(
    ("captions", "references", "said"),
    [
        ('{"image":"1.jpg","caption":"x"}\n{"image":\n{}\n', '{"1.jpg": ["a"]}', "'captions.txt': line 2: it is no JSON"),
        ("1.jpg\tx\n", '{"1.jpg": ["a"],\n"2.jpg": [', "'references.txt': line 2: it is no JSON"),
        (b"1.jpg\tcaf\xe9\n", '{"1.jpg": ["a"]}', "line 1 is not in UTF-8"),
        ("9.jpg\tx\n", '{"1.jpg": ["a"]}', "no captioned picture has references: the captions begin with '9.jpg', the references with '1.jpg'"),
        ("1.jpg\tx\n1.jpg\ty\n", '{"1.jpg": ["a"]}', "'1.jpg' has more than one caption"),
        ("", '{"1.jpg": ["a"]}', "it is empty"),
        ("1.jpg\tx\n", '{"annotations": [{"image_id": 1, "bbox": [1]}]}', "annotations of objects"),
        ("a.jpg\tx\n", '{"one/a.jpg": ["a"], "two/a.jpg": ["b"]}', "several that are called 'a.jpg'"),
    ],
)
def test_bad_files_are_named_with_the_place(real, write, captions, references, said):
    write("captions.txt", captions)
    write("references.txt", references)
    result = real.run("eval", "captions.txt", "references.txt")
    assert result.code == 2 and result.out == b"", result.text
    assert said in result.err and len(result.err.splitlines()) == 1, result.err


def test_wrong_command_lines(real, pair, work):
    captions, references = pair(["x"], [["x"]])
    for arguments, said in [([], "no input"), ([captions], "references are missing"), ([captions, references, "more"], "'more' is too much"),
                            (["-", "-"], "only one file"), ([captions, "nothing.json"], "'nothing.json'"), ([captions, references, "--meteor-data", "."], "no METEOR data in '.'"),
                            ([captions, references, "--html", references], "is an input"), ([captions, references, "--split", "x"], "they name none")]:
        result = real.run("eval", *arguments)
        assert result.code == 2 and said in result.err, (arguments, result.err)
    assert json.loads((work / references).read_text())["captions"] == ["x"]


def test_comparing_two_files(real, work, write, pair, schema_of):
    references = [[f"a cat on mat number {i}", f"cat {i}"] for i in range(60)]
    captions, references = pair([f"cat {i}" for i in range(60)], references)
    write("better.jsonl", [{"image": f"{i}.jpg", "caption": f"a cat on mat number {i}"} for i in range(60)])
    result = real.run("eval", captions, references, "--compare", "better.jsonl", "--json", "--quiet", "--per-image", "each.jsonl")
    report = measured(result, schema_of)
    difference = report["compare"]["differences"]["bleu_4"]
    assert difference["value"] == pytest.approx(report["compare"]["metrics"]["bleu_4"] - report["metrics"]["bleu_4"])
    assert difference["better"] == 60 and difference["worse"] == 0 and difference["p"] < 0.01 and difference["interval"][0] > 0
    assert each(work)[7]["compare"]["caption"] == "a cat on mat number 7"
    same = measured(real.run("eval", captions, references, "--compare", captions, "--json", "--quiet"), schema_of)
    assert same["compare"]["differences"]["cider_d"] == {"value": 0, "interval": [0, 0], "p": 1, "better": 0, "worse": 0}
    table = real.run("eval", captions, references, "--compare", "better.jsonl", "--quiet")
    assert re.search(r"^BLEU-4 +[\d.]+ +[\d.]+ +\+[\d.]+ +\+[\d.]+ to \+[\d.]+ +0\.0\d+ +60 +0$", table.text, re.MULTILINE)


def test_the_same_numbers_every_time(real, pair):
    captions, references = pair([f"cat {i}" for i in range(40)], [[f"a cat {i % 3}"] for i in range(40)])
    runs = [real.run("eval", captions, references, "--json", "--resample-seed", seed).text for seed in ("1", "1", "2")]
    assert runs[0] == runs[1] != runs[2]


def test_the_page_shows_the_worst_and_the_best(real, work, source, pair):
    pictures = work / "pictures"
    pictures.mkdir()
    for i in range(5):
        (pictures / f"{i}.jpg").write_bytes((source / "tests" / "data" / "image" / "rgb.jpg").read_bytes())
    captions, references = pair(["<b>", "a cat", "a dog runs", "red", "a bus here"], [["no"], ["a cat"], ["a dog"], ["blue car"], ["a bus here"]])
    result = real.run("eval", captions, references, "--html", "page.html", "--images", "pictures", "--show", "2")
    assert result.code == 0
    page = (work / "page.html").read_text()
    assert page.count("data:image/jpeg;base64,") == page.count('class="card"') == 4
    assert page.index("&lt;b&gt;") < page.index('id="best"') < page.index("a bus here") and "<b>" not in page
    assert "{{" not in page and "CIDEr-D" in page and "http" not in re.sub(r"http-equiv", "", page)
    result = real.run("eval", captions, references, "--html", "page.html", "--show", "1")
    assert "2 of the page's pictures were not found" in result.err
    assert "no picture" in (work / "page.html").read_text()
