"""Locks on the page, in a real browser: see test_browser.py."""

from __future__ import annotations

from tests.agents.page import test_browser
from tests.agents.page.test_browser import browser, pytestmark, serving, tab  # noqa: F401 fixtures, and the marks of all browser tests

SOLVED = "() => document.querySelector('#status').innerText.startsWith('Solved')"
FREQUENCIES = "() => [...document.querySelectorAll('#choices button')].map((one) => one.innerText)"


def solve(page):
    page.click("#solve")
    page.wait_for_function(SOLVED)
    page.wait_for_selector("#node:not([hidden])")


def go(page, key, steps):
    page.keyboard.press(key)
    page.wait_for_function("n => document.querySelectorAll('#line button').length === n", arg=steps)


def test_a_decision_is_locked_solved_around_and_free_again(tab):  # noqa: F811
    page = tab()
    page.goto(page.url.rstrip("/") + "/explore")
    page.select_option("[name=effort]", "quick")
    page.fill("[name=bets]", "75%")
    page.fill("[name=raises]", "")
    solve(page)
    first = page.evaluate(FREQUENCIES)
    go(page, "1", 2)
    page.click("#lock-box summary")
    fields = page.locator("#lock-shares input")
    assert fields.count() == page.locator("#choices button").count() == 2
    assert sum(float(fields.nth(i).input_value()) for i in range(2)) == 100
    fields.nth(0).fill("70")
    fields.nth(1).fill("40")
    page.click("#lock button[type=submit]")
    assert page.locator("#lock-told").inner_text() == "The shares must add up to 100 %, got 110 %."
    fields.nth(0).fill("0")
    fields.nth(1).fill("100")
    page.click("#lock button[type=submit]")
    assert page.locator("#locks li").inner_text().startswith("check: bet 150 100%")
    page.evaluate("document.activeElement.blur()")
    solve(page)
    page.wait_for_function("() => document.querySelector('#situation').innerText.endsWith(' as locked')")
    assert page.evaluate(FREQUENCIES) == ["check: 0%", "bet 150: 100%"]
    page.keyboard.press("Backspace")
    page.wait_for_function("() => document.querySelectorAll('#line button').length === 1")
    assert page.evaluate(FREQUENCIES) != first
    assert "lock=" in page.url

    other = tab()  # the address has it
    other.goto(page.url)
    other.reload()
    assert other.locator("#locks li").count() == 1
    other.click("#locks button")
    assert other.locator("#locks").is_hidden()
    solve(other)
    other.wait_for_function(f"first => JSON.stringify(({FREQUENCIES})()) === JSON.stringify(first)", arg=first)


def test_what_is_solved_is_locked_hand_by_hand_in_a_small_game(tab):  # noqa: F811
    page = tab()
    page.goto(page.url.rstrip("/") + "/explore")
    page.select_option("[name=game]", "kuhn_poker")
    solve(page)
    before = page.evaluate(FREQUENCIES)
    page.click("#lock-box summary")
    page.click("#lock-solved")
    page.wait_for_selector("#locks:not([hidden])")
    solve(page)
    page.wait_for_function("() => document.querySelector('#situation').innerText.endsWith(' as locked')")
    assert page.evaluate(FREQUENCIES) == before


def test_a_reload_comes_back_to_a_spot_with_locks_that_are_too_long_for_its_address(tab):  # noqa: F811
    page = tab()
    page.goto(page.url.rstrip("/") + "/explore")
    page.select_option("[name=effort]", "quick")
    solve(page)
    page.click("#lock-box summary")
    page.click("#lock-solved")
    page.wait_for_selector("#locks:not([hidden])")
    solve(page)
    page.wait_for_function("() => document.querySelector('#situation').innerText.endsWith(' as locked')")
    page.keyboard.press("1")
    page.wait_for_function("() => document.querySelectorAll('#line button').length === 2")
    assert "lock=" not in page.url
    page.reload()
    page.wait_for_function("() => document.querySelectorAll('#line button').length === 2")
    assert page.locator("#locks li").count() == 1
    page.keyboard.press("Backspace")
    page.wait_for_function("() => document.querySelector('#situation').innerText.endsWith(' as locked')")


def test_locks_that_are_not_solved_yet_are_there_after_a_reload(tab):  # noqa: F811
    page = tab()
    page.goto(page.url.rstrip("/") + "/explore")
    page.select_option("[name=effort]", "quick")
    solve(page)
    page.click("#lock-box summary")
    page.click("#lock button[type=submit]")
    page.evaluate("document.activeElement.blur()")
    go(page, "1", 2)
    page.click("#lock-solved")
    page.wait_for_function("() => document.querySelectorAll('#locks li').length === 2")
    assert "lock=" not in page.url
    for left in (2, 1):
        page.reload()
        page.wait_for_function("() => document.querySelectorAll('#line button').length === 2")
        assert page.locator("#locks li").count() == left
        if left > 1:
            page.click("#locks button >> nth=0")
    other = page.url.replace("board=Td9d6hQc4s", "board=Td9d6hQc4c")  # another spot has none of them
    page.goto(other)
    page.wait_for_function("() => document.querySelector('[name=board]').value === 'Td9d6hQc4c'")
    assert page.locator("#locks li").count() == 0
    page.go_back()
    page.wait_for_function("() => document.querySelector('[name=board]').value === 'Td9d6hQc4s'")
    assert page.locator("#locks li").count() == 1
    solve(page)
    page.reload()
    page.wait_for_selector("#locks li")
    page.click("#locks button")
    page.reload()
    page.wait_for_selector("#node:not([hidden])")
    assert page.locator("#locks li").count() == 0  # what was removed is not there again


def test_a_decision_is_locked_on_every_card(tab):  # noqa: F811
    page = tab()
    page.goto(page.url.rstrip("/") + "/explore")
    page.select_option("[name=game]", "leduc_poker")
    solve(page)
    page.click("#lock-box summary")
    assert page.locator("#lock-cards").is_hidden()
    for steps in (2, None):
        page.click("#choices button:has-text('check')")
        if steps:
            page.wait_for_function("n => document.querySelectorAll('#line button').length === n", arg=steps)
    page.click("#deck button >> nth=0")
    page.wait_for_function("() => document.querySelector('#situation').innerText.startsWith('round 2')")
    page.check("#lock-every")
    fields = page.locator("#lock-shares input")
    for number in range(fields.count()):
        fields.nth(number).fill("100" if number == 0 else "0")
    page.click("#lock button[type=submit]")
    assert " / *: " in page.locator("#locks li").inner_text()
    solve(page)
    page.evaluate("document.activeElement.blur()")
    page.wait_for_function("() => document.querySelector('#situation').innerText.endsWith(' as locked')")
    page.keyboard.press("Backspace")
    page.wait_for_selector("#deck:not([hidden])")
    page.click("#deck button >> nth=2")
    page.wait_for_function("() => document.querySelectorAll('#line button').length === 4")
    assert page.locator("#situation").inner_text().endswith(" as locked")


def test_a_link_that_is_pasted_into_the_same_tab_leads_to_its_spot(tab):  # noqa: F811
    page = tab()
    page.goto(page.url.rstrip("/") + "/explore")
    page.goto(page.url + "#board=AhKhQhJh&rake=5%25&lock=%7B%22%22%3A%22check+100%25%22%7D")
    page.wait_for_function("() => document.querySelector('[name=board]').value === 'AhKhQhJh'")
    assert page.input_value("[name=rake]") == "5%"
    page.wait_for_selector("#locks li")


def test_a_spot_is_looked_at_at_once_after_one_whose_decisions_take_long(tab):  # noqa: F811
    page = tab()
    test_browser.endless(page)
    page.check("#overlay [value=equity]")
    page.wait_for_function("() => document.querySelector('#players').innerText.includes('equity')")
    page.fill("[name=board]", "Td9d6hQc")
    page.fill("[name=target]", "0.000001")
    page.click("#solve")
    page.wait_for_function("() => document.querySelector('#situation').innerText.startsWith('turn')")
    assert page.locator("#stop").is_visible()
    page.click("#stop")


def test_a_step_back_from_behind_a_card_leads_to_the_deck_of_its_place(tab):  # noqa: F811
    page = tab()
    page.goto(page.url.rstrip("/") + "/explore")
    page.fill("[name=board]", "Td9d6hQc")
    page.fill("[name=oop]", "AA,KQs")
    page.fill("[name=ip]", "KK,JTs")
    page.select_option("[name=effort]", "quick")
    solve(page)
    page.evaluate("document.activeElement.blur()")
    for back in (lambda: page.keyboard.press("Backspace"), lambda: page.click("#line li:nth-child(3) button")):
        go(page, "1", 2)
        page.keyboard.press("1")
        page.click("#deck button:has-text('2♣')")
        page.wait_for_function("() => document.querySelectorAll('#line button').length === 4")
        back()
        page.wait_for_selector("#deck:not([hidden])")
        assert page.locator("#line button").count() == 2
        page.click("#ask-worth")
        page.wait_for_selector("#worth tbody tr")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("Backspace")
        page.wait_for_function("() => document.querySelectorAll('#line button').length === 1")
    assert page.locator("#status").get_attribute("class") == ""


def test_two_decisions_of_all_hands_are_locked_as_they_were_solved(tab):  # noqa: F811
    page = tab()
    page.goto(page.url.rstrip("/") + "/explore")
    for name in ("oop", "ip"):
        page.fill(f"[name={name}]", "22+,A2+,K2+,Q2+,J2+,T2+,92+,82+,72+,62+,52+,42+,32")
    page.fill("[name=bets]", "33%,75%,150%,a")
    page.fill("[name=seconds]", "2")
    solve(page)
    page.click("#lock-box summary")
    page.click("#lock-solved")
    page.wait_for_function("() => document.querySelectorAll('#locks li').length === 1")
    page.evaluate("document.activeElement.blur()")
    go(page, "1", 2)
    page.wait_for_function("() => document.querySelectorAll('#lock-shares input').length > 1")
    page.click("#lock-solved")
    page.wait_for_function("() => document.querySelectorAll('#locks li').length === 2")
    solve(page)
    page.wait_for_function("() => document.querySelector('#situation').innerText.endsWith(' as locked')")


def test_a_step_back_from_behind_a_card_of_a_small_game_leads_there_too(tab):  # noqa: F811
    page = tab()
    page.goto(page.url.rstrip("/") + "/explore")
    page.select_option("[name=game]", "leduc_poker")
    solve(page)
    page.evaluate("document.activeElement.blur()")
    for steps in (2, None):
        page.click("#choices button:has-text('check')")
        if steps:
            page.wait_for_function("n => document.querySelectorAll('#line button').length === n", arg=steps)
    page.click("#deck button >> nth=0")
    page.wait_for_function("() => document.querySelector('#situation').innerText.startsWith('round 2')")
    page.keyboard.press("Backspace")
    page.wait_for_selector("#deck:not([hidden])")
    assert page.locator("#line button").count() == 2
    page.click("#deck button >> nth=1")
    page.wait_for_function("() => document.querySelectorAll('#line button').length === 4")


def test_a_link_with_a_lock_that_is_none_opens_all_the_same(tab):  # noqa: F811
    page = tab()
    start = page.url.rstrip("/") + "/explore"
    for number, lock in enumerate(('{"check":null}', '{"check":{"a":1}}', "null", "[1]", '"x"', "{")):
        page.goto(f"{start}?{number}#game=kuhn_poker&effort=quick&lock={lock}")
        page.wait_for_function("() => document.querySelector('#estimate').innerText !== ''")
        assert page.input_value("[name=game]") == "kuhn_poker"
        assert page.locator("#locks").is_hidden()
    solve(page)
