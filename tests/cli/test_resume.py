"""--resume: a run that was ended anywhere, and then run again until it is done, leaves what one that nobody ended leaves."""

import os
import random
import re
import signal
import subprocess
import time

import pytest

from conftest import add_model, wait_for

KILLS = int(os.environ.get("CAPTION_KILLS", "25"))
PICTURES = 40
FILES = ["out", "failed", "page.html"]
RUN = ["--files-from", "list", "--output", "out", "--failed", "failed", "--html", "page.html", "--quiet"]


@pytest.fixture
def pictures(work):
    """Every seventh is damaged; one has a name that is no UTF-8, one is there twice."""
    names = [b"picture %d.jpg" % i for i in range(PICTURES - 2)] + [b"caf\xe9 \"x\".jpg", b"picture 3.jpg"]
    for i, name in enumerate(names[:-1]):
        content = b"corrupt" if i % 7 == 5 else b"say words of picture %d." % i
        (work / os.fsdecode(name)).write_bytes(content)
    (work / "list").write_bytes(b"".join(name + b"\n" for name in names))
    return names


def contents(work):
    """The run's files; a page says when it was begun."""
    read = [(work / file).read_bytes() for file in FILES]
    return [re.sub(rb"<time.*?</time>", b"", content, flags=re.S) for content in read]


def run_to_the_end(fake, work, *arguments):
    """In a folder without anything of an earlier run -> what it leaves."""
    for file in [*FILES, "out.resume"]:
        (work / file).unlink(missing_ok=True)
    assert fake.run(*arguments).code == 1
    return contents(work)


@pytest.mark.parametrize("format", ["text", "jsonl", "csv"])
def test_a_run_that_is_killed_again_and_again(fake, work, pictures, format):
    arguments = [*RUN, "--format", format, "--n-best", "2"]
    expected = run_to_the_end(fake, work, *arguments)
    for file in FILES:
        (work / file).unlink()
    moments, kills = random.Random(format), 0
    while kills < KILLS:
        process = fake.start(*arguments, "--resume", "--batch", "2", environment={"FAKE_DELAY_MS": "1"})
        time.sleep(moments.uniform(0.002, 0.05))
        process.kill()
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
        if process.returncode != -signal.SIGKILL:  # it was done
            assert process.returncode == 1 and contents(work) == expected
            for file in [*FILES, "out.resume"]:
                (work / file).unlink()
    assert fake.run(*arguments, "--resume").code == 1
    assert contents(work) == expected
    assert fake.run(*arguments, "--resume").code == 1  # there is nothing left to do
    assert contents(work) == expected


@pytest.mark.parametrize("format", ["text", "jsonl", "csv"])
def test_files_that_end_anywhere(fake, work, pictures, format):
    """As a machine leaves them that stops: each file is as long as it likes, once there is one of which run they are."""
    arguments = [*RUN, "--format", format]
    expected = run_to_the_end(fake, work, *arguments, "--resume")
    whole = {file: (work / file).read_bytes() for file in [*FILES, "out.resume"]}
    least = {"out.resume": whole["out.resume"].index(b"\n") + 1}
    moments = random.Random(1)
    for _ in range(12):
        for file, content in whole.items():
            length = moments.choice([len(content), moments.randrange(least.get(file, 0), len(content) + 1)])
            (work / file).write_bytes(content[:length])
        assert fake.run(*arguments, "--resume").code == 1
        assert contents(work) == expected


def test_only_what_is_left_is_captioned(fake, work, pictures):
    arguments = [*RUN[:4], "--json", "--resume"]
    log = work / "log"
    assert fake.run(*arguments).code == 1
    lines = (work / "out.resume").read_bytes().splitlines(keepends=True)
    (work / "out.resume").write_bytes(b"".join(lines[:-3]))
    assert fake.run(*arguments, FAKE_LOG=log).code == 1
    assert sum(line.startswith("images") for line in log.read_text().splitlines()) <= 3
    log.unlink()
    result = fake.run(*arguments, FAKE_LOG=log)
    assert result.code == 1 and "of 40 images failed" in result.err
    assert not log.exists()  # not even a model


def test_more_inputs_at_the_end_are_taken(fake, work, pictures):
    assert fake.run(*RUN, "--resume").code == 1
    with open(work / "list", "ab") as file:
        file.write(b"picture 1.jpg\n")
    assert fake.run(*RUN, "--resume").code == 1
    assert (work / "out").read_bytes().endswith(b"picture 1.jpg\twords of picture 1.\n")
    assert contents(work) == run_to_the_end(fake, work, *RUN)


@pytest.mark.parametrize("more, changed", [
    (["--beam", "3"], "beam was 5 and is 3"),
    (["--json"], "format was text and is jsonl"),
    (["--stop", "x"], 'stop was [] and is ["x"]'),
    (["--no-repeat-ngram", "2"], "no-repeat-ngram was the model's and is 2"),
    (["--precision", "int8"], "precision was fp32 and is int8"),
    (["--model", "other"], "model was photographs and is other"),
])
def test_other_settings_are_refused(fake, work, models, pictures, more, changed):
    add_model(models, "other")
    assert fake.run(*RUN, "--resume").code == 1
    before = contents(work)
    result = fake.run(*RUN, "--resume", *more)
    assert result.code == 2 and f"cannot go on with 'out': {changed}. --resume=force goes on" in result.err
    assert contents(work) == before
    assert fake.run(*RUN, "--resume=force", *more).code == 1
    assert fake.run(*RUN, "--resume", *more).code == 1  # from now on


def test_another_model_of_the_same_name_is_refused(fake, work, models, pictures):
    assert fake.run(*RUN, "--resume").code == 1
    file = models / "photographs" / "model.json"
    file.write_text(file.read_text().replace("made by a test", "made again"))
    assert "the SHA-256 of the model's model.json was" in fake.run(*RUN, "--resume").err


def test_other_inputs_are_refused(fake, work, pictures):
    assert fake.run(*RUN, "--resume").code == 1
    names = (work / "list").read_bytes().splitlines(keepends=True)
    (work / "list").write_bytes(b"".join([b"new.jpg\n", *names[:5]]))
    (work / "new.jpg").write_bytes(b"say new.")
    result = fake.run(*RUN, "--resume")
    assert result.code == 2 and "where 'picture 0.jpg' was among the inputs, there is 'new.jpg' now" in result.err
    before = (work / "out").read_bytes()
    assert fake.run(*RUN, "--resume=force").code == 1
    assert (work / "out").read_bytes() == before + b"new.jpg\tnew.\n"
    (work / "list").write_bytes(b"".join(names[:5]))
    assert "'picture 5.jpg' is done and is no longer among the inputs" in fake.run(*RUN, "--resume").err


def test_two_runs_on_one_output(fake, work, pictures):
    first = fake.start(*RUN, "--resume", environment={"FAKE_DELAY_MS": "100"})
    wait_for(lambda: (work / "out.resume").exists() and (work / "out.resume").read_bytes().count(b"\n") > 2)
    for options in (["--resume"], ["--resume=force"], []):
        result = fake.run(*RUN, *options)
        assert result.code == 3 and "another run is writing here, it has 'out.resume'" in result.err
    first.kill()
    first.communicate()
    assert fake.run(*RUN, "--resume").code == 1
    assert contents(work) == run_to_the_end(fake, work, *RUN)


def test_interrupted_runs_go_on(fake, work, pictures):
    process = fake.start(*RUN, "--resume", environment={"FAKE_DELAY_MS": "20"})
    wait_for(lambda: (work / "out").exists() and (work / "out").read_bytes().count(b"\n") > 2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130 and b"The run was interrupted" in (work / "page.html").read_bytes()
    assert fake.run(*RUN, "--resume").code == 1
    assert contents(work) == run_to_the_end(fake, work, *RUN)


def test_a_run_without_it_begins_anew(fake, work, pictures):
    assert fake.run(*RUN, "--resume").code == 1
    assert fake.run(*RUN).code == 1
    assert not (work / "out.resume").exists()
    result = fake.run(*RUN, "--resume")
    assert result.code == 2 and "cannot tell how far the run that wrote 'out' came: there is no 'out.resume'" in result.err
    assert not (work / "out.resume").exists()


def test_a_run_that_writes_nothing_leaves_what_is_needed_to_resume(fake, work, pictures):
    assert fake.run(*RUN, "--resume").code == 1
    before = contents(work)
    assert fake.run(*RUN, FAKE_LOAD_ERROR="no such weights").code == 3
    assert fake.run(*RUN, "--resume").code == 1
    assert contents(work) == before


def test_what_it_does_not_go_with(fake, work, pictures):
    for arguments, message in [
        (["picture 0.jpg", "--resume"], "--resume goes on with a file: add --output FILE"),
        (["picture 0.jpg", "--resume", "--output", "-"], "--resume goes on with a file: --output is standard output"),
        (["picture 0.jpg", "--retry-failed", "--output", "x"], "--retry-failed is for runs that go on: add --resume"),
        (["picture 0.jpg", "--resume=twice", "--output", "x"], "--resume takes no value but force, not 'twice'"),
        (["-", "--resume", "--output", "x"], "standard input ('-') can be read once"),
        (["picture 0.jpg", "--resume", "--output", "/dev/null"], "--resume goes on with files: '/dev/null' is none"),
        (["picture 0.jpg", "--resume", "--output", "x", "--failed", "x.resume"], "'x.resume' is the file of --failed, too"),
    ]:
        result = fake.run(*arguments)
        assert result.code == 2 and message in result.err, result.err
    (work / "x.resume").write_text("no journal\nat all\n")
    result = fake.run("picture 0.jpg", "--resume", "--output", "x")
    assert result.code == 2 and "cannot read 'x.resume': line 1: it is no JSON object" in result.err
    (work / "x.resume").write_text('{"facts":{"a":"b"}}\n{"ends":[0,0]}\n')
    assert "that run wrote other files" in fake.run("picture 0.jpg", "--resume", "--output", "x").err


def mend(work, pictures):
    """Two of the failed are whole now, another picture is another one, as a new one of the same size is."""
    failed = [os.fsdecode(name) for i, name in enumerate(pictures[:-1]) if i % 7 == 5]
    for name in failed[1:3]:
        (work / name).write_bytes(b"say mended.")
    (work / "picture 9.jpg").write_bytes(b"say something that is longer.")
    (work / "picture 30.jpg").write_bytes(b"say words of picture ??.")


@pytest.mark.parametrize("format", ["text", "jsonl", "csv"])
def test_what_failed_or_changed_is_captioned_again_in_its_place(fake, work, pictures, format):
    arguments = [*RUN, "--format", format]
    assert fake.run(*arguments, "--resume").code == 1
    mend(work, pictures)
    before = contents(work)
    assert fake.run(*arguments, "--resume").code == 1 and contents(work) == before  # only if asked
    log = work / "log"
    result = fake.run(*arguments[:-2], "--format", format, "--resume", "--retry-failed", FAKE_LOG=log)
    assert result.code == 1
    after = contents(work)
    assert sum(int(line.split()[1]) for line in log.read_text().splitlines() if line.startswith("images")) == 4
    assert not (work / "out.resume.kept").exists()
    assert fake.run(*arguments, "--resume").code == 1 and contents(work) == after
    assert after == run_to_the_end(fake, work, *arguments)


def test_it_says_what_is_captioned_again(fake, work, pictures):
    arguments = [*RUN[:4], "--resume"]
    assert fake.run(*arguments).code == 1
    mend(work, pictures)
    result = fake.run(*arguments, "--retry-failed")
    assert "again: 5 that failed, 2 whose files have changed" in result.err and "3 of 40 images failed" in result.err
    result = fake.run(*arguments, "--retry-failed")
    assert "again: 3 that failed, 0 whose files have changed" in result.err and "3 of 40 images failed" in result.err


def test_a_run_that_captions_again_is_killed_again_and_again(fake, work, pictures):
    arguments = [*RUN, "--json", "--resume"]
    moments, kills = random.Random(2), 0
    while kills < KILLS:
        for i, name in enumerate(pictures[:-1]):
            (work / os.fsdecode(name)).write_bytes(b"corrupt" if i % 7 == 5 else b"say words of picture %d." % i)
        for file in [*FILES, "out.resume"]:
            (work / file).unlink(missing_ok=True)
        assert fake.run(*arguments).code == 1
        mend(work, pictures)
        with open(work / "list", "ab") as file:
            file.write(b"picture 1.jpg\n")
        for _ in range(5):
            process = fake.start(*arguments, "--retry-failed", "--batch", "2", environment={"FAKE_DELAY_MS": "5"})
            time.sleep(moments.uniform(0.002, 0.06))
            process.kill()
            process.communicate()
            kills += process.returncode == -signal.SIGKILL
        assert fake.run(*arguments).code == 1  # goes on with what was begun
        fake.run(*arguments, "--retry-failed")
        again = contents(work)
        assert again == run_to_the_end(fake, work, *arguments[:-1])
        (work / "list").write_bytes(b"".join(name + b"\n" for name in pictures))


def test_interrupted_while_it_captions_again(fake, work, pictures):
    assert fake.run(*RUN, "--resume").code == 1
    mend(work, pictures)
    process = fake.start(*RUN[:-1], "--resume", "--retry-failed", "--batch", "1", environment={"FAKE_DELAY_MS": "200"})
    wait_for(lambda: (work / "out.resume.kept").exists())
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130 and b"'out.resume.kept' has the records behind these: the same command goes on" in err
    assert fake.run(*RUN, "--resume", "--retry-failed").code == 1
    assert contents(work) == run_to_the_end(fake, work, *RUN)


def test_other_settings_for_what_is_captioned_again(fake, work, pictures):
    assert fake.run(*RUN[:4], "--resume").code == 1
    mend(work, pictures)
    assert fake.run(*RUN[:4], "--resume", "--retry-failed", "--beam", "2").code == 2
    assert fake.run(*RUN[:4], "--resume=force", "--retry-failed", "--beam", "2").code == 1
    lines = (work / "out").read_bytes()
    assert lines == (run_to_the_end(fake, work, *RUN) and (work / "out").read_bytes())


def test_a_run_that_begins_anew_forgets_what_was_kept(fake, work, pictures):
    assert fake.run(*RUN[:4], "--resume").code == 1
    (work / "out.resume.kept").write_text("of an earlier run")
    assert fake.run(*RUN[:4]).code == 1 and not (work / "out.resume.kept").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a full disk needs root")
def test_a_full_disk_loses_nothing(fake, work, pictures):
    disk = work / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", disk], check=False).returncode != 0:
        pytest.skip("tmpfs cannot be mounted here")
    try:
        arguments = ["--files-from", "list", "--json", "--output", "disk/out", "--quiet", "--resume"]
        (disk / "filler").write_bytes(b"x" * 8192)
        result = fake.run(*arguments)
        assert result.code == 3 and "No space left on device" in result.err
        (disk / "filler").unlink()
        assert fake.run(*arguments).code == 1
        done = (disk / "out").read_bytes()
    finally:
        subprocess.run(["umount", disk], check=True)
    assert fake.run(*RUN[:2], "--json", "--quiet").out == done


@pytest.mark.parametrize("options", [["--resume"], []])
def test_a_folder_that_vanishes_ends_the_run(fake, work, pictures, options):
    (work / "elsewhere").mkdir()
    process = fake.start("--files-from", "list", "--batch", "1", "--output", "elsewhere/out", *options, environment={"FAKE_DELAY_MS": "50"})
    wait_for(lambda: (work / "elsewhere" / "out").exists() and (work / "elsewhere" / "out").read_bytes().count(b"\n") > 2)
    os.rename(work / "elsewhere", work / "there")
    (work / "there" / "out").unlink()
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 3 and b"cannot go on writing to 'elsewhere/out': somebody has removed it" in errors


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk, which needs root")
def test_a_full_disk_keeps_what_is_whole(fake, work, pictures):
    """Then there is room again, and the same command goes on."""
    (work / "disk").mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", work / "disk"], check=False).returncode != 0:
        pytest.skip("no tmpfs here")
    try:
        (work / "disk" / "others").write_bytes(bytes(53000))
        run = ["--files-from", "list", "--json", "--quiet", "--output", "disk/out"]
        (work / "list").write_bytes((work / "list").read_bytes() * 4)
        expected = fake.run(*run[:4]).out
        result = fake.run(*run, "--resume")
        assert result.code == 3 and "No space left on device" in result.err
        assert expected.startswith((work / "disk" / "out").read_bytes())
        (work / "disk" / "others").unlink()
        assert fake.run(*run, "--resume").code == 1
        assert (work / "disk" / "out").read_bytes() == expected
    finally:
        subprocess.run(["umount", work / "disk"], check=True)
