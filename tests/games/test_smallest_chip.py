"""Spots whose pot is not whole: the smallest chip, labels and chips to the last digit, and the same game in larger numbers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from agents.play.words import action_text
from games.game import find_decision
from games.holdem.betting import Betting
from games.holdem.betting_tree import betting_tree
from games.holdem.config import Holdem, Spot
from games.holdem.rake import Rake
from games.holdem.smallest_chip import smallest_chip
from games.holdem.subgame import state_in, subgame_of
from tests.games.test_betting import full_game, menu, spot
from tests.games.test_subgame import at, check_same_play, labels

RIVER, TURN = "Td9d6hQc4s", "Td9d6hQc"
SMALL = {"pot": 5.5, "stack": 97.5}


def texts(**settings):
    game = Spot(board=RIVER, **settings).build()
    return labels(game, game.root)


@pytest.mark.parametrize(
    ("settings", "chip"),
    [
        ({}, 1),
        ({"pot": 55.0, "stack": 975}, 1),
        (SMALL, Fraction(1, 10)),
        ({"pot": 5, "stack": 97.5}, Fraction(1, 10)),
        ({"pot": 5.25}, Fraction(1, 20)),
        ({"pot": 0.1 + 0.2 - 0.04}, Fraction(1, 100)),  # 0.26
        ({"min_bet": 0.5}, Fraction(1, 10)),
        (SMALL | {"chip": 0.5}, Fraction(1, 2)),
        ({"pot": 5.25, "chip": 0.25}, Fraction(1, 4)),
        ({"chip": 0.01}, Fraction(1, 100)),
        ({"pot": 55, "stack": 975, "min_bet": 10, "chip": 5.0}, 5),
    ],
)
def test_the_smallest_chip_is_the_largest_that_fits(settings, chip):
    game = Spot(board=RIVER, **settings).build()
    assert game.betting.chip == chip
    assert game.pot == pytest.approx(settings.get("pot", 100), rel=1e-15)
    assert game.stack == settings.get("stack", 500)
    assert any("game.chip" in note for note in game.notes) == (chip != 1 and "chip" not in settings)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"pot": 5.555}, "game.pot must be a multiple of 0.01 chips, got 5.555"),
        ({"stack": 1e-7}, "game.stack must be a multiple of 0.01 chips, got 1e-07"),
        ({"min_bet": 0.001}, "game.min_bet must be a multiple of 0.01 chips, got 0.001"),
        ({"chip": 0.015}, "game.chip must be a multiple of 0.01 chips, got 0.015"),
        (SMALL | {"chip": 1.0}, "game.pot must be a multiple of game.chip=1, got 5.5 (game.chip=0.1 would do)"),
        ({"stack": 97.25, "chip": 0.5}, "game.stack must be a multiple of game.chip=0.5, got 97.25 (game.chip=0.05 would do)"),
        ({"pot": 55, "chip": 5.0}, "game.min_bet must be a multiple of game.chip=5, got 1 (game.min_bet=5 would do)"),
        ({"pot": float("nan")}, "game.pot must be a finite number of chips, got nan"),
        ({"chip": 0.0}, "game.chip must be above 0 chips, got 0.0"),
    ],
)
def test_amounts_that_no_chip_fits_are_refused(settings, error):
    with pytest.raises(ValueError, match="must") as refusal:
        Spot(board=RIVER, **settings).build()
    assert str(refusal.value) == error


def test_bets_are_multiples_of_the_chip_and_read_as_people_write_them():
    assert texts(**SMALL, bets="33%,50%,a") == ["check", "bet 1.8", "bet 2.8", "all-in 97.5"]
    assert texts(**SMALL, bets="33%,50%,a", chip=0.5) == ["check", "bet 2", "bet 3", "all-in 97.5"]  # x.5 chips are rounded up
    assert texts(**SMALL, bets="33%,50%,a", chip=0.05) == ["check", "bet 1.8", "bet 2.75", "all-in 97.5"]
    assert texts(**SMALL, bets="1%") == ["check", "bet 1"]  # a big blind at least
    assert texts(**SMALL, bets="1%", min_bet=0.2) == ["check", "bet 0.2"]
    assert texts(pot=6, stack=97, bets="33%", chip=0.1) == ["check", "bet 2"]
    assert texts(pot=10**9, stack=10**9, bets="33.333333%", chip=0.01) == ["check", "bet 333333330"]
    assert texts(pot=987654321.01, stack=10**9, bets="100%") == ["check", "bet 987654321.01"]  # eleven digits are not cut


@pytest.mark.parametrize("chip", [0.5, 0.1, 0.05, 0.01, 0.25, 0.03])
def test_chips_of_a_tree_are_the_floats_nearest_to_their_decimals(chip):
    """No 2.7000000000000002: neither in labels nor in what is paid."""
    exact = Fraction(str(chip))
    sizes = {"bets": "10%,33%,71%,a", "raises": "40%,2.3x,a", "min_bet": chip}
    game = Spot(board=TURN, pot=float(11 * exact), stack=float(195 * exact), chip=chip, ranges=["AA", "KK"], **sizes).build()
    bets, halves = game.bets, {float(k * exact / 2) for k in range(11 + 2 * 195 + 1)}
    assert len(bets.player) > 1000
    assert set(bets.contribution.ravel().tolist()) <= halves
    multiples, amounts = {float(k * exact) for k in range(196)}, {label.split()[1] for label in bets.labels if " " in label}
    assert {float(amount) for amount in amounts} <= multiples
    assert max(map(len, amounts)) <= 5  # 97.25
    for node in range(0, len(bets.player), 7):
        cards = game.root.cards if bets.round[node] == 0 else (*game.root.cards, 0)
        state = game.state_at(node, cards)
        chips = game.chips(state)
        assert list(chips.paid) == bets.contribution[node].tolist()
        assert {*chips.paid, *chips.opened} <= halves
        assert set(chips.behind) <= multiples
        for action in game.actions(state):
            if action.text.split()[0] in ("bet", "all-in"):
                assert action_text(game, state, action) == action.text  # all-in though sums of floats miss it


@pytest.mark.parametrize("rake", [None, Rake(0.05, 0.4), Rake(0.05, 0.0)])
def test_a_tree_of_half_chips_is_that_of_twice_the_chips(rake):
    sizes = {"bets": "33%,75%,a", "raises": "60%,2.5x,a", "rounds": 2}
    large = betting_tree(spot(11, 195, **sizes, min_bet=2, rake=rake and rake._replace(cap=2 * rake.cap)))
    small = betting_tree(spot(11, 195, **sizes, min_bet=2, rake=rake, chip=Fraction(1, 2)))
    np.testing.assert_array_equal(2 * small.contribution, large.contribution)
    np.testing.assert_allclose(2 * small.rake, large.rake, rtol=1e-15)
    for name in ("player", "parent", "end", "round", "folded"):
        np.testing.assert_array_equal(getattr(small, name), getattr(large, name))
    for label, twice in zip(small.labels, large.labels, strict=True):
        assert label.split()[:1] == twice.split()[:1]
        assert " " not in label or 2 * float(label.split()[1]) == int(twice.split()[1])
    if rake is not None and rake.cap:
        assert small.rake.max() == 0.4


def test_actions_are_taken_with_and_without_last_zeros():
    game = Spot(board=RIVER, **SMALL).build()
    assert game.action(game.root, "bet 2.8") == game.action(game.root, "bet 2.80")
    assert game.action(game.root, "bet 2.8").chips == 2.8
    assert find_decision(game, "check / bet 5.50", "line") == find_decision(game, "check / bet 5.5", "line")
    assert game.action(game.root, "all-in").text == "all-in 97.5"
    with pytest.raises(ValueError, match=r"^line must begin with check, bet 2.8, bet 5.5 or all-in 97.5, got 'bet 2.75'$"):
        find_decision(game, "bet 2.75", "line")
    for text in ("bet .", "bet 2.", "bet 2.8.0", "bet -2.8", "bet 1e1", "bet nan", "raise 2.8"):
        with pytest.raises(ValueError, match=r"check, bet 2\.8"):
            game.action(game.root, text)
    whole = Spot(board=RIVER).build()
    assert whole.action(whole.root, "bet 50.0").text == "bet 50"
    any_amount = Holdem(amounts="any").build()
    with pytest.raises(ValueError, match=r"raise 3\.\.200"):
        any_amount.action(any_amount.root, "raise 7.5")


def test_keys_of_whole_chips_stay_and_others_tell_the_chip():
    whole = Spot(board=RIVER).build()
    assert "chip" not in whole.key + repr(whole.betting)
    assert Spot(board=RIVER, pot=100.0, chip=1.0).build() == whole
    tenths, given, halves = (Spot(board=RIVER, **SMALL, **more).build() for more in ({}, {"chip": 0.1}, {"chip": 0.5}))
    assert tenths.key == given.key
    assert tenths.key.endswith(" chip 1/10")
    assert tenths != halves
    larger = Spot(board=RIVER, pot=55, stack=975, min_bet=10).build()
    assert tenths.key.removesuffix(" chip 1/10") == larger.key
    assert tenths != larger


def test_a_subgame_has_the_chips_of_its_game():
    """Off its menu, too: an amount that the subgame's menus lack is inserted."""
    game = Spot(board=TURN, ranges=["AA,KK", "QQ,JJ"], **SMALL, bets="50%,a", raises="75%,a").build()
    few = menu("100%", "a")
    for line in ("bet 2.8 / raise 11.1 / call / 2c / check / bet 13.9", "check / bet 2.8 / call / 2c / bet 5.6"):
        state = at(line, game)
        above = [state]
        while above[0].above is not None:
            above.insert(0, above[0].above)
        for root in above:
            streets = len(game.deals) - game.round(root)
            for menus in (None, ((few, few),) * streets):
                subgame = subgame_of(game, root, game.ranges, menus, root if menus is None else None)
                assert subgame.betting.chip == game.betting.chip
                assert subgame.pot == sum(game.chips(root).paid)
            inserted = subgame_of(game, state, game.ranges, ((few, few),) * streets, root)
            assert inserted.locate(state_in(inserted, root, state)) is not None
            check_same_play(game, inserted, root, above[above.index(root) :], (0, 1))


def test_whole_games_have_whole_chips():
    with pytest.raises(ValueError, match=r"^chip must be 1 in a game with blinds, got 1/2$"):
        full_game((1, 2), 200, "a", "a", chip=Fraction(1, 2))
    for chip in (Fraction(0), Fraction(-1), Fraction(1, 3)):
        with pytest.raises(ValueError, match=r"^chip must be a multiple of 0.01 above 0, got "):
            spot(11, 195, "a", "a", chip=chip)
    game = Spot(board=RIVER, **SMALL).build()
    with pytest.raises(ValueError, match=r"^any_amount must be false where the smallest chip is not 1, got one of 1/10$"):
        replace(game, any_amount=True)
    assert Betting((1.0, 1.0), 9, (0,), ((menu("a", "a"),) * 2,)).in_chips(3) == 3.0


def test_the_chip_that_would_do_is_one_that_does():
    for cents in range(1, 300):
        amounts = {"game.pot": cents / 100}
        chip = smallest_chip(amounts, None, "game.chip")
        assert smallest_chip(amounts, float(chip), "game.chip") == chip
        assert (Fraction(cents, 100) / chip).denominator == 1
