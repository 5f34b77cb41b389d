"""caption --html in a browser: headless Chromium, driven as a reader would, by keyboard where that is possible."""

import re
import shutil

import pytest

from conftest import Program, clean_environment, prefix

webdriver = pytest.importorskip("selenium.webdriver", reason="Debian: python3-selenium")
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.select import Select  # noqa: E402
from selenium.webdriver.support.wait import WebDriverWait  # noqa: E402

DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(DRIVER is None, reason="Debian: chromium, chromium-driver")

NAMES = ["bear.jpg", "tent.jpg", "rose.jpg", "pigeon.jpg", "dress.jpg"]
HOSTILE = "<img src=x onerror=alert(1)> caf\u00e9.jpg"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The page of a run over pictures of the photographs model, one of them with a hostile name, and two that fail."""
    folder = tmp_path_factory.mktemp("report")
    pictures = sorted((prefix("CAPTION_SOURCE") / "models" / "photographs" / "pictures").glob("*.jpg"))
    for name, picture in zip([*NAMES, HOSTILE], pictures):
        shutil.copy(picture, folder / name)
    (folder / "cut.jpg").write_bytes(pictures[0].read_bytes()[:2000])
    real = Program(prefix("CAPTION_PREFIX"), folder, clean_environment(folder))
    inputs = [NAMES[0], "cut.jpg", *NAMES[1:], HOSTILE, "none.jpg"]
    result = real.run("--model", "photographs", "--n-best", "3", "--html", "report.html", "--json", *inputs)
    assert result.code == 1 and len(result.records()) == 8
    return folder / "report.html", result.records()


@pytest.fixture(scope="module")
def chromium():
    options = webdriver.ChromeOptions()
    # No sandbox: the tests may run as root, in a container.
    for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1200,900",
                     "--force-prefers-reduced-motion"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium, report):
    """The page, freshly opened; at the end, that it asked for nothing and complained of nothing."""
    chromium.get(report[0].as_uri())
    chromium.execute_script("localStorage.clear()")
    chromium.get_log("browser"), chromium.get_log("performance")
    chromium.get(report[0].as_uri())
    yield chromium
    assert chromium.get_log("browser") == []
    requests = re.findall(r'"url":"([^"]{0,80})', "".join(
        entry["message"] for entry in chromium.get_log("performance") if "Network.requestWillBeSent\"" in entry["message"]))
    assert {url.split(",")[0] for url in requests} <= {report[0].as_uri(), "data:", "data:image/jpeg;base64"}


def css(browser, selector):
    return browser.find_elements(By.CSS_SELECTOR, selector)


def names(browser, selector=".records > .record"):
    return [item.find_element(By.CSS_SELECTOR, ".name").text for item in css(browser, selector) if item.is_displayed()]


def matching(records, *words):
    """The names of the records that a filter for these words leaves."""
    return [record["image"] for record in records if "error" not in record
            and all(word in f"{record['caption']} {record['image']}".lower() for word in words)]


def doubtful(records):
    """The names of those whose caption somebody should look at."""
    return [record["image"] for record in records if "error" not in record
            and (record.get("unsure") or record.get("flags") or record["finish"] == "length" or not record["caption"])]


def press(browser, *keys):
    for key in keys:
        browser.switch_to.active_element.send_keys(key)


def shown(browser, text):
    WebDriverWait(browser, 5).until(lambda b: b.find_element(By.ID, "shown").text == text)


def test_everything_is_there(browser, report):
    records = [record for record in report[1] if "error" not in record]
    assert names(browser) == [record["image"] for record in records] == [*NAMES, HOSTILE]
    assert [item.text for item in css(browser, ".record .caption")] == [record["caption"] for record in records]
    assert css(browser, ".totals")[0].text.replace("\n", "") == "6 images captioned2 failed"
    assert not css(browser, ".unfinished")[0].is_displayed()
    # The failures have their own section, after the list.
    assert names(browser, "main > section > ul > .failure") == ["cut.jpg", "none.jpg"] and not css(browser, ".records .failure")
    shown(browser, "8 shown")
    assert [item.text for item in css(browser, ".show span")] == ["All 8", "Captioned 6", f"Doubtful {len(doubtful(report[1]))}", "Failed 2"]
    for image in css(browser, ".record img"):
        browser.execute_script("arguments[0].scrollIntoView()", image)
        WebDriverWait(browser, 5).until(lambda b: b.execute_script("return arguments[0].naturalWidth", image) > 100)
    # The total comes last in the file and is seen first.
    assert css(browser, ".totals")[0].location["y"] < css(browser, ".record")[0].location["y"]


def test_filter(browser, report):
    press(browser, "/")
    assert browser.switch_to.active_element.get_attribute("id") == "find"
    word = report[1][2]["caption"].split()[-1]
    press(browser, f"TENT.j {word}")
    shown(browser, "1 of 8 shown")
    assert names(browser) == ["tent.jpg"] == matching(report[1], "tent.j", word) and not css(browser, "main > section")[0].is_displayed()
    press(browser, Keys.ESCAPE)
    shown(browser, "8 shown")
    press(browser, "cafe onerror")
    shown(browser, "1 of 8 shown")
    assert names(browser) == [HOSTILE]
    press(browser, Keys.ESCAPE, "truncated")
    shown(browser, "1 of 8 shown")
    assert names(browser, ".failure") == ["cut.jpg"] and names(browser) == []
    press(browser, Keys.ESCAPE, "<b>nowhere")
    shown(browser, "0 of 8 shown")
    assert css(browser, ".nothing")[0].text == "Nothing here has the words \u201c<b>nowhere\u201d."
    # A slash in the box is a slash; Enter does not send the form anywhere.
    press(browser, Keys.ESCAPE, "/", Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("value") == "/"
    press(browser, Keys.ESCAPE)
    shown(browser, "8 shown")


def test_doubtful_or_failed_only(browser, report):
    radio = css(browser, "input[value=all]")[0]
    browser.execute_script("arguments[0].focus()", radio)
    press(browser, Keys.ARROW_RIGHT)
    shown(browser, "6 of 8 shown")
    assert len(names(browser)) == 6 and names(browser, ".failure") == []
    press(browser, Keys.ARROW_RIGHT)
    assert 0 < len(doubtful(report[1])) < 6
    shown(browser, f"{len(doubtful(report[1]))} of 8 shown")
    assert names(browser) == doubtful(report[1]) and names(browser, ".failure") == []
    press(browser, Keys.ARROW_RIGHT)
    shown(browser, "2 of 8 shown")
    assert names(browser) == [] and names(browser, ".failure") == ["cut.jpg", "none.jpg"]
    press(browser, Keys.ARROW_RIGHT)
    shown(browser, "8 shown")


def test_sort(browser, report):
    score = {record["image"]: record["mean_logprob"] for record in report[1] if "error" not in record}
    sort = Select(browser.find_element(By.ID, "sort"))
    sort.select_by_visible_text("Most confident first")
    assert names(browser) == sorted(score, key=score.get, reverse=True)
    sort.select_by_visible_text("Least confident first")
    assert names(browser) == sorted(score, key=score.get)
    sort.select_by_visible_text("By name")
    assert names(browser) == [HOSTILE, *sorted(NAMES)]
    sort.select_by_visible_text("As given")
    assert names(browser) == [*NAMES, HOSTILE]


def test_theme(browser):
    def paper():
        return browser.execute_script("return getComputedStyle(document.documentElement).backgroundColor")

    def expect_dark(dark):  # colours change by and by
        WebDriverWait(browser, 5).until(lambda b: (paper() != light) == dark)

    button = css(browser, ".theme button")[0]
    light = paper()
    assert button.text == "Dark theme"
    button.click()
    assert button.text == "Light theme"
    expect_dark(True)
    browser.refresh()
    expect_dark(True)
    assert css(browser, ".theme button")[0].text == "Light theme"
    css(browser, ".theme button")[0].click()
    expect_dark(False)
    # Without a choice the system decides.
    browser.execute_script("localStorage.clear()")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    browser.refresh()
    expect_dark(True)
    assert css(browser, ".theme button")[0].text == "Light theme"
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_the_large_view_by_keyboard(browser, report):
    records = [record for record in report[1] if "error" not in record]
    viewer = browser.find_element(By.ID, "viewer")
    second = css(browser, ".record .picture")[1]
    browser.execute_script("arguments[0].focus()", second)
    press(browser, Keys.ENTER)
    assert viewer.get_property("open") and viewer.accessible_name == records[1]["caption"]
    assert browser.switch_to.active_element.get_attribute("id") == "viewer-close"
    assert browser.find_element(By.ID, "viewer-place").text == "2 of 6"
    assert browser.find_element(By.ID, "viewer-name").text == "tent.jpg"
    assert "log-probability \u2212" in browser.find_element(By.ID, "viewer-score").text
    assert [item.text for item in css(browser, "#viewer q")] == [other["caption"] for other in records[1]["captions"][1:]]
    press(browser, Keys.ARROW_RIGHT)
    assert browser.find_element(By.ID, "viewer-caption").text == records[2]["caption"]
    assert browser.find_element(By.ID, "viewer-image").get_attribute("alt") == records[2]["caption"]
    press(browser, Keys.ARROW_LEFT, Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert browser.find_element(By.ID, "viewer-place").text == "1 of 6"
    assert not browser.find_element(By.ID, "viewer-previous").is_enabled()
    press(browser, Keys.ESCAPE)
    assert not viewer.get_property("open")
    # The keyboard is back, at the picture that was last seen.
    assert browser.switch_to.active_element == css(browser, ".record .picture")[0]


def test_the_large_view_shows_what_is_listed(browser, report):
    wanted = sorted(matching(report[1], "e", "s"))
    assert len(wanted) > 1
    Select(browser.find_element(By.ID, "sort")).select_by_visible_text("By name")
    press(browser, "/", "e s")
    WebDriverWait(browser, 5).until(lambda b: names(b) == wanted)
    css(browser, ".record:not([hidden]) .picture")[0].click()
    for number, name in enumerate(wanted, 1):
        assert browser.find_element(By.ID, "viewer-place").text == f"{number} of {len(wanted)}"
        assert browser.find_element(By.ID, "viewer-name").text == name
        press(browser, Keys.ARROW_RIGHT)
    browser.find_element(By.ID, "viewer-close").click()
    assert not browser.find_element(By.ID, "viewer").get_property("open")


def test_n_best_opens(browser):
    others = css(browser, ".record .others")[0]
    assert not others.get_property("open")
    browser.execute_script("arguments[0].focus()", others.find_element(By.TAG_NAME, "summary"))
    press(browser, Keys.ENTER)
    assert others.get_property("open") and len(others.find_elements(By.CSS_SELECTOR, "q")) == 2


def test_accessibility(browser):
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en"
    controls = css(browser, "button, input, select, a, summary")
    assert len(controls) > 20
    for control in controls:
        if control.is_displayed():
            assert control.accessible_name.strip(), control.get_attribute("outerHTML")[:200]
    assert all(image.get_attribute("alt") for image in css(browser, ".record img"))
    levels = [int(heading.tag_name[1]) for heading in css(browser, "h1, h2, h3, h4") if heading.text]
    assert levels[0] == 1 and levels.count(1) == 1 and all(b - a <= 1 for a, b in zip(levels, levels[1:]))
    for landmark in ["header", "main", "footer", "[role=search]", "[role=status]"]:
        assert len(css(browser, landmark)) == 1, landmark
    assert browser.find_element(By.ID, "find").accessible_name == "Filter"
    assert browser.execute_script("const ids = [...document.querySelectorAll('[id]')].map((e) => e.id); return ids.length === new Set(ids).size")
    # The first key leads to the link over the controls.
    press(browser, Keys.TAB)
    skip = browser.switch_to.active_element
    assert skip.text == "Skip to the captions" and skip.rect["x"] >= 0


def contrast(browser, selector):
    """WCAG's ratio between an element's colour and what is behind it."""
    return browser.execute_script("""
        const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
        const light = (c) => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
        const numbers = (c) => c.match(/[\\d.]+/g).map(Number);
        const element = document.querySelector(arguments[0]);
        let behind = element;
        while (behind && (numbers(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0) behind = behind.parentElement;
        const a = light(numbers(getComputedStyle(element).color)), b = light(numbers(getComputedStyle(behind).backgroundColor));
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);""", selector)


def test_contrast_and_narrow_screens(browser):
    for _ in ("light", "dark"):
        for selector in [".caption", ".name a", ".score", ".others summary", ".run", ".about summary", ".failure code", ".failure .message",
                         ".failure .name a", ".show input:checked + span", ".show b", ".find label", ".totals a", "footer", ".theme button"]:
            assert contrast(browser, selector) >= 4.5, selector
        css(browser, ".theme button")[0].click()
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 320, "height": 640, "deviceScaleFactor": 1, "mobile": True})
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 320
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_without_a_script_everything_can_be_read(browser, report):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.refresh()
    try:
        assert len(names(browser)) == 6 and names(browser, ".failure") == ["cut.jpg", "none.jpg"]
        assert not browser.find_element(By.ID, "controls").is_displayed()
        failures = css(browser, ".failure")
        assert failures[0].location["y"] > max(record.location["y"] for record in css(browser, ".record"))
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_page_that_was_cut_off_still_works(chromium, report, tmp_path):
    html = report[0].read_text("utf-8")
    cut = tmp_path / "cut.html"
    cut.write_text(html[: html.index('alt="', html.index("rose.jpg")) + 3], "utf-8")
    chromium.get(cut.as_uri())
    assert css(chromium, ".unfinished")[0].is_displayed()
    assert names(chromium)[:3] == NAMES[:3]
    press(chromium, "/", "tent.jpg")
    shown(chromium, f"1 of {len(css(chromium, '.record, .failure'))} shown")
    assert chromium.get_log("browser") == []
