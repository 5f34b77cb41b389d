"""Which inputs of many: --shard, --include and --exclude."""

import pytest


@pytest.fixture
def album(work):
    names = ["one.jpg", "two.png", "three.JPG", "raw/four.jpg", "raw/deep/five.jpg", "thumbs/six.jpg", "clip.mp4"]
    for name in names:
        (work / "album" / name).parent.mkdir(parents=True, exist_ok=True)
        (work / "album" / name).write_bytes(b"say x.")
    return work


def names(result):
    assert result.code == 0, result.err
    return sorted(line.split("\t")[0].removeprefix("album/") for line in result.lines)


def test_patterns_choose_files_and_folders(fake, album):
    def taken(*arguments):
        return names(fake.run("-r", "album", *arguments))

    assert taken("--include", "*.jpg") == ["one.jpg", "raw/deep/five.jpg", "raw/four.jpg", "thumbs/six.jpg"]
    assert taken("--include", "*.jpg", "--exclude", "thumbs") == ["one.jpg", "raw/deep/five.jpg", "raw/four.jpg"]
    assert taken("--include", "raw/*") == ["raw/deep/five.jpg", "raw/four.jpg"]
    assert taken("--exclude", "raw/*", "--exclude", "*[eE].jpg") == ["three.JPG", "thumbs/six.jpg", "two.png"]
    result = fake.run("-r", "album", "--include", "*.gif")
    assert result.code == 2 and "no images in the folder 'album'" in result.err
    assert names(fake.run("album/two.png", "album/one.jpg", "--include", "*.jpg")) == ["one.jpg", "two.png"]  # who names it wants it
    assert "left out" not in fake.run("album", "--include", "*.jpg").err


def test_parts_are_all_and_stay_as_they_are_when_files_are_added(fake, album):
    def parts():
        return [names(fake.run("-r", "album", "--shard", f"{part}/3")) for part in (1, 2, 3)]

    before = parts()
    assert sorted(sum(before, [])) == names(fake.run("-r", "album"))
    for i in range(30):
        (album / "album" / f"new {i}.jpg").write_bytes(b"say x.")
    after = parts()
    assert all(set(old) < set(new) and len(new) > 3 for old, new in zip(before, after))
    listed = "".join(f"{name}\n" for name in sum(after, [])).encode()
    for part in (1, 2, 3):
        # In a list as in a folder; the name counts as it is given.
        result = fake.run("--files-from", "-", "--shard", f"{part}/3", stdin=b"".join(b"album/" + line + b"\n" for line in listed.splitlines()))
        assert names(result) == after[part - 1]


def test_an_empty_part_is_no_mistake(fake, images):
    codes = [fake.run("a.jpg", "c.jpg", "--shard", f"{part}/50") for part in range(1, 51)]
    assert all(result.code == 0 for result in codes)
    empty = [result for result in codes if not result.lines]
    assert len(empty) >= 48 and "no input is in this part" in empty[0].err


@pytest.mark.parametrize("value", ["0/2", "3/2", "1", "1/", "/2", "1/2/3", "-1/2", "1/0", "a/b", "1 / 2"])
def test_a_part_that_is_none(fake, images, value):
    result = fake.run("a.jpg", f"--shard={value}")
    assert result.code == 2 and "--shard: needs I/N" in result.err
