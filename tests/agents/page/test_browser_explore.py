"""What a user of solvers looks for on the page, in a real browser: equities, cards, units, presets, figures as files."""

from __future__ import annotations

import re

import pytest

from tests.agents.page import test_browser
from tests.agents.page.test_browser import CONTRAST, moved

pytestmark = test_browser.pytestmark


def solved(page, board="Td9d6hQc", effort="quick", **fields):
    page.goto(page.url.split("#")[0].rstrip("/").removesuffix("/explore") + "/explore")
    page.fill("[name=board]", board)
    page.select_option("[name=effort]", effort)
    for name, value in fields.items():
        page.fill(f"[name={name}]", value)
    page.click("#solve")
    page.wait_for_function("() => document.querySelector('#status').innerText.startsWith('Solved')")
    page.wait_for_selector("#node:not([hidden])")
    page.wait_for_function(  # the decision is that of the last answer
        "() => Number(document.querySelector('#node').dataset.answers) === Number(document.querySelector('#scrubber').max) + 1"
    )


def head(page, where="#hands"):
    return page.locator(f"{where} th").all_inner_texts()


def column(page, name):
    number = head(page).index(name) + 1
    return page.locator(f"#hands td:nth-child({number})").all_inner_texts()


def test_equity_stands_in_the_grid_the_table_and_the_file(tab):
    page = tab()
    solved(page)
    assert re.search(r"out of position: EV [\d.]+ chips, equity \d+%, EQR \d+%", page.locator("#players").inner_text())
    page.check("[name=overlay][value=equity]")
    assert "%" in page.locator("#grid .cell i").first.inner_text()
    assert page.locator("#legend").inner_text().startswith("equity")
    page.click("#table-box summary")
    page.wait_for_selector("#hands td")
    assert {"hand", "class", "weight", "EV, chips", "equity", "EQR", "check"} <= set(head(page))
    assert "set" in column(page, "class")
    page.click("#hands th button:has-text('equity')")
    shares = [float(text.rstrip("%")) for text in column(page, "equity")]
    assert shares == sorted(shares, reverse=True)
    with page.expect_download() as download:
        page.click("#csv")
    lines = download.value.path().read_text().splitlines()
    assert lines[0].startswith('"hand","class","weight","EV, chips","equity","EQR","check"')
    assert len(lines) > 100


def test_the_table_and_the_file_have_hands_of_one_kind(tab):
    page = tab()
    solved(page)
    page.click("#table-box summary")
    page.wait_for_selector("#hands td")
    kinds = page.locator("#kind option").all_inner_texts()
    assert kinds[0] == "all hands"
    assert {"set", "pair", "top pair", "flush draw", "draw"} <= set(kinds)
    every = len(column(page, "hand"))
    page.select_option("#kind", "draw")
    names = column(page, "class")
    assert 0 < len(names) < every
    assert all("," in name for name in names)  # a draw stands behind what is made
    with page.expect_download() as download:
        page.click("#csv")
    assert len(download.value.path().read_text().splitlines()) == len(names) + 1
    page.click("#choices button:has-text('check')")
    page.wait_for_function("() => document.querySelector('#situation').innerText.includes('in position')")
    assert page.input_value("#kind") == "draw"
    assert all("," in name for name in column(page, "class"))
    page.select_option("#kind", "")
    assert "set" in column(page, "class")


def test_equities_on_a_flop_come_when_they_are_looked_at(tab):
    page = tab()
    solved(page, "Td9d6h", oop="QQ,AKs", ip="KK,ATs")
    page.wait_for_function("() => !document.querySelector('#players').innerText.includes('equity')")
    page.check("[name=overlay][value=equity]")
    page.wait_for_function("() => document.querySelector('#players').innerText.includes('equity')")
    assert page.locator("#grid .cell i").count() > 0


def test_chips_are_told_in_the_unit_that_is_chosen_and_a_tab_remembers_it(tab):
    page = tab()
    solved(page)
    chips = float(re.search(r"EV ([\d.]+) chips", page.locator("#players").inner_text())[1])
    page.select_option("#unit", "blinds")
    page.fill("#blind", "4")
    blinds = float(re.search(r"EV ([\d.]+) bb", page.locator("#players").inner_text())[1])
    assert blinds == pytest.approx(chips / 4, abs=0.01)
    assert "bet 37.5 bb" in page.locator("#choices").inner_text()
    page.select_option("#unit", "pot")
    assert float(re.search(r"EV ([\d.]+) %", page.locator("#players").inner_text())[1]) == pytest.approx(chips / 2, abs=0.1)
    assert "bet 75 %" in page.locator("#choices").inner_text()
    page.click("#table-box summary")
    page.wait_for_selector("#hands td")
    assert "EV, % of the pot" in head(page)
    page.reload()
    page.wait_for_selector("#node:not([hidden])")
    assert page.input_value("#unit") == "pot"
    assert page.input_value("#blind") == "4"


def test_a_spot_in_big_blinds_is_walked_locked_and_linked(tab):
    page = tab()
    solved(page, "Td9d6hQc4s", pot="5.5", stack="97.5")
    assert page.locator("#situation").inner_text().startswith("river, ")
    assert "pot 5.5 chips" in page.locator("#situation").inner_text()
    assert "bet 4.1" in page.locator("#choices").inner_text()
    page.locator("#choices button", has_text="bet 4.1").click()
    page.wait_for_function("() => document.querySelector('#situation').innerText.includes('pot 9.6 chips')")
    page.wait_for_function("() => new URLSearchParams(location.hash.slice(1)).get('line') === 'bet 4.1'")
    page.select_option("#unit", "blinds")
    page.fill("#blind", "1")
    assert "all-in 97.5 bb" in page.locator("#choices").inner_text()
    page.click("#lock-box summary")
    for field in page.locator("#lock-shares input").all():
        field.fill("100" if field.get_attribute("data-action") == "all-in 97.5" else "0")
    page.click("#lock button[type=submit]")
    assert page.locator("#locks li").inner_text().startswith("bet 4.1: all-in 97.5 100%")
    page.click("#solve")
    page.wait_for_function("() => document.querySelector('#situation').innerText.includes('locked')")
    other = tab()
    other.goto(page.url)
    other.reload()
    assert other.input_value("[name=pot]") == "5.5"
    other.fill("[name=chip]", "0.5")
    other.click("#solve")
    other.wait_for_function("() => document.querySelector('#status').innerText.includes('must')")  # its lock: no bet of 4.1 then
    tab.wrong.clear()  # the browser tells of the answer's status
    other.fill("[name=chip]", "0.1")
    other.click("#solve")
    other.wait_for_function("() => location.hash.includes('chip=0.1')")


def test_each_card_is_told_in_a_table_and_on_the_deck_and_a_click_goes_there(tab):
    page = tab()
    solved(page)
    page.keyboard.press("1")
    page.wait_for_function("() => document.querySelectorAll('#line button').length === 2")
    page.keyboard.press("1")
    page.wait_for_selector("#deck:not([hidden])")
    page.click("#ask-worth")
    page.wait_for_selector("#worth tbody tr")
    assert page.locator("#worth tbody tr").count() == 48
    assert page.locator("#deck small").count() == 48
    evs = [float(text) for text in page.locator("#worth td:nth-child(3)").all_inner_texts()]
    assert evs == sorted(evs, reverse=True)
    page.click("#worth th button:has-text('equity')")
    equities = [float(text.rstrip("%")) for text in page.locator("#worth td:nth-child(5)").all_inner_texts()]
    assert equities == sorted(equities, reverse=True)
    before = page.locator("#deck small").first.inner_text()
    page.select_option("#measure", "main")
    assert page.locator("#deck small").first.inner_text() != before
    assert page.evaluate(CONTRAST) == []
    page.click("#worth td button >> nth=0")
    page.wait_for_function("() => document.querySelectorAll('#line button').length === 4")
    page.wait_for_function("() => document.querySelector('#situation').innerText.startsWith('river')")
    assert page.locator("#worth").is_hidden()


def test_presets_fill_the_form_and_what_it_takes_is_told_before_it_is_solved(tab):
    page = tab()
    page.goto(page.url.rstrip("/") + "/explore")
    page.wait_for_function("() => document.querySelector('#estimate').innerText.includes('of memory')")
    page.fill("[name=board]", "Td9d6h")
    page.wait_for_function("() => document.querySelector('#estimate').innerText.includes('1,466 boards')")
    page.select_option("[name=effort]", "quick")
    assert [page.input_value(f"[name={name}]") for name in ("bets", "raises", "target", "seconds")] == ["75%", "a", "1", "20"]
    page.fill("[name=board]", "Td9d6")
    page.wait_for_function("() => document.querySelector('#estimate').innerText.startsWith('game.board must')")
    page.fill("[name=board]", "Td9d6hQc")
    page.fill("[name=target]", "0.00001")
    page.fill("[name=seconds]", "1")
    page.wait_for_function("() => document.querySelector('#estimate').innerText.includes('stops after 1 s')")
    page.click("#solve")
    page.wait_for_function("() => document.querySelector('#status').innerText.startsWith('Solved')")


def test_figures_are_saved_as_pictures(tab):
    page = tab()
    solved(page)
    for where in ("plot", "grid"):
        with page.expect_download() as download:
            page.click(f"#save-{where} button:has-text('SVG')")
        text = download.value.path().read_text()
        assert text.startswith("<svg ")
        assert page.evaluate("text => new DOMParser().parseFromString(text, 'image/svg+xml').querySelector('parsererror') === null", text)
        assert "Td9d6hQc, the first decision" in text
        assert (">AA<" in text) == (where == "grid")
        with page.expect_download() as download:
            page.click(f"#save-{where} button:has-text('PNG')")
        assert download.value.path().read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_what_thinking_changed_is_told_by_hand_and_action(tab):
    page = tab()
    page.select_option("#game", "leduc")
    page.click("#begin")
    moved(page)
    if not page.locator("#thought").is_visible():
        page.keyboard.press("1")
        moved(page)
    page.wait_for_selector("#thought:not([hidden])")
    page.check("[name=overlay][value=difference]")
    assert page.locator("#grid li").count() >= 2
    assert re.search(r"[+-][\d.]+%|as before", page.locator("#grid li").first.inner_text())
    page.click("#drawer details summary")
    assert "difference" in head(page)
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_cards_and_equities_fit_a_screen_and_can_be_read(tab, scheme, width):
    page = tab(viewport={"width": width, "height": 800}, color_scheme=scheme)
    solved(page)
    page.check("[name=overlay][value=equity]")
    page.click("#table-box summary")
    for _ in range(2):
        page.click("#choices button:has-text('check')")
        page.wait_for_timeout(300)
    page.wait_for_selector("#deck:not([hidden])")
    page.click("#ask-worth")
    page.wait_for_selector("#worth tbody tr")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRAST) == []


def test_long_notes_are_broken_where_a_figure_ends(tab):
    page = tab(viewport={"width": 390, "height": 800})
    solved(page)
    page.evaluate("""async () => {
      const { saveButtons } = await import("/static/save_figure.js"), plot = document.querySelector("#plot");
      const made = saveButtons(() => [plot], () => ["check / bet 150 / raise to 500 / call / 2c / ".repeat(4), "short"], "long");
      made.id = "made";
      plot.after(made);
    }""")
    with page.expect_download() as download:
        page.click("#made button:has-text('SVG')")
    left = page.evaluate(
        """text => {
      const place = document.createElement('div');
      place.append(new DOMParser().parseFromString(text, 'image/svg+xml').documentElement);
      document.body.append(place);
      const edge = place.firstChild.getBoundingClientRect();
      return [...place.querySelectorAll('svg > text')].map((one) => one.getBoundingClientRect()).map((box) =>
        Math.min(edge.right - box.right, edge.bottom - box.bottom));
    }""",
        download.value.path().read_text(),
    )
    assert len(left) > 3
    assert min(left) > 0


def test_the_pot_has_the_unit_of_all_chips(tab):
    page = tab()
    solved(page)
    page.select_option("#unit", "blinds")
    page.fill("#blind", "4")
    assert "pot 50 bb: " in page.locator("#situation").inner_text()
    page.select_option("#unit", "pot")
    assert "pot 200 chips: " in page.locator("#situation").inner_text()


def test_equities_that_are_not_there_yet_are_told_apart_from_those_that_there_are_not(tab):
    page = tab()
    said = page.evaluate("""async () => {
      const { overlayLegend } = await import("/static/overlays.js");
      return [200, null].map((pot) => overlayLegend({ equities: null, pot }, "equity", false)[0]);
    }""")
    assert said == ["equities of this decision are being worked out", "this game has no equities"]


def test_zeros_have_no_sign(tab):
    page = tab()
    solved(page, "Td9d6hQc4s", pot="0.5", stack="1.75", oop="AA,QJs,T9s", ip="KK,QTs,66", bets="a")
    page.click("#table-box summary")
    page.wait_for_selector("#hands td")
    for place in ("out of position", "in position"):
        page.wait_for_function("place => document.querySelector('#situation').innerText.includes(`: ${place}`)", arg=place)
        for unit in ("chips", "pot"):
            page.select_option("#unit", unit)
            cells = page.locator("#hands td").all_inner_texts()
            assert not [text for text in cells if re.fullmatch(r"-0(\.0+)?%?", text)]
        if place.startswith("out"):
            page.click("#choices button:has-text('check')")
    page.select_option("#unit", "chips")
    with page.expect_download() as download:
        page.click("#csv")
    rows = [line.split(",") for line in download.value.path().read_text().splitlines()]
    evs = [row[-1] for row in rows[1:]]
    assert any(len(ev.partition(".")[2]) > 2 for ev in evs)  # of half a chip in the pot hundredths are not enough
