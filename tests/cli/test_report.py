"""caption --html: the page as a reader of HTML sees it. test_report_browser.py opens it in a browser."""

import base64
import io
import os
import re
import signal
import subprocess
import urllib.parse
from html.parser import HTMLParser

import pytest

from conftest import wait_for

VOID = {"meta", "link", "img", "input", "br"}


class Element:
    def __init__(self, tag, attributes, parent=None):
        self.tag, self.attributes, self.parent, self.children = tag, dict(attributes), parent, []

    def all(self, tag=None, **attributes):
        """The elements below with this tag and these attributes; `klass` is one of the classes."""
        klass = attributes.pop("klass", None)
        for child in self.children:
            if not isinstance(child, Element):
                continue
            same = all(child.attributes.get(name) == value for name, value in attributes.items())
            if tag in (None, child.tag) and same and (klass is None or klass in child.attributes.get("class", "").split()):
                yield child
            yield from child.all(tag, **attributes, **({"klass": klass} if klass else {}))

    def one(self, tag=None, **attributes):
        found = list(self.all(tag, **attributes))
        assert len(found) == 1, f"{len(found)} elements {tag} {attributes}"
        return found[0]

    @property
    def text(self):
        return "".join(child if isinstance(child, str) else child.text for child in self.children)


class Page(HTMLParser):
    """The tree of a page. `strict` demands that every element is closed in its turn."""

    def __init__(self, html, strict=True):
        super().__init__(convert_charrefs=True)
        self.root = self.at = Element("page", {})
        self.feed(html)
        self.close()
        assert not strict or self.at is self.root, f"<{self.at.tag}> is not closed"
        self.records = list(self.root.all("li", klass="record"))
        self.failures = list(self.root.all("li", klass="failure"))

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), f"<{tag}> has an attribute twice"
        element = Element(tag, attrs, self.at)
        self.at.children.append(element)
        if tag not in VOID:
            self.at = element

    def handle_startendtag(self, tag, attrs):
        self.at.children.append(Element(tag, attrs, self.at))

    def handle_endtag(self, tag):
        assert tag == self.at.tag, f"</{tag}> closes <{self.at.tag}>"
        self.at = self.at.parent

    def handle_data(self, data):
        self.at.children.append(data)

    def names(self):
        return [record.one(klass="name").text for record in self.records]

    def captions(self):
        return [record.one(klass="caption").text for record in self.records]


def read(path, **options):
    return Page(path.read_text("utf-8"), **options)


def picture(record):
    source = record.one("img").attributes["src"]
    assert source.startswith("data:image/jpeg;base64,")
    return base64.b64decode(source.split(",")[1], validate=True)


def test_every_image_has_a_record(fake, work, images):
    plain = fake.run("--json", *images)
    result = fake.run("--json", *images, "--html", "report.html")
    assert (result.code, result.out, result.err) == (plain.code, plain.out, plain.err)
    page = read(work / "report.html")
    assert page.names() == ["a.jpg", "c.jpg", "e.tif"]
    assert page.captions() == ["a cat on a mat.", 'a dog, "Rex".', "an owl."]
    for record, name in zip(page.records, page.names()):
        assert picture(record) == b"small " + (work / name).read_bytes()
        assert record.one("img").attributes["alt"] == record.one(klass="caption").text
        assert record.one("img").attributes["loading"] == "lazy" and record.one("img").attributes["decoding"] == "async"
        assert record.attributes["data-mean"] == "-1" and record.attributes["data-sum"] == "-3"
        assert record.one(klass="score").text == "37% confidence"  # exp(-1)
    assert [failure.one(klass="name").text for failure in page.failures] == ["b.png", "d.webp"]
    assert [failure.one(klass="message").text for failure in page.failures] == [
        "the image ends early corrupt", "not an image unsupported_format",
    ]
    assert page.root.one(klass="totals").text == "3 images captioned2 failed"
    assert page.root.one(klass="totals").one("a").attributes["href"] == "#failed"
    assert page.failures[0].attributes["id"] == "failed"


def test_the_page_says_what_it_is(fake, work, images):
    fake.run("a.jpg", "--html", "report.html")
    page = read(work / "report.html")
    assert page.root.one("html").attributes == {"lang": "en"}
    assert page.root.one("title").text == "Captions by fake"
    run = page.root.one(klass="run")
    assert run.text.startswith("Model fakebeam 5") and re.search(r"\d{4}, \d\d:\d\d$", run.text)
    assert page.root.one(klass="totals").text == "1 image captioned"
    assert re.fullmatch(r"\s*Written by caption [\d.]+ \(commit \w+\)\s*The model's origin: made by a test. Its licence: CC0.\s*", page.root.one("footer").text)
    assert not page.failures and not list(page.root.all(klass="interrupted"))
    for options, words in [(["--beam", "1"], "greedy"), (["--sample", "--seed", "7"], "sampled, seed 7")]:
        fake.run("a.jpg", "--html", "report.html", *options)
        assert words in read(work / "report.html").root.one(klass="run").text


def test_n_best_on_demand(fake, work, images):
    fake.run(*images, "--html", "report.html")
    assert not [record for record in read(work / "report.html").records if list(record.all("details"))]
    fake.run(*images, "--html", "report.html", "--n-best", "3")
    others = read(work / "report.html").records[0].one("details")
    assert "open" not in others.attributes and others.one("summary").text == "2 other captions"
    assert [item.text for item in others.all("li")] == ["a cat on a mat. (2)14%", "a cat on a mat. (3)5%"]


def test_what_is_doubtful_says_why(fake, work):
    contents = [b"say a cat.", b"cut say a cat on", b"again say so so so so.", b"half cut again say so so so so"]
    for i, content in enumerate(contents):
        (work / f"{i}.jpg").write_bytes(content)
    fake.run(*[f"{i}.jpg" for i in range(4)], "--html", "report.html", "--quiet")
    records = read(work / "report.html").records
    assert ["doubtful" in record.attributes["class"].split() for record in records] == [False, True, True, True]
    assert [record.one(klass="score").text.removeprefix("37% confidence") for record in records] == [
        "", ": cut off", ": repeats itself", ": cut off, repeats itself, picture incomplete"]


HOSTILE = [
    "<script>alert(1)</script>.jpg".replace("/", "\u2215"),
    "\"'><img src=x onerror=alert(1)>.jpg",
    "&lt;b&gt; &amp; &#60;.jpg",
    "new\nline\ttab\x1b[31m.jpg",
    "javascript:alert(1).jpg",
    "100% ?query#fragment.jpg",
    "-->]]>.jpg",
    "\u202egpj.exe.jpg",
    "\u00fc \u732b \U0001f408.jpg",
]


def test_hostile_names_and_captions_are_text(fake, work):
    for name in HOSTILE:
        (work / name).write_bytes(b"say " + name.encode())
    result = fake.run("--html", "report.html", "--quiet", "--", *HOSTILE)
    assert result.code == 0
    page = read(work / "report.html")
    for name, record in zip(HOSTILE, page.records):
        shown = name.replace("\n", "\\n").replace("\t", "\\t").replace("\x1b", "\\x1b")
        assert record.one(klass="name").text == shown
        words = re.sub("[\n\t\x1b]", " ", name)
        assert record.one(klass="caption").text == words and record.one("img").attributes["alt"] == words
        address = record.one("a").attributes["href"]
        assert re.fullmatch(r"[\w.~%/-]+", address, re.ASCII) and urllib.parse.unquote(address) == name
        assert len(list(record.all("img"))) == 1 and not list(record.all("script")) and not list(record.all("b"))
    assert len(list(page.root.all("script"))) == 2 and len(list(page.root.all("style"))) == 2


def test_hostile_failures_are_text(fake, work):
    (work / "<i>bad.jpg").write_bytes(b"corrupt")
    assert fake.run("<i>bad.jpg", "<b>none.jpg", "--html", "report.html").code == 1
    bad, none = read(work / "report.html").failures
    assert bad.one(klass="name").text == "<i>bad.jpg" and bad.one("a").attributes["href"] == "%3Ci%3Ebad.jpg"
    assert none.one(klass="message").text == "no such file not_found" and not list(none.all("a"))


def test_any_bytes_make_a_page_of_valid_utf8(fake, work):
    name = b"caf\xe9 \xf0\x9f\".jpg"
    with open(os.path.join(os.fsencode(work), name), "wb") as file:
        file.write(b"say x.")
    fake.run(name, "--html", "report.html")
    record = read(work / "report.html").records[0]
    assert record.one(klass="name").text == "caf\ufffd \ufffd\".jpg"
    assert urllib.parse.unquote_to_bytes(record.one("a").attributes["href"]) == name


def test_links_are_relative_to_the_report(fake, work, images):
    (work / "out").mkdir()
    fake.run("a.jpg", str(work / "c.jpg"), "./e.tif", "-", "--html", "out/report.html", stdin=b"say this.")
    page = read(work / "out" / "report.html")
    addresses = [[link.attributes["href"] for link in record.all("a")] for record in page.records]
    assert addresses == [["../a.jpg"], ["../c.jpg"], ["../e.tif"], []]
    for address in addresses[:3]:
        assert (work / "out" / address[0]).is_file()
    # A pipe's page is nowhere.
    code, out, _ = fake.shell("$caption --html /dev/stdout --output /dev/null a.jpg | cat")
    assert code == 0 and not list(Page(out).records[0].all("a"))


def test_nothing_in_the_page_comes_from_elsewhere(fake, work, images):
    fake.run(*images, "--html", "report.html", "--n-best", "2")
    html = (work / "report.html").read_text()
    root = Page(html).root
    for element in root.all():
        assert "style" not in element.attributes and not [name for name in element.attributes if name.startswith("on")]
        for name in ("src", "href", "data", "action", "srcset", "poster"):
            assert re.match(r"data:|#|[\w.]+$", element.attributes.get(name, "#")), element.attributes
    assert "http:" not in html and "https:" not in html and "@import" not in html and "url(" not in html
    policy = root.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
    assert "default-src 'none'" in policy and "unsafe" not in policy


def test_a_caption_without_words(fake, work):
    (work / "a.jpg").write_bytes(b"say ")
    fake.run("a.jpg", "--html", "report.html")
    record = read(work / "report.html").records[0]
    assert record.one(klass="caption").text == "(no words)" and record.one("img").attributes["alt"] == "(no words)"


def test_an_interrupted_run_completes_its_page(fake, work):
    for i in range(300):
        (work / f"{i}.jpg").write_bytes(f"say {i}.".encode())
    process = fake.start(*[f"{i}.jpg" for i in range(300)], "--html", "report.html", "--output", "out", "--batch", "4",
                         environment={"FAKE_DELAY_MS": "50"})
    wait_for(lambda: (work / "out").exists() and (work / "out").read_text())
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 130
    process.communicate()
    done = (work / "out").read_text().count("\n")
    page = read(work / "report.html")
    assert page.captions() == [f"{i}." for i in range(done)] and done < 300
    assert page.root.one(klass="interrupted").text == (
        f"The run was interrupted: {done} image{'s were' if done > 1 else ' was'} done, the rest not tried."
    )


def test_a_run_that_is_cut_off_leaves_what_it_has(fake, work, images):
    # Killed, and ended by an error.
    process = fake.start("--html", "report.html", "--files-from", "-", stdin=subprocess.PIPE)
    process.stdin.write(b"a.jpg\nb.png\n")
    process.stdin.flush()
    wait_for(lambda: (work / "report.html").exists() and "b.png" in (work / "report.html").read_text())
    process.kill()
    process.communicate()
    page = read(work / "report.html", strict=False)
    assert page.captions() == ["a cat on a mat."] and len(page.failures) == 1
    # Hidden by the style sheet only in a page that has its totals.
    assert page.root.one(klass="unfinished") and not list(page.root.all(klass="totals"))
    assert "body:has(.totals) .unfinished { display: none; }" in page.root.text
    result = fake.run("a.jpg", "c.jpg", "--html", "report.html", "--output", "/dev/full")
    assert result.code == 3 and read(work / "report.html", strict=False).root.one(klass="unfinished")


def test_a_full_disk_is_reported(fake, images):
    result = fake.run("a.jpg", "--html", "/dev/full")
    assert result.code == 3 and "cannot write to '/dev/full': No space left on device" in result.err


def test_a_page_survives_a_run_that_cannot_start(fake, work, images):
    (work / "report.html").write_text("precious")
    assert fake.run("--html", "report.html", "a.jpg", FAKE_LOAD_ERROR="broken").code == 3
    assert fake.run("--html", "report.html", "--beam", "0", "a.jpg").code == 2
    assert (work / "report.html").read_text() == "precious"
    result = fake.run("--html", "no/such/report.html", "a.jpg", FAKE_LOAD_ERROR="broken")
    assert result.code == 3 and "cannot write to 'no/such/report.html'" in result.err
    assert fake.run("--html", "report.html", "a.jpg").code == 0
    assert "precious" not in (work / "report.html").read_text()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--html", "a.jpg", "c.jpg"], "--html 'a.jpg' is an image"),
        (["--html", "noext", "noext"], "--html 'noext' is an input"),
        (["--html", "list", "--files-from", "list"], "--html 'list' is the list of --files-from"),
        (["--html", "new", "--output", "./new", "a.jpg"], "--html 'new' is the file of --output, too"),
        (["--html", "new", "--failed", "./new", "a.jpg"], "--html 'new' is the file of --failed, too"),
        (["--html", "-", "a.jpg"], "--html needs a file; captions go to standard output"),
        (["a.jpg", "--html"], "--html"),
    ],
)
def test_nothing_is_overwritten_that_is_needed(fake, work, images, arguments, message):
    (work / "noext").write_bytes(b"say x.")
    (work / "list").write_text("a.jpg\n")
    before = {path.name: path.read_bytes() for path in work.iterdir()}
    result = fake.run(*arguments)
    assert result.code == 2 and message in result.err
    assert {path.name: path.read_bytes() for path in work.iterdir()} == before


def test_thumbnails_are_whole_upright_and_small(real, work, source):
    image = pytest.importorskip("PIL.Image", reason="Debian: python3-pil")
    # 600 x 300 when upright: left red, right blue. Stored turned, in EXIF's orientation 6.
    upright = image.new("RGB", (600, 300), (200, 20, 20))
    upright.paste((20, 20, 200), (300, 0, 600, 300))
    exif = image.Exif()
    exif[0x0112] = 6
    upright.transpose(image.Transpose.ROTATE_90).save(work / "turned.jpg", exif=exif)
    image.new("RGBA", (40, 80), (0, 0, 0, 0)).save(work / "clear.png")
    assert real.run("turned.jpg", "clear.png", "--model", str(source / "tests/data/parity/vit-mlp"), "--html", "report.html").code == 0
    turned, clear = (image.open(io.BytesIO(picture(record))) for record in read(work / "report.html").records)
    assert turned.format == "JPEG" and turned.size == (320, 160)
    assert turned.getpixel((20, 80))[0] > 150 and turned.getpixel((300, 80))[2] > 150
    assert clear.size == (40, 80) and min(clear.getpixel((20, 40))) > 250
