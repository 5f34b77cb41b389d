"""What goes out: text, JSON Lines, CSV, lists of failures; and what happens if it cannot go out."""

import csv
import io
import json
import os
import re
import subprocess

import pytest


def test_text_goes_on_after_failures_which_go_to_stderr(fake, images):
    result = fake.run(*images)
    assert result.code == 1
    assert result.text == 'a.jpg\ta cat on a mat.\nc.jpg\ta dog, "Rex".\ne.tif\tan owl.\n'
    errors = [line for line in result.err.splitlines() if "error" in line]
    assert errors == ["caption: error: b.png: the image ends early", "caption: error: d.webp: not an image"]
    assert "caption: warning: 2 of 5 images failed" in result.err


def test_quiet_leaves_only_errors(fake, images):
    result = fake.run("--quiet", *images)
    assert result.err.splitlines() == ["caption: error: b.png: the image ends early", "caption: error: d.webp: not an image"]
    assert fake.run("--quiet", "--json", *images).err == result.err


def test_a_single_failure_says_nothing_on_stdout(fake, images):
    result = fake.run("b.png", "--quiet")
    assert (result.code, result.out) == (1, b"")


def test_text_stays_on_one_line(fake, work):
    (work / "a.jpg").write_bytes(b"say two\nlines\tand a tab\x1b[31m.")
    (work / "new\nline\x1b[0m.jpg").write_bytes(b"say x.")
    assert fake.run("a.jpg").text == "two lines and a tab [31m.\n"
    assert fake.run("new\nline\x1b[0m.jpg", "a.jpg").lines[0] == "new\\nline\\x1b[0m.jpg\tx."


def test_n_best_in_text(fake, images):
    assert fake.run("--n-best", "2", "a.jpg").text == "a cat on a mat.\na cat on a mat. (2)\n"
    assert fake.run("--n-best", "2", "a.jpg", "e.tif").lines[2:] == ["e.tif\tan owl.", "e.tif\tan owl. (2)"]


def test_json_lines(fake, images, schema):
    result = fake.run("--json", *images, "nowhere.jpg", ".", "--max-megapixels", "1")
    assert result.code == 1
    records = result.records()
    for record in records:
        schema.validate(record)
    assert [record["image"] for record in records[:6]] == [*images, "nowhere.jpg"]
    assert records[0] == {"image": "a.jpg", "caption": "a cat on a mat.", "score": -3.0, "mean_logprob": -1.0, "finish": "stop", "model": "fake"}
    assert list(records[0]) == ["image", "caption", "score", "mean_logprob", "finish", "model"]
    assert records[1] == {"image": "b.png", "error": {"code": "corrupt", "message": "b.png: the image ends early"}, "model": "fake"}
    codes = [record.get("error", {}).get("code") for record in records[:6]]
    assert codes == [None, "corrupt", None, "unsupported_format", None, "not_found"]
    assert "caption: error: b.png: the image ends early" in result.err.splitlines()
    assert fake.run("--format", "jsonl", "a.jpg").records() == records[:1]


def test_json_lines_with_n_best(fake, images, schema):
    result = fake.run("--json", "--n-best", "3", "a.jpg", "b.png")
    first, second = result.records()
    schema.validate(first)
    schema.validate(second)
    assert [c["caption"] for c in first["captions"]] == ["a cat on a mat.", "a cat on a mat. (2)", "a cat on a mat. (3)"]
    assert first["captions"][0] == {name: first[name] for name in ["caption", "score", "mean_logprob", "finish"]}
    assert "captions" not in second


def test_the_schema_can_fail(schema):
    good = {"image": "a", "caption": "b", "score": -1.0, "mean_logprob": -1.0, "finish": "stop", "model": "m"}
    failed = {"image": "a", "error": {"code": "corrupt", "message": "x"}, "model": "m"}
    assert schema.is_valid(good) and schema.is_valid(failed)
    assert not schema.is_valid({**good, **failed})
    assert not schema.is_valid({**good, "extra": 1})
    assert not schema.is_valid({**good, "score": None})
    assert schema.is_valid({**good, "finish": "length", "flags": ["repetition", "truncated"]})
    assert not schema.is_valid({**good, "finish": "other"}) and not schema.is_valid({key: good[key] for key in good if key != "finish"})
    assert not schema.is_valid({**good, "flags": []}) and not schema.is_valid({**good, "flags": ["other"]})
    assert not schema.is_valid({**failed, "flags": ["truncated"]})
    assert not schema.is_valid({**failed, "error": {"code": "other", "message": "x"}})
    assert not schema.is_valid({"image": "a", "model": "m"})


def test_json_is_utf8_even_if_names_are_not(fake, work, schema):
    name = b"caf\xe9.jpg"
    with open(os.path.join(os.fsencode(work), name), "wb") as file:
        file.write(b"say x.")
    (work / "ü \" \\ 猫.jpg").write_bytes("say 猫 \U0001f408 \"quoted\" \\.".encode())
    result = fake.run("--json", name, "ü \" \\ 猫.jpg")
    text = result.out.decode("utf-8")
    first, second = (json.loads(line) for line in text.splitlines())
    assert first["image"] == "caf\ufffd.jpg" and second["image"] == "ü \" \\ 猫.jpg"
    assert second["caption"] == "猫 \U0001f408 \"quoted\" \\."
    assert fake.run(name, "--format", "csv").out.splitlines()[1].startswith(name + b",")


def test_csv_is_rfc_4180(fake, work, images):
    (work / 'odd, "name"\n.jpg').write_bytes(b"say x.")
    result = fake.run("--format", "csv", "--n-best", "2", "a.jpg", "b.png", "c.jpg", 'odd, "name"\n.jpg')
    assert result.code == 1
    assert result.out.count(b"\r\n") == 8
    rows = list(csv.DictReader(io.StringIO(result.text, newline="")))
    assert list(rows[0]) == ["image", "rank", "caption", "score", "mean_logprob", "model", "error", "message", "finish", "flags"]
    assert [(row["image"], row["rank"]) for row in rows] == [
        ("a.jpg", "1"), ("a.jpg", "2"), ("b.png", ""), ("c.jpg", "1"), ("c.jpg", "2"),
        ('odd, "name"\n.jpg', "1"), ('odd, "name"\n.jpg', "2"),
    ]
    assert rows[2]["error"] == "corrupt" and rows[2]["message"] == "b.png: the image ends early"
    assert rows[3]["caption"] == 'a dog, "Rex".' and float(rows[4]["score"]) == -6.0
    assert all(None not in row.values() and None not in row for row in rows)


FLAGGED = {
    "whole.jpg": (b"say a cat.", "stop", []),
    "cut.jpg": (b"cut say a cat on", "length", []),
    "again.jpg": (b"again say so so so so.", "stop", ["repetition"]),
    "half.jpg": (b"half say a c", "stop", ["truncated"]),
    "raw.nef": (b"raw say a cat.", "stop", ["preview"]),
    "all.jpg": (b"half cut again say so so so so", "length", ["repetition", "truncated"]),
}


@pytest.fixture
def flagged(work):
    for name, (content, _, _) in FLAGGED.items():
        (work / name).write_bytes(content)
    return list(FLAGGED)


def test_records_say_how_a_caption_ended_and_what_is_wrong_with_it(fake, flagged, schema):
    records = fake.run("--json", *flagged).records()
    for record, (_, finish, flags) in zip(records, FLAGGED.values(), strict=True):
        schema.validate(record)
        assert record["finish"] == finish and record.get("flags", []) == flags
    assert list(records[-1]) == ["image", "caption", "score", "mean_logprob", "finish", "flags", "model"] == list(records[3])
    rows = csv.DictReader(io.StringIO(fake.run("--format", "csv", *flagged).text, newline=""))
    assert [(row["finish"], row["flags"].split()) for row in rows] == [tuple(entry[1:]) for entry in FLAGGED.values()]


def test_the_picture_is_truncated_and_each_caption_repeats_itself(fake, flagged, schema):
    record, = fake.run("--json", "--n-best", "2", "all.jpg").records()
    schema.validate(record)
    assert record["flags"] == ["repetition", "truncated"]
    assert [(caption["finish"], caption["flags"]) for caption in record["captions"]] == [("length", ["repetition"])] * 2


def test_the_list_of_failures_may_have_what_is_doubtful(fake, work, flagged):
    (work / "empty.jpg").write_bytes(b"say ")
    names = ["none.jpg", *flagged, "empty.jpg"]
    assert fake.run(*names, "--failed", "list").code == 1
    assert (work / "list").read_text().split() == ["none.jpg"]
    assert fake.run(*names, "--failed", "list", "--doubtful").code == 1
    assert (work / "list").read_text().split() == ["none.jpg", "cut.jpg", "again.jpg", "half.jpg", "all.jpg", "empty.jpg"]
    assert fake.run("--doubtful", "whole.jpg").code == 2


def warnings(result):
    return [line for line in result.err.splitlines() if line.startswith("caption: warning: ")]


def test_what_a_whole_run_shows_is_said_once(fake, work, flagged):
    (work / "empty.jpg").write_bytes(b"say ")
    assert warnings(fake.run(*flagged, "empty.jpg")) == [
        "caption: warning: 1 of 7 captions is empty",
        "caption: warning: 2 of 7 captions repeat themselves: --no-repeat-ngram 3 prevents that"]
    assert fake.run(*flagged, "empty.jpg", "--quiet").err == ""
    assert warnings(fake.run("whole.jpg", "cut.jpg")) == []


def test_a_run_whose_captions_are_all_the_same_says_so(fake, work):
    for i in range(10):
        (work / f"{i}.jpg").write_bytes(b"say a cat.")
    (work / "none.jpg").write_bytes(b"corrupt")
    names = [f"{i}.jpg" for i in range(10)]
    warning = "caption: warning: all 10 captions are the same, 'a cat.': unless the pictures are, the model may be damaged, or not fit its encoder"
    assert warnings(fake.run(*names)) == [warning]
    assert warning in warnings(fake.run(*names, "none.jpg"))
    assert warnings(fake.run(*names[1:])) == []
    (work / "9.jpg").write_bytes(b"say a dog.")
    assert warnings(fake.run(*names)) == []


def test_csv_has_its_header_even_if_all_fail(fake, images):
    result = fake.run("--format", "csv", "b.png")
    assert result.code == 1 and len(result.lines) == 2


def test_jq_reads_it(fake, images):
    code, out, _ = fake.shell("$caption --json * | jq -r 'select(.caption) | [.image, .caption] | @tsv'")
    assert code == 0 and out == 'a.jpg\ta cat on a mat.\nc.jpg\ta dog, "Rex".\ne.tif\tan owl.\n'
    code, out, _ = fake.shell("$caption --json * | jq -r 'select(.error) | .error.code'")
    assert out.split() == ["corrupt", "unsupported_format"]


def test_a_caption_fits_into_a_command_substitution(fake, images):
    # As in: exiftool -Description="$(caption a.jpg)" a.jpg
    code, out, _ = fake.shell('printf "[%s]" "$($caption --quiet a.jpg)"')
    assert code == 0 and out == "[a cat on a mat.]"


def test_output_goes_to_a_file_over_what_it_held(fake, work, images):
    (work / "out.jsonl").write_text("something long that was here before " * 100)
    result = fake.run("--json", "--output", "out.jsonl", "a.jpg", "e.tif")
    assert result.code == 0 and result.out == b""
    assert [json.loads(line)["image"] for line in (work / "out.jsonl").read_text().splitlines()] == ["a.jpg", "e.tif"]


def test_output_minus_is_standard_output(fake, work, images):
    assert fake.run("a.jpg", "--output", "-").text == "a cat on a mat.\n"
    assert not (work / "-").exists()


def test_a_file_of_results_survives_a_run_that_cannot_start(fake, work, images):
    (work / "out.txt").write_text("precious")
    assert fake.run("--output", "out.txt", "a.jpg", FAKE_LOAD_ERROR="broken").code == 3
    assert fake.run("--output", "out.txt", "--beam", "0", "a.jpg").code == 2
    assert (work / "out.txt").read_text() == "precious"


def test_failed_names_can_be_tried_again(fake, work, images):
    result = fake.run(*images, "--failed", "failed.txt")
    assert result.code == 1 and (work / "failed.txt").read_text() == "b.png\nd.webp\n"
    (work / "b.png").write_bytes(b"say mended.")
    again = fake.run("--files-from", "failed.txt", "--failed", "failed2.txt")
    assert again.code == 1 and again.text == "b.png\tmended.\n"
    assert (work / "failed2.txt").read_text() == "d.webp\n"
    assert fake.run("a.jpg", "--failed", "failed2.txt").code == 0
    assert (work / "failed2.txt").read_text() == ""


def test_failed_names_with_null(fake, work, images):
    (work / "odd\nname.jpg").write_bytes(b"corrupt")
    result = fake.run("odd\nname.jpg", "a.jpg", "--failed", "failed", "-0")
    assert result.code == 1 and (work / "failed").read_bytes() == b"odd\nname.jpg\0"
    result = fake.run("odd\nname.jpg", "b.png", "--failed", "failed")
    assert (work / "failed").read_bytes() == b"b.png\n" and "needs --null" in result.err
    assert fake.run("-", "b.png", "--failed", "failed", stdin=b"corrupt").code == 1
    assert (work / "failed").read_bytes() == b"b.png\n"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--output", "a.jpg", "c.jpg"], "--output 'a.jpg' is an image"),
        (["--failed", "./a.jpg", "a.jpg"], "--failed './a.jpg' is an image"),
        (["--output", "noext", "noext"], "--output 'noext' is an input"),
        (["--output", "link", "noext"], "--output 'link' is an input"),
        (["--files-from", "list", "--failed", "list"], "--failed 'list' is the list of --files-from"),
        (["--output", "new", "--failed", "./new", "a.jpg"], "is the file of --output"),
    ],
)
def test_nothing_is_overwritten_that_is_needed(fake, work, images, arguments, message):
    (work / "noext").write_bytes(b"say x.")
    (work / "link").symlink_to("noext")
    (work / "list").write_text("a.jpg\n")
    before = {path.name: path.read_bytes() for path in work.iterdir()}
    result = fake.run(*arguments)
    assert result.code == 2 and message in result.err
    assert {path.name: path.read_bytes() for path in work.iterdir()} == before


def test_an_output_that_cannot_be_opened(fake, images):
    result = fake.run("a.jpg", "--output", "no/such/folder")
    assert result.code == 3 and "cannot write to 'no/such/folder': No such file or directory" in result.err
    result = fake.run("a.jpg", "--output", ".")
    assert result.code == 3 and "Is a directory" in result.err


@pytest.mark.parametrize("arguments", ["a.jpg", "--json a.jpg e.tif", "--format csv a.jpg", "--help", "--version", "models list"])
def test_a_full_disk_is_reported(fake, images, arguments):
    code, _, err = fake.shell(f"$caption {arguments} > /dev/full")
    assert code == 3 and "cannot write to standard output: No space left on device" in err


def test_a_full_disk_for_files(fake, images):
    result = fake.run("a.jpg", "--output", "/dev/full")
    assert result.code == 3 and "cannot write to '/dev/full': No space left on device" in result.err
    result = fake.run("b.png", "a.jpg", "--failed", "/dev/full")
    assert result.code == 3 and "No space left on device" in result.err


def test_a_closed_standard_output_is_reported(fake, work, images):
    code, _, err = fake.shell("$caption a.jpg >&-")
    assert code == 3 and "cannot write to standard output: Bad file descriptor" in err
    code, _, err = fake.shell("$caption --failed failed.txt b.png a.jpg >&-")
    # The file did not take the place of the closed descriptor.
    assert code == 3 and (work / "failed.txt").read_text() == "b.png\n"


def test_a_closed_standard_error_harms_nothing(fake, work, images):
    code, out, _ = fake.shell("$caption --failed failed.txt b.png a.jpg 2>&-")
    assert code == 1 and out == "a.jpg\ta cat on a mat.\n" and (work / "failed.txt").read_text() == "b.png\n"


def test_a_closed_pipe_ends_the_run_quietly(fake, images):
    code, out, err = fake.shell("set -o pipefail; yes a.jpg | head -20000 > list; $caption --quiet --files-from list | head -1; echo ${PIPESTATUS[0]}"
    )
    assert out == "a.jpg\ta cat on a mat.\n0\n" and err == ""
    code, out, err = fake.shell("$caption --help | true; echo ${PIPESTATUS[0]}")
    assert out == "0\n" and err == ""


def test_a_closed_pipe_does_not_wait_for_the_list(fake, images):
    # The list stays open and silent for a minute.
    process = fake.start("--quiet", "--files-from", "-", stdin=subprocess.PIPE)
    process.stdout.close()
    process.stdin.write(b"a.jpg\n")
    process.stdin.flush()
    assert process.wait(timeout=20) == 0
    process.stdin.close()
    process.stderr.close()


def test_every_record_is_out_at_once(fake, images):
    process = fake.start("--json", "--files-from", "-", stdin=subprocess.PIPE)
    for name in ["a.jpg", "e.tif", "b.png"]:
        process.stdin.write(name.encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["image"] == name
    process.stdin.close()
    assert process.wait(timeout=20) == 1
    process.stdout.close()
    process.stderr.close()


def test_batches_do_not_change_the_records(fake, images):
    one = fake.run("--json", "--batch", "1", *images * 10)
    assert all(fake.run("--json", "--batch", str(size), *images * 10).out == one.out for size in [2, 7, 64])


def test_csv_cells_are_exact_and_csv_safe_disarms_formulas(fake, work):
    names = ["=1+2.jpg", "+3.jpg", "@x.jpg", "-.jpg", "plain.jpg"]
    for name in names:
        (work / name).write_bytes(b"say =cmd|' /C calc'!A0")
    (work / "=bad.jpg").write_bytes(b"corrupt")
    arguments = ["=1+2.jpg", "+3.jpg", "@x.jpg", "plain.jpg", "=bad.jpg"]
    exact = list(csv.DictReader(io.StringIO(fake.run("--format", "csv", *arguments).text, newline="")))
    assert [row["image"] for row in exact] == arguments
    assert exact[0]["caption"].startswith("=cmd")
    safe = list(csv.DictReader(io.StringIO(fake.run("--format", "csv-safe", *arguments, "--", "-.jpg").text, newline="")))
    assert [row["image"] for row in safe] == ["'=1+2.jpg", "'+3.jpg", "'@x.jpg", "plain.jpg", "'=bad.jpg", "'-.jpg"]
    assert safe[0]["caption"].startswith("'=cmd") and safe[0]["score"] == exact[0]["score"]
    assert safe[4]["error"] == "corrupt"


def test_messages_as_json(fake, images):
    result = fake.run("--log-format", "json", "--model", "photographs", *images)
    assert result.code == 1
    messages = [json.loads(line) for line in result.err.splitlines()]
    assert [message["level"] for message in messages] == ["error", "error", "warning"]
    assert "b.png" in messages[0]["message"] and messages[2]["message"] == "2 of 5 images failed"
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", message["time"]) for message in messages)
    result = fake.run("--log-format", "json", "--model", "photographs", "a.jpg", FAKE_LOAD_ERROR="clip.pt: tensor missing")
    assert result.code == 3 and json.loads(result.err)["level"] == "error"


def test_verbose_says_what_runs_and_what_is_left_out(fake, work):
    for name in ["a.jpg", "b.jpg", "clip.mp4"]:
        (work / name).write_bytes(b"say x.")
    result = fake.run("-v", ".", "--threads", "2")
    assert result.code == 0 and "photographs', device auto, fp32, 2 threads, " in result.err
    assert "caption: left out: './clip.mp4' MP4 is a format that is not read\n" in result.err
    assert re.search(r"caption: the model was loaded in \d+\.\d\d s\n", result.err)
    assert re.search(r"caption: \d+ pictures captioned, 0 failed in \d+\.\d\d s: \d+\.\d\d a second\n", result.err)
    assert "loaded" not in fake.run(".").err
