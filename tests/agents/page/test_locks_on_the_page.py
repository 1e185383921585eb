"""Locks on the page: what the server takes and answers. See test_browser_locks.py for the page itself."""

from __future__ import annotations

import json

import numpy as np
import pytest

from agents.apps.config import register
from agents.apps.web import explored
from agents.evaluation.lock_texts import hand_by_hand
from agents.evaluation.locks import locks_of
from agents.page.guard import MOST_BYTES
from games.derived import derived_game
from games.holdem.config import Spot
from tests.agents.apps.test_apps_web import SPOT
from tests.catalogue import LEDUC, case_of


@pytest.fixture(autouse=True)
def settings():
    register("solve")


def solved(**more):
    at = explored(SPOT | more)
    at.work()
    assert at.error == ""
    return at


def node(at, line="", as_lock=False):
    future = at.ask(line, None, as_lock=as_lock)
    at.serve()
    return future.result(0)


@pytest.mark.parametrize("game", ["spot", "kuhn_poker"])
def test_a_lock_is_solved_around_and_shown(game):
    free = solved(game=game)
    first = node(free)
    assert not first["locked"]
    text = f"{first['texts'][0]} 100%"
    at = solved(game=game, lock=json.dumps({"": text}))
    shown = node(at)
    assert shown["locked"]
    assert shown["frequencies"] == pytest.approx([1.0] + [0.0] * (len(first["texts"]) - 1))
    after = node(at, shown["texts"][0])
    assert not after["locked"]
    assert after["frequencies"] != pytest.approx(node(free, shown["texts"][0])["frequencies"], abs=0.01)


@pytest.mark.parametrize("game", ["spot", "kuhn_poker", "leduc_poker", "liars_dice"])
def test_what_is_solved_becomes_a_lock_hand_by_hand(game):
    free = solved(game=game)
    text = node(free, as_lock=True)["lock"]
    at = solved(game=game, lock=json.dumps({"": text}))
    assert np.abs(np.array(node(at)["strategy"]) - node(free)["strategy"]).max() <= 1  # of 255 steps
    assert node(at, as_lock=True)["lock"] == text


@pytest.mark.parametrize(
    ("lock", "error"),
    [
        ("no", "lock must be lines with what is played there"),
        ('{"": "root.csv"}', "lock must say what is played, on the page no file does, got 'root.csv'"),
        ('{"": "jump 100%"}', "lock['root'] must have actions among "),
        ('{"fly": "check 100%"}', "lock must begin with "),
    ],
)
def test_bad_locks_are_refused_in_one_line(lock, error):
    with pytest.raises(ValueError) as found:  # noqa: PT011 the text is compared
        explored(SPOT | {"lock": lock})
    assert str(found.value).startswith(error)
    assert "\n" not in str(found.value)


def test_shares_hand_by_hand_add_up():
    third = [1 / 3, 1 / 3, 1 / 3]
    text = hand_by_hand(["fold", "call", "raise 9"], {"AsAh": third, "AdAc": third, "KsKh": [0, 1, 0]})
    assert text == "AsAh,AdAc: fold 33.3334%, call 33.3333%, raise 9 33.3333%; KsKh: call 100%"
    rng = np.random.default_rng(3)
    for game in (Spot(board="Td9d6hQc4s", ranges=["AKs", "QQ"], pot=20, stack=60, bets="50%,a").build(), derived_game(case_of(LEDUC).tree)):
        count = len(game.actions(game.root))
        names = [game.hand_text(0, h) for h in np.flatnonzero(game.ranges[0] > 0)]
        shares = {name: rng.dirichlet(np.full(count, 0.3)) for name in names}
        (lock,) = locks_of(game, {"": hand_by_hand([action.text for action in game.actions(game.root)], shares)})
        assert lock.whole
        np.testing.assert_allclose(lock.policy[:, lock.hands].T, list(shares.values()), atol=2e-6)


def test_the_server_takes_locks_of_two_decisions_that_say_what_every_hand_of_a_flop_plays():
    mixes = np.random.default_rng(0).dirichlet(np.ones(4), 1176)
    hands = {f"{number:04}": mix for number, mix in enumerate(mixes)}  # names are as long as AhKd
    text = hand_by_hand(["check", "bet 66", "bet 150", "bet 900"], hands)
    assert 2 * len(text) + 1000 < MOST_BYTES
