"""The page in a real browser: Debian's Chromium, driven by Playwright.

Without it these tests are skipped, unless TIMEBANK_BROWSER=required says that it must be there, as it does in CI.
"""

from __future__ import annotations

import os
import shutil
import signal

import pytest

from tests.running import HANG_SECONDS, start

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip
WAIT = 1000 * HANG_SECONDS
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None and os.environ.get("TIMEBANK_BROWSER") != "required", reason="no Chromium (apt install chromium)"),
]


class Serving:
    """``timebank web`` as a process, with its address."""

    def __init__(self, directory, port=0):
        self.directory = directory
        self.process = start("web", f"port={port}", "seed=3", f"hydra.run.dir={directory}")
        line = self.process.stdout.readline()
        assert line.startswith("open "), f"{line!r} {self.process.stderr.read()}"
        self.address = line.split()[1]

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(HANG_SECONDS)


@pytest.fixture
def serving(tmp_path):
    return Serving(tmp_path / "run")


@pytest.fixture
def browser():
    from playwright.sync_api import sync_playwright

    assert CHROMIUM is not None, "TIMEBANK_BROWSER=required wants Chromium: apt install chromium"
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield made
        made.close()


@pytest.fixture
def tab(browser, serving):
    """Return a function that opens a page of its own; at the end none must have had an error."""
    wrong = []

    def opened(**settings):
        page = browser.new_page(**{"viewport": {"width": 1280, "height": 800}} | settings)
        page.set_default_timeout(WAIT)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.goto(serving.address)
        page.wait_for_selector("#game option", state="attached")
        return page

    opened.wrong = wrong
    yield opened
    assert wrong == []


def begin(page, game):
    page.select_option("#game", game)
    page.click("#begin")
    page.wait_for_selector("#actions button")


def moved(page):
    """Wait until it is the person's turn, or the hand is over."""
    page.wait_for_function("() => document.querySelector('#actions button') || !document.querySelector('#deal').hidden")


def act(page, key):
    """Take an action by its key, and wait for what the agent does."""
    before = page.locator("#log").inner_text()
    page.keyboard.press(key)
    page.wait_for_function("before => document.querySelector('#log').innerText !== before", arg=before)
    moved(page)


def slide(page, steps):
    """Set the thinking time by keys: from nothing, so many steps up."""
    page.focus("#slider")
    page.keyboard.press("Home")
    for _ in range(steps):
        page.keyboard.press("ArrowRight")
    page.evaluate("document.activeElement.blur()")


@pytest.mark.parametrize("game", ["kuhn", "leduc", "liars_dice", "small_holdem", "river", "no_limit"])
def test_a_hand_of_each_game_is_played_with_the_keyboard_alone(tab, serving, game):
    page = tab()
    page.focus("#game")
    page.select_option("#game", game)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#actions button")
    if page.locator("#slider").is_visible():
        slide(page, 0 if game == "no_limit" else 1)
    page.evaluate("document.activeElement.blur()")
    for _ in range(60):
        moved(page)
        if page.locator("#deal").is_visible():
            break
        version = page.locator("#log").inner_text()
        passing = page.locator("#actions button").all_inner_texts()
        key = next((i for i, text in enumerate(passing, 1) if text.split()[0].lower() in ("check", "call", "pass")), len(passing))
        page.keyboard.press(str(min(key, 9)))
        page.wait_for_function("before => document.querySelector('#log').innerText !== before", arg=version)
    assert page.locator("#status").inner_text().startswith("You ")
    assert (serving.directory / "hands.jsonl").read_text().count("\n") == 1
    page.keyboard.press("n")
    page.wait_for_function("() => document.querySelector('#deal').hidden")


def test_the_drawer_shows_what_thinking_changes(tab):
    page = tab()
    begin(page, "leduc")
    for steps, rows in ((0, 1), (20, 2)):
        slide(page, steps)
        page.keyboard.press("1")
        page.wait_for_selector("#thought:not([hidden])")
        moved(page)
        assert page.locator("#strategies .strategy").count() == rows
        if rows == 1:
            page.keyboard.press("u")
            page.wait_for_selector("#thought", state="hidden")
    page.click("#longer")
    page.wait_for_function("() => document.querySelectorAll('#strategies .strategy').length === 3")
    page.click("#overlay label:nth-child(2)")
    assert page.locator("#grid .bar").count() >= 3


def test_the_page_comes_back_after_a_reload_and_says_when_its_game_is_gone(tab, serving, tmp_path):
    page = tab()
    begin(page, "kuhn")
    act(page, "1")
    before = [page.locator(part).inner_text() for part in ("#mine", "#log")]
    page.reload()
    moved(page)
    assert [page.locator(part).inner_text() for part in ("#mine", "#log")] == before
    port = serving.address.rstrip("/").rsplit(":", 1)[1]
    serving.end()
    page.wait_for_function("() => document.querySelector('#status').innerText.includes('connection is lost')")
    again = Serving(tmp_path / "again", port)
    page.wait_for_function("() => document.querySelector('#status').innerText.includes('no longer has this game')")
    begin(page, "kuhn")
    again.end()
    tab.wrong[:] = [text for text in tab.wrong if "WebSocket" not in text and "ERR_" not in text]  # the browser tells of what is tested


def test_two_tabs_play_two_games(tab):
    first, second = tab(), tab()
    begin(first, "leduc")
    begin(second, "kuhn")
    act(first, "1")
    assert first.locator("#log li").count() >= 2
    assert second.locator("#log li").count() == 0


def test_a_turn_is_solved_scrubbed_and_walked(tab):
    page = tab()
    page.goto(page.url.rstrip("/") + "/explore")
    page.fill("[name=board]", "Td9d6hQc")
    page.fill("[name=bets]", "75%")
    page.click("#solve")
    page.wait_for_function("() => document.querySelector('#status').innerText.startsWith('Solved')")
    page.wait_for_selector("#node:not([hidden])")
    page.wait_for_function(
        "() => Number(document.querySelector('#node').dataset.answers) === Number(document.querySelector('#scrubber').max) + 1"
    )
    last = page.locator("#choices").inner_text()
    page.focus("#scrubber")
    page.keyboard.press("Home")
    page.wait_for_function("before => document.querySelector('#choices').innerText !== before", arg=last)
    page.keyboard.press("End")
    page.wait_for_function("before => document.querySelector('#choices').innerText === before", arg=last)
    page.evaluate("document.activeElement.blur()")
    for step, key in (("check", "1"), ("bet 150", "2"), ("call", "2")):
        page.keyboard.press(key)
        if step != "call":
            page.wait_for_function("step => [...document.querySelectorAll('#line button')].at(-1).innerText === step", arg=step)
    page.wait_for_selector("#deck:not([hidden])")
    assert page.locator("#deck button:disabled").count() == 4
    page.click("#deck button:not(:disabled) >> nth=0")
    page.wait_for_function("() => document.querySelector('#situation').innerText.startsWith('river')")
    for overlay in ("ev", "change", "strategy"):
        page.check(f"#overlay [value={overlay}]")
    page.click("#table-box summary")
    page.wait_for_selector("#hands tbody tr")
    assert page.locator("#hands tbody tr").count() > 50
    with page.expect_download() as saved:
        page.click("#csv")
    assert saved.value.suggested_filename == "decision.csv"
    page.reload()
    page.wait_for_function("() => document.querySelector('#situation').innerText.startsWith('river')")


def test_a_small_game_is_explored(tab):
    page = tab()
    page.goto(page.url.rstrip("/") + "/explore")
    page.select_option("[name=game]", "leduc_poker")
    assert page.locator("[name=board]").is_hidden()
    page.click("#solve")
    page.wait_for_function("() => document.querySelector('#status').innerText.startsWith('Solved: 1,000 iterations')")
    for step in ("check", "check"):
        before = page.locator("#line li").count()
        page.click(f"#choices button:has-text('{step}')")
        page.wait_for_function(
            "n => document.querySelectorAll('#line li').length > n || !document.querySelector('#deck').hidden", arg=before
        )
    page.click("#deck button >> nth=0")
    page.wait_for_function("() => document.querySelector('#situation').innerText.startsWith('round 2')")
    assert page.locator("#grid .bar").count() >= 2


def test_a_long_solve_is_stopped_and_bad_spots_are_told(tab):
    page = tab()
    page.goto(page.url.rstrip("/") + "/explore")
    page.fill("[name=board]", "Td9d6hQ")
    page.click("#solve")
    page.wait_for_function("() => document.querySelector('#status').className === 'error'")
    assert page.locator("#status").inner_text().startswith("game.board must")
    tab.wrong.clear()  # the browser tells of the answer's status
    page.fill("[name=board]", "Td9d6h")
    page.select_option("[name=effort]", "deep")
    page.click("#solve")
    page.wait_for_function(
        "() => document.querySelector('#status').innerText.startsWith('Solving: ') && document.querySelector('#choices button')"
    )
    page.click("#stop")
    page.wait_for_function("() => document.querySelector('#status').innerText.startsWith('Solved: ')")


def endless(page):
    """Begin a solve that does not end by itself in the time of a test."""
    page.goto(page.url.split("#")[0].rstrip("/").removesuffix("/explore") + "/explore")
    page.fill("[name=board]", "Td9d6h")
    page.select_option("[name=effort]", "deep")
    page.click("#solve")
    page.wait_for_selector("#node:not([hidden])")


def test_a_slow_click_counts_and_the_focus_stays_while_it_solves(tab):
    page = tab()
    endless(page)
    page.focus("#choices button")
    box = page.locator("#choices button").first.bounding_box()
    page.wait_for_timeout(1500)
    assert page.evaluate("document.activeElement.parentElement.id") == "choices"
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.wait_for_timeout(1500)
    page.mouse.up()
    page.wait_for_function("() => document.querySelectorAll('#line button').length === 2")
    page.click("#stop")


def test_another_solve_ends_the_one_before_and_a_refusal_does_not(tab):
    page = tab()
    endless(page)
    page.fill("[name=board]", "Td9d6hQ")
    page.click("#solve")
    page.wait_for_function("() => document.querySelector('#status').innerText.startsWith('game.board must')")
    tab.wrong.clear()  # the browser tells of the answer's status
    page.wait_for_timeout(1000)
    assert page.locator("#status").inner_text().startswith("game.board must")  # it stays to be read
    assert page.locator("#stop").is_visible()
    page.fill("[name=board]", "Td9d6hQc4s")
    page.select_option("[name=effort]", "quick")
    page.click("#solve")
    page.wait_for_function("() => document.querySelector('#status').innerText.startsWith('Solved')")
    page.wait_for_function("() => document.querySelector('#situation').innerText.startsWith('river')")


def test_a_spot_with_rake_is_solved_and_linked(tab):
    page = tab()
    page.goto(page.url.rstrip("/") + "/explore")
    page.select_option("[name=effort]", "quick")
    page.fill("[name=rake]", "60%")
    page.click("#solve")
    page.wait_for_function("() => document.querySelector('#status').innerText.startsWith('game.rake must')")
    tab.wrong.clear()  # the browser tells of the answer's status
    page.fill("[name=rake]", "5%")
    page.fill("[name=rake_cap]", "30")
    page.click("#solve")
    page.wait_for_function("() => document.querySelector('#status').innerText.startsWith('Solved')")
    page.wait_for_function("() => location.hash.includes('rake=5%25') && location.hash.includes('rake_cap=30')")


def test_a_game_says_that_it_waits_for_a_spot(tab):
    page, other = tab(), tab()
    endless(page)
    other.select_option("#game", "kuhn")
    other.click("#begin")
    other.wait_for_function("() => document.querySelector('#status').innerText.startsWith('It waits')")
    page.click("#stop")
    other.wait_for_selector("#actions button")


def test_a_link_leads_to_a_decision_in_another_tab_too(tab):
    page, other = tab(), tab()
    page.goto(page.url.rstrip("/") + "/explore")
    page.select_option("[name=effort]", "quick")
    page.click("#solve")
    page.wait_for_selector("#node:not([hidden])")
    page.keyboard.press("1")
    page.wait_for_function("() => document.querySelectorAll('#line button').length === 2")
    page.fill("[name=pot]", "999")  # what is typed after it is not what is solved
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Backspace")
    page.wait_for_function("() => document.querySelectorAll('#line button').length === 1")
    page.keyboard.press("1")
    page.wait_for_function("() => document.querySelectorAll('#line button').length === 2")
    page.goto(page.url.split("#")[0].replace("/explore", "/results"))
    page.click("nav a:has-text('Explore')")  # without a link the tab comes back to what it solved last
    page.wait_for_selector("#node:not([hidden])")
    assert page.input_value("[name=pot]") == "200"
    page.keyboard.press("1")
    page.wait_for_function("() => document.querySelectorAll('#line button').length === 2")
    other.goto(page.url)
    other.reload()
    assert other.input_value("[name=pot]") == "200"
    other.click("#solve")
    other.wait_for_function("() => document.querySelectorAll('#line button').length === 2")
    with other.expect_event("load"):  # a page that is open turns to a link by itself
        other.goto(page.url.split("#")[0] + "#length=3&line=jump")  # one that is none
    other.click("#solve")
    other.wait_for_selector("#node:not([hidden])")


def test_a_small_game_is_solved_whatever_stands_in_the_fields_of_a_spot(tab):
    page = tab()
    page.goto(page.url.rstrip("/") + "/explore")
    page.fill("[name=board]", "")
    page.select_option("[name=game]", "kuhn_poker")
    page.click("#solve")
    page.wait_for_function("() => document.querySelector('#status').innerText.startsWith('Solved')")


def test_a_key_that_is_pressed_twice_or_held_acts_once(tab):
    page = tab()
    begin(page, "leduc")
    page.evaluate("""() => {
      const press = (repeat) => document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "1", bubbles: true, repeat }));
      press(false); press(false); press(true);
    }""")
    page.wait_for_selector("#thought:not([hidden])")
    moved(page)
    assert page.locator("#log li.you").count() == 1
    assert page.locator("#status").get_attribute("class") in ("", None)


CONTRAST = """() => {
  const linear = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (c) => c.map(linear).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const found = [];
  for (const el of document.querySelectorAll("h1, h2, h3, p, label, button, dt, dd, li, .who, .chips, th, td, select, .bar span")) {
    if (!el.innerText?.trim() || !el.offsetParent || el.disabled) continue;
    let at = el, back;
    while (at && (back = parse(getComputedStyle(at).backgroundColor)).length === 4 && back[3] === 0) at = at.parentElement;
    const a = light(parse(getComputedStyle(el).color).slice(0, 3)), b = light((at ? back : [255, 255, 255]).slice(0, 3));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push([el.tagName, el.innerText.slice(0, 30), ratio]);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_all_fits_a_screen_and_can_be_read(tab, scheme, width):
    page = tab(viewport={"width": width, "height": 800}, color_scheme=scheme)
    begin(page, "leduc")
    page.keyboard.press("1")
    page.wait_for_selector("#thought:not([hidden])")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRAST) == []
    page.goto(page.url.rstrip("/") + "/explore")
    page.fill("[name=board]", "Td9d6hQc")
    page.select_option("[name=effort]", "quick")
    page.click("#solve")
    page.wait_for_function("() => document.querySelector('#status').innerText.startsWith('Solved')")
    page.wait_for_selector("#node:not([hidden])")
    page.click("#table-box summary")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRAST) == []
    page.goto(page.url.split("/explore")[0] + "/results")
    page.wait_for_function("() => document.querySelector('#status').innerText !== 'Loading.'")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRAST) == []
