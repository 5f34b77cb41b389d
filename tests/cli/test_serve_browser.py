"""`caption serve` and a browser: the form at "/", and pages of the web that try to get at the server."""

import json
import shutil

import pytest

from test_report_browser import DRIVER, By, Service, WebDriverWait, pytestmark, webdriver  # noqa: F401

EVIL = "evil.example"


@pytest.fixture(scope="module")
def chromium():
    """With a name that was made to lead to this machine."""
    options = webdriver.ChromeOptions()
    for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server",
                     f"--host-resolver-rules=MAP {EVIL} 127.0.0.1"]:
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_script_timeout(60)
    yield driver
    driver.quit()


def shown(chromium):
    """The JSON that the browser shows."""
    return json.loads(WebDriverWait(chromium, 60).until(lambda browser: browser.find_elements(By.TAG_NAME, "pre"))[0].text)


def fetch(chromium, url):
    """What a script of the page reads -> text or None"""
    script = """const [url, done] = arguments;
        fetch(url, {method: "POST", body: "say x."}).then(answer => answer.text()).then(done, () => done(null));"""
    return chromium.execute_async_script(script, url)


def test_the_form_gives_the_record_of_the_command_line(real, serve, source, work, chromium):
    for name in ("coffee.jpg", "cat.jpg"):
        shutil.copy(source / "models" / "photographs" / "pictures" / name, work / f"é {name}")
    (work / "none.jpg").write_bytes(b"nothing")
    expected = {record["image"]: record for record in real.run("--json", "é coffee.jpg", "é cat.jpg", "none.jpg").records()}
    service = serve(real)
    for name, record in expected.items():
        chromium.get(f"http://localhost:{service.port}/")
        chromium.find_element(By.NAME, "image").send_keys(str(work / name))
        chromium.find_element(By.TAG_NAME, "button").click()
        assert shown(chromium) == record
    assert set(expected) == {"é coffee.jpg", "é cat.jpg", "none.jpg"}


def test_pages_of_the_web_cannot_read_captions(fake, serve, chromium):
    service = serve(fake)
    here = f"http://127.0.0.1:{service.port}"
    chromium.get(here + "/")
    assert json.loads(fetch(chromium, here + "/caption"))["caption"] == "x."
    chromium.get(f"http://{EVIL}:{service.port}/")  # its name leads here now
    assert shown(chromium)["error"]["code"] == "other_host"
    assert json.loads(fetch(chromium, f"http://{EVIL}:{service.port}/caption"))["error"]["code"] == "other_host"
    assert fetch(chromium, here + "/caption") is None  # of another origin
