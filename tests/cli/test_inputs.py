"""Where images come from: files, folders, standard input and lists."""

import os
import subprocess

import pytest


def names(result):
    return [line.split("\t")[0] for line in result.lines]


def test_one_image_gives_its_caption_alone(fake, images):
    result = fake.run("a.jpg", "--quiet")
    assert (result.code, result.text, result.err) == (0, "a cat on a mat.\n", "")


def test_several_give_name_tab_caption(fake, images):
    result = fake.run("e.tif", "a.jpg")
    assert result.code == 0
    assert result.text == "e.tif\tan owl.\na.jpg\ta cat on a mat.\n"


def test_the_same_image_twice_gives_two_lines(fake, images):
    assert names(fake.run("a.jpg", "a.jpg")) == ["a.jpg", "a.jpg"]


def test_a_missing_file_does_not_stop_the_others(fake, images):
    result = fake.run("a.jpg", "nowhere.jpg", "e.tif")
    assert result.code == 1
    assert names(result) == ["a.jpg", "e.tif"]
    assert "caption: error: nowhere.jpg: no such file\n" in result.err
    assert "1 of 3 images failed" in result.err


def test_a_named_file_is_taken_whatever_its_name(fake, work):
    (work / "picture.data").write_bytes(b"say yes.")
    assert fake.run("picture.data").text == "yes.\n"


def test_a_folder_gives_its_images_sorted(fake, work):
    folder = work / "photos"
    (folder / "sub.jpg").mkdir(parents=True)
    for name in ["b.JPG", "a.jpeg", "B.png", "c.TiFf", "notes.txt", ".hidden.jpg", "noextension", "z.webp", "jpg"]:
        (folder / name).write_bytes(b"say x.")
    (folder / "sub.jpg" / "inside.jpg").write_bytes(b"say x.")
    os.mkfifo(folder / "pipe.jpg")
    expected = ["photos/B.png", "photos/a.jpeg", "photos/b.JPG", "photos/c.TiFf", "photos/z.webp"]
    for spelling in ["photos", "photos/"]:
        result = fake.run(spelling)
        assert result.code == 0 and names(result) == expected
    assert names(fake.run(".", cwd=folder)) == [name.replace("photos", ".") for name in expected]


def test_a_folder_with_one_image_still_names_it(fake, work):
    (work / "photos").mkdir()
    (work / "photos" / "a.jpg").write_bytes(b"say x.")
    assert fake.run("photos").text == "photos/a.jpg\tx.\n"


def test_recursive_takes_files_before_subfolders_and_follows_no_links(fake, work):
    for name in ["p/z.jpg", "p/b/2.jpg", "p/b/c/3.jpg", "p/a/1.jpg", "p/.git/4.jpg", "other/5.jpg"]:
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_bytes(b"say x.")
    (work / "p" / "loop").symlink_to("..")
    (work / "p" / "link.jpg").symlink_to("../other/5.jpg")
    (work / "p" / "dangling.jpg").symlink_to("nothing")
    result = fake.run("-r", "p")
    assert names(result) == ["p/link.jpg", "p/z.jpg", "p/a/1.jpg", "p/b/2.jpg", "p/b/c/3.jpg"]
    assert result.code == 1 and "p/dangling.jpg: no such file" in result.err
    assert names(fake.run("p")) == ["p/link.jpg", "p/z.jpg"]


def test_an_empty_folder_is_an_error_before_any_model_is_loaded(fake, work, tmp_path):
    (work / "empty").mkdir()
    (work / "deep" / "er").mkdir(parents=True)
    result = fake.run("empty", FAKE_LOG=tmp_path / "log")
    assert result.code == 2 and "no images in the folder 'empty' (looked for .jpg," in result.err
    assert not (tmp_path / "log").exists()
    assert "add -r" not in result.err
    assert "add -r" in fake.run("deep").err
    assert fake.run("-r", "deep").code == 2


def test_an_empty_folder_beside_others_is_a_warning(fake, work, images):
    (work / "empty").mkdir()
    for order in [["empty", "a.jpg"], ["a.jpg", "empty"]]:
        result = fake.run(*order)
        assert result.code == 0 and names(result) == ["a.jpg"]
        assert "warning: no images in the folder 'empty'" in result.err


@pytest.mark.skipif(os.geteuid() != 0, reason="drops privileges with setpriv, which needs root")
def test_an_unreadable_folder_is_a_failed_record(fake, work, images, tmp_path):
    (work / "secret").mkdir(mode=0o700)
    (work / "secret" / "a.jpg").write_bytes(b"say x.")
    os.chmod(work / "secret", 0o700)
    # pytest keeps its folders to itself.
    folder = tmp_path
    while folder != folder.parent:
        os.chmod(folder, os.stat(folder).st_mode | 0o055)
        folder = folder.parent
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", fake.path, "--json", "secret", "a.jpg"]
    done = subprocess.run(command, cwd=work, env=fake.environment, capture_output=True, check=False)
    if b"exec" in done.stderr:
        pytest.skip("the build tree is not readable for others")
    assert done.returncode == 1
    assert b"cannot list the folder 'secret': Permission denied" in done.stderr
    assert b'"unreadable"' in done.stdout and b"a cat" in done.stdout


def test_standard_input_is_an_image(fake, work):
    result = fake.run("-", stdin=b"say from a pipe.")
    assert (result.code, result.text) == (0, "from a pipe.\n")
    assert fake.run("-", "--json", stdin=b"say x.").records()[0]["image"] == "-"
    assert fake.run("-", stdin=b"corrupt").code == 1
    (work / "-").write_bytes(b"say a file called minus.")
    assert fake.run("./-").text == "a file called minus.\n"


def test_standard_input_beside_files(fake, images):
    assert fake.run("a.jpg", "-", stdin=b"say pipe.").text == "a.jpg\ta cat on a mat.\n-\tpipe.\n"


def test_closed_standard_input_is_a_failed_image(fake):
    command = f"'{fake.path}' - <&-"
    done = subprocess.run(["sh", "-c", command], cwd=fake.folder, env=fake.environment, capture_output=True, check=False)
    assert done.returncode in (0, 1)  # nothing to read: the fake engine captions no bytes


def test_a_list_from_a_file_and_from_a_pipe(fake, work, images):
    (work / "list").write_text("e.tif\n\na.jpg\nnowhere.jpg")
    for arguments, stdin in [(["--files-from", "list"], b""), (["--files-from", "-"], (work / "list").read_bytes())]:
        result = fake.run(*arguments, stdin=stdin)
        assert result.code == 1 and names(result) == ["e.tif", "a.jpg"]
        assert "nowhere.jpg: no such file" in result.err


def test_arguments_come_before_the_list_and_lists_may_name_folders(fake, work, images):
    (work / "photos").mkdir()
    (work / "photos" / "f.jpg").write_bytes(b"say f.")
    (work / "list").write_text("photos\ne.tif\n")
    assert names(fake.run("--files-from", "list", "a.jpg")) == ["a.jpg", "photos/f.jpg", "e.tif"]


def test_null_separated_lists_keep_every_name(fake, work):
    odd = ["new\nline.jpg", " space .jpg", "tab\t.jpg", "-dash.jpg", "ü.jpg", "[a,b]"]
    for name in odd:
        (work / name).write_bytes(b"say x.")
    result = fake.run("--files-from", "-", "-0", "--json", stdin="\0".join(odd).encode())
    assert result.code == 0 and [record["image"] for record in result.records()] == odd


def test_find_print0_is_understood(fake, work, images):
    command = f"find . -name '*.jpg' -print0 | sort -z | '{fake.path}' --files-from - --null"
    done = subprocess.run(["sh", "-c", command], cwd=work, env=fake.environment, capture_output=True, check=True)
    assert [line.split(b"\t")[0] for line in done.stdout.splitlines()] == [b"./a.jpg", b"./c.jpg"]


def test_a_null_separated_list_without_the_option_is_explained(fake, images):
    result = fake.run("--files-from", "-", stdin=b"a.jpg\0c.jpg\0")
    assert result.code == 2 and "add --null (-0)" in result.err


def test_lists_that_cannot_be_read(fake, work):
    result = fake.run("--files-from", "nowhere")
    assert result.code == 2 and "'nowhere' of --files-from: No such file or directory" in result.err
    assert "Is a directory" in fake.run("--files-from", ".").err
    result = fake.run("--files-from", "-", stdin=b"\n\n")
    assert result.code == 2 and "the list is empty" in result.err


def test_names_of_options_and_commands_can_be_images(fake, work):
    for name in ["models", "--json", "[x]", "[a,b].jpg", "-1.jpg"]:
        (work / name).write_bytes(b"say x.")
    assert names(fake.run("./models", "[x]", "[a,b].jpg", "--", "--json", "-1.jpg")) == [
        "./models", "[x]", "[a,b].jpg", "--json", "-1.jpg",
    ]
    assert names(fake.run("--", "models", "[x]")) == ["models", "[x]"]


def test_many_inputs_in_order_and_in_bounded_memory(fake, work):
    count = 20000
    (work / "photos").mkdir()
    for i in range(0, count, 100):
        (work / "photos" / f"{i:06}.jpg").write_bytes(b"say x.")
    listed = "".join(f"photos/{i:06}.jpg\n" for i in range(count))
    result = fake.run("--files-from", "-", "--json", "--batch", "64", stdin=listed.encode())
    records = result.records()
    assert result.code == 1 and len(records) == count
    assert [record["image"] for record in records] == listed.splitlines()
    assert sum("caption" in record for record in records) == count // 100
    assert f"{count - count // 100} of {count} images failed" in result.err


def peak_kilobytes(fake, arguments, stdin_bytes):
    """The most memory that a run held, as its parent process sees it."""
    script = (
        "import resource,subprocess,sys; "
        "subprocess.run(sys.argv[1:], stdin=sys.stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = ["/usr/bin/env", "python3", "-c", script, str(fake.path), *arguments]
    # AddressSanitizer keeps freed memory for a while; 1 MB of it is enough here.
    options = fake.environment.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
    environment = fake.full_environment(ASAN_OPTIONS=options)
    done = subprocess.run(command, cwd=fake.folder, env=environment, input=stdin_bytes, capture_output=True, check=True)
    return int(done.stdout)


def test_memory_does_not_grow_with_the_list(fake, work):
    (work / "a.jpg").write_bytes(b"say x.")
    few = peak_kilobytes(fake, ["--files-from", "-"], b"a.jpg\n" * 5000)
    many = peak_kilobytes(fake, ["--files-from", "-"], b"a.jpg\n" * 100000)
    assert many < few + 8 * 1024


def test_an_image_on_a_terminal_is_refused(fake):
    master, slave = os.openpty()
    process = fake.start("-", stdin=slave)
    _, err = process.communicate(timeout=20)
    os.close(master)
    os.close(slave)
    assert process.returncode == 2 and b"which is a terminal" in err
