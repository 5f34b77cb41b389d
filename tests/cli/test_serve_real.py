"""`caption serve` with the model that comes along: its answers equal the command line's, whatever else is asked meanwhile."""

import base64
import io
import json
import os
import random
import shutil
import threading

import pytest

Image = pytest.importorskip("PIL.Image", reason="Debian: python3-pil")

LONG = "CAPTION_LONG" in os.environ  # ctest -C Longer -R serve_long


@pytest.fixture
def files(work, source):
    """Pictures of all formats, and files that are none."""
    for picture in (source / "models" / "photographs" / "pictures").glob("*.jpg"):
        shutil.copy(picture, work)
    cat = Image.open(work / "cat.jpg")
    for name, options in {"a.png": {}, "b.webp": {}, "c.bmp": {}, "d.tif": {}, "grey.jpg": {}, "e.gif": {}}.items():
        (cat.convert("L") if name == "grey.jpg" else cat).resize((150, 100)).save(work / name, **options)
    Image.new("RGB", (1, 1), "red").save(work / "one.png")
    jpeg = (work / "cat.jpg").read_bytes()
    broken = {"empty.jpg": b"", "cut.jpg": jpeg[: len(jpeg) // 2], "text.jpg": b"<html>not found</html>", "pointer.jpg": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
              "noise.jpg": random.Random(1).randbytes(5000), "avif.avif": b"\0\0\0\x1cftypavif" + b"\0" * 100, "heic.heic": b"\0\0\0\x18ftypheic" + b"\0" * 100,
              "soi.jpg": b"\xff\xd8\xff", "png.png": b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "svg.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>"}
    for name, content in broken.items():
        (work / name).write_bytes(content)
    huge = io.BytesIO()
    Image.new("L", (12000, 9000)).save(huge, "PNG")
    (work / "huge.png").write_bytes(huge.getvalue())
    return sorted(path.name for path in work.iterdir())


@pytest.fixture
def expected(real, files):
    """The command line's records, by name."""
    done = real.run("--json", *files)
    return {record["image"]: record for record in done.records()}


def record_of(answer, name):
    """The record of an answer to raw bytes, which have no name."""
    record = answer.json()
    assert record["image"] == "-"
    record["image"] = name
    if "error" in record:
        record["error"]["message"] = record["error"]["message"].replace("-: ", name + ": ", 1)
    return record


def test_every_file_has_the_command_lines_record_and_a_status_that_fits(real, serve, files, expected, work):
    """E01: what is not read is a 415 or 422 at once, with the record's code."""
    service = serve(real, "--root", work)
    statuses = {"unsupported_format": 415, "corrupt": 422, "too_large": 413}
    for name in files:
        answer = service.caption((work / name).read_bytes())
        assert record_of(answer, name) == expected[name], name
        assert answer.status == (statuses[expected[name]["error"]["code"]] if "error" in expected[name] else 200), name
        assert service.ask_json("/caption", {"path": name}).json() == expected[name]
    assert sum(1 for record in expected.values() if "error" in record) >= 10


def test_mixed_requests(real, serve, files, expected, work):
    """E03: the server survives every request, and none changes another's answer. A thousand in the longer run."""
    service = serve(real)
    names = [name for name in files if name != "huge.png"]
    wrong, lock = [], threading.Lock()

    def client(seed):
        order = random.Random(seed)
        for _ in range(125 if LONG else 20):
            name = order.choice(names)
            content = (work / name).read_bytes()
            if order.random() < 0.3:
                url = "data:image/jpeg;base64," + base64.b64encode(content).decode()
                question = {"model": "photographs", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]}
                answer = service.ask_json("/v1/chat/completions", question).json()
                found = answer["choices"][0]["message"]["content"] if "choices" in answer else answer["error"]["code"]
                right = expected[name].get("caption", expected[name].get("error", {}).get("code"))
            else:
                found, right = record_of(service.caption(content), name), expected[name]
            if found != right:
                with lock:
                    wrong.append((name, found))

    threads = [threading.Thread(target=client, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    total = service.metric('caption_requests_total{route="/caption",status="200"}') + service.metric('caption_requests_total{route="/v1/chat/completions",status="200"}')
    assert total > (300 if LONG else 40) and service.stop() == 0


def test_memory_stays_flat(real, serve, work, source):
    """E04: pictures of many sizes, and as many as one likes."""
    service = serve(real)
    pictures = []
    cat = Image.open(source / "models" / "photographs" / "pictures" / "cat.jpg")
    sizes = [(1 + 40 * i, 1 + 30 * i) for i in range(25)] + ([(4000, 3000), (11000, 9000)] if LONG else [])
    for i, size in enumerate(sizes):
        buffer = io.BytesIO()
        cat.resize(size).save(buffer, ["JPEG", "PNG"][i % 2])
        pictures.append(buffer.getvalue())

    def run(rounds):
        def client(part):
            for _ in range(rounds):
                for picture in pictures[part::4]:
                    assert service.caption(picture).status == 200

        threads = [threading.Thread(target=client, args=(part,)) for part in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    rounds = 8 if LONG else 2
    run(rounds)
    before = service.memory()
    run(rounds)
    assert service.memory() < 1.05 * before + 4000


def test_json_lines_equal_the_command_line(real, files, expected, work):
    requests = "".join(json.dumps({"path": name}) + "\n" for name in files)
    done = real.run("serve", "--stdin", "--root", ".", stdin=requests.encode())
    assert done.records() == [expected[name] for name in files]
