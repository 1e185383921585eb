"""AIVAT's values in games of any amount: unbiased by enumeration, exact where the hand can be followed to its end."""

from __future__ import annotations

from functools import cache
from zlib import crc32

import numpy as np
import pytest

from agents.evaluation.aivat import Aivat, Step, match_values
from games import CHANCE, TERMINAL
from games.game import children, find_decision, line_of
from games.holdem.cards import cards_text
from games.holdem.config import Holdem
from search.boards import menu_values
from search.boards.menu_values import MenuValues, UniformMenu
from search.boards.street_starts import BegunStreet
from tests.compiling import compiled

SETTINGS = {"ranks": "KA", "suits": "cdh", "blinds": [1, 2], "min_bet": 2, "raise_cap": 2}
GAMES = {
    "two streets": {"deals": [0, 1], "stack": 9, "bets": "50%", "raises": "60%,a"},
    "three streets": {"ranks": "QKA", "suits": "cdh", "deals": [0, 1, 1], "stack": 4, "bets": "a", "raises": "a", "raise_cap": 1},
}
KNOWN = [(True, True), (True, False), (False, True), (False, False)]


@cache
def game_of(name):
    return Holdem(amounts="any", **SETTINGS | GAMES[name]).build()


class Wild:
    """A blueprint with other sizes than the game's menu, at random."""

    def __init__(self, name, seed=0, **menu):
        self.game, self.seed = Holdem(**SETTINGS | GAMES[name] | ({"bets": "100%", "raises": "a"} | menu)).build(), seed

    def at(self, state):
        return random_policy(self.game, state, self.seed)


def random_policy(game, state, seed):
    rng = np.random.default_rng([seed, crc32(" / ".join(line_of(game, state)).encode())])
    policy = rng.random((len(game.actions(state)), len(game.hands))) ** 2
    return policy / policy.sum(axis=0)


def joint_ranges(game):
    apart = ~np.array([[bool({*a} & {*b}) for b in game.hands.tolist()] for a in game.hands.tolist()])
    joint = game.ranges[0][:, None] * game.ranges[1] * apart
    return joint / joint.sum()


def payoffs(game, state):
    """Return [H, H], player 0's chips at a terminal; 0 for hands that cannot be there."""
    alive = np.array([not set(hand) & set(state.cards) for hand in game.hands.tolist()])
    found = np.zeros((len(game.hands),) * 2)
    for pair in zip(*np.nonzero(joint_ranges(game) * alive[:, None] * alive), strict=True):
        found[pair] = game.payoff(state, (int(pair[0]), int(pair[1])))
    return found


def below(game, state, joint):
    """Yield (probability, child, weights [H, H] after, policy) of what may be drawn at a public state; probabilities add up to 1."""
    if game.player(state) == CHANCE:
        deck = game.deck.cards().tolist()
        for card in set(deck) - set(state.cards):
            alive = np.array([card not in hand for hand in game.hands.tolist()])
            after = joint * alive[:, None] * alive / (len(deck) - len(state.cards) - 4)
            if after.any():
                yield after.sum() / joint.sum(), game.revealed(state, cards_text([card])), after, None
    else:
        policy = random_policy(game, state, 1)
        for child, row in zip(children(game, state), policy, strict=True):
            after = joint * (row[:, None] if game.player(state) == 0 else row)
            yield after.sum() / joint.sum(), child, after, policy


def played(game, known, joint):
    """Yield (probability, steps, mean payoff) of every public history that pairs of hands with these weights [H, H] come to."""

    def walk(state, joint, steps):
        player = game.player(state)
        if player == TERMINAL:
            yield joint.sum(), steps, float((joint * payoffs(game, state)).sum() / joint.sum())
            return
        for _, child, after, policy in below(game, state, joint):
            shown = policy if player == CHANCE or known[player] else None
            yield from walk(child, after, [*steps, Step(state, child, shown)])

    yield from walk(game.root, joint, [])


def every_deal(game, known):
    """Yield (held hands, weights [H, H]) for each hand of those who are not known."""
    joint = joint_ranges(game)
    hands = [range(len(game.hands)) if not own else [None] for own in known]
    for held in ((h, k) for h in hands[0] for k in hands[1]):
        weights = joint.copy()
        for player, hand in enumerate(held):
            if hand is not None:
                weights *= (np.arange(len(game.hands)) == hand)[:, None] if player == 0 else np.arange(len(game.hands)) == hand
        if weights.any():
            yield held, weights


class Noisy(MenuValues):
    """A value function that may say anything of what is no end of the hand."""

    def _values(self, items):
        noise = [crc32(" / ".join(line_of(self.game, state)).encode()) % 7 - 3.0 + belief[0].max() for state, belief in items]
        return super()._values(items) + np.array(noise)


class RandomStarts:
    """What bets are worth where a street begins: any number, by all that may be known."""

    def __init__(self):
        self.asked = set()

    def bets(self, boards, starts):
        self.asked |= {(len(boards[0]), start.pot, start.behind) for start in starts}
        tell = [
            [crc32(repr((board, s.pot, s.behind)).encode() + s.ranges[0].tobytes() + s.ranges[1].tobytes()) for s in starts]
            for board in boards.tolist()
        ]
        return np.array(tell) % 1000 / 100 - 5.0


def with_random_starts(game, policies):
    """Return values with random ones where each street begins that has one card dealt."""
    starts = RandomStarts()
    return MenuValues(game, policies, {game.cards_on(street): starts for street in range(1, len(game.deals))})


def unbiased(aivat, game, known):
    """Require that the mean of the estimates over all that can happen is what the players' policies win."""
    mean, exact, total = 0.0, 0.0, 0.0
    for held, joint in every_deal(game, known):
        for probability, steps, paid in played(game, known, joint):
            mean += probability * aivat.estimate(steps, held)
            exact += probability * paid
            total += probability
    assert total == pytest.approx(1.0, abs=1e-12)
    assert mean == pytest.approx(exact, abs=1e-10)


@compiled
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("two streets", MenuValues),
        ("two streets", Noisy),
        ("two streets", with_random_starts),
        pytest.param("three streets", MenuValues, marks=pytest.mark.long),
        pytest.param("three streets", with_random_starts, marks=pytest.mark.long),
    ],
)
def test_the_estimate_is_unbiased_whatever_the_values(name, kind):
    game, wild = game_of(name), Wild(name)
    values = kind(game, (wild, wild))
    unbiased(Aivat(game, values), game, (True, True))
    for starts in values.starts.values():
        assert {cards for cards, _, _ in starts.asked} == {*values.starts}


@compiled
@pytest.mark.long
@pytest.mark.parametrize("known", KNOWN[1:])
def test_the_estimate_is_unbiased_whoever_is_a_bot(known):
    game, wild = game_of("two streets"), Wild("two streets")
    unbiased(Aivat(game, Noisy(game, (wild, wild))), game, known)


@compiled
def test_every_correction_is_zero_on_average_over_its_own_draw():
    game, wild, seen = game_of("two streets"), Wild("two streets"), {CHANCE: 0.0, 0: 0.0, 1: 0.0}
    values, random = Noisy(game, (wild, wild)), np.random.default_rng(0)

    def check(state, joint, belief):
        player, mean, policy = game.player(state), 0.0, None
        if player == TERMINAL:
            return
        for probability, child, after, policy in below(game, state, joint):
            if player == CHANCE:
                found, (correction,) = values.revealed(belief, state, child, random)
            else:
                found, (correction,) = values.acted(belief, state, child, policy)
            mean += probability * correction
            seen[player] = max(seen[player], abs(correction))
            check(child, after, found)
        assert mean == pytest.approx(0.0, abs=1e-11)

    joint = joint_ranges(game)
    check(game.root, joint, game.ranges)
    assert min(seen.values()) > 0.1
    for player in (0, 1):
        held = [(hand, None) if player == 0 else (None, hand) for hand in range(len(game.hands))]
        corrections = [sum(values.dealt(hands)[1]) for hands in held]
        assert joint.sum(axis=1 - player) @ corrections == pytest.approx(0.0, abs=1e-12)
        assert np.abs(corrections).max() > 0.1


@compiled
@pytest.mark.parametrize("line", ["call / check", "call / check / Kc / check / check"])
def test_the_correction_of_a_streets_first_card_is_zero_on_average(line):
    game, wild = game_of("three streets"), Wild("three streets")
    state, values, random = find_state(game, line), with_random_starts(game, (wild, wild)), np.random.default_rng(0)
    alive = np.array([not set(hand) & set(state.cards) for hand in game.hands.tolist()])
    belief = tuple(random.random((2, len(game.hands))) ** 3 * alive)
    joint = belief[0][:, None] * belief[1] * (joint_ranges(game) > 0)
    found = [(p, values.revealed(belief, state, child, random)[1]) for p, child, _, _ in below(game, state, joint)]
    assert sum(p * correction for p, (correction,) in found) == pytest.approx(0.0, abs=1e-11)
    down = MenuValues(game, (wild, wild)).revealed(belief, state, game.revealed(state, "Ac"), random)[1]
    assert bool(down) == (len(state.cards) == 1)  # without starts the last card alone is corrected for
    assert np.std([correction for _, (correction,) in found]) > 0.5


def find_state(game, line):
    """Return where a line of actions and cards leads."""
    state = game.root
    for text in line.split(" / "):
        state = game.revealed(state, text) if game.player(state) == CHANCE else game.child(state, game.action(state, text))
    return state


@compiled
def test_the_end_of_a_street_is_worth_the_mean_over_its_next_cards():
    game, wild = game_of("three streets"), Wild("three streets")
    values, state, random = (
        with_random_starts(game, (wild, wild)),
        find_state(game, "call / check / Kc / check / check"),
        np.random.default_rng(0),
    )
    alive = np.array([not set(hand) & set(state.cards) for hand in game.hands.tolist()])
    belief = tuple(random.random((2, len(game.hands))) * alive)
    joint, seen = belief[0][:, None] * belief[1] * (joint_ranges(game) > 0), []
    value = values._values([(state, belief)])[0]
    starts, chips = values.starts[2], game.chips(state)
    for p, child, after, _ in below(game, state, joint):
        bets = starts.bets(np.array([child.cards]), [BegunStreet(sum(chips.paid), chips.behind[0], belief)])[0, 0]
        seen.append(p * ((after * np.sign(payoffs(game, checked_through(game, child)))).sum() * chips.paid[0] / after.sum() + bets))
    assert abs(chips.paid[0]) == 2.0
    assert value == pytest.approx(sum(seen), abs=1e-6)
    without = MenuValues(game, (wild, wild))._values([(state, belief)])[0]
    assert abs(value - without) > 0.01


def checked_through(game, state):
    """Return the end of a hand in which nobody bets any more."""
    while game.player(state) != TERMINAL:
        state = game.child(state, game.action(state, "check"))
    return state


@compiled
def test_a_value_is_never_more_than_can_be_won():
    game, wild = game_of("three streets"), Wild("three streets")

    class Absurd:
        def bets(self, boards, starts):
            return np.where(boards[:, -1:] % 2, 1e9, -1e9) * np.ones(len(starts))

    values, state = MenuValues(game, (wild, wild), {2: Absurd()}), find_state(game, "call / check / Kc / check / check")
    (correction,) = values.revealed(game.ranges, state, game.revealed(state, "Ac"), np.random.default_rng(0))[1]
    assert 0 < abs(correction) <= 2 * 4
    assert abs(values._values([(state, game.ranges)])[0]) <= 4


def test_starts_of_other_streets_are_refused():
    game, wild = game_of("three streets"), Wild("three streets")
    with pytest.raises(ValueError, match=r"starts must be of streets that begin with one card, with \[1, 2\] public cards, got \[3\]"):
        MenuValues(game, (wild, wild), {3: RandomStarts()})


@compiled
def test_estimates_spread_less_than_what_the_public_history_leaves():
    game = game_of("two streets")
    own = Wild("two streets", seed=1, **{key: GAMES["two streets"][key] for key in ("bets", "raises")})  # what is really played
    aivat = Aivat(game, MenuValues(game, (own, own)))
    rows = [(p, aivat.estimate(steps), paid) for p, steps, paid in played(game, (True, True), joint_ranges(game))]
    weights, found, paid = np.array(rows).T
    spread = {name: weights @ (x - weights @ x) ** 2 for name, x in (("aivat", found), ("paid", paid))}
    assert spread["aivat"] < 0.1 * spread["paid"]


def pairs_value(game, menu, policy, state, taken, pair):
    """Return what a pair of hands is worth on the last street, hand by hand."""
    if game.player(state) == TERMINAL:
        return game.payoff(state, pair)
    row = policy.at(taken)[:, pair[game.player(state)]]
    offers = zip(children(game, state), children(menu, taken), row, strict=True)
    return sum(p * pairs_value(game, menu, policy, below, other, pair) for below, other, p in offers)


@compiled
def test_on_the_last_street_the_value_is_that_of_the_blueprints():
    game = game_of("two streets")
    blueprint = Wild("two streets", seed=3, **{key: GAMES["two streets"][key] for key in ("bets", "raises")})
    line = "call / check / Kc"
    state, taken = find_decision(game, line, "line"), find_decision(blueprint.game, line, "line")
    rng, alive = np.random.default_rng(0), np.array([not set(hand) & set(state.cards) for hand in game.hands.tolist()])
    belief = rng.random(len(game.hands)) * alive, rng.random(len(game.hands)) * alive
    joint = belief[0][:, None] * belief[1] * (joint_ranges(game) > 0)
    pairs = [*zip(*(x.tolist() for x in np.nonzero(joint)), strict=True)]
    expected = sum(joint[pair] * pairs_value(game, blueprint.game, blueprint, state, taken, pair) for pair in pairs) / joint.sum()
    assert MenuValues(game, (blueprint, blueprint))._values([(state, belief)])[0] == pytest.approx(expected, abs=1e-6)


class Always:
    """Takes one action, by its place among those on offer, wherever a bet is faced, and checks elsewhere."""

    def __init__(self, action):
        self.game, self.action = Wild("two streets").game, action

    def at(self, state):
        policy = np.zeros((len(self.game.actions(state)), len(self.game.hands)))
        policy[self.action if self.game.actions(state)[0].text == "fold" else 0] = 1.0
        return policy


@compiled
def test_chips_are_those_that_were_really_bet():
    game = game_of("two streets")
    state = find_decision(game, "raise 5", "line")  # the menu raises to 6
    fold, call = (MenuValues(game, (Always(a), Always(a)))._values([(state, game.ranges)])[0] for a in (0, 1))
    assert fold == 2.0
    pair = np.zeros((2, len(game.hands)))
    pair[0, 14] = pair[1, 0] = 1.0  # a pair of aces against a pair of kings
    called = MenuValues(game, (Always(1), Always(1)))._values([(state, (pair[0], pair[1]))])[0]
    assert called == pytest.approx(5 * game_equity(game, 14, 0), abs=1e-6)
    assert call == pytest.approx(0.0, abs=1e-6)


def game_equity(game, first, second):
    """Return the share of the stakes that a hand wins from another when the cards run out."""
    left = set(game.deck.cards().tolist()) - set(game.hands[[first, second]].ravel().tolist())
    shown = [find_decision(game, f"call / check / {cards_text([card])} / check", "line") for card in left]
    ends = [children(game, state)[0] for state in shown]
    return sum(game.payoff(end, (first, second)) for end in ends) / len(ends) / 2


@compiled
def test_fresh_draws_stand_for_boards_that_are_too_many(monkeypatch):
    game, wild = game_of("two streets"), Wild("two streets")
    values = MenuValues(game, (wild, wild))
    belief = tuple(np.random.default_rng(1).random((2, len(game.hands))) ** 3)
    exact = values._equity(belief, (), None)
    monkeypatch.setattr(menu_values, "MOST_BOARDS", 0)
    drawn = np.array([values._equity(belief, (), np.random.default_rng(seed)) for seed in range(30)])
    assert 0 < drawn.std() < 0.1
    assert abs(drawn.mean() - exact) < 4 * drawn.std() / np.sqrt(len(drawn))


def test_blueprints_of_two_menus_give_the_values_of_the_first_and_none_those_of_uniform_play():
    game, first, other = game_of("two streets"), Wild("two streets"), Wild("two streets", bets="75%")
    same = Wild("two streets", seed=2)
    assert match_values(game, (first, same)).policies == (first, same)
    assert match_values(game, (first, other)).policies == (first, first)
    assert match_values(game, (None, other)).policies == (other, other)
    uniform = match_values(game, (None, None)).policies
    assert isinstance(uniform[0], UniformMenu)
    np.testing.assert_allclose(uniform[0].at(uniform[0].game.root).sum(axis=0), 1.0)
