"""caption explain --html in a browser: headless Chromium."""

import json
import shutil

import pytest

from conftest import Program, clean_environment, prefix
from test_report_browser import By, Keys, chromium, pytestmark, webdriver  # noqa: F401


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explain")
    shutil.copy(min((prefix("CAPTION_SOURCE") / "models" / "photographs" / "pictures").glob("*.jpg")), folder / "picture.jpg")
    real = Program(prefix("CAPTION_PREFIX"), folder, clean_environment(folder))
    result = real.run("explain", "--model", "photographs", "--json", "--html", "page.html", "picture.jpg", timeout=600)
    assert result.code == 0
    return folder / "page.html", json.loads(result.text)


@pytest.fixture
def browser(chromium, page):  # noqa: F811
    """The page, freshly opened; at the end, that it complained of nothing and loaded nothing else."""
    chromium.get(page[0].as_uri())
    yield chromium
    assert chromium.get_log("browser") == []
    assert chromium.execute_script("return performance.getEntriesByType('resource').filter(r => !r.name.startsWith('data:')).length") == 0


def state(browser):
    """-> (the word that is shown, whether a map lies over the picture, the visible details)"""
    pressed = [b.text for b in browser.find_elements(By.CSS_SELECTOR, ".line button[aria-pressed=true]")]
    details = [d.find_element(By.TAG_NAME, "h2").text for d in browser.find_elements(By.CSS_SELECTOR, ".detail") if d.is_displayed()]
    heat = browser.find_element(By.ID, "heat")
    return pressed, heat.is_displayed() and heat.get_attribute("alt"), details


def test_begins_with_the_word_that_owes_most_to_the_picture(browser, page):
    words = page[1]["words"]
    strongest = max(words, key=lambda word: max(map(max, word["heat"])))["text"]
    pressed, alt, details = state(browser)
    assert pressed == details == [strongest] and strongest in alt


def test_the_caption_reads_as_it_is(browser, page):
    assert browser.find_element(By.CSS_SELECTOR, ".line").text == page[1]["caption"]


def test_pointer_and_keys_show_other_words(browser, page):
    buttons = browser.find_elements(By.CSS_SELECTOR, ".line button")
    names = [word["text"] for word in page[1]["words"]]
    assert [button.text for button in buttons] == names
    buttons[0].click()
    assert state(browser)[2] == [names[0]] and f"\u201c{names[0]}\u201d" in state(browser)[1]
    buttons[0].send_keys(Keys.ARROW_RIGHT)
    assert state(browser)[2] == [names[1]] and browser.switch_to.active_element == buttons[1]
    buttons[1].send_keys(Keys.ARROW_LEFT)
    assert state(browser)[2] == [names[0]]
    buttons[0].send_keys(Keys.TAB)
    assert state(browser)[2] == [names[1]]
    # Pointing shows; going away brings the chosen word back.
    actions = webdriver.ActionChains(browser)
    actions.move_to_element(buttons[2]).perform()
    assert state(browser)[2] == [names[2]]
    actions.move_to_element(browser.find_element(By.TAG_NAME, "h1")).perform()
    assert state(browser)[2] == [names[1]]


def test_pointing_at_the_picture_shows_it_plain(browser):
    stack = browser.find_element(By.CSS_SELECTOR, ".stage .stack")
    ground = stack.find_element(By.CSS_SELECTOR, ".ground")
    assert "grayscale" in ground.value_of_css_property("filter")
    webdriver.ActionChains(browser).move_to_element(stack).perform()
    assert ground.value_of_css_property("filter") == "none" and not browser.find_element(By.ID, "heat").is_displayed()


def test_every_word_has_a_tile_and_every_token_a_row(browser, page):
    tiles = browser.find_elements(By.CSS_SELECTOR, ".tiles li")
    assert len(tiles) == len(page[1]["words"])
    assert all(tile.find_element(By.CSS_SELECTOR, "img").get_property("naturalWidth") > 0 for tile in tiles)
    assert len(browser.find_elements(By.CSS_SELECTOR, "tbody tr")) == len(page[1]["tokens"])


def test_no_control_or_picture_is_without_a_name(browser):
    missing = browser.execute_script(
        "return [...document.querySelectorAll('button, img:not([hidden]), svg[role=img]')]"
        ".filter(e => !(e.textContent.trim() || e.alt || e.getAttribute('aria-label'))).map(e => e.outerHTML.slice(0, 80))"
    )
    assert missing == []


def test_fits_a_telephone(browser):
    browser.set_window_size(420, 800)
    try:
        assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    finally:
        browser.set_window_size(1200, 900)
